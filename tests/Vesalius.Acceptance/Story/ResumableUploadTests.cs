using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Files that are sent in parts over HTTP (R3), by the rules of tus 1.0.0, and imported from there.</summary>
public sealed class ResumableUploadTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Root = "/xapi/vesalius/uploads";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, string method, string address, byte[]? body = null, long? offset = null, long? length = null, string? version = "1.0.0", string type = "application/offset+octet-stream")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        }

        foreach (var (name, value) in new[] { ("Tus-Resumable", version), ("Upload-Offset", offset?.ToString()), ("Upload-Length", length?.ToString()) })
        {
            if (value is not null)
            {
                request.Headers.Add(name, value);
            }
        }

        return await client.SendAsync(request, Token);
    }

    private static async Task<int> StatusAsync(Task<HttpResponseMessage> sent)
    {
        using var response = await sent;
        return (int)response.StatusCode;
    }

    private static async Task<string> CreateAsync(HttpClient client, long length)
    {
        using var created = await SendAsync(client, "POST", Root, length: length);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("1.0.0", Header(created, "Tus-Resumable"));
        Assert.True(DateTimeOffset.Parse(Header(created, "Upload-Expires")) > DateTimeOffset.UtcNow.AddDays(6));
        return created.Headers.Location!.ToString();
    }

    private static string Header(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));

    private static async Task<(string Offset, string Length)> AskAsync(HttpClient client, string address)
    {
        using var response = await SendAsync(client, "HEAD", address);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Headers.CacheControl!.NoStore);
        return (Header(response, "Upload-Offset"), Header(response, "Upload-Length"));
    }

    /// <summary>Two parts, the second after a wrong one; then the import takes the whole, and only its sender's.</summary>
    [Fact]
    public async Task File_sent_in_parts_is_imported_by_who_sent_it()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/PARTS", null, Token);
        using var member = await server.UserAsync("parts-member");
        using var other = await server.UserAsync("parts-other");
        foreach (var login in (string[])["parts-member", "parts-other"])
        {
            await admin.PutAsync($"/data/projects/PARTS/users/member/{login}", null, Token);
        }

        var zip = Uploads.Zip(Uploads.Objects("rt-breast"));
        var address = await CreateAsync(member, zip.Length);
        Assert.Equal(("0", $"{zip.Length}"), await AskAsync(member, address));
        Assert.Equal(204, await StatusAsync(SendAsync(member, "PATCH", address, zip[..1000], 0)));
        Assert.Equal(409, await StatusAsync(SendAsync(member, "PATCH", address, zip[..1000], 0)));
        Assert.Equal(("1000", $"{zip.Length}"), await AskAsync(member, address));
        var import = $"/data/services/import?import-handler=DICOM-zip&project=PARTS&subject=S1&session=E1&dest=/prearchive&src={address}";
        Assert.Equal(404, (await Uploads.SendAsync(member, "POST", import)).Status);
        Assert.Equal((404, 404, 404), (
            await StatusAsync(SendAsync(other, "HEAD", address)), await StatusAsync(SendAsync(other, "PATCH", address, zip[1000..], 1000)), await StatusAsync(SendAsync(other, "DELETE", address))));
        Assert.Equal(413, await StatusAsync(SendAsync(member, "PATCH", address, [.. zip[1000..], 0], 1000)));
        var (_, now) = (0, long.Parse((await AskAsync(member, address)).Offset));
        using (var last = await SendAsync(member, "PATCH", address, zip[(int)now..], now))
        {
            Assert.Equal(HttpStatusCode.NoContent, last.StatusCode);
            Assert.Equal($"{zip.Length}", Header(last, "Upload-Offset"));
        }

        using (var listed = JsonDocument.Parse(await member.GetStringAsync(Root, Token)))
        {
            Assert.Equal(zip.Length, Assert.Single(listed.RootElement.EnumerateArray()).GetProperty("offset").GetInt64());
        }

        Assert.Equal("[]", await other.GetStringAsync(Root, Token));
        Assert.Equal(404, (await Uploads.SendAsync(other, "POST", import)).Status);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(server.Data, "cache", "uploads"), "*", SearchOption.AllDirectories))
        {
            Assert.False((await File.ReadAllBytesAsync(file, Token)).AsSpan().StartsWith("PK"u8));
        }

        var (status, text) = await Uploads.SendAsync(member, "POST", import);
        Assert.True(status == 200, text);
        Assert.Equal("E1", Assert.Single(await RunningServer.RowsAsync(member, text.Trim() + "?format=json"))["name"]);
        Assert.Equal((204, 404), (await StatusAsync(SendAsync(member, "DELETE", address)), await StatusAsync(SendAsync(member, "HEAD", address))));
    }

    /// <summary>What the protocol wants refused.</summary>
    [Fact]
    public async Task Requests_that_do_not_keep_to_the_protocol_are_refused()
    {
        using var user = await server.UserAsync("parts-refused");
        using var guest = server.Client(null);
        Assert.Equal(401, await StatusAsync(SendAsync(guest, "POST", Root, length: 10)));
        using (var options = await SendAsync(user, "OPTIONS", Root))
        {
            Assert.Equal(("1.0.0", "creation,expiration,termination"), (Header(options, "Tus-Version"), Header(options, "Tus-Extension")));
        }

        Assert.Equal(412, await StatusAsync(SendAsync(user, "POST", Root, length: 10, version: null)));
        Assert.Equal(412, await StatusAsync(SendAsync(user, "POST", Root, length: 10, version: "0.2.2")));
        Assert.Equal(400, await StatusAsync(SendAsync(user, "POST", Root)));
        Assert.Equal(413, await StatusAsync(SendAsync(user, "POST", Root, length: 300L << 30)));
        var address = await CreateAsync(user, 10);
        Assert.Equal(412, await StatusAsync(SendAsync(user, "PATCH", address, [1], 0, version: null)));
        Assert.Equal(415, await StatusAsync(SendAsync(user, "PATCH", address, [1], 0, type: "application/octet-stream")));
        Assert.Equal(400, await StatusAsync(SendAsync(user, "PATCH", address, [1])));
        Assert.Equal(404, await StatusAsync(SendAsync(user, "PATCH", Root + "/../uploads/x", [1], 0)));
        Assert.Equal(("0", "10"), await AskAsync(user, address));
    }

    /// <summary>A connection that breaks in the middle of a part loses nothing of what had come.</summary>
    [Fact]
    public async Task Broken_connection_leaves_what_came()
    {
        using var user = await server.UserAsync("parts-broken");
        const int Length = 400_000;
        var address = await CreateAsync(user, Length);
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync("127.0.0.1", server.Address.Port, Token);
            var stream = socket.GetStream();
            var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes("parts-broken:pw-parts-broken"));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {Length}\r\n\r\n"), Token);
            await stream.WriteAsync(new byte[Length / 2], Token);
            await RunningServer.EventuallyAsync(async () => (await AskAsync(user, address)).Offset != "0" ? "" : null);
            socket.Client.LingerState = new LingerOption(true, 0);
        }

        var offset = int.Parse((await AskAsync(user, address)).Offset);
        Assert.InRange(offset, 1, Length / 2);
        // Until the server has noticed that the sender left, the file is its.
        var status = 0;
        await RunningServer.EventuallyAsync(async () =>
        {
            offset = int.Parse((await AskAsync(user, address)).Offset);
            return (status = await StatusAsync(SendAsync(user, "PATCH", address, new byte[Length - offset], offset))) is not (409 or 423) ? "" : null;
        });
        Assert.Equal(204, status);
        Assert.Equal(($"{Length}", $"{Length}"), await AskAsync(user, address));
    }
}
