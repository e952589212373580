using Vesalius.Archive.Downloads;
using Vesalius.Archive.Storage;

namespace Vesalius.Archive;

/// <summary>A resource with all that it belongs to.</summary>
public sealed record ResourceRecord
{
    /// <summary>Key, site-wide (<c>xnat_abstractresource_id</c>).</summary>
    public long Id { get; init; }

    /// <summary>Label.</summary>
    public string Label { get; init; } = "";

    /// <summary>Format.</summary>
    public string Format { get; init; } = "";

    /// <summary>Content.</summary>
    public string Content { get; init; } = "";

    /// <summary>Description.</summary>
    public string Description { get; init; } = "";

    /// <summary>Tags, joined by commas.</summary>
    public string Tags { get; init; } = "";

    /// <summary>Who made it.</summary>
    public string InsertUser { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTime InsertDate { get; init; }

    /// <summary>Project that owns it.</summary>
    public string ProjectId { get; init; } = "";

    /// <summary>Subject; null for resources of projects.</summary>
    public string? SubjectId { get; init; }

    /// <summary>Its label.</summary>
    public string? SubjectLabel { get; init; }

    /// <summary>Session; null for resources of projects and subjects.</summary>
    public string? ExperimentId { get; init; }

    /// <summary>Its label.</summary>
    public string? SessionLabel { get; init; }

    /// <summary>Scan; null for others.</summary>
    public long? ScanKey { get; init; }

    /// <summary>Its ID.</summary>
    public string? ScanId { get; init; }

    /// <summary>Its type.</summary>
    public string? ScanType { get; init; }

    /// <summary>Its series.</summary>
    public string? SeriesInstanceUid { get; init; }

    /// <summary>Assessor's ID; null for others.</summary>
    public string? AssessorId { get; init; }

    /// <summary>Its label.</summary>
    public string? AssessorLabel { get; init; }

    /// <summary>Its type, for example <c>xnat:qcManualAssessorData</c>.</summary>
    public string? AssessorType { get; init; }

    /// <summary>Reconstruction; null for others.</summary>
    public long? ReconstructionKey { get; init; }

    /// <summary>Its ID.</summary>
    public string? ReconstructionId { get; init; }

    /// <summary>Its type.</summary>
    public string? ReconstructionType { get; init; }

    /// <summary><c>in</c> or <c>out</c> for resources of assessors and reconstructions, else empty.</summary>
    public string Side { get; init; } = "";

    /// <summary>Project whose folder holds it: that of the session, for assessors.</summary>
    public string FolderProjectId { get; init; } = "";

    /// <summary>Files that it holds.</summary>
    public long FileCount { get; init; }

    /// <summary>Their bytes.</summary>
    public long FileSize { get; init; }

    /// <summary>What decides where it lies.</summary>
    public ResourceOwner Owner => this switch
    {
        { ScanId: not null } => new ResourceOwner(FolderProjectId, null, SessionLabel, ScanId),
        { AssessorId: not null } => new ResourceOwner(FolderProjectId, null, SessionLabel, AssessorId: AssessorId, Side: Side),
        { ReconstructionId: not null } => new ResourceOwner(FolderProjectId, null, SessionLabel, ReconstructionId: ReconstructionId, Side: Side),
        { SessionLabel: not null } => new ResourceOwner(FolderProjectId, null, SessionLabel),
        { SubjectLabel: not null } => new ResourceOwner(FolderProjectId, SubjectLabel),
        _ => new ResourceOwner(FolderProjectId),
    };

    /// <summary>What it belongs to, below a session or project.</summary>
    public ResourceCategory Category => ScanId is not null ? ResourceCategory.Scan : AssessorId is not null ? ResourceCategory.Assessor
        : ReconstructionId is not null ? ResourceCategory.Reconstruction : ResourceCategory.Own;

    /// <summary>ID of the scan or reconstruction, label of the assessor; null for own resources.</summary>
    public string? OwnerName => ScanId ?? AssessorLabel ?? ReconstructionId;

    /// <summary>Type of the scan, assessor or reconstruction; null for own resources.</summary>
    public string? OwnerType => ScanType ?? AssessorType ?? ReconstructionType;

    /// <summary>Address of what it belongs to.</summary>
    public string OwnerUri => this switch
    {
        { ExperimentId: null, SubjectId: null } => $"/data/projects/{ProjectId}",
        { ExperimentId: null } => $"/data/projects/{ProjectId}/subjects/{SubjectId}",
        { ScanId: not null } => $"/data/experiments/{ExperimentId}/scans/{ScanId}",
        { AssessorId: not null } => $"/data/experiments/{ExperimentId}/assessors/{AssessorId}/{Side}",
        { ReconstructionId: not null } => $"/data/experiments/{ExperimentId}/reconstructions/{ReconstructionId}/{Side}",
        _ => $"/data/experiments/{ExperimentId}",
    };

    /// <summary>Its own address.</summary>
    public string Uri => $"{OwnerUri}/resources/{Id}";

    /// <summary>What names it in a download.</summary>
    /// <param name="layout">Where things lie.</param>
    public ResourcePlace PlaceIn(ArchiveLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var folder = Path.GetRelativePath(layout.Project(FolderProjectId), layout.Resource(Owner, Label));
        return new ResourcePlace(ProjectId, SubjectLabel, SessionLabel, Category, OwnerName, OwnerType, Side is "in" ? "in" : "out", Label, folder);
    }
}

/// <summary>A file of a resource.</summary>
public sealed record FileRecord
{
    /// <summary>Resource.</summary>
    public long ResourceId { get; init; }

    /// <summary>Path relative to the resource.</summary>
    public string Path { get; init; } = "";

    /// <summary>Bytes.</summary>
    public long Size { get; init; }

    /// <summary>MD5 in hexadecimal.</summary>
    public string Md5 { get; init; } = "";

    /// <summary>SHA-256 in hexadecimal.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>For DICOM instances.</summary>
    public string? SopInstanceUid { get; init; }

    /// <summary>For DICOM instances.</summary>
    public int? InstanceNumber { get; init; }

    /// <summary>Format; empty: that of the resource.</summary>
    public string Format { get; init; } = "";

    /// <summary>Content; empty: that of the resource.</summary>
    public string Content { get; init; } = "";

    /// <summary>Tags, joined by commas.</summary>
    public string Tags { get; init; } = "";

    /// <summary>Description.</summary>
    public string Description { get; init; } = "";

    /// <summary>Who stored it.</summary>
    public string InsertUser { get; init; } = "";

    /// <summary>When it was stored.</summary>
    public DateTime InsertDate { get; init; }

    /// <summary>When its bytes last changed.</summary>
    public DateTime Modified { get; init; }
}
