using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Vesalius.Anonymisation;
using Vesalius.Dicom;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>An object that waits in quarantine and is tried again.</summary>
/// <param name="Id">Its name there.</param>
/// <param name="Arrived">What was known of its subject when it came.</param>
internal sealed record KeptArrival(Guid Id, IReadOnlyList<ArrivedIdentity> Arrived);

/// <summary>The one door into the server: identify, de-identify, store. Whatever brings an object calls it.</summary>
public sealed class ObjectIntake(
    ObjectIdentifier identifier, IRequestedStudies requests, ScriptLibrary scripts, QuarantineStore quarantine, PrearchiveWriter writer, ReadOnlyMemory<byte> siteKey,
    ILogger<ObjectIntake> logger, ArrivalRules wanted, FileNameTemplate naming, ArrivedIdentifiers identifiers, SiteChanges siteChanges)
{
    private static readonly Meter Meter = new("Vesalius.Import");
    private static readonly Counter<long> Objects = Meter.CreateCounter<long>("vesalius.import.objects");

    /// <summary>Takes in an object. When this returns, what it says is durable.</summary>
    /// <param name="dataSet">The object as it came; edited by the site script. Its bytes must stay unchanged until this returns.</param>
    /// <param name="transferSyntax">How it is encoded.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="cancellationToken">Cancels, until the object begins to be written.</param>
    /// <exception cref="MalformedDicomException">It lacks what identifies an object.</exception>
    public Task<IntakeResult> TakeAsync(DataSet dataSet, TransferSyntax transferSyntax, IntakeSource source, CancellationToken cancellationToken) =>
        TakeAgainAsync(dataSet, transferSyntax, source, null, cancellationToken);

    /// <summary>Takes in an object; one that waits in quarantine stays there if it fails again, and is the caller's to remove if not.</summary>
    internal async Task<IntakeResult> TakeAgainAsync(DataSet dataSet, TransferSyntax transferSyntax, IntakeSource source, KeptArrival? kept, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(source);
        Require(dataSet, Tag.SOPClassUID);
        Require(dataSet, Tag.SOPInstanceUID);
        Require(dataSet, Tag.StudyInstanceUID);
        Require(dataSet, Tag.SeriesInstanceUID);
        var (series, instance) = (dataSet.GetString(Tag.SeriesInstanceUID)!, dataSet.GetString(Tag.SOPInstanceUID)!);
        // Before a request or a script gives the patient another name.
        var arrival = new Arrival(source.PreventAnonymisation ? [] : [identifiers.Gather(dataSet), .. kept?.Arrived ?? []], kept?.Id);
        var request = await requests.FindAsync(dataSet, source, cancellationToken).ConfigureAwait(false);
        // Opt-outs are looked up by the patient as he came; a request may give him another name.
        var result = await wanted.RefuseOptedOutAsync(dataSet, () => identifier.IdentifyAsync(dataSet, source, cancellationToken), source, cancellationToken).ConfigureAwait(false) is { } refused
            ? Refused(refused)
            : request is null ? await TakeIdentifiedAsync(dataSet, transferSyntax, source, arrival, cancellationToken).ConfigureAwait(false)
            : await TakeRequestedAsync(dataSet, transferSyntax, request, source, arrival, cancellationToken).ConfigureAwait(false);
        if (request is not null)
        {
            await request.ArrivedAsync(series, instance, result, CancellationToken.None).ConfigureAwait(false);
        }

        return result;
    }

    // What identified the subject, and the object's name in quarantine if it comes from there.
    private sealed record Arrival(IReadOnlyList<ArrivedIdentity> Arrived, Guid? KeptAs);

    private static IntakeResult Refused(IntakeOutcome outcome)
    {
        Count(outcome);
        return new IntakeResult(outcome, null);
    }

    // Relabelled in memory, before anything of it is written. What cannot be relabelled is not let through.
    private async Task<IntakeResult> TakeRequestedAsync(
        DataSet dataSet, TransferSyntax transferSyntax, RequestedStudy request, IntakeSource source, Arrival arrival, CancellationToken cancellationToken)
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
            await QuarantineAsync(original, new Identity(request.ProjectId, "", "", null, 0), 0, e, source, arrival, cancellationToken).ConfigureAwait(false);
            return new IntakeResult(IntakeOutcome.Quarantined, null);
        }

        if (labels is null)
        {
            return Refused(IntakeOutcome.Rejected);
        }

        return await TakeIdentifiedAsync(dataSet, transferSyntax, source with { Given = labels, PreventAutoCommit = true, DirectArchive = false, FileName = null }, arrival, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IntakeResult> TakeIdentifiedAsync(
        DataSet dataSet, TransferSyntax transferSyntax, IntakeSource source, Arrival arrival, CancellationToken cancellationToken)
    {
        var identity = await identifier.IdentifyAsync(dataSet, source, cancellationToken).ConfigureAwait(false);
        if (await wanted.RefuseFilteredAsync(dataSet, identity, source, cancellationToken).ConfigureAwait(false) is { } refused)
        {
            return Refused(refused);
        }

        var meta = Part10Writer.MakeFileMeta(dataSet.GetString(Tag.SOPClassUID)!, dataSet.GetString(Tag.SOPInstanceUID)!, transferSyntax.Uid);
        var script = source.PreventAnonymisation ? null : await scripts.ActiveSiteAsync(cancellationToken).ConfigureAwait(false);
        long? changes = null;
        if (script is not null)
        {
            // The script edits in place; should it fail, the object is kept as it came.
            var original = Part10Writer.Encode(meta, dataSet, transferSyntax);
            var before = DataSetSnapshot.Of(dataSet);
            try
            {
                var result = Deidentification.Apply(
                    script, dataSet,
                    (await scripts.SettingsAsync(script.Script.LooksUp, cancellationToken).ConfigureAwait(false)).ApplyTo(Context(identity, dataSet, meta, transferSyntax)), cancellationToken);
                if (result.Outcome == ScriptOutcome.Rejected)
                {
                    return Refused(IntakeOutcome.Rejected);
                }

                changes = await siteChanges.KeepAsync(before, cancellationToken).ConfigureAwait(false);
                transferSyntax = result.PixelsAltered ? TransferSyntax.ExplicitVRLittleEndian : transferSyntax;
            }
            catch (ScriptRunException e)
            {
                await QuarantineAsync(
                    original, identity, script.Number, e, source with { Given = new GivenLabels(identity.ProjectId, identity.Subject, identity.Session) }, arrival, cancellationToken).ConfigureAwait(false);
                return new IntakeResult(IntakeOutcome.Quarantined, null);
            }
        }

        // A given name was made by those who know the patient: it goes where the script runs.
        var name = (script is null ? source.FileName : null) ?? FileNaming.Name(dataSet, await naming.GetAsync(cancellationToken).ConfigureAwait(false));
        var incoming = IncomingObject.From(dataSet, name, Part10Writer.Encode(meta, dataSet, transferSyntax), arrival.Arrived, changes);
        var stored = await writer.StoreAsync(incoming, identity, source, cancellationToken).ConfigureAwait(false);
        Count(stored.Outcome);
        return stored;
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
        EncodedDataSet original, Identity identity, long scriptNumber, ScriptRunException error, IntakeSource source, Arrival arrival, CancellationToken cancellationToken)
    {
        var reason = QuarantineReason.Of(error, QuarantineReason.Site, scriptNumber);
        if (arrival.KeptAs is { } id)
        {
            await quarantine.FailedAgainAsync(id, reason, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            var entry = new QuarantineEntry(
                identity.ProjectId, reason, source.Door, arrival.Arrived.Count > 0 ? arrival.Arrived[0].StudyKey : null, new ArrivalOrigin(source, arrival.Arrived).Serialize());
            await quarantine.KeepAsync(entry, target => original.CopyToAsync(target, cancellationToken).AsTask(), cancellationToken).ConfigureAwait(false);
        }

        ImportLog.Quarantined(logger, error.Position.Line, error.Position.Column);
        Count(IntakeOutcome.Quarantined);
    }
}
