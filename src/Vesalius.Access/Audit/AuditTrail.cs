using System.Collections.Concurrent;
using System.Data;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>A row of the trail.</summary>
/// <param name="Id">Number, rising.</param>
/// <param name="At">When.</param>
/// <param name="Login">Who.</param>
/// <param name="Address">From where.</param>
/// <param name="Action">What, for example <c>experiment.read</c>.</param>
/// <param name="Object">On what.</param>
public sealed record AuditRow(long Id, DateTime At, string Login, string Address, string Action, string Object);

/// <summary>Which rows are wanted; null does not filter.</summary>
/// <param name="From">Not before.</param>
/// <param name="To">Before.</param>
/// <param name="Login">By whom.</param>
/// <param name="Action">Action, or its beginning.</param>
/// <param name="Object">Part of what it was done on.</param>
/// <param name="Address">From where.</param>
public sealed record AuditFilter(DateTime? From = null, DateTime? To = null, string? Login = null, string? Action = null, string? Object = null, string? Address = null);

/// <summary>What a walk along the chain found.</summary>
/// <param name="Rows">Rows that fit, from the first on.</param>
/// <param name="FirstBroken">Number of the first row that does not fit; null if all do.</param>
/// <param name="Head">Hash of the last row that fits, in hexadecimal digits: written down elsewhere, it shows later that rows at the end were not cut off.</param>
public sealed record AuditVerification(long Rows, long? FirstBroken, string Head);

/// <summary>Who did what, when and from where (R26). Each row holds the hash of the one before, so a change or removal shows.
/// Rows that come at the same time share one transaction; every caller gets its answer after the commit. Safe for use by several threads and nodes.</summary>
public sealed class AuditTrail(VesaliusDatabase database, TimeProvider time)
{
    // Held while rows are added, so that every row knows its predecessor.
    private const long ChainLock = 0x4155_4449;
    private const int MostAtOnce = 500;
    private const int PageSize = 5000;
    private const int MostLetters = 2000;
    private static readonly Meter Meter = new("Vesalius.Access");
    private static readonly Counter<long> Rows = Meter.CreateCounter<long>("vesalius.audit.rows", "{row}", "Rows written to the audit trail.");
    private readonly ConcurrentQueue<Entry> _waiting = new();
    private readonly SemaphoreSlim _writer = new(1);
    // Hash of the last row as far as this process knows; only who writes touches it.
    private byte[]? _head;

    private sealed record Entry(DateTime At, string Login, string Address, string Action, string Object)
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Adds a row. When this returns, the row is in the database.</summary>
    /// <param name="login">Who.</param>
    /// <param name="address">From where.</param>
    /// <param name="action">What, for example <c>project.create</c>.</param>
    /// <param name="subject">On what: our own identifiers only.</param>
    /// <param name="cancellationToken">Gives up before the row is handed over, not later.</param>
    public async Task RecordAsync(string login, string address, string action, string subject, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // PostgreSQL keeps microseconds; what is hashed must be what can be read again.
        var at = new DateTime(time.GetUtcNow().UtcTicks / 10 * 10, DateTimeKind.Utc);
        var entry = new Entry(at, Clean(login), Clean(address), Clean(action), Clean(subject));
        _waiting.Enqueue(entry);
        // Who gets in writes for all that wait; the others find their row written.
        await _writer.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            while (!entry.Written.Task.IsCompleted)
            {
                await WriteAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _writer.Release();
        }

        await entry.Written.Task.ConfigureAwait(false);
    }

    private static string Clean(string text) =>
        text.Length <= MostLetters && !text.AsSpan().ContainsAnyInRange('\0', '\x1f') && !text.AsSpan().ContainsAnyInRange('\x7f', '\x9f') ? text
            : string.Concat(text.Where(c => !char.IsControl(c)).Take(MostLetters));

    private async Task WriteAsync()
    {
        var batch = new List<Entry>();
        while (batch.Count < MostAtOnce && _waiting.TryDequeue(out var next))
        {
            batch.Add(next);
        }

        try
        {
            await AppendAsync(batch).ConfigureAwait(false);
            Rows.Add(batch.Count);
            batch.ForEach(e => e.Written.SetResult());
        }
        catch (Exception e)
        {
            // Whether they are there is unknown; each caller learns that its own row may be missing.
            _head = null;
            batch.ForEach(b => b.Written.SetException(e));
        }
    }

