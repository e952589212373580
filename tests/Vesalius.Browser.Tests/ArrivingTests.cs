using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>Images on their way in, as a person watches and helps them along (R3, R18).</summary>
[Trait("Speed", "Slow")]
public sealed class ArrivingTests(Site site) : IClassFixture<Site>
{
    private static ILocator RowOf(IPage page, string label) => page.GetByRole(AriaRole.Table, new() { Name = "Prearchive" }).GetByRole(AriaRole.Row).Filter(new() { HasText = label });

    private async Task MakeProjectAsync(string id)
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri($"/data/projects/{id}", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.True(made.IsSuccessStatusCode);
    }

    /// <summary>The list grows while the page stands open; nobody reloads it.</summary>
    [Fact]
    public async Task Session_appears_in_the_open_prearchive_and_is_archived_from_there()
    {
        var page = await site.SignInAsync();
        await MakeProjectAsync("LIVE");
        await page.GetByRole(AriaRole.Link, new() { Name = "Prearchive" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Prearchive", Level = 2 }).WaitForAsync();
        await site.Server.SendAsync(RunningServer.Routed("mr-mosaic-phantom-siemens", "Project:LIVE Subject:L01 Session:L01_MR1"));

        var row = RowOf(page, "L01_MR1");
        await Assertions.Expect(row).ToContainTextAsync("8");
        await Site.PictureAsync(page, "prearchive");
        await row.GetByRole(AriaRole.Button, new() { Name = "Archive" }).ClickAsync();
        await Assertions.Expect(row).ToHaveCountAsync(0);
        await page.GotoAsync("/projects/LIVE");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "L01_MR1" })).ToBeVisibleAsync();
    }

    /// <summary>Labels are put right before archiving.</summary>
    [Fact]
    public async Task Session_is_reviewed_and_archived_under_another_label()
    {
        var page = await site.SignInAsync();
        await MakeProjectAsync("REVIEW");
        await site.Server.SendAsync(RunningServer.Routed("rt-breast", "Project:REVIEW Subject:R01 Session:R01_WRONG"));
        await page.GotoAsync("/prearchive");
        await RowOf(page, "R01_WRONG").GetByRole(AriaRole.Button, new() { Name = "More for R01_WRONG" }).ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "Review and relabel…" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog.GetByRole(AriaRole.Table)).ToContainTextAsync("Radiotherapy");
        await dialog.GetByRole(AriaRole.Textbox, new() { Name = "Session" }).FillAsync("R01_RT1");
        await Site.PictureAsync(page, "review");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Archive" }).ClickAsync();
        await Assertions.Expect(RowOf(page, "R01_WRONG")).ToHaveCountAsync(0);
        await page.GotoAsync("/projects/REVIEW");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "R01_RT1" })).ToBeVisibleAsync();
    }

    /// <summary>Files that are no images are skipped with a reason; the rest arrives.</summary>
    [Fact]
    public async Task Uploaded_files_arrive_and_what_is_no_image_is_named()
    {
        var page = await site.SignInAsync();
        await MakeProjectAsync("UPLOAD");
        var folder = RunningServer.Routed("mr-epi-phantom-ge", "none");
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), "not an image", TestContext.Current.CancellationToken);
        await page.GotoAsync("/upload");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Project" }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "UPLOAD" }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Subject" }).FillAsync("U01");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Session" }).FillAsync("U01_MR1");
        await page.Locator("input[type=file][multiple]").SetInputFilesAsync(Directory.EnumerateFiles(folder).ToArray());
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("One session arrived", new() { Timeout = 60_000 });
        await page.GetByPlaceholder("Search in this table").FillAsync("notes.txt");
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Files to upload" })).ToContainTextAsync("skipped");
        await Site.PictureAsync(page, "upload");
        await page.GetByRole(AriaRole.Link, new() { Name = "prearchive", Exact = true }).ClickAsync();
        await Assertions.Expect(RowOf(page, "U01_MR1")).ToContainTextAsync("45");
    }
}
