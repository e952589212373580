namespace Vesalius.Dicom.Network;

/// <summary>A presentation context as proposed or answered (PS3.8 §9.3.2.2, §9.3.3.2).</summary>
/// <param name="Id">Odd number from 1 to 255.</param>
/// <param name="AbstractSyntax">SOP class; empty in an answer.</param>
/// <param name="TransferSyntaxes">Proposed syntaxes in order; in an answer the accepted one.</param>
/// <param name="Result">In an answer: 0 accepted, 1 user rejection, 3 abstract syntax, 4 transfer syntaxes not supported.</param>
public sealed record PresentationContext(byte Id, string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes, byte Result = 0);

/// <summary>SCP/SCU role selection (PS3.7 §D.3.3.4).</summary>
/// <param name="SopClassUid">The SOP class.</param>
/// <param name="IsScu">The requestor may act as user.</param>
/// <param name="IsScp">The requestor may act as provider.</param>
public sealed record RoleSelection(string SopClassUid, bool IsScu, bool IsScp);

/// <summary>SOP class extended negotiation (PS3.7 §D.3.3.5).</summary>
/// <param name="SopClassUid">The SOP class.</param>
/// <param name="ApplicationInformation">Bytes whose meaning the service class decides (for queries PS3.4 §C.5.1.1).</param>
public sealed record ExtendedNegotiation(string SopClassUid, ReadOnlyMemory<byte> ApplicationInformation);

/// <summary>User identity (PS3.7 §D.3.3.7). Its <see cref="object.ToString"/> never shows the fields.</summary>
/// <param name="Type">1 name, 2 name and passcode, 3 Kerberos, 4 SAML, 5 JWT.</param>
/// <param name="PositiveResponseRequested">The requestor wants an answer.</param>
/// <param name="Primary">Primary field.</param>
/// <param name="Secondary">Secondary field.</param>
public sealed record UserIdentity(byte Type, bool PositiveResponseRequested, ReadOnlyMemory<byte> Primary, ReadOnlyMemory<byte> Secondary)
{
    /// <inheritdoc/>
    public override string ToString() => $"UserIdentity type {Type}";
}

/// <summary>A-ASSOCIATE-RQ or -AC (PS3.8 §9.3.2, §9.3.3).</summary>
public sealed record AssociatePdu
{
    /// <summary>True for the request.</summary>
    public required bool IsRequest { get; init; }

    /// <summary>Protocol version bits; bit 0 must be set.</summary>
    public ushort ProtocolVersion { get; init; } = 1;

    /// <summary>AE title called, trimmed.</summary>
    public required string CalledAeTitle { get; init; }

    /// <summary>AE title calling, trimmed.</summary>
    public required string CallingAeTitle { get; init; }

    /// <summary>Application context name.</summary>
    public string ApplicationContext { get; init; } = "1.2.840.10008.3.1.1.1";

    /// <summary>Presentation contexts in order.</summary>
    public IReadOnlyList<PresentationContext> PresentationContexts { get; init; } = [];

    /// <summary>Largest P-DATA-TF that the sender of this PDU accepts, in bytes; 0 is no limit.</summary>
    public uint MaximumLength { get; init; } = 16384;

    /// <summary>Implementation Class UID.</summary>
    public string ImplementationClassUid { get; init; } = Part10Writer.ImplementationClassUid;

    /// <summary>Implementation Version Name; may be empty.</summary>
    public string ImplementationVersionName { get; init; } = Part10Writer.ImplementationVersionName;

    /// <summary>Operations invoked and performed at most (PS3.7 §D.3.3.3); null if not negotiated.</summary>
    public (ushort Invoked, ushort Performed)? AsynchronousOperations { get; init; }

    /// <summary>Role selections.</summary>
    public IReadOnlyList<RoleSelection> Roles { get; init; } = [];

    /// <summary>Extended negotiations.</summary>
    public IReadOnlyList<ExtendedNegotiation> ExtendedNegotiations { get; init; } = [];

    /// <summary>User identity of a request.</summary>
    public UserIdentity? UserIdentity { get; init; }

    /// <summary>Answer to a user identity; null if none.</summary>
    public ReadOnlyMemory<byte>? UserIdentityResponse { get; init; }
}
