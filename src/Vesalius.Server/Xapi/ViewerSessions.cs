using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;
using Vesalius.Server.Data;
using Vesalius.Server.DicomWeb;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>What XNAT's viewer plugin answers: a session's headers as one document, and whether there are any (xapi F.7). Nothing has to be built beforehand.</summary>
internal static class ViewerSessions
{
    private const string Tool = "ohifaiaa";

    private static readonly Tag[] OfInstance =
    [
        Tag.SOPInstanceUID, Tag.SOPClassUID, Tag.SeriesInstanceUID, Tag.StudyInstanceUID, Tag.Modality, Tag.InstanceNumber, Tag.Rows, Tag.Columns, Tag.BitsAllocated, Tag.BitsStored, Tag.HighBit,
        Tag.PixelRepresentation, Tag.SamplesPerPixel, Tag.PhotometricInterpretation, Tag.PixelSpacing, Tag.ImagePositionPatient, Tag.ImageOrientationPatient, Tag.FrameOfReferenceUID, Tag.SliceThickness,
        Tag.RescaleSlope, Tag.RescaleIntercept, Tag.WindowCenter, Tag.WindowWidth, Tag.NumberOfFrames, Tag.ImageType,
    ];

    private static readonly HashSet<Tag> Lists = [Tag.PixelSpacing, Tag.ImagePositionPatient, Tag.ImageOrientationPatient, Tag.ImageType];

    public static void MapViewerSessions(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/viewer/projects/{project}/experiments/{experiment}", (Delegate)DocumentAsync);
        endpoints.MapGet("/xapi/viewer/projects/{project}/experiments/{experiment}/exists", (Delegate)ExistsAsync);
        endpoints.MapPost("/xapi/viewer/projects/{project}/experiments/{experiment}", (Delegate)RebuildAsync);
        endpoints.MapGet("/xapi/viewerDicomweb/projects/{project}/experiments/{experiment}/exists", (Delegate)ExistsAsync);
        endpoints.MapPost("/xapi/viewerDicomweb/projects/{project}/experiments/{experiment}", (Delegate)RebuildAsync);
        endpoints.MapDelete("/xapi/viewerDicomweb/projects/{project}/experiments/{experiment}", (Delegate)ForgetAsync);
        endpoints.MapPost("/xapi/viewerDicomweb/projects/{project}/subjects/{subject}", (Delegate)RebuildSubjectAsync);
        foreach (var plugin in (string[])["viewer", "viewerDicomweb"])
        {
            endpoints.MapPost($"/xapi/{plugin}/projects/{{project}}", (HttpContext context, string project) => ForgetManyAsync(context, project));
        }

        endpoints.MapPost("/xapi/viewer/projects/{project}/subjects/{subject}", (HttpContext context, string project, string subject) => ForgetManyAsync(context, project, subject));
        endpoints.MapPost("/xapi/viewer/generate-all-metadata", (Delegate)((HttpContext context) => ForgetManyAsync(context)));
        endpoints.MapPost("/xapi/viewerDicomweb/generate-all-dicomweb", (Delegate)((HttpContext context) => ForgetManyAsync(context)));
        endpoints.MapGet("/xapi/ohifaiaa/servers", (Delegate)ServersAsync);
        endpoints.MapPut("/xapi/ohifaiaa/servers", (Delegate)PutServersAsync);
        endpoints.MapGet("/xapi/ohifaiaa/projects/{project}/servers", (Delegate)ServersOfProjectAsync);
        endpoints.MapPut("/xapi/ohifaiaa/projects/{project}/servers", (Delegate)PutServersOfProjectAsync);
    }

    // Nobody but an administrator learns whether there is a project that is not theirs.
    private static async Task<ExperimentRow> SessionAsync(HttpContext context, string project, string experiment, ProjectRights needed)
    {
        await Scope.EnterAsync(context, project, invisible: context.Caller().IsSiteAdministrator ? 404 : 403);
        return await Scope.ExperimentAsync(context, project, experiment, needed);
    }

    private static async Task<(DicomScope Scope, IReadOnlyList<StudyRow> Studies)> StudiesAsync(HttpContext context, string project, string experiment)
    {
        var row = await SessionAsync(context, project, experiment, ProjectRights.Read);
        var through = (await Scope.EnterAsync(context, project)).Id;
        var scope = new DicomScope(await DicomWebRequest.VisibilityInAsync(context, through), through, row.Id);
        return (scope, (await context.RequestServices.GetRequiredService<DicomQueryStore>().StudiesAsync(scope, new DicomQuery([], 10, 0), context.RequestAborted)).Rows);
    }

