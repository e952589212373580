using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Life;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Sharing, change of owner and their list (rest-api §9).</summary>
internal static class ObjectSharing
{
    public static void MapSharing(this IEndpointRouteBuilder endpoints)
    {
        foreach (var address in (string[])["/data/projects/{project}/subjects/{subject}", "/data/subjects/{subject}"])
        {
            endpoints.MapGet(address + "/projects", async (HttpContext context, string subject) =>
            {
                var row = await Scope.SubjectAsync(context, Experiments.Route(context, "project"), subject, ProjectRights.Read);
                return await ListAsync(context, await context.RequestServices.GetRequiredService<ArchiveBrowser>().ProjectsOfSubjectAsync(row.Id, context.RequestAborted));
            });
            endpoints.MapPut(address + "/projects/{target}", PutSubjectAsync);
            endpoints.MapDelete(address + "/projects/{target}", DeleteSubjectAsync);
        }

        foreach (var address in Experiments.AllAddresses)
        {
            Experiment(endpoints, address, needed => context => Experiments.OfRouteAsync(context, needed));
            Experiment(endpoints, address + "/assessors/{assessor}", needed => context => Assessors.FindAsync(context, Experiments.Route(context, "assessor")!, needed));
        }
    }

    private static void Experiment(IEndpointRouteBuilder endpoints, string address, Func<ProjectRights, Func<HttpContext, Task<ExperimentRow>>> find)
    {
        endpoints.MapGet(address + "/projects", async (HttpContext context) =>
        {
            var row = await find(ProjectRights.Read)(context);
            return await ListAsync(context, await context.RequestServices.GetRequiredService<ArchiveBrowser>().ProjectsOfExperimentAsync(row.Id, context.RequestAborted));
        });
        endpoints.MapPut(address + "/projects/{target}", async (HttpContext context, string target) => await PutAsync(context, target, await find(ProjectRights.Read)(context)));
        endpoints.MapDelete(address + "/projects/{target}", async (HttpContext context, string target) => await DeleteAsync(context, target, await find(ProjectRights.Read)(context)));
    }

    private static async Task<IResult> ListAsync(HttpContext context, IReadOnlyList<SharedIn> places)
    {
        var visible = await context.RequestServices.GetRequiredService<ProjectAccess>().ProjectsWithAsync(context.Caller(), ProjectRights.Describe, context.RequestAborted);
        var projects = (await context.RequestServices.GetRequiredService<ProjectDirectory>().ListAsync([.. places.Select(p => p.ProjectId)], context.RequestAborted)).ToDictionary(p => p.Id);
        var table = new ResultTable("label", "ID", "Secondary_ID", "Name");
        foreach (var place in places.Where(p => visible.Contains(p.ProjectId)))
        {
            table.Add(place.Label, place.ProjectId, projects[place.ProjectId].SecondaryId, projects[place.ProjectId].Name);
        }

        return new TableResult(table);
    }

    private static string? NewLabel(HttpContext context) => context.Request.Query["label"].ToString() is { Length: > 0 } label ? label : null;

    // Where it was shown already it keeps the label that it has there.
    private static string? LabelThere(HttpContext context, IReadOnlyList<SharedIn> places, string project) => NewLabel(context) ?? places.FirstOrDefault(p => p.ProjectId == project)?.Label;

    private static bool ChangesOwner(HttpContext context) => ItemRequest.Flag(context, "primary");

    private static async Task<IResult> PutSubjectAsync(HttpContext context, string subject, string target, Sharing sharing)
    {
        context.SignedIn();
        var project = Experiments.Route(context, "project");
        // Without read at the source: 403 for a subject (rest-api §9).
        if (project is not null)
        {
            await Scope.EnterAsync(context, project, invisible: 403);
        }

        var row = await Scope.SubjectAsync(context, project, subject, ProjectRights.Read);
        var goal = await Scope.ProjectAsync(context, target, ProjectRights.Create, Scope.SubjectType);
        if (ChangesOwner(context))
        {
            await Scope.ProjectAsync(context, row.ProjectId, ProjectRights.Delete, Scope.SubjectType);
            var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
            var label = LabelThere(context, await browser.ProjectsOfSubjectAsync(row.Id, context.RequestAborted), goal.Id) ?? row.Label;
            var relabelled = label == row.Label ? [] : await browser.ExperimentsOfSubjectAsync(row.Id, context.RequestAborted);
            await context.RequestServices.GetRequiredService<ScriptRerun>().RunAsync(
                [.. relabelled.Select(e => new RelabelledSession(e.Id, e.ProjectId, label, e.Label))],
                () => sharing.GiveAsync(row, goal.Id, NewLabel(context), ItemRequest.Event(context), context.RequestAborted), ItemRequest.Event(context), context.RequestAborted);
            await Scope.AuditAsync(context, "subject.give", $"{row.Id} {goal.Id}");
            return Results.Ok();
        }

        await sharing.ShareAsync(row, goal.Id, NewLabel(context), ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "subject.share", $"{row.Id} {goal.Id}");
        return Results.Ok();
    }

