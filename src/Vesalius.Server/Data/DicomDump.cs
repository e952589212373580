using System.Net;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Dicom;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary><c>/data/services/dicomdump</c>: the header of one file as a table, or the distinct values over all files of a scan or session (rest-api §16, T1).</summary>
internal static class DicomDump
{
    private const int LongestValue = 120;
    private const int MostFilesInSummary = 20_000;

    public static void MapDicomDump(this IEndpointRouteBuilder endpoints) => endpoints.MapGet("/data/services/dicomdump", (Delegate)DumpAsync);

    private static async Task<IResult> DumpAsync(HttpContext context)
    {
        context.SignedIn();
        var source = context.Request.Query["src"].ToString();
        if (source.Length == 0)
        {
            throw RequestRefusedException.BadRequest("src is missing: /archive/projects/… or /prearchive/projects/….");
        }

        var wanted = Fields(context);
        var files = source.Contains("/prearchive/", StringComparison.Ordinal) ? await OfPrearchiveAsync(context, source) : await OfArchiveAsync(context, source);
        var table = new ResultTable("tag1", "tag2", "vr", "value", "desc") { HasTotalRecords = false };
        if (RequestFlags.IsSet(context, "summary"))
        {
            await SummariseAsync(context, table, files, wanted);
        }
        else
        {
            var rows = await ReadFirstAsync(files, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no DICOM file.");
            foreach (var row in Rows(rows, wanted))
            {
                table.Add(row.Tag1, row.Tag2, row.Vr, row.Value, row.Description);
            }
        }

        await Scope.AuditAsync(context, "dicom.read", $"{files.Count} files");
        return new TableResult(table);
    }

    private static HashSet<Tag>? Fields(HttpContext context)
    {
        var asked = context.Request.Query["field"].OfType<string>().SelectMany(f => f.Contains('(', StringComparison.Ordinal) ? [f] : SplitFields(f)).ToList();
        if (asked.Count == 0)
        {
            return null;
        }

        // A name that is no attribute matches nothing.
        return [.. asked.Where(f => Tag.TryParse(f.Trim(), out _)).Select(f => Tag.TryParse(f.Trim(), out var tag) ? tag : default)];
    }

    // "0010,0010" is one tag, "PatientName,PatientID" are two.
    private static string[] SplitFields(string field) => Tag.TryParse(field, out _) ? [field] : field.Split(',');

    private static async Task<List<string>> OfArchiveAsync(HttpContext context, string source)
    {
        var address = ArchiveAddress.Parse(source) is { Experiment: not null } parsed ? parsed : throw RequestRefusedException.NotFound("src names no session, scan or file.");
        var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Read);
        var resources = (await parent.ResourcesAsync(context, address.Resource, withChildren: address.Scan is null)).Where(r => address.Resource is not null || r.Label is "DICOM" or "secondary").ToList();
        var store = context.RequestServices.GetRequiredService<ResourceStore>();
        var files = (await Files.FilesOfAsync(context, resources)).Where(f => address.File is null || f.File.Path == address.File || Path.GetFileName(f.File.Path) == address.File)
            .Select(f => store.PathOf(f.Resource, f.File.Path)).ToList();
        return files.Count > 0 ? files : throw RequestRefusedException.NotFound("There is no such file.");
    }

    private static async Task<List<string>> OfPrearchiveAsync(HttpContext context, string source)
    {
        var parts = source[(source.IndexOf("/prearchive/", StringComparison.Ordinal) + "/prearchive/".Length)..].Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        if (parts is not ["projects", var project, var timestamp, var folder, .. var rest])
        {
            throw RequestRefusedException.NotFound("src is not of the form /prearchive/projects/PROJECT/TIMESTAMP/FOLDER.");
        }

        var session = await PrearchiveEndpoints.FindAsync(context, project, timestamp, folder);
        var store = context.RequestServices.GetRequiredService<PrearchiveStore>();
        var scan = rest is ["scans", var id, ..] ? id : null;
        var file = rest is ["scans", _, "resources", _, "files", .. var path] ? string.Join('/', path) : null;
        var files = (await store.ObjectsAsync(session.Id, context.RequestAborted)).Where(o => (scan is null || o.ScanId == scan) && (file is null || o.FileName == file))
            .Select(o => Path.Combine(store.FolderOf(session), o.Path)).ToList();
        return files.Count > 0 ? files : throw RequestRefusedException.NotFound("There is no such file.");
    }