    // As long as nobody else adds rows, this process knows the last hash, and one round trip does all. Where that is wrong, nothing is inserted, and the last hash is read under the lock.
    private async Task AppendAsync(List<Entry> batch)
    {
        var connection = await database.OpenAsync(CancellationToken.None).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            if (_head is { } known)
            {
                var (insert, last) = Insertion(known, batch);
                using var statements = new NpgsqlBatch(connection) { BatchCommands = { new("begin isolation level read committed"), Lock(), insert, new("commit") } };
                await statements.ExecuteNonQueryAsync().ConfigureAwait(false);
                _head = last;
                if (insert.RecordsAffected == batch.Count)
                {
                    return;
                }
            }

            var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                using (var locking = new NpgsqlBatch(connection, transaction) { BatchCommands = { Lock() } })
                {
                    await locking.ExecuteNonQueryAsync().ConfigureAwait(false);
                }

                var head = await connection.QueryFirstOrDefaultAsync<byte[]>("select hash from access_audit order by id desc limit 1", transaction: transaction).ConfigureAwait(false) ?? [];
                var (insert, last) = Insertion(head, batch);
                using var statements = new NpgsqlBatch(connection, transaction) { BatchCommands = { insert } };
                await statements.ExecuteNonQueryAsync().ConfigureAwait(false);
                await transaction.CommitAsync().ConfigureAwait(false);
                _head = last;
            }
        }
    }

    private static NpgsqlBatchCommand Lock() => new("select pg_advisory_xact_lock($1)") { Parameters = { new NpgsqlParameter<long> { TypedValue = ChainLock } } };

    // Rows that follow a hash; none is inserted where the last row has another.
    private static (NpgsqlBatchCommand Insert, byte[] Last) Insertion(byte[] head, List<Entry> batch)
    {
        var before = new byte[batch.Count][];
        var hashes = new byte[batch.Count][];
        var previous = head;
        for (var i = 0; i < batch.Count; i++)
        {
            before[i] = previous;
            previous = hashes[i] = HashOf(previous, batch[i].At, batch[i].Login, batch[i].Address, batch[i].Action, batch[i].Object);
        }

        NpgsqlParameter<string[]> Texts(Func<Entry, string> of) => new() { TypedValue = [.. batch.Select(of)] };
        return (new NpgsqlBatchCommand(
            """
            insert into access_audit (at, login, address, action, object, previous_hash, hash)
            select at, login, address, action, object, previous_hash, hash
            from unnest($1, $2, $3, $4, $5, $6, $7) with ordinality as row (at, login, address, action, object, previous_hash, hash, place)
            where coalesce((select hash from access_audit order by id desc limit 1), '') = $8 order by place
            """)
        {
            Parameters =
            {
                new NpgsqlParameter<DateTime[]> { TypedValue = [.. batch.Select(b => b.At)] }, Texts(b => b.Login), Texts(b => b.Address), Texts(b => b.Action), Texts(b => b.Object),
                new NpgsqlParameter<byte[][]> { TypedValue = before }, new NpgsqlParameter<byte[][]> { TypedValue = hashes }, new NpgsqlParameter<byte[]> { TypedValue = head },
            },
        }, previous);
    }

    private static byte[] HashOf(byte[] previous, DateTime at, params string[] fields) =>
        SHA256.HashData([.. previous, .. Encoding.UTF8.GetBytes($"{at.Ticks}\0{string.Join('\0', fields)}")]);

    /// <summary>Walks the chain.</summary>
    public async Task<AuditVerification> VerifyAsync(CancellationToken cancellationToken)
    {
        var (previous, last, rows) = (Array.Empty<byte>(), 0L, 0L);
        while (true)
        {
            var page = await database.QueryAsync<ChainRow>(
                "select id, at, login, address, action, object, previous_hash, hash from access_audit where id > @last order by id limit @PageSize", new { last, PageSize }, cancellationToken).ConfigureAwait(false);
            foreach (var row in page)
            {
                if (!row.PreviousHash.AsSpan().SequenceEqual(previous)
                    || !row.Hash.AsSpan().SequenceEqual(HashOf(previous, row.At.ToUniversalTime(), row.Login, row.Address, row.Action, row.Object)))
                {
                    return new AuditVerification(rows, row.Id, Convert.ToHexStringLower(previous));
                }

                (previous, last) = (row.Hash, row.Id);
                rows++;
            }

            if (page.Count < PageSize)
            {
                return new AuditVerification(rows, null, Convert.ToHexStringLower(previous));
            }
        }
    }

    /// <summary>Rows that fit a filter, newest first.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="before">Only rows with a smaller number; null from the newest on.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<AuditRow>> SearchAsync(AuditFilter filter, long? before, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return database.QueryAsync<AuditRow>(
            """
            select id, at, login, address, action, object from access_audit
            where (@From::timestamptz is null or at >= @From) and (@To::timestamptz is null or at < @To) and (@Login::text is null or login = @Login)
                and (@Action::text is null or starts_with(action, @Action)) and (@Object::text is null or position(@Object in object) > 0)
                and (@Address::text is null or address = @Address) and (@before::bigint is null or id < @before)
            order by id desc limit @limit
            """,
            new { filter.From, filter.To, filter.Login, filter.Action, filter.Object, filter.Address, before, limit }, cancellationToken);
    }

    private sealed record ChainRow(long Id, DateTime At, string Login, string Address, string Action, string Object, byte[] PreviousHash, byte[] Hash);
}
