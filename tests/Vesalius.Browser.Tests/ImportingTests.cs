using System.Net.Http.Json;
using Microsoft.Playwright;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>Getting studies out of a real PACS by the pages (R4, R5).</summary>
[Trait("Speed", "Slow")]
public sealed class ImportingTests(Site site) : IClassFixture<Site>
{
    private async Task<OrthancServer> PacsAsync(string project)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var orthanc = await OrthancServer.StartAsync(
            [("VESALIUS", site.Server.DicomPort), ("XNAT", site.Server.DicomPort)],
            [SharedData.Require("data", "dicom", "studies", "mr-mosaic-phantom-siemens"), SharedData.Require("data", "dicom", "studies", "ct-head-phantom-philips")], cancellation);
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri($"/data/projects/{project}", UriKind.Relative), null, cancellation);
        using var registered = await admin.PostAsJsonAsync(
            "/xapi/pacs", new { aeTitle = OrthancServer.AeTitle, host = "127.0.0.1", queryRetrievePort = orthanc.DicomPort, label = $"PACS of {project}", queryable = true, defaultQueryRetrievePacs = true }, cancellation);
        Assert.True(registered.IsSuccessStatusCode, await registered.Content.ReadAsStringAsync(cancellation));
        using var enabled = await admin.PostAsJsonAsync("/xapi/dqr/settings/project", new { projectId = project, dqrEnabled = true }, cancellation);
        Assert.True(enabled.IsSuccessStatusCode, await enabled.Content.ReadAsStringAsync(cancellation));
        return orthanc;
    }

    private static async Task ChooseAsync(IPage page, string field, string option)
    {
        await page.GetByRole(AriaRole.Combobox, new() { Name = field }).Last.ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = option }).ClickAsync();
    }

    /// <summary>Search, choose, relabel, import; the queue follows until the study is complete.</summary>
    [Fact]
    public async Task Study_found_in_the_pacs_is_imported_under_new_labels()
    {
        var page = await site.SignInAsync();
        await using var orthanc = await PacsAsync("FOUND");
        await page.GetByRole(AriaRole.Link, new() { Name = "Import from PACS" }).ClickAsync();
        await ChooseAsync(page, "PACS", "PACS of FOUND");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Kind" }).FillAsync("MR");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        var studies = page.GetByRole(AriaRole.Table, new() { Name = "Studies" });
        await Assertions.Expect(studies.GetByRole(AriaRole.Row)).ToHaveCountAsync(2);
        await studies.GetByRole(AriaRole.Button, new() { Name = "Show series" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Series", Exact = true }).GetByRole(AriaRole.Row)).ToHaveCountAsync(5);
        await page.Keyboard.PressAsync("Escape");
        await studies.GetByRole(AriaRole.Checkbox, new() { Name = "Choose row 1" }).CheckAsync();
        await Site.PictureAsync(page, "search-pacs");
        await page.GetByRole(AriaRole.Button, new() { Name = "Import 1…" }).ClickAsync();
        await ChooseAsync(page, "Project", "FOUND");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Subject of row 1" }).FillAsync("F01");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Session of row 1" }).FillAsync("F01_MR1");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Import", Exact = true }).ClickAsync();

        await page.GetByRole(AriaRole.Heading, new() { Name = "Requests" }).WaitForAsync();
        await page.GetByText("Ended", new() { Exact = true }).ClickAsync();
        var row = page.GetByRole(AriaRole.Table, new() { Name = "Requests" }).GetByRole(AriaRole.Row).Filter(new() { HasText = "F01_MR1" });
        await Assertions.Expect(row).ToContainTextAsync("complete", new() { Timeout = 60_000, IgnoreCase = true });
        await Assertions.Expect(row).ToContainTextAsync("8 of 8");
        await Site.PictureAsync(page, "queue");
    }

    /// <summary>A list with a repairable, a fine and a hopeless row: seen first, then started.</summary>
    [Fact]
    public async Task List_is_shown_with_its_repairs_before_it_is_started()
    {
        var page = await site.SignInAsync();
        await using var orthanc = await PacsAsync("LISTED");
        await page.GotoAsync("/import/list");
        await ChooseAsync(page, "PACS", "PACS of LISTED");
        await ChooseAsync(page, "Project", "LISTED");
        var list = Path.Combine(Path.GetTempPath(), $"vesalius-list-{Guid.NewGuid():N}.csv");
        await File.WriteAllTextAsync(list, "\uFEFFAccession Number;Subject;Session\r\n\u00A0NOT-THERE-1 ;L01;L01_A\r\n;;L02_A\r\n", TestContext.Current.CancellationToken);
        try
        {
            await page.Locator("input[type=file]").SetInputFilesAsync(list);
            var rows = page.GetByRole(AriaRole.Table, new() { Name = "Rows of the list" });
            await Assertions.Expect(rows.GetByRole(AriaRole.Row).Filter(new() { HasText = "NOT-THERE-1" })).ToContainTextAsync("put right");
            await Assertions.Expect(rows.GetByRole(AriaRole.Row).Filter(new() { HasText = "L02_A" })).ToContainTextAsync("refused");
            await Site.PictureAsync(page, "list-preview");
            await page.GetByRole(AriaRole.Button, new() { Name = "Import 1 study" }).ClickAsync();
            await Assertions.Expect(page.GetByText("LISTED: 1 study")).ToBeVisibleAsync();
        }
        finally
        {
            File.Delete(list);
        }
    }
}
