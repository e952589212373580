using System.Net;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>How addresses, parameters and wishes for a format are read (rest-api §1.2, §1.4, §1.5), and that addresses of lists lead to what they list.</summary>
public sealed class AddressTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private RestClient Admin => new(server.Client());

    [Theory]
    [InlineData("/data/Projects")]
    [InlineData("/DATA/projects")]
    [InlineData("/data/projects/KEYWORDS/Subjects")]
    [InlineData("/data/projects/KEYWORDS/experiments/e/scans/ALL/FILES")]
    [InlineData("/XAPI/siteConfig/buildInfo")]
    [InlineData("/xapi/siteconfig/buildInfo")]
    public async Task Words_of_an_address_count_as_they_are_written(string address)
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/KEYWORDS/subjects/s/experiments/e?xsiType=xnat:mrSessionData", null, Token);
        using var answer = await admin.GetAsync(address, Token);
        Assert.NotEqual("application/json", answer.Content.Headers.ContentType?.MediaType);
        // Where there is a web site, it answers what is no interface's.
        Assert.True(answer.StatusCode == HttpStatusCode.NotFound || !address.StartsWith("/data", StringComparison.Ordinal), $"{(int)answer.StatusCode}");
    }
}
