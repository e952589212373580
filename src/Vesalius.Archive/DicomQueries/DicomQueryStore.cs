using Vesalius.Database;

namespace Vesalius.Archive.DicomQueries;

/// <summary>A session as a DICOM study.</summary>
public sealed record StudyRow
{
    /// <summary>ID of the session.</summary>
    public string Id { get; init; } = "";

    /// <summary>Study Instance UID.</summary>
    public string Uid { get; init; } = "";

    /// <summary>Label of the session in the project looked at.</summary>
    public string Name { get; init; } = "";

    /// <summary>That project.</summary>
    public string Project { get; init; } = "";

    /// <summary>Label of the subject there.</summary>
    public string Subject { get; init; } = "";

    /// <summary>DA; empty if unknown.</summary>
    public string Date { get; init; } = "";

    /// <summary>TM; empty if unknown.</summary>
    public string Time { get; init; } = "";

    /// <summary>Modalities of its series.</summary>
    public string[] Modalities { get; init; } = [];

    /// <summary>Sex as the subject's record says it.</summary>
    public string Sex { get; init; } = "";

    /// <summary>Birth date as the subject's record says it.</summary>
    public string BirthDate { get; init; } = "";

    /// <summary>Number of series.</summary>
    public long Series { get; init; }

    /// <summary>Number of instances.</summary>
    public long Instances { get; init; }
}

/// <summary>A scan, or what was made of a session's images, as a DICOM series.</summary>
public sealed record SeriesRow
{
    /// <summary>Study Instance UID.</summary>
    public string StudyUid { get; init; } = "";

    /// <summary>Series Instance UID.</summary>
    public string Uid { get; init; } = "";

    /// <summary>Modality.</summary>
    public string Modality { get; init; } = "";

    /// <summary>Number; empty if unknown.</summary>
    public string Number { get; init; } = "";

    /// <summary>Description.</summary>
    public string Description { get; init; } = "";

    /// <summary>DA of the session; empty if unknown.</summary>
    public string Date { get; init; } = "";

    /// <summary>TM of its start; empty if unknown.</summary>
    public string Time { get; init; } = "";

    /// <summary>Number of instances.</summary>
    public long Instances { get; init; }
}

/// <summary>What a page of a query found.</summary>
/// <param name="Rows">This page.</param>
/// <param name="Total">Matches before paging.</param>
public sealed record QueryPage<T>(IReadOnlyList<T> Rows, long Total);

/// <summary>Keys, and which part of what they find is asked for.</summary>
/// <param name="Keys">Keyword and value; all have to fit.</param>
/// <param name="Limit">Most rows.</param>
/// <param name="Offset">Rows left out at the start.</param>
public sealed record DicomQuery(IReadOnlyList<(string Key, string Value)> Keys, int Limit, int Offset);

/// <summary>Sessions and scans as DICOM's levels, within what the caller may read. Attributes are the archive's, not the headers'.</summary>
public sealed class DicomQueryStore(VesaliusDatabase database)
{
    /// <summary>Keys of studies by column.</summary>
    public static readonly IReadOnlyDictionary<string, (string Column, MatchKind Kind)> StudyKeys = new Dictionary<string, (string, MatchKind)>
    {
        ["StudyInstanceUID"] = ("q.uid", MatchKind.Uid), ["StudyDate"] = ("q.date", MatchKind.Date), ["StudyTime"] = ("q.time", MatchKind.Time), ["PatientName"] = ("q.name", MatchKind.Text),
        ["PatientID"] = ("q.subject", MatchKind.Text), ["AccessionNumber"] = ("q.id", MatchKind.Text), ["StudyID"] = ("q.id", MatchKind.Text), ["StudyDescription"] = ("q.project", MatchKind.Text),
        ["Modality"] = ("q.modalities", MatchKind.Modality), ["ModalitiesInStudy"] = ("q.modalities", MatchKind.Modality),
    };

    /// <summary>Keys of series by column.</summary>
    public static readonly IReadOnlyDictionary<string, (string Column, MatchKind Kind)> SeriesKeys = new Dictionary<string, (string, MatchKind)>
    {
        ["SeriesInstanceUID"] = ("q.uid", MatchKind.Uid), ["SeriesNumber"] = ("q.number", MatchKind.Text), ["SeriesDescription"] = ("q.description", MatchKind.Text), ["Modality"] = ("array[q.modality]", MatchKind.Modality),
    };

    // Modalities and counts are columns of the outer statement, so that they are worked out for one page only unless a key asks for them.
    private static string Studies(DicomScope scope) =>
        $"""
        select x.id, x.uid, x.name, x.project, x.subject_id, coalesce(ss.label, s.label) as subject, coalesce(to_char(x.date, 'YYYYMMDD'), '') as date, coalesce(to_char(x.time, 'HH24MISS'), '') as time
        from ({scope.Sessions()}) x
        join archive_subject s on s.id = x.subject_id
        left join archive_subject_share ss on ss.subject_id = s.id and ss.project_id = x.project
        """;

