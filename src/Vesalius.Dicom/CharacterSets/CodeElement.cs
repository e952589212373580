using System.Text;

namespace Vesalius.Dicom;

/// <summary>One of the sets that code extensions switch between (PS3.3 Tables C.12-2 to C.12-4).</summary>
internal sealed class CodeElement
{
    private enum Form
    {
        SingleByte,
        Jis0208,
        Jis0212,
        EucPairs,
    }

    private readonly Form _form;
    private readonly Encoding _encoding;

    private CodeElement(Form form, int codePage)
    {
        _form = form;
        _encoding = CodePage.Get(codePage);
    }

    public static CodeElement Ascii { get; } = new(Form.SingleByte, 20127);

    public static CodeElement JisRoman { get; } = new(Form.SingleByte, 932);

    public static CodeElement Latin1 { get; } = new(Form.SingleByte, 28591);

    private static readonly CodeElement Latin2 = new(Form.SingleByte, 28592);
    private static readonly CodeElement Latin3 = new(Form.SingleByte, 28593);
    private static readonly CodeElement Latin4 = new(Form.SingleByte, 28594);
    private static readonly CodeElement Cyrillic = new(Form.SingleByte, 28595);
    private static readonly CodeElement Arabic = new(Form.SingleByte, 28596);
    private static readonly CodeElement Greek = new(Form.SingleByte, 28597);
    private static readonly CodeElement Hebrew = new(Form.SingleByte, 28598);
    private static readonly CodeElement Latin5 = new(Form.SingleByte, 28599);
    private static readonly CodeElement Latin9 = new(Form.SingleByte, 28605);
    private static readonly CodeElement Thai = new(Form.SingleByte, 874);
    private static readonly CodeElement Jis0208 = new(Form.Jis0208, 20932);
    private static readonly CodeElement Jis0212 = new(Form.Jis0212, 20932);
    private static readonly CodeElement Korean = new(Form.EucPairs, 949);
    private static readonly CodeElement Chinese = new(Form.EucPairs, 936);

    private static readonly Dictionary<string, CodeElement> G1ByNumber = new()
    {
        ["100"] = Latin1, ["101"] = Latin2, ["109"] = Latin3, ["110"] = Latin4, ["144"] = Cyrillic, ["127"] = Arabic, ["126"] = Greek,
        ["138"] = Hebrew, ["148"] = Latin5, ["203"] = Latin9, ["166"] = Thai, ["13"] = JisRoman, ["149"] = Korean, ["58"] = Chinese,
    };

    // What follows ESC, whether it designates G0, and what it designates.
    private static readonly (byte[] Sequence, bool IsG0, CodeElement Element)[] Escapes =
    [
        ("(B"u8.ToArray(), true, Ascii), ("(J"u8.ToArray(), true, JisRoman), (")I"u8.ToArray(), false, JisRoman),
        ("-A"u8.ToArray(), false, Latin1), ("-B"u8.ToArray(), false, Latin2), ("-C"u8.ToArray(), false, Latin3),
        ("-D"u8.ToArray(), false, Latin4), ("-L"u8.ToArray(), false, Cyrillic), ("-G"u8.ToArray(), false, Arabic),
        ("-F"u8.ToArray(), false, Greek), ("-H"u8.ToArray(), false, Hebrew), ("-M"u8.ToArray(), false, Latin5),
        ("-b"u8.ToArray(), false, Latin9), ("-T"u8.ToArray(), false, Thai), ("$B"u8.ToArray(), true, Jis0208),
        ("$(D"u8.ToArray(), true, Jis0212), ("$)C"u8.ToArray(), false, Korean), ("$)A"u8.ToArray(), false, Chinese),
    ];

    public bool IsTwoByte => _form != Form.SingleByte;

    public Encoding SingleByteEncoding => _encoding;

    public static CodeElement? InitialG1(string number) => G1ByNumber.GetValueOrDefault(number);

    public static bool TryReadEscape(ReadOnlySpan<byte> bytes, out CodeElement element, out bool isG0, out int length)
    {
        foreach (var (sequence, g0, target) in Escapes)
        {
            if (bytes.Length > sequence.Length && bytes.Slice(1, sequence.Length).SequenceEqual(sequence))
            {
                (element, isG0, length) = (target, g0, sequence.Length + 1);
                return true;
            }
        }

        (element, isG0, length) = (Ascii, true, 0);
        return false;
    }

    public void Append(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        if (_form is Form.SingleByte or Form.EucPairs)
        {
            text.Append(_encoding.GetString(bytes));
            return;
        }

        // EUC sets the high bit of both bytes; code page 20932 marks JIS X 0212 by a low second byte.
        Span<byte> pair = stackalloc byte[2];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] <= 0x20 || i + 1 >= bytes.Length)
            {
                text.Append((char)bytes[i]);
                continue;
            }

            pair[0] = (byte)(bytes[i] | 0x80);
            pair[1] = _form == Form.Jis0208 ? (byte)(bytes[i + 1] | 0x80) : bytes[i + 1];
            text.Append(_encoding.GetString(pair));
            i++;
        }
    }
}

/// <summary>Code pages of the framework.</summary>
internal static class CodePage
{
    static CodePage() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static Encoding Get(int codePage) => Encoding.GetEncoding(codePage);
}
