using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Vesalius.Database;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>Retrieval by C-GET and DICOMweb, TLS, and the credentials of DICOMweb (R4, xapi A.11).</summary>
public sealed class RetrievalWayTests(ServerWithPacs peers) : IClassFixture<ServerWithPacs>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private VesaliusDatabase Database => (VesaliusDatabase)peers.Server.Services.GetService(typeof(VesaliusDatabase))!;

    private static Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null, HttpStatusCode expected = HttpStatusCode.OK) =>
        ServerWithPacs.SendAsync(client, method, address, body, expected);

    private async Task<IReadOnlyList<JsonNode>> ImportAsync(HttpClient admin, long pacs, string project, params int[] studies)
    {
        await SendAsync(admin, "PUT", $"/data/projects/{project}");
        return await ImportSteps.EndedAsync(admin, await ImportSteps.ImportAsync(admin, pacs, peers.Server.DicomPort, project, studies));
    }

    private static void AssertComplete(IReadOnlyList<JsonNode> ended, int arrived) =>
        Assert.All(ended, e => Assert.True(e["state"]!.GetValue<string>() == "complete" && e["arrived"]!.GetValue<int>() == arrived, e.ToJsonString()));

    /// <summary>C-GET from Orthanc: relabelled, counted and archived as by C-MOVE, without a receiver.</summary>
    [Fact]
    public async Task Studies_are_fetched_by_C_GET()
    {
        using var admin = peers.Server.Client();
        var pacs = await ImportSteps.RegisterAsync(admin, "By C-GET", peers.Orthanc.DicomPort, "ORTHANCGET", threads: 2, rules: """{"retrieval":"Get"}""");
        AssertComplete(await ImportAsync(admin, pacs, "GET1", 1, 2, 3), 4);
        Assert.Equal(["S1_MR", "S2_MR", "S3_MR"], (await RunningServer.RowsAsync(admin, "/data/projects/GET1/experiments?format=json")).Select(r => r["label"]).Order(StringComparer.Ordinal));
        Assert.Equal("", (await SendAsync(admin, "GET", "/xapi/dqr/import/history"))![0]!["destinationAeTitle"]!.GetValue<string>());
    }

    /// <summary>By C-GET too, objects of other patients stay apart, halves are completed, and what is dropped goes on.</summary>
    [Fact]
    public async Task Faults_of_C_GET_are_mended_and_foreign_objects_kept_apart()
    {
        var folder = RetrievalStudies.Make(4, 4);
        try
        {
            await using var faulty = await FaultyPacs.StartAsync([], [folder], Token);
            faulty.Faults = new PacsFaults { HalfRetrievals = 1, ForeignObjects = 3, DroppedRetrievals = 1 };
            using var admin = peers.Server.Client();
            await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"dqrMaxPacsRequestAttempts":"4"}""");
            var pacs = await ImportSteps.RegisterAsync(admin, "Faulty C-GET", faulty.Port, FaultyPacs.AeTitle, rules: """{"retrieval":"Get"}""");
            AssertComplete(await ImportAsync(admin, pacs, "GET2", 4), 8);
            Assert.Contains("GET IMAGE", faulty.Operations);
            Assert.Equal(8, Directory.GetFiles(Path.Combine(peers.Server.Data, "archive", "GET2"), "*.dcm", SearchOption.AllDirectories).Length);
            Assert.NotEmpty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/Unassigned?format=json"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>DICOMweb: search, ping, import. Its password is sealed, shown to nobody, and needed.</summary>
    [Fact]
    public async Task Studies_are_fetched_by_DICOMweb_with_a_password_that_nobody_sees()
    {
        using var admin = peers.Server.Client();
        var root = peers.Orthanc.DicomWebRoot;
        var tried = (await SendAsync(admin, "POST", "/xapi/pacs/dicom-web/status", $$"""{"dicomWebRootUrl":"{{root}}"}"""))!;
        Assert.False(tried["successful"]!.GetValue<bool>());
        Assert.Contains("credentials", tried["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        tried = (await SendAsync(admin, "POST", "/xapi/pacs/dicom-web/status", $$"""{"dicomWebRootUrl":"{{root}}","user":"{{OrthancServer.User}}","password":"{{OrthancServer.Password}}"}"""))!;
        Assert.True(tried["successful"]!.GetValue<bool>());
        await SendAsync(admin, "POST", "/xapi/pacs/dicom-web/status", """{"dicomWebRootUrl":"ftp://example.org/"}""", HttpStatusCode.BadRequest);

        var pacs = (await SendAsync(admin, "POST", "/xapi/pacs", $$"""{"label":"Web","dicomWebEnabled":true,"dicomWebRootUrl":"{{root}}"}"""))!["id"]!.GetValue<long>();
        Assert.False((await SendAsync(admin, "GET", $"/xapi/pacs/{pacs}/status"))!["successful"]!.GetValue<bool>());
        await SendAsync(admin, "PUT", $"/xapi/pacs/{pacs}/credentials", """{"user":"x"}""", HttpStatusCode.BadRequest);
        await SendAsync(admin, "PUT", $"/xapi/pacs/{pacs}/credentials", $$"""{"user":"{{OrthancServer.User}}","password":"{{OrthancServer.Password}}"}""");
        Assert.True((await SendAsync(admin, "GET", $"/xapi/pacs/{pacs}/status"))!["successful"]!.GetValue<bool>());
        foreach (var address in (string[])["/xapi/pacs", $"/xapi/pacs/{pacs}", $"/xapi/pacs/{pacs}/rules", $"/xapi/pacs/{pacs}/credentials", "/xapi/audit"])
        {
            Assert.DoesNotContain(OrthancServer.Password, await admin.GetStringAsync(address, Token), StringComparison.Ordinal);
        }

        Assert.Equal(0, await Database.FindAsync<long>("select count(*) from qr_pacs p where p::text like '%' || @p || '%' or position(@p::bytea in dicom_web_password) > 0", new { p = OrthancServer.Password }, Token));
        var found = (await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"accessionNumber":"RJ00009","pacsId":{{pacs}}}"""))!.AsArray();
        Assert.Equal(RetrievalStudies.Uid(9), Assert.Single(found)!["studyInstanceUid"]!.GetValue<string>());
        var series = (await SendAsync(admin, "POST", "/xapi/dqr/query/series", $$"""{"pacsId":{{pacs}},"studyInstanceUids":["{{RetrievalStudies.Uid(9)}}"]}"""))!;
        Assert.Equal(2, series[RetrievalStudies.Uid(9)]!["results"]!.AsArray().Count);
        Assert.Equal(9, (await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"accessionNumber":"RJ0000*","pacsId":{{pacs}}}"""))!.AsArray().Count);
        found = (await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"seriesInstanceUid":"{{RetrievalStudies.Uid(7)}}.1","pacsId":{{pacs}}}"""))!.AsArray();
        Assert.Equal(RetrievalStudies.Uid(7), Assert.Single(found)!["studyInstanceUid"]!.GetValue<string>());
        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"accessionNumber":"NOWHERE","pacsId":{{pacs}}}""", HttpStatusCode.NoContent);
        AssertComplete(await ImportAsync(admin, pacs, "WEB1", 9, 10, 11), 4);
        Assert.Equal(12, Directory.GetFiles(Path.Combine(peers.Server.Data, "archive", "WEB1"), "*.dcm", SearchOption.AllDirectories).Length);

        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"dicomWebEnabled":false}""");
        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"accessionNumber":"RJ00009","pacsId":{{pacs}}}""", HttpStatusCode.InternalServerError);
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"dicomWebEnabled":true}""");
        await SendAsync(admin, "DELETE", $"/xapi/pacs/{pacs}/credentials");
        Assert.Equal("""{"user":null,"hasPassword":false}""", (await SendAsync(admin, "GET", $"/xapi/pacs/{pacs}/credentials"))!.ToJsonString());
        await SendAsync(admin, "DELETE", $"/xapi/pacs/{pacs}");
    }

    /// <summary>A PACS behind TLS is spoken to if its certificate is the one that was named, and not if it is another.</summary>
    [Fact]
    public async Task TLS_is_spoken_with_the_certificate_that_was_named_only()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=pacs", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
        using var tunnel = new TlsTunnel(certificate, peers.Orthanc.DicomPort);
        using var admin = peers.Server.Client();
        var pin = Convert.ToHexString(SHA256.HashData(certificate.RawData));
        var pacs = await ImportSteps.RegisterAsync(admin, "By TLS", tunnel.Port, "ORTHANCTLS", rules: $$"""{"tls":true,"tlsCertificateSha256":"{{pin}}"}""");
        Assert.True((await SendAsync(admin, "GET", $"/xapi/pacs/{pacs}/status"))!["successful"]!.GetValue<bool>());
        AssertComplete(await ImportAsync(admin, pacs, "TLS1", 12), 4);
        await SendAsync(admin, "PUT", $"/xapi/pacs/{pacs}/rules", $$"""{"tlsCertificateSha256":"{{new string('0', 64)}}"}""");
        Assert.False((await SendAsync(admin, "GET", $"/xapi/pacs/{pacs}/status"))!["successful"]!.GetValue<bool>());
        await SendAsync(admin, "PUT", $"/xapi/pacs/{pacs}/rules", """{"tlsCertificateSha256":"12"}""", HttpStatusCode.BadRequest);
        await SendAsync(admin, "PUT", $"/xapi/pacs/{pacs}/rules", """{"tlsAuthorities":"none"}""", HttpStatusCode.BadRequest);
        await SendAsync(admin, "PUT", $"/xapi/pacs/{pacs}/rules", """{"retrieval":"DicomWeb"}""", HttpStatusCode.BadRequest);
    }

    // Takes TLS off and passes the bytes on.
    private sealed class TlsTunnel : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _end = new();

        public TlsTunnel(X509Certificate2 certificate, int target)
        {
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _ = ServeAsync(certificate, target);
        }

        public int Port { get; }

        private async Task ServeAsync(X509Certificate2 certificate, int target)
        {
            try
            {
                while (true)
                {
                    _ = PassAsync(await _listener.AcceptTcpClientAsync(_end.Token), certificate, target);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task PassAsync(TcpClient client, X509Certificate2 certificate, int target)
        {
            using (client)
            {
                try
                {
                    await using var secure = new SslStream(client.GetStream());
                    await secure.AuthenticateAsServerAsync(certificate);
                    using var peer = new TcpClient();
                    await peer.ConnectAsync(IPAddress.Loopback, target, _end.Token);
                    await Task.WhenAny(secure.CopyToAsync(peer.GetStream(), _end.Token), peer.GetStream().CopyToAsync(secure, _end.Token));
                }
                catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
                {
                    // One of the two has ended it.
                }
            }
        }

        public void Dispose()
        {
            _end.Cancel();
            _listener.Dispose();
            _end.Dispose();
        }
    }
}
