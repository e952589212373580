using Xunit;

namespace Vesalius.Acceptance.Faults;

[Trait("Speed", "Slow")]
public sealed class JournalTests
{
    private const ushort OutOfResources = 0xA700;

    [Fact]
    public async Task Killed_after_the_acknowledgement_and_before_the_row_the_objects_are_there_after_the_start()
    {
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(60, seed: 31);
        var process = new IntakeProcess { KeepsPostgres = false };
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            var acknowledged = new HashSet<string>(StringComparer.Ordinal);
            // Its session exists before the database stops committing.
            await Resending.FinishAsync(process.Port, [.. objects.Take(4)], acknowledged, null, token);
            await process.ListPrearchiveAsync(token);
            await process.KillPostgresAsync(token);
            var waiting = process.MakePostgres(new Dictionary<string, string>
            {
                ["wal_level"] = "replica", ["max_wal_senders"] = "2", ["synchronous_standby_names"] = "nobody",
            });
            await waiting.StartAsync(token);
            // The first ones meet connections that died with the database.
            await Resending.FinishAsync(process.Port, objects, acknowledged, OutOfResources, token);
            await StoredObjects.UntilCommitWaitsAsync(process, token);

            // No commit has been answered; everything was acknowledged.
            await process.KillAsync(token);
            await process.KillPostgresAsync(token);
            await process.StartAsync(token);
            Assert.Equal(objects.Count, acknowledged.Count);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
            await StoredObjects.AssertIdentifiersAsync(process, token);
            await StoredObjects.AssertNoSecretAsync(process, token);
        }
    }

    [Fact]
    public async Task Journal_that_cannot_be_made_is_gone_past()
    {
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(20, seed: 32);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            Directory.CreateDirectory(Path.Combine(process.Data, "cache"));
            await File.WriteAllTextAsync(Path.Combine(process.Data, "cache", "journal"), "in the way", token);
            await process.StartAsync(token);
            await Resending.FinishAsync(process.Port, objects, new HashSet<string>(StringComparer.Ordinal), null, token);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
        }
    }

    [Fact]
    public async Task Journal_that_is_damaged_is_read_up_to_the_damage_and_the_server_starts()
    {
        var token = TestContext.Current.CancellationToken;
        var objects = SmallObjects.Make(20, seed: 33);
        var process = new IntakeProcess();
        await using (process.ConfigureAwait(false))
        {
            await process.StartAsync(token);
            await Resending.FinishAsync(process.Port, objects, new HashSet<string>(StringComparer.Ordinal), null, token);
            await process.ListPrearchiveAsync(token);
            await process.KillAsync(token);
            var path = Path.Combine(process.Data, "cache", "journal", "0.journal");
            var journal = await File.ReadAllBytesAsync(path, token);
            Assert.True(journal.AsSpan().StartsWith("VSLSJRN1"u8), "Nothing went through the journal.");
            for (var at = 40_000; at < 200_000; at += 97)
            {
                journal[at] ^= 0x5A;
            }

            await File.WriteAllBytesAsync(path, journal, token);
            await process.StartAsync(token);
            await StoredObjects.AssertExactlyAsync(process, objects, token);
        }
    }
}
