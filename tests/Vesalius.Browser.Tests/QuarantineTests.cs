using System.Text;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>What becomes of images that could not be de-identified (R10, R13).</summary>
[Trait("Speed", "Slow")]
public sealed class QuarantineTests(Site site) : IClassFixture<Site>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task ScriptAsync(HttpClient admin, string project, string text)
    {
        using var body = new StringContent(text, Encoding.UTF8, "text/plain");
        using var stored = await admin.PutAsync(new Uri($"/xapi/anonymize/projects/{project}", UriKind.Relative), body, Token);
        using var enabled = await admin.PutAsync(new Uri($"/xapi/anonymize/projects/{project}/enabled?enable=true", UriKind.Relative), null, Token);
        Assert.True(stored.IsSuccessStatusCode && enabled.IsSuccessStatusCode);
    }

    /// <summary>An owner looks into what a script failed on, without any value of it, mends the script, and tries again.</summary>
    [Fact]
    public async Task Owner_mends_the_script_and_what_failed_leaves_the_quarantine()
    {
        using var owner = await site.Server.UserAsync("mender");
        using var made = await owner.PutAsync(new Uri("/data/projects/MENDED", UriKind.Relative), null, Token);
        Assert.True(made.IsSuccessStatusCode);
        await ScriptAsync(owner, "MENDED", "version \"6.1\"\n(0008,1030) := substring[(0008,0060), 0, 5000]\n");
        await site.Server.SendAsync(RunningServer.Routed("ct-head-phantom-philips", "Project:MENDED Subject:M01 Session:M01_V1"));
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(owner, "/data/prearchive/projects/MENDED?format=json")).FirstOrDefault());
        using var refused = await owner.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, Token);
        Assert.False(refused.IsSuccessStatusCode);

        var page = await site.SignInAsync("mender", "pw-mender");
        await page.GotoAsync("/projects/MENDED/manage");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Quarantine" }).ClickAsync();
        var table = page.GetByRole(AriaRole.Table, new() { Name = "Quarantine" });
        await table.GetByRole(AriaRole.Button, new() { Name = "Look into" }).First.ClickAsync();
        var attributes = page.GetByRole(AriaRole.Table, new() { Name = "What it is made of" });
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Search in what it is made of" }).FillAsync("Patient's");
        await Assertions.Expect(attributes).ToContainTextAsync("(0010,0010)");
        await Assertions.Expect(attributes).Not.ToContainTextAsync("M01");
        await Site.PictureAsync(page, "quarantine");
        await Axe.CheckAsync(page, "quarantine, one object");
        await page.Keyboard.PressAsync("Escape");

        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Choose all rows" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again with the present scripts" }).ClickAsync();
        await Assertions.Expect(page.GetByText("0 left the quarantine")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status).First).ToContainTextAsync("Line 2");
        await ScriptAsync(owner, "MENDED", "version \"6.1\"\n(0008,1030) := \"Head\"\n");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Choose all rows" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again with the present scripts" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Nothing is in quarantine" })).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "quarantine, empty");

        await page.GetByRole(AriaRole.Tab, new() { Name = "Proof" }).ClickAsync();
        var blank = page.GetByRole(AriaRole.Radio, new() { Name = "Empty the attribute" });
        await page.RunAndWaitForResponseAsync(() => blank.ClickAsync(), r => r.Request.Method == "PUT" && r.Ok);
        await Axe.CheckAsync(page, "proof");
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Tab, new() { Name = "Proof" }).ClickAsync();
        await Assertions.Expect(blank).ToBeCheckedAsync();
    }

    /// <summary>What nobody wants is deleted, after a question.</summary>
    [Fact]
    public async Task Administrator_deletes_from_quarantine()
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri("/data/projects/DROPPED", UriKind.Relative), null, Token);
        await ScriptAsync(admin, "DROPPED", "version \"6.1\"\n(0008,1030) := substring[(0008,0060), 0, 5000]\n");
        await site.Server.SendAsync(RunningServer.Routed("mr-mosaic-phantom-siemens", "Project:DROPPED Subject:D01 Session:D01_V1"));
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, "/data/prearchive/projects/DROPPED?format=json")).FirstOrDefault());
        using var refused = await admin.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, Token);
        var page = await site.SignInAsync();
        await page.GotoAsync("/administration/quarantine");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Search in quarantine" }).FillAsync("DROPPED");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Choose all rows" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete…" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Quarantine" }).GetByRole(AriaRole.Row).Filter(new() { HasText = "DROPPED" })).ToHaveCountAsync(0);
        Assert.Equal("[]", await admin.GetStringAsync(new Uri("/xapi/quarantine?project=DROPPED", UriKind.Relative), Token));
    }
}
