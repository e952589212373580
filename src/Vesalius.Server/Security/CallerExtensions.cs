using Vesalius.Access;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Security;

/// <summary>Who makes a request, for endpoints.</summary>
internal static class CallerExtensions
{
    public const string CallerKey = "vesalius.caller";
    public const string SessionKey = "vesalius.session";

    public static Caller Caller(this HttpContext context) => (Caller)context.Items[CallerKey]!;

    public static string? SessionId(this HttpContext context) => (string?)context.Items[SessionKey];

    /// <summary>Where the request comes from; the address that a proxy on this machine names, if there is one.</summary>
    public static string Address(this HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <summary>The caller, who must have signed in.</summary>
    public static Caller SignedIn(this HttpContext context) =>
        context.Caller() is { IsGuest: false } caller ? caller : throw new RequestRefusedException(401, "Sign in to use this.");

    /// <summary>The caller, who must be a site administrator.</summary>
    public static Caller Administrator(this HttpContext context) =>
        context.SignedIn() is { IsSiteAdministrator: true } caller ? caller : throw RequestRefusedException.Forbidden("This is for administrators.");

    /// <summary>The caller, who must be the named user or a site administrator.</summary>
    public static Caller SelfOrAdministrator(this HttpContext context, string login) =>
        context.SignedIn() is { } caller && (caller.Login == login || caller.IsSiteAdministrator) ? caller : throw RequestRefusedException.Forbidden();

    public static void SetSessionCookie(HttpContext context, string id) =>
        context.Response.Cookies.Append("JSESSIONID", id, new CookieOptions { HttpOnly = true, Path = "/", SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps });
}
