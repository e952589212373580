using Vesalius.Database;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Jobs.Tests;

/// <summary>The scheduler over weeks of simulated time.</summary>
public sealed class SimulationTests(ScratchPostgres postgres) : IClassFixture<ScratchPostgres>
{
    private const int Rows = 100_000;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Parallel retrievals that each of three PACS agreed to, by hour.
    private static int Allowed(string lane, DateTimeOffset now) => lane switch
    {
        "night" => now.Hour is >= 20 or < 6 ? 24 : 0,
        "always" => 12,
        _ => now.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 40 : now.Hour is >= 12 and < 14 ? 8 : 0,
    };

    private sealed record Flying(TakenJob Job, DateTimeOffset Lands);

    /// <summary>100,000 rows, three PACS, opening hours, 5 % failures, 2 restarts: every row ends, none twice, hours and limits kept.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Every_row_ends_once_within_hours_and_limits_whatever_fails()
    {
        var clock = new SteppedClock(new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero));
        var database = await postgres.DatabaseAsync(typeof(JobStore).Assembly);
        var store = new JobStore(database, clock, new JobLimits());
        var random = new Random(20261124);
        string[] lanes = ["night", "always", "weekend"];
        await database.InTransactionAsync(async (connection, transaction) =>
        {
            var batches = Enumerable.Range(0, 5).Select(_ => Guid.NewGuid()).ToArray();
            await store.AddAsync([.. Enumerable.Range(0, Rows).Select(i => new NewJob("test", lanes[i % 3], "", 0, batches[i % 5]))], connection, transaction);
            return 0;
        }, Token);

        var flying = lanes.ToDictionary(l => l, _ => new List<Flying>());
        var ended = new HashSet<long>();
        var stale = new List<TakenJob>();
        var restarts = new Queue<int>([Rows / 4, Rows / 2]);
        var end = clock.GetUtcNow().AddDays(120);
        while (ended.Count < Rows)
        {
            Assert.True(clock.GetUtcNow() < end, $"Only {ended.Count} rows ended in 120 days.");
            if (restarts.TryPeek(out var at) && ended.Count >= at)
            {
                // Everything in flight is forgotten; half of it only seems dead and will report later.
                restarts.Dequeue();
                stale.AddRange(flying.Values.SelectMany(f => f).Select(f => f.Job).Where((_, i) => i % 2 == 0));
                foreach (var list in flying.Values)
                {
                    list.Clear();
                }

                Assert.True(await store.RecoverAsync("node", Token) > 0);
            }

            foreach (var lane in lanes)
            {
                var now = clock.GetUtcNow();
                var landed = flying[lane].FindAll(f => f.Lands <= now);
                flying[lane].RemoveAll(f => f.Lands <= now);
                var results = landed.ConvertAll(f => (f.Job, Fails: random.Next(100) < 5));
                await Task.WhenAll(results.Select(async r => Assert.True(await store.CompleteAsync(
                    r.Job, r.Fails ? JobResult.Retry("failed", GrowingPause.After(TimeSpan.FromMinutes(5), r.Job.Attempts + 1, TimeSpan.FromHours(4))) : JobResult.Ended("complete"), Token))));
                Assert.All(results.Where(r => !r.Fails), r => Assert.True(ended.Add(r.Job.Id), "A row ended twice."));
                if (flying[lane].Count > 0)
                {
                    Assert.Empty(await store.BeatAsync([.. flying[lane].Select(f => f.Job)], Token));
                }

                if (Allowed(lane, now) is > 0 and var allowed)
                {
                    foreach (var job in await store.TakeAsync(lane, allowed, "node", Token))
                    {
                        Assert.DoesNotContain(job.Id, ended);
                        flying[lane].Add(new Flying(job, now.AddSeconds(random.Next(5, 90))));
                    }

                    Assert.InRange(flying[lane].Count, 0, allowed);
                }
            }

            foreach (var job in stale)
            {
                Assert.False(await store.CompleteAsync(job, JobResult.Ended("twice"), Token));
            }

            stale.Clear();
            clock.Advance(flying.Values.All(f => f.Count == 0) ? TimeSpan.FromMinutes(10) : Tick);
        }

        Assert.Empty(restarts);
        Assert.Equal(Rows, await database.FindAsync<long>("select count(*) from jobs_job where state = 'ended' and outcome = 'complete'", null, Token));
        Assert.True(await database.FindAsync<long>("select count(*) from jobs_job where attempts > 0", null, Token) > Rows / 40);
    }
}
