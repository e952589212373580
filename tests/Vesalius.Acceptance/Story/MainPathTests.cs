using System.IO.Compression;
using System.Net;
using System.Text;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>The way of an image through the server: in by DICOM or upload, de-identified twice, archived, handed out (R1, R2, R3, R10, R18, R19, R20).</summary>
public sealed class MainPathTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task OkAsync(Task<HttpResponseMessage> request, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await request;
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Token)}");
    }

    private static async Task ScriptAsync(HttpClient admin, string project, string script)
    {
        using var body = new StringContent(script);
        await OkAsync(admin.PutAsync($"/xapi/anonymize/projects/{project}", body, Token));
    }

    private static List<string> PixelHashes(IEnumerable<byte[]> files) => [.. files
        .Select(f => Part10File.Read(f).DataSet[Tag.PixelData]).OfType<ValueElement>().Select(e => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(e.Bytes.Span))).Order(StringComparer.Ordinal)];

    /// <summary>By DICOM, held for review, archived by REST.</summary>
    [Fact]
    public async Task Study_sent_by_DICOM_waits_in_the_prearchive_and_is_archived_de_identified()
    {
        using var admin = server.Client();
        await OkAsync(admin.PutAsync("/data/projects/STORY", null, Token));
        await OkAsync(admin.PutAsync("/data/projects/STORY/prearchive_code/0", null, Token));
        await ScriptAsync(admin, "STORY", "version \"6.1\"\n-(0010,4000)\n(0008,0080) := \"Hidden\"\n(0020,000D) := hashUID[(0020,000D)]\n");
        var sent = RunningServer.Routed("ct-head-phantom-philips", "Project:STORY Subject:S1 Session:S1_CT1");
        await server.SendAsync(sent);

        var waiting = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/STORY?format=json"));
        Assert.Equal("S1_CT1", waiting["name"]);
        using var archived = await admin.PostAsync($"/data/services/archive?src={waiting["url"]}", null, Token);
        Assert.Equal("/data/archive/projects/STORY/subjects/S1/experiments/S1_CT1\r\n", await archived.Content.ReadAsStringAsync(Token));

        var session = Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/STORY/experiments?format=json"));
        Assert.Equal(("xnat:ctSessionData", "2015-02-06"), (session["xsiType"], session["date"]));
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/STORY?format=json"));
        var files = await DownloadAsync(admin, "/data/projects/STORY/experiments/S1_CT1/scans/ALL/files?format=zip");
        Assert.Equal(17, files.Count);
        foreach (var file in files)
        {
            var header = Part10File.Read(file).DataSet;
            Assert.Equal(("Hidden", "S1", "S1_CT1", "STORY"), (header.GetString(Tag.InstitutionName), header.GetString(Tag.PatientName), header.GetString(Tag.PatientID), header.GetString(Tag.StudyDescription)));
            Assert.False(header.Contains(Tag.PatientComments));
            Assert.Equal(2, header.GetSequence(Tag.DeidentificationMethodCodeSequence)!.Items.Count);
        }

        Assert.Equal(PixelHashes(Directory.EnumerateFiles(sent).Select(File.ReadAllBytes)), PixelHashes(files));
        Assert.True(Directory.Exists(Path.Combine(server.Data, "archive", "STORY", "arc001", "S1_CT1", "SCANS", "201", "DICOM")));
        Assert.True(File.Exists(Path.Combine(server.Data, "archive", "STORY", "arc001", "S1_CT1", "SCANS", "201", "DICOM", "scan_201_catalog.xml")));
    }

    private static async Task<List<byte[]>> DownloadAsync(HttpClient client, string address)
    {
        using var zip = new ZipArchive(new MemoryStream(await client.GetByteArrayAsync(address, Token)));
        var files = new List<byte[]>();
        foreach (var entry in zip.Entries)
        {
            using var content = entry.Open();
            using var bytes = new MemoryStream();
            await content.CopyToAsync(bytes, Token);
            files.Add(bytes.ToArray());
        }

        return files;
    }

    /// <summary>With prearchive code 4 nobody has to do anything.</summary>
    [Fact]
    public async Task Study_is_archived_automatically_after_quiet_time()
    {
        using var admin = server.Client();
        await OkAsync(admin.PutAsync("/data/projects/AUTO", null, Token));
        using var settings = new StringContent("""{"sessionXmlRebuilderInterval":0.01,"sessionXmlRebuilderRepeat":200}""", Encoding.UTF8, "application/json");
        await OkAsync(admin.PostAsync("/xapi/siteConfig", settings, Token));
        await server.SendAsync(RunningServer.Routed("mr-mosaic-phantom-siemens", "Project:AUTO Subject:S2 Session:S2_MR1"), "XNAT");
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, "/data/projects/AUTO/experiments?format=json")).FirstOrDefault());
        Assert.Equal("xnat:mrSessionData", session["xsiType"]);
    }

    /// <summary>Zip upload straight to the archive, and the same again as a conflict.</summary>
    [Fact]
    public async Task Zip_upload_is_archived_and_refused_as_conflict_when_it_comes_again()
    {
        using var admin = server.Client();
        await OkAsync(admin.PutAsync("/data/projects/ZIPPED", null, Token));
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var path in Directory.EnumerateFiles(RunningServer.Routed("rt-breast", "")))
            {
                await archive.CreateEntryFromFileAsync(path, "../../" + Path.GetFileName(path), Token);
            }
        }

        async Task<HttpResponseMessage> UploadAsync()
        {
            using var body = new ByteArrayContent(zip.ToArray());
            body.Headers.ContentType = new("application/zip");
            return await admin.PostAsync("/data/services/import?import-handler=SI&project=ZIPPED&subject=S3&session=S3_RT&dest=/archive", body, Token);
        }

        using var first = await UploadAsync();
        Assert.Equal("/data/archive/projects/ZIPPED/subjects/S3/experiments/S3_RT\r\n", await first.Content.ReadAsStringAsync(Token));
        using var second = await UploadAsync();
        Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
        // Names in the archive lead out of it; ours never do.
        Assert.Empty(Directory.EnumerateFiles(Path.GetTempPath(), "*.dcm"));
    }

    /// <summary>A script that fails lets nothing through.</summary>
    [Fact]
    public async Task Object_that_the_site_script_fails_on_is_quarantined_encrypted_with_reason_and_can_be_retried()
    {
        using var admin = server.Client();
        using var failing = new StringContent("version \"6.6\"\n(0010,0010) := subject\n(0008,0020) := substring[(0010,0020), 0, 5000]\n");
        await OkAsync(admin.PutAsync("/xapi/anonymize/site", failing, Token));
        try
        {
            await server.SendAsync(RunningServer.Routed("rt-breast", "Project:Unassigned Subject:QUAR Session:QUAR1"));
            var list = System.Text.Json.JsonDocument.Parse(await admin.GetStringAsync("/xapi/quarantine", Token)).RootElement;
            Assert.Equal(3, list.GetArrayLength());
            Assert.Equal(3, list[0].GetProperty("line").GetInt32());
            Assert.DoesNotContain(await RunningServer.RowsAsync(admin, "/data/prearchive/projects?format=json"), r => r["subject"] == "QUAR");
            foreach (var file in Directory.EnumerateFiles(Path.Combine(server.Data, "quarantine")))
            {
                Assert.False((await File.ReadAllBytesAsync(file, Token)).AsSpan().IndexOf("DICM"u8) >= 0);
            }
        }
        finally
        {
            using var restored = new StringContent(await admin.GetStringAsync("/xapi/anonymize/default", Token));
            await OkAsync(admin.PutAsync("/xapi/anonymize/site", restored, Token));
        }

        var kept = System.Text.Json.JsonDocument.Parse(await admin.GetStringAsync("/xapi/quarantine", Token)).RootElement.EnumerateArray().Select(q => q.GetProperty("id").GetString()).ToList();
        foreach (var id in kept)
        {
            await OkAsync(admin.PostAsync($"/xapi/quarantine/{id}/retry", null, Token));
        }

        Assert.Equal("[]", await admin.GetStringAsync("/xapi/quarantine", Token));
        Assert.Contains(await RunningServer.RowsAsync(admin, "/data/prearchive/projects?format=json"), r => r["subject"] == "QUAR");
    }

    /// <summary>The same instance again: counted if identical, kept if different.</summary>
    [Fact]
    public async Task Same_instance_again_is_counted_and_another_with_its_UID_becomes_a_conflict()
    {
        using var admin = server.Client();
        await OkAsync(admin.PutAsync("/data/projects/TWICE", null, Token));
        await OkAsync(admin.PutAsync("/data/projects/TWICE/prearchive_code/0", null, Token));
        var folder = RunningServer.Routed("rt-breast", "Project:TWICE Subject:S4 Session:S4_RT");
        await server.SendAsync(folder);
        await server.SendAsync(folder);
        var session = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/TWICE?format=json"));
        var changed = Part10File.Read(await File.ReadAllBytesAsync(Directory.EnumerateFiles(folder).First(), Token));
        changed.DataSet.SetString(Tag.SeriesDescription, "Changed");
        await File.WriteAllBytesAsync(Path.Combine(folder, "changed.dcm"), changed.Encode().ToArray(), Token);
        await server.SendAsync(folder);
        await OkAsync(admin.PostAsync($"/data{session["url"]}?action=build", null, Token));
        Assert.Equal("CONFLICT", Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/TWICE?format=json"))["status"]);
        await OkAsync(admin.PostAsync($"/data/services/archive?src={session["url"]}", null, Token), HttpStatusCode.Conflict);
        await OkAsync(admin.PostAsync($"/data/services/archive?src={session["url"]}&overwrite=delete", null, Token));
    }

    /// <summary>A prearchive with a database that knows nothing of it must not be emptied.</summary>
    [Fact]
    public async Task File_without_a_row_is_moved_aside_at_start_and_not_deleted()
    {
        var root = Path.Combine(server.Data, "recovery");
        var file = Path.Combine(root, "P", "20260101_000000000", "S", "SCANS", "1", "DICOM", "a.dcm");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "x", Token);
        var database = (Vesalius.Database.VesaliusDatabase)server.Services.GetService(typeof(Vesalius.Database.VesaliusDatabase))!;
        var moved = await new Vesalius.Prearchive.PrearchiveStore(root, Path.Combine(server.Data, "aside"), database).RecoverAsync(Token);
        Assert.Equal(1, moved);
        Assert.False(File.Exists(file));
        Assert.True(File.Exists(Path.Combine(server.Data, "aside", "P", "20260101_000000000", "S", "SCANS", "1", "DICOM", "a.dcm")));
    }

    /// <summary>Receivers come and go while others receive.</summary>
    [Fact]
    public async Task Receiver_is_created_whitelisted_disabled_and_deleted_while_running()
    {
        using var admin = server.Client();
        using var body = new StringContent($$"""{"aeTitle":"SECOND","port":{{server.DicomPort}},"whitelistEnabled":true,"whitelist":["OTHER@10.0.0.0/8"],"unknown":1}""", Encoding.UTF8, "application/json");
        using var made = await admin.PostAsync("/xapi/dicomscp", body, Token);
        Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        var id = System.Text.Json.JsonDocument.Parse(await made.Content.ReadAsStringAsync(Token)).RootElement.GetProperty("id").GetInt64();
        Assert.NotEqual(0, await EchoAsync("SECOND"));
        Assert.Equal(0, await EchoAsync("VESALIUS"));
        await OkAsync(admin.DeleteAsync($"/xapi/dicomscp/{id}", Token));
        using var unknown = new StringContent("""{"aeTitle":"X","port":11112,"identifier":"nobody"}""", Encoding.UTF8, "application/json");
        using var refused = await admin.PostAsync("/xapi/dicomscp", unknown, Token);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("unknown DICOM Object Identifier 'nobody'", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private async Task<int> EchoAsync(string aeTitle)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/echoscu"), "DCMTK is not installed.");
        var start = new System.Diagnostics.ProcessStartInfo("/usr/bin/echoscu") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["-aec", aeTitle, "127.0.0.1", server.DicomPort.ToString(System.Globalization.CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = System.Diagnostics.Process.Start(start)!;
        await process.WaitForExitAsync(Token);
        return process.ExitCode;
    }
}
