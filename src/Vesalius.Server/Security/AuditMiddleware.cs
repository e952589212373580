using Vesalius.Access;

namespace Vesalius.Server.Security;

/// <summary>Writes every look, download, change and deletion into the trail (R26), unless the endpoint wrote a more exact row itself.
/// The row is committed before the first byte of the answer leaves: what cannot be written down is not shown.</summary>
internal sealed class AuditMiddleware(RequestDelegate next, AuditTrail audit)
{
    private const string WrittenKey = "vesalius.audited";

    // Reading these shows nothing of anybody.
    private static readonly string[] Unremarkable =
    [
        "/healthz", "/metrics", "/app", "/login", "/openid-login", "/data/JSESSION", "/data/auth", "/data/version", "/data/services/auth", "/data/services/features", "/data/config",
        "/data/status", "/xapi/siteConfig", "/xapi/plugins", "/xapi/users", "/xapi/schemas", "/schemas", "/xapi/swagger-ui.html", "/xapi/v2", "/xapi/openapi", "/xapi/theme", "/xapi/themes",
        "/xapi/notifications", "/xapi/prefs", "/xapi/access", "/xapi/role", "/xapi/dicomscp", "/xapi/dqr/settings", "/xapi/event_tracking",
    ];

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(() => WriteAsync(context));
        return next(context);
    }

    /// <summary>Says that this request's row is written.</summary>
    public static void Written(HttpContext context) => context.Items[WrittenKey] = true;

    private Task WriteAsync(HttpContext context)
    {
        var request = context.Request;
        var path = request.Path;
        var reads = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method);
        var status = context.Response.StatusCode;
        if (context.Items.ContainsKey(WrittenKey) || context.GetEndpoint() is null || (status >= 400 && status != 403)
            || (reads && status != 403 && Array.Exists(Unremarkable, u => path == "/" || path.StartsWithSegments(u, StringComparison.Ordinal)))
            || path.StartsWithSegments("/data/JSESSION", StringComparison.Ordinal) || path.StartsWithSegments("/data/services/auth", StringComparison.Ordinal))
        {
            return Task.CompletedTask;
        }

        var action = HttpMethods.IsDelete(request.Method) ? "delete"
            : !reads && !path.StartsWithSegments("/data/search", StringComparison.Ordinal) ? "change"
            : IsDownload(context) ? "download" : "look";
        return audit.RecordAsync(context.Caller().Login, context.Address(), status == 403 ? $"refused.{action}" : action, $"{request.Method} {path}", CancellationToken.None);
    }

    private static bool IsDownload(HttpContext context) =>
        context.Response.Headers.ContainsKey("Content-Disposition") || context.Request.Path.Value?.Contains("/files/", StringComparison.Ordinal) == true
        || context.Request.Query["format"].ToString() is "zip" or "tar" or "tar.gz";
}
