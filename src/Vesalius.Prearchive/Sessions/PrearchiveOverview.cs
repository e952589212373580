using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>A session of the prearchive with what people want to know of it while it grows.</summary>
public sealed record PrearchiveOverviewRow
{
    /// <summary>Project; <c>Unassigned</c> where none is known.</summary>
    public required string Project { get; init; }

    /// <summary>Address without <c>/data</c>.</summary>
    public required string Url { get; init; }

    /// <summary>Subject label.</summary>
    public required string Subject { get; init; }

    /// <summary>Session label.</summary>
    public required string Label { get; init; }

    /// <summary>One of <see cref="PrearchiveStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Session type, once built.</summary>
    public string? XsiType { get; init; }

    /// <summary>When the first object arrived.</summary>
    public DateTime Uploaded { get; init; }

    /// <summary>Last arrival or change.</summary>
    public DateTime LastModified { get; init; }

    /// <summary>Study date.</summary>
    public DateOnly? ScanDate { get; init; }

    /// <summary>Scans so far.</summary>
    public long Scans { get; init; }

    /// <summary>Objects so far.</summary>
    public long Objects { get; init; }

    /// <summary>Bytes so far.</summary>
    public long Size { get; init; }

    /// <summary>Copies of instances with other bytes than the first that came.</summary>
    public long Conflicts { get; init; }

    /// <summary>Objects of the session in quarantine.</summary>
    public int Quarantined { get; init; }

    /// <summary>True if the archive has a session of this label in the project already.</summary>
    public bool InArchive { get; init; }

    /// <summary>Last entry of the log where the session has a problem; holds no value of an object.</summary>
    public string? Problem { get; init; }
}

/// <summary>Looks over the whole prearchive at once (R18).</summary>
public sealed class PrearchiveOverview(VesaliusDatabase database)
{
    /// <summary>All sessions with their counts, newest first.</summary>
    public Task<IReadOnlyList<PrearchiveOverviewRow>> ListAsync(CancellationToken cancellationToken) => database.QueryAsync<PrearchiveOverviewRow>(
        $"""
        select coalesce(s.project_id, 'Unassigned') as project,
            '/prearchive/projects/' || coalesce(s.project_id, 'Unassigned') || '/' || s.timestamp_folder || '/' || s.folder as url,
            s.subject, s.label, s.status, s.xsi_type, s.uploaded, s.last_modified, s.scan_date, coalesce(o.scans, 0) as scans, coalesce(o.objects, 0) as objects,
            coalesce(o.size, 0) as size, (select count(*) from prearchive_conflict c where c.session_id = s.id) as conflicts, 
            (select count(*)::int from prearchive_quarantine q where {QuarantineStore.Belongs("s.id", "s.project_id")}) as quarantined,
            exists (select 1 from archive_experiment e where e.project_id = s.project_id and e.label = s.label) as in_archive,
            case when s.status in ('ERROR', 'CONFLICT') then (select entry from prearchive_log l where l.session_id = s.id order by l.id desc limit 1) end as problem
        from prearchive_session s left join (
            select session_id, count(distinct scan_id) as scans, count(*) as objects, sum(size)::bigint as size from prearchive_object group by session_id) o on o.session_id = s.id
        order by s.last_modified desc, s.id desc
        """,
        null, cancellationToken);

    /// <summary>A text that is another one whenever something in the prearchive has changed.</summary>
    public async Task<string> VersionAsync(CancellationToken cancellationToken) => await database.FindAsync<string>(
        "select concat_ws('/', count(*), max(last_modified), sum(hashtext(status || coalesce(project_id, '') || label))) from prearchive_session", null, cancellationToken).ConfigureAwait(false) ?? "";
}
