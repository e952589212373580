using System.Buffers.Binary;
using System.Net;
using System.Text;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>DICOM files of archive and prearchive as pictures (rest-api §10.4, F6; §12.2, Q8).</summary>
public sealed class PictureTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<(HttpStatusCode Status, string? Type, string Start)> LookAsync(HttpClient client, string address)
    {
        using var response = await client.GetAsync(address, Token);
        var bytes = await response.Content.ReadAsByteArrayAsync(Token);
        return (response.StatusCode, response.Content.Headers.ContentType?.MediaType, Convert.ToHexString(bytes.AsSpan(0, Math.Min(4, bytes.Length))));
    }

    /// <summary>Grids of pictures of a scan: as many cells as asked for, from many files or from the frames of one.</summary>
    [Theory]
    [InlineData("mr-epi-phantom-ge", "GRIDM")]
    [InlineData("us-stress-echo-acuson", "GRIDU")]
    [InlineData("rt-breast", "GRIDC")]
    public async Task Snapshots_come_in_grids(string study, string project)
    {
        using var admin = server.Client();
        await admin.PutAsync($"/data/projects/{project}", null, Token);
        var (status, uri) = await Uploads.ImportAsync(admin, $"project={project}&subject=S&session=E&import-handler=SI&dest=/archive", Uploads.Zip(Uploads.Objects(study, most: 6)));
        Assert.True(status == 200, uri);
        var scan = (await RunningServer.RowsAsync(admin, uri.Trim() + "/scans?format=json"))[0]["ID"];
        async Task<(int Columns, int Rows)> SizeAsync(string tail)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/xapi/snapshot/projects/{project}/experiments/E/scan/{scan}/{tail}");
            request.Headers.Accept.ParseAdd("image/png");
            using var response = await admin.SendAsync(request, Token);
            Assert.Equal((HttpStatusCode.OK, "image/png"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            var png = await response.Content.ReadAsByteArrayAsync(Token);
            return (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        }

        var (width, height) = await SizeAsync("snapshot/1x1");
        Assert.Equal((width * 3, height * 2), await SizeAsync("snapshot/3x2"));
        var (small, low) = await SizeAsync("thumbnail/1x1");
        Assert.InRange(Math.Max(small, low), 1, 64);
        Assert.Equal((small * 2, low * 2), await SizeAsync("thumbnail/2X2"));
        // A grid takes no more of the server than a picture may, however large its cells are wished for.
        var (wide, high) = await SizeAsync("snapshot/10x10?viewport=8192,8192");
        Assert.InRange(Math.Max(wide, high), 1, 4096);
        Assert.True(wide > width * 3, $"{wide}");
        foreach (var wrong in (string[])["0x1", "11x1", "2", "axb"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await LookAsync(admin, $"/xapi/snapshot/projects/{project}/experiments/E/scan/{scan}/snapshot/{wrong}")).Status);
        }
    }

    [Fact]
    public async Task F6_Q8_DICOM_file_is_shown_as_a_picture()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/PICT", null, Token);
        var (status, waiting) = await Uploads.ImportAsync(admin, "project=PICT&subject=S&session=E&import-handler=SI&dest=/prearchive", Uploads.Zip(Uploads.Objects("pet-ct-siemens", most: 5)));
        Assert.True(status == 200, waiting);
        var scans = await RunningServer.RowsAsync(admin, waiting.Trim() + "/scans?format=json");
        var image = scans.First(s => s["xsiType"] == "xnat:petScanData")["ID"];
        var report = scans.First(s => s["xsiType"] == "xnat:srScanData")["ID"];
        var inPrearchive = (await RunningServer.RowsAsync(admin, $"{waiting.Trim()}/scans/{image}/resources/DICOM/files?format=json"))[0]["URI"];
        Assert.Equal((HttpStatusCode.OK, "image/jpeg", "FFD8"), await LookAsync(admin, inPrearchive + "?format=image/jpeg") is var (s, t, b) ? (s, t, b[..4]) : default);
        var (archived, uri) = await Uploads.SendAsync(admin, "POST", $"/data/services/archive?src={waiting.Trim()}");
        Assert.True(archived == 200, uri);
        var file = (await RunningServer.RowsAsync(admin, $"{uri.Trim()}/scans/{image}/files?format=json"))[0]["URI"];
        Assert.Equal((HttpStatusCode.OK, "image/png", "89504E47"), await LookAsync(admin, file + "?format=image/png"));
        Assert.Equal("FFD8", (await LookAsync(admin, file + "?format=image/jpeg")).Start[..4]);
        Assert.Equal("47494638", (await LookAsync(admin, $"{uri.Trim()}/scans/{image}/files?index=0&format=image/gif")).Start);
        Assert.Equal(HttpStatusCode.NotFound, (await LookAsync(admin, file + "?format=image/png&frame=2")).Status);
        Assert.Equal("application/dicom", (await LookAsync(admin, file)).Type);
        // What has no picture says so; what is no DICOM stays what it is.
        var other = (await RunningServer.RowsAsync(admin, $"{uri.Trim()}/scans/{report}/files?format=json"))[0]["URI"];
        Assert.Equal(HttpStatusCode.NotAcceptable, (await LookAsync(admin, other + "?format=image/png")).Status);
        using var text = new ByteArrayContent(Encoding.ASCII.GetBytes("abcd"));
        using var stored = await admin.PutAsync($"{uri.Trim()}/resources/NOTES/files/a.txt?inbody=true", text, Token);
        Assert.Equal((HttpStatusCode.OK, "text/plain", "61626364"), await LookAsync(admin, $"{uri.Trim()}/resources/NOTES/files/a.txt?format=image/png"));
    }
}
