using Microsoft.AspNetCore.Routing.Patterns;

namespace Vesalius.Server.Rendering;

/// <summary>Lets words of an address count only as they are written: <c>/data/Projects</c> is nothing (rest-api §1.2). Routing alone ignores case.</summary>
internal sealed class KeywordCaseMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is RouteEndpoint { RoutePattern: var pattern } && !IsWritten(pattern, context.Request.Path.Value ?? ""))
        {
            context.SetEndpoint(null);
            context.Request.RouteValues.Clear();
        }

        return next(context);
    }

    private static bool IsWritten(RoutePattern pattern, ReadOnlySpan<char> path)
    {
        var segments = path.TrimStart('/').Split('/');
        foreach (var part in pattern.PathSegments)
        {
            if (!segments.MoveNext())
            {
                return true;
            }

            if (part is { IsSimple: true, Parts: [RoutePatternLiteralPart { Content: var word }] } && !path.TrimStart('/')[segments.Current].SequenceEqual(word))
            {
                return false;
            }
        }

        return true;
    }
}
