using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace Vesalius.Dicom.Network;

/// <summary>An association that this side opens, driven by PS3.8 Table 9-10, and the operations over it (as user).</summary>
/// <remarks>One operation runs at a time; further ones wait for it. Disposed without <see cref="ReleaseAsync"/>, it is aborted.
/// Every member throws <see cref="AssociationException"/> once the association has ended.</remarks>
public sealed partial class RequestorAssociation : IAsyncDisposable
{
    private readonly RequestorOptions _options;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _operation = new(1, 1);
    private readonly Lock _endLock = new();
    private Socket? _socket;
    private PduConnection? _connection;
    private DimseChannel? _channel;
    private UpperLayerState _state = UpperLayerState.Sta1;
    private AssociationFault? _end;
    private PduFault? _fault;
    private ITimer? _idle;
    private int _messageId;
    private bool _disposed;

    private RequestorAssociation(AssociatePdu request, RequestorOptions options, ILogger logger)
    {
        Request = request;
        Answer = request;
        _options = options;
        _logger = logger;
    }

    /// <summary>Correlates what happens over this association.</summary>
    public Guid Id { get; } = Guid.NewGuid();

    /// <summary>What was proposed.</summary>
    public AssociatePdu Request { get; }

    /// <summary>What the peer answered: its implementation, roles, extended negotiations, window.</summary>
    public AssociatePdu Answer { get; private set; }

    /// <summary>Presentation contexts that the peer accepted, in order.</summary>
    public IReadOnlyList<NegotiatedContext> Contexts { get; private set; } = [];

    /// <summary>Address of the peer.</summary>
    public IPAddress RemoteAddress { get; private set; } = IPAddress.None;

    /// <summary>False once the association was released, aborted or lost.</summary>
    public bool IsOpen => _state == UpperLayerState.Sta6;

    /// <summary>The first accepted context of a SOP class, with this transfer syntax if one is named; null if there is none.</summary>
    public NegotiatedContext? FindContext(string sopClassUid, string? transferSyntaxUid = null) =>
        Contexts.FirstOrDefault(c => c.AbstractSyntax == sopClassUid && (transferSyntaxUid is null || c.TransferSyntax == transferSyntaxUid));

    /// <summary>Bytes of the peer's extended negotiation of a SOP class; empty if it answered none, which means that none of it holds.</summary>
    public ReadOnlyMemory<byte> ExtendedAnswer(string sopClassUid) =>
        Answer.ExtendedNegotiations.FirstOrDefault(n => n.SopClassUid == sopClassUid)?.ApplicationInformation ?? default;

