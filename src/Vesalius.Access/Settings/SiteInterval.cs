using System.Globalization;
using System.Text.RegularExpressions;

namespace Vesalius.Access;

/// <summary>Spans of time as site settings write them: <c>15 minutes</c>, <c>2 days</c>, <c>1 year</c>, several joined by blanks or commas.</summary>
public static partial class SiteInterval
{
    /// <summary>Reads a span; a month counts 30 days, a year 365.</summary>
    /// <returns>False if the text is no span of time.</returns>
    public static bool TryParse(string? text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        if (string.IsNullOrWhiteSpace(text) || text.Length > 100 || !Whole().IsMatch(text))
        {
            return false;
        }

        var seconds = 0.0;
        foreach (Match part in Part().Matches(text))
        {
            seconds += double.Parse(part.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * Unit(part.Groups[2].Value);
        }

        if (seconds > TimeSpan.FromDays(36_500).TotalSeconds)
        {
            return false;
        }

        span = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static double Unit(string name) => name.TrimEnd('s', 'S').ToUpperInvariant() switch
    {
        "SECOND" => 1,
        "MINUTE" => 60,
        "HOUR" => 3600,
        "DAY" => 86_400,
        "WEEK" => 604_800,
        "MONTH" => 2_592_000,
        _ => 31_536_000,
    };

    [GeneratedRegex(@"^\s*(?:\d{1,9}(?:\.\d{1,6})?\s+(?:second|minute|hour|day|week|month|year)s?[\s,]*)+$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Whole();

    [GeneratedRegex(@"(\d{1,9}(?:\.\d{1,6})?)\s+((?:second|minute|hour|day|week|month|year)s?)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Part();
}
