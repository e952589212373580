namespace Vesalius.Dicom.PixelData;

/// <summary>Frames as pictures for screens (PS3.4 §N.2): rescaled, windowed, in colour, as PNG or JPEG, whole or as thumbnails.</summary>
public static class FrameRenderer
{
    /// <summary>Shows a frame.</summary>
    /// <param name="dataSet">The image; its header is enough.</param>
    /// <param name="frames">Its frames.</param>
    /// <param name="frame">Which one, from 0.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="PixelDataException">The frame is not there, cannot be decoded, or cannot be shown.</exception>
    public static async Task<RenderedImage> RenderAsync(DataSet dataSet, ImageFrames frames, int frame, RenderOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(frames);
        return Render(dataSet, await frames.ReadAsync(frame, cancellationToken).ConfigureAwait(false), frame, options);
    }

    /// <summary>Shows a frame that was read.</summary>
    /// <param name="dataSet">The image; its header is enough.</param>
    /// <param name="native">The frame.</param>
    /// <param name="frame">Its number from 0, for functional groups.</param>
    /// <param name="options">How.</param>
    /// <exception cref="PixelDataException">The frame cannot be shown.</exception>
    public static RenderedImage Render(DataSet dataSet, NativeFrame native, int frame, RenderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(native);
        options ??= new RenderOptions();
        var d = native.Description;
        var image = d.PhotometricInterpretation == "PALETTE COLOR" ? new RenderedImage(d.Columns, d.Rows, 3, ColourPipeline.RenderPalette(native, dataSet))
            : d.SamplesPerPixel == 1 ? new RenderedImage(d.Columns, d.Rows, 1, GreyPipeline.Render(native, dataSet, frame, options))
            : new RenderedImage(d.Columns, d.Rows, 3, ColourPipeline.Render(native));
        return options.MostColumns is null && options.MostRows is null ? image : AreaScaler.Fit(image, options.MostColumns ?? int.MaxValue, options.MostRows ?? int.MaxValue);
    }

    /// <summary>A picture as JFIF, encoded by GDCM's baseline JPEG.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="quality">1 to 100.</param>
    /// <param name="codecs">Encoders; <see cref="CodecPool.Shared"/> unless said.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="PixelDataException">The encoder failed.</exception>
    public static async Task<byte[]> ToJpegAsync(RenderedImage image, int quality, CodecPool? codecs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        var description = new ImageDescription
        {
            Rows = image.Rows,
            Columns = image.Columns,
            Frames = 1,
            SamplesPerPixel = image.Samples,
            PhotometricInterpretation = image.Samples == 3 ? "YBR_FULL" : "MONOCHROME2",
            BitsAllocated = 8,
            BitsStored = 8,
            HighBit = 7,
        };
        var frame = new NativeFrame(description, image.Samples == 3 ? ColourPipeline.ToYbr(image.Bytes) : image.Bytes);
        return JfifMarker.Ensure((await Task.Run(() => FrameCodecs.Encode(frame, Uids.JPEGBaseline8Bit, codecs, quality, cancellationToken), cancellationToken).ConfigureAwait(false)).Bytes);
    }
}
