using System.Net;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>Methods and bodies as scripts send them: HEAD, OPTIONS, what is not offered, what is too large (RFC 9110).</summary>
public sealed class MethodTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/data/projects")]
    [InlineData("/data/projects/METHODS")]
    [InlineData("/data/projects/METHODS/subjects?format=csv")]
    [InlineData("/data/projects/METHODS/resources/R/files/f.txt")]
    [InlineData("/data/projects/METHODS/resources/R")]
    [InlineData("/xapi/users")]
    [InlineData("/data/projects/ABSENT")]
    public async Task HEAD_says_what_GET_says_without_a_body(string address)
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/METHODS", null, Token);
        using var file = new StringContent("hello");
        await admin.PutAsync("/data/projects/METHODS/resources/R/files/f.txt?inbody=true", file, Token);
        using var got = await admin.GetAsync(address, Token);
        using var request = new HttpRequestMessage(HttpMethod.Head, address);
        using var head = await admin.SendAsync(request, Token);
        Assert.Equal(got.StatusCode, head.StatusCode);
        Assert.Equal(got.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Equal("", await head.Content.ReadAsStringAsync(Token));
        using var nobody = server.Client(null);
        using var asked = new HttpRequestMessage(HttpMethod.Head, address);
        using var refused = await nobody.SendAsync(asked, Token);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task What_is_not_offered_is_405_and_says_what_is()
    {
        using var admin = server.Client();
        using var request = new HttpRequestMessage(HttpMethod.Patch, "/data/projects/METHODS");
        using var response = await admin.SendAsync(request, Token);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "This address does not do this. It offers DELETE, GET, HEAD, OPTIONS, POST, PUT."), (response.StatusCode, response.ReasonPhrase));
        Assert.Equal(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"], response.Content.Headers.Allow.Order(StringComparer.Ordinal));
        Assert.Contains("<h3>This address does not do this. It offers DELETE, GET, HEAD, OPTIONS, POST, PUT.</h3>", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        using var options = new HttpRequestMessage(HttpMethod.Options, "/data/subjects");
        using var offered = await admin.SendAsync(options, Token);
        Assert.Equal(HttpStatusCode.NoContent, offered.StatusCode);
        Assert.Equal(["GET", "HEAD", "OPTIONS"], offered.Content.Headers.Allow.Order(StringComparer.Ordinal));
        using var import = await admin.PutAsync("/data/services/import", null, Token);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, import.StatusCode);
    }

    /// <summary>Documents, settings, lists and fields of forms go into memory and have an end; files have none.</summary>
    [Theory]
    [InlineData("PUT", "/data/projects/METHODS/subjects/S", "text/xml")]
    [InlineData("PUT", "/xapi/siteConfig/siteDescriptionText", "text/plain")]
    [InlineData("POST", "/xapi/users", "application/json")]
    [InlineData("PUT", "/xapi/anonymize/site", "text/plain")]
    [InlineData("POST", "/data/search", "text/xml")]
    [InlineData("POST", "/xapi/direct-archive", "application/json")]
    [Trait("Speed", "Slow")]
    public async Task Body_that_is_too_large_is_413_and_not_kept_in_memory(string method, string address, string type)
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/METHODS", null, Token);
        using var request = new HttpRequestMessage(new HttpMethod(method), address) { Content = new StreamContent(new Spaces(65L << 20)) };
        request.Headers.ExpectContinue = true;
        request.Content.Headers.ContentType = new(type);
        request.Content.Headers.ContentLength = 65L << 20;
        using var response = await admin.SendAsync(request, Token);
        Assert.Equal(413, (int)response.StatusCode);
        Assert.DoesNotContain("Exception", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_may_be_larger_than_a_document_and_a_field_of_a_form_may_not()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/METHODS", null, Token);
        using var large = new StreamContent(new Spaces(65L << 20));
        using var stored = await admin.PutAsync("/data/projects/METHODS/resources/L/files/large.bin?inbody=true&overwrite=true", large, Token);
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        using var form = new MultipartFormDataContent { { new StringContent(new string('x', 70_000)), "project" }, { new ByteArrayContent([1]), "file", "a.zip" } };
        using var refused = await admin.PostAsync("/data/services/import", form, Token);
        Assert.Equal(413, (int)refused.StatusCode);
    }

    // So many blanks, made while they are sent.
    private sealed class Spaces(long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var taken = (int)Math.Min(count, length - _position);
            buffer.AsSpan(offset, taken).Fill((byte)' ');
            _position += taken;
            return taken;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
