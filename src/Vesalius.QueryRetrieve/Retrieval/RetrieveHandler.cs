using System.Globalization;
using Microsoft.Extensions.Logging;
using Vesalius.Database;
using Vesalius.Import;
using Vesalius.Jobs;
using Vesalius.Prearchive;

namespace Vesalius.QueryRetrieve;

/// <summary>Carries out requests: asks, retrieves, verifies, archives (R4–R6). Every step bears repetition after a crash.</summary>
public sealed class RetrieveHandler(
    ImportQueue queue, PacsDirectory directory, AvailabilityDirectory availability, PacsConnections connections, DqrSettings settings, RequestedStudies routes, ArrivalLog arrivals,
    SessionHandover handover, ArrivalRules wanted, WantedSeries wantedSeries, GrowthCheck growth, ImportNotice notice, SecretSeal seal, VesaliusDatabase database, TimeProvider time, ILogger<RetrieveHandler> logger) : IJobHandler
{
    private const int Rounds = 2;
    // Studies that are archived while the PACS is asked for the next ones; with more waiting, the PACS waits.
    private const int ArchivedAtOnce = 4;
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(6);
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StableTime = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _archiving = new(ArchivedAtOnce);
    private readonly RequestProgress _progress = new(database, seal, routes, time);

    /// <inheritdoc/>
    public string Kind => ImportQueue.JobKind;

    private static long PacsOf(string lane) => long.Parse(lane.AsSpan(lane.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public async ValueTask<LaneAllowance> AllowanceAsync(string lane, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Requests of a PACS that was removed are taken, so that they can say why they fail.
        return await directory.FindAsync(PacsOf(lane), cancellationToken).ConfigureAwait(false) is { } pacs
            ? (await availability.AllowanceAsync(pacs, now, cancellationToken).ConfigureAwait(false)).Allowance : new LaneAllowance(1, null);
    }

    /// <inheritdoc/>
    public Task EndedAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken) => queue.EraseAsync([.. ids], null, cancellationToken);

    /// <inheritdoc/>
    public async Task<JobResult> RunAsync(JobRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var started = time.GetTimestamp();
        var request = await queue.FindAsync(run.Job.Id, cancellationToken).ConfigureAwait(false);
        if (request is null)
        {
            return JobResult.Ended(ImportOutcome.Failed, "There was a problem: the request is gone.");
        }

        await _progress.ExecutedAsync(request.Id, cancellationToken).ConfigureAwait(false);
        if (await directory.FindAsync(request.PacsId, cancellationToken).ConfigureAwait(false) is not { } pacs)
        {
            return JobResult.Ended(ImportOutcome.Failed, "There was a problem: the PACS is no longer registered.");
        }

        var preferences = await settings.ReadAsync(cancellationToken).ConfigureAwait(false);
        JobResult result;
        try
        {
            result = await RunAsync(run, request, pacs, preferences, started, cancellationToken).ConfigureAwait(false);
        }
        catch (PacsException e)
        {
            result = e.IsAway ? JobResult.LaneTrouble(e.Message) : Again(run.Job, preferences, e.Message);
        }

        if (result.Outcome is not null)
        {
            await EndAsync(request.Id, result).ConfigureAwait(false);
        }

        return result with { Rest = await RestAsync(pacs, preferences, time.GetElapsedTime(started), cancellationToken).ConfigureAwait(false) };
    }

    // The slot rests so that the PACS is busy with us for the agreed share of the time (xapi A.9).
    private async Task<TimeSpan> RestAsync(Pacs pacs, DqrPreferences preferences, TimeSpan busy, CancellationToken cancellationToken)
    {
        var (_, interval) = await availability.AllowanceAsync(pacs, time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        var rest = interval is null ? TimeSpan.Zero : busy * ((100.0 / interval.UtilizationPercent) - 1);
        return rest > preferences.LongestRest ? preferences.LongestRest : rest;
    }

    private static JobResult Again(TakenJob job, DqrPreferences preferences, string reason) => job.Attempts + 1 >= preferences.Attempts
        ? JobResult.Ended(ImportOutcome.Failed, $"There was a problem: {reason}")
        : JobResult.Retry(reason, GrowingPause.After(preferences.RetryPause, job.Attempts + 1, LongestPause));

    private async Task EndAsync(long id, JobResult result)
    {
        if (await queue.FindAsync(id, CancellationToken.None).ConfigureAwait(false) is not { } request)
        {
            return;
        }

        await _progress.CloseRouteAsync(id, request.StudyInstanceUid ?? "").ConfigureAwait(false);
        if (result.Outcome == ImportOutcome.Failed && request.SessionId is { } session)
        {
            await handover.KeepBackAsync(session, result.Reason).ConfigureAwait(false);
        }

        QueryRetrieveLog.Ended(logger, id, result.Outcome!, request.Arrived, request.Expected);
    }

    // What a PACS was asked for, and what did not come; or how the request ended before that.
    private sealed record Fetched(JobResult? Ended, Completeness Expected, IReadOnlyList<(string Series, string? Instance)> Missing, int Rounds, string Said)
    {
        public Fetched(JobResult ended)
            : this(ended, new Completeness([]), [], 0, "")
        {
        }
    }

    private async Task<JobResult> RunAsync(JobRun run, ImportRequest request, Pacs pacs, DqrPreferences preferences, long started, CancellationToken cancellationToken)
    {
        // The association is over when this returns: archiving needs no PACS.
        var fetched = await FetchAsync(run, request, pacs, cancellationToken).ConfigureAwait(false);
        return fetched.Ended ?? await JudgeAsync(run, request, pacs, preferences, started, fetched, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Fetched> FetchAsync(JobRun run, ImportRequest request, Pacs pacs, CancellationToken cancellationToken)
    {
        await run.ReportAsync("asking", 0, null, cancellationToken).ConfigureAwait(false);
        var dialogue = await connections.OpenAsync(pacs, cancellationToken).ConfigureAwait(false);
        await using (dialogue.ConfigureAwait(false))
        {
            var studies = await dialogue.StudiesAsync(request.Criteria, pacs.Rules, 100, cancellationToken).ConfigureAwait(false);
            if (studies.Count != 1)
            {
                return new Fetched(studies.Count == 0
                    ? JobResult.Ended(ImportOutcome.Failed, "There was a problem: the PACS has no such study.")
                    : JobResult.Ended(ImportOutcome.Refused, $"There was a problem: {studies.Count} studies match; name the one that is meant by its Study Instance UID."));
            }

            if (await wanted.RefuseRequestedAsync(studies[0].PatientId, studies[0].StudyInstanceUid, request.ProjectId, $"pacs:{pacs.Id}", cancellationToken).ConfigureAwait(false))
            {
                return new Fetched(JobResult.Ended(ImportOutcome.Refused, "There was a problem: the patient has opted out."));
            }

            if (!await _progress.OpenRouteAsync(request.Id, studies[0], cancellationToken).ConfigureAwait(false))
            {
                return new Fetched(JobResult.Postponed("Another request for the same study is under way.", TimeSpan.FromSeconds(5)));
            }

            var expected = await ExpectAsync(dialogue, request, pacs, studies[0].StudyInstanceUid, cancellationToken).ConfigureAwait(false);
            if (expected.Expected.Count == 0)
            {
                return new Fetched(JobResult.Ended(ImportOutcome.Refused, expected.Unwanted > 0
                    ? "There was a problem: the series filters keep all of the study out." : "There was a problem: the study has none of the series that are wanted."));
            }

            var (missing, rounds, said) = await FetchAsync(run, dialogue, request, pacs, studies[0].StudyInstanceUid, expected, cancellationToken).ConfigureAwait(false);
            return new Fetched(null, expected, missing, rounds, said);
        }
    }

    private async Task<Completeness> ExpectAsync(IPacsDialogue dialogue, ImportRequest request, Pacs pacs, string study, CancellationToken cancellationToken)
    {
        var (series, unwanted) = await wantedSeries.OfAsync(dialogue, study, request.ProjectId, request.Chosen, request.Script is not null, cancellationToken).ConfigureAwait(false);
        var expected = new List<ExpectedSeries>();
        foreach (var one in series)
        {
            var named = pacs.Rules.AnswersImageLevel ? await dialogue.InstancesAsync(study, one.SeriesInstanceUid, cancellationToken).ConfigureAwait(false) : [];
            var instances = named.Count > 0 ? named : null;
            expected.Add(new ExpectedSeries(one, instances) { Count = instances?.Count ?? (pacs.Rules.CountsInstances ? one.InstanceCount : null) });
        }

        var completeness = new Completeness(expected) { Unwanted = unwanted };
        await _progress.ExpectAsync(
            request.Id, completeness.Count, [.. expected.SelectMany(s => (s.Instances ?? []).Select(i => (s.Series.SeriesInstanceUid, i)))], cancellationToken).ConfigureAwait(false);
        return completeness;
    }

    // First everything that is missing at the level that is usual for this PACS, then, round by round, just what did not come.
    private async Task<(IReadOnlyList<(string Series, string? Instance)> Missing, int Rounds, string Said)> FetchAsync(
        JobRun run, IPacsDialogue dialogue, ImportRequest request, Pacs pacs, string study, Completeness expected, CancellationToken cancellationToken)
    {
        var destination = request.Destination.Split(':')[0];
        var said = "";
        var before = await _progress.InstancesAsync(request.Id, cancellationToken).ConfigureAwait(false);
        var missing = expected.Missing(before);
        var isResumed = before.Any(b => b.Outcome is not null);
        var rounds = 0;
        for (; missing.Count > 0 && rounds <= Rounds; rounds++)
        {
            var targets = rounds == 0 && !isResumed ? Whole(request, pacs, study, expected) : [.. missing.Select(m => new RetrievalTarget(study, m.Series, m.Instance))];
            var had = before.Count(b => b.Outcome is not null);
            await run.ReportAsync("retrieving", had, expected.Count, cancellationToken).ConfigureAwait(false);
            long reported = 0;
            foreach (var target in targets)
            {
                var report = await dialogue.RetrieveAsync(target, request.Id, destination, ProgressAsync, cancellationToken).ConfigureAwait(false);
                said = report.IsSuccess ? said : report.Reason;
            }

            await run.ReportAsync("verifying", had, expected.Count, cancellationToken).ConfigureAwait(false);
            before = await SettleAsync(request.Id, expected, cancellationToken).ConfigureAwait(false);
            missing = expected.Missing(before);

            async Task ProgressAsync(int sent, int? total)
            {
                // A row need not be written for every object.
                if (reported == 0 || time.GetElapsedTime(reported) > TimeSpan.FromMilliseconds(500))
                {
                    reported = time.GetTimestamp();
                    await run.ReportAsync("retrieving", had + sent, expected.Count ?? total, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        return (missing, rounds, said);
    }

    private static List<RetrievalTarget> Whole(ImportRequest request, Pacs pacs, string study, Completeness expected) =>
        request.Chosen.AreAll && expected.Unwanted == 0 && (request.RetrieveLevel ?? pacs.RetrieveLevel) == "STUDY"
            ? [new RetrievalTarget(study)] : [.. expected.Expected.Select(s => new RetrievalTarget(study, s.Series.SeriesInstanceUid))];

    // Objects may come after the PACS said that it is done. As long as more come, and what is here is not all, it is waited for.
    private async Task<IReadOnlyList<TrackedInstance>> SettleAsync(long id, Completeness expected, CancellationToken cancellationToken)
    {
        var patience = expected.Count is null ? StableTime : SettleTime;
        var last = -1;
        var since = time.GetTimestamp();
        while (true)
        {
            await arrivals.FlushAsync(cancellationToken).ConfigureAwait(false);
            var came = await _progress.InstancesAsync(id, cancellationToken).ConfigureAwait(false);
            var count = came.Count(c => c.Outcome is not null);
            if (expected.Count is not null && expected.Missing(came).Count == 0)
            {
                return came;
            }

            if (count != last)
            {
                (last, since) = (count, time.GetTimestamp());
            }
            else if (time.GetElapsedTime(since) >= patience)
            {
                return came;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<JobResult> JudgeAsync(
        JobRun run, ImportRequest request, Pacs pacs, DqrPreferences preferences, long started, Fetched fetched, CancellationToken cancellationToken)
    {
        var (_, expected, missing, rounds, said) = fetched;
        var came = await _progress.InstancesAsync(request.Id, cancellationToken).ConfigureAwait(false);
        await _progress.ReportAsync(request.Id, expected.Report(came, rounds), cancellationToken).ConfigureAwait(false);
        var arrived = came.Count(c => c.Outcome is not null);
        var current = (await queue.FindAsync(request.Id, cancellationToken).ConfigureAwait(false))!;
        if (missing.Count > 0)
        {
            var reason = $"{missing.Count} of {expected.Count?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number of"} instances did not come. {said}".TrimEnd();
            if (run.Job.Attempts + 1 < preferences.Attempts)
            {
                return Again(run.Job, preferences, reason);
            }

            if (arrived == 0)
            {
                return JobResult.Ended(ImportOutcome.Failed, $"There was a problem: {reason}");
            }

            if (current.SessionId is { } partial)
            {
                await handover.KeepBackAsync(partial, $"Incomplete: {reason}").ConfigureAwait(false);
            }

            return JobResult.Ended(ImportOutcome.Incomplete, $"There was a problem: {reason}");
        }

        if (arrived > 0 && came.Where(c => c.Outcome is not null).All(c => c.Outcome is "OptedOut" or "Filtered"))
        {
            return JobResult.Ended(ImportOutcome.Refused, came.Any(c => c.Outcome == "OptedOut")
                ? "There was a problem: the patient has opted out." : "There was a problem: the series filters keep all of the study out.");
        }

        if (came.Count(c => c.Outcome == "Quarantined") is > 0 and var quarantined)
        {
            return JobResult.Ended(ImportOutcome.Failed, $"There was a problem: {quarantined} objects are in quarantine, because a script failed on them.");
        }

        await _archiving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await LeaveAsync(run, pacs, preferences, started, arrived, expected.Count, cancellationToken).ConfigureAwait(false);
            if (await handover.ArchiveAsync(current, cancellationToken).ConfigureAwait(false) is { } problem)
            {
                return JobResult.Ended(ImportOutcome.Failed, $"There was a problem: {problem}");
            }
        }
        finally
        {
            _archiving.Release();
        }

        await growth.RememberAsync(current, pacs, came, cancellationToken).ConfigureAwait(false);
        await notice.PostAsync(current, pacs, preferences, arrived, cancellationToken).ConfigureAwait(false);
        return JobResult.Ended(ImportOutcome.Complete, $"{arrived} instances.");
    }

    // The next may be retrieved while this one is archived, unless the slot has to rest first.
    private async Task LeaveAsync(JobRun run, Pacs pacs, DqrPreferences preferences, long started, int arrived, int? expected, CancellationToken cancellationToken)
    {
        if (await RestAsync(pacs, preferences, time.GetElapsedTime(started), cancellationToken).ConfigureAwait(false) > TimeSpan.Zero)
        {
            await run.ReportAsync("archiving", arrived, expected, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await run.LeaveLaneAsync("archiving", arrived, expected, cancellationToken).ConfigureAwait(false);
        }
    }
}
