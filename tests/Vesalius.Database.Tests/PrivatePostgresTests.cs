using Xunit;

namespace Vesalius.Database.Tests;

/// <summary>The private cluster and migrations on it (R35).</summary>
public sealed class PrivatePostgresTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Made, used, stopped, started again: what was committed is there; a second owner finds it running.</summary>
    [Fact]
    public async Task Cluster_keeps_its_data_over_a_restart_and_is_found_when_it_runs_already()
    {
        var folder = Path.Combine(Path.GetTempPath(), "vesalius-pg-" + Guid.NewGuid().ToString("N")[..8]);
        try
        {
            await using (var first = new PrivatePostgres(folder))
            {
                await first.StartAsync(Token);
                await using var database = new VesaliusDatabase(first.ConnectionString());
                await database.ExecuteAsync("create table kept (n int); insert into kept values (42)", null, Token);
                var second = new PrivatePostgres(folder);
                await second.StartAsync(Token);
                await using var other = new VesaliusDatabase(second.ConnectionString());
                Assert.Equal(42, await other.FindAsync<int>("select n from kept", null, Token));
            }

            await using var again = new PrivatePostgres(folder);
            await again.StartAsync(Token);
            await using var after = new VesaliusDatabase(again.ConnectionString());
            Assert.Equal(42, await after.FindAsync<int>("select n from kept", null, Token));
            await MigrationsAsync(again);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // In the same cluster, since making one takes seconds.
    private static async Task MigrationsAsync(PrivatePostgres postgres)
    {
        await postgres.CreateDatabaseAsync("migrated", Token);
        await using var database = new VesaliusDatabase(postgres.ConnectionString("migrated"));
        MigrationSource[] sources = [new("Tests", typeof(PrivatePostgresTests).Assembly)];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => MigrationRunner.ApplyAsync(database, sources, Token)));
        Assert.Equal([1, 2], await database.QueryAsync<int>("select number from vesalius_migration order by number", null, Token));
        Assert.Equal("second", await database.FindAsync<string>("select text from migrated", null, Token));
        await database.ExecuteAsync("update vesalius_migration set sha256 = 'other' where number = 1", null, Token);
        await Assert.ThrowsAsync<MigrationException>(() => MigrationRunner.ApplyAsync(database, sources, Token));
    }
}
