using System.Formats.Tar;
using System.IO.Compression;

namespace Vesalius.Archive.Downloads;

/// <summary>Streams a download as tar, gzipped tar, or a zip with compressed members.</summary>
public static class CompressedDownload
{
    private const int Buffer = 1 << 18;

    /// <summary>Writes a zip with compressed members.</summary>
    /// <param name="output">Target; written to synchronously now and then.</param>
    /// <param name="entries">Members in order.</param>
    /// <param name="level">1 to 9, as zlib counts.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task WriteZipAsync(Stream output, IReadOnlyList<DownloadEntry> entries, int level, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var compression = level >= 9 ? CompressionLevel.SmallestSize : level >= 4 ? CompressionLevel.Optimal : CompressionLevel.Fastest;
        var zip = await ZipArchive.CreateAsync(output, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken).ConfigureAwait(false);
        await using (zip.ConfigureAwait(false))
        {
            foreach (var entry in entries)
            {
                var member = zip.CreateEntry(entry.Name, compression);
                member.LastWriteTime = new DateTimeOffset(entry.Modified.Year is >= 1980 and <= 2107 ? entry.Modified : new DateTime(1980, 1, 1), TimeSpan.Zero);
                var target = await member.OpenAsync(cancellationToken).ConfigureAwait(false);
                await using (target.ConfigureAwait(false))
                {
                    var source = OpenRead(entry);
                    await using (source.ConfigureAwait(false))
                    {
                        await source.CopyToAsync(target, Buffer, cancellationToken).ConfigureAwait(false);
                    }
                }
            }
        }
    }

    /// <summary>Writes a tar (POSIX.1-2001), gzipped if <paramref name="level"/> is not null.</summary>
    public static async Task WriteTarAsync(Stream output, IReadOnlyList<DownloadEntry> entries, int? level, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var target = level is null ? output : new GZipStream(output, level >= 9 ? CompressionLevel.SmallestSize : level >= 4 ? CompressionLevel.Optimal : CompressionLevel.Fastest, leaveOpen: true);
        var tar = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        await using (tar.ConfigureAwait(false))
        {
            foreach (var entry in entries)
            {
                var source = OpenRead(entry);
                await using (source.ConfigureAwait(false))
                {
                    // Nothing of the server's own users and modes goes out.
                    var member = new PaxTarEntry(TarEntryType.RegularFile, entry.Name)
                    {
                        DataStream = source, Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                        ModificationTime = new DateTimeOffset(DateTime.SpecifyKind(entry.Modified, DateTimeKind.Utc)),
                    };
                    await tar.WriteEntryAsync(member, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        if (level is not null)
        {
            await target.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static Stream OpenRead(DownloadEntry entry)
    {
        if (entry.Path is null)
        {
            return new MemoryStream(entry.Content.ToArray(), writable: false);
        }

        try
        {
            return new FileStream(entry.Path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ChangedWhileReadException();
        }
    }
}
