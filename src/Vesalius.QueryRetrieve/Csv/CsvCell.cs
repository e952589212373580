using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Vesalius.QueryRetrieve;

/// <summary>What was found in a cell.</summary>
/// <param name="Value">The value to use; null if there is none or it cannot be told.</param>
/// <param name="Repair">What was put right; null if nothing.</param>
/// <param name="Fault">Why it cannot be used; null if it can.</param>
/// <param name="IsAmbiguous">It could mean several things.</param>
public readonly record struct CellReading(string? Value, string? Repair = null, string? Fault = null, bool IsAmbiguous = false)
{
    /// <summary>Nothing there.</summary>
    public static CellReading Empty => default;
}

/// <summary>Cleans cells and undoes what spreadsheets do to numbers.</summary>
public static partial class CsvCell
{
    [GeneratedRegex(@"^[+-]?\d+(?:[.,]\d+)?[eE][+]?\d+$")]
    private static partial Regex Scientific();

    [GeneratedRegex(@"^(\d+)[.,]0+$")]
    private static partial Regex WholeNumber();

    [GeneratedRegex(@"^\d{1,3}(?:[,' ]\d{3})+$")]
    private static partial Regex Grouped();

    [GeneratedRegex("""^=\s*"(?<text>.*)"$""")]
    private static partial Regex Formula();

    /// <summary>The text without control, zero-width and formatting characters; every blank is an ordinary one.</summary>
    public static string WithoutInvisible(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        StringBuilder? cleaned = null;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var kind = char.GetUnicodeCategory(c);
            var replacement = kind is UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator || c is '\t' ? ' '
                : kind is UnicodeCategory.Control or UnicodeCategory.Format || c == '\uFFFE' ? '\0' : c;
            if (replacement == c && cleaned is null)
            {
                continue;
            }

            cleaned ??= new StringBuilder(text, 0, i, text.Length);
            if (replacement != '\0')
            {
                cleaned.Append(replacement);
            }
        }

        return cleaned?.ToString() ?? text;
    }

    /// <summary>A cell's text without invisible characters and blanks around it.</summary>
    public static (string Text, bool WasChanged) Clean(string raw)
    {
        ArgumentNullException.ThrowIfNull(raw);
        var text = WithoutInvisible(raw).Trim();
        // Ordinary blanks around a value are nothing to tell anybody.
        return (text, text != raw.Trim(' '));
    }

    /// <summary>Undoes what keeps a spreadsheet from changing a value: <c>="007"</c> and <c>'007</c>.</summary>
    public static (string Text, bool WasChanged) Unprotect(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Formula().Match(text) is { Success: true } formula)
        {
            return (formula.Groups["text"].Value.Trim(), true);
        }

        return text.Length > 1 && text[0] == '\'' ? (text[1..].Trim(), true) : (text, false);
    }

    /// <summary>Reads an identifying number or name: accession number, patient ID, UID.</summary>
    /// <param name="text">Cleaned text.</param>
    /// <param name="digits">Digits that such numbers have here; 0 if they vary.</param>
    public static CellReading Identifier(string text, int digits)
    {
        var (value, wasProtected) = Unprotect(text);
        if (value.Length == 0)
        {
            return CellReading.Empty;
        }

        if (Scientific().IsMatch(value))
        {
            return new CellReading(null, Fault: "A spreadsheet has shortened the number; its last digits are lost. Format the column as text and export again.");
        }

        if (Grouped().IsMatch(value))
        {
            return new CellReading(null, Fault: "It is written as a number with separators; it may have been text.", IsAmbiguous: true);
        }

        if (value.StartsWith('#') && value.TrimEnd('!', '?').ToUpperInvariant() is "#N/A" or "#REF" or "#VALUE" or "#NAME" or "#NUM" || value.All(c => c == '#'))
        {
            return new CellReading(null, Fault: "The spreadsheet left an error instead of a value.");
        }

        var repair = wasProtected ? "took it out of a spreadsheet formula" : null;
        if (WholeNumber().Match(value) is { Success: true } whole)
        {
            (value, repair) = (whole.Groups[1].Value, "removed the decimals of a spreadsheet");
        }

        if (digits > 0 && value.All(char.IsAsciiDigit) && value.Length < digits)
        {
            (value, repair) = (value.PadLeft(digits, '0'), "put lost zeros back in front");
        }

        // A backslash separates values, and a wildcard would match other patients.
        return value.AsSpan().IndexOfAny('\\', '*', '?') >= 0
            ? new CellReading(null, Fault: "A backslash, * or ? cannot be part of it.")
            : value.Length > 64 ? new CellReading(null, Fault: "It is longer than 64 characters.") : new CellReading(value, repair);
    }

    /// <summary>Reads a Study Instance UID.</summary>
    public static CellReading Uid(string text)
    {
        var reading = Identifier(text, 0);
        return reading.Value is { } value && (!value.All(c => char.IsAsciiDigit(c) || c == '.') || !value.Contains('.', StringComparison.Ordinal) || value.StartsWith('.') || value.EndsWith('.'))
            ? new CellReading(null, Fault: "It is no UID.") : reading;
    }
}
