using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>The archive service (rest-api §14) and what it would meet (Q25).</summary>
internal static class ArchivingEndpoints
{
    public static void MapArchiving(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/data/services/archive", (Delegate)ArchiveAsync);
        endpoints.MapPost("/data/services/validate-archive", (Delegate)ValidateAsync);
    }

    /// <summary>What the parameter <c>overwrite</c> means.</summary>
    public static MergeMode Merge(string? overwrite) => overwrite switch
    {
        "append" => MergeMode.Append,
        "delete" or "override" or "overwrite" or "true" => MergeMode.Overwrite,
        _ => MergeMode.None,
    };

    /// <summary>How a refusal to archive is answered.</summary>
    public static RequestRefusedException Refusal(ArchivingException e) => new(e is SessionGoneException ? 404 : e.Status == PrearchiveStatus.Conflict ? 409 : 500, e.Message);

    private static async Task<ArchiveRequest> RequestAsync(HttpContext context, Func<string, string?> form, PrearchiveSession session)
    {
        var (project, subject, label) = Target(form, session);
        if (project is null or "Unassigned")
        {
            throw RequestRefusedException.BadRequest("The session is unassigned: name a project.");
        }

        var row = await Scope.ProjectAsync(context, project, ProjectRights.Create, invisible: 403);
        return new ArchiveRequest(row.Id, subject, label, Merge(form("overwrite")), RequestFlags.IsTrue(form("overwrite_files")), context.Caller().Login)
        {
            Quarantine = RequestFlags.IsTrue(form("quarantine")) || row.QuarantineCode == 1, Fields = await FieldsAsync(context),
        };
    }

    // Values such as xnat:mrSessionData/note, also with predicates: xnat:mrSessionData/scans/scan[0][@xsi:type=xnat:mrScanData]/type.
    private static async Task<Dictionary<string, string>> FieldsAsync(HttpContext context)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in context.Request.Query.Concat(form ?? Enumerable.Empty<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>>()))
        {
            var colon = key.IndexOf(':', StringComparison.Ordinal);
            var slash = key.IndexOf('/', StringComparison.Ordinal);
            if (colon > 0 && slash > colon && slash + 1 < key.Length)
            {
                fields.TryAdd(key[(slash + 1)..], value.ToString());
            }
        }

        return fields;
    }

    private static async Task<IResult> ArchiveAsync(HttpContext context)
    {
        context.SignedIn();
        var form = await PrearchiveEndpoints.FormAsync(context);
        var sessions = await PrearchiveEndpoints.SourcesAsync(context);
        var archiver = context.RequestServices.GetRequiredService<SessionArchiver>();
        var requests = new List<ArchiveRequest>();
        foreach (var session in sessions)
        {
            if (session.Status is PrearchiveStatus.Archiving or PrearchiveStatus.Moving or PrearchiveStatus.Deleting)
            {
                throw RequestRefusedException.Forbidden($"The session is {session.Status}.");
            }

            requests.Add(await RequestAsync(context, form, session));
        }

        var uris = new List<string>();
        for (var i = 0; i < sessions.Count; i++)
        {
            try
            {
                var archived = await archiver.ArchiveAsync(sessions[i].Id, requests[i], context.RequestAborted);
                await Scope.AuditAsync(context, "session.archive", archived.Id);
                uris.Add(archived.Uri);
            }
            catch (ArchivingException e)
            {
                // Of several, each has its own row that says what became of it.
                if (sessions.Count == 1)
                {
                    throw Refusal(e);
                }
            }
        }

        if (sessions.Count > 1)
        {
            return await PrearchiveEndpoints.StateAsync(context, sessions, left: PrearchiveStatus.Archiving);
        }

        if (RequestFlags.IsTrue(form("redirect")))
        {
            context.Response.Headers.Location = uris[0];
            return Results.Text(uris[0] + "\r\n", "text/uri-list", statusCode: 303);
        }

        return Results.Text(uris[0] + "\r\n", "text/uri-list");
    }

    private static async Task<IResult> ValidateAsync(HttpContext context)
    {
        context.SignedIn();
        var form = await PrearchiveEndpoints.FormAsync(context);
        if (await PrearchiveEndpoints.SourcesAsync(context) is not [var session])
        {
            throw RequestRefusedException.BadRequest("Name one session.");
        }

        var request = await RequestAsync(context, form, session);
        var table = new ResultTable("code", "type", "message") { HasTotalRecords = false };
        foreach (var problem in await context.RequestServices.GetRequiredService<SessionArchiver>().ProblemsAsync(session, request, context.RequestAborted))
        {
            table.Add("1", "CONFLICT", problem);
        }

        return new TableResult(table);
    }

    private static (string? Project, string Subject, string Label) Target(Func<string, string?> form, PrearchiveSession session)
    {
        var project = form("project") ?? session.ProjectId;
        var subject = form("subject") ?? session.Subject;
        var label = form("session") ?? form("experiment") ?? form("expt_id") ?? session.Label;
        if (form("dest") is { } dest)
        {
            var parts = dest.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
            for (var i = 0; i + 1 < parts.Length; i++)
            {
                project = parts[i] == "projects" ? parts[i + 1] : project;
                subject = parts[i] == "subjects" ? parts[i + 1] : subject;
                label = parts[i] == "experiments" ? parts[i + 1] : label;
            }
        }

        return (project, Label.From(subject), Label.From(label));
    }
}
