using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Dicom.Network.Tests;

/// <summary>C-GET as user with DCMTK, Orthanc and the faulty PACS as peers (R4).</summary>
public sealed class GetTests(FilledPeers peers) : IClassFixture<FilledPeers>
{
    private const string MagneticResonance = "1.2.840.10008.5.1.4.1.1.4";

    private readonly StoreRecorder _taken = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DataSet Head => QueryIdentifier.Make(QueryLevel.Study, [new(Tag.StudyInstanceUID, QueryMoveTests.HeadStudy())]);

    private static Task<RequestorAssociation> OpenAsync(RemoteApplication peer, IReadOnlyCollection<string>? classes = null) => RequestorAssociation.OpenAsync(
        peer, QueryRetrieveProposal.Make("US", QueryModel.StudyRoot, QueryRetrieveServices.Echo | QueryRetrieveServices.Get, null, classes), new RequestorOptions(), NullLogger.Instance, Token);

    private static Task<FaultyPacs> StartFaultyAsync(params string[] studies) =>
        FaultyPacs.StartAsync([], studies.Select(s => SharedData.Require("data", "dicom", "studies", s)), Token);

    private static RemoteApplication Address(FaultyPacs pacs) => new("127.0.0.1", pacs.Port, FaultyPacs.AeTitle);

    private async Task AssertBytesOfFilesAsync(string study)
    {
        Assert.Equal(QueryMoveTests.Files(study).Select(f => f.Instance).Order(), _taken.Instances.Order());
        foreach (var (request, digest, _) in _taken.Stored)
        {
            var sent = await OutgoingObject.ReadAsync(QueryMoveTests.Files(study).Single(f => f.Instance == request.SopInstanceUid).Path, Token);
            await using var bytes = sent.DataSet.OpenRead();
            Assert.Equal((sent.TransferSyntaxUid, Convert.ToHexString(await SHA256.HashDataAsync(bytes, Token))), (request.TransferSyntaxUid, digest));
        }
    }

    /// <summary>A whole study comes over the association that asked for it, whether its class was named or the usual ones are proposed.</summary>
    [Theory]
    [InlineData("Orthanc", true)]
    [InlineData("Orthanc", false)]
    [InlineData("dcmqrscp", true)]
    [InlineData("dcmqrscp", false)]
    public async Task Study_is_fetched_from_a_real_peer(string peer, bool isNamed)
    {
        await using var association = await OpenAsync(peers.Find(peer), isNamed ? [MagneticResonance] : null);
        var last = await association.GetAsync(QueryModel.StudyRoot, Head, _taken, cancellationToken: Token).LastAsync(Token);
        Assert.True(last.IsFinal && last.IsWholeSuccess);
        Assert.Equal(QueryMoveTests.Files("mr-epi-phantom-ge").Select(f => f.Instance).Order(), _taken.Instances.Order());
        Assert.All(_taken.Stored, s => Assert.Equal((peers.Find(peer).AeTitle, "US"), (s.Request.Association.CallingAeTitle, s.Request.Association.CalledAeTitle)));
        await association.EchoAsync(Token);
        await association.ReleaseAsync(Token);
    }

    /// <summary>Compressed objects and those of several classes come with the bytes that the peer keeps.</summary>
    [Theory]
    [InlineData("us-stress-echo-acuson")]
    [InlineData("rt-breast")]
    public async Task Objects_come_as_they_are_kept(string study)
    {
        await using var pacs = await StartFaultyAsync(study);
        await using var association = await OpenAsync(Address(pacs), pacs.Catalogue.Objects.Select(o => o.Outgoing.SopClassUid).Distinct().ToList());
        var identifier = QueryIdentifier.Make(QueryLevel.Study, [new(Tag.StudyInstanceUID, pacs.Catalogue.Objects[0].Study)]);
        var progress = await association.GetAsync(QueryModel.StudyRoot, identifier, _taken, cancellationToken: Token).ToListAsync(Token);
        Assert.True(progress[^1].IsWholeSuccess);
        Assert.Equal(pacs.Catalogue.Objects.Count + 1, progress.Count);
        await AssertBytesOfFilesAsync(study);
    }

