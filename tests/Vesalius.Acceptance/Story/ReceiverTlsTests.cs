using System.Globalization;
using System.Text;
using System.Text.Json;
using Vesalius.Import;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>A server whose receivers may have TLS, and want senders to show a certificate.</summary>
public sealed class TlsServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vesalius-tls-").FullName;

    public TlsServer()
    {
        Certificates = new TestCertificates(Path.Combine(_folder, "ours"));
        Strangers = new TestCertificates(Path.Combine(_folder, "strangers"));
        var server = Certificates.Make("server");
        Server = new RunningServer
        {
            Configure = options => options with
            {
                DicomTls = new ReceiverTlsOptions { Certificate = server.Certificate, Key = server.Key, RequiresClientCertificate = true, Authorities = Certificates.Authority },
            },
        };
    }

    public TestCertificates Certificates { get; }

    public TestCertificates Strangers { get; }

    public RunningServer Server { get; }

    public ValueTask InitializeAsync() => Server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Certificates.Dispose();
        Strangers.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Receivers with TLS, with DCMTK as sender (R1).</summary>
public sealed class ReceiverTlsTests(TlsServer tls) : IClassFixture<TlsServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<(int Status, JsonElement Body)> SaveAsync(HttpClient admin, string method, string address, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        var (status, text) = await Uploads.SendAsync(admin, method, address, body);
        return (status, status == 200 ? JsonDocument.Parse(text).RootElement : default);
    }

    private static string Receiver(string ae, int port, string more = "") => $$"""{"aeTitle":"{{ae}}","port":{{port}},"identifier":"dicomObjectIdentifier","enabled":true{{more}}}""";

    private async Task<int> SendAsync(int port, string ae, string folder, params string[] options)
    {
        var (exit, _) = await PeerProcess.RunAsync(
            "storescu", [.. options, "-R", "-aec", ae, "+sd", "+r", "127.0.0.1", port.ToString(CultureInfo.InvariantCulture), folder], Token);
        return exit;
    }

    [Fact]
    public async Task Only_senders_with_a_trusted_certificate_get_in_and_what_they_send_is_stored()
    {
        using var admin = tls.Server.Client();
        await admin.PutAsync("/data/projects/TLS", null, Token);
        var port = FreePort.Take();
        var (status, made) = await SaveAsync(admin, "POST", "/xapi/dicomscp", Receiver("SECURE", port, ",\"tls\":true"));
        Assert.Equal(200, status);
        Assert.True(made.GetProperty("tls").GetBoolean());
        var folder = RunningServer.Routed("rt-breast", "Project:TLS Subject:S Session:E");
        var ours = tls.Certificates.Make("scanner");
        var strange = tls.Strangers.Make("stranger");
        string[] trust = ["+cf", tls.Certificates.Authority];
        Assert.NotEqual(0, await SendAsync(port, "SECURE", folder));
        Assert.NotEqual(0, await SendAsync(port, "SECURE", folder, ["+tla", .. trust]));
        Assert.NotEqual(0, await SendAsync(port, "SECURE", folder, ["+tls", strange.Key, strange.Certificate, .. trust]));
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/TLS?format=json"));
        Assert.Equal(0, await SendAsync(port, "SECURE", folder, ["+tls", ours.Key, ours.Certificate, .. trust]));
        Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/TLS?format=json"));
        // The default receiver goes on without.
        Assert.NotEqual(0, await SendAsync(tls.Server.DicomPort, "VESALIUS", folder, ["+tls", ours.Key, ours.Certificate, .. trust]));
        await tls.Server.SendAsync(folder);
    }

    [Fact]
    public async Task Receiver_changes_to_TLS_and_back_and_clients_that_do_not_know_of_it_leave_it()
    {
        using var admin = tls.Server.Client();
        var port = FreePort.Take();
        var (_, made) = await SaveAsync(admin, "POST", "/xapi/dicomscp", Receiver("TURNS", port));
        var address = $"/xapi/dicomscp/{made.GetProperty("id").GetInt64()}";
        var ours = tls.Certificates.Make("turning");
        var (plain, _) = await PeerProcess.RunAsync("echoscu", ["-aec", "TURNS", "127.0.0.1", $"{port}"], Token);
        Assert.Equal(0, plain);
        Assert.True((await SaveAsync(admin, "PUT", address, Receiver("TURNS", port, ",\"tls\":true"))).Body.GetProperty("tls").GetBoolean());
        string[] secure = ["+tls", ours.Key, ours.Certificate, "+cf", tls.Certificates.Authority, "-aec", "TURNS", "127.0.0.1", $"{port}"];
        Assert.Equal(0, (await PeerProcess.RunAsync("echoscu", secure, Token)).Item1);
        Assert.True((await SaveAsync(admin, "PUT", address, Receiver("TURNS", port, ",\"directArchive\":true"))).Body.GetProperty("tls").GetBoolean());
        Assert.Equal(0, (await PeerProcess.RunAsync("echoscu", secure, Token)).Item1);
        // Nobody else's plain AE title on a port with TLS.
        Assert.Equal(400, (await SaveAsync(admin, "POST", "/xapi/dicomscp", Receiver("OTHER", port))).Status);
        Assert.Equal(200, (await SaveAsync(admin, "POST", "/xapi/dicomscp", Receiver("OTHER", port, ",\"tls\":true"))).Status);
        Assert.Equal(200, (await Uploads.SendAsync(admin, "GET", "/healthz")).Status);
    }

    [Fact]
    public async Task Peer_that_connects_and_says_nothing_or_nonsense_holds_up_nobody()
    {
        using var admin = tls.Server.Client();
        var port = FreePort.Take();
        Assert.Equal(200, (await SaveAsync(admin, "POST", "/xapi/dicomscp", Receiver("SILENT", port, ",\"tls\":true"))).Status);
        var ours = tls.Certificates.Make("patient");
        using var silent = new System.Net.Sockets.TcpClient("127.0.0.1", port);
        using var nonsense = new System.Net.Sockets.TcpClient("127.0.0.1", port);
        await nonsense.GetStream().WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Token);
        Assert.Equal(0, (await PeerProcess.RunAsync("echoscu", ["+tls", ours.Key, ours.Certificate, "+cf", tls.Certificates.Authority, "-aec", "SILENT", "127.0.0.1", $"{port}"], Token)).Item1);
    }
}
