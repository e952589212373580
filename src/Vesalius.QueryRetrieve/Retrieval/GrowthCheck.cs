using System.Globalization;
using System.Text.Json;
using Dapper;
using Vesalius.Database;
using Vesalius.Jobs;

namespace Vesalius.QueryRetrieve;

/// <summary>Looks again, some time after a retrieval was complete, whether the PACS has got more of the study since (R6).</summary>
/// <remarks>What is needed for that is kept sealed, and the instances that came as keyed hashes, until the last look.</remarks>
public sealed class GrowthCheck(
    PacsDirectory directory, AvailabilityDirectory availability, PacsConnections connections, WantedSeries wanted, JobStore jobs, JobControl control, SecretSeal seal,
    VesaliusDatabase database, TimeProvider time) : IJobHandler
{
    private const int HashLength = 16;
    private const int Attempts = 5;
    private static readonly TimeSpan RetryPause = TimeSpan.FromHours(1);

    private sealed record Remembered(string Study, string[] Series, bool HasScript, string[]? Descriptions = null);

    private sealed record Row(long PacsId, string ProjectId, byte[] Sealed, byte[] Known, int Looked)
    {
        public Row()
            : this(0, "", [], [], 0)
        {
        }
    }

    /// <inheritdoc/>
    public string Kind => "growth";

    private static long PacsOf(string lane) => long.Parse(lane.AsSpan(lane.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture);

    /// <summary>Remembers a request whose study is whole, to look at it again. Bears repetition.</summary>
    internal async Task RememberAsync(ImportRequest request, Pacs pacs, IEnumerable<TrackedInstance> came, CancellationToken cancellationToken)
    {
        if (pacs.Rules.RecheckHours.Length == 0 || request.StudyInstanceUid is not { } study || !(pacs.Rules.AnswersImageLevel || pacs.Rules.CountsInstances))
        {
            return;
        }

        var known = came.Where(c => c.Outcome is not null).SelectMany(c => seal.Hash(c.SopInstanceUid)).ToArray();
        var secret = seal.Seal(JsonSerializer.Serialize(new Remembered(study, request.SeriesIds, request.Script is not null, request.SeriesDescriptions)));
        await database.InTransactionAsync(async (connection, transaction) =>
        {
            var added = await connection.ExecuteAsync(
                "insert into qr_growth (request_id, sealed, known) values (@Id, @secret, @known) on conflict do nothing", new { request.Id, secret, known }, transaction).ConfigureAwait(false);
            if (added > 0)
            {
                var first = time.GetUtcNow().AddHours(pacs.Rules.RecheckHours.Min());
                await jobs.AddAsync(
                    [new NewJob(Kind, JobStore.LaneOf(Kind, pacs.Id), request.Id.ToString(CultureInfo.InvariantCulture), NotBefore: first)], connection, transaction).ConfigureAwait(false);
            }

            return 0;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<LaneAllowance> AllowanceAsync(string lane, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await directory.FindAsync(PacsOf(lane), cancellationToken).ConfigureAwait(false) is not { } pacs)
        {
            return new LaneAllowance(1, null);
        }

        // One at a time, in the hours that were agreed on for retrievals.
        var allowance = (await availability.AllowanceAsync(pacs, now, cancellationToken).ConfigureAwait(false)).Allowance;
        return allowance with { Parallel = Math.Min(1, allowance.Parallel) };
    }

    /// <inheritdoc/>
    public async Task<JobResult> RunAsync(JobRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        var request = long.Parse(run.Job.Payload, CultureInfo.InvariantCulture);
        var row = await database.FindAsync<Row>(
            "select r.pacs_id, r.project_id, g.sealed, g.known, g.looked from qr_growth g join qr_request r on r.id = g.request_id where g.request_id = @request", new { request }, cancellationToken).ConfigureAwait(false);
        if (row is null || await directory.FindAsync(row.PacsId, cancellationToken).ConfigureAwait(false) is not { } pacs)
        {
            return await ForgetAsync(request, "gone").ConfigureAwait(false);
        }

        int more;
        try
        {
            more = await LookAsync(pacs, row, cancellationToken).ConfigureAwait(false);
        }
        catch (PacsException e)
        {
            return e.IsAway ? JobResult.LaneTrouble(e.Message)
                : run.Job.Attempts + 1 < Attempts ? JobResult.Retry(e.Message, RetryPause) : await ForgetAsync(request, "failed").ConfigureAwait(false);
        }

        if (more > 0)
        {
            await control.ReviseAsync(
                request, ImportOutcome.Complete, ImportOutcome.Grown, $"The PACS has got {more} more instances since. A new request that adds to the session brings them.", cancellationToken).ConfigureAwait(false);
            await database.ExecuteAsync("update qr_request set report = coalesce(report, '{}') || jsonb_build_object('grown', @more) where id = @request", new { request, more }, cancellationToken).ConfigureAwait(false);
            return await ForgetAsync(request, "grown").ConfigureAwait(false);
        }

        var hours = pacs.Rules.RecheckHours.Order().ToList();
        var looked = row.Looked + 1;
        if (looked >= hours.Count)
        {
            return await ForgetAsync(request, "unchanged").ConfigureAwait(false);
        }

        await database.ExecuteAsync("update qr_growth set looked = @looked where request_id = @request", new { request, looked }, cancellationToken).ConfigureAwait(false);
        return JobResult.Postponed("", TimeSpan.FromHours(Math.Max(1, hours[looked] - hours[looked - 1])));
    }

    // How many instances the PACS has that did not come.
    private async Task<int> LookAsync(Pacs pacs, Row row, CancellationToken cancellationToken)
    {
        var remembered = JsonSerializer.Deserialize<Remembered>(seal.Open(row.Sealed))!;
        var known = row.Known.Chunk(HashLength).Select(Convert.ToHexString).ToHashSet(StringComparer.Ordinal);
        var dialogue = await connections.OpenAsync(pacs, cancellationToken).ConfigureAwait(false);
        await using (dialogue.ConfigureAwait(false))
        {
            var (series, _) = await wanted.OfAsync(dialogue, remembered.Study, row.ProjectId, new ChosenSeries(remembered.Series, remembered.Descriptions ?? []), remembered.HasScript, cancellationToken).ConfigureAwait(false);
            if (!pacs.Rules.AnswersImageLevel)
            {
                return Math.Max(0, series.Sum(s => s.InstanceCount ?? 0) - known.Count);
            }

            var more = 0;
            foreach (var one in series)
            {
                more += (await dialogue.InstancesAsync(remembered.Study, one.SeriesInstanceUid, cancellationToken).ConfigureAwait(false)).Count(i => !known.Contains(Convert.ToHexString(seal.Hash(i))));
            }

            return more;
        }
    }

    private async Task<JobResult> ForgetAsync(long request, string outcome)
    {
        await database.ExecuteAsync("delete from qr_growth where request_id = @request", new { request }, CancellationToken.None).ConfigureAwait(false);
        return JobResult.Ended(outcome);
    }

    /// <inheritdoc/>
    public Task EndedAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken) => Task.CompletedTask;
}
