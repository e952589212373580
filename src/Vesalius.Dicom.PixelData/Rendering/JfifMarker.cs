namespace Vesalius.Dicom.PixelData;

/// <summary>The marker that says how a JPEG stream's components are to be shown (JFIF 1.02): three of them are YCbCr.</summary>
internal static class JfifMarker
{
    private static ReadOnlySpan<byte> Marker => [0xFF, 0xE0, 0x00, 0x10, (byte)'J', (byte)'F', (byte)'I', (byte)'F', 0, 1, 2, 0, 0, 1, 0, 1, 0, 0];

    /// <summary>The stream with a JFIF marker behind its start, and no Adobe marker that says otherwise.</summary>
    public static byte[] Ensure(byte[] jpeg)
    {
        using var output = new MemoryStream(jpeg.Length + 18);
        output.Write(jpeg.AsSpan(0, 2));
        output.Write(Marker);
        var position = 2;
        while (position + 4 <= jpeg.Length && jpeg[position] == 0xFF && jpeg[position + 1] is 0xE0 or 0xEE)
        {
            position += 2 + ((jpeg[position + 2] << 8) | jpeg[position + 3]);
        }

        output.Write(jpeg.AsSpan(Math.Min(position, jpeg.Length)));
        return output.ToArray();
    }
}
