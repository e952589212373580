using System.Buffers.Binary;

namespace Vesalius.Dicom.PixelData;

/// <summary>RLE Lossless (PS3.5 Annex G): a header of segment offsets, then byte planes, each run-length encoded.</summary>
internal static class RleCodec
{
    private const int HeaderLength = 64;
    private const int MostSegments = 15;

    /// <summary>Decodes a frame. Planes become samples in the order that the description says.</summary>
    /// <exception cref="PixelDataException">The frame is damaged or is another size than described.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> encoded, ImageDescription description)
    {
        if (encoded.Length < HeaderLength || description.BitsAllocated < 8)
        {
            throw Damaged();
        }

        var bytesPerSample = description.BitsAllocated / 8;
        var segments = bytesPerSample * description.SamplesPerPixel;
        if (BinaryPrimitives.ReadUInt32LittleEndian(encoded) != segments)
        {
            throw Damaged();
        }

        var pixels = (int)description.PixelsPerFrame;
        var result = new byte[pixels * segments];
        for (var segment = 0; segment < segments; segment++)
        {
            var start = BinaryPrimitives.ReadUInt32LittleEndian(encoded[(4 + (segment * 4))..]);
            var end = segment + 1 < segments ? BinaryPrimitives.ReadUInt32LittleEndian(encoded[(8 + (segment * 4))..]) : (uint)encoded.Length;
            if (start < HeaderLength || end > encoded.Length || start > end)
            {
                throw Damaged();
            }

            // Most significant byte first within a sample, sample by sample.
            var (sample, significance) = (segment / bytesPerSample, segment % bytesPerSample);
            var offset = bytesPerSample - 1 - significance;
            var (first, step) = description.IsPlanar
                ? ((sample * pixels * bytesPerSample) + offset, bytesPerSample)
                : ((sample * bytesPerSample) + offset, segments);
            DecodeSegment(encoded[(int)start..(int)end], result, first, step, pixels);
        }

        return result;
    }

    private static void DecodeSegment(ReadOnlySpan<byte> encoded, byte[] target, int first, int step, int count)
    {
        var position = 0;
        var done = 0;
        var at = first;
        while (done < count)
        {
            if (position >= encoded.Length)
            {
                throw Damaged();
            }

            var control = (sbyte)encoded[position++];
            if (control == -128)
            {
                continue;
            }

            if (control >= 0)
            {
                var length = Math.Min(control + 1, count - done);
                if (position + length > encoded.Length)
                {
                    throw Damaged();
                }

                for (var i = 0; i < length; i++, at += step)
                {
                    target[at] = encoded[position + i];
                }

                position += control + 1;
                done += length;
                continue;
            }

            if (position >= encoded.Length)
            {
                throw Damaged();
            }

            var value = encoded[position++];
            var run = Math.Min(1 - control, count - done);
            for (var i = 0; i < run; i++, at += step)
            {
                target[at] = value;
            }

            done += run;
        }
    }

    /// <summary>Encodes a frame; rows are not run together (PS3.5 §G.3.1).</summary>
    /// <exception cref="PixelDataException">The frame has more byte planes than the header can name.</exception>
    public static byte[] Encode(ReadOnlySpan<byte> native, ImageDescription description)
    {
        var bytesPerSample = description.BitsAllocated / 8;
        var segments = bytesPerSample * description.SamplesPerPixel;
        if (segments is 0 or > MostSegments || description.IsSubsampled)
        {
            throw new PixelDataException(PixelDataReason.UnsupportedTransferSyntax, "RLE cannot hold pixels of this kind (PS3.5 §G.2).");
        }

        var pixels = (int)description.PixelsPerFrame;
        using var output = new MemoryStream(native.Length / 2);
        output.SetLength(HeaderLength);
        output.Position = HeaderLength;
        var header = new byte[HeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)segments);
        var row = new byte[description.Columns];
        for (var segment = 0; segment < segments; segment++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4 + (segment * 4)), (uint)output.Position);
            var (sample, significance) = (segment / bytesPerSample, segment % bytesPerSample);
            var offset = bytesPerSample - 1 - significance;
            var (at, step) = description.IsPlanar
                ? ((sample * pixels * bytesPerSample) + offset, bytesPerSample)
                : ((sample * bytesPerSample) + offset, segments);
            for (var y = 0; y < description.Rows; y++)
            {
                for (var x = 0; x < row.Length; x++, at += step)
                {
                    row[x] = native[at];
                }

                EncodeRow(row, output);
            }

            if ((output.Position & 1) != 0)
            {
                output.WriteByte(0);
            }
        }

        output.Position = 0;
        output.Write(header);
        return output.ToArray();
    }

    private static void EncodeRow(ReadOnlySpan<byte> row, MemoryStream output)
    {
        var position = 0;
        while (position < row.Length)
        {
            var run = 1;
            while (position + run < row.Length && run < 128 && row[position + run] == row[position])
            {
                run++;
            }

            if (run > 1)
            {
                output.WriteByte((byte)(1 - run));
                output.WriteByte(row[position]);
                position += run;
                continue;
            }

            var literal = 1;
            while (position + literal < row.Length && literal < 128
                && !(position + literal + 1 < row.Length && row[position + literal] == row[position + literal + 1]))
            {
                literal++;
            }

            output.WriteByte((byte)(literal - 1));
            output.Write(row.Slice(position, literal));
            position += literal;
        }
    }

    private static PixelDataException Damaged() => new(PixelDataReason.CodecFailed, "The RLE frame is damaged or is another image than the data set describes (PS3.5 Annex G).");
}
