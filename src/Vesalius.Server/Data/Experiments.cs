using System.Globalization;
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

/// <summary>Experiments: sessions and other assessments of subjects (rest-api §5).</summary>
internal static class Experiments
{
    private const long RecentLimit = 60;

    private static readonly string[] Defaults = ["ID", "project", "date", "xsiType", "label", "insert_date"];

    /// <summary>Addresses of an experiment, with and without project and subject.</summary>
    public static readonly string[] Addresses =
    [
        "/data/projects/{project}/subjects/{subject}/experiments/{experiment}", "/data/projects/{project}/experiments/{experiment}", "/data/experiments/{experiment}",
    ];

    /// <summary>The same and the one by subject alone, which some clients use.</summary>
    public static readonly string[] AllAddresses = [.. Addresses, "/data/subjects/{subject}/experiments/{experiment}"];

    public static void MapExperiments(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/experiments", (Delegate)ListAllAsync);
        endpoints.MapGet("/data/projects/{project}/experiments", async (HttpContext context, string project) =>
        {
            var row = await Scope.EnterAsync(context, project);
            return await ListAsync(context, "xnat:subjectAssessorData", new ListScope(await Scope.VisibilityAsync(context), row.Id));
        });
        endpoints.MapGet("/data/projects/{project}/subjects/{subject}/experiments", async (HttpContext context, string project, string subject) =>
        {
            var through = await Scope.EnterAsync(context, project);
            var row = await Scope.SubjectAsync(context, project, subject, ProjectRights.Read);
            return await ListAsync(context, "xnat:subjectAssessorData", new ListScope(await Scope.VisibilityAsync(context), through.Id, row.Id));
        });
        endpoints.MapGet("/data/subjects/{subject}/experiments", async (HttpContext context, string subject) =>
        {
            var row = await Scope.SubjectAsync(context, null, subject, ProjectRights.Read);
            return await ListAsync(context, "xnat:subjectAssessorData", new ListScope(await Scope.VisibilityAsync(context), SubjectId: row.Id));
        });
        endpoints.MapPost("/data/projects/{project}/subjects/{subject}/experiments", (HttpContext context, string project, string subject) => PutAsync(context, project, subject, null));
        endpoints.MapPost("/data/projects/{project}/experiments", (HttpContext context, string project) => PutAsync(context, project, null, null));
        foreach (var address in AllAddresses)
        {
            endpoints.MapGet(address, (Delegate)GetAsync);
            endpoints.MapDelete(address, (Delegate)((HttpContext context) => DeleteAsync(context)));
            endpoints.MapPut(address, (Delegate)((HttpContext context) => PutAsync(context, Route(context, "project"), Route(context, "subject"), Route(context, "experiment"))));
        }
    }

    public static string? Route(HttpContext context, string name) => (string?)context.Request.RouteValues[name];

    /// <summary>The experiment that the address names.</summary>
    public static async Task<ExperimentRow> OfRouteAsync(HttpContext context, ProjectRights needed)
    {
        var row = await Scope.ExperimentAsync(context, Route(context, "project"), Route(context, "experiment")!, needed);
        return await IsOfSubjectAsync(context, row) ? row : throw RequestRefusedException.NotFound("The subject has no such experiment.");
    }

    // The subject in the address may be named by its label in the project of the address.
    private static async Task<bool> IsOfSubjectAsync(HttpContext context, ExperimentRow row) =>
        Route(context, "subject") is not { } subject || subject == row.SubjectLabel || subject == row.SubjectId
        || (Route(context, "project") is { } project && await context.RequestServices.GetRequiredService<ProjectDirectory>().FindAsync(project, context.RequestAborted) is { } through
            && (await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(through.Id, subject, context.RequestAborted))?.Id == row.SubjectId);

    /// <summary>ID of the project that the address names; null if it names none.</summary>
    public static async Task<string?> ThroughAsync(HttpContext context) =>
        Route(context, "project") is { } project ? (await Scope.EnterAsync(context, project)).Id : null;

