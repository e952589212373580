using System.Buffers.Binary;

namespace Vesalius.Dicom.PixelData;

/// <summary>What a codestream says of itself: ITU-T T.81 §B.2 (JPEG), T.87 §C (JPEG-LS), T.800 §A.5.1 (JPEG 2000).</summary>
/// <param name="Rows">Height.</param>
/// <param name="Columns">Width.</param>
/// <param name="Components">Samples of a pixel.</param>
/// <param name="Precision">Bits of a sample.</param>
/// <param name="IsLossless">True if the process keeps every bit; null where the header does not tell.</param>
/// <param name="ColourTransform">Whether three components are YCbCr; null where the codestream does not tell.</param>
internal sealed record CodestreamHeader(int Rows, int Columns, int Components, int Precision, bool? IsLossless, bool? ColourTransform)
{
    /// <summary>Reads the header; null if there is none to be found.</summary>
    public static CodestreamHeader? Read(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xD8, ..] => ReadJpeg(bytes),
        [0xFF, 0x4F, 0xFF, 0x51, ..] => ReadJpeg2000(bytes),
        _ => null,
    };

    private static CodestreamHeader? ReadJpeg(ReadOnlySpan<byte> bytes)
    {
        var position = 2;
        bool? adobe = null;
        var isJfif = false;
        while (position + 4 <= bytes.Length)
        {
            if (bytes[position] != 0xFF)
            {
                return null;
            }

            var marker = bytes[position + 1];
            if (marker == 0xFF)
            {
                position++;
                continue;
            }

            if (marker is 0x01 or (>= 0xD0 and <= 0xD8))
            {
                position += 2;
                continue;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(position + 2)..]);
            if (length < 2 || position + 2 + length > bytes.Length || marker is 0xD9 or 0xDA)
            {
                return null;
            }

            var content = bytes.Slice(position + 4, length - 2);
            if (marker == 0xEE && content.Length >= 12 && content.StartsWith("Adobe"u8))
            {
                adobe = content[11] != 0;
            }
            else if (marker == 0xE0 && content.StartsWith("JFIF"u8))
            {
                isJfif = true;
            }
            else if (IsFrameHeader(marker) && content.Length >= 6)
            {
                return Frame(marker, content, adobe, isJfif);
            }

            position += 2 + length;
        }

        return null;
    }

    private static bool IsFrameHeader(byte marker) => marker is 0xF7 or (>= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC));

    private static CodestreamHeader Frame(byte marker, ReadOnlySpan<byte> content, bool? adobe, bool isJfif)
    {
        var components = content[5];
        bool? transform = adobe;
        if (transform is null && components == 3 && content.Length >= 15)
        {
            var letters = (content[6], content[9], content[12]);
            transform = letters == ((byte)'R', (byte)'G', (byte)'B') ? false : isJfif ? true : null;
        }

        bool? lossless = marker switch { 0xC3 or 0xC7 or 0xCB or 0xCF => true, 0xF7 => null, _ => false };
        return new CodestreamHeader(
            BinaryPrimitives.ReadUInt16BigEndian(content[1..]), BinaryPrimitives.ReadUInt16BigEndian(content[3..]), components, content[0], lossless, transform);
    }

    private static CodestreamHeader? ReadJpeg2000(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 44)
        {
            return null;
        }

        var width = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]) - BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
        var height = BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) - BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]);
        return width > 0xFFFF || height > 0xFFFF
            ? null
            : new CodestreamHeader((int)height, (int)width, BinaryPrimitives.ReadUInt16BigEndian(bytes[40..]), (bytes[42] & 0x7F) + 1, null, null);
    }
}
