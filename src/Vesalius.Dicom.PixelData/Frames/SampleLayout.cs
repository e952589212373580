namespace Vesalius.Dicom.PixelData;

/// <summary>Native pixels of one layout in another.</summary>
public static class SampleLayout
{
    /// <summary>Puts the samples of a pixel beside each other (Planar Configuration 0).</summary>
    public static NativeFrame Interleave(NativeFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        var d = frame.Description;
        if (!d.IsPlanar || d.BitsAllocated < 8)
        {
            return frame with { Description = d with { IsPlanar = false } };
        }

        var size = d.BitsAllocated / 8;
        var pixels = (int)d.PixelsPerFrame;
        var result = new byte[frame.Bytes.Length];
        for (var sample = 0; sample < d.SamplesPerPixel; sample++)
        {
            var source = sample * pixels * size;
            var target = sample * size;
            for (var i = 0; i < pixels; i++, source += size, target += size * d.SamplesPerPixel)
            {
                for (var b = 0; b < size; b++)
                {
                    result[target + b] = frame.Bytes[source + b];
                }
            }
        }

        return new NativeFrame(d with { IsPlanar = false }, result);
    }

    /// <summary>Gives every pixel chroma of its own: YBR_FULL_422 becomes YBR_FULL, in which nothing is lost.</summary>
    public static NativeFrame Upsample(NativeFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        var d = frame.Description;
        if (!d.IsSubsampled || d.BitsAllocated != 8)
        {
            return frame;
        }

        var pixels = (int)d.PixelsPerFrame;
        var result = new byte[pixels * 3];
        for (var i = 0; i < pixels; i++)
        {
            var pair = i / 2 * 4;
            result[i * 3] = frame.Bytes[pair + (i & 1)];
            result[(i * 3) + 1] = frame.Bytes[pair + 2];
            result[(i * 3) + 2] = frame.Bytes[pair + 3];
        }

        return new NativeFrame(d with { PhotometricInterpretation = d.PhotometricInterpretation == "YBR_PARTIAL_422" ? "YBR_PARTIAL_444" : "YBR_FULL" }, result);
    }
}
