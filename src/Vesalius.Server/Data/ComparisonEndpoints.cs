using System.Text.Json;
using System.Text.Json.Serialization;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>A prearchive session beside the archived one of its label: our own address below XNAT's (R9).</summary>
internal static class ComparisonEndpoints
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>Maps the comparison below the address of a prearchive session.</summary>
    public static void MapComparison(this IEndpointRouteBuilder endpoints, string place) =>
        endpoints.MapGet(place + "/comparison", (Delegate)CompareAsync).WithSummary("What would be merged if the session entered the archived one of its label: scans and instances of both sides, compared by UID and checksum.");

    private static async Task<IResult> CompareAsync(HttpContext context, SessionComparer comparer, ArchiveSessions sessions)
    {
        var session = await PrearchiveEndpoints.OfRouteAsync(context);
        if (session.ProjectId is not { } project)
        {
            throw RequestRefusedException.BadRequest("The session is unassigned: move it to a project, then there is something to compare it with.");
        }

        if (await sessions.FindAsync(project, session.Label, context.RequestAborted) is not null)
        {
            // Who may not read sessions of its type learns nothing of what it holds.
            await Scope.ExperimentAsync(context, project, session.Label, ProjectRights.Read);
        }

        try
        {
            return Results.Json(await comparer.CompareAsync(session, new ArchiveRequest(project, session.Subject, session.Label, MergeMode.Append, false, context.Caller().Login), context.RequestAborted), Json);
        }
        catch (ArchivingException e)
        {
            throw ArchivingEndpoints.Refusal(e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw RequestRefusedException.Conflict("The session changed while it was compared. Look again.");
        }
    }
}
