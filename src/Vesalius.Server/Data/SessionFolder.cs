using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Downloads;
using Vesalius.Archive.Items;
using Vesalius.Archive.Storage;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>A session's folder as it lies on disk, <c>DIR</c>, and with its document in one file, <c>XAR</c> (rest-api §11.3, D9, D10).</summary>
internal static class SessionFolder
{
    private static readonly EnumerationOptions Shallow = new() { AttributesToSkip = FileAttributes.ReparsePoint };
    private static readonly EnumerationOptions Deep = new() { AttributesToSkip = FileAttributes.ReparsePoint, RecurseSubdirectories = true };

    public static void MapSessionFolder(this IEndpointRouteBuilder endpoints)
    {
        foreach (var experiment in Experiments.Addresses)
        {
            endpoints.MapGet(experiment + "/DIR", (Delegate)GetAsync);
            endpoints.MapGet(experiment + "/DIR/{**path}", (Delegate)GetAsync);
            endpoints.MapGet(experiment + "/XAR", (Delegate)(async (HttpContext context) => await XarAsync(context, await Experiments.OfRouteAsync(context, ProjectRights.Read))));
        }
    }

    private static bool IsShown(string relative) => !relative.Split('/').Any(p => p.StartsWith('.'));

    private static async Task<IResult> GetAsync(HttpContext context)
    {
        context.SignedIn();
        var row = await Experiments.OfRouteAsync(context, ProjectRights.Read);
        var root = context.RequestServices.GetRequiredService<ArchiveLayout>().Session(row.ProjectId, row.Label);
        var path = Experiments.Route(context, "path")?.TrimEnd('/') is { Length: > 0 } given ? given : null;
        var at = path is null ? root : ArchiveLayout.Join(root, path);
        if (path is not null && (!IsShown(path) || HasLink(root, at)))
        {
            throw RequestRefusedException.NotFound("There is no such file or folder.");
        }

        if (File.Exists(at))
        {
            await Scope.AuditAsync(context, "file.download", row.Id);
            Files.Guard(context, Files.TypeOf(at), at);
            return Results.File(at, Files.TypeOf(at), lastModified: File.GetLastWriteTimeUtc(at), enableRangeProcessing: true);
        }

        if (!Directory.Exists(at))
        {
            throw RequestRefusedException.NotFound("There is no such file or folder.");
        }

        var address = $"/data/experiments/{row.Id}/DIR";
        var format = context.Request.Query["format"].ToString();
        return DownloadResult.IsArchive(format) ? await ZipAsync(context, row, root, at, format) : Table(context, root, at, address);
    }

    private static bool HasLink(string root, string at)
    {
        for (var place = at; place.Length > root.Length; place = Path.GetDirectoryName(place)!)
        {
            if (new FileInfo(place).LinkTarget is not null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The session's document and all its files, as one archive file.</summary>
    public static async Task<IResult> XarAsync(HttpContext context, ExperimentRow row)
    {
        context.SignedIn();
        if (row.SessionId is not null)
        {
            throw RequestRefusedException.NotFound("An assessor is part of its session's archive file.");
        }

        var item = await context.RequestServices.GetRequiredService<ItemLoader>().ExperimentAsync(row.Id, await Scope.VisibilityAsync(context), context.RequestAborted)
            ?? throw RequestRefusedException.NotFound("There is no such experiment.");
        var root = context.RequestServices.GetRequiredService<ArchiveLayout>().Session(row.ProjectId, row.Label);
        var (document, name) = (Encoding.UTF8.GetBytes(await ItemResult.DocumentAsync(context, item, conceal: false)), $"{row.Label}/{row.Label}.xml");
        List<DownloadEntry> entries = [DownloadEntry.Of(name, document, item.Inserted), .. Entries(row, root, root).Where(e => e.Name != name)];
        await Scope.AuditAsync(context, "files.download", $"{row.Id} ({entries.Count} files)");
        return new DownloadResult(entries, [Convert.ToHexString(SHA256.HashData(document)), .. entries.Skip(1).Select(e => e.Modified.Ticks.ToString(CultureInfo.InvariantCulture))], row.Label, "xar");
    }

    private static IEnumerable<DownloadEntry> Entries(ExperimentRow row, string root, string at) => !Directory.Exists(at) ? [] : new DirectoryInfo(at)
        .EnumerateFiles("*", Deep).Select(f => (File: f, Name: Path.GetRelativePath(root, f.FullName))).Where(f => IsShown(f.Name))
        .OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => new DownloadEntry($"{row.Label}/{f.Name}", f.File.FullName, f.File.Length, f.File.LastWriteTimeUtc));

    private static async Task<IResult> ZipAsync(HttpContext context, ExperimentRow row, string root, string at, string format)
    {
        var entries = Entries(row, root, at).ToList();
        await Scope.AuditAsync(context, "files.download", $"{row.Id} ({entries.Count} files)");
        return new DownloadResult(entries, entries.Select(_ => ""), row.Label, format);
    }

    private static TableResult Table(HttpContext context, string root, string at, string address)
    {
        var table = new ResultTable("Name", "DIR", "Size", "URI") { HasTotalRecords = false };
        var isDeep = RequestFlags.IsSet(context, "recursive");
        foreach (var entry in new DirectoryInfo(at).EnumerateFileSystemInfos("*", isDeep ? Deep : Shallow).OrderBy(e => e.FullName, StringComparer.Ordinal))
        {
            var relative = Path.GetRelativePath(root, entry.FullName);
            if (IsShown(relative) && (entry is FileInfo || !isDeep))
            {
                table.Add(
                    isDeep ? relative : entry.Name, entry is DirectoryInfo ? "true" : "false", entry is FileInfo file ? file.Length.ToString(CultureInfo.InvariantCulture) : "",
                    $"{address}/{FileAddress.Of(relative)}{(entry is DirectoryInfo ? "/" : "")}");
            }
        }

        return new TableResult(table);
    }
}
