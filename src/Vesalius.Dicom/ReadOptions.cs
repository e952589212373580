namespace Vesalius.Dicom;

/// <summary>Bounds within which bytes are read, so that a claim in a header never decides how much memory is used.</summary>
public sealed record ReadLimits
{
    /// <summary>Largest header held in memory, in bytes: everything but pixel data. Default 64 MiB (a promise of the architecture).</summary>
    public int HeaderLength { get; init; } = 64 * 1024 * 1024;

    /// <summary>Deepest nesting of sequences. Default 64: real structured reports stay under 20.</summary>
    public int SequenceDepth { get; init; } = 64;

    /// <summary>Most elements in one data set, items included. Default 4,000,000.</summary>
    public int ElementCount { get; init; } = 4_000_000;

    /// <summary>Largest inflated size of a deflated data set, in bytes. Default 1 GiB.</summary>
    public long InflatedLength { get; init; } = 1L << 30;
}

/// <summary>How to read a data set.</summary>
public sealed record ReadOptions
{
    /// <summary>The defaults: everything in memory, common violations read leniently with a warning.</summary>
    public static ReadOptions Default { get; } = new();

    /// <summary>Bounds.</summary>
    public ReadLimits Limits { get; init; } = new();

    /// <summary>Stop before the first pixel data element at top level, without looking at its value.</summary>
    public bool StopBeforePixelData { get; init; }

    /// <summary>Pixel data of files larger than this stays in its file when one is opened, in bytes. Default 64 KiB;
    /// <see cref="int.MaxValue"/> takes it to memory for files up to 16 MiB, which editing pixels needs.</summary>
    public int LargeValueLength { get; init; } = 64 * 1024;
}

/// <summary>A violation of the standard that was read leniently.</summary>
/// <param name="Kind">What was wrong.</param>
/// <param name="Offset">Position in bytes from the start of what was read.</param>
/// <param name="Tag">The element concerned.</param>
/// <param name="Section">Where the standard says how it should be.</param>
public readonly record struct ReadWarning(ReadWarningKind Kind, long Offset, Tag Tag, string Section);

/// <summary>Violations that are read leniently.</summary>
public enum ReadWarningKind
{
    /// <summary>A value has an odd length.</summary>
    OddLength,
    /// <summary>Elements do not stand in rising order.</summary>
    NotInOrder,
    /// <summary>The same tag stands twice; the last is kept for reading, both are written back.</summary>
    Duplicate,
    /// <summary>Bytes that should name a value representation do not.</summary>
    UnknownVr,
    /// <summary>A sequence or item that promised a delimiter ends without one.</summary>
    MissingDelimiter,
    /// <summary>A delimiter stands where none was promised.</summary>
    StrayDelimiter,
    /// <summary>A delimiter has a length.</summary>
    DelimiterWithLength,
    /// <summary>The data ends inside this element; what was there is kept.</summary>
    Truncated,
    /// <summary>The bytes are encoded otherwise than the transfer syntax says.</summary>
    OtherEncodingThanDeclared,
    /// <summary>No preamble or prefix.</summary>
    NoPreamble,
    /// <summary>No file meta information.</summary>
    NoFileMeta,
    /// <summary>File meta information has no or a wrong group length.</summary>
    WrongFileMetaLength,
    /// <summary>File meta information is encoded otherwise than explicit little endian.</summary>
    OtherFileMetaEncoding,
    /// <summary>No transfer syntax is named; it was found by looking.</summary>
    NoTransferSyntax,
    /// <summary>Bytes follow that are no element.</summary>
    TrailingBytes,
    /// <summary>A length does not fit what the sequence or item holds.</summary>
    WrongLength,
}
