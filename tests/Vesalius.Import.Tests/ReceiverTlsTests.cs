using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Import.Tests;

/// <summary>The certificate of receivers and its files (R1).</summary>
public sealed class ReceiverTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vesalius-tls-").FullName;
    private readonly TestCertificates _certificates;
    private readonly SteppedClock _clock = new(DateTimeOffset.UnixEpoch);

    public ReceiverTlsTests() => _certificates = new TestCertificates(_folder);

    public void Dispose()
    {
        _certificates.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private ReceiverTls Of(ReceiverTlsOptions options) => new(options, _clock, NullLogger<ReceiverTls>.Instance);

    private static string Subject(ReceiverTls tls) => tls.Get().Certificate.TargetCertificate.Subject;

    [Fact]
    public void Certificate_is_read_from_PEM_files_and_from_PFX()
    {
        var files = _certificates.Make("server");
        Assert.Equal("CN=server", Subject(Of(new ReceiverTlsOptions { Certificate = files.Certificate, Key = files.Key })));
        var pfx = TestCertificates.Pfx(files, "secret");
        Assert.Equal("CN=server", Subject(Of(new ReceiverTlsOptions { Certificate = pfx, Password = "secret" })));
    }

    [Fact]
    public void What_is_wrong_with_the_files_is_said_without_their_content()
    {
        var files = _certificates.Make("server");
        Assert.Contains("DicomTls:Certificate", Of(new ReceiverTlsOptions()).Fault(), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Of(new ReceiverTlsOptions { Certificate = Path.Combine(_folder, "none.pem") }).Fault(), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Of(new ReceiverTlsOptions { Certificate = files.Certificate }).Fault(), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Of(new ReceiverTlsOptions { Certificate = TestCertificates.Pfx(files, "secret"), Password = "wrong" }).Fault(), StringComparison.Ordinal);
        Assert.Contains("DicomTls:Authorities", Of(new ReceiverTlsOptions { Certificate = files.Certificate, Key = files.Key, Authorities = files.Key }).Fault(), StringComparison.Ordinal);
        Assert.Null(Of(new ReceiverTlsOptions { Certificate = files.Certificate, Key = files.Key, Authorities = _certificates.Authority }).Fault());
    }

    [Fact]
    public void Renewed_certificate_counts_without_a_restart_and_a_broken_one_leaves_the_former()
    {
        var files = _certificates.Make("old");
        var renewed = _certificates.Make("new");
        var tls = Of(new ReceiverTlsOptions { Certificate = files.Certificate, Key = files.Key });
        Assert.Equal("CN=old", Subject(tls));
        File.WriteAllText(files.Certificate, "broken");
        File.SetLastWriteTimeUtc(files.Certificate, DateTime.UnixEpoch);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("CN=old", Subject(tls));
        File.Copy(renewed.Certificate, files.Certificate, overwrite: true);
        File.Copy(renewed.Key, files.Key, overwrite: true);
        Assert.Equal("CN=old", Subject(tls));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("CN=new", Subject(tls));
    }
}
