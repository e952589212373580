using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Xml.Linq;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Resources and files over REST, row for row (rest-api §10, F1 to F11; R20, R21, R30, R38).</summary>
public sealed class FileTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<HttpClient> ProjectAsync(string project)
    {
        var admin = server.Client();
        foreach (var address in (string[])[
            $"/data/projects/{project}", $"/data/projects/{project}/subjects/S1", $"/data/projects/{project}/subjects/S1/experiments/E1?xsiType=xnat:mrSessionData",
            $"/data/projects/{project}/experiments/E1/scans/1?xsiType=xnat:mrScanData&type=T1"])
        {
            using var response = await admin.PutAsync(address, null, Token);
            Assert.True(response.IsSuccessStatusCode, $"{address}: {(int)response.StatusCode}");
        }

        return admin;
    }

    private static async Task<(int Status, string Body)> PutAsync(HttpClient client, string address, byte[] bytes, string? type = "application/octet-stream")
    {
        using var body = new ByteArrayContent(bytes);
        if (type is not null)
        {
            body.Headers.ContentType = new MediaTypeHeaderValue(type);
        }

        using var response = await client.PutAsync(address, body, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    private static async Task StoreAsync(HttpClient client, string address, string text)
    {
        var (status, body) = await PutAsync(client, address, Encoding.UTF8.GetBytes(text));
        Assert.True(status == 200, $"{address}: {status} {body}");
    }

    private static async Task<int> StatusAsync(HttpClient client, HttpMethod method, string address)
    {
        using var request = new HttpRequestMessage(method, address);
        using var response = await client.SendAsync(request, Token);
        return (int)response.StatusCode;
    }

    private static byte[] Zip(params (string Name, string Text)[] members)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in members)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return zip.ToArray();
    }

    private static async Task<List<string>> NamesAsync(HttpClient client, string address)
    {
        using var zip = new ZipArchive(new MemoryStream(await client.GetByteArrayAsync(address, Token)));
        return [.. zip.Entries.Select(e => e.FullName).Order(StringComparer.Ordinal)];
    }

    /// <summary>F1, F2, F4: exact columns, counts current after an upload, 409 the second time, 207 in part.</summary>
    [Fact]
    public async Task F1_F2_F4_resource_is_made_listed_and_deleted()
    {
        using var admin = await ProjectAsync("FRES");
        const string Scan = "/data/projects/FRES/subjects/S1/experiments/E1/scans/1";
        Assert.Equal(200, await StatusAsync(admin, HttpMethod.Put, $"{Scan}/resources/NIFTI?format=NIFTI&content=image&tags=a,k:v"));
        Assert.Equal(409, await StatusAsync(admin, HttpMethod.Put, $"{Scan}/resources/NIFTI"));
        Assert.Equal(400, await StatusAsync(admin, HttpMethod.Put, $"{Scan}/resources/NIFTI/other"));
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Put, $"{Scan}/resources/NIFTI/tags"));
        Assert.Equal(400, await StatusAsync(admin, HttpMethod.Put, $"{Scan}/resources/bad%7Clabel"));
        await StoreAsync(admin, $"{Scan}/resources/NIFTI/files/a.nii", "12345");
        var row = Assert.Single(await RunningServer.RowsAsync(admin, $"{Scan}/resources?format=json"));
        Assert.Equal(
            ["xnat_abstractresource_id", "label", "element_name", "category", "cat_id", "cat_desc", "file_count", "file_size", "tags", "content", "format"], row.Keys);
        Assert.Equal(
            ("NIFTI", "xnat:resourceCatalog", "scans", "1", "T1", "1", "5", "a,k=v"),
            (row["label"], row["element_name"], row["category"], row["cat_id"], row["cat_desc"], row["file_count"], row["file_size"], row["tags"]));
        Assert.Contains("totalRecords", await admin.GetStringAsync($"{Scan}/resources?format=json", Token), StringComparison.Ordinal);
        Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/FRES/experiments/E1/resources?all=true&format=json"));
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/projects/FRES/experiments/E1/resources?format=json"));
        Assert.Equal(207, await StatusAsync(admin, HttpMethod.Delete, $"{Scan}/resources/NIFTI,NOTHING"));
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Delete, $"{Scan}/resources/NIFTI"));
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "FRES", "arc001", "E1", "SCANS", "1", "NIFTI")));
    }

    /// <summary>F3 and §10.5: the catalog, in the answer and on disk, with checksums.</summary>
    [Fact]
    public async Task F3_catalog_names_every_file_with_checksum_in_the_answer_and_on_disk()
    {
        using var admin = await ProjectAsync("FCAT");
        const string Resource = "/data/projects/FCAT/experiments/E1/resources/R";
        await StoreAsync(admin, $"{Resource}/files/sub/a%20b.txt?content=note&format=TXT&tags=x,k=v", "hello");
        var text = await admin.GetStringAsync($"{Resource}?format=json", Token);
        Assert.StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cat:Catalog ", text, StringComparison.Ordinal);
        XNamespace cat = "http://nrg.wustl.edu/catalog";
        var entry = Assert.Single(XDocument.Parse(text).Descendants(cat + "entry"));
        Assert.Equal(
            ("sub/a b.txt", "5d41402abc4b2a76b9719d911017c592", "note", "TXT", "admin"),
            ((string?)entry.Attribute("URI"), (string?)entry.Attribute("digest"), (string?)entry.Attribute("content"), (string?)entry.Attribute("format"), (string?)entry.Attribute("createdBy")));
        Assert.Equal(["RELATIVE_PATH", "SIZE", "k"], entry.Descendants(cat + "metaField").Select(m => (string?)m.Attribute("name")));
        var path = Path.Combine(server.Data, "archive", "FCAT", "arc001", "E1", "RESOURCES", "R", "R_catalog.xml");
        await RunningServer.EventuallyAsync(async () => File.Exists(path) && (await File.ReadAllTextAsync(path, Token)).Contains("sub/a b.txt", StringComparison.Ordinal) ? path : null);
    }

    /// <summary>F5: columns of the list, filters, index, xcat, empty archive.</summary>
    [Fact]
    public async Task F5_files_are_listed_filtered_and_chosen_by_index()
    {
        using var admin = await ProjectAsync("FLIST");
        const string Scan = "/data/projects/FLIST/experiments/E1/scans/1";
        await StoreAsync(admin, $"{Scan}/resources/A/files/1.txt?content=c1&format=f1", "one");
        await StoreAsync(admin, $"{Scan}/resources/A/files/2.txt", "two!");
        await StoreAsync(admin, $"{Scan}/resources/B/files/d/3.txt?content=c3", "three");
        var all = await RunningServer.RowsAsync(admin, $"{Scan}/files?format=json");
        Assert.Equal(["Name", "Size", "URI", "collection", "file_tags", "file_format", "file_content", "cat_ID", "digest"], all[0].Keys);
        Assert.Equal(["1.txt", "2.txt", "3.txt"], all.Select(r => r["Name"]));
        Assert.Matches("^/data/experiments/[^/]+/scans/1/resources/[0-9]+/files/d/3.txt$", all[2]["URI"]);
        Assert.Equal("three", await admin.GetStringAsync(all[2]["URI"], Token));
        Assert.DoesNotContain("totalRecords", await admin.GetStringAsync($"{Scan}/files?format=json", Token), StringComparison.Ordinal);
        Assert.Equal(["3.txt"], (await RunningServer.RowsAsync(admin, $"{Scan}/files?file_content=c3&format=json")).Select(r => r["Name"]));
        Assert.Equal(["1.txt", "2.txt"], (await RunningServer.RowsAsync(admin, $"{Scan}/files?file_content=c1&file_content=NULL&format=json")).Select(r => r["Name"]));
        Assert.Equal("two!", await admin.GetStringAsync($"{Scan}/resources/A/files?index=1", Token));
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Get, $"{Scan}/resources/A/files?index=2"));
        Assert.Contains("/resources/", await admin.GetStringAsync($"{Scan}/files?format=xcat", Token), StringComparison.Ordinal);
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Get, $"{Scan}/files?format=zip&file_content=nothing"));
        Assert.Equal(204, await StatusAsync(admin, HttpMethod.Get, $"{Scan}/files?format=zip&file_content=nothing&accept-not-found=true"));
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Get, $"{Scan}/resources/NONE/files?format=json"));
        Assert.Equal(403, await StatusAsync(admin, HttpMethod.Get, $"{Scan}/files?format=json&locator=absolutePath"));
        Assert.Equal("arc001/E1/SCANS/1/A/1.txt", (await RunningServer.RowsAsync(admin, $"{Scan}/files?format=json&locator=projectPath"))[0]["projectPath"]);
        Assert.StartsWith("Name,Size,URI,collection", await admin.GetStringAsync($"{Scan}/files?format=csv", Token), StringComparison.Ordinal);
    }

    /// <summary>F6, F7: one file with its headers, ranges, and what a broken download needs.</summary>
    [Fact]
    public async Task F6_F7_file_is_sent_whole_in_ranges_and_as_headers_alone()
    {
        using var admin = await ProjectAsync("FGET");
        const string File = "/data/projects/FGET/experiments/E1/scans/1/resources/R/files/x.dat";
        await StoreAsync(admin, File, "0123456789");
        using var head = await admin.SendAsync(new HttpRequestMessage(HttpMethod.Head, File), Token);
        Assert.Equal((HttpStatusCode.OK, 10L), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.NotNull(head.Content.Headers.LastModified);
        Assert.Equal("attachment", head.Content.Headers.ContentDisposition!.DispositionType);
        Assert.True(head.Headers.CacheControl!.MustRevalidate);
        using var request = new HttpRequestMessage(HttpMethod.Get, File);
        request.Headers.Range = new RangeHeaderValue(4, null);
        request.Headers.IfRange = new RangeConditionHeaderValue(head.Headers.ETag!);
        using var part = await admin.SendAsync(request, Token);
        Assert.Equal((HttpStatusCode.PartialContent, "456789"), (part.StatusCode, await part.Content.ReadAsStringAsync(Token)));
        await StoreAsync(admin, File + "?overwrite=true", "abcdefghij");
        using var again = new HttpRequestMessage(HttpMethod.Get, File);
        again.Headers.Range = new RangeHeaderValue(4, null);
        again.Headers.IfRange = new RangeConditionHeaderValue(head.Headers.ETag!);
        using var whole = await admin.SendAsync(again, Token);
        Assert.Equal((HttpStatusCode.OK, "abcdefghij"), (whole.StatusCode, await whole.Content.ReadAsStringAsync(Token)));
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Head, File + "x"));
        Assert.Equal(204, await StatusAsync(admin, HttpMethod.Get, File + "x?accept-not-found=true"));
    }

    /// <summary>F8, F9, §10.3: every form of body, duplicates, contradiction, emptiness.</summary>
    [Fact]
    public async Task F8_F9_upload_takes_every_form_of_body_and_answers_duplicates()
    {
        using var admin = await ProjectAsync("FPUT");
        const string Files = "/data/projects/FPUT/experiments/E1/resources/R/files";
        Assert.Equal(200, (await PutAsync(admin, $"{Files}/raw.bin?inbody=true", "1"u8.ToArray(), type: null)).Status);
        Assert.Equal(200, (await PutAsync(admin, $"{Files}/flip.json?inbody=true", "{}"u8.ToArray(), "application/json")).Status);
        Assert.Equal(200, (await PutAsync(admin, $"{Files}/octets.bin", "2"u8.ToArray())).Status);
        Assert.Equal(200, (await PutAsync(admin, $"{Files}/curl.bin?inbody=true", "3"u8.ToArray(), "application/x-www-form-urlencoded")).Status);
        Assert.Equal(400, (await PutAsync(admin, $"{Files}/form.bin", "a=b"u8.ToArray(), "application/x-www-form-urlencoded")).Status);
        Assert.Equal(400, (await PutAsync(admin, $"{Files}/empty.bin", [])).Status);
        using (var form = new MultipartFormDataContent { { new StringContent("part"), "anything", "from-part.txt" } })
        {
            using var response = await admin.PostAsync(Files, form, Token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        using (var form = new MultipartFormDataContent { { new StringContent("part"), "anything", "x.txt" } })
        {
            using var response = await admin.PostAsync(Files + "?inbody=true", form, Token);
            Assert.Equal(406, (int)response.StatusCode);
        }

        Assert.Equal((200, """{"duplicates":["raw.bin"]}"""), await PutAsync(admin, $"{Files}/raw.bin", "other"u8.ToArray()));
        Assert.Equal("1", await admin.GetStringAsync($"{Files}/raw.bin", Token));
        Assert.Equal((200, ""), await PutAsync(admin, $"{Files}/raw.bin?overwrite=true", "other"u8.ToArray()));
        Assert.Equal("other", await admin.GetStringAsync($"{Files}/raw.bin", Token));
        Assert.Equal("part", await admin.GetStringAsync($"{Files}/from-part.txt", Token));
        // Only FLIP calls a file in the body JSON and says nothing of overwriting: it means to (flip-client §11.5).
        Assert.Equal((200, ""), await PutAsync(admin, $"{Files}/flip.json?inbody=true", [0, 255, (byte)'{'], "application/json"));
        Assert.Equal([0, 255, (byte)'{'], await admin.GetByteArrayAsync($"{Files}/flip.json", Token));
        Assert.Equal((200, """{"duplicates":["flip.json"]}"""), await PutAsync(admin, $"{Files}/flip.json?inbody=true&overwrite=false", "{}"u8.ToArray(), "application/json"));
        Assert.Equal((200, """{"duplicates":["flip.json"]}"""), await PutAsync(admin, $"{Files}/flip.json?inbody=true", "{}"u8.ToArray()));
        Assert.Equal(404, (await PutAsync(admin, "/data/projects/FPUT/experiments/NONE/resources/R/files/a", "1"u8.ToArray())).Status);
        Assert.Equal(400, (await PutAsync(admin, $"{Files}/R_catalog.xml", "1"u8.ToArray())).Status);
    }

    /// <summary>§10.3 extract: zip, tar, tar.gz with a root entry as xnatpy sends it; others are stored as they are.</summary>
    [Fact]
    public async Task F8_extract_unpacks_at_the_root_of_the_resource()
    {
        using var admin = await ProjectAsync("FEXT");
        const string Files = "/data/projects/FEXT/subjects/S1/resources/R/files";
        Assert.Equal(200, (await PutAsync(admin, $"{Files}/up.zip?extract=true", Zip(("d/ü.txt", "u"), ("win\\b.txt", "b")))).Status);
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
        await using (var tar = new TarWriter(gzip))
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, "./"), Token);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "./t/c.txt") { DataStream = new MemoryStream("c"u8.ToArray()) }, Token);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.SymbolicLink, "link") { LinkName = "/etc/passwd" }, Token);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "none.txt"), Token);
        }

        Assert.Equal(200, (await PutAsync(admin, $"{Files}/upload.tar.gz?extract=true", packed.ToArray())).Status);
        Assert.Equal(200, (await PutAsync(admin, $"{Files}/as-is.nii?extract=true", "n"u8.ToArray())).Status);
        Assert.Equal(
            ["as-is.nii", "b.txt", "c.txt", "none.txt", "ü.txt"], (await RunningServer.RowsAsync(admin, $"{Files}?format=json")).Select(r => r["Name"]).Order(StringComparer.Ordinal));
        Assert.Equal((200, """{"duplicates":["d/\u00FC.txt"]}"""), await PutAsync(admin, $"{Files}/up.zip?extract=true", Zip(("d/ü.txt", "2"))));
        Assert.Equal(400, (await PutAsync(admin, $"{Files}/bad.zip?extract=true", "no zip"u8.ToArray())).Status);
        Assert.Equal(400, (await PutAsync(admin, $"{Files}/slip.zip?extract=true", Zip(("good.txt", "g"), ("../../slip.txt", "s")))).Status);
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Get, $"{Files}/good.txt"));
    }

    /// <summary>F10: one file, a folder, a prefix; bytes may stay.</summary>
    [Fact]
    public async Task F10_delete_takes_a_file_a_folder_or_a_prefix()
    {
        using var admin = await ProjectAsync("FDEL");
        const string Files = "/data/projects/FDEL/resources/R/files";
        foreach (var name in (string[])["a.txt", "d/1.txt", "d/2.txt", "p1", "p2", "keep"])
        {
            await StoreAsync(admin, $"{Files}/{name}", "x");
        }

        Assert.Equal(200, await StatusAsync(admin, HttpMethod.Delete, $"{Files}/a.txt"));
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Delete, $"{Files}/a.txt"));
        Assert.Equal(200, await StatusAsync(admin, HttpMethod.Delete, $"{Files}/d/"));
        Assert.Equal(200, await StatusAsync(admin, HttpMethod.Delete, $"{Files}/p*"));
        Assert.Equal(200, await StatusAsync(admin, HttpMethod.Delete, $"{Files}/keep?removeFiles=false"));
        Assert.Empty(await RunningServer.RowsAsync(admin, $"{Files}?format=json"));
        var folder = Path.Combine(server.Data, "archive", "FDEL", "resources", "R");
        Assert.True(File.Exists(Path.Combine(folder, "keep")));
        Assert.False(Directory.Exists(Path.Combine(folder, "d")));
    }

    /// <summary>§10.4: folders, prefixes, members of stored zips.</summary>
    [Fact]
    public async Task F6_folder_prefix_and_member_of_a_stored_zip_are_answered()
    {
        using var admin = await ProjectAsync("FIN");
        const string Files = "/data/projects/FIN/resources/R/files";
        await StoreAsync(admin, $"{Files}/d/1.txt", "1");
        await StoreAsync(admin, $"{Files}/d/e/2.txt", "2");
        Assert.Equal(200, (await PutAsync(admin, $"{Files}/z.zip", Zip(("in/side.txt", "inner")), "application/zip")).Status);
        Assert.Equal(["1.txt", "2.txt"], (await RunningServer.RowsAsync(admin, $"{Files}/d/?format=json")).Select(r => r["Name"]).Order(StringComparer.Ordinal));
        Assert.Equal(["1.txt"], (await RunningServer.RowsAsync(admin, $"{Files}/d/?format=json&recursive=false")).Select(r => r["Name"]));
        Assert.Equal(["FIN/resources/R/files/d/1.txt", "FIN/resources/R/files/d/e/2.txt"], await NamesAsync(admin, $"{Files}/d/?format=zip"));
        Assert.Equal(["2.txt"], (await RunningServer.RowsAsync(admin, $"{Files}/d/e*?format=json")).Select(r => r["Name"]));
        Assert.Equal("inner", await admin.GetStringAsync($"{Files}/z.zip!/in/side.txt", Token));
        Assert.Equal(["in/side.txt"], (await RunningServer.RowsAsync(admin, $"{Files}/z.zip?listContents=true&format=json")).Select(r => r["Name"]));
        Assert.Equal(404, await StatusAsync(admin, HttpMethod.Get, $"{Files}/z.zip!/nothing.txt"));
    }

    /// <summary>§11.1 and R30: zip and tar in every structure, readable by Python, continued after a break.</summary>
    [Fact]
    public async Task F5_download_comes_in_every_structure_and_can_be_continued()
    {
        using var admin = await ProjectAsync("FZIP");
        const string Session = "/data/projects/FZIP/experiments/E1";
        await StoreAsync(admin, $"{Session}/scans/1/resources/NIFTI/files/v.nii", new string('n', 100_000));
        await StoreAsync(admin, $"{Session}/resources/NOTES/files/n.txt", "note");
        Assert.Equal(["E1/resources/NOTES/files/n.txt", "E1/scans/1-T1/resources/NIFTI/files/v.nii"], await NamesAsync(admin, $"{Session}/files?format=zip"));
        Assert.Equal(["FZIP/S1/E1/scans/1/NIFTI/v.nii"], await NamesAsync(admin, $"{Session}/scans/ALL/files?format=zip&structure=simplified&projectIncludedInPath=true&subjectIncludedInPath=true"));
        Assert.Contains("sub-S1/ses-E1/anat/sub-S1_ses-E1_run-1_T1w.nii", await NamesAsync(admin, $"{Session}/files?format=zip&structure=bids"));
        Assert.Equal(["E1/scans/1-T1/resources/NIFTI/files/v.nii"], await NamesAsync(admin, $"{Session}/scans/1/resources/NIFTI/files?format=zip&compression=9"));
        using (var accepting = new HttpRequestMessage(HttpMethod.Get, $"{Session}/files") { Headers = { { "Accept", "application/zip, */*" } } })
        using (var accepted = await admin.SendAsync(accepting, Token))
        {
            Assert.Equal("application/zip", accepted.Content.Headers.ContentType?.MediaType);
        }

        Assert.Equal(400, await StatusAsync(admin, HttpMethod.Get, $"{Session}/files?format=zip&structure=other"));
        using var tar = new TarReader(new MemoryStream(await admin.GetByteArrayAsync($"{Session}/scans/1/files?format=tar", Token)));
        var member = (await tar.GetNextEntryAsync(cancellationToken: Token))!;
        Assert.Equal(("E1/scans/1-T1/resources/NIFTI/files/v.nii", 100_000L), (member.Name, member.Length));
        using var whole = await admin.GetAsync($"{Session}/files?format=zip", Token);
        var bytes = await whole.Content.ReadAsByteArrayAsync(Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Session}/files?format=zip");
        request.Headers.Range = new RangeHeaderValue(50_000, null);
        request.Headers.IfRange = new RangeConditionHeaderValue(whole.Headers.ETag!);
        using var rest = await admin.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.PartialContent, rest.StatusCode);
        Assert.Equal(bytes[50_000..], await rest.Content.ReadAsByteArrayAsync(Token));
        await File.WriteAllBytesAsync(Path.Combine(server.Data, "python.zip"), bytes, Token);
        using var python = System.Diagnostics.Process.Start("/usr/bin/python3", ["-c", "import sys,zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip() is not None)", Path.Combine(server.Data, "python.zip")]);
        await python.WaitForExitAsync(Token);
        Assert.Equal(0, python.ExitCode);
        File.Delete(Path.Combine(server.Data, "archive", "FZIP", "arc001", "E1", "SCANS", "1", "NIFTI", "v.nii"));
        Assert.Equal(409, await StatusAsync(admin, HttpMethod.Get, $"{Session}/files?format=zip"));
    }

    /// <summary>Both spellings, by label and ID, through the session and as the experiment that an assessor is; in and out are kept apart.</summary>
    [Fact]
    [Trait("Row", "X8")]
    [Trait("Row", "RC5")]
    public async Task X8_RC5_Files_of_assessors_and_reconstructions_are_stored_listed_and_fetched()
    {
        using var client = await ProjectAsync("XRC");
        using var made = await client.PutAsync("/data/projects/XRC/experiments/E1/assessors/A1?xsiType=xnat:qcManualAssessorData", null, Token);
        var id = await made.Content.ReadAsStringAsync(Token);
        Assert.Equal(200, await StatusAsync(client, HttpMethod.Put, "/data/projects/XRC/experiments/E1/reconstructions/RC1?type=seg"));
        foreach (var part in (string[])["assessors/A1", "reconstructions/RC1"])
        {
            await StoreAsync(client, $"/data/projects/XRC/subjects/S1/experiments/E1/{part}/resources/OUT/files/a/o.txt", "out");
            await StoreAsync(client, $"/data/projects/XRC/experiments/E1/{part}/in/resources/IN/files/i.txt", "in");
            await StoreAsync(client, $"/data/projects/XRC/experiments/E1/{part}/out/resources/OUT/files/p.txt", "out");
            var resources = await RunningServer.RowsAsync(client, $"/data/projects/XRC/experiments/E1/{part}/resources");
            Assert.Equal("OUT", Assert.Single(resources)["label"]);
            Assert.Equal(("2", part.Split('/')[0] + "/out"), (resources[0]["file_count"], resources[0]["category"]));
            Assert.Equal("IN", Assert.Single(await RunningServer.RowsAsync(client, $"/data/projects/XRC/experiments/E1/{part}/in/resources"))["label"]);
            var files = await RunningServer.RowsAsync(client, $"/data/projects/XRC/experiments/E1/{part}/out/resources/OUT/files");
            Assert.Equal(["a/o.txt", "p.txt"], files.Select(f => f["URI"].Split("/files/")[1]).Order(StringComparer.Ordinal));
            foreach (var file in files)
            {
                Assert.Equal("out", await client.GetStringAsync(file["URI"], Token));
            }

            Assert.Equal(2, (await NamesAsync(client, $"/data/projects/XRC/experiments/E1/{part}/files?format=zip")).Count);
            Assert.Equal(404, await StatusAsync(client, HttpMethod.Get, $"/data/projects/XRC/experiments/E1/{part}/resources/IN/files/i.txt"));
            Assert.Equal(200, await StatusAsync(client, HttpMethod.Delete, $"/data/projects/XRC/experiments/E1/{part}/resources/OUT/files/p.txt"));
            Assert.Equal(404, await StatusAsync(client, HttpMethod.Delete, $"/data/projects/XRC/experiments/E1/{part}/resources/OUT/files/p.txt"));
        }

        Assert.Contains("E1/assessors/A1/out/resources/OUT/files/a/o.txt", await NamesAsync(client, "/data/projects/XRC/experiments/E1/assessors/ALL/files?format=zip"));
        foreach (var address in (string[])[$"/data/experiments/{id}/resources/OUT/files/a/o.txt", $"/data/projects/XRC/experiments/E1/assessors/{id}/resources/OUT/files/a/o.txt", "/data/projects/XRC/experiments/A1/resources/OUT/files/a/o.txt"])
        {
            using var response = await client.GetAsync(address, Token);
            Assert.True(response.IsSuccessStatusCode, $"{address}: {(int)response.StatusCode}");
            Assert.Equal("out", await response.Content.ReadAsStringAsync(Token));
        }

        using var outsider = await server.UserAsync("xrc-outsider");
        Assert.Equal(404, await StatusAsync(outsider, HttpMethod.Get, $"/data/experiments/{id}/resources/OUT/files/a/o.txt"));
    }


    /// <summary>Names that nobody should choose but somebody does; each comes back as it went, or is refused with 4xx.</summary>
    [Theory]
    [InlineData("sp ace.txt", true)]
    [InlineData("ünï-日本-🧠.txt", true)]
    [InlineData("a%b.txt", true)]
    [InlineData("a#b?c.txt", true)]
    [InlineData("a+b&c=d;e.txt", true)]
    [InlineData("'quote\"double.txt", true)]
    [InlineData("..", false)]
    [InlineData("a/../../b", false)]
    [InlineData("line\nbreak", false)]
    [InlineData(".hidden", false)]
    [InlineData("double%2fencoded", false)]
    public async Task File_name_comes_back_as_it_went_or_is_refused(string name, bool accepted)
    {
        using var admin = await ProjectAsync("FNAME");
        var address = $"/data/projects/FNAME/resources/R/files/{Uri.EscapeDataString(name).Replace("%2F", "/", StringComparison.Ordinal)}";
        var (status, _) = await PutAsync(admin, address + "?overwrite=true", "x"u8.ToArray());
        if (!accepted)
        {
            Assert.InRange(status, 400, 499);
            return;
        }

        Assert.Equal(200, status);
        Assert.Equal("x", await admin.GetStringAsync(address, Token));
        Assert.Contains(await RunningServer.RowsAsync(admin, "/data/projects/FNAME/resources/R/files?format=json"), r => r["Name"] == name);
    }

    /// <summary>A stored page must not act as a page of this site.</summary>
    [Theory]
    [InlineData("page.html")]
    [InlineData("picture.svg")]
    public async Task Stored_page_is_sent_as_attachment_in_a_sandbox(string name)
    {
        using var admin = await ProjectAsync("FXSS");
        await StoreAsync(admin, $"/data/projects/FXSS/resources/R/files/{name}?overwrite=true", "<script>alert(1)</script>");
        using var response = await admin.GetAsync($"/data/projects/FXSS/resources/R/files/{name}", Token);
        Assert.Equal("attachment", response.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Contains("sandbox", string.Join(' ', response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
    }

    /// <summary>Who comes second sees the first.</summary>
    [Fact]
    public async Task Of_many_uploads_of_one_path_exactly_one_is_stored()
    {
        using var admin = await ProjectAsync("FRACE");
        const string File = "/data/projects/FRACE/resources/R/files/one.txt";
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PutAsync(admin, File, Encoding.ASCII.GetBytes($"{i:D4}"))));
        Assert.All(answers, a => Assert.Equal(200, a.Status));
        Assert.Single(answers, a => a.Body.Length == 0);
        Assert.Equal(4, (await admin.GetStringAsync(File, Token)).Length);
    }

    /// <summary>A file that comes while its session gets another label is the renamed session's; nothing stays under the old name.</summary>
    [Fact]
    public async Task File_that_comes_while_its_session_is_renamed_goes_into_the_renamed_one()
    {
        using var admin = await ProjectAsync("FMOVE");
        await StoreAsync(admin, "/data/projects/FMOVE/experiments/E1/resources/R/files/first.txt", "first");
        using var slow = new HeldBody(Encoding.UTF8.GetBytes("the rest"));
        var upload = admin.PutAsync("/data/projects/FMOVE/experiments/E1/resources/R/files/late.txt?inbody=true", slow, Token);
        await slow.Started;
        Assert.Equal(200, await StatusAsync(admin, HttpMethod.Put, "/data/projects/FMOVE/subjects/S1/experiments/E1?label=RENAMED"));
        slow.Release();
        Assert.Equal(System.Net.HttpStatusCode.OK, (await upload).StatusCode);
        Assert.Equal("the rest", await admin.GetStringAsync("/data/projects/FMOVE/experiments/RENAMED/resources/R/files/late.txt", Token));
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "FMOVE", "arc001", "E1")));
        Assert.True(File.Exists(Path.Combine(server.Data, "archive", "FMOVE", "arc001", "RENAMED", "RESOURCES", "R", "late.txt")));
    }

    /// <summary>A body whose second half waits to be released.</summary>
    private sealed class HeldBody(byte[] bytes) : HttpContent
    {
        private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Started => _started.Task;

        public void Release() => _released.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), Token);
            await stream.FlushAsync(Token);
            _started.TrySetResult();
            await _released.Task;
            await stream.WriteAsync(bytes.AsMemory(bytes.Length / 2), Token);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
