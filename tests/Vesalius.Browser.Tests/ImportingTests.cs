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
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Import series" }).Last.UncheckAsync();
        await Assertions.Expect(page.GetByText("3 of 4 series are imported.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Import series" }).Last.CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        await studies.GetByRole(AriaRole.Checkbox, new() { Name = "Choose row 1" }).CheckAsync();
        await Site.PictureAsync(page, "search-pacs");
        await page.GetByRole(AriaRole.Button, new() { Name = "Import 1…" }).ClickAsync();
        await ChooseAsync(page, "Project", "FOUND");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Fill empty ones" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Session of row 1" })).ToHaveValueAsync("S001_MR1");
        await Axe.CheckAsync(page, "import dialog");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Subject of row 1" }).FillAsync("F01");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Session of row 1" }).FillAsync("F01_MR1");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Import", Exact = true }).ClickAsync();

        await page.GetByRole(AriaRole.Heading, new() { Name = "Requests" }).WaitForAsync();
        await page.GetByText("Ended", new() { Exact = true }).ClickAsync();
        var row = page.GetByRole(AriaRole.Table, new() { Name = "Requests" }).GetByRole(AriaRole.Row).Filter(new() { HasText = "F01_MR1" });
        await Assertions.Expect(row).ToContainTextAsync("complete", new() { Timeout = 60_000, IgnoreCase = true });
        await Assertions.Expect(row).ToContainTextAsync("8 of 8");
        await Site.PictureAsync(page, "queue");
        await row.GetByRole(AriaRole.Button, new() { Name = "Report on F01_MR1" }).ClickAsync();
        var compared = page.GetByRole(AriaRole.Table, new() { Name = "Series that were compared" });
        await Assertions.Expect(compared.GetByRole(AriaRole.Row)).ToHaveCountAsync(5);
        await Assertions.Expect(page.GetByText("8 of 8 images arrived")).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "import report");
    }

    /// <summary>A list that waits for the hours of its PACS is paused, put forward, resumed and cancelled.</summary>
    [Fact]
    public async Task Waiting_list_is_paused_resumed_put_forward_and_cancelled()
    {
        var page = await site.SignInAsync();
        await using var orthanc = await PacsAsync("STEERED");
        await page.GotoAsync("/administration/pacs");
        var name = "PACS of STEERED";
        await page.GetByRole(AriaRole.Button, new() { Name = $"Ask it: {name}" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = name })).ToContainTextAsync("answers");
        await page.GetByRole(AriaRole.Button, new() { Name = $"Hours of {name}" }).ClickAsync();
        var hours = page.GetByRole(AriaRole.Region, new() { Name = $"Hours of {name}" });
        foreach (var day in (string[])["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
        {
            await hours.GetByRole(AriaRole.Button, new() { Name = day + "," }).ClickAsync();
            await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Take out" }).ClickAsync();
            await Assertions.Expect(hours.GetByRole(AriaRole.Button, new() { Name = day + "," })).ToHaveCountAsync(0);
        }

        await Assertions.Expect(hours).ToContainTextAsync("closed now");
        var list = Path.Combine(Path.GetTempPath(), $"vesalius-list-{Guid.NewGuid():N}.csv");
        await File.WriteAllTextAsync(list, "Accession Number,Subject,Session\r\nW-1,W01,W01_A\r\nW-2,W02,W02_A\r\n", TestContext.Current.CancellationToken);
        try
        {
            await page.GotoAsync("/import/list");
            await ChooseAsync(page, "PACS", name);
            await ChooseAsync(page, "Project", "STEERED");
            await page.Locator("input[type=file]").SetInputFilesAsync(list);
            await page.GetByRole(AriaRole.Button, new() { Name = "Import 2 studies" }).ClickAsync();
        }
        finally
        {
            File.Delete(list);
        }

        var card = page.GetByRole(AriaRole.Group, new() { Name = "List into STEERED" });
        await Assertions.Expect(card.GetByText("0 of 2 ended")).ToBeVisibleAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Show rows" }).ClickAsync();
        var rows = page.GetByRole(AriaRole.Table, new() { Name = "Rows of the list" });
        await card.GetByRole(AriaRole.Button, new() { Name = "Pause" }).First.ClickAsync();
        await Assertions.Expect(rows.GetByRole(AriaRole.Row).Filter(new() { HasText = "paused" })).ToHaveCountAsync(2);
        await Site.PictureAsync(page, "list-paused");
        await card.GetByRole(AriaRole.Button, new() { Name = "Resume" }).First.ClickAsync();
        await Assertions.Expect(rows.GetByRole(AriaRole.Row).Filter(new() { HasText = "paused" })).ToHaveCountAsync(0);
        await card.GetByRole(AriaRole.Button, new() { Name = "Priority" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "After everything else" }).ClickAsync();
        await Assertions.Expect(rows.GetByRole(AriaRole.Cell, new() { Name = "1000", Exact = true })).ToHaveCountAsync(2);
        await card.GetByRole(AriaRole.Button, new() { Name = "Cancel…" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel the rest" }).ClickAsync();
        await Assertions.Expect(card.GetByText("2 of 2 ended")).ToBeVisibleAsync();
    }

    /// <summary>An administrator enters a PACS with rules of its own and hours, and the form says what is wrong with overlapping ones.</summary>
    [Fact]
    public async Task Pacs_is_entered_with_its_rules_and_hours()
    {
        var page = await site.SignInAsync();
        await page.GotoAsync("/administration/pacs");
        await page.GetByRole(AriaRole.Button, new() { Name = "New PACS" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync("Cardiology");
        await dialog.GetByRole(AriaRole.Textbox, new() { Name = "AE title" }).FillAsync("CARDIO");
        await dialog.GetByRole(AriaRole.Textbox, new() { Name = "Host" }).FillAsync("127.0.0.1");
        await dialog.GetByRole(AriaRole.Switch, new() { Name = "Accession numbers find their study" }).PressAsync("Space");
        await dialog.GetByRole(AriaRole.Textbox, new() { Name = "Digits of a patient ID" }).FillAsync("8");
        await Axe.CheckAsync(page, "PACS dialog");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cardiology", Exact = true }).ClickAsync();
        await Assertions.Expect(dialog.GetByRole(AriaRole.Switch, new() { Name = "Accession numbers find their study" })).Not.ToBeCheckedAsync();
        await Assertions.Expect(dialog.GetByRole(AriaRole.Textbox, new() { Name = "Digits of a patient ID" })).ToHaveValueAsync("8");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Hours of Cardiology" }).ClickAsync();
        var hours = page.GetByRole(AriaRole.Region, new() { Name = "Hours of Cardiology" });
        await hours.GetByRole(AriaRole.Button, new() { Name = "Monday," }).ClickAsync();
        await dialog.GetByLabel("From").FillAsync("20:00");
        await dialog.GetByRole(AriaRole.Textbox, new() { Name = "Studies at once" }).FillAsync("3");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(hours.GetByRole(AriaRole.Button, new() { Name = "Monday, 20:00 to 24:00: 3 at once" })).ToBeVisibleAsync();
        await hours.GetByRole(AriaRole.Button, new() { Name = "Add hours" }).ClickAsync();
        await dialog.GetByRole(AriaRole.Checkbox, new() { Name = "Mon" }).CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(dialog.GetByRole(AriaRole.Alert)).ToContainTextAsync("overlap");
        await dialog.GetByLabel("From").FillAsync("06:00");
        await dialog.GetByLabel("To").FillAsync("07:30");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(hours.GetByRole(AriaRole.Button, new() { Name = "Monday, 06:00 to 07:30: 1 at once" })).ToBeVisibleAsync();
        await Site.PictureAsync(page, "pacs-hours");
        await Axe.CheckAsync(page, "hours of a PACS");
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
            await Assertions.Expect(rows.GetByRole(AriaRole.Row, new() { Name = "NOT-THERE-1" })).ToContainTextAsync("put right");
            await Assertions.Expect(rows.GetByRole(AriaRole.Row, new() { Name = "L02_A" })).ToContainTextAsync("refused");
            await Site.PictureAsync(page, "list-preview");
            await Axe.CheckAsync(page, "list preview");

            // The hopeless row is put right where it stands, and checked again before anything starts.
            await rows.GetByRole(AriaRole.Textbox, new() { Name = "Accession Number of line 3" }).FillAsync("NOT-THERE-2");
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Import 1 study" })).ToHaveCountAsync(0);
            await page.GetByRole(AriaRole.Button, new() { Name = "Check again (1 changed)" }).ClickAsync();
            await Assertions.Expect(rows.GetByRole(AriaRole.Row).Filter(new() { HasText = "refused" })).ToHaveCountAsync(1);
            await rows.GetByRole(AriaRole.Textbox, new() { Name = "Subject of line 3" }).FillAsync("L02");
            await page.GetByRole(AriaRole.Button, new() { Name = "Check again (1 changed)" }).ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Import 2 studies" }).ClickAsync();
            var card = page.GetByRole(AriaRole.Group, new() { Name = "List into LISTED" });
            await Assertions.Expect(card.GetByText("LISTED: 2 studies")).ToBeVisibleAsync();
            await Assertions.Expect(card.GetByText("2 of 2 ended")).ToBeVisibleAsync(new() { Timeout = 60_000 });
            await card.GetByRole(AriaRole.Button, new() { Name = "Show rows" }).ClickAsync();
            var requests = page.GetByRole(AriaRole.Table, new() { Name = "Rows of the list" });
            await Assertions.Expect(requests.GetByRole(AriaRole.Row).Filter(new() { HasText = "L02_A" })).ToHaveCountAsync(1);
            await Site.PictureAsync(page, "list-queue");
            await Axe.CheckAsync(page, "queue with rows");
        }
        finally
        {
            File.Delete(list);
        }
    }
}
