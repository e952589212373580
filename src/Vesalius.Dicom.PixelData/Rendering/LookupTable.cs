using System.Buffers.Binary;
using System.Globalization;

namespace Vesalius.Dicom.PixelData;

/// <summary>A table that maps stored values (PS3.3 §C.11.1.1, §C.7.6.3.1.5): number of entries, first value mapped, bits of an entry.</summary>
internal sealed class LookupTable
{
    private readonly double[] _entries;
    private readonly double _first;

    private LookupTable(double[] entries, double first, int bits)
    {
        _entries = entries;
        _first = first;
        Bits = bits;
    }

    /// <summary>Bits of an entry.</summary>
    public int Bits { get; }

    /// <summary>The entry of a value; those outside get the first or last one.</summary>
    public double this[double value] => _entries[(int)Math.Clamp(value - _first, 0, _entries.Length - 1)];

    /// <summary>Reads a table; null if it is not there or cannot be.</summary>
    public static LookupTable? Read(DataSet dataSet, Tag descriptor, Tag data, bool firstIsSigned)
    {
        var numbers = dataSet.GetStrings(descriptor);
        if (numbers.Count < 3 || !int.TryParse(numbers[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count)
            || !int.TryParse(numbers[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var first)
            || !int.TryParse(numbers[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var bits)
            || dataSet[data] is not ValueElement value)
        {
            return null;
        }

        // 65,536 entries are written as 0; a signed representation turns large counts negative.
        count = count <= 0 ? count + 65536 : count;
        first = firstIsSigned ? (short)first : (ushort)first;
        var bytes = value.Bytes.Span;
        var entries = new double[count];
        var isPacked = bits <= 8 && bytes.Length < count * 2;
        if (bytes.Length < (isPacked ? count : count * 2))
        {
            return null;
        }

        for (var i = 0; i < count; i++)
        {
            entries[i] = isPacked ? bytes[Packed(i, value)]
                : value.IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes[(i * 2)..]) : BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i * 2)..]);
        }

        return new LookupTable(entries, first, bits is >= 1 and <= 16 ? bits : 16);
    }

    /// <summary>Reads a segmented table (PS3.3 §C.7.9.2): discrete, linear and indirect segments.</summary>
    public static LookupTable? ReadSegmented(DataSet dataSet, Tag descriptor, Tag data, bool firstIsSigned)
    {
        var numbers = dataSet.GetStrings(descriptor);
        if (numbers.Count < 3 || !int.TryParse(numbers[0], out var count) || !int.TryParse(numbers[1], out var first) || !int.TryParse(numbers[2], out var bits)
            || dataSet[data] is not ValueElement value)
        {
            return null;
        }

        count = count <= 0 ? count + 65536 : count;
        var words = new int[value.Bytes.Length / (bits <= 8 ? 1 : 2)];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = bits <= 8 ? value.Bytes.Span[Packed(i, value)]
                : value.IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(value.Bytes.Span[(i * 2)..]) : BinaryPrimitives.ReadUInt16LittleEndian(value.Bytes.Span[(i * 2)..]);
        }

        var entries = new List<double>(count);
        Expand(words, 0, words.Length, int.MaxValue, entries, count, isNested: false, bits <= 8 ? 4 : 2);
        return entries.Count >= count ? new LookupTable([.. entries.Take(count)], firstIsSigned ? (short)first : (ushort)first, bits) : null;
    }

    private static void Expand(int[] words, int from, int end, int segments, List<double> entries, int most, bool isNested, int offsetWords)
    {
        var i = from;
        while (i + 1 < end && segments-- > 0 && entries.Count < most)
        {
            var (kind, length) = (words[i], words[i + 1]);
            i += 2;
            if (kind == 0 && i + length <= end)
            {
                entries.AddRange(words.Skip(i).Take(length).Select(w => (double)w));
                i += length;
            }
            else if (kind == 1 && i < end && entries.Count > 0)
            {
                var start = entries[^1];
                for (var k = 1; k <= length; k++)
                {
                    entries.Add(Math.Round(start + ((words[i] - start) * k / length)));
                }

                i++;
            }
            else if (kind == 2 && !isNested && i + offsetWords <= end)
            {
                long offset = 0;
                for (var k = offsetWords - 1; k >= 0; k--)
                {
                    offset = (offset << (offsetWords == 4 ? 8 : 16)) | (uint)words[i + k];
                }

                i += offsetWords;
                if (offset < words.Length)
                {
                    Expand(words, (int)offset, words.Length, length, entries, most, isNested: true, offsetWords);
                }
            }
            else
            {
                return;
            }
        }
    }

    // Two 8-bit entries share a word, the first in its lower half.
    private static int Packed(int index, ValueElement value) => value.IsBigEndian && value.Vr.UnitLength == 2 ? index ^ 1 : index;
}
