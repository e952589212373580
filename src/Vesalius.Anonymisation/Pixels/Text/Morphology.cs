using System.Numerics;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Erosion and dilation of grey pictures by a square.</summary>
internal static class Morphology
{
    /// <summary>For each pixel the smallest value within a reach to all sides.</summary>
    public static byte[] Smallest(byte[] source, int columns, int rows, int reach) => Extreme(source, columns, rows, reach, smallest: true);

    /// <summary>For each pixel the largest value within a reach to all sides.</summary>
    public static byte[] Largest(byte[] source, int columns, int rows, int reach) => Extreme(source, columns, rows, reach, smallest: false);

    private static byte[] Extreme(byte[] source, int columns, int rows, int reach, bool smallest)
    {
        var window = (2 * reach) + 1;
        var around = smallest ? byte.MaxValue : byte.MinValue;
        var (wide, high) = (columns + (2 * reach), rows + (2 * reach));
        var padded = new byte[wide * high];
        Array.Fill(padded, around);
        for (var y = 0; y < rows; y++)
        {
            source.AsSpan(y * columns, columns).CopyTo(padded.AsSpan(((y + reach) * wide) + reach));
        }

        // A window twice as wide is the extreme of two windows; so its cost grows with the logarithm. Rows run into each other only within the padding.
        for (var done = 1; done < window;)
        {
            var shift = Math.Min(done, window - done);
            Combine(padded, shift, smallest);
            Combine(padded, shift * wide, smallest);
            done += shift;
        }

        var result = new byte[source.Length];
        for (var y = 0; y < rows; y++)
        {
            padded.AsSpan(y * wide, columns).CopyTo(result.AsSpan(y * columns));
        }

        return result;
    }

    private static void Combine(byte[] values, int shift, bool smallest)
    {
        var end = values.Length - shift;
        var i = 0;
        for (; i + Vector<byte>.Count <= end; i += Vector<byte>.Count)
        {
            var (here, there) = (new Vector<byte>(values, i), new Vector<byte>(values, i + shift));
            (smallest ? Vector.Min(here, there) : Vector.Max(here, there)).CopyTo(values, i);
        }

        for (; i < end; i++)
        {
            values[i] = smallest ? Math.Min(values[i], values[i + shift]) : Math.Max(values[i], values[i + shift]);
        }
    }
}
