using System.Net;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Vesalius.Acceptance.Story;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>OHIF over the server's own DICOMweb: it opens what is archived, and keeps what is measured (R28).</summary>
[Trait("Speed", "Slow")]
public sealed class ViewerTests(Site site) : IClassFixture<Site>
{
    private static readonly (string Session, string[] Folder)[] Kinds =
    [
        ("CT", ["studies", "ct-head-phantom-philips"]), ("MR", ["studies", "mr-epi-phantom-ge"]), ("US_CLIP", ["studies", "us-stress-echo-acuson"]), ("ENHANCED", ["enhanced", "emri_small.dcm"]),
        ("JPEG_2000", ["transfer-syntaxes", "ct-16bit", "CTImage.dcm_JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90.dcm"]),
        ("JPEG_LS", ["transfer-syntaxes", "ct-16bit", "CTImage.dcm_JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80.dcm"]),
        ("JPEG_LOSSLESS", ["transfer-syntaxes", "ct-16bit", "CTImage.dcm_JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70.dcm"]),
        ("RLE", ["transfer-syntaxes", "ct-16bit", "CTImage.dcm_RLELosslessTransferSyntax_1.2.840.10008.1.2.5.dcm"]),
    ];

    // True when a viewport shows a picture with dark and bright in it.
    private const string HasPicture =
        """
        () => [...document.querySelectorAll('canvas.cornerstone-canvas')].some((canvas) => {
          if (!canvas.width) return false;
          const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let [least, most] = [255, 0];
          for (let i = 0; i < pixels.length; i += 40) { least = Math.min(least, pixels[i]); most = Math.max(most, pixels[i]); }
          return most - least > 60;
        })
        """;

    private async Task<IPage> PersonAsync()
    {
        var page = await site.SignInAsync();
        Assert.SkipWhen(Environment.GetEnvironmentVariable("VESALIUS__VIEWER") is null, "VESALIUS__VIEWER names no built viewer.");
        // OHIF explains itself on the first visit, some time after the picture is there, and takes the clicks. This person has been here before.
        await page.Context.AddInitScriptAsync("localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']))");
        return page;
    }

    private static Task ShownAsync(IPage page) => page.WaitForFunctionAsync(HasPicture, null, new PageWaitForFunctionOptions { Timeout = 60_000 });

    // Lines of measurements are drawn over the picture.
    private static Task DrawnAsync(IPage page) => page.WaitForFunctionAsync("() => document.querySelector('.svg-layer line, .svg-layer circle') !== null", null, new PageWaitForFunctionOptions { Timeout = 60_000 });

    /// <summary>Who opens a link into the viewer without a session signs in and comes to it; no other address is gone to.</summary>
    [Fact]
    public async Task Link_into_the_viewer_leads_there_after_signing_in()
    {
        var page = await site.OpenAsync();
        Assert.SkipWhen(Environment.GetEnvironmentVariable("VESALIUS__VIEWER") is null, "VESALIUS__VIEWER names no built viewer.");
        using var admin = site.Server.Client();
        await DicomWebArchive.ArchiveAsync(admin, "V_LINK", "LINK", ["studies", "ct-head-phantom-philips"]);
        await page.GotoAsync("/viewer/projects/V_LINK/experiments/LINK");
        await SignInHereAsync(page);
        await page.WaitForURLAsync("**/viewer/viewer?StudyInstanceUIDs=*");
        await page.Locator("#root > *").First.WaitForAsync(new() { State = WaitForSelectorState.Attached, Timeout = 60_000 });

        foreach (var address in (string[])["//example.org/viewer", "https://example.org/viewer", "/viewer\\..\\x", "/viewerish", "javascript:alert(1)", "%2Fviewer%"])
        {
            var other = await site.OpenAsync();
            await other.GotoAsync("/sign-in#" + Uri.EscapeDataString(address));
            await SignInHereAsync(other);
            await other.GetByRole(AriaRole.Heading, new() { Name = "Projects", Exact = true }).WaitForAsync();
            Assert.Equal("/", new Uri(other.Url).AbsolutePath);
            await other.Context.CloseAsync();
        }
    }

    private static async Task SignInHereAsync(IPage page)
    {
        await page.GetByLabel("User name").FillAsync("admin");
        await page.Locator("input[name=password]").FillAsync("admin-password");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>Each kind of object comes up as a picture, and nothing that the policy forbids was tried on the page.</summary>
    [Fact]
    public async Task Viewer_opens_every_kind_of_image()
    {
        var page = await PersonAsync();
        var refused = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
            {
                refused.Add(message.Text);
            }
        };
        using var admin = site.Server.Client();
        foreach (var (session, folder) in Kinds)
        {
            // Some of the files share their UIDs: a project each.
            await DicomWebArchive.ArchiveAsync(admin, "V_" + session, session, folder);
            await page.GotoAsync($"/viewer/projects/V_{session}/experiments/{session}");
            await ShownAsync(page);
            await Site.PictureAsync(page, "viewer-" + session.ToLowerInvariant());
        }

        Assert.Empty(refused);
    }

