using System.Globalization;
using Dapper;
using Microsoft.Extensions.Logging;
using Vesalius.Access;
using Vesalius.Anonymisation;
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
    PrearchiveStore store, SessionGates gates, SessionBuilder builder, ArchivingRuleBook ruleBook, QuarantineStore quarantine, ArrivedIdentifiers identifiers, AuditTrail audit,
    ArchiveSessions sessions, ArchiveLayout layout, VesaliusDatabase database, SiteSettings settings, string stagingRoot, ReadOnlyMemory<byte> siteKey, ILogger<SessionArchiver> logger)
{
    private sealed record Staging(List<StagedObject> Objects, DeidentificationReport Report);

    /// <summary>Archives a session.</summary>
    /// <exception cref="ArchivingException">It cannot be archived as it is.</exception>
    public async Task<ArchivedSession> ArchiveAsync(long sessionId, ArchiveRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var alone = await gates.CloseAsync(sessionId, cancellationToken).ConfigureAwait(false);
        var session = await store.FindAsync(sessionId, cancellationToken).ConfigureAwait(false)
            ?? throw new ArchivingException(PrearchiveStatus.Error, "The session is no longer in the prearchive.");
        var staging = Path.Combine(stagingRoot, $"archiving-{sessionId}");
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
        catch (Exception e) when (e is IOException or Npgsql.NpgsqlException)
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

    private async Task FailAsync(long sessionId, string status, string reason)
    {
        // Not the caller's token: the state has to be right even if the caller has left.
        await store.SetStatusAsync(sessionId, status, null, CancellationToken.None).ConfigureAwait(false);
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

        var (staged, report) = await StageAsync(session, request, objects, staging, cancellationToken).ConfigureAwait(false);
        var byObject = staged.ToDictionary(s => s.Object.SopInstanceUid);
        var description = await SessionBuilder.DescribeAsync([.. staged.Select(s => s.Object)], o => byObject[o.SopInstanceUid].Path, cancellationToken).ConfigureAwait(false);
        if (existing is not null)
        {
            await CheckMergeAsync(existing, request, description, cancellationToken).ConfigureAwait(false);
        }

        var scanIds = await ScanIdsAsync(existing, description, cancellationToken).ConfigureAwait(false);
        var admission = Admission(request, description, staged, scanIds, await StudyUidAsync(staged, cancellationToken).ConfigureAwait(false));
        return await CommitAsync(session, request, existing, admission, new Staging(staged, report), scanIds, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string> StudyUidAsync(List<StagedObject> staged, CancellationToken cancellationToken) =>
        (await Part10File.ReadHeaderAsync(staged[0].Path, cancellationToken: cancellationToken).ConfigureAwait(false)).DataSet.GetString(Tag.StudyInstanceUID) ?? "";

    private async Task<Staging> StageAsync(
        PrearchiveSession session, ArchiveRequest request, IReadOnlyList<PrearchiveObject> objects, string staging, CancellationToken cancellationToken)
    {
        var rules = await ruleBook.ForArchivingAsync(session, request.ProjectId, [request.ProjectId, request.SubjectLabel, request.SessionLabel], cancellationToken).ConfigureAwait(false);
        if (rules.Failures == FailurePolicy.Hold && session.FailedCount > 0)
        {
            throw Held(session.FailedCount, null);
        }

        var tally = new DeidentificationTally();
        var failures = new List<(PrearchiveObject Object, QuarantineReason Reason)>();
        var folder = store.FolderOf(session);
        if (Directory.Exists(staging))
        {
            Directory.Delete(staging, recursive: true);
        }

        Directory.CreateDirectory(staging);
        var staged = new List<StagedObject>(objects.Count);
        foreach (var item in objects)
        {
            var source = Path.Combine(folder, item.Path);
            var target = Path.Combine(staging, item.ScanId, item.Resource, item.FileName);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                if (await ObjectStaging.StageAsync(item, source, target, rules, file => Context(file, session, request), tally, cancellationToken).ConfigureAwait(false) is { } file)
                {
                    staged.Add(file);
                }
            }
            catch (Exception e) when (QuarantineReason.IsOne(e))
            {
                failures.Add((item, QuarantineReason.Of(e, QuarantineReason.Project, rules.Script?.Number ?? 0)));
            }
        }

        if (failures.Count > 0)
        {
            await SetApartAsync(session, request, rules.Failures, failures, staged.Count, cancellationToken).ConfigureAwait(false);
        }

        var report = tally.Report(objects.Count, failures.Count, rules, await ruleBook.PlacesAsync(tally.ScriptNumbers, cancellationToken).ConfigureAwait(false));
        await JudgeAsync(session, report, tally, cancellationToken).ConfigureAwait(false);
        return staged.Count > 0 ? new Staging(staged, report)
            : throw new ArchivingException(PrearchiveStatus.Error, "Empty sessions cannot be archived: the project's script or pixel rules rejected every object.");
    }

    // Fail closed: what was asked to be blanked and cannot be keeps the session back too.
    private async Task JudgeAsync(PrearchiveSession session, DeidentificationReport report, DeidentificationTally tally, CancellationToken cancellationToken)
    {
        if (report.Pixels.TextFound > 0)
        {
            await store.LogAsync(session.Id, $"Text was found in the pixels of {report.Pixels.TextFound} objects.", cancellationToken).ConfigureAwait(false);
        }

        var remaining = tally.Remaining;
        if (remaining.Count > 0)
        {
            var reason = $"{report.Residual.Objects} of {report.Objects} objects still hold identifiers: {string.Join("; ", remaining)}.";
            if (report.Residual.Policy is ResidualPolicy.Quarantine or ResidualPolicy.Blank)
            {
                throw new ArchivingException(PrearchiveStatus.Error, reason);
            }

            await store.LogAsync(session.Id, reason, cancellationToken).ConfigureAwait(false);
        }
    }

    // What failed leaves the session; the rest goes on unless the project wants whole sessions only. Either way the session says what is missing.
    private async Task SetApartAsync(
        PrearchiveSession session, ArchiveRequest request, FailurePolicy policy, List<(PrearchiveObject Object, QuarantineReason Reason)> failures, int others, CancellationToken cancellationToken)
    {
        var arrived = await identifiers.SealedAsync(session.Id, cancellationToken).ConfigureAwait(false);
        foreach (var (item, reason) in failures)
        {
            var path = Path.Combine(store.FolderOf(session), item.Path);
            var origin = new SessionOrigin(item, request, session.StudyInstanceUid, arrived, session.Source, session.Visit, session.Protocol, session.Timezone);
            await quarantine.TakeAsync(
                item, path, new QuarantineEntry(request.ProjectId, reason, "archiving", arrived.Count > 0 ? arrived[0].StudyKey : null, origin.Serialize()), cancellationToken).ConfigureAwait(false);
            File.Delete(path);
        }

        await store.LogAsync(session.Id, $"{failures.Count} objects went to quarantine: {failures[0].Reason}", cancellationToken).ConfigureAwait(false);
        await audit.RecordAsync(request.User, "", "quarantine.keep", $"prearchive {session.Id}: {failures.Count} objects for {request.ProjectId}", cancellationToken).ConfigureAwait(false);
        if (policy == FailurePolicy.Hold || others == 0)
        {
            throw Held(failures.Count, failures[0].Reason);
        }
    }

    private static ArchivingException Held(int count, QuarantineReason? first) => new(
        PrearchiveStatus.Error, $"{count} objects of this session are in quarantine since they could not be de-identified{(first is null ? "; this project archives whole sessions only" : $": {first}")}");

    private ScriptContext Context(Part10File file, PrearchiveSession session, ArchiveRequest request) => new()
    {
        Variables = new Dictionary<string, string>
        {
            ["project"] = request.ProjectId, ["subject"] = request.SubjectLabel, ["session"] = request.SessionLabel, ["user"] = request.User, ["study"] = session.StudyInstanceUid,
            ["dateShift"] = DateShift.Days(siteKey.Span, request.ProjectId, request.SubjectLabel).ToString(CultureInfo.InvariantCulture),
        },
        FileMeta = file.FileMeta,
        TransferSyntaxUid = file.TransferSyntax.Uid,
        SiteKey = siteKey,
        ScratchFolder = stagingRoot,
    };

    private async Task CheckMergeAsync(ArchivedSession existing, ArchiveRequest request, SessionDescription description, CancellationToken cancellationToken)
    {
        if (existing.SubjectLabel != request.SubjectLabel)
        {
            throw new ArchivingException(PrearchiveStatus.Conflict, "The archived session with this label belongs to another subject.");
        }

        if (existing.XsiType != description.XsiType && await settings.FlagAsync("preventCrossModalityMerge", cancellationToken).ConfigureAwait(false))
        {
            throw new ArchivingException(PrearchiveStatus.Conflict, $"The archived session is {existing.XsiType}, the incoming one {description.XsiType}; the site does not merge types.");
        }
    }

    // A scan number that another series has already becomes number-MODALITYk (rest-api §13.5).
    private async Task<Dictionary<string, string>> ScanIdsAsync(ArchivedSession? existing, SessionDescription description, CancellationToken cancellationToken)
    {
        var taken = existing is null ? new Dictionary<string, string>() : new Dictionary<string, string>(await sessions.ScansAsync(existing.Id, cancellationToken).ConfigureAwait(false));
        var ids = new Dictionary<string, string>();
        foreach (var scan in description.Scans)
        {
            var id = taken.FirstOrDefault(t => t.Value == scan.SeriesInstanceUid).Key ?? scan.Id;
            for (var k = 1; taken.TryGetValue(id, out var owner) && owner != scan.SeriesInstanceUid; k++)
            {
                id = $"{scan.Id}-{(scan.Modality.Length > 0 ? scan.Modality : "OT")}{k}";
            }

            taken[id] = scan.SeriesInstanceUid;
            ids[scan.Id] = id;
        }

        return ids;
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
        PrearchiveSession session, ArchiveRequest request, ArchivedSession? existing, SessionAdmission admission, Staging staging, Dictionary<string, string> scanIds, CancellationToken cancellationToken)
    {
        var staged = staging.Objects;
        var target = layout.Session(request.ProjectId, request.SessionLabel);
        if (existing is not null)
        {
            await CheckFilesAsync(existing, request, staged, cancellationToken).ConfigureAwait(false);
        }
        else if (Directory.Exists(target))
        {
            // Left by an attempt that never committed.
            Directory.Delete(target, recursive: true);
        }

        foreach (var file in staged)
        {
            var folder = layout.Resource(new ResourceOwner(request.ProjectId, null, request.SessionLabel, scanIds[file.Object.ScanId]), file.Object.Resource);
            DurableFile.CreateFolder(folder);
            File.Move(file.Path, Path.Combine(folder, file.File.Path), overwrite: true);
        }

        foreach (var scan in admission.Scans)
        {
            foreach (var resource in scan.Resources)
            {
                var folder = layout.Resource(new ResourceOwner(request.ProjectId, null, request.SessionLabel, scan.Id), resource.Label);
                DurableFile.FlushFolder(folder);
            }
        }

        var prefix = await sessions.PrefixAsync(cancellationToken).ConfigureAwait(false);
        // From here on the caller's leaving must not stop us halfway.
        var archived = await database.InTransactionAsync(async (connection, transaction) =>
        {
            var result = await sessions.AdmitAsync(admission, prefix, connection, transaction).ConfigureAwait(false);
            await DeidentificationReports.KeepAsync(result.Id, DeidentificationReports.Archiving, request.User, staging.Report, connection, transaction).ConfigureAwait(false);
            await QuarantineStore.ArchivedAsync(session.Id, result.Id, connection, transaction).ConfigureAwait(false);
            await connection.ExecuteAsync("delete from prearchive_session where id = @Id", new { session.Id }, transaction).ConfigureAwait(false);
            return result;
        }, CancellationToken.None).ConfigureAwait(false);
        await WriteCatalogsAsync(archived, CancellationToken.None).ConfigureAwait(false);
        return archived;
    }

    private async Task CheckFilesAsync(ArchivedSession existing, ArchiveRequest request, List<StagedObject> staged, CancellationToken cancellationToken)
    {
        if (request.Merge == MergeMode.Overwrite || request.OverwriteFiles)
        {
            return;
        }

        var instances = await sessions.InstancesAsync(existing.Id, cancellationToken).ConfigureAwait(false);
        if (staged.Count(s => instances.TryGetValue(s.Object.SopInstanceUid, out var hash) && hash != s.File.Sha256) is > 0 and var different)
        {
            throw new ArchivingException(PrearchiveStatus.Conflict, $"{different} instances are archived already with other bytes.");
        }

        // Identical ones are there; nothing has to be done about them.
        staged.RemoveAll(s => instances.TryGetValue(s.Object.SopInstanceUid, out var hash) && hash == s.File.Sha256);
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

    /// <summary>Builds a session; the caller does not have it yet.</summary>
    public async Task BuildAsync(long sessionId, CancellationToken cancellationToken)
    {
        using var alone = await gates.CloseAsync(sessionId, cancellationToken).ConfigureAwait(false);
        if (await store.FindAsync(sessionId, cancellationToken).ConfigureAwait(false) is not { } session)
        {
            return;
        }

        try
        {
            await builder.BuildAsync(session, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or MalformedDicomException)
        {
            await FailAsync(sessionId, PrearchiveStatus.Error, $"Building failed: {e.GetType().Name}.").ConfigureAwait(false);
            throw new ArchivingException(PrearchiveStatus.Error, "The session cannot be built.");
        }
    }
}
