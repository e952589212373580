using System.Runtime.CompilerServices;
using Vesalius.Archive.Storage;

namespace Vesalius.Archive;

/// <summary>What is wrong with a file (R21).</summary>
public enum VerificationFinding
{
    /// <summary>It is recorded but not on disk.</summary>
    Lost,
    /// <summary>Its size or checksum is another than recorded.</summary>
    Changed,
    /// <summary>It is on disk but not recorded.</summary>
    Unrecorded,
    /// <summary>The resource has no catalog file.</summary>
    NoCatalog,
}

/// <summary>A file that is not as recorded.</summary>
/// <param name="Finding">What is wrong.</param>
/// <param name="Resource">Its resource.</param>
/// <param name="Path">Its path in the resource.</param>
public sealed record FileFinding(VerificationFinding Finding, ResourceRecord Resource, string Path);

/// <summary>How far a verification is.</summary>
public sealed class VerificationTally
{
    /// <summary>Resources looked at.</summary>
    public long Resources { get; internal set; }

    /// <summary>Recorded files looked at.</summary>
    public long Files { get; internal set; }

    /// <summary>Bytes read.</summary>
    public long Bytes { get; internal set; }
}

/// <summary>Compares the archive's files with what is recorded of them and names what was lost or changed (R21).</summary>
public sealed class ArchiveVerifier(ResourceDirectory directory, ResourceStore store)
{
    /// <summary>Verifies resources.</summary>
    /// <param name="resources">Resources.</param>
    /// <param name="withChecksums">Read every byte and compare SHA-256; else existence and size only.</param>
    /// <param name="tally">Counts what was looked at.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async IAsyncEnumerable<FileFinding> VerifyAsync(
        IEnumerable<ResourceRecord> resources, bool withChecksums, VerificationTally tally, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resources);
        ArgumentNullException.ThrowIfNull(tally);
        foreach (var resource in resources)
        {
            tally.Resources++;
            var folder = store.FolderOf(resource);
            var files = await directory.FilesAsync([resource.Id], cancellationToken).ConfigureAwait(false);
            foreach (var file in files)
            {
                tally.Files++;
                if (await CheckAsync(store.PathOf(resource, file.Path), file, withChecksums, tally, cancellationToken).ConfigureAwait(false) is { } finding)
                {
                    yield return new FileFinding(finding, resource, file.Path);
                }
            }

            var known = files.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
            foreach (var path in CatalogRefresh.FilesOnDisk(folder, resource).Where(p => !known.Contains(p)))
            {
                yield return new FileFinding(VerificationFinding.Unrecorded, resource, path);
            }

            var catalog = CatalogWriter.FileName(resource.Label, resource.ScanId);
            if (files.Count > 0 && !File.Exists(Path.Combine(folder, catalog)))
            {
                yield return new FileFinding(VerificationFinding.NoCatalog, resource, catalog);
            }
        }
    }

    private static async Task<VerificationFinding?> CheckAsync(string path, FileRecord file, bool withChecksums, VerificationTally tally, CancellationToken cancellationToken)
    {
        var info = new FileInfo(path);
        if (!info.Exists)
        {
            return VerificationFinding.Lost;
        }

        if (info.Length != file.Size)
        {
            return VerificationFinding.Changed;
        }

        if (!withChecksums)
        {
            return null;
        }

        try
        {
            var (size, _, sha256) = await ResourceStore.HashFileAsync(path, cancellationToken).ConfigureAwait(false);
            tally.Bytes += size;
            return sha256 == file.Sha256 ? null : VerificationFinding.Changed;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return VerificationFinding.Lost;
        }
    }
}
