using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Lists;

/// <summary>Turns a filter's value into a condition (rest-api §1.11): <c>a,b</c> or, <c>*</c> and <c>%</c> any text, <c>a-b</c> a range.</summary>
/// <param name="parameters">Values of the statement; nothing of a request becomes SQL.</param>
internal sealed partial class ListFilter(DynamicParameters parameters)
{
    /// <summary>Whether a condition made so far asks for an entry of a document.</summary>
    public bool LooksIntoDocuments { get; private set; }

    private const int MostAlternatives = 2000;
    private int _number;

    /// <summary>Adds a value to the statement.</summary>
    /// <returns>The parameter's name, for the statement.</returns>
    public string Parameter(object value)
    {
        var name = $"v{_number++}";
        parameters.Add(name, value);
        return "@" + name;
    }

    /// <summary>The condition that a field has a value.</summary>
    /// <exception cref="ListRefusedException">The value is none of the field's kind.</exception>
    public string Condition(FieldSql field, string name, string text)
    {
        if (!FieldValue.IsText(text))
        {
            throw new ListRefusedException($"The filter of {name} holds a character that no text may hold.");
        }

        // What a client encoded twice: no number and no date holds an escape; of text both readings are looked for (rest-api §1.2).
        var decoded = Escape().IsMatch(text) ? Uri.UnescapeDataString(text) : text;
        if (!FieldValue.IsText(decoded))
        {
            throw new ListRefusedException($"The filter of {name} holds a character that no text may hold.");
        }

        var alternatives = decoded.Split(',').Concat(field.Kind is ValueKind.Integer or ValueKind.Float or ValueKind.Date or ValueKind.DateTime or ValueKind.Time ? [] : text.Split(',')).Select(a => a.Trim()).Distinct().ToList();
        if (alternatives.Count > MostAlternatives)
        {
            throw new ListRefusedException($"The filter of {name} has more than {MostAlternatives} alternatives.");
        }

        var conditions = field.Kind switch
        {
            ValueKind.Integer or ValueKind.Float => alternatives.Select(a => Number(field, name, a)),
            ValueKind.Date => alternatives.Select(a => Date(field, name, a)),
            ValueKind.DateTime => alternatives.Select(a => Timestamp(field, name, a)),
            ValueKind.Time => alternatives.Select(a => Time(field, name, a)),
            _ => Texts(field, alternatives),
        };
        return $"({string.Join(" or ", conditions)})";
    }

    [GeneratedRegex("%[0-9A-Fa-f]{2}")]
    private static partial Regex Escape();

    private static string Missing(FieldSql field) => field.IsColumn && field.Kind is not (ValueKind.Text or ValueKind.LongText) ? $"{field.Raw} is null" : $"coalesce({field.Raw}, '') = ''";

    private IEnumerable<string> Texts(FieldSql field, List<string> alternatives)
    {
        var exact = new List<string>();
        foreach (var text in alternatives)
        {
            if (text is "" or "NULL")
            {
                yield return Missing(field);
            }
            else if (text.AsSpan().IndexOfAny("*%") >= 0)
            {
                var pattern = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal).Replace('*', '%');
                yield return $"{field.Raw} ilike {Parameter(pattern)}";
            }
            else
            {
                exact.Add(text);
            }
        }

