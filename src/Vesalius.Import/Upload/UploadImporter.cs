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

    /// <summary>Bytes of one file that is sent in parts. Default 256 GiB.</summary>
    public long InParts { get; init; } = 256L << 30;

    /// <summary>Bytes that the files which one user sends in parts may have together. Default 512 GiB.</summary>
    public long InPartsOfUser { get; init; } = 512L << 30;

    /// <summary>Files that one user may send in parts at a time. Default 200.</summary>
    public int InPartsAtATime { get; init; } = 200;

    /// <summary>How long what was sent in parts waits for more, or to be imported. Default 7 days.</summary>
    public TimeSpan PartsWait { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long a file in a user's cache waits to be imported or moved. Default 30 days.</summary>
    public TimeSpan CacheWait { get; init; } = TimeSpan.FromDays(30);
}

/// <summary>Thrown when an upload cannot be taken in.</summary>
/// <param name="reason">Why; names members by number, never by name, since names come from outside.</param>
/// <param name="taken">What was taken in before that was found; null if nothing was.</param>
public sealed class UploadRefusedException(string reason, UploadResult? taken = null) : Exception(reason)
{
    /// <summary>What was taken in before the reason was found; null if nothing was.</summary>
    public UploadResult? Taken => taken;
}

/// <summary>What became of an upload.</summary>
/// <param name="SessionIds">Prearchive sessions that it went to.</param>
/// <param name="Stored">Objects stored, repeated ones included.</param>
/// <param name="Skipped">Members that were no DICOM.</param>
/// <param name="Quarantined">Objects that the site script failed on.</param>
/// <param name="Rejected">Objects that the site script rejected.</param>
/// <param name="Refused">Objects that were not wanted: filtered, or of patients who opted out.</param>
public sealed record UploadResult(IReadOnlyList<long> SessionIds, int Stored, int Skipped, int Quarantined, int Rejected, int Refused = 0);

/// <summary>Takes in zip, tar, gzipped tar and single files (R3).</summary>
public sealed class UploadImporter(ObjectIntake intake, UploadLimits limits, IntakeLimits intakeLimits, MemoryBudget budget)
{
    private readonly ObjectReader _reader = new(intakeLimits, budget);

    private sealed class Tally
    {
        public HashSet<long> Sessions { get; } = [];

        public int Members { get; set; }

        public int Stored { get; set; }

        public int Skipped { get; set; }

        public int Quarantined { get; set; }

        public int Rejected { get; set; }

        public int Refused { get; set; }

        public long Bytes { get; set; }

        public long Packed { get; init; }

        public UploadResult? Taken => Stored + Quarantined + Rejected + Refused == 0 ? null : new UploadResult([.. Sessions.Order()], Stored, Skipped, Quarantined, Rejected, Refused);
    }

