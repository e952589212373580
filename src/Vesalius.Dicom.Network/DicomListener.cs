using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace Vesalius.Dicom.Network;

/// <summary>Accepts associations on one TCP port, for as many AE titles as its policy knows.</summary>
/// <param name="address">Local address; <see cref="IPAddress.IPv6Any"/> serves IPv4 too.</param>
/// <param name="port">TCP port; 0 takes a free one.</param>
/// <param name="policy">Decides who may associate.</param>
/// <param name="limits">Bounds.</param>
/// <param name="logger">Receives what happens, without identifiers.</param>
/// <param name="tls">Asked with each connection, so that a renewed certificate counts at once; null: the port speaks without TLS.</param>
public sealed class DicomListener(IPAddress address, int port, IAssociationPolicy policy, AssociationLimits limits, ILogger logger, Func<ProviderTls>? tls = null) : IAsyncDisposable
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
            var stream = await OpenAsync(socket).ConfigureAwait(false);
            var association = new ProviderAssociation(socket, stream, policy, limits, isOverLimit, logger);
            await using (association.ConfigureAwait(false))
            {
                await association.RunAsync(_abort.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The listener is being stopped.
        }
        catch (Exception e) when (e is AuthenticationException or TimeoutException)
        {
            NetworkLog.TlsFailed(logger, port, (e.InnerException ?? e).GetType().Name);
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

    private async Task<Stream> OpenAsync(Socket socket)
    {
        socket.NoDelay = true;
        var plain = new NetworkStream(socket, ownsSocket: true);
        if (tls is null)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_abort.Token);
        // Whoever connects and says nothing holds a place no longer than one that does not associate.
        deadline.CancelAfter(limits.Artim);
        try
        {
            await secure.AuthenticateAsServerAsync(tls().ToOptions(), deadline.Token).ConfigureAwait(false);
            return secure;
        }
        catch (OperationCanceledException) when (!_abort.IsCancellationRequested)
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw new TimeoutException();
        }
        catch (IOException e)
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw new AuthenticationException("The peer left.", e);
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops listening. The port is free when this returns; open associations go on.</summary>
    public async Task StopListeningAsync()
    {
        await _stopAccepting.CancelAsync().ConfigureAwait(false);
        _socket?.Dispose();
        if (_accepting is not null)
        {
            await _accepting.ConfigureAwait(false);
        }
    }

    /// <summary>Stops listening, lets open associations finish within <see cref="AssociationLimits.StopGrace"/>, then ends them.</summary>
    public async Task StopAsync()
    {
        await StopListeningAsync().ConfigureAwait(false);
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
