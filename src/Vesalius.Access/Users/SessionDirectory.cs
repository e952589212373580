using System.Security.Cryptography;
using System.Text;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>An open HTTP session.</summary>
/// <param name="Login">Whose.</param>
/// <param name="CsrfToken">Token that browsers must send with changes.</param>
public sealed record WebSession(string Login, string CsrfToken);

/// <summary>HTTP sessions, kept in the database so that any node serves them. Only hashes of their identifiers are stored.</summary>
public sealed class SessionDirectory(VesaliusDatabase database)
{
    /// <summary>How long a session lives without a request.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(15);

    private static byte[] HashOf(string id) => SHA256.HashData(Encoding.ASCII.GetBytes(id));

    /// <summary>Opens a session.</summary>
    /// <returns>Its identifier, 32 hexadecimal digits.</returns>
    public async Task<string> OpenAsync(string login, CancellationToken cancellationToken)
    {
        var id = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        await database.ExecuteAsync(
            "insert into access_session (id_hash, user_id, csrf_token) select @hash, id, @token from access_user where login = @login",
            new { hash = HashOf(id), token = Guid.NewGuid().ToString(), login }, cancellationToken).ConfigureAwait(false);
        return id;
    }

    /// <summary>Finds a live session and extends it; null if it is unknown or has run out.</summary>
    public Task<WebSession?> FindAsync(string id, CancellationToken cancellationToken) => database.FindAsync<WebSession>(
        """
        with used as (
            update access_session set last_used = now() where id_hash = @hash and last_used > now() - @Idle returning user_id, csrf_token)
        select login, csrf_token from used join access_user on id = user_id
        """,
        new { hash = HashOf(id), Idle }, cancellationToken);

    /// <summary>Ends a session.</summary>
    public Task CloseAsync(string id, CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from access_session where id_hash = @hash", new { hash = HashOf(id) }, cancellationToken);

    /// <summary>Ends all sessions of a user.</summary>
    /// <returns>How many there were.</returns>
    public Task<int> CloseAllAsync(string login, CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from access_session using access_user where id = user_id and login = @login", new { login }, cancellationToken);

    /// <summary>Counts the live sessions of a user.</summary>
    public Task<long> CountAsync(string login, CancellationToken cancellationToken) => database.FindAsync<long>(
        "select count(*) from access_session join access_user on id = user_id where login = @login and last_used > now() - @Idle", new { login, Idle }, cancellationToken);

    /// <summary>Removes sessions that have run out.</summary>
    public Task SweepAsync(CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from access_session where last_used <= now() - @Idle", new { Idle }, cancellationToken);
}
