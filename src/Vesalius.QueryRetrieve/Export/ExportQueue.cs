using System.Globalization;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Database;
using Vesalius.Jobs;

namespace Vesalius.QueryRetrieve;

/// <summary>Scans that are to be sent to a PACS. Names nothing but our own keys.</summary>
/// <param name="SessionId">ID of the session.</param>
/// <param name="ProjectId">Project that owns it.</param>
/// <param name="XsiType">Its type.</param>
/// <param name="Scans">Keys of its scans.</param>
/// <param name="Workflow">Workflow that shows how far it is.</param>
internal sealed record ExportOrder(string SessionId, string ProjectId, string XsiType, long[] Scans, long Workflow);

/// <summary>Takes sessions that are to be sent to a PACS (xapi A.10). What becomes of each shows its workflow.</summary>
public sealed class ExportQueue(JobStore jobs, WorkflowDirectory workflows, VesaliusDatabase database, TimeProvider time)
{
    /// <summary>Kind of the jobs.</summary>
    public const string JobKind = "export";

    /// <summary>Name of the workflow.</summary>
    public const string Pipeline = "EXPORT_TO_PACS_REQUEST";

    /// <summary>Takes scans of a session. When this returns the order is durable.</summary>
    /// <param name="pacs">Where to.</param>
    /// <param name="session">ID of the session, project that owns it, and its type.</param>
    /// <param name="scans">Keys of the scans.</param>
    /// <param name="user">Who asked.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Key of the workflow.</returns>
    public async Task<long> AddAsync(Pacs pacs, (string Id, string ProjectId, string XsiType) session, IReadOnlyList<long> scans, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pacs);
        ArgumentNullException.ThrowIfNull(scans);
        var (id, projectId, type) = session;
        long? workflow = null;
        // Number, start and name together are the workflow's identity: of two orders in one millisecond the later takes the next.
        for (var at = time.GetUtcNow(); workflow is null; at = at.AddMilliseconds(1))
        {
            workflow = await workflows.CreateAsync(
                id, projectId, type, Pipeline, at.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture), "Queued",
                new Dictionary<string, string> { ["details"] = $"To PACS {pacs.Id}, {scans.Count} scans" }, user, cancellationToken).ConfigureAwait(false);
        }

        await database.InTransactionAsync(async (connection, transaction) =>
        {
            await jobs.AddAsync(
                [new NewJob(JobKind, JobStore.LaneOf(JobKind, pacs.Id), JsonSerializer.Serialize(new ExportOrder(id, projectId, type, [.. scans], workflow.Value)))],
                connection, transaction).ConfigureAwait(false);
            return 0;
        }, cancellationToken).ConfigureAwait(false);
        return workflow.Value;
    }
}
