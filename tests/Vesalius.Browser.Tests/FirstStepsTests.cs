using System.Net;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>From the sign-in page to the files of a scan, as a person clicks through (R27).</summary>
[Trait("Speed", "Slow")]
public sealed class FirstStepsTests(Site site) : IClassFixture<Site>
{
    /// <summary>A wrong password is answered on the page, not by a window of the browser.</summary>
    [Fact]
    public async Task Wrong_password_is_explained_on_the_page()
    {
        var page = await site.OpenAsync();
        await page.GotoAsync("/projects/NONE");
        await page.GetByLabel("User name").FillAsync("admin");
        await page.Locator("input[name=password]").FillAsync("wrong");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("User name or password is wrong");
    }

    /// <summary>A link that somebody was sent is followed whole once they have signed in, also when they reload the sign-in page before.</summary>
    [Fact]
    public async Task Link_with_query_and_fragment_is_followed_after_signing_in()
    {
        var page = await site.OpenAsync();
        await page.GotoAsync("/search/fields?columns=age#results");
        await page.GetByLabel("User name").WaitForAsync();
        Assert.Equal("/sign-in", new Uri(page.Url).PathAndQuery);
        await page.ReloadAsync();
        await page.GetByLabel("User name").FillAsync("admin");
        await page.Locator("input[name=password]").FillAsync("admin-password");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.WaitForURLAsync("**/search/fields?columns=age#results");
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Main" }).WaitForAsync();
    }

    /// <summary>Makes a project in the site, sends it a study, and looks at what has become of it.</summary>
    [Fact]
    public async Task Study_sent_to_a_new_project_can_be_looked_through()
    {
        var page = await site.SignInAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "New project" }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "ID", Exact = true }).FillAsync("HEADS");
        await page.GetByLabel("Title").FillAsync("Head phantoms");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make project" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Head phantoms" })).ToBeVisibleAsync();

        await site.Server.SendAsync(RunningServer.Routed("ct-head-phantom-philips", "Project:HEADS Subject:H01 Session:H01_CT1"));
        using var admin = site.Server.Client();
        var session = await RunningServer.EventuallyAsync(async () =>
            (await RunningServer.RowsAsync(admin, "/data/prearchive/projects/HEADS?format=json")).FirstOrDefault());
        using var archived = await admin.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, archived.StatusCode);

        await page.GotoAsync("/projects/HEADS");
        await page.GetByRole(AriaRole.Link, new() { Name = "H01_CT1" }).WaitForAsync();
        await Site.PictureAsync(page, "project");
        await page.GetByRole(AriaRole.Link, new() { Name = "H01_CT1" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Scans" }).GetByRole(AriaRole.Row)).ToHaveCountAsync(4);
        await Site.PictureAsync(page, "session");
        await page.GetByRole(AriaRole.Link, new() { Name = "201" }).ClickAsync();
        // The session's page, which stays until the scan's is there, has a tab of this name, too.
        await page.GetByRole(AriaRole.Heading, new() { Level = 2, Name = "Scan 201" }).WaitForAsync();
        await page.GetByRole(AriaRole.Tab, new() { Name = "Files" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Files" }).GetByRole(AriaRole.Row)).ToHaveCountAsync(11);
        await Site.PictureAsync(page, "scan");
    }

    /// <summary>Signing out ends the session on the server too.</summary>
    [Fact]
    public async Task Signing_out_leads_back_to_the_sign_in_page()
    {
        var page = await site.SignInAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Account of admin" }).ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("User name")).ToBeVisibleAsync();
        Assert.Equal(401, (await page.APIRequest.GetAsync("/data/auth", new() { Headers = [new("X-Requested-With", "XMLHttpRequest")] })).Status);
    }

    /// <summary>What a page may load is held to the site itself; nothing runs from within the page's text.</summary>
    [Fact]
    public async Task Page_allows_no_inline_script_and_no_framing()
    {
        var page = await site.OpenAsync();
        var response = await page.GotoAsync("/");
        var policy = (await response!.AllHeadersAsync())["content-security-policy"];
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }
}
