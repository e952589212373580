using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>A file of an archived session's scan.</summary>
internal sealed record ArchivedFile(long ResourceId, string ScanId, string Label, string Path, string? SopInstanceUid, string Sha256, long Size);

/// <summary>A file that waits to enter a session: where it goes, and what it is.</summary>
internal sealed record EnteringFile(string ScanId, string Label, string Path, string SopInstanceUid, string Sha256);

/// <summary>The files of a session that others enter, and what becomes of each (rest-api §13.5, xapi B.6).</summary>
internal sealed class ArchivedFiles
{
    private readonly Dictionary<(string ScanId, string Label, string Path), ArchivedFile> _byPlace;
    private readonly ILookup<string, ArchivedFile> _byInstance;

    private ArchivedFiles(IReadOnlyList<ArchivedFile> files)
    {
        All = files;
        _byPlace = files.ToDictionary(f => (f.ScanId, f.Label, f.Path));
        _byInstance = files.Where(f => f.SopInstanceUid is not null).ToLookup(f => f.SopInstanceUid!);
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<ArchivedFile> All { get; }

    /// <summary>Files of a session; none if there is no session yet.</summary>
    public static async Task<ArchivedFiles> ReadAsync(VesaliusDatabase database, ArchivedSession? session, CancellationToken cancellationToken) => new(session is null ? [] : await database.QueryAsync<ArchivedFile>(
        """
        select f.resource_id, c.id as scan_id, r.label, f.path, f.sop_instance_uid, f.sha256, f.size
        from archive_file f join archive_resource r on r.id = f.resource_id join archive_scan c on c.key = r.scan_key where c.experiment_id = @Id
        """,
        new { session.Id }, cancellationToken).ConfigureAwait(false));

    /// <summary>True if the instance is there with the same bytes: nothing has to be done about it.</summary>
    public bool HasIdentical(EnteringFile file) => _byInstance[file.SopInstanceUid].Any(f => f.Sha256 == file.Sha256);

    /// <summary>The files that hold an instance.</summary>
    public IEnumerable<ArchivedFile> Of(string sopInstanceUid) => _byInstance[sopInstanceUid];

    /// <summary>True if the instance is there with other bytes, or another one has its name: only who may overwrite files lets it in.</summary>
    public bool Clashes(EnteringFile file) => _byInstance[file.SopInstanceUid].Any() || At(file) is not null;

    /// <summary>The file whose place it takes; null if the place is free.</summary>
    public ArchivedFile? At(EnteringFile file) => _byPlace.GetValueOrDefault((file.ScanId, file.Label, file.Path));

    /// <summary>Files that hold the same instances under other names: they go, so that an instance is in its session once.</summary>
    /// <param name="entering">What enters.</param>
    /// <param name="settings">The site may say that names alone tell instances apart.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<IReadOnlyList<ArchivedFile>> ReplacedAsync(IReadOnlyCollection<EnteringFile> entering, SiteSettings settings, CancellationToken cancellationToken)
    {
        if (!await settings.FlagAsync("useSopInstanceUidToUniquelyIdentifyDicom", cancellationToken).ConfigureAwait(false))
        {
            return [];
        }

        var taken = entering.Select(At).OfType<ArchivedFile>().ToHashSet();
        return [.. entering.SelectMany(e => _byInstance[e.SopInstanceUid]).Where(f => !taken.Contains(f)).Distinct()];
    }
}
