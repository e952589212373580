using System.Collections.Frozen;
using System.Globalization;

namespace Vesalius.Anonymisation.Residual;

/// <summary>A text reduced to its letters and digits: lower case, marks dropped, everything between them left out but remembered as a boundary.</summary>
/// <remarks>So <c>DOE^JANE</c>, <c>Doe, Jane</c> and <c>doe-jane</c> read alike, and so do <c>943 476 5919</c> and <c>9434765919</c>.</remarks>
internal readonly ref struct CompactText
{
    private CompactText(ReadOnlySpan<char> text, ReadOnlySpan<bool> starts)
    {
        Text = text;
        Starts = starts;
    }

    /// <summary>Letters and digits.</summary>
    public ReadOnlySpan<char> Text { get; }

    /// <summary>For each character and the end: true if a word or a number may begin or end in front of it.</summary>
    public ReadOnlySpan<bool> Starts { get; }

    /// <summary>Reduces a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="letters">Room for the letters; if it is too small, new room is made.</param>
    /// <param name="starts">Room for the boundaries, one more.</param>
    public static CompactText Of(string text, Span<char> letters = default, Span<bool> starts = default)
    {
        var source = text;
        if (letters.Length < source.Length || starts.Length <= source.Length)
        {
            letters = new char[source.Length];
            starts = new bool[source.Length + 1];
        }

        var count = 0;
        var gap = true;
        foreach (var c in source)
        {
            if (char.IsLetterOrDigit(c))
            {
                var lower = Fold(c);
                starts[count] = gap || char.IsAsciiDigit(lower) != char.IsAsciiDigit(letters[count - 1]) || IsIdeograph(lower);
                letters[count++] = lower;
                gap = false;
            }
            else if (char.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)
            {
                gap = true;
            }
        }

        starts[count] = true;
        return new CompactText(letters[..count], starts[..(count + 1)]);
    }

    // Letters with marks, by the letter without. The platform's own decomposition is not to be had without its culture data.
    private static readonly FrozenDictionary<char, char> Unmarked = new Dictionary<string, string>
    {
        ["a"] = "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ",
        ["b"] = "ḃḅḇ",
        ["c"] = "çćĉċčḉ",
        ["d"] = "ðďđḋḍḏḑḓ",
        ["e"] = "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ",
        ["f"] = "ḟ",
        ["g"] = "ĝğġģǧǵḡ",
        ["h"] = "ĥħȟḣḥḧḩḫẖ",
        ["i"] = "ìíîïĩīĭįıǐȉȋḭḯỉị",
        ["j"] = "ĵǰ",
        ["k"] = "ķǩḱḳḵ",
        ["l"] = "ĺļľłḷḹḻḽ",
        ["m"] = "ḿṁṃ",
        ["n"] = "ñńņňǹṅṇṉṋ",
        ["o"] = "òóôõöøōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ",
        ["p"] = "ṕṗ",
        ["r"] = "ŕŗřȑȓṙṛṝṟ",
        ["s"] = "śŝşšșṡṣṥṧṩ",
        ["t"] = "ţťŧțṫṭṯṱẗ",
        ["u"] = "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự",
        ["v"] = "ṽṿ",
        ["w"] = "ŵẁẃẅẇẉẘ",
        ["x"] = "ẋẍ",
        ["y"] = "ýÿŷȳẏẙỳỵỷỹ",
        ["z"] = "źżžẑẓẕ",
    }.SelectMany(p => p.Value.Select(c => (Marked: c, Plain: p.Key[0]))).ToFrozenDictionary(p => p.Marked, p => p.Plain);

    private static char Fold(char c)
    {
        var lower = char.ToLowerInvariant(c);
        return lower < 0x80 ? lower : Unmarked.GetValueOrDefault(lower, lower);
    }

    private static bool IsIdeograph(char c) => c >= '\u2E80';

    /// <summary>Reduces ASCII text as it stands in an element.</summary>
    public static CompactText OfAscii(ReadOnlySpan<byte> text, Span<char> letters, Span<bool> starts)
    {
        var count = 0;
        var gap = true;
        foreach (var b in text)
        {
            var isDigit = (uint)(b - '0') <= 9;
            var lower = (byte)(b | 0x20);
            if (!isDigit && (uint)(lower - 'a') > 25)
            {
                gap = true;
                continue;
            }

            starts[count] = gap || isDigit != (letters[count - 1] <= '9');
            letters[count++] = (char)(isDigit ? b : lower);
            gap = false;
        }

        starts[count] = true;
        return new CompactText(letters[..count], starts[..(count + 1)]);
    }

    /// <summary>The reduced form alone.</summary>
    public static string Reduce(string text) => Of(text).Text.ToString();
}
