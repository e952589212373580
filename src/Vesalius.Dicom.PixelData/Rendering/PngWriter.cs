using System.Buffers.Binary;
using System.IO.Compression;

namespace Vesalius.Dicom.PixelData;

/// <summary>Writes pictures as PNG (ISO/IEC 15948), without any text chunk.</summary>
public static class PngWriter
{
    private static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Encodes a picture.</summary>
    public static byte[] Encode(RenderedImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var output = new MemoryStream();
        output.Write(Signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Columns);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), image.Rows);
        header[8] = 8;
        header[9] = (byte)(image.Samples == 3 ? 2 : 0);
        WriteChunk(output, "IHDR"u8, header);
        using var compressed = new MemoryStream();
        using (var deflater = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            // Each row is stored as its difference to the row above, which makes pictures small.
            var length = image.Columns * image.Samples;
            var row = new byte[length + 1];
            row[0] = 2;
            for (var y = 0; y < image.Rows; y++)
            {
                for (var i = 0; i < length; i++)
                {
                    row[i + 1] = (byte)(image.Bytes[(y * length) + i] - (y == 0 ? 0 : image.Bytes[((y - 1) * length) + i]));
                }

                deflater.Write(row);
            }
        }

        WriteChunk(output, "IDAT"u8, compressed.ToArray());
        WriteChunk(output, "IEND"u8, []);
        return output.ToArray();
    }

    private static void WriteChunk(MemoryStream output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        output.Write(number);
        output.Write(type);
        output.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Checksum(type, data));
        output.Write(number);
    }

    private static readonly uint[] Remainders = [.. Enumerable.Range(0, 256).Select(i => Enumerable.Range(0, 8).Aggregate((uint)i, (c, _) => (c & 1) != 0 ? 0xEDB8_8320 ^ (c >> 1) : c >> 1))];

    // CRC of ISO/IEC 15948 §5.5.
    private static uint Checksum(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in type)
        {
            crc = Remainders[(crc ^ b) & 0xFF] ^ (crc >> 8);
        }

        foreach (var b in data)
        {
            crc = Remainders[(crc ^ b) & 0xFF] ^ (crc >> 8);
        }

        return ~crc;
    }
}
