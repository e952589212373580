using System.Globalization;
using System.Security.Cryptography;
using Dapper;
using Microsoft.Extensions.Logging;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Anonymisation.Profile;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Moves sessions from the prearchive to the archive: project script, checksums, rows, files (xapi B.7, C.3).</summary>
/// <remarks>Order: everything is staged under the cache folder; staged files are moved into place; rows are committed; the prearchive copy goes last.
/// Until the commit the prearchive is whole, and files in the archive without a row are removed when the step is repeated or at the next start.</remarks>
public sealed class SessionArchiver(
    PrearchiveStore store, SessionGates gates, SessionBuilder builder, PetMrRule petMr, PetMrSeparation separation, SessionStaging stage, ArchiveSessions sessions, ResourceDirectory resources,
    ArchiveLayout layout, VesaliusDatabase database, SiteSettings settings, string stagingRoot, ILogger<SessionArchiver> logger)
{
    // Sessions on their way to the archive at a time; more would only wait for the disk.
    private const int AtATime = 8;
    private const string StagingFolder = "archiving-";
    private const string Transferred = "Transfer";
    private const string Merged = "Merged";
    private readonly ArchivingTurns _turns = new(database, AtATime);
    private readonly FilePlacing _placing = new(database, layout, resources);

    /// <summary>Archives a session.</summary>
    /// <exception cref="ArchivingException">It cannot be archived as it is.</exception>
    public async Task<ArchivedSession> ArchiveAsync(long sessionId, ArchiveRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var alone = await gates.CloseAsync(sessionId, cancellationToken).ConfigureAwait(false);
        var session = await store.FindAsync(sessionId, cancellationToken).ConfigureAwait(false)
            ?? throw new SessionGoneException();
        // Two sessions on their way to one label go one after the other, whichever node they are on.
        var turn = await _turns.TakeAsync($"{request.ProjectId}/{request.SessionLabel}", cancellationToken).ConfigureAwait(false);
        await using var released = turn.ConfigureAwait(false);
        var staging = Path.Combine(stagingRoot, $"{StagingFolder}{sessionId}");
        try
        {
            await store.SetStatusAsync(sessionId, PrearchiveStatus.Archiving, null, cancellationToken).ConfigureAwait(false);
            var archived = await ArchiveAsync(session, request, staging, cancellationToken).ConfigureAwait(false);
            store.RemoveFiles(session);
            PrearchiveLog.Archived(logger, sessionId, archived.Id);
            return archived;
        }
        catch (ArchivingException e)
        {
            await FailAsync(sessionId, e.Status, e.Message).ConfigureAwait(false);
            throw;
        }
        catch (Npgsql.PostgresException e) when (e.SqlState == Npgsql.PostgresErrorCodes.UniqueViolation)
        {
            const string Reason = "An experiment that is shared into the project has this label: archive under another label.";
            await FailAsync(sessionId, PrearchiveStatus.Conflict, Reason).ConfigureAwait(false);
            throw new ArchivingException(PrearchiveStatus.Conflict, Reason);
        }
        catch (OperationCanceledException)
        {
            // Whoever asked for it has left: the session is as it was, and can be archived again.
            await store.SetStatusAsync(sessionId, session.Status, null, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Npgsql.NpgsqlException)
        {
            await FailAsync(sessionId, PrearchiveStatus.Error, "Archiving failed: storage or database did not answer.").ConfigureAwait(false);
            throw;
        }
        finally
        {
            if (Directory.Exists(staging))
            {
                Directory.Delete(staging, recursive: true);
            }
        }
    }

    /// <summary>What became of a session that left the prearchive; null if it was not archived.</summary>
    public async Task<ArchivedSession?> WhereaboutsAsync(long sessionId, CancellationToken cancellationToken) =>
        await WorkflowDirectory.ObjectOfAsync(database, JobOf(sessionId), [Transferred, Merged], cancellationToken).ConfigureAwait(false) is { } id
            ? await sessions.FindByIdAsync(id, cancellationToken).ConfigureAwait(false) : null;

    private static string JobOf(long sessionId) => string.Create(CultureInfo.InvariantCulture, $"prearchive {sessionId}");

    private async Task FailAsync(long sessionId, string status, string reason)
    {
        // Not the caller's token: the state has to be right even if the caller has left.
        await store.SetStatusAsync(sessionId, status, null, CancellationToken.None).ConfigureAwait(false);
        await store.LeaveDirectArchiveAsync(sessionId, reason, CancellationToken.None).ConfigureAwait(false);
        await store.LogAsync(sessionId, reason, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task<ArchivedSession> ArchiveAsync(PrearchiveSession session, ArchiveRequest request, string staging, CancellationToken cancellationToken)
    {
        var objects = await store.ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false);
        if (objects.Count == 0)
        {
            throw new ArchivingException(
                PrearchiveStatus.Error, session.FailedCount > 0 ? $"All {session.FailedCount} objects of this session are in quarantine." : "Empty sessions cannot be archived.");
        }

        if (request.Merge == MergeMode.None && await store.ConflictsAsync(session.Id, cancellationToken).ConfigureAwait(false) is > 0 and var conflicts)
        {
            throw new ArchivingException(PrearchiveStatus.Conflict, $"{conflicts} instances came twice with different bytes; archive with overwrite to keep the first of each.");
        }

        var existing = await sessions.FindAsync(request.ProjectId, request.SessionLabel, cancellationToken).ConfigureAwait(false);
        if (existing is not null && request.Merge == MergeMode.None)
        {
            throw new ArchivingException(PrearchiveStatus.Conflict, "A session with this label is already archived.");
        }

        var (staged, report) = await stage.StageAsync(session, request, objects, staging, cancellationToken).ConfigureAwait(false);
        var byObject = staged.ToDictionary(s => s.Object.SopInstanceUid);
        var description = await SessionBuilder.DescribeAsync([.. staged.Select(s => s.Object)], o => byObject[o.SopInstanceUid].Path, cancellationToken, await petMr.OfAsync(request.ProjectId, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var studyUid = await StudyUidAsync(staged, cancellationToken).ConfigureAwait(false);
        if (existing is not null)
        {
            await CheckMergeAsync(existing, request, description, studyUid, cancellationToken).ConfigureAwait(false);
        }

        var scanIds = ScanNumbers.Assign(existing is null ? new Dictionary<string, string>() : await sessions.ScansAsync(existing.Id, cancellationToken).ConfigureAwait(false), description);
        var archived = await ArchivedFiles.ReadAsync(database, existing, cancellationToken).ConfigureAwait(false);
        CheckFiles(archived, request, staged, scanIds);
        var admission = GivenFields.Apply(Admission(request, description, staged, scanIds, studyUid), session.Fields, request.Fields);
        return await CommitAsync(session, request, existing, admission, archived, new StagedSession(staged, report), scanIds, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string> StudyUidAsync(List<StagedObject> staged, CancellationToken cancellationToken) =>
        (await Part10File.ReadHeaderAsync(staged[0].Path, cancellationToken: cancellationToken).ConfigureAwait(false)).DataSet.GetString(Tag.StudyInstanceUID) ?? "";

    private async Task CheckMergeAsync(ArchivedSession existing, ArchiveRequest request, SessionDescription description, string studyUid, CancellationToken cancellationToken)
    {
        if ((await MergeCheck.ProblemsAsync(database, settings, existing, request, description, studyUid, cancellationToken).ConfigureAwait(false)) is [var first, ..])
        {
            throw new ArchivingException(PrearchiveStatus.Conflict, first);
        }
    }

    /// <summary>What archiving a session as it is would meet, explained (R9). Scripts do not run, so what they change is not seen.</summary>
    public async Task<IReadOnlyList<string>> ProblemsAsync(PrearchiveSession session, ArchiveRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(request);
        var problems = new List<string>();
        var objects = await store.ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false);
        if (objects.Count == 0)
        {
            return ["Empty sessions cannot be archived."];
        }

        if (await store.ConflictsAsync(session.Id, cancellationToken).ConfigureAwait(false) is > 0 and var conflicts)
        {
            problems.Add($"{conflicts} instances came twice with different bytes; the first of each is archived.");
        }

        if (await sessions.FindAsync(request.ProjectId, request.SessionLabel, cancellationToken).ConfigureAwait(false) is not { } existing)
        {
            return problems;
        }

        if (request.Merge == MergeMode.None)
        {
            problems.Add("A session with this label is already archived: append to it, overwrite, or archive under another label.");
        }

        var description = await SessionBuilder.DescribeAsync(objects, o => Path.Combine(store.FolderOf(session), o.Path), cancellationToken, await petMr.OfAsync(request.ProjectId, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        problems.AddRange(await MergeCheck.ProblemsAsync(database, settings, existing, request, description, session.StudyInstanceUid, cancellationToken).ConfigureAwait(false));
        var archived = await sessions.InstancesAsync(existing.Id, cancellationToken).ConfigureAwait(false);
        if (objects.Count(o => archived.ContainsKey(o.SopInstanceUid)) is > 0 and var same)
        {
            problems.Add($"{same} of {objects.Count} instances are archived already.");
        }

        return problems;
    }

    private static SessionAdmission Admission(
        ArchiveRequest request, SessionDescription description, List<StagedObject> staged, Dictionary<string, string> scanIds, string studyUid)
    {
        var scans = description.Scans.Select(scan => scan with
        {
            Id = scanIds[scan.Id],
            Resources = [.. staged.Where(s => s.Object.ScanId == scan.Id).GroupBy(s => s.Object.Resource)
                .Select(r => new AdmittedResource(r.Key, "DICOM", r.Key == "DICOM" ? "RAW" : "SECONDARY", [.. r.Select(s => s.File)]))],
        });
        return new SessionAdmission(
            request.ProjectId, request.SubjectLabel, request.SessionLabel, description.XsiType, studyUid, description.Date, description.Time, description.Fields, [.. scans], request.User);
    }

    private async Task<ArchivedSession> CommitAsync(
        PrearchiveSession session, ArchiveRequest request, ArchivedSession? existing, SessionAdmission admission, ArchivedFiles archivedFiles, StagedSession stagedSession,
        Dictionary<string, string> scanIds, CancellationToken cancellationToken)
    {
        var staged = stagedSession.Objects;
        var target = layout.Session(request.ProjectId, request.SessionLabel);
        if (existing is null && Directory.Exists(target))
        {
            // Left by an attempt that never committed.
            Directory.Delete(target, recursive: true);
        }

        var entering = staged.ConvertAll(s => Entering(s, scanIds));
        var replaced = await archivedFiles.ReplacedAsync(entering, settings, cancellationToken).ConfigureAwait(false);
        var placed = staged.Select((s, i) => new PlacedFile(
            s.Path, layout.Resource(new ResourceOwner(request.ProjectId, null, request.SessionLabel, entering[i].ScanId), entering[i].Label), entering[i].Path, s.File.Sha256, archivedFiles.At(entering[i]))).ToList();
        var prefix = await sessions.PrefixAsync(cancellationToken).ConfigureAwait(false);
        var archived = await _placing.RunAsync(request.ProjectId, placed, replaced, async (connection, transaction) =>
        {
            // Nobody renames it from here on, but somebody may have since it was looked at.
            if (await connection.ExecuteScalarAsync<string?>(
                "select id from archive_experiment where project_id = @ProjectId and label = @SessionLabel", request, transaction).ConfigureAwait(false) != existing?.Id)
            {
                throw new ArchivingException(PrearchiveStatus.Conflict, "Another session took or left this label meanwhile: archive again.");
            }

            var result = await sessions.AdmitAsync(admission, prefix, connection, transaction).ConfigureAwait(false);
            await DeidentificationReports.KeepAsync(result.Id, DeidentificationReports.Archiving, request.User, stagedSession.Report, connection, transaction).ConfigureAwait(false);
            await QuarantineStore.ArchivedAsync(session.Id, result.Id, connection, transaction).ConfigureAwait(false);
            await WorkflowDirectory.RecordAsync(
                result.Id, request.ProjectId, result.XsiType, existing is null ? Transferred : Merged, request.User, connection, transaction, JobOf(session.Id)).ConfigureAwait(false);
            await connection.ExecuteAsync("delete from prearchive_session where id = @Id", new { session.Id }, transaction).ConfigureAwait(false);
            if (existing is null && (request.Quarantine || session.Quarantine))
            {
                await connection.ExecuteAsync("update archive_experiment set status = 'quarantine' where id = @Id", new { result.Id }, transaction).ConfigureAwait(false);
            }

            return existing is null ? result : await FollowTypeAsync(existing, result, admission, connection, transaction).ConfigureAwait(false);
        }).ConfigureAwait(false);
        await FinishAsync(CancellationToken.None).ConfigureAwait(false);
        await WriteCatalogsAsync(archived, CancellationToken.None).ConfigureAwait(false);
        return archived;
    }

    // A study that comes in parts is what all of it is: the dose that came first made it an RT session, the images make it CT. A type that somebody chose stays.
    private async Task<ArchivedSession> FollowTypeAsync(
        ArchivedSession before, ArchivedSession after, SessionAdmission admission, Npgsql.NpgsqlConnection connection, Npgsql.NpgsqlTransaction transaction)
    {
        if (before.StudyInstanceUid != admission.StudyInstanceUid)
        {
            return after;
        }

        var scans = (await connection.QueryAsync<(string Id, string Modality, string XsiType)>(
            "select id, coalesce(modality, ''), xsi_type from archive_scan where experiment_id = @Id order by key", new { after.Id }, transaction).ConfigureAwait(false)).AsList();
        var came = admission.Scans.Select(s => s.Id).ToHashSet();
        var handling = await petMr.OfAsync(admission.ProjectId, CancellationToken.None).ConfigureAwait(false);
        var type = DataTypes.SessionType([.. scans.Select(s => (s.Modality, s.XsiType))], handling);
        if (type == before.XsiType || DataTypes.SessionType([.. scans.Where(s => !came.Contains(s.Id)).Select(s => (s.Modality, s.XsiType))], handling) != before.XsiType)
        {
            return after;
        }

        await connection.ExecuteAsync("update archive_experiment set xsi_type = @type where id = @Id", new { after.Id, type }, transaction).ConfigureAwait(false);
        return after with { XsiType = type };
    }

    /// <summary>Finishes what committed archivings left to do with files. Safe to call at any time.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _placing.CarryOutAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Npgsql.NpgsqlException)
        {
            // The rows are committed and the steps are kept: the next round takes them.
            PrearchiveLog.StepsWait(logger, e.GetType().Name);
        }
    }

    /// <summary>After an abrupt end: takes back files of archivings that never committed, finishes those that did, and removes what was staged.</summary>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        await _placing.RecoverAsync(cancellationToken).ConfigureAwait(false);
        foreach (var staging in Directory.Exists(stagingRoot) ? Directory.EnumerateDirectories(stagingRoot, StagingFolder + "*").ToList() : [])
        {
            Directory.Delete(staging, recursive: true);
        }
    }

    private static EnteringFile Entering(StagedObject staged, Dictionary<string, string> scanIds) =>
        new(scanIds[staged.Object.ScanId], staged.Object.Resource, staged.File.Path, staged.Object.SopInstanceUid, staged.File.Sha256);

    private static void CheckFiles(ArchivedFiles archived, ArchiveRequest request, List<StagedObject> staged, Dictionary<string, string> scanIds)
    {
        if (request.Merge == MergeMode.Overwrite || request.OverwriteFiles)
        {
            return;
        }

        // Identical ones are there; nothing has to be done about them.
        staged.RemoveAll(s => archived.HasIdentical(Entering(s, scanIds)));
        if (staged.Count(s => archived.Clashes(Entering(s, scanIds))) is > 0 and var different)
        {
            throw new ArchivingException(PrearchiveStatus.Conflict, $"{different} instances are archived already with other bytes, or others have their file names.");
        }
    }

    private async Task WriteCatalogsAsync(ArchivedSession session, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<CatalogRow>(
            """
            select c.id as scan_id, c.series_instance_uid, r.label, f.path, f.size, f.md5, f.sop_instance_uid, f.instance_number, f.format, f.content
            from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
            where c.experiment_id = @Id order by c.id, r.label, f.instance_number, f.path
            """,
            new { session.Id }, cancellationToken).ConfigureAwait(false);
        foreach (var resource in rows.GroupBy(r => (r.ScanId, r.SeriesInstanceUid, r.Label)))
        {
            var folder = layout.Resource(new ResourceOwner(session.ProjectId, null, session.Label, resource.Key.ScanId), resource.Key.Label);
            var catalog = CatalogWriter.Write(
                resource.Key.ScanId, resource.Key.SeriesInstanceUid,
                resource.Select(r => new CatalogEntry(r.Path, r.Size, r.Md5, r.SopInstanceUid, r.InstanceNumber, r.Format, r.Content)));
            await CatalogWriter.SaveAsync(folder, CatalogWriter.FileName(resource.Key.Label, resource.Key.ScanId), catalog, cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed record CatalogRow(
        string ScanId, string? SeriesInstanceUid, string Label, string Path, long Size, string Md5, string? SopInstanceUid, int? InstanceNumber, string Format, string Content);

    /// <summary>Builds a session; the caller does not have it yet. One with PET and MR becomes two where project or site say so.</summary>
    /// <returns>Keys of the sessions that were built; none if there was no such session.</returns>
    public async Task<IReadOnlyList<long>> BuildAsync(long sessionId, CancellationToken cancellationToken)
    {
        using var alone = await gates.CloseAsync(sessionId, cancellationToken).ConfigureAwait(false);
        if (await store.FindAsync(sessionId, cancellationToken).ConfigureAwait(false) is not { } session)
        {
            return [];
        }

        try
        {
            var description = await builder.BuildAsync(session, cancellationToken).ConfigureAwait(false);
            if (description.XsiType != PetMrSeparation.JointType || session.ProjectId is null || await petMr.OfAsync(session.ProjectId, cancellationToken).ConfigureAwait(false) != PetMrHandling.Separate)
            {
                return [sessionId];
            }

            var parts = await separation.SeparateAsync(session, description, cancellationToken).ConfigureAwait(false);
            foreach (var part in parts.Where(p => p.Id != sessionId))
            {
                await builder.BuildAsync(part, cancellationToken).ConfigureAwait(false);
            }

            return [.. parts.Select(p => p.Id)];
        }
        catch (OperationCanceledException)
        {
            await store.SetStatusAsync(sessionId, session.Status, null, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        catch (Exception e) when (e is IOException or MalformedDicomException)
        {
            await FailAsync(sessionId, PrearchiveStatus.Error, $"Building failed: {e.GetType().Name}.").ConfigureAwait(false);
            throw new ArchivingException(PrearchiveStatus.Error, "The session cannot be built.");
        }
    }
}
