using Vesalius.Archive.ProjectEnds;
using Vesalius.Database;

namespace Vesalius.QueryRetrieve;

/// <summary>What query-retrieve holds of a project: requests with what identifies their patients, batches, its setting.</summary>
public sealed class RetrievalHoldings(VesaliusDatabase database, ImportQueue queue, TimeProvider time) : IProjectHoldings
{
    // A retrieval under way ends when its PACS lets go of it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private sealed record Counts(long Requests, long Instances, long Batches, long Settings);

    /// <inheritdoc/>
    public string Room => "query-retrieve";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Holding>> CountAsync(EndedProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        var counts = (await database.FindAsync<Counts>(
            """
            select (select count(*) from qr_request where project_id = @ProjectId) as requests,
                (select count(*) from qr_instance i join qr_request r on r.id = i.request_id where r.project_id = @ProjectId) as instances,
                (select count(*) from qr_batch where project_id = @ProjectId) as batches, (select count(*) from qr_project where project_id = @ProjectId) as settings
            """,
            new { project.ProjectId }, cancellationToken).ConfigureAwait(false))!;
        return [new("requests", counts.Requests), new("expected instances", counts.Instances), new("lists of requests", counts.Batches), new("settings", counts.Settings)];
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(EndedProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        var ids = (await database.QueryAsync<long>("select id from qr_request where project_id = @ProjectId", new { project.ProjectId }, cancellationToken).ConfigureAwait(false)).ToArray();
        if (ids.Length > 0)
        {
            await queue.KeepEndedAsync(ids, cancellationToken).ConfigureAwait(false);
            await queue.CancelAsync(ids, null, cancellationToken).ConfigureAwait(false);
            await WaitAsync(ids, cancellationToken).ConfigureAwait(false);
        }

        // One that still runs keeps its row until it has ended: its session would come back otherwise.
        await database.ExecuteAsync(
            """
            delete from qr_request r where project_id = @ProjectId and not exists (select 1 from jobs_job j where j.id = r.id and j.state <> 'ended');
            delete from qr_batch b where project_id = @ProjectId and not exists (select 1 from qr_request r where r.batch = b.id); delete from qr_project where project_id = @ProjectId
            """,
            new { project.ProjectId }, cancellationToken).ConfigureAwait(false);
    }

    private async Task WaitAsync(long[] ids, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + Patience;
        while (time.GetUtcNow() < until && await database.FindAsync<bool>(
            "select exists (select 1 from jobs_job where id = any (@ids) and state <> 'ended')", new { ids }, cancellationToken).ConfigureAwait(false))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken).ConfigureAwait(false);
        }
    }
}
