using System.Net.Http.Headers;
using System.Text;
using Vesalius.Access;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Security;

/// <summary>Finds out who calls: Basic credentials or a session cookie; sets the cookies that clients expect (rest-api §2).</summary>
internal sealed class SignInMiddleware(RequestDelegate next, UserDirectory users, SessionDirectory sessions, SiteSettings settings, TimeProvider time)
{
    private static readonly string[] Open =
    [
        "/healthz", "/app/template/Login.vm", "/data/services/auth", "/xapi/siteConfig/buildInfo", "/xapi/siteConfig/siteId", "/xapi/siteConfig/siteUrl",
        "/xapi/siteConfig/siteHome", "/xapi/siteConfig/siteLogoPath", "/data/version",
    ];

    public async Task InvokeAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        context.Response.Headers["X-Frame-Options"] = "DENY";
        context.Response.Headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'";
        var idle = (long)sessions.Idle.TotalMilliseconds;
        // The quotes belong to the value; clients parse them.
        context.Response.Headers.Append("Set-Cookie", $"SESSION_EXPIRATION_TIME=\"{time.GetUtcNow().ToUnixTimeMilliseconds()},{idle}\"; Path=/; SameSite=Lax");
        var (login, sessionId) = await IdentifyAsync(context, cancellation).ConfigureAwait(false);
        var caller = login is null ? null : await users.LoadCallerAsync(login, cancellation).ConfigureAwait(false);
        if (login is not null && caller is null)
        {
            throw new RequestRefusedException(401, "This account may not sign in.");
        }

        var path = context.Request.Path.Value ?? "/";
        if (caller is null && !WebSite.WebSite.IsPage(path) && !Array.Exists(Open, o => path.StartsWith(o, StringComparison.Ordinal))
            && await settings.FlagAsync("requireLogin", cancellation).ConfigureAwait(false))
        {
            throw new RequestRefusedException(401, "Sign in to use this site.");
        }

        context.Items[CallerExtensions.CallerKey] = caller ?? Caller.Guest;
        context.Items[CallerExtensions.SessionKey] = sessionId;
        await next(context).ConfigureAwait(false);
    }

    private async Task<(string? Login, string? SessionId)> IdentifyAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var cookie = context.Request.Cookies["JSESSIONID"];
        if (AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var header) && header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
        {
            var (login, password) = Credentials(header.Parameter);
            if (!await users.VerifyAsync(login, password, cancellationToken).ConfigureAwait(false))
            {
                throw new RequestRefusedException(401, "User name or password is wrong, or the account is locked.");
            }

            var session = cookie is null ? null : await sessions.FindAsync(cookie, cancellationToken).ConfigureAwait(false);
            var id = session?.Login == login ? cookie! : await OpenAsync(context, login, cancellationToken).ConfigureAwait(false);
            return (login, id);
        }

        if (cookie is null)
        {
            return (null, null);
        }

        if (await sessions.FindAsync(cookie, cancellationToken).ConfigureAwait(false) is not { } live)
        {
            // A dead session is not an anonymous caller; but signing in anew must be possible.
            return context.Request.Path.StartsWithSegments("/data/services/auth", StringComparison.Ordinal) || WebSite.WebSite.IsPage(context.Request.Path)
                ? (null, null) : throw new RequestRefusedException(401, "The session has ended.");
        }

        await CheckCsrfAsync(context, live, cancellationToken).ConfigureAwait(false);
        return (live.Login, cookie);
    }

    private async Task CheckCsrfAsync(HttpContext context, WebSession session, CancellationToken cancellationToken)
    {
        var agent = context.Request.Headers.UserAgent.ToString();
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || !agent.Contains("Mozilla", StringComparison.Ordinal)
            || !await settings.FlagAsync("enableCsrfToken", cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        if (context.Request.Query["XNAT_CSRF"] != session.CsrfToken && context.Request.Headers["X-XNAT-CSRF"] != session.CsrfToken)
        {
            throw new RequestRefusedException(403, "The request does not carry this session's XNAT_CSRF token.");
        }
    }

    private async Task<string> OpenAsync(HttpContext context, string login, CancellationToken cancellationToken)
    {
        var id = await sessions.OpenAsync(login, cancellationToken).ConfigureAwait(false);
        CallerExtensions.SetSessionCookie(context, id);
        return id;
    }

    private static (string Login, string Password) Credentials(string? parameter)
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

/// <summary>Who makes a request, for endpoints.</summary>
internal static class CallerExtensions
{
    public const string CallerKey = "vesalius.caller";
    public const string SessionKey = "vesalius.session";

    public static Caller Caller(this HttpContext context) => (Caller)context.Items[CallerKey]!;

    public static string? SessionId(this HttpContext context) => (string?)context.Items[SessionKey];

    /// <summary>The caller, who must have signed in.</summary>
    public static Caller SignedIn(this HttpContext context) =>
        context.Caller() is { IsGuest: false } caller ? caller : throw new RequestRefusedException(401, "Sign in to use this.");

    /// <summary>The caller, who must be a site administrator.</summary>
    public static Caller Administrator(this HttpContext context) =>
        context.SignedIn() is { IsSiteAdministrator: true } caller ? caller : throw RequestRefusedException.Forbidden("This is for administrators.");

    public static void SetSessionCookie(HttpContext context, string id) =>
        context.Response.Cookies.Append("JSESSIONID", id, new CookieOptions { HttpOnly = true, Path = "/", SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps });
}
