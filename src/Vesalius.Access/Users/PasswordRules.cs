using System.Text.RegularExpressions;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>What the site wants of passwords: <c>passwordComplexity</c> (regular expression), <c>passwordReuseRestriction</c> with <c>passwordHistoryDuration</c>.</summary>
public sealed class PasswordRules(VesaliusDatabase database, SiteSettings settings, TimeProvider time)
{
    private const int Longest = 1000;

    /// <summary>Tells what is wrong with a new password; null if it may be used.</summary>
    /// <param name="login">Account that exists; null for one to be made.</param>
    /// <param name="password">The new password.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<string?> FaultAsync(string? login, string password, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(password) || password.Length > Longest)
        {
            return $"A password has 1 to {Longest} characters.";
        }

        if (!await IsComplexAsync(password, cancellationToken).ConfigureAwait(false))
        {
            return await settings.TextAsync("passwordComplexityMessage", cancellationToken).ConfigureAwait(false);
        }

        return login is not null && await WasUsedAsync(login, password, cancellationToken).ConfigureAwait(false) ? "The password was used before." : null;
    }

    private async Task<bool> IsComplexAsync(string password, CancellationToken cancellationToken)
    {
        try
        {
            return Regex.IsMatch(password, await settings.TextAsync("passwordComplexity", cancellationToken).ConfigureAwait(false), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (Exception e) when (e is RegexMatchTimeoutException or ArgumentException)
        {
            return false;
        }
    }

    private async Task<bool> WasUsedAsync(string login, string password, CancellationToken cancellationToken)
    {
        if (!string.Equals(await settings.TextAsync("passwordReuseRestriction", cancellationToken).ConfigureAwait(false), "Historical", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var since = (time.GetUtcNow() - await settings.IntervalAsync("passwordHistoryDuration", cancellationToken).ConfigureAwait(false)).UtcDateTime;
        var hashes = await database.QueryAsync<string>(
            """
            select password_hash from access_user where login = @login
            union all select h.password_hash from access_password_history h join access_user u on u.id = h.user_id where login = @login and replaced > @since
            """,
            new { login, since }, cancellationToken).ConfigureAwait(false);
        return hashes.Any(h => h.Length > 0 && Password.Verify(password, h));
    }
}