    private static async Task<DataSet?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await Part10File.ReadHeaderAsync(path, cancellationToken: cancellationToken)).DataSet;
        }
        catch (Exception e) when (e is MalformedDicomException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static async Task<DataSet?> ReadFirstAsync(List<string> files, CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            if (await ReadAsync(file, cancellationToken) is { } header)
            {
                return header;
            }
        }

        return null;
    }

    private readonly record struct Row(string Tag1, string Tag2, string Vr, string Value, string Description);

    private static IEnumerable<Row> Rows(DataSet header, HashSet<Tag>? wanted)
    {
        foreach (var element in header)
        {
            if (element.Tag.IsPixelData || element.Tag.IsGroupLength)
            {
                continue;
            }

            var isWanted = wanted is null || wanted.Contains(element.Tag);
            if (element is SequenceElement sequence)
            {
                if (isWanted)
                {
                    yield return new Row(element.Tag.ToString(), "", element.Vr.Code, "", Describe(element.Tag));
                }

                foreach (var row in sequence.Items.SelectMany(i => Nested(i, element.Tag, "", isWanted ? null : wanted)))
                {
                    yield return row;
                }
            }
            else if (isWanted)
            {
                yield return new Row(element.Tag.ToString(), "", element.Vr.Code, Text(header, element), Describe(element.Tag));
            }
        }
    }

    private static IEnumerable<Row> Nested(DataSet item, Tag top, string above, HashSet<Tag>? wanted)
    {
        foreach (var element in item)
        {
            var place = above + element.Tag;
            var isWanted = wanted is null || wanted.Contains(element.Tag);
            if (isWanted)
            {
                yield return new Row(top.ToString(), place, element.Vr.Code, Text(item, element), Describe(element.Tag));
            }

            if (element is SequenceElement sequence)
            {
                foreach (var row in sequence.Items.SelectMany(i => Nested(i, top, place, isWanted ? null : wanted)))
                {
                    yield return row;
                }
            }
        }
    }

    private static string Describe(Tag tag) => DataDictionary.Find(tag)?.Name ?? (tag.IsPrivateCreator ? "Private Creator" : tag.IsPrivate ? "Private Attribute" : "");

    private static string Text(DataSet owner, DataElement element)
    {
        var text = element is ValueElement { Vr: var vr } && (vr.IsText || vr.IsBinaryNumber) ? owner.GetString(element.Tag) ?? "" : "";
        return WebUtility.HtmlEncode(text.Length > LongestValue ? text[..LongestValue] + "..." : text);
    }

    private static async Task SummariseAsync(HttpContext context, ResultTable table, List<string> files, HashSet<Tag>? wanted)
    {
        if (files.Count > MostFilesInSummary)
        {
            throw RequestRefusedException.BadRequest($"A summary reads at most {MostFilesInSummary} files; name a scan.");
        }

        var seen = new HashSet<Row>();
        var rows = new List<Row>();
        foreach (var file in files)
        {
            if (await ReadAsync(file, context.RequestAborted) is { } header)
            {
                rows.AddRange(Rows(header, wanted).Where(seen.Add));
            }
        }

        if (rows.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no DICOM file.");
        }

        foreach (var row in rows.OrderBy(r => r.Tag1, StringComparer.Ordinal).ThenBy(r => r.Tag2, StringComparer.Ordinal))
        {
            table.Add(row.Tag1, row.Tag2, row.Vr, row.Value, row.Description);
        }
    }
}
