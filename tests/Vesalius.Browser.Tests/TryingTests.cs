using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>Trying a script before it is saved (R13).</summary>
[Trait("Speed", "Slow")]
public sealed class TryingTests(Site site) : IClassFixture<Site>
{
    /// <summary>An owner sees every attribute before and after, with the line that did it, and nothing is changed by it.</summary>
    [Fact]
    public async Task Script_is_tried_on_a_session_and_nothing_is_stored()
    {
        using var owner = await site.Server.UserAsync("trier");
        using var made = await owner.PutAsync(new Uri("/data/projects/TRIED", UriKind.Relative), null, TestContext.Current.CancellationToken);
        await site.Server.SendAsync(RunningServer.Routed("ct-head-phantom-philips", "Project:TRIED Subject:T01 Session:T01_V1"));
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(owner, "/data/prearchive/projects/TRIED?format=json")).FirstOrDefault());
        using var archived = await owner.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.True(archived.IsSuccessStatusCode);
        var page = await site.SignInAsync("trier", "pw-trier");
        await page.GotoAsync("/projects/TRIED/manage");
        await page.GetByRole(AriaRole.Tab, new() { Name = "De-identification" }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Project script" }).ClickAsync();
        await page.Keyboard.TypeAsync("version \"6.1\"\n(0008,1030) := \"Tried\"\n- (0008,0070)\n");
        var trying = page.GetByRole(AriaRole.Region, new() { Name = "Try it" });
        await trying.GetByRole(AriaRole.Combobox, new() { Name = "On a session" }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "T01_V1" }).ClickAsync();
        await trying.GetByRole(AriaRole.Button, new() { Name = "Try it", Exact = true }).ClickAsync();
        var rows = page.GetByRole(AriaRole.Table, new() { Name = "Before and after" }).GetByRole(AriaRole.Row);
        await Assertions.Expect(rows.Filter(new() { HasText = "(0008,1030)" })).ToContainTextAsync("line 2");
        await Assertions.Expect(rows.Filter(new() { HasText = "(0008,0070)" })).ToContainTextAsync("removed");
        await Site.PictureAsync(page, "try-it");
        await Axe.CheckAsync(page, "try it");
        Assert.Equal("", await owner.GetStringAsync(new Uri("/xapi/anonymize/projects/TRIED", UriKind.Relative), TestContext.Current.CancellationToken));
    }
}
