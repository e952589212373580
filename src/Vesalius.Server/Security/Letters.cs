using Vesalius.Access;

namespace Vesalius.Server.Security;

/// <summary>The letters that the server writes to users. Links are built on the site URL only: a request's own host could be anybody's.</summary>
internal sealed class Letters(MailOutbox outbox, AliasTokens tokens, SiteSettings settings)
{
    /// <summary>True if letters with links can be sent: an SMTP server and the site URL are set.</summary>
    public async Task<bool> CanSendLinksAsync(CancellationToken cancellationToken) =>
        await outbox.CanSendAsync(cancellationToken).ConfigureAwait(false) && (await SiteAsync(cancellationToken).ConfigureAwait(false)).Url.Length > 0;

    public Task InviteAsync(string email, string project, CancellationToken cancellationToken) => PostAsync(
        email, "Invitation", site => $"You are invited into project {project} at {site.Name}.\n\nMake an account with this e-mail address, or sign in: {site.Url}/\n", cancellationToken);

    public Task JoinedAsync(UserAccount user, string project, CancellationToken cancellationToken) => PostAsync(
        user.Email, "Project access", site => $"You now have access to project {project} at {site.Name}.\n\n{site.Url}/\n", cancellationToken);

    public Task WelcomeAsync(UserAccount user, CancellationToken cancellationToken) => PostAsync(
        user.Email, "Your account", site => $"Your account {user.Login} at {site.Name} can now be used.\n\n{site.Url}/\n", cancellationToken);

    public async Task ApproveAsync(UserAccount user, CancellationToken cancellationToken) => await PostAsync(
        await settings.TextAsync("adminEmail", cancellationToken).ConfigureAwait(false), "Account to approve",
        site => $"Somebody asked for the account {user.Login} at {site.Name}. Enable it, or leave it: {site.Url}/\n", cancellationToken).ConfigureAwait(false);

    /// <summary>A link that confirms the e-mail address.</summary>
    public Task VerifyAsync(UserAccount user, CancellationToken cancellationToken) =>
        LinkAsync(user, "/app/template/VerifyEmail.vm", "emailVerificationExpiration", "Confirm your e-mail address", "To confirm that this is your e-mail address, open", cancellationToken);

    /// <summary>A link that sets a password.</summary>
    public Task SetPasswordAsync(UserAccount user, CancellationToken cancellationToken) =>
        LinkAsync(user, "/app/template/XDATScreen_UpdateUser.vm", "resetPasswordTimeout", "Set your password", $"To set the password of {user.Login}, open", cancellationToken);

    private async Task LinkAsync(UserAccount user, string page, string lifetime, string subject, string text, CancellationToken cancellationToken)
    {
        var issued = await tokens.IssueAsync(user.Login, null, singleUse: true, await settings.IntervalAsync(lifetime, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (issued is var (token, secret))
        {
            await PostAsync(user.Email, subject, site => $"{text}\n\n{site.Url}{page}?a={token.Alias}&s={secret}\n", cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task PostAsync(string recipient, string subject, Func<(string Name, string Url), string> body, CancellationToken cancellationToken)
    {
        var site = await SiteAsync(cancellationToken).ConfigureAwait(false);
        if (await outbox.CanSendAsync(cancellationToken).ConfigureAwait(false))
        {
            await outbox.PostAsync(recipient, $"{site.Name}: {subject}", body(site), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<(string Name, string Url)> SiteAsync(CancellationToken cancellationToken) => (
        string.Concat((await settings.TextAsync("siteId", cancellationToken).ConfigureAwait(false)).Where(c => !char.IsControl(c))),
        (await settings.TextAsync("siteUrl", cancellationToken).ConfigureAwait(false)).TrimEnd('/'));
}
