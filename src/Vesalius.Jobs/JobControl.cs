using Dapper;
using Vesalius.Database;

namespace Vesalius.Jobs;

/// <summary>Pauses, resumes, cancels and reorders jobs: some of them, or whole batches.</summary>
/// <remarks>A running job gets a wish, which its node fulfils within a heartbeat.</remarks>
public sealed class JobControl(VesaliusDatabase database, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    // Either keys or a batch.
    private const string Chosen = "(id = any (@ids) or batch = @batch)";

    /// <summary>Pauses jobs that have not ended.</summary>
    /// <returns>Jobs changed.</returns>
    public Task<int> PauseAsync(long[] ids, Guid? batch, CancellationToken cancellationToken) => ChangeAsync(
        $"""
        update jobs_job set state = case when state = 'running' then state else 'paused' end, wish = case when state = 'running' then 'pause' end, changed = @now
        where {Chosen} and state in ('queued', 'waiting', 'running') and wish is distinct from 'cancel'
        """, ids, batch, cancellationToken);

    /// <summary>Resumes paused jobs.</summary>
    /// <returns>Jobs changed.</returns>
    public Task<int> ResumeAsync(long[] ids, Guid? batch, CancellationToken cancellationToken) => ChangeAsync(
        $"""
        update jobs_job set state = case when state = 'running' then state when not_before > @now then 'waiting' else 'queued' end, wish = null, changed = @now
        where {Chosen} and (state = 'paused' or (state = 'running' and wish = 'pause'))
        """, ids, batch, cancellationToken);

    /// <summary>Cancels jobs that have not ended. Those that run end a little later.</summary>
    /// <returns>Jobs changed.</returns>
    public Task<int> CancelAsync(long[] ids, Guid? batch, CancellationToken cancellationToken) => ChangeAsync(
        $"""
        update jobs_job set state = case when state = 'running' then state else 'ended' end, wish = case when state = 'running' then 'cancel' end,
            outcome = case when state = 'running' then outcome else 'cancelled' end, ended = case when state = 'running' then null else @now end, changed = @now
        where {Chosen} and state <> 'ended'
        """, ids, batch, cancellationToken);

    /// <summary>Gives jobs that have not ended another priority.</summary>
    /// <returns>Jobs changed.</returns>
    public Task<int> PrioritiseAsync(long[] ids, Guid? batch, int priority, CancellationToken cancellationToken) => ChangeAsync(
        $"update jobs_job set priority = @priority, changed = @now where {Chosen} and state <> 'ended'", ids, batch, cancellationToken, priority);

    /// <summary>Runs jobs again that ended with one of some outcomes, as if they were new.</summary>
    /// <returns>Jobs changed.</returns>
    public Task<int> AgainAsync(long[] ids, Guid? batch, string[] outcomes, CancellationToken cancellationToken) => ChangeAsync(
        $"""
        update jobs_job set state = 'queued', outcome = null, ended = null, reason = '', attempts = 0, interruptions = 0, not_before = null, wish = null, changed = @now
        where {Chosen} and state = 'ended' and outcome = any (@outcomes)
        """, ids, batch, cancellationToken, outcomes: outcomes);

    /// <summary>Changes how a job ended, where something new has come to light. Does nothing if it ended otherwise, or runs again.</summary>
    public Task<int> ReviseAsync(long id, string from, string to, string reason, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update jobs_job set outcome = @to, reason = @reason, changed = @now where id = @id and state = 'ended' and outcome = @from", new { id, from, to, reason, now = Now }, cancellationToken);

    private Task<int> ChangeAsync(string sql, long[] ids, Guid? batch, CancellationToken cancellationToken, int priority = 0, string[]? outcomes = null) =>
        database.InTransactionAsync(async (connection, transaction) =>
        {
            var changed = await connection.ExecuteAsync(sql, new { ids, batch, now = Now, priority, outcomes }, transaction).ConfigureAwait(false);
            await connection.ExecuteAsync("select pg_notify(@Channel, '')", new { JobStore.Channel }, transaction).ConfigureAwait(false);
            return changed;
        }, cancellationToken);

    /// <summary>All jobs that have not ended, and those that ended lately, counted by what they are doing.</summary>
    /// <param name="endedSince">Since when an ended job counts.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<JobCount>> OverviewAsync(DateTimeOffset endedSince, CancellationToken cancellationToken) => database.QueryAsync<JobCount>(
        """
        select kind, lane, coalesce(outcome, state) as state, count(*) as count, min(changed) as oldest from jobs_job
        where state <> 'ended' or ended >= @endedSince group by 1, 2, 3 order by 1, 2, 3
        """,
        new { endedSince }, cancellationToken);

    /// <summary>Why the job of a batch waits that was tried last; null if none waits that was tried.</summary>
    public Task<string?> WaitsForAsync(Guid batch, CancellationToken cancellationToken) => database.FindAsync<string>(
        "select reason from jobs_job where batch = @batch and state in ('queued', 'waiting') and reason <> '' order by changed desc limit 1", new { batch }, cancellationToken);

    /// <summary>Counts of a batch's jobs by what they are doing.</summary>
    public Task<IReadOnlyList<(string State, string Phase, string? Outcome, long Count)>> CountAsync(Guid batch, CancellationToken cancellationToken) =>
        database.QueryAsync<(string, string, string?, long)>(
            "select state, phase, outcome, count(*) from jobs_job where batch = @batch group by state, phase, outcome", new { batch }, cancellationToken);
}
