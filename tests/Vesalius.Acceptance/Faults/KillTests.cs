using Xunit;

namespace Vesalius.Acceptance.Faults;

[Trait("Speed", "Slow")]
public sealed class KillTests
{
    private const int Kills = 20;
    private const int Objects = 2000;

    [Fact]
    public async Task Killed_twenty_times_during_a_send_every_object_is_there_once_and_none_names_the_patient()
    {
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(Objects, seed: 1);
        var random = new Random(20);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var acknowledged = new HashSet<string>(StringComparer.Ordinal);
            var interrupted = 0;
            for (var kill = 1; kill <= Kills; kill++)
            {
                // Each round has its share of the objects, so that the last kill still falls into a send.
                var goal = acknowledged.Count + ((Objects - acknowledged.Count) / (Kills - kill + 2));
                var until = random.Next(acknowledged.Count + 1, Math.Max(acknowledged.Count + 2, goal));
                var killing = new TaskCompletionSource();
                var killed = KillWhenAsync(process, killing.Task, random.Next(0, 25), token);
                interrupted += await SendAsync(process.Port, objects, acknowledged, until, killing, token) ? 0 : 1;
                await killed;
                await process.StartAsync(token);
            }

            Assert.True(await SendAsync(process.Port, objects, acknowledged, int.MaxValue, new TaskCompletionSource(), token));
            Assert.Equal(Objects, acknowledged.Count);
            Assert.Equal(Kills, interrupted);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
            await StoredObjects.AssertNoSecretAsync(process, token);
        }
    }

    private static async Task KillWhenAsync(IntakeProcess process, Task signal, int milliseconds, CancellationToken cancellationToken)
    {
        await signal;
        // A random moment within the objects that follow: they take a few milliseconds each.
        await Task.Delay(milliseconds, cancellationToken);
        await process.KillAsync(cancellationToken);
    }

    // Four associations at once, each with every fourth object; true if all that was asked for was acknowledged.
    private static async Task<bool> SendAsync(
        int port, IReadOnlyList<SmallObject> objects, HashSet<string> acknowledged, int signalAt, TaskCompletionSource signal, CancellationToken cancellationToken)
    {
        var todo = objects.Where(o => !acknowledged.Contains(o.SopInstanceUid)).ToList();
        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(async lane =>
        {
            try
            {
                var sender = await AcknowledgedSender.OpenAsync(port, cancellationToken);
                await using (sender.ConfigureAwait(false))
                {
                    foreach (var item in todo.Where((_, index) => index % 4 == lane))
                    {
                        var status = await sender.StoreAsync(item, cancellationToken);
                        Assert.Equal(0, status);
                        lock (acknowledged)
                        {
                            acknowledged.Add(item.SopInstanceUid);
                            if (acknowledged.Count >= signalAt)
                            {
                                signal.TrySetResult();
                            }
                        }
                    }
                }

                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }));
        signal.TrySetResult();
        return results.All(r => r);
    }
}
