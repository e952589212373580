using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Vesalius.Dicom.Network;

/// <summary>Reads a certificate with its key from files, for either side of TLS.</summary>
public static class CertificateFile
{
    /// <summary>Reads one.</summary>
    /// <param name="path">PEM, with the certificates between it and its authority behind it, or PFX (<c>.pfx</c>, <c>.p12</c>).</param>
    /// <param name="key">Its private key, PEM; null if it is in the same file.</param>
    /// <param name="password">Password of PFX or key; null for none.</param>
    /// <returns>What is shown to the peer: only what the file holds, no authority is asked for more.</returns>
    /// <exception cref="CryptographicException">The files are no certificate with key, or the password is another.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    public static SslStreamCertificateContext Read(string path, string? key, string? password)
    {
        var others = new X509Certificate2Collection();
        X509Certificate2 certificate;
        if (Path.GetExtension(path).ToLowerInvariant() is ".pfx" or ".p12")
        {
            others = X509CertificateLoader.LoadPkcs12CollectionFromFile(path, password);
            certificate = others.FirstOrDefault(c => c.HasPrivateKey) ?? throw new CryptographicException("The file has no private key.");
        }
        else
        {
            certificate = password is null ? X509Certificate2.CreateFromPemFile(path, key) : X509Certificate2.CreateFromEncryptedPemFile(path, password, key);
            others.ImportFromPemFile(path);
        }

        return SslStreamCertificateContext.Create(certificate, others, offline: true);
    }
}
