using System.Diagnostics;
using System.Globalization;
using System.Text;
using Vesalius.Database;
using Vesalius.Testing;

namespace Vesalius.Acceptance.Faults;

/// <summary>A receiving process on a data folder of its own, which may be killed and started again.</summary>
internal sealed class IntakeProcess : IAsyncDisposable
{
    public const string AeTitle = "VESALIUS";
    public const string Password = "fault-runs";
    public const string ReadyLine = "Vesalius is ready";
    private Process? _process;
    private Task<string>? _output;

    public IntakeProcess(string? parent = null)
    {
        Data = Directory.CreateDirectory(Path.Combine(parent ?? Path.GetTempPath(), "fault-" + Guid.NewGuid().ToString("N")[..12])).FullName;
        // Both stay the same when it is started again.
        Port = FreePort.Take();
        Address = new Uri($"http://127.0.0.1:{FreePort.Take()}/");
        Postgres = MakePostgres(null);
    }

    public string Data { get; }

    public string Prearchive => Path.Combine(Data, "prearchive");

    public int Port { get; }

    /// <summary>Where HTTP answers.</summary>
    public Uri Address { get; }

    /// <summary>What the processes that were killed wrote.</summary>
    public string Log { get; private set; } = "";

    /// <summary>The cluster that the process runs; started from here only after it was killed.</summary>
    public PrivatePostgres Postgres { get; }

    /// <summary>The same cluster with other settings.</summary>
    public PrivatePostgres MakePostgres(IReadOnlyDictionary<string, string>? settings) => new(Path.Combine(Data, "postgres"), settings);

    /// <summary>False for runs that start PostgreSQL themselves, with settings of their own.</summary>
    public bool KeepsPostgres { get; init; } = true;

    public bool IsRunning => _process is { HasExited: false };

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Vesalius.Server.dll"), "--data", Data, "--http-port", Address.Port.ToString(CultureInfo.InvariantCulture), "--dicom-port", Port.ToString(CultureInfo.InvariantCulture), "--admin-password", Password])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["VESALIUS__KEEPSPOSTGRES"] = KeepsPostgres.ToString();
        _process = Process.Start(start)!;
        var errors = _process.StandardError.ReadToEndAsync(cancellationToken);
        while (true)
        {
            var line = await _process.StandardOutput.ReadLineAsync(cancellationToken).ConfigureAwait(false)
                ?? throw new InvalidOperationException("The server did not start: " + await errors.ConfigureAwait(false));
            if (line.StartsWith(ReadyLine, StringComparison.Ordinal))
            {
                break;
            }
        }

        // A full pipe would hold the server up.
        _output = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
    }

    /// <summary>A client of the process that runs now, signed in as its administrator.</summary>
    /// <param name="through">Address to send to in place of the process's own.</param>
    public HttpClient Client(Uri? through = null)
    {
        var client = new HttpClient { BaseAddress = through ?? Address };
        client.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("admin:" + Password)));
        return client;
    }

    /// <summary>Asks the server for the prearchive's list, as a user does: it answers when all that was acknowledged can be seen.</summary>
    public async Task ListPrearchiveAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        using var client = Client();
        while (true)
        {
            using var answer = await client.GetAsync("data/prearchive/projects?format=json", deadline.Token).ConfigureAwait(false);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            // The database may just be back.
            await Task.Delay(100, deadline.Token).ConfigureAwait(false);
        }
    }

    /// <summary>SIGKILL to the process; its PostgreSQL goes on.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process!.Kill();
        await _process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        Log += await _output!.ConfigureAwait(false);
        _process.Dispose();
        _process = null;
    }

    /// <summary>SIGKILL to the postmaster.</summary>
    public async Task KillPostgresAsync(CancellationToken cancellationToken)
    {
        using var postmaster = Process.GetProcessById(PostmasterId());
        postmaster.Kill();
        await postmaster.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until the server has started a killed postmaster again; processes of the old one may answer for a moment longer.</summary>
    public async Task UntilPostgresIsBackAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(2));
        while (!Postgres.IsRunning)
        {
            await Task.Delay(50, deadline.Token).ConfigureAwait(false);
        }

        await ListPrearchiveAsync(deadline.Token).ConfigureAwait(false);
    }

    private int PostmasterId() => int.Parse(File.ReadLines(Path.Combine(Data, "postgres", "cluster", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync(CancellationToken.None).ConfigureAwait(false);
        }

        if (File.Exists(Path.Combine(Data, "postgres", "cluster", "postmaster.pid")))
        {
            await KillPostgresAsync(CancellationToken.None).ConfigureAwait(false);
        }

        await RemoveDataAsync().ConfigureAwait(false);
    }

    // Backends of a killed postmaster may write for a moment longer.
    private async Task RemoveDataAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.Delete(Data, recursive: true);
                return;
            }
            catch (IOException) when (attempt < 20)
            {
                await Task.Delay(100).ConfigureAwait(false);
            }
        }
    }
}
