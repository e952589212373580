using System.Text.Json;
using Microsoft.Playwright;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>Looks at a page with axe-core.</summary>
internal static class Axe
{
    /// <summary>What is serious or critical on a page as it stands now; each with the place given.</summary>
    public static async Task<List<string>> FindingsAsync(IPage page, string place)
    {
        var engine = Path.GetFullPath(Path.Combine(Environment.GetEnvironmentVariable("VESALIUS__WEBSITE")!, "..", "node_modules", "axe-core", "axe.min.js"));
        await page.EvaluateAsync(await File.ReadAllTextAsync(engine, TestContext.Current.CancellationToken));
        var found = await page.EvaluateAsync<JsonElement>("async () => (await axe.run()).violations.filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(' | '))");
        return [.. found.EnumerateArray().Select(f => $"{place}: {f.GetString()}")];
    }

    /// <summary>Fails the test where something serious is found.</summary>
    public static async Task CheckAsync(IPage page, string place)
    {
        // What was just clicked is painted first.
        await page.WaitForTimeoutAsync(150);
        var findings = await FindingsAsync(page, place);
        Assert.True(findings.Count == 0, string.Join('\n', findings));
    }
}
