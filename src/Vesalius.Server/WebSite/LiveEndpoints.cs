using System.Net.ServerSentEvents;
using Vesalius.Access;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.WebSite;

/// <summary>What the site shows while it changes: events that say that something changed, and the prearchive with its counts.</summary>
internal static class LiveEndpoints
{
    public static void MapLive(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/vesalius/changes", (HttpContext context, LiveChanges changes, IHostApplicationLifetime lifetime) =>
        {
            context.SignedIn();
            var asked = context.Request.Query["topics"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().ToList();
            if (asked.Count == 0 || asked.Exists(t => !changes.Names.Contains(t)))
            {
                throw RequestRefusedException.BadRequest($"The parameter topics names one or more of: {string.Join(", ", changes.Names)}.");
            }

            return TypedResults.ServerSentEvents(EventsAsync(changes, asked, lifetime.ApplicationStopping, context.RequestAborted));
        }).WithSummary("Server-sent events that say which topics have changed; they carry no data of them.");
        endpoints.MapGet("/xapi/vesalius/prearchive", async (HttpContext context, PrearchiveOverview overview, ProjectAccess access) =>
        {
            await context.RequestServices.GetRequiredService<Vesalius.Prearchive.SessionGates>().SettleAsync(context.RequestAborted);
            var caller = context.SignedIn();
            var own = (await access.ProjectsWithAsync(caller, ProjectRights.Create, context.RequestAborted)).ToHashSet(StringComparer.Ordinal);
            if (caller.IsSiteAdministrator || caller.HasAllDataAdministration || caller.HasAllDataAccess)
            {
                own.Add("Unassigned");
            }

            return Results.Json((await overview.ListAsync(context.RequestAborted)).Where(r => own.Contains(r.Project)));
        }).WithSummary("Sessions of the prearchive that the caller may work on, with counts, sizes and problems.");
    }

    private static async IAsyncEnumerable<SseItem<string>> EventsAsync(
        LiveChanges changes, IReadOnlyCollection<string> topics, CancellationToken stopping, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A stream without end would hold up the server's own end.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        await foreach (var topic in changes.FollowAsync(topics, end.Token).ConfigureAwait(false))
        {
            yield return new SseItem<string>(topic);
        }
    }
}
