using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Archive.DicomQueries;

/// <summary>A file that holds a DICOM instance.</summary>
/// <param name="Uid">SOP Instance UID.</param>
/// <param name="Sha256">SHA-256 of its bytes in hexadecimal.</param>
/// <param name="FullPath">Where it lies.</param>
/// <param name="Place">What it belongs to.</param>
public sealed record DicomFile(string Uid, string Sha256, string FullPath, DicomPlace Place);

/// <summary>A resource that holds instances of one series.</summary>
/// <param name="ResourceId">Key of the resource.</param>
/// <param name="SessionId">Session.</param>
/// <param name="Owner">ID of the scan, or of the assessor.</param>
/// <param name="SeriesUid">Series Instance UID.</param>
/// <param name="Fingerprint">Changes with the resource's files; empty where it was not asked for.</param>
/// <param name="Files">Number of its instances; 0 where it was not asked for.</param>
public sealed record DicomPlace(long ResourceId, string SessionId, string Owner, string SeriesUid, string Fingerprint = "", long Files = 0);

/// <summary>Which instances are meant; all of the study unless more is said.</summary>
/// <param name="Study">Study Instance UID.</param>
/// <param name="Series">Series Instance UID.</param>
/// <param name="Instance">SOP Instance UID.</param>
public sealed record DicomAddress(string Study, string? Series = null, string? Instance = null);

/// <summary>Finds the files behind studies, series and instances, within what the caller may read: one statement each.</summary>
public sealed class DicomFileDirectory(VesaliusDatabase database, ArchiveLayout layout)
{
    private sealed record Row(
        string? Uid, string SeriesUid, string? Path, string? Sha256, long ResourceId, string ResourceLabel, string Side, string SessionId, string FolderProject, string FolderLabel, string? ScanId,
        string? AssessorId, string Fingerprint, long Files);

    private static string Resources(DicomScope scope, DicomAddress address) =>
        $"""
        select x.id as session_id, x.folder_project, x.folder_label, c.id as scan_id, null::text as assessor_id, c.series_instance_uid as series_uid, r.id as resource_id, r.label as resource_label, r.side
        from ({scope.Sessions("e.study_instance_uid = @study")}) x
        join archive_scan c on c.experiment_id = x.id and c.series_instance_uid {(address.Series is null ? "is not null" : "= @series")} join archive_resource r on r.scan_key = c.key
        union all
        select x.id, x.folder_project, x.folder_label, null, a.id, d.series_instance_uid, r.id, r.label, r.side
        from ({scope.Sessions("e.study_instance_uid = @study")}) x join archive_experiment a on a.session_id = x.id and {scope.Assessor("a", "x")}
        join archive_derived_series d on d.assessor_id = a.id{(address.Series is null ? "" : " and d.series_instance_uid = @series")} join archive_resource r on r.experiment_id = a.id
        """;

    private static Dapper.DynamicParameters Parameters(DicomScope scope, DicomAddress address)
    {
        var parameters = scope.Parameters();
        parameters.Add("study", address.Study);
        parameters.Add("series", address.Series);
        parameters.Add("instance", address.Instance);
        return parameters;
    }

    /// <summary>Files, by series and instance number; of an instance that is there twice, one.</summary>
    public async Task<IReadOnlyList<DicomFile>> FilesAsync(DicomScope scope, DicomAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(address);
        var rows = await database.QueryAsync<Row>(
            $"""
            select f.sop_instance_uid as uid, z.series_uid, f.path, f.sha256, z.resource_id, z.resource_label, z.side, z.session_id, z.folder_project, z.folder_label, z.scan_id, z.assessor_id,
                '' as fingerprint, 0::bigint as files
            from ({Resources(scope, address)}) z
            join archive_file f on f.resource_id = z.resource_id and f.sop_instance_uid {(address.Instance is null ? "is not null" : "= @instance")}
            order by length(coalesce(z.scan_id, 'assessor')), z.scan_id, z.series_uid, f.instance_number nulls last, f.sop_instance_uid, z.resource_id, f.path
            """,
            Parameters(scope, address), cancellationToken).ConfigureAwait(false);
        return Files(rows);
    }

