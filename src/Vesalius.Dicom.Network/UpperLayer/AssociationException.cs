namespace Vesalius.Dicom.Network;

/// <summary>Why an association could not be opened, or ended before its work was done.</summary>
public enum AssociationFault
{
    /// <summary>Nobody listens there, or the network does not reach it.</summary>
    Unreachable,
    /// <summary>The TCP connection or the TLS handshake took too long.</summary>
    ConnectTimedOut,
    /// <summary>The TLS handshake failed: a certificate is not trusted, or one side speaks no TLS.</summary>
    TlsFailed,
    /// <summary>The peer rejected the association; <see cref="AssociationException.Rejection"/> says why.</summary>
    Rejected,
    /// <summary>The peer accepted none of the presentation contexts that the operation needs.</summary>
    ContextNotAccepted,
    /// <summary>The peer did not answer in time.</summary>
    TimedOut,
    /// <summary>The peer aborted the association.</summary>
    AbortedByPeer,
    /// <summary>The peer released the association in the middle of an operation.</summary>
    ReleasedByPeer,
    /// <summary>The connection broke.</summary>
    ConnectionLost,
    /// <summary>The peer sent what is no valid PDU or message.</summary>
    InvalidPdu,
    /// <summary>The association was released or aborted on this side already.</summary>
    Closed,
}

/// <summary>Thrown when an association cannot be opened or ends early. Names neither peer nor content.</summary>
/// <param name="fault">What happened.</param>
/// <param name="detail">Reason codes; no value that came from an object.</param>
/// <param name="inner">What caused it.</param>
public sealed class AssociationException(AssociationFault fault, string? detail = null, Exception? inner = null)
    : Exception(detail is null ? $"Association: {fault}." : $"Association: {fault} ({detail}).", inner)
{
    /// <summary>What happened.</summary>
    public AssociationFault Fault { get; } = fault;

    /// <summary>The peer's reason, if it rejected the association.</summary>
    public AssociationRejection? Rejection { get; init; }

    /// <summary>True if a later attempt may succeed without a change of configuration: the peer is away, busy, or died.</summary>
    public bool IsTransient => Fault switch
    {
        AssociationFault.Rejected => Rejection is { Result: 2 },
        AssociationFault.TlsFailed or AssociationFault.ContextNotAccepted or AssociationFault.InvalidPdu or AssociationFault.Closed => false,
        _ => true,
    };
}
