using System.Collections.Concurrent;
using System.DirectoryServices.Protocols;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>Signs users in by outside directories, and keeps which account is whose there.</summary>
public sealed partial class ProviderSignIn(IEnumerable<LdapOptions> directories, VesaliusDatabase database, UserDirectory users, TimeProvider time, ILogger<ProviderSignIn> logger)
{
    private static readonly TimeSpan CredentialsKept = TimeSpan.FromMinutes(1);
    private readonly List<LdapProvider> _providers = [.. directories.Select(d => new LdapProvider(d))];
    private readonly byte[] _cacheKey = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, (string Login, DateTimeOffset Until)> _right = new();

    /// <summary>Providers by ID, with the names that are shown.</summary>
    public IReadOnlyDictionary<string, string> Names => _providers.ToDictionary(p => p.Options.Id, p => p.Options.Name);

    /// <summary>Checks a password with one provider or with all in turn.</summary>
    /// <param name="provider">ID; null for all.</param>
    /// <param name="name">Name at the provider.</param>
    /// <param name="password">Password.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The login; null if no provider knows the pair, or the account of that name is not the provider's.</returns>
    public async Task<string?> CheckAsync(string? provider, string name, string password, CancellationToken cancellationToken)
    {
        foreach (var candidate in _providers.Where(p => provider is null || p.Options.Id == provider))
        {
            var key = Convert.ToBase64String(HMACSHA256.HashData(_cacheKey, Encoding.UTF8.GetBytes($"{candidate.Options.Id.Length}:{candidate.Options.Id}{name.Length}:{name}{password}")));
            if (_right.TryGetValue(key, out var known) && known.Until > time.GetUtcNow())
            {
                return known.Login;
            }

            if (await AskAsync(candidate, name, password, cancellationToken).ConfigureAwait(false) is { } identity
                && await AccountAsync(candidate.Options.Id, identity.Login, identity, candidate.Options.CreatesUsers, cancellationToken).ConfigureAwait(false) is { } login)
            {
                if (_right.Count > 10_000)
                {
                    _right.Clear();
                }

                _right[key] = (login, time.GetUtcNow() + CredentialsKept);
                return login;
            }
        }

        return null;
    }

    private async Task<ProviderIdentity?> AskAsync(LdapProvider provider, string name, string password, CancellationToken cancellationToken)
    {
        try
        {
            return await provider.CheckAsync(name, password, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LdapException or DirectoryOperationException)
        {
            // A directory that does not answer signs nobody in, and keeps nobody else from signing in.
            NotAsked(logger, provider.Options.Id, e.GetType().Name);
            return null;
        }
    }

    /// <summary>The account of somebody whom a provider knows; made where it is the first sign-in. An account that is there already is not taken over by whoever has its name at a provider.</summary>
    /// <param name="provider">ID of the provider.</param>
    /// <param name="subject">What never changes there about the user.</param>
    /// <param name="identity">What the provider says.</param>
    /// <param name="creates">Make an account.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The login; null if there is no account and none is made.</returns>
    public async Task<string?> AccountAsync(string provider, string subject, ProviderIdentity identity, bool creates, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var known = await database.FindAsync<string>(
            """
            with seen as (update access_identity set last_success = now() where provider = @provider and subject = @subject)
            select u.login from access_identity i join access_user u on u.id = i.user_id where provider = @provider and subject = @subject
            """,
            new { provider, subject }, cancellationToken).ConfigureAwait(false);
        if (known is not null || !creates || !LoginName.IsValid(identity.Login) || AliasTokens.IsAlias(identity.Login))
        {
            return known;
        }

        var email = EmailAddress.IsValid(identity.Email) ? identity.Email : "";
        if (!await users.CreateAsync(identity.Login, "", identity.FirstName, identity.LastName, email, enabled: true, verified: true, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        await database.ExecuteAsync(
            "insert into access_identity (provider, subject, user_id) select @provider, @subject, id from access_user where login = @Login", new { provider, subject, identity.Login }, cancellationToken).ConfigureAwait(false);
        return identity.Login;
    }

    [LoggerMessage(1010, LogLevel.Warning, "Directory {Provider} could not be asked: {Error}")]
    private static partial void NotAsked(ILogger logger, string provider, string error);
}
