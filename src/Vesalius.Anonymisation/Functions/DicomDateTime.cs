using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Anonymisation.Evaluation;

namespace Vesalius.Anonymisation.Functions;

/// <summary>A date or date-time of any precision that can be shifted (§7.2).</summary>
internal static partial class DicomDateTime
{
    [GeneratedRegex(@"\A([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2}))?)?)?)?)?(\.[0-9]{1,6})?([+-][0-9]{4})?\z")]
    private static partial Regex Form();

    private static readonly Dictionary<string, long> SecondsPerUnit = new(StringComparer.OrdinalIgnoreCase)
    {
        ["years"] = 365L * 86400, ["days"] = 86400, ["hours"] = 3600, ["minutes"] = 60, ["seconds"] = 1,
    };

    // More than the calendar of ten thousand years; keeps sums within their type.
    private const long MostSeconds = 400_000_000_000;

    public static bool IsUnit(string unit) => SecondsPerUnit.ContainsKey(unit);

    public static long Seconds(long count, string unit)
    {
        if (!SecondsPerUnit.TryGetValue(unit.Trim(), out var seconds))
        {
            throw new EvaluationException("the unit is not years, days, hours, minutes or seconds.");
        }

        return Math.Abs((decimal)count) * seconds <= MostSeconds ? count * seconds : throw new EvaluationException("shifting by so much leaves the calendar.");
    }

    /// <summary>Shifts each of several values.</summary>
    public static string ShiftAll(string text, long seconds) => string.Join('\\', text.Split('\\').Select(v => v.Trim().Length == 0 ? v : Shift(v.Trim(), seconds)));

    private static string Shift(string text, long seconds)
    {
        var match = Form().Match(text);
        if (!match.Success)
        {
            throw new EvaluationException("the value is no date or date-time.");
        }

        var parts = Enumerable.Range(1, 6).Where(i => match.Groups[i].Success).Select(i => int.Parse(match.Groups[i].ValueSpan, CultureInfo.InvariantCulture)).ToArray();
        DateTime shifted;
        try
        {
            shifted = Middle(parts).AddSeconds(seconds);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new EvaluationException("the value is no date of the calendar, or shifting leaves it.");
        }

        ReadOnlySpan<string> formats = ["yyyy", "yyyyMM", "yyyyMMdd", "yyyyMMddHH", "yyyyMMddHHmm", "yyyyMMddHHmmss"];
        return shifted.ToString(formats[parts.Length - 1], CultureInfo.InvariantCulture) + match.Groups[7].Value + match.Groups[8].Value;
    }

    // A value that lacks parts stands for the middle of the span that it names.
    private static DateTime Middle(int[] p) => p.Length switch
    {
        1 => new DateTime(p[0], 7, 1),
        2 when DateTime.DaysInMonth(p[0], p[1]) is var days => new DateTime(p[0], p[1], (days / 2) + 1).AddHours(days % 2 == 0 ? 0 : 12),
        3 => new DateTime(p[0], p[1], p[2], 12, 0, 0),
        4 => new DateTime(p[0], p[1], p[2], p[3], 30, 0),
        5 => new DateTime(p[0], p[1], p[2], p[3], p[4], 30),
        _ => new DateTime(p[0], p[1], p[2], p[3], p[4], 0).AddSeconds(p[5] <= 60 ? p[5] : throw new EvaluationException("the value is no date of the calendar.")),
    };

    /// <summary>A whole date; null if the text is none.</summary>
    public static DateOnly? Date(string? text) =>
        DateOnly.TryParseExact(text?.Trim(), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;
}
