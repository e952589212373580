using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Vesalius.Access;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Security;

/// <summary>Finds out who calls: Basic credentials or a session cookie; sets the cookies that clients expect (rest-api §2).</summary>
internal sealed partial class SignInMiddleware(RequestDelegate next, UserDirectory users, SessionDirectory sessions, SiteSettings settings, SignInFlow signIn, TimeProvider time)
{
    // What a caller needs before it can sign in (xapi §0.4).
    private static readonly string[] Open =
    [
        "/healthz", "/metrics", "/xapi/dicomweb/test", "/viewer", "/app/template/Login.vm", "/app/template/XDATScreen_UpdateUser.vm", "/app/template/Register.vm", "/app/template/ForgotLogin.vm", "/app/template/VerifyEmail.vm",
        "/data/services/auth", "/data/services/sendEmailVerification", "/openid-login", "/xapi/siteConfig/buildInfo", "/xapi/siteConfig/siteId", "/xapi/siteConfig/siteUrl",
        "/xapi/siteConfig/siteHome", "/xapi/siteConfig/siteLogoPath", "/xapi/users/authProviders", "/xapi/users/register", "/data/version", "/login",
    ];

    [GeneratedRegex("MSIE|Mozilla|AppleWebKit|Opera", RegexOptions.CultureInvariant)]
    private static partial Regex Browser();

    public async Task InvokeAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var idle = (long)(await sessions.IdleAsync(cancellation).ConfigureAwait(false)).TotalMilliseconds;
        // The quotes belong to the value; clients parse them.
        context.Response.Headers.Append("Set-Cookie", $"SESSION_EXPIRATION_TIME=\"{time.GetUtcNow().ToUnixTimeMilliseconds()},{idle}\"; Path=/; SameSite=Lax");
        var (login, sessionId, caller) = await IdentifyAsync(context, cancellation).ConfigureAwait(false);
        if (login is not null && caller is null)
        {
            caller = await users.LoadCallerAsync(login, cancellation).ConfigureAwait(false);
        }

        if (login is not null && caller is null)
        {
            throw new RequestRefusedException(401, "This account may not sign in.");
        }

        var path = context.Request.Path.Value ?? "/";
        if (caller is null && !WebSite.WebSite.IsPage(context.Request.Path) && !Array.Exists(Open, o => path.StartsWith(o, StringComparison.Ordinal))
            && await settings.FlagAsync("requireLogin", cancellation).ConfigureAwait(false))
        {
            throw new RequestRefusedException(401, "Sign in to use this site.");
        }

        context.Items[CallerExtensions.CallerKey] = caller ?? await GuestAsync(cancellation).ConfigureAwait(false);
        context.Items[CallerExtensions.SessionKey] = sessionId;
        await next(context).ConfigureAwait(false);
    }

    // Nobody knows whether a guest was trained.
    private async Task<Caller> GuestAsync(CancellationToken cancellationToken) =>
        Caller.Guest with { MayOpenData = !await settings.FlagAsync("trainingRequired", cancellationToken).ConfigureAwait(false) };

    private async Task<(string? Login, string? SessionId, Caller? Caller)> IdentifyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var cookie = context.Request.Cookies["JSESSIONID"];
        var session = string.IsNullOrEmpty(cookie) ? null : await sessions.FindAsync(cookie, cancellationToken).ConfigureAwait(false);
        if (session is not null)
        {
            await CheckCsrfAsync(context, session, cancellationToken).ConfigureAwait(false);
        }

        if (AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var header) && header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
        {
            var (name, secret) = Credentials(header.Parameter);
            if (session is not null && AliasTokens.IsAlias(name))
            {
                // A token for a single use has done its work when it opened the session.
                return (session.Login, cookie, session.Caller);
            }

            var login = await signIn.CheckAsync(context, name, secret, ChangesPassword(context)).ConfigureAwait(false);
            return session?.Login == login ? (login, cookie, session.Caller) : (login, await signIn.OpenSessionAsync(context, login).ConfigureAwait(false), null);
        }

        if (session is not null)
        {
            return (session.Login, cookie, session.Caller);
        }

        // A dead session is not an anonymous caller; but signing in anew must be possible.
        return string.IsNullOrEmpty(cookie) || WebSite.WebSite.IsPage(context.Request.Path) || Array.Exists(Open, o => context.Request.Path.StartsWithSegments(o, StringComparison.Ordinal))
            ? (null, null, null) : throw new RequestRefusedException(401, "The session has ended.");
    }

    private static bool ChangesPassword(HttpContext context) =>
        HttpMethods.IsPut(context.Request.Method) && context.Request.Path == "/xapi/users/update";

    private async Task CheckCsrfAsync(HttpContext context, WebSession session, CancellationToken cancellationToken)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method) || !Browser().IsMatch(request.Headers.UserAgent.ToString())
            || !await settings.FlagAsync("enableCsrfToken", cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var given = request.Query["XNAT_CSRF"].FirstOrDefault() ?? request.Headers["X-XNAT-CSRF"].FirstOrDefault();
        // A small form is kept for the endpoint; a multipart one is a stream that only the endpoint may read.
        if (given is null && request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true)
        {
            given = (await request.ReadFormAsync(cancellationToken).ConfigureAwait(false))["XNAT_CSRF"].FirstOrDefault();
        }

        if (given is null || !System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(session.CsrfToken)))
        {
            throw new RequestRefusedException(403, "The request does not carry this session's XNAT_CSRF token.");
        }
    }

    private static (string Name, string Secret) Credentials(string? parameter)
    {
        var buffer = new byte[(parameter?.Length ?? 0) + 4];
        if (parameter is null || !Convert.TryFromBase64String(parameter, buffer, out var length))
        {
            throw new RequestRefusedException(401, "The credentials cannot be read.");
        }

        var text = Encoding.UTF8.GetString(buffer, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? throw new RequestRefusedException(401, "The credentials cannot be read.") : (text[..colon], text[(colon + 1)..]);
    }
}
