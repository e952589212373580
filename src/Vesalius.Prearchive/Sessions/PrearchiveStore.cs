using Dapper;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>Sessions and objects of the prearchive: rows and where their files lie.</summary>
/// <param name="root">Prearchive folder.</param>
/// <param name="unrecorded">Where files go that have no row; on the same volume.</param>
/// <param name="database">Database.</param>
public sealed class PrearchiveStore(string root, string unrecorded, VesaliusDatabase database)
{
    private static readonly string Columns =
        $"""
        id, project_id, timestamp_folder, folder, subject, label, study_instance_uid, status, uploaded, last_modified, scan_date, scan_time,
        auto_archive, prevent_anonymisation, prevent_auto_commit, source, visit, protocol, timezone, xsi_type,
        (select count(*)::int from prearchive_quarantine q where {QuarantineStore.Belongs("prearchive_session.id", "prearchive_session.project_id")}) as failed_count, fields::text as fields, quarantine, direct_archive
        """;

    private const string ObjectColumns = "session_id, sop_instance_uid, sop_class_uid, series_instance_uid, scan_id, resource, file_name, instance_number, size, sha256, site_changes";

    /// <summary>Folder of a session.</summary>
    public string FolderOf(PrearchiveSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return Path.Combine(root, session.ProjectName, session.TimestampFolder, session.Folder);
    }

    /// <summary>Path of the session document beside the session's folder.</summary>
    public string DocumentOf(PrearchiveSession session) => FolderOf(session) + ".xml";

    /// <summary>A session by its address; null if there is none.</summary>
    public Task<PrearchiveSession?> FindAsync(string project, string timestamp, string folder, CancellationToken cancellationToken) => database.FindAsync<PrearchiveSession>(
        $"select {Columns} from prearchive_session where coalesce(project_id, 'Unassigned') = @project and timestamp_folder = @timestamp and folder = @folder",
        new { project, timestamp, folder }, cancellationToken);

    /// <summary>A session by key; null if there is none.</summary>
    public Task<PrearchiveSession?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.FindAsync<PrearchiveSession>($"select {Columns} from prearchive_session where id = @id", new { id }, cancellationToken);

    /// <summary>All sessions, oldest first.</summary>
    public Task<IReadOnlyList<PrearchiveSession>> ListAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<PrearchiveSession>($"select {Columns} from prearchive_session order by uploaded, id", null, cancellationToken);

    /// <summary>Sessions of a project, whatever their state.</summary>
    public Task<IReadOnlyList<PrearchiveSession>> OfProjectAsync(string projectId, CancellationToken cancellationToken) =>
        database.QueryAsync<PrearchiveSession>($"select {Columns} from prearchive_session where project_id = @projectId order by id", new { projectId }, cancellationToken);

    /// <summary>Turns a session that could not be archived directly into an ordinary one, with a line in its log.</summary>
    /// <returns>False if it was one already.</returns>
    public async Task<bool> LeaveDirectArchiveAsync(long id, string reason, CancellationToken cancellationToken)
    {
        var changed = await database.ExecuteAsync("update prearchive_session set direct_archive = false where id = @id and direct_archive", new { id }, cancellationToken).ConfigureAwait(false) > 0;
        if (changed)
        {
            await LogAsync(id, $"Attempt to direct-archive failed: {reason}", cancellationToken).ConfigureAwait(false);
        }

        return changed;
    }

