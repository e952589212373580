using System.Text.Json;
using Dapper;
using Npgsql;
using Vesalius.Access;
using Vesalius.Archive.Items;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>Takes sessions into the archive's tables. Files are put in place by whoever calls.</summary>
public sealed class ArchiveSessions(VesaliusDatabase database, SiteSettings settings, TypeModel model)
{
    private const string Select =
        """
        select e.id, e.project_id, e.subject_id, s.label as subject_label, e.label, e.xsi_type, e.study_instance_uid
        from archive_experiment e join archive_subject s on s.id = e.subject_id
        """;

    /// <summary>The session with this label in a project; null if there is none.</summary>
    public Task<ArchivedSession?> FindAsync(string projectId, string label, CancellationToken cancellationToken) =>
        database.FindAsync<ArchivedSession>($"{Select} where e.project_id = @projectId and e.label = @label", new { projectId, label }, cancellationToken);

    /// <summary>The session with this ID; null if there is none.</summary>
    public Task<ArchivedSession?> FindByIdAsync(string id, CancellationToken cancellationToken) =>
        database.FindAsync<ArchivedSession>($"{Select} where e.id = @id", new { id }, cancellationToken);

    /// <summary>SOP instances that a session holds, each with its file's hash.</summary>
    public async Task<IReadOnlyDictionary<string, string>> InstancesAsync(string experimentId, CancellationToken cancellationToken) =>
        (await database.QueryAsync<(string Uid, string Sha256)>(
            """
            select f.sop_instance_uid, min(f.sha256) from archive_file f join archive_resource r on r.id = f.resource_id join archive_scan c on c.key = r.scan_key
            where c.experiment_id = @experimentId and f.sop_instance_uid is not null group by 1
            """,
            new { experimentId }, cancellationToken).ConfigureAwait(false)).ToDictionary(r => r.Uid, r => r.Sha256);

    /// <summary>Scan IDs of a session with their series.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ScansAsync(string experimentId, CancellationToken cancellationToken) =>
        (await database.QueryAsync<(string Id, string Uid)>(
            "select id, coalesce(series_instance_uid, '') from archive_scan where experiment_id = @experimentId", new { experimentId }, cancellationToken).ConfigureAwait(false))
        .ToDictionary(s => s.Id, s => s.Uid);

    /// <summary>Prefix of generated IDs: the site ID without what is not a letter or digit.</summary>
    public async Task<string> PrefixAsync(CancellationToken cancellationToken)
    {
        var site = new string([.. (await settings.TextAsync("siteId", cancellationToken).ConfigureAwait(false)).Where(char.IsAsciiLetterOrDigit)]);
        return site.Length > 0 ? site : "XNAT";
    }

