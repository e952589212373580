using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.QueryRetrieve;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>A server with a certificate for PACS, and an Orthanc that lets nobody in without one.</summary>
public sealed class ServerWithStrictPacs : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vesalius-mtls-").FullName;
    private readonly string _studies = RetrievalStudies.Make(3);

    public ServerWithStrictPacs()
    {
        Certificates = new TestCertificates(Path.Combine(_folder, "hospital"));
        var ours = Certificates.Make("archive");
        Server = new RunningServer { Configure = options => options with { PacsTls = new PacsCertificateOptions { Certificate = ours.Certificate, Key = ours.Key } } };
    }

    public TestCertificates Certificates { get; }

    public RunningServer Server { get; }

    public OrthancServer Orthanc { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Server.InitializeAsync();
        var theirs = Certificates.Make("pacs");
        Orthanc = await OrthancServer.StartAsync([("XNAT", Server.DicomPort)], [_studies], CancellationToken.None, (theirs.Certificate, theirs.Key, Certificates.Authority));
        using var admin = Server.Client();
        await ServerWithPacs.SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllProjectsToUseDqr":true,"dqrMaxPacsRequestAttempts":"1","dqrWaitToRetryRequestInSeconds":"1"}""");
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        if (Orthanc is not null)
        {
            await Orthanc.DisposeAsync();
        }

        Certificates.Dispose();
        Directory.Delete(_studies, recursive: true);
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Mutual TLS to PACS, with Orthanc as one that wants to see a certificate (R4).</summary>
public sealed class MutualTlsTests(ServerWithStrictPacs peers) : IClassFixture<ServerWithStrictPacs>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<long> RegisterAsync(HttpClient admin, string label, string title, string more = "") => await ImportSteps.RegisterAsync(
        admin, label, peers.Orthanc.DicomPort, title,
        rules: $$"""{"tls":true,"tlsAuthorities":{{JsonSerializer.Serialize(await File.ReadAllTextAsync(peers.Certificates.Authority, Token))}}{{more}}}""");

    private async Task<IReadOnlyList<JsonNode>> ImportAsync(HttpClient admin, long pacs, string project, int study)
    {
        await ServerWithPacs.SendAsync(admin, "PUT", $"/data/projects/{project}");
        return await ImportSteps.EndedAsync(admin, await ImportSteps.ImportAsync(admin, pacs, peers.Server.DicomPort, project, study));
    }

    [Fact]
    public async Task C_ECHO_C_FIND_C_MOVE_C_GET_and_C_STORE_show_our_certificate()
    {
        // Without one, nobody gets in.
        var (anonymous, _) = await PeerProcess.RunAsync(
            "echoscu", ["+tla", "+cf", peers.Certificates.Authority, "-aec", "ORTHANC", "127.0.0.1", $"{peers.Orthanc.DicomPort}"], Token);
        Assert.NotEqual(0, anonymous);
        using var admin = peers.Server.Client();
        var pacs = await RegisterAsync(admin, "Strict", "STRICT");
        Assert.True((await ServerWithPacs.SendAsync(admin, "GET", $"/xapi/pacs/{pacs}/status"))!["successful"]!.GetValue<bool>());
        var found = (await ServerWithPacs.SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"accessionNumber":"{{RetrievalStudies.Accession(1)}}","pacsId":{{pacs}}}"""))!.AsArray();
        Assert.Equal(RetrievalStudies.Uid(1), Assert.Single(found)!["studyInstanceUid"]!.GetValue<string>());
        var moved = Assert.Single(await ImportAsync(admin, pacs, "MTLS1", 1));
        Assert.True(moved["state"]!.GetValue<string>() == "complete" && moved["arrived"]!.GetValue<int>() == 4, moved.ToJsonString());
        var byGet = await RegisterAsync(admin, "Strict C-GET", "STRICTGET", ""","retrieval":"Get" """);
        var got = Assert.Single(await ImportAsync(admin, byGet, "MTLS2", 2));
        Assert.True(got["state"]!.GetValue<string>() == "complete" && got["arrived"]!.GetValue<int>() == 4, got.ToJsonString());
        var session = Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/MTLS1/experiments?format=json"))["ID"];
        var export = (await ServerWithPacs.SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId={pacs}&session={session}"))!;
        Assert.Equal(("Complete", "4 instances."), await ExportTests.EndedAsync(admin, export));
    }

    [Fact]
    public async Task PACS_whose_certificate_is_of_another_authority_is_told_nothing()
    {
        using var strangers = new TestCertificates(Directory.CreateTempSubdirectory("vesalius-strangers-").FullName);
        using var admin = peers.Server.Client();
        var pacs = await ImportSteps.RegisterAsync(
            admin, "Impostor", peers.Orthanc.DicomPort, "IMPOSTOR",
            rules: $$"""{"tls":true,"tlsAuthorities":{{JsonSerializer.Serialize(await File.ReadAllTextAsync(strangers.Authority, Token))}}}""");
        Assert.False((await ServerWithPacs.SendAsync(admin, "GET", $"/xapi/pacs/{pacs}/status"))!["successful"]!.GetValue<bool>());
        Directory.Delete(Path.GetDirectoryName(strangers.Authority)!, recursive: true);
    }
}
