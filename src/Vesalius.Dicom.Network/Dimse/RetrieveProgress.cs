namespace Vesalius.Dicom.Network;

/// <summary>What a response of C-MOVE or C-GET says (PS3.4 §C.4.2.1.4, §C.4.3.1.3).</summary>
/// <param name="Status">Its status; the comment may hold values of patients, never log it.</param>
/// <param name="Remaining">Sub-operations still to come; null where the peer does not say.</param>
/// <param name="Completed">Sub-operations that succeeded; null where the peer does not say.</param>
/// <param name="Failed">Sub-operations that failed; null where the peer does not say.</param>
/// <param name="Warning">Sub-operations that ended with a warning; null where the peer does not say.</param>
/// <param name="FailedSopInstanceUids">Instances that failed, in the last response of peers that name them (0008,0058).</param>
/// <param name="OffendingElements">Tags that the peer blames (0000,0901).</param>
public sealed record RetrieveProgress(
    DimseStatus Status, int? Remaining, int? Completed, int? Failed, int? Warning, IReadOnlyList<string> FailedSopInstanceUids, IReadOnlyList<Tag> OffendingElements)
{
    /// <summary>What the status means.</summary>
    public DimseStatusKind Kind => DimseStatuses.KindOf(Status.Code);

    /// <summary>True for the last response.</summary>
    public bool IsFinal => Kind is not (DimseStatusKind.Pending or DimseStatusKind.PendingWithUnsupportedKeys);

    /// <summary>True if this is the end, and neither the status nor a count speaks of a failure. Whether everything arrived is another question:
    /// peers count wrongly.</summary>
    public bool IsWholeSuccess => Kind == DimseStatusKind.Success && Failed is null or 0 && FailedSopInstanceUids.Count == 0;

    internal static RetrieveProgress Read(CommandSet response, DataSet? identifier) => new(
        new DimseStatus(response.Status ?? 0xC000, response.GetText(0x0902)),
        response.GetUInt16(0x1020), response.GetUInt16(0x1021), response.GetUInt16(0x1022), response.GetUInt16(0x1023),
        [.. identifier?.GetStrings(Tag.FailedSOPInstanceUIDList) ?? []], response.GetTags(0x0901));
}
