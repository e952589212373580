using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Vesalius.Anonymisation;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Dicom;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>The one door into the server: identify, de-identify, write, flush, record. Whatever brings an object calls it.</summary>
public sealed class ObjectIntake(
    ObjectIdentifier identifier, IRequestedStudies requests, ScriptLibrary scripts, QuarantineStore quarantine, PrearchiveStore store, SessionGates gates, RowWriter rows,
    VesaliusDatabase database, ReadOnlyMemory<byte> siteKey, TimeProvider time, ILogger<ObjectIntake> logger, ArrivalRules wanted)
{
    private static readonly Meter Meter = new("Vesalius.Import");
    private static readonly Counter<long> Objects = Meter.CreateCounter<long>("vesalius.import.objects");
    private readonly OpenSessions _sessions = new(database, store, time);

    /// <summary>Takes in an object. When this returns, what it says is durable.</summary>
    /// <param name="dataSet">The object as it came; edited by the site script. Its bytes must stay unchanged until this returns.</param>
    /// <param name="transferSyntax">How it is encoded.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="cancellationToken">Cancels, until the object begins to be written.</param>
    /// <exception cref="MalformedDicomException">It lacks what identifies an object.</exception>
    public async Task<IntakeResult> TakeAsync(DataSet dataSet, TransferSyntax transferSyntax, IntakeSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(source);
        Require(dataSet, Tag.SOPClassUID);
        Require(dataSet, Tag.SOPInstanceUID);
        Require(dataSet, Tag.StudyInstanceUID);
        Require(dataSet, Tag.SeriesInstanceUID);
        var (series, instance) = (dataSet.GetString(Tag.SeriesInstanceUID)!, dataSet.GetString(Tag.SOPInstanceUID)!);
        var request = await requests.FindAsync(dataSet, source, cancellationToken).ConfigureAwait(false);
        // Opt-outs are looked up by the patient as he came; a request may give him another name.
        var result = await wanted.RefuseOptedOutAsync(dataSet, () => identifier.IdentifyAsync(dataSet, source, cancellationToken), source, cancellationToken).ConfigureAwait(false) is { } refused
            ? Refused(refused)
            : request is null ? await TakeIdentifiedAsync(dataSet, transferSyntax, source, cancellationToken).ConfigureAwait(false)
            : await TakeRequestedAsync(dataSet, transferSyntax, request, source, cancellationToken).ConfigureAwait(false);
        if (request is not null)
        {
            await request.ArrivedAsync(series, instance, result, CancellationToken.None).ConfigureAwait(false);
        }

        return result;
    }

    private static IntakeResult Refused(IntakeOutcome outcome)
    {
        Count(outcome);
        return new IntakeResult(outcome, null);
    }

    // Relabelled in memory, before anything of it is written. What cannot be relabelled is not let through.
    private async Task<IntakeResult> TakeRequestedAsync(
        DataSet dataSet, TransferSyntax transferSyntax, RequestedStudy request, IntakeSource source, CancellationToken cancellationToken)
    {
        var meta = Part10Writer.MakeFileMeta(dataSet.GetString(Tag.SOPClassUID)!, dataSet.GetString(Tag.SOPInstanceUID)!, transferSyntax.Uid);
        var original = Part10Writer.Encode(meta, dataSet, transferSyntax);
        GivenLabels? labels;
        try
        {
            labels = request.Relabel(dataSet, cancellationToken);
        }
        catch (ScriptRunException e)
        {
            await QuarantineAsync(original, new Identity(null, "Unknown", "Unknown", null, 0), 0, e, source, cancellationToken).ConfigureAwait(false);
            return new IntakeResult(IntakeOutcome.Quarantined, null);
        }

        if (labels is null)
        {
            return Refused(IntakeOutcome.Rejected);
        }

        return await TakeIdentifiedAsync(dataSet, transferSyntax, source with { Given = labels, PreventAutoCommit = true }, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IntakeResult> TakeIdentifiedAsync(DataSet dataSet, TransferSyntax transferSyntax, IntakeSource source, CancellationToken cancellationToken)
    {
        var identity = await identifier.IdentifyAsync(dataSet, source, cancellationToken).ConfigureAwait(false);
        if (await wanted.RefuseFilteredAsync(dataSet, identity, source, cancellationToken).ConfigureAwait(false) is { } refused)
        {
            return Refused(refused);
        }

        var meta = Part10Writer.MakeFileMeta(dataSet.GetString(Tag.SOPClassUID)!, dataSet.GetString(Tag.SOPInstanceUID)!, transferSyntax.Uid);
        var script = source.PreventAnonymisation ? null : await scripts.ActiveSiteAsync(cancellationToken).ConfigureAwait(false);
        if (script is not null)
        {
            // The script edits in place; should it fail, the object is kept as it came.
            var original = Part10Writer.Encode(meta, dataSet, transferSyntax);
            try
            {
                var result = Deidentification.Apply(script, dataSet, Context(identity, dataSet, meta, transferSyntax), cancellationToken);
                if (result.Outcome == ScriptOutcome.Rejected)
                {
                    return Refused(IntakeOutcome.Rejected);
                }

                transferSyntax = result.PixelsAltered ? TransferSyntax.ExplicitVRLittleEndian : transferSyntax;
            }
            catch (ScriptRunException e)
            {
                await QuarantineAsync(original, identity, script.Number, e, source, cancellationToken).ConfigureAwait(false);
                return new IntakeResult(IntakeOutcome.Quarantined, null);
            }
        }

        var encoded = Part10Writer.Encode(meta, dataSet, transferSyntax);
        while (true)
        {
            if (await StoreAsync(dataSet, encoded, identity, source, cancellationToken).ConfigureAwait(false) is { } stored)
            {
                Count(stored.Outcome);
                return stored;
            }

            // The session was archived or removed meanwhile: a new one is opened.
            _sessions.Forget(identity, dataSet.GetString(Tag.StudyInstanceUID)!, source);
        }
    }

    private static void Count(IntakeOutcome outcome) => Objects.Add(1, new KeyValuePair<string, object?>("outcome", outcome.ToString()));

    private static void Require(DataSet dataSet, Tag tag)
    {
        if (string.IsNullOrWhiteSpace(dataSet.GetString(tag)))
        {
            throw new MalformedDicomException(MalformedReason.InvalidValue, 0, tag, "PS3.3 §C.12.1");
        }
    }

    private ScriptContext Context(Identity identity, DataSet dataSet, DataSet meta, TransferSyntax syntax) => new()
    {
        Variables = new Dictionary<string, string>
        {
            ["project"] = identity.ProjectId ?? "Unassigned", ["subject"] = identity.Subject, ["session"] = identity.Session,
            ["study"] = dataSet.GetString(Tag.StudyInstanceUID)!,
        },
        FileMeta = meta,
        TransferSyntaxUid = syntax.Uid,
        SiteKey = siteKey,
    };

    private async Task QuarantineAsync(
        EncodedDataSet original, Identity identity, long scriptNumber, ScriptRunException error, IntakeSource source, CancellationToken cancellationToken)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        foreach (var segment in original.Segments)
        {
            // Large pixel data is not needed to see why a script failed, but nothing acknowledged may be lost.
            parts.Add(segment.Bulk is null ? segment.Memory : await ReadAsync(segment.Bulk, cancellationToken).ConfigureAwait(false));
        }

        await quarantine.KeepAsync(parts, identity.ProjectId, "site", scriptNumber, error, error.Reason, source.Door, cancellationToken).ConfigureAwait(false);
        ImportLog.Quarantined(logger, error.Position.Line, error.Position.Column);
        Count(IntakeOutcome.Quarantined);
    }

    private static async Task<byte[]> ReadAsync(IBulkData bulk, CancellationToken cancellationToken)
    {
        var bytes = new byte[checked((int)bulk.Length)];
        var stream = bulk.OpenRead();
        await using (stream.ConfigureAwait(false))
        {
            await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
        }

        return bytes;
    }

    // Null if the session is no longer open.
    private async Task<IntakeResult?> StoreAsync(DataSet dataSet, EncodedDataSet encoded, Identity identity, IntakeSource source, CancellationToken cancellationToken)
    {
        var open = await _sessions.FindAsync(identity, dataSet.GetString(Tag.StudyInstanceUID)!, source).ConfigureAwait(false);
        using var inside = await gates.EnterAsync(open.Session.Id, cancellationToken).ConfigureAwait(false);
        var instance = dataSet.GetString(Tag.SOPInstanceUID)!;
        var claim = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var holder = open.Instances.GetOrAdd(instance, claim.Task);
        if (!ReferenceEquals(holder, claim.Task))
        {
            return await StoreAgainAsync(open, instance, holder, encoded).ConfigureAwait(false);
        }

        var row = Row(dataSet, open, source);
        var path = Path.Combine(open.Folder, row.Path);
        if (File.Exists(path))
        {
            // What another attempt left whose outcome nobody knows: it may have a row, so it is not touched.
            row = row with { FileName = $"{Path.GetFileNameWithoutExtension(row.FileName)}-{Guid.NewGuid():N}{Path.GetExtension(row.FileName)}" };
            path = Path.Combine(open.Folder, row.Path);
        }

        try
        {
            open.EnsureFolder(Path.GetDirectoryName(path)!);
            var hash = await WriteAsync(path, encoded).ConfigureAwait(false);
            if (!await rows.WriteAsync(row with { Size = encoded.Length, Sha256 = hash }, CancellationToken.None).ConfigureAwait(false))
            {
                throw new SessionGoneException();
            }

            claim.SetResult(hash);
            return new IntakeResult(IntakeOutcome.Stored, open.Session.Id);
        }
        catch (Exception e)
        {
            open.Instances.TryRemove(instance, out _);
            claim.TrySetCanceled(CancellationToken.None);
            if (e is SessionGoneException or DirectoryNotFoundException)
            {
                // The session was deleted or archived, and its folder with it, after it was looked up.
                Remove(path);
                return null;
            }

            // The file stays if only the answer to the commit was lost, which may have happened; if it has not, the next start takes it out.

            // What this session is thought to hold may no longer be true.
            _sessions.Forget(identity, dataSet.GetString(Tag.StudyInstanceUID)!, source);
            throw;
        }
    }

    private sealed class SessionGoneException : Exception;

    private static void Remove(string path)
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

    private static PrearchiveObject Row(DataSet dataSet, OpenSession open, IntakeSource source)
    {
        var series = dataSet.GetString(Tag.SeriesInstanceUID)!;
        var sopClass = dataSet.GetString(Tag.SOPClassUID)!;
        var number = dataSet.GetInteger(Tag.InstanceNumber);
        return new PrearchiveObject(
            open.Session.Id, dataSet.GetString(Tag.SOPInstanceUID)!, sopClass, series,
            open.ScanOf(series, dataSet.GetString(Tag.SeriesNumber), dataSet.GetString(Tag.Modality) ?? ""), DataTypes.ResourceOf(sopClass),
            source.FileName ?? FileNaming.Name(dataSet), number is > int.MinValue and < int.MaxValue ? (int)number : null, 0, "");
    }

    // Hashing goes on beside writing and flushing; both have to end before the row is written.
    private static async Task<string> WriteAsync(string path, EncodedDataSet encoded)
    {
        var hashing = Task.Run(() => HashAsync(encoded));
        using (var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, FileOptions.Asynchronous, encoded.Length))
        {
            try
            {
                long position = 0;
                foreach (var segment in encoded.Segments)
                {
                    position = segment.Bulk is null
                        ? await WriteAsync(handle, segment.Memory, position).ConfigureAwait(false)
                        : await CopyAsync(handle, segment.Bulk, position).ConfigureAwait(false);
                }

                DurableFile.Flush(handle);
            }
            catch
            {
                Remove(path);
                throw;
            }
        }

        DurableFile.FlushFolder(Path.GetDirectoryName(path)!);
        return await hashing.ConfigureAwait(false);
    }

    // Under another name until it is whole: whoever sees the file may take it for safe.
    private static async Task WriteWholeAsync(string path, EncodedDataSet encoded)
    {
        var partial = $"{path}.{Guid.NewGuid():N}.partial";
        await WriteAsync(partial, encoded).ConfigureAwait(false);
        File.Move(partial, path, overwrite: true);
        DurableFile.FlushFolder(Path.GetDirectoryName(path)!);
    }

    private static async Task<long> WriteAsync(Microsoft.Win32.SafeHandles.SafeFileHandle handle, ReadOnlyMemory<byte> bytes, long position)
    {
        await RandomAccess.WriteAsync(handle, bytes, position).ConfigureAwait(false);
        return position + bytes.Length;
    }

    private static async Task<long> CopyAsync(Microsoft.Win32.SafeHandles.SafeFileHandle handle, IBulkData bulk, long position)
    {
        var buffer = new byte[1 << 20];
        var stream = bulk.OpenRead();
        await using (stream.ConfigureAwait(false))
        {
            int read;
            while ((read = await stream.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            {
                await RandomAccess.WriteAsync(handle, buffer.AsMemory(0, read), position).ConfigureAwait(false);
                position += read;
            }
        }

        return position;
    }

    private static async Task<string> HashAsync(EncodedDataSet encoded)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var segment in encoded.Segments)
        {
            if (segment.Bulk is null)
            {
                sha256.AppendData(segment.Memory.Span);
                continue;
            }

            var buffer = new byte[1 << 20];
            var stream = segment.Bulk.OpenRead();
            await using (stream.ConfigureAwait(false))
            {
                int read;
                while ((read = await stream.ReadAsync(buffer).ConfigureAwait(false)) > 0)
                {
                    sha256.AppendData(buffer, 0, read);
                }
            }
        }

        return Convert.ToHexStringLower(sha256.GetHashAndReset());
    }

    // The same SOP instance again: identical bytes are counted, others kept beside the first.
    private async Task<IntakeResult?> StoreAgainAsync(OpenSession open, string instance, Task<string> first, EncodedDataSet encoded)
    {
        string firstHash;
        try
        {
            firstHash = await first.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The first one failed; this one takes its place in a new attempt.
            return null;
        }

        var hash = await HashAsync(encoded).ConfigureAwait(false);
        if (hash == firstHash)
        {
            return await CountAgainAsync(open, instance, encoded).ConfigureAwait(false);
        }

        var relative = Path.Combine("CONFLICTS", hash + ".dcm");
        var path = Path.Combine(open.Folder, relative);
        open.EnsureFolder(Path.GetDirectoryName(path)!);
        if (!File.Exists(path))
        {
            await WriteWholeAsync(path, encoded).ConfigureAwait(false);
        }

        var kept = await database.ExecuteAsync(
            """
            insert into prearchive_conflict (session_id, sop_instance_uid, path, size, sha256) select id, @instance, @relative, @Length, @hash from prearchive_session where id = @Id
            on conflict (session_id, sop_instance_uid, sha256) do update set received = now()
            """,
            new { open.Session.Id, instance, relative, encoded.Length, hash }, CancellationToken.None).ConfigureAwait(false);
        return kept == 1 ? new IntakeResult(IntakeOutcome.Conflict, open.Session.Id) : null;
    }

    // Identical bytes again. Success says that they are safe, so a file that has gone missing is written anew.
    private async Task<IntakeResult?> CountAgainAsync(OpenSession open, string instance, EncodedDataSet encoded)
    {
        var place = await database.FindAsync<(string ScanId, string Resource, string FileName)?>(
            """
            update prearchive_object set duplicates = duplicates + 1 where session_id = @Id and sop_instance_uid = @instance returning scan_id, resource, file_name
            """,
            new { open.Session.Id, instance }, CancellationToken.None).ConfigureAwait(false);
        if (place is not { } known)
        {
            return null;
        }

        var path = Path.Combine(open.Folder, "SCANS", known.ScanId, known.Resource, known.FileName);
        if (!File.Exists(path))
        {
            DurableFile.CreateFolder(Path.GetDirectoryName(path)!);
            await WriteWholeAsync(path, encoded).ConfigureAwait(false);
        }

        return new IntakeResult(IntakeOutcome.Duplicate, open.Session.Id);
    }
}
