namespace Vesalius.Server.Rendering;

/// <summary>Gives every path its canonical form: <c>/REST</c> and <c>/data/archive</c> are <c>/data</c>, XNAT's <c>/VIEWER</c> is <c>/viewer</c>; slashes at the end don't count (rest-api §1.1, §1.2).</summary>
internal sealed class PathAliasMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        if (path.StartsWith("/REST/", StringComparison.Ordinal))
        {
            path = "/data" + path[5..];
        }

        if (path.StartsWith("/data/archive/", StringComparison.Ordinal))
        {
            path = "/data" + path[13..];
        }

        if (path == "/VIEWER" || path.StartsWith("/VIEWER/", StringComparison.Ordinal))
        {
            path = "/viewer" + path[7..];
        }

        if (path.Length > 1 && path.EndsWith('/') && !path.Contains("/files/", StringComparison.Ordinal))
        {
            path = path.TrimEnd('/');
        }

        // Made from the decoded text: the conversion from a string would decode it a second time.
        context.Request.Path = new PathString(path.Length == 0 ? "/" : path);
        return next(context);
    }
}
