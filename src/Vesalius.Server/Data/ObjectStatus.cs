using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Archive.Life;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Status and history of projects, subjects and experiments (rest-api §1.10).</summary>
internal static class ObjectStatus
{
    private static readonly (string Flag, string Status)[] Flags =
    [
        ("activate", "active"), ("_unlock", "active"), ("quarantine", "quarantine"), ("_lock", "locked"), ("_obsolete", "obsolete"),
    ];

    public static void MapObjectStatus(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/projects/{project}/status", async (HttpContext context, string project) => Results.Text((await Scope.ProjectAsync(context, project, ProjectRights.Read)).Status));
        endpoints.MapGet("/data/projects/{project}/history", async (HttpContext context, string project) =>
            await HistoryAsync(context, "project", (await Scope.ProjectAsync(context, project, ProjectRights.Read)).Id));
        foreach (var address in (string[])["/data/projects/{project}/subjects/{subject}", "/data/subjects/{subject}"])
        {
            endpoints.MapGet(address + "/status", async (HttpContext context, string subject) =>
                Results.Text((await Scope.SubjectAsync(context, Experiments.Route(context, "project"), subject, ProjectRights.Read)).Status));
            endpoints.MapGet(address + "/history", async (HttpContext context, string subject) =>
                await HistoryAsync(context, "subject", (await Scope.SubjectAsync(context, Experiments.Route(context, "project"), subject, ProjectRights.Read)).Id));
        }

        foreach (var address in Experiments.AllAddresses)
        {
            endpoints.MapGet(address + "/status", async (HttpContext context, string experiment) => Results.Text((await Experiments.OfRouteAsync(context, ProjectRights.Read)).Status));
            endpoints.MapGet(address + "/history", async (HttpContext context, string experiment) =>
                await HistoryAsync(context, "experiment", (await Experiments.OfRouteAsync(context, ProjectRights.Read)).Id));
            endpoints.MapGet(address + "/scans/{scan}/history", async (HttpContext context, string scan) =>
            {
                var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
                return await HistoryAsync(context, "scan", $"{session.Id}/{(await Scope.ScansAsync(context, session, scan))[0].Id}");
            });
        }
    }

    /// <summary>Change sets of an object.</summary>
    public static async Task<IResult> HistoryAsync(HttpContext context, string kind, string id)
    {
        var sets = new JsonArray();
        foreach (var row in await context.RequestServices.GetRequiredService<ChangeHistory>().ListAsync(kind, id, context.RequestAborted))
        {
            sets.Add(new JsonObject
            {
                ["id"] = row.Id, ["date"] = row.At.ToString("yyyy-MM-dd HH:mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture), ["user"] = row.Login, ["event"] = row.Event,
                ["type"] = row.EventType, ["reason"] = row.Reason, ["comment"] = row.Comment, ["changes"] = JsonNode.Parse(row.Fields),
            });
        }

        return Results.Text(JsonSerializer.Serialize(new JsonObject { ["changesets"] = sets }), "application/json");
    }

    /// <summary>Whether the request asks for another status.</summary>
    public static bool Asks(HttpContext context) => Flags.Any(f => ItemRequest.Flag(context, f.Flag));

    /// <summary>Changes the status as the request asks; the caller's right to edit is checked already, which includes this.</summary>
    public static async Task ApplyAsync(HttpContext context, string kind, string id, string projectId, string status)
    {
        foreach (var (_, wanted) in Flags.Where(f => ItemRequest.Flag(context, f.Flag)))
        {
            if (wanted != status)
            {
                await context.RequestServices.GetRequiredService<ObjectRemoval>().SetStatusAsync(kind, id, projectId, status, wanted, ItemRequest.Event(context), context.RequestAborted);
                await Scope.AuditAsync(context, $"{kind}.status.{wanted}", id);
                status = wanted;
            }
        }
    }
}