    /// <summary>Changes what is said of a session: labels, and where they are given source, visit, protocol, time zone.</summary>
    public Task DescribeAsync(
        long id, string? subject, string? label, string? source, string? visit, string? protocol, string? timezone, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        update prearchive_session set subject = coalesce(@subject, subject), label = coalesce(@label, label), source = coalesce(@source, source), visit = coalesce(@visit, visit),
            protocol = coalesce(@protocol, protocol), timezone = coalesce(@timezone, timezone), last_modified = now() where id = @id
        """,
        new { id, subject, label, source, visit, protocol, timezone }, cancellationToken);

    /// <summary>Removes a scan from a session.</summary>
    /// <returns>How many objects it had.</returns>
    public async Task<int> RemoveScanAsync(PrearchiveSession session, string scanId, CancellationToken cancellationToken)
    {
        var removed = await database.ExecuteAsync(
            "delete from prearchive_object where session_id = @Id and scan_id = @scanId; update prearchive_session set last_modified = now() where id = @Id and @scanId <> ''",
            new { session.Id, scanId }, cancellationToken).ConfigureAwait(false) - 1;
        var folder = Path.Combine(FolderOf(session), "SCANS", ArchiveLayout.ScanFolder(scanId));
        if (removed > 0 && Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return removed;
    }

    /// <summary>Objects of a session in the order of scan and instance.</summary>
    public Task<IReadOnlyList<PrearchiveObject>> ObjectsAsync(long sessionId, CancellationToken cancellationToken) => database.QueryAsync<PrearchiveObject>(
        $"select {ObjectColumns} from prearchive_object where session_id = @sessionId order by scan_id, instance_number, sop_instance_uid", new { sessionId }, cancellationToken);

    /// <summary>Sessions that have been silent for some time and wait to be built.</summary>
    public Task<IReadOnlyList<PrearchiveSession>> IdleAsync(TimeSpan silence, CancellationToken cancellationToken) => database.QueryAsync<PrearchiveSession>(
        $"select {Columns} from prearchive_session where status = 'RECEIVING' and last_modified < now() - @silence order by last_modified limit 100", new { silence }, cancellationToken);

    /// <summary>Sessions that are built, have been silent for some time, and are to be archived by themselves.</summary>
    /// <param name="silence">How long.</param>
    /// <param name="byCode">Projects may say so, not only the sessions themselves.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Their keys.</returns>
    public Task<IReadOnlyList<long>> WaitingToBeArchivedAsync(TimeSpan silence, bool byCode, CancellationToken cancellationToken) => database.QueryAsync<long>(
        """
        select s.id from prearchive_session s join archive_project p on p.id = s.project_id
        where s.status = 'READY' and not s.prevent_auto_commit and s.last_modified < now() - @silence
            and (s.direct_archive or coalesce(s.auto_archive, @byCode and p.prearchive_code >= 4)) order by s.last_modified limit 100
        """,
        new { silence, byCode }, cancellationToken);

    /// <summary>Sets a session's state, and its type when it is known.</summary>
    public Task SetStatusAsync(long id, string status, string? xsiType, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update prearchive_session set status = @status, xsi_type = coalesce(@xsiType, xsi_type) where id = @id", new { id, status, xsiType }, cancellationToken);

    /// <summary>Sets what was read from the headers.</summary>
    public Task SetStudyAsync(long id, DateOnly? date, TimeOnly? time, string xsiType, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update prearchive_session set scan_date = @date, scan_time = @time, xsi_type = @xsiType where id = @id", new { id, date, time, xsiType }, cancellationToken);

    /// <summary>Keeps a session from being archived automatically, or lets it.</summary>
    public Task SetAutoCommitAsync(long id, bool isPrevented, CancellationToken cancellationToken) =>
        database.ExecuteAsync("update prearchive_session set prevent_auto_commit = @isPrevented where id = @id", new { id, isPrevented }, cancellationToken);

    /// <summary>Adds an entry to a session's log. Entries carry no value of an object.</summary>
    public Task LogAsync(long id, string entry, CancellationToken cancellationToken) =>
        database.ExecuteAsync("insert into prearchive_log (session_id, entry) values (@id, @entry)", new { id, entry }, cancellationToken);

    /// <summary>As <see cref="LogAsync(long, string, CancellationToken)"/>; nothing if the session has left.</summary>
    public Task LogIfThereAsync(long id, string entry, CancellationToken cancellationToken) =>
        database.ExecuteAsync("insert into prearchive_log (session_id, entry) select id, @entry from prearchive_session where id = @id", new { id, entry }, cancellationToken);

    /// <summary>A session's log, oldest first.</summary>
    public Task<IReadOnlyList<(DateTime At, string Entry)>> LogAsync(long id, CancellationToken cancellationToken) =>
        database.QueryAsync<(DateTime, string)>("select at, entry from prearchive_log where session_id = @id order by id", new { id }, cancellationToken);

    /// <summary>Counts conflicting copies of a session's instances.</summary>
    public Task<long> ConflictsAsync(long id, CancellationToken cancellationToken) =>
        database.FindAsync<long>("select count(*) from prearchive_conflict where session_id = @id", new { id }, cancellationToken);

    /// <summary>Removes a session with its files.</summary>
    public async Task RemoveAsync(PrearchiveSession session, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("delete from prearchive_session where id = @Id", new { session.Id }, cancellationToken).ConfigureAwait(false);
        RemoveFiles(session);
    }

    /// <summary>Removes a session's files.</summary>
    public void RemoveFiles(PrearchiveSession session)
    {
        var folder = FolderOf(session);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        File.Delete(DocumentOf(session));
        var parent = Path.GetDirectoryName(folder)!;
        if (Directory.Exists(parent) && !Directory.EnumerateFileSystemEntries(parent).Any())
        {
            Directory.Delete(parent);
        }
    }

    /// <summary>Moves a session to another project.</summary>
    /// <returns>The session as it then is.</returns>
    public async Task<PrearchiveSession> MoveAsync(PrearchiveSession session, string? projectId, CancellationToken cancellationToken)
    {
        var moved = session with { ProjectId = projectId };
        DurableFile.CreateFolder(Path.GetDirectoryName(FolderOf(moved))!);
        await database.InTransactionAsync(async (connection, transaction) =>
        {
            await connection.ExecuteAsync("update prearchive_session set project_id = @projectId where id = @Id", new { projectId, session.Id }, transaction).ConfigureAwait(false);
            if (Directory.Exists(FolderOf(session)))
            {
                Directory.Move(FolderOf(session), FolderOf(moved));
            }

            if (File.Exists(DocumentOf(session)))
            {
                File.Move(DocumentOf(session), DocumentOf(moved), overwrite: true);
            }

            return 0;
        }, cancellationToken).ConfigureAwait(false);
        return moved;
    }

    /// <summary>After an abrupt end: puts sessions that were being worked on back, and removes those that were being deleted.</summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        await database.ExecuteAsync("update prearchive_session set status = 'RECEIVING' where status in ('BUILDING', 'ARCHIVING', 'MOVING', 'SEPARATING')", null, cancellationToken).ConfigureAwait(false);
        foreach (var session in await database.QueryAsync<PrearchiveSession>($"select {Columns} from prearchive_session where status = 'DELETING'", null, cancellationToken).ConfigureAwait(false))
        {
            await RemoveAsync(session, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>After an abrupt end: takes files that never got a row out of the prearchive (they were never acknowledged) and puts sessions that
    /// were being worked on back.</summary>
    /// <remarks>Such files are moved, not deleted: were the database the wrong one, deleting would empty the prearchive.</remarks>
    /// <returns>Files moved.</returns>
    public async Task<int> RecoverAsync(CancellationToken cancellationToken)
    {
        await ResumeAsync(cancellationToken).ConfigureAwait(false);
        var known = new HashSet<string>(StringComparer.Ordinal);
        var sessions = await ListAsync(cancellationToken).ConfigureAwait(false);
        foreach (var session in sessions)
        {
            var folder = FolderOf(session);
            known.UnionWith((await ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false)).Select(o => Path.Combine(folder, o.Path)));
            known.UnionWith((await database.QueryAsync<string>("select path from prearchive_conflict where session_id = @Id", new { session.Id }, cancellationToken).ConfigureAwait(false)).Select(p => Path.Combine(folder, p)));
            known.Add(DocumentOf(session));
        }

        var removed = 0;
        if (Directory.Exists(root))
        {
            foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).ToList())
            {
                if (!known.Contains(file))
                {
                    var aside = Path.Combine(unrecorded, Path.GetRelativePath(root, file));
                    Directory.CreateDirectory(Path.GetDirectoryName(aside)!);
                    File.Move(file, aside, overwrite: true);
                    removed++;
                }
            }
        }

        return removed;
    }
}