    /// <summary>Opens an association.</summary>
    /// <param name="peer">Whom to call.</param>
    /// <param name="proposal">What to propose.</param>
    /// <param name="options">Time-outs, bounds, TLS.</param>
    /// <param name="logger">Receives what happens, without identifiers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AssociationException">It could not be opened; the fault says why.</exception>
    /// <exception cref="ArgumentException">The proposal cannot be expressed: titles above 16 characters, no or more than 128 contexts.</exception>
    public static async Task<RequestorAssociation> OpenAsync(
        RemoteApplication peer, AssociationProposal proposal, RequestorOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(options);
        var association = new RequestorAssociation(MakeRequest(peer, proposal, options), options, logger);
        try
        {
            await association.FireAsync(UpperLayerEvent.AssociateRequest, default, cancellationToken).ConfigureAwait(false);
            await association.ConnectAsync(peer, cancellationToken).ConfigureAwait(false);
            await association.NegotiateAsync(cancellationToken).ConfigureAwait(false);
            return association;
        }
        catch
        {
            await association.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static AssociatePdu MakeRequest(RemoteApplication peer, AssociationProposal proposal, RequestorOptions options)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        if (peer.AeTitle.Trim() is not { Length: > 0 and <= 16 } || proposal.CallingAeTitle.Trim() is not { Length: > 0 and <= 16 })
        {
            throw new ArgumentException("An AE title has 1 to 16 characters.", nameof(proposal));
        }

        if (proposal.Contexts.Count is 0 or > AssociationProposal.MaximumContexts || proposal.Contexts.Any(c => c.TransferSyntaxes.Count == 0))
        {
            throw new ArgumentException("An association proposes 1 to 128 presentation contexts, each with a transfer syntax.", nameof(proposal));
        }

        return new AssociatePdu
        {
            IsRequest = true,
            CalledAeTitle = peer.AeTitle.Trim(),
            CallingAeTitle = proposal.CallingAeTitle.Trim(),
            PresentationContexts = [.. proposal.Contexts.Select((c, i) => new PresentationContext((byte)((2 * i) + 1), c.AbstractSyntax, c.TransferSyntaxes))],
            MaximumLength = (uint)options.MaximumPduLength,
            Roles = proposal.Roles,
            ExtendedNegotiations = proposal.ExtendedNegotiations,
            UserIdentity = proposal.UserIdentity,
            AsynchronousOperations = proposal.AsynchronousOperations,
        };
    }

    // AE-1: the transport connection, and TLS on it.
    private async Task ConnectAsync(RemoteApplication peer, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.Connect);
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await _socket.ConnectAsync(peer.Host, peer.Port, deadline.Token).ConfigureAwait(false);
            var address = ((IPEndPoint)_socket.RemoteEndPoint!).Address;
            RemoteAddress = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            Stream stream = new NetworkStream(_socket, ownsSocket: true);
            if (_options.Tls is { } tls)
            {
                var secure = new SslStream(stream);
                stream = secure;
                await secure.AuthenticateAsClientAsync(tls.ToOptions(peer.Host), deadline.Token).ConfigureAwait(false);
            }

            _connection = new PduConnection(stream, _options.ToLimits());
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Ended(AssociationFault.ConnectTimedOut);
        }
        catch (SocketException e)
        {
            throw Ended(AssociationFault.Unreachable, e.SocketErrorCode.ToString(), e);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            throw Ended(AssociationFault.TlsFailed, inner: e);
        }
    }

    private Task NegotiateAsync(CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await FireAsync(UpperLayerEvent.TransportConnected, default, cancellationToken).ConfigureAwait(false);
        // Until the contexts are known, no data can come.
        _channel = new DimseChannel(_connection!, new Dictionary<byte, NegotiatedContext>(), 0, _options.ToLimits(), TakePduAsync);
        await _channel.ReadPduAsync(_options.Artim, cancellationToken).ConfigureAwait(false);
        _channel.Finish();
        var peerMaximum = Answer.MaximumLength;
        if (peerMaximum is > 0 and < DimseChannel.SmallestPeerLimit)
        {
            throw new PduException(PduFault.TooShort, "PS3.8 §D.1");
        }

        _channel = new DimseChannel(_connection!, Contexts.ToDictionary(c => c.Id), peerMaximum, _options.ToLimits(), TakePduAsync);
        NetworkLog.Opened(_logger, Id, Contexts.Count);
        ArmIdle();
    }, cancellationToken);

    private void TakeAnswer(ReadOnlySequence<byte> body)
    {
        var answer = AssociateCodec.Decode(body.IsSingleSegment ? body.FirstSpan : body.ToArray(), isRequest: false);
        var proposed = Request.PresentationContexts.ToDictionary(c => c.Id);
        var accepted = new List<NegotiatedContext>();
        foreach (var context in answer.PresentationContexts.Where(c => c.Result == 0))
        {
            // An answer to what was not proposed, or with a syntax that was not offered, would make us send what the peer cannot read.
            if (!proposed.TryGetValue(context.Id, out var own) || context.TransferSyntaxes is not [var syntax, ..] || !own.TransferSyntaxes.Contains(syntax))
            {
                throw new PduException(PduFault.ContextNotAccepted, "PS3.8 §9.3.3.2");
            }

            accepted.Add(new NegotiatedContext(context.Id, own.AbstractSyntax, syntax));
        }

        Answer = answer;
        Contexts = accepted;
    }

    private async ValueTask TakePduAsync(PduType? type, ReadOnlySequence<byte> body, CancellationToken cancellationToken) =>
        await FireAsync(
            type switch
            {
                null => UpperLayerEvent.TransportClosed,
                PduType.AssociateRq => UpperLayerEvent.AssociateRqPdu,
                PduType.AssociateAc => UpperLayerEvent.AssociateAcPdu,
                PduType.AssociateRj => UpperLayerEvent.AssociateRjPdu,
                PduType.Data => UpperLayerEvent.DataPdu,
                PduType.ReleaseRq => UpperLayerEvent.ReleaseRqPdu,
                PduType.ReleaseRp => UpperLayerEvent.ReleaseRpPdu,
                _ => UpperLayerEvent.AbortPdu,
            },
            body, cancellationToken).ConfigureAwait(false);

    private async Task FireAsync(UpperLayerEvent upperLayerEvent, ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        if (StateTable.Find(upperLayerEvent, _state) is not { } transition)
        {
            throw Ended(_end ?? AssociationFault.Closed);
        }

        _state = transition.Next;
        switch (transition.Action)
        {
            case UpperLayerAction.AE_2:
                await _connection!.WriteAsync(AssociateCodec.Encode(Request), cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AE_3:
                TakeAnswer(body);
                break;
            case UpperLayerAction.AE_4:
                throw Rejected(body);
            case UpperLayerAction.AR_1:
                await _connection!.WriteAsync(PduConnection.Short(PduType.ReleaseRq), cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AR_2:
            case UpperLayerAction.AR_8:
                await FireAsync(UpperLayerEvent.ReleaseResponse, default, cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AR_4:
                await _connection!.WriteAsync(PduConnection.Short(PduType.ReleaseRp), cancellationToken).ConfigureAwait(false);
                throw Ended(AssociationFault.ReleasedByPeer);
            case UpperLayerAction.AR_9:
                await _connection!.WriteAsync(PduConnection.Short(PduType.ReleaseRp), cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AA_1:
                await SendAbortAsync(source: 0, reason: 0).ConfigureAwait(false);
                break;
            case UpperLayerAction.AA_8:
                await SendAbortAsync(source: 2, reason: upperLayerEvent != UpperLayerEvent.InvalidPdu ? (byte)2 : _fault == PduFault.UnknownType ? (byte)1 : (byte)6).ConfigureAwait(false);
                throw Ended(AssociationFault.InvalidPdu, _fault?.ToString() ?? "PDU out of place");
            case UpperLayerAction.AA_3:
                throw Ended(AssociationFault.AbortedByPeer, body.Length >= 4 ? $"source {ByteAt(body, 2)}, reason {ByteAt(body, 3)}" : null);
            case UpperLayerAction.AA_4:
                throw Ended(AssociationFault.ConnectionLost);
        }
    }

    private static byte ByteAt(ReadOnlySequence<byte> body, int index) => body.Slice(index, 1).FirstSpan[0];

    private AssociationException Rejected(ReadOnlySequence<byte> body)
    {
        if (body.Length < 4)
        {
            throw new PduException(PduFault.TooShort, "PS3.8 §9.3.4");
        }

        var rejection = new AssociationRejection(ByteAt(body, 1), ByteAt(body, 2), ByteAt(body, 3));
        _end = AssociationFault.Rejected;
        NetworkLog.RequestRejected(_logger, Id, rejection.Result, rejection.Source, rejection.Reason);
        return new AssociationException(AssociationFault.Rejected, $"result {rejection.Result}, source {rejection.Source}, reason {rejection.Reason}") { Rejection = rejection };
    }

    private async Task SendAbortAsync(byte source, byte reason)
    {
        // The caller's token may be what ended the association, so the abort has a time of its own.
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await _connection!.WriteAsync(PduConnection.Short(PduType.Abort, 0, source, reason), deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The peer is gone, or does not read; that is what an abort is about.
        }
    }

    private AssociationException Ended(AssociationFault fault, string? detail = null, Exception? inner = null)
    {
        lock (_endLock)
        {
            if (_end is null)
            {
                _end = fault;
                NetworkLog.RequestEnded(_logger, Id, fault);
            }
        }

        return new AssociationException(fault, detail, inner);
    }

    /// <summary>Runs an exchange with the peer; whatever goes wrong in it ends the association and is told as <see cref="AssociationException"/>.</summary>
    private async Task<T> GuardAsync<T>(Func<Task<T>> exchange, CancellationToken cancellationToken)
    {
        if (_end is { } ended)
        {
            throw new AssociationException(ended is AssociationFault.Closed ? ended : AssociationFault.Closed, ended.ToString());
        }

        try
        {
            return await exchange().ConfigureAwait(false);
        }
        catch (PduException e)
        {
            _fault = e.Fault;
            if (StateTable.Find(UpperLayerEvent.InvalidPdu, _state) is null)
            {
                throw Ended(AssociationFault.InvalidPdu, e.Fault.ToString());
            }

            await FireAsync(UpperLayerEvent.InvalidPdu, default, CancellationToken.None).ConfigureAwait(false);
            throw Ended(AssociationFault.InvalidPdu, e.Fault.ToString());
        }
        catch (OperationCanceledException e)
        {
            await AbortCoreAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw Ended(AssociationFault.TimedOut, inner: e);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            _state = UpperLayerState.Sta1;
            throw Ended(AssociationFault.ConnectionLost, inner: e);
        }
        catch (TimeoutException e)
        {
            await AbortCoreAsync().ConfigureAwait(false);
            throw Ended(AssociationFault.TimedOut, inner: e);
        }
    }

    private Task GuardAsync(Func<Task> exchange, CancellationToken cancellationToken) => GuardAsync(
        async () =>
        {
            await exchange().ConfigureAwait(false);
            return true;
        }, cancellationToken);

    /// <summary>Releases the association and closes the connection. Does nothing if it has ended already.</summary>
    /// <exception cref="AssociationException">The peer did not agree in time, or broke off; the association is closed nevertheless.</exception>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        await _operation.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_state == UpperLayerState.Sta6)
            {
                await GuardAsync(ReleaseCoreAsync, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await CloseAsync(AssociationFault.Closed).ConfigureAwait(false);
            _operation.Release();
        }

        async Task ReleaseCoreAsync()
        {
            await FireAsync(UpperLayerEvent.ReleaseRequest, default, cancellationToken).ConfigureAwait(false);
            // Data may still come (AR-6) and a collision may take another turn (AR-8); both within the time of ARTIM.
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(_options.Artim);
            while (_state != UpperLayerState.Sta1)
            {
                await _channel!.ReadPduAsync(_options.Artim, deadline.Token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Aborts the association at once, whatever runs over it.</summary>
    public async Task AbortAsync()
    {
        Ended(AssociationFault.Closed);
        await AbortCoreAsync().ConfigureAwait(false);
        _socket?.Dispose();
    }

    private async Task AbortCoreAsync()
    {
        if (_connection is not null && StateTable.Find(UpperLayerEvent.AbortRequest, _state) is not null)
        {
            await FireAsync(UpperLayerEvent.AbortRequest, default, CancellationToken.None).ConfigureAwait(false);
        }

        _state = UpperLayerState.Sta1;
    }

    private void ArmIdle()
    {
        if (_idle is null)
        {
            _idle = _options.TimeProvider.CreateTimer(_ => _ = CloseIdleAsync(), null, _options.Idle, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _idle.Change(_options.Idle, Timeout.InfiniteTimeSpan);
        }
    }

    private void DisarmIdle() => _idle?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private async Task CloseIdleAsync()
    {
        if (_operation.CurrentCount == 0 || !IsOpen)
        {
            return;
        }

        try
        {
            await ReleaseAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AssociationException or ObjectDisposedException)
        {
            // Nobody waits for it.
        }
    }

    private async ValueTask CloseAsync(AssociationFault fault)
    {
        lock (_endLock)
        {
            _end ??= fault;
        }

        _state = UpperLayerState.Sta1;
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        _socket?.Dispose();
    }

    /// <summary>Aborts the association unless it was released, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_idle is not null)
        {
            await _idle.DisposeAsync().ConfigureAwait(false);
        }

        await AbortCoreAsync().ConfigureAwait(false);
        await CloseAsync(AssociationFault.Closed).ConfigureAwait(false);
    }
}
