using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Vesalius.Access;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;
using Vesalius.Jobs;

namespace Vesalius.QueryRetrieve;

/// <summary>Sends archived scans to PACS by C-STORE, as they are stored. A repeated run sends everything again: to a PACS the same object twice is once.</summary>
public sealed class ExportHandler(
    PacsDirectory directory, DqrSettings settings, PacsCertificate certificate, DicomFileDirectory files, WorkflowDirectory workflows, ILogger<ExportHandler> logger) : IJobHandler
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(6);

    private sealed class Tally
    {
        public int Total { get; init; }
        public int Sent { get; set; }
        public int NotTaken { get; set; }
        public int Refused { get; set; }
        public int Unreadable { get; set; }
        public bool IsBusy { get; set; }

        public string Faults => string.Join(", ", ((IEnumerable<(int Count, string What)>)
            [(NotTaken, "it does not take in this SOP class and transfer syntax"), (Refused, "it refused"), (Unreadable, "our files cannot be read")]).Where(f => f.Count > 0).Select(f => $"{f.Count}: {f.What}"));
    }

    /// <inheritdoc/>
    public string Kind => ExportQueue.JobKind;

    private static long PacsOf(string lane) => long.Parse(lane.AsSpan(lane.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    /// <remarks>One at a time. The hours of a PACS are for what is asked of it; what is sent to it goes at any hour.</remarks>
    public ValueTask<LaneAllowance> AllowanceAsync(string lane, DateTimeOffset now, CancellationToken cancellationToken) => ValueTask.FromResult(new LaneAllowance(1, null));

    /// <inheritdoc/>
    public Task EndedAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<JobResult> RunAsync(JobRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var order = JsonSerializer.Deserialize<ExportOrder>(run.Job.Payload)!;
        if (await directory.FindAsync(PacsOf(run.Job.Lane), cancellationToken).ConfigureAwait(false) is not { Host: not null, QueryRetrievePort: not null, Storable: true } pacs)
        {
            return await EndAsync(order, null, "the PACS is no longer registered as one that is sent to.").ConfigureAwait(false);
        }

        await ShowAsync(order, "Running", 0).ConfigureAwait(false);
        var preferences = await settings.ReadAsync(cancellationToken).ConfigureAwait(false);
        Tally tally;
        try
        {
            tally = await SendAsync(run, order, pacs, preferences, cancellationToken).ConfigureAwait(false);
        }
        catch (PacsException e)
        {
            return await AgainAsync(run.Job, order, preferences, e.Message).ConfigureAwait(false);
        }

        QueryRetrieveLog.Exported(logger, order.Workflow, pacs.Id, tally.Sent, tally.Total);
        return tally.IsBusy ? await AgainAsync(run.Job, order, preferences, "the PACS is out of resources.").ConfigureAwait(false)
            : tally.Total == 0 ? await EndAsync(order, tally, "the scans have no DICOM files.").ConfigureAwait(false)
            : await EndAsync(order, tally, tally.Faults.Length > 0 ? $"{tally.Sent} of {tally.Total} instances were sent ({tally.Faults})." : null).ConfigureAwait(false);
    }

    private async Task<Tally> SendAsync(JobRun run, ExportOrder order, Pacs pacs, DqrPreferences preferences, CancellationToken cancellationToken)
    {
        var (objects, unreadable) = await ReadAsync(order, cancellationToken).ConfigureAwait(false);
        var tally = new Tally { Total = objects.Count + unreadable, Unreadable = unreadable };
        var options = DimseOptions.Of(pacs, preferences, certificate);
        foreach (var (proposal, chunk) in StorageProposal.Make(preferences.CallingAeTitle, objects))
        {
            // A file that ends early costs the association; the rest goes over another.
            for (var done = 0; done < chunk.Count;)
            {
                done += await SendAsync(run, order, pacs, (proposal, options), [.. chunk.Skip(done)], tally, cancellationToken).ConfigureAwait(false);
            }
        }

        return tally;
    }

    // Sends over one association; returns how many objects are done with.
    private async Task<int> SendAsync(
        JobRun run, ExportOrder order, Pacs pacs, (AssociationProposal Proposal, RequestorOptions Options) how, List<OutgoingObject> objects, Tally tally, CancellationToken cancellationToken)
    {
        var done = 0;
        try
        {
            var association = await RequestorAssociation.OpenAsync(
                new RemoteApplication(pacs.Host!, pacs.QueryRetrievePort!.Value, pacs.AeTitle), how.Proposal, how.Options, logger, cancellationToken).ConfigureAwait(false);
            await using (association.ConfigureAwait(false))
            {
                foreach (var one in objects)
                {
                    done++;
                    await SendAsync(association, one, tally, cancellationToken).ConfigureAwait(false);
                    if (done % 64 == 0)
                    {
                        await run.ReportAsync("sending", tally.Sent, tally.Total, cancellationToken).ConfigureAwait(false);
                        await ShowAsync(order, null, tally.Sent * 100 / tally.Total).ConfigureAwait(false);
                    }
                }

                await EndAsync(association, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (InvalidDataException)
        {
            tally.Unreadable++;
        }
        catch (AssociationException e) when (e.Fault == AssociationFault.ContextNotAccepted)
        {
            tally.NotTaken += objects.Count - done;
            done = objects.Count;
        }
        catch (AssociationException e)
        {
            throw new PacsException($"the PACS cannot be sent to: {DimseOptions.Describe(e)}.", isAway: true, e);
        }

        return done;
    }

    private static async Task SendAsync(RequestorAssociation association, OutgoingObject one, Tally tally, CancellationToken cancellationToken)
    {
        try
        {
            // B000, B006 and B007 are warnings: the PACS has the object (PS3.4 §B.2.3).
            var status = await association.StoreAsync(one, null, DimsePriority.Medium, cancellationToken).ConfigureAwait(false);
            if (status.Code is 0 or 0xB000 or 0xB006 or 0xB007)
            {
                tally.Sent++;
            }
            else
            {
                tally.Refused++;
                tally.IsBusy |= status.Code >> 8 == 0xA7;
            }
        }
        catch (AssociationException e) when (e.Fault == AssociationFault.ContextNotAccepted)
        {
            tally.NotTaken++;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Could not be opened; nothing was sent.
            tally.Unreadable++;
        }
    }

    // Everything was sent and answered; how the PACS ends the association changes nothing in that.
    private static async Task EndAsync(RequestorAssociation association, CancellationToken cancellationToken)
    {
        try
        {
            await association.ReleaseAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            await association.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<(List<OutgoingObject> Objects, int Unreadable)> ReadAsync(ExportOrder order, CancellationToken cancellationToken)
    {
        var objects = new List<OutgoingObject>();
        var unreadable = 0;
        foreach (var scan in order.Scans)
        {
            foreach (var file in await files.OfScanAsync(scan, cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    objects.Add(await OutgoingObject.ReadAsync(file.FullPath, cancellationToken).ConfigureAwait(false));
                }
                catch (Exception e) when (e is MalformedDicomException or InvalidDataException or IOException or UnauthorizedAccessException)
                {
                    unreadable++;
                }
            }
        }

        return (objects, unreadable);
    }

    private async Task<JobResult> AgainAsync(TakenJob job, ExportOrder order, DqrPreferences preferences, string reason)
    {
        if (job.Attempts + 1 >= preferences.Attempts)
        {
            return await EndAsync(order, null, reason).ConfigureAwait(false);
        }

        await ShowAsync(order, "Queued", null).ConfigureAwait(false);
        return JobResult.Retry(reason, GrowingPause.After(preferences.RetryPause, job.Attempts + 1, LongestPause));
    }

    private async Task<JobResult> EndAsync(ExportOrder order, Tally? tally, string? fault)
    {
        var fields = new Dictionary<string, string> { ["details"] = fault is null ? $"{tally!.Sent} instances." : $"There was a problem: {fault}" };
        if (fault is null)
        {
            fields["percentageComplete"] = "100.0";
        }

        await workflows.UpdateAsync(order.Workflow, fault is null ? "Complete" : "Failed", null, null, fields, CancellationToken.None).ConfigureAwait(false);
        return JobResult.Ended(fault is null ? ImportOutcome.Complete : ImportOutcome.Failed, fields["details"]);
    }

    private Task ShowAsync(ExportOrder order, string? status, int? percent) => workflows.UpdateAsync(
        order.Workflow, status, null, null,
        percent is { } done ? new Dictionary<string, string> { ["percentageComplete"] = done.ToString(CultureInfo.InvariantCulture) } : [], CancellationToken.None);
}