    /// <summary>From the session's page: a length is measured, saved, listed as an assessor, and there again when the viewer is opened anew.</summary>
    [Fact]
    public async Task Measurement_is_saved_and_seen_again()
    {
        var page = await PersonAsync();
        using var admin = site.Server.Client();
        await DicomWebArchive.ArchiveAsync(admin, "MEASURE", "MEASURE_1", "studies", "mr-epi-phantom-ge");
        await page.GotoAsync("/projects/MEASURE/experiments/MEASURE_1");
        page = await page.RunAndWaitForPopupAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "View images" }).ClickAsync());
        await ShownAsync(page);
        await page.Locator("[data-cy='MeasurementTools-split-button-primary']").ClickAsync();
        var box = (await page.Locator("canvas.cornerstone-canvas").First.BoundingBoxAsync())!;
        await page.Mouse.ClickAsync(box.X + (box.Width * 0.4f), box.Y + (box.Height * 0.4f));
        await DrawnAsync(page);
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.6f), box.Y + (box.Height * 0.5f), new MouseMoveOptions { Steps = 5 });
        await page.Mouse.ClickAsync(box.X + (box.Width * 0.6f), box.Y + (box.Height * 0.5f));
        await page.Locator("[data-cy='prompt-begin-tracking-yes-btn']").ClickAsync();
        await page.Locator("[data-cy='trackedMeasurements-btn']").ClickAsync();
        await page.GetByText("Create SR").ClickAsync();
        await page.Locator("[data-cy='dialog-input']").FillAsync("Across the phantom");
        await page.RunAndWaitForResponseAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync(),
            response => response.Request.Method == "POST" && response.Url.EndsWith("/studies", StringComparison.Ordinal) && response.Status == (int)HttpStatusCode.OK);
        await Site.PictureAsync(page, "viewer-measured");

        var assessor = Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/MEASURE/experiments/MEASURE_1/assessors?format=json"));
        Assert.StartsWith("SR_", assessor["label"], StringComparison.Ordinal);
        await page.ReloadAsync();
        await ShownAsync(page);
        var report = page.GetByText("Across the phantom").First;
        await report.WaitForAsync(new LocatorWaitForOptions { Timeout = 30_000 });
        await report.DblClickAsync();
        await DrawnAsync(page);
        await Site.PictureAsync(page, "viewer-measurement-again");
    }

    /// <summary>For <c>./vesalius bench viewer</c>: time from the click on a session's page to the first picture of a series, in a browser that has opened the viewer before.</summary>
    [Fact]
    public async Task First_image_of_a_large_series_comes_within_three_seconds()
    {
        var folder = Environment.GetEnvironmentVariable("VESALIUS_BENCH_SERIES");
        Assert.SkipWhen(folder is null, "Runs in the benchmark only: VESALIUS_BENCH_SERIES names a folder of slices.");
        var page = await PersonAsync();
        using var admin = site.Server.Client();
        await DicomWebArchive.ArchiveFolderAsync(admin, "LARGE", "LARGE_1", folder);
        var seconds = new List<double>();
        for (var i = 0; i < 4; i++)
        {
            await page.GotoAsync("/projects/LARGE/experiments/LARGE_1");
            var link = page.GetByRole(AriaRole.Link, new() { Name = "View images" });
            await link.WaitForAsync();
            var watch = System.Diagnostics.Stopwatch.StartNew();
            var viewer = await page.RunAndWaitForPopupAsync(() => link.ClickAsync());
            await viewer.WaitForFunctionAsync(HasPicture, null, new PageWaitForFunctionOptions { Timeout = 60_000, PollingInterval = 50 });
            seconds.Add(watch.Elapsed.TotalSeconds);
            await viewer.CloseAsync();
        }

        await Console.Out.WriteLineAsync($"First image, {Directory.GetFiles(folder).Length} slices: {string.Join(", ", seconds.Select(s => s.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture)))} s");
        Assert.True(seconds.Skip(1).Order().ElementAt(1) < 3, "The median of three is 3 s or more.");
    }

    /// <summary>Whoever has not signed in is led to the sign-in page, and whoever may not see a session is not led into it.</summary>
    [Fact]
    public async Task Viewer_asks_for_a_sign_in_and_keeps_to_rights()
    {
        var page = await site.OpenAsync();
        await page.GotoAsync("/viewer/projects/ANY/experiments/ANY");
        await Assertions.Expect(page.GetByLabel("User name")).ToBeVisibleAsync();
        using var outsider = await site.Server.UserAsync("viewer-outsider");
        using var refused = await outsider.GetAsync(new Uri("/viewer/projects/V_CT/experiments/CT", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
    }
}
