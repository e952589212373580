using System.Net;

namespace Vesalius.Server.Data;

/// <summary>Names and values of a query string in which names may be paths with predicates: <c>fields/field[name=a]/field=v</c> is one pair, encoded or not.</summary>
internal static class QueryPairs
{
    public static IEnumerable<(string Key, string Value)> Of(HttpRequest request)
    {
        foreach (var part in (request.QueryString.Value ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var end = End(part);
            yield return end < 0 ? (Decode(part), "") : (Decode(part[..end]), Decode(part[(end + 1)..]));
        }
    }

    private static string Decode(string text) => WebUtility.UrlDecode(text);

    // The equals sign that ends the name: not one inside brackets.
    private static int End(string part)
    {
        var depth = 0;
        for (var i = 0; i < part.Length; i++)
        {
            if (part[i] == '[' || string.Compare(part, i, "%5B", 0, 3, StringComparison.OrdinalIgnoreCase) == 0)
            {
                depth++;
            }
            else if (part[i] == ']' || string.Compare(part, i, "%5D", 0, 3, StringComparison.OrdinalIgnoreCase) == 0)
            {
                depth--;
            }
            else if (part[i] == '=' && depth <= 0)
            {
                return i;
            }
        }

        return part.IndexOf('=', StringComparison.Ordinal);
    }
}
