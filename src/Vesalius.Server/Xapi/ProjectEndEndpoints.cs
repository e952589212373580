using System.Text;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive.Life;
using Vesalius.Archive.ProjectEnds;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Ends of projects and their proof reports (ours; R22).</summary>
internal static class ProjectEndEndpoints
{
    public static void MapProjectEnds(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/xapi/projects/{project}/end", (HttpContext context, string project, ProjectEnds ends) => EndConfirmedAsync(context, project, ends));
        endpoints.MapGet("/xapi/project-ends", async (HttpContext context, ProjectEnds ends) =>
        {
            var caller = context.SignedIn();
            return Results.Json((await ends.ListAsync(caller.IsSiteAdministrator ? null : caller.Login, context.RequestAborted)).Select(View));
        });
        endpoints.MapGet("/xapi/project-ends/{id:guid}", async (HttpContext context, Guid id, ProjectEnds ends) =>
        {
            var end = await FindAsync(context, id, ends);
            var report = end.Report is null ? null : ProjectEndReport.FromJson(end.Report);
            return context.Request.Query["format"].ToString() switch
            {
                // Byte for byte what was hashed.
                "" or "json" when end.Report is not null => File(context, end, Encoding.UTF8.GetBytes(end.Report), "application/json", "json"),
                "" or "json" => Results.Json(View(end)),
                "html" when report is not null => File(context, end, Encoding.UTF8.GetBytes(report.ToHtml(end.Sha256!)), "text/html; charset=utf-8", null),
                "csv" when report is not null => File(context, end, Encoding.UTF8.GetBytes(report.ToCsv()), "text/csv; charset=utf-8", "csv"),
                "html" or "csv" => throw RequestRefusedException.Conflict("The end is under way: there is no report yet."),
                _ => throw RequestRefusedException.BadRequest("The format is json, html or csv."),
            };
        });
        endpoints.MapPost("/xapi/project-ends/{id:guid}/verify", async (HttpContext context, Guid id, ProjectEnds ends) =>
        {
            var end = await FindAsync(context, id, ends);
            // What was interrupted or left something is finished first.
            end = await ends.ContinueAsync(end.Id, CancellationToken.None);
            var found = await ends.VerifyAsync(end, context.RequestAborted);
            return Results.Json(new
            {
                id = end.Id, project = end.ProjectId, state = end.State, sha256 = end.Sha256, reportUnchanged = found.IsUnchanged, auditRow = found.AuditRow, auditChainWhole = found.IsChainWhole,
                idIsReserved = found.IdIsReserved, nothingLeft = found.Left.All(l => l.Left == 0 || l.IsKept),
                left = found.Left.Where(l => l.Left > 0).Select(l => new { room = l.Room, kind = l.Kind, left = l.Left, kept = l.IsKept }),
            });
        });
    }

    private static object View(ProjectEnd end) => new
    {
        id = end.Id, project = end.ProjectId, started = end.Started, finished = end.Finished, endedBy = end.Login, reason = end.Reason, keepsFiles = end.KeepsFiles, state = end.State,
        sha256 = end.Sha256, report = end.Report is null ? null : $"/xapi/project-ends/{end.Id}",
    };

    private static IResult File(HttpContext context, ProjectEnd end, byte[] content, string type, string? extension)
    {
        context.Response.Headers.Append("X-Report-SHA256", end.Sha256);
        return extension is null ? Results.Bytes(content, type) : Results.Bytes(content, type, $"end-of-{end.ProjectId}.{extension}");
    }

    // Whoever ended it, and administrators: others do not learn that there was such a project.
    private static async Task<ProjectEnd> FindAsync(HttpContext context, Guid id, ProjectEnds ends)
    {
        var caller = context.SignedIn();
        return await ends.FindAsync(id, context.RequestAborted) is { } end && (caller.IsSiteAdministrator || end.Login == caller.Login)
            ? end : throw RequestRefusedException.NotFound("There is no such report.");
    }

    private static async Task<IResult> EndConfirmedAsync(HttpContext context, string project, ProjectEnds ends)
    {
        context.SignedIn();
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Delete | ProjectRights.Manage, invisible: 403);
        var (confirm, reason, keepsFiles) = await ReadAsync(context);
        if (confirm != row.Id)
        {
            throw RequestRefusedException.BadRequest("Say which project you mean: \"confirm\" has to be its ID.");
        }

        return Results.Json(View(await EndAsync(context, row.Id, ends, keepsFiles, new ChangeEvent(context.Caller().Login, Reason: reason))));
    }

    private static async Task<(string Confirm, string Reason, bool KeepsFiles)> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        try
        {
            using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
            string Text(string name) => json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
            var reason = string.Concat(Text("reason").Where(c => !char.IsControl(c)));
            return reason.Length <= 500
                ? (Text("confirm"), reason, json.RootElement.TryGetProperty("keepFiles", out var keep) && keep.ValueKind == JsonValueKind.True)
                : throw RequestRefusedException.BadRequest("The reason has at most 500 characters.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON object: {\"confirm\": \"PROJECT\", \"reason\": \"…\", \"keepFiles\": false}.");
        }
    }

    /// <summary>Ends a project for a caller who may.</summary>
    public static async Task<ProjectEnd> EndAsync(HttpContext context, string project, ProjectEnds ends, bool keepsFiles, ChangeEvent change)
    {
        context.SignedIn();
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Delete | ProjectRights.Manage);
        var end = await ends.EndAsync(row.Id, keepsFiles, context.Caller().Login, context.Address(), change, context.RequestAborted);
        // The trail has its row with the report's hash.
        AuditMiddleware.Written(context);
        return end;
    }
}
