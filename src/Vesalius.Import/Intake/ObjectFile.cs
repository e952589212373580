using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Vesalius.Archive.Storage;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>Writes the files of objects so that they survive a loss of power.</summary>
internal static class ObjectFile
{
    private const int Chunk = 1 << 20;

    /// <summary>Writes and flushes a new file and its folder's entry. A file that could not be written whole is removed.</summary>
    /// <returns>SHA-256 in hexadecimal.</returns>
    public static async Task<string> WriteAsync(string path, EncodedDataSet encoded)
    {
        // Hashing goes on beside writing and flushing.
        var hashing = Task.Run(() => HashAsync(encoded));
        await WriteNewAsync(path, encoded.Length, async handle =>
        {
            long position = 0;
            await ForEachAsync(encoded, async part =>
            {
                await RandomAccess.WriteAsync(handle, part, position).ConfigureAwait(false);
                position += part.Length;
            }).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return await hashing.ConfigureAwait(false);
    }

    /// <summary>Writes a file under another name until it is whole: whoever sees the file may take it for safe.</summary>
    public static Task WriteWholeAsync(string path, EncodedDataSet encoded) => WriteWholeAsync(path, async partial => await WriteAsync(partial, encoded).ConfigureAwait(false));

    /// <summary>Writes a file under another name until it is whole.</summary>
    public static Task WriteWholeAsync(string path, ReadOnlyMemory<byte> bytes) =>
        WriteWholeAsync(path, partial => WriteNewAsync(partial, bytes.Length, handle => RandomAccess.WriteAsync(handle, bytes, 0).AsTask()));

    private static async Task WriteWholeAsync(string path, Func<string, Task> write)
    {
        var partial = $"{path}.{Guid.NewGuid():N}.partial";
        await write(partial).ConfigureAwait(false);
        File.Move(partial, path, overwrite: true);
        DurableFile.FlushFolder(Path.GetDirectoryName(path)!);
    }

    private static async Task WriteNewAsync(string path, long length, Func<SafeFileHandle, Task> write)
    {
        using (var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, FileOptions.Asynchronous, length))
        {
            try
            {
                await write(handle).ConfigureAwait(false);
                DurableFile.Flush(handle);
            }
            catch
            {
                Remove(path);
                throw;
            }
        }

        DurableFile.FlushFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>SHA-256 in hexadecimal.</summary>
    public static async Task<string> HashAsync(EncodedDataSet encoded)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await ForEachAsync(encoded, part =>
        {
            sha256.AppendData(part.Span);
            return Task.CompletedTask;
        }).ConfigureAwait(false);
        return Convert.ToHexStringLower(sha256.GetHashAndReset());
    }

    private static async Task ForEachAsync(EncodedDataSet encoded, Func<ReadOnlyMemory<byte>, Task> take)
    {
        byte[]? buffer = null;
        foreach (var segment in encoded.Segments)
        {
            if (segment.Bulk is null)
            {
                await take(segment.Memory).ConfigureAwait(false);
                continue;
            }

            buffer ??= new byte[Chunk];
            var stream = segment.Bulk.OpenRead();
            await using (stream.ConfigureAwait(false))
            {
                int read;
                while ((read = await stream.ReadAsync(buffer).ConfigureAwait(false)) > 0)
                {
                    await take(buffer.AsMemory(0, read)).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>Removes a file, if its folder is still there.</summary>
    public static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (IOException)
        {
            // The folder is gone with its session; at the latest the next start takes out what has no row.
        }
    }
}
