using System.Formats.Tar;
using System.IO.Compression;
using Vesalius.Dicom;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>Bounds of uploads.</summary>
public sealed record UploadLimits
{
    /// <summary>Members of one archive. Default 1,000,000.</summary>
    public int Members { get; init; } = 1_000_000;

    /// <summary>Bytes of one member. Default 16 GiB.</summary>
    public long Member { get; init; } = 16L << 30;

    /// <summary>Bytes of all members. Default 1 TiB.</summary>
    public long Total { get; init; } = 1L << 40;

    /// <summary>Unpacked bytes per packed byte, above 64 MiB. Default 200: real images stay under 20.</summary>
    public int Ratio { get; init; } = 200;
}

/// <summary>Thrown when an upload cannot be taken in.</summary>
/// <param name="reason">Why; names members by number, never by name, since names come from outside.</param>
public sealed class UploadRefusedException(string reason) : Exception(reason);

/// <summary>What became of an upload.</summary>
/// <param name="SessionIds">Prearchive sessions that it went to.</param>
/// <param name="Stored">Objects stored, repeated ones included.</param>
/// <param name="Skipped">Members that were no DICOM.</param>
/// <param name="Quarantined">Objects that the site script failed on.</param>
/// <param name="Rejected">Objects that the site script rejected.</param>
public sealed record UploadResult(IReadOnlyList<long> SessionIds, int Stored, int Skipped, int Quarantined, int Rejected);

/// <summary>Takes in zip, tar, gzipped tar and single files (R3).</summary>
public sealed class UploadImporter(ObjectIntake intake, UploadLimits limits)
{
    private sealed class Tally
    {
        public HashSet<long> Sessions { get; } = [];

        public int Members { get; set; }

        public int Stored { get; set; }

        public int Skipped { get; set; }

        public int Quarantined { get; set; }

        public int Rejected { get; set; }

        public long Bytes { get; set; }
    }

