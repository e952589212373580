using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Dicom;
using Vesalius.Import.Journal;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>What the prearchive has to know of an object, and its bytes.</summary>
/// <param name="StudyInstanceUid">Study.</param>
/// <param name="SeriesInstanceUid">Series.</param>
/// <param name="SopInstanceUid">Instance.</param>
/// <param name="SopClassUid">Class.</param>
/// <param name="SeriesNumber">Series number as it stands there.</param>
/// <param name="Modality">Modality; may be empty.</param>
/// <param name="InstanceNumber">Instance number.</param>
/// <param name="FileName">File name.</param>
/// <param name="Encoded">The file.</param>
/// <param name="Arrived">What identified the subject before any script ran; none where no script may run.</param>
/// <param name="SiteChanges">What the site's script did with it; null where none ran.</param>
internal sealed record IncomingObject(
    string StudyInstanceUid, string SeriesInstanceUid, string SopInstanceUid, string SopClassUid, string? SeriesNumber, string Modality, int? InstanceNumber, string FileName, EncodedDataSet Encoded,
    IReadOnlyList<ArrivedIdentity> Arrived, long? SiteChanges)
{
    public static IncomingObject From(DataSet dataSet, string fileName, EncodedDataSet encoded, IReadOnlyList<ArrivedIdentity> arrived, long? siteChanges)
    {
        var number = dataSet.GetInteger(Tag.InstanceNumber);
        return new IncomingObject(
            dataSet.GetString(Tag.StudyInstanceUID)!, dataSet.GetString(Tag.SeriesInstanceUID)!, dataSet.GetString(Tag.SOPInstanceUID)!, dataSet.GetString(Tag.SOPClassUID)!,
            dataSet.GetString(Tag.SeriesNumber), dataSet.GetString(Tag.Modality) ?? "", number is > int.MinValue and < int.MaxValue ? (int)number : null,
            fileName, encoded, arrived, siteChanges);
    }
}

