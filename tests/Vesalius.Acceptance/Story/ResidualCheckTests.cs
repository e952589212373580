using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>What identified the subject as it came is looked for on the way into the archive, and on demand (R14).</summary>
[Trait("Speed", "Slow")]
public sealed class ResidualCheckTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Name = "Quixmarrow^Zebulonia";
    private const string Id = "PID-90417-QX";
    private static readonly string[] Secrets = ["Quixmarrow", "QUIXMARROW", "Zebulonia", "90417", "ACC7781X"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<JsonElement> JsonAsync(Task<HttpResponseMessage> request, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await request;
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    private static StringContent Body(string json) => new(json, Encoding.UTF8, "application/json");

    private static async Task NewProjectAsync(HttpClient admin, string project, string policy)
    {
        foreach (var address in (string[])[$"/data/projects/{project}", $"/data/projects/{project}/prearchive_code/0"])
        {
            using var response = await admin.PutAsync(address, null, Token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        using var body = Body($$"""{"residual":"{{policy}}"}""");
        var stated = await JsonAsync(admin.PutAsync($"/xapi/deidentification/projects/{project}/policy", body, Token));
        Assert.Equal(policy, stated.GetProperty("residual").GetString());
    }

    // A name in private text, in an unknown element and in an item: none of it is where the site script looks.
    private static void Identify(DataSet dataSet)
    {
        dataSet.SetString(Tag.PatientName, Name);
        dataSet.SetString(Tag.PatientID, Id);
        dataSet.SetString(Tag.AccessionNumber, "ACC7781X");
        dataSet.SetString(new Tag(0x00290010), "VESALIUS TEST", Vr.LO);
        dataSet.SetString(new Tag(0x00291001), "scan of Zebulonia Quixmarrow", Vr.LO);
        dataSet.Set(new ValueElement(new Tag(0x00291002), Vr.UN, "id PID90417QX"u8.ToArray()));
        var item = new DataSet(dataSet.Encoding);
        item.SetString(Tag.StudyDescription, "QUIXMARROW,ZEBULONIA");
        dataSet.Set(new SequenceElement(Tag.ReferencedStudySequence, [item]));
    }

    private async Task<Dictionary<string, string>> SendAsync(HttpClient admin, string project, Action<DataSet> edit)
    {
        var target = Directory.CreateTempSubdirectory("vesalius-residual-").FullName;
        foreach (var path in Directory.EnumerateFiles(SharedData.Require("data", "dicom", "studies", "mr-mosaic-phantom-siemens"), "*.dcm", SearchOption.AllDirectories))
        {
            var file = Part10File.Read(await File.ReadAllBytesAsync(path, Token));
            file.DataSet.SetString(Tag.PatientComments, $"Project:{project} Subject:S1 Session:S1_MR1");
            edit(file.DataSet);
            await File.WriteAllBytesAsync(Path.Combine(target, $"{Guid.NewGuid():N}.dcm"), file.Encode().ToArray(), Token);
        }

        await server.SendAsync(target);
        return Assert.Single(await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json"));
    }

    private static async Task<string> ArchiveAsync(HttpClient admin, Dictionary<string, string> waiting, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await admin.PostAsync($"/data/services/archive?src={waiting["url"]}", null, Token);
        var answer = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode}: {answer}");
        return answer;
    }

    private static async Task<string> ExperimentAsync(HttpClient admin, string project) =>
        Assert.Single(await RunningServer.RowsAsync(admin, $"/data/projects/{project}/experiments?format=json"))["ID"];

    private static async Task<List<Part10File>> FilesAsync(HttpClient admin, string project)
    {
        using var zip = new ZipArchive(new MemoryStream(await admin.GetByteArrayAsync($"/data/projects/{project}/experiments/S1_MR1/scans/ALL/files?format=zip", Token)));
        var files = new List<Part10File>();
        foreach (var entry in zip.Entries)
        {
            await using var content = await entry.OpenAsync(Token);
            using var bytes = new MemoryStream();
            await content.CopyToAsync(bytes, Token);
            files.Add(Part10File.Read(bytes.ToArray()));
        }

        return files;
    }

    private static void AssertNoSecret(string text) => Assert.DoesNotContain(Secrets, secret => text.Contains(secret, StringComparison.OrdinalIgnoreCase));

    private static string[] Paths(JsonElement residual) => [.. residual.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("path").GetString()!).Distinct()];

    /// <summary>By policy flag the session is archived, and the report names places and kinds, never values.</summary>
    [Fact]
    public async Task Flagged_identifiers_are_reported_by_place_and_kind()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "RESFLAG", "flag");
        using (var script = new StringContent("version \"6.1\"\n-(0010,4000)\n(0008,0080) := \"Hidden\"\n"))
        {
            using var stored = await admin.PutAsync("/xapi/anonymize/projects/RESFLAG", script, Token);
            Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        }

        await ArchiveAsync(admin, await SendAsync(admin, "RESFLAG", Identify));
        var experiment = await ExperimentAsync(admin, "RESFLAG");
        var text = await admin.GetStringAsync($"/xapi/deidentification/experiments/{experiment}/report", Token);
        AssertNoSecret(text);
        var run = Assert.Single(JsonDocument.Parse(text).RootElement.GetProperty("runs").EnumerateArray());
        var report = run.GetProperty("report");
        Assert.Equal(("archiving", 8, 8, 0), (run.GetProperty("kind").GetString(), report.GetProperty("objects").GetInt32(), report.GetProperty("passed").GetInt32(), report.GetProperty("quarantined").GetInt32()));
        var residual = report.GetProperty("residual");
        Assert.Equal(("flag", 8), (residual.GetProperty("policy").GetString(), residual.GetProperty("objects").GetInt32()));
        Assert.Subset(Paths(residual).ToHashSet(), new HashSet<string>(["(0008,0050)", "(0008,1110)/(0008,1030)", "(0029,1001)", "(0029,1002)"]));
        Assert.Contains(report.GetProperty("scripts").EnumerateArray(), s => s.GetProperty("scope").GetString() == "site" && s.GetProperty("objects").GetInt32() == 8);
        Assert.Contains(report.GetProperty("scripts").EnumerateArray(), s => s.GetProperty("project").GetString() == "RESFLAG" && s.GetProperty("version").GetInt32() == 1);
        JsonElement Attribute(string path) => Assert.Single(report.GetProperty("attributes").EnumerateArray(), a => a.GetProperty("path").GetString() == path);
        Assert.Equal(8, Attribute("(0010,4000)").GetProperty("removed").GetInt32());
        Assert.Equal(8, Attribute("(0008,0080)").GetProperty("changed").GetInt32() + Attribute("(0008,0080)").GetProperty("added").GetInt32());
        Assert.Equal(8, Attribute("(0008,0060)").GetProperty("kept").GetInt32());

        // The default site script had put labels in place of names when they arrived.
        var site = report.GetProperty("site");
        Assert.Equal(8, site.GetProperty("objects").GetInt32());
        JsonElement AtArrival(string path) => Assert.Single(site.GetProperty("attributes").EnumerateArray(), a => a.GetProperty("path").GetString() == path);
        Assert.Equal(("Patient's Name", 8), (AtArrival("(0010,0010)").GetProperty("name").GetString(), AtArrival("(0010,0010)").GetProperty("changed").GetInt32()));
        Assert.Equal(8, AtArrival("(0012,0064)").GetProperty("added").GetInt32());
        Assert.DoesNotContain(site.GetProperty("attributes").EnumerateArray(), a => a.GetProperty("path").GetString() == "(0010,4000)");

        var csv = await admin.GetStringAsync("/xapi/deidentification/projects/RESFLAG/report?format=csv", Token);
        AssertNoSecret(csv);
        Assert.Contains($"{experiment},S1_MR1,", csv, StringComparison.Ordinal);
        Assert.Contains(",site attribute,\"(0010,0010)\",changed,8", csv, StringComparison.Ordinal);
        Assert.Contains(",residual,\"(0029,1001)\",patient name,8", csv, StringComparison.Ordinal);
        var project = await JsonAsync(admin.GetAsync("/xapi/deidentification/projects/RESFLAG/report", Token));
        Assert.Equal(8, project.GetProperty("total").GetProperty("residual").GetProperty("objects").GetInt32());
        Assert.Equal(experiment, Assert.Single(project.GetProperty("sessions").EnumerateArray()).GetProperty("experiment").GetString());

        // What it arrived with is gone with the prearchive session; what the caller names is found.
        using var unnamed = Body("{}");
        var general = await JsonAsync(admin.PostAsync($"/xapi/deidentification/experiments/{experiment}/check", unnamed, Token));
        Assert.Equal(0, general.GetProperty("residual").GetProperty("identifiers").GetInt32());
        using var named = Body("""{"identifiers":[{"kind":"patient name","value":"Quixmarrow^Zebulonia"}]}""");
        var again = await JsonAsync(admin.PostAsync($"/xapi/deidentification/experiments/{experiment}/check", named, Token));
        Assert.Subset(Paths(again.GetProperty("residual")).ToHashSet(), new HashSet<string>(["(0008,1110)/(0008,1030)", "(0029,1001)"]));
        AssertNoSecret(again.GetRawText());
        using var wrong = Body("""{"identifiers":[{"kind":"shoe size","value":"44"}]}""");
        using var refused = await admin.PostAsync($"/xapi/deidentification/experiments/{experiment}/check", wrong, Token);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    /// <summary>By policy quarantine the session stays where it is, with a reason; a better script lets it through.</summary>
    [Fact]
    public async Task Session_with_identifiers_stays_out_of_the_archive_until_the_script_removes_them()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "RESQUAR", "quarantine");
        var waiting = await SendAsync(admin, "RESQUAR", Identify);
        var before = await JsonAsync(admin.PostAsync($"/xapi/deidentification{waiting["url"].Replace("/prearchive/projects/", "/prearchive/", StringComparison.Ordinal)}/check", null, Token));
        Assert.Contains("(0029,1001)", Paths(before.GetProperty("residual")));

        var reason = await ArchiveAsync(admin, waiting, HttpStatusCode.InternalServerError);
        Assert.Contains("8 of 8 objects still hold identifiers", reason, StringComparison.Ordinal);
        Assert.Contains("(0029,1001) patient name", reason, StringComparison.Ordinal);
        AssertNoSecret(reason);
        waiting = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/RESQUAR?format=json"));
        Assert.Equal("ERROR", waiting["status"]);
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/projects/RESQUAR/experiments?format=json"));
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "RESQUAR", "arc001", "S1_MR1")));

        using var script = new StringContent("version \"6.1\"\nremoveAllPrivateTags\n-(0008,1110)\n-(0008,0050)\n-(0010,0030)\n-(0010,4000)\n-(0008,1048)\n-(0008,1050)\n-(0008,1070)\n-(0008,0090)\n");
        using var stored = await admin.PutAsync("/xapi/anonymize/projects/RESQUAR", script, Token);
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        await ArchiveAsync(admin, waiting);
        var report = (await JsonAsync(admin.GetAsync($"/xapi/deidentification/experiments/{await ExperimentAsync(admin, "RESQUAR")}/report", Token))).GetProperty("runs")[0].GetProperty("report");
        Assert.Equal(0, report.GetProperty("residual").GetProperty("objects").GetInt32());
        Assert.True(report.GetProperty("residual").GetProperty("identifiers").GetInt32() >= 3);
    }

    /// <summary>By policy blank nothing of it is left in the files, which say so.</summary>
    [Fact]
    public async Task Blanked_identifiers_are_gone_from_the_archived_files()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "RESBLANK", "blank");
        await ArchiveAsync(admin, await SendAsync(admin, "RESBLANK", Identify));
        var files = await FilesAsync(admin, "RESBLANK");
        Assert.Equal(8, files.Count);
        foreach (var file in files)
        {
            AssertNoSecret(Encoding.Latin1.GetString(file.Encode().ToArray()));
            Assert.Equal("", file.DataSet.GetString(new Tag(0x00291001)));
            Assert.Equal("S1", file.DataSet.GetString(Tag.PatientName));
            Assert.Contains("Vesalius residual identifier check", file.DataSet.GetString(Tag.DeidentificationMethod), StringComparison.Ordinal);
        }

        var report = (await JsonAsync(admin.GetAsync($"/xapi/deidentification/experiments/{await ExperimentAsync(admin, "RESBLANK")}/report", Token))).GetProperty("runs")[0].GetProperty("report");
        Assert.All(report.GetProperty("residual").GetProperty("findings").EnumerateArray(), f => Assert.Equal(f.GetProperty("objects").GetInt32(), f.GetProperty("blanked").GetInt32()));
    }

    /// <summary>A UID cannot be emptied; the session stays out rather than half clean.</summary>
    [Fact]
    public async Task Identifier_in_a_UID_keeps_the_session_out_even_when_all_else_is_blanked()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "RESUID", "blank");
        var waiting = await SendAsync(admin, "RESUID", dataSet =>
        {
            dataSet.SetString(Tag.PatientID, "70614425");
            dataSet.SetString(Tag.FrameOfReferenceUID, "1.3.6.1.4.1.99999.70614425.1");
        });
        var reason = await ArchiveAsync(admin, waiting, HttpStatusCode.InternalServerError);
        Assert.Contains("(0020,0052) patient ID", reason, StringComparison.Ordinal);
        Assert.DoesNotContain("70614425", reason, StringComparison.Ordinal);
    }

    /// <summary>A project may leave the rule to the site, and wrong rules are refused.</summary>
    [Fact]
    public async Task Policy_falls_back_to_the_site_and_refuses_what_it_does_not_know()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "RESSITE", "off");
        using var unsaid = Body("""{"residual":null}""");
        var stated = await JsonAsync(admin.PutAsync("/xapi/deidentification/projects/RESSITE/policy", unsaid, Token));
        Assert.Equal(("flag", JsonValueKind.Null), (stated.GetProperty("residual").GetString(), stated.GetProperty("stated").GetProperty("residual").ValueKind));
        using var wrong = Body("""{"residual":"perhaps"}""");
        using var refused = await admin.PutAsync("/xapi/deidentification/projects/RESSITE/policy", wrong, Token);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        using var number = Body("""{"residual":"1"}""");
        using var refusedToo = await admin.PutAsync("/xapi/deidentification/site/policy", number, Token);
        Assert.Equal(HttpStatusCode.BadRequest, refusedToo.StatusCode);
    }
}
