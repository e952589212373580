using System.Text.Json;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>What the site was built to know of the REST API.</summary>
[Trait("Speed", "Slow")]
public sealed class SiteDescriptionTests(Site site) : IClassFixture<Site>
{
    /// <summary>Every address and method that the site was built with is one that the server describes; after a change, <c>npm run api</c> reads them anew.</summary>
    [Fact]
    public async Task Addresses_that_the_site_was_built_with_are_the_servers()
    {
        await site.OpenAsync();
        using var admin = site.Server.Client();
        using var served = JsonDocument.Parse(await admin.GetStringAsync(new Uri("/xapi/openapi.json", UriKind.Relative), TestContext.Current.CancellationToken));
        var file = Path.GetFullPath(Path.Combine(Environment.GetEnvironmentVariable("VESALIUS__WEBSITE")!, "..", "openapi.json"));
        using var known = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        var described = served.RootElement.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(m => $"{m.Name} {p.Name}")).ToHashSet(StringComparer.Ordinal);
        var used = known.RootElement.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(m => $"{m.Name} {p.Name}")).ToList();
        Assert.NotEmpty(used);
        Assert.All(used, u => Assert.Contains(u, described));
    }
}
