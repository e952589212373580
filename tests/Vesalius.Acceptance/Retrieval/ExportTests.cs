using System.Net;
using System.Text.Json.Nodes;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>Archived scans are sent to a PACS by C-STORE (xapi A.10, as GSTT exports).</summary>
public sealed class ExportTests(ServerWithPacs peers) : IClassFixture<ServerWithPacs>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null, HttpStatusCode expected = HttpStatusCode.OK) =>
        ServerWithPacs.SendAsync(client, method, address, body, expected);

    /// <summary>Waits until an export is over.</summary>
    /// <returns>Status and details of its workflow.</returns>
    internal static async Task<(string Status, string Details)> EndedAsync(HttpClient admin, JsonNode export)
    {
        var fields = await RunningServer.EventuallyAsync(async () =>
        {
            var shown = (await SendAsync(admin, "GET", $"/data/workflows/{export["workflow"]}?format=json"))!["items"]![0]!["data_fields"]!;
            return shown["status"]!.GetValue<string>() is "Complete" or "Failed" ? shown : null;
        });
        return (fields["status"]!.GetValue<string>(), fields["details"]!.GetValue<string>());
    }

    private static async Task<int> InstancesAsync(OrthancServer orthanc)
    {
        using var http = orthanc.Client();
        return JsonNode.Parse(await http.GetStringAsync("statistics", Token))!["CountInstances"]!.GetValue<int>();
    }

    [Fact]
    public async Task Session_or_some_of_its_scans_are_sent_to_a_PACS_and_its_workflow_tells_how_it_went()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/EXPORT1");
        var imported = await ImportSteps.EndedAsync(admin, await ImportSteps.ImportAsync(admin, peers.PacsId, peers.Server.DicomPort, "EXPORT1", 1));
        Assert.Equal("complete", Assert.Single(imported)["state"]!.GetValue<string>());
        var session = Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/EXPORT1/experiments?format=json"))["ID"];
        long pacs;
        await using (var target = await OrthancServer.StartAsync([], [], Token))
        {
            pacs = await ImportSteps.RegisterAsync(admin, "Target", target.DicomPort, "TARGET");
            var one = (await SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId={pacs}&session={session}&scansToExport=2"))!;
            Assert.Equal((session, "2"), (one["session"]!.GetValue<string>(), Assert.Single(one["scans"]!.AsArray())!.GetValue<string>()));
            Assert.Equal(("Complete", "2 instances."), await EndedAsync(admin, one));
            Assert.Equal(2, await InstancesAsync(target));
            var all = (await SendAsync(admin, "PUT", $"/xapi/dqr/export/?pacsId={pacs}&session={session}"))!;
            Assert.Equal(["1", "2"], all["scans"]!.AsArray().Select(s => s!.GetValue<string>()).Order(StringComparer.Ordinal));
            Assert.Equal(("Complete", "4 instances."), await EndedAsync(admin, all));
            Assert.Equal(4, await InstancesAsync(target));
            // As it is archived, under its pseudonym.
            using var http = target.Client();
            var patients = JsonNode.Parse(await http.GetStringAsync("patients?expand", Token))!.AsArray();
            Assert.Equal("S1_MR", Assert.Single(patients)!["MainDicomTags"]!["PatientID"]!.GetValue<string>());
            Assert.Contains("dqr.export", await admin.GetStringAsync("/xapi/audit", Token), StringComparison.Ordinal);
        }

        // It is gone: said, with the reason.
        var (status, details) = await EndedAsync(admin, (await SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId={pacs}&session={session}"))!);
        Assert.Equal("Failed", status);
        Assert.Contains("nobody listens", details, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_that_cannot_be_is_refused_with_its_reason()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/EXPORT2");
        await ImportSteps.EndedAsync(admin, await ImportSteps.ImportAsync(admin, peers.PacsId, peers.Server.DicomPort, "EXPORT2", 2));
        var session = Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/EXPORT2/experiments?format=json"))["ID"];
        await SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId={peers.PacsId}", null, HttpStatusCode.BadRequest);
        await SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId=99&session={session}", null, HttpStatusCode.NotFound);
        await SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId=first&session={session}", null, HttpStatusCode.BadRequest);
        await SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId={peers.PacsId}&session=NOWHERE", null, HttpStatusCode.NotFound);
        await SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId={peers.PacsId}&session={session}&scansToExport=77", null, HttpStatusCode.NotFound);
        var asking = (await SendAsync(admin, "POST", "/xapi/pacs", """{"aeTitle":"ASK","host":"localhost","queryRetrievePort":11113,"label":"Asked only"}"""))!["id"]!;
        await SendAsync(admin, "PUT", $"/xapi/dqr/export?pacsId={asking}&session={session}", null, HttpStatusCode.BadRequest);
        // Who may not read the session does not learn of it.
        using var other = await peers.Server.UserAsync("export-other");
        await SendAsync(other, "PUT", $"/xapi/dqr/export?pacsId={peers.PacsId}&session={session}", null, HttpStatusCode.Forbidden);
        await SendAsync(admin, "PUT", "/xapi/users/export-other/roles/Dqr");
        await SendAsync(other, "PUT", $"/xapi/dqr/export?pacsId={peers.PacsId}&session={session}", null, HttpStatusCode.NotFound);
    }

    /// <summary>Its name is what clients look for before they use query-retrieve (xapi 0.4, BOOT).</summary>
    [Fact]
    public async Task Query_retrieve_is_among_the_plugins()
    {
        using var admin = peers.Server.Client();
        var plugins = (await SendAsync(admin, "GET", "/xapi/plugins"))!;
        // What clients look for before they use DICOMweb and the viewer's addresses, too.
        Assert.All((string[])["dicom-query-retrieve", "dicomwebplugin", "ohifViewerPlugin"], p => Assert.Equal(p, plugins[p]!["id"]!.GetValue<string>()));
        Assert.All(plugins.AsObject(), p => Assert.Equal(3, p.Value!["version"]!.GetValue<string>().Split('.').Length));
        Assert.True(Version.TryParse((await SendAsync(admin, "GET", "/xapi/plugins/dicom-query-retrieve"))!["version"]!.GetValue<string>(), out _));
        await SendAsync(admin, "GET", "/xapi/plugins/nosuch", null, HttpStatusCode.NotFound);
    }
}
