using System.Reflection;
using Vesalius.Database;
using Xunit;

namespace Vesalius.Testing;

/// <summary>A PostgreSQL of its own for a test class, gone afterwards. It does not flush: no test pulls the plug of the machine.</summary>
public sealed class ScratchPostgres : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "vesalius-scratch-" + Guid.NewGuid().ToString("N")[..8]);
    private readonly List<VesaliusDatabase> _databases = [];
    private PrivatePostgres? _postgres;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _postgres = new PrivatePostgres(_folder, new Dictionary<string, string> { ["fsync"] = "off", ["synchronous_commit"] = "off" });
        await _postgres.StartAsync(CancellationToken.None);
    }

    /// <summary>An empty database with the tables of some rooms.</summary>
    public async Task<VesaliusDatabase> DatabaseAsync(params Assembly[] rooms)
    {
        var name = $"scratch_{_databases.Count}";
        await _postgres!.CreateDatabaseAsync(name, CancellationToken.None);
        var database = new VesaliusDatabase(_postgres.ConnectionString(name));
        lock (_databases)
        {
            _databases.Add(database);
        }

        await MigrationRunner.ApplyAsync(database, [.. rooms.Select(r => new MigrationSource(r.GetName().Name!["Vesalius.".Length..], r))], CancellationToken.None);
        return database;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }

        await _postgres!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A clock that stands still until it is moved.</summary>
/// <param name="start">What it shows first.</param>
public sealed class SteppedClock(DateTimeOffset start) : TimeProvider
{
    private DateTimeOffset _now = start;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _now;

    /// <summary>Moves it forward.</summary>
    public void Advance(TimeSpan step) => _now += step;
}
