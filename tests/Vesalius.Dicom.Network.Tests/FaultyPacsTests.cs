using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Dicom.Network.Tests;

/// <summary>C-STORE as user, and C-MOVE with a PACS that makes every mistake (R4, R6).</summary>
public sealed class FaultyPacsTests : IAsyncLifetime
{
    private readonly StoreRecorder _recorder = new();
    private DicomListener? _receiver;
    private FaultyPacs? _pacs;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FaultyPacs Pacs => _pacs!;

    private RemoteApplication Peer => new("127.0.0.1", Pacs.Port, FaultyPacs.AeTitle);

    public async ValueTask InitializeAsync()
    {
        string[] folders = [.. new[] { "rt-breast", "mr-epi-phantom-ge", "us-stress-echo-acuson" }.Select(s => SharedData.Require("data", "dicom", "studies", s))];
        _receiver = new DicomListener(IPAddress.Loopback, 0, _recorder, new AssociationLimits { StopGrace = TimeSpan.FromSeconds(1) }, NullLogger.Instance);
        _receiver.Start();
        _pacs = await FaultyPacs.StartAsync([("RECEIVER", _receiver.LocalPort)], folders, Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_receiver is not null)
        {
            await _receiver.DisposeAsync();
        }

        if (_pacs is not null)
        {
            await _pacs.DisposeAsync();
        }
    }

    private Task<RequestorAssociation> OpenAsync() => RequestorAssociation.OpenAsync(
        Peer, QueryRetrieveProposal.Make("US", QueryModel.StudyRoot, QueryRetrieveServices.Echo | QueryRetrieveServices.Find | QueryRetrieveServices.Move),
        new RequestorOptions(), NullLogger.Instance, Token);

    private static DataSet Head => QueryIdentifier.Make(QueryLevel.Study, [new(Tag.StudyInstanceUID, QueryMoveTests.HeadStudy())]);

    private async Task<RetrieveProgress> MoveHeadAsync()
    {
        await using var association = await OpenAsync();
        var last = await association.MoveAsync(QueryModel.StudyRoot, Head, "RECEIVER", cancellationToken: Token).LastAsync(Token);
        await association.ReleaseAsync(Token);
        return last;
    }

    private static int HeadCount => QueryMoveTests.Files("mr-epi-phantom-ge").Count;

    /// <summary>Every object, compressed ones too, arrives with the bytes of its file.</summary>
    [Theory]
    [InlineData("rt-breast")]
    [InlineData("mr-epi-phantom-ge")]
    [InlineData("us-stress-echo-acuson")]
    public async Task Object_is_sent_with_the_bytes_of_its_file(string study)
    {
        var objects = Pacs.Catalogue.Objects.Where(o => QueryMoveTests.Files(study).Any(f => f.Instance == o.Instance)).Select(o => o.Outgoing).ToList();
        foreach (var (proposal, covered) in StorageProposal.Make("US", objects))
        {
            await using var association = await RequestorAssociation.OpenAsync(
                new RemoteApplication("127.0.0.1", _receiver!.LocalPort, "RECEIVER"), proposal, new RequestorOptions(), NullLogger.Instance, Token);
            foreach (var one in covered)
            {
                Assert.Equal(DimseStatus.Success, await association.StoreAsync(one, null, DimsePriority.Medium, Token));
            }

            await association.ReleaseAsync(Token);
        }

        Assert.Equal(objects.Select(o => o.SopInstanceUid).Order(), _recorder.Instances.Order());
        foreach (var stored in _recorder.Stored)
        {
            var sent = objects.Single(o => o.SopInstanceUid == stored.Request.SopInstanceUid);
            await using var bytes = sent.DataSet.OpenRead();
            Assert.Equal(Convert.ToHexString(await System.Security.Cryptography.SHA256.HashDataAsync(bytes, Token)), stored.Digest);
            Assert.Equal(sent.TransferSyntaxUid, stored.Request.TransferSyntaxUid);
        }
    }

