using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Vesalius.Dicom.Network;

namespace Vesalius.QueryRetrieve;

/// <summary>Files of the certificate that proves to PACS who we are (mutual TLS, PS3.15 §B). One for all of them.</summary>
public sealed record PacsCertificateOptions
{
    /// <summary>The certificate: PEM, with those between it and its authority behind it, or PFX (<c>.pfx</c>, <c>.p12</c>). Null: none is shown.</summary>
    public string? Certificate { get; init; }

    /// <summary>Its private key, PEM. Null: it is in the same file.</summary>
    public string? Key { get; init; }

    /// <summary>Password of PFX or key; null for none.</summary>
    public string? Password { get; init; }
}

/// <summary>Reads the certificate that PACS are shown, anew when its files change.</summary>
public sealed class PacsCertificate(PacsCertificateOptions options, ILogger<PacsCertificate> logger)
{
    private readonly Lock _reading = new();
    private SslStreamCertificateContext? _current;
    private string _read = "";

    /// <summary>The certificate in force; null if none is configured. One that was renewed and cannot be read leaves the former.</summary>
    /// <exception cref="PacsException">It is configured and cannot be read; nobody is asked without it.</exception>
    public SslStreamCertificateContext? Get()
    {
        if (options.Certificate is not { } file)
        {
            return null;
        }

        lock (_reading)
        {
            var written = $"{File.GetLastWriteTimeUtc(file).Ticks}|{(options.Key is { } key ? File.GetLastWriteTimeUtc(key).Ticks : 0)}";
            if (_current is not null && written == _read)
            {
                return _current;
            }

            try
            {
                _current = CertificateFile.Read(file, options.Key, options.Password);
                _read = written;
            }
            catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
            {
                QueryRetrieveLog.CertificateUnreadable(logger, e.GetType().Name);
                return _current ?? throw new PacsException("Our certificate for PACS, or its key, cannot be read (DicomTls:ClientCertificate, DicomTls:ClientKey).", isAway: true, e);
            }

            return _current;
        }
    }
}
