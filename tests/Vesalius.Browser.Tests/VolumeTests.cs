using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>NIfTI volumes in the browser (R28).</summary>
[Trait("Speed", "Slow")]
public sealed class VolumeTests(Site site) : IClassFixture<Site>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // NIfTI-1, one file: a ball that is brightest in its middle, in a box of 40 × 48 × 32 voxels of 1 × 1 × 2 mm; later frames are dimmer.
    internal static byte[] Volume(int frames = 1)
    {
        const int X = 40, Y = 48, Z = 32, Start = 352;
        var bytes = new byte[Start + (X * Y * Z * frames * 2)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, 348);
        short[] dims = [(short)(frames > 1 ? 4 : 3), X, Y, Z, (short)frames, 1, 1, 1];
        float[] sizes = [1, 1, 1, 2, 1, 0, 0, 0];
        for (var i = 0; i < 8; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(40 + (2 * i)), dims[i]);
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(76 + (4 * i)), sizes[i]);
        }

        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(70), 4);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(72), 16);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(108), Start);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(112), 1);
        bytes[123] = 2;
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(254), 1);
        float[] affine = [1, 0, 0, -20, 0, 1, 0, -24, 0, 0, 2, -32];
        for (var i = 0; i < affine.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(280 + (4 * i)), affine[i]);
        }

        "n+1\0"u8.CopyTo(bytes.AsSpan(344));
        for (var n = 0; n < X * Y * Z * frames; n++)
        {
            var (x, y, z, f) = (n % X, n / X % Y, n / (X * Y) % Z, n / (X * Y * Z));
            var distance = Math.Sqrt(Math.Pow((x - 20) / 16.0, 2) + Math.Pow((y - 24) / 20.0, 2) + Math.Pow((z - 16) / 12.0, 2));
            BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(Start + (2 * n)), (short)(distance < 1 ? 1000 * (1.2 - distance) / (1 + f) : 0));
        }

        return bytes;
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var zip = new GZipStream(target, CompressionLevel.Fastest))
        {
            zip.Write(bytes);
        }

        return target.ToArray();
    }

    private async Task<string> ArchivedAsync(string project, params (string Place, byte[] Bytes)[] files)
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri($"/data/projects/{project}", UriKind.Relative), null, Token);
        await site.Server.SendAsync(RunningServer.Routed("mr-mosaic-phantom-siemens", $"Project:{project} Subject:N01 Session:N01_MR1"));
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json")).FirstOrDefault());
        using var archived = await admin.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, Token);
        Assert.True(archived.IsSuccessStatusCode);
        var scan = (await RunningServer.RowsAsync(admin, $"/data/projects/{project}/experiments/N01_MR1/scans?format=json"))[0]["ID"];
        foreach (var (place, bytes) in files)
        {
            using var content = new ByteArrayContent(bytes);
            using var stored = await admin.PutAsync(new Uri($"/data/projects/{project}/experiments/N01_MR1/{place.Replace("SCAN", scan, StringComparison.Ordinal)}?inbody=true", UriKind.Relative), content, Token);
            Assert.True(stored.IsSuccessStatusCode, await stored.Content.ReadAsStringAsync(Token));
        }

        return scan;
    }

    // What is to be seen, measured: how many grey levels are on the canvas, and how bright it is.
    private static async Task<(int Levels, double Brightness)> SeenAsync(IPage page)
    {
        var picture = Convert.ToBase64String(await page.GetByRole(AriaRole.Application).ScreenshotAsync());
        var seen = await page.EvaluateAsync<double[]>(
            """
            async (base64) => {
              const image = new Image();
              image.src = 'data:image/png;base64,' + base64;
              await image.decode();
              const canvas = new OffscreenCanvas(image.width, image.height);
              const context = canvas.getContext('2d');
              context.drawImage(image, 0, 0);
              const levels = new Set();
              let sum = 0;
              const data = context.getImageData(0, 0, image.width, image.height).data;
              for (let i = 0; i < data.length; i += 4) { levels.add(data[i]); sum += data[i]; }
              return [levels.size, sum / (data.length / 4)];
            }
            """,
            picture);
        return ((int)seen[0], seen[1]);
    }

    // The library draws with the next frame: looked at until it is there.
    private static async Task<(int Levels, double Brightness)> UntilAsync(IPage page, Func<(int Levels, double Brightness), bool> isRight)
    {
        (int Levels, double Brightness) seen = default;
        await RunningServer.EventuallyAsync(async () => isRight(seen = await SeenAsync(page)) ? "" : null);
        return seen;
    }

    private static async Task OpenAsync(IPage page) =>
        await Assertions.Expect(page.GetByRole(AriaRole.Application)).ToHaveAttributeAsync("data-ready", "true", new() { Timeout = 60_000 });

    /// <summary>From the scan's page to its volume: it is drawn, moved through, turned and darkened by keyboard, under the site's policy.</summary>
    [Fact]
    public async Task Volume_of_a_scan_is_drawn_and_gone_through_by_keyboard()
    {
        var scan = await ArchivedAsync("NIFTI", ("scans/SCAN/resources/NIFTI/files/ball.nii.gz", Packed(Volume())));
        var page = await site.SignInAsync();
        var refused = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.OrdinalIgnoreCase))
            {
                refused.Add(message.Text);
            }
        };
        await page.GotoAsync($"/projects/NIFTI/experiments/N01_MR1/scans/{scan}");
        await page.GetByRole(AriaRole.Link, new() { Name = "View volume" }).ClickAsync();
        await OpenAsync(page);
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "The volume" })).ToContainTextAsync("40 × 48 × 32");
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "The volume" })).ToContainTextAsync("1 × 1 × 2");
        var planes = await UntilAsync(page, s => s.Levels > 60);
        await Site.PictureAsync(page, "volume");
        await Axe.CheckAsync(page, "volume");

        var place = page.GetByRole(AriaRole.Status).Filter(new() { HasText = "at voxel" });
        await Assertions.Expect(place).ToContainTextAsync("at voxel 20 × 24 × 16");
        await page.GetByRole(AriaRole.Application).FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await Assertions.Expect(place).ToContainTextAsync("at voxel 21 × 24 × 16");
        await page.Keyboard.PressAsync("PageUp");
        await Assertions.Expect(place).ToContainTextAsync("at voxel 21 × 24 × 17, 1.0 × 0.0 × 2.0 mm");

        for (var step = 0; step < 60; step++)
        {
            await page.GetByRole(AriaRole.Slider, new() { Name = "Brightest value" }).PressAsync("ArrowLeft");
        }

        await UntilAsync(page, s => s.Brightness > planes.Brightness + 2);
        await page.GetByText("3D", new() { Exact = true }).ClickAsync();
        await UntilAsync(page, s => s.Levels > 20);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark, ReducedMotion = ReducedMotion.Reduce });
        await Site.PictureAsync(page, "volume-3d-dark");
        await Axe.CheckAsync(page, "volume, dark");
        Assert.Empty(refused);
    }

    /// <summary>A collaborator opens a series of volumes from the session's files, and goes to its later ones.</summary>
    [Fact]
    public async Task Volumes_in_a_series_are_opened_from_the_list_of_files()
    {
        await ArchivedAsync("SERIES", ("resources/BOLD/files/run.nii", Volume(frames: 3)));
        using var admin = site.Server.Client();
        using var reader = await site.Server.UserAsync("series-reader");
        using var given = await admin.PutAsync(new Uri("/data/projects/SERIES/users/Collaborators/series-reader", UriKind.Relative), null, Token);
        var page = await site.SignInAsync("series-reader", "pw-series-reader");
        await page.GotoAsync("/projects/SERIES/experiments/N01_MR1/files");
        await page.GetByRole(AriaRole.Button, new() { Name = "BOLD", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "View run.nii" }).ClickAsync();
        await OpenAsync(page);
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "The volume" })).ToContainTextAsync("Volumes");
        var first = await UntilAsync(page, s => s.Levels > 60);
        await page.GetByRole(AriaRole.Slider, new() { Name = "Volume in the series" }).PressAsync("End");
        await UntilAsync(page, s => s.Brightness < first.Brightness - 2);
    }

    /// <summary>What is no volume is said to be none; what may not be read is not.</summary>
    [Fact]
    public async Task Damaged_and_hidden_files_end_in_words()
    {
        await ArchivedAsync("BROKEN", ("resources/NIFTI/files/broken.nii.gz", "no volume at all"u8.ToArray()));
        var page = await site.SignInAsync();
        await page.GotoAsync("/projects/BROKEN/experiments/N01_MR1/volume/resources/NIFTI/files/broken.nii.gz");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("it is no NIfTI volume");
        await Axe.CheckAsync(page, "volume, damaged");
        using var outsider = await site.Server.UserAsync("volume-outsider");
        var other = await site.SignInAsync("volume-outsider", "pw-volume-outsider");
        await other.GotoAsync("/projects/BROKEN/experiments/N01_MR1/volume/resources/NIFTI/files/broken.nii.gz");
        await Assertions.Expect(other.GetByRole(AriaRole.Alert)).ToContainTextAsync("That did not work");
        await Assertions.Expect(other.GetByRole(AriaRole.Application)).ToBeHiddenAsync();
    }

    /// <summary>Whoever looks at no volume loads nothing of the library.</summary>
    [Fact]
    public async Task First_page_is_small_and_loads_no_viewer()
    {
        var page = await site.OpenAsync();
        var scripts = new List<string>();
        page.Request += (_, request) => scripts.Add(request.Url);
        await page.GotoAsync("/");
        await page.GetByLabel("User name").WaitForAsync();
        Assert.DoesNotContain(scripts, s => s.Contains("VolumePage", StringComparison.Ordinal));
        var folder = Environment.GetEnvironmentVariable("VESALIUS__WEBSITE")!;
        var names = Regex.Matches(await File.ReadAllTextAsync(Path.Combine(folder, "index.html"), Token), "/site/assets/[^\"]+\\.js").Select(m => m.Value).ToList();
        Assert.NotEmpty(names);
        Assert.InRange(names.Sum(n => Packed(File.ReadAllBytes(folder + n)).Length), 1, 400_000);
    }
}