    private static async Task<IResult> ExistsAsync(HttpContext context, string project, string experiment) =>
        (await StudiesAsync(context, project, experiment)).Studies.Any(s => s.Instances > 0) ? Results.Ok() : throw RequestRefusedException.NotFound("The session holds no images.");

    private static Task<IResult> RebuildAsync(HttpContext context, string project, string experiment) => ForgetOneAsync(context, project, experiment, ProjectRights.Edit);

    private static Task<IResult> ForgetAsync(HttpContext context, string project, string experiment)
    {
        context.Administrator();
        return ForgetOneAsync(context, project, experiment, ProjectRights.Delete);
    }

    private static async Task<IResult> ForgetOneAsync(HttpContext context, string project, string experiment, ProjectRights needed)
    {
        context.SignedIn();
        var row = await SessionAsync(context, project, experiment, needed);
        await context.RequestServices.GetRequiredService<DigestStore>().ForgetAsync(row.ProjectId, null, row.Id, context.RequestAborted);
        return Results.Ok();
    }

    private static async Task<IResult> RebuildSubjectAsync(HttpContext context, string project, string subject)
    {
        context.SignedIn();
        await Scope.EnterAsync(context, project, invisible: context.Caller().IsSiteAdministrator ? 404 : 403);
        var row = await Scope.SubjectAsync(context, project, subject, ProjectRights.Edit);
        await context.RequestServices.GetRequiredService<DigestStore>().ForgetAsync(row.ProjectId, row.Id, null, context.RequestAborted);
        return Results.Ok();
    }

    // Of a subject, a project or the whole site. Nothing is made before somebody asks for it, so that this never takes long, and is never under way already (423).
    private static async Task<IResult> ForgetManyAsync(HttpContext context, string? project = null, string? subject = null)
    {
        context.Administrator();
        var row = project is null ? null : await Scope.EnterAsync(context, project);
        var of = subject is null ? null : await Scope.SubjectAsync(context, project!, subject, ProjectRights.Read);
        await context.RequestServices.GetRequiredService<DigestStore>().ForgetAsync(row?.Id, of?.Id, null, context.RequestAborted);
        return Results.StatusCode(201);
    }

    private static async Task<IResult> DocumentAsync(HttpContext context, string project, string experiment, DicomFileDirectory directory, DigestStore digests)
    {
        var (scope, studies) = await StudiesAsync(context, project, experiment);
        var all = new JsonArray();
        foreach (var study in studies)
        {
            var address = new DicomAddress(study.Uid);
            var addresses = await AddressesAsync(context, await directory.FilesAsync(scope, address, context.RequestAborted));
            JsonObject? header = null;
            var series = new Dictionary<string, JsonObject>();
            await foreach (var part in digests.ReadAsync(study.Uid, await directory.PlacesAsync(scope, address, context.RequestAborted), InstanceDigest.DefaultThreshold, context.RequestAborted))
            {
                foreach (var digest in part.Where(d => addresses.ContainsKey(d.Uid)))
                {
                    using var json = Parse(digest);
                    header ??= Describe(study, json.RootElement);
                    if (!series.TryGetValue(digest.SeriesUid, out var of))
                    {
                        of = series[digest.SeriesUid] = new JsonObject
                        {
                            ["SeriesInstanceUID"] = digest.SeriesUid, ["SeriesDescription"] = Value(json.RootElement, Tag.SeriesDescription, false), ["SeriesNumber"] = Value(json.RootElement, Tag.SeriesNumber, false),
                            ["Modality"] = Value(json.RootElement, Tag.Modality, false), ["instances"] = new JsonArray(),
                        };
                    }

                    var metadata = new JsonObject();
                    foreach (var tag in OfInstance)
                    {
                        if (Value(json.RootElement, tag, Lists.Contains(tag)) is { } value)
                        {
                            metadata[DataDictionary.Find(tag)!.Keyword] = value;
                        }
                    }

                    ((JsonArray)of["instances"]!).Add(new JsonObject { ["url"] = addresses[digest.Uid], ["metadata"] = metadata });
                }
            }

            if (header is not null)
            {
                header["series"] = new JsonArray([.. series.Values]);
                all.Add(header);
            }
        }

        if (all.Count == 0)
        {
            throw RequestRefusedException.NotFound("The session holds no images.");
        }

        await context.RequestServices.GetRequiredService<DicomWebLooks>().RecordAsync(context, "viewer.read", scope.SessionId!);
        return Results.Json(new JsonObject { ["transactionId"] = scope.SessionId, ["studies"] = all });
    }

