using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>Finding data again, and ending what is over (R22, R29).</summary>
[Trait("Speed", "Slow")]
public sealed class FindingTests(Site site) : IClassFixture<Site>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task MadeAsync(string project, params string[] sessions)
    {
        using var admin = site.Server.Client();
        foreach (var address in sessions.Select(s => $"/data/projects/{project}/subjects/{s.Split('_')[0]}/experiments/{s}?xsiType=xnat:mrSessionData&date=2024-03-01").Prepend($"/data/projects/{project}"))
        {
            using var made = await admin.PutAsync(new Uri(address, UriKind.Relative), null, Token);
            Assert.True(made.IsSuccessStatusCode, address);
        }
    }

    /// <summary>Words find what one may see, from any page, and stand in no address.</summary>
    [Fact]
    public async Task Words_find_what_one_may_see_and_nothing_else()
    {
        await MadeAsync("FINDME", "WORDY01_MR1");
        await MadeAsync("HIDDEN", "WORDY02_MR1");
        using var user = await site.Server.UserAsync("finder");
        using var admin = site.Server.Client();
        using var given = await admin.PutAsync(new Uri("/data/projects/FINDME/users/Collaborators/finder", UriKind.Relative), null, Token);
        var page = await site.SignInAsync("finder", "pw-finder");
        var addresses = new List<string>();
        page.Request += (_, request) => addresses.Add(request.Url);
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Find" }).FillAsync("WORDY");
        await page.Keyboard.PressAsync("Enter");
        var found = page.GetByRole(AriaRole.Table, new() { Name = "Found" });
        await Assertions.Expect(found.GetByRole(AriaRole.Link, new() { Name = "WORDY01_MR1" })).ToBeVisibleAsync();
        await Assertions.Expect(found).Not.ToContainTextAsync("WORDY02");
        Assert.DoesNotContain(addresses, a => a.Contains("WORDY", StringComparison.Ordinal));
        await Site.PictureAsync(page, "find");
        await Axe.CheckAsync(page, "find");
        await found.GetByRole(AriaRole.Link, new() { Name = "WORDY01_MR1" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 2, Name = "WORDY01_MR1" })).ToBeVisibleAsync();
    }

    /// <summary>A search by fields is put together, run, saved, opened again, and comes as CSV.</summary>
    [Fact]
    public async Task Search_by_fields_is_saved_and_opened_again()
    {
        await MadeAsync("FIELDS", "ALPHA_MR1", "BETA_MR1", "BETA_MR2");
        var page = await site.SignInAsync();
        await page.GotoAsync("/search/fields");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Look for" }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "MR Sessions" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a condition" }).ClickAsync();
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Field of condition 1" }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "Label", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Value of condition 1" }).FillAsync("beta");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search", Exact = true }).ClickAsync();
        var results = page.GetByRole(AriaRole.Table, new() { Name = "Results" });
        await Assertions.Expect(page.GetByText("2 found")).ToBeVisibleAsync();
        await Assertions.Expect(results.GetByRole(AriaRole.Link, new() { Name = "BETA_MR2" })).ToBeVisibleAsync();
        await Assertions.Expect(results).Not.ToContainTextAsync("ALPHA");
        await Site.PictureAsync(page, "search-fields");
        await Axe.CheckAsync(page, "search by fields");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "All of it as CSV" }).ClickAsync());
        Assert.Equal(3, (await File.ReadAllLinesAsync((await download.PathAsync())!, Token)).Length);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save…" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync("Sessions of beta");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The search is saved.")).ToBeVisibleAsync();
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Saved searches" }).ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Sessions of beta", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("2 found")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Value of condition 1" })).ToHaveValueAsync("beta");
    }

    /// <summary>An owner ends a project, after having typed its name; the report proves that nothing is left.</summary>
    [Fact]
    public async Task Owner_ends_a_project_and_the_report_proves_it()
    {
        using var owner = await site.Server.UserAsync("ender");
        using var made = await owner.PutAsync(new Uri("/data/projects/OVER", UriKind.Relative), null, Token);
        Assert.True(made.IsSuccessStatusCode);
        using var session = await owner.PutAsync(new Uri("/data/projects/OVER/subjects/O01/experiments/O01_MR1?xsiType=xnat:mrSessionData", UriKind.Relative), null, Token);
        Assert.True(session.IsSuccessStatusCode);
        var page = await site.SignInAsync("ender", "pw-ender");
        await page.GotoAsync("/projects/OVER/manage");
        await page.GetByRole(AriaRole.Tab, new() { Name = "End of project" }).ClickAsync();
        var end = page.GetByRole(AriaRole.Button, new() { Name = "End the project" });
        await Assertions.Expect(end).ToBeDisabledAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Reason" }).FillAsync("The study is over");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Type OVER to confirm" }).FillAsync("OVER");
        await Axe.CheckAsync(page, "end of project");
        await end.ClickAsync();
        var row = page.GetByRole(AriaRole.Table, new() { Name = "Ended projects" }).GetByRole(AriaRole.Row).Filter(new() { HasText = "OVER" });
        await Assertions.Expect(row).ToContainTextAsync("The study is over");
        await row.GetByRole(AriaRole.Button, new() { Name = "Check again: OVER" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("nothing is left");
        await Site.PictureAsync(page, "ended-projects");
        await Axe.CheckAsync(page, "ended projects");
        await page.GotoAsync("/projects/OVER");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
    }
}
