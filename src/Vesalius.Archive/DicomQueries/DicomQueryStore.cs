using Dapper;
using Vesalius.Database;

namespace Vesalius.Archive.DicomQueries;

/// <summary>A session as a DICOM study.</summary>
public sealed record StudyRow(
    string Id, string Uid, string Name, string Subject, string Date, string Time, string[] Modalities, string Sex, string BirthDate, long Series, long Instances);

/// <summary>A scan as a DICOM series.</summary>
public sealed record SeriesRow(string StudyUid, string Uid, string Modality, string Number, string Description, long Instances);

/// <summary>A file as a DICOM instance, and where it lies.</summary>
public sealed record InstanceRow(string Uid, int? Number, long ResourceId, string Path);

/// <summary>What a page of a query found.</summary>
/// <param name="Rows">This page.</param>
/// <param name="Total">Matches before paging.</param>
public sealed record QueryPage<T>(IReadOnlyList<T> Rows, long Total);

/// <summary>Sessions, scans and files of one project, its own and those shared into it, as DICOM's levels. Attributes are the archive's, not the headers'.</summary>
public sealed class DicomQueryStore(VesaliusDatabase database)
{
    /// <summary>Keys of studies by column.</summary>
    public static readonly IReadOnlyDictionary<string, (string Column, MatchKind Kind)> StudyKeys = new Dictionary<string, (string, MatchKind)>
    {
        ["StudyInstanceUID"] = ("uid", MatchKind.Uid), ["StudyDate"] = ("date", MatchKind.Date), ["StudyTime"] = ("time", MatchKind.Time), ["PatientName"] = ("name", MatchKind.Text),
        ["PatientID"] = ("subject", MatchKind.Text), ["AccessionNumber"] = ("id", MatchKind.Text), ["Modality"] = ("modalities", MatchKind.Modality), ["ModalitiesInStudy"] = ("modalities", MatchKind.Modality),
    };

    /// <summary>Keys of series by column.</summary>
    public static readonly IReadOnlyDictionary<string, (string Column, MatchKind Kind)> SeriesKeys = new Dictionary<string, (string, MatchKind)>
    {
        ["SeriesInstanceUID"] = ("uid", MatchKind.Uid), ["SeriesNumber"] = ("number", MatchKind.Text), ["SeriesDescription"] = ("description", MatchKind.Text), ["Modality"] = ("array[modality]", MatchKind.Modality),
    };

    /// <summary>Keys of instances by column.</summary>
    public static readonly IReadOnlyDictionary<string, (string Column, MatchKind Kind)> InstanceKeys = new Dictionary<string, (string, MatchKind)>
    {
        ["SOPInstanceUID"] = ("uid", MatchKind.Uid), ["InstanceNumber"] = ("number::text", MatchKind.Text),
    };

    private const string Sessions = """
        from archive_experiment e
        left join archive_experiment_share h on h.experiment_id = e.id and h.project_id = @project
        where e.study_instance_uid is not null and (e.project_id = @project or h.experiment_id is not null)
        """;

    private const string Studies = $$"""
        select x.id, x.uid, x.name, coalesce(ss.label, s.label) as subject, coalesce(to_char(x.date, 'YYYYMMDD'), '') as date, coalesce(to_char(x.time, 'HH24MISS'), '') as time,
            array(select distinct case c.modality when 'PET' then 'PT' else c.modality end from archive_scan c where c.experiment_id = x.id and c.modality <> '' order by 1) as modalities,
            coalesce((select value from jsonb_each_text(s.fields) where key like '%gender' order by key limit 1), '') as sex,
            coalesce((select value from jsonb_each_text(s.fields) where key like '%/dob' order by key limit 1), '') as birth_date,
            (select count(*) from archive_scan c where c.experiment_id = x.id and c.series_instance_uid is not null) as series,
            (select count(distinct f.sop_instance_uid) from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
                where c.experiment_id = x.id and c.series_instance_uid is not null) as instances
        from (select e.id, e.study_instance_uid as uid, coalesce(h.label, e.label) as name, e.subject_id, e.date, e.time {{Sessions}}) x
        join archive_subject s on s.id = x.subject_id
        left join archive_subject_share ss on ss.subject_id = s.id and ss.project_id = @project
        """;

