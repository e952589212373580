using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>Rows of objects in the prearchive.</summary>
internal static class ObjectRows
{
    private const string Insert =
        """
        with open as (
            update prearchive_session set last_modified = now(), status = 'RECEIVING'
            where id = any (@sessions) and status in ('RECEIVING', 'BUILDING', 'READY', 'CONFLICT', 'ERROR') returning id),
        made as (
            insert into prearchive_object (session_id, sop_instance_uid, sop_class_uid, series_instance_uid, scan_id, resource, file_name, instance_number, size, sha256, site_changes)
            select r.session, r.instance, r.class, r.series, r.scan, r.resource, r.name, r.number, r.size, r.hash, r.changes
            from unnest(@ids, @instances, @classes, @series, @scans, @resources, @names, @numbers, @sizes, @hashes, @changes)
                as r (session, instance, class, series, scan, resource, name, number, size, hash, changes) join open on open.id = r.session
            on conflict (session_id, sop_instance_uid) do nothing returning session_id, sop_instance_uid)
        """;

    private const string Made = "\nselect session_id, sop_instance_uid from made";

    // Only if every row is new: otherwise somebody has to look first.
    private const string Through = ",\nmoved as (update import_journal set applied_through = greatest(applied_through, @through) where (select count(*) from made) = cardinality(@ids))";

    /// <summary>Inserts rows in one transaction; their sessions count as receiving again.</summary>
    /// <returns>Which are new; others have no open session, or their session has the instance already.</returns>
    public static async Task<HashSet<(long SessionId, string SopInstanceUid)>> InsertAsync(
        VesaliusDatabase database, IReadOnlyList<PrearchiveObject> rows, CancellationToken cancellationToken) =>
        [.. await database.QueryAsync<(long, string)>(Insert + Made, Parameters(rows, 0), cancellationToken).ConfigureAwait(false)];

    /// <summary>Inserts the rows of journal records and, if all are new, says in the same transaction up to which the journal has been carried out.</summary>
    /// <returns>Which are new.</returns>
    public static async Task<HashSet<(long SessionId, string SopInstanceUid)>> InsertAsync(
        VesaliusDatabase database, IReadOnlyList<PrearchiveObject> rows, long through, CancellationToken cancellationToken) =>
        [.. await database.QueryAsync<(long, string)>(Insert + Through + Made, Parameters(rows, through), cancellationToken).ConfigureAwait(false)];

    private static object Parameters(IReadOnlyList<PrearchiveObject> rows, long through) => new
    {
        through,
        sessions = rows.Select(r => r.SessionId).Distinct().ToArray(),
        ids = rows.Select(r => r.SessionId).ToArray(),
        instances = rows.Select(r => r.SopInstanceUid).ToArray(),
        classes = rows.Select(r => r.SopClassUid).ToArray(),
        series = rows.Select(r => r.SeriesInstanceUid).ToArray(),
        scans = rows.Select(r => r.ScanId).ToArray(),
        resources = rows.Select(r => r.Resource).ToArray(),
        names = rows.Select(r => r.FileName).ToArray(),
        numbers = rows.Select(r => r.InstanceNumber).ToArray(),
        sizes = rows.Select(r => r.Size).ToArray(),
        hashes = rows.Select(r => r.Sha256).ToArray(),
        changes = rows.Select(r => r.SiteChanges).ToArray(),
    };
}
