using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Vesalius.Server;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance;

/// <summary>A whole server on an empty data folder and free ports, started once for a test class.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private VesaliusServer? _server;

    /// <summary>Changes what it is started with.</summary>
    public Func<ServerOptions, ServerOptions> Configure { get; init; } = options => options;

    /// <summary>Data folder.</summary>
    public string Data { get; } = Path.Combine(Path.GetTempPath(), "vesalius-test-" + Guid.NewGuid().ToString("N")[..12]);

    /// <summary>Port of the default receiver.</summary>
    public int DicomPort { get; } = FreePort.Take();

    /// <summary>Where HTTP answers.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The server's own services.</summary>
    public IServiceProvider Services => _server!.Services;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _server = await VesaliusServer.StartAsync(Configure(new ServerOptions
        {
            Data = Data, HttpPort = 0, DicomPort = DicomPort, AdminPassword = "admin-password",
            WebSite = Environment.GetEnvironmentVariable("VESALIUS__WEBSITE"), Viewer = Environment.GetEnvironmentVariable("VESALIUS__VIEWER"),
        }));
        Address = new Uri($"http://127.0.0.1:{new Uri(_server.Addresses.First().Replace("[::]", "127.0.0.1", StringComparison.Ordinal)).Port}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        Directory.Delete(Data, recursive: true);
    }

    /// <summary>Ends it as SIGTERM does; its folder stays until it is disposed of.</summary>
    public Task StopAsync() => _server!.StopAsync(TestContext.Current.CancellationToken);

    /// <summary>A client that signs in with each request; null is nobody.</summary>
    public HttpClient Client(string? login = "admin", string password = "admin-password")
    {
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        if (login is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login}:{password}")));
        }

        return client;
    }

    /// <summary>Makes a user, unless it is there.</summary>
    public async Task<HttpClient> UserAsync(string login)
    {
        using var admin = Client();
        using var body = new StringContent($$"""{"username":"{{login}}","password":"pw-{{login}}","firstName":"F","lastName":"L","email":"{{login}}@example.org"}""", Encoding.UTF8, "application/json");
        await admin.PostAsync("/xapi/users", body, TestContext.Current.CancellationToken);
        return Client(login, $"pw-{login}");
    }

    /// <summary>The rows of a table.</summary>
    public static async Task<List<Dictionary<string, string>>> RowsAsync(HttpClient client, string address)
    {
        using var response = await client.GetAsync(address, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return [.. json.RootElement.GetProperty("ResultSet").GetProperty("Result").EnumerateArray()
            .Select(r => r.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!))];
    }

    /// <summary>Sends a folder with DCMTK.</summary>
    public async Task SendAsync(string folder, string aeTitle = "VESALIUS")
    {
        Assert.SkipUnless(File.Exists("/usr/bin/dcmsend"), "DCMTK is not installed.");
        var start = new ProcessStartInfo("/usr/bin/dcmsend");
        foreach (var argument in (string[])["-aec", aeTitle, "127.0.0.1", DicomPort.ToString(System.Globalization.CultureInfo.InvariantCulture), "--scan-directories", "--recurse", folder])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["TCP_NODELAY"] = "1";
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>Copies of a study of the sample data with a routing comment.</summary>
    public static string Routed(string study, string comment)
    {
        var target = Directory.CreateTempSubdirectory("vesalius-study-").FullName;
        foreach (var path in Directory.EnumerateFiles(SharedData.Require("data", "dicom", "studies", study), "*.dcm", SearchOption.AllDirectories))
        {
            var file = Dicom.Part10File.Read(File.ReadAllBytes(path));
            file.DataSet.SetString(Dicom.Tag.PatientComments, comment);
            File.WriteAllBytes(Path.Combine(target, $"{Guid.NewGuid():N}.dcm"), file.Encode().ToArray());
        }

        return target;
    }

    /// <summary>Waits for something to become true.</summary>
    public static async Task<T> EventuallyAsync<T>(Func<Task<T?>> look)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromMinutes(2))
        {
            if (await look() is { } found)
            {
                return found;
            }

            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException("It did not happen within two minutes.");
    }
}
