namespace Vesalius.Dicom.Network;

/// <summary>Bounds of associations, so that what a peer claims never decides how much is used.</summary>
public sealed record AssociationLimits
{
    /// <summary>Largest P-DATA-TF that we accept, in bytes without its 6-byte header (PS3.8 §D.1). Default 256 KiB: above what DCMTK and dcm4che send at most.</summary>
    public int MaximumPduLength { get; init; } = 256 * 1024;

    /// <summary>Largest A-ASSOCIATE PDU, in bytes. Default 1 MiB: 128 presentation contexts with many transfer syntaxes stay under 100 KiB.</summary>
    public int MaximumAssociatePduLength { get; init; } = 1024 * 1024;

    /// <summary>Largest command set, in bytes. Default 64 KiB: those of PS3.7 stay under 1 KiB.</summary>
    public int MaximumCommandLength { get; init; } = 64 * 1024;

    /// <summary>The ARTIM timer (PS3.8 §9.1.5): how long a peer may take to ask for an association, or to close. Default 30 s.</summary>
    public TimeSpan Artim { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an association may be silent before it is aborted. Default 120 s: slow modalities pause between objects.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Associations at once on one listener; more are rejected as a local limit (transient). Default 600: the promise is 500.</summary>
    public int MaximumAssociations { get; init; } = 600;

    /// <summary>How long a graceful stop waits for open associations. Default 10 s.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);
}
