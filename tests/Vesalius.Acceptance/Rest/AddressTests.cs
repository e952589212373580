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

    [Theory]
    [InlineData("*/*", "application/json", "text/xml")]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html", "text/html")]
    [InlineData("application/json, text/plain, */*", "application/json", "application/json")]
    [InlineData("text/csv", "text/csv", "text/xml")]
    [InlineData("application/xml, application/json;q=0.5", "text/xml", "text/xml")]
    [InlineData("application/json;q=0.2, text/xml;q=0.9", "text/xml", "text/xml")]
    [InlineData("image/png", "application/json", "text/xml")]
    [InlineData("text/html;q=0, */*", "application/json", "text/xml")]
    public async Task Format_is_the_one_that_the_caller_likes_best(string accept, string ofList, string ofItem)
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/WISHES", null, Token);
        async Task<string?> TypeAsync(string address)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.TryAddWithoutValidation("Accept", accept);
            using var response = await admin.SendAsync(request, Token);
            return response.Content.Headers.ContentType?.MediaType;
        }

        Assert.Equal((ofList, ofItem), (await TypeAsync("/data/projects"), await TypeAsync("/data/projects/WISHES")));
        Assert.Equal(("text/csv", "application/json"), (await TypeAsync("/data/projects?format=csv"), await TypeAsync("/data/projects/WISHES?format=json")));
    }
}
