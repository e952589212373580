namespace Vesalius.Dicom.Network;

/// <summary>Where a peer listens and what it is called.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="AeTitle">Its AE title, at most 16 characters.</param>
public sealed record RemoteApplication(string Host, int Port, string AeTitle);

/// <summary>A presentation context to propose; its number is given when the request is made.</summary>
/// <param name="AbstractSyntax">SOP class.</param>
/// <param name="TransferSyntaxes">Transfer syntaxes in order of preference, at least one.</param>
public sealed record ProposedContext(string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes);

/// <summary>What a requestor proposes (PS3.8 §9.3.2, PS3.7 Annex D).</summary>
public sealed record AssociationProposal
{
    /// <summary>Presentation contexts that one association can carry: the odd numbers from 1 to 255 (PS3.8 §9.3.2.2).</summary>
    public const int MaximumContexts = 128;

    /// <summary>Our AE title, at most 16 characters.</summary>
    public required string CallingAeTitle { get; init; }

    /// <summary>Presentation contexts in order, at most <see cref="MaximumContexts"/>.</summary>
    public required IReadOnlyList<ProposedContext> Contexts { get; init; }

    /// <summary>Role selections, for SOP classes where this side wants to be the provider.</summary>
    public IReadOnlyList<RoleSelection> Roles { get; init; } = [];

    /// <summary>Extended negotiations.</summary>
    public IReadOnlyList<ExtendedNegotiation> ExtendedNegotiations { get; init; } = [];

    /// <summary>Who the user is; null to say nothing.</summary>
    public UserIdentity? UserIdentity { get; init; }

    /// <summary>Window of asynchronous operations to propose; null to propose none, which means one at a time. This side performs one at a time
    /// whatever is agreed.</summary>
    public (ushort Invoked, ushort Performed)? AsynchronousOperations { get; init; }
}

/// <summary>Time-outs and bounds of an association that this side opens.</summary>
public sealed record RequestorOptions
{
    /// <summary>How long the TCP connection and the TLS handshake may take. Default 10 s.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the peer may take to answer the association request, and to close at the end: the part of ARTIM (PS3.8 §9.1.5). Default 30 s.</summary>
    public TimeSpan Artim { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the peer may be silent while an answer is due to C-ECHO, C-FIND, C-STORE; and how long it may leave our bytes unread. Default 60 s.</summary>
    public TimeSpan Response { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the peer may be silent during C-MOVE and C-GET. Default 10 min: archives fetch from tape without a word.</summary>
    public TimeSpan Retrieve { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the peer may take to end an operation after C-CANCEL before the association is aborted. Default 10 s.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an association without an operation stays open before it is released. Default 60 s.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Largest P-DATA-TF that we accept and send, in bytes without its header. Default 256 KiB; the peer's own limit is kept too.</summary>
    public int MaximumPduLength { get; init; } = 256 * 1024;

    /// <summary>Largest identifier (the data set of a query's answer), in bytes. Default 1 MiB.</summary>
    public int MaximumIdentifierLength { get; init; } = 1024 * 1024;

    /// <summary>Defined term of the character set of answers that name none although they hold more than ASCII, such as <c>ISO_IR 100</c>; null to leave them.</summary>
    public string? AssumedCharacterSet { get; init; }

    /// <summary>TLS; null for a plain connection.</summary>
    public RequestorTls? Tls { get; init; }

    /// <summary>Clock of the idle time.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal AssociationLimits ToLimits() => new()
    {
        MaximumPduLength = MaximumPduLength,
        Artim = Artim,
        Idle = Response,
    };
}

/// <summary>A presentation context that both sides agreed on.</summary>
/// <param name="Id">Its number.</param>
/// <param name="AbstractSyntax">SOP class.</param>
/// <param name="TransferSyntax">The transfer syntax chosen.</param>
public sealed record NegotiatedContext(byte Id, string AbstractSyntax, string TransferSyntax);
