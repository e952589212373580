using System.Security.Cryptography;
using Vesalius.Archive.Storage;

namespace Vesalius.Archive;

/// <summary>Files of resources on disk and in the tables together.</summary>
public sealed class ResourceStore(ArchiveBrowser browser, ArchiveLayout layout)
{
    /// <summary>Folder of a resource.</summary>
    public string FolderOf(ResourceOwner owner, string label) => layout.Resource(owner, label);

    /// <summary>Stores a file: temporary name, flush, rename, row, catalog.</summary>
    /// <param name="resourceId">Resource.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="path">Relative path; checked.</param>
    /// <param name="content">Bytes.</param>
    /// <param name="format">Format.</param>
    /// <param name="kind">Content.</param>
    /// <param name="tags">Tags.</param>
    /// <param name="user">Who stores it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="UnsafePathException">The path leads out of the folder.</exception>
    public async Task StoreAsync(
        long resourceId, string folder, string path, Stream content, string format, string kind, string tags, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var target = ArchiveLayout.Join(folder, path);
        DurableFile.CreateFolder(Path.GetDirectoryName(target)!);
        var temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Guid.NewGuid():N}.new");
        try
        {
            var (size, md5, sha256) = await WriteAsync(temporary, content, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, target, overwrite: true);
            DurableFile.FlushFolder(Path.GetDirectoryName(target)!);
            await browser.PutFileAsync(resourceId, path, size, md5, sha256, format, kind, tags, user, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async Task<(long Size, string Md5, string Sha256)> WriteAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        var buffer = new byte[1 << 17];
        long size = 0;
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            md5.AppendData(buffer, 0, read);
            sha256.AppendData(buffer, 0, read);
            await RandomAccess.WriteAsync(handle, buffer.AsMemory(0, read), size, cancellationToken).ConfigureAwait(false);
            size += read;
        }

        DurableFile.Flush(handle);
        return (size, Convert.ToHexStringLower(md5.GetHashAndReset()), Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }

    /// <summary>Writes a resource's catalog anew.</summary>
    public async Task SaveCatalogAsync(ResourceRow resource, string folder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        var text = await CatalogAsync(resource, cancellationToken).ConfigureAwait(false);
        DurableFile.CreateFolder(folder);
        await CatalogWriter.SaveAsync(folder, CatalogWriter.FileName(resource.Label, resource.ScanId), text, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A resource's catalog as text.</summary>
    public async Task<string> CatalogAsync(ResourceRow resource, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        var files = await browser.FilesAsync([resource.Id], cancellationToken).ConfigureAwait(false);
        var isDicom = resource.ScanKey is not null && files.Any(f => f.SopInstanceUid is not null);
        return CatalogWriter.Write(
            resource.ScanId ?? resource.Label, isDicom ? "" : null,
            files.Select(f => new CatalogEntry(f.Path, f.Size, f.Md5, f.SopInstanceUid, f.InstanceNumber, f.Format, f.Content)));
    }

    /// <summary>Removes files from disk and tables.</summary>
    public async Task RemoveAsync(long resourceId, string folder, IReadOnlyList<string> paths, bool removeBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(paths);
        await browser.DeleteFilesAsync(resourceId, paths, cancellationToken).ConfigureAwait(false);
        foreach (var path in removeBytes ? paths : [])
        {
            File.Delete(ArchiveLayout.Join(folder, path));
        }
    }
}
