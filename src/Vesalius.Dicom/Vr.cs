using System.Diagnostics.CodeAnalysis;

namespace Vesalius.Dicom;

/// <summary>Value representation: how the bytes of a value are to be read (PS3.5 §6.2, Table 6.2-1).</summary>
/// <remarks><c>default</c> is UN.</remarks>
public readonly struct Vr : IEquatable<Vr>
{
    private readonly byte _index;

    private Vr(byte index) => _index = index;

    private sealed record Properties(
        string Code, bool LongHeader, int Unit, bool IsText, bool UsesCharacterSet, bool IsMultiValued, byte Padding, int MaximumCharacters);

    // One row per representation, in the columns of PS3.5 Table 6.2-1 and §7.1.2:
    // code, 32-bit length field, bytes per number (1 = not swapped), text, affected by (0008,0005), several values, padding, characters.
    private static readonly Properties[] Table =
    [
        new("UN", true, 1, false, false, false, 0, int.MaxValue),
        new("AE", false, 1, true, false, true, 0x20, 16),
        new("AS", false, 1, true, false, true, 0x20, 4),
        new("AT", false, 2, false, false, true, 0, 0),
        new("CS", false, 1, true, false, true, 0x20, 16),
        new("DA", false, 1, true, false, true, 0x20, 8),
        new("DS", false, 1, true, false, true, 0x20, 16),
        new("DT", false, 1, true, false, true, 0x20, 26),
        new("FD", false, 8, false, false, true, 0, 0),
        new("FL", false, 4, false, false, true, 0, 0),
        new("IS", false, 1, true, false, true, 0x20, 12),
        new("LO", false, 1, true, true, true, 0x20, 64),
        new("LT", false, 1, true, true, false, 0x20, 10240),
        new("OB", true, 1, false, false, false, 0, 0),
        new("OD", true, 8, false, false, false, 0, 0),
        new("OF", true, 4, false, false, false, 0, 0),
        new("OL", true, 4, false, false, false, 0, 0),
        new("OV", true, 8, false, false, false, 0, 0),
        new("OW", true, 2, false, false, false, 0, 0),
        new("PN", false, 1, true, true, true, 0x20, 64),
        new("SH", false, 1, true, true, true, 0x20, 16),
        new("SL", false, 4, false, false, true, 0, 0),
        new("SQ", true, 1, false, false, false, 0, 0),
        new("SS", false, 2, false, false, true, 0, 0),
        new("ST", false, 1, true, true, false, 0x20, 1024),
        new("SV", true, 8, false, false, true, 0, 0),
        new("TM", false, 1, true, false, true, 0x20, 14),
        new("UC", true, 1, true, true, true, 0x20, int.MaxValue),
        new("UI", false, 1, true, false, true, 0x00, 64),
        new("UL", false, 4, false, false, true, 0, 0),
        new("UR", true, 1, true, false, false, 0x20, int.MaxValue),
        new("US", false, 2, false, false, true, 0, 0),
        new("UT", true, 1, true, true, false, 0x20, int.MaxValue),
        new("UV", true, 8, false, false, true, 0, 0),
    ];

    private static readonly byte[] IndexByCode = MakeIndex();

    private static byte[] MakeIndex()
    {
        var index = new byte[26 * 26];
        for (var i = 1; i < Table.Length; i++)
        {
            var code = Table[i].Code;
            index[((code[0] - 'A') * 26) + code[1] - 'A'] = (byte)i;
        }

        return index;
    }

    private Properties Row => Table[_index];

    /// <summary>All representations of PS3.5 Table 6.2-1.</summary>
    public static IEnumerable<Vr> All => Enumerable.Range(0, Table.Length).Select(i => new Vr((byte)i));

    /// <summary>The two letters.</summary>
    public string Code => Row.Code;

    /// <summary>True if explicit encodings write two reserved bytes and a 32-bit length (PS3.5 §7.1.2).</summary>
    public bool HasLongHeader => Row.LongHeader;

    /// <summary>Bytes per number, as far as byte order matters: 1, 2, 4 or 8.</summary>
    public int UnitLength => Row.Unit;

    /// <summary>True if the value is text.</summary>
    public bool IsText => Row.IsText;

    /// <summary>True if Specific Character Set (0008,0005) governs the text (PS3.5 §6.1.2.3).</summary>
    public bool UsesCharacterSet => Row.UsesCharacterSet;

    /// <summary>True if a backslash separates values (text), or numbers follow each other (binary).</summary>
    public bool IsMultiValued => Row.IsMultiValued;

    /// <summary>Byte that makes the length even (PS3.5 §6.2).</summary>
    public byte Padding => Row.Padding;

    /// <summary>Longest value in characters; 0 where the rule is not about characters.</summary>
    public int MaximumCharacters => Row.MaximumCharacters;

    /// <summary>True for binary numbers with several values (AT, FD, FL, SL, SS, SV, UL, US, UV).</summary>
    public bool IsBinaryNumber => !IsText && IsMultiValued;

    /// <summary>Unknown.</summary>
    public static Vr UN => default;

    /// <summary>Application Entity.</summary>
    public static Vr AE => FromCode("AE");

    /// <summary>Age String.</summary>
    public static Vr AS => FromCode("AS");

    /// <summary>Attribute Tag.</summary>
    public static Vr AT => FromCode("AT");

    /// <summary>Code String.</summary>
    public static Vr CS => FromCode("CS");

    /// <summary>Date.</summary>
    public static Vr DA => FromCode("DA");

    /// <summary>Decimal String.</summary>
    public static Vr DS => FromCode("DS");

    /// <summary>Date Time.</summary>
    public static Vr DT => FromCode("DT");

    /// <summary>Floating Point Double.</summary>
    public static Vr FD => FromCode("FD");

    /// <summary>Floating Point Single.</summary>
    public static Vr FL => FromCode("FL");

    /// <summary>Integer String.</summary>
    public static Vr IS => FromCode("IS");

    /// <summary>Long String.</summary>
    public static Vr LO => FromCode("LO");

    /// <summary>Long Text.</summary>
    public static Vr LT => FromCode("LT");

    /// <summary>Other Byte.</summary>
    public static Vr OB => FromCode("OB");

    /// <summary>Other Double.</summary>
    public static Vr OD => FromCode("OD");

    /// <summary>Other Float.</summary>
    public static Vr OF => FromCode("OF");

    /// <summary>Other Long.</summary>
    public static Vr OL => FromCode("OL");

    /// <summary>Other 64-bit Very Long.</summary>
    public static Vr OV => FromCode("OV");

    /// <summary>Other Word.</summary>
    public static Vr OW => FromCode("OW");

    /// <summary>Person Name.</summary>
    public static Vr PN => FromCode("PN");

    /// <summary>Short String.</summary>
    public static Vr SH => FromCode("SH");

    /// <summary>Signed Long.</summary>
    public static Vr SL => FromCode("SL");

    /// <summary>Sequence of Items.</summary>
    public static Vr SQ => FromCode("SQ");

    /// <summary>Signed Short.</summary>
    public static Vr SS => FromCode("SS");

    /// <summary>Short Text.</summary>
    public static Vr ST => FromCode("ST");

    /// <summary>Signed 64-bit Very Long.</summary>
    public static Vr SV => FromCode("SV");

    /// <summary>Time.</summary>
    public static Vr TM => FromCode("TM");

    /// <summary>Unlimited Characters.</summary>
    public static Vr UC => FromCode("UC");

    /// <summary>Unique Identifier.</summary>
    public static Vr UI => FromCode("UI");

    /// <summary>Unsigned Long.</summary>
    public static Vr UL => FromCode("UL");

    /// <summary>Universal Resource Identifier or Locator.</summary>
    public static Vr UR => FromCode("UR");

    /// <summary>Unsigned Short.</summary>
    public static Vr US => FromCode("US");

    /// <summary>Unlimited Text.</summary>
    public static Vr UT => FromCode("UT");

    /// <summary>Unsigned 64-bit Very Long.</summary>
    public static Vr UV => FromCode("UV");

    private static Vr FromCode(string code) => new(IndexByCode[((code[0] - 'A') * 26) + code[1] - 'A']);

    /// <summary>Reads two letters as they stand in a stream.</summary>
    /// <returns>False if they name no representation of this edition.</returns>
    public static bool TryParse(byte first, byte second, out Vr vr)
    {
        vr = default;
        if (first is < (byte)'A' or > (byte)'Z' || second is < (byte)'A' or > (byte)'Z')
        {
            return false;
        }

        vr = new Vr(IndexByCode[((first - 'A') * 26) + second - 'A']);
        return vr._index != 0 || (first == 'U' && second == 'N');
    }

    /// <summary>Reads two letters.</summary>
    public static bool TryParse([NotNullWhen(true)] string? code, out Vr vr)
    {
        vr = default;
        return code is { Length: 2 } && code[0] < 128 && code[1] < 128 && TryParse((byte)code[0], (byte)code[1], out vr);
    }

    /// <inheritdoc/>
    public bool Equals(Vr other) => _index == other._index;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Vr other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _index;

    /// <summary>The two letters.</summary>
    public override string ToString() => Code;

    /// <summary>Same representation.</summary>
    public static bool operator ==(Vr left, Vr right) => left.Equals(right);

    /// <summary>Different representation.</summary>
    public static bool operator !=(Vr left, Vr right) => !left.Equals(right);
}
