using System.Formats.Tar;
using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Clients;

/// <summary>xnatctl's requests in its order, and what it needs from each answer (rest-api §26.3).</summary>
public sealed class XnatctlTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Signs in once by Basic; afterwards only the cookie goes with a request.
    private async Task<ReplayedClient> SignInAsync(string login = "admin", string password = "admin-password")
    {
        using var basic = ReplayedClient.Basic(server, login, password);
        var session = (await basic.PostAsync("/data/JSESSION")).Text;
        Assert.Matches(@"^\w{32}$", session);
        var client = new ReplayedClient(server.Address);
        client.Cookies["JSESSIONID"] = session;
        return client;
    }

    private async Task<ReplayedClient> ProjectAsync(string project)
    {
        var client = await SignInAsync();
        await client.PutAsync($"/data/projects/{project}?name={project}-name&description=d");
        return client;
    }

    private static List<string> Study(string study) => [.. Directory.EnumerateFiles(RunningServer.Routed(study, "")).Order(StringComparer.Ordinal)];

    private static async Task<List<byte[]>> PartsAsync(List<string> files, int count) =>
        [.. (await Task.WhenAll(files.Chunk((files.Count + count - 1) / count).Select(part => Task.FromResult(ReplayedClient.Zip(part)))))];

    /// <summary>Login, whoami, health, and one new login after a session has ended.</summary>
    [Fact]
    public async Task Login_keeps_a_cookie_and_signs_in_again_after_401()
    {
        using var client = await SignInAsync();
        Assert.Equal("admin", (await client.GetAsync("/xapi/users/username")).Text);
        using var user = JsonDocument.Parse((await client.GetAsync("/xapi/users/admin")).Text);
        Assert.Equal("admin", user.RootElement.GetProperty("username").GetString());
        Assert.Matches(@"^""?\d+\.\d+\.\d+""?$", (await client.GetAsync("/xapi/siteConfig/buildInfo/version")).Text);
        await client.DeleteAsync("/data/JSESSION");
        Assert.Equal(401, (await client.AskAsync("GET", "/data/projects?format=json")).Status);
        using var again = await SignInAsync();
        await again.GetAsync("/data/projects?format=json");
        using var wrong = ReplayedClient.Basic(server, "admin", "not-the-password");
        Assert.Equal(401, (await wrong.AskAsync("POST", "/data/JSESSION")).Status);
    }

    /// <summary>Projects and subjects: listed page by page, shown, created by document or by query, renamed, deleted.</summary>
    [Fact]
    public async Task Projects_and_subjects_are_created_listed_renamed_and_deleted()
    {
        using var client = await ProjectAsync("XC");
        await client.PostAsync("/data/projects/XCDOC?accessibility=protected", ReplayedClient.Raw("""<xnat:projectData ID="XCDOC" xmlns:xnat="http://nrg.wustl.edu/xnat"><xnat:name>by document</xnat:name></xnat:projectData>""", "application/xml"));
        Assert.Equal("protected", (await client.GetAsync("/data/projects/XCDOC/accessibility")).Text);
        Assert.Equal("by document", (await client.GetAsync("/data/projects/XCDOC?format=json")).Item().GetProperty("data_fields").GetProperty("name").GetString());
        var pages = new List<string>();
        for (var offset = 0; offset < 100; offset++)
        {
            var page = (await client.GetAsync($"/data/projects?format=json&columns=ID,name&offset={offset}&limit=1")).Rows();
            if (page.Count == 0)
            {
                break;
            }

            pages.Add(Assert.Single(page)["ID"]);
        }

        Assert.Equal(pages.Distinct(), pages);
        Assert.Superset(new HashSet<string>(["XC", "XCDOC"]), pages.ToHashSet());
        await client.PutAsync("/data/projects/XC/subjects/old");
        await client.PutAsync("/data/projects/XC/subjects/gone");
        await client.PutAsync("/data/projects/XC/subjects/old?label=new");
        await client.DeleteAsync("/data/projects/XC/subjects/gone?removeFiles=true");
        Assert.Equal(["new"], (await client.GetAsync("/data/projects/XC/subjects?columns=ID,label,insert_date&format=json&offset=0&limit=100")).Rows().Select(r => r["label"]));
    }

    /// <summary>Sessions without the subject in the address, resources, raw uploads, downloads.</summary>
    [Fact]
    public async Task Session_is_shown_filled_and_downloaded()
    {
        using var client = await ProjectAsync("XCS");
        await client.PutAsync("/data/archive/projects/XCS/subjects/s");
        await client.PutAsync("/data/archive/projects/XCS/subjects/s/experiments/e?xsiType=xnat:mrSessionData&date=2024-01-02");
        await client.PutAsync("/data/archive/projects/XCS/subjects/s/experiments/e/scans/1?xsiType=xnat:mrScanData&type=T1");
        await client.PutAsync("/data/archive/projects/XCS/subjects/s/experiments/e/scans/2?xsiType=xnat:mrScanData&type=T2");
        var row = Assert.Single((await client.GetAsync("/data/projects/XCS/experiments?columns=ID,label,subject_label,date,xsiType&xsiType=xnat:mrSessionData&format=json")).Rows());
        Assert.Equal(("e", "s", "2024-01-02", "xnat:mrSessionData"), (row["label"], row["subject_label"], row["date"], row["xsiType"]));
        var session = "/data/projects/XCS/experiments/e";
        Assert.Equal(row["ID"], (await client.GetAsync($"{session}?format=json")).Item().GetProperty("data_fields").GetProperty("ID").GetString());
        Assert.Equal(["1", "2"], (await client.GetAsync($"{session}/scans?format=json")).Rows().Select(r => r["ID"]));
        await client.PutAsync($"{session}/resources/R?format=TXT");
        Assert.Equal(409, (await client.AskAsync("PUT", $"{session}/resources/R")).Status);
        await client.PutAsync($"{session}/resources/R/files/a.txt?inbody=true&overwrite=true", ReplayedClient.Raw("hello"));
        await client.PutAsync($"{session}/resources/R/files/b.zip?inbody=true&extract=true&overwrite=true", ReplayedClient.Raw(ReplayedClient.Zip([WriteTemporary("inner.txt")])));
        foreach (var scan in (string[])["1", "2"])
        {
            await client.PutAsync($"{session}/scans/{scan}/resources/DICOM/files/{scan}.dcm?inbody=true", ReplayedClient.Raw(scan));
        }

        Assert.Equal(("R", "2"), (await client.GetAsync($"{session}/resources?format=json")).Rows().Select(r => (r["label"], r["file_count"])).Single());
        Assert.Equal(["e/scans/1-T1/resources/DICOM/files/1.dcm", "e/scans/2-T2/resources/DICOM/files/2.dcm"], (await client.GetAsync($"{session}/scans/ALL/files?format=zip")).Members());
        Assert.Equal(["e/scans/1-T1/resources/DICOM/files/1.dcm", "e/scans/2-T2/resources/DICOM/files/2.dcm"], (await client.GetAsync($"{session}/scans/1,2/files?format=zip")).Members());
        Assert.Equal(["e/resources/R/files/a.txt", "e/resources/R/files/inner.txt"], (await client.GetAsync($"{session}/resources/R/files?format=zip")).Members());
    }

    private static string WriteTemporary(string name)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("vesalius-xnatctl-").FullName, name);
        File.WriteAllText(path, "inner");
        return path;
    }

    /// <summary>A folder goes up in parallel parts of one session; none is refused, nothing is lost. Tar does as zip, and one object at a time does too.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Folder_is_uploaded_in_parallel_parts_of_one_session()
    {
        using var client = await ProjectAsync("XCU");
        await client.PutAsync("/data/projects/XCU/prearchive_code/0");
        var files = Study("ct-head-phantom-philips");
        const string Options = "&project=XCU&subject=s&overwrite=delete&overwrite_files=true&quarantine=false&triggerPipelines=true&rename=false&Direct-Archive=false&inbody=true";
        var urls = await Task.WhenAll((await PartsAsync(files, 4)).Select(async part =>
        {
            using var worker = await SignInAsync();
            return (await worker.PostAsync($"/data/services/import?import-handler=DICOM-zip&Ignore-Unparsable=true{Options}&session=zipped", ReplayedClient.Raw(part, "application/zip"))).Text.Trim();
        }));
        Assert.Single(urls.Distinct());
        Assert.Equal(files.Count, (await client.GetAsync($"{urls[0]}?format=zip")).Members().Count(m => m.EndsWith(".dcm", StringComparison.Ordinal)));

        using var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, leaveOpen: true))
        {
            foreach (var file in files.Take(3))
            {
                await writer.WriteEntryAsync(file, Path.GetFileName(file), Token);
            }
        }

        var tarred = (await client.PostAsync($"/data/services/import?import-handler=DICOM-zip&Ignore-Unparsable=true{Options}&session=tarred", ReplayedClient.Raw(tar.ToArray(), "application/x-tar"))).Text.Trim();
        Assert.Equal(3, (await client.GetAsync($"{tarred}?format=zip")).Members().Count(m => m.EndsWith(".dcm", StringComparison.Ordinal)));

        var gradual = await Task.WhenAll(files.Select(async file =>
        {
            using var worker = await SignInAsync();
            var bytes = await File.ReadAllBytesAsync(file, Token);
            return (await worker.PostAsync(
                "/data/services/import?inbody=true&import-handler=gradual-DICOM&PROJECT_ID=XCU&SUBJECT_ID=s&EXPT_LABEL=gradual&Direct-Archive=false", ReplayedClient.Raw(bytes, "application/dicom"))).Text.Trim();
        }));
        Assert.Single(gradual.Distinct());
        Assert.Equal(files.Count, (await client.GetAsync($"{gradual[0]}/scans?format=json")).Rows().Count > 0 ? (await client.GetAsync($"{gradual[0]}?format=zip")).Members().Count(m => m.EndsWith(".dcm", StringComparison.Ordinal)) : 0);
    }

    /// <summary>Whole sessions by SI, to the archive.</summary>
    [Fact]
    public async Task Batch_of_session_zips_is_archived()
    {
        using var client = await ProjectAsync("XCB");
        var zip = ReplayedClient.Zip(Study("rt-breast"));
        Assert.Equal("/data/archive/projects/XCB/subjects/s/experiments/e", (await client.PostAsync(
            "/data/services/import?import-handler=SI&dest=/archive/projects/XCB/subjects/s/experiments/e&overwrite=none", ReplayedClient.Raw(zip, "application/zip"))).Text.Trim());
    }

    /// <summary>A transfer: look at the source, make the destination, import with the other name of dest, put the edited document over it, look for conflicts.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Session_is_transferred_with_its_document()
    {
        using var client = await ProjectAsync("XCT");
        await client.PutAsync("/data/archive/projects/XCT/subjects/s");
        using (var body = new MultipartFormDataContent())
        {
            body.Add(ReplayedClient.Raw(ReplayedClient.Zip(Study("rt-breast")), "application/zip"), "file", "e.zip");
            var text = (await client.PostAsync("/data/services/import?import-handler=DICOM-zip&destination=/archive&project=XCT&subject=s&session=e&overwrite=append", body)).Text.Trim();
            Assert.Equal("/data/archive/projects/XCT/subjects/s/experiments/e", text);
        }

        var id = (await client.GetAsync("/data/projects/XCT/experiments?columns=ID,label&format=json")).Rows().Single()["ID"];
        Assert.Equal(("e", "XCT"), (await client.GetAsync($"/data/experiments?ID={id}&columns=ID,label,project&format=json")).Rows().Select(r => (r["label"], r["project"])).Single());
        var document = (await client.GetAsync("/data/archive/projects/XCT/subjects/s/experiments/e?format=xml")).Text;
        Assert.Contains("label=\"e\"", document, StringComparison.Ordinal);
        await client.PutAsync("/data/archive/projects/XCT/subjects/s/experiments/e", ReplayedClient.Raw(document.Replace("label=\"e\"", "label=\"e\" note=\"\"", StringComparison.Ordinal).Replace(" note=\"\"", "", StringComparison.Ordinal), "text/xml"));
        Assert.Equal(400, (await client.AskAsync("PUT", "/data/archive/projects/XCT/subjects/s/experiments/e", ReplayedClient.Raw(document.Replace("label=\"e\"", "label=\"other\"", StringComparison.Ordinal), "text/xml"))).Status);
        await client.PutAsync("/data/archive/projects/XCT/subjects/s/experiments/f?xsiType=xnat:ctSessionData");
        await client.PutAsync("/data/archive/projects/XCT/subjects/s/experiments/f/scans/1?xsiType=xnat:ctScanData");

        var waiting = (await client.PostAsync(
            "/data/services/import?import-handler=DICOM-zip&destination=/prearchive&project=XCT&subject=s&session=g", ReplayedClient.Raw(ReplayedClient.Zip(Study("rt-breast")), "application/zip"))).Text.Trim();
        Assert.Equal("/data/archive/projects/XCT/subjects/s/experiments/g", (await client.PostAsync(
            "/data/services/archive", ReplayedClient.Form(("src", waiting), ("project", "XCT"), ("subject", "s"), ("session", "g"), ("overwrite", "none")))).Text.Trim());
    }

    /// <summary>The prearchive: listed, rebuilt by the client's own name for build, moved, deleted.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Prearchive_session_is_rebuilt_moved_and_deleted()
    {
        using var client = await ProjectAsync("XCQ");
        await client.PutAsync("/data/projects/XCQ2");
        var waiting = (await client.PostAsync(
            "/data/services/import?import-handler=DICOM-zip&dest=/prearchive&project=XCQ&subject=s&session=e", ReplayedClient.Raw(ReplayedClient.Zip(Study("rt-breast")), "application/zip"))).Text.Trim();
        Assert.Single((await client.GetAsync("/data/prearchive/projects/XCQ?format=json")).Rows());
        await client.OkAsync("POST", $"{waiting}?action=rebuild");
        var moved = await client.OkAsync("POST", $"{waiting}?action=move&newProject=XCQ2", null, 301);
        Assert.Contains("/prearchive/projects/XCQ2/", moved.Text, StringComparison.Ordinal);
        var there = await RunningServer.EventuallyAsync(async () => (await client.GetAsync("/data/prearchive/projects/XCQ2?format=json")).Rows().FirstOrDefault(r => r["status"] == "READY"));
        await client.DeleteAsync("/data" + there["url"]);
        Assert.Empty((await client.GetAsync("/data/prearchive/projects/XCQ2?format=json")).Rows());
    }

    /// <summary>Groups of a user, headers read again, catalogs, settings, audit.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Administration_calls_are_answered()
    {
        using var client = await ProjectAsync("XCA");
        using var user = await server.UserAsync("xnatctl-user");
        Assert.Equal("[]", (await client.PutAsync("/xapi/users/xnatctl-user/groups", ReplayedClient.Raw("""["XCA_member"]""", "application/json"))).Text);
        var partly = await client.OkAsync("PUT", "/xapi/users/xnatctl-user/groups", ReplayedClient.Raw("""["XCA_owner","NONE_member"]""", "application/json"), 202);
        Assert.Equal("""["NONE_member"]""", partly.Text);
        var archived = (await client.PostAsync(
            "/data/services/import?import-handler=SI&dest=/archive&project=XCA&subject=s&session=e", ReplayedClient.Raw(ReplayedClient.Zip(Study("rt-breast")), "application/zip"))).Text.Trim();
        var id = (await client.GetAsync("/data/projects/XCA/experiments?columns=ID&format=json")).Rows().Single()["ID"];
        await client.PutAsync($"/data/experiments/{id}?pullDataFromHeaders=true&options=checksum");
        await client.PostAsync($"/data/services/refresh/catalog?resource={archived["/data".Length..]}&options=checksum,append,delete,populateStats");
        await client.PutAsync("/xapi/siteConfig/siteDescriptionText", ReplayedClient.Raw("words", "text/plain"));
        Assert.Contains("words", (await client.GetAsync("/xapi/siteConfig/siteDescriptionText")).Text, StringComparison.Ordinal);
        await client.GetAsync("/xapi/audit");
        await client.GetAsync("/data/audit");
        Assert.Equal(404, (await client.AskAsync("GET", "/xapi/pipelines/jobs")).Status);
    }
}
