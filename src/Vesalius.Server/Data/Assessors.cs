using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Assessors of image sessions (rest-api §8). One belongs to the project that it was made through.</summary>
internal static class Assessors
{
    private static readonly string[] Defaults = ["ID", "project", "label", "date", "xsiType", "insert_date", "session_ID", "session_label"];

    public static void MapAssessors(this IEndpointRouteBuilder endpoints)
    {
        foreach (var address in Experiments.AllAddresses)
        {
            endpoints.MapGet(address + "/assessors", async (HttpContext context) =>
            {
                var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
                var scope = new ListScope(await Scope.VisibilityAsync(context), await Experiments.ThroughAsync(context), SessionId: session.Id);
                return await Lists.AnswerAsync(context, ListKind.Assessor, "xnat:imageAssessorData", scope, Defaults);
            });
            endpoints.MapPost(address + "/assessors", (Delegate)((HttpContext context) => PutAsync(context, null)));
            endpoints.MapGet(address + "/assessors/{assessor}", async (HttpContext context, string assessor) =>
            {
                var row = await FindAsync(context, assessor, ProjectRights.Read);
                await Scope.AuditAsync(context, "assessor.read", row.Id);
                return new ItemResult(await context.RequestServices.GetRequiredService<ItemLoader>().ExperimentAsync(row.Id, await Scope.VisibilityAsync(context), context.RequestAborted)
                    ?? throw RequestRefusedException.NotFound("There is no such assessor."));
            });
            endpoints.MapPut(address + "/assessors/{assessor}", (HttpContext context, string assessor) => PutAsync(context, assessor));
            endpoints.MapDelete(address + "/assessors/{assessor}", async (HttpContext context, string assessor) =>
            {
                context.SignedIn();
                return await Experiments.DeleteAsync(context, await FindAsync(context, assessor, ProjectRights.Delete));
            });
        }
    }

    /// <summary>The assessor that the address names: by label or ID, of its session.</summary>
    public static async Task<ExperimentRow> FindAsync(HttpContext context, string assessor, ProjectRights needed)
    {
        var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
        var row = await OfSessionAsync(context, session, assessor) ?? throw RequestRefusedException.NotFound("There is no such assessor.");
        await Scope.CheckAsync(context, row, await Experiments.ThroughAsync(context) is { } through && await IsInAsync(context, row, through) ? through : null, needed);
        return row;
    }

    private static async Task<bool> IsInAsync(HttpContext context, ExperimentRow row, string projectId) => row.ProjectId == projectId
        || (await context.RequestServices.GetRequiredService<ArchiveBrowser>().ProjectsOfExperimentAsync(row.Id, context.RequestAborted)).Any(p => p.ProjectId == projectId);

    private static async Task<ExperimentRow?> OfSessionAsync(HttpContext context, ExperimentRow session, string assessor)
    {
        var through = await Experiments.ThroughAsync(context);
        var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
        // Without a project in the address a label is looked up where the session is.
        var row = await browser.ExperimentAsync(through ?? session.ProjectId, assessor, context.RequestAborted) ?? await browser.ExperimentAsync(null, assessor, context.RequestAborted);
        return row?.SessionId == session.Id ? row : null;
    }

    /// <summary>Makes or changes an assessor as the request says.</summary>
    public static async Task<IResult> PutAsync(HttpContext context, string? assessor)
    {
        context.SignedIn();
        var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
        var request = await ItemRequest.ReadAsync(context);
        var label = assessor ?? request.Peek("label") ?? request.Peek("ID") ?? throw new RequestRefusedException(417, "The request names no label.");
        var through = await Experiments.ThroughAsync(context);
        if (await OfSessionAsync(context, session, label) is { } existing)
        {
            return assessor is not null ? await Experiments.UpdateAsync(context, through, existing, request) : throw RequestRefusedException.Conflict("An assessor with this label exists.");
        }

        var type = request.TypeOr(null) ?? throw new RequestRefusedException(417, "The request names no xsiType.");
        if (!type.Is("xnat:imageAssessorData"))
        {
            throw new RequestRefusedException(417, "The xsiType is no image assessor's.");
        }

        var owner = through ?? session.ProjectId;
        await Scope.ProjectAsync(context, owner, ProjectRights.Create, type.Name);
        var input = request.Bind(type, "assessor");
        if (input["label"] is { } other && other != label)
        {
            throw RequestRefusedException.BadRequest("The body names another label than the address.");
        }

        string id;
        try
        {
            id = await context.RequestServices.GetRequiredService<ExperimentStore>().CreateAsync(
                new NewExperiment(owner, session.SubjectId, session.Id, label, ItemRequest.Flag(context, "quarantine")), input, ItemRequest.Event(context), context.RequestAborted);
        }
        catch (ItemRefusedException e) when (e.Refusal == ItemRefusal.Conflict && assessor is not null)
        {
            // Another request may have made it meanwhile; then this one changes it.
            if (await OfSessionAsync(context, session, label) is { } made)
            {
                return await Experiments.UpdateAsync(context, through, made, request);
            }

            throw;
        }

        await Scope.AuditAsync(context, "assessor.create", id);
        return assessor is null ? await Scope.MadeAsync(context, $"/data/experiments/{id}") : Results.Text(id, statusCode: 201);
    }
}
