using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>Stands between clients and a server, and remembers the first line of every request, as a proxy's log would. While the server is away, so is this.</summary>
internal sealed partial class RequestRecorder : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<string> _lines = [];
    private readonly int _target;
    private readonly Task _accepting;

    public RequestRecorder(Uri server)
    {
        _target = server.Port;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients are to send their requests.</summary>
    public Uri Address { get; }

    /// <summary>Method, address and version of every request, as they were written.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(PassAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        try
        {
            using var _ = client;
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            await server.ConnectAsync(IPAddress.Loopback, _target, ended.Token);
            var answers = server.GetStream().CopyToAsync(client.GetStream(), ended.Token);
            await Task.WhenAny(RecordAsync(client.GetStream(), server.GetStream(), ended.Token), answers);
            await ended.CancelAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The client sees a connection that closes, as of a server that is away.
        }
    }

    private async Task RecordAsync(NetworkStream client, NetworkStream server, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        var line = new StringBuilder();
        int read;
        while ((read = await client.ReadAsync(buffer, cancellationToken)) > 0)
        {
            foreach (var letter in Encoding.Latin1.GetString(buffer, 0, read))
            {
                if (letter != '\n')
                {
                    line.Append(letter);
                    continue;
                }

                if (RequestLine().Match(line.ToString()) is { Success: true } found)
                {
                    _lines.Add(found.Value.TrimEnd());
                }

                line.Clear();
            }

            await server.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    // A request may follow a body that ends without a line of its own.
    [GeneratedRegex(@"(GET|HEAD|POST|PUT|DELETE|OPTIONS) \S+ HTTP/1\.1\r?$")]
    private static partial Regex RequestLine();
}
