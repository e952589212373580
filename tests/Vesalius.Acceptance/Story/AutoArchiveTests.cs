using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>When uploads go from the prearchive to the archive by themselves (rest-api §12.4, §13.3), and what is left behind of it (§14).</summary>
public sealed class AutoArchiveTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<HttpClient> ProjectAsync(string project, int code)
    {
        var admin = server.Client();
        await admin.PutAsync($"/data/projects/{project}", null, Token);
        await admin.PutAsync($"/data/projects/{project}/prearchive_code/{code}", null, Token);
        return admin;
    }

    private static async Task<string> ImportAsync(HttpClient client, string query, byte[]? body = null)
    {
        var (status, text) = await Uploads.ImportAsync(client, query, body ?? Uploads.Zip(Uploads.Objects("rt-breast")));
        Assert.True(status == 200, $"{status} {text}");
        return text.TrimEnd();
    }

    /// <summary>Archiving leaves a workflow: Transfer for a new session, Merged for one that was there.</summary>
    [Fact]
    public async Task V1_T8_archiving_is_recorded_as_a_workflow()
    {
        using var admin = await ProjectAsync("AAWORK", 0);
        Assert.StartsWith("/data/archive/", await ImportAsync(admin, "import-handler=SI&project=AAWORK&subject=S&session=E&dest=/archive"), StringComparison.Ordinal);
        var id = Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/AAWORK/experiments?format=json"))["ID"];
        async Task<JsonElement> NewestAsync() => JsonDocument.Parse(await admin.GetStringAsync($"/data/services/workflows?experiment={id}&format=json", Token)).RootElement.GetProperty("items")[0].GetProperty("data_fields").Clone();
        var transfer = await NewestAsync();
        Assert.Equal(
            ("Transfer", "Complete", id, "AAWORK", "xnat:ctSessionData"),
            (transfer.GetProperty("pipeline_name").GetString(), transfer.GetProperty("status").GetString(), transfer.GetProperty("ID").GetString(), transfer.GetProperty("ExternalID").GetString(), transfer.GetProperty("data_type").GetString()));
        await ImportAsync(admin, "import-handler=SI&project=AAWORK&subject=S&session=E&dest=/archive&overwrite=append");
        Assert.Equal("Merged", (await NewestAsync()).GetProperty("pipeline_name").GetString());
    }
}