        if (exact.Count == 1 && field.Document is var (column, key))
        {
            // Containment is what the index on documents answers.
            LooksIntoDocuments = true;
            yield return $"{column} @> {Parameter(JsonSerializer.Serialize(new Dictionary<string, string> { [key] = exact[0] }))}::jsonb";
        }
        else if (exact.Count == 1)
        {
            yield return $"{field.Raw} = {Parameter(exact[0])}";
        }
        else if (exact.Count > 1)
        {
            yield return $"{field.Raw} = any ({Parameter(exact.ToArray())})";
        }
    }

    private static string NumberOf(FieldSql field) => field.IsColumn ? field.Raw : $"archive_number({field.Raw})";

    private string Number(FieldSql field, string name, string text)
    {
        if (text is "" or "NULL")
        {
            return Missing(field);
        }

        var value = NumberOf(field);
        if (text.AsSpan().IndexOfAny("*%") >= 0)
        {
            return $"{field.Output} ilike {Parameter(text.Replace("_", "\\_", StringComparison.Ordinal).Replace('*', '%'))}";
        }

        // A minus in front belongs to the number; the first one behind it divides a range.
        var dash = text.IndexOf('-', 1);
        while (dash > 0 && text[dash - 1] is 'e' or 'E')
        {
            dash = text.IndexOf('-', dash + 1);
        }

        return dash < 0
            ? $"{value} = {Parameter(Parse(name, text))}"
            : $"{value} between {Parameter(Parse(name, text[..dash]))} and {Parameter(Parse(name, text[(dash + 1)..]))}";
    }

    private static double Parse(string name, string text) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number : throw new ListRefusedException($"The filter of {name} is no number and no range of numbers.");

    private static (DateOnly From, DateOnly To) Days(string name, string text)
    {
        var parts = text.Split('-', StringSplitOptions.TrimEntries);
        var (from, to) = parts.Length switch
        {
            1 => (parts[0], parts[0]),
            2 => (parts[0], parts[1]),
            3 => (text.Trim(), text.Trim()),
            6 => (string.Join('-', parts[..3]), string.Join('-', parts[3..])),
            _ => ("", ""),
        };
        return (Day(name, from), Day(name, to));
    }

    private static DateOnly Day(string name, string text) =>
        DateOnly.TryParseExact(text, ["yyyy-MM-dd", "MM/dd/yyyy", "M/d/yyyy", "yyyyMMdd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day : throw new ListRefusedException($"The filter of {name} is no date and no range of dates.");

    private string Date(FieldSql field, string name, string text)
    {
        if (text is "" or "NULL")
        {
            return Missing(field);
        }

        if (text.AsSpan().IndexOfAny("*%") >= 0)
        {
            return $"{field.Output} like {Parameter(text.Replace('*', '%'))}";
        }

        var (from, to) = Days(name, text);
        object Value(DateOnly day) => field.IsColumn ? day : day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return from == to ? $"{field.Raw} = {Parameter(Value(from))}" : $"{field.Raw} between {Parameter(Value(from))} and {Parameter(Value(to))}";
    }

    private string Timestamp(FieldSql field, string name, string text)
    {
        if (text is "" or "NULL")
        {
            return Missing(field);
        }

        if (text.AsSpan().IndexOfAny("*%") >= 0)
        {
            return $"{field.Output} like {Parameter(text.Replace('*', '%'))}";
        }

        if (DateTime.TryParseExact(
            text, ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFF", "yyyy-MM-ddTHH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
        {
            return $"date_trunc('second', {field.Raw}) = date_trunc('second', {Parameter(at)}::timestamptz)";
        }

        var (from, to) = Days(name, text);
        var start = from.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
        var end = (to < DateOnly.MaxValue ? to.AddDays(1) : to).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
        return field.IsColumn
            ? $"({field.Raw} >= {Parameter(start)} and {field.Raw} < {Parameter(end)})"
            : $"({field.Raw} >= {Parameter(start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))} and {field.Raw} < {Parameter(end.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))})";
    }

    private string Time(FieldSql field, string name, string text) => text is "" or "NULL" ? Missing(field)
        : text.AsSpan().IndexOfAny("*%") >= 0 ? $"{field.Output} like {Parameter(text.Replace('*', '%'))}"
        : TimeOnly.TryParse(text, CultureInfo.InvariantCulture, out var time)
            ? $"{field.Raw} = {Parameter(field.IsColumn ? time : time.ToString("HH:mm:ss", CultureInfo.InvariantCulture))}"
            : throw new ListRefusedException($"The filter of {name} is no time.");
}
