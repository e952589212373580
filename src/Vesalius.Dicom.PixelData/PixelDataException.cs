namespace Vesalius.Dicom.PixelData;

/// <summary>Why pixels cannot be used.</summary>
public enum PixelDataReason
{
    /// <summary>The data set has no pixel data.</summary>
    NoPixelData,
    /// <summary>Rows, columns, samples or bits are missing or impossible.</summary>
    ImpossibleDescription,
    /// <summary>The image is larger than <see cref="PixelDataLimits"/> allow.</summary>
    LimitExceeded,
    /// <summary>There are fewer bytes than the description needs.</summary>
    TooShort,
    /// <summary>Fragments cannot be told apart into frames, or an offset table points nowhere.</summary>
    FramesNotFound,
    /// <summary>The frame asked for does not exist.</summary>
    NoSuchFrame,
    /// <summary>No codec of ours reads or writes this transfer syntax.</summary>
    UnsupportedTransferSyntax,
    /// <summary>The codestream is damaged, or is another kind of image than the data set says.</summary>
    CodecFailed,
    /// <summary>The codec took too long, too much memory, or ended; its process was replaced.</summary>
    CodecGaveUp,
    /// <summary>The codecs are not installed.</summary>
    CodecMissing,
    /// <summary>The image cannot be shown: its photometric interpretation is unknown, or its palette is missing.</summary>
    NotRenderable,
}

/// <summary>Thrown when pixels cannot be described, found, decoded, encoded or shown. The message carries no value of the object.</summary>
/// <param name="reason">Why.</param>
/// <param name="message">The reason in words.</param>
public sealed class PixelDataException(PixelDataReason reason, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public PixelDataReason Reason { get; } = reason;
}

/// <summary>Bounds within which pixels are read, so that a claim in a header never decides how much memory is used.</summary>
public sealed record PixelDataLimits
{
    /// <summary>The defaults.</summary>
    public static PixelDataLimits Default { get; } = new();

    /// <summary>Largest decoded frame in bytes. Default 512 MiB: a mammogram of 16 bits takes 30, a whole-slide tile 3.</summary>
    public long FrameLength { get; init; } = 512L << 20;

    /// <summary>Most fragments of one element. Default 4,000,000.</summary>
    public int FragmentCount { get; init; } = 4_000_000;
}
