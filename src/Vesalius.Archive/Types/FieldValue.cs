using System.Globalization;

namespace Vesalius.Archive.Types;

/// <summary>Checks and normalises the text of a field, and tells how it is answered.</summary>
public static class FieldValue
{
    /// <summary>Longest text of a field in characters, whatever the schema says: fields are no place for files.</summary>
    public const int Limit = 1 << 20;

    private static readonly string[] Dates = ["yyyy-MM-dd", "MM/dd/yyyy", "yyyyMMdd"];
    private static readonly string[] Times = ["HH:mm:ss", "HH:mm:ss.FFFFFFF", "HH:mm", "HHmmss", "HHmmss.FFFFFFF", "HHmm", "H:mm:ss", "H:mm"];
    private static readonly string[] Timestamps =
    [
        "yyyy-MM-dd HH:mm:ss.FFFFFFF", "yyyy-MM-ddTHH:mm:ss.FFFFFFF", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm", "yyyy-MM-dd", "MM/dd/yyyy HH:mm:ss", "yyyyMMdd",
    ];

    /// <summary>The text as it is stored: dates as <c>yyyy-MM-dd</c>, times as <c>HH:mm:ss</c>.</summary>
    /// <param name="node">Field.</param>
    /// <param name="kind">What its text has to be.</param>
    /// <param name="text">Text that was given.</param>
    /// <param name="value">Text to store.</param>
    /// <returns>What is wrong with it, without the text itself; null if nothing is.</returns>
    public static string? Normalise(FieldNode node, ValueKind kind, string text, out string value)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(text);
        value = text;
        if (!IsText(text))
        {
            return "holds a character that no text may hold";
        }

        var trimmed = text.Trim();
        switch (kind)
        {
            case ValueKind.Text or ValueKind.LongText or ValueKind.Uri:
                return text.Length > Math.Min(node.MaximumLength, Limit) ? $"is longer than {Math.Min(node.MaximumLength, Limit)} characters"
                    : node.Allowed.Count > 0 && !node.Allowed.Contains(text) ? $"must be one of {string.Join(", ", node.Allowed)}" : null;
            case ValueKind.Integer:
                value = trimmed;
                return trimmed.Length is > 0 and < 20 && long.TryParse(trimmed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : "is no integer";
            case ValueKind.Float:
                value = trimmed;
                return trimmed.Length < 64 && double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? null : "is no number";
            case ValueKind.Boolean:
                value = trimmed is "1" || trimmed.Equals("true", StringComparison.OrdinalIgnoreCase) ? "1" : "0";
                return trimmed is "0" or "1" || trimmed.Equals("true", StringComparison.OrdinalIgnoreCase) || trimmed.Equals("false", StringComparison.OrdinalIgnoreCase)
                    ? null : "is neither true nor false";
            case ValueKind.Date:
                // A time behind the day is dropped: clients send what they read from a timestamp.
                var day = trimmed.Length > 10 && trimmed[10] is ' ' or 'T' ? trimmed[..10] : trimmed;
                var isDate = DateOnly.TryParseExact(day, Dates, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date);
                value = isDate ? date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : text;
                return isDate ? null : "is no date";
            case ValueKind.Time:
                var isTime = TimeOnly.TryParseExact(trimmed, Times, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time);
                value = isTime ? time.ToString("HH:mm:ss.FFF", CultureInfo.InvariantCulture).TrimEnd('.') : text;
                return isTime ? null : "is no time";
            default:
                var isTimestamp = DateTime.TryParseExact(trimmed, Timestamps, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var at);
                value = isTimestamp ? at.ToString("yyyy-MM-dd HH:mm:ss.FFF", CultureInfo.InvariantCulture).TrimEnd('.') : text;
                return isTimestamp ? null : "is no date and time";
        }
    }

    /// <summary>Whether XML can carry every character: no control characters, no half of a surrogate pair.</summary>
    public static bool IsText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (!System.Xml.XmlConvert.IsXmlChar(text[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The text as a table answers it: floats always carry a fraction.</summary>
    public static string? Cell(ValueKind? kind, string? stored) =>
        kind is ValueKind.Float && stored is { Length: > 0 } && stored.AsSpan().IndexOfAny(".eE") < 0 ? stored + ".0" : stored;

    /// <summary>The value as item JSON answers it: numbers as numbers, everything else as text.</summary>
    public static object Typed(ValueKind? kind, string stored) => kind switch
    {
        ValueKind.Integer or ValueKind.Boolean when long.TryParse(stored, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        ValueKind.Float when double.TryParse(stored, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
        _ => stored,
    };
}
