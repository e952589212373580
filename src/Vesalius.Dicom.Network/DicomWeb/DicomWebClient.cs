using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Vesalius.Dicom.Network;

/// <summary>User of a DICOMweb server's QIDO-RS and WADO-RS (PS3.18 §10.4, §10.6). May be used for several requests at once.</summary>
/// <remarks>Redirections are not followed, and requests are not logged: their addresses hold identifiers.</remarks>
public sealed partial class DicomWebClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly DicomWebOptions _options;
    private readonly Uri _root;

    /// <summary>Makes a client with connections of its own.</summary>
    /// <exception cref="ArgumentException">The root is no absolute http or https address.</exception>
    public DicomWebClient(DicomWebOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.Root.IsAbsoluteUri || options.Root.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException("The root of a DICOMweb server is an absolute http or https address.", nameof(options));
        }

        _options = options;
        _root = options.Root.AbsoluteUri.EndsWith('/') ? options.Root : new Uri(options.Root.AbsoluteUri + "/");
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10) };
        if (options.Tls is { } tls)
        {
            handler.SslOptions = tls.ToOptions(options.Root.Host);
        }

        _http = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    private async Task<HttpResponseMessage> GetAsync(string path, MediaTypeWithQualityHeaderValue accept, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_root, path));
        request.Headers.Accept.Add(accept);
        request.Headers.Authorization = _options.Authorization;
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(patience);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, source.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DicomWebException(DicomWebFault.TimedOut, inner: e);
        }
        catch (HttpRequestException e)
        {
            // What is no HTTP, or has endless headers, is an answer all the same.
            throw new DicomWebException(
                e.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded ? DicomWebFault.InvalidAnswer : DicomWebFault.Unreachable,
                e.HttpRequestError.ToString(), inner: e);
        }

        // 206: some of what matches could not be sent (PS3.18 §10.4.3.1); what comes is good.
        if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NoContent or HttpStatusCode.PartialContent)
        {
            return response;
        }

        response.Dispose();
        throw new DicomWebException(DicomWebException.FaultOf(response.StatusCode), status: response.StatusCode);
    }

    private static async Task<AnswerStream> OpenAsync(HttpResponseMessage response, TimeSpan silence, long? maximumLength, CancellationToken cancellationToken) =>
        new(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), silence, maximumLength);

    // UIDs become parts of the address, so nothing else may stand there.
    private static bool IsUid(string? text) => text is { Length: > 0 and <= 64 } && text.All(c => char.IsAsciiDigit(c) || c == '.') && text.Any(char.IsAsciiDigit);

    private static string Hex(Tag tag) => ((uint)((tag.Group << 16) | tag.Element)).ToString("X8", CultureInfo.InvariantCulture);

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _http.Dispose();
}
