using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Clients;

/// <summary>An answer as a client saw it.</summary>
internal sealed record Answer(int Status, string Text, byte[] Bytes, string ContentType, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders)
{
    /// <summary>Rows of a table; a value that is no string fails the test.</summary>
    public List<Dictionary<string, string>> Rows()
    {
        using var json = JsonDocument.Parse(Text);
        return [.. json.RootElement.GetProperty("ResultSet").GetProperty("Result").EnumerateArray().Select(r => r.EnumerateObject().ToDictionary(p => p.Name, p =>
        {
            Assert.True(p.Value.ValueKind == JsonValueKind.String, $"{p.Name} is a {p.Value.ValueKind}");
            return p.Value.GetString()!;
        }))];
    }

    /// <summary>The one object of an item answer.</summary>
    public JsonElement Item()
    {
        var items = JsonDocument.Parse(Text).RootElement.GetProperty("items");
        Assert.Equal(1, items.GetArrayLength());
        return items[0];
    }

    /// <summary>Names of a zip's members.</summary>
    public List<string> Members()
    {
        using var zip = new ZipArchive(new MemoryStream(Bytes));
        return [.. zip.Entries.Select(e => e.FullName).Order(StringComparer.Ordinal)];
    }
}

/// <summary>Sends what another client sends, with a cookie jar and its rules of what is a failure; no header that the client would not send.</summary>
internal sealed class ReplayedClient(Uri server, string? basic = null) : IDisposable
{
    private readonly HttpClient _http = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = server };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Cookies that the server has set.</summary>
    public Dictionary<string, string> Cookies { get; } = new(StringComparer.Ordinal);

    /// <summary>One request, whatever its outcome.</summary>
    public async Task<Answer> AskAsync(string method, string address, HttpContent? body = null, string accept = "*/*")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address) { Content = body };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (basic is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(basic)));
        }

        if (Cookies.Count > 0)
        {
            request.Headers.Add("Cookie", string.Join("; ", Cookies.Select(c => $"{c.Key}={c.Value}")));
        }

        using var response = await _http.SendAsync(request, Token);
        foreach (var set in response.Headers.TryGetValues("Set-Cookie", out var all) ? all : [])
        {
            var pair = set.Split(';')[0].Split('=', 2);
            Cookies[pair[0]] = pair[1];
        }

        var bytes = await response.Content.ReadAsByteArrayAsync(Token);
        return new Answer((int)response.StatusCode, Encoding.UTF8.GetString(bytes), bytes, response.Content.Headers.ContentType?.ToString() ?? "", response.Headers, response.Content.Headers);
    }

    /// <summary>One request that has to succeed as xnatpy, xnatctl and pyxnat see success: its status, and no page where data was asked for.</summary>
    public async Task<Answer> OkAsync(string method, string address, HttpContent? body = null, params int[] statuses)
    {
        int[] accepted = statuses.Length > 0 ? statuses : method is "POST" or "PUT" ? [200, 201] : [200];
        var answer = await AskAsync(method, address, body);
        Assert.True(accepted.Contains(answer.Status), $"{method} {address}: {answer.Status} {answer.Text}");
        Assert.False(answer.Text.StartsWith("<!DOCTYPE", StringComparison.OrdinalIgnoreCase) || answer.Text.StartsWith("<html", StringComparison.OrdinalIgnoreCase), $"{method} {address}: a page");
        return answer;
    }

    public Task<Answer> GetAsync(string address) => OkAsync("GET", address);

    public Task<Answer> PutAsync(string address, HttpContent? body = null) => OkAsync("PUT", address, body);

    public Task<Answer> PostAsync(string address, HttpContent? body = null) => OkAsync("POST", address, body);

    public Task<Answer> DeleteAsync(string address) => OkAsync("DELETE", address);

    /// <summary>A raw body.</summary>
    public static ByteArrayContent Raw(byte[] bytes, string? type = "application/octet-stream")
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);
        return content;
    }

    /// <summary>A raw body of text.</summary>
    public static ByteArrayContent Raw(string text, string? type = "application/octet-stream") => Raw(Encoding.UTF8.GetBytes(text), type);

    /// <summary>A form body.</summary>
    public static FormUrlEncodedContent Form(params (string Key, string Value)[] fields) => new(fields.Select(f => KeyValuePair.Create(f.Key, f.Value)));

    /// <summary>A zip of the files of a folder.</summary>
    public static byte[] Zip(IEnumerable<string> files)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var file in files)
            {
                zip.CreateEntryFromFile(file, Path.GetFileName(file), CompressionLevel.Fastest);
            }
        }

        return stream.ToArray();
    }

    /// <summary>A client that is signed in by Basic with each request.</summary>
    public static ReplayedClient Basic(RunningServer server, string login = "admin", string password = "admin-password") => new(server.Address, $"{login}:{password}");

    public void Dispose() => _http.Dispose();
}
