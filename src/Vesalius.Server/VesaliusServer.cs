using System.Security.Cryptography;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Import;
using Vesalius.Import.Journal;
using Vesalius.Jobs;
using Vesalius.Prearchive;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Security;

namespace Vesalius.Server;

/// <summary>The server: composes the rooms, starts them in order, stops them in reverse.</summary>
public sealed class VesaliusServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly PrivatePostgres? _postgres;

    private VesaliusServer(WebApplication application, PrivatePostgres? postgres)
    {
        _application = application;
        _postgres = postgres;
    }

    /// <summary>Addresses that HTTP answers on.</summary>
    public IEnumerable<string> Addresses => _application.Urls;

    /// <summary>Services, for tests.</summary>
    public IServiceProvider Services => _application.Services;

    /// <summary>Runs until SIGTERM or SIGINT.</summary>
    /// <returns>Exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        ServerOptions options;
        try
        {
            options = ServerOptions.Read(arguments);
        }
        catch (FormatException e)
        {
            await Console.Error.WriteLineAsync(e.Message).ConfigureAwait(false);
            return 2;
        }

        try
        {
            var server = await StartAsync(options).ConfigureAwait(false);
            await using (server.ConfigureAwait(false))
            {
                await Console.Out.WriteLineAsync($"Vesalius is ready: {string.Join(", ", server.Addresses)}").ConfigureAwait(false);
                await server._application.WaitForShutdownAsync().ConfigureAwait(false);
            }

            return 0;
        }
        catch (Exception e) when (e is PrivatePostgresException or MigrationException)
        {
            await Console.Error.WriteLineAsync(e.Message).ConfigureAwait(false);
            return 1;
        }
    }

    /// <summary>Starts the server: database, tables, recovery, receivers, HTTP.</summary>
    public static async Task<VesaliusServer> StartAsync(ServerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Directory.CreateDirectory(options.Data);
        PrivatePostgres? postgres = null;
        var connectionString = options.ConnectionString;
        if (connectionString is null)
        {
            postgres = new PrivatePostgres(Path.Combine(options.Data, "postgres"));
            await postgres.StartAsync(cancellationToken).ConfigureAwait(false);
            connectionString = postgres.ConnectionString();
        }

        var application = Compose(options, connectionString, postgres);
        var server = new VesaliusServer(application, postgres);
        try
        {
            await server.PrepareAsync(options, cancellationToken).ConfigureAwait(false);
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static WebApplication Compose(ServerOptions options, string connectionString, PrivatePostgres? postgres)
    {
        // Beside the program, not where it was started: configuration that reloads watches every folder below, and below the start folder the data may lie.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, Args = ["--hostBuilder:reloadConfigOnChange=false"] });
        builder.Logging.ClearProviders();
        builder.Logging.AddJsonConsole();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        // Request paths hold labels, and query strings whatever a client puts there.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenAnyIP(options.HttpPort);
            kestrel.AddServerHeader = false;
            // Endpoints that stream to the disk take more.
            kestrel.Limits.MaxRequestBodySize = Rendering.LargeBodies.Usual;
            // Two images: the next one is read while the one before is sent.
            kestrel.Limits.MaxResponseBufferSize = 1 << 20;
        });
        builder.Services.AddVesalius(options, connectionString);
        if (postgres is not null && options.KeepsPostgres)
        {
            // The upkeep ends with the server; who owns the cluster stops it after that.
            builder.Services.AddHostedService(services => new PostgresUpkeep(postgres, services.GetRequiredService<ILogger<PostgresUpkeep>>()));
        }

        var application = builder.Build();
        application.UseVesaliusPipeline(options);
        application.MapVesalius(options);
        return application;
    }

    private async Task PrepareAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        var services = _application.Services;
        var database = services.GetRequiredService<VesaliusDatabase>();
        await MigrationRunner.ApplyAsync(
            database,
            [
                new MigrationSource("Access", typeof(UserDirectory).Assembly), new MigrationSource("Archive", typeof(ArchiveLayout).Assembly),
                new MigrationSource("Prearchive", typeof(PrearchiveStore).Assembly), new MigrationSource("Import", typeof(ReceiverHost).Assembly),
                new MigrationSource("Jobs", typeof(JobStore).Assembly), new MigrationSource("QueryRetrieve", typeof(ImportQueue).Assembly),
            ],
            cancellationToken).ConfigureAwait(false);
        await FirstStart.PrepareAsync(services, options, cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<Archive.Life.FolderMoves>().RecoverAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<SessionArchiver>().RecoverAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<ScriptRerun>().RecoverAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<PrearchiveStore>().ResumeAsync(cancellationToken).ConfigureAwait(false);
        // Before files without a row are moved aside: some of them get their row here.
        await services.GetRequiredService<IntakeJournal>().StartAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<PrearchiveStore>().RecoverAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<QuarantineStore>().RecoverAsync(Path.Combine(options.Data, "cache", "unrecorded"), cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<Archive.ProjectEnds.ProjectEnds>().ResumeAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<ImportQueue>().SweepAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<InboxRequests>().SweepAsync(cancellationToken).ConfigureAwait(false);
        await services.GetRequiredService<ReceiverHost>().ApplyAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends requests and background work in order, as SIGTERM does.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _application.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.Services.GetRequiredService<ReceiverHost>().DisposeAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync().ConfigureAwait(false);
        }
    }
}

