using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Subjects (rest-api §4).</summary>
internal static class Subjects
{
    private static readonly string[] Defaults = ["ID", "project", "label", "insert_date", "insert_user"];

    public static void MapSubjects(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/subjects", async (HttpContext context) =>
        {
            var scope = new ListScope(await Scope.VisibilityAsync(context));
            return await ListAsync(context, scope);
        });
        endpoints.MapGet("/data/projects/{project}/subjects", async (HttpContext context, string project) =>
        {
            var row = await Scope.EnterAsync(context, project);
            return await ListAsync(context, new ListScope(await Scope.VisibilityAsync(context), row.Id));
        });
        endpoints.MapPost("/data/projects/{project}/subjects", (HttpContext context, string project) => PutAsync(context, project, null));
        endpoints.MapGet("/data/projects/{project}/subjects/{subject}", (HttpContext context, string project, string subject) => GetAsync(context, project, subject));
        endpoints.MapGet("/data/subjects/{subject}", (HttpContext context, string subject) => GetAsync(context, null, subject));
        endpoints.MapPut("/data/projects/{project}/subjects/{subject}", (HttpContext context, string project, string subject) => PutAsync(context, project, subject));
        endpoints.MapPut("/data/subjects/{subject}", async (HttpContext context, string subject) =>
            await UpdateAsync(context, null, await Scope.SubjectAsync(context, null, subject, ProjectRights.Edit), await ItemRequest.ReadAsync(context)));
        endpoints.MapDelete("/data/projects/{project}/subjects/{subject}", (HttpContext context, string project, string subject) => DeleteAsync(context, project, subject));
        endpoints.MapDelete("/data/subjects/{subject}", (HttpContext context, string subject) => DeleteAsync(context, null, subject));
    }

    private static Task<IResult> ListAsync(HttpContext context, ListScope scope) => Lists.AnswerAsync(context, ListKind.Subject, Scope.SubjectType, scope, Defaults);

    private static async Task<IResult> GetAsync(HttpContext context, string? project, string subject)
    {
        var row = await Scope.SubjectAsync(context, project, subject, ProjectRights.Read);
        var item = await context.RequestServices.GetRequiredService<ItemLoader>().SubjectAsync(row.Id, await Scope.VisibilityAsync(context), context.RequestAborted)
            ?? throw RequestRefusedException.NotFound("There is no such subject.");
        await Scope.AuditAsync(context, "subject.read", row.Id);
        return await ItemResult.OfAsync(context, item, "subject", row.Id);
    }

    /// <summary>Makes or changes a subject as the request says.</summary>
    public static async Task<IResult> PutAsync(HttpContext context, string project, string? subject)
    {
        context.SignedIn();
        var owner = await Scope.EnterAsync(context, project, invisible: subject is null ? 404 : 422);
        var request = await ItemRequest.ReadAsync(context);
        if (request.HasDocument && request.TypeOr(null)?.Family != ObjectFamily.Subject)
        {
            throw new RequestRefusedException(422, "The document describes no subject.");
        }

        var label = subject ?? request.Peek("label") ?? request.Peek("ID") ?? throw new RequestRefusedException(417, "The request names no label.");
        var existing = await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(owner.Id, label, context.RequestAborted);
        if (existing is null)
        {
            try
            {
                return await CreateAsync(context, owner, label, answersUrl: subject is null, request);
            }
            catch (ItemRefusedException e) when (e.Refusal == ItemRefusal.Conflict && subject is not null)
            {
                // Another request may have made it meanwhile; then this one changes it.
                existing = await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(owner.Id, label, context.RequestAborted);
                if (existing is null)
                {
                    throw;
                }
            }
        }

        if (subject is null)
        {
            throw RequestRefusedException.Conflict("A subject with this label exists.");
        }

        await Scope.SubjectAsync(context, owner.Id, existing.Id, ProjectRights.Edit);
        return await UpdateAsync(context, owner.Id, existing, request);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, Project owner, string label, bool answersUrl, ItemRequest request)
    {
        await Scope.ProjectAsync(context, owner.Id, ProjectRights.Create, Scope.SubjectType);
        if (await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(null, label, context.RequestAborted) is not null)
        {
            throw RequestRefusedException.Conflict("This ID is a subject's of another project.");
        }

        var input = request.Bind(context.RequestServices.GetRequiredService<TypeModel>().Find(Scope.SubjectType)!, "subject");
        if (input["label"] is { } other && other != label)
        {
            throw RequestRefusedException.BadRequest("The body names another label than the address.");
        }

        var id = await context.RequestServices.GetRequiredService<SubjectStore>().CreateAsync(owner.Id, label, input, ItemRequest.Event(context), context.RequestAborted);
        await ObjectStatus.ApplyAsync(context, "subject", id, owner.Id, "active");
        await Scope.AuditAsync(context, "subject.create", id);
        return answersUrl ? await Scope.MadeAsync(context, $"/data/subjects/{id}") : Results.Text(id, statusCode: 201);
    }

    private static async Task<IResult> UpdateAsync(HttpContext context, string? project, SubjectRow existing, ItemRequest request)
    {
        context.SignedIn();
        var input = request.Bind(context.RequestServices.GetRequiredService<TypeModel>().Find(Scope.SubjectType)!, "subject");
        var renamesOnly = input is { Fields.Count: 1, Objects.Count: 0 } && input["label"] is { } renamed && renamed != existing.Label;
        // The status first, so that what is locked can be unlocked.
        await ObjectStatus.ApplyAsync(context, "subject", existing.Id, existing.ProjectId, existing.Status);
        if (input.Fields.Count > 0 || input.Objects.Count > 0)
        {
            var known = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentsOfSubjectAsync(existing.Id, context.RequestAborted);
            var now = await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(null, existing.Id, context.RequestAborted) ?? existing;
            var relabelled = input["label"] is { } label && label != now.Label && (project ?? now.ProjectId) == now.ProjectId ? known.Select(e => new RelabelledSession(e.Id, e.ProjectId, label, e.Label)) : [];
            await context.RequestServices.GetRequiredService<ScriptRerun>().RunAsync(
                [.. relabelled],
                () => context.RequestServices.GetRequiredService<SubjectStore>().UpdateAsync(
                    now, project ?? existing.ProjectId, input, [.. known.SelectMany(e => (string[])[e.Id, e.Label])], ItemRequest.Event(context), context.RequestAborted),
                ItemRequest.Event(context), context.RequestAborted);
        }

        await Scope.AuditAsync(context, "subject.change", existing.Id);
        // Another label alone is answered without a body (rest-api S7).
        return renamesOnly ? Results.Ok() : Results.Text(existing.Id);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string? project, string subject)
    {
        context.SignedIn();
        var row = await Scope.SubjectAsync(context, project, subject, ProjectRights.Delete);
        if (project is not null && (await Scope.EnterAsync(context, project)).Id is var through && through != row.ProjectId)
        {
            await context.RequestServices.GetRequiredService<Sharing>().UnshareAsync(row, through, ItemRequest.Event(context), context.RequestAborted);
            await Scope.AuditAsync(context, "subject.unshare", row.Id);
            return Results.Ok();
        }

        // Experiments of other projects go too; that takes the right there.
        foreach (var experiment in await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentsOfSubjectAsync(row.Id, context.RequestAborted))
        {
            if (!(await context.RequestServices.GetRequiredService<ProjectAccess>().RightsAsync(context.Caller(), experiment.ProjectId, experiment.XsiType, context.RequestAborted)).HasFlag(ProjectRights.Delete))
            {
                throw RequestRefusedException.Forbidden("The subject has experiments that you may not delete.");
            }
        }

        await context.RequestServices.GetRequiredService<ObjectRemoval>().DeleteAsync(row, ItemRequest.Flag(context, "removeFiles"), ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "subject.delete", row.Id);
        return Results.Ok();
    }
}
