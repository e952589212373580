using System.IO.Compression;
using System.Net;
using System.Text;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Pixels on the way into the archive: scripts, rules, text (R15).</summary>
[Trait("Speed", "Slow")]
public sealed class PixelTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task OkAsync(Task<HttpResponseMessage> request, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await request;
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Token)}");
    }

    private static async Task PutAsync(HttpClient admin, string address, string text, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var body = new StringContent(text);
        await OkAsync(admin.PutAsync(address, body, Token), expected);
    }

    private async Task<List<Part10File>> ArchiveAsync(HttpClient admin, string project, string study, HttpStatusCode expected = HttpStatusCode.OK)
    {
        await server.SendAsync(RunningServer.Routed(study, $"Project:{project} Subject:S1 Session:S1_X1"));
        var waiting = Assert.Single(await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json"));
        using var response = await admin.PostAsync($"/data/services/archive?src={waiting["url"]}", null, Token);
        var answer = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode}: {answer}");
        if (expected != HttpStatusCode.OK)
        {
            return [];
        }

        using var zip = new ZipArchive(new MemoryStream(await admin.GetByteArrayAsync($"/data/projects/{project}/experiments/S1_X1/scans/ALL/files?format=zip", Token)));
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

    private static async Task NewProjectAsync(HttpClient admin, string project)
    {
        await OkAsync(admin.PutAsync($"/data/projects/{project}", null, Token));
        await OkAsync(admin.PutAsync($"/data/projects/{project}/prearchive_code/0", null, Token));
    }

    // Of the size and kind of hospitals' profile scripts (dicomedit §10.1), with a rectangle at the end.
    private static string LongScript()
    {
        var text = new StringBuilder("version \"6.6\"\nretainPrivateTags[\"(0065,{AE 1}XX)\"]\n(0008,1030) := project\n(0010,0010) := subject\n(0010,0020) := subject\n(0008,0050) := session\n");
        for (var i = 0; i < 200; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"-(0032,{i + 16:X4})\n");
        }

        foreach (var uid in new[] { "0020,000D", "0020,000E", "0008,0018", "0020,0052" })
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"isPresent[({uid})] ? ({uid}) := hashUID[({uid})]\n");
        }

        for (var i = 0; i < 90; i++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"-(0018,{0x9200 + i:X4})\n");
        }

        return text.Append("(0012,0062) := \"YES\"\nalterPixels[\"rectangle\", \"l=0, t=0, r=5000, b=60\", \"solid\", \"v=0\"]\n").ToString();
    }

    /// <summary>A long script runs on compressed multi-frame ultrasound; the bar on top is black in every frame.</summary>
    [Fact]
    public async Task Long_script_with_alterPixels_runs_on_compressed_ultrasound()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "PIXUS");
        await PutAsync(admin, "/xapi/anonymize/projects/PIXUS", LongScript());
        var files = await ArchiveAsync(admin, "PIXUS", "us-stress-echo-acuson");
        Assert.Equal(12, files.Count);
        foreach (var file in files)
        {
            Assert.Equal(Uids.ExplicitVRLittleEndian, file.TransferSyntax.Uid);
            Assert.Equal(Uids.ExplicitVRLittleEndian, file.FileMeta!.GetString(Tag.TransferSyntaxUID));
            Assert.Equal("01", file.DataSet.GetString(Tag.LossyImageCompression));
            using var frames = ImageFrames.Open(file.DataSet, file.TransferSyntax.Uid);
            for (var i = 0; i < frames.Count; i++)
            {
                var image = FrameRenderer.Render(file.DataSet, frames.Read(i, Token), i);
                Assert.True(image.Bytes.AsSpan(0, 60 * image.Columns * image.Samples).IndexOfAnyExcept((byte)0) < 0);
                Assert.True(image.Bytes.AsSpan(60 * image.Columns * image.Samples).IndexOfAnyExcept((byte)0) >= 0);
            }
        }
    }

    /// <summary>The shipped rules drop the pages with patient and dose, and leave the slices.</summary>
    [Fact]
    public async Task Rules_drop_pages_of_text()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "PIXRULES");
        await OkAsync(admin.PutAsync("/xapi/pixels/projects/PIXRULES/rules/enabled?enable=true", null, Token));
        var files = await ArchiveAsync(admin, "PIXRULES", "ct-head-phantom-philips");
        Assert.InRange(files.Count, 11, 16);
        Assert.DoesNotContain(files, f => (f.DataSet.GetString(Tag.SeriesDescription) ?? "").Contains("Summary", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Objects with text in their pixels go to quarantine; where the project wants whole sessions the rest stays in the prearchive, and the reason tells it.</summary>
    [Fact]
    public async Task Text_in_pixels_goes_to_quarantine()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "PIXTEXT");
        await OkAsync(admin.PutAsync("/xapi/pixels/projects/PIXTEXT/text/quarantine", null, Token));
        using (var hold = new StringContent("{\"failures\":\"hold\"}", Encoding.UTF8, "application/json"))
        {
            await OkAsync(admin.PutAsync("/xapi/deidentification/projects/PIXTEXT/policy", hold, Token));
        }

        await ArchiveAsync(admin, "PIXTEXT", "ct-head-phantom-philips", HttpStatusCode.InternalServerError);
        var entries = System.Text.Json.JsonDocument.Parse(await admin.GetStringAsync("/xapi/quarantine?project=PIXTEXT", Token)).RootElement.EnumerateArray().ToList();
        Assert.NotEmpty(entries);
        Assert.All(entries, e => Assert.Equal("pixels", e.GetProperty("kind").GetString()));

        using (var apart = new StringContent("{\"failures\":\"apart\"}", Encoding.UTF8, "application/json"))
        {
            await OkAsync(admin.PutAsync("/xapi/deidentification/projects/PIXTEXT/policy", apart, Token));
        }

        var waiting = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/PIXTEXT?format=json"));
        await OkAsync(admin.PostAsync($"/data/services/archive?src={waiting["url"]}", null, Token));
        var archived = await RunningServer.RowsAsync(admin, "/data/projects/PIXTEXT/experiments/S1_X1/scans/ALL/files?format=json");
        Assert.Equal(17 - entries.Count, archived.Count(f => f["Name"].EndsWith(".dcm", StringComparison.Ordinal)));
    }

    /// <summary>Blanked text is gone: whoever looks again finds none of the long words.</summary>
    [Fact]
    public async Task Text_in_pixels_is_blanked()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "PIXBLANK");
        await OkAsync(admin.PutAsync("/xapi/pixels/projects/PIXBLANK/text/blank", null, Token));
        var files = await ArchiveAsync(admin, "PIXBLANK", "ct-head-phantom-philips");
        Assert.Equal(17, files.Count);
        var cleaned = files.Where(f => f.DataSet.GetString(Tag.BurnedInAnnotation) == "NO").ToList();
        Assert.NotEmpty(cleaned);
        foreach (var file in cleaned)
        {
            Assert.Contains(file.DataSet.GetSequence(Tag.DeidentificationMethodCodeSequence)!.Items, i => i.GetString(Tag.CodeValue) == "113101");
            var again = await BurnedInText.FindAsync(file.DataSet, file.TransferSyntax.Uid, null, Token);
            Assert.DoesNotContain(again, word => word.Text.Count(char.IsLetterOrDigit) >= 5);
        }
    }

    /// <summary>A list that cannot be read is refused with its place and changes nothing.</summary>
    [Fact]
    public async Task Wrong_rules_are_refused_with_their_place()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "PIXWRONG");
        using var body = new StringContent("rule \"x\"\nwhen modality ~ \"US\"\nreject");
        using var response = await admin.PutAsync("/xapi/pixels/projects/PIXWRONG/rules", body, Token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("Line 2, column 15", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        await OkAsync(admin.GetAsync("/xapi/pixels/projects/PIXWRONG/rules", Token), HttpStatusCode.NoContent);
        await OkAsync(admin.PutAsync("/xapi/pixels/projects/PIXWRONG/text/perhaps", null, Token), HttpStatusCode.BadRequest);
    }
}
