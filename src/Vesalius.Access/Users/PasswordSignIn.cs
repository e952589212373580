using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>How a sign-in ended.</summary>
public enum SignInOutcome
{
    /// <summary>The caller is who it says.</summary>
    Accepted,
    /// <summary>Name or secret is wrong, or the account may not sign in. Callers must not tell which.</summary>
    Refused,
    /// <summary>The password is right, but too old or a temporary one: it must be changed first.</summary>
    PasswordExpired,
}

/// <summary>Checks passwords of local accounts: lock-out, expiry, and a memory for clients that send the password with each request.</summary>
public sealed class PasswordSignIn(VesaliusDatabase database, SiteSettings settings, TimeProvider time)
{
    /// <summary>Role that exempts an account from password expiry.</summary>
    public const string NonExpiring = "non_expiring";

    private static readonly TimeSpan CredentialsKept = TimeSpan.FromMinutes(1);
    private static readonly string NobodysHash = Password.Hash("nobody");
    // A derivation takes a core for a tenth of a second on purpose; more at once than cores would only starve everybody else.
    private readonly SemaphoreSlim _derivations = new(Environment.ProcessorCount);
    private readonly byte[] _cacheKey = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _right = new();

    private sealed record Row(
        long Id, string PasswordHash, bool Enabled, bool Verified, int FailedLogins, DateTime? FailedSince, DateTime PasswordChanged, bool MustChangePassword, bool NonExpiring);

    /// <summary>Checks a password. After <c>maxFailedLogins</c> failures in a row the account is locked for <c>maxFailedLoginsLockoutDuration</c>.</summary>
    /// <remarks>A password that was right is remembered for a minute as a keyed hash over password and stored hash, so that a changed password counts at once on every node.</remarks>
    public async Task<SignInOutcome> CheckAsync(string login, string password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(login);
        ArgumentNullException.ThrowIfNull(password);
        // PostgreSQL takes no NUL, and nobody has one in a login.
        var row = login.Contains('\0', StringComparison.Ordinal) ? null : await database.FindAsync<Row>(
            $"""
            select id, password_hash, enabled, verified, failed_logins, failed_since, password_changed, must_change_password,
                exists (select 1 from access_user_role r where r.user_id = u.id and r.role = '{NonExpiring}') as non_expiring
            from access_user u where login = @login
            """,
            new { login }, cancellationToken).ConfigureAwait(false);
        var now = time.GetUtcNow();
        var locked = row is not null && await IsLockedAsync(row, now, cancellationToken).ConfigureAwait(false);
        if (row is null || locked || !await IsRightAsync(login, password, row, now, cancellationToken).ConfigureAwait(false))
        {
            if (row is null || locked)
            {
                // As slow as for an account that exists, so that the time tells nothing.
                await DeriveAsync(password, NobodysHash, cancellationToken).ConfigureAwait(false);
            }
            else if (row.PasswordHash.Length > 0)
            {
                await CountFailureAsync(row, now, cancellationToken).ConfigureAwait(false);
            }

            return SignInOutcome.Refused;
        }

        return !row.Enabled || !row.Verified ? SignInOutcome.Refused
            : await HasExpiredAsync(row, now, cancellationToken).ConfigureAwait(false) ? SignInOutcome.PasswordExpired
            : SignInOutcome.Accepted;
    }

    private async Task<bool> IsLockedAsync(Row row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var most = await settings.NumberAsync("maxFailedLogins", cancellationToken).ConfigureAwait(false);
        return most > 0 && row.FailedLogins >= most
            && row.FailedSince > (now - await settings.IntervalAsync("maxFailedLoginsLockoutDuration", cancellationToken).ConfigureAwait(false)).UtcDateTime;
    }

    private async Task<bool> IsRightAsync(string login, string password, Row row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var key = Convert.ToBase64String(HMACSHA256.HashData(_cacheKey, Encoding.UTF8.GetBytes($"{login.Length}:{login}{row.PasswordHash}:{password}")));
        if (_right.TryGetValue(key, out var until) && until > now)
        {
            return true;
        }

        if (!await DeriveAsync(password, row.PasswordHash, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        await database.ExecuteAsync(
            "update access_user set failed_logins = 0, last_login = @now where id = @Id", new { row.Id, now = now.UtcDateTime }, cancellationToken).ConfigureAwait(false);
        if (_right.Count > 10_000)
        {
            _right.Clear();
        }

        _right[key] = now + CredentialsKept;
        return true;
    }

    private async Task<bool> DeriveAsync(string password, string hash, CancellationToken cancellationToken)
    {
        await _derivations.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // An account of an outside provider has no hash; it must not be recognised by its speed.
            return hash.Length > 0 ? Password.Verify(password, hash) : Password.Verify(password, NobodysHash) && false;
        }
        finally
        {
            _derivations.Release();
        }
    }

    // Failures before the last lock-out ended don't count any more.
    private async Task CountFailureAsync(Row row, DateTimeOffset now, CancellationToken cancellationToken) => await database.ExecuteAsync(
        "update access_user set failed_logins = case when failed_since < @old then 1 else failed_logins + 1 end, failed_since = @now where id = @Id",
        new { row.Id, now = now.UtcDateTime, old = (now - await settings.IntervalAsync("maxFailedLoginsLockoutDuration", cancellationToken).ConfigureAwait(false)).UtcDateTime },
        cancellationToken).ConfigureAwait(false);

    private async Task<bool> HasExpiredAsync(Row row, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (row.MustChangePassword)
        {
            return true;
        }

        return !row.NonExpiring
            && string.Equals(await settings.TextAsync("passwordExpirationType", cancellationToken).ConfigureAwait(false), "Interval", StringComparison.OrdinalIgnoreCase)
            && row.PasswordChanged + await settings.IntervalAsync("passwordExpirationInterval", cancellationToken).ConfigureAwait(false) < now.UtcDateTime;
    }
}
