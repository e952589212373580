using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Vesalius.Archive.Life;
using Vesalius.Database;
using Vesalius.Dicom;
using Vesalius.Prearchive;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>The project's script runs again over the files of what gets another label, if the site says so (xapi C.3).</summary>
[Trait("Speed", "Slow")]
public sealed class ScriptRerunTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Labels = "version \"6.6\"\n-(0010,4000)\n(0010,0010) := subject\n(0010,0020) := session\n(0008,1030) := project\n(0020,0010) := session\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<string> SendAsync(HttpClient client, HttpMethod method, string address, string? body = null, HttpStatusCode expected = HttpStatusCode.OK, string type = "text/plain")
    {
        using var request = new HttpRequestMessage(method, address) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type) };
        using var response = await client.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == expected, $"{method} {address}: {(int)response.StatusCode}: {text}");
        return text;
    }

    private static Task RerunAsync(HttpClient admin, bool on) =>
        SendAsync(admin, HttpMethod.Post, "/xapi/siteConfig", $$"""{"rerunProjectAnonOnRename":{{(on ? "true" : "false")}}}""", type: "application/json");

    private static async Task NewProjectAsync(HttpClient admin, string project, string script)
    {
        await SendAsync(admin, HttpMethod.Put, $"/data/projects/{project}");
        await SendAsync(admin, HttpMethod.Put, $"/data/projects/{project}/prearchive_code/0");
        await SendAsync(admin, HttpMethod.Put, $"/xapi/anonymize/projects/{project}", script);
    }

    // A session of eight objects in a project of its own; gives its ID.
    private async Task<string> ArchivedAsync(HttpClient admin, string project, string script = Labels, string session = "ONE")
    {
        await NewProjectAsync(admin, project, script);
        await server.SendAsync(RunningServer.Routed("mr-mosaic-phantom-siemens", $"Project:{project} Subject:S1 Session:{session}"));
        var waiting = Assert.Single(await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json"));
        await SendAsync(admin, HttpMethod.Post, $"/data/services/archive?src={waiting["url"]}");
        return (await RunningServer.RowsAsync(admin, $"/data/projects/{project}/experiments?format=json")).Single(r => r["label"] == session)["ID"];
    }

    private List<(string Path, DataSet DataSet)> Files(string project, string session) =>
        [.. Directory.EnumerateFiles(Path.Combine(server.Data, "archive", project, "arc001", session, "SCANS"), "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(p => (p, Part10File.Read(File.ReadAllBytes(p)).DataSet))];

    private void AssertNamed(string project, string session, string subject)
    {
        var files = Files(project, session);
        Assert.Equal(8, files.Count);
        Assert.All(files, f =>
        {
            Assert.Equal(subject, f.DataSet.GetString(Tag.PatientName));
            Assert.Equal(session, f.DataSet.GetString(Tag.PatientID));
            Assert.Equal(session, f.DataSet.GetString(Tag.StudyID));
            Assert.Equal(project, f.DataSet.GetString(Tag.StudyDescription));
        });
    }

    private static async Task<List<JsonElement>> RunsAsync(HttpClient admin, string id) =>
        [.. JsonDocument.Parse(await SendAsync(admin, HttpMethod.Get, $"/xapi/deidentification/experiments/{id}/report")).RootElement.GetProperty("runs").EnumerateArray()];

    /// <summary>Sessions, subjects, projects.</summary>
    [Fact]
    public async Task Files_and_header_fields_get_the_new_labels_of_session_subject_and_project()
    {
        using var admin = server.Client();
        await RerunAsync(admin, on: false);
        var id = await ArchivedAsync(admin, "RERUN");
        await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUN/experiments/ONE?label=TWO");
        Assert.All(Files("RERUN", "TWO"), f => Assert.Equal("ONE", f.DataSet.GetString(Tag.PatientID)));

        await RerunAsync(admin, on: true);
        await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUN/experiments/TWO?label=THREE");
        AssertNamed("RERUN", "THREE", "S1");
        await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUN/subjects/S1?label=S2");
        AssertNamed("RERUN", "THREE", "S2");
        await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUN/experiments/THREE?subject_ID=S3");
        AssertNamed("RERUN", "THREE", "S3");
        await NewProjectAsync(admin, "RERUNTO", Labels + "(0008,0050) := \"moved\"\n");
        await SendAsync(admin, HttpMethod.Put, $"/data/experiments/{id}/projects/RERUNTO?primary=true&label=FOUR");
        AssertNamed("RERUNTO", "FOUR", "S3");
        Assert.All(Files("RERUNTO", "FOUR"), f => Assert.Equal("moved", f.DataSet.GetString(Tag.AccessionNumber)));

        // What the tables say is what the files are.
        using var session = JsonDocument.Parse(await SendAsync(admin, HttpMethod.Get, $"/data/experiments/{id}?format=json"));
        Assert.Equal("S3", session.RootElement.GetProperty("items")[0].GetProperty("data_fields").GetProperty("dcmPatientName").GetString());
        var listed = await RunningServer.RowsAsync(admin, $"/data/experiments/{id}/scans/ALL/files?format=json");
        Assert.Equal(8, listed.Count(f => f["Name"].EndsWith(".dcm", StringComparison.Ordinal)));
        var database = server.Services.GetRequiredService<VesaliusDatabase>();
        var hashes = await database.QueryAsync<string>(
            "select f.sha256 from archive_file f join archive_resource r on r.id = f.resource_id join archive_scan c on c.key = r.scan_key where c.experiment_id = @id order by 1", new { id }, Token);
        Assert.Equal(hashes, Files("RERUNTO", "FOUR").Select(f => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f.Path)))).Order(StringComparer.Ordinal));

        // It is told: in the report, the session's history and the audit trail.
        var runs = await RunsAsync(admin, id);
        Assert.Equal(["archiving", "rename", "rename", "rename", "rename"], runs.Select(r => r.GetProperty("kind").GetString()));
        Assert.Equal(8, runs[^1].GetProperty("report").GetProperty("attributes").EnumerateArray().Single(a => a.GetProperty("path").GetString() == "(0010,0020)").GetProperty("changed").GetInt32());
        var history = await new ChangeHistory(database).ListAsync("experiment", id, Token);
        Assert.Equal(4, history.Count(h => h.Event == "Ran Project Script"));
        Assert.Equal(0, await database.FindAsync<long>("select count(*) from prearchive_script_rerun", null, Token));
    }

    /// <summary>Nothing half done.</summary>
    [Fact]
    public async Task Script_that_fails_or_label_that_is_taken_changes_nothing()
    {
        using var admin = server.Client();
        await RerunAsync(admin, on: true);
        var id = await ArchivedAsync(admin, "RERUNBAD");
        var before = Files("RERUNBAD", "ONE").Select(f => Convert.ToHexString(File.ReadAllBytes(f.Path))).ToList();
        await SendAsync(admin, HttpMethod.Put, "/xapi/anonymize/projects/RERUNBAD", Labels + "(0020,0013) = \"2\" ? (0010,0010) := substring[(0008,0060), 0, 5000]\n");
        var answer = await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUNBAD/experiments/ONE?label=TWO", expected: HttpStatusCode.Conflict);
        Assert.Contains("Line 7, column 1", answer, StringComparison.Ordinal);
        Assert.Equal(before, Files("RERUNBAD", "ONE").Select(f => Convert.ToHexString(File.ReadAllBytes(f.Path))));
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "RERUNBAD", "arc001", "TWO")));
        Assert.Equal("ONE", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/RERUNBAD/experiments?format=json"))["label"]);

        await SendAsync(admin, HttpMethod.Put, "/xapi/anonymize/projects/RERUNBAD", Labels);
        await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUNBAD/subjects/S1/experiments/TAKEN?xsiType=xnat:mrSessionData", expected: HttpStatusCode.Created);
        await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUNBAD/experiments/ONE?label=TAKEN", expected: HttpStatusCode.Conflict);
        Assert.Equal(before, Files("RERUNBAD", "ONE").Select(f => Convert.ToHexString(File.ReadAllBytes(f.Path))));
        Assert.Equal(0, await server.Services.GetRequiredService<VesaliusDatabase>().FindAsync<long>("select count(*) from prearchive_script_rerun where experiment_id = @id", new { id }, Token));
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(server.Data, "cache"), "archiving-rerun-*"));
    }

    /// <summary>A script that rejects drops nothing that is archived.</summary>
    [Fact]
    public async Task Reject_has_no_effect()
    {
        using var admin = server.Client();
        await RerunAsync(admin, on: true);
        await ArchivedAsync(admin, "RERUNREJ");
        await SendAsync(admin, HttpMethod.Put, "/xapi/anonymize/projects/RERUNREJ", Labels + "(0020,0013) = \"1\" ? reject[]\n");
        await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUNREJ/experiments/ONE?label=TWO");
        var files = Files("RERUNREJ", "TWO");
        Assert.Equal(8, files.Count);
        Assert.All(files, f => Assert.Equal(f.DataSet.GetInteger(Tag.InstanceNumber) == 1 ? "ONE" : "TWO", f.DataSet.GetString(Tag.PatientID)));
    }

    /// <summary>The label was changed, then the machine stopped.</summary>
    [Fact]
    public async Task What_a_crash_left_is_finished_at_the_next_start()
    {
        using var admin = server.Client();
        await RerunAsync(admin, on: false);
        var id = await ArchivedAsync(admin, "RERUNCRASH");
        await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUNCRASH/experiments/ONE?label=TWO");
        var database = server.Services.GetRequiredService<VesaliusDatabase>();
        const string Note = "insert into prearchive_script_rerun (experiment_id, project_id, subject_label, label, login, reason) values (@id, 'RERUNCRASH', 'S1', @label, 'admin', '')";
        var rerun = server.Services.GetRequiredService<ScriptRerun>();

        // A note whose label never came is dropped.
        await database.ExecuteAsync(Note, new { id, label = "ELSE" }, Token);
        Assert.Equal(0, await rerun.RecoverAsync(Token));
        Assert.All(Files("RERUNCRASH", "TWO"), f => Assert.Equal("ONE", f.DataSet.GetString(Tag.PatientID)));

        await database.ExecuteAsync(Note, new { id, label = "TWO" }, Token);
        Assert.Equal(1, await rerun.RecoverAsync(Token));
        AssertNamed("RERUNCRASH", "TWO", "S1");
        Assert.Equal(0, await rerun.RecoverAsync(Token));
        Assert.Equal(["archiving", "rename"], (await RunsAsync(admin, id)).Select(r => r.GetProperty("kind").GetString()));
    }

    /// <summary>The connection to the database broke when the label was just changed: nobody was told that it was.</summary>
    [Fact]
    public async Task Label_whose_change_was_not_confirmed_is_followed_by_the_script_at_the_next_start()
    {
        using var admin = server.Client();
        await RerunAsync(admin, on: true);
        var id = await ArchivedAsync(admin, "RERUNBROKE");
        var rerun = server.Services.GetRequiredService<ScriptRerun>();
        async Task BreakAsync()
        {
            await RerunAsync(admin, on: false);
            await SendAsync(admin, HttpMethod.Put, "/data/projects/RERUNBROKE/experiments/ONE?label=TWO");
            throw new NpgsqlException("The connection broke.");
        }

        await Assert.ThrowsAsync<NpgsqlException>(() => rerun.RunAsync([new RelabelledSession(id, "RERUNBROKE", "S1", "TWO")], BreakAsync, new ChangeEvent("admin"), Token));
        Assert.All(Files("RERUNBROKE", "TWO"), f => Assert.Equal("ONE", f.DataSet.GetString(Tag.PatientID)));
        Assert.Equal(1, await rerun.RecoverAsync(Token));
        AssertNamed("RERUNBROKE", "TWO", "S1");
    }
}
