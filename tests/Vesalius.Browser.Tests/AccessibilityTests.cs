using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>What axe-core finds on each page, in light and dark.</summary>
[Trait("Speed", "Slow")]
public sealed class AccessibilityTests(Site site) : IClassFixture<Site>
{
    private static readonly string[] Addresses =
    [
        "/", "/projects/AXE", "/projects/AXE/subjects", "/projects/AXE/history", "/projects/AXE/manage", "/projects/AXE/download", "/projects/AXE/experiments/A01_CT1", "/projects/AXE/experiments/A01_CT1/files",
        "/projects/AXE/experiments/A01_CT1/details", "/projects/AXE/experiments/A01_CT1/scans/201", "/projects/AXE/experiments/A01_CT1/scans/201/header", "/projects/AXE/subjects/A01",
        "/prearchive", "/upload", "/search", "/search/fields", "/ended", "/import/search", "/import/list", "/import/queue", "/administration/users", "/administration/receivers", "/administration/pacs", "/administration/script", "/administration/quarantine",
        "/administration/settings", "/administration/registrations", "/administration/training", "/administration/audit", "/administration/filter", "/administration/opt-outs",
        "/administration/health", "/administration/jobs", "/administration/storage", "/no-such-page",
    ];

    /// <summary>Nothing serious, on any page, in either colour scheme.</summary>
    [Fact]
    public async Task No_page_has_a_serious_finding()
    {
        var page = await site.OpenAsync();
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri("/data/projects/AXE", UriKind.Relative), null, TestContext.Current.CancellationToken);
        await site.Server.SendAsync(RunningServer.Routed("ct-head-phantom-philips", "Project:AXE Subject:A01 Session:A01_CT1"));
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, "/data/prearchive/projects/AXE?format=json")).FirstOrDefault());
        using var archived = await admin.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, TestContext.Current.CancellationToken);
        await site.Server.SendAsync(RunningServer.Routed("rt-breast", "Project:AXE Subject:A02 Session:A02_RT1"));
        await site.Server.SendAsync(RunningServer.Routed("ct-head-phantom-philips", "Project:AXE Subject:A01 Session:A01_CT1"));
        var waiting = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, "/data/prearchive/projects/AXE?format=json")).Find(r => r["name"] == "A01_CT1"));
        using var volume = new ByteArrayContent(VolumeTests.Volume());
        using var stored = await admin.PutAsync(new Uri("/data/projects/AXE/experiments/A01_CT1/resources/NIFTI/files/ball.nii?inbody=true", UriKind.Relative), volume, TestContext.Current.CancellationToken);
        Assert.True(archived.IsSuccessStatusCode && stored.IsSuccessStatusCode);
        string[] addresses = [.. Addresses, waiting["url"].Replace("/prearchive/projects/", "/prearchive/", StringComparison.Ordinal), "/projects/AXE/experiments/A01_CT1/volume/resources/NIFTI/files/ball.nii"];

        await page.GotoAsync("/sign-in");
        await page.Locator("input[name=password]").WaitForAsync();
        var findings = await Axe.FindingsAsync(page, "/sign-in");
        var signedIn = await site.SignInAsync();
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await signedIn.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            foreach (var address in addresses)
            {
                await signedIn.GotoAsync(address);
                await signedIn.GetByRole(AriaRole.Heading, new() { Level = 2 }).First.WaitForAsync();
                await signedIn.WaitForLoadStateAsync(LoadState.Load);
                await Axe.SettleAsync(signedIn, address);
                findings.AddRange(await Axe.FindingsAsync(signedIn, $"{scheme} {address}"));
            }
        }

        Assert.True(findings.Count == 0, string.Join('\n', findings));
    }
}
