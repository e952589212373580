using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Objects that cannot be de-identified: in one place, seen without identifiers, tried again, deleted (R10).</summary>
[Trait("Speed", "Slow")]
public sealed class QuarantineTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Good = "version \"6.1\"\n-(0010,4000)\n";
    private const string FailsOnTwo = "version \"6.6\"\n-(0010,4000)\n(0020,0013) ~ \"[12]\" ? (0008,1030) := substring[(0008,0060), 0, 5000]\n";
    private const string FailsOnAllElsewhere = "version \"6.6\"\n\n\n(0008,1030) := substring[(0008,0060), 0, 5000]\n";
    private static readonly string[] Secrets = ["Quixmarrow", "Zebulonia", "90417"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<JsonElement> JsonAsync(Task<HttpResponseMessage> request, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await request;
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode}: {text}");
        Assert.DoesNotContain(Secrets, secret => text.Contains(secret, StringComparison.OrdinalIgnoreCase));
        return expected == HttpStatusCode.OK && text.Length > 0 ? JsonDocument.Parse(text).RootElement.Clone() : default;
    }

    private static async Task PutAsync(HttpClient client, string address, string body, string type = "text/plain")
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var response = await client.PutAsync(address, content, Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{address}: {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Token)}");
    }

    private static Task<JsonElement> PostAsync(HttpClient client, string address, string json, HttpStatusCode expected = HttpStatusCode.OK) =>
        JsonAsync(client.PostAsync(address, new StringContent(json, Encoding.UTF8, "application/json"), Token), expected);

    private static async Task NewProjectAsync(HttpClient admin, string project, string script)
    {
        await PutAsync(admin, $"/data/projects/{project}", "");
        await PutAsync(admin, $"/data/projects/{project}/prearchive_code/0", "");
        await PutAsync(admin, $"/xapi/anonymize/projects/{project}", script);
    }

    // Eight objects with instance numbers 1 to 8.
    private async Task SendAsync(string project, string label)
    {
        var target = Directory.CreateTempSubdirectory("vesalius-quarantine-").FullName;
        // A study of its own: what is chosen by study is chosen in all projects.
        var study = $"2.25.{new BigInteger(Guid.NewGuid().ToByteArray(), isUnsigned: true)}";
        var number = 0;
        foreach (var path in Directory.EnumerateFiles(SharedData.Require("data", "dicom", "studies", "mr-mosaic-phantom-siemens"), "*.dcm", SearchOption.AllDirectories))
        {
            var file = Part10File.Read(await File.ReadAllBytesAsync(path, Token));
            file.DataSet.SetString(Tag.PatientComments, $"Project:{project} Subject:S1 Session:{label}");
            file.DataSet.SetString(Tag.StudyInstanceUID, study);
            file.DataSet.SetString(Tag.PatientName, "Quixmarrow^Zebulonia");
            file.DataSet.SetString(Tag.PatientID, "PID-90417-QX");
            file.DataSet.SetString(Tag.InstanceNumber, (++number).ToString(CultureInfo.InvariantCulture));
            file.DataSet.SetString(Tag.ImageComments, "seen by Zebulonia Quixmarrow");
            await File.WriteAllBytesAsync(Path.Combine(target, $"{Guid.NewGuid():N}.dcm"), file.Encode().ToArray(), Token);
        }

        await server.SendAsync(target);
    }

    private static async Task<Dictionary<string, string>> WaitingAsync(HttpClient admin, string project) =>
        Assert.Single(await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json"));

    private static async Task<(HttpStatusCode Status, string Answer)> ArchiveAsync(HttpClient admin, string project)
    {
        using var response = await admin.PostAsync($"/data/services/archive?src={(await WaitingAsync(admin, project))["url"]}", null, Token);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    private static async Task<List<JsonElement>> ListAsync(HttpClient client, string filter) => [.. (await JsonAsync(client.GetAsync($"/xapi/quarantine?{filter}", Token))).EnumerateArray()];

    private static async Task<int> FilesAsync(HttpClient admin, string project) =>
        (await RunningServer.RowsAsync(admin, $"/data/projects/{project}/experiments/S1_MR1/scans/ALL/files?format=json")).Count(r => r["Name"].EndsWith(".dcm", StringComparison.Ordinal));

    private int EncryptedFiles(IEnumerable<JsonElement> entries) =>
        entries.Count(e => File.Exists(Path.Combine(server.Data, "quarantine", $"{e.GetProperty("id").GetGuid():N}.enc")));

    /// <summary>The rest is archived and says what is missing; a better script brings it in.</summary>
    [Fact]
    public async Task Failing_objects_leave_the_session_and_join_it_again_when_the_script_is_corrected()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "QAPART", FailsOnTwo);
        using var owner = await server.UserAsync("q-owner");
        await PutAsync(admin, "/data/projects/QAPART/users/owner/q-owner", "");
        using var member = await server.UserAsync("q-member");
        await PutAsync(admin, "/data/projects/QAPART/users/member/q-member", "");
        await SendAsync("QAPART", "S1_MR1");
        Assert.Equal(HttpStatusCode.OK, (await ArchiveAsync(admin, "QAPART")).Status);
        Assert.Equal(6, await FilesAsync(admin, "QAPART"));
        var experiment = Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/QAPART/experiments?format=json&columns=ID,note"));
        Assert.Equal("Incomplete: 2 objects are in quarantine.", experiment["note"]);
        var report = await JsonAsync(admin.GetAsync($"/xapi/deidentification/experiments/{experiment["ID"]}/report", Token));
        Assert.Equal(2, report.GetProperty("runs")[0].GetProperty("report").GetProperty("quarantined").GetInt32());

        var entries = await ListAsync(owner, "project=QAPART");
        Assert.Equal(2, entries.Count);
        Assert.Equal(2, EncryptedFiles(entries));
        Assert.All(entries, e =>
        {
            Assert.Equal(("project", "script", 3, 1), (e.GetProperty("scope").GetString(), e.GetProperty("kind").GetString(), e.GetProperty("line").GetInt32(), e.GetProperty("attempts").GetInt32()));
            Assert.Equal(experiment["ID"], e.GetProperty("experimentId").GetString());
        });
        await JsonAsync(member.GetAsync("/xapi/quarantine", Token), HttpStatusCode.Forbidden);
        await JsonAsync(owner.GetAsync("/xapi/quarantine?project=QHOLD", Token), HttpStatusCode.Forbidden);

        var id = entries[0].GetProperty("id").GetString();
        var masked = await JsonAsync(owner.GetAsync($"/xapi/quarantine/{id}/attributes", Token));
        JsonElement Attribute(string path) => Assert.Single(masked.GetProperty("attributes").EnumerateArray(), a => a.GetProperty("path").GetString() == path);
        Assert.Equal("99999999", Attribute("(0008,0020)").GetProperty("pattern").GetString());
        Assert.Equal("text", Attribute("(0020,4000)").GetProperty("kind").GetString());
        Assert.Equal("MR Image Storage", Attribute("(0008,0016)").GetProperty("kind").GetString());
        Assert.Equal("pixels", Attribute("(7FE0,0010)").GetProperty("kind").GetString());

        // It fails again, elsewhere: it stays, under its name.
        await PutAsync(admin, "/xapi/anonymize/projects/QAPART", FailsOnAllElsewhere);
        var again = await JsonAsync(owner.PostAsync($"/xapi/quarantine/{id}/retry", null, Token));
        Assert.Equal(("Quarantined", 4), (again.GetProperty("outcome").GetString(), again.GetProperty("reason").GetProperty("line").GetInt32()));
        entries = await ListAsync(admin, "project=QAPART");
        Assert.Equal([1, 2], entries.Select(e => e.GetProperty("attempts").GetInt32()).Order());

        await PutAsync(admin, "/xapi/anonymize/projects/QAPART", Good);
        var retried = await PostAsync(owner, "/xapi/quarantine/retry", $$"""{"experiment":"{{experiment["ID"]}}"}""");
        Assert.All(retried.GetProperty("objects").EnumerateArray(), o => Assert.Equal("Stored", o.GetProperty("outcome").GetString()));
        Assert.Equal("/data/archive/projects/QAPART/subjects/S1/experiments/S1_MR1", Assert.Single(retried.GetProperty("archived").EnumerateArray()).GetProperty("archived").GetString());
        Assert.Equal(8, await FilesAsync(admin, "QAPART"));
        Assert.Equal("", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/QAPART/experiments?format=json&columns=ID,note"))["note"]);
        Assert.Empty(await ListAsync(admin, "project=QAPART"));
        Assert.Equal(0, EncryptedFiles(entries));
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/QAPART?format=json"));

        // What the site's script had done with the late ones went along too.
        Assert.Equal(2, (await JsonAsync(admin.GetAsync($"/xapi/deidentification/experiments/{experiment["ID"]}/report", Token)))
            .GetProperty("runs")[1].GetProperty("report").GetProperty("site").GetProperty("objects").GetInt32());

        // What identified the subject went along, so the late ones were checked like the others.
        var late = (await JsonAsync(admin.GetAsync($"/xapi/deidentification/experiments/{experiment["ID"]}/report", Token))).GetProperty("runs")[1].GetProperty("report").GetProperty("residual");
        Assert.Equal(2, late.GetProperty("objects").GetInt32());
        Assert.Contains(late.GetProperty("findings").EnumerateArray(), f => f.GetProperty("path").GetString() == "(0020,4000)" && f.GetProperty("kind").GetString() == "patient name");
    }

    /// <summary>Where the project wants whole sessions only, nothing is archived until every object is cleared up; trying again makes no second copy.</summary>
    [Fact]
    public async Task Session_waits_whole_where_the_project_says_so()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "QHOLD", FailsOnTwo);
        await PutAsync(admin, "/xapi/deidentification/projects/QHOLD/policy", """{"failures":"hold"}""", "application/json");
        await SendAsync("QHOLD", "S1_MR1");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var (status, answer) = await ArchiveAsync(admin, "QHOLD");
            Assert.Equal(HttpStatusCode.InternalServerError, status);
            Assert.Contains("2 objects of this session are in quarantine", answer, StringComparison.Ordinal);
            var kept = await ListAsync(admin, "project=QHOLD");
            Assert.Equal(2, kept.Count);
            Assert.Equal(2, EncryptedFiles(kept));
        }

        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/projects/QHOLD/experiments?format=json"));
        var overview = await JsonAsync(admin.GetAsync("/xapi/vesalius/prearchive", Token));
        var row = Assert.Single(overview.EnumerateArray(), r => r.GetProperty("project").GetString() == "QHOLD");
        Assert.Equal((6, 2), (row.GetProperty("objects").GetInt32(), row.GetProperty("quarantined").GetInt32()));

        await PutAsync(admin, "/xapi/anonymize/projects/QHOLD", Good);
        var session = (await ListAsync(admin, "project=QHOLD"))[0].GetProperty("sessionId").GetInt64();
        var retried = await PostAsync(admin, "/xapi/quarantine/retry", $$"""{"session":{{session}}}""");
        Assert.All(retried.GetProperty("objects").EnumerateArray(), o => Assert.Equal(session, o.GetProperty("session").GetInt64()));
        Assert.Empty(retried.GetProperty("archived").EnumerateArray());
        Assert.Equal(HttpStatusCode.OK, (await ArchiveAsync(admin, "QHOLD")).Status);
        Assert.Equal(8, await FilesAsync(admin, "QHOLD"));
    }

    /// <summary>What fails at arrival keeps its name when it fails again, counts in its session, and can be chosen by study and deleted.</summary>
    [Fact]
    public async Task Objects_that_fail_at_arrival_are_counted_in_their_session_and_deleted_by_study()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "QSITE", Good);
        await PutAsync(admin, "/xapi/anonymize/site", "version \"6.6\"\n(0010,0010) := subject\n(0010,0020) := session\n-(0020,4000)\n(0020,0013) ~ \"[123]\" ? (0008,1030) := substring[(0008,0060), 0, 5000]\n");
        try
        {
            await SendAsync("QSITE", "S1_MR1");
            var entries = await ListAsync(admin, "project=QSITE");
            Assert.Equal(3, entries.Count);
            Assert.All(entries, e => Assert.Equal(("site", 5), (e.GetProperty("scope").GetString(), e.GetProperty("line").GetInt32())));
            var study = Assert.Single(entries.Select(e => e.GetProperty("study").GetString()).Distinct());
            var overview = await JsonAsync(admin.GetAsync("/xapi/vesalius/prearchive", Token));
            Assert.Equal(3, Assert.Single(overview.EnumerateArray(), r => r.GetProperty("project").GetString() == "QSITE").GetProperty("quarantined").GetInt32());

            var retried = await PostAsync(admin, "/xapi/quarantine/retry", $$"""{"study":"{{study}}"}""");
            Assert.All(retried.GetProperty("objects").EnumerateArray(), o => Assert.Equal("Quarantined", o.GetProperty("outcome").GetString()));
            Assert.Equal(entries.Select(e => e.GetProperty("id").GetString()).Order(), (await ListAsync(admin, $"study={study}")).Select(e => e.GetProperty("id").GetString()).Order());

            Assert.Equal(HttpStatusCode.OK, (await ArchiveAsync(admin, "QSITE")).Status);
            Assert.Equal("Incomplete: 3 objects are in quarantine.", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/QSITE/experiments?format=json&columns=note"))["note"]);
            var one = entries[0].GetProperty("id").GetString();
            using var deleted = await admin.DeleteAsync($"/xapi/quarantine/{one}", Token);
            Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
            Assert.Equal("Incomplete: 2 objects are in quarantine.", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/QSITE/experiments?format=json&columns=note"))["note"]);
            var rest = await PostAsync(admin, "/xapi/quarantine/delete", $$"""{"study":"{{study}}"}""");
            Assert.Equal(2, rest.GetProperty("deleted").GetArrayLength());
            Assert.Equal("", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/QSITE/experiments?format=json&columns=note"))["note"]);
            Assert.Equal(0, EncryptedFiles(entries));
            await JsonAsync(admin.GetAsync($"/xapi/quarantine/{one}", Token), HttpStatusCode.NotFound);
        }
        finally
        {
            await PutAsync(admin, "/xapi/anonymize/site", await admin.GetStringAsync("/xapi/anonymize/default", Token));
        }
    }

    /// <summary>A file that was changed or cut off is refused with a reason, not read as something else.</summary>
    [Fact]
    public async Task Damaged_file_is_refused_and_choices_that_choose_nothing_too()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "QBROKEN", FailsOnTwo);
        await SendAsync("QBROKEN", "S1_MR1");
        Assert.Equal(HttpStatusCode.OK, (await ArchiveAsync(admin, "QBROKEN")).Status);
        var ids = (await ListAsync(admin, "project=QBROKEN")).ConvertAll(e => e.GetProperty("id").GetGuid());
        string PathOf(Guid id) => Path.Combine(server.Data, "quarantine", $"{id:N}.enc");
        var bytes = await File.ReadAllBytesAsync(PathOf(ids[0]), Token);
        await File.WriteAllBytesAsync(PathOf(ids[0]), bytes[..^20], Token);
        File.Delete(PathOf(ids[1]));
        foreach (var id in ids)
        {
            await JsonAsync(admin.GetAsync($"/xapi/quarantine/{id}/attributes", Token), HttpStatusCode.Conflict);
            await JsonAsync(admin.PostAsync($"/xapi/quarantine/{id}/retry", null, Token), HttpStatusCode.Conflict);
        }

        // Among others it holds up none of them.
        await NewProjectAsync(admin, "QWHOLE", FailsOnTwo);
        await SendAsync("QWHOLE", "S1_MR1");
        Assert.Equal(HttpStatusCode.OK, (await ArchiveAsync(admin, "QWHOLE")).Status);
        await PutAsync(admin, "/xapi/anonymize/projects/QWHOLE", Good);
        var whole = (await ListAsync(admin, "project=QWHOLE")).ConvertAll(e => e.GetProperty("id").GetGuid());
        var retried = await PostAsync(admin, "/xapi/quarantine/retry", JsonSerializer.Serialize(new { ids = ids.Concat(whole) }));
        var outcomes = retried.GetProperty("objects").EnumerateArray().ToDictionary(o => o.GetProperty("id").GetGuid());
        Assert.All(ids, id => Assert.Equal(("Quarantined", "unreadable"), (outcomes[id].GetProperty("outcome").GetString(), outcomes[id].GetProperty("reason").GetProperty("kind").GetString())));
        Assert.All(whole, id => Assert.NotEqual("Quarantined", outcomes[id].GetProperty("outcome").GetString()));
        Assert.Equal(8, await FilesAsync(admin, "QWHOLE"));
        Assert.Equal(2, (await ListAsync(admin, "project=QBROKEN")).Count);

        await PostAsync(admin, "/xapi/quarantine/retry", "{}", HttpStatusCode.BadRequest);
        await PostAsync(admin, "/xapi/quarantine/delete", """{"study":"xyz"}""", HttpStatusCode.BadRequest);
        await PostAsync(admin, "/xapi/quarantine/delete", """{"ids":["0bd2e8a0-0000-0000-0000-000000000000"]}""", HttpStatusCode.NotFound);
        await JsonAsync(admin.GetAsync("/xapi/quarantine?limit=ten", Token), HttpStatusCode.BadRequest);
    }
}
