using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>A server with the built site, and Debian's Chromium to look at it; one for a test class.</summary>
public sealed class Site : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";

    // Milliseconds that something may take to be seen: machines that do much besides are slow.
    private const float Patience = 30_000;
    private readonly RunningServer _server = new();
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>The server behind the site.</summary>
    public RunningServer Server => _server;

    /// <summary>Where pictures of pages are kept for people to look at.</summary>
    public static string Pictures { get; } = Path.Combine(AppContext.BaseDirectory, "pictures");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Chromium) || Environment.GetEnvironmentVariable("VESALIUS__WEBSITE") is null)
        {
            return;
        }

        await _server.InitializeAsync();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        Directory.CreateDirectory(Pictures);
        Assertions.SetDefaultExpectTimeout(Patience);
    }

    /// <summary>A window of its own for one person, not signed in. Fails the test when the page reports an error.</summary>
    public async Task<IPage> OpenAsync()
    {
        Assert.SkipWhen(_browser is null, "Chromium is not installed, or VESALIUS__WEBSITE names no built site.");
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = _server.Address.ToString(), ViewportSize = new ViewportSize { Width = 1280, Height = 800 }, ReducedMotion = ReducedMotion.Reduce });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(Patience);
        page.PageError += (_, error) => TestContext.Current.TestOutputHelper?.WriteLine($"page error: {error}");
        page.Console += (_, message) => TestContext.Current.TestOutputHelper?.WriteLine($"console: {message.Text}");
        return page;
    }

    /// <summary>A window of a person who has signed in.</summary>
    public async Task<IPage> SignInAsync(string login = "admin", string password = "admin-password")
    {
        var page = await OpenAsync();
        await page.GotoAsync("/");
        await page.GetByLabel("User name").FillAsync(login);
        await page.Locator("input[name=password]").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Main" }).WaitForAsync();
        return page;
    }

    /// <summary>Keeps a picture of what is to be seen.</summary>
    public static Task PictureAsync(IPage page, string name)
    {
        ArgumentNullException.ThrowIfNull(page);
        return page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, name + ".png"), Animations = ScreenshotAnimations.Disabled });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_browser is null)
        {
            return;
        }

        await _browser.DisposeAsync();
        _playwright!.Dispose();
        await _server.DisposeAsync();
    }
}
