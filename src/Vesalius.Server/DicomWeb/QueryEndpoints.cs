using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>QIDO-RS of one project (PS3.18 §10.6; xapi F.4).</summary>
internal static class QueryEndpoints
{
    private const int DefaultPage = 100;
    private const int LargestPage = 1000;
    private const int HeadersAtOnce = 4;

    public static void MapDicomWebQueries(this IEndpointRouteBuilder endpoints)
    {
        foreach (var root in (string[])["/dicomweb", "/dicom-web"])
        {
            endpoints.MapGet(root + "/projects/{project}/studies", (HttpContext context, string project, DicomQueryStore store) => AnswerAsync(context, project, async (id, address) =>
            {
                var page = await store.StudiesAsync(id, Keys(context, DicomQueryStore.StudyKeys.Keys), Limit(context), Offset(context), context.RequestAborted);
                return Write(context, page.Total, page.Rows, (json, row) => WriteStudy(json, row, id, address));
            }));
            endpoints.MapGet(root + "/projects/{project}/studies/{study}/series", (HttpContext context, string project, string study, DicomQueryStore store) => AnswerAsync(context, project, async (id, address) =>
            {
                var page = await store.SeriesAsync(id, study, Keys(context, DicomQueryStore.SeriesKeys.Keys), Limit(context), Offset(context), context.RequestAborted);
                return Write(context, page.Total, page.Rows, (json, row) => WriteSeries(json, row, address));
            }));
            endpoints.MapGet(
                root + "/projects/{project}/studies/{study}/series/{series}/instances",
                (HttpContext context, string project, string study, string series, DicomQueryStore store) => AnswerAsync(context, project, async (id, address) =>
                {
                    var classes = Keys(context, ["SOPClassUID"]);
                    var keys = Keys(context, DicomQueryStore.InstanceKeys.Keys);
                    // The class stands in the header only, so that a query by it reads them all before it pages.
                    var page = await store.InstancesAsync(id, study, series, keys, classes.Count > 0 ? int.MaxValue : Limit(context), classes.Count > 0 ? 0 : Offset(context), context.RequestAborted);
                    var headers = await HeadersAsync(context, page.Rows);
                    var rows = page.Rows.Select((r, i) => (Row: r, Header: headers[i])).ToList();
                    if (classes.Count > 0)
                    {
                        rows = [.. rows.Where(r => classes.All(c => IsOfClass(r.Header, c.Value)))];
                        page = page with { Total = rows.Count };
                        rows = [.. rows.Skip(Offset(context)).Take(Limit(context))];
                    }

                    return Write(context, page.Total, rows, (json, row) => WriteInstance(json, row.Row, row.Header, study, series, address));
                }));
        }
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, string project, Func<string, string, Task<IResult>> answer)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Read);
        var site = (await context.RequestServices.GetRequiredService<SiteSettings>().TextAsync("siteUrl", context.RequestAborted)).TrimEnd('/');
        var root = context.Request.Path.StartsWithSegments("/dicom-web", StringComparison.OrdinalIgnoreCase) ? "dicom-web" : "dicomweb";
        var address = $"{(site.Length > 0 ? site : $"{context.Request.Scheme}://{context.Request.Host}")}/{root}/projects/{Uri.EscapeDataString(row.Id)}/studies/";
        try
        {
            return await answer(row.Id, address);
        }
        catch (FormatException e)
        {
            throw RequestRefusedException.BadRequest(e.Message);
        }
    }

    // Keys by keyword or by eight digits; what is no key of the level is ignored.
    private static List<(string Key, string Value)> Keys(HttpContext context, IEnumerable<string> known)
    {
        var keys = new List<(string, string)>();
        foreach (var keyword in known)
        {
            var digits = Tag.TryParse(keyword, out var tag) ? tag.ToHexString() : keyword;
            keys.AddRange(context.Request.Query[keyword].Concat(context.Request.Query[digits]).OfType<string>().Select(v => (keyword, v)));
        }

        return keys;
    }

    private static int Limit(HttpContext context) => int.TryParse(context.Request.Query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0
        ? Math.Min(limit, LargestPage) : DefaultPage;

    private static int Offset(HttpContext context) => int.TryParse(context.Request.Query["offset"], NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : 0;

    private static bool IsOfClass(DataSet? header, string wanted) => wanted is "" or "-" or "*"
        || (header?.GetString(Tag.SOPClassUID) is { } uid && System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(wanted, uid));

    private static async Task<DataSet?[]> HeadersAsync(HttpContext context, IReadOnlyList<InstanceRow> rows)
    {
        var store = context.RequestServices.GetRequiredService<ResourceStore>();
        var resources = new Dictionary<long, ResourceRecord?>();
        foreach (var id in rows.Select(r => r.ResourceId).Distinct())
        {
            resources[id] = await context.RequestServices.GetRequiredService<ResourceDirectory>().FindAsync(id, context.RequestAborted);
        }

        var headers = new DataSet?[rows.Count];
        await Parallel.ForAsync(0, rows.Count, new ParallelOptions { MaxDegreeOfParallelism = HeadersAtOnce, CancellationToken = context.RequestAborted }, async (i, cancelled) =>
        {
            try
            {
                headers[i] = resources[rows[i].ResourceId] is { } resource
                    ? (await Part10File.ReadHeaderAsync(store.PathOf(resource, rows[i].Path), cancellationToken: cancelled)).DataSet : null;
            }
            catch (Exception e) when (e is MalformedDicomException or IOException)
            {
                // Listed all the same, as not available.
            }
        });
        return headers;
    }

    private static IResult Write<T>(HttpContext context, long total, IReadOnlyList<T> rows, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var row in rows)
            {
                json.WriteStartObject();
                write(json, row);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        context.Response.Headers["X-Total-Count"] = total.ToString(CultureInfo.InvariantCulture);
        return Results.Bytes(buffer.WrittenMemory, "application/dicom+json");
    }

    private static void WriteStudy(Utf8JsonWriter json, StudyRow row, string project, string address)
    {
        Text(json, Tag.StudyDate, "DA", row.Date);
        Text(json, Tag.StudyTime, "TM", row.Time);
        Text(json, Tag.AccessionNumber, "SH", row.Id);
        Text(json, Tag.ModalitiesInStudy, "CS", row.Modalities);
        Name(json, Tag.ReferringPhysicianName, "");
        Text(json, Tag.StudyDescription, "LO", project);
        Text(json, Tag.RetrieveURL, "UR", address + row.Uid);
        Name(json, Tag.PatientName, row.Name.Length > 0 ? row.Name : "UNKNOWN");
        Text(json, Tag.PatientID, "LO", row.Subject.Length > 0 ? row.Subject : "UNKNOWN");
        Text(json, Tag.PatientBirthDate, "DA", row.BirthDate.Replace("-", "", StringComparison.Ordinal));
        Text(json, Tag.PatientSex, "CS", row.Sex.Length == 0 ? "" : row.Sex.ToUpperInvariant()[..1] is "M" or "F" ? row.Sex.ToUpperInvariant()[..1] : "O");
        Text(json, Tag.StudyInstanceUID, "UI", row.Uid);
        Text(json, Tag.StudyID, "SH", row.Id);
        Number(json, Tag.NumberOfStudyRelatedSeries, "IS", row.Series);
        Number(json, Tag.NumberOfStudyRelatedInstances, "IS", row.Instances);
    }

    private static void WriteSeries(Utf8JsonWriter json, SeriesRow row, string address)
    {
        Text(json, Tag.Modality, "CS", row.Modality);
        Text(json, Tag.SeriesDescription, "LO", row.Description);
        Text(json, Tag.RetrieveURL, "UR", $"{address}{row.StudyUid}/series/{row.Uid}");
        Text(json, Tag.StudyInstanceUID, "UI", row.StudyUid);
        Text(json, Tag.SeriesInstanceUID, "UI", row.Uid);
        Number(json, Tag.SeriesNumber, "IS", long.TryParse(row.Number, CultureInfo.InvariantCulture, out var number) ? number : null);
        Number(json, Tag.NumberOfSeriesRelatedInstances, "IS", row.Instances);
    }

    private static void WriteInstance(Utf8JsonWriter json, InstanceRow row, DataSet? header, string study, string series, string address)
    {
        Text(json, Tag.SOPClassUID, "UI", header?.GetString(Tag.SOPClassUID) ?? "");
        Text(json, Tag.SOPInstanceUID, "UI", row.Uid);
        Text(json, Tag.InstanceAvailability, "CS", header is null ? "UNAVAILABLE" : "ONLINE");
        Text(json, Tag.RetrieveURL, "UR", $"{address}{study}/series/{series}/instances/{row.Uid}");
        Number(json, Tag.InstanceNumber, "IS", row.Number);
        foreach (var (tag, vr) in (ReadOnlySpan<(Tag, string)>)[(Tag.NumberOfFrames, "IS"), (Tag.Rows, "US"), (Tag.Columns, "US"), (Tag.BitsAllocated, "US")])
        {
            if (header?.GetInteger(tag) is { } value)
            {
                Number(json, tag, vr, value);
            }
        }
    }

    private static void Text(Utf8JsonWriter json, Tag tag, string vr, params ReadOnlySpan<string> values)
    {
        json.WriteStartObject(tag.ToHexString());
        json.WriteString("vr", vr);
        if (values.Length > 0 && values[0].Length > 0)
        {
            json.WriteStartArray("Value");
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter json, Tag tag, string name)
    {
        json.WriteStartObject(tag.ToHexString());
        json.WriteString("vr", "PN");
        json.WriteStartArray("Value");
        json.WriteStartObject();
        json.WriteString("Alphabetic", name);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, Tag tag, string vr, long? value)
    {
        json.WriteStartObject(tag.ToHexString());
        json.WriteString("vr", vr);
        if (value is { } number)
        {
            json.WriteStartArray("Value");
            json.WriteNumberValue(number);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
