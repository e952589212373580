using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Vesalius.Testing;

/// <summary>An authority of its own with certificates that it signs, as PEM files in a folder.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _authority;
    private readonly string _folder;

    /// <summary>Makes the authority.</summary>
    /// <param name="folder">Where the files go.</param>
    public TestCertificates(string folder)
    {
        _folder = Directory.CreateDirectory(folder).FullName;
        var request = new CertificateRequest("CN=Test authority", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Authority, _authority.ExportCertificatePem());
    }

    /// <summary>File of the authority.</summary>
    public string Authority => Path.Combine(_folder, "authority.pem");

    /// <summary>Makes a certificate with its key.</summary>
    /// <returns>Files of certificate and key.</returns>
    public (string Certificate, string Key) Make(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var made = request.Create(_authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
        var files = (Path.Combine(_folder, name + ".pem"), Path.Combine(_folder, name + ".key"));
        File.WriteAllText(files.Item1, made.ExportCertificatePem());
        File.WriteAllText(files.Item2, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    /// <summary>Certificate and key of <see cref="Make"/> as one PFX file.</summary>
    public static string Pfx((string Certificate, string Key) files, string password)
    {
        using var certificate = X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);
        var file = Path.ChangeExtension(files.Certificate, ".pfx");
        File.WriteAllBytes(file, certificate.Export(X509ContentType.Pkcs12, password));
        return file;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
    }
}
