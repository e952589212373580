using Xunit;

namespace Vesalius.Acceptance.Faults;

[Trait("Speed", "Slow")]
public sealed class SenderTests
{
    // Larger than what is held in memory whole, so that it is on its way to the disk.
    private const int LargeSide = 3000;

    [Theory]
    [InlineData(64)]
    [InlineData(LargeSide)]
    public async Task Dropped_in_the_middle_of_objects_nothing_of_them_stays_and_they_can_be_sent_again(int side)
    {
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(side == LargeSide ? 3 : 20, seed: 3, side);
        var random = new Random(3);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            foreach (var item in objects)
            {
                var sender = await AcknowledgedSender.OpenAsync(process.Port, token);
                await using (sender.ConfigureAwait(false))
                {
                    await sender.SendPartAsync(SmallObjects.SopClass, item.SopInstanceUid, item.Bytes, random.Next(item.Bytes.Length / 2, item.Bytes.Length), token);
                    sender.Drop();
                }
            }

            await UntilAsync(() => Incoming(process) == 0, token);
            Assert.Empty(StoredObjects.Files(process));
            await Resending.FinishAsync(process.Port, objects, [], null, token);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
            await StoredObjects.AssertNoSecretAsync(process, token);
        }
    }

    [Fact]
    public async Task Senders_that_stall_in_the_middle_of_an_object_do_not_hold_up_others()
    {
        var token = TestContext.Current.CancellationToken;
        var stalled = SmallObjects.Make(50, seed: 4);
        var objects = SmallObjects.Make(200, seed: 5);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var stalling = new List<AcknowledgedSender>();
            foreach (var item in stalled)
            {
                var sender = await AcknowledgedSender.OpenAsync(process.Port, token);
                await sender.SendPartAsync(SmallObjects.SopClass, item.SopInstanceUid, item.Bytes, item.Bytes.Length / 2, token);
                stalling.Add(sender);
            }

            await Resending.FinishAsync(process.Port, objects, [], null, token);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
            foreach (var sender in stalling)
            {
                await sender.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Killed_with_a_large_object_half_received_its_raw_bytes_do_not_name_the_patient()
    {
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(1, seed: 6, LargeSide);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var sender = await AcknowledgedSender.OpenAsync(process.Port, token);
            await using (sender.ConfigureAwait(false))
            {
                await sender.SendPartAsync(SmallObjects.SopClass, objects[0].SopInstanceUid, objects[0].Bytes, objects[0].Bytes.Length - 2, token);
                await UntilAsync(() => Incoming(process) > 0, token);
                await process.KillAsync(token);
            }

            await StoredObjects.AssertNoSecretAsync(process, token);
            await process.StartAsync(token);
            await Resending.FinishAsync(process.Port, objects, [], null, token);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
        }
    }

    private static int Incoming(IntakeProcess process)
    {
        var folder = Path.Combine(process.Data, "cache", "incoming");
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count() : 0;
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(20, deadline.Token);
        }
    }
}
