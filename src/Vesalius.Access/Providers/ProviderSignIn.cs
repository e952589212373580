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
                && await LoginAsync(candidate.Options, identity, cancellationToken).ConfigureAwait(false) is { } login)
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

    // An account that is there already is not taken over by whoever has its name in a directory.
    private async Task<string?> LoginAsync(LdapOptions provider, ProviderIdentity identity, CancellationToken cancellationToken)
    {
        var known = await database.FindAsync<string>(
            """
            with seen as (update access_identity set last_success = now() where provider = @Id and subject = @Login)
            select u.login from access_identity i join access_user u on u.id = i.user_id where provider = @Id and subject = @Login
            """,
            new { provider.Id, identity.Login }, cancellationToken).ConfigureAwait(false);
        if (known is not null || !provider.CreatesUsers)
        {
            return known;
        }

        var email = EmailAddress.IsValid(identity.Email) ? identity.Email : "";
        if (!await users.CreateAsync(identity.Login, "", identity.FirstName, identity.LastName, email, enabled: true, verified: true, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        await database.ExecuteAsync(
            "insert into access_identity (provider, subject, user_id) select @Id, @Login, id from access_user where login = @Login", new { provider.Id, identity.Login }, cancellationToken).ConfigureAwait(false);
        return identity.Login;
    }

    [LoggerMessage(1010, LogLevel.Warning, "Directory {Provider} could not be asked: {Error}")]
    private static partial void NotAsked(ILogger logger, string provider, string error);
}
