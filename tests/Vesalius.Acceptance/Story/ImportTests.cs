using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>The import service, handler for handler (rest-api §13, I1 to I4; §15, W1 to W4; R3, R9).</summary>
public sealed class ImportTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<HttpClient> ProjectAsync(string project)
    {
        var admin = server.Client();
        await admin.PutAsync($"/data/projects/{project}", null, Token);
        return admin;
    }

    private static byte[] Breast(Action<DataSet>? edit = null, int most = 3) => Uploads.Zip(Uploads.Objects("rt-breast", edit, most));

    /// <summary>I1, I2 and §13.4: what is refused and how.</summary>
    [Fact]
    public async Task I1_I2_import_refuses_what_it_cannot_take()
    {
        using var admin = await ProjectAsync("IREF");
        Assert.Equal(405, (await Uploads.SendAsync(admin, "PUT", "/data/services/import")).Status);
        Assert.Equal(400, (await Uploads.ImportAsync(admin, "project=IREF", [])).Status);
        Assert.Equal(404, (await Uploads.ImportAsync(admin, "project=IREF&import-handler=other", [1])).Status);
        Assert.Equal(403, (await Uploads.ImportAsync(admin, "project=NOSUCH&import-handler=SI", Breast())).Status);
        Assert.Equal(400, (await Uploads.ImportAsync(admin, "project=IREF&import-handler=DICOM-zip", Uploads.Zip(["no dicom"u8.ToArray()]))).Status);
        Assert.Equal(400, (await Uploads.ImportAsync(admin, "project=IREF&import-handler=DICOM-zip", "PK\u0003\u0004 broken"u8.ToArray())).Status);
        Assert.Equal(400, (await Uploads.ImportAsync(admin, "project=IREF&dest=/prearchive/projects/IREF/..%2f..%2fx/y", Breast())).Status);
        var mixed = Uploads.Zip([.. Uploads.Objects("rt-breast"), "no dicom"u8.ToArray()]);
        var (status, text) = await Uploads.ImportAsync(admin, "project=IREF&import-handler=DICOM-zip&subject=S&session=E&dest=/prearchive", mixed);
        Assert.Equal(400, status);
        Assert.Contains("Member 4", text, StringComparison.Ordinal);
        Assert.Equal(200, (await Uploads.ImportAsync(admin, "project=IREF&import-handler=DICOM-zip&subject=S&session=E&dest=/prearchive&Ignore-Unparsable=true", mixed)).Status);
        using var two = new MultipartFormDataContent { { new ByteArrayContent(Breast()), "a", "a.zip" }, { new ByteArrayContent(Breast()), "b", "b.zip" } };
        Assert.Equal(400, (await Uploads.SendAsync(admin, "POST", "/data/services/import?project=IREF", two)).Status);
        using var outsider = await server.UserAsync("import-outsider");
        Assert.Equal(403, (await Uploads.ImportAsync(outsider, "project=IREF&import-handler=SI", Breast())).Status);
    }

    /// <summary>xnatpy's and xnatctl's calls, multipart fields, labels, destination with a place of its own, fields of the experiment.</summary>
    [Fact]
    public async Task I1_import_answers_one_URI_per_session_and_keeps_what_was_said()
    {
        using var admin = await ProjectAsync("IPRE");
        var (status, text) = await Uploads.ImportAsync(admin, "overwrite=none&project=IPRE&subject=S1&session=E1&dest=/prearchive&import-handler=DICOM-zip&SOURCE=scanner&xnat:rtSessionData/note=noted", Breast());
        Assert.Equal(200, status);
        Assert.Matches("^/data/prearchive/projects/IPRE/[0-9_]+/E1\r\n$", text);
        var row = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/IPRE?format=json"));
        Assert.Equal(("S1", "READY", "scanner"), (row["subject"], row["status"], row["SOURCE"]));
        var (_, archived) = await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src=/data{row["url"]}&xnat:rtSessionData/scans/scan[0]/type=MARKED");
        Assert.Equal("/data/archive/projects/IPRE/subjects/S1/experiments/E1\r\n", archived);
        Assert.Contains("noted", await admin.GetStringAsync(archived.Trim() + "?format=json", Token), StringComparison.Ordinal);
        Assert.Contains(await RunningServer.RowsAsync(admin, archived.Trim() + "/scans?format=json"), s => s["type"] == "MARKED");
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Breast()), "image_archive", "x.zip" }, { new StringContent("IPRE"), "project" }, { new StringContent("S2"), "SUBJECT_ID" }, { new StringContent("E2"), "EXPT_LABEL" } };
        var (_, placed) = await Uploads.SendAsync(admin, "POST", "/data/services/import?dest=/data/prearchive/projects/IPRE/20260101_120000/E2", form);
        Assert.Equal("/data/prearchive/projects/IPRE/20260101_120000/E2\r\n", placed);
    }

    /// <summary>Single objects, many at once, go into one session.</summary>
    [Fact]
    public async Task I1_gradual_DICOM_collects_objects_in_one_session()
    {
        using var admin = await ProjectAsync("IGRAD");
        var objects = Uploads.Objects("ct-head-phantom-philips", most: 12).ToList();
        var answers = await Task.WhenAll(objects.Select(o => Uploads.ImportAsync(admin, "inbody=true&import-handler=gradual-DICOM&PROJECT_ID=IGRAD&SUBJECT_ID=S&EXPT_LABEL=E&dest=/prearchive", o, "application/dicom")));
        Assert.All(answers, a => Assert.Equal(200, a.Status));
        Assert.Single(answers.Select(a => a.Body).Distinct());
        var session = answers[0].Body.Trim();
        Assert.Equal(12, (await RunningServer.RowsAsync(admin, session + "/resources?format=json")).Sum(r => int.Parse(r["file_count"], System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>§13.5: refused, appended, replaced; another study or type under the same label is a conflict that says so.</summary>
    [Fact]
    public async Task Merge_rules_refuse_append_and_replace_as_asked()
    {
        using var admin = await ProjectAsync("IMERGE");
        const string Target = "project=IMERGE&subject=S&session=E&dest=/archive";
        Assert.Equal(200, (await Uploads.ImportAsync(admin, $"{Target}&import-handler=DICOM-zip", Breast(most: 2))).Status);
        Assert.Equal(400, (await Uploads.ImportAsync(admin, $"{Target}&import-handler=DICOM-zip", Breast())).Status);
        Assert.Equal(409, (await Uploads.ImportAsync(admin, $"{Target}&import-handler=SI", Breast())).Status);
        var row = (await RunningServer.RowsAsync(admin, "/data/prearchive/projects/IMERGE?format=json"))[0];
        Assert.Equal("CONFLICT", row["status"]);
        var problems = await RunningServerPostAsync(admin, $"/data/services/validate-archive?src={row["url"]}&overwrite=append");
        Assert.Contains("are archived already", problems, StringComparison.Ordinal);
        foreach (var waiting in await RunningServer.RowsAsync(admin, "/data/prearchive/projects/IMERGE?format=json"))
        {
            Assert.Equal(200, (await Uploads.SendAsync(admin, "DELETE", $"/data{waiting["url"]}")).Status);
        }

        var (appended, said) = await Uploads.ImportAsync(admin, $"{Target}&import-handler=DICOM-zip&overwrite=append", Breast());
        Assert.True(appended == 200, said);
        Assert.Equal(3, (await RunningServer.RowsAsync(admin, "/data/projects/IMERGE/experiments/E/scans/ALL/files?format=json")).Count);
        var changed = Breast(d => d.SetString(Tag.StationName, "OTHER"));
        var (conflict, reason) = await Uploads.ImportAsync(admin, $"{Target}&import-handler=SI&overwrite=append", changed);
        Assert.Equal(409, conflict);
        Assert.Contains("other bytes", reason, StringComparison.Ordinal);
        var (merged, why) = await Uploads.ImportAsync(admin, $"{Target}&import-handler=SI&overwrite=append&overwrite_files=true", changed);
        Assert.True(merged == 200, why);
        Assert.Equal(3, (await RunningServer.RowsAsync(admin, "/data/projects/IMERGE/experiments/E/scans/ALL/files?format=json")).Count);
        var (other, text) = await Uploads.ImportAsync(admin, $"{Target}&import-handler=DICOM-zip&overwrite=delete", Breast(d => d.SetString(Tag.StudyInstanceUID, "1.2.826.0.1.3680043.8.498.99")));
        Assert.Equal(400, other);
        Assert.Contains("another study", text, StringComparison.Ordinal);
        var (type, kinds) = await Uploads.ImportAsync(admin, $"{Target}&import-handler=SI&overwrite=append", Uploads.Zip(Uploads.Objects("mr-mosaic-phantom-siemens", most: 1)));
        Assert.Equal(409, type);
        Assert.Contains("does not merge types", kinds, StringComparison.Ordinal);
    }

    /// <summary>Dose and images of one study that come in parts make the session that both together would have made.</summary>
    [Fact]
    public async Task Session_takes_the_type_of_the_whole_study_when_its_images_come_after_the_dose()
    {
        using var admin = await ProjectAsync("IPARTS");
        const string Target = "project=IPARTS&subject=S&session=E&dest=/archive&import-handler=DICOM-zip&overwrite=append";
        var all = Uploads.Objects("rt-breast", most: 1000).ToLookup(o => Part10File.Read(o).DataSet.GetString(Tag.Modality) == "CT");
        Assert.NotEmpty(all[true]);
        Assert.Equal(200, (await Uploads.ImportAsync(admin, Target, Uploads.Zip(all[false]))).Status);
        Assert.Equal("xnat:rtSessionData", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/IPARTS/experiments?format=json"))["xsiType"]);
        Assert.Equal((200, "/data/archive/projects/IPARTS/subjects/S/experiments/E\r\n"), await Uploads.ImportAsync(admin, Target, Uploads.Zip(all[true])));
        Assert.Equal("xnat:ctSessionData", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/IPARTS/experiments?format=json"))["xsiType"]);
    }

    private static async Task<string> RunningServerPostAsync(HttpClient client, string address)
    {
        var (status, body) = await Uploads.SendAsync(client, "POST", address);
        Assert.Equal(200, status);
        return body;
    }

    /// <summary>An instance that comes again under another name replaces the stored one (xapi B.6); the template names files.</summary>
    [Fact]
    public async Task Instance_named_otherwise_replaces_the_archived_one()
    {
        using var admin = await ProjectAsync("INAME");
        const string Target = "project=INAME&subject=S&session=E&dest=/archive&import-handler=SI";
        Assert.Equal(200, (await Uploads.ImportAsync(admin, Target, Breast())).Status);
        Assert.Equal(400, (await Uploads.SendAsync(admin, "POST", "/xapi/siteConfig", new StringContent("""{"dicomFileNameTemplate":"${SeriesNumber}"}""", Encoding.UTF8, "application/json"))).Status);
        Assert.Equal(400, (await Uploads.SendAsync(admin, "POST", "/xapi/siteConfig", new StringContent("""{"dicomFileNameTemplate":"${NoSuchKeyword}-${SOPInstanceUID}"}""", Encoding.UTF8, "application/json"))).Status);
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", "/xapi/siteConfig", new StringContent("""{"dicomFileNameTemplate":"file_${Modality}_${HashSOPInstanceUIDWithStudyInstanceUID}"}""", Encoding.UTF8, "application/json"))).Status);
        try
        {
            await Task.Delay(1100, Token);
            Assert.Equal(200, (await Uploads.ImportAsync(admin, Target + "&overwrite=delete", Breast(d => d.SetString(Tag.StationName, "NEW")))).Status);
            var files = await RunningServer.RowsAsync(admin, "/data/projects/INAME/experiments/E/scans/ALL/files?format=json");
            Assert.Equal(3, files.Count);
            Assert.All(files, f => Assert.StartsWith("file_", f["Name"], StringComparison.Ordinal));
            Assert.Equal(3, Directory.EnumerateFiles(Path.Combine(server.Data, "archive", "INAME"), "*.dcm", SearchOption.AllDirectories).Count());
        }
        finally
        {
            await Uploads.SendAsync(admin, "POST", "/xapi/siteConfig", new StringContent($$"""{"dicomFileNameTemplate":"{{Prearchive.FileNaming.DefaultTemplate}}"}""", Encoding.UTF8, "application/json"));
        }
    }

    /// <summary>I3, I4: a staged file, its queue, nobody else's eyes.</summary>
    [Fact]
    public async Task I3_I4_staged_import_tells_its_progress_to_its_user_only()
    {
        using var admin = await ProjectAsync("ISTAGE");
        using (var body = new ByteArrayContent(Breast()))
        {
            Assert.Equal(200, (await Uploads.SendAsync(admin, "PUT", "/data/user/cache/resources/UP/files/x.zip?inbody=true", body)).Status);
        }

        var (status, _) = await Uploads.SendAsync(admin, "POST", "/data/services/import?src=/user/cache/resources/UP/files/x.zip&import-handler=SI&project=ISTAGE&subject=S&session=E&dest=/archive&http-session-listener=tx1");
        Assert.Equal(200, status);
        var messages = JsonDocument.Parse(await admin.GetStringAsync("/data/status/tx1?format=json", Token)).RootElement.GetProperty("msgs")[0];
        var last = messages[messages.GetArrayLength() - 1];
        Assert.Equal(("COMPLETED", true, "Archive:/archive/projects/ISTAGE/subjects/S/experiments/E"), (last.GetProperty("status").GetString(), last.GetProperty("terminal").GetBoolean(), last.GetProperty("msg").GetString()));
        Assert.True(JsonDocument.Parse(await admin.GetStringAsync("/xapi/event_tracking/tx1", Token)).RootElement.GetProperty("succeeded").GetBoolean());
        using var other = await server.UserAsync("progress-other");
        Assert.Equal(404, (await Uploads.SendAsync(other, "GET", "/data/status/tx1")).Status);
        Assert.Equal(404, (await Uploads.SendAsync(other, "GET", "/xapi/event_tracking/tx1")).Status);
        Assert.Equal(404, (await Uploads.SendAsync(admin, "POST", "/data/services/import?src=/user/cache/resources/UP/files/none.zip&project=ISTAGE")).Status);
    }

    /// <summary>The inbox: administrators, below its folder, no links.</summary>
    [Fact]
    public async Task Inbox_takes_files_of_the_server_and_nothing_beside_it()
    {
        using var admin = await ProjectAsync("IBOX");
        var box = Path.Combine(server.Data, "inbox", "batch");
        Directory.CreateDirectory(box);
        await File.WriteAllBytesAsync(Path.Combine(box, "a.zip"), Breast(), Token);
        File.CreateSymbolicLink(Path.Combine(server.Data, "inbox", "link"), "/etc");
        const string Import = "/data/services/import?import-handler=inbox&project=IBOX&subject=S&session=E&dest=/prearchive";
        Assert.Equal(403, (await Uploads.SendAsync(admin, "POST", $"{Import}&path=../site-key")).Status);
        Assert.Equal(403, (await Uploads.SendAsync(admin, "POST", $"{Import}&path=/etc/passwd")).Status);
        Assert.Equal(403, (await Uploads.SendAsync(admin, "POST", $"{Import}&path=link/passwd")).Status);
        Assert.Equal(404, (await Uploads.SendAsync(admin, "POST", $"{Import}&path=none")).Status);
        using var user = await server.UserAsync("inbox-user");
        Assert.Equal(403, (await Uploads.SendAsync(user, "POST", $"{Import}&path=batch")).Status);
        var (status, text) = await Uploads.SendAsync(admin, "POST", $"{Import}&path=batch");
        Assert.True(status == 200, text);
        await RunningServer.EventuallyAsync(async () => (await admin.GetStringAsync(text.Trim(), Token)).Contains("\"Completed\"", StringComparison.Ordinal) ? "done" : null);
        Assert.False(Directory.Exists(box));
        Directory.CreateDirectory(box);
        await File.WriteAllTextAsync(Path.Combine(box, "notes.txt"), "by reference", Token);
        Assert.Equal(200, (await Uploads.SendAsync(admin, "PUT", "/data/projects/IBOX/resources/R/files/n.txt?reference=batch/notes.txt")).Status);
        Assert.Equal("by reference", await admin.GetStringAsync("/data/projects/IBOX/resources/R/files/n.txt", Token));
        Assert.Equal(403, (await Uploads.SendAsync(admin, "PUT", "/data/projects/IBOX/resources/R/files/n.txt?reference=/etc/passwd")).Status);
    }

    /// <summary>W1: pages with every operator, nested filters and several columns to sort by.</summary>
    [Fact]
    public async Task W1_direct_archive_is_listed_in_pages_filtered_and_sorted()
    {
        using var admin = await ProjectAsync("IPAGES");
        foreach (var (subject, session) in ((string, string)[])[("A", "E1"), ("B", "E2"), ("A", "E3")])
        {
            Assert.Equal(200, (await Uploads.ImportAsync(admin, $"import-handler=DICOM-zip&project=IPAGES&subject={subject}&session={session}&Direct-Archive=true", Breast())).Status);
        }

        async Task<(int Status, string Names)> NamesAsync(string filters, string rest = "")
        {
            using var page = new StringContent($$"""{"filters":{"project":{"operator":"eq","value":"IPAGES"}{{filters}}}{{rest}}}""", Encoding.UTF8, "application/json");
            var (status, body) = await Uploads.SendAsync(admin, "POST", "/xapi/direct-archive", page);
            return (status, status == 200 ? string.Join(',', JsonDocument.Parse(body).RootElement.EnumerateArray().Select(r => r.GetProperty("name").GetString())) : "");
        }

        const string ByName = ",\"sort_col\":\"name\",\"sort_dir\":\"asc\"";
        Assert.Equal((200, "E1,E2,E3"), await NamesAsync("", ByName));
        Assert.Equal((200, "E2,E3,E1"), await NamesAsync("", ""","sortBys":[["subject","desc"],["name","desc"]]"""));
        Assert.Equal((200, "E2"), await NamesAsync("", ByName + ",\"size\":1,\"page\":2"));
        foreach (var (filter, names) in ((string, string)[])[
            ("\"operator\":\"IN\",\"values\":[\"E1\",\"E3\"]", "E1,E3"), ("\"operator\":\"between\",\"lo\":\"E2\",\"hi\":\"E3\"", "E2,E3"), ("\"operator\":\"gt\",\"value\":\"E1\"", "E2,E3"),
            ("\"operator\":\"le\",\"value\":\"E1\"", "E1"), ("\"operator\":\"ne\",\"value\":\"E1\"", "E2,E3"), ("\"operator\":\"like\",\"value\":\"E%\"", "E1,E2,E3"), ("\"operator\":\"like\",\"value\":\"e%\"", ""),
            ("\"value\":\"e2\"", "E2"), ("\"operator\":\"eq\",\"value\":\"E1\",\"not\":true", "E2,E3"),
            ("\"operator\":\"eq\",\"value\":\"E1\",\"orFilters\":[{\"operator\":\"eq\",\"value\":\"E2\"}]", "E1,E2"), ("\"value\":\"E\",\"andFilters\":[{\"value\":\"3\"}]", "E3")])
        {
            Assert.Equal((filter, (200, names)), (filter, await NamesAsync($",\"name\":{{{filter}}}", ByName)));
        }

        Assert.Equal(400, (await NamesAsync(",\"name\":{\"operator\":\"near\",\"value\":\"E1\"}")).Status);
        Assert.Equal((200, ""), await NamesAsync("", ",\"size\":10000,\"page\":2147483647"));
        // One order, whichever way they stood before: numbers by size, then words.
        foreach (var session in (string[])["10", "1a", "9"])
        {
            Assert.Equal(200, (await Uploads.ImportAsync(admin, $"import-handler=DICOM-zip&project=IPAGES&subject=A&session={session}&Direct-Archive=true", Breast())).Status);
        }

        Assert.Equal((200, "9,10,1a,E1,E2,E3"), await NamesAsync("", ByName));
        Assert.Equal(400, (await NamesAsync("", ",\"page\":0")).Status);
    }

    /// <summary>W1 to W4: straight to the archive, on demand; a clash falls back to the prearchive and says so.</summary>
    [Fact]
    public async Task W1_to_W4_direct_archive_archives_on_demand_and_falls_back_on_conflict()
    {
        using var admin = await ProjectAsync("IDIRECT");
        const string Target = "import-handler=DICOM-zip&project=IDIRECT&subject=S&session=E&Direct-Archive=true";
        var (status, address) = await Uploads.ImportAsync(admin, Target, Breast());
        Assert.Equal(200, status);
        Assert.StartsWith("/xapi/direct-archive/IDIRECT/", address, StringComparison.Ordinal);
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/IDIRECT?format=json"));
        using (var page = new StringContent("""{"filters":{"project":{"operator":"EQ","value":"IDIRECT"}}}""", Encoding.UTF8, "application/json"))
        {
            var list = JsonDocument.Parse((await Uploads.SendAsync(admin, "POST", "/xapi/direct-archive", page)).Body).RootElement;
            Assert.Equal(("E", "RECEIVING"), (list[0].GetProperty("name").GetString(), list[0].GetProperty("status").GetString()));
        }

        Assert.Equal(200, (await Uploads.SendAsync(admin, "GET", address.Trim())).Status);
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", address.Trim())).Status);
        Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/IDIRECT/experiments?format=json"));
        Assert.Equal(404, (await Uploads.SendAsync(admin, "GET", address.Trim())).Status);
        var (_, again) = await Uploads.ImportAsync(admin, Target, Breast());
        Assert.Equal(409, (await Uploads.SendAsync(admin, "POST", again.Trim())).Status);
        var row = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/IDIRECT?format=json"));
        Assert.Equal("CONFLICT", row["status"]);
        Assert.Contains(await RunningServer.RowsAsync(admin, $"/data{row["url"]}/logs?format=json"), l => l["entry"].StartsWith("Attempt to direct-archive failed", StringComparison.Ordinal));
        using var user = await server.UserAsync("direct-user");
        Assert.Equal(403, (await Uploads.SendAsync(user, "GET", address.Trim())).Status);
        Assert.Equal(403, (await Uploads.SendAsync(user, "DELETE", "/xapi/direct-archive/1")).Status);
    }

    /// <summary>Only who manages the project may let identities in; uploaders that ask for it as members get their objects de-identified all the same.</summary>
    [Fact]
    public async Task Prevent_anon_is_heeded_for_those_who_manage_the_project_only()
    {
        using var admin = await ProjectAsync("IANON");
        using var member = await server.UserAsync("anon-member");
        await admin.PutAsync("/data/projects/IANON/users/member/anon-member", null, Token);
        foreach (var (client, heeded, session) in ((HttpClient, string, string)[])[(member, "false", "EM"), (admin, "true", "EA")])
        {
            var (status, url) = await Uploads.ImportAsync(client, $"project=IANON&subject=S&session={session}&import-handler=SI&prevent_anon=true&dest=/prearchive", Breast());
            Assert.Equal(200, status);
            Assert.Equal(heeded, Assert.Single(await RunningServer.RowsAsync(client, url.Trim() + "?format=json"))["prevent_anon"]);
            var dump = await RunningServer.RowsAsync(client, $"/data/services/dicomdump?src={url.Trim()[5..]}&field=PatientID&format=json");
            Assert.Equal(heeded == "false", Assert.Single(dump)["value"] == "EM");
            Assert.Equal(heeded == "false", (await client.GetStringAsync(url.Trim() + "/logs", Token)).Contains("prevent_anon", StringComparison.Ordinal));
        }
    }
}
