using System.Security.Cryptography;
using System.Text;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>A pair of names that signs a user in without the password, until it expires or is withdrawn (rest-api A7 to A11).</summary>
/// <param name="Id">Number.</param>
/// <param name="Alias">Public part; used as user name.</param>
/// <param name="Login">Whose.</param>
/// <param name="SingleUse">Dies with its first use.</param>
/// <param name="Created">When it was issued.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="ForPassword">Issued by somebody else than the user, or to set a password: it may set one.</param>
public sealed record AliasToken(long Id, string Alias, string Login, bool SingleUse, DateTime Created, DateTime Expires, bool ForPassword);

/// <summary>Alias tokens. Only hashes of their secrets are stored: a secret is seen once, when it is issued.</summary>
public sealed class AliasTokens(VesaliusDatabase database, SiteSettings settings, TimeProvider time)
{
    private const string Columns = "t.id, alias, u.login, single_use, t.created, expires, issued_by is distinct from user_id as for_password";

    /// <summary>True if a user name has the form of an alias.</summary>
    public static bool IsAlias(string name) => Guid.TryParseExact(name, "D", out _);

    /// <summary>Issues a token that lives as long as <c>aliasTokenTimeout</c> says, or as long as given.</summary>
    /// <param name="login">For whom.</param>
    /// <param name="issuer">By whom; null by the server itself, to set a password.</param>
    /// <param name="singleUse">Dies with its first use.</param>
    /// <param name="lifetime">How long it lives; null: as the site says.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The token and its secret; null if there is no such user.</returns>
    public async Task<(AliasToken Token, string Secret)?> IssueAsync(string login, string? issuer, bool singleUse, TimeSpan? lifetime, CancellationToken cancellationToken)
    {
        var secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        var expires = (time.GetUtcNow() + (lifetime ?? await settings.IntervalAsync("aliasTokenTimeout", cancellationToken).ConfigureAwait(false))).UtcDateTime;
        var alias = new Guid(RandomNumberGenerator.GetBytes(16)).ToString("D");
        await database.ExecuteAsync(
            """
            insert into access_token (alias, secret_hash, user_id, issued_by, single_use, created, expires)
            select @alias, @hash, id, (select id from access_user where login = @issuer), @singleUse, @now, @expires from access_user where login = @login
            """,
            new { alias, hash = HashOf(secret), login, issuer, singleUse, now = time.GetUtcNow().UtcDateTime, expires }, cancellationToken).ConfigureAwait(false);
        return await FindAsync(alias, cancellationToken).ConfigureAwait(false) is { } token ? (token, secret) : null;
    }

    /// <summary>A live token by its alias; null if there is none.</summary>
    public Task<AliasToken?> FindAsync(string alias, CancellationToken cancellationToken) => database.FindAsync<AliasToken>(
        $"select {Columns} from access_token t join access_user u on u.id = t.user_id where alias = @alias and expires > @now", new { alias, now = time.GetUtcNow().UtcDateTime }, cancellationToken);

    /// <summary>Live tokens of a user.</summary>
    public Task<IReadOnlyList<AliasToken>> ListAsync(string login, CancellationToken cancellationToken) => database.QueryAsync<AliasToken>(
        $"select {Columns} from access_token t join access_user u on u.id = t.user_id where u.login = @login and expires > @now order by t.id",
        new { login, now = time.GetUtcNow().UtcDateTime }, cancellationToken);

    /// <summary>Checks a pair without using it up.</summary>
    /// <returns>The token; null if the pair is wrong or has expired.</returns>
    public Task<AliasToken?> ValidateAsync(string alias, string secret, CancellationToken cancellationToken) => database.FindAsync<AliasToken>(
        $"select {Columns} from access_token t join access_user u on u.id = t.user_id where alias = @alias and secret_hash = @hash and expires > @now",
        new { alias, hash = HashOf(secret), now = time.GetUtcNow().UtcDateTime }, cancellationToken);

    /// <summary>Signs in with a pair; one for a single use dies.</summary>
    /// <returns>Whose it is; null if the pair is wrong or has expired.</returns>
    public async Task<string?> UseAsync(string alias, string secret, CancellationToken cancellationToken)
    {
        var token = await ValidateAsync(alias, secret, cancellationToken).ConfigureAwait(false);
        return token is null || (token.SingleUse && !await InvalidateAsync(alias, cancellationToken).ConfigureAwait(false)) ? null : token.Login;
    }

    /// <summary>Withdraws a token.</summary>
    /// <returns>False if there is none.</returns>
    public async Task<bool> InvalidateAsync(string alias, CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from access_token where alias = @alias", new { alias }, cancellationToken).ConfigureAwait(false) == 1;

    /// <summary>Withdraws all tokens of a user.</summary>
    public Task InvalidateAllAsync(string login, CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from access_token using access_user u where u.id = user_id and u.login = @login", new { login }, cancellationToken);

    /// <summary>Removes what has expired.</summary>
    public Task SweepAsync(CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from access_token where expires <= @now", new { now = time.GetUtcNow().UtcDateTime }, cancellationToken);

    private static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
