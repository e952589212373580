using System.Net;
using OpenTelemetry.Metrics;

namespace Vesalius.Server.Security;

/// <summary><c>/metrics</c> for Prometheus (R37): requests by route pattern and status, runtime, audit rows. Nothing in it names a user, a project or a patient.</summary>
internal static class Metrics
{
    public static void AddServerMetrics(this IServiceCollection services) => services.AddOpenTelemetry().WithMetrics(metrics => metrics
        .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime", "Vesalius.*")
        .AddPrometheusExporter());

    /// <summary>Answers a scraper on this machine without a sign-in, any other one as an administrator.</summary>
    public static void UseMetrics(this WebApplication application) => application.UseWhen(
        context => context.Request.Path == "/metrics",
        branch =>
        {
            branch.Use((context, next) =>
            {
                if (!IsLocal(context))
                {
                    context.Administrator();
                }

                return next(context);
            });
            branch.UseOpenTelemetryPrometheusScrapingEndpoint();
        });

    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
}