/// <summary>Puts objects into their prearchive sessions: through the journal if they are small, else file, flush, row. Sorts out what comes again.</summary>
public sealed class PrearchiveWriter(
    PrearchiveStore store, SessionGates gates, RowWriter rows, IntakeJournal journal, VesaliusDatabase database, TimeProvider time, ArrivedIdentifiers identifiers)
{
    private readonly OpenSessions _sessions = new(database, store, gates, time);

    /// <summary>Stores an object. When this returns, it is safe.</summary>
    internal async Task<IntakeResult> StoreAsync(IncomingObject incoming, Identity identity, IntakeSource source, CancellationToken cancellationToken)
    {
        while (true)
        {
            var open = await _sessions.FindAsync(identity, incoming.StudyInstanceUid, source).ConfigureAwait(false);
            var inside = await gates.EnterAsync(open.Session.Id, cancellationToken).ConfigureAwait(false);
            var attempt = new Attempt(incoming, identity, source, open, inside);
            // Archived, moved or removed meanwhile: writing by what was known of it would make an acknowledged object homeless.
            if (gates.TurnsOf(open.Session.Id) != open.Turns)
            {
                inside.Dispose();
                _sessions.Forget(identity, incoming.StudyInstanceUid, source);
                continue;
            }

            if (await StoreAsync(attempt).ConfigureAwait(false) is { } outcome)
            {
                return new IntakeResult(outcome, open.Session.Id);
            }

            // The session was archived or removed meanwhile: a new one is opened.
            _sessions.Forget(identity, incoming.StudyInstanceUid, source);
        }
    }

    private sealed record Attempt(IncomingObject Incoming, Identity Identity, IntakeSource Source, OpenSession Open, IDisposable Inside)
    {
        public TaskCompletionSource<string> Claim { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // What this session is thought to hold is no longer true.
        public void GiveUp()
        {
            Open.Instances.TryRemove(Incoming.SopInstanceUid, out _);
            Claim.TrySetCanceled(CancellationToken.None);
        }
    }

    // Null if the session is no longer open. Leaves the session, unless the journal has taken the object over.
    private async Task<IntakeOutcome?> StoreAsync(Attempt attempt)
    {
        var taken = false;
        try
        {
            // Committed before the object is: an object that was acknowledged can always be checked (decision 0022).
            foreach (var arrived in attempt.Incoming.Arrived)
            {
                if (!await attempt.Open.KnowAsync(arrived, identifiers).ConfigureAwait(false))
                {
                    return null;
                }
            }

            var holder = attempt.Open.Instances.GetOrAdd(attempt.Incoming.SopInstanceUid, attempt.Claim.Task);
            if (!ReferenceEquals(holder, attempt.Claim.Task))
            {
                return await StoreAgainAsync(attempt, holder).ConfigureAwait(false);
            }

            var (row, path) = Place(attempt);
            try
            {
                attempt.Open.EnsureFolder(Path.GetDirectoryName(path)!);
                taken = await TryJournalAsync(attempt, row, path).ConfigureAwait(false);
                return taken ? IntakeOutcome.Stored : await StoreDirectlyAsync(attempt, row, path).ConfigureAwait(false);
            }
            catch (DirectoryNotFoundException)
            {
                attempt.GiveUp();
                return null;
            }
            catch
            {
                // The file stays if only the answer to the commit was lost, which may have happened; if it has not, the next start takes it out.
                attempt.GiveUp();
                _sessions.Forget(attempt.Identity, attempt.Incoming.StudyInstanceUid, attempt.Source);
                throw;
            }
        }
        finally
        {
            if (!taken)
            {
                attempt.Inside.Dispose();
            }
        }
    }

    private static (PrearchiveObject Row, string Path) Place(Attempt attempt)
    {
        var (incoming, open) = (attempt.Incoming, attempt.Open);
        var row = new PrearchiveObject(
            open.Session.Id, incoming.SopInstanceUid, incoming.SopClassUid, incoming.SeriesInstanceUid,
            open.ScanOf(incoming.SeriesInstanceUid, incoming.SeriesNumber, incoming.Modality), DataTypes.ResourceOf(incoming.SopClassUid),
            incoming.FileName, incoming.InstanceNumber, incoming.Encoded.Length, "", incoming.SiteChanges);
        var path = Path.Combine(open.Folder, row.Path);
        if (File.Exists(path))
        {
            // What another attempt left whose outcome nobody knows: it may have a row, so it is not touched.
            row = row with { FileName = $"{Path.GetFileNameWithoutExtension(row.FileName)}-{Guid.NewGuid():N}{Path.GetExtension(row.FileName)}" };
            path = Path.Combine(open.Folder, row.Path);
        }

        return (row, path);
    }

    private async Task<IntakeOutcome?> StoreDirectlyAsync(Attempt attempt, PrearchiveObject row, string path)
    {
        var hash = await ObjectFile.WriteAsync(path, attempt.Incoming.Encoded).ConfigureAwait(false);
        if (!await rows.WriteAsync(row with { Sha256 = hash }, CancellationToken.None).ConfigureAwait(false))
        {
            // The session was deleted or archived after it was looked up.
            ObjectFile.Remove(path);
            attempt.GiveUp();
            return null;
        }

        attempt.Claim.SetResult(hash);
        return IntakeOutcome.Stored;
    }

    // True if the journal has made the object safe and sees to file and row; then the session is left when they are there.
    private async Task<bool> TryJournalAsync(Attempt attempt, PrearchiveObject row, string path)
    {
        var encoded = attempt.Incoming.Encoded;
        if (encoded.Segments.Any(s => s.Bulk is not null) || JournalRecord.EncodeRow(new JournalRow(row, attempt.Open.Folder)) is not { } encodedRow
            || await journal.RentAsync(encoded.Length, CancellationToken.None).ConfigureAwait(false) is not { } buffer)
        {
            return false;
        }

        JournalEntry? entry = null;
        var isTaken = false;
        try
        {
            var position = JournalRecord.FileStart;
            foreach (var segment in encoded.Segments)
            {
                segment.Memory.CopyTo(buffer.Memory[position..]);
                position += segment.Memory.Length;
            }

            entry = new JournalEntry
            {
                Row = row, EncodedRow = encodedRow, Buffer = buffer, FileLength = (int)encoded.Length, Path = path, File = DirectFile.Reserve(path, encoded.Length),
                Inside = attempt.Inside, Ended = hash => End(attempt, hash),
            };
            isTaken = await journal.AppendAsync(entry).ConfigureAwait(false);
            return isTaken;
        }
        finally
        {
            if (!isTaken)
            {
                if (entry is not null)
                {
                    entry.File.Dispose();
                    ObjectFile.Remove(path);
                }

                journal.Return(buffer);
            }
        }
    }

    private void End(Attempt attempt, string? hash)
    {
        if (hash is not null)
        {
            attempt.Claim.SetResult(hash);
            return;
        }

        attempt.GiveUp();
        _sessions.Forget(attempt.Identity, attempt.Incoming.StudyInstanceUid, attempt.Source);
    }

    // The same SOP instance again: identical bytes are counted, others kept beside the first.
    private async Task<IntakeOutcome?> StoreAgainAsync(Attempt attempt, Task<string> first)
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

        var (incoming, open) = (attempt.Incoming, attempt.Open);
        var hash = await ObjectFile.HashAsync(incoming.Encoded).ConfigureAwait(false);
        if (hash == firstHash)
        {
            return await CountAgainAsync(open, incoming).ConfigureAwait(false);
        }

        var relative = Path.Combine("CONFLICTS", hash + ".dcm");
        var path = Path.Combine(open.Folder, relative);
        open.EnsureFolder(Path.GetDirectoryName(path)!);
        if (!File.Exists(path))
        {
            await ObjectFile.WriteWholeAsync(path, incoming.Encoded).ConfigureAwait(false);
        }

        // If the first one has gone to quarantine meanwhile, this one takes its place.
        var kept = await database.ExecuteAsync(
            """
            insert into prearchive_conflict (session_id, sop_instance_uid, path, size, sha256)
            select session_id, sop_instance_uid, @relative, @Length, @hash from prearchive_object where session_id = @Id and sop_instance_uid = @SopInstanceUid
            on conflict (session_id, sop_instance_uid, sha256) do update set received = now()
            """,
            new { open.Session.Id, incoming.SopInstanceUid, relative, incoming.Encoded.Length, hash }, CancellationToken.None).ConfigureAwait(false);
        if (kept == 1)
        {
            return IntakeOutcome.Conflict;
        }

        ObjectFile.Remove(path);
        return null;
    }

    // Identical bytes again. Success says that they are safe, so a file that has gone missing is written anew.
    private async Task<IntakeOutcome?> CountAgainAsync(OpenSession open, IncomingObject incoming)
    {
        var place = await database.FindAsync<(string ScanId, string Resource, string FileName)?>(
            """
            update prearchive_object set duplicates = duplicates + 1 where session_id = @Id and sop_instance_uid = @SopInstanceUid returning scan_id, resource, file_name
            """,
            new { open.Session.Id, incoming.SopInstanceUid }, CancellationToken.None).ConfigureAwait(false);
        if (place is not { } known)
        {
            return null;
        }

        var path = Path.Combine(open.Folder, "SCANS", known.ScanId, known.Resource, known.FileName);
        if (!File.Exists(path))
        {
            DurableFile.CreateFolder(Path.GetDirectoryName(path)!);
            await ObjectFile.WriteWholeAsync(path, incoming.Encoded).ConfigureAwait(false);
        }

        return IntakeOutcome.Duplicate;
    }
}
