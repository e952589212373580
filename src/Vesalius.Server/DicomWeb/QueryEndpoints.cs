using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>QIDO-RS (PS3.18 §10.6; xapi F.4).</summary>
internal static class QueryEndpoints
{
    private const string JsonType = "application/dicom+json";
    private const string XmlType = "application/dicom+xml";
    private static readonly string[] InstanceKeys = ["SOPInstanceUID", "SOPClassUID", "InstanceNumber"];

    public static void MapDicomWebQueries(this IEndpointRouteBuilder endpoints)
    {
        foreach (var root in DicomWebRequest.Roots)
        {
            endpoints.MapGet(root + "/studies", (Delegate)StudiesAsync);
            endpoints.MapGet(root + "/series", (Delegate)SeriesAsync);
            endpoints.MapGet(root + "/studies/{study}/series", (Delegate)SeriesAsync);
            endpoints.MapGet(root + "/studies/{study}/instances", (Delegate)InstancesAsync);
            endpoints.MapGet(root + "/studies/{study}/series/{series}/instances", (Delegate)InstancesAsync);
            if (root.Contains("{experiment}", StringComparison.Ordinal))
            {
                endpoints.MapGet(root + "/instances", (Delegate)InstancesAsync);
            }
        }
    }

    private static async Task<IResult> StudiesAsync(HttpContext context, DicomQueryStore store)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        var isXml = IsXml(context);
        var page = await ReadAsync(() => store.StudiesAsync(request.Scope, Query(context, request.Settings, DicomQueryStore.StudyKeys.Keys), context.RequestAborted));
        await LookedAsync(context, request);
        return Write(context, isXml, page.Total, page.Rows, (json, row) => QueryJson.WriteStudy(json, row, request.Studies));
    }

    private static async Task<IResult> SeriesAsync(HttpContext context, DicomQueryStore store)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        var isXml = IsXml(context);
        var page = await ReadAsync(() => store.SeriesAsync(
            request.Scope, Data.Experiments.Route(context, "study"), Query(context, request.Settings, DicomQueryStore.SeriesKeys.Keys), context.RequestAborted));
        await LookedAsync(context, request);
        return Write(context, isXml, page.Total, page.Rows, (json, row) => QueryJson.WriteSeries(json, row, request.Studies));
    }

    // What is asked of instances stands in their headers, of which the digest knows.
    private static async Task<IResult> InstancesAsync(HttpContext context, DicomQueryStore store, DicomFileDirectory directory, DigestStore digests)
    {
        var request = await DicomWebRequest.ReadAsync(context);
        var isXml = IsXml(context);
        var query = Query(context, request.Settings, InstanceKeys);
        var study = Data.Experiments.Route(context, "study")
            ?? (await store.StudiesAsync(request.Scope, new DicomQuery([], 1, 0), context.RequestAborted)).Rows.FirstOrDefault()?.Uid ?? "";
        var address = new DicomAddress(study, Data.Experiments.Route(context, "series"));
        var places = await directory.PlacesAsync(request.Scope, address, context.RequestAborted);
        var (rows, total, seen) = (new List<InstanceDigest>(), 0L, new HashSet<string>(StringComparer.Ordinal));
        await foreach (var part in digests.ReadAsync(study, places, request.Settings.BulkDataThreshold, context.RequestAborted))
        {
            foreach (var digest in part.Where(d => seen.Add(d.Uid) && query.Keys.All(k => Fits(d, k.Key, k.Value))))
            {
                if (total++ >= query.Offset && rows.Count < query.Limit)
                {
                    rows.Add(digest);
                }
            }
        }

        await LookedAsync(context, request);
        return Write(context, isXml, total, rows, (json, row) => QueryJson.WriteInstance(json, row, request.Studies + study));
    }

    private static bool Fits(InstanceDigest digest, string key, string value) => AttributeMatch.Fits(
        key switch { "SOPInstanceUID" => digest.Uid, "SOPClassUID" => digest.SopClassUid, _ => digest.Number?.ToString(CultureInfo.InvariantCulture) ?? "" }, value);

    private static async Task<QueryPage<T>> ReadAsync<T>(Func<Task<QueryPage<T>>> read)
    {
        try
        {
            return await read();
        }
        catch (FormatException e)
        {
            throw RequestRefusedException.BadRequest(e.Message);
        }
    }

    private static Task LookedAsync(HttpContext context, DicomWebRequest request) =>
        context.RequestServices.GetRequiredService<DicomWebLooks>().RecordAsync(context, "dicomweb.query", request.Scope.SessionId ?? request.Scope.ProjectId ?? "site");

    // Keys by keyword or by eight digits; what is no key of the level is ignored.
    private static DicomQuery Query(HttpContext context, DicomWebSettings settings, IEnumerable<string> known)
    {
        var values = context.Request.Query;
        var keys = new List<(string, string)>();
        foreach (var keyword in known)
        {
            var digits = Tag.TryParse(keyword, out var tag) ? tag.ToHexString() : keyword;
            keys.AddRange(values[keyword].Concat(values[digits]).OfType<string>().Select(v => (keyword, v)));
        }

        int? Number(string name) => int.TryParse(values[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        if (values["fuzzymatching"] == "true")
        {
            // PS3.18 §8.3.4.2: matching goes on literally, and says so.
            context.Response.Headers.Append("Warning", "299 vesalius \"The fuzzymatching parameter is not supported. Only literal matching has been performed.\"");
        }

        return new DicomQuery(keys, Number("limit") is > 0 and var limit ? Math.Min(limit, settings.MaxPageSize) : Math.Min(settings.DefaultPageSize, settings.MaxPageSize), Number("offset") ?? 0);
    }

    private static bool IsXml(HttpContext context)
    {
        var accepted = AcceptedTypes.Read(context);
        return accepted.Count > 0 && (accepted.FirstOrDefault(a => a.Takes(XmlType) || (!a.IsMultipart && (a.Takes(JsonType) || a.Takes("application/json"))))
            ?? throw AcceptedTypes.NotAcceptable($"{JsonType}, and multipart/related; type=\"{XmlType}\"")) is var choice && !choice.IsAny && choice.Takes(XmlType) && !choice.Takes(JsonType);
    }

    private static IResult Write<T>(HttpContext context, bool isXml, long total, IReadOnlyList<T> rows, Action<Utf8JsonWriter, T> write)
    {
        context.Response.Headers["X-Total-Count"] = total.ToString(CultureInfo.InvariantCulture);
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

        if (!isXml)
        {
            return Results.Bytes(buffer.WrittenMemory, JsonType);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        var parts = document.RootElement.EnumerateArray().Select(e => NativeModelWriter.Write(e)).ToList();
        return parts.Count == 0 ? Results.NoContent() : new MultipartResult(XmlType, parts.Select(p => BodyPart.OfBytes(XmlType, null, _ => Task.FromResult<ReadOnlyMemory<byte>>(p))));
    }
}
