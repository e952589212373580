using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>Routing rules: one <c>(gggg,eeee):regex[:group] [t:target r:replacement]</c> per line (xapi B.4).</summary>
public sealed partial class RoutingExpression
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(1);
    private readonly List<Line> _lines;

    private sealed record Line(Tag Tag, Regex Pattern, int Group, Regex? Target, string Replacement);

    private RoutingExpression(List<Line> lines) => _lines = lines;

    [GeneratedRegex(@"^\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\):(.+?)(?::(\d+))?(?:\s+t:(\S*)\s+r:(\S*))?\s*$")]
    private static partial Regex Form();

    /// <summary>Reads rules; blank lines and lines that begin with <c>#</c> are skipped.</summary>
    /// <returns>Null and what is wrong, if a line is no rule.</returns>
    public static (RoutingExpression? Expression, string? Fault) Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = new List<Line>();
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var match = Form().Match(line);
            if (!match.Success || !Tag.TryParse(match.Groups[1].Value + match.Groups[2].Value, out var tag))
            {
                return (null, $"Line {number}: expected (gggg,eeee):regex[:group] [t:target r:replacement].");
            }

            try
            {
                var pattern = new Regex(match.Groups[3].Value, RegexOptions.CultureInvariant, TimeLimit);
                var groups = pattern.GetGroupNumbers().Length - 1;
                var group = match.Groups[4].Success ? int.Parse(match.Groups[4].ValueSpan, CultureInfo.InvariantCulture) : Math.Min(1, groups);
                if (group > groups)
                {
                    return (null, $"Line {number}: the regular expression has no group {group}.");
                }

                var target = match.Groups[5].Success ? new Regex(match.Groups[5].Value, RegexOptions.CultureInvariant, TimeLimit) : null;
                lines.Add(new Line(tag, pattern, group, target, match.Groups[6].Value));
            }
            catch (ArgumentException)
            {
                return (null, $"Line {number}: the regular expression is not valid.");
            }
        }

        return (new RoutingExpression(lines), null);
    }

    /// <summary>What the rules extract from a header, line by line, first match first.</summary>
    public IEnumerable<string> Candidates(DataSet header)
    {
        ArgumentNullException.ThrowIfNull(header);
        foreach (var line in _lines)
        {
            if (header.GetString(line.Tag) is not { } value)
            {
                continue;
            }

            Match match;
            try
            {
                match = line.Pattern.Match(value);
            }
            catch (RegexMatchTimeoutException)
            {
                continue;
            }

            if (match.Success && match.Groups[line.Group].Success)
            {
                var extracted = match.Groups[line.Group].Value;
                // "t:$ r:x" appends once, at the end.
                yield return line.Target?.ToString() == "$" ? extracted + line.Replacement : line.Target?.Replace(extracted, line.Replacement) ?? extracted;
            }
        }
    }
}
