namespace Vesalius.Prearchive;

/// <summary>States of a session in the prearchive (rest-api §12.1).</summary>
public static class PrearchiveStatus
{
    /// <summary>Objects arrive.</summary>
    public const string Receiving = "RECEIVING";
    /// <summary>The session document is being written.</summary>
    public const string Building = "BUILDING";
    /// <summary>Can be archived.</summary>
    public const string Ready = "READY";
    /// <summary>Archiving would clash with what is archived.</summary>
    public const string Conflict = "CONFLICT";
    /// <summary>Building or archiving failed; the log says why.</summary>
    public const string Error = "ERROR";
    /// <summary>Being archived.</summary>
    public const string Archiving = "ARCHIVING";
    /// <summary>Being moved to another project.</summary>
    public const string Moving = "MOVING";
    /// <summary>Being separated into a PET and an MR session.</summary>
    public const string Separating = "SEPARATING";
    /// <summary>Being deleted.</summary>
    public const string Deleting = "DELETING";
}

/// <summary>A session in the prearchive.</summary>
public sealed record PrearchiveSession
{
    /// <summary>Key.</summary>
    public long Id { get; init; }

    /// <summary>Project; null is Unassigned.</summary>
    public string? ProjectId { get; init; }

    /// <summary>Folder named by the time of arrival.</summary>
    public string TimestampFolder { get; init; } = "";

    /// <summary>Folder of the session.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Subject label.</summary>
    public string Subject { get; init; } = "";

    /// <summary>Session label.</summary>
    public string Label { get; init; } = "";

    /// <summary>Study Instance UID as it arrived or as the site script made it.</summary>
    public string StudyInstanceUid { get; init; } = "";

    /// <summary>One of <see cref="PrearchiveStatus"/>.</summary>
    public string Status { get; init; } = "";

    /// <summary>When the first object arrived.</summary>
    public DateTime Uploaded { get; init; }

    /// <summary>Last arrival or change.</summary>
    public DateTime LastModified { get; init; }

    /// <summary>Study date.</summary>
    public DateOnly? ScanDate { get; init; }

    /// <summary>Study time.</summary>
    public TimeOnly? ScanTime { get; init; }

    /// <summary>Archive without asking: as the objects or the request say; null leaves it to the project.</summary>
    public bool? AutoArchive { get; init; }

    /// <summary>Neither script runs on this session.</summary>
    public bool PreventAnonymisation { get; init; }

    /// <summary>Not archived automatically.</summary>
    public bool PreventAutoCommit { get; init; }

    /// <summary>As given at import.</summary>
    public string Source { get; init; } = "";

    /// <summary>As given at import.</summary>
    public string Visit { get; init; } = "";

    /// <summary>As given at import.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>As given at import.</summary>
    public string Timezone { get; init; } = "";

    /// <summary>Session type, once built.</summary>
    public string? XsiType { get; init; }

    /// <summary>Objects of this session that are in quarantine.</summary>
    public int FailedCount { get; init; }

    /// <summary>Fields of the experiment that it becomes, by path, as JSON.</summary>
    public string Fields { get; init; } = "{}";

    /// <summary>The experiment begins in quarantine.</summary>
    public bool Quarantine { get; init; }

    /// <summary>On its way straight to the archive (xapi B.8).</summary>
    public bool DirectArchive { get; init; }

    /// <summary>Name of the project in addresses.</summary>
    public string ProjectName => ProjectId ?? "Unassigned";

    /// <summary>Address without <c>/data</c>.</summary>
    public string Url => $"/prearchive/projects/{ProjectName}/{TimestampFolder}/{Folder}";
}

/// <summary>An object in the prearchive.</summary>
public sealed record PrearchiveObject(
    long SessionId, string SopInstanceUid, string SopClassUid, string SeriesInstanceUid, string ScanId, string Resource, string FileName, int? InstanceNumber, long Size, string Sha256,
    long? SiteChanges = null)
{
    /// <summary>Path relative to the session's folder.</summary>
    public string Path => System.IO.Path.Combine("SCANS", ScanId, Resource, FileName);
}
