using System.Globalization;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Profile;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>An archived session as it is going to be called.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="ProjectId">Project that will own it.</param>
/// <param name="SubjectLabel">Label of its subject.</param>
/// <param name="Label">Its label.</param>
public sealed record RelabelledSession(string Id, string ProjectId, string SubjectLabel, string Label);

/// <summary>Runs projects' scripts again over archived sessions that get other labels (site setting <c>rerunProjectAnonOnRename</c>, xapi C.3).</summary>
/// <remarks>Order: every file is de-identified beside the archive; the intention is noted; the labels change; the files take their places in one transaction; header fields follow;
/// the note goes. A script that fails stops it before anything has changed. What a crash leaves is finished at the next start.</remarks>
public sealed class ScriptRerun(
    VesaliusDatabase database, ArchiveLayout layout, ResourceDirectory resources, CatalogService catalogs, SiteSettings settings, ScriptLibrary scripts, ArchivingRuleBook ruleBook,
    ArchiveBrowser browser, HeaderRefresh headers, AuditTrail audit, string stagingRoot, ReadOnlyMemory<byte> siteKey, ILogger<ScriptRerun> logger)
{
    // The archiver removes what begins so at start.
    private const string StagingFolder = "archiving-rerun-";
    private readonly FilePlacing _placing = new(database, layout, resources);

    private sealed record Source(long ResourceId, string ScanId, string Resource, string Path, string Sha256, long Size);

    private sealed record EditedFile(Source Source, AdmittedFile File, string Path);

    private sealed record Staged(RelabelledSession Session, ActiveScript Script, IReadOnlyList<EditedFile> Files, DeidentificationReport Report);

    private sealed record Note(string ExperimentId, string ProjectId, string SubjectLabel, string Label, string Login, string Reason, bool Placed);

    /// <summary>Changes labels, with the script's run where the site wants it.</summary>
    /// <param name="sessions">Sessions that get other labels, as they will be.</param>
    /// <param name="relabel">Changes the labels.</param>
    /// <param name="change">Who and why.</param>
    /// <param name="cancellationToken">Cancels, until the labels change.</param>
    /// <exception cref="ItemRefusedException">A script fails on a file: nothing was changed.</exception>
    public async Task RunAsync(IReadOnlyList<RelabelledSession> sessions, Func<Task> relabel, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sessions);
        ArgumentNullException.ThrowIfNull(relabel);
        ArgumentNullException.ThrowIfNull(change);
        if (sessions.Count == 0 || !await settings.FlagAsync("rerunProjectAnonOnRename", cancellationToken).ConfigureAwait(false))
        {
            await relabel().ConfigureAwait(false);
            return;
        }

        var staging = Path.Combine(stagingRoot, $"{StagingFolder}{Guid.NewGuid():N}");
        try
        {
            var staged = new List<Staged>();
            foreach (var session in sessions)
            {
                if (await StageAsync(session, Path.Combine(staging, session.Id), change.Login, cancellationToken).ConfigureAwait(false) is { } ready)
                {
                    staged.Add(ready);
                }
            }

            await NoteAsync(staged, change).ConfigureAwait(false);
            try
            {
                await relabel().ConfigureAwait(false);
            }
            catch
            {
                // A connection that broke at the commit does not tell how it ended; the labels do. What has its new one is finished at the next start.
                foreach (var (session, _, _, _) in staged)
                {
                    if (!await IsCalledAsync(session, CancellationToken.None).ConfigureAwait(false))
                    {
                        await ForgetAsync([session.Id]).ConfigureAwait(false);
                    }
                }

                throw;
            }

            foreach (var ready in staged)
            {
                await PlaceAsync(ready, change).ConfigureAwait(false);
                await FollowAsync(ready.Session.Id, change).ConfigureAwait(false);
            }
        }
        finally
        {
            Remove(staging);
        }
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<Staged?> StageAsync(RelabelledSession session, string staging, string login, CancellationToken cancellationToken)
    {
        if (await browser.ExperimentAsync(null, session.Id, cancellationToken).ConfigureAwait(false) is not { } now
            || await scripts.ActiveProjectAsync(session.ProjectId, cancellationToken).ConfigureAwait(false) is not { } script)
        {
            return null;
        }

        var sources = await database.QueryAsync<Source>(
            """
            select f.resource_id, c.id as scan_id, r.label as resource, f.path, f.sha256, f.size
            from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
            where c.experiment_id = @Id and r.label in ('DICOM', 'secondary') order by c.key, r.id, f.path
            """,
            new { session.Id }, cancellationToken).ConfigureAwait(false);
        var scriptSettings = await scripts.SettingsAsync(script.Script.LooksUp, cancellationToken).ConfigureAwait(false);
        var (tally, files) = (new DeidentificationTally(), new List<EditedFile>());
        Directory.CreateDirectory(staging);
        foreach (var source in sources)
        {
            var path = ArchiveLayout.Join(layout.Resource(new ResourceOwner(now.ProjectId, null, now.Label, source.ScanId), source.Resource), source.Path);
            var target = Path.Combine(staging, files.Count.ToString(CultureInfo.InvariantCulture));
            if (await EditAsync(path, target, session, script, scriptSettings, login, tally, cancellationToken).ConfigureAwait(false) is { } file)
            {
                files.Add(new EditedFile(source, file with { Path = source.Path }, target));
            }
        }

        var places = await ruleBook.PlacesAsync(tally.ScriptNumbers, cancellationToken).ConfigureAwait(false);
        return new Staged(session, script, files, tally.Report(sources.Count, 0, new ArchivingRules { Script = script }, places));
    }

    // Null where the file stays: it is no DICOM, or lost, or the script rejects it, which has no effect here.
    private async Task<AdmittedFile?> EditAsync(
        string path, string target, RelabelledSession session, ActiveScript script, ScriptSettings scriptSettings, string login, DeidentificationTally tally, CancellationToken cancellationToken)
    {
        Part10File file;
        try
        {
            file = await Part10File.OpenAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MalformedDicomException or FileNotFoundException or DirectoryNotFoundException)
        {
            tally.PassUnread();
            return null;
        }

        var before = DataSetSnapshot.Of(file.DataSet);
        ScriptResult run;
        try
        {
            // Whether this script ran over it before is not asked: that it runs again is what is wanted.
            run = Deidentification.Apply(script, file.DataSet, scriptSettings.ApplyTo(Context(file, session, login)), cancellationToken);
        }
        catch (ScriptRunException e)
        {
            throw new ItemRefusedException(ItemRefusal.Conflict, $"The script of project {session.ProjectId} fails on a file of session {session.Id}, so nothing was changed. {e.Message}");
        }

        if (run.Outcome == ScriptOutcome.Rejected)
        {
            tally.PassUnread();
            return null;
        }

        var syntax = run.PixelsAltered ? Uids.ExplicitVRLittleEndian : file.TransferSyntax.Uid;
        tally.Pass(file.DataSet, before, new DeidentifiedObject { IsEdited = true, PixelsBlanked = run.PixelsAltered, TransferSyntaxUid = syntax });
        await ObjectStaging.WriteAsync(file, syntax, target, cancellationToken).ConfigureAwait(false);
        var (size, md5, sha256) = await ObjectStaging.HashAsync(target, cancellationToken).ConfigureAwait(false);
        var number = file.DataSet.GetInteger(Tag.InstanceNumber) is { } given and > int.MinValue and < int.MaxValue ? (int?)given : null;
        return new AdmittedFile("", size, md5, sha256, file.DataSet.GetString(Tag.SOPInstanceUID) ?? "", number);
    }

    private ScriptContext Context(Part10File file, RelabelledSession session, string login) => new()
    {
        Variables = new Dictionary<string, string>
        {
            ["project"] = session.ProjectId, ["subject"] = session.SubjectLabel, ["session"] = session.Label, ["user"] = login, ["study"] = file.DataSet.GetString(Tag.StudyInstanceUID) ?? "",
            ["dateShift"] = DateShift.Days(siteKey.Span, session.ProjectId, session.SubjectLabel).ToString(CultureInfo.InvariantCulture),
        },
        FileMeta = file.FileMeta,
        TransferSyntaxUid = file.TransferSyntax.Uid,
        SiteKey = siteKey,
        ScratchFolder = stagingRoot,
    };

    private Task NoteAsync(List<Staged> staged, ChangeEvent change) => database.ExecuteAsync(
        """
        insert into prearchive_script_rerun (experiment_id, project_id, subject_label, label, login, reason)
        select i.id, i.project, i.subject, i.label, @Login, @Reason from unnest(@ids, @projects, @subjects, @labels) as i (id, project, subject, label)
        on conflict (experiment_id) do update set project_id = excluded.project_id, subject_label = excluded.subject_label, label = excluded.label, login = excluded.login,
            reason = excluded.reason, placed = false, at = now()
        """,
        new
        {
            ids = staged.Select(s => s.Session.Id).ToArray(), projects = staged.Select(s => s.Session.ProjectId).ToArray(), subjects = staged.Select(s => s.Session.SubjectLabel).ToArray(),
            labels = staged.Select(s => s.Session.Label).ToArray(), change.Login, change.Reason,
        },
        CancellationToken.None);

    private Task ForgetAsync(IEnumerable<string> ids) =>
        database.ExecuteAsync("delete from prearchive_script_rerun where experiment_id = any (@ids)", new { ids = ids.ToArray() }, CancellationToken.None);

    // A file that somebody stored meanwhile stays as he stored it.
    private async Task PlaceAsync(Staged staged, ChangeEvent change)
    {
        var session = staged.Session;
        var files = staged.Files.Select(f => new PlacedFile(
            f.Path, layout.Resource(new ResourceOwner(session.ProjectId, null, session.Label, f.Source.ScanId), f.Source.Resource), f.Source.Path, f.File.Sha256,
            new ArchivedFile(f.Source.ResourceId, f.Source.ScanId, f.Source.Resource, f.Source.Path, null, f.Source.Sha256, f.Source.Size))).ToList();
        await _placing.RunAsync(session.ProjectId, files, [], async (connection, transaction) =>
        {
            await CheckPlaceAsync(session, connection, transaction).ConfigureAwait(false);
            await connection.ExecuteAsync(
                """
                update archive_file f set size = n.size, md5 = n.md5, sha256 = n.sha256, sop_instance_uid = n.instance, instance_number = n.number, modified = now()
                from unnest(@resources, @paths, @before, @sizes, @md5s, @hashes, @instances, @numbers) as n (resource_id, path, before, size, md5, sha256, instance, number)
                where f.resource_id = n.resource_id and f.path = n.path and f.sha256 = n.before;
                update archive_resource set catalog_stale = true where id = any (@resources);
                update prearchive_script_rerun set placed = true where experiment_id = @Id
                """,
                new
                {
                    session.Id, resources = staged.Files.Select(f => f.Source.ResourceId).ToArray(), paths = staged.Files.Select(f => f.Source.Path).ToArray(),
                    before = staged.Files.Select(f => f.Source.Sha256).ToArray(), sizes = staged.Files.Select(f => f.File.Size).ToArray(), md5s = staged.Files.Select(f => f.File.Md5).ToArray(),
                    hashes = staged.Files.Select(f => f.File.Sha256).ToArray(), instances = staged.Files.Select(f => f.File.SopInstanceUid).ToArray(),
                    numbers = staged.Files.Select(f => f.File.InstanceNumber).ToArray(),
                },
                transaction).ConfigureAwait(false);
            await DeidentificationReports.KeepAsync(session.Id, DeidentificationReports.Rename, change.Login, staged.Report, connection, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync(
                "experiment", session.Id, session.ProjectId, "Ran Project Script", change with { Event = "" },
                [new FieldChange("anonymization script", null, staged.Script.Number.ToString(CultureInfo.InvariantCulture))], connection, transaction).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        try
        {
            await _placing.CarryOutAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NpgsqlException)
        {
            // The rows are committed and the steps are kept: the next round takes them.
            PrearchiveLog.StepsWait(logger, e.GetType().Name);
        }

        catalogs.Wake();
        await audit.RecordAsync(
            change.Login, "", "session.rerunScript", $"{session.Id}: script {staged.Script.Number} of {session.ProjectId} over {staged.Files.Count} files", CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task CheckPlaceAsync(RelabelledSession session, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        if (!await connection.ExecuteScalarAsync<bool>(
            "select exists (select 1 from archive_experiment where id = @Id and project_id = @ProjectId and label = @Label)", session, transaction).ConfigureAwait(false))
        {
            throw new ItemRefusedException(ItemRefusal.Conflict, $"Somebody else renamed or deleted session {session.Id} meanwhile: its files are as they were.");
        }
    }

    private async Task<bool> IsCalledAsync(RelabelledSession session, CancellationToken cancellationToken) =>
        await browser.ExperimentAsync(null, session.Id, cancellationToken).ConfigureAwait(false) is { } now && (now.ProjectId, now.SubjectLabel, now.Label) == (session.ProjectId, session.SubjectLabel, session.Label);

    private async Task FollowAsync(string id, ChangeEvent change)
    {
        if (await browser.ExperimentAsync(null, id, CancellationToken.None).ConfigureAwait(false) is { } session)
        {
            await headers.RunAsync(session, null, change, CancellationToken.None).ConfigureAwait(false);
        }

        await ForgetAsync([id]).ConfigureAwait(false);
    }

    /// <summary>After an abrupt end: finishes what was under way where the labels had changed. At start, after the archiver's own recovery.</summary>
    /// <returns>Sessions that were finished.</returns>
    public async Task<int> RecoverAsync(CancellationToken cancellationToken)
    {
        var finished = 0;
        foreach (var note in await database.QueryAsync<Note>(
            "select experiment_id, project_id, subject_label, label, login, reason, placed from prearchive_script_rerun order by at", null, cancellationToken).ConfigureAwait(false))
        {
            var session = new RelabelledSession(note.ExperimentId, note.ProjectId, note.SubjectLabel, note.Label);
            var change = new ChangeEvent(note.Login, Reason: note.Reason);
            if (!await IsCalledAsync(session, cancellationToken).ConfigureAwait(false))
            {
                await ForgetAsync([note.ExperimentId]).ConfigureAwait(false);
                continue;
            }

            var staging = Path.Combine(stagingRoot, $"{StagingFolder}{Guid.NewGuid():N}");
            try
            {
                if (!note.Placed && await StageAsync(session, staging, note.Login, cancellationToken).ConfigureAwait(false) is { } staged)
                {
                    await PlaceAsync(staged, change).ConfigureAwait(false);
                }

                await FollowAsync(note.ExperimentId, change).ConfigureAwait(false);
                finished++;
            }
            catch (ItemRefusedException e)
            {
                // The script is another by now, and fails: its owner is told, the files stay as they were.
                PrearchiveLog.RerunFailed(logger, note.ExperimentId, e.Message);
                await audit.RecordAsync(note.Login, "", "session.rerunScript", $"{note.ExperimentId}: failed after a restart", CancellationToken.None).ConfigureAwait(false);
                await ForgetAsync([note.ExperimentId]).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The note stays for the next start; a disk that fails must not keep the server from it.
                PrearchiveLog.RerunFailed(logger, note.ExperimentId, e.GetType().Name);
            }
            finally
            {
                Remove(staging);
            }
        }

        return finished;
    }
}
