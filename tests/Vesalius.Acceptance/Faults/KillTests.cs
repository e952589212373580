using Xunit;

namespace Vesalius.Acceptance.Faults;

[Trait("Speed", "Slow")]
public sealed class KillTests
{
    private const ushort OutOfResources = 0xA700;

    [Fact]
    public async Task Killed_twenty_times_during_a_send_every_object_is_there_once_and_none_names_the_patient()
    {
        const int Kills = 20;
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(2000, seed: 1);
        var random = new Random(20);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var acknowledged = new HashSet<string>(StringComparer.Ordinal);
            var interrupted = 0;
            for (var kill = Kills; kill > 0; kill--)
            {
                var signal = new TaskCompletionSource();
                var killed = AfterAsync(signal.Task, random.Next(0, 25), () => process.KillAsync(token), token);
                interrupted += await PassAsync(process.Port, objects, acknowledged, kill, random, signal, null, token) ? 0 : 1;
                await killed;
                await process.StartAsync(token);
            }

            await Resending.FinishAsync(process.Port, objects, acknowledged, null, token);
            Assert.Equal(Kills, interrupted);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
            await StoredObjects.AssertIdentifiersAsync(process, token);
            await StoredObjects.AssertNoSecretAsync(process, token);
        }
    }

    [Fact]
    public async Task Database_killed_and_back_the_same_process_goes_on_and_every_object_is_there_once()
    {
        const int Kills = 10;
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(1500, seed: 2);
        var random = new Random(10);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var acknowledged = new HashSet<string>(StringComparer.Ordinal);
            for (var kill = Kills; kill > 0; kill--)
            {
                var signal = new TaskCompletionSource();
                var killed = AfterAsync(signal.Task, random.Next(0, 25), () => process.KillPostgresAsync(token), token);
                await PassAsync(process.Port, objects, acknowledged, kill, random, signal, OutOfResources, token);
                await killed;
                Assert.True(process.IsRunning);
                await process.UntilPostgresIsBackAsync(token);
            }

            await Resending.FinishAsync(process.Port, objects, acknowledged, OutOfResources, token);
            // A file whose commit was never heard of may stand beside the one that was sent again, until the next start.
            await process.KillAsync(token);
            await process.StartAsync(token);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
            await StoredObjects.AssertNoSecretAsync(process, token);
        }
    }

    [Fact]
    public async Task Commit_whose_answer_is_lost_leaves_row_and_file_and_the_object_sent_again_is_there_once()
    {
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(20, seed: 12);
        var process = new IntakeProcess { KeepsPostgres = false };
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var acknowledged = new HashSet<string>(StringComparer.Ordinal);
            await Resending.FinishAsync(process.Port, [.. objects.Take(10)], acknowledged, null, token);

            // A standby that never comes: commits are flushed here, and wait for it before they are answered.
            await process.KillPostgresAsync(token);
            var waiting = process.MakePostgres(new Dictionary<string, string>
            {
                ["wal_level"] = "replica", ["max_wal_senders"] = "2", ["synchronous_standby_names"] = "nobody",
            });
            await waiting.StartAsync(token);
            var sending = Resending.PassAsync(process.Port, objects, acknowledged, _ => { }, OutOfResources, token);
            await StoredObjects.UntilCommitWaitsAsync(process, token);
            await process.KillPostgresAsync(token);
            await process.Postgres.StartAsync(token);
            await sending;
            await Resending.FinishAsync(process.Port, objects, acknowledged, OutOfResources, token);
            await StoredObjects.AssertRowsHaveFilesAsync(process, objects.Count, token);

            await process.KillAsync(token);
            await process.StartAsync(token);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
        }
    }

    [Fact]
    public async Task Instance_whose_file_is_missing_is_written_anew_before_it_is_acknowledged()
    {
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(5, seed: 8);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            await Resending.FinishAsync(process.Port, objects, [], null, token);
            foreach (var path in StoredObjects.Files(process).Take(2).ToList())
            {
                File.Delete(path);
            }

            await Resending.FinishAsync(process.Port, objects, [], null, token);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
        }
    }

    private static async Task AfterAsync(Task signal, int milliseconds, Func<Task> act, CancellationToken cancellationToken)
    {
        await signal;
        // A random moment within the objects that follow: they take a few milliseconds each.
        await Task.Delay(milliseconds, cancellationToken);
        await act();
    }

    // Each pass has its share of the objects, so that the last kill still falls into a send.
    private static async Task<bool> PassAsync(
        int port, IReadOnlyList<SmallObject> objects, HashSet<string> acknowledged, int killsLeft, Random random, TaskCompletionSource signal, ushort? refusal, CancellationToken cancellationToken)
    {
        var share = Math.Max(2, (objects.Count - acknowledged.Count) / (killsLeft + 1));
        var signalAt = acknowledged.Count + random.Next(1, share);
        var whole = await Resending.PassAsync(port, objects, acknowledged, count => { if (count >= signalAt) { signal.TrySetResult(); } }, refusal, cancellationToken);
        signal.TrySetResult();
        return whole;
    }
}
