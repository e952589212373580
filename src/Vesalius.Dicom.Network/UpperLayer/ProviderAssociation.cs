using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Vesalius.Dicom.Network;

/// <summary>One association that came in, driven by PS3.8 Table 9-10 from its first byte to its last.</summary>
/// <param name="socket">Its connection.</param>
/// <param name="stream">What is spoken over it, a TLS session for example; owned.</param>
/// <param name="policy">Decides who may associate.</param>
/// <param name="limits">Bounds.</param>
/// <param name="isOverLimit">There are too many already.</param>
/// <param name="logger">Receives what happens, without identifiers.</param>
internal sealed class ProviderAssociation(Socket socket, Stream stream, IAssociationPolicy policy, AssociationLimits limits, bool isOverLimit, ILogger logger)
    : IAsyncDisposable
{
    private readonly PduConnection _connection = new(stream, limits);
    private readonly IPEndPoint _remote = (IPEndPoint)socket.RemoteEndPoint!;
    private readonly int _localPort = ((IPEndPoint)socket.LocalEndPoint!).Port;
    private readonly Guid _id = Guid.NewGuid();
    private UpperLayerState _state = UpperLayerState.Sta1;
    private AssociatePdu? _request;
    private StoreProvider? _provider;
    private PduFault? _fault;

    /// <summary>Serves the association until it ends.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await FireAsync(UpperLayerEvent.TransportIndication, default, cancellationToken).ConfigureAwait(false);
        while (_state != UpperLayerState.Sta1)
        {
            try
            {
                await StepAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (PduException e) when (_state != UpperLayerState.Sta13)
            {
                _fault = e.Fault;
                NetworkLog.InvalidPdu(logger, _id, e.Fault);
                await FireAsync(UpperLayerEvent.InvalidPdu, default, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or SocketException or TimeoutException)
            {
                await FireAsync(UpperLayerEvent.TransportClosed, default, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                await TimedOutAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task TimedOutAsync(CancellationToken cancellationToken)
    {
        NetworkLog.TimedOut(logger, _id, _state);
        await FireAsync(
            _state is UpperLayerState.Sta2 or UpperLayerState.Sta13 ? UpperLayerEvent.ArtimExpired : UpperLayerEvent.AbortRequest, default, cancellationToken).ConfigureAwait(false);
        // Whoever does not speak will not close either.
        _state = UpperLayerState.Sta1;
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        if (_state == UpperLayerState.Sta13)
        {
            // What comes now changes nothing any more (AA-6); the peer has the time of ARTIM to close.
            await _connection.DrainAsync(limits.Artim, cancellationToken).ConfigureAwait(false);
            await FireAsync(UpperLayerEvent.TransportClosed, default, cancellationToken).ConfigureAwait(false);
            return;
        }

        var timeout = _state == UpperLayerState.Sta2 ? limits.Artim : limits.Idle;
        if (await _connection.ReadAsync(timeout, cancellationToken).ConfigureAwait(false) is not { } pdu)
        {
            await FireAsync(UpperLayerEvent.TransportClosed, default, cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            await FireAsync(EventOf(pdu.Type), pdu.Body, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _connection.Advance(pdu.Body);
        }
    }

    private static UpperLayerEvent EventOf(PduType type) => type switch
    {
        PduType.AssociateRq => UpperLayerEvent.AssociateRqPdu,
        PduType.AssociateAc => UpperLayerEvent.AssociateAcPdu,
        PduType.AssociateRj => UpperLayerEvent.AssociateRjPdu,
        PduType.Data => UpperLayerEvent.DataPdu,
        PduType.ReleaseRq => UpperLayerEvent.ReleaseRqPdu,
        PduType.ReleaseRp => UpperLayerEvent.ReleaseRpPdu,
        _ => UpperLayerEvent.AbortPdu,
    };

    private async Task FireAsync(UpperLayerEvent upperLayerEvent, ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        if (StateTable.Find(upperLayerEvent, _state) is not { } transition)
        {
            _state = UpperLayerState.Sta1;
            return;
        }

        _state = transition.Next;
        switch (transition.Action)
        {
            case UpperLayerAction.AE_6:
                await AnswerRequestAsync(body, cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.DT_2:
            case UpperLayerAction.AR_6:
                await _provider!.TakeAsync(body, cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AR_2:
                await FireAsync(UpperLayerEvent.ReleaseResponse, default, cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AR_4:
                await _connection.WriteAsync(PduConnection.Short(PduType.ReleaseRp), cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AA_1:
                await SendAbortAsync(source: 0, reason: 0, cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AA_7:
            case UpperLayerAction.AA_8:
                await SendAbortAsync(source: 2, AbortReason(upperLayerEvent), cancellationToken).ConfigureAwait(false);
                break;
            case UpperLayerAction.AA_3:
            case UpperLayerAction.AA_4:
                NetworkLog.EndedByPeer(logger, _id);
                break;
        }
    }

    // PS3.8 Table 9-26.
    private byte AbortReason(UpperLayerEvent upperLayerEvent) => (upperLayerEvent, _fault) switch
    {
        (UpperLayerEvent.InvalidPdu, PduFault.UnknownType) => 1,
        (UpperLayerEvent.InvalidPdu, _) => 6,
        _ => 2,
    };

    private async Task SendAbortAsync(byte source, byte reason, CancellationToken cancellationToken)
    {
        try
        {
            await _connection.WriteAsync(PduConnection.Short(PduType.Abort, 0, source, reason), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException)
        {
            // The peer is gone; that is what an abort is about.
        }

        await AbandonAsync().ConfigureAwait(false);
    }

    private async Task AnswerRequestAsync(ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        _request = AssociateCodec.Decode(body.IsSingleSegment ? body.FirstSpan : body.ToArray(), isRequest: true);
        var association = new AssociationInfo(
            _id, _request.CallingAeTitle, _request.CalledAeTitle, _remote.Address.IsIPv4MappedToIPv6 ? _remote.Address.MapToIPv4() : _remote.Address,
            _localPort, _request.ImplementationClassUid, _request.ImplementationVersionName);
        var decision = Decide(association);
        if (decision.Handler is null)
        {
            NetworkLog.Rejected(logger, _id, decision.Rejection.Result, decision.Rejection.Source, decision.Rejection.Reason);
            _state = StateTable.Find(UpperLayerEvent.AssociateReject, _state)!.Value.Next;
            await _connection.WriteAsync(
                PduConnection.Short(PduType.AssociateRj, decision.Rejection.Result, decision.Rejection.Source, decision.Rejection.Reason), cancellationToken).ConfigureAwait(false);
            return;
        }

        var answers = ContextNegotiation.Answer(_request.PresentationContexts);
        _state = StateTable.Find(UpperLayerEvent.AssociateAccept, _state)!.Value.Next;
        _provider = new StoreProvider(_connection, decision.Handler, association, _request, answers, limits, logger);
        await _connection.WriteAsync(AssociateCodec.Encode(Answer(_request, answers)), cancellationToken).ConfigureAwait(false);
        NetworkLog.Accepted(logger, _id, answers.Count);
    }

    private AssociationDecision Decide(AssociationInfo association)
    {
        if ((_request!.ProtocolVersion & 1) == 0)
        {
            return AssociationDecision.Reject(AssociationRejection.ProtocolVersionNotSupported);
        }

        if (_request.ApplicationContext != "1.2.840.10008.3.1.1.1")
        {
            return AssociationDecision.Reject(AssociationRejection.ApplicationContextNotSupported);
        }

        return isOverLimit ? AssociationDecision.Reject(AssociationRejection.LocalLimitExceeded) : policy.Decide(_request, association);
    }

    private AssociatePdu Answer(AssociatePdu request, IReadOnlyList<PresentationContext> answers) => new()
    {
        IsRequest = false,
        CalledAeTitle = request.CalledAeTitle,
        CallingAeTitle = request.CallingAeTitle,
        PresentationContexts = answers,
        MaximumLength = (uint)limits.MaximumPduLength,
        // Several operations at once are declined: one at a time (PS3.7 §D.3.3.3.2).
        AsynchronousOperations = request.AsynchronousOperations is null ? null : ((ushort)1, (ushort)1),
        // The requestor keeps the user's role of storage; the provider's is ours.
        Roles = [.. request.Roles.DistinctBy(r => r.SopClassUid).Where(r => request.PresentationContexts.Any(c => c.AbstractSyntax == r.SopClassUid)).Select(r => r with { IsScp = false })],
        UserIdentityResponse = request.UserIdentity is { PositiveResponseRequested: true } ? ReadOnlyMemory<byte>.Empty : null,
    };

    private async ValueTask AbandonAsync()
    {
        if (_provider is not null)
        {
            await _provider.DisposeAsync().ConfigureAwait(false);
            _provider = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await AbandonAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    internal static uint ReadLength(ReadOnlySequence<byte> sequence)
    {
        Span<byte> bytes = stackalloc byte[4];
        sequence.Slice(0, 4).CopyTo(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }
}
