using Dapper;
using Npgsql;
using Vesalius.Database;
using Vesalius.Jobs;

namespace Vesalius.QueryRetrieve;

/// <summary>When and how hard each PACS may be asked.</summary>
public sealed class AvailabilityDirectory(VesaliusDatabase database, TimeProvider time)
{
    private const string Columns = "id, pacs_id, day, start_minute, end_minute, threads, utilization_percent, enabled, created, timestamp";

    /// <summary>Intervals of a PACS in order.</summary>
    public Task<IReadOnlyList<Availability>> ListAsync(long pacsId, CancellationToken cancellationToken) => database.QueryAsync<Availability>(
        $"select {Columns} from qr_availability where pacs_id = @pacsId order by day, start_minute", new { pacsId }, cancellationToken);

    /// <summary>Stores an interval, a new one if its key is 0.</summary>
    /// <returns>It as stored; null if it overlaps another, or is unknown.</returns>
    public async Task<Availability?> SaveAsync(Availability interval, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(interval);
        try
        {
            return await database.InTransactionAsync(async (connection, transaction) =>
            {
                // Whoever changes the schedule of a PACS does so alone, so that the check below holds.
                await connection.ExecuteAsync("select from qr_pacs where id = @PacsId for update", new { interval.PacsId }, transaction).ConfigureAwait(false);
                var others = await connection.QueryAsync<Availability>(
                    $"select {Columns} from qr_availability where pacs_id = @PacsId and id <> @Id", new { interval.PacsId, interval.Id }, transaction).ConfigureAwait(false);
                if (others.Any(interval.Overlaps))
                {
                    return null;
                }

                return await connection.QueryFirstOrDefaultAsync<Availability>(
                    interval.Id == 0
                        ? $"""
                           insert into qr_availability (pacs_id, day, start_minute, end_minute, threads, utilization_percent, enabled)
                           values (@PacsId, @Day, @StartMinute, @EndMinute, @Threads, @UtilizationPercent, @Enabled) returning {Columns}
                           """
                        : $"""
                           update qr_availability set day = @Day, start_minute = @StartMinute, end_minute = @EndMinute, threads = @Threads,
                               utilization_percent = @UtilizationPercent, enabled = @Enabled, timestamp = now() where id = @Id and pacs_id = @PacsId returning {Columns}
                           """,
                    interval, transaction).ConfigureAwait(false);
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ForeignKeyViolation)
        {
            return null;
        }
    }

    /// <summary>Removes an interval.</summary>
    /// <returns>False if there is none.</returns>
    public async Task<bool> RemoveAsync(long pacsId, long id, CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from qr_availability where pacs_id = @pacsId and id = @id", new { pacsId, id }, cancellationToken).ConfigureAwait(false) > 0;

    /// <summary>Local time of the server, by which schedules go.</summary>
    public DateTime Local(DateTimeOffset now) => TimeZoneInfo.ConvertTime(now, time.LocalTimeZone).DateTime;

    /// <summary>How many retrievals may run at a PACS now, and when that may change.</summary>
    public async Task<(LaneAllowance Allowance, Availability? Interval)> AllowanceAsync(Pacs pacs, DateTimeOffset now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pacs);
        var local = Local(now);
        var schedule = new AvailabilitySchedule(await ListAsync(pacs.Id, cancellationToken).ConfigureAwait(false));
        var interval = pacs is { Enabled: true, Queryable: true } ? schedule.At(local) : null;
        var parallel = interval?.Threads ?? 0;
        parallel = pacs.Rules.ParallelRetrievals > 0 ? Math.Min(parallel, pacs.Rules.ParallelRetrievals) : parallel;
        return (new LaneAllowance(parallel, schedule.NextChange(local) is { } next ? now + (next - local) : null), interval);
    }
}
