using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Vesalius.Dicom.Network;

namespace Vesalius.Testing;

/// <summary>What a <see cref="FaultyPacs"/> does wrong. All at their defaults, it does nothing wrong.</summary>
public sealed record PacsFaults
{
    /// <summary>Associations at once; more are rejected as a local limit (2/3/2).</summary>
    public int MaximumAssociations { get; init; } = 32;

    /// <summary>Pause before each response and each object.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How many of the next retrievals deliver only every second object of each series, and call that success. Retrievals of single instances are not touched.</summary>
    public int HalfRetrievals { get; init; }

    /// <summary>Instances that queries list but no retrieval delivers.</summary>
    public IReadOnlyCollection<string> LackedInstances { get; init; } = [];

    /// <summary>Sends each object twice.</summary>
    public bool DeliversTwice { get; init; }

    /// <summary>Sends this many objects of other studies with each retrieval.</summary>
    public int ForeignObjects { get; init; }

    /// <summary>Status that every query and retrieval is refused with, as in busy hours; null to serve them.</summary>
    public DimseStatus? Refusal { get; init; }

    /// <summary>Rejects every association as a temporary congestion (2/3/1).</summary>
    public bool RejectsAssociations { get; init; }

    /// <summary>How many of the next retrievals lose their association after their first object.</summary>
    public int DroppedRetrievals { get; init; }

    /// <summary>Dies after this many objects of the next retrieval: every connection breaks and nobody listens, until <see cref="FaultyPacs.Revive"/>. Null to live.</summary>
    public int? DiesAfterObjects { get; init; }

    /// <summary>Added to the counts of instances in query answers, and to the completed sub-operations of retrievals.</summary>
    public int CountError { get; init; }

    /// <summary>Leaves the counts of instances in query answers empty.</summary>
    public bool CountsNothing { get; init; }
}

/// <summary>A PACS of our own, AE title <c>FAULTY</c>: C-ECHO, C-FIND, C-MOVE and C-GET over a folder of files, with faults that can be switched while it runs.
/// It serves many associations at once, and records what it was asked, what it delivered, and how much ran at the same time.</summary>
public sealed class FaultyPacs : IAsyncDisposable
{
    /// <summary>AE title.</summary>
    public const string AeTitle = "FAULTY";

    private readonly ConcurrentDictionary<FaultyPacsAssociation, Task> _open = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private PacsFaults _faults = new();
    private int _associations;
    private int _retrievals;

    private FaultyPacs(PacsCatalogue catalogue) => Catalogue = catalogue;

    /// <summary>What it holds.</summary>
    public PacsCatalogue Catalogue { get; }

    /// <summary>TCP port.</summary>
    public int Port { get; private set; }

    /// <summary>Move destinations: ports of loopback by AE title. May change while it runs.</summary>
    public ConcurrentDictionary<string, int> Destinations { get; } = new();

    /// <summary>What it does wrong from now on.</summary>
    public PacsFaults Faults
    {
        get
        {
            lock (_lock)
            {
                return _faults;
            }
        }

        set
        {
            lock (_lock)
            {
                _faults = value;
            }
        }
    }

    /// <summary>Most associations that were open at once, those rejected left out.</summary>
    public int HighestAssociations { get; private set; }

    /// <summary>Most retrievals that ran at once.</summary>
    public int HighestRetrievals { get; private set; }

    /// <summary>Associations that were rejected.</summary>
    public int Rejected { get; private set; }

    /// <summary>Every operation in the order in which it was asked for, such as <c>MOVE SERIES</c>.</summary>
    public ConcurrentQueue<string> Operations { get; } = new();

    /// <summary>Instances that were delivered with success, in order; one that was sent twice stands here twice.</summary>
    public ConcurrentQueue<string> Delivered { get; } = new();

    /// <summary>Starts one.</summary>
    /// <param name="destinations">AE titles with the ports of loopback where they listen.</param>
    /// <param name="folders">What it holds: every readable file below.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="port">TCP port; 0 takes a free one.</param>
    public static async Task<FaultyPacs> StartAsync(
        IEnumerable<(string AeTitle, int Port)> destinations, IEnumerable<string> folders, CancellationToken cancellationToken, int port = 0)
    {
        var pacs = new FaultyPacs(await PacsCatalogue.ReadAsync(folders, cancellationToken)) { Port = port };
        foreach (var (title, destinationPort) in destinations)
        {
            pacs.Destinations[title] = destinationPort;
        }

        pacs.Revive();
        return pacs;
    }

    /// <summary>Listens again after it died.</summary>
    public void Revive()
    {
        lock (_lock)
        {
            if (_listener is not null)
            {
                return;
            }

            _listener = new TcpListener(IPAddress.Loopback, Port);
            _listener.Start(512);
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _accepting = AcceptAsync(_listener);
        }
    }

    /// <summary>Breaks every connection and listens no more.</summary>
    public void Die()
    {
        lock (_lock)
        {
            _listener?.Stop();
            _listener = null;
        }

        foreach (var association in _open.Keys)
        {
            association.Break();
        }
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptSocketAsync(_end.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
            {
                return;
            }

            var association = new FaultyPacsAssociation(this, socket);
            var serving = new TaskCompletionSource();
            _open[association] = serving.Task;
            _ = Task.Run(async () =>
            {
                try
                {
                    await association.RunAsync(_end.Token);
                }
                finally
                {
                    _open.TryRemove(association, out _);
                    serving.SetResult();
                }
            });
        }
    }

    /// <summary>Counts an association in; null if there is room, otherwise why not.</summary>
    internal AssociationRejection? Enter()
    {
        lock (_lock)
        {
            if (_faults.RejectsAssociations || _associations >= _faults.MaximumAssociations)
            {
                Rejected++;
                return _faults.RejectsAssociations ? new AssociationRejection(2, 3, 1) : AssociationRejection.LocalLimitExceeded;
            }

            HighestAssociations = Math.Max(HighestAssociations, ++_associations);
            return null;
        }
    }

    internal void Leave()
    {
        lock (_lock)
        {
            _associations--;
        }
    }

    /// <summary>Counts a retrieval in and takes its share of the faults that are counted down.</summary>
    internal (bool IsHalf, bool IsDropped, int? DiesAfter) BeginRetrieval(bool isOfInstances)
    {
        lock (_lock)
        {
            HighestRetrievals = Math.Max(HighestRetrievals, ++_retrievals);
            var isHalf = _faults.HalfRetrievals > 0 && !isOfInstances;
            var isDropped = _faults.DroppedRetrievals > 0;
            var diesAfter = _faults.DiesAfterObjects;
            _faults = _faults with
            {
                HalfRetrievals = _faults.HalfRetrievals - (isHalf ? 1 : 0),
                DroppedRetrievals = _faults.DroppedRetrievals - (isDropped ? 1 : 0),
                DiesAfterObjects = null,
            };
            return (isHalf, isDropped, diesAfter);
        }
    }

    internal void EndRetrieval()
    {
        lock (_lock)
        {
            _retrievals--;
        }
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        Die();
        await _end.CancelAsync();
        await _accepting;
        await Task.WhenAll(_open.Values);
        _end.Dispose();
    }
}
