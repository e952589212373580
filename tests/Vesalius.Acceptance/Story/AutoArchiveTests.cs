using System.Text;
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

    /// <summary>Without a destination the project's code decides, or the one that the request gives.</summary>
    [Fact]
    public async Task Session_without_a_destination_goes_where_the_code_says()
    {
        using var admin = await ProjectAsync("AAFOUR", 4);
        using var manual = await ProjectAsync("AANONE", 0);
        Assert.Equal("/data/archive/projects/AAFOUR/subjects/S/experiments/E1", await ImportAsync(admin, "import-handler=SI&project=AAFOUR&subject=S&session=E1"));
        // What comes again is appended; what says how it is to be merged is believed.
        Assert.Equal("/data/archive/projects/AAFOUR/subjects/S/experiments/E1", await ImportAsync(admin, "import-handler=SI&project=AAFOUR&subject=S&session=E1"));
        Assert.Equal(409, (await Uploads.ImportAsync(admin, "import-handler=SI&project=AAFOUR&subject=S&session=E1&overwrite=none", Uploads.Zip(Uploads.Objects("rt-breast")))).Status);
        Assert.StartsWith("/data/prearchive/", await ImportAsync(admin, "import-handler=SI&project=AAFOUR&subject=S&session=E2&dest=/prearchive"), StringComparison.Ordinal);
        Assert.StartsWith("/data/prearchive/", await ImportAsync(admin, "import-handler=SI&project=AAFOUR&subject=S&session=E3&prearchive_code=0"), StringComparison.Ordinal);
        Assert.StartsWith("/data/prearchive/", await ImportAsync(admin, "import-handler=SI&project=AAFOUR&subject=S&session=E4&prevent_auto_commit=true"), StringComparison.Ordinal);
        Assert.StartsWith("/data/prearchive/", await ImportAsync(manual, "import-handler=SI&project=AANONE&subject=S&session=E1"), StringComparison.Ordinal);
        Assert.StartsWith("/data/archive/", await ImportAsync(manual, "import-handler=SI&project=AANONE&subject=S&session=E2&prearchive_code=4"), StringComparison.Ordinal);
    }

    /// <summary>Batches of one session are archived when no more of them come; what is kept back waits until somebody commits it, as uploaders do.</summary>
    [Fact]
    public async Task Upload_in_parts_is_archived_after_quiet_time_and_a_prevented_one_when_it_is_committed()
    {
        using var admin = await ProjectAsync("AAQUIET", 4);
        using var settings = new StringContent("{\"sessionXmlRebuilderInterval\":0.02,\"sessionXmlRebuilderRepeat\":300}", Encoding.UTF8, "application/json");
        using var set = await admin.PostAsync("/xapi/siteConfig", settings, Token);
        var prevented = await ImportAsync(admin, "import-handler=DICOM-zip&project=AAQUIET&subject=S&session=KEPT&prevent_auto_commit=true&autoArchive=true&SOURCE=uploader");
        var manual = await ImportAsync(admin, "import-handler=DICOM-zip&project=AAQUIET&subject=S&session=MANUAL&dest=/prearchive");
        Assert.StartsWith("/data/prearchive/", await ImportAsync(admin, "import-handler=DICOM-zip&project=AAQUIET&subject=S&session=PARTS"), StringComparison.Ordinal);
        var session = await RunningServer.EventuallyAsync(async () =>
            (await RunningServer.RowsAsync(admin, "/data/projects/AAQUIET/experiments?format=json")).FirstOrDefault(e => e["label"] == "PARTS"));
        Assert.Equal("xnat:ctSessionData", session["xsiType"]);
        var row = Assert.Single(await RunningServer.RowsAsync(admin, prevented + "?format=json"));
        Assert.Equal(("READY", "true", "true", "uploader"), (row["status"], row["autoarchive"], row["prevent_auto_commit"], row["SOURCE"]));
        Assert.Equal((301, "/data/archive/projects/AAQUIET/subjects/S/experiments/KEPT"), await Uploads.SendAsync(admin, "POST", prevented + "?action=commit"));
        Assert.Single(await RunningServer.RowsAsync(admin, manual + "?format=json"));
    }

    /// <summary>Batches of one session that come beside each other, as xnatctl sends them, are all archived and all answered with where they went.</summary>
    [Theory]
    [InlineData("AABATCH", "import-handler=DICOM-zip&dest=/archive")]
    [InlineData("AABATCHSI", "import-handler=SI")]
    public async Task Batches_of_one_session_beside_each_other_all_reach_the_archive(string project, string how)
    {
        using var admin = await ProjectAsync(project, 4);
        var objects = Uploads.Objects("mr-epi-phantom-ge", most: 45).ToList();
        var answers = await Task.WhenAll(objects.Chunk(4).Select(part =>
            Uploads.ImportAsync(admin, $"{how}&project={project}&subject=S&session=E&overwrite=delete&overwrite_files=true", Uploads.Zip(part))));
        Assert.All(answers, a => Assert.Equal((200, $"/data/archive/projects/{project}/subjects/S/experiments/E\r\n"), a));
        Assert.Empty(await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json"));
        var resource = Assert.Single(await RunningServer.RowsAsync(admin, $"/data/projects/{project}/experiments/E/resources?all=true&format=json"));
        Assert.Equal("45", resource["file_count"]);
    }

    /// <summary>Who names no handler gets the site's, which skips what is no DICOM unless the site says otherwise.</summary>
    [Fact]
    public async Task I1_handler_that_is_not_named_is_the_sites()
    {
        using var admin = await ProjectAsync("AAHAND", 0);
        var mixed = Uploads.Zip(["read me"u8.ToArray(), .. Uploads.Objects("rt-breast")]);
        Assert.StartsWith("/data/prearchive/", await ImportAsync(admin, "project=AAHAND&subject=S&session=E1", mixed), StringComparison.Ordinal);
        foreach (var (handler, status) in ((string, int)[])[("other", 400), ("DICOM-zip", 200)])
        {
            using var value = new StringContent($"\"{handler}\"", Encoding.UTF8, "application/json");
            Assert.Equal(status, (await Uploads.SendAsync(admin, "POST", "/xapi/siteConfig/defaultImportHandler", value)).Status);
        }

        Assert.Equal(400, (await Uploads.ImportAsync(admin, "project=AAHAND&subject=S&session=E2", mixed)).Status);
        using var back = new StringContent("\"SI\"", Encoding.UTF8, "application/json");
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", "/xapi/siteConfig/defaultImportHandler", back)).Status);
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
