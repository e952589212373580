using System.Net;
using Vesalius.Acceptance.Clients;
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

    /// <summary>The links to the viewer that XNAT's own viewer has (xapi F.7), in both spellings.</summary>
    [Fact]
    public async Task Links_of_the_viewer_lead_to_the_study()
    {
        using var http = server.Client();
        using var admin = new RestClient(server.Client());
        await admin.PutAsync("/data/projects/LINKS");
        await admin.PutAsync("/data/projects/LINKS/subjects/s/experiments/none?xsiType=xnat:mrSessionData", 201);
        using var zip = new ByteArrayContent(ReplayedClient.Zip(Directory.EnumerateFiles(RunningServer.Routed("rt-breast", ""))));
        zip.Headers.ContentType = new("application/zip");
        using var imported = await http.PostAsync("/data/services/import?import-handler=DICOM-zip&dest=/archive&project=LINKS&subject=s&session=e", zip, Token);
        imported.EnsureSuccessStatusCode();
        foreach (var start in (string[])["/VIEWER/?", "/VIEWER?", "/viewer/?", "/viewer?"])
        {
            using var found = await http.GetAsync($"{start}projectId=LINKS&experimentId=e", Token);
            Assert.Equal((start, HttpStatusCode.Redirect), (start, found.StatusCode));
            Assert.StartsWith("/viewer/viewer?StudyInstanceUIDs=", found.Headers.Location!.ToString(), StringComparison.Ordinal);
            using var none = await http.GetAsync($"{start}projectId=LINKS&experimentId=none", Token);
            Assert.Equal((start, HttpStatusCode.NotFound), (start, none.StatusCode));
        }
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

    /// <summary>§1.2 and 14 of §25, for filters: a number, date or label that was encoded twice is found, and so is a text that holds an escape.</summary>
    [Fact]
    public async Task Filters_that_were_encoded_twice_find_what_they_mean()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/TWICE");
        await admin.PutAsync("/data/projects/TWICE/subjects/s?age=30", 201);
        foreach (var (label, note) in ((string, string)[])[("mr-1", "plain%20"), ("mr-2", "two words"), ("ct-1", "")])
        {
            await admin.PutAsync($"/data/projects/TWICE/subjects/s/experiments/{label}?xsiType=xnat:mrSessionData&date=2024-0{label[^1]}-01&note={Uri.EscapeDataString(note)}", 201);
        }

        async Task<List<string>> FoundAsync(string filter) => [.. (await admin.RowsAsync($"/data/projects/TWICE/experiments?columns=label&sortBy=label&{filter}")).Select(r => r["label"])];
        Assert.Equal(["mr-1"], await FoundAsync("label=mr%252D1"));
        Assert.Equal(["mr-1", "mr-2"], await FoundAsync("label=mr-1%252Cmr-2"));
        Assert.Equal(["mr-1", "mr-2"], await FoundAsync("label=mr%2525"));
        Assert.Equal(["mr-2"], await FoundAsync("note=two%2520words"));
        Assert.Equal(["mr-1"], await FoundAsync("note=plain%2520"));
        Assert.Equal(["mr-2"], await FoundAsync("date=02%252F01%252F2024"));
        Assert.Equal(["mr-2"], await FoundAsync("date=01%252F15%252F2024-12%252F31%252F2024"));
        Assert.Single(await admin.RowsAsync("/data/projects/TWICE/subjects?age=20%252D40"));
        await admin.GetAsync("/data/projects/TWICE/subjects?age=x%2520y", 400);
    }

    /// <summary>A list's address of a file, escaped as clients escape an address, leads to the file, whatever its name holds.</summary>
    [Fact]
    public async Task Addresses_of_files_in_lists_lead_to_the_files()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/NAMES");
        string[] names = ["a.txt", "with blank.txt", "h#sh.txt", "pct%20.txt", "100%.txt", "q?m.txt", "plus+x.txt", "amp&.txt", "ünï.txt", "sub/dir #1/c.txt"];
        foreach (var name in names)
        {
            await admin.PutAsync($"/data/projects/NAMES/resources/R/files/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}?inbody=true", 200, name, "text/plain");
            await admin.PutAsync($"/data/user/cache/resources/NAMES/files/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}?inbody=true", 200, name, "text/plain");
        }

        foreach (var list in (string[])["/data/projects/NAMES/resources/R/files", "/data/user/cache/resources/NAMES/files"])
        {
            var uris = (await admin.RowsAsync(list)).ConvertAll(r => r["URI"]);
            Assert.Equal(names.Length, uris.Count);
            // Blanks and letters stay: clients take the name of a file from here.
            Assert.Contains(uris, u => u.EndsWith("/files/with blank.txt", StringComparison.Ordinal));
            Assert.Contains(uris, u => u.EndsWith("/files/ünï.txt", StringComparison.Ordinal));
            List<string> contents = [];
            foreach (var uri in uris)
            {
                contents.Add(await admin.GetAsync(new Uri(server.Address, uri).PathAndQuery));
            }

            Assert.Equal(names.Order(StringComparer.Ordinal), contents.Order(StringComparer.Ordinal));
        }
    }
}
