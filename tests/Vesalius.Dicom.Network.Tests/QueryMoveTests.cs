using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Dicom.Network.Tests;

/// <summary>Peers filled with real studies, and a receiver that they know as <c>RECEIVER</c>.</summary>
public sealed class FilledPeers : IAsyncLifetime
{
    internal StoreRecorder Recorder { get; } = new();

    internal DicomListener? Receiver { get; private set; }

    internal DcmqrscpServer? Dcmqrscp { get; private set; }

    internal OrthancServer? Orthanc { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (!SharedData.Exists || !File.Exists("/usr/bin/dcmqrscp") || !File.Exists("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"))
        {
            return;
        }

        Receiver = new DicomListener(IPAddress.Loopback, 0, Recorder, new AssociationLimits { StopGrace = TimeSpan.FromSeconds(1) }, NullLogger.Instance);
        Receiver.Start();
        string[] folders = [Folder("rt-breast"), Folder("mr-epi-phantom-ge"), Folder("us-stress-echo-acuson"), SharedData.Require("data", "dicom", "charsets")];
        (string, int)[] destinations = [("RECEIVER", Receiver.LocalPort)];
        Dcmqrscp = await DcmqrscpServer.StartAsync(destinations, folders[..2], CancellationToken.None);
        Orthanc = await OrthancServer.StartAsync(destinations, folders, CancellationToken.None);
    }

    private static string Folder(string study) => SharedData.Require("data", "dicom", "studies", study);

    internal RemoteApplication Find(string peer)
    {
        Assert.SkipWhen(Orthanc is null, "Sample data, DCMTK or Orthanc with DICOMweb are absent.");
        return peer == "Orthanc"
            ? new RemoteApplication("127.0.0.1", Orthanc.DicomPort, OrthancServer.AeTitle)
            : new RemoteApplication("127.0.0.1", Dcmqrscp!.Port, DcmqrscpServer.AeTitle);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in new IAsyncDisposable?[] { Orthanc, Dcmqrscp, Receiver })
        {
            if (part is not null)
            {
                await part.DisposeAsync();
            }
        }
    }
}

