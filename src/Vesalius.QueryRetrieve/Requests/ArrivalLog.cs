using System.Threading.Channels;
using Dapper;
using Microsoft.Extensions.Logging;
using Vesalius.Database;
using Vesalius.Import;

namespace Vesalius.QueryRetrieve;

/// <summary>An object that answered a request.</summary>
/// <param name="RequestId">Request.</param>
/// <param name="Series">Series as it came.</param>
/// <param name="Instance">Instance as it came.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="SessionId">Prearchive session that it joined.</param>
public sealed record Arrival(long RequestId, string Series, string Instance, IntakeOutcome Outcome, long? SessionId);

/// <summary>Writes down what came, many at once. A crash may lose the last moments of it: then those instances are asked for once more and found
/// to be duplicates.</summary>
public sealed class ArrivalLog : IAsyncDisposable
{
    private sealed record Entry(Arrival? Arrival, TaskCompletionSource? Flushed);

    private readonly Channel<Entry> _waiting = Channel.CreateBounded<Entry>(8192);
    private readonly VesaliusDatabase _database;
    private readonly ILogger _logger;
    private readonly Task _writing;

    /// <summary>Begins to write.</summary>
    public ArrivalLog(VesaliusDatabase database, ILogger<ArrivalLog> logger)
    {
        _database = database;
        _logger = logger;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Notes an arrival.</summary>
    public ValueTask AddAsync(Arrival arrival, CancellationToken cancellationToken) => _waiting.Writer.WriteAsync(new Entry(arrival, null), cancellationToken);

    /// <summary>Waits until everything noted before is written.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync(new Entry(null, flushed), cancellationToken).ConfigureAwait(false);
        await flushed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        while (await _waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            var entries = new List<Entry>();
            while (entries.Count < 1000 && _waiting.Reader.TryRead(out var entry))
            {
                entries.Add(entry);
            }

            try
            {
                await WriteAsync([.. entries.Where(e => e.Arrival is not null).Select(e => e.Arrival!)]).ConfigureAwait(false);
            }
            catch (Npgsql.NpgsqlException e)
            {
                QueryRetrieveLog.ArrivalsLost(_logger, entries.Count, e.GetType().Name);
            }

            entries.ForEach(e => e.Flushed?.TrySetResult());
        }
    }

    private async Task WriteAsync(List<Arrival> arrivals)
    {
        if (arrivals.Count == 0)
        {
            return;
        }

        // One statement may not touch a row twice: the last word on an instance counts.
        var rows = arrivals.GroupBy(a => (a.RequestId, a.Instance)).Select(g => g.Last()).ToList();
        // Whoever sees the instances sees the request's count and session too: it may judge and end the request the next moment.
        await _database.InTransactionAsync(async (connection, transaction) =>
        {
            await connection.ExecuteAsync(
                """
                select set_config('synchronous_commit', 'off', true);
                insert into qr_instance (request_id, sop_instance_uid, series_instance_uid, expected, outcome)
                select a.request, a.instance, a.series, false, a.outcome from unnest(@requests, @instances, @series, @outcomes) as a (request, instance, series, outcome)
                where exists (select from qr_request where id = a.request and route_open)
                on conflict (request_id, sop_instance_uid) do update set outcome = case when qr_instance.outcome = 'Stored' and excluded.outcome = 'Duplicate' then 'Stored' else excluded.outcome end
                """,
                new
                {
                    requests = rows.Select(r => r.RequestId).ToArray(), instances = rows.Select(r => r.Instance).ToArray(), series = rows.Select(r => r.Series).ToArray(),
                    outcomes = rows.Select(r => r.Outcome.ToString()).ToArray(),
                }, transaction).ConfigureAwait(false);
            foreach (var request in rows.GroupBy(r => r.RequestId).OrderBy(r => r.Key))
            {
                await connection.ExecuteAsync(
                    """
                    update qr_request set arrived = (select count(*) from qr_instance where request_id = @id and outcome is not null), session_id = coalesce(@session, session_id)
                    where id = @id and route_open
                    """,
                    new { id = request.Key, session = request.Select(r => r.SessionId).LastOrDefault(s => s is not null) }, transaction).ConfigureAwait(false);
            }

            return 0;
        }, CancellationToken.None).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
    }
}

/// <summary>What the query-retrieve room logs: keys and counts.</summary>
internal static partial class QueryRetrieveLog
{
    [LoggerMessage(8001, LogLevel.Warning, "{Count} arrivals could not be written down ({Error}); their studies are asked for them again")]
    public static partial void ArrivalsLost(ILogger logger, int count, string error);

    [LoggerMessage(8002, LogLevel.Information, "Request {Request}: {Outcome}, {Arrived} of {Expected} instances")]
    public static partial void Ended(ILogger logger, long request, string outcome, int arrived, int? expected);

    [LoggerMessage(8003, LogLevel.Error, "The certificate that PACS are shown cannot be read ({Error}); the former goes on, where there is one")]
    public static partial void CertificateUnreadable(ILogger logger, string error);

    [LoggerMessage(8004, LogLevel.Information, "Export {Workflow} to PACS {Pacs}: {Sent} of {Total} instances")]
    public static partial void Exported(ILogger logger, long workflow, long pacs, int sent, int total);
}
