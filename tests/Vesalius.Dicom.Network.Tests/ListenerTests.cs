using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Dicom.Network.Tests;

/// <summary>The storage provider with DCMTK as its peer, and with peers that misbehave (R1).</summary>
public sealed class ListenerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed class Recorder : IAssociationPolicy, IStoreHandler
    {
        public ConcurrentQueue<(StoreRequest Request, long Length)> Stored { get; } = new();

        public int Abandoned;

        public AssociationDecision Decide(AssociatePdu request, AssociationInfo association) =>
            association.CalledAeTitle == "US" ? AssociationDecision.Accept(this) : AssociationDecision.Reject(AssociationRejection.CalledAeTitleNotRecognised);

        public IObjectSink BeginObject(StoreRequest request) => new Sink(this, request);

        private sealed class Sink(Recorder recorder, StoreRequest request) : IObjectSink
        {
            private long _length;
            private bool _completed;

            public ValueTask WriteAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken)
            {
                _length += fragment.Length;
                return ValueTask.CompletedTask;
            }

            public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
            {
                _completed = true;
                recorder.Stored.Enqueue((request, _length));
                return ValueTask.FromResult(DimseStatus.Success);
            }

            public ValueTask DisposeAsync()
            {
                if (!_completed)
                {
                    Interlocked.Increment(ref recorder.Abandoned);
                }

                return ValueTask.CompletedTask;
            }
        }
    }

    private static DicomListener Listen(Recorder recorder, AssociationLimits? limits = null)
    {
        var listener = new DicomListener(IPAddress.Loopback, 0, recorder, limits ?? new AssociationLimits { StopGrace = TimeSpan.FromSeconds(1) }, NullLogger.Instance);
        listener.Start();
        return listener;
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/" + program), $"{program} is not installed.");
        var start = new ProcessStartInfo("/usr/bin/" + program) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["TCP_NODELAY"] = "1";
        using var process = Process.Start(start)!;
        var reading = Task.WhenAll(process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        await reading;
        return process.ExitCode;
    }

    private static string Port(DicomListener listener) => listener.LocalPort.ToString(CultureInfo.InvariantCulture);

    /// <summary>C-ECHO, and the right rejection for a title that nobody has.</summary>
    [Fact]
    public async Task Echo_is_answered_and_an_unknown_title_rejected()
    {
        await using var listener = Listen(new Recorder());
        Assert.Equal(0, await RunAsync("echoscu", "-aec", "US", "127.0.0.1", Port(listener)));
        Assert.NotEqual(0, await RunAsync("echoscu", "-aec", "NOBODY", "127.0.0.1", Port(listener)));
        Assert.Equal(0, await RunAsync("echoscu", "-aec", "US", "--repeat", "20", "127.0.0.1", Port(listener)));
    }

    /// <summary>Compressed and plain objects come in the syntax that they are sent in.</summary>
    [Theory]
    [InlineData("-xy", "studies/us-stress-echo-acuson", "1.2.840.10008.1.2.4.50")]
    [InlineData("-xe", "studies/mr-epi-phantom-ge", "1.2.840.10008.1.2.1")]
    [InlineData("-xi", "studies/rt-breast", "1.2.840.10008.1.2")]
    public async Task Objects_arrive_whole_in_the_syntax_they_were_sent_in(string option, string folder, string syntax)
    {
        var path = SharedData.Require(["data", "dicom", .. folder.Split('/')]);
        var recorder = new Recorder();
        await using var listener = Listen(recorder);
        Assert.Equal(0, await RunAsync("storescu", "-aec", "US", option, "+sd", "+r", "127.0.0.1", Port(listener), path));
        Assert.NotEmpty(recorder.Stored);
        Assert.All(recorder.Stored, s => Assert.Equal(syntax, s.Request.TransferSyntaxUid));
        Assert.All(recorder.Stored, s => Assert.True(s.Length > 100));
    }

    /// <summary>The smallest and the largest PDU that DCMTK can.</summary>
    [Theory]
    [InlineData("4096")]
    [InlineData("131072")]
    public async Task Any_PDU_size_is_taken(string size)
    {
        var path = SharedData.Require("data", "dicom", "studies", "rt-breast");
        var recorder = new Recorder();
        await using var listener = Listen(recorder);
        Assert.Equal(0, await RunAsync("storescu", "-aec", "US", "--max-send-pdu", size, "+sd", "+r", "127.0.0.1", Port(listener), path));
        Assert.Equal(3, recorder.Stored.Count);
    }

    /// <summary>Names and passwords of user identity are taken politely.</summary>
    [Fact]
    public async Task User_identity_is_answered()
    {
        var path = SharedData.Require("data", "dicom", "studies", "rt-breast");
        await using var listener = Listen(new Recorder());
        Assert.Equal(0, await RunAsync("storescu", "-aec", "US", "-usr", "someone", "-pwd", "secret", "-rsp", "+sd", "+r", "127.0.0.1", Port(listener), path));
    }

    /// <summary>Five hundred associations are open in the same moment, and each stores an object.</summary>
    [Fact]
    public async Task Five_hundred_associations_at_once_are_served()
    {
        const int Count = 500;
        var folder = SharedData.Require("data", "dicom", "studies", "ct-head-phantom-philips");
        var outgoing = await OutgoingObject.ReadAsync(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First(), Token);
        var proposal = StorageProposal.Make("THEM", [outgoing]).Single().Proposal;
        var recorder = new Recorder();
        await using var listener = Listen(recorder);
        var peer = new RemoteApplication("127.0.0.1", listener.LocalPort, "US");
        var patient = new RequestorOptions { Connect = TimeSpan.FromMinutes(2), Artim = TimeSpan.FromMinutes(2), Response = TimeSpan.FromMinutes(2) };
        var associations = await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => RequestorAssociation.OpenAsync(peer, proposal, patient, NullLogger.Instance, Token)));
        Assert.All(associations, a => Assert.True(a.IsOpen));
        var answers = await Task.WhenAll(associations.Select(a => a.StoreAsync(outgoing, null, DimsePriority.Medium, Token)));
        Assert.All(answers, status => Assert.Equal(DimseStatus.Success.Code, status.Code));
        Assert.Equal(Count, recorder.Stored.Count);
        Assert.Single(recorder.Stored.Select(s => s.Length).Distinct());
        foreach (var association in associations)
        {
            await association.DisposeAsync();
        }

        Assert.Equal(0, recorder.Abandoned);
    }

    private static async Task<int> FirstByteAsync(TcpClient client)
    {
        var header = new byte[1];
        await client.GetStream().ReadExactlyAsync(header, Token);
        return header[0];
    }

    /// <summary>Bytes that are no PDU, and a length that lies, end in A-ABORT, and others are still served.</summary>
    [Theory]
    [InlineData(new byte[] { 0x99, 0, 0, 0, 0, 4, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0x01, 0, 0x7F, 0xFF, 0xFF, 0xFF })]
    [InlineData(new byte[] { 0x01, 0, 0, 0, 0, 2, 0, 0 })]
    [InlineData(new byte[] { 0x04, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 3 })]
    public async Task Invalid_PDU_is_aborted(byte[] bytes)
    {
        await using var listener = Listen(new Recorder());
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, listener.LocalPort, Token);
        await client.GetStream().WriteAsync(bytes, Token);
        Assert.Equal(0x07, await FirstByteAsync(client));
        Assert.Equal(0, await RunAsync("echoscu", "-aec", "US", "127.0.0.1", Port(listener)));
    }

    /// <summary>Who says nothing is let go after ARTIM.</summary>
    [Fact]
    public async Task Silent_peer_is_closed_after_ARTIM()
    {
        await using var listener = Listen(new Recorder(), new AssociationLimits { Artim = TimeSpan.FromMilliseconds(200) });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, listener.LocalPort, Token);
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1], Token));
    }

    /// <summary>Random bytes in the place of an association request: an answer or an end, never a crash.</summary>
    [Fact]
    public void Mutated_association_requests_are_decoded_or_refused()
    {
        var seed = AssociateCodec.Encode(new AssociatePdu
        {
            IsRequest = true, CalledAeTitle = "US", CallingAeTitle = "THEM",
            PresentationContexts = [new PresentationContext(1, "1.2.840.10008.5.1.4.1.1.2", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]), new PresentationContext(3, "1.2.3", ["1.2"])],
            Roles = [new RoleSelection("1.2.840.10008.5.1.4.1.1.2", true, false)], AsynchronousOperations = (0, 0),
            UserIdentity = new UserIdentity(2, true, "a"u8.ToArray(), "b"u8.ToArray()),
        })[6..];
        var random = new Random(5);
        var refused = 0;
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = (byte[])seed.Clone();
            for (var n = random.Next(1, 6); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                AssociateCodec.Decode(random.Next(3) == 0 ? bytes[..random.Next(bytes.Length)] : bytes, isRequest: true);
            }
            catch (PduException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1, 99_999);
    }

    /// <summary>What was encoded is decoded as it was.</summary>
    [Fact]
    public void Association_request_survives_the_round_trip()
    {
        var pdu = new AssociatePdu
        {
            IsRequest = true, CalledAeTitle = "CALLED", CallingAeTitle = "CALLING", MaximumLength = 12345, AsynchronousOperations = (3, 4),
            PresentationContexts = [new PresentationContext(5, "1.2.3", ["1.2", "1.3"])], Roles = [new RoleSelection("1.2.3", true, true)],
        };
        var back = AssociateCodec.Decode(AssociateCodec.Encode(pdu).AsSpan(6), isRequest: true);
        Assert.Equal(("CALLED", "CALLING", 12345u), (back.CalledAeTitle, back.CallingAeTitle, back.MaximumLength));
        Assert.Equal(((ushort)3, (ushort)4), back.AsynchronousOperations);
        Assert.Equal(["1.2", "1.3"], Assert.Single(back.PresentationContexts).TransferSyntaxes);
        Assert.Equal(pdu.Roles, back.Roles);
    }

    /// <summary>Every event has an answer in every state where it can occur (PS3.8 Table 9-10).</summary>
    [Fact]
    public void State_table_aborts_what_is_out_of_place_and_ignores_it_at_the_end()
    {
        foreach (var pdu in (UpperLayerEvent[])[UpperLayerEvent.AssociateAcPdu, UpperLayerEvent.AssociateRjPdu, UpperLayerEvent.DataPdu, UpperLayerEvent.ReleaseRpPdu, UpperLayerEvent.InvalidPdu])
        {
            Assert.Equal(new UpperLayerTransition(UpperLayerAction.AA_1, UpperLayerState.Sta13), StateTable.Find(pdu, UpperLayerState.Sta2));
            Assert.Equal(new UpperLayerTransition(UpperLayerAction.AA_8, UpperLayerState.Sta13), StateTable.Find(pdu, UpperLayerState.Sta3));
            Assert.Equal(UpperLayerState.Sta13, StateTable.Find(pdu, UpperLayerState.Sta13)!.Value.Next);
        }

        Assert.Equal(new UpperLayerTransition(UpperLayerAction.DT_2, UpperLayerState.Sta6), StateTable.Find(UpperLayerEvent.DataPdu, UpperLayerState.Sta6));
        Assert.Equal(new UpperLayerTransition(UpperLayerAction.AR_2, UpperLayerState.Sta8), StateTable.Find(UpperLayerEvent.ReleaseRqPdu, UpperLayerState.Sta6));
        Assert.Equal(new UpperLayerTransition(UpperLayerAction.AR_8, UpperLayerState.Sta9), StateTable.Find(UpperLayerEvent.ReleaseRqPdu, UpperLayerState.Sta7));
        Assert.Null(StateTable.Find(UpperLayerEvent.AssociateAccept, UpperLayerState.Sta6));
    }
}
