using System.Text.Json;
using System.Xml.Linq;
using Microsoft.Extensions.DependencyInjection;
using Vesalius.Database;
using Vesalius.Prearchive;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>The prearchive and the archive service, row for row (rest-api §12, Q1 to Q25; §14, V1; R9, R18).</summary>
public sealed class PrearchiveTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<(HttpClient Admin, string Url)> WaitingAsync(string project, string session = "E1", string study = "rt-breast")
    {
        var admin = server.Client();
        await admin.PutAsync($"/data/projects/{project}", null, Token);
        await admin.PutAsync($"/data/projects/{project}/prearchive_code/0", null, Token);
        var (status, text) = await Uploads.ImportAsync(admin, $"import-handler=SI&project={project}&subject=S1&session={session}&dest=/prearchive", Uploads.Zip(Uploads.Objects(study)));
        Assert.True(status == 200, text);
        return (admin, text.Trim());
    }

    private static async Task<int> StatusAsync(HttpClient client, string method, string address) => (await Uploads.SendAsync(client, method, address)).Status;

    /// <summary>Q1 to Q9, Q19, Q20: what is shown, with exact columns.</summary>
    [Fact]
    public async Task Q1_to_Q9_session_is_listed_with_scans_resources_files_and_log()
    {
        var (admin, url) = await WaitingAsync("QLIST");
        var row = (await RunningServer.RowsAsync(admin, "/data/prearchive?format=json")).Single(r => r["project"] == "QLIST");
        Assert.Equal(
            ["project", "timestamp", "lastmod", "uploaded", "scan_date", "scan_time", "subject", "folderName", "name", "tag", "status", "url", "autoarchive", "prevent_anon", "prevent_auto_commit", "SOURCE", "VISIT", "PROTOCOL", "TIMEZONE"],
            row.Keys);
        Assert.Equal(url, "/data" + row["url"]);
        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d$", row["uploaded"]);
        Assert.Single(await RunningServer.RowsAsync(admin, $"/data/prearchive/projects?tag={row["tag"]}&format=json"), r => r["project"] == "QLIST");
        Assert.Contains(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/QLIST,Unassigned?format=json"), r => r["name"] == "E1");
        Assert.Equal(404, await StatusAsync(admin, "GET", "/data/prearchive/projects/NOSUCH"));
        Assert.Contains(await RunningServer.RowsAsync(admin, "/data/prearchive/experiments?recent=1&format=json"), r => r["project"] == "QLIST");
        Assert.Equal(400, await StatusAsync(admin, "GET", "/data/prearchive/experiments"));
        Assert.Equal(200, await StatusAsync(admin, "PUT", "/data/prearchive"));
        Assert.Single(await RunningServer.RowsAsync(admin, url + "?format=json"));
        Assert.Equal((byte)'<', (await admin.GetByteArrayAsync(url + "?format=xml", Token))[0]);
        var document = XDocument.Parse((await Uploads.SendAsync(admin, "GET", url + "?format=xml")).Body).Root!;
        Assert.Equal(("CTSession", "E1", "S1"), (document.Name.LocalName, (string?)document.Attribute("label"), (string?)document.Element(document.Name.Namespace + "subject_ID")));
        Assert.Equal(
            (await RunningServer.RowsAsync(admin, url + "/scans?format=json")).Select(s => s["ID"]).Order(StringComparer.Ordinal),
            document.Descendants(document.Name.Namespace + "scan").Select(s => (string)s.Attribute("ID")!).Order(StringComparer.Ordinal));
        Assert.Contains(document.Descendants(document.Name.Namespace + "scan"), s => (string?)s.Element(document.Name.Namespace + "modality") == "CT");
        Assert.Equal(200, await StatusAsync(admin, "GET", url + "?format=zip"));
        var scans = await RunningServer.RowsAsync(admin, url + "/scans?format=json");
        Assert.Equal(["ID", "xsiType", "series_description"], scans[0].Keys);
        var resource = Assert.Single(await RunningServer.RowsAsync(admin, $"{url}/scans/{scans[0]["ID"]}/resources?format=json"));
        Assert.Equal(["label", "file_count", "file_size"], resource.Keys);
        var file = (await RunningServer.RowsAsync(admin, $"{url}/scans/{scans[0]["ID"]}/resources/{resource["label"]}/files?format=json"))[0];
        Assert.Equal(200, await StatusAsync(admin, "GET", file["URI"]));
        Assert.Equal(scans.Count, (await RunningServer.RowsAsync(admin, url + "/resources?format=json")).Count);
        Assert.Contains(await RunningServer.RowsAsync(admin, url + "/logs?format=json"), l => l["entry"].StartsWith("Built", StringComparison.Ordinal));
        Assert.Single(await RunningServer.RowsAsync(admin, url + "/logs/last?format=json"));
        Assert.Equal(200, await StatusAsync(admin, "DELETE", $"{url}/scans/{scans[0]["ID"]}"));
        Assert.Equal(404, await StatusAsync(admin, "DELETE", $"{url}/scans/{scans[0]["ID"]}"));
        Assert.Equal(scans.Count - 1, (await RunningServer.RowsAsync(admin, url + "/scans?format=json")).Count);
    }

    /// <summary>Q11 to Q18: actions on one session.</summary>
    [Fact]
    public async Task Q11_to_Q18_actions_build_relabel_move_commit_and_delete()
    {
        var (admin, url) = await WaitingAsync("QACT");
        await admin.PutAsync("/data/projects/QACT2", null, Token);
        Assert.Equal((200, url), await Uploads.SendAsync(admin, "POST", url + "?action=build"));
        Assert.Equal((200, url), await Uploads.SendAsync(admin, "POST", url + "?action=rebuild"));
        Assert.Equal(400, await StatusAsync(admin, "POST", url));
        Assert.Equal(400, await StatusAsync(admin, "POST", url + "?action=explode"));
        Assert.Equal(400, await StatusAsync(admin, "POST", url + "?action=set-status&status=FINE"));
        Assert.Equal(200, await StatusAsync(admin, "POST", url + "?action=set-status&status=ERROR"));
        Assert.Equal(200, await StatusAsync(admin, "POST", url + "?action=reset-status"));
        Assert.Equal("READY", Assert.Single(await RunningServer.RowsAsync(admin, url + "?format=json"))["status"]);
        Assert.Equal(200, await StatusAsync(admin, "POST", url + "?action=relabel&subject=S7&session=E7"));
        var row = (await RunningServer.RowsAsync(admin, url + "?format=json"))[0];
        Assert.Equal(("S7", "E7"), (row["subject"], row["name"]));
        Assert.Equal((200, url), await Uploads.SendAsync(admin, "POST", url + "?action=commit&SOURCE=here"));
        Assert.Equal("here", (await RunningServer.RowsAsync(admin, url + "?format=json"))[0]["SOURCE"]);
        var (moved, target) = await Uploads.SendAsync(admin, "POST", url + "?action=move&newProject=QACT2");
        Assert.Equal((301, url.Replace("/QACT/", "/QACT2/", StringComparison.Ordinal)), (moved, target));
        Assert.Equal(403, await StatusAsync(admin, "POST", target + "?action=move&newProject=NOSUCH"));
        var (committed, archived) = await Uploads.SendAsync(admin, "POST", target + "?action=commit&AA=true");
        Assert.Equal((301, "/data/archive/projects/QACT2/subjects/S7/experiments/E7"), (committed, archived));
        Assert.Equal(404, await StatusAsync(admin, "GET", target));
        var (_, second) = await WaitingAsync("QACT", "E2");
        Assert.Equal(200, await StatusAsync(admin, "DELETE", second));
        Assert.Equal(404, await StatusAsync(admin, "DELETE", second));
    }

    /// <summary>Q21 to Q23: several at once, by every form of src.</summary>
    [Fact]
    public async Task Q21_to_Q23_services_move_rebuild_and_delete_several()
    {
        var (admin, first) = await WaitingAsync("QBULK", "E1");
        var (_, second) = await WaitingAsync("QBULK", "E2");
        await admin.PutAsync("/data/projects/QBULK2", null, Token);
        using var form = new FormUrlEncodedContent([new("src", first[5..]), new("src", server.Address.ToString().TrimEnd('/') + second)]);
        Assert.Equal(200, (await Uploads.SendAsync(admin, "POST", "/data/services/prearchive/rebuild", form)).Status);
        Assert.Equal(403, await StatusAsync(admin, "POST", $"/data/services/prearchive/move?src={first}&newProject=QNONE&async=true"));
        // Told at once what is queued; the rows change when it is done.
        var (status, queued) = await Uploads.SendAsync(admin, "POST", $"/data/services/prearchive/move?src={first}&src={second[5..]}&newProject=QBULK2&async=true");
        Assert.Equal(200, status);
        Assert.Equal(["E1 QUEUED_MOVING", "E2 QUEUED_MOVING"], JsonDocument.Parse(queued).RootElement.GetProperty("ResultSet").GetProperty("Result").EnumerateArray().Select(r => $"{r.GetProperty("name")} {r.GetProperty("status")}"));
        var rows = await RunningServer.EventuallyAsync(async () => await RunningServer.RowsAsync(admin, "/data/prearchive/projects/QBULK2?format=json") is { Count: 2 } both ? both : null);
        Assert.Equal(["E1", "E2"], rows.Select(r => r["name"]).Order(StringComparer.Ordinal));
        Assert.Equal(400, await StatusAsync(admin, "POST", "/data/services/prearchive/move?src=/elsewhere&newProject=QBULK2"));
        Assert.Equal(400, await StatusAsync(admin, "POST", "/data/services/prearchive/delete"));
        Assert.Equal(200, await StatusAsync(admin, "POST", $"/data/services/prearchive/delete?src={rows[0]["url"]}&src={rows[1]["url"]}"));
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/QBULK2?format=json"));
    }

    /// <summary>Q21 to Q23: what is done after the answer is done to sessions as they then are, and one that fails keeps none of the others from its turn.</summary>
    [Fact]
    public async Task Q21_to_Q23_what_is_queued_goes_on_past_sessions_that_left_or_fail()
    {
        var (admin, held) = await WaitingAsync("QQUEUE", "E1");
        var (_, left) = await WaitingAsync("QQUEUE", "E2");
        var (_, gone) = await WaitingAsync("QQUEUE", "E3");
        var (_, blocked) = await WaitingAsync("QQUEUE", "E4");
        var (_, last) = await WaitingAsync("QQUEUE", "E5");
        await admin.PutAsync("/data/projects/QQUEUE2", null, Token);
        await admin.PutAsync("/data/projects/QQUEUE3", null, Token);
        var store = server.Services.GetRequiredService<PrearchiveStore>();
        var sessions = (await store.ListAsync(Token)).Where(s => s.ProjectId == "QQUEUE").ToDictionary(s => s.Label);
        // Something lies where the fourth would go.
        var taken = store.FolderOf(sessions["E4"] with { ProjectId = "QQUEUE2" });
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(taken).FullName, "in the way"), "", Token);
        using (await server.Services.GetRequiredService<SessionGates>().CloseAsync(sessions["E1"].Id, Token))
        {
            var (status, queued) = await Uploads.SendAsync(admin, "POST", $"/data/services/prearchive/move?src={held},{left},{gone},{blocked},{last}&newProject=QQUEUE2&async=true");
            Assert.True(status == 200, queued);
            // While the first holds the others up, somebody else moves the second and removes the third.
            Assert.Equal(301, await StatusAsync(admin, "POST", left + "?action=move&newProject=QQUEUE3"));
            Assert.Equal(200, await StatusAsync(admin, "DELETE", gone));
        }

        var rows = await RunningServer.EventuallyAsync(async () => await RunningServer.RowsAsync(admin, "/data/prearchive/projects/QQUEUE2?format=json") is { } moved && moved.Any(r => r["name"] == "E5") ? moved : null);
        Assert.Equal(["E1", "E5"], rows.Select(r => r["name"]).Order(StringComparer.Ordinal));
        var there = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/QQUEUE3?format=json"));
        Assert.Equal("E2", there["name"]);
        var scan = (await RunningServer.RowsAsync(admin, $"/data{there["url"]}/scans?format=json"))[0]["ID"];
        var resource = (await RunningServer.RowsAsync(admin, $"/data{there["url"]}/scans/{scan}/resources?format=json"))[0]["label"];
        Assert.Equal(200, await StatusAsync(admin, "GET", (await RunningServer.RowsAsync(admin, $"/data{there["url"]}/scans/{scan}/resources/{resource}/files?format=json"))[0]["URI"]));
        Assert.Contains(await RunningServer.RowsAsync(admin, blocked + "/logs?format=json"), l => l["entry"].Contains("storage", StringComparison.Ordinal));
        Assert.Equal(200, await StatusAsync(admin, "GET", blocked + "/scans?format=json"));
        Assert.DoesNotContain(await store.ListAsync(Token), s => s.Label == "E3" && s.ProjectId?.StartsWith("QQUEUE", StringComparison.Ordinal) == true);
    }

    /// <summary>Whoever asked for a session to be built or archived may leave: the session is no more locked than before.</summary>
    [Fact]
    public async Task V1_session_whose_archiving_is_called_off_can_be_archived_again()
    {
        var (admin, url) = await WaitingAsync("VLEFT");
        var session = (await server.Services.GetRequiredService<PrearchiveStore>().ListAsync(Token)).Single(s => s.ProjectId == "VLEFT");
        var archiver = server.Services.GetRequiredService<SessionArchiver>();
        foreach (var (state, table, act) in ((string, string, Func<CancellationToken, Task>)[])[
            (PrearchiveStatus.Building, "prearchive_conflict", token => archiver.BuildAsync(session.Id, token)),
            (PrearchiveStatus.Archiving, "archive_experiment", token => archiver.ArchiveAsync(session.Id, new ArchiveRequest("VLEFT", "S1", "E1", MergeMode.None, false, "admin"), token))])
        {
            await CallOffAsync(session.Id, state, table, act);
            Assert.Equal("READY", Assert.Single(await RunningServer.RowsAsync(admin, url + "?format=json"))["status"]);
        }

        Assert.Equal(200, await StatusAsync(admin, "POST", $"/data/services/archive?src={url}"));
    }

    // The work comes to a table that somebody else has locked, so that it can be called off in the midst.
    private async Task CallOffAsync(long session, string state, string table, Func<CancellationToken, Task> act)
    {
        await using var connection = await server.Services.GetRequiredService<VesaliusDatabase>().OpenAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        using (var command = connection.CreateCommand())
        {
            command.CommandText = $"lock table {table} in access exclusive mode";
            await command.ExecuteNonQueryAsync(Token);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var work = act(patience.Token);
        var store = server.Services.GetRequiredService<PrearchiveStore>();
        await RunningServer.EventuallyAsync(async () => await store.FindAsync(session, Token) is { } found && found.Status == state ? found : null);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
    }

    /// <summary>V1: labels, destination, redirect, several with one that clashes, the explanation of a clash.</summary>
    [Fact]
    public async Task V1_Q25_archive_service_relabels_redirects_and_explains_conflicts()
    {
        var (admin, first) = await WaitingAsync("VARCH", "E1");
        var (_, second) = await WaitingAsync("VARCH", "E2");
        Assert.Equal(
            (303, "/data/archive/projects/VARCH/subjects/SX/experiments/EX\r\n"),
            await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={first}&dest=/archive/projects/VARCH/subjects/SX/experiments/EX&redirect=true"));
        Assert.Equal(404, await StatusAsync(admin, "POST", $"/data/services/archive?src={first}"));
        var (_, third) = await WaitingAsync("VARCH", "EX");
        var (several, table) = await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={second}&src={third}");
        Assert.Equal(200, several);
        Assert.Contains("CONFLICT", table, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"E2\"", table, StringComparison.Ordinal);
        Assert.Contains(await RunningServer.RowsAsync(admin, "/data/projects/VARCH/experiments?format=json"), e => e["label"] == "E2");
        var (_, problems) = await Uploads.SendAsync(admin, "POST", $"/data/services/validate-archive?src={third}");
        Assert.Contains("already archived", problems, StringComparison.Ordinal);
        Assert.Contains("another subject", problems, StringComparison.Ordinal);
        Assert.Equal(409, await StatusAsync(admin, "POST", $"/data/services/archive?src={third}"));
        Assert.Equal(200, await StatusAsync(admin, "POST", $"/data/services/archive?src={third}&session=E3&quarantine=true"));
        Assert.Equal(400, await StatusAsync(admin, "POST", "/data/services/archive"));
    }

    /// <summary>Members review their project's sessions; others see none of them, and nobody but administrators the unassigned ones.</summary>
    [Fact]
    public async Task Sessions_are_seen_by_those_who_may_create_in_their_project()
    {
        var (admin, url) = await WaitingAsync("QROLE");
        var (_, unassigned) = await Uploads.ImportAsync(admin, "import-handler=DICOM-zip&dest=/prearchive/projects/Unassigned", Uploads.Zip(Uploads.Objects("rt-breast")));
        using var guest = server.Client(null);
        using var outsider = await server.UserAsync("q-outsider");
        using var reader = await server.UserAsync("q-reader");
        using var member = await server.UserAsync("q-member");
        await admin.PutAsync("/data/projects/QROLE/users/collaborator/q-reader", null, Token);
        await admin.PutAsync("/data/projects/QROLE/users/member/q-member", null, Token);
        foreach (var address in (string[])["", "?format=zip", "?format=xml", "/scans", "/resources", "/logs"])
        {
            Assert.Equal(401, await StatusAsync(guest, "GET", url + address));
            Assert.Equal(404, await StatusAsync(outsider, "GET", url + address));
            Assert.Equal(403, await StatusAsync(reader, "GET", url + address));
            Assert.Equal(200, await StatusAsync(member, "GET", url + address));
        }

        Assert.Empty(await RunningServer.RowsAsync(outsider, "/data/prearchive?format=json"));
        Assert.DoesNotContain(await RunningServer.RowsAsync(member, "/data/prearchive?format=json"), r => r["project"] != "QROLE");
        Assert.Equal(403, await StatusAsync(member, "GET", unassigned.Trim()));
        Assert.Equal(403, await StatusAsync(member, "PUT", "/data/prearchive"));
        Assert.InRange(await StatusAsync(outsider, "POST", $"/data/services/archive?src={url}"), 403, 404);
        Assert.Equal(400, await StatusAsync(admin, "POST", $"/data/services/archive?src={unassigned.Trim()}"));
    }
}
