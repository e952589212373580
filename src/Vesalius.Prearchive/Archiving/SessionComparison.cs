namespace Vesalius.Prearchive;

/// <summary>What archiving would do with an instance.</summary>
public enum InstanceState
{
    /// <summary>The archived session does not have it.</summary>
    New,
    /// <summary>The archived session has it with the same bytes.</summary>
    Identical,
    /// <summary>The archived session has it with other bytes.</summary>
    Different,
    /// <summary>Another instance of the archived session has its file's name.</summary>
    NameTaken,
    /// <summary>It cannot be de-identified and would go to quarantine.</summary>
    Failed,
    /// <summary>The project's script or pixel rules drop it.</summary>
    Dropped,
    /// <summary>Only the archived session has it.</summary>
    ArchivedOnly,
}

/// <summary>An instance on both sides.</summary>
/// <param name="SopInstanceUid">SOP Instance UID as it would be in the archive.</param>
/// <param name="InstanceNumber">Instance number; null where none is known.</param>
/// <param name="File">Name of its file in the scan's folder.</param>
/// <param name="State">What archiving would do with it.</param>
/// <param name="Arrived">SHA-256 of what would enter; null if nothing would.</param>
/// <param name="Archived">SHA-256 of what is archived; null if nothing is.</param>
/// <param name="ArrivedSize">Bytes of what would enter.</param>
/// <param name="ArchivedSize">Bytes of what is archived.</param>
/// <param name="Reason">Why it would go to quarantine.</param>
public sealed record ComparedInstance(
    string SopInstanceUid, int? InstanceNumber, string File, InstanceState State, string? Arrived, string? Archived, long ArrivedSize, long ArchivedSize, string? Reason);

/// <summary>A scan on both sides.</summary>
/// <param name="Id">Scan ID in the archived session, now or afterwards.</param>
/// <param name="ArrivedAs">Scan ID in the prearchive; null if only the archive has it.</param>
/// <param name="Description">Series description.</param>
/// <param name="XsiType">Type.</param>
/// <param name="IsArchived">True if the archived session has it.</param>
/// <param name="OtherFiles">Files of the archived scan that hold no instance, such as converted volumes; they stay.</param>
/// <param name="Counts">Instances by state.</param>
/// <param name="Instances">All of them, in the order of their numbers.</param>
public sealed record ComparedScan(
    string Id, string? ArrivedAs, string Description, string XsiType, bool IsArchived, int OtherFiles, IReadOnlyDictionary<InstanceState, int> Counts, IReadOnlyList<ComparedInstance> Instances);

/// <summary>The archived session that has the label.</summary>
/// <param name="Id">Accession ID.</param>
/// <param name="Subject">Subject label.</param>
/// <param name="Label">Session label.</param>
/// <param name="XsiType">Type.</param>
public sealed record ComparedTarget(string Id, string Subject, string Label, string XsiType);

/// <summary>A prearchive session beside the archived one that has its label (R9).</summary>
/// <param name="Project">Target project.</param>
/// <param name="Subject">Target subject.</param>
/// <param name="Session">Target session.</param>
/// <param name="Status">State of the prearchive session.</param>
/// <param name="Archived">The archived session; null if the label is free.</param>
/// <param name="Problems">Why the two may not be merged, however it is asked for.</param>
/// <param name="Twice">Copies that came with other bytes than the first of their instance; the first is kept.</param>
/// <param name="Counts">Instances by state.</param>
/// <param name="Scans">Scans of both sides.</param>
public sealed record SessionComparison(
    string Project, string Subject, string Session, string Status, ComparedTarget? Archived, IReadOnlyList<string> Problems, long Twice, IReadOnlyDictionary<InstanceState, int> Counts,
    IReadOnlyList<ComparedScan> Scans);
