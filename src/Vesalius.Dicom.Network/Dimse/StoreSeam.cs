using System.Buffers;
using System.Net;

namespace Vesalius.Dicom.Network;

/// <summary>Status of a DIMSE response (PS3.7 Annex C, PS3.4 Table B.2-1).</summary>
/// <param name="Code">The 16-bit code.</param>
/// <param name="Comment">Error Comment (0000,0902), at most 64 characters, never with a value of the object.</param>
public readonly record struct DimseStatus(ushort Code, string? Comment = null)
{
    /// <summary>0000: success.</summary>
    public static DimseStatus Success => new(0x0000);

    /// <summary>A700: refused, out of resources: the sender may try again.</summary>
    public static DimseStatus OutOfResources(string comment) => new(0xA700, comment);

    /// <summary>C000: the object cannot be understood.</summary>
    public static DimseStatus CannotUnderstand(string comment) => new(0xC000, comment);

    /// <summary>0122: SOP class not supported.</summary>
    public static DimseStatus SopClassNotSupported => new(0x0122);

    /// <summary>0211: unrecognised operation.</summary>
    public static DimseStatus UnrecognisedOperation => new(0x0211);
}

/// <summary>Who is at the other end of an association.</summary>
/// <param name="Id">Correlates everything that the association does.</param>
/// <param name="CallingAeTitle">AE title of the peer.</param>
/// <param name="CalledAeTitle">AE title that the peer called.</param>
/// <param name="RemoteAddress">Its address.</param>
/// <param name="LocalPort">Port that it came in by.</param>
/// <param name="ImplementationClassUid">Its implementation.</param>
/// <param name="ImplementationVersionName">Its implementation's version; may be empty.</param>
public sealed record AssociationInfo(
    Guid Id, string CallingAeTitle, string CalledAeTitle, IPAddress RemoteAddress, int LocalPort, string ImplementationClassUid, string ImplementationVersionName);

/// <summary>A C-STORE request (PS3.7 §9.3.1.1).</summary>
/// <param name="SopClassUid">Affected SOP Class UID.</param>
/// <param name="SopInstanceUid">Affected SOP Instance UID.</param>
/// <param name="TransferSyntaxUid">How the data set is encoded.</param>
/// <param name="MessageId">Message ID.</param>
/// <param name="MoveOriginatorAeTitle">Whose C-MOVE caused it; null if none.</param>
/// <param name="Association">Who sends it.</param>
public sealed record StoreRequest(
    string SopClassUid, string SopInstanceUid, string TransferSyntaxUid, ushort MessageId, string? MoveOriginatorAeTitle, AssociationInfo Association);

/// <summary>Takes in the objects of one association.</summary>
public interface IStoreHandler
{
    /// <summary>Begins an object.</summary>
    IObjectSink BeginObject(StoreRequest request);
}

/// <summary>Takes in one object. Disposed without completion, the object is discarded.</summary>
public interface IObjectSink : IAsyncDisposable
{
    /// <summary>Takes bytes of the data set; they are valid during the call only. Not returning holds the sender back.</summary>
    ValueTask WriteAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken);

    /// <summary>The data set is whole. Success means that the object is safe.</summary>
    ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken);
}

/// <summary>Why an association is rejected (PS3.8 Table 9-21).</summary>
/// <param name="Result">1 permanent, 2 transient.</param>
/// <param name="Source">1 user, 2 provider (ACSE), 3 provider (presentation).</param>
/// <param name="Reason">Reason, by source.</param>
public readonly record struct AssociationRejection(byte Result, byte Source, byte Reason)
{
    /// <summary>The called AE title is not known here.</summary>
    public static AssociationRejection CalledAeTitleNotRecognised => new(1, 1, 7);

    /// <summary>The calling AE title may not send here.</summary>
    public static AssociationRejection CallingAeTitleNotRecognised => new(1, 1, 3);

    /// <summary>No reason given.</summary>
    public static AssociationRejection NoReason => new(1, 1, 1);

    /// <summary>Application context not supported.</summary>
    public static AssociationRejection ApplicationContextNotSupported => new(1, 1, 2);

    /// <summary>Protocol version not supported.</summary>
    public static AssociationRejection ProtocolVersionNotSupported => new(1, 2, 2);

    /// <summary>Too many associations; try again.</summary>
    public static AssociationRejection LocalLimitExceeded => new(2, 3, 2);
}

/// <summary>What a policy says to a request: a handler, or a rejection.</summary>
/// <param name="Handler">Takes in the objects; null if rejected.</param>
/// <param name="Rejection">Why, if rejected.</param>
public readonly record struct AssociationDecision(IStoreHandler? Handler, AssociationRejection Rejection)
{
    /// <summary>Accepts.</summary>
    public static AssociationDecision Accept(IStoreHandler handler) => new(handler, default);

    /// <summary>Rejects.</summary>
    public static AssociationDecision Reject(AssociationRejection rejection) => new(null, rejection);
}

/// <summary>Decides who may open an association. Asked anew for each, so that it may change while others keep sending.</summary>
public interface IAssociationPolicy
{
    /// <summary>Decides.</summary>
    AssociationDecision Decide(AssociatePdu request, AssociationInfo association);
}
