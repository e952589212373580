using System.Globalization;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Sessions on their way straight to the archive (xapi B.8, rest-api W1 to W4). One that fails turns into an ordinary prearchive session.</summary>
internal static class DirectArchive
{
    /// <summary>Address of a session; a POST to it archives the session now.</summary>
    public static string AddressOf(PrearchiveSession session) => $"/xapi/direct-archive/{session.ProjectId}/{session.StudyInstanceUid}/{session.Label}";

    public static void MapDirectArchive(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/xapi/direct-archive", (Delegate)ListAsync);
        endpoints.MapGet("/xapi/direct-archive/{project}/{tag}/{name}", async (HttpContext context, string project, string tag, string name) =>
            Results.Json(View(await FindAsync(context, project, tag, name, ProjectRights.Read))));
        endpoints.MapPost("/xapi/direct-archive/{project}/{tag}/{name}", async (HttpContext context, string project, string tag, string name, SessionArchiver archiver, IdleSessionService idle) =>
        {
            var session = await FindAsync(context, project, tag, name, ProjectRights.Edit);
            try
            {
                foreach (var built in await archiver.BuildAsync(session.Id, context.RequestAborted))
                {
                    await idle.ArchiveIfWantedAsync(built, context.RequestAborted);
                }

                return Results.Ok();
            }
            catch (ArchivingException e)
            {
                throw ArchivingEndpoints.Refusal(e);
            }
        });
        endpoints.MapDelete("/xapi/direct-archive/{id:long}", async (HttpContext context, long id, PrearchiveStore store, SessionGates gates) =>
        {
            context.SignedIn();
            var session = await store.FindAsync(id, context.RequestAborted) is { DirectArchive: true, ProjectId: not null } found ? found
                : throw (context.Caller().IsSiteAdministrator ? RequestRefusedException.NotFound($"There is no session {id}.") : RequestRefusedException.Forbidden());
            await Scope.ProjectAsync(context, session.ProjectId!, ProjectRights.Delete, invisible: 403);
            using var alone = await gates.CloseAsync(id, context.RequestAborted);
            await store.RemoveAsync(session, CancellationToken.None);
            await Scope.AuditAsync(context, "directArchive.delete", $"{id}");
            return Results.Ok();
        });
    }

    private static async Task<PrearchiveSession> FindAsync(HttpContext context, string project, string tag, string name, ProjectRights needed)
    {
        context.SignedIn();
        var row = await Scope.ProjectAsync(context, project, needed, invisible: 403);
        return (await context.RequestServices.GetRequiredService<PrearchiveStore>().ListAsync(context.RequestAborted))
            .FirstOrDefault(s => s.DirectArchive && s.ProjectId == row.Id && s.StudyInstanceUid == tag && s.Label == name) ?? throw RequestRefusedException.NotFound("There is no such session.");
    }

    private static Dictionary<string, object?> View(PrearchiveSession s) => new()
    {
        ["id"] = s.Id, ["project"] = s.ProjectId, ["subject"] = s.Subject, ["name"] = s.Label, ["folderName"] = s.Folder, ["tag"] = s.StudyInstanceUid, ["status"] = s.Status,
        ["scanDate"] = s.ScanDate?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ["uploadDate"] = Milliseconds(s.Uploaded), ["lastBuiltDate"] = Milliseconds(s.LastModified),
        ["location"] = "", ["source"] = s.Source, ["visit"] = s.Visit, ["protocol"] = s.Protocol, ["timeZone"] = s.Timezone, ["url"] = AddressOf(s),
    };

    private static long Milliseconds(DateTime at) => new DateTimeOffset(at.ToUniversalTime()).ToUnixTimeMilliseconds();

    private static async Task<IResult> ListAsync(HttpContext context)
    {
        context.SignedIn();
        var page = await PageRequest.ReadAsync(context, "lastBuiltDate");
        var readable = (await Scope.ReadableAsync(context)).ToHashSet(StringComparer.Ordinal);
        var rows = (await context.RequestServices.GetRequiredService<PrearchiveStore>().ListAsync(context.RequestAborted))
            .Where(s => s.DirectArchive && s.ProjectId is not null && readable.Contains(s.ProjectId)).Select(View);
        return Results.Json(page.Of(rows));
    }
}
