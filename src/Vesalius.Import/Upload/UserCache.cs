using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Vesalius.Archive.Storage;

namespace Vesalius.Import;

/// <summary>A user's own staging area for files that are imported later (rest-api §10.6). What lies there may be images as they came from a hospital, so every file is
/// encrypted with a key of its own, made from the site's cache key and a random number in front of the file (R11).</summary>
/// <param name="root">Folder of all users' areas.</param>
/// <param name="key">The site's cache key.</param>
/// <param name="time">Clock.</param>
public sealed class UserCache(string root, ReadOnlyMemory<byte> key, TimeProvider time)
{
    private const int NonceLength = CacheFile.NonceLength;
    // Hidden ones, too: what a crash left half written begins with a dot.
    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    private string FolderOf(long userId) => Path.Combine(root, userId.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private string FolderOf(long userId, string resource) => ArchiveLayout.Join(FolderOf(userId), Single(resource));

    private static string Single(string name) => name.Contains('/', StringComparison.Ordinal) || name.StartsWith('.') ? throw new UnsafePathException() : name;

    /// <summary>Names of a user's resources.</summary>
    public IReadOnlyList<string> Resources(long userId) =>
        Directory.Exists(FolderOf(userId)) ? [.. Directory.EnumerateDirectories(FolderOf(userId)).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)] : [];

    /// <summary>True if the user has a resource of this name.</summary>
    public bool HasResource(long userId, string resource) => Directory.Exists(FolderOf(userId, resource));

    /// <summary>Makes a resource.</summary>
    /// <returns>False if it is there.</returns>
    public bool Create(long userId, string resource)
    {
        var folder = FolderOf(userId, resource);
        if (Directory.Exists(folder))
        {
            return false;
        }

        Directory.CreateDirectory(folder);
        return true;
    }

    /// <summary>Files of a resource with their sizes.</summary>
    public IReadOnlyList<(string Path, long Size)> Files(long userId, string resource)
    {
        var folder = FolderOf(userId, resource);
        return Directory.Exists(folder)
            ? [.. new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => !f.Name.StartsWith('.'))
                .Select(f => (Path.GetRelativePath(folder, f.FullName), f.Length - NonceLength)).OrderBy(f => f.Item1, StringComparer.Ordinal)]
            : [];
    }

    /// <summary>Stores a file in place of one of the same path.</summary>
    /// <exception cref="UnsafePathException">The path leads out.</exception>
    public async Task StoreAsync(long userId, string resource, string path, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        var target = ArchiveLayout.Join(FolderOf(userId, resource), path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Guid.NewGuid():N}.new");
        try
        {
            using (var handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
            {
                await WriteAsync(handle, content, cancellationToken).ConfigureAwait(false);
            }

            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private async Task WriteAsync(SafeFileHandle handle, Stream content, CancellationToken cancellationToken)
    {
        var nonce = RandomNumberGenerator.GetBytes(NonceLength);
        using var aes = CacheFile.KeyOf(key, nonce);
        await RandomAccess.WriteAsync(handle, nonce, 0, cancellationToken).ConfigureAwait(false);
        var buffer = new byte[1 << 17];
        long position = 0;
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            CounterMode.Apply(aes, buffer.AsSpan(0, read), position);
            await RandomAccess.WriteAsync(handle, buffer.AsMemory(0, read), NonceLength + position, cancellationToken).ConfigureAwait(false);
            position += read;
        }
    }

    /// <summary>Opens a file as it was sent; null if there is none.</summary>
    /// <exception cref="UnsafePathException">The path leads out.</exception>
    public Stream? OpenRead(long userId, string resource, string path) => CacheFile.OpenRead(ArchiveLayout.Join(FolderOf(userId, resource), path), key);

    /// <summary>Removes a file or folder.</summary>
    /// <returns>False if there is none.</returns>
    public bool Remove(long userId, string resource, string path)
    {
        var full = ArchiveLayout.Join(FolderOf(userId, resource), path.TrimEnd('/'));
        if (Directory.Exists(full))
        {
            Directory.Delete(full, recursive: true);
            return true;
        }

        var isThere = File.Exists(full);
        if (isThere)
        {
            File.Delete(full);
        }

        return isThere;
    }

    /// <summary>Removes a resource.</summary>
    /// <returns>False if there is none.</returns>
    public bool RemoveResource(long userId, string resource)
    {
        var folder = FolderOf(userId, resource);
        var isThere = Directory.Exists(folder);
        if (isThere)
        {
            Directory.Delete(folder, recursive: true);
        }

        return isThere;
    }

    /// <summary>Removes files of all users that were stored some time ago, and folders that have been empty for as long.</summary>
    /// <returns>Files removed.</returns>
    public int RemoveOlderThan(TimeSpan age)
    {
        if (!Directory.Exists(root))
        {
            return 0;
        }

        var removed = 0;
        var before = time.GetUtcNow().UtcDateTime - age;
        foreach (var file in new DirectoryInfo(root).EnumerateFiles("*", Everything).Where(f => f.LastWriteTimeUtc < before).ToList())
        {
            file.Delete();
            removed++;
        }

        // A folder out of which a file has gone just now has changed just now: it goes later. Names may tell of patients, too.
        foreach (var folder in new DirectoryInfo(root).EnumerateDirectories("*", Everything).OrderByDescending(d => d.FullName.Length).ToList())
        {
            if (folder.LastWriteTimeUtc < before && !folder.EnumerateFileSystemInfos().Any())
            {
                folder.Delete();
            }
        }

        return removed;
    }
}
