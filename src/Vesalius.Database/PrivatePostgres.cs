using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Vesalius.Database;

/// <summary>Thrown when the private PostgreSQL cannot be run.</summary>
/// <param name="reason">What is wrong and what to do.</param>
public sealed class PrivatePostgresException(string reason) : Exception(reason);

/// <summary>A PostgreSQL cluster of our own in the data folder: reached by socket only, never run as root.</summary>
/// <param name="folder">The cluster's folder.</param>
/// <param name="settings">Further settings, for example <c>fsync=off</c> in tests.</param>
public sealed class PrivatePostgres(string folder, IReadOnlyDictionary<string, string>? settings = null) : IAsyncDisposable
{
    private const string User = "vesalius";
    private readonly string _data = Path.Combine(folder, "cluster");
    private readonly string _socket = SocketFolder(folder);
    private bool _startedHere;

    // A socket's path may have 107 characters; a deep data folder gets its socket under the temporary folder.
    private static string SocketFolder(string folder)
    {
        var near = Path.Combine(folder, "socket");
        return near.Length <= 80
            ? near
            : Path.Combine(Path.GetTempPath(), "vesalius-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(folder)))[..16]);
    }

    /// <summary>Connection string of a database in the cluster.</summary>
    public string ConnectionString(string database = "vesalius") => new NpgsqlConnectionStringBuilder
    {
        Host = _socket,
        Username = User,
        Database = database,
        MaxPoolSize = 60,
        Timeout = 15,
        CommandTimeout = 60,
    }.ConnectionString;

    /// <summary>True while the cluster's first process lives, even while it does not take connections yet.</summary>
    public bool IsRunning
    {
        get
        {
            try
            {
                // A process that took over the number of one that died is another program.
                return int.TryParse(File.ReadLines(Path.Combine(_data, "postmaster.pid")).FirstOrDefault(), CultureInfo.InvariantCulture, out var id)
                    && File.ReadAllText($"/proc/{id}/comm").TrimEnd() == "postgres";
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    /// <summary>Makes the cluster if it is missing, starts it unless it runs, and waits until it answers.</summary>
    /// <exception cref="PrivatePostgresException">PostgreSQL is not installed, or does not start.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var binaries = FindBinaries() ?? throw new PrivatePostgresException("PostgreSQL 15 or later is not installed (Debian: apt-get install postgresql).");
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(_socket);
        if (Environment.IsPrivilegedProcess)
        {
            MakeReachable(folder);
            await RunAsync("chown", ["-R", "postgres:postgres", folder], cancellationToken).ConfigureAwait(false);
            await RunAsync("chown", ["postgres:postgres", _socket], cancellationToken).ConfigureAwait(false);
        }

        if (!File.Exists(Path.Combine(_data, "PG_VERSION")))
        {
            await AsPostgresAsync(
                Path.Combine(binaries, "initdb"), ["-D", _data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"], cancellationToken).ConfigureAwait(false);
        }

        if (!await AnswersAsync(cancellationToken).ConfigureAwait(false))
        {
            await StartClusterAsync(binaries, cancellationToken).ConfigureAwait(false);
        }

        await CreateDatabaseAsync("vesalius", cancellationToken).ConfigureAwait(false);
    }

    private async Task StartClusterAsync(string binaries, CancellationToken cancellationToken)
    {
        var all = new Dictionary<string, string>
        {
            ["listen_addresses"] = "''",
            ["unix_socket_directories"] = $"'{_socket}'",
            ["unix_socket_permissions"] = "0700",
            ["max_connections"] = "150",
            ["shared_buffers"] = "256MB",
            // Requests are short; compiling their statements would take longer than they do.
            ["jit"] = "off",
            // The default is of turning disks; with it, whole indexes are read to spare a thousand rows.
            ["random_page_cost"] = "1.1",
            ["wal_level"] = "minimal",
            ["max_wal_senders"] = "0",
            ["wal_init_zero"] = "on",
            ["log_min_messages"] = "fatal",
            // A failing statement could carry values into the log.
            ["log_min_error_statement"] = "panic",
            ["log_error_verbosity"] = "terse",
        };
        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
        {
            all[key] = value;
        }

        if (Environment.IsPrivilegedProcess)
        {
            all["unix_socket_permissions"] = "0770";
        }

        var options = string.Join(' ', all.Select(s => $"-c {s.Key}={s.Value}"));
        // pg_ctl removes a lock file whose process is gone; -w waits until connections are taken.
        await AsPostgresAsync(
            Path.Combine(binaries, "pg_ctl"),
            ["-D", _data, "-l", Path.Combine(folder, "postgres.log"), "-w", "-t", "60", "-o", options, "start"],
            cancellationToken).ConfigureAwait(false);
        _startedHere = true;
    }

    /// <summary>Makes an empty database unless it exists.</summary>
    public async Task CreateDatabaseAsync(string name, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await using (connection.ConfigureAwait(false))
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            using var find = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection);
            find.Parameters.Add(new NpgsqlParameter { Value = name });
            if (await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is null)
            {
                using var create = new NpgsqlCommand($"create database \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", connection);
                await create.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        }
    }

    // The unprivileged account must be able to walk to the folder.
    private static void MakeReachable(string folder)
    {
        const UnixFileMode Walk = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        for (var parent = Path.GetDirectoryName(Path.GetFullPath(folder)); parent is not null && parent != "/"; parent = Path.GetDirectoryName(parent))
        {
            var mode = File.GetUnixFileMode(parent);
            if ((mode & UnixFileMode.OtherExecute) == 0)
            {
                File.SetUnixFileMode(parent, mode | Walk);
            }
        }
    }

    private static string? FindBinaries()
    {
        var candidates = new List<string>();
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            candidates.AddRange(Directory.EnumerateDirectories("/usr/lib/postgresql")
                .Where(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var version) && version >= 15)
                .OrderByDescending(d => int.Parse(Path.GetFileName(d), CultureInfo.InvariantCulture)).Select(d => Path.Combine(d, "bin")));
        }

        candidates.AddRange((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'));
        return candidates.Find(d => File.Exists(Path.Combine(d, "postgres")) && File.Exists(Path.Combine(d, "initdb")));
    }

    private static Task AsPostgresAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        Environment.IsPrivilegedProcess
            ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env", program, .. arguments], cancellationToken)
            : RunAsync(program, arguments, cancellationToken);

    private static async Task RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        // Its own session, so that an interrupt meant for the server does not end the database first.
        var start = new ProcessStartInfo("setsid") { WorkingDirectory = "/", RedirectStandardInput = true };
        start.ArgumentList.Add("--wait");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec \"$@\" >/dev/null 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0)
        {
            throw new PrivatePostgresException($"{Path.GetFileName(program)} ended with exit code {process.ExitCode}; see postgres.log in the data folder.");
        }
    }

    /// <summary>Stops the cluster if it was started here: open transactions are rolled back, everything committed is on disk.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_startedHere && FindBinaries() is { } binaries)
        {
            _startedHere = false;
            await AsPostgresAsync(Path.Combine(binaries, "pg_ctl"), ["-D", _data, "-m", "fast", "-w", "-t", "60", "stop"], CancellationToken.None).ConfigureAwait(false);
        }
    }
}
