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

    // True once a page stands as it is to be seen: nothing is loading, nothing moves, and for some frames nothing has changed.
    private const string Stands =
        """
        async () => {
          let hasChanged = true;
          const observer = new MutationObserver(() => { hasChanged = true; });
          observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
          const isBusy = () => document.querySelector('.mantine-Skeleton-root, .mantine-Loader-root') !== null
            || document.getAnimations().some((a) => a.playState === 'running' && a.effect?.getComputedTiming().iterations !== Infinity);
          const end = performance.now() + 30000;
          while (hasChanged || isBusy()) {
            if (performance.now() > end) return false;
            hasChanged = false;
            for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
          }
          observer.disconnect();
          return true;
        }
        """;

    /// <summary>Waits until a page has loaded what it shows and nothing moves on it.</summary>
    public static async Task SettleAsync(IPage page, string place) => Assert.True(await page.EvaluateAsync<bool>(Stands), $"{place} is still loading or moving after 30 seconds.");

    /// <summary>Fails the test where something serious is found.</summary>
    public static async Task CheckAsync(IPage page, string place)
    {
        await SettleAsync(page, place);
        var findings = await FindingsAsync(page, place);
        Assert.True(findings.Count == 0, string.Join('\n', findings));
    }
}
