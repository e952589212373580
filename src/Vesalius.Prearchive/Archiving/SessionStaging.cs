using System.Globalization;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Profile;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>A session that is ready for the archive.</summary>
/// <param name="Objects">Its objects.</param>
/// <param name="Report">What was done with them.</param>
public sealed record StagedSession(List<StagedObject> Objects, DeidentificationReport Report);

/// <summary>What an object would be in the archive.</summary>
/// <param name="Arrived">As it is in the prearchive.</param>
/// <param name="Entering">As it would enter; null if it would not.</param>
/// <param name="Sha256">Hash of what would enter.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Path">Where that lies.</param>
/// <param name="Failure">Why it would go to quarantine; null if it would enter, or if the project's rules drop it.</param>
public sealed record PreviewedObject(PrearchiveObject Arrived, PrearchiveObject? Entering, string Sha256, long Size, string Path, QuarantineReason? Failure);

/// <summary>Makes of a prearchive session's objects what enters the archive: project script, pixel rules, search for identifiers, checksums. What fails leaves the session
/// for the quarantine; the session stays as it is otherwise.</summary>
public sealed class SessionStaging(
    PrearchiveStore store, ArchivingRuleBook ruleBook, QuarantineStore quarantine, ArrivedIdentifiers identifiers, SiteChanges siteChanges, AuditTrail audit, FileNameTemplate naming, string stagingRoot,
    ReadOnlyMemory<byte> siteKey)
{
    /// <summary>Stages every object of a session.</summary>
    /// <exception cref="ArchivingException">The project's rules keep the session back, or no object is left.</exception>
    public async Task<StagedSession> StageAsync(
        PrearchiveSession session, ArchiveRequest request, IReadOnlyList<PrearchiveObject> objects, string staging, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(objects);
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
        var names = new HashSet<(string ScanId, string Resource, string Name)>();
        var template = await naming.GetAsync(cancellationToken).ConfigureAwait(false);
        foreach (var item in objects)
        {
            var source = Path.Combine(folder, item.Path);
            var target = Path.Combine(staging, item.ScanId, item.Resource, item.FileName);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                if (await ObjectStaging.StageAsync(item, source, target, rules, template, file => Context(file, session, request), tally, cancellationToken).ConfigureAwait(false) is { } file)
                {
                    staged.Add(Named(file, names));
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

        var report = tally.Report(objects.Count, failures.Count, rules, await ruleBook.PlacesAsync(tally.ScriptNumbers, cancellationToken).ConfigureAwait(false))
            with { Site = await siteChanges.CountAsync(objects, cancellationToken).ConfigureAwait(false) };
        await JudgeAsync(session, report, tally, cancellationToken).ConfigureAwait(false);
        return staged.Count > 0 ? new StagedSession(staged, report)
            : throw new ArchivingException(PrearchiveStatus.Error, "Empty sessions cannot be archived: the project's script or pixel rules rejected every object.");
    }

    /// <summary>Says what staging would make of each object; the session stays as it is.</summary>
    /// <param name="session">Session.</param>
    /// <param name="request">How it would be archived.</param>
    /// <param name="objects">Its objects.</param>
    /// <param name="folder">Where the files are made that differ from those in the prearchive; the caller removes it.</param>
    /// <param name="cancellationToken">Cancels between objects.</param>
    /// <exception cref="ArchivingException">The project's rules cannot be applied.</exception>
    /// <exception cref="FileNotFoundException">The session was changed meanwhile.</exception>
    public async Task<IReadOnlyList<PreviewedObject>> PreviewAsync(
        PrearchiveSession session, ArchiveRequest request, IReadOnlyList<PrearchiveObject> objects, string folder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(objects);
        var rules = await ruleBook.ForArchivingAsync(session, request.ProjectId, [request.ProjectId, request.SubjectLabel, request.SessionLabel], cancellationToken).ConfigureAwait(false);
        if (rules.AreEmpty)
        {
            return [.. objects.Select(o => new PreviewedObject(o, o, o.Sha256, o.Size, Path.Combine(store.FolderOf(session), o.Path), null))];
        }

        var template = await naming.GetAsync(cancellationToken).ConfigureAwait(false);
        var names = new HashSet<(string ScanId, string Resource, string Name)>();
        var previews = new List<PreviewedObject>(objects.Count);
        foreach (var item in objects)
        {
            var target = Path.Combine(folder, item.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                var made = await ObjectStaging.StageAsync(
                    item, Path.Combine(store.FolderOf(session), item.Path), target, rules, template, file => Context(file, session, request), new DeidentificationTally(), cancellationToken).ConfigureAwait(false);
                var file = made is null ? null : Named(made, names);
                previews.Add(new PreviewedObject(item, file?.Object, file?.File.Sha256 ?? "", file?.File.Size ?? 0, target, null));
            }
            catch (Exception e) when (QuarantineReason.IsOne(e))
            {
                previews.Add(new PreviewedObject(item, null, "", 0, target, QuarantineReason.Of(e, QuarantineReason.Project, rules.Script?.Number ?? 0)));
            }
        }

        return previews;
    }

    // A script may give several objects what their names are made of.
    private static StagedObject Named(StagedObject staged, HashSet<(string ScanId, string Resource, string Name)> names)
    {
        var given = staged.Object.FileName;
        var name = given;
        for (var n = 2; !names.Add((staged.Object.ScanId, staged.Object.Resource, name)); n++)
        {
            name = $"{Path.GetFileNameWithoutExtension(given)}_{n}{Path.GetExtension(given)}";
        }

        return name == given ? staged : staged with { Object = staged.Object with { FileName = name }, File = staged.File with { Path = name } };
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
}
