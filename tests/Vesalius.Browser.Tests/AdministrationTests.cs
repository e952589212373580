using System.Net.Http.Json;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>What those who run the site look after (R7, R8, R23, R25, R26, R37).</summary>
[Trait("Speed", "Slow")]
public sealed class AdministrationTests(Site site) : IClassFixture<Site>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ILocator Textbox(ILocator within, string name) => within.GetByRole(AriaRole.Textbox, new() { Name = name });

    /// <summary>What somebody did is found, the trail is whole, and all of it comes as CSV.</summary>
    [Fact]
    public async Task Audit_is_searched_checked_and_downloaded()
    {
        using var user = await site.Server.UserAsync("looked");
        using var looked = await user.GetAsync(new Uri("/data/projects?format=json", UriKind.Relative), Token);
        var page = await site.SignInAsync();
        await page.GotoAsync("/administration/audit");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "User" }).FillAsync("looked");
        await page.GetByRole(AriaRole.Button, new() { Name = "Search", Exact = true }).ClickAsync();
        var rows = page.GetByRole(AriaRole.Table, new() { Name = "Audit trail" }).GetByRole(AriaRole.Row);
        await Assertions.Expect(rows.Filter(new() { HasText = "/data/projects" })).ToHaveCountAsync(1);
        await Assertions.Expect(rows.Filter(new() { HasText = "admin" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Button, new() { Name = "Check that nothing was altered" }).ClickAsync();
        await Assertions.Expect(page.GetByText("unaltered:")).ToBeVisibleAsync();
        await Site.PictureAsync(page, "audit");
        await Axe.CheckAsync(page, "audit");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "All of it as CSV" }).ClickAsync());
        var lines = await File.ReadAllLinesAsync((await download.PathAsync())!, Token);
        Assert.Equal("id,at,user,address,action,object", lines[0]);
        Assert.All(lines.Skip(1), l => Assert.Contains(",looked,", l, StringComparison.Ordinal));
    }

    /// <summary>Somebody asks for an account and is let in.</summary>
    [Fact]
    public async Task Registration_is_approved()
    {
        var page = await site.SignInAsync();
        await page.GotoAsync("/administration/registrations");
        // What the switches say is true once the settings are read.
        await Assertions.Expect(page.GetByRole(AriaRole.Switch, new() { Name = "Everybody may ask for an account" })).ToBeEnabledAsync();
        foreach (var (name, on) in ((string, bool)[])[("Everybody may ask for an account", true), ("The e-mail address has to be confirmed", false)])
        {
            // The switch turns at once; what counts here is that the server has stored it.
            if (await page.GetByRole(AriaRole.Switch, new() { Name = name }).IsCheckedAsync() != on)
            {
                await page.RunAndWaitForResponseAsync(
                    () => page.GetByRole(AriaRole.Switch, new() { Name = name }).ClickAsync(new() { Force = true }),
                    response => response.Request.Method == "POST" && response.Url.EndsWith("/xapi/siteConfig", StringComparison.Ordinal) && response.Ok);
            }

            await Assertions.Expect(page.GetByRole(AriaRole.Switch, new() { Name = name })).ToBeCheckedAsync(new() { Checked = on });
        }

        using var nobody = site.Server.Client(null);
        using var asked = await nobody.PostAsJsonAsync("/xapi/users/register", new { username = "applicant", password = "A-long-pass-word-2", firstName = "Ap", lastName = "Plicant", email = "applicant@example.org" }, Token);
        Assert.True(asked.IsSuccessStatusCode, await asked.Content.ReadAsStringAsync(Token));
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Registrations" })).ToContainTextAsync("applicant@example.org");
        await Axe.CheckAsync(page, "registrations");
        await page.GetByRole(AriaRole.Button, new() { Name = "Let in applicant" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Nobody waits for an account" })).ToBeVisibleAsync();
        await site.SignInAsync("applicant", "A-long-pass-word-2");
    }

    /// <summary>A training is recorded and says until when it holds.</summary>
    [Fact]
    public async Task Training_is_recorded_and_deleted()
    {
        using var user = await site.Server.UserAsync("trainee");
        var page = await site.SignInAsync();
        await page.GotoAsync("/administration/training");
        await page.GetByRole(AriaRole.Button, new() { Name = "Record a training" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByRole(AriaRole.Combobox, new() { Name = "User" }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "trainee" }).ClickAsync();
        await Textbox(dialog, "Course").FillAsync("Handling research images");
        await dialog.GetByLabel("Completed on").FillAsync("2020-01-31");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        var row = page.GetByRole(AriaRole.Table, new() { Name = "Trainings" }).GetByRole(AriaRole.Row).Filter(new() { HasText = "trainee" });
        await Assertions.Expect(row).ToContainTextAsync("expired");
        await Assertions.Expect(row).ToContainTextAsync("2021-01-3");
        await Site.PictureAsync(page, "training");
        await Axe.CheckAsync(page, "training");
        await row.GetByRole(AriaRole.Checkbox).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete…" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "No training is recorded yet" })).ToBeVisibleAsync();
    }

    /// <summary>Identifiers are registered, asked for and taken out; they appear in no address.</summary>
    [Fact]
    public async Task Patient_is_registered_as_opted_out_and_taken_out_again()
    {
        var page = await site.SignInAsync();
        var addresses = new List<string>();
        page.Request += (_, request) => addresses.Add(request.Url);
        await page.GotoAsync("/administration/opt-outs");
        var identifiers = page.GetByRole(AriaRole.Textbox, new() { Name = "Identifiers" });
        await identifiers.FillAsync("943 476 5919\nHOSP-0001");
        await page.GetByRole(AriaRole.Button, new() { Name = "Register", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("2 registered, 0 were there already")).ToBeVisibleAsync();
        await identifiers.FillAsync("9434765919\nHOSP-9999");
        await page.GetByRole(AriaRole.Button, new() { Name = "Are they registered?" }).ClickAsync();
        await Assertions.Expect(page.GetByText("1 of 2 are registered")).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "opt-outs");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take out…" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Take out" }).ClickAsync();
        await Assertions.Expect(page.GetByText("1 taken out")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("1 identifier is registered")).ToBeVisibleAsync();
        await page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "list.csv", MimeType = "text/csv", Buffer = "nhs_number\n9434765919\n1234567890\n"u8.ToArray() });
        await Assertions.Expect(page.GetByText("1 registered, 0 were there already")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("Row 3")).ToBeVisibleAsync();
        Assert.DoesNotContain(addresses, a => a.Contains("943", StringComparison.Ordinal) || a.Contains("HOSP", StringComparison.Ordinal));
    }

    /// <summary>A filter that cannot be read is refused with a reason; a good one keeps series out.</summary>
    [Fact]
    public async Task Series_filters_of_site_and_project_are_checked_and_kept()
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri("/data/projects/FILTERED", UriKind.Relative), null, Token);
        var page = await site.SignInAsync();
        await page.GotoAsync("/projects/FILTERED/manage");
        await page.GetByRole(AriaRole.Tab, new() { Name = "Series filter" }).ClickAsync();
        await page.GetByRole(AriaRole.Switch, new() { Name = "Filter series" }).PressAsync("Space");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Lines" }).FillAsync("dose (report");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The filter was not kept");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Lines" }).FillAsync("exam summary");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The filter is saved.")).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "project filter");
        await site.Server.SendAsync(RunningServer.Routed("ct-head-phantom-philips", "Project:FILTERED Subject:F01 Session:F01_V1"));
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, "/data/prearchive/projects/FILTERED?format=json")).FirstOrDefault());
        using var archived = await admin.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, Token);
        Assert.Equal(2, (await RunningServer.RowsAsync(admin, "/data/projects/FILTERED/experiments/F01_V1/scans?format=json")).Count);
        await page.GotoAsync("/administration/opt-outs");
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "What was kept out" })).ToContainTextAsync("series filter");

        await page.GotoAsync("/administration/filter");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Lines" }).FillAsync("[Modality]\n^SR$");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The filter is saved.")).ToBeVisibleAsync();
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Lines" })).ToHaveValueAsync("[Modality]\n^SR$");
    }

    /// <summary>Health, jobs and storage say how the server is.</summary>
    [Fact]
    public async Task Health_jobs_and_storage_are_shown()
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri("/data/projects/SIZED", UriKind.Relative), null, Token);
        using var stored = await admin.PutAsync(new Uri("/data/projects/SIZED/resources/R/files/a.bin?inbody=true", UriKind.Relative), new ByteArrayContent(new byte[1_500_000]), Token);
        Assert.True(stored.IsSuccessStatusCode);
        var page = await site.SignInAsync();
        await page.GotoAsync("/administration/health");
        await Assertions.Expect(page.GetByText("well", new() { Exact = true })).ToHaveCountAsync(3);
        await Axe.CheckAsync(page, "health");
        await page.GetByRole(AriaRole.Link, new() { Name = "Storage" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Projects" }).GetByRole(AriaRole.Row).Filter(new() { HasText = "SIZED" })).ToContainTextAsync("1.5 MB");
        await Site.PictureAsync(page, "storage");
        await Axe.CheckAsync(page, "storage");
        await page.GetByRole(AriaRole.Link, new() { Name = "Jobs" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Nothing to do" })).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "jobs");
    }
}
