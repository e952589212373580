namespace Vesalius.Dicom.PixelData;

/// <summary>What kind of numbers the pixels are.</summary>
public enum SampleKind
{
    /// <summary>Integers in Pixel Data (7FE0,0010).</summary>
    Integer,
    /// <summary>32-bit floating point in Float Pixel Data (7FE0,0008).</summary>
    Float,
    /// <summary>64-bit floating point in Double Float Pixel Data (7FE0,0009).</summary>
    Double,
}

/// <summary>How an image is laid out (PS3.3 §C.7.6.3, §C.7.6.6). Whatever an instance says is possible: it was validated when it was read.</summary>
public sealed record ImageDescription
{
    /// <summary>Height in pixels, 1 to 65,535.</summary>
    public required int Rows { get; init; }

    /// <summary>Width in pixels, 1 to 65,535.</summary>
    public required int Columns { get; init; }

    /// <summary>Number of frames, at least 1.</summary>
    public required int Frames { get; init; }

    /// <summary>Samples of a pixel: 1, 3, or 4.</summary>
    public required int SamplesPerPixel { get; init; }

    /// <summary>Photometric interpretation in capitals: <c>MONOCHROME2</c>, <c>YBR_FULL_422</c> …</summary>
    public required string PhotometricInterpretation { get; init; }

    /// <summary>True if each sample has a plane of its own (Planar Configuration 1).</summary>
    public bool IsPlanar { get; init; }

    /// <summary>Bits of a sample in native form: 1, 8, 16, 32 or 64.</summary>
    public required int BitsAllocated { get; init; }

    /// <summary>Bits of a sample that mean something.</summary>
    public required int BitsStored { get; init; }

    /// <summary>The highest of those bits, counted from 0.</summary>
    public required int HighBit { get; init; }

    /// <summary>True for two's complement (Pixel Representation 1).</summary>
    public bool IsSigned { get; init; }

    /// <summary>Integers or floating point.</summary>
    public SampleKind Kind { get; init; }

    /// <summary>The element that holds the pixels.</summary>
    public Tag PixelDataTag => Kind switch
    {
        SampleKind.Float => Tag.FloatPixelData,
        SampleKind.Double => Tag.DoubleFloatPixelData,
        _ => Tag.PixelData,
    };

    /// <summary>True for the YBR kinds in which two neighbours share their chroma in native form (PS3.3 §C.7.6.3.1.2).</summary>
    public bool IsSubsampled => SamplesPerPixel == 3 && !IsPlanar && PhotometricInterpretation is "YBR_FULL_422" or "YBR_PARTIAL_422";

    /// <summary>True for luminance and chroma.</summary>
    public bool IsYbr => PhotometricInterpretation.StartsWith("YBR", StringComparison.Ordinal);

    /// <summary>True for one sample that is a brightness.</summary>
    public bool IsMonochrome => PhotometricInterpretation is "MONOCHROME1" or "MONOCHROME2";

    /// <summary>Pixels of a frame.</summary>
    public long PixelsPerFrame => (long)Rows * Columns;

    /// <summary>Bits of a frame in native form. Frames of 1-bit images follow each other without padding (PS3.5 §8.1.1).</summary>
    public long FrameBits => IsSubsampled ? ((PixelsPerFrame + 1) / 2) * 4 * BitsAllocated : PixelsPerFrame * SamplesPerPixel * BitsAllocated;

    /// <summary>Bytes of one frame in native form on its own.</summary>
    public long FrameLength => (FrameBits + 7) / 8;

    /// <summary>Bytes of all frames in native form, without the padding to an even length.</summary>
    public long TotalLength => BitsAllocated == 1 ? ((FrameBits * Frames) + 7) / 8 : FrameLength * Frames;

    /// <summary>True if a data set has an element that holds pixels.</summary>
    public static bool HasPixels(DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        return dataSet.Contains(Tag.PixelData) || dataSet.Contains(Tag.FloatPixelData) || dataSet.Contains(Tag.DoubleFloatPixelData);
    }

