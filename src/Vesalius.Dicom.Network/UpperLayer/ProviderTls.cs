using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Vesalius.Dicom.Network;

/// <summary>TLS for associations that come in (PS3.15 §B: TLS 1.2 or later).</summary>
public sealed record ProviderTls
{
    /// <summary>Certificate with private key, and those between it and its authority, as peers see them.</summary>
    public required SslStreamCertificateContext Certificate { get; init; }

    /// <summary>A peer has to show a certificate that is trusted; otherwise none is asked for.</summary>
    public bool RequiresClientCertificate { get; init; }

    /// <summary>Authorities whose client certificates are trusted; empty for the system's.</summary>
    public X509Certificate2Collection TrustedAuthorities { get; init; } = [];

    internal SslServerAuthenticationOptions ToOptions() => new()
    {
        ServerCertificateContext = Certificate,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateRequired = RequiresClientCertificate,
        // The authorities decide; a hospital's own seldom publishes revocation lists that we could reach.
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) => !RequiresClientCertificate || Certificates.IsTrusted(certificate, errors, TrustedAuthorities, null),
    };
}
