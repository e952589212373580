using System.Text;
using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>Sends requests and checks their status; answers text, rows or items.</summary>
internal sealed class RestClient(HttpClient client) : IDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async Task<string> SendAsync(string method, string address, int status, string? body = null, string type = "text/xml")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        using var response = await client.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True((int)response.StatusCode == status, $"{method} {address}: {(int)response.StatusCode}, not {status}: {text}");
        if (status >= 400 && address.StartsWith("/data", StringComparison.Ordinal))
        {
            Assert.Contains("<h3>", text, StringComparison.Ordinal);
        }

        return text;
    }

    public Task<string> GetAsync(string address, int status = 200) => SendAsync("GET", address, status);

    public Task<string> PutAsync(string address, int status = 200, string? body = null, string type = "text/xml") => SendAsync("PUT", address, status, body, type);

    public Task<string> DeleteAsync(string address, int status = 200) => SendAsync("DELETE", address, status);

    public async Task<List<Dictionary<string, string>>> RowsAsync(string address)
    {
        using var json = JsonDocument.Parse(await GetAsync(address));
        return [.. json.RootElement.GetProperty("ResultSet").GetProperty("Result").EnumerateArray()
            .Select(r => r.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!))];
    }

    public async Task<JsonElement> ItemAsync(string address)
    {
        var text = await GetAsync(address + (address.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "format=json");
        return JsonDocument.Parse(text).RootElement.GetProperty("items")[0];
    }

    public static string Field(JsonElement item, string name) => item.GetProperty("data_fields").TryGetProperty(name, out var value) ? value.ToString() : "";

    public static List<JsonElement> Children(JsonElement item, string field) =>
        [.. item.GetProperty("children").EnumerateArray().Where(c => c.GetProperty("field").GetString() == field).SelectMany(c => c.GetProperty("items").EnumerateArray())];

    public void Dispose() => client.Dispose();
}
