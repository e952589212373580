using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>What archiving would merge, said beforehand (R9), and what it then does.</summary>
public sealed class ComparisonTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] Edited(byte[] bytes, Action<DataSet> edit)
    {
        var file = Part10File.Read(bytes);
        edit(file.DataSet);
        return file.Encode().ToArray();
    }

    private async Task<HttpClient> ProjectAsync(string project)
    {
        var admin = server.Client();
        await admin.PutAsync($"/data/projects/{project}", null, Token);
        await admin.PutAsync($"/data/projects/{project}/prearchive_code/0", null, Token);
        return admin;
    }

    private static async Task<string> SendAsync(HttpClient client, string project, IEnumerable<byte[]> objects, string subject = "S1", string dest = "/prearchive")
    {
        var (status, text) = await Uploads.ImportAsync(client, $"import-handler=SI&project={project}&subject={subject}&session=E1&dest={dest}", Uploads.Zip(objects));
        Assert.True(status == 200, text);
        return text.Trim();
    }

    private static async Task<JsonElement> CompareAsync(HttpClient client, string url)
    {
        using var json = JsonDocument.Parse(await client.GetStringAsync(url + "/comparison", Token));
        return json.RootElement.Clone();
    }

    private static Dictionary<string, int> Counts(JsonElement of) => of.GetProperty("counts").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32());

    private static string StateOf(JsonElement comparison, string uid) => comparison.GetProperty("scans").EnumerateArray().SelectMany(s => s.GetProperty("instances").EnumerateArray())
        .Single(i => i.GetProperty("sopInstanceUid").GetString() == uid).GetProperty("state").GetString()!;

    private static string UidOf(byte[] bytes) => Part10File.Read(bytes).DataSet.GetString(Tag.SOPInstanceUID)!;

    [Fact]
    public async Task New_identical_and_different_instances_are_told_apart_and_archiving_does_what_was_said()
    {
        using var admin = await ProjectAsync("CMP");
        var all = Uploads.Objects("ct-head-phantom-philips", most: 5).ToList();
        await SendAsync(admin, "CMP", all[..3], dest: "/archive");
        var url = await SendAsync(admin, "CMP", [all[0], Edited(all[1], d => d.SetString(Tag.SeriesDescription, "Another word")), all[3], all[4]]);
        var row = Assert.Single(JsonDocument.Parse(await admin.GetStringAsync("/xapi/vesalius/prearchive", Token)).RootElement.EnumerateArray(), r => r.GetProperty("project").GetString() == "CMP");
        Assert.True(row.GetProperty("inArchive").GetBoolean());

        var comparison = await CompareAsync(admin, url);
        Assert.Equal(new Dictionary<string, int> { ["new"] = 2, ["identical"] = 1, ["different"] = 1, ["archivedOnly"] = 1 }, Counts(comparison).OrderBy(c => c.Key).ToDictionary());
        Assert.Equal(["identical", "different", "archivedOnly", "new", "new"], all.Select(o => StateOf(comparison, UidOf(o))));
        Assert.Equal("S1", comparison.GetProperty("archived").GetProperty("subject").GetString());
        Assert.Empty(comparison.GetProperty("problems").EnumerateArray());
        var changed = comparison.GetProperty("scans").EnumerateArray().SelectMany(s => s.GetProperty("instances").EnumerateArray()).Single(i => i.GetProperty("state").GetString() == "different");
        Assert.NotEqual(changed.GetProperty("arrived").GetString(), changed.GetProperty("archived").GetString());
        Assert.Equal(64, changed.GetProperty("archived").GetString()!.Length);

        Assert.Equal(409, (await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={url}&overwrite=append")).Status);
        Assert.Equal(4, Counts(await CompareAsync(admin, url)).Values.Sum() - 1);
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={url}&overwrite=append&overwrite_files=true")).Status);
        Assert.Equal(404, (await Uploads.SendAsync(admin, "GET", url + "/comparison")).Status);
        var again = await SendAsync(admin, "CMP", [all[0], Edited(all[1], d => d.SetString(Tag.SeriesDescription, "Another word")), all[3], all[4]]);
        Assert.Equal(new Dictionary<string, int> { ["archivedOnly"] = 1, ["identical"] = 4 }, Counts(await CompareAsync(admin, again)).OrderBy(c => c.Key).ToDictionary());
    }

    [Fact]
    public async Task Script_of_the_project_runs_before_the_comparison_and_leaves_the_session_as_it_is()
    {
        using var admin = await ProjectAsync("CMPSCRIPT");
        async Task ScriptAsync(string text)
        {
            using var body = new StringContent(text, Encoding.UTF8, "text/plain");
            Assert.Equal(HttpStatusCode.OK, (await admin.PutAsync("/xapi/anonymize/projects/CMPSCRIPT", body, Token)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await admin.PutAsync("/xapi/anonymize/projects/CMPSCRIPT/enabled?enable=true", null, Token)).StatusCode);
        }

        await ScriptAsync("version \"6.1\"\n(0008,1030) := \"Head\"\n");
        var all = Uploads.Objects("ct-head-phantom-philips", most: 3).ToList();
        await SendAsync(admin, "CMPSCRIPT", all, dest: "/archive");
        var url = await SendAsync(admin, "CMPSCRIPT", all);
        Assert.Equal(new Dictionary<string, int> { ["identical"] = 3 }, Counts(await CompareAsync(admin, url)));
        await ScriptAsync("version \"6.1\"\n(0008,1030) := \"Neck\"\n");
        Assert.Equal(new Dictionary<string, int> { ["different"] = 3 }, Counts(await CompareAsync(admin, url)));

        await ScriptAsync("version \"6.1\"\n(0008,1030) := substring[(0008,0060), 0, 5000]\n");
        var failed = await CompareAsync(admin, url);
        Assert.Equal(3, Counts(failed)["failed"]);
        Assert.NotEmpty(failed.GetProperty("problems").EnumerateArray());
        Assert.Equal("[]", await admin.GetStringAsync("/xapi/quarantine?project=CMPSCRIPT", Token));
        var waiting = (await RunningServer.RowsAsync(admin, $"{url}/resources?format=json")).Sum(r => int.Parse(r["file_count"], CultureInfo.InvariantCulture));
        Assert.Equal(3, waiting);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(server.Data, "cache"), "archiving-*"));
    }

    [Fact]
    public async Task Session_of_another_subject_is_a_problem_and_a_free_label_is_none()
    {
        using var admin = await ProjectAsync("CMPOTHER");
        var all = Uploads.Objects("rt-breast").ToList();
        await SendAsync(admin, "CMPOTHER", all, dest: "/archive");
        var url = await SendAsync(admin, "CMPOTHER", all, subject: "S2");
        Assert.Contains("another subject", Assert.Single((await CompareAsync(admin, url)).GetProperty("problems").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", url + "?action=relabel&session=E2")).Status);
        var free = await CompareAsync(admin, url);
        Assert.Equal(JsonValueKind.Null, free.GetProperty("archived").ValueKind);
        Assert.Equal(new Dictionary<string, int> { ["new"] = 3 }, Counts(free));
        Assert.Empty(free.GetProperty("problems").EnumerateArray());
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={url}")).Status);
    }

    [Fact]
    public async Task Comparison_is_for_those_who_may_work_on_the_session()
    {
        using var admin = await ProjectAsync("CMPROLE");
        var url = await SendAsync(admin, "CMPROLE", Uploads.Objects("rt-breast"));
        var (_, unassigned) = await Uploads.ImportAsync(admin, "import-handler=DICOM-zip&dest=/prearchive/projects/Unassigned", Uploads.Zip(Uploads.Objects("rt-breast")));
        using var guest = server.Client(null);
        using var outsider = await server.UserAsync("cmp-outsider");
        using var reader = await server.UserAsync("cmp-reader");
        using var member = await server.UserAsync("cmp-member");
        await admin.PutAsync("/data/projects/CMPROLE/users/collaborator/cmp-reader", null, Token);
        await admin.PutAsync("/data/projects/CMPROLE/users/member/cmp-member", null, Token);
        async Task<int> StatusAsync(HttpClient client, string address) => (await Uploads.SendAsync(client, "GET", address + "/comparison")).Status;
        Assert.Equal((401, 404, 403, 200), (await StatusAsync(guest, url), await StatusAsync(outsider, url), await StatusAsync(reader, url), await StatusAsync(member, url)));
        Assert.Equal((403, 400), (await StatusAsync(member, unassigned.Trim()), await StatusAsync(admin, unassigned.Trim())));
    }
}
