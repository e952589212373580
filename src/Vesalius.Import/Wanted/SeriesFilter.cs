using System.Text.RegularExpressions;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>What a filter does with an object that a line fits.</summary>
public enum SeriesFilterMode
{
    /// <summary>Drops it.</summary>
    Blacklist,
    /// <summary>Keeps it, and drops all others.</summary>
    Whitelist,
}

/// <summary>Says which objects never enter, by regular expressions over attributes of the header as it came (R7, xapi B.5).</summary>
/// <remarks>One expression per line, searched without regard to case in Series Description; <c>[Modality]</c> or <c>[gggg,eeee]</c> names another attribute for the lines that follow;
/// <c>EXISTS</c> and <c>!EXISTS</c> test its presence; <c>#</c> begins a comment.</remarks>
public sealed class SeriesFilter
{
    /// <summary>Longest text, in characters. Default 64 Ki: a list of a thousand series.</summary>
    public const int LongestText = 64 * 1024;

    private const int LongestValue = 4096;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMilliseconds(250);
    private readonly SeriesFilterMode _mode;
    private readonly List<Line> _lines;

    // Pattern null: presence is tested, as IsThere says.
    private sealed record Line(Tag Tag, Regex? Pattern, bool IsThere);

    private SeriesFilter(SeriesFilterMode mode, List<Line> lines)
    {
        _mode = mode;
        _lines = lines;
    }

    /// <summary>Reads the name of a mode; null if there is no such mode.</summary>
    public static SeriesFilterMode? ParseMode(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "BLACKLIST" or "DENY" => SeriesFilterMode.Blacklist,
        "WHITELIST" or "ALLOW" => SeriesFilterMode.Whitelist,
        _ => null,
    };

    /// <summary>Reads a filter.</summary>
    /// <returns>Null and what is wrong, by line.</returns>
    public static (SeriesFilter? Filter, string? Fault) Parse(string? mode, string? text)
    {
        if (ParseMode(mode) is not { } known)
        {
            return (null, "The mode must be blacklist or whitelist; modalityMap is not offered: use sections such as [Modality].");
        }

        text ??= "";
        if (text.Length > LongestText)
        {
            return (null, $"The filter is longer than {LongestText} characters.");
        }

        var tag = Tag.SeriesDescription;
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

            if (line[0] == '[' && line[^1] == ']' && Tag.TryParse(line[1..^1].Trim(), out var named))
            {
                tag = named;
                continue;
            }

            if (line is "EXISTS" or "!EXISTS")
            {
                lines.Add(new Line(tag, null, line[0] != '!'));
                continue;
            }

            try
            {
                lines.Add(new Line(tag, new Regex(line, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeLimit), true));
            }
            catch (ArgumentException)
            {
                return (null, $"Line {number}: the regular expression is not valid.");
            }
        }

        // A list that keeps what it names, and names nothing, would keep nothing out or everything: neither can be meant.
        return lines.Count == 0 && known == SeriesFilterMode.Whitelist ? (null, "A whitelist names nothing, so it would drop everything.") : (new SeriesFilter(known, lines), null);
    }

    /// <summary>True if an object may enter.</summary>
    /// <exception cref="MalformedDicomException">A value cannot be tested within a quarter of a second: neither drop nor entry would be right.</exception>
    public bool Admits(DataSet header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var fits = _lines.Exists(l => Fits(l, header));
        return _mode == SeriesFilterMode.Whitelist ? fits : !fits;
    }

    /// <summary>True if it is certain from part of a header, such as a query's answer, that the objects will not be admitted.</summary>
    /// <param name="part">Attributes that are known; one without a value, or that is not there, may have any.</param>
    public bool Excludes(DataSet part)
    {
        ArgumentNullException.ThrowIfNull(part);
        bool IsDecided(Line line) => line.Pattern is not null && part.GetString(line.Tag) is { Length: > 0 };
        return _mode == SeriesFilterMode.Whitelist
            ? _lines.TrueForAll(l => IsDecided(l) && !Fits(l, part))
            : _lines.Exists(l => IsDecided(l) && Fits(l, part));
    }

    private static bool Fits(Line line, DataSet header)
    {
        if (line.Pattern is null)
        {
            return header.Contains(line.Tag) == line.IsThere;
        }

        if (header.GetString(line.Tag) is not { } value)
        {
            return false;
        }

        try
        {
            return line.Pattern.IsMatch(value.Length > LongestValue ? value[..LongestValue] : value);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new MalformedDicomException(MalformedReason.InvalidValue, 0, line.Tag, "series import filter");
        }
    }
}
