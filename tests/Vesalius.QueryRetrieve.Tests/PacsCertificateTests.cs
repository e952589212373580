using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.QueryRetrieve.Tests;

/// <summary>The certificate that PACS are shown, and its files (R4).</summary>
public sealed class PacsCertificateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vesalius-pacs-tls-").FullName;
    private readonly TestCertificates _certificates;

    public PacsCertificateTests() => _certificates = new TestCertificates(_folder);

    public void Dispose()
    {
        _certificates.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static PacsCertificate Of(string? certificate, string? key = null, string? password = null) =>
        new(new PacsCertificateOptions { Certificate = certificate, Key = key, Password = password }, NullLogger<PacsCertificate>.Instance);

    private static string? Subject(PacsCertificate certificate) => certificate.Get()?.TargetCertificate.Subject;

    [Fact]
    public void Certificate_is_read_from_PEM_and_PFX_and_none_is_none()
    {
        var files = _certificates.Make("archive");
        Assert.Null(Of(null).Get());
        Assert.Equal("CN=archive", Subject(Of(files.Certificate, files.Key)));
        Assert.Equal("CN=archive", Subject(Of(TestCertificates.Pfx(files, "secret"), password: "secret")));
    }

    [Fact]
    public void Unreadable_certificate_keeps_us_from_asking_at_all()
    {
        var files = _certificates.Make("archive");
        foreach (var broken in (PacsCertificate[])[Of(files.Certificate), Of(Path.Combine(_folder, "nowhere.pem")), Of(files.Certificate, _certificates.Make("other").Key), Of(TestCertificates.Pfx(files, "secret"), password: "wrong")])
        {
            var e = Assert.Throws<PacsException>(broken.Get);
            Assert.True(e.IsAway);
            Assert.DoesNotContain(_folder, e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Renewed_certificate_counts_at_once_and_a_broken_one_leaves_the_former()
    {
        var files = _certificates.Make("archive");
        var certificate = Of(files.Certificate, files.Key);
        Assert.Equal("CN=archive", Subject(certificate));
        var renewed = _certificates.Make("renewed");
        File.Copy(renewed.Certificate, files.Certificate, overwrite: true);
        File.SetLastWriteTimeUtc(files.Certificate, DateTime.UtcNow.AddSeconds(5));
        Assert.Equal("CN=archive", Subject(certificate));
        File.Copy(renewed.Key, files.Key, overwrite: true);
        Assert.Equal("CN=renewed", Subject(certificate));
        File.WriteAllText(files.Certificate, "no certificate");
        File.SetLastWriteTimeUtc(files.Certificate, DateTime.UtcNow.AddSeconds(10));
        Assert.Equal("CN=renewed", Subject(certificate));
    }
}
