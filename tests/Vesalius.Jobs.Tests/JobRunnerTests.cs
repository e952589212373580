using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Database;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Jobs.Tests;

/// <summary>The loop that takes and runs jobs.</summary>
public sealed class JobRunnerTests(ScratchPostgres postgres) : IClassFixture<ScratchPostgres>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed class Handler : IJobHandler
    {
        public string Kind => "test";

        public TaskCompletionSource Started { get; private set; } = New();

        public TaskCompletionSource<string> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<long> Over { get; } = [];

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask<LaneAllowance> AllowanceAsync(string lane, DateTimeOffset now, CancellationToken cancellationToken) => ValueTask.FromResult(new LaneAllowance(2, null));

        public async Task<JobResult> RunAsync(JobRun run, CancellationToken cancellationToken)
        {
            await run.ReportAsync("working", 1, 3, cancellationToken);
            Started.TrySetResult();
            switch (run.Job.Payload)
            {
                case "hang":
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                    break;
                case "throw":
                    throw new InvalidOperationException("a name that must not be seen");
                default:
                    Ended.TrySetResult(run.Job.Payload);
                    break;
            }

            return JobResult.Ended("done");
        }

        public Task EndedAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken)
        {
            Over.AddRange(ids);
            return Task.CompletedTask;
        }
    }

    private static JobRunner Runner(VesaliusDatabase database, JobStore store, Handler handler, JobLimits limits) =>
        new(store, [handler], database, new NodeName("node"), limits, TimeProvider.System, NullLogger<JobRunner>.Instance);

    private static Task AddAsync(VesaliusDatabase database, JobStore store, string payload) => database.InTransactionAsync(async (connection, transaction) =>
    {
        await store.AddAsync([new NewJob("test", "l", payload)], connection, transaction);
        return 0;
    }, Token);

    private static async Task<JobStatus> UntilAsync(JobStore store, long id, Func<JobStatus, bool> wanted)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(10));
        while (true)
        {
            if (await store.FindAsync(id, patience.Token) is { } status && wanted(status))
            {
                return status;
            }

            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>A job that is added is run at once, since the commit wakes the runner.</summary>
    [Fact]
    public async Task Added_job_runs_without_waiting_for_the_next_look()
    {
        var database = await postgres.DatabaseAsync(typeof(JobStore).Assembly);
        var limits = new JobLimits { Poll = TimeSpan.FromMinutes(10) };
        var store = new JobStore(database, TimeProvider.System, limits);
        var handler = new Handler();
        using var runner = Runner(database, store, handler, limits);
        await runner.StartAsync(Token);
        // The runner may still be about to listen.
        await Task.Delay(500, Token);
        await AddAsync(database, store, "x");
        Assert.Equal("x", await handler.Ended.Task.WaitAsync(TimeSpan.FromSeconds(10), Token));
        await UntilAsync(store, 1, s => s.Outcome == "done");
        await AddAsync(database, store, "throw");
        var failed = await UntilAsync(store, 2, s => s.State == JobState.Waiting);
        Assert.Equal(1, failed.Attempts);
        Assert.DoesNotContain("name", failed.Reason, StringComparison.Ordinal);
        await runner.StopAsync(Token);
    }

    /// <summary>A running job stops when it is cancelled; at shutdown it goes back to the queue.</summary>
    [Fact]
    public async Task Running_job_stops_on_wish_and_is_queued_again_at_shutdown()
    {
        var database = await postgres.DatabaseAsync(typeof(JobStore).Assembly);
        var limits = new JobLimits();
        var store = new JobStore(database, TimeProvider.System, limits);
        var control = new JobControl(database, TimeProvider.System);
        var handler = new Handler();
        using var runner = Runner(database, store, handler, limits);
        await runner.StartAsync(Token);
        await AddAsync(database, store, "hang");
        await AddAsync(database, store, "hang");
        await UntilAsync(store, 1, s => s.Phase == "working");
        await UntilAsync(store, 2, s => s is { Phase: "working", Done: 1, Total: 3 });
        await control.CancelAsync([1], null, Token);
        Assert.Equal("cancelled", (await UntilAsync(store, 1, s => s.State == JobState.Ended)).Outcome);
        await runner.StopAsync(Token);
        Assert.Equal([1], handler.Over);
        var second = (await store.FindAsync(2, Token))!;
        Assert.Equal((JobState.Queued, 0), (second.State, second.Attempts));
    }
}
