using System.IO.Compression;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Vesalius.Database;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Imports from the server's inbox (rest-api §13.2): durable, beside the request, listed below <c>/xapi/dicom</c> (xapi G.3).</summary>
public sealed class InboxTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<HttpClient> ProjectAsync(string project)
    {
        var admin = server.Client();
        await admin.PutAsync($"/data/projects/{project}", null, Token);
        return admin;
    }

    private string Box(string name) => Directory.CreateDirectory(Path.Combine(server.Data, "inbox", name)).FullName;

    private static async Task<string> AskAsync(HttpClient client, string query)
    {
        var (status, text) = await Uploads.SendAsync(client, "POST", $"/data/services/import?import-handler=inbox&{query}");
        Assert.True(status == 200, text);
        Assert.Matches("^/xapi/dicom/[0-9]+\r\n$", text);
        return text.Trim();
    }

    private static async Task<JsonElement> RowAsync(HttpClient client, string address) => JsonDocument.Parse(await client.GetStringAsync(address, Token)).RootElement;

    private static async Task<JsonElement> EndedAsync(HttpClient client, string address) => (await RunningServer.EventuallyAsync(async () =>
        await RowAsync(client, address) is var row && row.GetProperty("status").GetString() is "Completed" or "Failed" ? new { row } : null)).row;

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString() ?? "";

    private static int Number(JsonElement row, string name) => row.GetProperty(name).GetInt32();

    private static async Task<List<string>> ListAsync(HttpClient client, string which) =>
        [.. (await RowAsync(client, $"/xapi/dicom/list/{which}")).EnumerateArray().Select(r => $"/xapi/dicom/{r.GetProperty("id").GetInt64()}")];

    // While the lane is closed, requests wait.
    private Task LaneAsync(bool isOpen) => server.Services.GetRequiredService<VesaliusDatabase>().ExecuteAsync(
        """
        insert into jobs_lane (lane, kind, closed_until) values ('inbox', 'inbox', @until) on conflict (lane) do update set closed_until = excluded.closed_until;
        select pg_notify('vesalius_jobs', 'inbox')
        """,
        new { until = isOpen ? (DateTime?)null : DateTime.UtcNow.AddHours(1) }, Token);

    [Fact]
    public async Task Import_runs_beside_the_request_tells_its_state_and_removes_what_it_took()
    {
        using var admin = await ProjectAsync("BOXRUN");
        var box = Box("run");
        var objects = Uploads.Objects("rt-breast").ToList();
        Directory.CreateDirectory(Path.Combine(box, "below"));
        await File.WriteAllBytesAsync(Path.Combine(box, "below", "one.dcm"), objects[0], Token);
        await File.WriteAllBytesAsync(Path.Combine(box, "rest.zip"), Uploads.Zip(objects[1..]), Token);
        await LaneAsync(isOpen: false);
        var address = await AskAsync(admin, "path=run&project=BOXRUN&subject=S&session=E&dest=/archive&SOURCE=box&password=none&http-session-listener=box-run");
        var waiting = await RowAsync(admin, address);
        Assert.Equal(("Queued", "admin", "run", true), (Text(waiting, "status"), Text(waiting, "username"), Text(waiting, "sessionPath"), waiting.GetProperty("cleanupAfterImport").GetBoolean()));
        // What the import service does not read is not kept.
        Assert.Equal(["SOURCE", "dest", "project", "session", "subject"], waiting.GetProperty("parameters").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Contains(address, await ListAsync(admin, "active"));
        await LaneAsync(isOpen: true);
        var row = await EndedAsync(admin, address);
        Assert.True(Text(row, "status") == "Completed", row.ToString());
        Assert.Equal("objects stored: 3; sessions: 1", Text(row, "resolution"));
        Assert.Equal((2, 2, 0, 3), (Number(row, "files"), Number(row, "read"), Number(row, "skipped"), Number(row, "stored")));
        Assert.Equal("/data/archive/projects/BOXRUN/subjects/S/experiments/E", Assert.Single(row.GetProperty("uris").EnumerateArray()).GetString());
        // The end is written before names are taken out.
        row = (await RunningServer.EventuallyAsync(async () => await RowAsync(admin, address) is var swept && swept.GetProperty("sessionPath").ValueKind == JsonValueKind.Null ? new { swept } : null)).swept;
        Assert.Empty(row.GetProperty("parameters").EnumerateObject());
        Assert.False(Directory.Exists(box));
        Assert.DoesNotContain(address, await ListAsync(admin, "active"));
        Assert.Contains(address, await ListAsync(admin, "all"));
        var messages = (await RowAsync(admin, "/data/status/box-run?format=json")).GetProperty("msgs")[0];
        Assert.Equal("Archive:/archive/projects/BOXRUN/subjects/S/experiments/E", Text(messages[messages.GetArrayLength() - 1], "msg"));
        Assert.True((await RowAsync(admin, "/xapi/event_tracking/box-run")).GetProperty("succeeded").GetBoolean());
    }

    [Fact]
    public async Task Files_that_cannot_be_read_stay_and_the_others_are_imported()
    {
        using var admin = await ProjectAsync("BOXHALF");
        var box = Box("half");
        var objects = Uploads.Objects("rt-breast").ToList();
        await File.WriteAllBytesAsync(Path.Combine(box, "a.dcm"), objects[0], Token);
        await File.WriteAllBytesAsync(Path.Combine(box, "b-cut.dcm"), objects[1][..200], Token);
        await File.WriteAllTextAsync(Path.Combine(box, "c-notes.txt"), "no DICOM", Token);
        await File.WriteAllBytesAsync(Path.Combine(box, "d-mixed.zip"), Uploads.Zip([objects[1], "no DICOM"u8.ToArray()]), Token);
        await using (var damaged = new MemoryStream())
        {
            await using (var zip = new GZipStream(damaged, CompressionLevel.Fastest, leaveOpen: true))
            {
                await zip.WriteAsync(objects[2], Token);
            }

            await File.WriteAllBytesAsync(Path.Combine(box, "e-cut.gz"), damaged.ToArray()[..^2000], Token);
        }

        File.CreateSymbolicLink(Path.Combine(box, "f-link.dcm"), Path.Combine(box, "a.dcm"));
        var row = await EndedAsync(admin, await AskAsync(admin, "path=half&project=BOXHALF&subject=S&session=E&dest=/prearchive"));
        Assert.True(Text(row, "status") == "Completed", row.ToString());
        Assert.Equal((5, 5, 3, 2), (Number(row, "files"), Number(row, "read"), Number(row, "skipped"), Number(row, "stored")));
        Assert.Contains("files left, since they hold no DICOM object or cannot be read: 3", Text(row, "resolution"), StringComparison.Ordinal);
        // An archive of which a member was left stays too.
        Assert.Equal(["b-cut.dcm", "c-notes.txt", "d-mixed.zip", "e-cut.gz", "f-link.dcm"], Directory.EnumerateFiles(box).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.Matches("^/data/prearchive/projects/BOXHALF/[0-9_]+/E$", Assert.Single(row.GetProperty("uris").EnumerateArray()).GetString());

        var again = await EndedAsync(admin, await AskAsync(admin, "path=half/c-notes.txt&project=BOXHALF&http-session-listener=box-none"));
        Assert.Equal(("Failed", "half/c-notes.txt"), (Text(again, "status"), Text(again, "sessionPath")));
        Assert.Contains("Nothing was stored", Text(again, "resolution"), StringComparison.Ordinal);
        Assert.False((await RowAsync(admin, "/xapi/event_tracking/box-none")).GetProperty("succeeded").GetBoolean());
        Box("empty");
        Assert.Equal("There are no files in the folder.", Text(await EndedAsync(admin, await AskAsync(admin, "path=empty&project=BOXHALF")), "resolution"));
    }

    [Fact]
    public async Task Files_stay_where_no_cleanup_is_wanted_and_a_conflict_is_told()
    {
        using var admin = await ProjectAsync("BOXKEEP");
        var file = Path.Combine(Box("keep"), "a.zip");
        await File.WriteAllBytesAsync(file, Uploads.Zip(Uploads.Objects("rt-breast")), Token);
        const string Query = "path=keep&cleanupAfterImport=false&project=BOXKEEP&subject=S&session=E&dest=/archive";
        Assert.Equal("Completed", Text(await EndedAsync(admin, await AskAsync(admin, Query)), "status"));
        Assert.True(File.Exists(file));
        var again = await EndedAsync(admin, await AskAsync(admin, Query));
        Assert.Equal("Failed", Text(again, "status"));
        Assert.Contains("already archived", Text(again, "resolution"), StringComparison.Ordinal);
        // As in XNAT, a session without a path is the folder's name.
        Assert.Equal("keep", Text(await RowAsync(admin, await AskAsync(admin, "session=keep&project=BOXKEEP&cleanupAfterImport=false&dest=/nowhere")), "sessionPath"));
    }

    [Fact]
    public async Task Requests_that_cannot_be_done_are_refused_at_once_and_leave_no_row()
    {
        using var admin = await ProjectAsync("BOXBAD");
        Box("bad");
        File.CreateSymbolicLink(Path.Combine(server.Data, "inbox", "bad", "out"), "/etc");
        var before = await ListAsync(admin, "all");
        foreach (var (query, expected) in ((string, int)[])[
            ("path=../site-key", 403), ("path=/etc/passwd", 403), ("path=bad/out/passwd", 403), ("path=bad/../../site-key", 403), ("path=nothing", 404), ("", 400), ("path=bad&project=NOSUCH", 403),
            ("path=bad&dest=/prearchive/projects/BOXBAD/..%2f..%2fx/y", 400)])
        {
            Assert.Equal((query, expected), (query, (await Uploads.SendAsync(admin, "POST", $"/data/services/import?import-handler=inbox&{query}")).Status));
        }

        Assert.Equal(before, await ListAsync(admin, "all"));
        Assert.Equal(404, (await Uploads.SendAsync(admin, "GET", "/xapi/dicom/999999")).Status);
    }

    [Fact]
    public async Task Rights_and_folder_are_looked_at_when_the_import_runs()
    {
        using var admin = await ProjectAsync("BOXLATE");
        using var former = await server.UserAsync("box-former");
        using var other = await server.UserAsync("box-other");
        Assert.Equal(200, (await Uploads.SendAsync(admin, "PUT", "/xapi/users/box-former/roles/Administrator")).Status);
        foreach (var name in (string[])["late", "gone", "swapped"])
        {
            await File.WriteAllBytesAsync(Path.Combine(Box(name), "a.zip"), Uploads.Zip(Uploads.Objects("rt-breast", most: 1)), Token);
        }

        await LaneAsync(isOpen: false);
        var late = await AskAsync(former, "path=late&project=BOXLATE&session=E");
        var gone = await AskAsync(admin, "path=gone&project=BOXLATE&session=E");
        var swapped = await AskAsync(admin, "path=swapped&project=BOXLATE&session=E");
        Assert.Equal(200, (await Uploads.SendAsync(admin, "DELETE", "/xapi/users/box-former/roles/Administrator")).Status);
        Directory.Delete(Path.Combine(server.Data, "inbox", "gone"), recursive: true);
        Directory.Delete(Path.Combine(server.Data, "inbox", "swapped"), recursive: true);
        File.CreateSymbolicLink(Path.Combine(server.Data, "inbox", "swapped"), "/etc");
        await LaneAsync(isOpen: true);
        Assert.Equal("Who asked for it is no longer an administrator.", Text(await EndedAsync(former, late), "resolution"));
        Assert.Equal("There is no such file or folder in the site's inbox.", Text(await EndedAsync(admin, gone), "resolution"));
        Assert.Equal("Links in the inbox are not followed.", Text(await EndedAsync(admin, swapped), "resolution"));
        Assert.True(File.Exists(Path.Combine(server.Data, "inbox", "late", "a.zip")));

        // Everybody has their own, administrators all.
        Assert.Equal([late], await ListAsync(former, "all"));
        Assert.Empty(await ListAsync(former, "active"));
        Assert.Empty(await ListAsync(other, "all"));
        Assert.Equal(404, (await Uploads.SendAsync(other, "GET", late)).Status);
        Assert.Equal(404, (await Uploads.SendAsync(former, "GET", gone)).Status);
        Assert.Empty(((string[])[late, gone, swapped]).Except(await ListAsync(admin, "all")));
    }

    [Fact]
    public async Task Request_at_which_the_server_died_again_and_again_is_given_up()
    {
        using var admin = await ProjectAsync("BOXDEAD");
        var file = Path.Combine(Box("dead"), "a.zip");
        await File.WriteAllBytesAsync(file, Uploads.Zip(Uploads.Objects("rt-breast", most: 1)), Token);
        await LaneAsync(isOpen: false);
        var address = await AskAsync(admin, "path=dead&project=BOXDEAD&session=E&http-session-listener=box-dead");
        await server.Services.GetRequiredService<VesaliusDatabase>().ExecuteAsync(
            "update jobs_job set interruptions = 5 where id = @id", new { id = long.Parse(address.Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture) }, Token);
        await LaneAsync(isOpen: true);
        Assert.Equal("The server ended 5 times while it worked on this.", Text(await EndedAsync(admin, address), "resolution"));
        Assert.False((await RowAsync(admin, "/xapi/event_tracking/box-dead")).GetProperty("succeeded").GetBoolean());
        Assert.True(File.Exists(file));
    }
}
