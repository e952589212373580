using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Xapi;

/// <summary>A page of a list that is asked for by POST: filters, order, size, number (xapi 0.5).</summary>
internal sealed class PageRequest
{
    private readonly int _number;
    private readonly int _size;
    private readonly List<(string Column, bool Descending)> _order;
    private readonly List<(string Column, PageFilter Filter)> _filters;

    private PageRequest(JsonElement root, string defaultColumn)
    {
        string Text(string name, string absent) => root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : absent;
        if (!int.TryParse(Text("page", "1"), out _number) || _number < 1 || !int.TryParse(Text("size", "50"), out _size) || _size is < 1 or > 10_000)
        {
            throw RequestRefusedException.BadRequest("page is a number from 1, size one from 1 to 10000.");
        }

        static bool Falls(string direction) => !direction.Equals("asc", StringComparison.OrdinalIgnoreCase);
        _order = root.TryGetProperty("sortBys", out var given) && given.ValueKind == JsonValueKind.Array && given.GetArrayLength() > 0
            ? [.. given.EnumerateArray().Select(s => s.ValueKind == JsonValueKind.Array && s.GetArrayLength() == 2
                ? (s[0].ToString(), Falls(s[1].ToString()))
                : (s.GetProperty("sort_col").ToString(), Falls(s.TryGetProperty("sort_dir", out var direction) ? direction.ToString() : "desc")))]
            : [(Text("sort_col", defaultColumn), Falls(Text("sort_dir", "desc")))];
        _filters = root.TryGetProperty("filters", out var filters) && filters.ValueKind == JsonValueKind.Object
            ? [.. filters.EnumerateObject().Where(f => f.Value.ValueKind == JsonValueKind.Object).Select(f => (f.Name, PageFilter.Read(f.Value, 0)))] : [];
    }

    /// <summary>Reads the body; without one everything is as by default.</summary>
    /// <param name="context">Request.</param>
    /// <param name="defaultColumn">What the list is ordered by where nothing is said.</param>
    /// <exception cref="RequestRefusedException">400: it is no page.</exception>
    public static async Task<PageRequest> ReadAsync(HttpContext context, string defaultColumn)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        try
        {
            using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
            return new PageRequest(json.RootElement, defaultColumn);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON object of a page.");
        }
    }

    /// <summary>The rows of the page, by column.</summary>
    public IEnumerable<Dictionary<string, object?>> Of(IEnumerable<Dictionary<string, object?>> rows)
    {
        var fitting = rows.Where(r => _filters.TrueForAll(f => f.Filter.Fits(Text(r, f.Column)))).ToList();
        fitting.Sort((a, b) => _order.Select(o => o.Descending ? PageFilter.Compare(Text(b, o.Column), Text(a, o.Column)) : PageFilter.Compare(Text(a, o.Column), Text(b, o.Column))).FirstOrDefault(c => c != 0));
        return fitting.Skip((int)Math.Min((_number - 1L) * _size, fitting.Count)).Take(_size);
    }

    private static string Text(Dictionary<string, object?> row, string column) => Convert.ToString(row.GetValueOrDefault(column), CultureInfo.InvariantCulture) ?? "";
}

/// <summary>What a column of a list has to be.</summary>
internal sealed class PageFilter
{
    private const int Deepest = 8;
    private readonly Func<string, bool> _own;
    private readonly bool _isNegated;
    private readonly List<PageFilter> _and;
    private readonly List<PageFilter> _or;

    private PageFilter(JsonElement given, int depth)
    {
        string Text(string name) => given.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null ? found.ToString() : "";
        List<PageFilter> Below(string name) => given.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.Array ? [.. found.EnumerateArray().Select(f => Read(f, depth + 1))] : [];
        var value = Text("value");
        var isAlone = given.TryGetProperty("value", out _) || given.TryGetProperty("values", out _) || given.TryGetProperty("lo", out _) || given.TryGetProperty("hi", out _);
        _own = Text("operator").ToUpperInvariant() switch
        {
            _ when !isAlone => _ => true,
            "EQ" => t => Compare(t, value) == 0,
            "NE" => t => Compare(t, value) != 0,
            "LT" => t => Compare(t, value) < 0,
            "GT" => t => Compare(t, value) > 0,
            "LE" => t => Compare(t, value) <= 0,
            "GE" => t => Compare(t, value) >= 0,
            "IN" => Among(given.TryGetProperty("values", out var values) && values.ValueKind == JsonValueKind.Array ? [.. values.EnumerateArray().Select(v => v.ToString())] : [value]),
            "BETWEEN" => Between(Text("lo"), Text("hi")),
            "LIKE" => Like(value, RegexOptions.None),
            "ILIKE" or "" => Like(value, RegexOptions.IgnoreCase),
            _ => throw RequestRefusedException.BadRequest("The operator is eq, ne, lt, gt, le, ge, like, ilike, in or between."),
        };
        _isNegated = Text("not").Equals("true", StringComparison.OrdinalIgnoreCase);
        _and = Below("andFilters");
        _or = Below("orFilters");
    }

    /// <summary>Reads a filter.</summary>
    /// <exception cref="RequestRefusedException">400: its operator is none, or filters lie too deep in each other.</exception>
    public static PageFilter Read(JsonElement given, int depth) =>
        depth < Deepest ? new PageFilter(given, depth) : throw RequestRefusedException.BadRequest($"Filters lie at most {Deepest} deep in each other.");

    /// <summary>True if a value fits.</summary>
    public bool Fits(string text) => ((_own(text) && _and.TrueForAll(f => f.Fits(text))) || _or.Exists(f => f.Fits(text))) != _isNegated;

    /// <summary>Compares two values: numbers by size and before everything else, the rest letter by letter.</summary>
    public static int Compare(string a, string b) => (Number(a), Number(b)) switch
    {
        ({ } x, { } y) => x.CompareTo(y),
        ({ }, null) => -1,
        (null, { }) => 1,
        _ => string.CompareOrdinal(a, b),
    };

    private static decimal? Number(string text) => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static Func<string, bool> Among(HashSet<string> values) => values.Contains;

    private static Func<string, bool> Between(string lowest, string highest) => t => (lowest.Length == 0 || Compare(t, lowest) >= 0) && (highest.Length == 0 || Compare(t, highest) <= 0);

    // A pattern with %; without one the text may lie anywhere.
    private static Func<string, bool> Like(string pattern, RegexOptions options)
    {
        var parts = pattern.Contains('%', StringComparison.Ordinal) ? pattern : $"%{pattern}%";
        var expression = new Regex("^" + string.Join(".*", parts.Split('%').Select(Regex.Escape)) + "$", options | RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking);
        return expression.IsMatch;
    }
}
