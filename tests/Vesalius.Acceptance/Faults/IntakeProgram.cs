using Microsoft.Extensions.Logging.Abstractions;
using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Import;
using Vesalius.Prearchive;

namespace Vesalius.Acceptance.Faults;

/// <summary>The rooms between a receiver's port and the prearchive, without HTTP, as a program of its own: data folder, DICOM port.</summary>
internal static class IntakeProgram
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var data = arguments[0];
        var port = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        var time = TimeProvider.System;
        var postgres = new PrivatePostgres(Path.Combine(data, "postgres"));
        await postgres.StartAsync(CancellationToken.None).ConfigureAwait(false);
        var database = new VesaliusDatabase(postgres.ConnectionString());
        await MigrationRunner.ApplyAsync(
            database,
            [
                new MigrationSource("Access", typeof(UserDirectory).Assembly), new MigrationSource("Archive", typeof(ArchiveLayout).Assembly),
                new MigrationSource("Prearchive", typeof(PrearchiveStore).Assembly), new MigrationSource("Import", typeof(ReceiverHost).Assembly),
            ],
            CancellationToken.None).ConfigureAwait(false);

        var store = new PrearchiveStore(Path.Combine(data, "prearchive"), database);
        await store.RecoverAsync(CancellationToken.None).ConfigureAwait(false);
        var users = new UserDirectory(database, time);
        if (await users.FindAsync("admin", CancellationToken.None).ConfigureAwait(false) is null)
        {
            await users.CreateAsync("admin", Password.Random(), "Site", "Administrator", "admin@example.org", enabled: true, verified: true, CancellationToken.None).ConfigureAwait(false);
            await users.SetRoleAsync("admin", UserDirectory.Administrator, given: true, CancellationToken.None).ConfigureAwait(false);
        }

        var receivers = new ReceiverDirectory(database);
        if ((await receivers.ListAsync(CancellationToken.None).ConfigureAwait(false)).Count == 0)
        {
            await receivers.SaveAsync(new Receiver { AeTitle = IntakeProcess.AeTitle, Port = port }, CancellationToken.None).ConfigureAwait(false);
        }

        var limits = new IntakeLimits();
        var host = new ReceiverHost(receivers, MakeIntake(data, database, store), new SiteSettings(database), limits, new MemoryBudget(limits.Memory), Path.Combine(data, "cache", "incoming"), NullLogger<ReceiverHost>.Instance);
        await host.ApplyAsync(CancellationToken.None).ConfigureAwait(false);
        await Console.Out.WriteLineAsync(IntakeProcess.ReadyLine).ConfigureAwait(false);
        // Until the other end of standard input is closed.
        await Console.In.ReadLineAsync().ConfigureAwait(false);
        await host.DisposeAsync().ConfigureAwait(false);
        await postgres.DisposeAsync().ConfigureAwait(false);
        return 0;
    }

    /// <summary>The intake over a data folder and its database.</summary>
    public static ObjectIntake MakeIntake(string data, VesaliusDatabase database, PrearchiveStore store)
    {
        var time = TimeProvider.System;
        var key = new byte[32];
        var settings = new SiteSettings(database);
        var configuration = new ConfigurationStore(database);
        return new ObjectIntake(
            new ObjectIdentifier(new ProjectDirectory(database), new ProjectAccess(database), new UserDirectory(database, time), settings, configuration, time),
            new ScriptLibrary(configuration, settings), new QuarantineStore(Path.Combine(data, "quarantine"), key, database), store, new SessionGates(),
            new RowWriter(database), database, key, time, NullLogger<ObjectIntake>.Instance);
    }
}
