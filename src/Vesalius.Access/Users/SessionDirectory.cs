using System.Security.Cryptography;
using System.Text;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>An open HTTP session.</summary>
/// <param name="Login">Whose.</param>
/// <param name="CsrfToken">Token that browsers must send with changes.</param>
/// <param name="Caller">Whose, with all rights as they are now; null if the account may no longer sign in.</param>
public sealed record WebSession(string Login, string CsrfToken, Caller? Caller);

/// <summary>HTTP sessions, kept in the database so that any node serves them. Only hashes of their identifiers are stored.</summary>
public sealed class SessionDirectory(VesaliusDatabase database, SiteSettings settings, TimeProvider time)
{
    /// <summary>How long a session lives without a request (<c>sessionTimeout</c>).</summary>
    public Task<TimeSpan> IdleAsync(CancellationToken cancellationToken) => settings.IntervalAsync("sessionTimeout", cancellationToken);

    private static byte[] HashOf(string id) => SHA256.HashData(Encoding.UTF8.GetBytes(id));

    /// <summary>Opens a session. Where a user has more than <c>concurrentMaxSessions</c>, those unused for longest end.</summary>
    /// <returns>Its identifier, 32 hexadecimal digits.</returns>
    public async Task<string> OpenAsync(string login, string address, CancellationToken cancellationToken)
    {
        var id = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var most = (long)Math.Max(1, await settings.NumberAsync("concurrentMaxSessions", cancellationToken).ConfigureAwait(false));
        await database.ExecuteAsync(
            """
            with opened as (
                insert into access_session (id_hash, user_id, csrf_token, address) select @hash, id, @token, @address from access_user where login = @login)
            delete from access_session where id_hash in (
                select id_hash from access_session join access_user on id = user_id where login = @login order by last_used desc offset @others)
            """,
            // The new one is not seen by the same statement.
            new { hash = HashOf(id), token = Guid.NewGuid().ToString(), address, login, others = most - 1 }, cancellationToken).ConfigureAwait(false);
        return id;
    }

    /// <summary>Finds a live session and extends it; null if it is unknown or has run out.</summary>
    public async Task<WebSession?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var idle = await IdleAsync(cancellationToken).ConfigureAwait(false);
        // Every request comes through here: one statement, and a row is written at most once in a fiftieth of the session's life.
        var row = await database.FindAsync<CallerRow>(
            $"""
            with used as (
                update access_session set last_used = now() where id_hash = @hash and last_used > now() - @idle and last_used < now() - @idle / 50)
            select s.csrf_token, {CallerRow.Columns} from access_session s join access_user u on u.id = s.user_id where s.id_hash = @hash and s.last_used > now() - @idle
            """,
            new { hash = HashOf(id), idle, today = TrainingRecords.Today(time) }, cancellationToken).ConfigureAwait(false);
        return row is null ? null : new WebSession(row.Login, row.CsrfToken, row.ToCaller());
    }

    /// <summary>Ends a session.</summary>
    public Task CloseAsync(string id, CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from access_session where id_hash = @hash", new { hash = HashOf(id) }, cancellationToken);

    /// <summary>Ends all sessions of a user.</summary>
    /// <returns>Their handles.</returns>
    public Task<IReadOnlyList<string>> CloseAllAsync(string login, CancellationToken cancellationToken) => database.QueryAsync<string>(
        "delete from access_session using access_user where id = user_id and login = @login returning upper(left(encode(id_hash, 'hex'), 32))", new { login }, cancellationToken);

    /// <summary>Counts the live sessions of a user.</summary>
    public async Task<long> CountAsync(string login, CancellationToken cancellationToken) => (await HandlesAsync(login, cancellationToken).ConfigureAwait(false)).Count;

    /// <summary>Handles of the live sessions of a user. A handle names a session but opens none.</summary>
    public async Task<IReadOnlyList<string>> HandlesAsync(string login, CancellationToken cancellationToken) =>
        (await AllAsync(login, cancellationToken).ConfigureAwait(false)).GetValueOrDefault(login) ?? [];

    /// <summary>Handles of all live sessions by login.</summary>
    public Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> AllAsync(CancellationToken cancellationToken) => AllAsync(null, cancellationToken);

    private async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> AllAsync(string? login, CancellationToken cancellationToken)
    {
        var idle = await IdleAsync(cancellationToken).ConfigureAwait(false);
        var rows = await database.QueryAsync<(string Login, string Handle)>(
            """
            select login, upper(left(encode(id_hash, 'hex'), 32)) from access_session join access_user on id = user_id
            where last_used > now() - @idle and (@login::text is null or login = @login) order by last_used desc
            """,
            new { idle, login }, cancellationToken).ConfigureAwait(false);
        return rows.GroupBy(r => r.Login).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(r => r.Handle)]);
    }

    /// <summary>Removes sessions that have run out.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from access_session where last_used <= now() - @idle", new { idle = await IdleAsync(cancellationToken).ConfigureAwait(false) }, cancellationToken).ConfigureAwait(false);
}
