using System.Text.Json;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Requests to import from the server's inbox: taken by the import service (rest-api §13.2), listed below <c>/xapi/dicom</c> (xapi G.3).</summary>
internal static class Inbox
{
    // What the import service reads; nothing else of a request is kept.
    private static readonly HashSet<string> Names =
    [
        "dest", "destination", "project", "PROJECT_ID", "subject", "SUBJECT_ID", "session", "EXPT_LABEL", "experiment", "expt_id", "overwrite", "override", "overwrite_files", "rename",
        "Direct-Archive", "direct-archive", "AA", "auto-archive", "autoArchive", "prevent_anon", "prevent_auto_commit", "prearchive_code", "quarantine", "action", "SOURCE", "VISIT", "PROTOCOL", "TIMEZONE",
    ];

    public static void MapInbox(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/dicom/list/active", (HttpContext context, InboxRequests requests) => ListAsync(context, requests, activeOnly: true));
        endpoints.MapGet("/xapi/dicom/list/all", (HttpContext context, InboxRequests requests) => ListAsync(context, requests, activeOnly: false));
        endpoints.MapGet("/xapi/dicom/{id:long}", async (HttpContext context, InboxRequests requests, long id) =>
        {
            var caller = context.SignedIn();
            var request = await requests.FindAsync(id, context.RequestAborted);
            // Another's is none.
            return request is not null && (caller.IsSiteAdministrator || request.Username == caller.Login)
                ? Results.Json(View(request, caller.IsSiteAdministrator ? await PlacesAsync(context, request) : []))
                : throw RequestRefusedException.NotFound($"There is no inbox import {id} of yours.");
        });
    }

    private static async Task<IResult> ListAsync(HttpContext context, InboxRequests requests, bool activeOnly)
    {
        var caller = context.SignedIn();
        return Results.Json((await requests.ListAsync(caller.IsSiteAdministrator ? null : caller.Login, activeOnly, context.RequestAborted)).Select(r => View(r, null)));
    }

    /// <summary>Takes a request; the work is done later, by <see cref="InboxImport"/>.</summary>
    /// <exception cref="RequestRefusedException">The caller is no administrator (403), or what is asked for cannot be done.</exception>
    public static async Task<IResult> AcceptAsync(HttpContext context, UploadRequest request)
    {
        // The server's own disk is looked at: nothing for everybody.
        var caller = context.Administrator();
        // As in XNAT, a session without a path names the folder too.
        var given = request["path"] ?? request["session"] ?? throw RequestRefusedException.BadRequest("path is missing.");
        var path = Path.GetRelativePath(Path.GetFullPath(await ServerFiles.InboxAsync(context)), await ServerFiles.ResolveAsync(context, given));
        var plan = await ImportService.PlanAsync(context, request, "inbox");
        var queue = request["http-session-listener", "listenerControl", "transaction"] is { Length: <= 200 } named ? named : null;
        var cleans = request["cleanupAfterImport"] is not { } cleanup || RequestFlags.IsTrue(cleanup);
        var project = plan.Source.Given.ProjectId is { } id and not "Unassigned" ? id : null;
        var key = await context.RequestServices.GetRequiredService<InboxRequests>().AddAsync(
            new NewInboxRequest(caller.Login, project, path, request.Parameters(Names), cleans, queue), context.RequestAborted);
        await Scope.AuditAsync(context, "import.inbox", $"{key}");
        return Results.Text($"/xapi/dicom/{key}\r\n", "text/uri-list");
    }

    private static async Task<List<string>> PlacesAsync(HttpContext context, InboxRequest request)
    {
        var places = new List<string>();
        foreach (var session in request.Progress.Sessions)
        {
            var waiting = await context.RequestServices.GetRequiredService<PrearchiveStore>().FindAsync(session, context.RequestAborted);
            var place = waiting is not null ? "/data" + waiting.Url : (await context.RequestServices.GetRequiredService<SessionArchiver>().WhereaboutsAsync(session, context.RequestAborted))?.Uri;
            if (place is not null && !places.Contains(place))
            {
                places.Add(place);
            }
        }

        return places;
    }

    // The names of XNAT's rows, and how much of what was found came where.
    private static Dictionary<string, object?> View(InboxRequest request, List<string>? places)
    {
        var view = new Dictionary<string, object?>
        {
            ["id"] = request.Id, ["enabled"] = true, ["created"] = Milliseconds(request.Created), ["timestamp"] = Milliseconds(request.Changed), ["disabled"] = 0,
            ["username"] = request.Username, ["sessionPath"] = request.Path, ["parameters"] = request.Parameters, ["cleanupAfterImport"] = request.Cleanup,
            ["status"] = request.Status, ["resolution"] = request.Reason.Length > 0 ? request.Reason : null,
            ["files"] = request.Progress.Files, ["read"] = request.Progress.Read, ["skipped"] = request.Progress.Skipped, ["stored"] = request.Progress.Stored,
            ["quarantined"] = request.Progress.Quarantined, ["rejected"] = request.Progress.Rejected, ["refused"] = request.Progress.Refused,
        };
        if (places is not null)
        {
            view["uris"] = places;
        }

        return view;
    }

    private static long Milliseconds(DateTime at) => new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)).ToUnixTimeMilliseconds();
}
