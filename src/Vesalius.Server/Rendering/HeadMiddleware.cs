using Microsoft.AspNetCore.Routing;

namespace Vesalius.Server.Rendering;

/// <summary>HEAD is what GET would say, without a body (RFC 9110 §9.3.2). Endpoints that answer it for less work say so themselves.</summary>
internal static class HeadMiddleware
{
    private static readonly object Asked = new();

    /// <summary>Before routing: looks for what answers GET. The connection itself still knows that no body may follow.</summary>
    public static void UseHeadAsGet(this IApplicationBuilder application) => application.Use((context, next) =>
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Items[Asked] = Asked;
            context.Request.Method = HttpMethods.Get;
        }

        return next(context);
    });

    /// <summary>After routing: tells those that offer HEAD.</summary>
    public static void UseOwnHead(this IApplicationBuilder application) => application.Use((context, next) =>
    {
        if (context.Items.ContainsKey(Asked) && context.GetEndpoint()?.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Head) == true)
        {
            context.Request.Method = HttpMethods.Head;
        }

        return next(context);
    });
}
