using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Vesalius.Archive.Storage;

namespace Vesalius.Import;

/// <summary>A file that a user sends in parts.</summary>
/// <param name="Id">Its name in addresses.</param>
/// <param name="Length">Bytes that it will have.</param>
/// <param name="Offset">Bytes that are there and safe.</param>
/// <param name="Changed">When the last part came.</param>
/// <param name="Expires">When it is removed unless more comes.</param>
public sealed record ResumableUpload(Guid Id, long Length, long Offset, DateTimeOffset Changed, DateTimeOffset Expires)
{
    /// <summary>True once everything is there.</summary>
    public bool IsComplete => Offset == Length;
}

/// <summary>Why a part, or a new file, is not taken.</summary>
public enum ResumableRefusal
{
    /// <summary>The file is larger than a file may be.</summary>
    TooLarge,
    /// <summary>The user's files together would be more than is allowed.</summary>
    OverQuota,
    /// <summary>The disk has no room for it.</summary>
    NoRoom,
    /// <summary>The part does not begin where the last one ended.</summary>
    WrongOffset,
    /// <summary>The part goes over the file's end.</summary>
    TooLong,
    /// <summary>Another request writes this file.</summary>
    Busy,
}

/// <summary>Thrown when a part, or a new file, is not taken; what is there stays.</summary>
/// <param name="refusal">Why.</param>
/// <param name="reason">Why, in words.</param>
public sealed class ResumableUploadException(ResumableRefusal refusal, string reason) : Exception(reason)
{
    /// <summary>Why.</summary>
    public ResumableRefusal Refusal { get; } = refusal;
}

/// <summary>Files that come in parts and go on where they broke off, after a restart too (R3). Encrypted on disk as the user's cache is; a file's name is not kept, since names are given by those who
/// know the patient.</summary>
/// <param name="root">Folder of all users' files.</param>
/// <param name="key">The site's cache key.</param>
/// <param name="limits">Bounds.</param>
/// <param name="time">Clock.</param>
public sealed class ResumableUploads(string root, ReadOnlyMemory<byte> key, UploadLimits limits, TimeProvider time)
{
    // What is kept free for everything else.
    private const long Reserve = 1L << 30;
    private const int BufferLength = 1 << 17;

    private string FolderOf(long userId) => Path.Combine(root, userId.ToString(CultureInfo.InvariantCulture));

    /// <summary>A user's files, finished ones too, newest first.</summary>
    public IReadOnlyList<ResumableUpload> List(long userId) => Directory.Exists(FolderOf(userId))
        ? [.. Directory.EnumerateFiles(FolderOf(userId)).Select(Read).OfType<ResumableUpload>().OrderByDescending(u => u.Changed)] : [];

    /// <summary>A user's file; null if the user has none of this name.</summary>
    public ResumableUpload? Find(long userId, Guid id) => PathOf(userId, id) is { } path ? Read(path) : null;

    private string? PathOf(long userId, Guid id) =>
        Directory.Exists(FolderOf(userId)) ? Directory.EnumerateFiles(FolderOf(userId), $"{id:N}.*").FirstOrDefault() : null;

    // The name of a file on disk is its ID and the length that it will have.
    private ResumableUpload? Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || !Guid.TryParseExact(Path.GetFileNameWithoutExtension(path), "N", out var id)
            || !long.TryParse(file.Extension.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            return null;
        }

