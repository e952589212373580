using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Blanks rectangles of a native frame: zeros in every sample, in YBR the black of (0, middle, middle) (dicomedit §7.5).</summary>
internal static class PixelFill
{
    public static void Fill(NativeFrame frame, PixelRectangle rectangle)
    {
        var d = frame.Description;
        var inside = rectangle.Inside(d.Rows, d.Columns);
        if (inside.IsEmpty)
        {
            return;
        }

        for (var row = (int)inside.Top; row < inside.Bottom; row++)
        {
            if (d.BitsAllocated == 1)
            {
                FillBits(frame, row, (int)inside.Left, (int)inside.Right);
            }
            else if (d.IsSubsampled)
            {
                FillPairs(frame, row, (int)inside.Left, (int)inside.Right);
            }
            else
            {
                FillRow(frame, row, (int)inside.Left, (int)inside.Right);
            }
        }
    }

    private static void FillBits(NativeFrame frame, int row, int left, int right)
    {
        var d = frame.Description;
        for (var sample = 0; sample < d.SamplesPerPixel; sample++)
        {
            for (var column = left; column < right; column++)
            {
                var pixel = ((long)row * d.Columns) + column;
                var bit = d.IsPlanar ? (sample * d.PixelsPerFrame) + pixel : (pixel * d.SamplesPerPixel) + sample;
                frame.Bytes[bit >> 3] &= (byte)~(1 << (int)(bit & 7));
            }
        }
    }

    private static void FillRow(NativeFrame frame, int row, int left, int right)
    {
        var d = frame.Description;
        var size = d.BitsAllocated / 8;
        var first = ((long)row * d.Columns) + left;
        if (d.IsPlanar)
        {
            for (var sample = 0; sample < d.SamplesPerPixel; sample++)
            {
                frame.Bytes.AsSpan((int)(((sample * d.PixelsPerFrame) + first) * size), (right - left) * size).Clear();
            }
        }
        else
        {
            frame.Bytes.AsSpan((int)(first * d.SamplesPerPixel * size), (right - left) * d.SamplesPerPixel * size).Clear();
        }

        if (d.IsYbr && d.SamplesPerPixel == 3)
        {
            FillChroma(frame, first, right - left, size);
        }
    }

    private static void FillChroma(NativeFrame frame, long first, int count, int size)
    {
        var d = frame.Description;
        var middle = 1UL << (d.BitsStored - 1);
        for (var sample = 1; sample < 3; sample++)
        {
            for (var pixel = first; pixel < first + count; pixel++)
            {
                var at = (int)((d.IsPlanar ? (sample * d.PixelsPerFrame) + pixel : (pixel * 3) + sample) * size);
                for (var b = 0; b < size; b++)
                {
                    frame.Bytes[at + b] = (byte)(middle >> (8 * b));
                }
            }
        }
    }

    // Two pixels share their chroma: Y1 Y2 CB CR.
    private static void FillPairs(NativeFrame frame, int row, int left, int right)
    {
        var d = frame.Description;
        var size = d.BitsAllocated / 8;
        var middle = (byte)(1 << ((d.BitsStored - 1) & 7));
        for (var column = left; column < right; column++)
        {
            var pixel = ((long)row * d.Columns) + column;
            var pair = (int)(pixel / 2 * 4 * size);
            frame.Bytes.AsSpan(pair + ((int)(pixel & 1) * size), size).Clear();
            frame.Bytes.AsSpan(pair + (2 * size), 2 * size).Clear();
            frame.Bytes[pair + (3 * size) - 1] = middle;
            frame.Bytes[pair + (4 * size) - 1] = middle;
        }
    }
}