    private const string Series = $$"""
        select x.uid as study_uid, c.series_instance_uid as uid, case c.modality when 'PET' then 'PT' else c.modality end as modality,
            coalesce(substring(c.id from '^[0-9]+'), '') as number, c.series_description as description,
            (select count(distinct f.sop_instance_uid) from archive_resource r join archive_file f on f.resource_id = r.id where r.scan_key = c.key) as instances
        from (select e.id, e.study_instance_uid as uid {{Sessions}} and e.study_instance_uid = @study) x
        join archive_scan c on c.experiment_id = x.id and c.series_instance_uid is not null
        """;

    private const string Instances = $$"""
        select distinct on (f.sop_instance_uid) f.sop_instance_uid as uid, f.instance_number as number, f.resource_id, f.path
        from (select e.id {{Sessions}} and e.study_instance_uid = @study) x
        join archive_scan c on c.experiment_id = x.id and c.series_instance_uid = @series
        join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
        where f.sop_instance_uid is not null
        order by f.sop_instance_uid, f.resource_id, f.path
        """;

    /// <summary>Studies of a project, the newest first.</summary>
    /// <exception cref="FormatException">A range cannot be read.</exception>
    public Task<QueryPage<StudyRow>> StudiesAsync(string project, IReadOnlyList<(string Key, string Value)> keys, int limit, int offset, CancellationToken cancellationToken) =>
        PageAsync<StudyRow>(Studies, StudyKeys, keys, "date desc, time desc, id", new() { ["project"] = project }, limit, offset, cancellationToken);

    /// <summary>Series of a study, in the order of their numbers.</summary>
    /// <exception cref="FormatException">A range cannot be read.</exception>
    public Task<QueryPage<SeriesRow>> SeriesAsync(string project, string study, IReadOnlyList<(string Key, string Value)> keys, int limit, int offset, CancellationToken cancellationToken) =>
        PageAsync<SeriesRow>(Series, SeriesKeys, keys, "length(number), number, uid", new() { ["project"] = project, ["study"] = study }, limit, offset, cancellationToken);

    /// <summary>Instances of a series, in the order of their numbers; a copy in a second resource does not count.</summary>
    /// <exception cref="FormatException">A range cannot be read.</exception>
    public Task<QueryPage<InstanceRow>> InstancesAsync(
        string project, string study, string series, IReadOnlyList<(string Key, string Value)> keys, int limit, int offset, CancellationToken cancellationToken) => PageAsync<InstanceRow>(
            Instances, InstanceKeys, keys, "number nulls last, uid", new() { ["project"] = project, ["study"] = study, ["series"] = series }, limit, offset, cancellationToken);

    private async Task<QueryPage<T>> PageAsync<T>(
        string source, IReadOnlyDictionary<string, (string Column, MatchKind Kind)> known, IReadOnlyList<(string Key, string Value)> keys, string order,
        Dictionary<string, object?> parameters, int limit, int offset, CancellationToken cancellationToken)
    {
        var conditions = keys.Select(k => AttributeMatch.Condition(known[k.Key].Column, known[k.Key].Kind, k.Value, parameters)).OfType<string>().ToList();
        var from = $"from ({source}) q{(conditions.Count > 0 ? " where " + string.Join(" and ", conditions) : "")}";
        var bound = new DynamicParameters(parameters);
        bound.Add("limit", limit);
        bound.Add("offset", offset);
        var rows = await database.QueryAsync<T>($"select * {from} order by {order} limit @limit offset @offset", bound, cancellationToken).ConfigureAwait(false);
        var total = rows.Count > 0 && rows.Count < limit ? offset + rows.Count : await database.FindAsync<long>($"select count(*) {from}", bound, cancellationToken).ConfigureAwait(false);
        return new QueryPage<T>(rows, total);
    }
}
