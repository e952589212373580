using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Vesalius.Dicom.Network.Tests;

/// <summary>The requestor with peers that misbehave (R4).</summary>
public sealed class RequestorFaultTests
{
    private static readonly RequestorOptions Impatient = new()
    {
        Connect = TimeSpan.FromSeconds(2), Artim = TimeSpan.FromMilliseconds(300), Response = TimeSpan.FromMilliseconds(300),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static AssociatePdu Acceptance => new()
    {
        IsRequest = false, CalledAeTitle = "PEER", CallingAeTitle = "US", PresentationContexts = [new PresentationContext(1, "", [Uids.ImplicitVRLittleEndian])],
    };

    private static Task<RequestorAssociation> OpenAsync(int port, RequestorOptions options) => RequestorAssociation.OpenAsync(
        new RemoteApplication("127.0.0.1", port, "PEER"), QueryRetrieveProposal.Make("US", QueryModel.StudyRoot, QueryRetrieveServices.Echo), options, NullLogger.Instance, Token);

    // A peer that reads what comes, and answers the first thing with these bytes and every later one with those.
    private static async Task<AssociationFault> FaultOfAsync(byte[] first, byte[]? second = null)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        var fault = (await Assert.ThrowsAsync<AssociationException>(async () =>
        {
            await using var association = await OpenAsync(((IPEndPoint)listener.LocalEndpoint).Port, Impatient);
            await association.EchoAsync(Token);
        })).Fault;
        await serving;
        return fault;

        async Task ServeAsync()
        {
            using var client = await listener.AcceptTcpClientAsync(Token);
            var stream = client.GetStream();
            var buffer = new byte[64 * 1024];
            try
            {
                for (var turn = 0; await stream.ReadAsync(buffer, Token) > 0; turn++)
                {
                    await stream.WriteAsync(turn == 0 ? first : second ?? [], Token);
                }
            }
            catch (IOException)
            {
                // The requestor has closed.
            }
        }
    }

    /// <summary>Every kind of wrong answer to the request ends the attempt with its own reason.</summary>
    [Theory]
    [InlineData(new byte[] { 0x03, 0, 0, 0, 0, 4, 0, 2, 3, 2 }, AssociationFault.Rejected)]
    [InlineData(new byte[] { 0x07, 0, 0, 0, 0, 4, 0, 0, 2, 0 }, AssociationFault.AbortedByPeer)]
    [InlineData(new byte[] { 0x99, 0, 0, 0, 0, 4, 0, 0, 0, 0 }, AssociationFault.InvalidPdu)]
    [InlineData(new byte[] { 0x02, 0, 0x7F, 0xFF, 0xFF, 0xFF }, AssociationFault.InvalidPdu)]
    [InlineData(new byte[] { 0x02, 0, 0, 0, 0, 2, 0, 1 }, AssociationFault.InvalidPdu)]
    [InlineData(new byte[] { 0x04, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 3 }, AssociationFault.InvalidPdu)]
    [InlineData(new byte[] { }, AssociationFault.TimedOut)]
    public async Task Wrong_answer_to_the_request_is_told_by_its_reason(byte[] answer, AssociationFault expected) =>
        Assert.Equal(expected, await FaultOfAsync(answer));

    /// <summary>Wrong answers to an operation too.</summary>
    [Theory]
    [InlineData(new byte[] { 0x04, 0, 0, 0, 0, 6, 0, 0, 0, 2, 9, 3 }, AssociationFault.InvalidPdu)]
    [InlineData(new byte[] { 0x04, 0, 0, 0, 0, 6, 0x7F, 0, 0, 2, 1, 3 }, AssociationFault.InvalidPdu)]
    [InlineData(new byte[] { 0x04, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 2 }, AssociationFault.InvalidPdu)]
    [InlineData(new byte[] { 0x05, 0, 0, 0, 0, 4, 0, 0, 0, 0 }, AssociationFault.ReleasedByPeer)]
    [InlineData(new byte[] { 0x07, 0, 0, 0, 0, 4, 0, 0, 0, 0 }, AssociationFault.AbortedByPeer)]
    [InlineData(new byte[] { }, AssociationFault.TimedOut)]
    public async Task Wrong_answer_to_an_operation_is_told_by_its_reason(byte[] answer, AssociationFault expected) =>
        Assert.Equal(expected, await FaultOfAsync(AssociateCodec.Encode(Acceptance), answer));

    /// <summary>A context that was not proposed, or a syntax that was not offered, is not believed.</summary>
    [Fact]
    public async Task Acceptance_of_what_was_not_proposed_is_refused()
    {
        Assert.Equal(AssociationFault.InvalidPdu, await FaultOfAsync(AssociateCodec.Encode(Acceptance with { PresentationContexts = [new PresentationContext(3, "", [Uids.ImplicitVRLittleEndian])] })));
        Assert.Equal(AssociationFault.InvalidPdu, await FaultOfAsync(AssociateCodec.Encode(Acceptance with { PresentationContexts = [new PresentationContext(1, "", ["1.2.3"])] })));
        Assert.Equal(AssociationFault.InvalidPdu, await FaultOfAsync(AssociateCodec.Encode(Acceptance with { MaximumLength = 7 })));
    }

    /// <summary>Nobody listens.</summary>
    [Fact]
    public async Task Closed_port_is_unreachable()
    {
        var e = await Assert.ThrowsAsync<AssociationException>(() => OpenAsync(Testing.FreePort.Take(), Impatient));
        Assert.Equal((AssociationFault.Unreachable, true), (e.Fault, e.IsTransient));
    }

    /// <summary>Over TLS the pinned certificate is let in, and another one is not.</summary>
    [Fact]
    public async Task Pinned_certificate_is_accepted_and_another_refused()
    {
        using var key = RSA.Create(2048);
        using var made = new CertificateRequest("CN=peer", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var pin = Convert.ToHexString(SHA256.HashData(made.RawData));
        Assert.True(await OpensOverTlsAsync(made, new RequestorTls { PinnedCertificateSha256 = pin }));
        Assert.True(await OpensOverTlsAsync(made, new RequestorTls { TrustedAuthorities = [made], PeerName = "peer" }));
        Assert.False(await OpensOverTlsAsync(made, new RequestorTls { PinnedCertificateSha256 = new string('0', 64) }));
        Assert.False(await OpensOverTlsAsync(made, new RequestorTls()));
    }

    private static async Task<bool> OpensOverTlsAsync(X509Certificate2 certificate, RequestorTls tls)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        try
        {
            await using var association = await OpenAsync(((IPEndPoint)listener.LocalEndpoint).Port, Impatient with { Tls = tls, Artim = TimeSpan.FromSeconds(5) });
            return association.IsOpen;
        }
        catch (AssociationException e) when (e.Fault == AssociationFault.TlsFailed)
        {
            return false;
        }
        finally
        {
            await serving;
        }

        async Task ServeAsync()
        {
            using var client = await listener.AcceptTcpClientAsync(Token);
            await using var secure = new SslStream(client.GetStream());
            try
            {
                await secure.AuthenticateAsServerAsync(certificate);
                var buffer = new byte[64 * 1024];
                if (await secure.ReadAsync(buffer, Token) > 0)
                {
                    await secure.WriteAsync(AssociateCodec.Encode(Acceptance), Token);
                    while (await secure.ReadAsync(buffer, Token) > 0)
                    {
                    }
                }
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
            {
                // The requestor did not trust us, or has closed.
            }
        }
    }
}
