using Vesalius.Archive.Storage;

namespace Vesalius.Archive;

/// <summary>What a refresh does (rest-api T3, D8).</summary>
[Flags]
public enum RefreshOperations
{
    /// <summary>Counts and sizes; they are computed from the rows, so nothing is to be done.</summary>
    PopulateStats = 0,
    /// <summary>Files on disk that are not in the catalog are added.</summary>
    Append = 1,
    /// <summary>Entries without a checksum get one.</summary>
    Checksum = 2,
    /// <summary>Entries whose file is gone are removed.</summary>
    Delete = 4,
    /// <summary>All of them.</summary>
    All = Append | Checksum | Delete,
}

/// <summary>Brings the tables and catalogs in line with what lies on disk, where somebody put or removed files by hand (R21).</summary>
public sealed class CatalogRefresh(ResourceDirectory directory, ResourceStore store, CatalogService catalogs)
{
    /// <summary>Reads the names of operations; null if one is unknown.</summary>
    public static RefreshOperations? Parse(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var operations = RefreshOperations.PopulateStats;
        foreach (var name in names)
        {
            switch (name.Trim().ToUpperInvariant())
            {
                case "APPEND":
                    operations |= RefreshOperations.Append;
                    break;
                case "CHECKSUM":
                    operations |= RefreshOperations.Checksum;
                    break;
                case "DELETE":
                    operations |= RefreshOperations.Delete;
                    break;
                case "ALL":
                    operations |= RefreshOperations.All;
                    break;
                case "POPULATESTATS" or "":
                    break;
                default:
                    return null;
            }
        }

        return operations;
    }

    /// <summary>Refreshes a resource.</summary>
    /// <returns>Files added, removed, and given a checksum.</returns>
    public async Task<(int Added, int Removed, int Summed)> RefreshAsync(ResourceRecord resource, RefreshOperations operations, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        var recorded = await directory.FilesAsync([resource.Id], cancellationToken).ConfigureAwait(false);
        var added = 0;
        var summed = 0;
        if (operations.HasFlag(RefreshOperations.Append))
        {
            var known = recorded.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
            foreach (var path in FilesOnDisk(store.FolderOf(resource), resource).Where(p => !known.Contains(p)))
            {
                await store.AdoptAsync(resource, path, user, cancellationToken).ConfigureAwait(false);
                added++;
            }
        }

        var lost = operations.HasFlag(RefreshOperations.Delete) ? recorded.Where(f => !File.Exists(store.PathOf(resource, f.Path))).Select(f => f.Path).ToList() : [];
        if (lost.Count > 0)
        {
            await store.RemoveAsync(resource, lost, removeBytes: false, cancellationToken).ConfigureAwait(false);
        }

        if (operations.HasFlag(RefreshOperations.Checksum))
        {
            foreach (var file in recorded.Where(f => f.Md5.Length == 0 && !lost.Contains(f.Path)))
            {
                await store.AdoptAsync(resource, file.Path, user, cancellationToken).ConfigureAwait(false);
                summed++;
            }
        }

        await catalogs.WriteAsync(resource, cancellationToken).ConfigureAwait(false);
        return (added, lost.Count, summed);
    }

    /// <summary>Files of a resource's folder that may be entries: neither the catalog nor what stands behind a dot.</summary>
    internal static IEnumerable<string> FilesOnDisk(string folder, ResourceRecord resource)
    {
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        var catalog = CatalogWriter.FileName(resource.Label, resource.ScanId);
        // Links are not followed: they may lead anywhere.
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            var path = Path.GetRelativePath(folder, file.FullName);
            if (path != catalog && !path.Split('/').Any(part => part.StartsWith('.')))
            {
                yield return path;
            }
        }
    }
}
