using System.Globalization;
using Dapper;
using Npgsql;
using NpgsqlTypes;
using Vesalius.Database;

namespace Vesalius.Jobs;

/// <summary>Bounds of the jobs room.</summary>
public sealed record JobLimits
{
    /// <summary>How long a node owns a job without a sign of life. Default 30 s. Clocks of nodes may differ by a third of it.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time between two looks for work; a notification wakes earlier. Default 5 s.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Times that a job may take its node down before it is given up. Default 10.</summary>
    public int Interruptions { get; init; } = 10;

    /// <summary>First pause of a lane that does not answer. Default 10 s; doubled each time.</summary>
    public TimeSpan FirstTrouble { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest pause of a lane that does not answer. Default 5 minutes.</summary>
    public TimeSpan LongestTrouble { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Jobs as rows: added, taken under a lease, ended. Safe for several nodes: who takes from a lane locks its row.</summary>
/// <remarks>Within a priority, jobs are taken by turn. Each job of a batch gets the next turn after the lane's present one, so batches
/// alternate however long they are (start-time fair queueing).</remarks>
public sealed class JobStore(VesaliusDatabase database, TimeProvider time, JobLimits limits)
{
    /// <summary>Channel that wakes runners.</summary>
    public const string Channel = "vesalius_jobs";

    private const int Many = 1000;
    private const string Interrupted = "The server ended while it worked on this.";

    /// <summary>Reserves keys for jobs, so that the room's own rows can carry them.</summary>
    public static async Task<long[]> ReserveAsync(int count, NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        [.. await connection.QueryAsync<long>("select nextval(pg_get_serial_sequence('jobs_job', 'id')) from generate_series(1, @count)", new { count }, transaction).ConfigureAwait(false)];

    /// <summary>Adds jobs in the caller's transaction; runners are woken when it commits.</summary>
    public async Task AddAsync(IReadOnlyCollection<NewJob> jobs, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        ArgumentNullException.ThrowIfNull(connection);
        foreach (var lane in jobs.GroupBy(j => (j.Lane, j.Kind)).OrderBy(l => l.Key.Lane, StringComparer.Ordinal))
        {
            await connection.ExecuteAsync(
                "insert into jobs_lane (lane, kind) values (@Lane, @Kind) on conflict do nothing", new { lane.Key.Lane, lane.Key.Kind }, transaction).ConfigureAwait(false);
            var turn = await connection.ExecuteScalarAsync<long>("select turn from jobs_lane where lane = @Lane", new { lane.Key.Lane }, transaction).ConfigureAwait(false);
            var turns = new Dictionary<Guid, long>();
            foreach (var batch in lane.Where(j => j.Batch is not null).Select(j => j.Batch!.Value).Distinct())
            {
                turns[batch] = Math.Max(turn, await connection.ExecuteScalarAsync<long?>(
                    "select max(turn) from jobs_job where batch = @batch and lane = @Lane", new { batch, lane.Key.Lane }, transaction).ConfigureAwait(false) ?? 0);
            }

            await CopyAsync(lane, turn, turns, connection).ConfigureAwait(false);
            await NotifyAsync(lane.Key.Lane, connection, transaction).ConfigureAwait(false);
        }

        if (jobs.Count >= Many)
        {
            // Plans for an almost empty table would sort all rows for every page of them, until the database looks for itself.
            await connection.ExecuteAsync("analyze jobs_job", transaction: transaction).ConfigureAwait(false);
        }
    }

    private async Task CopyAsync(IEnumerable<NewJob> jobs, long laneTurn, Dictionary<Guid, long> turns, NpgsqlConnection connection)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var missing = jobs.Count(j => j.Id == 0);
        var made = new Queue<long>(missing == 0 ? [] : await ReserveAsync(missing, connection, null!).ConfigureAwait(false));
        var writer = await connection.BeginBinaryImportAsync(
            "copy jobs_job (id, kind, lane, batch, priority, turn, state, not_before, payload, created, changed) from stdin (format binary)").ConfigureAwait(false);
        await using (writer.ConfigureAwait(false))
        {
            foreach (var job in jobs)
            {
                var turn = job.Batch is { } batch ? ++turns[batch] : laneTurn + 1;
                await writer.StartRowAsync().ConfigureAwait(false);
                await writer.WriteAsync(job.Id == 0 ? made.Dequeue() : job.Id, NpgsqlDbType.Bigint).ConfigureAwait(false);
                await writer.WriteAsync(job.Kind, NpgsqlDbType.Text).ConfigureAwait(false);
                await writer.WriteAsync(job.Lane, NpgsqlDbType.Text).ConfigureAwait(false);
                await WriteAsync(writer, job.Batch, NpgsqlDbType.Uuid).ConfigureAwait(false);
                await writer.WriteAsync(job.Priority, NpgsqlDbType.Integer).ConfigureAwait(false);
                await writer.WriteAsync(turn, NpgsqlDbType.Bigint).ConfigureAwait(false);
                await writer.WriteAsync(job.NotBefore > now ? JobState.Waiting : JobState.Queued, NpgsqlDbType.Text).ConfigureAwait(false);
                await WriteAsync(writer, job.NotBefore?.UtcDateTime, NpgsqlDbType.TimestampTz).ConfigureAwait(false);
                await writer.WriteAsync(job.Payload, NpgsqlDbType.Text).ConfigureAwait(false);
                await writer.WriteAsync(now, NpgsqlDbType.TimestampTz).ConfigureAwait(false);
                await writer.WriteAsync(now, NpgsqlDbType.TimestampTz).ConfigureAwait(false);
            }

            await writer.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static Task WriteAsync<T>(NpgsqlBinaryImporter writer, T? value, NpgsqlDbType type)
        where T : struct => value is { } given ? writer.WriteAsync(given, type) : writer.WriteNullAsync();

    private static Task NotifyAsync(string lane, NpgsqlConnection connection, NpgsqlTransaction? transaction) =>
        connection.ExecuteAsync("select pg_notify(@Channel, @lane)", new { Channel, lane }, transaction);

    /// <summary>Lanes from which something could be taken now.</summary>
    public Task<IReadOnlyList<(string Lane, string Kind)>> LanesAsync(CancellationToken cancellationToken) => database.QueryAsync<(string, string)>(
        """
        select lane, kind from jobs_lane l where (closed_until is null or closed_until <= @now) and (
            exists (select from jobs_job j where j.lane = l.lane and state = 'queued')
            or exists (select from jobs_job j where j.lane = l.lane and state = 'waiting' and not_before <= @now)) order by lane
        """,
        new { now = Now }, cancellationToken);

    /// <summary>When the next waiting job, closed lane or resting slot becomes free; null if there is none.</summary>
    public Task<DateTime?> NextAsync(CancellationToken cancellationToken) => database.FindAsync<DateTime?>(
        """
        select min(at) from (
            select (select min(not_before) from jobs_job j where j.lane = l.lane and state = 'waiting') as at from jobs_lane l
            union all select closed_until from jobs_lane union all select until from jobs_rest) as next where at > @now
        """,
        new { now = Now }, cancellationToken);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Takes jobs from a lane, as many as its allowance leaves free, first by priority, then by turn.</summary>
    /// <param name="lane">Lane.</param>
    /// <param name="parallel">Jobs of it that may run at once, on all nodes together.</param>
    /// <param name="node">Who takes them.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<TakenJob>> TakeAsync(string lane, int parallel, string node, CancellationToken cancellationToken) =>
        database.InTransactionAsync<IReadOnlyList<TakenJob>>(async (connection, transaction) =>
        {
            var now = Now;
            var closed = await connection.QueryFirstOrDefaultAsync<(string, DateTime?)>(
                "select lane, closed_until from jobs_lane where lane = @lane for update", new { lane }, transaction).ConfigureAwait(false);
            if (closed.Item2 > now)
            {
                return [];
            }

            return (await connection.QueryAsync<TakenJob>(
                """
                delete from jobs_rest where lane = @lane and until <= @now;
                update jobs_job set state = 'queued', not_before = null where lane = @lane and state = 'waiting' and not_before <= @now;
                with taken as (
                    update jobs_job set state = 'running', node = @node, lease = gen_random_uuid(), lease_until = @until, started = coalesce(started, @now), changed = @now,
                        not_before = null, wish = null, phase = '', done = 0, total = null, occupies = true
                    where id in (
                        select id from jobs_job where lane = @lane and state = 'queued' order by priority, turn, id
                        limit greatest(0, @parallel - (select count(*) from jobs_job where lane = @lane and state = 'running' and occupies) - (select count(*) from jobs_rest where lane = @lane))
                        for update skip locked)
                    returning id, kind, lane, batch, payload, attempts, interruptions, lease, turn, priority),
                moved as (update jobs_lane set turn = greatest(turn, (select max(turn) from taken)) where lane = @lane and exists (select from taken))
                select id, kind, lane, batch, payload, attempts, interruptions, lease from taken order by priority, turn, id
                """,
                new { lane, parallel, node, now, until = now + limits.Lease }, transaction).ConfigureAwait(false)).AsList();
        }, cancellationToken);

    /// <summary>Says what a job is at. Without effect once the lease is lost.</summary>
    /// <remarks>Not waited for until it is on disk: a crash takes the run with it.</remarks>
    public Task ReportAsync(TakenJob job, string phase, int done, int? total, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        return database.ExecuteAsync(
            "update jobs_job set phase = @phase, done = @done, total = @total, changed = @now from (select set_config('synchronous_commit', 'off', true)) as unhurried where id = @Id and lease = @Lease",
            new { job.Id, job.Lease, phase, done, total, now = Now }, cancellationToken);
    }

    /// <summary>Gives a running job's place in its lane to another: it is done with what the lane stands for. Without effect once the lease is lost.</summary>
    public Task LeaveLaneAsync(TakenJob job, string phase, int done, int? total, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        return database.ExecuteAsync(
            """
            with gone as (
                update jobs_job set occupies = false, phase = @phase, done = @done, total = @total, changed = @now
                from (select set_config('synchronous_commit', 'off', true)) as unhurried where id = @Id and lease = @Lease returning lane)
            select pg_notify(@Channel, lane) from gone
            """,
            new { job.Id, job.Lease, phase, done, total, now = Now, Channel }, cancellationToken);
    }

    // A wish that came too late for the run decides over what follows it: paused stays paused, cancelled does not run again.
    private const string Complete =
        """
        update jobs_job set
            state = case when @Outcome is not null or wish = 'cancel' then 'ended' when wish = 'pause' then 'paused' when @again > @now then 'waiting' else 'queued' end,
            outcome = case when @Outcome is not null then @Outcome when wish = 'cancel' then 'cancelled' end,
            ended = case when @Outcome is not null or wish = 'cancel' then @now end,
            reason = @Reason, attempts = attempts + @failed, not_before = @again, changed = @now, phase = '', wish = null, node = null, lease = null, lease_until = null
        where id = @Id and lease = @Lease returning lane
        """;

    /// <summary>Records what became of a run.</summary>
    /// <returns>False if the job is no longer this node's.</returns>
    public async Task<bool> CompleteAsync(TakenJob job, JobResult result, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(result);
        var now = Now;
        var parameters = new
        {
            job.Id, job.Lease, result.Outcome, result.Reason, failed = result.IsFailedAttempt ? 1 : 0, now, rest = now + result.Rest,
            again = result.Outcome is null && result.Pause > TimeSpan.Zero ? now + result.Pause : (DateTime?)null,
        };
        if (!result.ClosesLane)
        {
            // One statement, so one round trip and one commit.
            return await database.FindAsync<string>(
                $"""
                with done as ({Complete}),
                answers as (update jobs_lane set troubles = 0, closed_until = null where troubles > 0 and lane in (select lane from done)),
                rests as (insert into jobs_rest (lane, until) select lane, @rest from done where @rest > @now)
                select lane from done
                """,
                parameters, cancellationToken).ConfigureAwait(false) is not null;
        }

        return await database.InTransactionAsync(async (connection, transaction) =>
        {
            if (await connection.QueryFirstOrDefaultAsync<string>(Complete, parameters, transaction).ConfigureAwait(false) is not { } lane)
            {
                return false;
            }

            var troubles = await connection.ExecuteScalarAsync<int>("select troubles from jobs_lane where lane = @lane for update", new { lane }, transaction).ConfigureAwait(false);
            // Several jobs that ran at once and saw the same trouble count as one.
            await connection.ExecuteAsync(
                "update jobs_lane set troubles = @next, closed_until = @until where lane = @lane and (closed_until is null or closed_until <= @now)",
                new { lane, next = troubles + 1, now, until = now + GrowingPause.After(limits.FirstTrouble, troubles + 1, limits.LongestTrouble) }, transaction).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Prolongs the leases of jobs that run here.</summary>
    /// <returns>What is wished of them instead; <c>lost</c> for those that are no longer this node's.</returns>
    public async Task<IReadOnlyDictionary<long, string>> BeatAsync(IReadOnlyCollection<TakenJob> jobs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        var kept = (await database.QueryAsync<(long Id, string? Wish)>(
            """
            update jobs_job set lease_until = @until from unnest(@ids, @leases) as mine (id, lease) where jobs_job.id = mine.id and jobs_job.lease = mine.lease
            returning jobs_job.id, wish
            """,
            new { ids = jobs.Select(j => j.Id).ToArray(), leases = jobs.Select(j => j.Lease).ToArray(), until = Now + limits.Lease }, cancellationToken).ConfigureAwait(false))
            .ToDictionary(k => k.Id, k => k.Wish);
        return jobs.Where(j => !kept.TryGetValue(j.Id, out var wish) || wish is not null).ToDictionary(j => j.Id, j => kept.TryGetValue(j.Id, out var wish) ? wish! : "lost");
    }

    /// <summary>Puts jobs back whose lease ran out, or which an earlier process of this node held.</summary>
    /// <param name="formerNode">This node's name, at its start only: whatever runs in that name died with its predecessor.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Jobs put back.</returns>
    public Task<int> RecoverAsync(string? formerNode, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        update jobs_job set interruptions = interruptions + 1, node = null, lease = null, lease_until = null, changed = @now, phase = '',
            state = case when wish = 'cancel' or interruptions + 1 > @Interruptions then 'ended' when wish = 'pause' then 'paused' else 'queued' end,
            outcome = case when wish = 'cancel' then 'cancelled' when interruptions + 1 > @Interruptions then 'failed' end,
            ended = case when wish = 'cancel' or interruptions + 1 > @Interruptions then @now end,
            reason = @Interrupted, wish = null
        where state = 'running' and (lease_until < @now or node = @formerNode)
        """,
        new { now = Now, formerNode, limits.Interruptions, Interrupted }, cancellationToken);

    /// <summary>Puts jobs back that this node gives up in order.</summary>
    public Task ReleaseAsync(TakenJob job, string state, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        return database.ExecuteAsync(
            """
            update jobs_job set state = @state, outcome = case when @state = 'ended' then 'cancelled' end, ended = case when @state = 'ended' then @now end,
                phase = '', wish = null, node = null, lease = null, lease_until = null, changed = @now where id = @Id and lease = @Lease
            """,
            new { job.Id, job.Lease, state, now = Now }, cancellationToken);
    }

    /// <summary>What a job is doing; null if there is none.</summary>
    public Task<JobStatus?> FindAsync(long id, CancellationToken cancellationToken) => database.FindAsync<JobStatus>(
        "select id, state, phase, done, total, outcome, reason, attempts, priority, not_before from jobs_job where id = @id", new { id }, cancellationToken);

    /// <summary>Lane of a numbered thing.</summary>
    public static string LaneOf(string thing, long id) => string.Create(CultureInfo.InvariantCulture, $"{thing}:{id}");
}