/// <summary>What only the first start does.</summary>
internal static class FirstStart
{
    public static async Task PrepareAsync(IServiceProvider services, ServerOptions options, CancellationToken cancellationToken)
    {
        var users = services.GetRequiredService<UserDirectory>();
        if (await users.FindAsync("admin", cancellationToken).ConfigureAwait(false) is null)
        {
            var password = options.AdminPassword ?? Password.Random();
            await users.CreateAsync("admin", password, "Site", "Administrator", "admin@example.org", enabled: true, verified: true, cancellationToken).ConfigureAwait(false);
            await users.SetRoleAsync("admin", UserDirectory.Administrator, given: true, cancellationToken).ConfigureAwait(false);
            await users.CreateAsync("guest", Password.Random(), "Guest", "User", "guest@example.org", enabled: false, verified: true, cancellationToken).ConfigureAwait(false);
            if (options.AdminPassword is null)
            {
                await WriteSecretAsync(Path.Combine(options.Data, "admin-password"), System.Text.Encoding.UTF8.GetBytes(password + "\n"), cancellationToken).ConfigureAwait(false);
                await Console.Out.WriteLineAsync($"First start: user admin, password {password} (kept in admin-password of the data folder)").ConfigureAwait(false);
            }
        }

        var receivers = services.GetRequiredService<ReceiverDirectory>();
        var database = services.GetRequiredService<VesaliusDatabase>();
        if ((await receivers.ListAsync(cancellationToken).ConfigureAwait(false)).Count == 0
            && await database.FindAsync<long>("select count(*) from access_setting where name = 'vesalius.receiversMade'", null, cancellationToken).ConfigureAwait(false) == 0)
        {
            // Both titles are one receiver to a sender; XNAT is what existing scanners call.
            foreach (var title in (string[])["XNAT", "VESALIUS"])
            {
                await receivers.SaveAsync(new Receiver { AeTitle = title, Port = options.DicomPort }, cancellationToken).ConfigureAwait(false);
            }

            await services.GetRequiredService<SiteSettings>().SetAsync("vesalius.receiversMade", true, "system", cancellationToken).ConfigureAwait(false);
        }
    }

    public static async Task WriteSecretAsync(string path, byte[] secret, CancellationToken cancellationToken)
    {
        var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await using (stream.ConfigureAwait(false))
        {
            await stream.WriteAsync(secret, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The secret of this data folder, made when it is missing.</summary>
    public static byte[] Secret(string data, string name)
    {
        var path = Path.Combine(data, name);
        if (File.Exists(path))
        {
            return File.ReadAllBytes(path);
        }

        var secret = RandomNumberGenerator.GetBytes(32);
        using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(secret);
        return secret;
    }
}
