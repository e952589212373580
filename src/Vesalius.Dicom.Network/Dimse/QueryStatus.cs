namespace Vesalius.Dicom.Network;

/// <summary>What a status code of C-FIND, C-MOVE, C-GET, C-STORE, C-ECHO means (PS3.4 §C.4.1.1.4, §C.4.2.1.5, §C.4.3.1.4, §B.2.3; PS3.7 Annex C).</summary>
public enum DimseStatusKind
{
    /// <summary>0000: done.</summary>
    Success,
    /// <summary>FF00: more to come.</summary>
    Pending,
    /// <summary>FF01: more to come, though the peer did not use all optional keys.</summary>
    PendingWithUnsupportedKeys,
    /// <summary>B000: some sub-operations failed or warned; B006, B007, 0001, 0107, 0116 and other warnings of storage.</summary>
    Warning,
    /// <summary>FE00: ended by C-CANCEL.</summary>
    Cancelled,
    /// <summary>A7xx: out of resources; may succeed later.</summary>
    OutOfResources,
    /// <summary>A801: the peer does not know the destination's AE title.</summary>
    MoveDestinationUnknown,
    /// <summary>A9xx: the identifier or object does not match the SOP class.</summary>
    IdentifierDoesNotMatch,
    /// <summary>0122, 0124, 0211, 0112, 0117: the peer will not perform this at all.</summary>
    NotSupportedOrNotAuthorised,
    /// <summary>Cxxx and everything else: it could not be processed.</summary>
    UnableToProcess,
}

/// <summary>Reads status codes.</summary>
public static class DimseStatuses
{
    /// <summary>What a code means.</summary>
    public static DimseStatusKind KindOf(ushort code) => code switch
    {
        0x0000 => DimseStatusKind.Success,
        0xFF00 => DimseStatusKind.Pending,
        0xFF01 => DimseStatusKind.PendingWithUnsupportedKeys,
        0xFE00 => DimseStatusKind.Cancelled,
        0xA801 => DimseStatusKind.MoveDestinationUnknown,
        >= 0xA700 and <= 0xA7FF => DimseStatusKind.OutOfResources,
        >= 0xA900 and <= 0xA9FF => DimseStatusKind.IdentifierDoesNotMatch,
        0x0001 or 0x0107 or 0x0116 or (>= 0xB000 and <= 0xBFFF) => DimseStatusKind.Warning,
        0x0112 or 0x0117 or 0x0122 or 0x0124 or 0x0211 => DimseStatusKind.NotSupportedOrNotAuthorised,
        _ => DimseStatusKind.UnableToProcess,
    };
}

/// <summary>Thrown when a peer ends an operation with a failure. The association lives on.</summary>
/// <param name="status">Status of the peer's response.</param>
/// <param name="offendingElements">Tags that the peer blames (0000,0901); may be empty.</param>
public sealed class DimseStatusException(DimseStatus status, IReadOnlyList<Tag> offendingElements)
    : Exception($"The peer answered {DimseStatuses.KindOf(status.Code)} ({status.Code:X4}){(offendingElements.Count == 0 ? "" : ", elements " + string.Join(' ', offendingElements))}.")
{
    /// <summary>Status code and the peer's comment. The comment may hold values of patients, so it is not part of the message; never log it.</summary>
    public DimseStatus Status { get; } = status;

    /// <summary>What the code means.</summary>
    public DimseStatusKind Kind => DimseStatuses.KindOf(Status.Code);

    /// <summary>Tags that the peer blames.</summary>
    public IReadOnlyList<Tag> OffendingElements { get; } = offendingElements;

    /// <summary>True if the same request may succeed later: the peer is out of resources.</summary>
    public bool IsTransient => Kind == DimseStatusKind.OutOfResources;
}
