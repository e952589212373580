using System.IO.Compression;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>Looking at sessions and scans, saying what they are worth, fetching them (R27, R28, R30), each by those who may.</summary>
[Trait("Speed", "Slow")]
public sealed class SessionTests(Site site) : IClassFixture<Site>
{
    private static readonly string[] Roles = ["Members", "Collaborators"];

    private async Task ArchivedAsync(string project, string study = "ct-head-phantom-philips")
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri($"/data/projects/{project}", UriKind.Relative), null, TestContext.Current.CancellationToken);
        await site.Server.SendAsync(RunningServer.Routed(study, $"Project:{project} Subject:P01 Session:P01_V1"));
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json")).FirstOrDefault());
        using var archived = await admin.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.True(archived.IsSuccessStatusCode);
        foreach (var role in Roles)
        {
            using var user = await site.Server.UserAsync($"{role.ToLowerInvariant()}-{project.ToLowerInvariant()}");
            using var given = await admin.PutAsync(new Uri($"/data/projects/{project}/users/{role}/{role.ToLowerInvariant()}-{project.ToLowerInvariant()}", UriKind.Relative), null, TestContext.Current.CancellationToken);
            Assert.True(given.IsSuccessStatusCode);
        }
    }

    private Task<IPage> SignInAsync(string role, string project) => site.SignInAsync($"{role}-{project}", $"pw-{role}-{project}");

    /// <summary>A researcher says what a scan is worth, reads its header, and finds both in the history.</summary>
    [Fact]
    public async Task Researcher_rates_a_scan_reads_its_header_and_finds_the_change_in_the_history()
    {
        await ArchivedAsync("RATED");
        var page = await SignInAsync("members", "rated");
        await page.GetByRole(AriaRole.Link, new() { Name = "RATED", Exact = true }).First.ClickAsync();
        await page.GetByRole(AriaRole.Table, new() { Name = "Sessions" }).GetByRole(AriaRole.Link, new() { Name = "P01_V1" }).ClickAsync();
        var scans = page.GetByRole(AriaRole.Table, new() { Name = "Scans" });
        await scans.GetByRole(AriaRole.Button, new() { Name = "usable: quality of scan 201" }).ClickAsync();
        await page.GetByRole(AriaRole.Menuitem, new() { Name = "questionable", Exact = true }).ClickAsync();
        await Assertions.Expect(scans.GetByRole(AriaRole.Button, new() { Name = "questionable: quality of scan 201" })).ToBeVisibleAsync();
        await scans.GetByRole(AriaRole.Button, new() { Name = "Add a note to scan 201" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Textbox, new() { Name = "Note" }).FillAsync("Table moved at slice 7");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(scans.GetByRole(AriaRole.Button, new() { Name = "Table moved at slice 7: note on scan 201" })).ToBeVisibleAsync();
        await Site.PictureAsync(page, "session-scans");
        await Axe.CheckAsync(page, "scans");

        await Assertions.Expect(scans.GetByRole(AriaRole.Img, new() { Name = "scan 201", Exact = true, IncludeHidden = true })).ToHaveJSPropertyAsync("complete", true);
        await scans.GetByRole(AriaRole.Link, new() { Name = "201" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Img, new() { Name = "Image 6 of 10" })).ToHaveJSPropertyAsync("naturalWidth", 512);
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(page.GetByRole(AriaRole.Img, new() { Name = "Image 7 of 10" })).ToHaveJSPropertyAsync("naturalWidth", 512);
        await page.GetByRole(AriaRole.Button, new() { Name = "Previous image" }).ClickAsync();
        await Assertions.Expect(page.GetByText("6 of 10", new() { Exact = true })).ToBeVisibleAsync();
        await Site.PictureAsync(page, "scan-pictures");
        await Axe.CheckAsync(page, "pictures");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Header" }).ClickAsync();
        var header = page.GetByRole(AriaRole.Table, new() { Name = "Header" });
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Search in header" }).FillAsync("manufacturer");
        await Assertions.Expect(header.GetByRole(AriaRole.Row).Filter(new() { HasText = "(0008,0070)" })).ToContainTextAsync("Philips");
        await Assertions.Expect(header.GetByRole(AriaRole.Row).Filter(new() { HasText = "(0018,0050)" })).ToHaveCountAsync(0);
        Assert.DoesNotContain("P01", new Uri(page.Url).Query, StringComparison.Ordinal);
        await Site.PictureAsync(page, "scan-header");
        await Axe.CheckAsync(page, "header");
        await page.GetByText("All values over all files").ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Search in header" }).FillAsync("Instance Number");
        await Assertions.Expect(header.GetByRole(AriaRole.Row).Filter(new() { HasText = "(0020,0013)" })).ToHaveCountAsync(10);
        await page.GetByRole(AriaRole.Tab, new() { Name = "Files" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Files" }).GetByRole(AriaRole.Row)).ToHaveCountAsync(11);
        await page.GetByRole(AriaRole.Tab, new() { Name = "Details" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Table moved at slice 7").Last).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("members-rated")).Not.ToHaveCountAsync(0);
        await Axe.CheckAsync(page, "scan details");
    }

    /// <summary>A collaborator sees everything of a session and nothing that would change it.</summary>
    [Fact]
    public async Task Collaborator_reads_and_is_offered_no_change()
    {
        await ArchivedAsync("READONLY");
        var page = await SignInAsync("collaborators", "readonly");
        await page.GotoAsync("/projects/READONLY");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "P01_V1" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Tab, new() { Name = "Manage" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Choose row 1" }).CheckAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Download 1…" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Delete…" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "P01_V1" }).ClickAsync();
        var scans = page.GetByRole(AriaRole.Table, new() { Name = "Scans" });
        await Assertions.Expect(scans.GetByRole(AriaRole.Row)).ToHaveCountAsync(4);
        await Assertions.Expect(scans.GetByRole(AriaRole.Button, new() { Name = "quality of" })).ToHaveCountAsync(0);
        await Assertions.Expect(scans.GetByRole(AriaRole.Button, new() { Name = "note to scan" })).ToHaveCountAsync(0);
        foreach (var tab in (string[])["Files", "Made from it", "Details", "History"])
        {
            await page.GetByRole(AriaRole.Tab, new() { Name = tab }).ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Tabpanel, new() { Name = tab })).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Delete" })).ToHaveCountAsync(0);
            await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Choose files" })).ToHaveCountAsync(0);
            await Axe.CheckAsync(page, $"session, {tab}");
        }
    }

    /// <summary>An owner adds a file, renames a session, deletes a scan.</summary>
    [Fact]
    public async Task Owner_adds_a_file_renames_the_session_and_deletes_a_scan()
    {
        await ArchivedAsync("OWNED");
        var page = await site.SignInAsync();
        await page.GotoAsync("/projects/OWNED/experiments/P01_V1/files");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Folder" }).FillAsync("REPORTS");
        await page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "reading.txt", MimeType = "text/plain", Buffer = "Nothing to see."u8.ToArray() });
        var folders = page.GetByRole(AriaRole.Table, new() { Name = "Folders of files" });
        await folders.GetByRole(AriaRole.Button, new() { Name = "REPORTS", Exact = true }).ClickAsync();
        await Assertions.Expect(folders.GetByRole(AriaRole.Link, new() { Name = "reading.txt" })).ToBeVisibleAsync();
        await Site.PictureAsync(page, "session-files");

        await page.GetByRole(AriaRole.Tab, new() { Name = "Details" }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Label" }).FillAsync("P01_BASELINE");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 2, Name = "P01_BASELINE" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Tab, new() { Name = "History" }).ClickAsync();
        await Assertions.Expect(page.GetByText("label: P01_V1 → P01_BASELINE")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Tab, new() { Name = "Scans" }).ClickAsync();
        var scans = page.GetByRole(AriaRole.Table, new() { Name = "Scans" });
        await scans.GetByRole(AriaRole.Row).Filter(new() { HasText = "Exam Summary" }).GetByRole(AriaRole.Checkbox).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete…" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(scans.GetByRole(AriaRole.Row)).ToHaveCountAsync(3);
    }

    /// <summary>What is chosen, and only that, comes as one zip; the line for a terminal names the same.</summary>
    [Fact]
    public async Task Chosen_scans_come_as_one_zip_in_the_layout_that_was_asked_for()
    {
        await ArchivedAsync("FETCHED");
        var page = await SignInAsync("collaborators", "fetched");
        await page.GotoAsync("/projects/FETCHED/experiments/P01_V1");
        await page.GetByRole(AriaRole.Link, new() { Name = "Download…" }).ClickAsync();
        var kinds = page.GetByRole(AriaRole.Group, new() { Name = "Kinds of scans" });
        await kinds.GetByRole(AriaRole.Checkbox, new() { Name = "Exam Summary" }).UncheckAsync();
        await kinds.GetByRole(AriaRole.Checkbox, new() { Name = "without a type" }).UncheckAsync();
        await page.GetByRole(AriaRole.Radio, new() { Name = "Simpler" }).CheckAsync();
        await Assertions.Expect(page.GetByText("10 files, ").Last).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "download");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Download", Exact = true }).ClickAsync());
        await using (var zip = await ZipFile.OpenReadAsync(await download.PathAsync(), TestContext.Current.CancellationToken))
        {
            Assert.Equal(10, zip.Entries.Count);
            Assert.All(zip.Entries, e => Assert.StartsWith("P01_V1/scans/201/DICOM/", e.FullName, StringComparison.Ordinal));
        }

        await Assertions.Expect(page.Locator("pre")).ToContainTextAsync($"curl -C - -u collaborators-fetched -o FETCHED.zip '{site.Server.Address.GetLeftPart(UriPartial.Authority)}/xapi/archive/download/download-");
        await Site.PictureAsync(page, "download");
        await Axe.CheckAsync(page, "download on its way");
    }

    /// <summary>A menu that somebody has opened in a row stays open while the rest of the table arrives.</summary>
    [Fact]
    public async Task Open_menu_of_a_row_stays_while_sizes_arrive()
    {
        await ArchivedAsync("STEADY");
        var page = await SignInAsync("members", "steady");
        var sizes = new TaskCompletionSource();
        await page.RouteAsync("**/experiments/*/resources?*", async route =>
        {
            await sizes.Task;
            await route.ContinueAsync();
        });
        await page.GotoAsync("/projects/STEADY/experiments/P01_V1");
        var scans = page.GetByRole(AriaRole.Table, new() { Name = "Scans" });
        await scans.GetByRole(AriaRole.Button, new() { Name = "usable: quality of scan 201" }).ClickAsync();
        var item = page.GetByRole(AriaRole.Menuitem, new() { Name = "unusable", Exact = true });
        await Assertions.Expect(item).ToBeVisibleAsync();
        await Assertions.Expect(scans).Not.ToContainTextAsync("DICOM");
        sizes.SetResult();
        await Assertions.Expect(scans).ToContainTextAsync("DICOM");
        await item.ClickAsync();
        await Assertions.Expect(scans.GetByRole(AriaRole.Button, new() { Name = "unusable: quality of scan 201" })).ToBeVisibleAsync();
    }

    /// <summary>Columns are chosen and kept; a column can be filtered.</summary>
    [Fact]
    public async Task Columns_of_the_sessions_are_chosen_and_filtered()
    {
        await ArchivedAsync("COLUMNS");
        var page = await site.SignInAsync();
        await page.GotoAsync("/projects/COLUMNS");
        var table = page.GetByRole(AriaRole.Table, new() { Name = "Sessions" });
        await Assertions.Expect(table.GetByRole(AriaRole.Columnheader, new() { Name = "Modality" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Button, new() { Name = "Choose columns" }).ClickAsync();
        await page.GetByRole(AriaRole.Menuitemcheckbox, new() { Name = "Modality" }).ClickAsync();
        await Axe.CheckAsync(page, "choice of columns");
        await page.Keyboard.PressAsync("Escape");
        await page.ReloadAsync();
        await Assertions.Expect(table.GetByRole(AriaRole.Columnheader, new() { Name = "Modality" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Filter by column" }).ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Filter by Modality" }).FillAsync("MR");
        await Assertions.Expect(table.GetByRole(AriaRole.Link, new() { Name = "P01_V1" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Filter by Modality" }).FillAsync("ct");
        await Assertions.Expect(table.GetByRole(AriaRole.Link, new() { Name = "P01_V1" })).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "filters");
    }
}
