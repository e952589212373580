using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Archive;
using Vesalius.Archive.DicomQueries;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Types;
using Vesalius.Dicom;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.DicomWeb;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/roi</c>: regions of interest as assessors of their session, by label (xapi F.7).</summary>
internal static class RoiCollections
{
    private const int MostBytes = 256 << 20;
    private static readonly string[] Kinds = ["AIM", "RTSTRUCT", "SEG", "MEAS"];

    public static void MapRoiCollections(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPut("/xapi/roi/projects/{project}/sessions/{session}/collections/{label}", (Delegate)PutAsync).TakesAtMost(MostBytes + 1);
        endpoints.MapGet("/xapi/roi/projects/{project}/collections/{collection}", (Delegate)GetAsync);
        endpoints.MapDelete("/xapi/roi/projects/{project}/collections/{collection}", (Delegate)DeleteAsync);
        endpoints.MapGet("/xapi/roi/projects/{project}/permissions/{type}", (Delegate)PermissionsAsync);
    }

    private static async Task<IResult> PermissionsAsync(HttpContext context, string project, string type, ProjectAccess access)
    {
        var row = await Scope.EnterAsync(context, project, invisible: 403);
        if (type is not ("RoiCollection" or DerivedSeriesStore.AssessorType))
        {
            throw new RequestRefusedException(422, "There is no such type of collection.");
        }

        var rights = await access.RightsAsync(context.Caller(), row.Id, DerivedSeriesStore.AssessorType, context.RequestAborted);
        return Results.Json(new
        {
            create = rights.HasFlag(ProjectRights.Create), read = rights.HasFlag(ProjectRights.Read), edit = rights.HasFlag(ProjectRights.Edit), delete = rights.HasFlag(ProjectRights.Delete),
        });
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string project, string collection)
    {
        context.SignedIn();
        var row = await FindAsync(context, project, collection, ProjectRights.Delete);
        await RemoveAsync(context, row);
        await Scope.AuditAsync(context, "assessor.delete", row.Id);
        return Results.Ok();
    }

    private static async Task<ExperimentRow> FindAsync(HttpContext context, string project, string collection, ProjectRights needed)
    {
        var through = await Scope.EnterAsync(context, project, invisible: 403);
        var row = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentAsync(through.Id, collection, context.RequestAborted);
        if (row is null || row.SessionId is null || row.XsiType != DerivedSeriesStore.AssessorType)
        {
            throw new RequestRefusedException(422, "The project has no such collection.");
        }

        await Scope.CheckAsync(context, row, through.Id, needed);
        return row;
    }

    private static async Task<IResult> GetAsync(HttpContext context, string project, string collection, ResourceDirectory resources, ResourceStore store)
    {
        var row = await FindAsync(context, project, collection, ProjectRights.Read);
        var kind = context.Request.Query["type"].ToString();
        var records = (await resources.ListAsync(new ResourceScope(AssessorIds: [row.Id]), context.RequestAborted)).Where(r => kind.Length == 0 || r.Label == kind).ToList();
        var file = (await resources.FilesAsync([.. records.Select(r => r.Id)], context.RequestAborted)).FirstOrDefault() ?? throw new RequestRefusedException(422, "The collection has no file of this type.");
        await Scope.AuditAsync(context, "assessor.download", row.Id);
        return Results.File(store.PathOf(records.First(r => r.Id == file.ResourceId), file.Path), "application/octet-stream", enableRangeProcessing: true);
    }

