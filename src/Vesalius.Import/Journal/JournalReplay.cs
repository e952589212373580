using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.Import.Journal;

/// <summary>After an abrupt end: writes the files and rows of objects that were acknowledged and not finished.</summary>
internal sealed class JournalReplay(string folder, string unrecorded, PrearchiveStore store, VesaliusDatabase database, ILogger logger)
{
    private sealed record Place(string Path, long Offset, long Sequence, int FileLength);

    /// <summary>Carries out every record behind the last one that the database knows of.</summary>
    /// <returns>How many were carried out, and the highest number in use.</returns>
    public async Task<(int Applied, long Last)> RunAsync(CancellationToken cancellationToken)
    {
        var through = await JournalRows.ThroughAsync(database, cancellationToken).ConfigureAwait(false);
        var places = Directory.EnumerateFiles(folder, "*.journal").SelectMany(Scan).Where(p => p.Sequence > through).OrderBy(p => p.Sequence).ToList();
        foreach (var place in places)
        {
            await ApplyAsync(place, cancellationToken).ConfigureAwait(false);
        }

        return (places.Count, places.Count > 0 ? places[^1].Sequence : through);
    }

    // Reading ends at what is not a whole record or is older than the one before it: the rest is of an earlier round.
    private static IEnumerable<Place> Scan(string path)
    {
        using var handle = File.OpenHandle(path);
        var length = RandomAccess.GetLength(handle);
        var header = new byte[JournalRecord.FileStart];
        long offset = 0, before = 0;
        while (RandomAccess.Read(handle, header, offset) == header.Length
            && JournalRecord.ReadHeader(header) is { } found && found.Sequence > before && offset + JournalRecord.LengthOf(found.FileLength) <= length
            && JournalRecord.IsWhole(header, ReadFile(handle, offset, found.FileLength)))
        {
            yield return new Place(path, offset, found.Sequence, found.FileLength);
            before = found.Sequence;
            offset += JournalRecord.LengthOf(found.FileLength);
        }
    }

    private static byte[] ReadFile(SafeFileHandle handle, long offset, int length)
    {
        var file = new byte[length];
        var read = 0;
        while (read < length && RandomAccess.Read(handle, file.AsSpan(read), offset + JournalRecord.FileStart + read) is > 0 and var more)
        {
            read += more;
        }

        return file;
    }

    private async Task ApplyAsync(Place place, CancellationToken cancellationToken)
    {
        using var handle = File.OpenHandle(place.Path);
        var header = new byte[JournalRecord.FileStart];
        _ = RandomAccess.Read(handle, header, place.Offset);
        var (item, sessionFolder) = JournalRecord.ReadRow(header);
        var file = ReadFile(handle, place.Offset, place.FileLength);
        var row = item with { Sha256 = Convert.ToHexStringLower(SHA256.HashData(file)) };
        var session = await store.FindAsync(row.SessionId, cancellationToken).ConfigureAwait(false);
        var present = await JournalRows.HashOfAsync(database, row, cancellationToken).ConfigureAwait(false);
        var belongs = present is null && session is not null && store.FolderOf(session) == sessionFolder;
        if (belongs)
        {
            await WriteAsync(Path.Combine(sessionFolder, row.Path), file).ConfigureAwait(false);
        }
        else if (present != row.Sha256)
        {
            // Its session is gone, or has the instance with other bytes by now.
            await WriteAsync(AsidePath(), file).ConfigureAwait(false);
            ImportLog.Homeless(logger, place.Sequence);
        }

        await JournalRows.RecordAsync(
            database, belongs ? [row] : [], place.Sequence,
            _ =>
            {
                File.Move(Path.Combine(sessionFolder, row.Path), AsidePath(), overwrite: true);
                ImportLog.Homeless(logger, place.Sequence);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private string AsidePath()
    {
        DurableFile.CreateFolder(unrecorded);
        return Path.Combine(unrecorded, $"{Guid.NewGuid():N}.dcm");
    }

    private static async Task WriteAsync(string path, byte[] file)
    {
        DurableFile.CreateFolder(Path.GetDirectoryName(path)!);
        await ObjectFile.WriteWholeAsync(path, Dicom.EncodedDataSet.Of(file)).ConfigureAwait(false);
    }
}