    /// <summary>What the receiver answers comes back as it is, and the association goes on.</summary>
    [Fact]
    public async Task Refused_object_leaves_the_association_usable()
    {
        var one = Pacs.Catalogue.Objects[0].Outgoing;
        await using var association = await RequestorAssociation.OpenAsync(
            new RemoteApplication("127.0.0.1", _receiver!.LocalPort, "RECEIVER"), StorageProposal.Make("US", [one]).Single().Proposal, new RequestorOptions(), NullLogger.Instance, Token);
        _recorder.Answer = DimseStatus.OutOfResources("Full");
        Assert.Equal(0xA700, (await association.StoreAsync(one, null, DimsePriority.Medium, Token)).Code);
        var other = one with { TransferSyntaxUid = "1.2.840.10008.1.2.4.90" };
        Assert.Equal(AssociationFault.ContextNotAccepted, (await Assert.ThrowsAsync<AssociationException>(() => association.StoreAsync(other, null, DimsePriority.Medium, Token))).Fault);
        _recorder.Answer = DimseStatus.Success;
        Assert.Equal(DimseStatus.Success, await association.StoreAsync(one, null, DimsePriority.Medium, Token));
    }

    /// <summary>A file that is cut while it is sent ends the association, and no half object counts as received.</summary>
    [Fact]
    public async Task File_that_shrinks_ends_the_association()
    {
        var one = Pacs.Catalogue.Objects[0].Outgoing;
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, new byte[100], Token);
        var cut = one with { DataSet = new FileRange(path, 0, 1_000_000) };
        await using var association = await RequestorAssociation.OpenAsync(
            new RemoteApplication("127.0.0.1", _receiver!.LocalPort, "RECEIVER"), StorageProposal.Make("US", [one]).Single().Proposal, new RequestorOptions(), NullLogger.Instance, Token);
        await Assert.ThrowsAsync<InvalidDataException>(() => association.StoreAsync(cut, null, DimsePriority.Medium, Token));
        Assert.False(association.IsOpen);
        Assert.Empty(_recorder.Stored);
        File.Delete(path);
    }

    /// <summary>Without a fault everything comes, each object once, with the originator's name.</summary>
    [Fact]
    public async Task Whole_study_comes_from_a_faultless_peer()
    {
        var last = await MoveHeadAsync();
        Assert.True(last.IsWholeSuccess);
        Assert.Equal((HeadCount, 0), (last.Completed, last.Failed));
        Assert.Equal(QueryMoveTests.Files("mr-epi-phantom-ge").Select(f => f.Instance).Order(), _recorder.Instances.Order());
        Assert.All(_recorder.Stored, s => Assert.Equal("US", s.Request.MoveOriginatorAeTitle));
    }

    /// <summary>Half a series with success on top: only a comparison shows it, and the second retrieval brings the rest.</summary>
    [Fact]
    public async Task Half_a_series_is_called_a_success_once()
    {
        Pacs.Faults = new PacsFaults { HalfRetrievals = 1 };
        Assert.True((await MoveHeadAsync()).IsWholeSuccess);
        Assert.InRange(_recorder.Stored.Count, 1, HeadCount - 1);
        await MoveHeadAsync();
        Assert.Equal(HeadCount, _recorder.Instances.Distinct().Count());
    }

    /// <summary>Twice, foreign and miscounted.</summary>
    [Fact]
    public async Task Doubles_strangers_and_wrong_counts_are_delivered()
    {
        Pacs.Faults = new PacsFaults { DeliversTwice = true, ForeignObjects = 2, CountError = 5 };
        Assert.Equal((2 * HeadCount) + 2 + 5, (await MoveHeadAsync()).Completed);
        Assert.Equal((2 * HeadCount) + 2, _recorder.Stored.Count);
        Assert.Equal(HeadCount + 2, _recorder.Instances.Distinct().Count());
    }

    /// <summary>Refused by status in busy hours.</summary>
    [Fact]
    public async Task Busy_hours_refuse_by_status()
    {
        Pacs.Faults = new PacsFaults { Refusal = DimseStatus.OutOfResources("Busy") };
        Assert.Equal(DimseStatusKind.OutOfResources, (await MoveHeadAsync()).Kind);
        Assert.Empty(_recorder.Stored);
    }

    /// <summary>Dropped in the middle, then dead, then alive again.</summary>
    [Fact]
    public async Task Dropped_and_dead_peers_are_told_as_lost_and_unreachable()
    {
        Pacs.Faults = new PacsFaults { DroppedRetrievals = 1 };
        Assert.True((await Assert.ThrowsAsync<AssociationException>(MoveHeadAsync)).IsTransient);
        Pacs.Faults = new PacsFaults { DiesAfterObjects = 3 };
        Assert.Equal(AssociationFault.ConnectionLost, (await Assert.ThrowsAsync<AssociationException>(MoveHeadAsync)).Fault);
        Assert.Equal(AssociationFault.Unreachable, (await Assert.ThrowsAsync<AssociationException>(MoveHeadAsync)).Fault);
        Pacs.Revive();
        Assert.True((await MoveHeadAsync()).IsWholeSuccess);
    }

    /// <summary>Objects that the receiver refuses are counted and named.</summary>
    [Fact]
    public async Task Failed_sub_operations_are_counted_and_named()
    {
        _recorder.Answer = DimseStatus.CannotUnderstand("No");
        var last = await MoveHeadAsync();
        Assert.False(last.IsWholeSuccess);
        Assert.Equal(HeadCount, last.Failed);
        Assert.Equal(QueryMoveTests.Files("mr-epi-phantom-ge").Select(f => f.Instance).Order(), last.FailedSopInstanceUids.Order());
    }

    /// <summary>Leaving the loop sends C-CANCEL; the peer stops and the association goes on.</summary>
    [Fact]
    public async Task Retrieval_left_early_is_cancelled()
    {
        Pacs.Faults = new PacsFaults { Delay = TimeSpan.FromMilliseconds(20) };
        await using var association = await OpenAsync();
        await foreach (var progress in association.MoveAsync(QueryModel.StudyRoot, Head, "RECEIVER", cancellationToken: Token))
        {
            Assert.False(progress.IsFinal);
            break;
        }

        await association.EchoAsync(Token);
        Assert.InRange(_recorder.Stored.Count, 1, HeadCount - 1);
    }

    /// <summary>The same by the caller's token.</summary>
    [Fact]
    public async Task Cancelled_token_ends_a_retrieval_and_spares_the_association()
    {
        Pacs.Faults = new PacsFaults { Delay = TimeSpan.FromMilliseconds(20) };
        await using var association = await OpenAsync();
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var progress in association.MoveAsync(QueryModel.StudyRoot, Head, "RECEIVER", cancellationToken: source.Token))
            {
                await source.CancelAsync();
            }
        });
        await association.EchoAsync(Token);
        Assert.InRange(_recorder.Stored.Count, 1, HeadCount - 1);
    }

    /// <summary>More associations than allowed are rejected for now, and the record says how many there were.</summary>
    [Fact]
    public async Task Associations_above_the_limit_are_rejected_as_transient()
    {
        Pacs.Faults = new PacsFaults { MaximumAssociations = 2 };
        await using var first = await OpenAsync();
        await using var second = await OpenAsync();
        var refused = await Assert.ThrowsAsync<AssociationException>(OpenAsync);
        Assert.Equal((AssociationFault.Rejected, true), (refused.Fault, refused.IsTransient));
        Assert.Equal((2, 1), (Pacs.HighestAssociations, Pacs.Rejected));
    }

    /// <summary>Counts in answers, wrong ones and none.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(-7, false)]
    [InlineData(0, true)]
    public async Task Query_tells_counts_as_the_faults_have_them(int error, bool none)
    {
        Pacs.Faults = new PacsFaults { CountError = error, CountsNothing = none };
        await using var association = await OpenAsync();
        var study = await association.FindAsync(
            QueryModel.StudyRoot, QueryIdentifier.Make(QueryLevel.Study, [new(Tag.StudyInstanceUID, QueryMoveTests.HeadStudy())], QueryIdentifier.UsualKeys(QueryLevel.Study)),
            null, Token).SingleAsync(Token);
        Assert.Equal(none ? null : HeadCount + error, study.GetInteger(Tag.NumberOfStudyRelatedInstances));
        Assert.Equal("MR", study.GetString(Tag.ModalitiesInStudy));
    }
}
