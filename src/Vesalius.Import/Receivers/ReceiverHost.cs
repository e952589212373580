using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Vesalius.Access;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;

namespace Vesalius.Import;

/// <summary>Listens on the ports of all enabled receivers. Changes take effect while others keep receiving.</summary>
public sealed class ReceiverHost(
    ReceiverDirectory directory, ObjectIntake intake, SiteSettings settings, IntakeLimits limits, MemoryBudget budget, ReceiverTls tls, string spoolFolder, ILogger<ReceiverHost> logger)
    : IAssociationPolicy, IAsyncDisposable
{
    private readonly Dictionary<int, (DicomListener Listener, bool IsTls)> _listeners = [];
    private readonly SemaphoreSlim _changing = new(1);
    private volatile IReadOnlyList<Receiver> _receivers = [];
    private volatile IReadOnlyList<int> _failedPorts = [];

    /// <summary>True if every enabled receiver's port is listened on.</summary>
    public bool IsWell => _failedPorts.Count == 0;

    /// <summary>Ports that cannot be listened on.</summary>
    public IReadOnlyList<int> FailedPorts => _failedPorts;

    /// <summary>Reads the receivers anew: opens and closes ports as they say.</summary>
    public async Task ApplyAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var all = await directory.ListAsync(cancellationToken).ConfigureAwait(false);
            var on = await settings.FlagAsync("enableDicomReceiver", cancellationToken).ConfigureAwait(false);
            _receivers = [.. all.Where(r => on && r.Enabled)];
            // One that wants TLS makes its port speak it for all: never the other way round.
            var wanted = _receivers.GroupBy(r => r.Port).ToDictionary(g => g.Key, g => g.Any(r => r.Tls == true));
            foreach (var (port, (listener, isTls)) in _listeners.ToList())
            {
                if (!wanted.TryGetValue(port, out var wantsTls) || wantsTls != isTls)
                {
                    // Associations in flight finish under the old settings.
                    await listener.StopListeningAsync().ConfigureAwait(false);
                    _ = StopAsync(listener);
                    _listeners.Remove(port);
                }
            }

            _failedPorts = [.. wanted.Where(w => !_listeners.ContainsKey(w.Key) && !TryListen(w.Key, w.Value)).Select(w => w.Key)];
        }
        finally
        {
            _changing.Release();
        }
    }

    private static async Task StopAsync(DicomListener listener) => await listener.DisposeAsync().ConfigureAwait(false);

    private bool TryListen(int port, bool isTls)
    {
        if (isTls && tls.Fault() is { } fault)
        {
            ImportLog.NoCertificate(_logger, port, fault);
            return false;
        }

        var listener = new DicomListener(IPAddress.IPv6Any, port, this, new AssociationLimits(), _logger, isTls ? tls.Get : null);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            ImportLog.PortTaken(_logger, port, e.SocketErrorCode);
            return false;
        }

        _listeners[port] = (listener, isTls);
        ImportLog.Listening(_logger, port);
        return true;
    }

    /// <inheritdoc/>
    public AssociationDecision Decide(AssociatePdu request, AssociationInfo association)
    {
        ArgumentNullException.ThrowIfNull(association);
        var receiver = _receivers.FirstOrDefault(r => r.Port == association.LocalPort && r.AeTitle == association.CalledAeTitle);
        if (receiver is null)
        {
            return AssociationDecision.Reject(AssociationRejection.CalledAeTitleNotRecognised);
        }

        return receiver.Admits(association.CallingAeTitle, association.RemoteAddress)
            ? AssociationDecision.Accept(new Handler(this, receiver))
            : AssociationDecision.Reject(AssociationRejection.CallingAeTitleNotRecognised);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_listeners.Values.Select(l => StopAsync(l.Listener))).ConfigureAwait(false);
        _listeners.Clear();
        _changing.Dispose();
    }

    private sealed class Handler(ReceiverHost host, Receiver receiver) : IStoreHandler
    {
        private readonly IntakeSource _source = new()
        {
            Door = $"{receiver.AeTitle}:{receiver.Port}", Rules = receiver.Rules(), Identifier = receiver.Identifier, DirectArchive = receiver.DirectArchive, PreventAnonymisation = !receiver.AnonymizationEnabled,
        };

        public IObjectSink BeginObject(StoreRequest request) => new Sink(host, _source with { MoveOriginator = request.MoveOriginatorAeTitle }, request);
    }

    private sealed class Sink(ReceiverHost host, IntakeSource source, StoreRequest request) : IObjectSink
    {
        private readonly TransferSyntax _syntax = TransferSyntax.Find(request.TransferSyntaxUid);
        private readonly ObjectBuffer _buffer = new(TransferSyntax.Find(request.TransferSyntaxUid), host._spoolFolder, host._limits, host._budget);

        public async ValueTask WriteAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken)
        {
            foreach (var segment in fragment)
            {
                await _buffer.WriteAsync(segment, cancellationToken).ConfigureAwait(false);
            }
        }

        public async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
        {
            try
            {
                var dataSet = _buffer.Complete();
                await host._intake.TakeAsync(dataSet, _syntax, source, cancellationToken).ConfigureAwait(false);
                return DimseStatus.Success;
            }
            catch (MalformedDicomException e)
            {
                // Tag and reason, never a value; the comment may have 64 characters.
                ImportLog.Refused(host._logger, request.Association.Id, e.Message);
                return DimseStatus.CannotUnderstand(e.Message.Length > 64 ? e.Message[..64] : e.Message);
            }
        }

        public ValueTask DisposeAsync()
        {
            _buffer.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private readonly string _spoolFolder = spoolFolder;
    private readonly IntakeLimits _limits = limits;
    private readonly MemoryBudget _budget = budget;
    private readonly ObjectIntake _intake = intake;
    private readonly ILogger<ReceiverHost> _logger = logger;
}
