using System.Security.Cryptography;
using System.Text;
using Dapper;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>Who did what, when and from where (R26). Each row holds the hash of the one before, so a change or removal shows.</summary>
public sealed class AuditTrail(VesaliusDatabase database, TimeProvider time)
{
    // Held while a row is added, so that every row knows its predecessor.
    private const long ChainLock = 0x4155_4449;

    /// <summary>Adds a row.</summary>
    /// <param name="login">Who.</param>
    /// <param name="address">From where.</param>
    /// <param name="action">What, for example <c>project.create</c>.</param>
    /// <param name="subject">On what: our own identifiers only.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task RecordAsync(string login, string address, string action, string subject, CancellationToken cancellationToken) =>
        database.InTransactionAsync(async (connection, transaction) =>
        {
            await connection.ExecuteAsync("select pg_advisory_xact_lock(@ChainLock)", new { ChainLock }, transaction).ConfigureAwait(false);
            var previous = await connection.QueryFirstOrDefaultAsync<byte[]>("select hash from access_audit order by id desc limit 1", transaction: transaction).ConfigureAwait(false) ?? [];
            // PostgreSQL keeps microseconds; what is hashed must be what can be read again.
            var at = new DateTime(time.GetUtcNow().UtcTicks / 10 * 10, DateTimeKind.Utc);
            var hash = HashOf(previous, at, login, address, action, subject);
            return await connection.ExecuteAsync(
                "insert into access_audit (at, login, address, action, object, previous_hash, hash) values (@at, @login, @address, @action, @subject, @previous, @hash)",
                new { at, login, address, action, subject, previous, hash }, transaction).ConfigureAwait(false);
        }, cancellationToken);

    private static byte[] HashOf(byte[] previous, DateTime at, params string[] fields) =>
        SHA256.HashData([.. previous, .. Encoding.UTF8.GetBytes($"{at.Ticks}\0{string.Join('\0', fields)}")]);

    /// <summary>Walks the chain.</summary>
    /// <returns>The first row that does not fit; null if all do.</returns>
    public async Task<long?> FindBreakAsync(CancellationToken cancellationToken)
    {
        var previous = Array.Empty<byte>();
        var rows = await database.QueryAsync<AuditRow>(
            "select id, at, login, address, action, object, previous_hash, hash from access_audit order by id", null, cancellationToken).ConfigureAwait(false);
        foreach (var row in rows)
        {
            if (!row.PreviousHash.AsSpan().SequenceEqual(previous)
                || !row.Hash.AsSpan().SequenceEqual(HashOf(previous, row.At.ToUniversalTime(), row.Login, row.Address, row.Action, row.Object)))
            {
                return row.Id;
            }

            previous = row.Hash;
        }

        return null;
    }

    private sealed record AuditRow(long Id, DateTime At, string Login, string Address, string Action, string Object, byte[] PreviousHash, byte[] Hash);
}
