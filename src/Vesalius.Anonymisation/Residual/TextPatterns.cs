using System.Globalization;

namespace Vesalius.Anonymisation.Residual;

/// <summary>Things that identify whoever they belong to: NHS numbers, postcodes, telephone numbers, e-mail addresses. One pass over a text.</summary>
internal static class TextPatterns
{
    private const int DaysNear = 31;

    public static void Find(string text, IReadOnlyList<DateOnly> birthDates, ref HashSet<string>? kinds)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '@')
            {
                if (IsMail(text, i))
                {
                    (kinds ??= []).Add("e-mail address");
                }
            }
            else if ((char.IsAsciiDigit(c) || c == '+') && (i == 0 || !char.IsAsciiLetterOrDigit(text[i - 1])))
            {
                i = Number(text, i, birthDates, ref kinds);
            }
            else if (char.IsAsciiLetter(c) && (i == 0 || !char.IsAsciiLetterOrDigit(text[i - 1])) && IsPostcode(text, i))
            {
                (kinds ??= []).Add("postcode");
            }
        }
    }

    // Digits with single blanks, hyphens, dots, slashes or brackets between them; behind a bracket a blank counts as one with it.
    private static int Number(string text, int start, IReadOnlyList<DateOnly> birthDates, ref HashSet<string>? kinds)
    {
        Span<char> digits = stackalloc char[20];
        var count = 0;
        var end = start;
        var separators = 0;
        // Bit n: something stands in front of the digit n.
        var gaps = 0;
        for (var i = start; i < text.Length && count < digits.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                gaps |= separators > 0 && count > 0 ? 1 << count : 0;
                digits[count++] = text[i];
                end = i;
                separators = 0;
            }
            else if (text[i] is ' ' or '-' && text[i - 1] == ')')
            {
                // Counted with its bracket.
            }
            else if (text[i] is '.' || (text[i] is ' ' or '-' or '/' or '(' or ')' && ++separators > 1) || text[i] is not (' ' or '-' or '/' or '(' or ')' or '+'))
            {
                break;
            }
        }

        if (end + 1 < text.Length && char.IsAsciiLetterOrDigit(text[end + 1]))
        {
            return end;
        }

        var plus = text[start] == '+';
        // 3 + 3 + 4, or in one piece: a date and a time would pass the check digit now and then.
        if (count == 10 && !plus && gaps is 0 or ((1 << 3) | (1 << 6)) && IsNhsNumber(digits[..10]))
        {
            (kinds ??= []).Add("NHS number");
        }
        else if ((plus && count is >= 10 and <= 15) || (count is 10 or 11 && digits[0] == '0' && digits[1] is '1' or '2' or '3' or '7' or '8'))
        {
            (kinds ??= []).Add("telephone number");
        }

        if (count == 8 && birthDates.Count > 0)
        {
            NearBirth(digits[..8], birthDates, ref kinds);
        }

        return end;
    }

    private static void NearBirth(ReadOnlySpan<char> digits, IReadOnlyList<DateOnly> birthDates, ref HashSet<string>? kinds)
    {
        foreach (var format in (string[])["yyyyMMdd", "ddMMyyyy"])
        {
            if (DateOnly.TryParseExact(digits, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && birthDates.Any(b => Math.Abs(b.DayNumber - date.DayNumber) <= DaysNear))
            {
                (kinds ??= []).Add("date near the birth date");
            }
        }
    }

    /// <summary>Ten digits of which the last checks the others (weights 10 to 2, modulo 11).</summary>
    public static bool IsNhsNumber(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var i = 0; i < 9; i++)
        {
            sum += (digits[i] - '0') * (10 - i);
        }

        var check = (11 - (sum % 11)) % 11;
        return check < 10 && check == digits[9] - '0' && digits.IndexOfAnyExcept(digits[0]) >= 0;
    }

    private static bool IsMail(string text, int at)
    {
        var start = at;
        while (start > 0 && (char.IsAsciiLetterOrDigit(text[start - 1]) || text[start - 1] is '.' or '_' or '-' or '+'))
        {
            start--;
        }

        var end = at + 1;
        var dot = false;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '.' or '-'))
        {
            dot |= text[end] == '.' && end > at + 1 && end + 2 < text.Length && char.IsAsciiLetter(text[end + 1]);
            end++;
        }

        return start < at && dot;
    }

    // One or two letters, a digit, a digit or letter or none; a blank; a digit and two letters. Capitals only, so that words don't count.
    private static bool IsPostcode(string text, int start)
    {
        var i = start;
        var letters = 0;
        while (i < text.Length && char.IsAsciiLetterUpper(text[i]) && letters < 2)
        {
            letters++;
            i++;
        }

        // Areas of one letter.
        if (letters == 1 && !"BEGLMNSW".Contains(text[start], StringComparison.Ordinal))
        {
            return false;
        }

        if (letters == 0 || i >= text.Length || !char.IsAsciiDigit(text[i]))
        {
            return false;
        }

        i++;
        if (i < text.Length && (char.IsAsciiDigit(text[i]) || char.IsAsciiLetterUpper(text[i])) && i + 1 < text.Length && text[i + 1] == ' ')
        {
            i++;
        }

        return i + 3 < text.Length && text[i] == ' ' && char.IsAsciiDigit(text[i + 1]) && char.IsAsciiLetterUpper(text[i + 2]) && char.IsAsciiLetterUpper(text[i + 3])
            && (i + 4 == text.Length || !char.IsAsciiLetterOrDigit(text[i + 4]));
    }
}
