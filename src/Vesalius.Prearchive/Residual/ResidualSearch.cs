using Vesalius.Anonymisation.Residual;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>What a search on demand found.</summary>
/// <param name="Report">Counts without values.</param>
/// <param name="Unreadable">Files that could not be read, so that nothing is proved of them.</param>
public sealed record ResidualSearchResult(DeidentificationReport Report, int Unreadable);

/// <summary>Looks for identifiers on demand in a session that waits or is archived; edits nothing (R14).</summary>
public sealed class ResidualSearch(PrearchiveStore store, ArchiveLayout layout, ArchivingRuleBook ruleBook, VesaliusDatabase database)
{
    private sealed record ArchivedFile(string ScanId, string Resource, string Path);

    /// <summary>Looks through an archived session. What it arrived with is gone by then, so only general patterns are looked for, and what the caller names.</summary>
    /// <param name="session">Session.</param>
    /// <param name="subjectLabel">Its subject's label.</param>
    /// <param name="known">What the caller names; kept in memory only.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<ResidualSearchResult> ArchivedAsync(ExperimentRow session, string subjectLabel, KnownIdentifiers known, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var files = await database.QueryAsync<ArchivedFile>(
            """
            select c.id as scan_id, r.label as resource, f.path from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
            where c.experiment_id = @Id and r.label in ('DICOM', 'secondary') order by c.id, f.path
            """,
            new { session.Id }, cancellationToken).ConfigureAwait(false);
        var paths = files.Select(f => ArchiveLayout.Join(layout.Resource(new ResourceOwner(session.ProjectId, null, session.Label, f.ScanId), f.Resource), f.Path));
        return await SearchAsync([.. paths], known, [session.ProjectId, subjectLabel, session.Label], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Looks through a session that waits, as it is now: before the project's script.</summary>
    /// <exception cref="ArchivingException">What identified its subject cannot be unsealed.</exception>
    public async Task<ResidualSearchResult> WaitingAsync(PrearchiveSession session, KnownIdentifiers named, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var known = await ruleBook.KnownAsync(session.Id, cancellationToken).ConfigureAwait(false);
        known.Add(named);
        var folder = store.FolderOf(session);
        var objects = await store.ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false);
        return await SearchAsync([.. objects.Select(o => Path.Combine(folder, o.Path))], known, [session.ProjectName, session.Subject, session.Label], cancellationToken).ConfigureAwait(false);
    }

    private async Task<ResidualSearchResult> SearchAsync(IReadOnlyList<string> paths, KnownIdentifiers known, IReadOnlyList<string> labels, CancellationToken cancellationToken)
    {
        var rules = ArchivingRuleBook.WithCheck(new ArchivingRules { ResidualPolicy = ResidualPolicy.Flag }, known, labels);
        var tally = new DeidentificationTally();
        var unreadable = 0;
        foreach (var path in paths)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var file = await Part10File.OpenAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false);
                tally.Pass(file.DataSet, null, new DeidentifiedObject { Findings = rules.Residual!.Find(file.DataSet, file.FileMeta) });
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDicomException)
            {
                unreadable++;
            }
        }

        var report = tally.Report(paths.Count, 0, rules, await ruleBook.PlacesAsync(tally.ScriptNumbers, cancellationToken).ConfigureAwait(false));
        return new ResidualSearchResult(report, unreadable);
    }
}
