using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Says what would be merged if a prearchive session entered the archived one of its label (R9): instance by instance, by UID and checksum.</summary>
/// <remarks>The project's script and pixel rules run on copies, since they decide which bytes enter; nothing of it is kept. Without an archived session nothing has to be compared, and nothing runs.</remarks>
public sealed class SessionComparer(
    PrearchiveStore store, SessionStaging staging, ArchiveSessions sessions, PetMrRule petMr, VesaliusDatabase database, SiteSettings settings, string stagingRoot)
{
    private sealed record ArchivedScan(string Id, string? SeriesDescription, string XsiType);

    /// <summary>Compares a session with what the archive has under the labels of a request.</summary>
    /// <exception cref="ArchivingException">The project's rules cannot be applied.</exception>
    /// <exception cref="IOException">The session was changed meanwhile.</exception>
    public async Task<SessionComparison> CompareAsync(PrearchiveSession session, ArchiveRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(request);
        var objects = await store.ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false);
        var existing = await sessions.FindAsync(request.ProjectId, request.SessionLabel, cancellationToken).ConfigureAwait(false);
        // The name is one of those that are removed at start, should the server end meanwhile.
        var folder = Path.Combine(stagingRoot, $"archiving-compared-{Guid.NewGuid():N}");
        try
        {
            var previews = existing is null
                ? [.. objects.Select(o => new PreviewedObject(o, o, o.Sha256, o.Size, Path.Combine(store.FolderOf(session), o.Path), null))]
                : await staging.PreviewAsync(session, request, objects, folder, cancellationToken).ConfigureAwait(false);
            return await CompareAsync(session, request, existing, previews, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private async Task<SessionComparison> CompareAsync(
        PrearchiveSession session, ArchiveRequest request, ArchivedSession? existing, IReadOnlyList<PreviewedObject> previews, CancellationToken cancellationToken)
    {
        var entering = previews.Where(p => p.Entering is not null).ToList();
        var paths = entering.ToDictionary(p => p.Entering!, p => p.Path);
        var description = await SessionBuilder.DescribeAsync(
            [.. entering.Select(p => p.Entering!)], o => paths[o], cancellationToken, await petMr.OfAsync(request.ProjectId, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var archived = await ArchivedFiles.ReadAsync(database, existing, cancellationToken).ConfigureAwait(false);
        var numbers = ScanNumbers.Assign(existing is null ? new Dictionary<string, string>() : await sessions.ScansAsync(existing.Id, cancellationToken).ConfigureAwait(false), description);
        var scans = Scans(previews, description, numbers, archived, await ArchivedScansAsync(existing, cancellationToken).ConfigureAwait(false));
        return new SessionComparison(
            request.ProjectId, request.SubjectLabel, request.SessionLabel, session.Status,
            existing is null ? null : new ComparedTarget(existing.Id, existing.SubjectLabel, existing.Label, existing.XsiType),
            await ProblemsAsync(session, request, existing, description, entering, cancellationToken).ConfigureAwait(false),
            await store.ConflictsAsync(session.Id, cancellationToken).ConfigureAwait(false), Count(scans.SelectMany(s => s.Instances)), scans);
    }

    private async Task<IReadOnlyList<string>> ProblemsAsync(
        PrearchiveSession session, ArchiveRequest request, ArchivedSession? existing, SessionDescription description, List<PreviewedObject> entering, CancellationToken cancellationToken)
    {
        if (entering.Count == 0)
        {
            return [session.FailedCount > 0 ? $"All {session.FailedCount} objects of this session are in quarantine." : "No image of this session would enter the archive."];
        }

        if (existing is null)
        {
            return [];
        }

        var studyUid = (await Part10File.ReadHeaderAsync(entering[0].Path, cancellationToken: cancellationToken).ConfigureAwait(false)).DataSet.GetString(Tag.StudyInstanceUID) ?? "";
        return await MergeCheck.ProblemsAsync(database, settings, existing, request, description, studyUid, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<ArchivedScan>> ArchivedScansAsync(ArchivedSession? existing, CancellationToken cancellationToken) => existing is null ? [] : await database.QueryAsync<ArchivedScan>(
        "select id, series_description, xsi_type from archive_scan where experiment_id = @Id order by key", new { existing.Id }, cancellationToken).ConfigureAwait(false);

    private static List<ComparedScan> Scans(
        IReadOnlyList<PreviewedObject> previews, SessionDescription description, Dictionary<string, string> numbers, ArchivedFiles archived, IReadOnlyList<ArchivedScan> archivedScans)
    {
        var described = description.Scans.ToDictionary(s => s.Id);
        var met = new HashSet<string>(StringComparer.Ordinal);
        var arrived = new Dictionary<string, (string ArrivedAs, List<ComparedInstance> Instances)>();
        foreach (var group in previews.GroupBy(p => p.Arrived.ScanId))
        {
            // A scan of which nothing would enter has no place in the archive; it is shown under the number that it came with.
            var id = numbers.GetValueOrDefault(group.Key, group.Key);
            arrived[id] = (group.Key, [.. group.Select(p => Instance(p, id, archived))]);
            met.UnionWith(group.Where(p => p.Entering is not null).Select(p => p.Entering!.SopInstanceUid));
        }

        var there = archivedScans.ToDictionary(s => s.Id);
        return
        [
            .. arrived.Keys.Union(there.Keys).Select(id =>
            {
                var (arrivedAs, instances) = arrived.TryGetValue(id, out var found) ? found : (null, []);
                var files = archived.All.Where(f => f.ScanId == id).ToList();
                List<ComparedInstance> all =
                [
                    .. instances,
                    .. files.Where(f => f.SopInstanceUid is { } uid && !met.Contains(uid))
                        .Select(f => new ComparedInstance(f.SopInstanceUid!, null, f.Path, InstanceState.ArchivedOnly, null, f.Sha256, 0, f.Size, null)),
                ];
                var scan = arrivedAs is null ? null : described.GetValueOrDefault(arrivedAs);
                var before = there.GetValueOrDefault(id);
                return new ComparedScan(
                    id, arrivedAs, before?.SeriesDescription ?? scan?.SeriesDescription ?? "", before?.XsiType ?? scan?.XsiType ?? "", before is not null, files.Count(f => f.SopInstanceUid is null), Count(all),
                    [.. all.OrderBy(i => i.InstanceNumber ?? int.MaxValue).ThenBy(i => i.File, StringComparer.Ordinal)]);
            }),
        ];
    }

    private static ComparedInstance Instance(PreviewedObject preview, string scanId, ArchivedFiles archived)
    {
        var came = preview.Arrived;
        if (preview.Entering is not { } item)
        {
            return new ComparedInstance(
                came.SopInstanceUid, came.InstanceNumber, came.FileName, preview.Failure is null ? InstanceState.Dropped : InstanceState.Failed, null, null, came.Size, 0, preview.Failure?.ToString());
        }

        var entering = new EnteringFile(scanId, item.Resource, item.FileName, item.SopInstanceUid, preview.Sha256);
        var same = archived.Of(item.SopInstanceUid).OrderByDescending(f => f.Sha256 == preview.Sha256).FirstOrDefault() ?? archived.At(entering);
        var state = same is null ? InstanceState.New : archived.HasIdentical(entering) ? InstanceState.Identical : same.SopInstanceUid == item.SopInstanceUid ? InstanceState.Different : InstanceState.NameTaken;
        return new ComparedInstance(item.SopInstanceUid, item.InstanceNumber, item.FileName, state, preview.Sha256, same?.Sha256, preview.Size, same?.Size ?? 0, null);
    }

    private static Dictionary<InstanceState, int> Count(IEnumerable<ComparedInstance> instances) => instances.GroupBy(i => i.State).ToDictionary(g => g.Key, g => g.Count());
}