    private const string Modalities = "array(select distinct case c.modality when 'PET' then 'PT' else c.modality end from archive_scan c where c.experiment_id = q.id and c.modality <> '' order by 1)";

    private const string StudyColumns =
        $"""
        q.*, {Modalities} as modalities,
            coalesce((select value from jsonb_each_text(s.fields) where key like '%gender' order by key limit 1), '') as sex,
            coalesce((select value from jsonb_each_text(s.fields) where key like '%/dob' order by key limit 1), '') as birth_date,
            (select count(distinct c.series_instance_uid) from archive_scan c where c.experiment_id = q.id) as series,
            (select count(*) from (select distinct f.sop_instance_uid from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
                where c.experiment_id = q.id and c.series_instance_uid is not null and f.sop_instance_uid is not null) f) as instances
        """;

    private static string Series(DicomScope scope, string condition) =>
        $"""
        select x.uid as study_uid, c.series_instance_uid as uid, case c.modality when 'PET' then 'PT' else c.modality end as modality,
            coalesce(substring(c.id from '^[0-9]+'), '') as number, c.series_description as description, coalesce(to_char(x.date, 'YYYYMMDD'), '') as date,
            coalesce(replace(left(c.fields ->> 'startTime', 8), ':', ''), '') as time, n.instances
        from ({scope.Sessions(condition)}) x join archive_scan c on c.experiment_id = x.id and c.series_instance_uid is not null cross join lateral ({Instances("r.scan_key = c.key")}) n
        union all
        select x.uid, d.series_instance_uid, d.modality, coalesce(d.series_number::text, ''), d.description, coalesce(to_char(a.date, 'YYYYMMDD'), ''), '', n.instances
        from ({scope.Sessions(condition)}) x join archive_experiment a on a.session_id = x.id and {scope.Assessor("a", "x")}
        join archive_derived_series d on d.assessor_id = a.id cross join lateral ({Instances("r.experiment_id = a.id")}) n
        """;

    // Counted once for each series, whether it is filtered by or shown.
    private static string Instances(string resources) =>
        $"""
        select count(*) as instances from (
            select distinct f.sop_instance_uid from archive_resource r join archive_file f on f.resource_id = r.id where {resources} and f.sop_instance_uid is not null) i
        """;

    /// <summary>Studies, the newest first.</summary>
    /// <exception cref="FormatException">A range cannot be read.</exception>
    public async Task<QueryPage<StudyRow>> StudiesAsync(DicomScope scope, DicomQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(query);
        var parameters = scope.Parameters();
        var conditions = Conditions(query, StudyKeys, parameters).Select(c => c.Replace("q.modalities", Modalities, StringComparison.Ordinal)).ToList();
        var from = $"from ({Studies(scope)}) q join archive_subject s on s.id = q.subject_id{Where(conditions)}";
        return await PageAsync<StudyRow>($"select {StudyColumns} {from} order by q.date desc, q.time desc, q.id limit @limit offset @offset", $"select count(*) {from}", query, parameters, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Series of a study, or of all where none is named, that hold instances, in the order of their numbers.</summary>
    /// <exception cref="FormatException">A range cannot be read.</exception>
    public async Task<QueryPage<SeriesRow>> SeriesAsync(DicomScope scope, string? study, DicomQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(query);
        var parameters = scope.Parameters();
        parameters.Add("study", study);
        var from = $"from ({Series(scope, study is null ? "true" : "e.study_instance_uid = @study")}) q{Where(["q.instances > 0", .. Conditions(query, SeriesKeys, parameters)])}";
        return await PageAsync<SeriesRow>($"select * {from} order by length(q.number), q.number, q.uid limit @limit offset @offset", $"select count(*) {from}", query, parameters, cancellationToken)
            .ConfigureAwait(false);
    }

    private static IEnumerable<string> Conditions(DicomQuery query, IReadOnlyDictionary<string, (string Column, MatchKind Kind)> known, Dapper.DynamicParameters parameters) =>
        query.Keys.Select(k => AttributeMatch.Condition(known[k.Key].Column, known[k.Key].Kind, k.Value, parameters)).OfType<string>();

    private static string Where(IReadOnlyList<string> conditions) => conditions.Count > 0 ? " where " + string.Join(" and ", conditions) : "";

    private async Task<QueryPage<T>> PageAsync<T>(string select, string count, DicomQuery query, Dapper.DynamicParameters parameters, CancellationToken cancellationToken)
    {
        parameters.Add("limit", query.Limit);
        parameters.Add("offset", query.Offset);
        var rows = await database.QueryAsync<T>(select, parameters, cancellationToken).ConfigureAwait(false);
        var total = rows.Count < query.Limit && (rows.Count > 0 || query.Offset == 0) ? query.Offset + rows.Count
            : await database.FindAsync<long>(count, parameters, cancellationToken).ConfigureAwait(false);
        return new QueryPage<T>(rows, total);
    }
}
