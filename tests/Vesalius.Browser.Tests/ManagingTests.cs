using Microsoft.Playwright;
using Xunit;

namespace Vesalius.Browser.Tests;

/// <summary>What owners and administrators look after (R1, R10, R23, R24).</summary>
[Trait("Speed", "Slow")]
public sealed class ManagingTests(Site site) : IClassFixture<Site>
{
    private static ILocator Textbox(ILocator within, string name) => within.GetByRole(AriaRole.Textbox, new() { Name = name, Exact = true });

    /// <summary>An owner gives a colleague rights, who sees the project from then on and may not manage it.</summary>
    [Fact]
    public async Task Collaborator_added_by_the_owner_sees_the_project_and_no_administration()
    {
        using var colleague = await site.Server.UserAsync("colleague");
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri("/data/projects/SHARED1", UriKind.Relative), null, TestContext.Current.CancellationToken);
        var page = await site.SignInAsync();
        await page.GotoAsync("/projects/SHARED1/manage");
        await page.GetByPlaceholder("User name or e-mail address").FillAsync("colleague");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Role", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Option, new() { Name = "Collaborator: reads data" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Members" }).GetByRole(AriaRole.Row).Filter(new() { HasText = "colleague" })).ToHaveCountAsync(1);
        await Site.PictureAsync(page, "access");

        var other = await site.SignInAsync("colleague", "pw-colleague");
        await Assertions.Expect(other.GetByRole(AriaRole.Link, new() { Name = "SHARED1" })).ToBeVisibleAsync();
        await Assertions.Expect(other.GetByRole(AriaRole.Link, new() { Name = "Administration" })).ToHaveCountAsync(0);
        await other.GotoAsync("/administration/users");
        await Assertions.Expect(other.GetByRole(AriaRole.Heading, new() { Name = "Nothing here" })).ToBeVisibleAsync();
    }

    /// <summary>Who has no account yet is invited by e-mail address, and joins with a click; another invitation is taken back.</summary>
    [Fact]
    public async Task Invited_person_joins_and_another_invitation_is_taken_back()
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri("/data/projects/INVITING", UriKind.Relative), null, TestContext.Current.CancellationToken);
        var page = await site.SignInAsync();
        await page.GotoAsync("/projects/INVITING/manage");
        var invitations = page.GetByRole(AriaRole.Table, new() { Name = "Invitations" });
        foreach (var email in (string[])["nobody-yet@example.org", "invitee@example.org"])
        {
            await page.GetByPlaceholder("User name or e-mail address").FillAsync(email);
            await page.GetByRole(AriaRole.Button, new() { Name = "Add" }).ClickAsync();
            await Assertions.Expect(invitations).ToContainTextAsync(email);
        }

        await Axe.CheckAsync(page, "invitations");
        await Site.PictureAsync(page, "invitations");
        await page.GetByRole(AriaRole.Button, new() { Name = "Take back the invitation of nobody-yet@example.org" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Take back" }).ClickAsync();
        await Assertions.Expect(invitations).Not.ToContainTextAsync("nobody-yet@example.org");

        using var account = await site.Server.UserAsync("invitee");
        var other = await site.SignInAsync("invitee", "pw-invitee");
        await Assertions.Expect(other.GetByText("You are invited to project INVITING")).ToBeVisibleAsync();
        await Axe.CheckAsync(other, "home, invited");
        await Site.PictureAsync(other, "invited");
        await other.GetByRole(AriaRole.Button, new() { Name = "Join INVITING" }).ClickAsync();
        await Assertions.Expect(other.GetByRole(AriaRole.Link, new() { Name = "INVITING" })).ToBeVisibleAsync();
        await Assertions.Expect(other.GetByText("You are invited to project INVITING")).ToHaveCountAsync(0);
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Table, new() { Name = "Members" })).ToContainTextAsync("invitee");
    }

    /// <summary>A script with a fault is not kept, and the page says where the fault is.</summary>
    [Fact]
    public async Task Fault_in_a_script_is_shown_where_it_is()
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri("/data/projects/SCRIPT1", UriKind.Relative), null, TestContext.Current.CancellationToken);
        var page = await site.SignInAsync();
        await page.GotoAsync("/projects/SCRIPT1/manage");
        await page.GetByRole(AriaRole.Tab, new() { Name = "De-identification" }).ClickAsync();
        var editor = page.GetByRole(AriaRole.Textbox, new() { Name = "Project script" });
        await editor.ClickAsync();
        await page.Keyboard.TypeAsync("version \"6.1\"\n(0010,0010) := noSuchFunction[\"x\"]\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Check and save" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Line 2");
        await Assertions.Expect(page.Locator(".cm-lintRange-error")).ToHaveCountAsync(1);
        await Site.PictureAsync(page, "script-fault");

        await page.Keyboard.PressAsync("Control+A");
        await editor.ClickAsync();
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync("version \"6.1\"\n(0010,0010) := subject\n- (0010,0030)\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Check and save" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The script is saved and checked.")).ToBeVisibleAsync();
        Assert.Contains("(0010,0010) := subject", await admin.GetStringAsync(new Uri("/xapi/anonymize/projects/SCRIPT1", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>A script of the standard's profile can be taken as it is.</summary>
    [Fact]
    public async Task Profile_of_the_standard_is_a_start_for_a_script()
    {
        using var admin = site.Server.Client();
        using var made = await admin.PutAsync(new Uri("/data/projects/PROFILE1", UriKind.Relative), null, TestContext.Current.CancellationToken);
        var page = await site.SignInAsync();
        await page.GotoAsync("/projects/PROFILE1/manage");
        await page.GetByRole(AriaRole.Tab, new() { Name = "De-identification" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Start from the profile for research" }).ClickAsync();
        // It is fetched first; saving sooner would save what was there before.
        await Assertions.Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Project script" })).ToContainTextAsync("version");
        await page.GetByRole(AriaRole.Button, new() { Name = "Check and save" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The script is saved and checked.")).ToBeVisibleAsync();
        await Site.PictureAsync(page, "script-profile");
    }

    /// <summary>An account made by the administrator can be used at once, and not any more when it is switched off.</summary>
    [Fact]
    public async Task Administrator_makes_and_closes_an_account()
    {
        var page = await site.SignInAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Administration" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "New user" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Textbox(dialog, "User name").FillAsync("newcomer");
        await Textbox(dialog, "First name").FillAsync("New");
        await Textbox(dialog, "Last name").FillAsync("Comer");
        await Textbox(dialog, "E-mail").FillAsync("newcomer@example.org");
        await dialog.Locator("input[type=password]").FillAsync("A-long-pass-word-1");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "newcomer" })).ToBeVisibleAsync();
        await Site.PictureAsync(page, "users");
        await site.SignInAsync("newcomer", "A-long-pass-word-1");

        await page.GetByRole(AriaRole.Button, new() { Name = "newcomer" }).ClickAsync();
        await page.GetByRole(AriaRole.Switch, new() { Name = "May sign in" }).PressAsync("Space");
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "newcomer" })).ToContainTextAsync("may not sign in");
    }

    /// <summary>A receiver is added while the server runs.</summary>
    [Fact]
    public async Task Receiver_is_added_and_switched_off()
    {
        var page = await site.SignInAsync();
        await page.GotoAsync("/administration/receivers");
        await page.GetByRole(AriaRole.Button, new() { Name = "New receiver" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Textbox(dialog, "AE title").FillAsync("SCANNER2");
        await Textbox(dialog, "Port").FillAsync(site.Server.DicomPort.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        var receives = page.GetByRole(AriaRole.Switch, new() { Name = "SCANNER2 receives" });
        await Assertions.Expect(receives).ToBeCheckedAsync();
        await receives.PressAsync("Space");
        await Assertions.Expect(receives).Not.ToBeCheckedAsync();
        await Site.PictureAsync(page, "receivers");
    }
}
