using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Dicom.Network.Tests;

/// <summary>QIDO-RS and WADO-RS as user, with Orthanc and with answers that no server should give (R4).</summary>
public sealed class DicomWebClientTests(FilledPeers peers) : IClassFixture<FilledPeers>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private DicomWebClient Client(int pageSize = 200)
    {
        Assert.SkipWhen(peers.Orthanc is null, "Sample data, DCMTK or Orthanc with DICOMweb are absent.");
        return new DicomWebClient(new DicomWebOptions
        {
            Root = peers.Orthanc.DicomWebRoot, Authorization = DicomWebOptions.Basic(OrthancServer.User, OrthancServer.Password), PageSize = pageSize,
        });
    }

    /// <summary>Down from studies to instances, in one page or in many.</summary>
    [Theory]
    [InlineData(200)]
    [InlineData(7)]
    public async Task Query_goes_down_from_study_to_instance(int pageSize)
    {
        using var client = Client(pageSize);
        var studies = await client.FindAsync(QueryLevel.Study, [], QueryIdentifier.UsualKeys(QueryLevel.Study), cancellationToken: Token).ToListAsync(Token);
        Assert.True(studies.Count > 7);
        Assert.Equal(studies.Count, studies.Select(s => s.GetString(Tag.StudyInstanceUID)).Distinct().Count());
        var study = QueryMoveTests.HeadStudy();
        var series = await client.FindAsync(QueryLevel.Series, [new(Tag.StudyInstanceUID, study)], cancellationToken: Token).ToListAsync(Token);
        var found = new List<string>();
        foreach (var one in series)
        {
            await foreach (var instance in client.FindAsync(
                QueryLevel.Image, [new(Tag.StudyInstanceUID, study), new(Tag.SeriesInstanceUID, one.GetString(Tag.SeriesInstanceUID)!)], cancellationToken: Token))
            {
                found.Add(instance.GetString(Tag.SOPInstanceUID)!);
            }
        }

        Assert.Equal(QueryMoveTests.Files("mr-epi-phantom-ge").Select(f => f.Instance).Order(), found.Order());
    }

    /// <summary>Nothing found is no error.</summary>
    [Fact]
    public async Task Query_without_match_ends_empty()
    {
        using var client = Client();
        Assert.Empty(await client.FindAsync(QueryLevel.Study, [new(Tag.PatientID, "nobody & has=this")], isFuzzy: true, cancellationToken: Token).ToListAsync(Token));
    }

    /// <summary>A study with compressed objects comes with the data sets of its files.</summary>
    [Theory]
    [InlineData("us-stress-echo-acuson")]
    [InlineData("mr-epi-phantom-ge")]
    public async Task Study_is_retrieved_as_it_is_kept(string study)
    {
        using var client = Client();
        var files = QueryMoveTests.Files(study);
        var count = 0;
        await foreach (var content in client.RetrieveAsync(files[0].Study, cancellationToken: Token))
        {
            using var bytes = new MemoryStream();
            await content.CopyToAsync(bytes, Token);
            var file = Part10File.Read(bytes.ToArray());
            var sent = await OutgoingObject.ReadAsync(files.Single(f => f.Instance == file.DataSet.GetString(Tag.SOPInstanceUID)).Path, Token);
            await using var original = sent.DataSet.OpenRead();
            Assert.Equal(sent.TransferSyntaxUid, file.TransferSyntax.Uid);
            Assert.Equal(await SHA256.HashDataAsync(original, Token), SHA256.HashData(bytes.ToArray().AsSpan(file.Prefix.Length)));
            count++;
        }

        Assert.Equal(files.Count, count);
    }

    /// <summary>Objects that are not read are passed over; what does not exist is told as such, and so is a wrong password.</summary>
    [Fact]
    public async Task Missing_study_and_wrong_password_are_told_apart()
    {
        using var client = Client();
        Assert.Equal(QueryMoveTests.Files("rt-breast").Count, await client.RetrieveAsync(QueryMoveTests.Files("rt-breast")[0].Study, cancellationToken: Token).CountAsync(Token));
        Assert.Equal(DicomWebFault.NotFound, await FaultAsync(() => client.RetrieveAsync("1.2.3.4", cancellationToken: Token).CountAsync(Token)));
        using var stranger = new DicomWebClient(new DicomWebOptions { Root = peers.Orthanc!.DicomWebRoot, Authorization = DicomWebOptions.Bearer("no") });
        Assert.Equal(DicomWebFault.NotAuthorised, await FaultAsync(() => stranger.FindAsync(QueryLevel.Study, [], cancellationToken: Token).CountAsync(Token)));
    }

    /// <summary>What is no UID never becomes part of an address.</summary>
    [Theory]
    [InlineData("../instances", null, null)]
    [InlineData("1.2", "x", null)]
    [InlineData("1.2", null, "1.3")]
    [InlineData("..", null, null)]
    public async Task Address_is_made_of_uids_only(string study, string? series, string? instance)
    {
        using var client = new DicomWebClient(new DicomWebOptions { Root = new Uri("http://127.0.0.1:9/") });
        await Assert.ThrowsAsync<ArgumentException>(() => client.RetrieveAsync(study, series, instance, Token).CountAsync(Token).AsTask());
    }

    private const string Multipart = "Content-Type: multipart/related; type=\"application/dicom\"; boundary=B\r\n\r\n";

    public static TheoryData<string, string, DicomWebFault> BadRetrievals => new()
    {
        { "200 OK", Multipart + "--B\r\nContent-Type: application/dicom\r\n\r\nDATA\r\n", DicomWebFault.InvalidAnswer },
        { "200 OK", Multipart + "--B\r\nContent-Type: application/dicom\r\nX: " + new string('x', 40_000) + "\r\n\r\nDATA\r\n--B--\r\n", DicomWebFault.InvalidAnswer },
        { "200 OK", Multipart + "--B\r\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"X{i}: 1\r\n")) + "\r\nDATA\r\n--B--\r\n", DicomWebFault.InvalidAnswer },
        { "200 OK", Multipart + "--B\r\nContent-Type: text/html\r\n\r\nDATA\r\n--B--\r\n", DicomWebFault.InvalidAnswer },
        { "200 OK", Multipart + "no boundary at all", DicomWebFault.InvalidAnswer },
        { "200 OK", Multipart, DicomWebFault.InvalidAnswer },
        { "200 OK", "Content-Type: text/html\r\n\r\nHello", DicomWebFault.InvalidAnswer },
        { "200 OK", "Content-Type: multipart/related\r\n\r\n--B--", DicomWebFault.InvalidAnswer },
        { "200 OK", "Content-Length: 500\r\n" + Multipart + "--B\r\nContent-Type: application/dicom\r\n\r\nDATA", DicomWebFault.Unreachable },
        { "200 OK", "X: " + new string('x', 100_000) + "\r\n\r\n", DicomWebFault.InvalidAnswer },
        { "302 Found", "Location: http://127.0.0.1:9/elsewhere\r\n\r\n", DicomWebFault.Refused },
        { "406 Not Acceptable", "\r\n", DicomWebFault.NotAcceptable },
        { "503 Service Unavailable", "\r\n", DicomWebFault.Busy },
        { "500 Oops", "\r\n", DicomWebFault.ServerFailed },
    };

    /// <summary>Each malformed or refusing answer to a retrieval has its reason, and none is taken for the end of a study.</summary>
    [Theory]
    [MemberData(nameof(BadRetrievals))]
    public async Task Bad_answer_to_a_retrieval_is_told_by_its_reason(string status, string rest, DicomWebFault expected)
    {
        await using var server = new RawServer(_ => $"HTTP/1.1 {status}\r\nConnection: close\r\n{rest}");
        using var client = new DicomWebClient(new DicomWebOptions { Root = server.Root });
        Assert.Equal(expected, await FaultAsync(async () =>
        {
            await foreach (var content in client.RetrieveAsync("1.2.3", cancellationToken: Token))
            {
                await content.CopyToAsync(Stream.Null, Token);
            }

            return 0;
        }));
    }

    /// <summary>Answers to queries too, and no text of theirs is in the error.</summary>
    [Theory]
    [InlineData("application/dicom+json", "[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]}}, {\"Doe^John\":")]
    [InlineData("application/dicom+json", "{\"Doe^John\":1}")]
    [InlineData("application/dicom+json", "[{\"Doe^John\":{}}]")]
    [InlineData("application/dicom+json", "[7]")]
    [InlineData("text/html", "<p>Doe^John</p>")]
    public async Task Bad_answer_to_a_query_is_told_without_its_text(string type, string body)
    {
        await using var server = new RawServer(_ => $"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {type}\r\n\r\n{body}");
        using var client = new DicomWebClient(new DicomWebOptions { Root = server.Root });
        var fault = await Assert.ThrowsAsync<DicomWebException>(() => client.FindAsync(QueryLevel.Study, [], cancellationToken: Token).CountAsync(Token).AsTask());
        Assert.Equal(DicomWebFault.InvalidAnswer, fault.Fault);
        Assert.DoesNotContain("Doe", fault.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A server that ignores the offset is not asked for ever, and nothing is told twice; 204 is an empty answer.</summary>
    [Theory]
    [InlineData(false, 1, 2)]
    [InlineData(true, 0, 1)]
    public async Task Server_without_paging_is_asked_once_more_at_most(bool isEmpty, int answers, int requests)
    {
        await using var server = new RawServer(_ => isEmpty
            ? "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
            : "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]}}]");
        using var client = new DicomWebClient(new DicomWebOptions { Root = server.Root });
        Assert.Equal(answers, await client.FindAsync(QueryLevel.Study, [new(Tag.PatientName, "A^B*")], isFuzzy: true, cancellationToken: Token).CountAsync(Token));
        Assert.Equal(requests, server.Requests.Count);
        Assert.Contains("00100010=A%5EB*&fuzzymatching=true&limit=200&offset=0", server.Requests.First(), StringComparison.Ordinal);
    }

    /// <summary>Silence is given up, and nobody there is told as such.</summary>
    [Fact]
    public async Task Silent_and_absent_servers_are_given_up()
    {
        await using var server = new RawServer(_ => null);
        using var client = new DicomWebClient(new DicomWebOptions { Root = server.Root, Query = TimeSpan.FromMilliseconds(200) });
        Assert.Equal(DicomWebFault.TimedOut, await FaultAsync(() => client.FindAsync(QueryLevel.Study, [], cancellationToken: Token).CountAsync(Token)));
        using var nobody = new DicomWebClient(new DicomWebOptions { Root = new Uri($"http://127.0.0.1:{FreePort.Take()}") });
        Assert.Equal(DicomWebFault.Unreachable, await FaultAsync(() => nobody.FindAsync(QueryLevel.Study, [], cancellationToken: Token).CountAsync(Token)));
    }

    private static async Task<DicomWebFault> FaultAsync(Func<ValueTask<int>> act) => (await Assert.ThrowsAsync<DicomWebException>(async () => await act())).Fault;

    // Answers each connection's first request with given text, and closes; null is silence.
    private sealed class RawServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _end = new();
        private readonly Task _serving;

        public RawServer(Func<string, string?> answer)
        {
            _listener.Start();
            _serving = ServeAsync(answer);
        }

        public Uri Root => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/root");

        public ConcurrentQueue<string> Requests { get; } = new();

        private async Task ServeAsync(Func<string, string?> answer)
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync(_end.Token);
                    var stream = client.GetStream();
                    var buffer = new byte[16 * 1024];
                    var request = Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, _end.Token));
                    Requests.Enqueue(request);
                    if (answer(request) is { } text)
                    {
                        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), _end.Token);
                        client.Client.Shutdown(SocketShutdown.Send);
                    }

                    // Until the client has closed: an early close could take what it has not read yet.
                    while (await stream.ReadAsync(buffer, _end.Token) > 0)
                    {
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or InvalidOperationException or SocketException)
            {
                // The end of the test.
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            _listener.Stop();
            await _serving;
            _end.Dispose();
        }
    }
}
