using System.Globalization;
using System.Security.Cryptography;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Profile;
using Vesalius.Archive;
using Vesalius.Dicom;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>What became of an object that was tried again.</summary>
/// <param name="Id">Its name in the quarantine.</param>
/// <param name="Outcome">An <see cref="IntakeOutcome"/>; <c>Quarantined</c>: it failed again and stays.</param>
/// <param name="Reason">Why it failed again; null if it did not.</param>
/// <param name="SessionId">Prearchive session that it is in now; null if none.</param>
public sealed record RetriedObject(Guid Id, IntakeOutcome Outcome, QuarantineReason? Reason, long? SessionId)
{
    /// <summary>False where its file, key or origin is missing, so that nothing could be tried; it stays as it was.</summary>
    public bool IsTried { get; init; } = true;
}

/// <summary>What became of a session that objects were missing from.</summary>
/// <param name="SessionId">The prearchive session that was made of them.</param>
/// <param name="Archived">Where they are archived; null if they could not be.</param>
/// <param name="Reason">Why not.</param>
public sealed record RetriedSession(long SessionId, ArchivedSession? Archived, string? Reason);

/// <summary>Thrown when an object cannot be tried again.</summary>
/// <param name="reason">Why.</param>
public sealed class NotRetriableException(string reason) : Exception(reason);