    private static async Task<IResult> PutAsync(HttpContext context, string project, string session, string label)
    {
        context.SignedIn();
        var through = await Scope.ProjectAsync(context, project, ProjectRights.Create, DerivedSeriesStore.AssessorType, invisible: 403);
        var row = await Scope.ExperimentAsync(context, project, session, ProjectRights.Read);
        var kind = context.Request.Query["type"].ToString();
        if (!Kinds.Contains(kind))
        {
            throw new RequestRefusedException(422, $"type is one of {string.Join(", ", Kinds)}.");
        }

        var existing = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentAsync(through.Id, label, context.RequestAborted);
        if (existing is not null && existing.SessionId != row.Id)
        {
            throw RequestRefusedException.Conflict("Another object of the project has this label.");
        }

        if (existing is not null && (existing.XsiType != DerivedSeriesStore.AssessorType || context.Request.Query["overwrite"] != "true"))
        {
            throw new RequestRefusedException(422, "A collection with this label exists; overwrite=true replaces it.");
        }

        if (existing is not null)
        {
            await Scope.CheckAsync(context, existing, through.Id, ProjectRights.Edit);
        }

        var body = await BodyAsync(context);
        var id = kind is "SEG" or "RTSTRUCT" ? await StoreDicomAsync(context, through, row, existing, kind, label, body) : await StoreTextAsync(context, through, row, existing, kind, label, body);
        await Scope.AuditAsync(context, "assessor.create", $"{row.Id}/{id}");
        return Results.Text(id);
    }

    private static async Task<byte[]> BodyAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        var buffer = new byte[1 << 16];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MostBytes)
            {
                throw new RequestRefusedException(413, "A collection has at most 256 MiB.");
            }
        }

        return body.Length > 0 ? body.ToArray() : throw new RequestRefusedException(422, "The request has no body.");
    }

    private static async Task<string> StoreDicomAsync(HttpContext context, Project through, ExperimentRow session, ExperimentRow? existing, string kind, string label, byte[] body)
    {
        var derived = context.RequestServices.GetRequiredService<DerivedObjects>();
        try
        {
            var file = Part10File.Read(body);
            var scope = new DicomScope(await DicomWebRequest.VisibilityInAsync(context, through.Id), through.Id, session.Id);
            if (file.DataSet.GetString(Tag.Modality)?.Trim() != kind || await derived.FindTargetAsync(file.DataSet, scope, context.RequestAborted) is not { } target)
            {
                throw new RequestRefusedException(422, $"The object is no {kind} of this session's images: its study and every instance that it refers to have to be the session's.");
            }

            await RemoveAsync(context, existing);
            return await derived.StoreAsync(file.DataSet, file.TransferSyntax, target, scope, context.Caller().Login, context.RequestAborted, label);
        }
        catch (Exception e) when (e is MalformedDicomException or ScriptRunException)
        {
            throw new RequestRefusedException(422, $"The object cannot be read: {e.Message}");
        }
    }

    private static async Task<string> StoreTextAsync(HttpContext context, Project through, ExperimentRow session, ExperimentRow? existing, string kind, string label, byte[] body)
    {
        await RemoveAsync(context, existing);
        var services = context.RequestServices;
        var (model, resources) = (services.GetRequiredService<TypeModel>(), services.GetRequiredService<ResourceDirectory>());
        var login = context.Caller().Login;
        var input = ItemInput.OfHeader(model, model.Find(DerivedSeriesStore.AssessorType)!, new Dictionary<string, string> { ["name"] = label, ["collectionType"] = kind });
        var id = await services.GetRequiredService<ExperimentStore>().CreateAsync(new NewExperiment(through.Id, session.SubjectId, session.Id, label, false), input, new ChangeEvent(login), context.RequestAborted);
        var scope = new ResourceScope(AssessorIds: [id], Side: "out");
        await resources.CreateAsync(scope, kind, kind == "AIM" ? "XML" : "JSON", kind, "", "", login, CancellationToken.None);
        var resource = (await resources.ListAsync(scope, CancellationToken.None)).First(r => r.Label == kind);
        using var content = new MemoryStream(body, writable: false);
        await services.GetRequiredService<ResourceStore>().StoreAsync(resource, $"{kind.ToLowerInvariant()}.{(kind == "AIM" ? "xml" : "json")}", content, new FileDescription(), overwrite: true, login, CancellationToken.None);
        return id;
    }

    private static async Task RemoveAsync(HttpContext context, ExperimentRow? existing)
    {
        if (existing is not null)
        {
            await context.RequestServices.GetRequiredService<ObjectRemoval>().DeleteAsync(existing, removeFiles: true, new ChangeEvent(context.Caller().Login), CancellationToken.None);
        }
    }
}
