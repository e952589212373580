using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Studies with PET and MR series (xapi B.9).</summary>
[Trait("Speed", "Slow")]
public sealed class PetMrTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Study = "2.25.4711";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Two PET or CT objects and two MR objects of one study.
    private static byte[] Mixed(string study = Study, Action<DataSet>? edit = null) => Uploads.Zip(
        new[] { "pet-ct-siemens", "mr-mosaic-phantom-siemens" }.SelectMany((name, place) => Uploads.Objects(
            name,
            d =>
            {
                d.SetString(Tag.StudyInstanceUID, study);
                edit?.Invoke(d);
                d.SetString(Tag.SeriesNumber, $"{(place * 100) + int.Parse(d.GetString(Tag.SeriesNumber) ?? "1", System.Globalization.CultureInfo.InvariantCulture)}");
            },
            most: 1000)));

    private async Task<HttpClient> ProjectAsync(string project, string? handling)
    {
        var admin = server.Client();
        await admin.PutAsync($"/data/projects/{project}", null, Token);
        if (handling is not null)
        {
            using var body = new StringContent(handling, Encoding.UTF8, "text/plain");
            Assert.InRange((await Uploads.SendAsync(admin, "PUT", $"/data/projects/{project}/config/separatePETMR/config?inbody=true", body)).Status, 200, 201);
        }

        return admin;
    }

    private static async Task<List<(string Label, string Type, int Files)>> ArchivedAsync(HttpClient admin, string project)
    {
        var sessions = new List<(string, string, int)>();
        foreach (var row in await RunningServer.RowsAsync(admin, $"/data/projects/{project}/experiments?format=json"))
        {
            sessions.Add((row["label"], row["xsiType"], (await RunningServer.RowsAsync(admin, $"/data/projects/{project}/experiments/{row["label"]}/scans/ALL/files?format=json")).Count));
        }

        return [.. sessions.Order()];
    }

    [Theory]
    [InlineData("PMNONE", null, "xnat:petmrSessionData")]
    [InlineData("PMJOINT", "petmr", "xnat:petmrSessionData")]
    [InlineData("PMPET", "pet", "xnat:petSessionData")]
    public async Task Study_stays_one_session_of_the_type_that_the_project_wants(string project, string? handling, string type)
    {
        using var admin = await ProjectAsync(project, handling);
        Assert.Equal(200, (await Uploads.ImportAsync(admin, $"project={project}&subject=S&session=E&dest=/archive&import-handler=DICOM-zip", Mixed())).Status);
        Assert.Equal(("E", type), (await ArchivedAsync(admin, project)).ConvertAll(s => (s.Label, s.Type)).Single());
    }

    [Fact]
    public async Task Word_that_says_nothing_is_refused()
    {
        using var admin = await ProjectAsync("PMWORD", "separate");
        using var body = new StringContent("halves", Encoding.UTF8, "text/plain");
        var (status, answer) = await Uploads.SendAsync(admin, "PUT", "/data/projects/PMWORD/config/separatePETMR/config?inbody=true", body);
        Assert.Equal(400, status);
        Assert.Contains("separate", answer, StringComparison.Ordinal);
        Assert.Equal("separate", await admin.GetStringAsync("/data/projects/PMWORD/config/separatePETMR/config?contents=true", Token));
    }

    [Fact]
    public async Task Study_is_separated_into_two_sessions_with_all_their_files()
    {
        using var admin = await ProjectAsync("PMSEP", "separate");
        var count = new ZipArchive(new MemoryStream(Mixed())).Entries.Count;
        var (status, lines) = await Uploads.ImportAsync(admin, "project=PMSEP&subject=S&session=E_PETMR&dest=/archive&import-handler=DICOM-zip", Mixed());
        Assert.Equal((200, "/data/archive/projects/PMSEP/subjects/S/experiments/E_MR\r\n/data/archive/projects/PMSEP/subjects/S/experiments/E_PET\r\n"), (status, lines));
        var archived = await ArchivedAsync(admin, "PMSEP");
        Assert.Equal([("E_MR", "xnat:mrSessionData"), ("E_PET", "xnat:petSessionData")], archived.ConvertAll(s => (s.Label, s.Type)));
        Assert.Equal(count, archived.Sum(s => s.Files));
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/PMSEP?format=json"));
        var waiting = Path.Combine(server.Data, "prearchive", "PMSEP");
        Assert.False(Directory.Exists(waiting) && Directory.EnumerateFiles(waiting, "*.dcm", SearchOption.AllDirectories).Any());
        // Another study whose sessions would have these labels gets others.
        Assert.Equal(200, (await Uploads.ImportAsync(admin, "project=PMSEP&subject=S&session=E_PETMR&dest=/archive&import-handler=DICOM-zip", Mixed("2.25.4712"))).Status);
        Assert.Equal(["E_MR", "E_MR1", "E_PET", "E_PET1"], (await ArchivedAsync(admin, "PMSEP")).ConvertAll(s => s.Label));
    }

    [Fact]
    public async Task Site_setting_counts_where_the_project_says_nothing_and_build_answers_both_sessions()
    {
        using var admin = await ProjectAsync("PMSITE", null);
        async Task SetAsync(string value)
        {
            using var body = new StringContent($$"""{"sitewidePetMr":"{{value}}"}""", Encoding.UTF8, "application/json");
            Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", "/xapi/siteConfig", body)).Status);
        }

        var (_, session) = await Uploads.ImportAsync(admin, "project=PMSITE&subject=S&session=E&dest=/prearchive&import-handler=DICOM-zip", Mixed());
        await SetAsync("separate");
        try
        {
            var (status, lines) = await Uploads.SendAsync(admin, "POST", session.Trim() + "?action=build");
            Assert.Equal(200, status);
            var parts = lines.Split("\r\n");
            Assert.Equal(["E_MR", "E_PET"], parts.Select(p => p.Split('/')[^1]));
            var rows = await RunningServer.RowsAsync(admin, "/data/prearchive/projects/PMSITE?format=json");
            Assert.All(rows, r => Assert.Equal("READY", r["status"]));
            Assert.Equal(2, rows.Count);
            Assert.Contains(await RunningServer.RowsAsync(admin, parts[0] + "/logs?format=json"), l => l["entry"].StartsWith("Separated from a PET MR session", StringComparison.Ordinal));
            Assert.Equal(404, (await Uploads.SendAsync(admin, "GET", session.Trim())).Status);
        }
        finally
        {
            await SetAsync("");
        }
    }

    [Fact]
    public async Task Both_sessions_know_what_identified_the_subject_and_get_back_what_left_for_the_quarantine()
    {
        using var admin = await ProjectAsync("PMHELD", null);
        Assert.Equal(200, (await Uploads.SendAsync(admin, "PUT", "/data/projects/PMHELD/prearchive_code/0")).Status);
        await PutAsync("/xapi/deidentification/projects/PMHELD/policy", """{"failures":"hold","residual":"flag"}""", "application/json");
        await PutAsync("/xapi/anonymize/projects/PMHELD", "version \"6.6\"\n(0020,0013) = \"900\" ? (0008,1030) := substring[(0008,0060), 0, 5000]\n", "text/plain");
        var held = 0;
        var objects = Mixed("2.25.4713", d =>
        {
            d.SetString(Tag.PatientName, "Quixmarrow^Zebulonia");
            d.SetString(new Tag(0x00290010), "VESALIUS TEST", Vr.LO);
            d.SetString(new Tag(0x00291001), "scan of Zebulonia Quixmarrow", Vr.LO);
            d.SetString(Tag.InstanceNumber, d.GetString(Tag.Modality) == "MR" && held++ == 0 ? "900" : "1");
        });
        var count = new ZipArchive(new MemoryStream(objects)).Entries.Count;
        var (_, session) = await Uploads.ImportAsync(admin, "project=PMHELD&subject=S&session=E&dest=/prearchive&import-handler=DICOM-zip", objects);
        Assert.Equal(500, (await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={session.Trim()}")).Status);

        await PutAsync("/data/projects/PMHELD/config/separatePETMR/config?inbody=true", "separate", "text/plain");
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", session.Trim() + "?action=build")).Status);
        var overview = JsonDocument.Parse(await admin.GetStringAsync("/xapi/vesalius/prearchive", Token)).RootElement.EnumerateArray().Where(r => r.GetProperty("project").GetString() == "PMHELD");
        Assert.Equal([("E_MR", 1), ("E_PET", 0)], overview.Select(r => (r.GetProperty("label").GetString(), r.GetProperty("quarantined").GetInt32())).Order());

        await PutAsync("/xapi/anonymize/projects/PMHELD", "version \"6.6\"\n-(0010,4000)\n", "text/plain");
        var entry = Assert.Single(JsonDocument.Parse(await admin.GetStringAsync("/xapi/quarantine?project=PMHELD", Token)).RootElement.EnumerateArray());
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", $"/xapi/quarantine/{entry.GetProperty("id").GetString()}/retry")).Status);
        foreach (var waiting in await RunningServer.RowsAsync(admin, "/data/prearchive/projects/PMHELD?format=json"))
        {
            var (status, answer) = await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={waiting["url"]}");
            Assert.True(status is 200, answer);
        }

        var archived = await ArchivedAsync(admin, "PMHELD");
        Assert.Equal([("E_MR", "xnat:mrSessionData"), ("E_PET", "xnat:petSessionData")], archived.ConvertAll(s => (s.Label, s.Type)));
        Assert.Equal(count, archived.Sum(s => s.Files));
        foreach (var row in await RunningServer.RowsAsync(admin, "/data/projects/PMHELD/experiments?format=json"))
        {
            var report = JsonDocument.Parse(await admin.GetStringAsync($"/xapi/deidentification/experiments/{row["ID"]}/report", Token)).RootElement;
            var residual = report.GetProperty("runs")[0].GetProperty("report").GetProperty("residual");
            Assert.Contains(residual.GetProperty("findings").EnumerateArray(), f => f.GetProperty("path").GetString() == "(0029,1001)");
        }

        async Task PutAsync(string address, string text, string type)
        {
            using var body = new StringContent(text, Encoding.UTF8, type);
            Assert.InRange((await Uploads.SendAsync(admin, "PUT", address, body)).Status, 200, 201);
        }
    }
}
