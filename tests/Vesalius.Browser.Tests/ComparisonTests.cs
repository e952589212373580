using System.IO.Compression;
using System.Net.Http.Headers;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>A session whose label is taken: what would be merged is seen, then decided (R9, R18).</summary>
[Trait("Speed", "Slow")]
public sealed class ComparisonTests(Site site) : IClassFixture<Site>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] Zip(IEnumerable<byte[]> objects)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            var number = 0;
            foreach (var item in objects)
            {
                using var entry = zip.CreateEntry($"{++number}.dcm").Open();
                entry.Write(item);
            }
        }

        return bytes.ToArray();
    }

    private static async Task<string> SendAsync(HttpClient client, string project, string dest, IEnumerable<byte[]> objects, string subject = "C01")
    {
        using var content = new ByteArrayContent(Zip(objects));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        using var response = await client.PostAsync(new Uri($"/data/services/import?import-handler=SI&project={project}&subject={subject}&session=C01_V1&dest={dest}", UriKind.Relative), content, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return text.Trim();
    }

    // Of ten images, six are archived; five come afterwards: two the same, one with another description, two new.
    private async Task<string> ClashAsync(string project, string subject = "C01")
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri($"/data/projects/{project}", UriKind.Relative), null, Token);
        using var waits = await admin.PutAsync(new Uri($"/data/projects/{project}/prearchive_code/0", UriKind.Relative), null, Token);
        var files = Directory.EnumerateFiles(RunningServer.Routed("ct-head-phantom-philips", "")).Select(f => Part10File.Read(File.ReadAllBytes(f)))
            .Where(f => f.DataSet.GetString(Tag.SeriesNumber)?.Trim() == "201").OrderBy(f => f.DataSet.GetString(Tag.SOPInstanceUID), StringComparer.Ordinal).ToList();
        await SendAsync(admin, project, "/archive", files.Take(6).Select(f => f.Encode().ToArray()));
        files[2].DataSet.SetString(Tag.SeriesDescription, "Sent once more");
        return await SendAsync(admin, project, "/prearchive", files.Take(3).Concat(files.Skip(6).Take(2)).Select(f => f.Encode().ToArray()), subject);
    }

    private static ILocator RowOf(IPage page, string project) => page.GetByRole(AriaRole.Table, new() { Name = "Prearchive" }).GetByRole(AriaRole.Row).Filter(new() { HasText = project });

    /// <summary>A member sees what is new, the same and different, replaces what differs after a question, and stands in the archived session.</summary>
    [Fact]
    public async Task Member_sees_what_would_be_merged_and_merges_it()
    {
        await ClashAsync("CLASH");
        using var admin = site.Server.Client();
        using var member = await site.Server.UserAsync("clash-member");
        using var given = await admin.PutAsync(new Uri("/data/projects/CLASH/users/Members/clash-member", UriKind.Relative), null, Token);
        var page = await site.SignInAsync("clash-member", "pw-clash-member");
        await page.GetByRole(AriaRole.Link, new() { Name = "Prearchive" }).ClickAsync();
        await RowOf(page, "CLASH").GetByRole(AriaRole.Link, new() { Name = "Compare C01_V1 with the archive" }).ClickAsync();
        var scans = page.GetByRole(AriaRole.Table, new() { Name = "Scans of both sides" });
        foreach (var count in (string[])["1 different", "2 new", "2 identical", "3 only in the archive"])
        {
            await Assertions.Expect(scans.GetByText(count, new() { Exact = true })).ToBeVisibleAsync();
        }

        await Assertions.Expect(page.GetByRole(AriaRole.Radio, new() { Name = "Add what is new to the archived session" })).ToBeDisabledAsync();
        await Assertions.Expect(page.GetByText("1 image would clash with what is archived")).ToBeVisibleAsync();
        await Site.PictureAsync(page, "comparison");
        await Axe.CheckAsync(page, "comparison");
        await scans.GetByRole(AriaRole.Button, new() { Name = "Images of scan 201" }).PressAsync("Enter");
        var images = page.GetByRole(AriaRole.Table, new() { Name = "Images of scan 201" });
        await Assertions.Expect(images.GetByRole(AriaRole.Row)).ToHaveCountAsync(9);
        await Assertions.Expect(images.GetByRole(AriaRole.Row).Filter(new() { HasText = "identical" })).ToHaveCountAsync(2);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark, ReducedMotion = ReducedMotion.Reduce });
        await images.ScrollIntoViewIfNeededAsync();
        await Site.PictureAsync(page, "comparison-images-dark");
        await Axe.CheckAsync(page, "comparison, images, dark");

        await page.GetByRole(AriaRole.Button, new() { Name = "Add and replace" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Keep" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Button, new() { Name = "Add and replace" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Add and replace" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 2, Name = "C01_V1", Exact = true })).ToBeVisibleAsync();
        Assert.Equal("8", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/CLASH/experiments/C01_V1/scans/201/resources?format=json&file_stats=true"))["file_count"]);
        await page.GoBackAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "It is not in the prearchive any more" })).ToBeVisibleAsync();
    }

    /// <summary>What belongs to another subject cannot be merged; it is given another label and becomes a session of its own.</summary>
    [Fact]
    public async Task Session_of_another_subject_is_relabelled_and_archived_by_itself()
    {
        await ClashAsync("MIXUP", "C02");
        var page = await site.SignInAsync();
        await page.GotoAsync("/prearchive");
        await RowOf(page, "MIXUP").GetByRole(AriaRole.Link, new() { Name = "Compare C01_V1 with the archive" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status).Filter(new() { HasText = "The two cannot be merged" })).ToContainTextAsync("belongs to another subject");
        await Assertions.Expect(page.GetByRole(AriaRole.Radio, new() { Name = "Add what is new and replace what differs" })).ToBeDisabledAsync();
        await Site.PictureAsync(page, "comparison-problem");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Session" }).FillAsync("C02_V1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Give these labels and compare again" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The archive has no session called C02_V1 in this project.")).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "comparison, free label");
        await page.GetByRole(AriaRole.Button, new() { Name = "Archive as a new session" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 2, Name = "C02_V1", Exact = true })).ToBeVisibleAsync();
    }

    /// <summary>Someone without rights to the session is told so, and nothing of it.</summary>
    [Fact]
    public async Task Collaborator_is_refused_the_comparison()
    {
        var url = await ClashAsync("NOTFOR");
        using var admin = site.Server.Client();
        using var reader = await site.Server.UserAsync("notfor-reader");
        using var given = await admin.PutAsync(new Uri("/data/projects/NOTFOR/users/Collaborators/notfor-reader", UriKind.Relative), null, Token);
        var page = await site.SignInAsync("notfor-reader", "pw-notfor-reader");
        await page.GotoAsync("/prearchive");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Nothing waits here" })).ToBeVisibleAsync();
        await page.GotoAsync(url.Replace("/data/prearchive/projects/", "/prearchive/", StringComparison.Ordinal));
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("That did not work");
        await Assertions.Expect(page.GetByRole(AriaRole.Table)).ToHaveCountAsync(0);
    }
}