    private static async Task<IResult> DeleteSubjectAsync(HttpContext context, string subject, string target, Sharing sharing)
    {
        context.SignedIn();
        var row = await Scope.SubjectAsync(context, Experiments.Route(context, "project"), subject, ProjectRights.Read);
        var goal = await Scope.ProjectAsync(context, target, ProjectRights.Delete, Scope.SubjectType);
        if (goal.Id == row.ProjectId)
        {
            throw RequestRefusedException.BadRequest("The project owns the subject; it is deleted by its own address.");
        }

        if (!await sharing.UnshareAsync(row, goal.Id, ItemRequest.Event(context), context.RequestAborted))
        {
            throw RequestRefusedException.NotFound("The subject is not shared into this project.");
        }

        await Scope.AuditAsync(context, "subject.unshare", $"{row.Id} {goal.Id}");
        return Results.Ok();
    }

    private static async Task<IResult> PutAsync(HttpContext context, string target, ExperimentRow row)
    {
        context.SignedIn();
        var sharing = context.RequestServices.GetRequiredService<Sharing>();
        var goal = await Scope.ProjectAsync(context, target, ProjectRights.Create, row.XsiType);
        if (!ChangesOwner(context))
        {
            await sharing.ShareAsync(row, goal.Id, NewLabel(context), ItemRequest.Event(context), context.RequestAborted);
            await Scope.AuditAsync(context, "experiment.share", $"{row.Id} {goal.Id}");
            return Results.Ok();
        }

        await Scope.ProjectAsync(context, row.ProjectId, ProjectRights.Delete, row.XsiType);
        var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
        var named = context.Request.Query["moveAssessors"].SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToList();
        var assessors = named.Count == 0 ? [] : (await browser.AssessorsAsync(row.Id, context.RequestAborted)).Where(a => named.Contains(a.Id) || named.Contains(a.Label)).ToList();
        foreach (var assessor in assessors)
        {
            await Scope.ProjectAsync(context, assessor.ProjectId, ProjectRights.Delete, assessor.XsiType);
            await Scope.ProjectAsync(context, target, ProjectRights.Create, assessor.XsiType);
        }

        var label = LabelThere(context, await browser.ProjectsOfExperimentAsync(row.Id, context.RequestAborted), goal.Id) ?? row.Label;
        await context.RequestServices.GetRequiredService<ScriptRerun>().RunAsync(
            row.SessionId is null && goal.Id != row.ProjectId ? [new RelabelledSession(row.Id, goal.Id, row.SubjectLabel, label)] : [],
            () => sharing.GiveAsync(row, goal.Id, NewLabel(context), [.. assessors.Select(a => a.Id)], ItemRequest.Event(context), context.RequestAborted),
            ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "experiment.give", $"{row.Id} {goal.Id}");
        return Results.Ok();
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string target, ExperimentRow row)
    {
        context.SignedIn();
        var goal = await Scope.ProjectAsync(context, target, ProjectRights.Delete, row.XsiType);
        if (goal.Id == row.ProjectId)
        {
            throw RequestRefusedException.BadRequest("The project owns the experiment; it is deleted by its own address.");
        }

        if (!await context.RequestServices.GetRequiredService<Sharing>().UnshareAsync(row, goal.Id, ItemRequest.Event(context), context.RequestAborted))
        {
            throw RequestRefusedException.NotFound("The experiment is not shared into this project.");
        }

        await Scope.AuditAsync(context, "experiment.unshare", $"{row.Id} {goal.Id}");
        return Results.Ok();
    }
}
