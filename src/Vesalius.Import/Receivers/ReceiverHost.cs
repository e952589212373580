using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Vesalius.Access;
using Vesalius.Dicom.Network;

namespace Vesalius.Import;

/// <summary>Listens on the ports of all enabled receivers. Changes take effect while others keep receiving.</summary>
public sealed class ReceiverHost(
    ReceiverDirectory directory, ObjectReceiver objects, SiteSettings settings, ReceiverTls tls, ILogger<ReceiverHost> logger) : IAssociationPolicy, IAsyncDisposable
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
            ImportLog.NoCertificate(logger, port, fault);
            return false;
        }

        var listener = new DicomListener(IPAddress.IPv6Any, port, this, new AssociationLimits(), logger, isTls ? tls.Get : null);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            ImportLog.PortTaken(logger, port, e.SocketErrorCode);
            return false;
        }

        _listeners[port] = (listener, isTls);
        ImportLog.Listening(logger, port);
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
            ? AssociationDecision.Accept(objects.HandlerFor(SourceOf(receiver)))
            : AssociationDecision.Reject(AssociationRejection.CallingAeTitleNotRecognised);
    }

    private static IntakeSource SourceOf(Receiver receiver) => new()
    {
        Door = $"{receiver.AeTitle}:{receiver.Port}", Rules = receiver.Rules(), Identifier = receiver.Identifier, DirectArchive = receiver.DirectArchive, PreventAnonymisation = !receiver.AnonymizationEnabled,
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_listeners.Values.Select(l => StopAsync(l.Listener))).ConfigureAwait(false);
        _listeners.Clear();
        _changing.Dispose();
    }
}
