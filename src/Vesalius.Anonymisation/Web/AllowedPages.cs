using System.Net;
using System.Text;

namespace Vesalius.Anonymisation;

/// <summary>Reads pages from allowed addresses for <c>getURL</c> (dicomedit §7.1). What was read, or could not be, is kept and given again. Safe for several threads.</summary>
/// <remarks>Without cookies, credentials or a proxy; a redirection is followed only to an address that is allowed too.</remarks>
public sealed class AllowedPages(AllowedAddresses allowed, TimeSpan? timeLimit = null) : IWebText
{
    /// <summary>The largest page that is read, in bytes.</summary>
    public const int LargestPage = 64 * 1024;

    private const int MostRedirections = 5;
    private const int MostKept = 10_000;
    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, UseCookies = false, UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2), MaxResponseDrainSize = 0, MaxResponseHeadersLength = 16,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly TimeSpan _timeLimit = timeLimit ?? TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, string?> _read = new(StringComparer.Ordinal);
    private readonly Lock _reading = new();

    /// <inheritdoc/>
    public string Read(string url)
    {
        // One at a time: the objects of a session ask for the same pages.
        lock (_reading)
        {
            if (!_read.TryGetValue(url, out var text))
            {
                text = Fetch(url);
                if (_read.Count < MostKept)
                {
                    _read.Add(url, text);
                }
            }

            return text ?? throw new InvalidOperationException("The address is not allowed, not reachable, or gives nothing.");
        }
    }

    private string? Fetch(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address))
        {
            return null;
        }

        using var limit = new CancellationTokenSource(_timeLimit);
        try
        {
            for (var i = 0; i <= MostRedirections && allowed.Allow(address); i++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                using var response = Client.Send(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return Text(response, limit.Token) is { Length: > 0 } text ? text : null;
                }

                if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                {
                    return null;
                }

                address = location.IsAbsoluteUri ? location : new Uri(address, location);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException or UriFormatException or ArgumentException or NotSupportedException)
        {
            // Whatever the reason, there is no page.
        }

        return null;
    }

    private static string? Text(HttpResponseMessage response, CancellationToken limit)
    {
        // A read that waits ends when its connection is closed under it.
        using var end = limit.Register(static r => ((HttpResponseMessage)r!).Dispose(), response);
        using var content = response.Content.ReadAsStream(limit);
        var bytes = new byte[LargestPage + 1];
        var length = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (length > LargestPage || limit.IsCancellationRequested)
        {
            return null;
        }

        var charset = response.Content.Headers.ContentType?.CharSet?.Trim('"');
        var encoding = string.IsNullOrEmpty(charset) ? Encoding.UTF8 : Encoding.GetEncoding(charset);
        using var lines = new StreamReader(new MemoryStream(bytes, 0, length), encoding);
        var text = new StringBuilder();
        while (lines.ReadLine() is { } line)
        {
            text.Append(line);
        }

        return text.ToString();
    }
}
