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
        return page;
    }

    private static async Task ShownAsync(IPage page)
    {
        await page.WaitForFunctionAsync(HasPicture, null, new PageWaitForFunctionOptions { Timeout = 60_000 });
        // OHIF explains itself on the first visit.
        await page.WaitForTimeoutAsync(1500);
        if (await page.GetByText("Skip all").IsVisibleAsync())
        {
            await page.GetByText("Skip all").ClickAsync();
        }
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
        await page.WaitForTimeoutAsync(300);
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
        await page.WaitForTimeoutAsync(3000);
        await Site.PictureAsync(page, "viewer-measurement-again");
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
