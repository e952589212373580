using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Vesalius.Archive.ProjectEnds;
using Vesalius.Database;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>The end of a project: all of it goes, and it can be shown (R22).</summary>
public sealed class ProjectEndTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly string[] TablesThatKeep = ["access_audit", "archive_project_end", "archive_project_id"];

    private static async Task<string> OkAsync(HttpClient client, string method, string address, string? body = null, string type = "application/json")
    {
        using var content = body is null ? null : new StringContent(body, Encoding.UTF8, type);
        var (status, text) = await Uploads.SendAsync(client, method, address, content);
        Assert.True(status is >= 200 and < 300, $"{method} {address}: {status} {text}");
        return text;
    }

    // A project that has something everywhere: archived and waiting sessions, a quarantined object, files, scripts, members, history, progress, a download that was asked for.
    private async Task<HttpClient> FilledAsync(string project, string patient)
    {
        var admin = server.Client();
        await OkAsync(admin, "PUT", $"/data/projects/{project}");
        (await server.UserAsync($"{project.ToLowerInvariant()}-member")).Dispose();
        await OkAsync(admin, "PUT", $"/data/projects/{project}/users/member/{project.ToLowerInvariant()}-member");
        var objects = Uploads.Zip(Uploads.Objects("rt-breast"));
        Assert.Equal(200, (await Uploads.ImportAsync(admin, $"project={project}&subject={patient}&session={patient}_1&dest=/archive&import-handler=SI&http-session-listener=q-{project}", objects)).Status);
        Assert.Equal(200, (await Uploads.ImportAsync(admin, $"project={project}&subject={patient}&session={patient}_2&dest=/prearchive&import-handler=SI", objects)).Status);
        await OkAsync(admin, "PUT", $"/data/projects/{project}/subjects/{patient}?gender=female&yob=1950");
        await OkAsync(admin, "PUT", $"/data/projects/{project}/resources/DOCS/files/plan.txt?inbody=true", $"about {patient}", "text/plain");
        await OkAsync(admin, "PUT", $"/data/projects/{project}/config/tool/path?inbody=true", "setting", "text/plain");
        await OkAsync(admin, "PUT", $"/xapi/anonymize/projects/{project}", "version \"6.6\"\n(0008,0020) := substring[(0010,0020), 0, 5000]\n", "text/plain");
        var waiting = Assert.Single(await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json"));
        // Its objects go into quarantine; another session goes on waiting.
        Assert.Equal(500, (await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={waiting["url"]}")).Status);
        Assert.Equal(200, (await Uploads.ImportAsync(admin, $"project={project}&subject={patient}&session={patient}_3&dest=/prearchive&import-handler=SI", objects)).Status);
        // A request to the inbox that failed keeps what it was asked for.
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(server.Data, "inbox", "empty-handed")).FullName, "notes.txt"), "no DICOM", Token);
        var request = (await OkAsync(admin, "POST", $"/data/services/import?import-handler=inbox&path=empty-handed&project={project}&subject={patient}")).Trim();
        await RunningServer.EventuallyAsync(async () => (await admin.GetStringAsync(request, Token)).Contains("\"Failed\"", StringComparison.Ordinal) ? "ended" : null);
        return admin;
    }

    /// <summary>Every text of every table, and every file name and small file of the data folder.</summary>
    private async Task<List<string>> TracesAsync(params string[] words)
    {
        var traces = new List<string>();
        await using var connection = await server.Services.GetRequiredService<VesaliusDatabase>().OpenAsync(Token);
        foreach (var table in await connection.QueryAsync<string>("select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"))
        {
            foreach (var word in words)
            {
                // A row as text has all its columns.
                var count = await connection.ExecuteScalarAsync<long>($"select count(*) from \"{table}\" t where position(@word in t::text) > 0", new { word });
                if (count > 0 && !TablesThatKeep.Contains(table))
                {
                    traces.Add($"{table}: {count} × {word}");
                }
            }
        }

        foreach (var file in Directory.EnumerateFileSystemEntries(server.Data, "*", SearchOption.AllDirectories).Where(f => !f.StartsWith(Path.Combine(server.Data, "postgres"), StringComparison.Ordinal)))
        {
            if (Array.Exists(words, w => file.Contains(w, StringComparison.Ordinal)))
            {
                traces.Add(file);
            }
        }

        return traces;
    }

    [Fact]
    public async Task Nothing_of_an_ended_project_is_left_in_any_table_or_folder_and_the_report_shows_it()
    {
        using var admin = await FilledAsync("ENDALL", "PatientEndall");
        Assert.NotEmpty(await TracesAsync("ENDALL", "PatientEndall"));
        Assert.Equal(400, (await Uploads.SendAsync(admin, "POST", "/xapi/projects/ENDALL/end", new StringContent("""{"confirm":"ENDAL"}"""))).Status);
        Assert.Equal(400, (await Uploads.SendAsync(admin, "POST", "/xapi/projects/ENDALL/end", new StringContent("none"))).Status);
        var end = JsonDocument.Parse(await OkAsync(admin, "POST", "/xapi/projects/ENDALL/end", """{"confirm":"ENDALL","reason":"retention is over"}""")).RootElement;
        Assert.Equal("complete", end.GetProperty("state").GetString());
        var address = end.GetProperty("report").GetString()!;
        var text = await admin.GetStringAsync(address, Token);
        var report = ProjectEndReport.FromJson(text);
        long Removed(string kind) => Assert.Single(report.Lines, l => l.Kind == kind).Removed;
        Assert.All(report.Lines, l => Assert.Equal(0, l.Left));
        Assert.Equal((1, 1, 2, 1, 3), (Removed("subjects"), Removed("experiments"), Removed("sessions"), Removed("memberships") - 1, Removed("objects")));
        Assert.True(Removed("files with a row") >= 4 && Removed("files on disk") >= 4 && Removed("entries of histories") > 0 && Removed("messages of imports") > 0 && Removed("requests of the inbox") == 1);
        // The waiting session's three objects, and a document of each session.
        Assert.Equal((5, 3, 1), (Removed("files on disk of the prearchive"), Removed("quarantined objects"), Removed("versions of scripts and configuration") > 0 ? 1 : 0));
        Assert.DoesNotContain("PatientEndall", text, StringComparison.Ordinal);
        // The project's own row of history says that it was removed; nothing else names it.
        Assert.Equal(["archive_change: 1 × ENDALL"], await TracesAsync("ENDALL", "PatientEndall"));
        Assert.InRange((await Uploads.SendAsync(admin, "PUT", "/data/projects/ENDALL")).Status, 400, 499);
        Assert.Equal(404, (await Uploads.SendAsync(admin, "GET", "/data/projects/ENDALL")).Status);
    }

    [Fact]
    public async Task Report_is_vouched_for_by_the_audit_trail_and_readable_in_three_forms()
    {
        using var admin = await FilledAsync("ENDPROOF", "PatientProof");
        using var response = await admin.DeleteAsync("/data/projects/ENDPROOF?removeFiles=true", Token);
        Assert.True(response.IsSuccessStatusCode);
        var address = Assert.Single(response.Headers.GetValues("X-Proof-Report"));
        var bytes = await admin.GetByteArrayAsync(address, Token);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Assert.Contains(sha256, await admin.GetStringAsync("/xapi/audit?action=project.end", Token), StringComparison.Ordinal);
        var html = await admin.GetStringAsync(address + "?format=html", Token);
        Assert.Contains("Complete. Nothing was left.", html, StringComparison.Ordinal);
        Assert.Contains(sha256, html, StringComparison.Ordinal);
        var csv = await admin.GetStringAsync(address + "?format=csv", Token);
        Assert.StartsWith("project,room,kind,removed,bytes,left,kept\r\nENDPROOF,archive,\"subjects\",1,,0,no\r\n", csv, StringComparison.Ordinal);
        Assert.Equal(400, (await Uploads.SendAsync(admin, "GET", address + "?format=pdf")).Status);
        using var other = await server.UserAsync("end-other");
        Assert.Equal(404, (await Uploads.SendAsync(other, "GET", address)).Status);
        Assert.DoesNotContain("ENDPROOF", await other.GetStringAsync("/xapi/project-ends", Token), StringComparison.Ordinal);

        async Task<JsonElement> VerifyAsync() => JsonDocument.Parse(await OkAsync(admin, "POST", address + "/verify")).RootElement;
        var found = await VerifyAsync();
        Assert.True(found.GetProperty("reportUnchanged").GetBoolean() && found.GetProperty("auditChainWhole").GetBoolean() && found.GetProperty("nothingLeft").GetBoolean() && found.GetProperty("idIsReserved").GetBoolean());
        // What comes back, and a report that was changed, show.
        Directory.CreateDirectory(Path.Combine(server.Data, "archive", "ENDPROOF"));
        var database = server.Services.GetRequiredService<VesaliusDatabase>();
        await database.ExecuteAsync("update archive_project_end set report = replace(report, '\"removed\": 1', '\"removed\": 2') where project_id = 'ENDPROOF'", null, Token);
        found = await VerifyAsync();
        Assert.False(found.GetProperty("reportUnchanged").GetBoolean() || found.GetProperty("nothingLeft").GetBoolean());
        Assert.Equal("files on disk", found.GetProperty("left")[0].GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Subject_of_another_projects_sessions_goes_there_with_its_files()
    {
        using var admin = await FilledAsync("ENDGIVE", "Shared1");
        await OkAsync(admin, "PUT", "/data/projects/ENDHEIR");
        await OkAsync(admin, "PUT", "/data/projects/ENDGIVE/subjects/Shared1/resources/NOTES/files/note.txt?inbody=true", "kept", "text/plain");
        var id = (await OkAsync(admin, "PUT", "/data/projects/ENDGIVE/subjects/Shared1/experiments/Given?xsiType=xnat:mrSessionData")).Trim();
        await OkAsync(admin, "PUT", "/data/projects/ENDGIVE/experiments/Given/projects/ENDHEIR?primary=true");
        using var response = await admin.DeleteAsync("/data/projects/ENDGIVE?removeFiles=true", Token);
        Assert.True(response.IsSuccessStatusCode);
        var report = ProjectEndReport.FromJson(await admin.GetStringAsync(Assert.Single(response.Headers.GetValues("X-Proof-Report")), Token));
        Assert.Equal(("complete", 1, 0), (report.State, report.SubjectsHandedOver, Assert.Single(report.Lines, l => l.Kind == "subjects").Removed));
        Assert.Equal("kept", await admin.GetStringAsync("/data/projects/ENDHEIR/subjects/Shared1/resources/NOTES/files/note.txt", Token));
        Assert.Contains(id.Split('/')[^1], await admin.GetStringAsync("/data/projects/ENDHEIR/experiments?format=json", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_stay_where_that_is_asked_and_the_report_says_so()
    {
        using var admin = await FilledAsync("ENDKEEP", "PatientKeep");
        using var response = await admin.DeleteAsync("/data/projects/ENDKEEP", Token);
        var report = ProjectEndReport.FromJson(await admin.GetStringAsync(Assert.Single(response.Headers.GetValues("X-Proof-Report")), Token));
        var files = Assert.Single(report.Lines, l => l.Kind == "files on disk");
        Assert.True(report is { State: "complete", KeepsFiles: true } && files is { IsKept: true, Left: > 0 });
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(server.Data, "archive", "ENDKEEP"), "*.dcm", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(Path.Combine(server.Data, "prearchive", "ENDKEEP")));
    }

    [Fact]
    public async Task End_that_a_crash_interrupts_is_finished_at_the_next_start()
    {
        using var admin = await FilledAsync("ENDCRASH", "PatientCrash");
        var database = server.Services.GetRequiredService<VesaliusDatabase>();
        var ends = server.Services.GetRequiredService<ProjectEnds>();
        // As after a crash right after what is to be removed was written down.
        var work = """{"Project":{"ProjectId":"ENDCRASH","Subjects":[],"Experiments":[],"HandedOver":[],"KeepsFiles":false},"Before":[],"ContentDigest":""}""";
        await database.ExecuteAsync(
            "insert into archive_project_end (id, project_id, started, login, address, reason, keeps_files, state, work) values (gen_random_uuid(), 'ENDCRASH', now(), 'admin', '', '', false, 'running', @work::jsonb)",
            new { work }, Token);
        Assert.Equal(409, (await Uploads.SendAsync(admin, "DELETE", "/data/projects/ENDCRASH?removeFiles=true")).Status);
        await ends.ResumeAsync(Token);
        Assert.Equal("complete", Assert.Single(await ends.ListAsync(null, Token), e => e.ProjectId == "ENDCRASH").State);
        Assert.Equal(["archive_change: 1 × ENDCRASH"], await TracesAsync("ENDCRASH", "PatientCrash"));
    }

    [Fact]
    public async Task Objects_that_come_for_a_project_while_it_ends_do_not_bring_it_back()
    {
        using var admin = await FilledAsync("ENDRACE", "PatientRace");
        var objects = Uploads.Objects("ct-head-phantom-philips", d => d.SetString(Tag.StudyInstanceUID, "2.25.77"), most: 12).ToList();
        using var stop = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await Uploads.ImportAsync(admin, "inbody=true&import-handler=gradual-DICOM&project=ENDRACE&subject=PatientRace&session=Late&dest=/prearchive", objects[i % objects.Count], "application/dicom");
            }
        }, Token);
        await Task.Delay(300, Token);
        using var response = await admin.DeleteAsync("/data/projects/ENDRACE?removeFiles=true", Token);
        await Task.Delay(300, Token);
        await stop.CancelAsync();
        await sending;
        Assert.True(response.IsSuccessStatusCode);
        Assert.DoesNotContain(await TracesAsync("ENDRACE"), t => t.StartsWith("prearchive", StringComparison.Ordinal) || t.Contains("/prearchive/", StringComparison.Ordinal));
    }
}
