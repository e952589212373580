using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Vesalius.Acceptance;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>What owner, member and collaborator see on each page of a project, and what they are offered to do there (R24, R27). The server refuses what is not offered.</summary>
[Trait("Speed", "Slow")]
public sealed class RoleTests(Site site) : IClassFixture<Site>
{
    private static readonly string[] All = ["Owners", "Members", "Collaborators"];
    private static readonly string[] Writers = ["Owners", "Members"];
    private static readonly string[] Owners = ["Owners"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A page, what shows that it is there, and the actions on it, each with the roles that are offered it.</summary>
    private sealed record Story(string Name, string Address, Func<IPage, ILocator> Shown, params (Func<IPage, ILocator> Action, string[] Roles)[] Actions)
    {
        /// <summary>Done before the actions are looked for.</summary>
        public Func<IPage, Task> First { get; init; } = _ => Task.CompletedTask;
    }

    private static Func<IPage, ILocator> Button(string name) => page => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    private static Func<IPage, ILocator> Link(string name) => page => page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true });

    private static Func<IPage, ILocator> Tab(string name) => page => page.GetByRole(AriaRole.Tab, new() { Name = name, Exact = true });

    private static Func<IPage, ILocator> Named(AriaRole role, string name) => page => page.GetByRole(role, new() { Name = name, Exact = true }).First;

    private static Task TickAsync(IPage page) => page.GetByRole(AriaRole.Checkbox, new() { Name = "Choose row 1" }).CheckAsync();

    private static IEnumerable<Story> Stories(string project)
    {
        var place = $"/projects/{project}";
        var session = $"{place}/experiments/P01_V1";
        yield return new Story("project", place, Link("P01_V1"), (Tab("Manage"), Owners), (Button("Download 1…"), All), (Button("Delete…"), Owners)) { First = TickAsync };
        yield return new Story("subjects", place + "/subjects", Link("P01"), (Tab("Manage"), Owners));
        yield return new Story("history", place + "/history", Named(AriaRole.Tabpanel, "History"), (Tab("Manage"), Owners));
        yield return new Story("subject", place + "/subjects/P01", Link("P01_V1"));
        yield return new Story(
            "scans", session, Named(AriaRole.Table, "Scans"), (Link("View images"), All), (Link("View volume"), All), (Link("Download…"), All), (Link("Download 1"), All),
            (page => page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("quality of scan 201") }), Writers), (Button("Add a note to scan 201"), Writers), (Button("Delete…"), Owners)) { First = TickAsync };
        yield return new Story(
            "files", session + "/files", Named(AriaRole.Table, "Folders of files"), (Link("Download NIFTI of Session"), All), (Button("Choose files"), Writers), (Button("Delete NIFTI of Session"), Owners));
        yield return new Story("made", session + "/assessors", Named(AriaRole.Tabpanel, "Made from it"));
        yield return new Story("details", session + "/details", Named(AriaRole.Table, "Details"), (Button("Rename"), Writers), (Button("Delete the session…"), Owners));
        yield return new Story("session-history", session + "/history", Named(AriaRole.Tabpanel, "History"));
        yield return new Story("scan", session + "/scans/201", page => page.GetByRole(AriaRole.Img, new() { NameRegex = new Regex("^Image ") }), (Link("Download"), All));
        yield return new Story("header", session + "/scans/201/header", Named(AriaRole.Table, "Header"));
        yield return new Story("volume", session + "/volume/resources/NIFTI/files/ball.nii", page => page.Locator("canvas[data-ready=true]"), (Link("Download"), All));
        yield return new Story("download", $"{place}/download/P01_V1", Button("Download"));
        yield return new Story("prearchive", "/prearchive", page => page.GetByRole(AriaRole.Heading, new() { Name = "Prearchive", Level = 2 }), (Link("Compare P01_V1 with the archive"), Writers), (Button("More for P01_V1"), Writers));
        yield return new Story("upload", "/upload", Button("Choose files"));
        yield return new Story("administration", "/administration/users", page => page.GetByRole(AriaRole.Heading, new() { Name = "Nothing here" }), (Link("Administration"), []));
    }

    private async Task MakeAsync(string project)
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri($"/data/projects/{project}", UriKind.Relative), null, Token);
        await site.Server.SendAsync(RunningServer.Routed("ct-head-phantom-philips", $"Project:{project} Subject:P01 Session:P01_V1"));
        var session = await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json")).FirstOrDefault());
        using var archived = await admin.PostAsync(new Uri($"/data/services/archive?src={session["url"]}", UriKind.Relative), null, Token);
        using var volume = new ByteArrayContent(VolumeTests.Volume());
        using var stored = await admin.PutAsync(new Uri($"/data/projects/{project}/experiments/P01_V1/resources/NIFTI/files/ball.nii?inbody=true", UriKind.Relative), volume, Token);
        Assert.True(archived.IsSuccessStatusCode && stored.IsSuccessStatusCode);
        await site.Server.SendAsync(RunningServer.Routed("ct-head-phantom-philips", $"Project:{project} Subject:P01 Session:P01_V1"));
        await RunningServer.EventuallyAsync(async () => (await RunningServer.RowsAsync(admin, $"/data/prearchive/projects/{project}?format=json")).FirstOrDefault());
    }

    /// <summary>Page by page: what is offered is there, what is not allowed is absent; a picture of each is kept, in light for one role and in dark for the next.</summary>
    [Theory]
    [InlineData("Owners", ColorScheme.Light)]
    [InlineData("Members", ColorScheme.Dark)]
    [InlineData("Collaborators", ColorScheme.Light)]
    public async Task Each_page_offers_what_the_role_may_do_and_nothing_else(string role, ColorScheme scheme)
    {
        ArgumentNullException.ThrowIfNull(role);
        var project = $"ROLE_{role.ToUpperInvariant()}";
        var login = $"role-{role.ToLowerInvariant()}";
        // Ends here where there is no browser.
        var page = await site.OpenAsync();
        await MakeAsync(project);
        using var admin = site.Server.Client();
        using var user = await site.Server.UserAsync(login);
        using var given = await admin.PutAsync(new Uri($"/data/projects/{project}/users/{role}/{login}", UriKind.Relative), null, Token);
        page = await site.SignInAsync(login, $"pw-{login}");
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
        var wrong = new List<string>();
        foreach (var story in Stories(project))
        {
            await page.GotoAsync(story.Address);
            await Assertions.Expect(story.Shown(page)).ToBeVisibleAsync(new() { Timeout = 60_000 });
            await story.First(page);
            await Axe.SettleAsync(page, $"{role} {story.Name}");
            foreach (var (action, roles) in story.Actions)
            {
                try
                {
                    await Assertions.Expect(action(page)).ToHaveCountAsync(roles.Contains(role) ? 1 : 0);
                }
                catch (PlaywrightException)
                {
                    wrong.Add($"{story.Name}: {action(page)} is there {await action(page).CountAsync()} times");
                }
            }

            await Site.PictureAsync(page, $"role-{role.ToLowerInvariant()}-{story.Name}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>A page that is for others, opened by its address, says so in words; what its buttons would ask for is refused.</summary>
    [Fact]
    public async Task Page_for_others_says_so_and_the_server_refuses_what_it_would_do()
    {
        // Ends here where there is no browser.
        var page = await site.OpenAsync();
        await MakeAsync("ROLE_REFUSED");
        using var admin = site.Server.Client();
        var waiting = (await RunningServer.RowsAsync(admin, "/data/prearchive/projects/ROLE_REFUSED?format=json"))[0]["url"];
        foreach (var role in (string[])["Members", "Collaborators"])
        {
            var login = $"refused-{role.ToLowerInvariant()}";
            using var user = await site.Server.UserAsync(login);
            using var given = await admin.PutAsync(new Uri($"/data/projects/ROLE_REFUSED/users/{role}/{login}", UriKind.Relative), null, Token);
            page = await site.SignInAsync(login, $"pw-{login}");
            await page.GotoAsync("/projects/ROLE_REFUSED/manage");
            await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Owners manage a project" })).ToBeVisibleAsync();
            await Axe.CheckAsync(page, $"{role}, manage");
            async Task<int> StatusAsync(HttpMethod method, string address)
            {
                using var request = new HttpRequestMessage(method, new Uri(address, UriKind.Relative));
                using var response = await user.SendAsync(request, Token);
                return (int)response.StatusCode;
            }

            Assert.Equal(403, await StatusAsync(HttpMethod.Delete, "/data/projects/ROLE_REFUSED/experiments/P01_V1?removeFiles=true"));
            Assert.Equal(403, await StatusAsync(HttpMethod.Delete, "/data/projects/ROLE_REFUSED/experiments/P01_V1/resources/NIFTI?removeFiles=true"));
            Assert.Equal(403, await StatusAsync(HttpMethod.Put, $"/data/projects/ROLE_REFUSED/users/Owners/{login}"));
            Assert.Equal(role == "Members" ? 200 : 403, await StatusAsync(HttpMethod.Put, "/data/projects/ROLE_REFUSED/experiments/P01_V1/scans/201?quality=usable"));
            Assert.Equal(role == "Members" ? 200 : 403, await StatusAsync(HttpMethod.Get, $"/data{waiting}/comparison"));
        }

        await page.GotoAsync(waiting.Replace("/prearchive/projects/", "/prearchive/", StringComparison.Ordinal));
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("That did not work");
        await page.GotoAsync("/upload");
        await Assertions.Expect(page.GetByText("You may write to no project")).ToBeVisibleAsync();
        await Axe.CheckAsync(page, "upload, without a project");
        await page.GotoAsync("/import");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "You may not ask PACS" })).ToBeVisibleAsync();
    }
}