    private static Task<IResult> ListAsync(HttpContext context, string baseType, ListScope scope) => Lists.AnswerAsync(context, ListKind.Experiment, baseType, scope, Defaults);

    private static async Task<IResult> ListAllAsync(HttpContext context)
    {
        var scope = new ListScope(await Scope.VisibilityAsync(context));
        if (context.Request.Query["recent"].ToString() is { Length: > 0 } recent)
        {
            var days = double.TryParse(recent, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 36500
                ? number : throw RequestRefusedException.BadRequest("recent is no number of days.");
            return await Lists.AnswerAsync(
                context, ListKind.Experiment, "xnat:experimentData", scope, [.. Defaults, "last_modified"], addsProjectAndType: true,
                request => request with
                {
                    InsertedSince = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime.AddDays(-days), Limit = request.Limit ?? RecentLimit,
                    SortBy = request.SortBy.Count > 0 ? request.SortBy : ["last_modified"], Descending = request.SortBy.Count == 0 || request.Descending,
                });
        }

        // Which labels come with the list depends on what is asked for.
        var type = context.Request.Query["xsiType"].ToString();
        var model = context.RequestServices.GetRequiredService<TypeModel>();
        string[] more = model.Is(type, "xnat:subjectAssessorData") ? ["subject_ID", "subject_label"] : model.Is(type, "xnat:imageAssessorData") ? ["session_ID", "session_label"] : [];
        return await Lists.AnswerAsync(context, ListKind.Experiment, "xnat:experimentData", scope, [.. Defaults, .. more], addsProjectAndType: true);
    }

    private static async Task<IResult> GetAsync(HttpContext context)
    {
        var row = await OfRouteAsync(context, ProjectRights.Read);
        await Scope.AuditAsync(context, "experiment.read", row.Id);
        if (context.Request.Query["handler"] == "values")
        {
            return await ValuesAsync(context, row);
        }

        if (context.Request.Query["format"] == "xar")
        {
            return await SessionFolder.XarAsync(context, row);
        }

        var item = await context.RequestServices.GetRequiredService<ItemLoader>().ExperimentAsync(row.Id, await Scope.VisibilityAsync(context), context.RequestAborted)
            ?? throw RequestRefusedException.NotFound("There is no such experiment.");
        return await ItemResult.OfAsync(context, item, "experiment", row.Id);
    }

    private static async Task<IResult> ValuesAsync(HttpContext context, ExperimentRow row) => await Lists.AnswerAsync(
        context, ListKind.Experiment, "xnat:experimentData", new ListScope(await Scope.VisibilityAsync(context)), Defaults, addsProjectAndType: false,
        request => request with { Filters = [("xnat:experimentData/ID", row.Id)] });

    /// <summary>Makes or changes an experiment as the request says.</summary>
    public static async Task<IResult> PutAsync(HttpContext context, string? project, string? subject, string? experiment)
    {
        context.SignedIn();
        var browser = context.RequestServices.GetRequiredService<ArchiveBrowser>();
        var request = await ItemRequest.ReadAsync(context);
        var through = project is null ? null : await Scope.EnterAsync(context, project);
        var label = experiment ?? request.Peek("label") ?? request.Peek("ID") ?? throw new RequestRefusedException(417, "The request names no label.");
        var existing = await browser.ExperimentAsync(through?.Id, label, context.RequestAborted);
        if (existing is not null)
        {
            return experiment is not null ? await UpdateAsync(context, through?.Id, existing, request) : throw RequestRefusedException.Conflict("An experiment with this label exists.");
        }

        if (through is null)
        {
            throw RequestRefusedException.NotFound("There is no such experiment.");
        }

        var type = request.TypeOr(null) ?? throw new RequestRefusedException(417, "The request names no xsiType.");
        if (type.Family != ObjectFamily.Experiment || type.Is("xnat:derivedData"))
        {
            throw new RequestRefusedException(type.Family == ObjectFamily.Experiment ? 417 : 400, "The xsiType is none of a subject's experiments.");
        }

        await Scope.ProjectAsync(context, through.Id, ProjectRights.Create, type.Name);
        try
        {
            return await CreateAsync(context, through, subject, label, answersUrl: experiment is null, type, request);
        }
        catch (ItemRefusedException e) when (e.Refusal == ItemRefusal.Conflict && experiment is not null)
        {
            // Another request may have made it meanwhile; then this one changes it.
            existing = await browser.ExperimentAsync(through.Id, label, context.RequestAborted);
            if (existing is null)
            {
                throw;
            }
        }

        return await UpdateAsync(context, through.Id, existing, request);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, Project owner, string? subject, string label, bool answersUrl, DataType type, ItemRequest request)
    {
        var input = request.Bind(type, "experiment");
        if (input["label"] is { } other && other != label)
        {
            throw RequestRefusedException.BadRequest("The body names another label than the address.");
        }

        // What cannot be stored must not leave a subject behind: its label is checked before.
        if (!Label.IsValid(label) || type.IsAbstract)
        {
            throw new RequestRefusedException(417, type.IsAbstract ? $"{type.Name} is abstract; name the type itself." : "A label has letters, digits, _ and - only, at most 64 of them.");
        }

        var named = subject ?? input["subject_ID"] ?? throw new RequestRefusedException(417, "The request names no subject.");
        var subjectId = await SubjectIdAsync(context, owner, named, mayCreate: !answersUrl);
        var place = new NewExperiment(owner.Id, subjectId, null, label, ItemRequest.Flag(context, "quarantine"));
        var id = await context.RequestServices.GetRequiredService<ExperimentStore>().CreateAsync(place, input, ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "experiment.create", id);
        return answersUrl ? await Scope.MadeAsync(context, $"/data/experiments/{id}") : Results.Text(id, statusCode: 201);
    }

    private static async Task<string> SubjectIdAsync(HttpContext context, Project owner, string named, bool mayCreate)
    {
        if (await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(owner.Id, named, context.RequestAborted) is { } found)
        {
            return found.Id;
        }

        if (!mayCreate)
        {
            throw RequestRefusedException.NotFound("There is no such subject.");
        }

        await Scope.ProjectAsync(context, owner.Id, ProjectRights.Create, Scope.SubjectType);
        var input = new ItemInput(context.RequestServices.GetRequiredService<TypeModel>().Find(Scope.SubjectType)!);
        try
        {
            var id = await context.RequestServices.GetRequiredService<SubjectStore>().CreateAsync(owner.Id, named, input, ItemRequest.Event(context), context.RequestAborted);
            await Scope.AuditAsync(context, "subject.create", id);
            return id;
        }
        catch (ItemRefusedException e) when (e.Refusal == ItemRefusal.Conflict)
        {
            // Sessions of a new subject may come at once; the first one makes it.
            if (await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(owner.Id, named, context.RequestAborted) is { } made)
            {
                return made.Id;
            }

            throw;
        }
    }

    /// <summary>Changes an experiment; also an assessor.</summary>
    public static async Task<IResult> UpdateAsync(HttpContext context, string? through, ExperimentRow existing, ItemRequest request)
    {
        await Scope.CheckAsync(context, existing, through, ProjectRights.Edit);
        var model = context.RequestServices.GetRequiredService<TypeModel>();
        var stored = model.Find(existing.XsiType) ?? throw RequestRefusedException.BadRequest("The experiment has a type that this site does not know any more.");
        if (request.TypeOr(stored) is { } named && named != stored && !stored.Is(named.Name))
        {
            throw RequestRefusedException.Conflict($"The specified xsiType differs from the existing one, {stored.Name}.");
        }

        var input = request.Bind(stored, existing.SessionId is null ? "experiment" : "assessor");
        // A document tells the label that it was read with; only a request's own parameter relabels.
        if (request.PeekDocument("label") is { } told && told != existing.Label && input["label"] == told
            && !(await context.RequestServices.GetRequiredService<ArchiveBrowser>().ProjectsOfExperimentAsync(existing.Id, context.RequestAborted)).Any(p => p.Label == told))
        {
            throw RequestRefusedException.BadRequest("The label in the document differs from the stored one; relabelling has a request of its own.");
        }

        var label = request.HasDocument && request.PeekDocument("label") == input["label"] ? null : input["label"];
        if (existing.SessionId is not null && label is not null && label != existing.Label)
        {
            throw RequestRefusedException.BadRequest("An assessor keeps its label.");
        }

        if (ExperimentStore.LeavesOutScans(input, out var kept)
            && (await context.RequestServices.GetRequiredService<ArchiveBrowser>().ScansAsync(existing.Id, context.RequestAborted)).Any(s => !kept.Contains(s.Id)))
        {
            // Scans that the document does not have any more go.
            await Scope.CheckAsync(context, existing, through, ProjectRights.Delete);
        }

        await ObjectStatus.ApplyAsync(context, "experiment", existing.Id, existing.ProjectId, existing.Status);
        var now = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentAsync(null, existing.Id, context.RequestAborted) ?? existing;
        var subjectId = input["subject_ID"] is { } other ? await NewSubjectAsync(context, now, other) : null;
        if (input.Fields.Count > 0 || input.Objects.Count > 0 || input.IsAuthoritative)
        {
            await context.RequestServices.GetRequiredService<ScriptRerun>().RunAsync(
                await RelabelledAsync(context, now, label, subjectId),
                () => context.RequestServices.GetRequiredService<ExperimentStore>().UpdateAsync(now, input, label, subjectId, ItemRequest.Event(context), context.RequestAborted),
                ItemRequest.Event(context), context.RequestAborted);
            now = await context.RequestServices.GetRequiredService<ArchiveBrowser>().ExperimentAsync(null, existing.Id, context.RequestAborted) ?? now;
        }

        await SessionActions.RunAsync(context, now, null);
        await Scope.AuditAsync(context, "experiment.change", existing.Id);
        return Results.Text(existing.Id);
    }

    private static async Task<IReadOnlyList<RelabelledSession>> RelabelledAsync(HttpContext context, ExperimentRow now, string? label, string? subjectId)
    {
        if (now.SessionId is not null || ((label ?? now.Label) == now.Label && (subjectId ?? now.SubjectId) == now.SubjectId))
        {
            return [];
        }

        var subject = subjectId is null ? null : await context.RequestServices.GetRequiredService<ArchiveBrowser>().SubjectAsync(null, subjectId, context.RequestAborted);
        return [new RelabelledSession(now.Id, now.ProjectId, subject?.Label ?? now.SubjectLabel, label ?? now.Label)];
    }

    private static async Task<string?> NewSubjectAsync(HttpContext context, ExperimentRow experiment, string named)
    {
        if (experiment.SessionId is not null || named == experiment.SubjectId || named == experiment.SubjectLabel)
        {
            return null;
        }

        var owner = await context.RequestServices.GetRequiredService<ProjectDirectory>().FindAsync(experiment.ProjectId, context.RequestAborted)
            ?? throw RequestRefusedException.NotFound("There is no such project.");
        return await SubjectIdAsync(context, owner, named, mayCreate: true);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context)
    {
        context.SignedIn();
        return await DeleteAsync(context, await OfRouteAsync(context, ProjectRights.Delete));
    }

    /// <summary>Deletes an experiment, or takes it out of a project that only shows it.</summary>
    public static async Task<IResult> DeleteAsync(HttpContext context, ExperimentRow row)
    {
        if (await ThroughAsync(context) is { } through && through != row.ProjectId)
        {
            await context.RequestServices.GetRequiredService<Sharing>().UnshareAsync(row, through, ItemRequest.Event(context), context.RequestAborted);
            await Scope.AuditAsync(context, "experiment.unshare", row.Id);
            return Results.Ok();
        }

        await context.RequestServices.GetRequiredService<ObjectRemoval>().DeleteAsync(row, ItemRequest.Flag(context, "removeFiles"), ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "experiment.delete", row.Id);
        return Results.Ok();
    }
}
