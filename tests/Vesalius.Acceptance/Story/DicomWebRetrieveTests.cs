using System.Net;
using System.Text;
using System.Xml.Linq;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>WADO-RS over archived sessions (xapi F.1, F.5).</summary>
[Trait("Speed", "Slow")]
public sealed class DicomWebRetrieveTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Explicit = "1.2.840.10008.1.2.1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<(HttpClient Client, string Study, List<(string Series, string Modality)> Series)> StudyAsync(string project, params string[] folder)
    {
        var admin = server.Client();
        await DicomWebArchive.ArchiveAsync(admin, project, project + "_1", folder);
        var root = $"/xapi/dicomweb/projects/{project}/studies";
        var study = $"{root}/{Assert.Single(await admin.JsonAsync(root)).Value("0020000D")}";
        var series = (await admin.JsonAsync(study + "/series")).Select(s => ($"{study}/series/{s.Value("0020000E")}", s.Value("00080060"))).ToList();
        return (admin, study, series);
    }

    /// <summary>Instances come byte for byte as they are archived, one alone or many as parts; other types are refused with what there is.</summary>
    [Fact]
    public async Task Instances_come_as_they_are_archived()
    {
        var (client, study, series) = await StudyAsync("WADO1", "studies", "ct-head-phantom-philips");
        using var _ = client;
        var archived = Directory.GetFiles(Path.Combine(server.Data, "archive", "WADO1"), "*.dcm", SearchOption.AllDirectories).Select(f => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))).ToHashSet();
        using var all = await client.GetAsync(study, "multipart/related; type=\"application/dicom\"");
        var parts = await all.PartsAsync();
        Assert.Equal(17, parts.Count);
        Assert.Equal(archived, parts.Select(p => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(p.Bytes))).ToHashSet());
        Assert.All(parts, p => Assert.StartsWith("application/dicom", p.Headers["Content-Type"], StringComparison.Ordinal));

        var instances = await client.JsonAsync(series[0].Series + "/instances?limit=1000");
        using var some = await client.GetAsync(series[0].Series, "*/*");
        Assert.Equal(instances.Count, (await some.PartsAsync()).Count);
        var instance = $"{series[0].Series}/instances/{instances[0].Value("00080018")}";
        foreach (var accept in (string?[])[null, "application/dicom", "application/dicom; transfer-syntax=*"])
        {
            using var one = await client.GetAsync(instance, accept);
            Assert.Equal("application/dicom", one.Content.Headers.ContentType!.MediaType);
            Assert.Contains(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await one.Content.ReadAsByteArrayAsync(Token))), archived);
        }

        using (var part = await client.GetAsync(instance + "?accept=multipart/related;type=application/dicom", "application/dicom"))
        {
            Assert.Single(await part.PartsAsync());
        }

        // The plus sign of an address that nobody escaped is a blank.
        foreach (var (query, type) in (IEnumerable<(string, string)>)[("application/dicom+json", "application/dicom+json"), ("application/dicom%2Bjson", "application/dicom+json"), ("application/dicom+xml", "multipart/related")])
        {
            using var metadata = await client.GetAsync($"{instance}/metadata?accept={query}", "text/html");
            Assert.Equal((System.Net.HttpStatusCode.OK, type), (metadata.StatusCode, metadata.Content.Headers.ContentType?.MediaType));
        }

        foreach (var (address, accept, status) in new[]
        {
            (study, "application/dicom", 406), (series[0].Series, "application/dicom", 406), (study, "image/jpeg", 406), (instance, "text/plain", 406), (instance, "application/dicom; transfer-syntax=1.2.3", 406),
            (instance, "nonsense", 400), (instance, "a/b/c", 400), (study.Replace("studies/", "studies/x%2Fy", StringComparison.Ordinal), "*/*", 400), (study + "1", "*/*", 404),
            (instance + "1", "application/dicom", 404), (study[..study.LastIndexOf('/')] + "/1%27or", "*/*", 400), (study[..study.LastIndexOf('/')] + "/" + new string('1', 65), "*/*", 400),
        })
        {
            using var refused = await client.GetAsync(address, accept);
            Assert.True((int)refused.StatusCode == status, $"{address} as {accept}: {(int)refused.StatusCode}");
        }
    }

    /// <summary>Metadata names long values by addresses that answer with them, down into the items of sequences.</summary>
    [Fact]
    public async Task Metadata_holds_the_header_and_addresses_of_long_values()
    {
        var (client, study, series) = await StudyAsync("WADO2", "studies", "rt-breast");
        using var _ = client;
        var metadata = await client.JsonAsync(study + "/metadata");
        Assert.Equal(3, metadata.Count);
        var image = metadata.Single(m => m.Value("00080060") == "CT");
        Assert.StartsWith("1.2.840.10008.1.2", image.Value("00083002"), StringComparison.Ordinal);
        using (var pixels = await client.GetAsync(image.GetProperty("7FE00010").GetProperty("BulkDataURI").GetString()!, "application/octet-stream"))
        {
            Assert.Equal(HttpStatusCode.OK, pixels.StatusCode);
            Assert.Equal(int.Parse(image.Value("00280010")) * int.Parse(image.Value("00280011")) * 2, (await pixels.Content.ReadAsByteArrayAsync(Token)).Length);
            Assert.EndsWith("/bulkdata/7FE00010", pixels.Content.Headers.ContentLocation!.ToString(), StringComparison.Ordinal);
        }

        var structures = metadata.Single(m => m.Value("00080060") == "RTSTRUCT");
        var contour = structures.GetProperty("30060039").GetProperty("Value").EnumerateArray().SelectMany(r => r.GetProperty("30060040").GetProperty("Value").EnumerateArray())
            .First(c => c.GetProperty("30060050").TryGetProperty("BulkDataURI", out var _));
        using (var points = await client.GetAsync(contour.GetProperty("30060050").GetProperty("BulkDataURI").GetString()!, (string?)null))
        {
            Assert.Equal(int.Parse(contour.Value("30060046")) * 3, (await points.Content.ReadAsStringAsync(Token)).Split('\\').Length);
        }

        using (var xml = await client.GetAsync(series[0].Series + "/metadata", "multipart/related; type=\"application/dicom+xml\""))
        {
            var document = XDocument.Load(new MemoryStream((await xml.PartsAsync())[0].Bytes));
            XNamespace native = "http://dicom.nema.org/PS3.19/models/NativeDICOM";
            Assert.Equal(series[0].Modality, document.Root!.Elements(native + "DicomAttribute").Single(a => (string?)a.Attribute("keyword") == "Modality").Element(native + "Value")!.Value);
        }

        using (var bulk = await client.GetAsync(study + "/bulkdata", (string?)null))
        {
            var parts = await bulk.PartsAsync();
            Assert.Contains(parts, p => p.Headers["Content-Location"].EndsWith("/30060050", StringComparison.Ordinal));
            Assert.Contains(parts, p => p.Headers["Content-Location"].EndsWith("/7FE00010", StringComparison.Ordinal));
        }

        using (var pixels = await client.GetAsync(study + "/pixeldata", (string?)null))
        {
            Assert.Single(await pixels.PartsAsync());
        }

        var instance = image.GetProperty("7FE00010").GetProperty("BulkDataURI").GetString()!.Replace("/7FE00010", "", StringComparison.Ordinal);
        foreach (var (path, status) in new[] { ("/zz", 400), ("/00100010/0/00100010", 400), ("/00081140/1", 400), ("/00189999", 404), ("/00081140/999/00081155", 404) })
        {
            using var refused = await client.GetAsync(instance + path, (string?)null);
            Assert.True((int)refused.StatusCode == status, $"{path}: {(int)refused.StatusCode}");
        }

        foreach (var (accept, status) in new[] { ("image/png", 406), ("application/json", 200), ("*/*", 200) })
        {
            using var answer = await client.GetAsync(study + "/metadata", accept);
            Assert.Equal(status, (int)answer.StatusCode);
        }
    }

    /// <summary>What is remembered of a series never outlives a change of its files.</summary>
    [Fact]
    public async Task Metadata_follows_the_files()
    {
        var (client, study, _) = await StudyAsync("WADO3", "studies", "pet-ct-siemens");
        using var __ = client;
        var before = await client.JsonAsync(study + "/metadata");
        Assert.Equal(before.Count, (await client.JsonAsync(study + "/metadata")).Count);
        var scan = (await RunningServer.RowsAsync(client, "/data/projects/WADO3/experiments/WADO3_1/scans?format=json"))[0]["ID"];
        (await client.DeleteAsync($"/data/projects/WADO3/experiments/WADO3_1/scans/{scan}?removeFiles=true", Token)).EnsureSuccessStatusCode();
        var after = await client.JsonAsync(study + "/metadata");
        Assert.True(after.Count < before.Count);
        (await client.DeleteAsync("/data/projects/WADO3/experiments/WADO3_1?removeFiles=true", Token)).EnsureSuccessStatusCode();
        using var gone = await client.GetAsync(study + "/metadata", (string?)null);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    /// <summary>Frames of a compressed clip: as stored with any syntax, decoded without one.</summary>
    [Fact]
    public async Task Frames_come_as_stored_or_decoded()
    {
        var (client, _, series) = await StudyAsync("WADO4", "studies", "us-stress-echo-acuson");
        using var __ = client;
        var instances = (await Task.WhenAll(series.Select(async s => (s.Series, Rows: await client.JsonAsync(s.Series + "/instances"))))).First(s => s.Rows.Any(r => r.TryGetProperty("00280008", out var f) && int.Parse(f.GetProperty("Value")[0].ToString()) > 1));
        var row = instances.Rows.First(r => int.Parse(r.Value("00280008")) > 1);
        var instance = $"{instances.Series}/instances/{row.Value("00080018")}";
        var (rows, columns, count) = (int.Parse(row.Value("00280010")), int.Parse(row.Value("00280011")), int.Parse(row.Value("00280008")));
        foreach (var accept in (string[])["multipart/related; type=\"application/octet-stream\"; transfer-syntax=*", "multipart/related; type=image/jpeg", "multipart/related; type=\"image/jpeg\"; transfer-syntax=1.2.840.10008.1.2.4.50"])
        {
            using var stored = await client.GetAsync($"{instance}/frames/1,{count}", accept);
            var parts = await stored.PartsAsync();
            Assert.Equal(2, parts.Count);
            Assert.All(parts, p => Assert.Equal([0xFF, 0xD8], p.Bytes[..2]));
            Assert.Contains("transfer-syntax=1.2.840.10008.1.2.4.50", parts[0].Headers["Content-Type"], StringComparison.Ordinal);
        }

        foreach (var accept in (string?[])[null, "*/*", "application/octet-stream", $"application/octet-stream; transfer-syntax={Explicit}"])
        {
            using var native = await client.GetAsync($"{instance}/frames/2", accept);
            Assert.Equal(HttpStatusCode.OK, native.StatusCode);
            Assert.Equal("application/octet-stream", native.Content.Headers.ContentType!.MediaType);
            Assert.Equal(rows * columns * 3, (await native.Content.ReadAsByteArrayAsync(Token)).Length);
        }

        foreach (var (list, accept, status) in new[]
        {
            ("0", "*/*", 400), ("1,,2", "*/*", 400), ("-1", "*/*", 400), ("a", "*/*", 400), ("99999999999", "*/*", 400), ($"{count + 1}", "*/*", 404), ("1", "image/jls", 406),
            ("1", "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.4.90", 406), ("1", "video/mp4", 406),
        })
        {
            using var refused = await client.GetAsync($"{instance}/frames/{list}", accept);
            Assert.True((int)refused.StatusCode == status, $"{list} as {accept}: {(int)refused.StatusCode}");
        }

        using var decoded = await client.GetAsync(instance, $"application/dicom; transfer-syntax={Explicit}");
        var file = Part10File.Read(await decoded.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal(Explicit, file.TransferSyntax.Uid);
        Assert.Equal((long)rows * columns * 3 * count, ((ValueElement)file.DataSet[Tag.PixelData]!).Bytes.Length & ~1L);
        using var bulk = await client.GetAsync(instance + "/bulkdata/7FE00010", (string?)null);
        Assert.Equal(count, (await bulk.PartsAsync()).Count);
        await RendersAsync(client, instance, count);
    }

    private static async Task RendersAsync(HttpClient client, string instance, int count)
    {
        foreach (var (tail, accept, magic) in new[]
        {
            ("/rendered", null, "FFD8FF"), ("/rendered", "image/png", "89504E47"), ("/rendered?accept=image/gif", "*/*", "474946383961"), ("/thumbnail", "image/*", "FFD8FF"), ("/frames/2/rendered?quality=50", "image/jpeg", "FFD8FF"),
            ("/frames/2/thumbnail", "image/png", "89504E47"), ("/rendered?frame=3&viewport=64,64&window=100,200,sigmoid", "image/png", "89504E47"),
        })
        {
            using var picture = await client.GetAsync(instance + tail, accept);
            var bytes = await picture.Content.ReadAsByteArrayAsync(Token);
            Assert.True(picture.StatusCode == HttpStatusCode.OK, $"{tail}: {(int)picture.StatusCode} {Encoding.UTF8.GetString(bytes)}");
            Assert.StartsWith(magic, Convert.ToHexString(bytes), StringComparison.Ordinal);
            Assert.Equal($"{count}", Assert.Single(picture.Headers.GetValues("X-Frame-Count")));
            Assert.InRange(int.Parse(Assert.Single(picture.Headers.GetValues("X-Frame-Number")), System.Globalization.CultureInfo.InvariantCulture), 1, count);
            if (tail.Contains("frame=3", StringComparison.Ordinal))
            {
                Assert.Equal("3", picture.Headers.GetValues("X-Frame-Number").Single());
                Assert.True(System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(16)) <= 64);
            }
        }

        foreach (var (tail, accept, status) in new[]
        {
            ("/rendered?viewport=64", null, 400), ("/rendered?viewport=0,10", null, 400), ("/rendered?window=1", null, 400), ("/rendered?window=1,0", null, 400), ("/rendered?window=1,2,cubic", null, 400),
            ("/rendered?quality=0", null, 400), ("/rendered?quality=101", null, 400), ("/rendered?frame=x", null, 400), ($"/rendered?frame={count + 1}", null, 404), ("/rendered", "video/mp4", 406), ("/frames/0/rendered", null, 400),
        })
        {
            using var refused = await client.GetAsync(instance + tail, accept);
            Assert.True((int)refused.StatusCode == status, $"{tail}: {(int)refused.StatusCode}");
        }
    }

    /// <summary>Pages show scans by small pictures; what is no image says so.</summary>
    [Fact]
    public async Task Scans_have_snapshots()
    {
        using var admin = server.Client();
        await DicomWebArchive.ArchiveAsync(admin, "WADO5", "WADO5_1", "studies", "pet-ct-siemens");
        var scans = await RunningServer.RowsAsync(admin, "/data/projects/WADO5/experiments/WADO5_1/scans?format=json");
        var statuses = new List<(string Type, HttpStatusCode Status)>();
        foreach (var scan in scans)
        {
            using var picture = await admin.GetAsync($"/data/projects/WADO5/experiments/WADO5_1/scans/{scan["ID"]}/snapshots", Token);
            statuses.Add((scan["xsiType"], picture.StatusCode));
            Assert.Equal(picture.StatusCode == HttpStatusCode.OK ? "image/jpeg" : "text/html", picture.Content.Headers.ContentType!.MediaType);
        }

        Assert.All(statuses.Where(s => s.Type == "xnat:petScanData"), s => Assert.Equal(HttpStatusCode.OK, s.Status));
        Assert.Contains(statuses, s => s.Status == HttpStatusCode.NotAcceptable);
        var pet = scans.First(s => s["xsiType"] == "xnat:petScanData")["ID"];
        var subject = (await RunningServer.RowsAsync(admin, "/data/projects/WADO5/subjects?format=json"))[0]["ID"];
        var session = (await RunningServer.RowsAsync(admin, "/data/projects/WADO5/experiments?format=json"))[0]["ID"];
        foreach (var place in (string[])["", "/projects/WADO5", $"/projects/WADO5/subjects/{subject}"])
        {
            foreach (var kind in (string[])["snapshot", "thumbnail"])
            {
                using var picture = await admin.GetAsync($"/xapi/snapshot{place}/experiments/{session}/scan/{pet}/{kind}", Token);
                Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (picture.StatusCode, picture.Content.Headers.ContentType!.MediaType));
            }
        }

        using var missing = await admin.GetAsync("/data/projects/WADO5/experiments/WADO5_1/scans/none/snapshots", Token);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    /// <summary>The root of the whole site answers once it is switched on, with what the caller may read and the site shows; a session's own root answers for it alone.</summary>
    [Fact]
    public async Task Roots_show_what_the_caller_may_read()
    {
        var (client, study, _) = await StudyAsync("WADO6", "studies", "mr-epi-phantom-ge");
        using var __ = client;
        using var reader = await server.UserAsync("wado-reader");
        using var outsider = await server.UserAsync("wado-outsider");
        (await client.PutAsync("/data/projects/WADO6/users/Collaborators/wado-reader", null, Token)).EnsureSuccessStatusCode();
        async Task SetAsync(string json) => (await client.PostAsync("/xapi/dicomweb/prefs", new StringContent(json, Encoding.UTF8, "application/json"), Token)).EnsureSuccessStatusCode();
        async Task<int> CountAsync(HttpClient who) => (await who.JsonAsync("/xapi/dicomweb/studies?limit=1000")).Count(s => s.Value("00081030") == "WADO6");

        using (var off = await client.GetAsync("/xapi/dicomweb/studies", Token))
        {
            Assert.Equal(HttpStatusCode.NotFound, off.StatusCode);
        }

        await SetAsync("{\"siteWideEnabled\": true}");
        Assert.Equal((1, 1, 0), (await CountAsync(client), await CountAsync(reader), await CountAsync(outsider)));
        var uid = study.Split('/')[^1];
        foreach (var tail in (string[])["", "/metadata", "/thumbnail", "/bulkdata"])
        {
            using var hidden = await outsider.GetAsync($"/xapi/dicomweb/studies/{uid}{tail}", Token);
            Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
            using var shown = await reader.GetAsync($"/dicom-web/studies/{uid}{tail}", Token);
            Assert.Equal(HttpStatusCode.OK, shown.StatusCode);
        }

        await SetAsync("{\"projectList\": \"WADO6\"}");
        Assert.Equal((0, 0), (await CountAsync(client), await CountAsync(reader)));
        await SetAsync("{\"filterMode\": \"whitelist\"}");
        Assert.Equal((1, 1, 0), (await CountAsync(client), await CountAsync(reader), await CountAsync(outsider)));
        using var exclude = new StringContent("{\"excludeFromSiteWide\": true}", Encoding.UTF8, "application/json");
        (await client.PutAsync("/xapi/dicomweb/projects/WADO6/config/site-wide", exclude, Token)).EnsureSuccessStatusCode();
        Assert.Equal((0, 0), (await CountAsync(client), await CountAsync(reader)));
        using (var denied = await reader.PostAsync("/xapi/dicomweb/prefs", new StringContent("{}"), Token))
        {
            Assert.Equal(HttpStatusCode.Forbidden, denied.StatusCode);
        }

        foreach (var bad in (string[])["{\"buildDelayMs\": -1}", "{\"defaultStrategy\": \"x\"}", "{\"filterMode\": \"x\"}", "{\"unknown\": 1}", "[]", "{"])
        {
            using var refused = await client.PostAsync("/xapi/dicomweb/prefs", new StringContent(bad, Encoding.UTF8, "application/json"), Token);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        const string Session = "/xapi/viewerDicomweb/aets/WADO6/WADO6_1/rs";
        Assert.Single(await reader.JsonAsync(Session + "/studies"));
        Assert.NotEmpty(await reader.JsonAsync(Session + "/series"));
        Assert.Equal(45, (await reader.JsonAsync(Session + "/instances?limit=1000")).Count);
        Assert.Equal(45, (await reader.JsonAsync($"{Session}/studies/{uid}/metadata")).Count);
        using var foreign = await outsider.GetAsync(Session + "/studies", Token);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
    }
}