        var changed = new DateTimeOffset(file.LastWriteTimeUtc);
        return new ResumableUpload(id, length, Math.Max(0, file.Length - CacheFile.NonceLength), changed, changed + limits.PartsWait);
    }

    /// <summary>Begins a file.</summary>
    /// <exception cref="ResumableUploadException">It is too large, or there is no room for it.</exception>
    public ResumableUpload Create(long userId, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        if (length > limits.InParts)
        {
            throw new ResumableUploadException(ResumableRefusal.TooLarge, $"A file may have {limits.InParts} bytes at most.");
        }

        var others = List(userId);
        if (others.Count >= limits.InPartsAtATime || others.Sum(u => u.Length) + length > limits.InPartsOfUser)
        {
            throw new ResumableUploadException(
                ResumableRefusal.OverQuota, $"{others.Count} files that you began to send wait here already; together with this one they would be more than the {limits.InPartsAtATime} files or {limits.InPartsOfUser} bytes that are allowed. Finish or remove some.");
        }

        DurableFile.CreateFolder(FolderOf(userId));
        if (new DriveInfo(Path.GetFullPath(root)).AvailableFreeSpace - Reserve < length)
        {
            throw new ResumableUploadException(ResumableRefusal.NoRoom, "The server's disk has no room for a file of this size.");
        }

        var path = Path.Combine(FolderOf(userId), $"{Guid.NewGuid():N}.{length}");
        using (var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            RandomAccess.Write(handle, RandomNumberGenerator.GetBytes(CacheFile.NonceLength), 0);
            DurableFile.Flush(handle);
        }

        DurableFile.FlushFolder(FolderOf(userId));
        return Read(path)!;
    }

    /// <summary>Adds a part. What came of a part that breaks off is kept.</summary>
    /// <returns>The file as it is now; null if the user has none of this name.</returns>
    /// <exception cref="ResumableUploadException">The part does not fit, or another request writes the file.</exception>
    public async Task<ResumableUpload?> AppendAsync(long userId, Guid id, long offset, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (PathOf(userId, id) is not { } path || Read(path) is not { } upload)
        {
            return null;
        }

        using var handle = OpenAlone(path);
        var position = RandomAccess.GetLength(handle) - CacheFile.NonceLength;
        if (offset != position || CacheFile.KeyOf(key, handle) is not { } aes)
        {
            throw new ResumableUploadException(ResumableRefusal.WrongOffset, $"The part begins at byte {offset}; the file has {Math.Max(0, position)} bytes so far.");
        }

        using (aes)
        {
            try
            {
                await WriteAsync(handle, aes, content, position, upload.Length, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // Whoever asks later is told of nothing that a loss of power would take.
                DurableFile.Flush(handle);
            }
        }

        return Read(path);
    }

    private static SafeFileHandle OpenAlone(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, FileOptions.Asynchronous);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new ResumableUploadException(ResumableRefusal.Busy, "Another request is writing this file. Try again in a moment.");
        }
    }

    private static async Task WriteAsync(SafeFileHandle handle, Aes aes, Stream content, long position, long length, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferLength];
        int read;
        while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (position + read > length)
            {
                throw new ResumableUploadException(ResumableRefusal.TooLong, $"The part goes over the end of the file, which was to have {length} bytes.");
            }

            CounterMode.Apply(aes, buffer.AsSpan(0, read), position);
            await RandomAccess.WriteAsync(handle, buffer.AsMemory(0, read), CacheFile.NonceLength + position, CancellationToken.None).ConfigureAwait(false);
            position += read;
        }
    }

    /// <summary>Opens a file that is whole, as it was sent; null if the user has none of this name, or parts of it are missing.</summary>
    public Stream? OpenRead(long userId, Guid id) => PathOf(userId, id) is { } path && Read(path) is { IsComplete: true } ? CacheFile.OpenRead(path, key) : null;

    /// <summary>Removes a file.</summary>
    /// <returns>False if the user has none of this name.</returns>
    public bool Remove(long userId, Guid id)
    {
        if (PathOf(userId, id) is not { } path)
        {
            return false;
        }

        File.Delete(path);
        return true;
    }

    /// <summary>Removes what has waited too long, of all users.</summary>
    /// <returns>Files removed.</returns>
    public int RemoveExpired()
    {
        var now = time.GetUtcNow();
        var removed = 0;
        foreach (var path in Directory.Exists(root) ? Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).ToList() : [])
        {
            if (Read(path) is { } upload && upload.Expires < now)
            {
                File.Delete(path);
                removed++;
            }
        }

        return removed;
    }
}