    /// <summary>Reads and checks the description of an image.</summary>
    /// <param name="dataSet">The image, or its header without pixels.</param>
    /// <param name="limits">Bounds.</param>
    /// <exception cref="PixelDataException">A number is missing, impossible or beyond the limits.</exception>
    public static ImageDescription Read(DataSet dataSet, PixelDataLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        limits ??= PixelDataLimits.Default;
        var kind = dataSet.Contains(Tag.PixelData) ? SampleKind.Integer
            : dataSet.Contains(Tag.FloatPixelData) ? SampleKind.Float
            : dataSet.Contains(Tag.DoubleFloatPixelData) ? SampleKind.Double : SampleKind.Integer;
        var allocated = Number(dataSet, Tag.BitsAllocated, 1, 64, kind switch { SampleKind.Float => 32, SampleKind.Double => 64, _ => null });
        if (allocated is not (1 or 8 or 16 or 32 or 64))
        {
            throw Impossible(Tag.BitsAllocated);
        }

        var stored = Number(dataSet, Tag.BitsStored, 1, 64, allocated);
        var high = Number(dataSet, Tag.HighBit, 0, 63, stored - 1);
        if (stored > allocated || kind != SampleKind.Integer)
        {
            // More bits than there is room for are what several vendors write; all of the room is meant.
            stored = allocated;
        }

        if (high >= allocated || high < stored - 1)
        {
            high = stored - 1;
        }

        var samples = Number(dataSet, Tag.SamplesPerPixel, 1, 4, 1);
        var photometric = (dataSet.GetString(Tag.PhotometricInterpretation) ?? "").Trim(' ', '\0').ToUpperInvariant();
        if (photometric.Length == 0)
        {
            photometric = samples == 1 ? "MONOCHROME2" : "RGB";
        }

        if (samples == 2 || (samples > 1 && (photometric.StartsWith("MONOCHROME", StringComparison.Ordinal) || photometric == "PALETTE COLOR")))
        {
            throw Impossible(Tag.SamplesPerPixel);
        }

        var description = new ImageDescription
        {
            Rows = Number(dataSet, Tag.Rows, 1, 0xFFFF, null),
            Columns = Number(dataSet, Tag.Columns, 1, 0xFFFF, null),
            Frames = FrameCount(dataSet),
            SamplesPerPixel = samples,
            PhotometricInterpretation = photometric,
            IsPlanar = samples > 1 && dataSet.GetInteger(Tag.PlanarConfiguration) == 1,
            BitsAllocated = allocated,
            BitsStored = stored,
            HighBit = high,
            IsSigned = kind == SampleKind.Integer && dataSet.GetInteger(Tag.PixelRepresentation) == 1,
            Kind = kind,
        };
        if (description.FrameLength > limits.FrameLength)
        {
            throw new PixelDataException(PixelDataReason.LimitExceeded, $"A frame of {description.Rows} × {description.Columns} pixels is larger than PixelDataLimits.FrameLength allows.");
        }

        return description;
    }

    private static int FrameCount(DataSet dataSet)
    {
        // An empty or zero number of frames is common where there is one.
        var text = dataSet.GetString(Tag.NumberOfFrames);
        var frames = dataSet.GetInteger(Tag.NumberOfFrames);
        return frames switch
        {
            null when string.IsNullOrWhiteSpace(text) => 1,
            0 => 1,
            > 0 and <= int.MaxValue => (int)frames,
            _ => throw Impossible(Tag.NumberOfFrames),
        };
    }

    private static int Number(DataSet dataSet, Tag tag, int least, int most, int? otherwise) => dataSet.GetInteger(tag) switch
    {
        null when otherwise is { } value && string.IsNullOrWhiteSpace(dataSet.GetString(tag)) => value,
        { } value when value >= least && value <= most => (int)value,
        _ => throw Impossible(tag),
    };

    private static PixelDataException Impossible(Tag tag) =>
        new(PixelDataReason.ImpossibleDescription, $"The image's description is impossible: {tag} is missing or out of range (PS3.3 §C.7.6.3).");
}
