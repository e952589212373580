using Vesalius.Dicom.Network;

namespace Vesalius.QueryRetrieve;

/// <summary>How associations with PACS are opened, and how it is said in words why they fail.</summary>
internal static class DimseOptions
{
    /// <summary>Time-outs, character set and TLS of a PACS.</summary>
    /// <exception cref="PacsException">Our certificate cannot be read.</exception>
    public static RequestorOptions Of(Pacs pacs, DqrPreferences preferences, PacsCertificate certificate) => new()
    {
        Connect = preferences.Connect, Artim = preferences.Accept, Response = preferences.Response, Retrieve = preferences.Retrieve, AssumedCharacterSet = pacs.Rules.AssumedCharacterSet,
        Tls = pacs.Rules.Tls ? pacs.Rules.Trust(certificate) : null,
    };

    /// <summary>What happened, in words that name neither peer nor content.</summary>
    public static string Describe(AssociationException e) => e.Fault switch
    {
        AssociationFault.Unreachable => "nobody listens at its address",
        AssociationFault.ConnectTimedOut => "it does not take connections in time",
        AssociationFault.Rejected => "it rejects associations with our AE title, or is busy",
        AssociationFault.TlsFailed => "TLS failed, or its certificate is not trusted",
        AssociationFault.TimedOut => "it did not answer in time",
        AssociationFault.AbortedByPeer or AssociationFault.ReleasedByPeer or AssociationFault.ConnectionLost => "it broke off",
        AssociationFault.ContextNotAccepted => "it does not offer the service that is needed",
        _ => "the association failed",
    };
}
