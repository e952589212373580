namespace Vesalius.Server.Security;

/// <summary>Headers that every answer carries, refusals too; an endpoint that sets one of them itself keeps its own.</summary>
internal sealed class SecurityHeadersMiddleware(RequestDelegate next)
{
    private static readonly (string Name, string Value)[] Always =
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"),
        // Addresses hold labels.
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ];

    public Task InvokeAsync(HttpContext context)
    {
        context.Response.OnStarting(
            static state =>
            {
                var context = (HttpContext)state;
                var headers = context.Response.Headers;
                foreach (var (name, value) in Always)
                {
                    headers.TryAdd(name, value);
                }

                if (context.Request.IsHttps)
                {
                    headers.TryAdd("Strict-Transport-Security", "max-age=31536000");
                }

                if (context.Request.Path.StartsWithSegments("/data") || context.Request.Path.StartsWithSegments("/xapi") || context.Request.Path.StartsWithSegments("/dicom-web"))
                {
                    headers.TryAdd("Cache-Control", "no-store");
                }

                return Task.CompletedTask;
            },
            context);
        return next(context);
    }
}
