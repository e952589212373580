using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Vesalius.Dicom.Network;

/// <summary>TLS for associations that this side opens (PS3.15 §B: TLS 1.2 or later).</summary>
public sealed record RequestorTls
{
    /// <summary>Authorities to trust instead of the system's; empty for the system's.</summary>
    public X509Certificate2Collection TrustedAuthorities { get; init; } = [];

    /// <summary>SHA-256 fingerprint of the one certificate to accept, in hexadecimal. Set, it replaces the check of chain and name.</summary>
    public string? PinnedCertificateSha256 { get; init; }

    /// <summary>Name that the peer's certificate must carry; null for the host that is connected to.</summary>
    public string? PeerName { get; init; }

    /// <summary>Certificate with private key, and those between it and its authority, that prove who we are to a peer that asks; null for none.</summary>
    public SslStreamCertificateContext? ClientCertificate { get; init; }

    internal SslClientAuthenticationOptions ToOptions(string host) => new()
    {
        TargetHost = PeerName ?? host,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateContext = ClientCertificate,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) => Certificates.IsTrusted(certificate, errors, TrustedAuthorities, PinnedCertificateSha256),
    };
}

/// <summary>Decides whether a peer's certificate is to be trusted.</summary>
internal static class Certificates
{
    public static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors, X509Certificate2Collection authorities, string? pin)
    {
        if (certificate is null)
        {
            return false;
        }

        if (pin is not null)
        {
            return Convert.ToHexString(SHA256.HashData(certificate.GetRawCertData())).Equals(pin.Replace(":", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        }

        if (authorities.Count == 0)
        {
            return errors == SslPolicyErrors.None;
        }

        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        // A hospital's own authority seldom publishes revocation lists that we could reach.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var checkedCertificate = new X509Certificate2(certificate);
        return chain.Build(checkedCertificate);
    }
}
