using System.Buffers.Binary;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Server.DicomWeb;

/// <summary>Writes pictures as GIF (GIF89a); several of them as an animation without end.</summary>
internal static class GifWriter
{
    private const int CodeSize = 8;
    private const int Clear = 1 << CodeSize;
    private const int End = Clear + 1;
    private const int MostCodes = 4096;

    /// <summary>Encodes pictures of one size.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="delay">How long each is shown, in hundredths of a second.</param>
    public static byte[] Encode(IReadOnlyList<RenderedImage> images, int delay = 10)
    {
        using var output = new MemoryStream();
        var (columns, rows) = (images.Max(i => i.Columns), images.Max(i => i.Rows));
        output.Write("GIF89a"u8);
        Word(output, columns);
        Word(output, rows);
        output.Write([0xF7, 0, 0]);
        WritePalette(output, images.Any(i => i.Samples == 3));
        if (images.Count > 1)
        {
            output.Write([0x21, 0xFF, 11]);
            output.Write("NETSCAPE2.0"u8);
            output.Write([3, 1, 0, 0, 0]);
        }

        var hasColour = images.Any(i => i.Samples == 3);
        foreach (var image in images)
        {
            output.Write([0x21, 0xF9, 4, 4]);
            Word(output, delay);
            output.Write([0, 0, 0x2C, 0, 0, 0, 0]);
            Word(output, image.Columns);
            Word(output, image.Rows);
            output.WriteByte(0);
            WritePixels(output, Indices(image, hasColour));
        }

        output.WriteByte(0x3B);
        return output.ToArray();
    }

    private static void Word(MemoryStream output, int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        output.Write(bytes);
    }

    // Greys as they are; colours in 8 × 8 × 4 steps of red, green and blue.
    private static void WritePalette(MemoryStream output, bool hasColour)
    {
        for (var i = 0; i < 256; i++)
        {
            output.Write(hasColour ? [(byte)((i >> 5) * 255 / 7), (byte)(((i >> 2) & 7) * 255 / 7), (byte)((i & 3) * 255 / 3)] : [(byte)i, (byte)i, (byte)i]);
        }
    }

    private static byte[] Indices(RenderedImage image, bool hasColour)
    {
        if (!hasColour)
        {
            return image.Bytes;
        }

        var indices = new byte[image.Columns * image.Rows];
        for (var i = 0; i < indices.Length; i++)
        {
            var (r, g, b) = image.Samples == 3 ? (image.Bytes[3 * i], image.Bytes[(3 * i) + 1], image.Bytes[(3 * i) + 2]) : (image.Bytes[i], image.Bytes[i], image.Bytes[i]);
            indices[i] = (byte)((((r * 7) + 127) / 255 << 5) | (((g * 7) + 127) / 255 << 2) | (((b * 3) + 127) / 255));
        }

        return indices;
    }

    // LZW with growing codes, in blocks of at most 255 bytes.
    private static void WritePixels(MemoryStream output, byte[] pixels)
    {
        output.WriteByte(CodeSize);
        using var packed = new MemoryStream();
        var (bits, held, size, next) = (0, 0, CodeSize + 1, End + 1);
        void Emit(int code)
        {
            bits |= code << held;
            held += size;
            while (held >= 8)
            {
                packed.WriteByte((byte)bits);
                bits >>= 8;
                held -= 8;
            }
        }

        var codes = new Dictionary<(int Prefix, byte Pixel), int>();
        Emit(Clear);
        int prefix = pixels[0];
        foreach (var pixel in pixels.AsSpan(1))
        {
            if (codes.TryGetValue((prefix, pixel), out var known))
            {
                prefix = known;
                continue;
            }

            Emit(prefix);
            if (next < MostCodes)
            {
                if (next == 1 << size)
                {
                    size++;
                }

                codes[(prefix, pixel)] = next++;
            }
            else
            {
                Emit(Clear);
                codes.Clear();
                (size, next) = (CodeSize + 1, End + 1);
            }

            prefix = pixel;
        }

        Emit(prefix);
        // The reader has added one more code by now.
        if (next == 1 << size && size < 12)
        {
            size++;
        }

        Emit(End);
        if (held > 0)
        {
            packed.WriteByte((byte)bits);
        }

        var bytes = packed.ToArray();
        for (var i = 0; i < bytes.Length; i += 255)
        {
            var length = Math.Min(255, bytes.Length - i);
            output.WriteByte((byte)length);
            output.Write(bytes, i, length);
        }

        output.WriteByte(0);
    }
}
