using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Vesalius.Cli;

/// <summary>Thrown when the server does not do what it was asked.</summary>
/// <param name="reason">Why, in words.</param>
/// <param name="isAway">It does not answer now; asking again later may help.</param>
internal sealed class ServerException(string reason, bool isAway = false) : Exception(reason)
{
    /// <summary>It does not answer now.</summary>
    public bool IsAway { get; } = isAway;
}

/// <summary>Speaks with a Vesalius server over REST.</summary>
internal sealed class ServerClient : IDisposable
{
    // Redirections are not followed: they would carry a list of patients elsewhere.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(1) });

    /// <summary>Makes a client.</summary>
    public ServerClient(Uri server, AuthenticationHeaderValue? credentials)
    {
        _http.BaseAddress = server;
        _http.Timeout = TimeSpan.FromMinutes(5);
        _http.DefaultRequestHeaders.Authorization = credentials;
    }

    /// <summary>Reads JSON.</summary>
    /// <exception cref="ServerException">The server does not answer or refuses.</exception>
    public Task<JsonNode> GetAsync(string address, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, address, null, cancellationToken);

    /// <summary>Steers something.</summary>
    /// <exception cref="ServerException">The server does not answer or refuses.</exception>
    public Task<JsonNode> PutAsync(string address, CancellationToken cancellationToken) => SendAsync(HttpMethod.Put, address, null, cancellationToken);

    /// <summary>Sends a list with fields.</summary>
    /// <exception cref="ServerException">The server does not answer or refuses.</exception>
    public async Task<JsonNode> PostListAsync(string address, byte[] list, IEnumerable<(string Name, string? Value)> fields, CancellationToken cancellationToken)
    {
        using var form = new MultipartFormDataContent { { new ByteArrayContent(list), "csv_to_store", "list.csv" } };
        foreach (var (name, value) in fields.Where(f => f.Value is not null))
        {
            form.Add(new StringContent(value!), name);
        }

        return await SendAsync(HttpMethod.Post, address, form, cancellationToken);
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string address, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(address, UriKind.Relative)) { Content = content };
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.IsSuccessStatusCode ? JsonNode.Parse(text) ?? throw new ServerException("The server's answer is empty.") : throw Refused(response.StatusCode, text);
        }
        catch (HttpRequestException)
        {
            throw new ServerException($"The server at {_http.BaseAddress} does not answer.", isAway: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServerException($"The server at {_http.BaseAddress} does not answer in time.", isAway: true);
        }
        catch (JsonException)
        {
            throw new ServerException($"What answers at {_http.BaseAddress} is no Vesalius server.");
        }
    }

    private static ServerException Refused(HttpStatusCode status, string text) => status switch
    {
        HttpStatusCode.Unauthorized => new ServerException("The server does not know you. Set VESALIUS_USER and VESALIUS_PASSWORD, or VESALIUS_TOKEN (alias:secret), or write them into ~/.netrc."),
        HttpStatusCode.Forbidden => new ServerException(text.Length is > 0 and < 2000 && text[0] != '<' ? text.Trim()
            : "The server does not permit this: it needs the role Dqr, the right to edit the project, and query-retrieve enabled for the project."),
        HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => new ServerException("The server cannot answer at the moment.", isAway: true),
        _ => new ServerException(string.Create(CultureInfo.InvariantCulture, $"The server answers {(int)status}: {(text.Length is > 0 and < 2000 && text[0] != '<' ? text.Trim() : "no reason given")}")),
    };

    public void Dispose() => _http.Dispose();
}
