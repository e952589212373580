using System.DirectoryServices.Protocols;
using System.Net;
using System.Text;

namespace Vesalius.Access;

/// <summary>An LDAP directory whose users may sign in.</summary>
public sealed record LdapOptions
{
    /// <summary>Name that clients pick the provider by.</summary>
    public required string Id { get; init; }

    /// <summary>Name as shown.</summary>
    public string Name { get; init; } = "LDAP";

    /// <summary>Host.</summary>
    public required string Host { get; init; }

    /// <summary>Port. Default 636 with TLS, 389 without.</summary>
    public int? Port { get; init; }

    /// <summary>TLS from the first byte (LDAPS). Default true: passwords travel in the clear otherwise.</summary>
    public bool Tls { get; init; } = true;

    /// <summary>Account that may search; empty searches anonymously.</summary>
    public string BindDn { get; init; } = "";

    /// <summary>Password of that account.</summary>
    public string BindPassword { get; init; } = "";

    /// <summary>Where users are below.</summary>
    public required string SearchBase { get; init; }

    /// <summary>Finds a user; <c>{0}</c> is the escaped login.</summary>
    public string SearchFilter { get; init; } = "(uid={0})";

    /// <summary>Make an account at the first sign-in; without, an administrator makes it. Default true.</summary>
    public bool CreatesUsers { get; init; } = true;
}

/// <summary>What a provider says about a user.</summary>
/// <param name="Login">Login.</param>
/// <param name="FirstName">First name.</param>
/// <param name="LastName">Last name.</param>
/// <param name="Email">E-mail address; empty if the provider has none.</param>
public sealed record ProviderIdentity(string Login, string FirstName, string LastName, string Email);

/// <summary>Checks passwords against an LDAP directory: finds the user, then binds as it (RFC 4513 §5.1.3).</summary>
public sealed class LdapProvider(LdapOptions options)
{
    private static readonly TimeSpan TimeOut = TimeSpan.FromSeconds(10);

    /// <summary>Options.</summary>
    public LdapOptions Options { get; } = options;

    /// <summary>Checks a password.</summary>
    /// <returns>Who it is; null if the name or password is wrong or ambiguous.</returns>
    /// <exception cref="LdapException">The directory cannot be asked.</exception>
    public async Task<ProviderIdentity?> CheckAsync(string login, string password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(login);
        // A bind without a password succeeds as nobody (RFC 4513 §5.1.2).
        if (string.IsNullOrEmpty(password) || !LoginName.IsValid(login))
        {
            return null;
        }

        // The library has no asynchronous bind.
        return await Task.Run(() => Check(login, password), cancellationToken).ConfigureAwait(false);
    }

    private ProviderIdentity? Check(string login, string password)
    {
        using var searcher = Connect();
        if (Options.BindDn.Length > 0)
        {
            searcher.Bind(new NetworkCredential(Options.BindDn, Options.BindPassword));
        }
        else
        {
            searcher.AuthType = AuthType.Anonymous;
            searcher.Bind();
        }

        var request = new SearchRequest(Options.SearchBase, Options.SearchFilter.Replace("{0}", Escape(login), StringComparison.Ordinal), SearchScope.Subtree, "givenName", "sn", "mail", "cn") { SizeLimit = 2 };
        if (((SearchResponse)searcher.SendRequest(request, TimeOut)).Entries is not { Count: 1 } found)
        {
            return null;
        }

        var entry = found[0];
        using var binder = Connect();
        try
        {
            binder.Bind(new NetworkCredential(entry.DistinguishedName, password));
        }
        catch (LdapException e) when (e.ErrorCode == InvalidCredentials)
        {
            return null;
        }

        return new ProviderIdentity(login, Value(entry, "givenName"), Value(entry, "sn"), Value(entry, "mail"));
    }

    // LDAP_INVALID_CREDENTIALS (RFC 4511 §4.1.9).
    private const int InvalidCredentials = 49;

    private LdapConnection Connect()
    {
        var connection = new LdapConnection(new LdapDirectoryIdentifier(Options.Host, Options.Port ?? (Options.Tls ? 636 : 389))) { AuthType = AuthType.Basic, Timeout = TimeOut };
        connection.SessionOptions.ProtocolVersion = 3;
        connection.SessionOptions.ReferralChasing = ReferralChasingOptions.None;
        if (Options.Tls)
        {
            connection.SessionOptions.SecureSocketLayer = true;
        }

        return connection;
    }

    private static string Value(SearchResultEntry entry, string attribute) =>
        entry.Attributes[attribute] is { Count: > 0 } values && values[0] is { } value ? value as string ?? Encoding.UTF8.GetString((byte[])value) : "";

    /// <summary>A value as a filter holds it (RFC 4515 §3).</summary>
    public static string Escape(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return string.Concat(value.Select(c => c is '*' or '(' or ')' or '\\' or '\0' ? $"\\{(int)c:x2}" : c.ToString()));
    }
}
