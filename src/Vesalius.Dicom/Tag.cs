using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Vesalius.Dicom;

/// <summary>Group and element number that name a data element (PS3.5 §7.1). Constants carry PS3.6's keywords.</summary>
/// <remarks><c>default</c> is (0000,0000), a valid tag. Tags compare in data set order.</remarks>
public readonly partial record struct Tag : IComparable<Tag>
{
    /// <summary>Makes a tag from its two numbers.</summary>
    public Tag(ushort group, ushort element) => Value = ((uint)group << 16) | element;

    /// <summary>Makes a tag from group × 65,536 + element.</summary>
    public Tag(uint value) => Value = value;

    /// <summary>Group × 65,536 + element.</summary>
    public uint Value { get; }

    /// <summary>Group number.</summary>
    public ushort Group => (ushort)(Value >> 16);

    /// <summary>Element number.</summary>
    public ushort Element => (ushort)Value;

    /// <summary>True for odd groups (PS3.5 §7.8).</summary>
    public bool IsPrivate => (Value & 0x0001_0000) != 0;

    /// <summary>True for (odd,0010–00FF), which reserve a block for a private creator (PS3.5 §7.8.1).</summary>
    public bool IsPrivateCreator => IsPrivate && Element is >= 0x0010 and <= 0x00FF;

    /// <summary>True for (gggg,0000), retired outside groups 0000 and 0002 (PS3.5 §7.2).</summary>
    public bool IsGroupLength => Element == 0;

    /// <summary>For an element of a private block: the creator element that reserves it.</summary>
    public Tag PrivateCreatorTag => new(Group, (ushort)(Element >> 8));

    /// <summary>True for Pixel Data and its float forms (7FE0,0008), (7FE0,0009), (7FE0,0010).</summary>
    public bool IsPixelData => Value is 0x7FE0_0008 or 0x7FE0_0009 or 0x7FE0_0010;

    /// <summary>Item (FFFE,E000).</summary>
    public static Tag ItemStart => new(0xFFFE_E000);

    /// <summary>Item Delimitation Item (FFFE,E00D).</summary>
    public static Tag ItemEnd => new(0xFFFE_E00D);

    /// <summary>Sequence Delimitation Item (FFFE,E0DD).</summary>
    public static Tag SequenceEnd => new(0xFFFE_E0DD);

    /// <inheritdoc/>
    public int CompareTo(Tag other) => Value.CompareTo(other.Value);

    /// <summary>True if the left tag comes first in a data set.</summary>
    public static bool operator <(Tag left, Tag right) => left.Value < right.Value;

    /// <summary>True if the left tag comes later in a data set.</summary>
    public static bool operator >(Tag left, Tag right) => left.Value > right.Value;

    /// <summary>True unless the left tag comes later in a data set.</summary>
    public static bool operator <=(Tag left, Tag right) => left.Value <= right.Value;

    /// <summary>True unless the left tag comes first in a data set.</summary>
    public static bool operator >=(Tag left, Tag right) => left.Value >= right.Value;

    /// <summary>The tag as <c>(gggg,eeee)</c>, upper-case hexadecimal.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Group:X4},{Element:X4})");

    /// <summary>The tag as eight hexadecimal digits, as the DICOM JSON model writes it (PS3.18 §F.2.2).</summary>
    public string ToHexString() => Value.ToString("X8", CultureInfo.InvariantCulture);

    /// <summary>Reads <c>(gggg,eeee)</c>, <c>gggg,eeee</c>, eight digits, or a PS3.6 keyword.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Tag tag)
    {
        tag = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var span = text.AsSpan().Trim();
        if (span.Length >= 2 && span[0] == '(' && span[^1] == ')')
        {
            span = span[1..^1];
        }

        var comma = span.IndexOf(',');
        if (comma >= 0)
        {
            if (ushort.TryParse(span[..comma].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var group)
                && ushort.TryParse(span[(comma + 1)..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var element))
            {
                tag = new Tag(group, element);
                return true;
            }

            return false;
        }

        if (span.Length == 8 && uint.TryParse(span, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            tag = new Tag(value);
            return true;
        }

        return DataDictionary.TryFindKeyword(text, out tag);
    }
}
