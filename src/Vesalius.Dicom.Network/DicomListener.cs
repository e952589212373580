using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Vesalius.Dicom.Network;

/// <summary>Accepts associations on one TCP port, for as many AE titles as its policy knows.</summary>
/// <param name="address">Local address; <see cref="IPAddress.IPv6Any"/> serves IPv4 too.</param>
/// <param name="port">TCP port; 0 takes a free one.</param>
/// <param name="policy">Decides who may associate.</param>
/// <param name="limits">Bounds.</param>
/// <param name="logger">Receives what happens, without identifiers.</param>
public sealed class DicomListener(IPAddress address, int port, IAssociationPolicy policy, AssociationLimits limits, ILogger logger) : IAsyncDisposable
{
    private static readonly Meter Meter = new("Vesalius.Dicom.Network");
    private static readonly UpDownCounter<int> OpenAssociations = Meter.CreateUpDownCounter<int>("vesalius.dicom.associations.open");
    private static readonly Counter<long> AcceptedAssociations = Meter.CreateCounter<long>("vesalius.dicom.associations.accepted");

    private readonly ConcurrentDictionary<Task, byte> _open = new();
    private readonly CancellationTokenSource _stopAccepting = new();
    private readonly CancellationTokenSource _abort = new();
    private Socket? _socket;
    private Task? _accepting;

    /// <summary>The port that is listened on, once started.</summary>
    public int LocalPort => ((IPEndPoint)_socket!.LocalEndPoint!).Port;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SocketException">The port is taken, or may not be used.</exception>
    public void Start()
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = true;
            }

            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(512);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _socket = socket;
        _accepting = AcceptAsync(socket);
    }

    private async Task AcceptAsync(Socket listening)
    {
        while (!_stopAccepting.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listening.AcceptAsync(_stopAccepting.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Out of file descriptors, or a peer that left at once: the listener outlives both.
                NetworkLog.AcceptFailed(logger, e.SocketErrorCode);
                await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            var isOverLimit = _open.Count >= limits.MaximumAssociations;
            // Off this loop at once, so that one peer's first bytes never hold up the next connection.
            var serving = Task.Run(() => ServeAsync(socket, isOverLimit), CancellationToken.None);
            _open.TryAdd(serving, 0);
            _ = serving.ContinueWith(t => _open.TryRemove(t, out _), TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket socket, bool isOverLimit)
    {
        OpenAssociations.Add(1);
        AcceptedAssociations.Add(1);
        try
        {
            var association = new ProviderAssociation(socket, policy, limits, isOverLimit, logger);
            await using (association.ConfigureAwait(false))
            {
                await association.RunAsync(_abort.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The listener is being stopped.
        }
        catch (Exception e)
        {
            NetworkLog.AssociationFailed(logger, e.GetType().Name);
        }
        finally
        {
            socket.Dispose();
            OpenAssociations.Add(-1);
        }
    }

    /// <summary>Stops listening, lets open associations finish within <see cref="AssociationLimits.StopGrace"/>, then ends them.</summary>
    public async Task StopAsync()
    {
        await _stopAccepting.CancelAsync().ConfigureAwait(false);
        _socket?.Dispose();
        if (_accepting is not null)
        {
            await _accepting.ConfigureAwait(false);
        }

        var rest = Task.WhenAll(_open.Keys);
        await Task.WhenAny(rest, Task.Delay(limits.StopGrace)).ConfigureAwait(false);
        await _abort.CancelAsync().ConfigureAwait(false);
        await rest.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stopAccepting.Dispose();
        _abort.Dispose();
    }
}
