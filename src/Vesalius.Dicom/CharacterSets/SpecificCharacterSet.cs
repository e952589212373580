using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Vesalius.Dicom;

/// <summary>How the text of a data set is encoded: Specific Character Set (0008,0005) (PS3.3 §C.12.1.1.2, PS3.5 §6.1).</summary>
/// <remarks>Immutable. Spelling is read leniently (<c>ISO-IR 100</c>, <c>ISO IR 100</c>, lower case).</remarks>
public sealed class SpecificCharacterSet
{
    private readonly CodeElement _initialG0;
    private readonly CodeElement? _initialG1;
    private readonly Encoding? _whole;
    private readonly bool _hasExtensions;

    private SpecificCharacterSet(Encoding whole)
    {
        _whole = whole;
        _initialG0 = CodeElement.Ascii;
    }

    private SpecificCharacterSet(CodeElement g0, CodeElement? g1, bool hasExtensions)
    {
        _initialG0 = g0;
        _initialG1 = g1;
        _hasExtensions = hasExtensions;
    }

    /// <summary>The default repertoire ISO-IR 6, read as Latin-1 so that no byte is lost.</summary>
    public static SpecificCharacterSet Default { get; } = new(CodeElement.Ascii, CodeElement.Latin1, hasExtensions: false);

    /// <summary>ISO_IR 192: Unicode in UTF-8.</summary>
    public static SpecificCharacterSet Utf8 { get; } = new(new UTF8Encoding(false));

    /// <summary>True for ISO_IR 192.</summary>
    public bool IsUtf8 => _whole is UTF8Encoding;

    /// <summary>Makes a character set from the values of (0008,0005).</summary>
    /// <param name="terms">Defined terms in order; the first may be empty.</param>
    /// <returns>The default repertoire where no term is known.</returns>
    public static SpecificCharacterSet FromTerms(IReadOnlyList<string> terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        if (terms.Count == 0)
        {
            return Default;
        }

        var first = Normalise(terms[0]);
        switch (first)
        {
            case "192":
                return Utf8;
            case "GB18030":
                return new SpecificCharacterSet(CodePage.Get(54936));
            case "GBK":
                return new SpecificCharacterSet(CodePage.Get(936));
        }

        var hasExtensions = terms.Count > 1 || terms[0].Contains("2022", StringComparison.Ordinal);
        var g0 = first == "13" ? CodeElement.JisRoman : CodeElement.Ascii;
        var g1 = CodeElement.InitialG1(first) ?? CodeElement.Latin1;
        return new SpecificCharacterSet(g0, g1, hasExtensions);
    }

    // "ISO_IR 100", "ISO 2022 IR 100", "ISO-IR 100" all become "100".
    private static string Normalise(string term)
    {
        var text = term.Trim().ToUpperInvariant().Replace('-', ' ').Replace('_', ' ');
        var last = text.LastIndexOf(' ');
        return last >= 0 ? text[(last + 1)..] : text;
    }

    /// <summary>Decodes a value. Bytes that mean nothing become U+FFFD.</summary>
    /// <param name="bytes">The value.</param>
    /// <param name="isPersonName">True for PN, where <c>^</c> and <c>=</c> end a code extension too (PS3.5 §6.1.2.5.3).</param>
    public string Decode(ReadOnlySpan<byte> bytes, bool isPersonName = false)
    {
        if (_whole is not null)
        {
            return _whole.GetString(bytes);
        }

        if (System.Text.Ascii.IsValid(bytes) && bytes.IndexOf((byte)0x1B) < 0 && _initialG0 == CodeElement.Ascii)
        {
            return Encoding.ASCII.GetString(bytes);
        }

        return _hasExtensions ? DecodeExtended(bytes, isPersonName) : DecodeRuns(bytes);
    }

    private string DecodeRuns(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        AppendRun(text, bytes, _initialG0, _initialG1);
        return text.ToString();
    }

    private string DecodeExtended(ReadOnlySpan<byte> bytes, bool isPersonName)
    {
        var text = new StringBuilder(bytes.Length);
        var g0 = _initialG0;
        var g1 = _initialG1;
        var runStart = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var b = bytes[i];
            if (b == 0x1B)
            {
                AppendRun(text, bytes[runStart..i], g0, g1);
                if (CodeElement.TryReadEscape(bytes[i..], out var element, out var isG0, out var length))
                {
                    if (isG0)
                    {
                        g0 = element;
                    }
                    else
                    {
                        g1 = element;
                    }

                    i += length - 1;
                }

                runStart = i + 1;
                continue;
            }

            // A second byte of a two-byte set in G0 may look like a delimiter, so pairs are skipped whole.
            if (g0.IsTwoByte && b is > 0x20 and < 0x7F)
            {
                i++;
                continue;
            }

            if (b is (byte)'\\' or 0x0A or 0x0C or 0x0D or 0x09 || (isPersonName && b is (byte)'^' or (byte)'='))
            {
                AppendRun(text, bytes[runStart..i], g0, g1);
                text.Append((char)b);
                runStart = i + 1;
                g0 = _initialG0;
                g1 = _initialG1;
            }
        }

        AppendRun(text, bytes[Math.Min(runStart, bytes.Length)..], g0, g1);
        return text.ToString();
    }

    private static void AppendRun(StringBuilder text, ReadOnlySpan<byte> bytes, CodeElement g0, CodeElement? g1)
    {
        var i = 0;
        while (i < bytes.Length)
        {
            var high = bytes[i] >= 0x80;
            var start = i;
            while (i < bytes.Length && (bytes[i] >= 0x80) == high)
            {
                i++;
            }

            ((high ? g1 : g0) ?? CodeElement.Latin1).Append(text, bytes[start..i]);
        }
    }

    /// <summary>Encodes text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">Its encoding.</param>
    /// <returns>False if the set cannot express the text; nothing is ever replaced.</returns>
    public bool TryEncode(string text, [NotNullWhen(true)] out byte[]? bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (System.Text.Ascii.IsValid(text))
        {
            bytes = Encoding.ASCII.GetBytes(text);
            return true;
        }

        var encoding = _whole ?? (_initialG1 is { IsTwoByte: false } g1 && this != Default ? g1.SingleByteEncoding : null);
        if (encoding is not null)
        {
            try
            {
                var strict = Encoding.GetEncoding(encoding.CodePage, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
                bytes = strict.GetBytes(text);
                // The page that stands for JIS X 0201 has kanji of two bytes, which ISO-IR 13 has not.
                if (_whole is not null || (bytes.Length == text.Length && Decode(bytes) == text))
                {
                    return true;
                }
            }
            catch (EncoderFallbackException)
            {
                // Falls through: the set cannot express the text.
            }
        }

        bytes = null;
        return false;
    }
}
