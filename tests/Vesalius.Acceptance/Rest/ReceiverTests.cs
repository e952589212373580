using System.Text.Json;
using Vesalius.Acceptance.Clients;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>Receivers by REST (xapi B.1), and what archiving takes from headers (B.10).</summary>
public sealed class ReceiverTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Receivers = "/xapi/dicomscp";

    private RestClient Admin => new(server.Client());

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    [Fact]
    [Trait("Row", "B.1")]
    public async Task B1_Receiver_is_made_found_changed_switched_and_removed()
    {
        using var admin = Admin;
        // FLIP takes the list apart with grep: flat objects, no blanks.
        Assert.StartsWith("[{\"id\":1,\"aeTitle\":\"XNAT\",", await admin.GetAsync(Receivers), StringComparison.Ordinal);
        Assert.DoesNotContain("\": ", await admin.GetAsync(Receivers), StringComparison.Ordinal);
        Task<string> PostAsync(int status, string fields) => admin.SendAsync("POST", Receivers, status, $"{{{fields}}}", "application/json");
        var title = $"\"aeTitle\":\"B1\",\"port\":{server.DicomPort}";
        var made = Parse(await PostAsync(200, $"{title},\"whitelistText\":\"ignored\""));
        var id = made.GetProperty("id").GetInt64();
        Assert.Equal(
            ["aeTitle", "anonymizationEnabled", "created", "customProcessing", "directArchive", "disabled", "enabled", "fileNamer", "id", "identifier", "label", "port", "projectRoutingExpression",
                "routingExpressionsEnabled", "sessionRoutingExpression", "subjectRoutingExpression", "timestamp", "whitelist", "whitelistEnabled"],
            made.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(("dicomObjectIdentifier", true, false, $"B1:{server.DicomPort}", 0), (
            made.GetProperty("identifier").GetString(), made.GetProperty("anonymizationEnabled").GetBoolean(), made.GetProperty("customProcessing").GetBoolean(), made.GetProperty("label").GetString(), made.GetProperty("disabled").GetInt32()));
        await PostAsync(400, title);
        foreach (var wrong in (string[])["\"aeTitle\":\"\",\"port\":104", "\"aeTitle\":\"SEVENTEEN_LETTERS\",\"port\":104", "\"aeTitle\":\" B\",\"port\":104", "\"aeTitle\":\"A\\\\B\",\"port\":104", "\"aeTitle\":\"A\",\"port\":0",
            "\"aeTitle\":\"A\",\"port\":65536", "\"aeTitle\":\"A\",\"port\":104,\"whitelistEnabled\":true,\"whitelist\":[\"A@300.1.1.1\"]", "\"aeTitle\":\"A\",\"port\":104,\"routingExpressionsEnabled\":true,\"projectRoutingExpression\":\"nonsense\"", "\"aeTitle\":1"])
        {
            await PostAsync(400, wrong);
        }

        Assert.Contains("unknown DICOM Object Identifier 'nobody'", await PostAsync(400, "\"aeTitle\":\"A\",\"port\":104,\"identifier\":\"nobody\""), StringComparison.Ordinal);
        Assert.Contains("does not support custom routing but custom routing is enabled", await PostAsync(400, "\"aeTitle\":\"A\",\"port\":104,\"identifier\":\"dqrObjectIdentifier\",\"routingExpressionsEnabled\":true"), StringComparison.Ordinal);
        Assert.Equal(id, Parse(await admin.GetAsync($"{Receivers}/title/B1/{server.DicomPort}")).GetProperty("id").GetInt64());
        await admin.GetAsync($"{Receivers}/title/B1/1", 404);
        await admin.PutAsync($"{Receivers}/{id}", 200, $"{{{title},\"customProcessing\":true}}", "application/json");
        Assert.True(Parse(await admin.GetAsync($"{Receivers}/{id}")).GetProperty("customProcessing").GetBoolean());
        Assert.False(Parse(await admin.PutAsync($"{Receivers}/{id}/enabled/false")).GetProperty("enabled").GetBoolean());
        Assert.Equal("false", await admin.GetAsync($"{Receivers}/{id}/enabled"));
        Assert.Contains("dqrObjectIdentifier", await admin.GetAsync($"{Receivers}/identifiers"), StringComparison.Ordinal);
        using var user = new RestClient(await server.UserAsync("b1-user"));
        await user.GetAsync(Receivers);
        await user.GetAsync($"{Receivers}/identifiers");
        await user.GetAsync($"{Receivers}/{id}", 403);
        await user.DeleteAsync($"{Receivers}/{id}", 403);
        await admin.DeleteAsync($"{Receivers}/{id}");
        foreach (var missing in (string[])["", "/enabled"])
        {
            await admin.GetAsync($"{Receivers}/{id}{missing}", 404);
        }
    }

    [Fact]
    [Trait("Row", "B.10")]
    [Trait("Speed", "Slow")]
    public async Task B10_Session_and_scans_have_what_their_headers_say()
    {
        using var admin = Admin;
        using var client = ReplayedClient.Basic(server);
        await admin.PutAsync("/data/projects/B10");
        var files = Directory.EnumerateFiles(RunningServer.Routed("mr-mosaic-phantom-siemens", "")).Order(StringComparer.Ordinal).ToList();
        var archived = (await client.PostAsync("/data/services/import?import-handler=SI&dest=/archive&project=B10&subject=s&session=e", ReplayedClient.Raw(ReplayedClient.Zip(files), "application/zip"))).Text.Trim();
        var header = Part10File.Read(await File.ReadAllBytesAsync(files[0], TestContext.Current.CancellationToken)).DataSet;
        string Header(Tag tag) => header.GetString(tag)?.Trim() ?? "";
        var session = await admin.ItemAsync(archived);
        Assert.Equal("xnat:mrSessionData", session.GetProperty("meta").GetProperty("xsi:type").GetString());
        Assert.Equal((Header(Tag.StudyInstanceUID), "MR", $"{Header(Tag.StudyDate)[..4]}-{Header(Tag.StudyDate)[4..6]}-{Header(Tag.StudyDate)[6..8]}"), (RestClient.Field(session, "UID"), RestClient.Field(session, "modality"), RestClient.Field(session, "date")));
        Assert.Equal(("e", "s"), (RestClient.Field(session, "dcmPatientId"), RestClient.Field(session, "dcmPatientName")));
        foreach (var field in (string[])["time", "scanner/manufacturer", "scanner/model", "fieldStrength"])
        {
            Assert.NotEqual("", RestClient.Field(session, field));
        }

        var scan = Assert.Single(await admin.RowsAsync($"{archived}/scans?columns=ID,UID,type,series_description,modality,quality,frames"), r => r["ID"] == Header(Tag.SeriesNumber));
        Assert.Equal((Header(Tag.SeriesInstanceUID), Header(Tag.SeriesDescription), "MR", "usable"), (scan["UID"], scan["series_description"], scan["modality"], scan["quality"]));
        Assert.NotEqual("", scan["type"]);
        Assert.NotEqual("", scan["frames"]);
        var item = await admin.ItemAsync($"{archived}/scans/{scan["ID"]}");
        foreach (var field in (string[])["startTime", "scanner/manufacturer", "fieldStrength", "parameters/tr", "parameters/te", "parameters/flip", "parameters/orientation", "parameters/voxelRes/x"])
        {
            Assert.True(RestClient.Field(item, field).Length > 0, field);
        }
    }
}
