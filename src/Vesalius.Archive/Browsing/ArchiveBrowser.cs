using Dapper;
using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>A subject.</summary>
public sealed record SubjectRow(string Id, string ProjectId, string Label, string Fields, DateTime InsertDate, string InsertUser, DateTime LastModified);

/// <summary>An experiment with its subject's label.</summary>
public sealed record ExperimentRow(
    string Id, string ProjectId, string SubjectId, string SubjectLabel, string Label, string XsiType, DateOnly? Date, TimeOnly? Time, string? StudyInstanceUid,
    string Fields, DateTime InsertDate, string InsertUser, DateTime LastModified);

/// <summary>A scan.</summary>
public sealed record ScanRow(
    long Key, string ExperimentId, string Id, string XsiType, string? SeriesInstanceUid, string Type, string SeriesDescription, string Quality, string Modality,
    string Note, int? Frames, string Fields, DateTime InsertDate, string InsertUser, DateTime LastModified);

/// <summary>A resource with what it belongs to and how much it holds.</summary>
public sealed record ResourceRow(
    long Id, string Label, string Format, string Content, string Tags, string? ProjectId, string? SubjectId, string? ExperimentId, long? ScanKey, string? ScanId, string? ScanType,
    long FileCount, long FileSize);

/// <summary>A file with its resource.</summary>
public sealed record FileRow(
    long ResourceId, string Path, long Size, string Md5, string? SopInstanceUid, int? InstanceNumber, string Format, string Content, string Tags, DateTime InsertDate);

/// <summary>Reads what the archive holds, and changes single objects. Rights are decided by whoever calls.</summary>
public sealed class ArchiveBrowser(VesaliusDatabase database, ArchiveSessions sessions)
{
    private const string SubjectColumns = "id, project_id, label, fields::text as fields, insert_date, insert_user, last_modified";

    private const string ExperimentSelect =
        """
        select e.id, e.project_id, e.subject_id, s.label as subject_label, e.label, e.xsi_type, e.date, e.time, e.study_instance_uid, e.fields::text as fields,
            e.insert_date, e.insert_user, e.last_modified
        from archive_experiment e join archive_subject s on s.id = e.subject_id
        """;

    private const string ScanColumns =
        """
        key, experiment_id, id, xsi_type, series_instance_uid, type, series_description, quality, modality, note, frames, fields::text as fields, insert_date, insert_user, last_modified
        """;

    private const string ResourceSelect =
        """
        select r.id, r.label, r.format, r.content, r.tags, r.project_id, r.subject_id, r.experiment_id, r.scan_key, c.id as scan_id, c.type as scan_type,
            (select count(*) from archive_file f where f.resource_id = r.id) as file_count,
            (select coalesce(sum(size), 0)::bigint from archive_file f where f.resource_id = r.id) as file_size
        from archive_resource r left join archive_scan c on c.key = r.scan_key
        """;

    /// <summary>Subjects of projects.</summary>
    public Task<IReadOnlyList<SubjectRow>> SubjectsAsync(IReadOnlyList<string> projectIds, CancellationToken cancellationToken) => database.QueryAsync<SubjectRow>(
        $"select {SubjectColumns} from archive_subject where project_id = any (@ids) order by id", new { ids = projectIds.ToArray() }, cancellationToken);

    /// <summary>A subject by label or ID in a project, or by ID alone; null if there is none.</summary>
    public Task<SubjectRow?> SubjectAsync(string? projectId, string labelOrId, CancellationToken cancellationToken) => database.FindAsync<SubjectRow>(
        $"""
        select {SubjectColumns} from archive_subject where (id = @labelOrId and (@projectId::text is null or project_id = @projectId)) or (project_id = @projectId and label = @labelOrId)
        order by id = @labelOrId desc limit 1
        """,
        new { projectId, labelOrId }, cancellationToken);

