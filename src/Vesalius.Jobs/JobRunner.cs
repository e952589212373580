using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Vesalius.Database;

namespace Vesalius.Jobs;

/// <summary>Name of this node, the same after a restart: whatever ran in this name before has died.</summary>
/// <param name="Name">Name.</param>
public sealed record NodeName(string Name);

/// <summary>Takes jobs and runs them. Every node has one; any node can take any job.</summary>
public sealed class JobRunner(
    JobStore store, IEnumerable<IJobHandler> handlers, VesaliusDatabase database, NodeName node, JobLimits limits, TimeProvider time, ILogger<JobRunner> logger) : BackgroundService
{
    private sealed record Running(TakenJob Job, CancellationTokenSource Stop)
    {
        public string? Wish { get; set; }
    }

    private static readonly TimeSpan ShutdownTime = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, IJobHandler> _handlers = handlers.ToDictionary(h => h.Kind);
    private readonly ConcurrentDictionary<long, Running> _running = new();
    private readonly ConcurrentDictionary<long, Task> _tasks = new();
    private readonly SemaphoreSlim _wake = new(0);
    private DateTimeOffset _recovered = DateTimeOffset.MinValue;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await RepeatAsync(RecoverFormerAsync, once: true, TimeSpan.Zero, stoppingToken).ConfigureAwait(false);
        await Task.WhenAll(
            RepeatAsync(ListenAsync, once: false, TimeSpan.Zero, stoppingToken),
            RepeatAsync(BeatAsync, once: false, limits.Lease / 3, stoppingToken),
            TakeAsync(stoppingToken)).ConfigureAwait(false);
        foreach (var running in _running.Values)
        {
            await running.Stop.CancelAsync().ConfigureAwait(false);
        }

        await Task.WhenAny(Task.WhenAll(_tasks.Values), Task.Delay(ShutdownTime, time, CancellationToken.None)).ConfigureAwait(false);
    }

    private async Task RecoverFormerAsync(CancellationToken cancellationToken)
    {
        var count = await store.RecoverAsync(node.Name, cancellationToken).ConfigureAwait(false);
        if (count > 0)
        {
            JobsLog.Recovered(logger, count);
        }
    }

    // Goes on whatever happens to the database in between.
    private async Task RepeatAsync(Func<CancellationToken, Task> step, bool once, TimeSpan pause, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await step(cancellationToken).ConfigureAwait(false);
                if (once)
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                JobsLog.LoopFailed(logger, e.GetType().Name);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            connection.Notification += (_, _) => Wake();
            var listen = new NpgsqlCommand($"listen {JobStore.Channel}", connection);
            await using (listen.ConfigureAwait(false))
            {
                await listen.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            while (true)
            {
                await connection.WaitAsync(cancellationToken).ConfigureAwait(false);
                // A wish of a running job comes this way too.
                await BeatAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        if (_running.IsEmpty)
        {
            return;
        }

        foreach (var (id, wish) in await store.BeatAsync([.. _running.Values.Select(r => r.Job)], cancellationToken).ConfigureAwait(false))
        {
            if (_running.TryGetValue(id, out var running))
            {
                running.Wish = wish;
                await running.Stop.CancelAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var until = time.GetUtcNow() + limits.Poll;
            try
            {
                until = await TakeOnceAsync(until, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                JobsLog.LoopFailed(logger, e.GetType().Name);
            }

            await WaitAsync(until, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        var pause = until - time.GetUtcNow();
        pause = pause < TimeSpan.FromMilliseconds(20) ? TimeSpan.FromMilliseconds(20) : pause > limits.Poll ? limits.Poll : pause;
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_wake.WaitAsync(waiting.Token), Task.Delay(pause, time, waiting.Token)).ConfigureAwait(false);
        await waiting.CancelAsync().ConfigureAwait(false);
    }

    // Returns when to look again at the latest.
    private async Task<DateTimeOffset> TakeOnceAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now - _recovered >= limits.Lease / 10)
        {
            _recovered = now;
            await store.RecoverAsync(null, cancellationToken).ConfigureAwait(false);
        }

        foreach (var (lane, kind) in await store.LanesAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!_handlers.TryGetValue(kind, out var handler))
            {
                continue;
            }

            var allowance = await handler.AllowanceAsync(lane, time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
            until = allowance.Until is { } change && change < until ? change : until;
            if (allowance.Parallel < 1)
            {
                continue;
            }

            foreach (var job in await store.TakeAsync(lane, allowance.Parallel, node.Name, cancellationToken).ConfigureAwait(false))
            {
                Start(handler, job, cancellationToken);
            }
        }

        return await store.NextAsync(cancellationToken).ConfigureAwait(false) is { } next && next < until ? new DateTimeOffset(next, TimeSpan.Zero) : until;
    }

    private void Start(IJobHandler handler, TakenJob job, CancellationToken stopping)
    {
        var running = new Running(job, CancellationTokenSource.CreateLinkedTokenSource(stopping));
        _running[job.Id] = running;
        _tasks[job.Id] = Task.Run(() => RunAsync(handler, running, stopping), CancellationToken.None);
    }

    private async Task RunAsync(IJobHandler handler, Running running, CancellationToken stopping)
    {
        var job = running.Job;
        try
        {
            var result = await handler.RunAsync(new JobRun(job, store), running.Stop.Token).ConfigureAwait(false);
            await FinishAsync(running, () => CompleteAsync(handler, job, result)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (running.Stop.IsCancellationRequested)
        {
            await FinishAsync(running, () => StoppedAsync(handler, running)).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            JobsLog.Failed(logger, job.Id, job.Kind, e.GetType().Name, e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("Vesalius", StringComparison.Ordinal))?.Trim() ?? "");
            var again = JobResult.Retry("An unexpected error; the server's log tells more.", GrowingPause.After(TimeSpan.FromSeconds(10), job.Attempts + 1, TimeSpan.FromHours(1)));
            await FinishAsync(running, () => CompleteAsync(handler, job, again)).ConfigureAwait(false);
        }
        finally
        {
            running.Stop.Dispose();
            _tasks.TryRemove(job.Id, out _);
            if (!stopping.IsCancellationRequested)
            {
                Wake();
            }
        }
    }

    private async Task CompleteAsync(IJobHandler handler, TakenJob job, JobResult result)
    {
        if (!await store.CompleteAsync(job, result, CancellationToken.None).ConfigureAwait(false))
        {
            JobsLog.Lost(logger, job.Id);
        }
        else if (result.Outcome is not null || _running[job.Id].Wish == "cancel")
        {
            await handler.EndedAsync([job.Id], CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task StoppedAsync(IJobHandler handler, Running running)
    {
        var state = running.Wish switch { "cancel" => JobState.Ended, "pause" => JobState.Paused, "lost" => null, _ => JobState.Queued };
        if (state is null)
        {
            JobsLog.Lost(logger, running.Job.Id);
            return;
        }

        await store.ReleaseAsync(running.Job, state, CancellationToken.None).ConfigureAwait(false);
        if (state == JobState.Ended)
        {
            await handler.EndedAsync([running.Job.Id], CancellationToken.None).ConfigureAwait(false);
        }
    }

    // A database that is away for a moment must not leave a finished job running for ever; its lease runs out, and it is repeated.
    private async Task FinishAsync(Running running, Func<Task> record)
    {
        try
        {
            await record().ConfigureAwait(false);
        }
        catch (NpgsqlException e)
        {
            JobsLog.LoopFailed(logger, e.GetType().Name);
        }
        finally
        {
            _running.TryRemove(running.Job.Id, out _);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }
}