/// <summary>C-ECHO, C-FIND and C-MOVE as user with DCMTK and Orthanc as peers (R4).</summary>
public sealed class QueryMoveTests(FilledPeers peers) : IClassFixture<FilledPeers>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Peers => ["Orthanc", "dcmqrscp"];

    private Task<RequestorAssociation> OpenAsync(string peer, QueryModel? model = null, QueryNegotiation? negotiation = null) => RequestorAssociation.OpenAsync(
        peers.Find(peer),
        QueryRetrieveProposal.Make("US", model ?? QueryModel.StudyRoot, QueryRetrieveServices.Echo | QueryRetrieveServices.Find | QueryRetrieveServices.Move, negotiation),
        new RequestorOptions { AssumedCharacterSet = "ISO_IR 100" }, NullLogger.Instance, Token);

    private static DataSet Identifier(QueryLevel level, params (Tag Tag, string Value)[] keys) =>
        QueryIdentifier.Make(level, keys.ToDictionary(k => k.Tag, k => k.Value), QueryIdentifier.UsualKeys(level));

    /// <summary>Echo, and a release that both sides agree to.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Peer_is_echoed_and_released(string peer)
    {
        await using var association = await OpenAsync(peer);
        await association.EchoAsync(Token);
        await association.EchoAsync(Token);
        await association.ReleaseAsync(Token);
        Assert.False(association.IsOpen);
        await Assert.ThrowsAsync<AssociationException>(() => association.EchoAsync(Token));
    }

    /// <summary>Down from studies to instances; the counts are those of the files sent.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Query_goes_down_from_study_to_instance(string peer)
    {
        await using var association = await OpenAsync(peer);
        var studies = await association.FindAsync(QueryModel.StudyRoot, Identifier(QueryLevel.Study, (Tag.ModalitiesInStudy, "MR")), null, Token).ToListAsync(Token);
        var study = Assert.Single(studies, s => s.GetString(Tag.StudyInstanceUID) == HeadStudy());
        var series = await association.FindAsync(
            QueryModel.StudyRoot, Identifier(QueryLevel.Series, (Tag.StudyInstanceUID, study.GetString(Tag.StudyInstanceUID)!)), null, Token).ToListAsync(Token);
        var instances = 0;
        foreach (var one in series)
        {
            var images = await association.FindAsync(
                QueryModel.StudyRoot,
                Identifier(QueryLevel.Image, (Tag.StudyInstanceUID, study.GetString(Tag.StudyInstanceUID)!), (Tag.SeriesInstanceUID, one.GetString(Tag.SeriesInstanceUID)!)),
                null, Token).ToListAsync(Token);
            Assert.All(images, i => Assert.False(string.IsNullOrEmpty(i.GetString(Tag.SOPInstanceUID))));
            instances += images.Count;
        }

        Assert.Equal(Files("mr-epi-phantom-ge").Count, instances);
        await association.ReleaseAsync(Token);
    }

    /// <summary>Patient root: the level above studies.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Patients_are_found_by_patient_root(string peer)
    {
        await using var association = await OpenAsync(peer, QueryModel.PatientRoot);
        var outcome = new FindOutcome();
        var patients = await association.FindAsync(QueryModel.PatientRoot, Identifier(QueryLevel.Patient), outcome, Token).ToListAsync(Token);
        Assert.True(patients.Count >= 2);
        Assert.Equal((patients.Count, (ushort)0), (outcome.Matches, outcome.FinalStatus!.Value.Code));
    }

    /// <summary>Nothing found is no error.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Query_without_match_ends_empty(string peer)
    {
        await using var association = await OpenAsync(peer);
        Assert.Empty(await association.FindAsync(QueryModel.StudyRoot, Identifier(QueryLevel.Study, (Tag.PatientID, "nobody-has-this")), null, Token).ToListAsync(Token));
    }

    /// <summary>Names in the character sets of the sample files are read as they were written.</summary>
    [Fact]
    public async Task Answers_are_read_in_their_character_set()
    {
        await using var association = await OpenAsync("Orthanc");
        var names = new List<string>();
        await foreach (var study in association.FindAsync(QueryModel.StudyRoot, Identifier(QueryLevel.Study), null, Token))
        {
            names.Add(study.GetString(Tag.PatientName) ?? "");
        }

        Assert.Contains(names, n => n.Any(c => c > 0x7F && c != '\uFFFD'));
    }

    /// <summary>Leaving the loop cancels the query, and the association goes on.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Query_left_early_leaves_the_association_usable(string peer)
    {
        await using var association = await OpenAsync(peer);
        await foreach (var study in association.FindAsync(QueryModel.StudyRoot, Identifier(QueryLevel.Study), null, Token))
        {
            Assert.NotNull(study.GetString(Tag.StudyInstanceUID));
            break;
        }

        await association.EchoAsync(Token);
        await association.ReleaseAsync(Token);
    }

    /// <summary>The peer says which of the extended negotiation it holds to.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Extended_negotiation_is_answered_or_declined(string peer)
    {
        await using var association = await OpenAsync(peer, negotiation: new QueryNegotiation(Relational: true, FuzzyNames: true));
        var agreed = QueryNegotiation.Read(association.ExtendedAnswer(QueryModel.StudyRoot.FindUid));
        Assert.False(agreed.TimeZone);
        Assert.NotEmpty(await association.FindAsync(QueryModel.StudyRoot, Identifier(QueryLevel.Study), null, Token).ToListAsync(Token));
    }

    /// <summary>Every object of the study comes to the receiver, and the counts say so.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Study_is_moved_to_the_receiver(string peer)
    {
        await using var association = await OpenAsync(peer);
        var progress = await association.MoveAsync(
            QueryModel.StudyRoot, QueryIdentifier.Make(QueryLevel.Study, [new(Tag.StudyInstanceUID, HeadStudy())]), "RECEIVER", cancellationToken: Token).ToListAsync(Token);
        var last = progress[^1];
        Assert.True(last.IsFinal && last.IsWholeSuccess);
        Assert.Equal(Files("mr-epi-phantom-ge").Count, last.Completed);
        Assert.Empty(Files("mr-epi-phantom-ge").Select(f => f.Instance).Except(peers.Recorder.Instances));
        Assert.Contains(peers.Recorder.Stored, s => s.Request.MoveOriginatorAeTitle == "US");
        await association.ReleaseAsync(Token);
    }

    /// <summary>A destination that the peer does not know.</summary>
    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Unknown_destination_ends_in_a_status(string peer)
    {
        await using var association = await OpenAsync(peer);
        var last = await association.MoveAsync(
            QueryModel.StudyRoot, QueryIdentifier.Make(QueryLevel.Study, [new(Tag.StudyInstanceUID, HeadStudy())]), "NOWHERE", cancellationToken: Token).LastAsync(Token);
        Assert.False(last.IsWholeSuccess);
        // Orthanc answers C000 here, DCMTK the code that the standard has.
        Assert.Contains(last.Kind, new[] { DimseStatusKind.MoveDestinationUnknown, DimseStatusKind.UnableToProcess });
        await association.EchoAsync(Token);
    }

    internal static string HeadStudy() => Files("mr-epi-phantom-ge")[0].Study;

    internal static IReadOnlyList<(string Path, string Study, string Instance)> Files(string study)
    {
        var files = new List<(string, string, string)>();
        foreach (var path in Directory.EnumerateFiles(SharedData.Require("data", "dicom", "studies", study), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var header = Part10File.Read(File.ReadAllBytes(path), new ReadOptions { StopBeforePixelData = true }).DataSet;
            files.Add((path, header.GetString(Tag.StudyInstanceUID)!, header.GetString(Tag.SOPInstanceUID)!));
        }

        return files;
    }
}