    /// <summary>Finds a subject by label, or makes it.</summary>
    /// <returns>Its ID.</returns>
    public static async Task<string> SubjectAsync(
        string prefix, string projectId, string label, string user, NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (await connection.ExecuteScalarAsync<string>(
            """
            with made as (
                insert into archive_subject (id, project_id, label, insert_user)
                select @prefix || '_S' || lpad(nextval('archive_subject_number')::text, 5, '0'), @projectId, @label, @user
                where not exists (select 1 from archive_subject where project_id = @projectId and label = @label)
                on conflict (project_id, label) do nothing returning id)
            select id from made union all select id from archive_subject where project_id = @projectId and label = @label limit 1
            """,
            new { prefix, projectId, label, user }, transaction).ConfigureAwait(false))!;

    /// <summary>Makes the session, or adds to the one that has its label, within the caller's transaction.</summary>
    public async Task<ArchivedSession> AdmitAsync(SessionAdmission admission, string prefix, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(admission);
        var subjectId = await SubjectAsync(prefix, admission.ProjectId, admission.SubjectLabel, admission.User, connection, transaction).ConfigureAwait(false);
        // What is there is kept; what comes fills gaps only.
        var experimentId = await connection.ExecuteScalarAsync<string>(
            """
            insert into archive_experiment (id, project_id, subject_id, label, xsi_type, date, time, study_instance_uid, fields, status, insert_user)
            select @prefix || '_E' || lpad(nextval('archive_experiment_number')::text, 5, '0'), @ProjectId, @subjectId, @SessionLabel, @XsiType, @Date, @Time, @StudyInstanceUid, @fields::jsonb,
                case quarantine_code when 1 then 'quarantine' else 'active' end, @User
            from archive_project where id = @ProjectId
            on conflict (project_id, label) do update set last_modified = now(), date = coalesce(archive_experiment.date, excluded.date),
                time = coalesce(archive_experiment.time, excluded.time), fields = excluded.fields || archive_experiment.fields
            returning id
            """,
            new
            {
                prefix, admission.ProjectId, subjectId, admission.SessionLabel, admission.XsiType, admission.Date, admission.Time, admission.StudyInstanceUid,
                fields = Document(admission.XsiType, admission.Fields), admission.User,
            },
            transaction).ConfigureAwait(false);
        foreach (var scan in admission.Scans)
        {
            await AdmitScanAsync(experimentId!, scan, admission.User, connection, transaction).ConfigureAwait(false);
        }

        return await connection.QuerySingleAsync<ArchivedSession>($"{Select} where e.id = @experimentId", new { experimentId }, transaction).ConfigureAwait(false);
    }

    /// <summary>Says in a session's note that objects are missing from it, or says so no longer. A note that somebody wrote stays.</summary>
    /// <param name="experimentId">Session.</param>
    /// <param name="missing">Objects in quarantine.</param>
    /// <param name="connection">Connection.</param>
    /// <param name="transaction">The caller's transaction.</param>
    public static Task SayIncompleteAsync(string experimentId, int missing, NpgsqlConnection connection, NpgsqlTransaction transaction) => connection.ExecuteAsync(
        """
        update archive_experiment set last_modified = now(),
            fields = case when @missing = 0 then fields - 'note' else fields || jsonb_build_object('note', 'Incomplete: ' || @missing || ' objects are in quarantine.') end
        where id = @experimentId and (fields ->> 'note' like 'Incomplete: %' or (@missing > 0 and coalesce(fields ->> 'note', '') = ''))
        """,
        new { experimentId, missing }, transaction);

    private string Document(string xsiType, IReadOnlyDictionary<string, string> fields) =>
        JsonSerializer.Serialize(model.Find(xsiType) is { } type ? ItemInput.OfHeader(model, type, fields).Fields : fields.ToDictionary(f => f.Key, string? (f) => f.Value));

    private async Task AdmitScanAsync(string experimentId, AdmittedScan scan, string user, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        var key = await connection.ExecuteScalarAsync<long>(
            """
            insert into archive_scan (experiment_id, id, xsi_type, series_instance_uid, type, series_description, modality, frames, fields, insert_user)
            values (@experimentId, @Id, @XsiType, @SeriesInstanceUid, @Type, @SeriesDescription, @Modality, @Frames, @fields::jsonb, @user)
            on conflict (experiment_id, id) do update set last_modified = now(), fields = excluded.fields || archive_scan.fields
            returning key
            """,
            new { experimentId, scan.Id, scan.XsiType, scan.SeriesInstanceUid, scan.Type, scan.SeriesDescription, scan.Modality, scan.Frames, fields = Document(scan.XsiType, scan.Fields), user },
            transaction).ConfigureAwait(false);
        foreach (var resource in scan.Resources)
        {
            var resourceId = await connection.ExecuteScalarAsync<long>(
                """
                insert into archive_resource (scan_key, label, format, content, insert_user) values (@key, @Label, @Format, @Content, @user)
                on conflict (scan_key, label) where scan_key is not null do update set label = excluded.label returning id
                """,
                new { key, resource.Label, resource.Format, resource.Content, user }, transaction).ConfigureAwait(false);
            await connection.ExecuteAsync(
                """
                insert into archive_file (resource_id, path, size, md5, sha256, sop_instance_uid, instance_number, insert_user)
                select @resourceId, f.path, f.size, f.md5, f.sha256, f.uid, f.number, @user
                from unnest(@paths, @sizes, @md5s, @sha256s, @uids, @numbers) as f (path, size, md5, sha256, uid, number)
                on conflict (resource_id, path) do update set size = excluded.size, md5 = excluded.md5, sha256 = excluded.sha256, sop_instance_uid = excluded.sop_instance_uid
                """,
                new
                {
                    resourceId, user,
                    paths = resource.Files.Select(f => f.Path).ToArray(),
                    sizes = resource.Files.Select(f => f.Size).ToArray(),
                    md5s = resource.Files.Select(f => f.Md5).ToArray(),
                    sha256s = resource.Files.Select(f => f.Sha256).ToArray(),
                    uids = resource.Files.Select(f => f.SopInstanceUid).ToArray(),
                    numbers = resource.Files.Select(f => f.InstanceNumber).ToArray(),
                },
                transaction).ConfigureAwait(false);
            await connection.ExecuteAsync(
                "update archive_scan set frames = (select count(*) from archive_file f join archive_resource r on r.id = f.resource_id where r.scan_key = @key and r.label = 'DICOM') where key = @key and coalesce(frames, 0) <= 0",
                new { key }, transaction).ConfigureAwait(false);
        }
    }
}
