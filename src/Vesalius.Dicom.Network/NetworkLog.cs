using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Vesalius.Dicom.Network;

/// <summary>What the network room logs: our ids, states and reasons. AE titles and addresses of peers are left to the receiver's own records.</summary>
internal static partial class NetworkLog
{
    [LoggerMessage(1001, LogLevel.Debug, "Association {Id} accepted with {Contexts} presentation contexts")]
    public static partial void Accepted(ILogger logger, Guid id, int contexts);

    [LoggerMessage(1002, LogLevel.Warning, "Association {Id} rejected: result {Result}, source {Source}, reason {Reason}")]
    public static partial void Rejected(ILogger logger, Guid id, byte result, byte source, byte reason);

    [LoggerMessage(1003, LogLevel.Warning, "Association {Id}: invalid PDU, {Fault}")]
    public static partial void InvalidPdu(ILogger logger, Guid id, PduFault fault);

    [LoggerMessage(1004, LogLevel.Warning, "Association {Id} timed out in {State}")]
    public static partial void TimedOut(ILogger logger, Guid id, UpperLayerState state);

    [LoggerMessage(1005, LogLevel.Information, "Association {Id} ended by the peer before release")]
    public static partial void EndedByPeer(ILogger logger, Guid id);

    [LoggerMessage(1006, LogLevel.Error, "Association {Id}: object not stored, {Error}")]
    public static partial void ObjectFailed(ILogger logger, Guid id, string error);

    [LoggerMessage(1007, LogLevel.Error, "Association failed: {Error}")]
    public static partial void AssociationFailed(ILogger logger, string error);

    [LoggerMessage(1008, LogLevel.Error, "Cannot accept a connection: {Error}")]
    public static partial void AcceptFailed(ILogger logger, SocketError error);

    [LoggerMessage(1009, LogLevel.Warning, "A connection to port {Port} did not become a TLS session: {Error}")]
    public static partial void TlsFailed(ILogger logger, int port, string error);

    [LoggerMessage(1101, LogLevel.Debug, "Association {Id} opened with {Contexts} presentation contexts")]
    public static partial void Opened(ILogger logger, Guid id, int contexts);

    [LoggerMessage(1102, LogLevel.Warning, "Association {Id} rejected by the peer: result {Result}, source {Source}, reason {Reason}")]
    public static partial void RequestRejected(ILogger logger, Guid id, byte result, byte source, byte reason);

    [LoggerMessage(1103, LogLevel.Debug, "Association {Id} ended: {Fault}")]
    public static partial void RequestEnded(ILogger logger, Guid id, AssociationFault fault);
}