    /// <summary>Takes in a file that lies on disk.</summary>
    /// <param name="path">The upload as it came.</param>
    /// <param name="source">What was said with it.</param>
    /// <param name="skipUnparsable">Skip members that are no DICOM instead of refusing the upload.</param>
    /// <param name="spoolFolder">For large members.</param>
    /// <param name="cancellationToken">Cancels between members.</param>
    /// <exception cref="UploadRefusedException">It is no archive and no DICOM, or breaks a limit.</exception>
    public async Task<UploadResult> ImportAsync(string path, IntakeSource source, bool skipUnparsable, string spoolFolder, CancellationToken cancellationToken)
    {
        var tally = new Tally();
        var magic = new byte[512];
        using (var file = File.OpenRead(path))
        {
            await file.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            if (magic.AsSpan().StartsWith("PK\u0003\u0004"u8) || magic.AsSpan().StartsWith("PK\u0005\u0006"u8))
            {
                await ImportZipAsync(path, source, skipUnparsable, spoolFolder, tally, cancellationToken).ConfigureAwait(false);
            }
            else if (magic[0] == 0x1F && magic[1] == 0x8B)
            {
                await ImportGzipAsync(path, source, skipUnparsable, spoolFolder, tally, cancellationToken).ConfigureAwait(false);
            }
            else if (magic.AsSpan(257, 5).SequenceEqual("ustar"u8))
            {
                using var tar = File.OpenRead(path);
                await ImportTarAsync(tar, new FileInfo(path).Length, source, skipUnparsable, spoolFolder, tally, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await ImportFileAsync(path, source, skipUnparsable: false, tally, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (InvalidDataException)
        {
            throw new UploadRefusedException("The archive is damaged.");
        }

        if (tally.Stored + tally.Quarantined + tally.Rejected == 0)
        {
            throw new UploadRefusedException("The upload holds no DICOM object.");
        }

        return new UploadResult([.. tally.Sessions.Order()], tally.Stored, tally.Skipped, tally.Quarantined, tally.Rejected);
    }

    private async Task ImportZipAsync(string path, IntakeSource source, bool skip, string spool, Tally tally, CancellationToken cancellationToken)
    {
        using var zip = ZipFile.OpenRead(path);
        if (zip.Entries.Count > limits.Members)
        {
            throw new UploadRefusedException($"The archive has more than {limits.Members} members.");
        }

        var packed = new FileInfo(path).Length;
        foreach (var entry in zip.Entries)
        {
            if (!entry.FullName.EndsWith('/'))
            {
                using var content = entry.Open();
                await ImportMemberAsync(content, packed, source, skip, spool, tally, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task ImportGzipAsync(string path, IntakeSource source, bool skip, string spool, Tally tally, CancellationToken cancellationToken)
    {
        var packed = new FileInfo(path).Length;
        var magic = new byte[512];
        using (var probe = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
        {
            await probe.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }

        using var content = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        if (magic.AsSpan(257, 5).SequenceEqual("ustar"u8))
        {
            await ImportTarAsync(content, packed, source, skip, spool, tally, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await ImportMemberAsync(content, packed, source, skip: false, spool, tally, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ImportTarAsync(Stream stream, long packed, IntakeSource source, bool skip, string spool, Tally tally, CancellationToken cancellationToken)
    {
        using var tar = new TarReader(stream, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
        {
            // Links and devices are nothing that we would follow.
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && entry.DataStream is { } content)
            {
                await ImportMemberAsync(content, packed, source, skip, spool, tally, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Members never become files under their own names; a temporary one has a name of ours.
    private async Task ImportMemberAsync(Stream content, long packed, IntakeSource source, bool skip, string spool, Tally tally, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (++tally.Members > limits.Members)
        {
            throw new UploadRefusedException($"The archive has more than {limits.Members} members.");
        }

        Directory.CreateDirectory(spool);
        var memory = new MemoryStream();
        var path = Path.Combine(spool, $"{Guid.NewGuid():N}.member");
        try
        {
            FileStream? file = null;
            try
            {
                var buffer = new byte[1 << 17];
                long length = 0;
                int read;
                while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
                {
                    length += read;
                    tally.Bytes += read;
                    CheckSize(length, tally.Bytes, packed);
                    if (file is null && length > 64 << 20)
                    {
                        file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite);
                        memory.WriteTo(file);
                        memory.SetLength(0);
                    }

                    await ((Stream?)file ?? memory).WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                if (file is not null)
                {
                    await file.DisposeAsync().ConfigureAwait(false);
                }
            }

            if (file is not null)
            {
                await ImportFileAsync(path, source, skip, tally, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await ImportAsync(() => Task.FromResult(Part10File.Read(memory.ToArray())), source, skip, tally, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private void CheckSize(long member, long total, long packed)
    {
        if (member > limits.Member || total > limits.Total || (total > 64L << 20 && total / Math.Max(1, packed) > limits.Ratio))
        {
            throw new UploadRefusedException("The archive unpacks to more than is allowed.");
        }
    }

    private Task ImportFileAsync(string path, IntakeSource source, bool skipUnparsable, Tally tally, CancellationToken cancellationToken) =>
        ImportAsync(() => Part10File.OpenAsync(path, cancellationToken: cancellationToken), source, skipUnparsable, tally, cancellationToken);

    private async Task ImportAsync(Func<Task<Part10File>> read, IntakeSource source, bool skipUnparsable, Tally tally, CancellationToken cancellationToken)
    {
        try
        {
            var file = await read().ConfigureAwait(false);
            if (IsDirectory(file))
            {
                tally.Skipped++;
                return;
            }

            var result = await intake.TakeAsync(file.DataSet, file.TransferSyntax, source, cancellationToken).ConfigureAwait(false);
            Count(tally, result);
        }
        catch (MalformedDicomException e)
        {
            if (!skipUnparsable)
            {
                throw new UploadRefusedException($"Member {Math.Max(1, tally.Members)} cannot be read: {e.Message}");
            }

            tally.Skipped++;
        }
    }

    // DICOMDIR is a table of contents and no object.
    private static bool IsDirectory(Part10File file) => file.FileMeta?.GetString(Tag.MediaStorageSOPClassUID) == "1.2.840.10008.1.3.10";

    private static void Count(Tally tally, IntakeResult result)
    {
        if (result.SessionId is { } id)
        {
            tally.Sessions.Add(id);
        }

        switch (result.Outcome)
        {
            case IntakeOutcome.Quarantined:
                tally.Quarantined++;
                break;
            case IntakeOutcome.Rejected:
                tally.Rejected++;
                break;
            default:
                tally.Stored++;
                break;
        }
    }
}
