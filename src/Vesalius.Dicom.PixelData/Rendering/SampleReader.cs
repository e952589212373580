using System.Buffers.Binary;

namespace Vesalius.Dicom.PixelData;

/// <summary>Samples of a native frame as numbers.</summary>
internal static class SampleReader
{
    /// <summary>All samples in the order of the bytes; integers with their sign and without bits that are not stored.</summary>
    public static double[] Read(NativeFrame frame)
    {
        var d = frame.Description;
        var count = checked((int)(d.PixelsPerFrame * d.SamplesPerPixel));
        var values = new double[count];
        var bytes = frame.Bytes.AsSpan();
        switch (d.Kind, d.BitsAllocated)
        {
            case (SampleKind.Float, _):
                for (var i = 0; i < count; i++)
                {
                    values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * 4)..]);
                }

                break;
            case (SampleKind.Double, _):
                for (var i = 0; i < count; i++)
                {
                    values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(i * 8)..]);
                }

                break;
            case (_, 1):
                for (var i = 0; i < count; i++)
                {
                    values[i] = (bytes[i >> 3] >> (i & 7)) & 1;
                }

                break;
            default:
                ReadIntegers(d, bytes, values);
                break;
        }

        return values;
    }

    private static void ReadIntegers(ImageDescription d, ReadOnlySpan<byte> bytes, double[] values)
    {
        var size = d.BitsAllocated / 8;
        var right = 64 - d.BitsStored;
        var left = 63 - d.HighBit;
        for (var i = 0; i < values.Length; i++)
        {
            var cell = size switch
            {
                1 => bytes[i],
                2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i * 2)..]),
                4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes[(i * 4)..]),
                _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * 8)..]),
            };
            values[i] = d.IsSigned ? (long)(cell << left) >> right : cell << left >> right;
        }
    }
}