    /// <summary>The proposal never has more contexts than an association can carry, and asks for the provider's role of each class.</summary>
    [Fact]
    public void Proposal_keeps_within_128_contexts()
    {
        var proposal = QueryRetrieveProposal.Make("US", QueryModel.StudyRoot, QueryRetrieveServices.Echo | QueryRetrieveServices.Find | QueryRetrieveServices.Get);
        Assert.Equal(AssociationProposal.MaximumContexts, proposal.Contexts.Count);
        Assert.All(proposal.Roles, r => Assert.True(r is { IsScp: true, IsScu: false }));
        Assert.Contains(proposal.Roles, r => r.SopClassUid == "1.2.840.10008.5.1.4.1.1.13.1.3");
        Assert.Equal(125, proposal.Roles.Count);
        Assert.Throws<ArgumentException>(() => QueryRetrieveProposal.Make(
            "US", QueryModel.StudyRoot, QueryRetrieveServices.Get, null, [.. Enumerable.Range(0, 128).Select(i => $"1.2.3.{i}")]));
    }

    /// <summary>Leaving the loop sends C-CANCEL; what came is whole, and the association goes on.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Retrieval_left_early_or_cancelled_leaves_the_association_usable(bool isByToken)
    {
        await using var pacs = await StartFaultyAsync("mr-epi-phantom-ge");
        pacs.Faults = new PacsFaults { Delay = TimeSpan.FromMilliseconds(20) };
        await using var association = await OpenAsync(Address(pacs), [MagneticResonance]);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Token);
        try
        {
            await foreach (var progress in association.GetAsync(QueryModel.StudyRoot, Head, _taken, cancellationToken: source.Token))
            {
                Assert.False(progress.IsFinal);
                if (!isByToken)
                {
                    break;
                }

                await source.CancelAsync();
            }
        }
        catch (OperationCanceledException) when (isByToken)
        {
            // The caller's own.
        }

        Assert.InRange(_taken.Stored.Count, 1, QueryMoveTests.Files("mr-epi-phantom-ge").Count - 1);
        Assert.Equal(0, _taken.Abandoned);
        await association.EchoAsync(Token);
    }

    /// <summary>An object that cannot be stored fails alone, and the peer names it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Object_whose_sink_fails_fails_alone(bool atBegin)
    {
        await using var pacs = await StartFaultyAsync("mr-epi-phantom-ge");
        await using var association = await OpenAsync(Address(pacs), [MagneticResonance]);
        var failing = new FailingOnce(_taken, atBegin);
        var last = await association.GetAsync(QueryModel.StudyRoot, Head, failing, cancellationToken: Token).LastAsync(Token);
        Assert.Equal((DimseStatusKind.Warning, 1, failing.Failed), (last.Kind, last.Failed, Assert.Single(last.FailedSopInstanceUids)));
        Assert.Equal(QueryMoveTests.Files("mr-epi-phantom-ge").Count - 1, _taken.Stored.Count);
    }

    /// <summary>A peer that dies leaves what was whole.</summary>
    [Fact]
    public async Task Peer_that_dies_leaves_whole_objects()
    {
        await using var pacs = await StartFaultyAsync("mr-epi-phantom-ge");
        pacs.Faults = new PacsFaults { DiesAfterObjects = 5 };
        await using var association = await OpenAsync(Address(pacs), [MagneticResonance]);
        var lost = await Assert.ThrowsAsync<AssociationException>(
            () => association.GetAsync(QueryModel.StudyRoot, Head, _taken, cancellationToken: Token).LastAsync(Token).AsTask());
        Assert.True(lost.IsTransient);
        Assert.Equal(5, _taken.Stored.Count);
    }

    private sealed class FailingOnce(IStoreHandler inner, bool atBegin) : IStoreHandler
    {
        public string Failed { get; private set; } = "";

        public IObjectSink BeginObject(StoreRequest request)
        {
            if (Failed.Length > 0)
            {
                return inner.BeginObject(request);
            }

            Failed = request.SopInstanceUid;
            return atBegin ? throw new IOException("No space.") : new Full();
        }

        private sealed class Full : IObjectSink
        {
            public ValueTask WriteAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken) => throw new IOException("No space.");

            public ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken) => ValueTask.FromResult(DimseStatus.Success);

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
