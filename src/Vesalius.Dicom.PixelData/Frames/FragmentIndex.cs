using System.Buffers.Binary;

namespace Vesalius.Dicom.PixelData;

/// <summary>One fragment of encapsulated pixel data.</summary>
/// <param name="ItemOffset">Position of its item header.</param>
/// <param name="Length">Bytes of its value.</param>
internal readonly record struct Fragment(long ItemOffset, uint Length)
{
    /// <summary>Position of its value.</summary>
    public long ValueOffset => ItemOffset + 8;
}

/// <summary>Which fragments make which frame (PS3.5 §A.4). Offset tables are used where they are right, and done without where they are not.</summary>
internal sealed class FragmentIndex
{
    private readonly List<Fragment> _fragments;
    private readonly int[] _firstOfFrame;

    private FragmentIndex(List<Fragment> fragments, int[] firstOfFrame)
    {
        _fragments = fragments;
        _firstOfFrame = firstOfFrame;
    }

    public static FragmentIndex Read(PixelBytes bytes, DataSet dataSet, int frames, PixelDataLimits limits)
    {
        var fragments = Scan(bytes, limits, out var basic);
        if (fragments.Count == 0)
        {
            throw new PixelDataException(PixelDataReason.TooShort, "The encapsulated pixel data has no fragments.");
        }

        if (frames == 1)
        {
            return new FragmentIndex(fragments, [0]);
        }

        var first = ByTable(fragments, Extended(dataSet), frames)
            ?? ByTable(fragments, basic, frames)
            ?? (fragments.Count == frames ? Enumerable.Range(0, frames).ToArray() : null)
            ?? ByMarkers(bytes, fragments, frames)
            ?? throw new PixelDataException(PixelDataReason.FramesNotFound, "The fragments of the encapsulated pixel data cannot be told apart into frames (PS3.5 §A.4).");
        return new FragmentIndex(fragments, first);
    }

    /// <summary>The fragments of a frame in order.</summary>
    public ReadOnlySpan<Fragment> Of(int frame)
    {
        var start = _firstOfFrame[frame];
        var end = frame + 1 < _firstOfFrame.Length ? _firstOfFrame[frame + 1] : _fragments.Count;
        return System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_fragments)[start..end];
    }

    private static List<Fragment> Scan(PixelBytes bytes, PixelDataLimits limits, out long[] basicTable)
    {
        basicTable = [];
        var fragments = new List<Fragment>();
        Span<byte> header = stackalloc byte[8];
        long position = 0;
        var isTable = true;
        while (position + 8 <= bytes.Length)
        {
            bytes.Read(position, header);
            var tag = new Tag(BinaryPrimitives.ReadUInt16LittleEndian(header), BinaryPrimitives.ReadUInt16LittleEndian(header[2..]));
            var length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            if (tag == Tag.SequenceEnd)
            {
                break;
            }

            if (tag != Tag.ItemStart || position + 8 + length > bytes.Length)
            {
                throw new PixelDataException(PixelDataReason.FramesNotFound, "The encapsulated pixel data is broken off or holds something other than items (PS3.5 §A.4).");
            }

            if (isTable)
            {
                basicTable = Basic(bytes, position + 8, length, limits);
                isTable = false;
            }
            else if (fragments.Count < limits.FragmentCount)
            {
                fragments.Add(new Fragment(position, length));
            }
            else
            {
                throw new PixelDataException(PixelDataReason.LimitExceeded, "The pixel data has more fragments than PixelDataLimits.FragmentCount allows.");
            }

            position += 8 + length;
        }

        return fragments;
    }

    private static long[] Basic(PixelBytes bytes, long position, uint length, PixelDataLimits limits)
    {
        if (length / 4 > limits.FragmentCount)
        {
            throw new PixelDataException(PixelDataReason.LimitExceeded, "The offset table has more entries than PixelDataLimits.FragmentCount allows.");
        }

        var encoded = new byte[length];
        bytes.Read(position, encoded);
        var table = new long[length / 4];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = BinaryPrimitives.ReadUInt32LittleEndian(encoded.AsSpan(i * 4));
        }

        return table;
    }

    private static long[] Extended(DataSet dataSet)
    {
        if (dataSet[Tag.ExtendedOffsetTable] is not ValueElement value)
        {
            return [];
        }

        var table = new long[value.Bytes.Length / 8];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(value.Bytes.Span[(i * 8)..]), long.MaxValue);
        }

        return table;
    }

    // Offsets count from the item header of the first fragment (PS3.5 §A.4); each must be that of an item, and they must rise.
    private static int[]? ByTable(List<Fragment> fragments, long[] table, int frames)
    {
        if (table.Length != frames)
        {
            return null;
        }

        var start = fragments[0].ItemOffset;
        var first = new int[frames];
        var fragment = 0;
        for (var frame = 0; frame < frames; frame++)
        {
            while (fragment < fragments.Count && fragments[fragment].ItemOffset - start < table[frame])
            {
                fragment++;
            }

            if (fragment == fragments.Count || fragments[fragment].ItemOffset - start != table[frame] || (frame == 0 ? fragment != 0 : fragment == first[frame - 1]))
            {
                return null;
            }

            first[frame] = fragment;
        }

        return first;
    }

    // Without a table a codestream tells by its first bytes where it begins: SOI of JPEG and JPEG-LS, SOC of JPEG 2000.
    private static int[]? ByMarkers(PixelBytes bytes, List<Fragment> fragments, int frames)
    {
        var first = new List<int>(frames);
        Span<byte> start = stackalloc byte[4];
        for (var i = 0; i < fragments.Count; i++)
        {
            if (fragments[i].Length < 4)
            {
                continue;
            }

            bytes.Read(fragments[i].ValueOffset, start);
            if (start is [0xFF, 0xD8, 0xFF, _] or [0xFF, 0x4F, 0xFF, 0x51])
            {
                first.Add(i);
            }
        }

        return first.Count == frames && first[0] == 0 ? [.. first] : null;
    }
}
