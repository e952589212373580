namespace Vesalius.Dicom;

/// <summary>What is wrong with bytes that should have been DICOM.</summary>
public enum MalformedReason
{
    /// <summary>The data ends inside an element.</summary>
    Truncated,
    /// <summary>A length is larger than what surrounds it.</summary>
    LengthBeyondParent,
    /// <summary>A length is larger than <see cref="ReadLimits"/> allow.</summary>
    LimitExceeded,
    /// <summary>Sequences are nested deeper than <see cref="ReadLimits"/> allow.</summary>
    NestingTooDeep,
    /// <summary>Two bytes that should name a value representation do not.</summary>
    UnknownVr,
    /// <summary>Something other than an item or delimiter stands in a sequence.</summary>
    UnexpectedTag,
    /// <summary>The bytes are not a DICOM data set at all.</summary>
    NotDicom,
    /// <summary>File meta information is missing something that reading needs.</summary>
    IncompleteFileMeta,
    /// <summary>The deflated part cannot be inflated.</summary>
    DeflateFailed,
    /// <summary>The value cannot be what its representation says.</summary>
    InvalidValue,
    /// <summary>The transfer syntax is not known and its encoding cannot be guessed.</summary>
    UnknownTransferSyntax,
    /// <summary>Text that should be the DICOM JSON or XML model is not.</summary>
    InvalidModel,
}

/// <summary>Thrown when bytes cannot be read as DICOM. Says where and why, and never carries a value.</summary>
public sealed class MalformedDicomException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="reason">What is wrong.</param>
    /// <param name="offset">Position in bytes from the start of what was read.</param>
    /// <param name="tag">The element concerned, if one is known.</param>
    /// <param name="section">Where the standard says how it should be, for example <c>PS3.5 §7.5</c>.</param>
    public MalformedDicomException(MalformedReason reason, long offset, Tag? tag, string section)
        : base($"{reason} at byte {offset}{(tag is { } t ? $" in {t}" : "")} ({section}).")
    {
        Reason = reason;
        Offset = offset;
        Tag = tag;
        Section = section;
    }

    /// <summary>What is wrong.</summary>
    public MalformedReason Reason { get; }

    /// <summary>Position in bytes from the start of what was read.</summary>
    public long Offset { get; }

    /// <summary>The element concerned, if one is known.</summary>
    public Tag? Tag { get; }

    /// <summary>Where the standard says how it should be.</summary>
    public string Section { get; }
}
