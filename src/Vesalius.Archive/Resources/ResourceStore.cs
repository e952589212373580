using System.Globalization;
using System.Security.Cryptography;
using Dapper;
using Npgsql;
using Vesalius.Access;
using Vesalius.Archive.Life;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Archive;

/// <summary>What is said about a file that is stored.</summary>
/// <param name="Format">Format.</param>
/// <param name="Content">Content.</param>
/// <param name="Tags">Tags, joined by commas.</param>
/// <param name="Description">Description.</param>
public sealed record FileDescription(string Format = "", string Content = "", string Tags = "", string Description = "");

/// <summary>Thrown when a resource was deleted while a file for it came.</summary>
public sealed class ResourceGoneException() : Exception("The resource was deleted meanwhile.");

/// <summary>Files of resources on disk and in the tables together. Catalogs follow (<see cref="CatalogService"/>).</summary>
public sealed class ResourceStore(
    ResourceDirectory directory, ArchiveLayout layout, CatalogService catalogs, VesaliusDatabase database, SiteSettings settings, TimeProvider time, string deletedFolder)
{
    /// <summary>Folders of a resource that hold what is no longer part of it.</summary>
    public const string HistoryFolder = ".history";

    /// <summary>Folder of the archive for files that are still coming; no project has its name.</summary>
    public const string IncomingFolder = ".incoming";

    /// <summary>Name of the advisory lock that whoever puts a file in place holds for its path.</summary>
    public static string LockOf(long resourceId, string path) => $"file/{resourceId}/{path}";

    /// <summary>Folder of a resource.</summary>
    public string FolderOf(ResourceRecord resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return layout.Resource(resource.Owner, resource.Label);
    }

    /// <summary>Path of a file of a resource.</summary>
    /// <exception cref="UnsafePathException">The path leads out of the folder.</exception>
    public string PathOf(ResourceRecord resource, string path) => ArchiveLayout.Join(FolderOf(resource), path);

    /// <summary>Makes a resource's folder, so that it is there before the first file.</summary>
    public void Prepare(ResourceRecord resource)
    {
        DurableFile.CreateFolder(FolderOf(resource));
        catalogs.Wake();
    }

    /// <summary>Stores a file: temporary name, flush, rename, row.</summary>
    /// <param name="resource">Resource.</param>
    /// <param name="path">Relative path; checked.</param>
    /// <param name="content">Bytes.</param>
    /// <param name="description">What is said about it.</param>
    /// <param name="overwrite">A file of this path may be replaced.</param>
    /// <param name="user">Who stores it.</param>
    /// <param name="cancellationToken">Cancels, until the file is put in place.</param>
    /// <returns>False if a file of this path is there and stays; the bytes are then dropped.</returns>
    /// <exception cref="UnsafePathException">The path leads out of the folder, or is one that we use ourselves.</exception>
    /// <exception cref="ResourceGoneException">The resource was deleted while the bytes came.</exception>
    public async Task<bool> StoreAsync(
        ResourceRecord resource, string path, Stream content, FileDescription description, bool overwrite, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(description);
        ArchiveLayout.Check(path);
        CheckOwn(resource, path);
        CheckPlace(FolderOf(resource), path);
        // Not in the folder itself, which may get another name meanwhile.
        var temporary = Path.Combine(layout.Root, IncomingFolder, $"{Guid.NewGuid():N}.new");
        DurableFile.CreateFolder(Path.GetDirectoryName(temporary)!);
        try
        {
            var (size, md5, sha256) = await WriteAsync(temporary, content, cancellationToken).ConfigureAwait(false);
            var keepsHistory = await settings.FlagAsync("maintainFileHistory", cancellationToken).ConfigureAwait(false);
            var stored = await database.InTransactionAsync(async (connection, transaction) =>
            {
                var folder = FolderOf(await HoldAsync(resource, connection, transaction).ConfigureAwait(false));
                var target = ArchiveLayout.Join(folder, path);
                CheckPlace(folder, path);
                // One at a time for one path: whoever comes second sees the first.
                await connection.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@key, 0))", new { key = LockOf(resource.Id, path) }, transaction).ConfigureAwait(false);
                var exists = await connection.ExecuteScalarAsync<bool>(
                    "select exists (select 1 from archive_file where resource_id = @Id and path = @path)", new { resource.Id, path }, transaction).ConfigureAwait(false);
                if (exists && !overwrite)
                {
                    return false;
                }

                if (exists && keepsHistory && File.Exists(target))
                {
                    KeepOld(folder, path, target);
                }

                DurableFile.CreateFolder(Path.GetDirectoryName(target)!);
                File.Move(temporary, target, overwrite: true);
                DurableFile.FlushFolder(Path.GetDirectoryName(target)!);
                await connection.ExecuteAsync(
                    """
                    insert into archive_file (resource_id, path, size, md5, sha256, format, content, tags, description, insert_user)
                    values (@Id, @path, @size, @md5, @sha256, @Format, @Content, @tags, @Description, @user)
                    on conflict (resource_id, path) do update set size = excluded.size, md5 = excluded.md5, sha256 = excluded.sha256, modified = now(),
                        format = coalesce(nullif(excluded.format, ''), archive_file.format), content = coalesce(nullif(excluded.content, ''), archive_file.content),
                        tags = coalesce(nullif(excluded.tags, ''), archive_file.tags), description = coalesce(nullif(excluded.description, ''), archive_file.description),
                        sop_instance_uid = null, instance_number = null;
                    update archive_resource set catalog_stale = true where id = @Id
                    """,
                    new { resource.Id, path, size, md5, sha256, description.Format, description.Content, tags = ResourceDirectory.NormaliseTags(description.Tags), description.Description, user },
                    transaction).ConfigureAwait(false);
                return true;
            }, CancellationToken.None).ConfigureAwait(false);
            catalogs.Wake();
            return stored;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    // The resource as it is now, in a folder that keeps its name until the transaction ends.
    private async Task<ResourceRecord> HoldAsync(ResourceRecord resource, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        string? held = null;
        var current = resource;
        while (held != current.FolderProjectId)
        {
            held = current.FolderProjectId;
            await FolderMoves.HoldAsync(held, connection, transaction).ConfigureAwait(false);
            current = await directory.FindAsync(resource.Id, CancellationToken.None).ConfigureAwait(false) ?? throw new ResourceGoneException();
        }

        return current;
    }

    private static void CheckPlace(string folder, string path)
    {
        if (Directory.Exists(ArchiveLayout.Join(folder, path)) || IsBelowFile(folder, path))
        {
            throw new UnsafePathException();
        }
    }

    // The catalog and what stands behind a dot are ours.
    private static void CheckOwn(ResourceRecord resource, string path)
    {
        if (path.StartsWith('.') || path == CatalogWriter.FileName(resource.Label, resource.ScanId))
        {
            throw new UnsafePathException();
        }
    }

    private static bool IsBelowFile(string folder, string path)
    {
        var parent = folder;
        foreach (var part in path.Split('/')[..^1])
        {
            parent = Path.Combine(parent, part);
            if (File.Exists(parent))
            {
                return true;
            }
        }

        return false;
    }

    private void KeepOld(string folder, string path, string target)
    {
        var old = ArchiveLayout.Join(Path.Combine(folder, HistoryFolder, time.GetUtcNow().ToString("yyyyMMdd_HHmmssfff", CultureInfo.InvariantCulture)), path);
        DurableFile.CreateFolder(Path.GetDirectoryName(old)!);
        DurableFile.LinkOrCopy(target, old);
    }

    private static async Task<(long Size, string Md5, string Sha256)> WriteAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        var result = await HashAsync(content, async (bytes, position) => await RandomAccess.WriteAsync(handle, bytes, position, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        DurableFile.Flush(handle);
        return result;
    }

    private static async Task<(long Size, string Md5, string Sha256)> HashAsync(Stream content, Func<ReadOnlyMemory<byte>, long, ValueTask>? use, CancellationToken cancellationToken)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 17];
        long size = 0;
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            md5.AppendData(buffer, 0, read);
            sha256.AppendData(buffer, 0, read);
            if (use is not null)
            {
                await use(buffer.AsMemory(0, read), size).ConfigureAwait(false);
            }

            size += read;
        }

        return (size, Convert.ToHexStringLower(md5.GetHashAndReset()), Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }

    /// <summary>Size and checksums of a file on disk.</summary>
    internal static async Task<(long Size, string Md5, string Sha256)> HashFileAsync(string path, CancellationToken cancellationToken)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using (stream.ConfigureAwait(false))
        {
            return await HashAsync(stream, null, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Records a file that is on disk already.</summary>
    internal async Task AdoptAsync(ResourceRecord resource, string path, string user, CancellationToken cancellationToken)
    {
        var full = PathOf(resource, path);
        var (size, md5, sha256) = await HashFileAsync(full, cancellationToken).ConfigureAwait(false);
        string? instance = null;
        int? number = null;
        if (resource.ScanId is not null && resource.Label is "DICOM" or "secondary")
        {
            try
            {
                var header = (await Part10File.ReadHeaderAsync(full, cancellationToken: cancellationToken).ConfigureAwait(false)).DataSet;
                instance = header.GetString(Tag.SOPInstanceUID);
                number = header.GetInteger(Tag.InstanceNumber) is { } given and > int.MinValue and < int.MaxValue ? (int)given : null;
            }
            catch (MalformedDicomException)
            {
                // A file beside the images that is none.
            }
        }

        await database.ExecuteAsync(
            """
            insert into archive_file (resource_id, path, size, md5, sha256, sop_instance_uid, instance_number, insert_user) values (@Id, @path, @size, @md5, @sha256, @instance, @number, @user)
            on conflict (resource_id, path) do update set size = excluded.size, md5 = excluded.md5, sha256 = excluded.sha256, modified = now()
            """,
            new { resource.Id, path, size, md5, sha256, instance, number, user }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes files.</summary>
    /// <param name="resource">Resource.</param>
    /// <param name="paths">Their paths.</param>
    /// <param name="removeBytes">False leaves them on disk.</param>
    /// <param name="cancellationToken">Cancels, until the rows are gone.</param>
    public async Task RemoveAsync(ResourceRecord resource, IReadOnlyList<string> paths, bool removeBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(paths);
        await database.ExecuteAsync(
            "delete from archive_file where resource_id = @Id and path = any (@paths); update archive_resource set catalog_stale = true where id = @Id",
            new { resource.Id, paths = paths.ToArray() }, cancellationToken).ConfigureAwait(false);
        catalogs.Wake();
        if (!removeBytes)
        {
            return;
        }

        var folder = FolderOf(resource);
        var backup = await BackupFolderAsync(resource).ConfigureAwait(false);
        foreach (var path in paths)
        {
            var full = ArchiveLayout.Join(folder, path);
            if (backup is not null && File.Exists(full))
            {
                var kept = ArchiveLayout.Join(backup, path);
                Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
                DurableFile.LinkOrCopy(full, kept);
            }

            if (File.Exists(full))
            {
                File.Delete(full);
            }

            RemoveEmptyFolders(Path.GetDirectoryName(full)!, folder);
        }
    }

    private async Task<string?> BackupFolderAsync(ResourceRecord resource) => await settings.FlagAsync("backupDeletedToCache", CancellationToken.None).ConfigureAwait(false)
        ? Path.Combine(deletedFolder, resource.ProjectId, $"{time.GetUtcNow().ToString("yyyyMMdd_HHmmssfff", CultureInfo.InvariantCulture)}-{resource.Id}")
        : null;

    private static void RemoveEmptyFolders(string from, string until)
    {
        for (var at = from; at.Length > until.Length && Directory.Exists(at) && !Directory.EnumerateFileSystemEntries(at).Any(); at = Path.GetDirectoryName(at)!)
        {
            Directory.Delete(at);
        }
    }

    /// <summary>Removes a resource.</summary>
    /// <param name="resource">Resource.</param>
    /// <param name="removeBytes">False leaves its files on disk.</param>
    /// <param name="cancellationToken">Cancels, until the rows are gone.</param>
    public async Task RemoveAsync(ResourceRecord resource, bool removeBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        var folder = FolderOf(resource);
        await directory.DeleteAsync(resource.Id, cancellationToken).ConfigureAwait(false);
        if (!removeBytes || !Directory.Exists(folder))
        {
            return;
        }

        if (await BackupFolderAsync(resource).ConfigureAwait(false) is { } backup)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(backup)!);
            Directory.Move(folder, backup);
        }
        else
        {
            Directory.Delete(folder, recursive: true);
        }

        var parent = Path.GetDirectoryName(folder)!;
        if (!Directory.EnumerateFileSystemEntries(parent).Any())
        {
            Directory.Delete(parent);
        }
    }
}