    private static ResourceOwner OwnerOf(Row row) => new(row.FolderProject, null, row.FolderLabel, row.ScanId, row.AssessorId, Side: row.Side);

    /// <summary>Resources that hold instances, each with its series and the fingerprint of its files.</summary>
    public async Task<IReadOnlyList<DicomPlace>> PlacesAsync(DicomScope scope, DicomAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(address);
        var rows = await database.QueryAsync<Row>(
            $"""
            select null::text as uid, z.series_uid, null::text as path, null::text as sha256, z.resource_id, z.resource_label, z.side, z.session_id, z.folder_project, z.folder_label, z.scan_id,
                z.assessor_id, f.fingerprint, f.files
            from ({Resources(scope, address)}) z
            cross join lateral (
                select count(*) as files, md5(string_agg(sha256 || path, ' ' order by path)) as fingerprint from archive_file where resource_id = z.resource_id and sop_instance_uid is not null) f
            where f.files > 0
            order by length(coalesce(z.scan_id, 'assessor')), z.scan_id, z.series_uid, z.resource_id
            """,
            Parameters(scope, address), cancellationToken).ConfigureAwait(false);
        return [.. rows.Select(r => new DicomPlace(r.ResourceId, r.SessionId, r.ScanId ?? r.AssessorId!, r.SeriesUid, r.Fingerprint, r.Files))];
    }

    /// <summary>Instances of a scan, by number; of one that is there twice, one.</summary>
    public async Task<IReadOnlyList<DicomFile>> OfScanAsync(long scanKey, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<Row>(
            """
            select f.sop_instance_uid as uid, coalesce(c.series_instance_uid, '') as series_uid, f.path, f.sha256, r.id as resource_id, r.label as resource_label, r.side, e.id as session_id,
                e.project_id as folder_project, e.label as folder_label, c.id as scan_id, null::text as assessor_id, '' as fingerprint, 0::bigint as files
            from archive_scan c join archive_experiment e on e.id = c.experiment_id join archive_resource r on r.scan_key = c.key
            join archive_file f on f.resource_id = r.id and f.sop_instance_uid is not null
            where c.key = @scanKey order by f.instance_number nulls last, f.sop_instance_uid, r.id, f.path
            """,
            new { scanKey }, cancellationToken).ConfigureAwait(false);
        return Files(rows);
    }

    private List<DicomFile> Files(IReadOnlyList<Row> rows)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return [.. rows.Where(r => seen.Add(r.Uid!)).Select(r => new DicomFile(
            r.Uid!, r.Sha256!, ArchiveLayout.Join(layout.Resource(OwnerOf(r), r.ResourceLabel), r.Path!), new DicomPlace(r.ResourceId, r.SessionId, r.ScanId ?? r.AssessorId!, r.SeriesUid)))];
    }

    /// <summary>Files of one resource, by instance number and path.</summary>
    public async Task<IReadOnlyList<DicomFile>> FilesAsync(DicomPlace place, ResourceDirectory resources, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(resources);
        if (await resources.FindAsync(place.ResourceId, cancellationToken).ConfigureAwait(false) is not { } resource)
        {
            return [];
        }

        var folder = layout.Resource(resource.Owner, resource.Label);
        return [.. (await resources.FilesAsync([place.ResourceId], cancellationToken).ConfigureAwait(false)).Where(f => f.SopInstanceUid is not null)
            .OrderBy(f => f.InstanceNumber ?? int.MaxValue).ThenBy(f => f.SopInstanceUid, StringComparer.Ordinal)
            .Select(f => new DicomFile(f.SopInstanceUid!, f.Sha256, ArchiveLayout.Join(folder, f.Path), place))];
    }
}
