using Microsoft.Net.Http.Headers;

namespace Vesalius.Server.Rendering;

/// <summary>What of the formats that an answer can have its caller likes best (rest-api §1.4).</summary>
internal static class AcceptedFormat
{
    /// <summary>Chooses by <c>format=</c>, else by <c>Accept</c>, else the first.</summary>
    /// <param name="request">Request.</param>
    /// <param name="offered">The formats by name, the one of whoever has no wish first.</param>
    /// <returns>The value of <c>format</c> as it was given, or one of those that are offered.</returns>
    public static string Of(HttpRequest request, params ReadOnlySpan<string> offered)
    {
        if (request.Query["format"].ToString() is { Length: > 0 } format)
        {
            return format;
        }

        if (MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var wishes))
        {
            // The order is stable: of two that are liked the same, the first counts.
            foreach (var wish in wishes.Where(w => w.Quality is null or > 0).OrderByDescending(w => w.Quality ?? 1))
            {
                foreach (var name in offered)
                {
                    if (Fits(wish, name))
                    {
                        return name;
                    }
                }
            }
        }

        return offered[0];
    }

    private static bool Fits(MediaTypeHeaderValue wish, string format) =>
        wish.MatchesAllTypes || Array.Exists(TypesOf(format), t => wish.MediaType.Equals(t, StringComparison.OrdinalIgnoreCase) || (wish.MatchesAllSubTypes && wish.Type.Equals(t.Split('/')[0], StringComparison.OrdinalIgnoreCase)));

    private static string[] TypesOf(string format) => format switch
    {
        "json" => ["application/json", "text/json"],
        "xml" => ["text/xml", "application/xml"],
        "csv" => ["text/csv"],
        _ => ["text/html", "application/xhtml+xml"],
    };
}