    /// <summary>Makes a subject, or finds the one with this label.</summary>
    public async Task<SubjectRow> CreateSubjectAsync(string projectId, string label, string user, CancellationToken cancellationToken)
    {
        var prefix = await sessions.PrefixAsync(cancellationToken).ConfigureAwait(false);
        await database.InTransactionAsync(
            (connection, transaction) => ArchiveSessions.SubjectAsync(prefix, projectId, label, user, connection, transaction), cancellationToken).ConfigureAwait(false);
        return (await SubjectAsync(projectId, label, cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Merges fields into a subject; a null value removes one.</summary>
    public Task SetSubjectFieldsAsync(string id, IReadOnlyDictionary<string, string?> fields, CancellationToken cancellationToken) => SetFieldsAsync("archive_subject", "id", id, fields, cancellationToken);

    /// <summary>Merges fields into an experiment; a null value removes one.</summary>
    public Task SetExperimentFieldsAsync(string id, IReadOnlyDictionary<string, string?> fields, CancellationToken cancellationToken) => SetFieldsAsync("archive_experiment", "id", id, fields, cancellationToken);

    private Task<int> SetFieldsAsync(string table, string keyColumn, object key, IReadOnlyDictionary<string, string?> fields, CancellationToken cancellationToken) => database.ExecuteAsync(
        $"update {table} set fields = (fields || @set::jsonb) - @removed, last_modified = now() where {keyColumn} = @key",
        new
        {
            key,
            set = System.Text.Json.JsonSerializer.Serialize(fields.Where(f => f.Value is not null).ToDictionary(f => f.Key, f => f.Value)),
            removed = fields.Where(f => f.Value is null).Select(f => f.Key).ToArray(),
        },
        cancellationToken);

    /// <summary>Gives a subject another label.</summary>
    /// <returns>False if the label is taken.</returns>
    public Task<bool> RelabelSubjectAsync(string id, string label, CancellationToken cancellationToken) => TryAsync(
        "update archive_subject set label = @label, last_modified = now() where id = @id", new { id, label }, cancellationToken);

    private async Task<bool> TryAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        try
        {
            return await database.ExecuteAsync(sql, parameters, cancellationToken).ConfigureAwait(false) > 0;
        }
        catch (Npgsql.PostgresException e) when (e.SqlState == Npgsql.PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <summary>Deletes a subject with its experiments from the tables.</summary>
    public Task DeleteSubjectAsync(string id, CancellationToken cancellationToken) => database.ExecuteAsync("delete from archive_subject where id = @id", new { id }, cancellationToken);

    /// <summary>Experiments of projects, of one subject if given.</summary>
    public Task<IReadOnlyList<ExperimentRow>> ExperimentsAsync(IReadOnlyList<string> projectIds, string? subjectId, CancellationToken cancellationToken) => database.QueryAsync<ExperimentRow>(
        $"{ExperimentSelect} where e.project_id = any (@ids) and (@subjectId::text is null or e.subject_id = @subjectId) order by e.id",
        new { ids = projectIds.ToArray(), subjectId }, cancellationToken);

    /// <summary>An experiment by label or ID in a project, or by ID alone; null if there is none.</summary>
    public Task<ExperimentRow?> ExperimentAsync(string? projectId, string labelOrId, CancellationToken cancellationToken) => database.FindAsync<ExperimentRow>(
        $"""
        {ExperimentSelect} where (e.id = @labelOrId and (@projectId::text is null or e.project_id = @projectId)) or (e.project_id = @projectId and e.label = @labelOrId)
        order by e.id = @labelOrId desc limit 1
        """,
        new { projectId, labelOrId }, cancellationToken);

    /// <summary>Makes an experiment.</summary>
    /// <returns>False if label or ID is taken.</returns>
    public async Task<bool> CreateExperimentAsync(
        string? id, string projectId, string subjectId, string label, string xsiType, string user, CancellationToken cancellationToken)
    {
        var prefix = await sessions.PrefixAsync(cancellationToken).ConfigureAwait(false);
        return await TryAsync(
            """
            insert into archive_experiment (id, project_id, subject_id, label, xsi_type, insert_user)
            values (coalesce(@id, @prefix || '_E' || lpad(nextval('archive_experiment_number')::text, 5, '0')), @projectId, @subjectId, @label, @xsiType, @user)
            """,
            new { id, prefix, projectId, subjectId, label, xsiType, user }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sets date and time of an experiment where given.</summary>
    public Task SetExperimentDateAsync(string id, DateOnly? date, TimeOnly? time, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update archive_experiment set date = coalesce(@date, date), time = coalesce(@time, time), last_modified = now() where id = @id", new { id, date, time }, cancellationToken);

    /// <summary>Gives an experiment another label.</summary>
    /// <returns>False if the label is taken.</returns>
    public Task<bool> RelabelExperimentAsync(string id, string label, CancellationToken cancellationToken) => TryAsync(
        "update archive_experiment set label = @label, last_modified = now() where id = @id", new { id, label }, cancellationToken);

    /// <summary>Deletes an experiment from the tables.</summary>
    public Task DeleteExperimentAsync(string id, CancellationToken cancellationToken) => database.ExecuteAsync("delete from archive_experiment where id = @id", new { id }, cancellationToken);

    /// <summary>Scans of an experiment.</summary>
    public Task<IReadOnlyList<ScanRow>> ScansAsync(string experimentId, CancellationToken cancellationToken) => database.QueryAsync<ScanRow>(
        $"select {ScanColumns} from archive_scan where experiment_id = @experimentId order by length(id), id", new { experimentId }, cancellationToken);

    /// <summary>Makes a scan or changes what is given of it.</summary>
    public async Task PutScanAsync(string experimentId, string id, string xsiType, IReadOnlyDictionary<string, string?> fields, string user, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            """
            insert into archive_scan (experiment_id, id, xsi_type, insert_user) values (@experimentId, @id, @xsiType, @user) on conflict (experiment_id, id) do nothing
            """,
            new { experimentId, id, xsiType, user }, cancellationToken).ConfigureAwait(false);
        string? Value(string name) => fields.GetValueOrDefault(name);
        await database.ExecuteAsync(
            """
            update archive_scan set type = coalesce(@type, type), series_description = coalesce(@description, series_description), quality = coalesce(@quality, quality),
                modality = coalesce(@modality, modality), note = coalesce(@note, note), series_instance_uid = coalesce(@uid, series_instance_uid), frames = coalesce(@frames, frames),
                last_modified = now() where experiment_id = @experimentId and id = @id
            """,
            new
            {
                experimentId, id, type = Value("type"), description = Value("series_description"), quality = Value("quality"), modality = Value("modality"), note = Value("note"),
                uid = Value("UID"), frames = int.TryParse(Value("frames"), System.Globalization.CultureInfo.InvariantCulture, out var frames) ? frames : (int?)null,
            },
            cancellationToken).ConfigureAwait(false);
        var rest = fields.Where(f => f.Key is not ("type" or "series_description" or "quality" or "modality" or "note" or "UID" or "frames" or "ID")).ToDictionary(f => f.Key, f => f.Value);
        if (rest.Count > 0)
        {
            await database.ExecuteAsync(
                "update archive_scan set fields = fields || @set::jsonb where experiment_id = @experimentId and id = @id",
                new { experimentId, id, set = System.Text.Json.JsonSerializer.Serialize(rest) }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Deletes a scan from the tables.</summary>
    public Task DeleteScanAsync(long key, CancellationToken cancellationToken) => database.ExecuteAsync("delete from archive_scan where key = @key", new { key }, cancellationToken);

    /// <summary>Resources of one parent: exactly one of the keys is given. <paramref name="withScans"/> adds those of an experiment's scans.</summary>
    public Task<IReadOnlyList<ResourceRow>> ResourcesAsync(
        string? projectId, string? subjectId, string? experimentId, IReadOnlyList<long>? scanKeys, bool withScans, CancellationToken cancellationToken) => database.QueryAsync<ResourceRow>(
        $"""
        {ResourceSelect} where r.project_id = @projectId or r.subject_id = @subjectId or r.experiment_id = @experimentId or r.scan_key = any (@scans)
            or (@withScans and c.experiment_id = @experimentId)
        order by length(c.id) nulls first, c.id nulls first, r.label
        """,
        new { projectId, subjectId, experimentId, scans = scanKeys?.ToArray() ?? [], withScans }, cancellationToken);

    /// <summary>Makes a resource.</summary>
    /// <returns>Its ID; null if the label is taken.</returns>
    public async Task<long?> CreateResourceAsync(
        string? projectId, string? subjectId, string? experimentId, long? scanKey, string label, string format, string content, string description, string tags, string user, CancellationToken cancellationToken)
    {
        try
        {
            return await database.FindAsync<long?>(
                """
                insert into archive_resource (project_id, subject_id, experiment_id, scan_key, label, format, content, description, tags, insert_user)
                values (@projectId, @subjectId, @experimentId, @scanKey, @label, @format, @content, @description, @tags, @user) returning id
                """,
                new { projectId, subjectId, experimentId, scanKey, label, format, content, description, tags, user }, cancellationToken).ConfigureAwait(false);
        }
        catch (Npgsql.PostgresException e) when (e.SqlState == Npgsql.PostgresErrorCodes.UniqueViolation)
        {
            return null;
        }
    }

    /// <summary>Deletes a resource from the tables.</summary>
    public Task DeleteResourceAsync(long id, CancellationToken cancellationToken) => database.ExecuteAsync("delete from archive_resource where id = @id", new { id }, cancellationToken);

    /// <summary>Files of resources.</summary>
    public Task<IReadOnlyList<FileRow>> FilesAsync(IReadOnlyList<long> resourceIds, CancellationToken cancellationToken) => database.QueryAsync<FileRow>(
        """
        select resource_id, path, size, md5, sop_instance_uid, instance_number, format, content, tags, insert_date from archive_file
        where resource_id = any (@ids) order by resource_id, instance_number nulls first, path
        """,
        new { ids = resourceIds.ToArray() }, cancellationToken);

    /// <summary>Records a file, in place of one at the same path.</summary>
    public Task PutFileAsync(
        long resourceId, string path, long size, string md5, string sha256, string format, string content, string tags, string user, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        insert into archive_file (resource_id, path, size, md5, sha256, format, content, tags, insert_user)
        values (@resourceId, @path, @size, @md5, @sha256, @format, @content, @tags, @user)
        on conflict (resource_id, path) do update set size = excluded.size, md5 = excluded.md5, sha256 = excluded.sha256, format = excluded.format, content = excluded.content,
            tags = excluded.tags, sop_instance_uid = null, insert_date = now()
        """,
        new { resourceId, path, size, md5, sha256, format, content, tags, user }, cancellationToken);

    /// <summary>Forgets files.</summary>
    public Task DeleteFilesAsync(long resourceId, IReadOnlyList<string> paths, CancellationToken cancellationToken) => database.ExecuteAsync(
        "delete from archive_file where resource_id = @resourceId and path = any (@paths)", new { resourceId, paths = paths.ToArray() }, cancellationToken);
}
