using Vesalius.Access;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Security;

/// <summary>Turns a name and a secret into a login: alias tokens and passwords (rest-api §2.1). Each refusal is audited.</summary>
internal sealed class SignInFlow(PasswordSignIn passwords, ProviderSignIn providers, AliasTokens tokens, SessionDirectory sessions, AuditTrail audit)
{
    /// <summary>Names that clients use for the local accounts.</summary>
    public static readonly string[] Local = ["localdb", "local", "database"];

    /// <summary>The text that xnatpy looks for.</summary>
    private const string Expired = "Your password has expired. Set a new one at /app/template/XDATScreen_UpdateUser.vm or by PUT /xapi/users/update.";

    /// <summary>Checks name and secret.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">Login or alias.</param>
    /// <param name="secret">Password or secret.</param>
    /// <param name="toChangePassword">The request changes the password: an expired one is good enough for that.</param>
    /// <param name="provider">Who is to know the name; null is every provider in turn.</param>
    /// <returns>The login.</returns>
    /// <exception cref="RequestRefusedException">401 where it is wrong, 403 where the password has expired.</exception>
    public async Task<string> CheckAsync(HttpContext context, string name, string secret, bool toChangePassword, string? provider = null)
    {
        var isLocal = provider is null || Local.Contains(provider, StringComparer.OrdinalIgnoreCase);
        if (!isLocal && !providers.Names.ContainsKey(provider!))
        {
            throw RequestRefusedException.BadRequest("There is no such provider of sign-ins.");
        }

        if (AliasTokens.IsAlias(name) && await tokens.UseAsync(name, secret, context.RequestAborted).ConfigureAwait(false) is { } owner)
        {
            return owner;
        }

        var outcome = isLocal ? await passwords.CheckAsync(name, secret, context.RequestAborted).ConfigureAwait(false) : SignInOutcome.Refused;
        if (outcome == SignInOutcome.Accepted || (outcome == SignInOutcome.PasswordExpired && toChangePassword))
        {
            return name;
        }

        if (outcome == SignInOutcome.Refused && (provider is null || !isLocal) && await providers.CheckAsync(isLocal ? null : provider, name, secret, context.RequestAborted).ConfigureAwait(false) is { } login)
        {
            return login;
        }

        await audit.RecordAsync(LoginName.IsValid(name) ? name : "", context.Address(), outcome == SignInOutcome.Refused ? "sign-in.refused" : "sign-in.expired", "", CancellationToken.None).ConfigureAwait(false);
        throw outcome == SignInOutcome.Refused
            ? new RequestRefusedException(401, "User name or password is wrong, or the account is locked or not enabled.")
            : new RequestRefusedException(403, Expired);
    }

    /// <summary>Opens a session and sets its cookie.</summary>
    /// <returns>Its identifier.</returns>
    public async Task<string> OpenSessionAsync(HttpContext context, string login)
    {
        var id = await sessions.OpenAsync(login, context.Address(), context.RequestAborted).ConfigureAwait(false);
        await audit.RecordAsync(login, context.Address(), "sign-in", "", CancellationToken.None).ConfigureAwait(false);
        CallerExtensions.SetSessionCookie(context, id);
        return id;
    }
}