    private static JsonObject Describe(StudyRow study, JsonElement header)
    {
        var described = new JsonObject { ["StudyInstanceUID"] = study.Uid };
        foreach (var tag in (ReadOnlySpan<Tag>)[Tag.StudyDescription, Tag.StudyDate, Tag.StudyTime, Tag.PatientName, Tag.PatientID, Tag.PatientSex, Tag.PatientBirthDate, Tag.AccessionNumber, Tag.StudyID])
        {
            described[DataDictionary.Find(tag)!.Keyword] = Value(header, tag, false) ?? "";
        }

        described["Modalities"] = string.Join('\\', study.Modalities);
        return described;
    }

    private static JsonDocument Parse(InstanceDigest digest)
    {
        var text = digest.Json.ToArray();
        text.AsSpan().Replace(InstanceDigest.BaseMark, (byte)'/');
        return JsonDocument.Parse(text);
    }

    private static JsonNode? Value(JsonElement header, Tag tag, bool asList)
    {
        if (!header.TryGetProperty(tag.ToHexString(), out var attribute) || !attribute.TryGetProperty("Value", out var values) || values.GetArrayLength() == 0)
        {
            return null;
        }

        JsonNode? One(JsonElement value) => value.ValueKind == JsonValueKind.Object ? value.TryGetProperty("Alphabetic", out var name) ? name.GetString() : "" : JsonNode.Parse(value.GetRawText());
        return asList ? new JsonArray([.. values.EnumerateArray().Select(One)]) : One(values[0]);
    }

    private static async Task<Dictionary<string, string>> AddressesAsync(HttpContext context, IReadOnlyList<DicomFile> files)
    {
        var (directory, store) = (context.RequestServices.GetRequiredService<ResourceDirectory>(), context.RequestServices.GetRequiredService<ResourceStore>());
        var addresses = new Dictionary<string, string>();
        foreach (var resource in files.GroupBy(f => f.Place.ResourceId))
        {
            if (await directory.FindAsync(resource.Key, context.RequestAborted) is not { } record)
            {
                continue;
            }

            foreach (var file in resource)
            {
                var path = Path.GetRelativePath(store.FolderOf(record), file.FullPath);
                addresses[file.Uid] = $"{record.OwnerUri}/resources/{Uri.EscapeDataString(record.Label)}/files/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}";
            }
        }

        return addresses;
    }

    private static Task<IResult> ServersAsync(HttpContext context)
    {
        context.SignedIn();
        return ReadServersAsync(context, "site");
    }

    private static async Task<IResult> ServersOfProjectAsync(HttpContext context, string project) =>
        await ReadServersAsync(context, "project/" + (await Scope.ProjectAsync(context, project, ProjectRights.Read)).Id);

    private static async Task<IResult> ReadServersAsync(HttpContext context, string name) =>
        await context.RequestServices.GetRequiredService<Preferences>().TextAsync(Tool, name, context.RequestAborted) is { } stored
            ? Results.Text(stored, "application/json", Encoding.UTF8) : throw RequestRefusedException.NotFound("No server is set.");

    private static Task<IResult> PutServersAsync(HttpContext context)
    {
        context.Administrator();
        return WriteServersAsync(context, "site");
    }

    private static async Task<IResult> PutServersOfProjectAsync(HttpContext context, string project)
    {
        context.Administrator();
        return await WriteServersAsync(context, "project/" + (await Scope.ProjectAsync(context, project, ProjectRights.Manage)).Id);
    }

    private static async Task<IResult> WriteServersAsync(HttpContext context, string name)
    {
        JsonNode? body;
        try
        {
            body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON.");
        }

        if (body is not JsonArray servers || servers.Count > 100 || servers.Any(s => s is not JsonValue value || !value.TryGetValue<string>(out var text) || !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")))
        {
            throw RequestRefusedException.BadRequest("The body is a list of http addresses.");
        }

        await context.RequestServices.GetRequiredService<Preferences>().SetAsync(Tool, new Dictionary<string, JsonNode?> { [name] = servers }, context.Caller().Login, context.RequestAborted);
        await Scope.AuditAsync(context, "viewer.servers", name);
        return Results.Ok();
    }
}
