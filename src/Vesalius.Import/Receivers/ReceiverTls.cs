using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Vesalius.Dicom.Network;

namespace Vesalius.Import;

/// <summary>Files that receivers with TLS need. One set for all of them.</summary>
public sealed record ReceiverTlsOptions
{
    /// <summary>The server's certificate: PEM, with the certificates between it and its authority behind it, or PFX (<c>.pfx</c>, <c>.p12</c>). Null: no receiver can have TLS.</summary>
    public string? Certificate { get; init; }

    /// <summary>Its private key, PEM. Null: it is in the same file.</summary>
    public string? Key { get; init; }

    /// <summary>Password of PFX or key; null for none.</summary>
    public string? Password { get; init; }

    /// <summary>Senders have to show a certificate that is trusted.</summary>
    public bool RequiresClientCertificate { get; init; }

    /// <summary>PEM file of the authorities whose client certificates are trusted; null for the system's.</summary>
    public string? Authorities { get; init; }
}

/// <summary>Reads the certificate for receivers, anew when its files change.</summary>
public sealed class ReceiverTls(ReceiverTlsOptions options, TimeProvider time, ILogger<ReceiverTls> logger)
{
    // A file is looked at no more often than this.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private readonly Lock _reading = new();
    private ProviderTls? _current;
    private string _fingerprint = "";
    private DateTimeOffset _looked;

    /// <summary>True if a certificate is configured.</summary>
    public bool IsConfigured => options.Certificate is not null;

    /// <summary>What is wrong with the files; null if nothing.</summary>
    public string? Fault()
    {
        try
        {
            Get();
            return null;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return e is InvalidOperationException ? e.Message : $"The certificate, its key or the authorities cannot be read ({e.GetType().Name}).";
        }
    }

    /// <summary>The certificate in force. One that was renewed and cannot be read leaves the former.</summary>
    /// <exception cref="CryptographicException">The files are no certificate with key.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    /// <exception cref="InvalidOperationException">None is configured, or it has no key.</exception>
    public ProviderTls Get()
    {
        lock (_reading)
        {
            var now = time.GetUtcNow();
            if (_current is not null && now - _looked < Pause)
            {
                return _current;
            }

            _looked = now;
            var fingerprint = string.Join('|', new[] { options.Certificate, options.Key, options.Authorities }.OfType<string>().Select(f => File.GetLastWriteTimeUtc(f).Ticks));
            if (_current is not null && fingerprint == _fingerprint)
            {
                return _current;
            }

            try
            {
                _current = Read();
                _fingerprint = fingerprint;
            }
            catch (Exception e) when (_current is not null && e is CryptographicException or IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                // It may be written at this moment; the next look tells.
                ImportLog.CertificateUnreadable(logger, e.GetType().Name);
            }

            return _current!;
        }
    }

    private ProviderTls Read()
    {
        var file = options.Certificate ?? throw new InvalidOperationException("No certificate for receivers is configured (DicomTls:Certificate).");
        var authorities = new X509Certificate2Collection();
        if (options.Authorities is not null)
        {
            authorities.ImportFromPemFile(options.Authorities);
            if (authorities.Count == 0)
            {
                throw new InvalidOperationException("The file of authorities (DicomTls:Authorities) has no certificate.");
            }
        }

        return new ProviderTls
        {
            Certificate = CertificateFile.Read(file, options.Key, options.Password), RequiresClientCertificate = options.RequiresClientCertificate, TrustedAuthorities = authorities,
        };
    }
}
