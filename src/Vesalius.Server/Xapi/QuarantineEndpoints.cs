using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/quarantine</c>: objects that could not be de-identified. Administrators see all, owners those of their projects (R10).</summary>
internal static class QuarantineEndpoints
{
    private const string Prefix = "/xapi/quarantine";
    private const int Page = 1000;
    private const int MostPage = 10_000;

    public static void MapQuarantine(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Prefix, (Delegate)ListAsync);
        endpoints.MapGet(Prefix + "/{id:guid}", async (HttpContext context, Guid id) => Results.Json(await FindAsync(context, id), DeidentificationEndpoints.Json));
        endpoints.MapGet(Prefix + "/{id:guid}/attributes", (Delegate)InspectAsync);
        endpoints.MapPost(Prefix + "/{id:guid}/retry", async (HttpContext context, Guid id) => Single(await RetryAsync(context, [await FindAsync(context, id)])));
        endpoints.MapPost(Prefix + "/retry", (Delegate)(async (HttpContext context) => Several(await RetryAsync(context, await ChosenAsync(context)))));
        endpoints.MapDelete(Prefix + "/{id:guid}", async (HttpContext context, Guid id) =>
        {
            await RemoveAsync(context, [await FindAsync(context, id)]);
            return Results.Ok();
        });
        endpoints.MapPost(Prefix + "/delete", (Delegate)(async (HttpContext context) =>
        {
            var chosen = await ChosenAsync(context);
            await RemoveAsync(context, chosen);
            return Results.Json(new { deleted = chosen.Select(q => q.Id) });
        }));
    }

    // Null: all projects, and what belongs to none.
    private static async Task<IReadOnlyCollection<string>?> ProjectsAsync(HttpContext context)
    {
        var caller = context.SignedIn();
        if (caller.IsSiteAdministrator)
        {
            return null;
        }

        var own = await context.RequestServices.GetRequiredService<ProjectAccess>().ProjectsWithAsync(caller, ProjectRights.Manage, context.RequestAborted);
        return own.Count > 0 ? own : throw RequestRefusedException.Forbidden("The quarantine is for administrators and for owners of projects.");
    }

    private static async Task<IResult> ListAsync(HttpContext context, QuarantineStore quarantine)
    {
        var query = context.Request.Query;
        var projects = await ProjectsAsync(context);
        var project = query["project"].FirstOrDefault();
        if (project is not null)
        {
            projects = projects is null || projects.Contains(project) ? [project] : throw RequestRefusedException.Forbidden("You may not see the quarantine of this project.");
        }

        var selection = Selection(projects, null, query["session"].FirstOrDefault(), query["experiment"].FirstOrDefault(), query["study"].FirstOrDefault()) with { Scope = query["scope"].FirstOrDefault() };
        return Results.Json(await quarantine.ListAsync(selection, Number(query["offset"], 0, int.MaxValue), Number(query["limit"], Page, MostPage), context.RequestAborted), DeidentificationEndpoints.Json);
    }

    private static int Number(string? text, int absent, int most) =>
        string.IsNullOrEmpty(text) ? absent : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number : throw RequestRefusedException.BadRequest($"offset and limit are whole numbers, limit at most {MostPage}.");

    private static QuarantineSelection Selection(IReadOnlyCollection<string>? projects, IReadOnlyCollection<Guid>? ids, string? session, string? experiment, string? study)
    {
        long? key = null;
        if (session is not null)
        {
            key = long.TryParse(session, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw RequestRefusedException.BadRequest("session is the number of a prearchive session.");
        }

        if (study is not null && (study.Length is 0 or > 64 || study.Length % 2 != 0 || !study.All(char.IsAsciiHexDigit)))
        {
            throw RequestRefusedException.BadRequest("study is what the list gives for it.");
        }

        return new QuarantineSelection(projects, ids, key, experiment, study);
    }

    // Not there and not yours read alike.
    private static async Task<QuarantinedObject> FindAsync(HttpContext context, Guid id)
    {
        var projects = await ProjectsAsync(context);
        var found = await context.RequestServices.GetRequiredService<QuarantineStore>().FindAsync(id, context.RequestAborted);
        return found is not null && (projects is null || (found.ProjectId is { } project && projects.Contains(project)))
            ? found : throw RequestRefusedException.NotFound("There is no such object in quarantine.");
    }

    private static async Task<IResult> InspectAsync(HttpContext context, Guid id, QuarantineInspection inspection)
    {
        var found = await FindAsync(context, id);
        try
        {
            var look = await inspection.LookAsync(found.Id, context.RequestAborted);
            await Scope.AuditAsync(context, "quarantine.inspect", $"{id}");
            return Results.Json(new { id, transferSyntax = look.TransferSyntax, truncated = look.IsTruncated, attributes = look.Attributes }, DeidentificationEndpoints.Json);
        }
        catch (NotRetriableException e)
        {
            throw RequestRefusedException.Conflict(e.Message);
        }
    }

    private sealed record Choice(IReadOnlyList<Guid>? Ids, long? Session, string? Experiment, string? Study);

    private static async Task<IReadOnlyList<QuarantinedObject>> ChosenAsync(HttpContext context)
    {
        var projects = await ProjectsAsync(context);
        var choice = await RequestJson.ReadAsync<Choice>(context);
        var selection = Selection(projects, choice.Ids, choice.Session?.ToString(CultureInfo.InvariantCulture), choice.Experiment, choice.Study);
        if (!selection.IsNarrow)
        {
            throw RequestRefusedException.BadRequest("Name ids, a session, an experiment or a study.");
        }

        var found = await context.RequestServices.GetRequiredService<QuarantineStore>().ListAsync(selection, 0, MostPage, context.RequestAborted);
        return found.Count > 0 ? found : throw RequestRefusedException.NotFound("There is no such object in quarantine.");
    }

    private static async Task RemoveAsync(HttpContext context, IReadOnlyList<QuarantinedObject> objects)
    {
        var quarantine = context.RequestServices.GetRequiredService<QuarantineStore>();
        foreach (var item in objects)
        {
            // The trail first: what cannot be written down is not deleted.
            await Scope.AuditAsync(context, "quarantine.delete", $"{item.Id} {item.ProjectId}");
            await quarantine.RemoveAsync(item.Id, CancellationToken.None);
        }
    }

    private static async Task<(IReadOnlyList<RetriedObject> Objects, IReadOnlyList<RetriedSession> Sessions)> RetryAsync(HttpContext context, IReadOnlyList<QuarantinedObject> objects)
    {
        var result = await context.RequestServices.GetRequiredService<QuarantineRetry>().RetryAsync(objects, context.Caller().Login, context.RequestAborted);
        foreach (var item in result.Objects)
        {
            await Scope.AuditAsync(context, "quarantine.retry", $"{item.Id} {item.Outcome}");
        }

        return result;
    }

    private static object View(RetriedObject item) => new
    {
        id = item.Id, outcome = item.Outcome.ToString(), session = item.SessionId, reason = View(item.Reason),
    };

    private static object? View(QuarantineReason? r) =>
        r is null ? null : new { scope = r.Scope, kind = r.Kind, scriptNumber = r.ScriptNumber, line = r.Line, position = r.Column, statement = r.Statement, reason = r.Reason };

    private static object View(RetriedSession session) => new { session = session.SessionId, archived = session.Archived?.Uri, reason = session.Reason };

    private static IResult Single((IReadOnlyList<RetriedObject> Objects, IReadOnlyList<RetriedSession> Sessions) result)
    {
        var item = result.Objects[0];
        if (!item.IsTried)
        {
            throw RequestRefusedException.Conflict(item.Reason!.Reason);
        }

        return Results.Json(
            new { id = item.Id, outcome = item.Outcome.ToString(), session = item.SessionId, reason = View(item.Reason), archived = result.Sessions.Select(View) }, DeidentificationEndpoints.Json);
    }

    private static IResult Several((IReadOnlyList<RetriedObject> Objects, IReadOnlyList<RetriedSession> Sessions) result) =>
        Results.Json(new { objects = result.Objects.Select(View), archived = result.Sessions.Select(View) }, DeidentificationEndpoints.Json);
}
