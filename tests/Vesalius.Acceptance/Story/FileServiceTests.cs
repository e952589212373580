using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Services around files: header tables, catalog refresh, verification, selections, the user's cache, session folders (rest-api §10.6, §11.2, §11.3, §16; R21, R30).</summary>
public sealed class FileServiceTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static bool IsOfSeries201(string path) => Dicom.Part10File.Read(File.ReadAllBytes(path)).DataSet.GetString(Dicom.Tag.SeriesNumber) == "201";

    private async Task<HttpClient> SessionAsync(string project)
    {
        var admin = server.Client();
        await admin.PutAsync($"/data/projects/{project}", null, Token);
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var path in Directory.EnumerateFiles(RunningServer.Routed("ct-head-phantom-philips", "")).Where(IsOfSeries201).Take(4))
            {
                await archive.CreateEntryFromFileAsync(path, Path.GetFileName(path), Token);
            }
        }

        using var body = new ByteArrayContent(zip.ToArray());
        body.Headers.ContentType = new("application/zip");
        using var response = await admin.PostAsync($"/data/services/import?import-handler=DICOM-zip&project={project}&subject=S1&session=E1&dest=/archive", body, Token);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Token));
        return admin;
    }

    private static async Task<(int Status, string Body)> SendAsync(HttpClient client, HttpMethod method, string address, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, address);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        using var response = await client.SendAsync(request, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    /// <summary>T1: one file, chosen fields, summary, what is wrong.</summary>
    [Fact]
    public async Task T1_dicomdump_shows_a_header_as_a_table()
    {
        using var admin = await SessionAsync("DUMP");
        var rows = await RunningServer.RowsAsync(admin, "/data/services/dicomdump?src=/archive/projects/DUMP/subjects/S1/experiments/E1/scans/201&format=json");
        Assert.Equal(["tag1", "tag2", "vr", "value", "desc"], rows[0].Keys);
        Assert.Contains(rows, r => r["tag1"] == "(0010,0010)" && r["vr"] == "PN" && r["value"] == "S1" && r["desc"] == "Patient's Name");
        Assert.Contains(rows, r => r["tag1"] == "(0012,0064)" && r["tag2"] == "(0008,0100)");
        Assert.DoesNotContain(rows, r => r["tag1"] == "(7FE0,0010)");
        foreach (var field in (string[])["PatientID", "(0010,0020)", "00100020", "0010,0020"])
        {
            Assert.Equal("E1", Assert.Single(await RunningServer.RowsAsync(admin, $"/data/services/dicomdump?src=/archive/projects/DUMP/experiments/E1&field={field}&format=json"))["value"]);
        }

        Assert.Equal(4, (await RunningServer.RowsAsync(admin, "/data/services/dicomdump?src=/data/archive/projects/DUMP/experiments/E1&summary=true&field=InstanceNumber&format=json")).Count);
        var file = (await RunningServer.RowsAsync(admin, "/data/projects/DUMP/experiments/E1/scans/201/resources/DICOM/files?format=json"))[2]["Name"];
        Assert.Single(await RunningServer.RowsAsync(admin, $"/data/services/dicomdump?src=/archive/projects/DUMP/subjects/S1/experiments/E1/scans/201/resources/DICOM/files/{file}&field=InstanceNumber&format=json"));
        Assert.Equal(400, (await SendAsync(admin, HttpMethod.Get, "/data/services/dicomdump")).Status);
        Assert.Equal(404, (await SendAsync(admin, HttpMethod.Get, "/data/services/dicomdump?src=/archive/projects/DUMP/experiments/NONE")).Status);
        using var outsider = await server.UserAsync("dump-outsider");
        Assert.Equal(404, (await SendAsync(outsider, HttpMethod.Get, "/data/services/dicomdump?src=/archive/projects/DUMP/experiments/E1")).Status);
    }

    /// <summary>R21: a file that is lost, one that was changed, one that nobody recorded, each by name; then put right.</summary>
    [Fact]
    public async Task R21_verification_names_lost_changed_and_unrecorded_files_and_refresh_puts_them_right()
    {
        using var admin = await SessionAsync("VERIFY");
        var folder = Path.Combine(server.Data, "archive", "VERIFY", "arc001", "E1", "SCANS", "201", "DICOM");
        const string Paths = """["/archive/projects/VERIFY"]""";
        var clean = JsonDocument.Parse((await SendAsync(admin, HttpMethod.Post, "/xapi/archive/verify", Paths)).Body).RootElement;
        Assert.Equal((0, 4L), (clean.GetProperty("findings").GetArrayLength(), clean.GetProperty("files").GetInt64()));
        var files = Directory.EnumerateFiles(folder, "*.dcm").Order(StringComparer.Ordinal).ToList();
        var bytes = await File.ReadAllBytesAsync(files[0], Token);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(files[0], bytes, Token);
        File.Move(files[1], Path.Combine(folder, "moved.dcm"));
        var found = JsonDocument.Parse((await SendAsync(admin, HttpMethod.Post, "/xapi/archive/verify", Paths)).Body).RootElement.GetProperty("findings").EnumerateArray()
            .Select(f => $"{f.GetProperty("finding")} {f.GetProperty("path")}").Order(StringComparer.Ordinal);
        Assert.Equal([$"changed {Path.GetFileName(files[0])}", $"lost {Path.GetFileName(files[1])}", "unrecorded moved.dcm"], found);
        var quick = JsonDocument.Parse((await SendAsync(admin, HttpMethod.Post, "/xapi/archive/verify?checksums=false", Paths)).Body).RootElement;
        Assert.Equal(2, quick.GetProperty("findings").GetArrayLength());
        Assert.Equal(200, (await SendAsync(admin, HttpMethod.Put, "/xapi/archive/catalogs/refresh/append,delete", Paths)).Status);
        var after = JsonDocument.Parse((await SendAsync(admin, HttpMethod.Post, "/xapi/archive/verify", Paths)).Body).RootElement.GetProperty("findings");
        Assert.Equal(1, after.GetArrayLength());
        Assert.Contains("moved.dcm", await File.ReadAllTextAsync(Path.Combine(folder, "scan_201_catalog.xml"), Token), StringComparison.Ordinal);
        using var outsider = await server.UserAsync("verify-outsider");
        Assert.Equal(404, (await SendAsync(outsider, HttpMethod.Post, "/xapi/archive/verify", Paths)).Status is var s && s == 403 ? 404 : s);
        Assert.Equal(403, (await SendAsync(outsider, HttpMethod.Post, "/xapi/archive/verify")).Status);
    }

    /// <summary>T3: the form that xnatpy and xnatctl send.</summary>
    [Fact]
    public async Task T3_D8_refresh_catalog_takes_a_file_that_was_put_there_by_hand()
    {
        using var admin = await SessionAsync("REFRESH");
        await admin.PutAsync("/data/projects/REFRESH/experiments/E1/resources/NOTES", null, Token);
        await File.WriteAllTextAsync(Path.Combine(server.Data, "archive", "REFRESH", "arc001", "E1", "RESOURCES", "NOTES", "hand.txt"), "by hand", Token);
        Assert.Equal(200, (await SendAsync(admin, HttpMethod.Post, "/data/services/refresh/catalog?resource=/archive/projects/REFRESH/subjects/S1/experiments/E1&options=append,populateStats")).Status);
        Assert.Equal("by hand", await admin.GetStringAsync("/data/projects/REFRESH/experiments/E1/resources/NOTES/files/hand.txt", Token));
        Assert.Equal(200, (await SendAsync(admin, HttpMethod.Post, "/data/services/refresh/catalog", "resource=/data/archive/projects/REFRESH/experiments/E1&options=checksum", "application/x-www-form-urlencoded")).Status);
        Assert.Equal(400, (await SendAsync(admin, HttpMethod.Post, "/data/services/refresh/catalog")).Status);
        Assert.Equal(400, (await SendAsync(admin, HttpMethod.Post, "/data/services/refresh/catalog?resource=/archive/projects/REFRESH&options=explode")).Status);
        Assert.Equal(404, (await SendAsync(admin, HttpMethod.Post, "/data/services/refresh/catalog?resource=/archive/projects/REFRESH/experiments/NONE")).Status);
    }

    /// <summary>D1 to D5: chosen, measured, listed, fetched, by nobody else.</summary>
    [Fact]
    public async Task D1_to_D5_selection_is_kept_and_fetched_by_its_maker_only()
    {
        using var admin = await SessionAsync("SELECT");
        var id = (await RunningServer.RowsAsync(admin, "/data/projects/SELECT/experiments?format=json"))[0]["ID"];
        var type = (await RunningServer.RowsAsync(admin, "/data/projects/SELECT/experiments/E1/scans?format=json"))[0]["type"];
        string Body(string types, string formats) => $$"""{"sessions":["SELECT:S1:E1:{{id}}"],"projectIds":["SELECT"],"scan_types":[{{types}}],"scan_formats":[{{formats}}],"options":["projectIncludedInPath","simplified"]}""";
        var wanted = Body(JsonSerializer.Serialize(type), "\"DICOM\"");
        Assert.Equal(204, (await SendAsync(admin, HttpMethod.Post, "/xapi/archive/download", Body("", "\"DICOM\""))).Status);
        Assert.Equal(400, (await SendAsync(admin, HttpMethod.Post, "/xapi/archive/download", "[]")).Status);
        var (status, download) = await SendAsync(admin, HttpMethod.Post, "/xapi/archive/download", wanted);
        Assert.Equal(200, status);
        var sized = JsonDocument.Parse((await SendAsync(admin, HttpMethod.Post, "/xapi/archive/downloadwithsize", wanted)).Body).RootElement;
        Assert.True(long.Parse(sized.GetProperty("size").GetString()!, System.Globalization.CultureInfo.InvariantCulture) > 100_000);
        Assert.Contains("<cat:Catalog", await admin.GetStringAsync($"/xapi/archive/download/{download}/xml", Token), StringComparison.Ordinal);
        using var zip = new ZipArchive(new MemoryStream(await admin.GetByteArrayAsync($"/xapi/archive/download/{download}/zip", Token)));
        Assert.Equal(4, zip.Entries.Count);
        Assert.All(zip.Entries, e => Assert.StartsWith("SELECT/E1/scans/201/DICOM/", e.FullName, StringComparison.Ordinal));
        using var test = new ZipArchive(new MemoryStream(await admin.GetByteArrayAsync($"/xapi/archive/download/{download}/test", Token)));
        Assert.Equal(zip.Entries.Select(e => e.FullName), test.Entries.Select(e => e.FullName));
        using var other = await server.UserAsync("select-other");
        Assert.Equal(404, (await SendAsync(other, HttpMethod.Get, $"/xapi/archive/download/{download}/zip")).Status);
        Assert.Equal(403, (await SendAsync(other, HttpMethod.Post, "/xapi/archive/download", wanted)).Status);
        Assert.Equal(404, (await SendAsync(admin, HttpMethod.Post, "/xapi/archive/download", wanted.Replace(id, "NONE_E1", StringComparison.Ordinal))).Status);
        Assert.Equal(204, (await SendAsync(admin, HttpMethod.Post, "/xapi/archive/download", "{}")).Status);
    }

    /// <summary>U1 to U8: private, encrypted at rest, importable, movable.</summary>
    [Fact]
    public async Task U1_to_U8_cache_is_private_and_unreadable_on_disk()
    {
        using var user = await server.UserAsync("cacher");
        const string Root = "/data/user/cache/resources";
        Assert.Equal(200, (await SendAsync(user, HttpMethod.Put, $"{Root}/X")).Status);
        Assert.Equal(412, (await SendAsync(user, HttpMethod.Put, $"{Root}/X")).Status);
        Assert.Equal(200, (await SendAsync(user, HttpMethod.Put, $"{Root}/X/files/d/a.txt?inbody=true", "secret-text-of-a-patient", "text/plain")).Status);
        using (var form = new MultipartFormDataContent { { new StringContent("second"), "file", "b.txt" } })
        {
            using var posted = await user.PostAsync($"{Root}/X/files", form, Token);
            Assert.Equal(HttpStatusCode.Created, posted.StatusCode);
        }

        Assert.Equal("secret-text-of-a-patient", await user.GetStringAsync($"{Root}/X/files/d/a.txt", Token));
        Assert.Equal(["b.txt 6", "a.txt 24"], (await RunningServer.RowsAsync(user, $"{Root}/X/files?format=json")).Select(r => $"{r["Name"]} {r["Size"]}"));
        Assert.Equal("X", Assert.Single(await RunningServer.RowsAsync(user, $"{Root}?format=json"))["Resource"]);
        using var zip = new ZipArchive(new MemoryStream(await user.GetByteArrayAsync($"{Root}/X/files?format=zip", Token)));
        Assert.Equal(2, zip.Entries.Count);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(server.Data, "cache"), "*", SearchOption.AllDirectories))
        {
            Assert.True((await File.ReadAllBytesAsync(file, Token)).AsSpan().IndexOf("secret-text"u8) < 0);
        }

        using var other = await server.UserAsync("cacher-other");
        Assert.Equal(404, (await SendAsync(other, HttpMethod.Get, $"{Root}/X/files/d/a.txt")).Status);
        Assert.InRange((await SendAsync(user, HttpMethod.Get, $"{Root}/X/files/..%2f..%2fsite-key")).Status, 400, 404);
        Assert.Equal(200, (await SendAsync(user, HttpMethod.Put, "/data/projects/CACHEP")).Status);
        Assert.Equal(200, (await SendAsync(user, HttpMethod.Post, "/data/services/move-files?src=/user/cache/resources/X/files/d/a.txt&dest=/archive/projects/CACHEP/resources/R/files/moved.txt")).Status);
        Assert.Equal("secret-text-of-a-patient", await user.GetStringAsync("/data/projects/CACHEP/resources/R/files/moved.txt", Token));
        Assert.Equal(404, (await SendAsync(user, HttpMethod.Get, $"{Root}/X/files/d/a.txt")).Status);
        Assert.Equal(200, (await SendAsync(user, HttpMethod.Delete, $"{Root}/X/files/b.txt,none")).Status);
        Assert.Equal(200, (await SendAsync(user, HttpMethod.Delete, $"{Root}/X")).Status);
        Assert.Equal(404, (await SendAsync(user, HttpMethod.Get, $"{Root}/X/files")).Status);
    }

    /// <summary>D9: the folder as it lies on disk, and nothing beside it.</summary>
    [Fact]
    public async Task D9_session_folder_is_listed_and_fetched()
    {
        using var admin = await SessionAsync("FOLDER");
        Assert.Equal(["SCANS"], (await RunningServer.RowsAsync(admin, "/data/projects/FOLDER/experiments/E1/DIR?format=json")).Select(r => r["Name"]));
        var deep = await RunningServer.RowsAsync(admin, "/data/projects/FOLDER/experiments/E1/DIR/SCANS/?format=json&recursive=true");
        Assert.Contains(deep, r => r["Name"] == "SCANS/201/DICOM/scan_201_catalog.xml" && r["DIR"] == "false");
        using var zip = new ZipArchive(new MemoryStream(await admin.GetByteArrayAsync("/data/projects/FOLDER/experiments/E1/DIR?format=zip", Token)));
        Assert.Equal(5, zip.Entries.Count);
        Assert.InRange((await SendAsync(admin, HttpMethod.Get, "/data/projects/FOLDER/experiments/E1/DIR/..%2f..%2f..%2fsite-key")).Status, 400, 404);
        using var guest = server.Client(null);
        Assert.Equal(401, (await SendAsync(guest, HttpMethod.Get, "/data/projects/FOLDER/experiments/E1/DIR")).Status);
    }
}
