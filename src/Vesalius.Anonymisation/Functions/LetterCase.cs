using System.Globalization;
using System.Text;

namespace Vesalius.Anonymisation.Functions;

/// <summary>Capitals and small letters as Java's root locale has them: the full mappings of Unicode, where one letter may become several.</summary>
internal static class LetterCase
{
    // Where the mapping of single characters differs from the full one, or leaves the letter as it is.
    private static readonly Dictionary<char, string> Capitals = new()
    {
        ['\u00DF'] = "SS", ['\u0131'] = "I", ['\u017F'] = "S", ['\u0149'] = "\u02BCN", ['\u01F0'] = "J\u030C", ['\u1E96'] = "H\u0331", ['\u1E97'] = "T\u0308", ['\u1E98'] = "W\u030A",
        ['\u1E99'] = "Y\u030A", ['\u1E9A'] = "A\u02BE", ['\u0390'] = "\u0399\u0308\u0301", ['\u03B0'] = "\u03A5\u0308\u0301", ['\u0587'] = "\u0535\u0552",
        ['\uFB00'] = "FF", ['\uFB01'] = "FI", ['\uFB02'] = "FL", ['\uFB03'] = "FFI", ['\uFB04'] = "FFL", ['\uFB05'] = "ST", ['\uFB06'] = "ST",
    };

    public static string Upper(string text)
    {
        var upper = text.ToUpperInvariant();
        return upper.Any(Capitals.ContainsKey) ? string.Concat(upper.Select(c => Capitals.TryGetValue(c, out var full) ? full : c.ToString())) : upper;
    }

    public static string Lower(string text)
    {
        var lower = text.ToLowerInvariant();
        if (!text.AsSpan().ContainsAny('\u0130', '\u03A3'))
        {
            return lower;
        }

        var result = new StringBuilder(lower.Length + 4);
        for (var i = 0; i < lower.Length; i++)
        {
            result.Append(text[i] switch
            {
                '\u0130' => "i\u0307",
                '\u03A3' when IsLetter(text, i - 1, -1) && !IsLetter(text, i + 1, 1) => "\u03C2",
                _ => lower[i].ToString(),
            });
        }

        return result.ToString();
    }

    // A sigma is final behind a letter and before none; accents between do not count.
    private static bool IsLetter(string text, int at, int step)
    {
        while (at >= 0 && at < text.Length && CharUnicodeInfo.GetUnicodeCategory(text[at]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.Format)
        {
            at += step;
        }

        return at >= 0 && at < text.Length && CharUnicodeInfo.GetUnicodeCategory(text[at])
            is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;
    }
}
