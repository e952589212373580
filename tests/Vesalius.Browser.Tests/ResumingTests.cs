using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>Large uploads that break off and go on (R3).</summary>
[Trait("Speed", "Slow")]
public sealed class ResumingTests(Site site) : IClassFixture<Site>
{
    private const int PartLength = 8 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // A study, and beside it what makes the archive larger than two parts.
    private static async Task<string> ArchiveAsync()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("vesalius-large-").FullName, "study.zip");
        await using var zip = await ZipFile.OpenAsync(path, ZipArchiveMode.Create, Token);
        foreach (var file in Directory.EnumerateFiles(RunningServer.Routed("mr-mosaic-phantom-siemens", "")))
        {
            await zip.CreateEntryFromFileAsync(file, Path.GetFileName(file), Token);
        }

        await using var more = await zip.CreateEntry("calibration.bin", CompressionLevel.NoCompression).OpenAsync(Token);
        await more.WriteAsync(RandomNumberGenerator.GetBytes(20_000_000), Token);
        return path;
    }

    private async Task<IPage> ReadyAsync(string project, string file)
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri($"/data/projects/{project}", UriKind.Relative), null, Token);
        using var member = await site.Server.UserAsync($"sender-{project.ToLowerInvariant()}");
        using var given = await admin.PutAsync(new Uri($"/data/projects/{project}/users/Members/sender-{project.ToLowerInvariant()}", UriKind.Relative), null, Token);
        var page = await site.SignInAsync($"sender-{project.ToLowerInvariant()}", $"pw-sender-{project.ToLowerInvariant()}");
        await page.GotoAsync("/upload");
        await ChooseAsync(page, project, file);
        return page;
    }

    private static async Task ChooseAsync(IPage page, string project, string file)
    {
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Project" }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = project }).ClickAsync();
        await page.Locator("input[type=file][multiple]").SetInputFilesAsync(file);
    }

    private static ILocator Files(IPage page) => page.GetByRole(AriaRole.Table, new() { Name = "Files to upload" });

    /// <summary>Two parts arrive, the network goes, the page is loaded anew: the third part is sent, and nothing before it.</summary>
    [Fact]
    public async Task Broken_upload_goes_on_after_a_reload_from_the_last_part_that_arrived()
    {
        var file = await ArchiveAsync();
        var page = await ReadyAsync("RESUMED", file);
        var parts = 0;
        await page.RouteAsync("**/xapi/vesalius/uploads/*", route => route.Request.Method == "PATCH" && ++parts > 2 ? route.AbortAsync("connectionfailed") : route.ContinueAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();
        await Assertions.Expect(Files(page)).ToContainTextAsync("16.8 MB of", new() { Timeout = 60_000 });
        await Assertions.Expect(page.GetByText("0 of 1 files, 16.8 MB of")).ToBeVisibleAsync();
        await Site.PictureAsync(page, "upload-parts");
        await Axe.CheckAsync(page, "upload, sending in parts");

        await page.ReloadAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("An upload was not finished");
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("16.8 MB of");
        await Site.PictureAsync(page, "upload-unfinished");
        await Axe.CheckAsync(page, "upload, unfinished");
        await page.UnrouteAllAsync();
        var sent = new List<(string Method, string? Offset)>();
        page.Request += (_, request) =>
        {
            if (request.Url.Contains("/xapi/vesalius/uploads", StringComparison.Ordinal) && request.Method is "POST" or "PATCH")
            {
                sent.Add((request.Method, request.Headers.GetValueOrDefault("upload-offset")));
            }
        };
        await ChooseAsync(page, "RESUMED", file);
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("One session arrived", new() { Timeout = 60_000 });
        Assert.Equal([("PATCH", $"{2 * PartLength}")], sent.Where(s => s.Method == "PATCH"));
        Assert.DoesNotContain(sent, s => s.Method == "POST" && s.Offset is not null);
        using var member = site.Server.Client("sender-resumed", "pw-sender-resumed");
        await RunningServer.EventuallyAsync(async () => await member.GetStringAsync(new Uri("/xapi/vesalius/uploads", UriKind.Relative), Token) == "[]" ? "" : null);
        Assert.Single(await RunningServer.RowsAsync(member, "/data/prearchive/projects/RESUMED?format=json"));
        Assert.DoesNotContain("study", await page.EvaluateAsync<string>("() => JSON.stringify(localStorage)"), StringComparison.Ordinal);
    }

    /// <summary>A connection that is gone for a moment needs nobody: the part is sent once more.</summary>
    [Fact]
    public async Task Part_that_was_lost_is_sent_again_by_itself()
    {
        var page = await ReadyAsync("RETRIED", await ArchiveAsync());
        var parts = 0;
        await page.RouteAsync("**/xapi/vesalius/uploads/*", route => route.Request.Method == "PATCH" && ++parts == 2 ? route.AbortAsync("connectionreset") : route.ContinueAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("One session arrived", new() { Timeout = 60_000 });
        Assert.Equal(4, parts);
    }

    /// <summary>Who cancels, or discards what broke off, leaves nothing behind.</summary>
    [Fact]
    public async Task Cancelled_or_discarded_upload_is_removed_from_the_server()
    {
        var file = await ArchiveAsync();
        var page = await ReadyAsync("CANCELLED", file);
        var parts = 0;
        await page.RouteAsync("**/xapi/vesalius/uploads/*", route => route.Request.Method == "PATCH" && ++parts > 1 ? route.AbortAsync("connectionfailed") : route.ContinueAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();
        await Assertions.Expect(Files(page)).ToContainTextAsync("8.4 MB of", new() { Timeout = 60_000 });
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await Assertions.Expect(Files(page)).ToHaveCountAsync(0);
        using var member = site.Server.Client("sender-cancelled", "pw-sender-cancelled");
        await RunningServer.EventuallyAsync(async () => await member.GetStringAsync(new Uri("/xapi/vesalius/uploads", UriKind.Relative), Token) == "[]" ? "" : null);

        parts = 0;
        await page.Locator("input[type=file][multiple]").SetInputFilesAsync(file);
        await page.GetByRole(AriaRole.Button, new() { Name = "Upload", Exact = true }).ClickAsync();
        await Assertions.Expect(Files(page)).ToContainTextAsync("8.4 MB of", new() { Timeout = 60_000 });
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Discard the upload of" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status)).ToHaveCountAsync(0);
        Assert.Equal("[]", await member.GetStringAsync(new Uri("/xapi/vesalius/uploads", UriKind.Relative), Token));
        Assert.Empty(await RunningServer.RowsAsync(member, "/data/prearchive/projects/CANCELLED?format=json"));
    }
}
