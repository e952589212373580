using FsCheck;
using FsCheck.Fluent;
using Vesalius.Database;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Jobs.Tests;

/// <summary>Jobs as rows: turns, limits, leases, wishes (R5).</summary>
public sealed class JobStoreTests(ScratchPostgres postgres) : IClassFixture<ScratchPostgres>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly SteppedClock _clock = new(new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero));

    private async Task<(JobStore Store, JobControl Control, VesaliusDatabase Database)> RoomAsync()
    {
        var database = await postgres.DatabaseAsync(typeof(JobStore).Assembly);
        return (new JobStore(database, _clock, new JobLimits()), new JobControl(database, _clock), database);
    }

    private static Task AddAsync(VesaliusDatabase database, JobStore store, IEnumerable<NewJob> jobs) => database.InTransactionAsync(async (connection, transaction) =>
    {
        await store.AddAsync([.. jobs], connection, transaction);
        return 0;
    }, Token);

    private static NewJob Job(string lane, Guid? batch = null, int priority = 10, DateTimeOffset? notBefore = null) => new("test", lane, "", 0, batch, priority, notBefore);

    private static async Task<List<TakenJob>> DrainAsync(JobStore store, string lane, int count)
    {
        var taken = new List<TakenJob>();
        while (taken.Count < count && await store.TakeAsync(lane, 1, "a", Token) is [var job])
        {
            taken.Add(job);
            Assert.True(await store.CompleteAsync(job, JobResult.Ended("done"), Token));
        }

        return taken;
    }

    /// <summary>A hundred thousand rows of one user do not hold up another's ten.</summary>
    [Fact]
    public async Task Late_small_batch_takes_turns_with_an_early_large_one()
    {
        var (store, _, database) = await RoomAsync();
        Guid large = Guid.NewGuid(), small = Guid.NewGuid();
        await AddAsync(database, store, Enumerable.Repeat(Job("l", large), 500));
        await DrainAsync(store, "l", 50);
        await AddAsync(database, store, Enumerable.Repeat(Job("l", small), 10));
        var next = await DrainAsync(store, "l", 22);
        Assert.Equal(10, next.Count(j => j.Batch == small));
    }

    /// <summary>Who is done with what a lane stands for makes room for the next, and is still this node's until it ends; taken anew, it counts again.</summary>
    [Fact]
    public async Task Job_that_left_its_lane_makes_room_for_another_and_stays_leased()
    {
        var (store, _, database) = await RoomAsync();
        await AddAsync(database, store, [Job("l"), Job("l"), Job("l")]);
        var first = Assert.Single(await store.TakeAsync("l", 1, "a", Token));
        Assert.Empty(await store.TakeAsync("l", 1, "a", Token));
        await store.LeaveLaneAsync(first, "archiving", 1, 1, Token);
        var second = Assert.Single(await store.TakeAsync("l", 1, "a", Token));
        Assert.NotEqual(first.Id, second.Id);
        Assert.Empty(await store.BeatAsync([first, second], Token));
        Assert.Equal("archiving", (await store.FindAsync(first.Id, Token))!.Phase);
        Assert.True(await store.CompleteAsync(first, JobResult.Postponed("", TimeSpan.Zero), Token));
        Assert.True(await store.CompleteAsync(second, JobResult.Ended("done"), Token));
        Assert.Equal(first.Id, Assert.Single(await store.TakeAsync("l", 1, "a", Token)).Id);
        Assert.Empty(await store.TakeAsync("l", 1, "a", Token));
        // Whoever lost the lease frees nothing.
        await store.LeaveLaneAsync(first, "archiving", 1, 1, Token);
        Assert.Empty(await store.TakeAsync("l", 1, "a", Token));
    }

    /// <summary>Priority goes before turn.</summary>
    [Fact]
    public async Task Job_of_higher_priority_goes_first_and_can_be_moved()
    {
        var (store, control, database) = await RoomAsync();
        var batch = Guid.NewGuid();
        await AddAsync(database, store, [Job("l"), Job("l", priority: 1), Job("l", batch, priority: 20)]);
        await control.PrioritiseAsync([], batch, 0, Token);
        Assert.Equal([3, 2, 1], (await DrainAsync(store, "l", 3)).Select(j => (int)j.Id));
    }

    /// <summary>Many nodes at once never run more than the lane allows, nor one job twice.</summary>
    [Fact]
    public async Task Nodes_together_keep_the_limit_of_a_lane()
    {
        var (store, _, database) = await RoomAsync();
        await AddAsync(database, store, Enumerable.Repeat(Job("l"), 200));
        var running = 0;
        var most = 0;
        var seen = new System.Collections.Concurrent.ConcurrentBag<long>();
        await Parallel.ForAsync(0, 8, Token, async (node, token) =>
        {
            while (seen.Count < 200)
            {
                foreach (var job in await store.TakeAsync("l", 3, $"n{node}", token))
                {
                    seen.Add(job.Id);
                    var now = Interlocked.Increment(ref running);
                    InterlockedMax(ref most, now);
                    await Task.Yield();
                    Interlocked.Decrement(ref running);
                    Assert.True(await store.CompleteAsync(job, JobResult.Ended("done"), token));
                }
            }
        });
        Assert.Equal(200, seen.Distinct().Count());
        Assert.InRange(most, 1, 3);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }

    /// <summary>A node that died: its job goes to another; what the dead one still says has no effect.</summary>
    [Fact]
    public async Task Job_of_a_lost_node_runs_again_and_the_lost_node_cannot_end_it()
    {
        var (store, _, database) = await RoomAsync();
        await AddAsync(database, store, [Job("l")]);
        var first = Assert.Single(await store.TakeAsync("l", 1, "dead", Token));
        Assert.Empty(await store.TakeAsync("l", 1, "b", Token));
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(1, await store.RecoverAsync(null, Token));
        var second = Assert.Single(await store.TakeAsync("l", 1, "b", Token));
        Assert.Equal(1, second.Interruptions);
        Assert.False(await store.CompleteAsync(first, JobResult.Ended("done"), Token));
        Assert.Equal("lost", (await store.BeatAsync([first], Token))[first.Id]);
        Assert.True(await store.CompleteAsync(second, JobResult.Ended("done"), Token));
    }

    /// <summary>Same name, so the former process is dead: no lease has to run out.</summary>
    [Fact]
    public async Task Node_that_starts_again_takes_its_jobs_back_at_once_and_gives_up_one_that_kills_it()
    {
        var (store, _, database) = await RoomAsync();
        await AddAsync(database, store, [Job("l")]);
        for (var death = 0; death <= new JobLimits().Interruptions; death++)
        {
            Assert.Single(await store.TakeAsync("l", 1, "a", Token));
            Assert.Equal(0, await store.RecoverAsync("other", Token));
            Assert.Equal(1, await store.RecoverAsync("a", Token));
        }

        Assert.Equal("failed", (await store.FindAsync(1, Token))!.Outcome);
    }

    /// <summary>Heartbeats keep a lease.</summary>
    [Fact]
    public async Task Long_job_keeps_its_lease_by_heartbeats()
    {
        var (store, _, database) = await RoomAsync();
        await AddAsync(database, store, [Job("l")]);
        var job = Assert.Single(await store.TakeAsync("l", 1, "a", Token));
        for (var i = 0; i < 10; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            Assert.Empty(await store.BeatAsync([job], Token));
            Assert.Equal(0, await store.RecoverAsync(null, Token));
        }
    }

    /// <summary>Pausing, resuming and cancelling, of jobs that wait and that run.</summary>
    [Fact]
    public async Task Wishes_hold_whatever_state_a_job_is_in()
    {
        var (store, control, database) = await RoomAsync();
        var batch = Guid.NewGuid();
        await AddAsync(database, store, [Job("l", batch), Job("l", batch), Job("l", batch, notBefore: _clock.GetUtcNow().AddHours(1))]);
        var running = Assert.Single(await store.TakeAsync("l", 1, "a", Token));
        Assert.Equal(3, await control.PauseAsync([], batch, Token));
        Assert.Equal("pause", (await store.BeatAsync([running], Token))[running.Id]);
        await store.CompleteAsync(running, JobResult.Retry("late", TimeSpan.Zero), Token);
        Assert.Empty(await store.TakeAsync("l", 9, "a", Token));
        Assert.Equal(3, await control.ResumeAsync([], batch, Token));
        Assert.Equal(JobState.Waiting, (await store.FindAsync(3, Token))!.State);
        var again = await store.TakeAsync("l", 9, "a", Token);
        Assert.Equal([1, 2], again.Select(j => (int)j.Id).Order());
        Assert.Equal(3, await control.CancelAsync([], batch, Token));
        Assert.Equal("cancelled", (await store.FindAsync(3, Token))!.Outcome);
        Assert.All((await store.BeatAsync(again, Token)).Values, w => Assert.Equal("cancel", w));
        await store.CompleteAsync(again[0], JobResult.Retry("x", TimeSpan.FromHours(1)), Token);
        Assert.Equal("cancelled", (await store.FindAsync(again[0].Id, Token))!.Outcome);
        // Ended just before the wish arrived: it stays what it is.
        await store.CompleteAsync(again[1], JobResult.Ended("complete"), Token);
        Assert.Equal("complete", (await store.FindAsync(again[1].Id, Token))!.Outcome);
        Assert.Equal(2, await control.AgainAsync([], batch, ["cancelled"], Token));
    }

    /// <summary>Nothing starts before its time.</summary>
    [Fact]
    public async Task Job_is_not_taken_before_its_time_nor_between_attempts()
    {
        var (store, _, database) = await RoomAsync();
        await AddAsync(database, store, [Job("l", notBefore: _clock.GetUtcNow().AddMinutes(5))]);
        Assert.Empty(await store.LanesAsync(Token));
        Assert.Equal(_clock.GetUtcNow().AddMinutes(5).UtcDateTime, await store.NextAsync(Token));
        _clock.Advance(TimeSpan.FromMinutes(5));
        var job = Assert.Single(await store.TakeAsync("l", 1, "a", Token));
        await store.CompleteAsync(job, JobResult.Retry("No answer.", TimeSpan.FromMinutes(2)), Token);
        _clock.Advance(TimeSpan.FromSeconds(119));
        Assert.Empty(await store.TakeAsync("l", 1, "a", Token));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, Assert.Single(await store.TakeAsync("l", 1, "a", Token)).Attempts);
    }

    /// <summary>A PACS that is down costs no attempt and is asked less and less.</summary>
    [Fact]
    public async Task Lane_that_does_not_answer_closes_for_longer_each_time_and_opens_when_it_answers()
    {
        var (store, _, database) = await RoomAsync();
        await AddAsync(database, store, [Job("l"), Job("m")]);
        foreach (var seconds in (int[])[10, 20, 40])
        {
            var job = Assert.Single(await store.TakeAsync("l", 1, "a", Token));
            Assert.Equal(0, job.Attempts);
            await store.CompleteAsync(job, JobResult.LaneTrouble("No association."), Token);
            _clock.Advance(TimeSpan.FromSeconds(seconds - 1));
            Assert.Empty(await store.TakeAsync("l", 1, "a", Token));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        // Another lane never noticed.
        Assert.Single(await store.TakeAsync("m", 1, "a", Token));
        var last = Assert.Single(await store.TakeAsync("l", 1, "a", Token));
        await store.CompleteAsync(last, JobResult.Retry("x", TimeSpan.Zero), Token);
        Assert.Single(await store.TakeAsync("l", 1, "a", Token));
    }

    /// <summary>A share of the time only.</summary>
    [Fact]
    public async Task Slot_rests_after_a_job_for_as_long_as_the_handler_says()
    {
        var (store, _, database) = await RoomAsync();
        await AddAsync(database, store, [Job("l"), Job("l")]);
        var job = Assert.Single(await store.TakeAsync("l", 1, "a", Token));
        await store.CompleteAsync(job, JobResult.Ended("done") with { Rest = TimeSpan.FromSeconds(30) }, Token);
        Assert.Empty(await store.TakeAsync("l", 1, "a", Token));
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Single(await store.TakeAsync("l", 1, "a", Token));
    }

    /// <summary>Pauses never shrink and never pass the cap.</summary>
    [Fact]
    public void Pause_grows_up_to_its_cap() => Prop.ForAll(
        Gen.Choose(1, 10_000).Zip(Gen.Choose(1, 500), (first, attempts) => (first, attempts)).ToArbitrary(),
        given =>
        {
            var first = TimeSpan.FromMilliseconds(given.first);
            var longest = TimeSpan.FromHours(1);
            var pause = GrowingPause.After(first, given.attempts, longest);
            Assert.InRange(pause, first, longest);
            Assert.True(GrowingPause.After(first, given.attempts + 1, longest) >= pause);
        }).QuickCheckThrowOnFailure();
}
