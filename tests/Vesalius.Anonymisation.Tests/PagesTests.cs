using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary><c>getURL</c> reads what an administrator allows, and nothing else.</summary>
public sealed class PagesTests : IDisposable
{
    // A web server of a few lines, so that it can answer wrongly, slowly and never.
    private sealed class Server : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();

        public Server(Func<string, byte[]> answer, bool drips = false)
        {
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _ = Task.Run(() => ServeAsync(answer, drips));
        }

        public int Port { get; }

        public ConcurrentBag<string> Asked { get; } = [];

        private async Task ServeAsync(Func<string, byte[]> answer, bool drips)
        {
            while (!_stop.IsCancellationRequested)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                _ = Task.Run(async () =>
                {
                    using (client)
                    {
                        var stream = client.GetStream();
                        using var reader = new StreamReader(stream, leaveOpen: true);
                        var path = (await reader.ReadLineAsync(_stop.Token))!.Split(' ')[1];
                        while (!string.IsNullOrEmpty(await reader.ReadLineAsync(_stop.Token)))
                        {
                        }

                        Asked.Add(path);
                        foreach (var part in drips ? answer(path).Select(b => new[] { b }) : [answer(path)])
                        {
                            await stream.WriteAsync(part, _stop.Token);
                            if (drips)
                            {
                                await Task.Delay(50, _stop.Token);
                            }
                        }
                    }
                });
            }
        }

        public void Dispose()
        {
            _stop.Cancel();
            _listener.Dispose();
            _stop.Dispose();
        }
    }

    private readonly Server _server = new(path => path switch
    {
        "/codes/1" => Page("A-17\r\nB\n"),
        "/codes/umlaut" => Page("M\u00fcller", "text/plain; charset=iso-8859-1", Encoding.Latin1),
        "/codes/empty" => Page(""),
        "/codes/large" => Page(new string('x', AllowedPages.LargestPage + 1)),
        "/codes/full" => Page(new string('x', AllowedPages.LargestPage)),
        "/codes/endless" => "HTTP/1.1 200 OK\r\n\r\n"u8.ToArray().Concat(new byte[1 << 20]).ToArray(),
        "/codes/here" => "HTTP/1.1 302 Found\r\nLocation: /codes/1\r\nContent-Length: 0\r\n\r\n"u8.ToArray(),
        "/codes/round" => "HTTP/1.1 302 Found\r\nLocation: /codes/round\r\nContent-Length: 0\r\n\r\n"u8.ToArray(),
        "/codes/out" => "HTTP/1.1 302 Found\r\nLocation: /secret\r\nContent-Length: 0\r\n\r\n"u8.ToArray(),
        "/codes/nonsense" => "nonsense\r\n\r\n"u8.ToArray(),
        _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"u8.ToArray(),
    });

    private static byte[] Page(string text, string type = "text/plain", Encoding? encoding = null)
    {
        var body = (encoding ?? Encoding.UTF8).GetBytes(text);
        return [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
    }

    private string Base => $"http://127.0.0.1:{_server.Port}";

    private static string? Run(string url, AllowedPages? pages)
    {
        var dataSet = new DataSet();
        var script = DicomEditScript.Compile($"version \"6.7\"\n\n(0008,1030) := getURL[\"{url}\"]");
        try
        {
            script.Apply(dataSet, new ScriptContext { Web = pages }, TestContext.Current.CancellationToken);
        }
        catch (ScriptRunException e)
        {
            Assert.Equal(3, e.Position.Line);
            // An address may name a patient.
            Assert.DoesNotContain("127.0.0.1", e.Reason, StringComparison.Ordinal);
            return null;
        }

        return dataSet.GetString(Tag.StudyDescription);
    }

    private AllowedPages Pages(string? allowed = null) => new(AllowedAddresses.Parse(allowed ?? Base + "/codes/"));

    /// <summary>Pages that are allowed.</summary>
    [Theory]
    [InlineData("/codes/1", "A-17B")]
    [InlineData("/codes/umlaut", "M\u00fcller")]
    [InlineData("/codes/here", "A-17B")]
    public void Allowed_page_is_read_with_its_lines_joined(string path, string expected) => Assert.Equal(expected, Run(Base + path, Pages()));

    /// <summary>A page of just the size that is allowed, asked for by its whole address.</summary>
    [Fact]
    public void Page_may_be_as_large_as_the_limit() => Assert.Equal(AllowedPages.LargestPage, Run(Base + "/codes/full", Pages(Base + "/codes/full"))!.Length);

    /// <summary>What gives nothing fails the object.</summary>
    [Theory]
    [InlineData("/codes/empty")]
    [InlineData("/codes/large")]
    [InlineData("/codes/endless")]
    [InlineData("/codes/missing")]
    [InlineData("/codes/round")]
    [InlineData("/codes/out")]
    [InlineData("/codes/nonsense")]
    public void Page_that_gives_nothing_fails_the_object(string path)
    {
        Assert.Null(Run(Base + path, Pages()));
        Assert.DoesNotContain("/secret", _server.Asked);
    }

    /// <summary>Nobody is asked who is not on the list: none by default, other hosts, ports, schemes, folders.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:{0}/codes/1", "")]
    [InlineData("http://127.0.0.1:{0}/codes/1", "https://127.0.0.1:{0}")]
    [InlineData("http://127.0.0.1:{0}/codes/1", "http://127.0.0.1")]
    [InlineData("http://127.0.0.1:{0}/codes/1", "http://127.0.0.1:{0}/other/")]
    [InlineData("http://127.0.0.1:{0}/codes/../secret", "http://127.0.0.1:{0}/codes/")]
    [InlineData("http://127.0.0.1:{0}/codes/%2e%2e/secret", "http://127.0.0.1:{0}/codes/")]
    [InlineData("http://127.0.0.1:{0}/codes/..%2fsecret", "http://127.0.0.1:{0}/codes/")]
    [InlineData("http://127.0.0.1:{0}/codesandmore", "http://127.0.0.1:{0}/codes")]
    [InlineData("http://user:word@127.0.0.1:{0}/codes/1", "http://127.0.0.1:{0}/codes/")]
    [InlineData("http://localhost:{0}/codes/1", "http://127.0.0.1:{0}/codes/")]
    [InlineData("file:///etc/hostname", "file:///etc")]
    [InlineData("http://127.0.0.1:{0}/codes/1", "http://*:{0}")]
    [InlineData("nonsense", "http://127.0.0.1:{0}")]
    public void Address_that_is_not_listed_is_not_asked(string url, string allowed)
    {
        var port = _server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Null(Run(url.Replace("{0}", port, StringComparison.Ordinal), Pages(allowed.Replace("{0}", port, StringComparison.Ordinal))));
        Assert.Empty(_server.Asked);
    }

    /// <summary>Where no list was given at all.</summary>
    [Fact]
    public void Nothing_is_asked_where_the_site_allows_nothing()
    {
        Assert.Null(Run(Base + "/codes/1", null));
        Assert.Empty(_server.Asked);
    }

    /// <summary>A server may send on to another only if that one is listed too.</summary>
    [Fact]
    public void Redirection_leads_to_listed_hosts_only()
    {
        using var sender = new Server(_ => Encoding.ASCII.GetBytes($"HTTP/1.1 301 Moved\r\nLocation: {Base}/codes/1\r\nContent-Length: 0\r\n\r\n"));
        var address = $"http://127.0.0.1:{sender.Port}/";
        Assert.Null(Run(address, Pages(address)));
        Assert.Empty(_server.Asked);
        Assert.Equal("A-17B", Run(address, Pages($"{address}, {Base}")));
    }

    /// <summary>Each page is asked for once, however many objects want it, and a failure is not tried again.</summary>
    [Fact]
    public void Page_is_asked_for_once()
    {
        var pages = Pages();
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("A-17B", Run(Base + "/codes/1", pages));
            Assert.Null(Run(Base + "/codes/missing", pages));
        }

        Assert.Equal(["/codes/1", "/codes/missing"], _server.Asked.Order());
    }

    /// <summary>Servers that say nothing, or say it for ever, do not hold anybody.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Slow_server_fails_the_object(bool drips)
    {
        using var slow = new Server(_ => drips ? [.. "HTTP/1.1 200 OK\r\n\r\n"u8, .. new byte[1 << 20]] : [], drips);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = drips ? slow.Port : ((IPEndPoint)silent.LocalEndpoint).Port;
        var address = $"http://127.0.0.1:{port}/";
        Assert.Null(Run(address, new AllowedPages(AllowedAddresses.Parse(address), TimeSpan.FromSeconds(drips ? 2 : 0.3))));
    }

    /// <inheritdoc/>
    public void Dispose() => _server.Dispose();
}
