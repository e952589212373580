using System.Globalization;
using System.Text.Json;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>Turns a comparison of a field with a value into SQL (rest-api §19.2). Values are always parameters.</summary>
/// <param name="filter">Values of the statement.</param>
internal sealed class SearchConditions(ListFilter filter)
{
    private const int MostAlternatives = 10_000;

    private static readonly string[] DayFormats = ["yyyy-MM-dd", "MM/dd/yyyy", "M/d/yyyy", "yyyyMMdd"];
    private static readonly string[] MomentFormats = ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFF", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:ss.FFFK", "yyyy-MM-dd HH:mm", "MM/dd/yyyy HH:mm:ss"];

    /// <summary>Whether a comparison holds for an object that has no value.</summary>
    public static bool HoldsForNothing(SearchComparison comparison) =>
        comparison is SearchComparison.NotEqual or SearchComparison.NotLike or SearchComparison.NotIn or SearchComparison.NotBetween or SearchComparison.IsNull;

    /// <summary>The condition.</summary>
    /// <exception cref="ListRefusedException">The value is none of the field's kind.</exception>
    public string Of(SearchValue value, string name, SearchComparison comparison, string text)
    {
        var positive = Positive(comparison);
        var field = value.One ?? value.Field;
        var condition = Condition(field, name, positive, text);
        if (value.Each is { } each)
        {
            condition = $"exists (select 1 from {each} and {condition})";
        }

        return positive == comparison ? condition : $"({condition}) is not true";
    }

    /// <summary>The condition that a text field has one of many values.</summary>
    public string AnyOf(SearchValue value, IReadOnlyCollection<string> values) => $"{value.Field.Raw} = any ({filter.Parameter(values.ToArray())})";

    private static SearchComparison Positive(SearchComparison comparison) => comparison switch
    {
        SearchComparison.NotEqual => SearchComparison.Equal,
        SearchComparison.NotLike => SearchComparison.Like,
        SearchComparison.NotIn => SearchComparison.In,
        SearchComparison.NotBetween => SearchComparison.Between,
        SearchComparison.IsNull => SearchComparison.IsNotNull,
        _ => comparison,
    };

    private string Condition(FieldSql field, string name, SearchComparison comparison, string text)
    {
        switch (comparison)
        {
            case SearchComparison.IsNotNull:
                return field.Kind is ValueKind.Text or ValueKind.LongText || !field.IsColumn ? $"({field.Raw}) <> ''" : $"({field.Raw}) is not null";
            case SearchComparison.Like:
                return Like(field, text);
            case SearchComparison.Between:
                var (from, to) = Range(name, text);
                return $"({Ordered(field, name, ">=", from)} and {Ordered(field, name, "<=", to)})";
            case SearchComparison.In:
                var alternatives = Alternatives(name, text);
                return IsText(field) ? $"({field.Raw}) = any ({filter.Parameter(alternatives)})" : $"({string.Join(" or ", alternatives.Select(a => Ordered(field, name, "=", a)))})";
            case SearchComparison.Equal:
                return text.Length == 0 ? $"({Condition(field, name, SearchComparison.IsNotNull, "")}) is not true" : Ordered(field, name, "=", text);
            default:
                return Ordered(field, name, comparison switch { SearchComparison.Less => "<", SearchComparison.LessOrEqual => "<=", SearchComparison.Greater => ">", _ => ">=" }, text);
        }
    }

    private static bool IsText(FieldSql field) => field.Kind is ValueKind.Text or ValueKind.LongText or ValueKind.Uri;

    private string Like(FieldSql field, string text)
    {
        var pattern = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal).Replace('*', '%');
        // Everything that is there at all.
        return pattern.Length > 0 && pattern.All(c => c == '%') ? $"({field.Raw}) is not null" : $"({field.Output}) ilike {filter.Parameter(pattern)}";
    }

    private string Ordered(FieldSql field, string name, string sign, string text) => field.Kind switch
    {
        ValueKind.Integer or ValueKind.Float => $"{Number(field)} {sign} {filter.Parameter(Number(name, text))}",
        ValueKind.Boolean => $"({field.Raw}) {sign} {filter.Parameter(text is "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase) ? "1" : "0")}",
        ValueKind.Date => field.IsColumn ? $"({field.Raw}) {sign} {filter.Parameter(Day(name, text))}" : $"({field.Raw}) {sign} {filter.Parameter(Iso(Day(name, text)))}",
        ValueKind.Time => Time(field, name, sign, text),
        ValueKind.DateTime => Moment(field, name, sign, text),
        _ => Text(field, sign, text),
    };

    private string Text(FieldSql field, string sign, string text)
    {
        if (sign == "=")
        {
            // Containment is what the index on documents answers.
            return field.Document is var (column, key)
                ? $"{column} @> {filter.Parameter(JsonSerializer.Serialize(new Dictionary<string, string> { [key] = text }))}::jsonb" : $"({field.Raw}) = {filter.Parameter(text)}";
        }

        // Field strengths and the like are text that holds a number.
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? $"archive_number({field.Raw}) {sign} {filter.Parameter(number)}" : $"({field.Raw}) {sign} {filter.Parameter(text)}";
    }

    private static string Number(FieldSql field) => field.IsColumn ? $"({field.Raw})" : $"archive_number({field.Raw})";

    private static double Number(string name, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number : throw new ListRefusedException($"{name} is a number; the value that it is compared with is none.");

    private static DateOnly Day(string name, string text)
    {
        var day = text.Length > 10 && text[10] is ' ' or 'T' ? text[..10] : text;
        return DateOnly.TryParseExact(day, DayFormats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date : throw new ListRefusedException($"{name} is a date; the value that it is compared with is none (yyyy-MM-dd).");
    }

    private static string Iso(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private string Time(FieldSql field, string name, string sign, string text) => TimeOnly.TryParse(text, CultureInfo.InvariantCulture, out var time)
        ? $"({field.Raw}) {sign} {filter.Parameter(field.IsColumn ? time : time.ToString("HH:mm:ss", CultureInfo.InvariantCulture))}"
        : throw new ListRefusedException($"{name} is a time; the value that it is compared with is none (HH:mm:ss).");

    // A day stands for all of it.
    private string Moment(FieldSql field, string name, string sign, string text)
    {
        if (DateTime.TryParseExact(text, MomentFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
        {
            return field.IsColumn ? $"date_trunc('second', {field.Raw}) {sign} {filter.Parameter(at)}::timestamptz" : $"({field.Raw}) {sign} {filter.Parameter(at.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture))}";
        }

        var day = Day(name, text);
        var next = day < DateOnly.MaxValue ? day.AddDays(1) : day;
        object Of(DateOnly d) => field.IsColumn ? d.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc) : Iso(d);
        return sign switch
        {
            "=" => $"(({field.Raw}) >= {filter.Parameter(Of(day))} and ({field.Raw}) < {filter.Parameter(Of(next))})",
            "<" or ">=" => $"({field.Raw}) {sign} {filter.Parameter(Of(day))}",
            "<=" => $"({field.Raw}) < {filter.Parameter(Of(next))}",
            _ => $"({field.Raw}) >= {filter.Parameter(Of(next))}",
        };
    }

    private static (string From, string To) Range(string name, string text)
    {
        var and = text.IndexOf(" AND ", StringComparison.OrdinalIgnoreCase);
        var parts = and > 0 ? [text[..and], text[(and + 5)..]] : text.Split(',');
        return parts.Length == 2 && parts[0].Trim() is { Length: > 0 } from && parts[1].Trim() is { Length: > 0 } to
            ? (from, to) : throw new ListRefusedException($"BETWEEN on {name} needs two values, divided by AND or a comma.");
    }

    private static string[] Alternatives(string name, string text)
    {
        var list = text.Length > 1 && text[0] == '(' && text[^1] == ')' ? text[1..^1] : text;
        var found = new List<string>();
        var start = 0;
        while (start <= list.Length)
        {
            while (start < list.Length && list[start] == ' ')
            {
                start++;
            }

            // In quotes a comma belongs to the value.
            var end = start < list.Length && list[start] is '\'' or '"' ? list.IndexOf(list[start], start + 1) : -1;
            var comma = list.IndexOf(',', end > 0 ? end : start);
            var last = comma < 0 ? list.Length : comma;
            found.Add(end > 0 && list[(end + 1)..last].Trim().Length == 0 ? list[(start + 1)..end] : list[start..last].Trim());
            start = last + 1;
        }

        found.RemoveAll(f => f.Length == 0);
        return found.Count is > 0 and <= MostAlternatives ? [.. found.Distinct()] : throw new ListRefusedException($"IN on {name} needs 1 to {MostAlternatives} values, divided by commas.");
    }
}