/// <summary>Takes objects out of the quarantine again, under the scripts as they now are (R10). One that fails again stays where it is, with the new reason.</summary>
public sealed class QuarantineRetry(
    QuarantineStore quarantine, ObjectIntake intake, PrearchiveWriter writer, PrearchiveStore store, ArchivingRuleBook ruleBook, SessionArchiver archiver, IntakeLimits limits, MemoryBudget budget,
    string spoolFolder, ReadOnlyMemory<byte> siteKey)
{
    private readonly ObjectReader _reader = new(limits, budget);

    /// <summary>
    /// Tries objects again, one after the other; those that are missing from an archived session are added to it. One that cannot be tried holds up no other.
    /// </summary>
    /// <param name="objects">Objects.</param>
    /// <param name="user">Who asked.</param>
    /// <param name="cancellationToken">Cancels between objects.</param>
    public async Task<(IReadOnlyList<RetriedObject> Objects, IReadOnlyList<RetriedSession> Sessions)> RetryAsync(IReadOnlyList<QuarantinedObject> objects, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var retried = new List<RetriedObject>(objects.Count);
        var toArchive = new Dictionary<long, ArchiveRequest>();
        foreach (var item in objects)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (result, request) = await TriedAsync(item, user, cancellationToken).ConfigureAwait(false);
            retried.Add(result);
            if (result.SessionId is { } session && request is not null)
            {
                toArchive[session] = request;
            }
        }

        var sessions = new List<RetriedSession>();
        foreach (var (session, request) in toArchive)
        {
            sessions.Add(await ArchiveAsync(session, request, cancellationToken).ConfigureAwait(false));
        }

        return (retried, sessions);
    }

    private async Task<RetriedSession> ArchiveAsync(long session, ArchiveRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return new RetriedSession(session, await archiver.ArchiveAsync(session, request, cancellationToken).ConfigureAwait(false), null);
        }
        catch (ArchivingException e)
        {
            return new RetriedSession(session, null, e.Message);
        }
    }

    private async Task<(RetriedObject Result, ArchiveRequest? Archive)> TriedAsync(QuarantinedObject item, string user, CancellationToken cancellationToken)
    {
        try
        {
            return await RetryAsync(item, user, cancellationToken).ConfigureAwait(false);
        }
        catch (NotRetriableException e)
        {
            var reason = new QuarantineReason(item.Scope, QuarantineReason.Unreadable, item.ScriptNumber ?? 0, null, null, "", e.Message);
            return (new RetriedObject(item.Id, IntakeOutcome.Quarantined, reason, null) { IsTried = false }, null);
        }
    }

    private async Task<(RetriedObject Result, ArchiveRequest? Archive)> RetryAsync(QuarantinedObject item, string user, CancellationToken cancellationToken)
    {
        var origin = await OriginAsync(item, cancellationToken).ConfigureAwait(false);
        try
        {
            var content = quarantine.OpenRead(item.Id);
            await using (content.ConfigureAwait(false))
            {
                using var read = await _reader.ReadAsync(content, spoolFolder, null, cancellationToken).ConfigureAwait(false);
                return item.Scope == QuarantineReason.Site
                    ? (await RetryArrivalAsync(item, read, origin, cancellationToken).ConfigureAwait(false), null)
                    : await RetryArchivingAsync(item, read, SessionOrigin.Deserialize(origin), user, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (QuarantineReason.IsOne(e))
        {
            var reason = QuarantineReason.Of(e, item.Scope, item.ScriptNumber ?? 0);
            await quarantine.FailedAgainAsync(item.Id, reason, CancellationToken.None).ConfigureAwait(false);
            return (new RetriedObject(item.Id, IntakeOutcome.Quarantined, reason, null), null);
        }
        catch (Exception e) when (e is CryptographicException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NotRetriableException($"Object {item.Id} cannot be read: its file is gone or changed, or quarantine-key is not the key it was sealed with.");
        }
    }

    private async Task<byte[]> OriginAsync(QuarantinedObject item, CancellationToken cancellationToken)
    {
        byte[]? origin;
        try
        {
            origin = await quarantine.OriginAsync(item.Id, cancellationToken).ConfigureAwait(false);
        }
        catch (CryptographicException)
        {
            throw new NotRetriableException($"Object {item.Id} cannot be read: quarantine-key is not the key it was sealed with.");
        }

        // Kept by an earlier version: of what failed at archiving a copy, of what failed at arrival the object without how it came.
        return origin ?? (item.Scope == QuarantineReason.Site
            ? new ArrivalOrigin(new IntakeSource { Door = item.Receiver }, []).Serialize()
            : throw new NotRetriableException($"Object {item.Id} is a copy of one that waits in its prearchive session: archive that again and delete the copy."));
    }

    private async Task<RetriedObject> RetryArrivalAsync(QuarantinedObject item, ReadObject read, byte[] origin, CancellationToken cancellationToken)
    {
        var (source, arrived) = ArrivalOrigin.Deserialize(origin);
        var result = await intake.TakeAgainAsync(read.DataSet, read.TransferSyntax, source, new KeptArrival(item.Id, arrived), cancellationToken).ConfigureAwait(false);
        if (result.Outcome == IntakeOutcome.Quarantined)
        {
            var now = await quarantine.FindAsync(item.Id, CancellationToken.None).ConfigureAwait(false);
            return new RetriedObject(
                item.Id, result.Outcome, now is null ? null : new QuarantineReason(now.Scope, now.Kind, now.ScriptNumber ?? 0, now.Line, now.Position, now.Statement, now.Reason), null);
        }

        await quarantine.RemoveAsync(item.Id, CancellationToken.None).ConfigureAwait(false);
        return new RetriedObject(item.Id, result.Outcome, null, result.SessionId);
    }

    private async Task<(RetriedObject Result, ArchiveRequest? Archive)> RetryArchivingAsync(
        QuarantinedObject item, ReadObject read, SessionOrigin origin, string user, CancellationToken cancellationToken)
    {
        var target = origin.Target;
        var waiting = item.SessionId is { } id ? await store.FindAsync(id, cancellationToken).ConfigureAwait(false) : null;
        var identity = waiting is null ? new Identity(target.ProjectId, target.SubjectLabel, target.SessionLabel, false, 0) : new Identity(waiting.ProjectId, waiting.Subject, waiting.Label, waiting.AutoArchive, 0);
        // As it is, before the script is tried on it.
        var encoded = read.File?.Encode() ?? Part10Writer.Encode(
            Part10Writer.MakeFileMeta(origin.Object.SopClassUid, origin.Object.SopInstanceUid, read.TransferSyntax.Uid), read.DataSet, read.TransferSyntax);
        var incoming = IncomingObject.From(read.DataSet, origin.Object.FileName, encoded, origin.Arrived, origin.Object.SiteChanges);
        await TryAsync(read, waiting?.ProjectId ?? target.ProjectId, identity, origin, user, cancellationToken).ConfigureAwait(false);

        var source = new IntakeSource
        {
            Door = "quarantine", PreventAutoCommit = waiting?.PreventAutoCommit ?? true,
            Source = origin.Source, Visit = origin.Visit, Protocol = origin.Protocol, Timezone = origin.Timezone,
        };
        var result = await writer.StoreAsync(incoming, identity, source, cancellationToken).ConfigureAwait(false);
        await quarantine.RemoveAsync(item.Id, CancellationToken.None).ConfigureAwait(false);
        var request = item.ExperimentId is null ? null : target with { Merge = MergeMode.Append, OverwriteFiles = false, User = user };
        return (new RetriedObject(item.Id, result.Outcome, null, result.SessionId), request);
    }

    // Only what will pass leaves the quarantine. What the trial makes of the object is thrown away.
    private async Task TryAsync(ReadObject read, string projectId, Identity identity, SessionOrigin origin, string user, CancellationToken cancellationToken)
    {
        var rules = await ruleBook.ForObjectAsync(projectId, cancellationToken).ConfigureAwait(false);
        var context = new ScriptContext
        {
            Variables = new Dictionary<string, string>
            {
                ["project"] = projectId, ["subject"] = identity.Subject, ["session"] = identity.Session, ["user"] = user, ["study"] = origin.StudyInstanceUid,
                ["dateShift"] = DateShift.Days(siteKey.Span, projectId, identity.Subject).ToString(CultureInfo.InvariantCulture),
            },
            FileMeta = read.File?.FileMeta, TransferSyntaxUid = read.TransferSyntax.Uid, SiteKey = siteKey, ScratchFolder = spoolFolder,
        };
        await ObjectDeidentification.ApplyAsync(read.DataSet, rules, context, cancellationToken).ConfigureAwait(false);
    }
}