    /// <summary>Takes in an upload.</summary>
    /// <param name="upload">The upload as it came; can seek.</param>
    /// <param name="source">What was said with it.</param>
    /// <param name="skipUnparsable">Skip members that are no DICOM instead of refusing the upload.</param>
    /// <param name="spoolFolder">For pixel data of large members.</param>
    /// <param name="cancellationToken">Cancels between members.</param>
    /// <param name="keepName">Members keep their names, and a single object this one; null names them by the site's rule.
    /// Names are given by those who know the patient: do not keep them where de-identification is wanted.</param>
    /// <exception cref="UploadRefusedException">It is no archive and no DICOM, or breaks a limit.</exception>
    public async Task<UploadResult> ImportAsync(Stream upload, IntakeSource source, bool skipUnparsable, string spoolFolder, CancellationToken cancellationToken, string? keepName = null)
    {
        ArgumentNullException.ThrowIfNull(upload);
        ArgumentNullException.ThrowIfNull(source);
        var tally = new Tally { Packed = upload.Length };
        var run = new Run(source, skipUnparsable, spoolFolder, tally, keepName is not null);
        try
        {
            switch (await KindOfAsync(upload, cancellationToken).ConfigureAwait(false))
            {
                case Kind.Zip:
                    await ImportZipAsync(upload, run, cancellationToken).ConfigureAwait(false);
                    break;
                case Kind.Gzip:
                    await ImportGzipAsync(upload, run, cancellationToken).ConfigureAwait(false);
                    break;
                case Kind.Tar:
                    await ImportTarAsync(upload, run, cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    await ImportMemberAsync(upload, (run with { SkipUnparsable = false }).Of(keepName), cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
        catch (InvalidDataException)
        {
            throw new UploadRefusedException("The archive is damaged.", tally.Taken);
        }
        catch (UploadRefusedException e)
        {
            throw new UploadRefusedException(e.Message, tally.Taken);
        }

        return tally.Taken ?? throw new UploadRefusedException("The upload holds no DICOM object.");
    }

    private enum Kind
    {
        Other,
        Zip,
        Gzip,
        Tar,
    }

    private sealed record Run(IntakeSource Source, bool SkipUnparsable, string SpoolFolder, Tally Tally, bool KeepsNames)
    {
        public Run Of(string? name) => KeepsNames && name is not null ? this with { Source = Source with { FileName = Safe(name) } } : this;

        private static string Safe(string name)
        {
            var last = name.Replace('\\', '/').Split('/')[^1];
            var safe = new string([.. last.Take(120).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '_')]).TrimStart('.');
            return safe.Length > 0 ? safe : "object";
        }
    }

    private static async Task<Kind> KindOfAsync(Stream stream, CancellationToken cancellationToken)
    {
        var magic = new byte[512];
        await stream.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (stream.CanSeek)
        {
            stream.Position = 0;
        }

        return magic.AsSpan().StartsWith("PK\u0003\u0004"u8) || magic.AsSpan().StartsWith("PK\u0005\u0006"u8) ? Kind.Zip
            : magic[0] == 0x1F && magic[1] == 0x8B ? Kind.Gzip
            : magic.AsSpan(257, 5).SequenceEqual("ustar"u8) ? Kind.Tar
            : Kind.Other;
    }

    private async Task ImportZipAsync(Stream upload, Run run, CancellationToken cancellationToken)
    {
        using var zip = new ZipArchive(upload, ZipArchiveMode.Read, leaveOpen: true);
        if (zip.Entries.Count > limits.Members)
        {
            throw new UploadRefusedException($"The archive has more than {limits.Members} members.");
        }

        foreach (var entry in zip.Entries)
        {
            if (!entry.FullName.EndsWith('/'))
            {
                using var content = entry.Open();
                await ImportMemberAsync(content, run.Of(entry.FullName), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task ImportGzipAsync(Stream upload, Run run, CancellationToken cancellationToken)
    {
        Kind inside;
        using (var probe = new GZipStream(upload, CompressionMode.Decompress, leaveOpen: true))
        {
            inside = await KindOfAsync(probe, cancellationToken).ConfigureAwait(false);
        }

        upload.Position = 0;
        using var content = new GZipStream(upload, CompressionMode.Decompress, leaveOpen: true);
        if (inside == Kind.Tar)
        {
            await ImportTarAsync(content, run, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await ImportMemberAsync(content, run with { SkipUnparsable = false }, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ImportTarAsync(Stream stream, Run run, CancellationToken cancellationToken)
    {
        using var tar = new TarReader(stream, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
        {
            // Links and devices are nothing that we would follow.
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && entry.DataStream is { } content)
            {
                await ImportMemberAsync(content, run.Of(entry.Name), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Reads one object and hands it over, as members of uploads are read.</summary>
    /// <param name="content">The object as a Part 10 file; need not be able to seek.</param>
    /// <param name="spoolFolder">For pixel data of large objects.</param>
    /// <param name="take">Is given the data set and its transfer syntax; their bytes stay until it returns.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="UploadRefusedException">It cannot be read, or breaks a limit.</exception>
    public Task ReadObjectAsync(Stream content, string spoolFolder, Func<DataSet, TransferSyntax, Task> take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(take);
        // What comes alone is not packed.
        var run = new Run(new IntakeSource { Door = "upload" }, false, spoolFolder, new Tally { Packed = long.MaxValue }, KeepsNames: false);
        return ImportMemberAsync(content, run, (dataSet, syntax, _) => take(dataSet, syntax), cancellationToken);
    }

    private Task ImportMemberAsync(Stream content, Run run, CancellationToken cancellationToken) =>
        ImportMemberAsync(content, run, (dataSet, syntax, mediaClass) => TakeAsync(dataSet, syntax, mediaClass, run, cancellationToken), cancellationToken);

    private async Task ImportMemberAsync(Stream content, Run run, Func<DataSet, TransferSyntax, string?, Task> take, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (++run.Tally.Members > limits.Members)
        {
            throw new UploadRefusedException($"The archive has more than {limits.Members} members.");
        }

        try
        {
            long length = 0;
            using var read = await _reader.ReadAsync(
                content, run.SpoolFolder,
                count =>
                {
                    length += count;
                    run.Tally.Bytes += count;
                    CheckSize(length, run.Tally.Bytes, run.Tally.Packed);
                },
                cancellationToken).ConfigureAwait(false);
            await take(read.DataSet, read.TransferSyntax, read.File?.FileMeta?.GetString(Tag.MediaStorageSOPClassUID)).ConfigureAwait(false);
        }
        catch (MalformedDicomException e)
        {
            if (!run.SkipUnparsable)
            {
                throw new UploadRefusedException($"Member {run.Tally.Members} cannot be read: {e.Message}");
            }

            run.Tally.Skipped++;
        }
    }

    private async Task TakeAsync(DataSet dataSet, TransferSyntax syntax, string? mediaClass, Run run, CancellationToken cancellationToken)
    {
        // DICOMDIR is a table of contents and no object.
        if (mediaClass == "1.2.840.10008.1.3.10")
        {
            run.Tally.Skipped++;
            return;
        }

        Count(run.Tally, await intake.TakeAsync(dataSet, syntax, run.Source, cancellationToken).ConfigureAwait(false));
    }

    private void CheckSize(long member, long total, long packed)
    {
        if (member > limits.Member || total > limits.Total || (total > 64L << 20 && total / Math.Max(1, packed) > limits.Ratio))
        {
            throw new UploadRefusedException("The archive unpacks to more than is allowed.");
        }
    }

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
            case IntakeOutcome.Filtered or IntakeOutcome.OptedOut:
                tally.Refused++;
                break;
            default:
                tally.Stored++;
                break;
        }
    }
}
