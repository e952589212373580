using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Vesalius.Access;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>Members, groups, invitations, users, mail (rest-api §3.3, §21, xapi G.1, R23, R24). Rows of the reference are traits.</summary>
public sealed partial class MemberTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<int> StatusAsync(Task<HttpResponseMessage> answer)
    {
        using var response = await answer;
        return (int)response.StatusCode;
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private async Task<HttpClient> OwnerAsync(string project)
    {
        var owner = await server.UserAsync("m-owner");
        await owner.PutAsync($"/data/projects/{project}", null, Token);
        return owner;
    }

    /// <summary>Groups by name, suffix and ID; users by login, number, e-mail and comma list; one group per user; effective at once.</summary>
    [Fact]
    [Trait("Row", "G1")]
    [Trait("Row", "G3")]
    [Trait("Row", "G4")]
    [Trait("Row", "G11")]
    public async Task Members_are_set_by_every_name_and_take_effect_at_once()
    {
        using var owner = await OwnerAsync("MEM1");
        using var ann = await server.UserAsync("ann");
        await server.UserAsync("bob");
        using var admin = server.Client();
        Assert.Equal(404, await StatusAsync(ann.GetAsync("/data/projects/MEM1", Token)));
        Assert.Equal(200, await StatusAsync(owner.PutAsync("/data/projects/MEM1/users/Members/ann,bob", null, Token)));
        Assert.Equal(200, await StatusAsync(ann.GetAsync("/data/projects/MEM1", Token)));
        var rows = await RunningServer.RowsAsync(ann, "/data/projects/MEM1/users");
        Assert.Equal(["GROUP_ID", "displayname", "login", "firstname", "lastname", "email"], rows[0].Keys);
        Assert.Contains(rows, r => r["login"] == "ann" && r["GROUP_ID"] == "MEM1_member" && r["displayname"] == "Members");
        var id = await server.Services.GetRequiredService<UserDirectory>().FindAsync("ann", Token);
        Assert.Equal(200, await StatusAsync(owner.PutAsync($"/data/projects/MEM1/users/collaborator/{id!.Id}", null, Token)));
        Assert.Equal(200, await StatusAsync(owner.PutAsync("/data/projects/MEM1/users/MEM1_owner/bob@example.org?sendemail=false", null, Token)));
        rows = await RunningServer.RowsAsync(owner, "/data/projects/MEM1/users");
        Assert.Single(rows, r => r["login"] == "ann");
        Assert.Contains(rows, r => r["login"] == "ann" && r["displayname"] == "Collaborators");
        Assert.Contains(rows, r => r["login"] == "bob" && r["GROUP_ID"] == "MEM1_owner");
        Assert.Equal(403, await StatusAsync(ann.PutAsync("/data/projects/MEM1/users/Owners/ann", null, Token)));
        Assert.Equal(404, await StatusAsync(owner.PutAsync("/data/projects/MEM1/users/Nobodies/ann", null, Token)));
        Assert.Equal(404, await StatusAsync(owner.PutAsync("/data/projects/MEM1/users/Members/nosuch", null, Token)));
        Assert.Equal(404, await StatusAsync(owner.PutAsync("/data/projects/NONE/users/Members/ann", null, Token)));
        Assert.Equal(412, await StatusAsync(owner.PutAsync("/data/projects/MEM1/users/Members/guest", null, Token)));
        Assert.Equal(404, await StatusAsync(owner.DeleteAsync("/data/projects/MEM1/users/Members/ann", Token)));
        Assert.Equal(200, await StatusAsync(owner.DeleteAsync("/data/projects/MEM1/users/Collaborators/ann", Token)));
        Assert.Equal(404, await StatusAsync(ann.GetAsync("/data/projects/MEM1", Token)));
        Assert.Equal(200, await StatusAsync(admin.DeleteAsync("/data/projects/MEM1/users/bob", Token)));
    }

    /// <summary>Who manages a project puts users into its groups by /xapi, too, and into no others.</summary>
    [Fact]
    [Trait("Row", "N12")]
    public async Task Owner_puts_users_into_the_groups_of_the_own_project_only()
    {
        using var owner = await OwnerAsync("MEM9");
        using var admin = server.Client();
        using var gerd = await server.UserAsync("gerd");
        await admin.PutAsync("/data/projects/MEM9X", null, Token);
        Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string body) =>
            client.SendAsync(new HttpRequestMessage(method, "/xapi/users/gerd/groups") { Content = Json(body) }, Token);
        Assert.Equal(200, await StatusAsync(owner.PutAsync("/xapi/users/gerd/groups/MEM9_member", null, Token)));
        Assert.Equal(200, await StatusAsync(gerd.GetAsync("/data/projects/MEM9", Token)));
        Assert.Equal(200, await StatusAsync(SendAsync(owner, HttpMethod.Put, """["MEM9_collaborator"]""")));
        Assert.Equal(403, await StatusAsync(SendAsync(owner, HttpMethod.Put, """["MEM9_member","MEM9X_member"]""")));
        Assert.Equal("""["MEM9_collaborator"]""", await admin.GetStringAsync("/xapi/users/gerd/groups", Token));
        foreach (var group in (string[])["MEM9X_member", "ALL_DATA_ADMIN", "NONE_member"])
        {
            Assert.Equal(403, await StatusAsync(owner.PutAsync($"/xapi/users/gerd/groups/{group}", null, Token)));
        }

        Assert.Equal(403, await StatusAsync(gerd.PutAsync("/xapi/users/gerd/groups/MEM9_owner", null, Token)));
        Assert.Equal(200, await StatusAsync(owner.DeleteAsync("/xapi/users/gerd/groups/MEM9_collaborator", Token)));
        Assert.Equal(404, await StatusAsync(gerd.GetAsync("/data/projects/MEM9", Token)));
    }

    /// <summary>A project may be called so that the ID of a group of it is that of a group of the whole site; who manages the project manages no more than that.</summary>
    [Fact]
    [Trait("Row", "N12")]
    public async Task Group_of_a_project_that_is_called_like_one_of_the_site_opens_nothing_but_the_project()
    {
        using var owner = await OwnerAsync("ALL_DATA");
        using var admin = server.Client();
        using var hans = await server.UserAsync("hans");
        await admin.PutAsync("/data/projects/MEM10", null, Token);
        foreach (var name in (string[])["ADMIN", "ACCESS"])
        {
            using var form = new FormUrlEncodedContent([new("xdat:userGroup/displayName", name)]);
            Assert.Equal(400, await StatusAsync(owner.PostAsync("/data/projects/ALL_DATA/groups", form, Token)));
            // As it may have been made before that was refused.
            Assert.True(await server.Services.GetRequiredService<ProjectGroups>().PutAsync("ALL_DATA", $"ALL_DATA_{name}", name, "ALL_DATA", [], Token));
            using var list = new HttpRequestMessage(HttpMethod.Put, "/xapi/users/hans/groups") { Content = Json($"""["ALL_DATA_{name}"]""") };
            Assert.Equal(403, await StatusAsync(owner.SendAsync(list, Token)));
            foreach (var method in (HttpMethod[])[HttpMethod.Put, HttpMethod.Delete])
            {
                using var one = new HttpRequestMessage(method, $"/xapi/users/hans/groups/ALL_DATA_{name}");
                Assert.Equal(403, await StatusAsync(owner.SendAsync(one, Token)));
            }
        }

        Assert.Equal("[]", await admin.GetStringAsync("/xapi/users/hans/groups", Token));
        Assert.Equal(404, await StatusAsync(hans.GetAsync("/data/projects/MEM10", Token)));
    }

    /// <summary>A custom group: made by form, decides by type, changed, deleted; default groups stay.</summary>
    [Fact]
    [Trait("Row", "G5")]
    [Trait("Row", "G6")]
    [Trait("Row", "G7")]
    [Trait("Row", "G8")]
    public async Task Custom_group_gives_the_rights_of_its_form()
    {
        using var owner = await OwnerAsync("MEM2");
        using var carl = await server.UserAsync("carl");
        async Task<int> PutGroupAsync(HttpClient client, params (string Key, string Value)[] fields)
        {
            using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Key, f.Value)));
            return await StatusAsync(client.PostAsync("/data/projects/MEM2/groups", form, Token));
        }

        const string Mr = "xnat:mrSessionData_xnat:mrSessionData/project_MEM2_";
        Assert.Equal(200, await PutGroupAsync(owner, ("xdat:userGroup/displayName", "MR Readers"), ("xdat:userGroup/tag", "MEM2"), ("src", "project"), (Mr + "R", "1"), (Mr + "R_wasSet", "1")));
        Assert.Equal(400, await PutGroupAsync(owner, ("xdat:userGroup/displayName", "with_underscore")));
        Assert.Equal(400, await PutGroupAsync(owner, ("x", "y")));
        Assert.Equal(400, await PutGroupAsync(owner, ("xdat:userGroup/displayName", "Owner")));
        Assert.Equal(404, await PutGroupAsync(carl, ("xdat:userGroup/displayName", "Mine")));
        var rows = await RunningServer.RowsAsync(owner, "/data/projects/MEM2/groups");
        Assert.Equal(["id", "displayname", "tag", "xdat_usergroup_id", "users"], rows[0].Keys);
        Assert.Contains(rows, r => r["id"] == "MEM2_MRReaders" && r["displayname"] == "MR Readers");
        Assert.Equal(200, await StatusAsync(owner.PutAsync("/data/projects/MEM2/users/MR%20Readers/carl", null, Token)));
        foreach (var name in (string[])["MEM2_MRReaders", "MRReaders", "MR%20Readers"])
        {
            Assert.Contains("\"ID\":\"MEM2_MRReaders\"", await owner.GetStringAsync($"/data/projects/MEM2/groups/{name}?format=json", Token), StringComparison.Ordinal);
        }


        var access = server.Services.GetRequiredService<ProjectAccess>();
        async Task<ProjectRights> RightsAsync(string type) =>
            await access.RightsAsync((await server.Services.GetRequiredService<UserDirectory>().LoadCallerAsync("carl", Token))!, "MEM2", type, Token);
        Assert.Equal(ProjectRights.Describe | ProjectRights.Read, await RightsAsync("xnat:mrSessionData"));
        Assert.Equal(ProjectRights.Describe, await RightsAsync("xnat:ctSessionData"));
        Assert.Equal(200, await PutGroupAsync(owner, ("xdat:userGroup/displayName", "MR Readers"), (Mr + "R_wasSet", "1"), (Mr + "E", "1"), ("xnat:ctSessionData_xnat:ctSessionData/project_MEM2_D", "1")));
        Assert.Equal(ProjectRights.Describe | ProjectRights.Read | ProjectRights.Create | ProjectRights.Edit, await RightsAsync("xnat:mrSessionData"));
        Assert.Equal(ProjectRights.Describe | ProjectRights.Read | ProjectRights.Delete, await RightsAsync("xnat:ctSessionData"));
        // Nothing of another project can be given away.
        Assert.Equal(200, await PutGroupAsync(owner, ("xdat:userGroup/displayName", "Sly"), ("xnat:mrSessionData_xnat:mrSessionData/project_MEM1_D", "1")));
        Assert.Empty(await server.Services.GetRequiredService<ProjectGroups>().RightsAsync("MEM2_Sly", Token));
        var readable = await access.ReadableAsync((await server.Services.GetRequiredService<UserDirectory>().LoadCallerAsync("carl", Token))!, Token);
        Assert.Contains(readable.Types, t => t is { ProjectId: "MEM2", DataType: "xnat:mrSessionData" });
        Assert.DoesNotContain("MEM2", readable.Projects);

        Assert.Equal(403, await StatusAsync(owner.DeleteAsync("/data/projects/MEM2/groups/MEM2_member", Token)));
        Assert.Equal(403, await StatusAsync(owner.DeleteAsync("/data/projects/MEM2/groups/Members", Token)));
        Assert.Equal(200, await StatusAsync(owner.DeleteAsync("/data/projects/MEM2/groups/MRReaders", Token)));
        Assert.Equal(404, await StatusAsync(carl.GetAsync("/data/projects/MEM2", Token)));
    }

    /// <summary>Lists of users can be for administrators and owners only.</summary>
    [Fact]
    [Trait("Row", "G1")]
    [Trait("Row", "G2")]
    [Trait("Row", "N1")]
    [Trait("Row", "N3")]
    [Trait("Row", "N4")]
    public async Task User_lists_can_be_restricted()
    {
        using var owner = await OwnerAsync("MEM3");
        using var dora = await server.UserAsync("dora");
        using var admin = server.Client();
        await owner.PutAsync("/data/projects/MEM3/users/Members/dora", null, Token);
        Assert.Equal(200, await StatusAsync(dora.GetAsync("/xapi/users", Token)));
        using var on = Json("""{"restrictUserListAccessToAdmins":true}""");
        await admin.PostAsync("/xapi/siteConfig", on, Token);
        try
        {
            foreach (var address in (string[])["/data/users", "/xapi/users", "/xapi/users/profiles", "/data/projects/MEM3/users"])
            {
                Assert.Equal(403, await StatusAsync(dora.GetAsync(address, Token)));
                Assert.Equal(200, await StatusAsync(admin.GetAsync(address, Token)));
            }

            Assert.Equal(200, await StatusAsync(owner.GetAsync("/data/projects/MEM3/users/true?includeAllDataAccess=true", Token)));
        }
        finally
        {
            using var off = Json("""{"restrictUserListAccessToAdmins":false}""");
            await admin.PostAsync("/xapi/siteConfig", off, Token);
        }
    }

    /// <summary>The whole life of an account by administrators, with FLIP's nine keys.</summary>
    [Fact]
    [Trait("Row", "N5")]
    [Trait("Row", "N6")]
    [Trait("Row", "N7")]
    [Trait("Row", "N8")]
    [Trait("Row", "N10")]
    [Trait("Row", "N11")]
    [Trait("Row", "N12")]
    [Trait("Row", "N13")]
    public async Task Account_is_made_changed_and_given_roles_and_groups()
    {
        using var admin = server.Client();
        async Task<(int Status, string Text)> SendAsync(HttpMethod method, string address, string? body)
        {
            using var request = new HttpRequestMessage(method, address) { Content = body is null ? null : Json(body) };
            using var response = await admin.SendAsync(request, Token);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
        }

        var made = await SendAsync(HttpMethod.Post, "/xapi/users", """{"username":"erik","password":"Secret-1","email":"erik@example.org","firstName":"erik","lastName":"erik","enabled":true,"other":1}""");
        Assert.Equal(201, made.Status);
        using (var json = JsonDocument.Parse(made.Text))
        {
            Assert.All(
                (string[])["id", "username", "firstName", "lastName", "email", "enabled", "verified", "secured", "lastModified", "lastSuccessfulLogin"],
                k => Assert.True(json.RootElement.TryGetProperty(k, out _), k));
            Assert.False(json.RootElement.TryGetProperty("password", out _));
        }

        using var erik = server.Client("erik", "Secret-1");
        Assert.Equal(200, await StatusAsync(erik.GetAsync("/xapi/users/erik", Token)));
        Assert.Equal(403, await StatusAsync(erik.GetAsync("/xapi/users/admin", Token)));
        Assert.Equal(409, (await SendAsync(HttpMethod.Post, "/xapi/users", """{"username":"erik","password":"x","email":"e@example.org"}""")).Status);
        foreach (var bad in (string[])["{}", "[1]", "", "{\"username\":\"a b\",\"password\":\"x\",\"email\":\"e@example.org\"}", "{\"username\":\"ab\",\"password\":\"x\",\"email\":\"nowhere\"}", "{\"username\":\"0f8fad5b-d9cb-469f-a165-70867728950e\",\"password\":\"x\",\"email\":\"e@example.org\"}"])
        {
            Assert.Equal(400, (await SendAsync(HttpMethod.Post, "/xapi/users", bad)).Status);
        }

        Assert.Equal(200, (await SendAsync(HttpMethod.Put, "/xapi/users/erik", """{"email":"erik2@example.org","enabled":true}""")).Status);
        Assert.Equal(304, (await SendAsync(HttpMethod.Put, "/xapi/users/erik", """{"email":"erik2@example.org","enabled":true}""")).Status);
        Assert.Equal(400, (await SendAsync(HttpMethod.Put, "/xapi/users/erik", """{"username":"other"}""")).Status);
        Assert.Equal(404, (await SendAsync(HttpMethod.Put, "/xapi/users/nosuch", """{"email":"x@example.org"}""")).Status);
        Assert.Equal((200, "[]"), await SendAsync(HttpMethod.Put, "/xapi/users/erik/roles/", """["DataManager","Dqr","non_expiring"]"""));
        Assert.Equal("""["DataManager","Dqr","non_expiring"]""", (await SendAsync(HttpMethod.Get, "/xapi/users/erik/roles", null)).Text);
        Assert.Equal((202, """["NONE_member"]"""), await SendAsync(HttpMethod.Put, "/xapi/users/erik/groups", """["ALL_DATA_ACCESS","NONE_member"]"""));
        Assert.Equal("""["ALL_DATA_ACCESS"]""", (await SendAsync(HttpMethod.Get, "/xapi/users/erik/groups", null)).Text);
        Assert.Equal(200, (await SendAsync(HttpMethod.Delete, "/xapi/users/erik/groups/ALL_DATA_ACCESS", null)).Status);
        Assert.Equal(409, (await SendAsync(HttpMethod.Delete, "/xapi/users/admin/roles/Administrator", null)).Status);
        Assert.Equal("true", (await SendAsync(HttpMethod.Get, "/xapi/users/erik/enabled", null)).Text);
        Assert.Equal(409, (await SendAsync(HttpMethod.Put, "/xapi/users/admin/enabled/false", null)).Status);
        Assert.Equal(200, (await SendAsync(HttpMethod.Put, "/xapi/users/erik/verified/true", null)).Status);
        Assert.Equal(403, await StatusAsync(erik.PutAsync("/xapi/users/erik/roles/Administrator", null, Token)));
        foreach (var address in (string[])["/xapi/users/roles", "/xapi/users/rolemap", "/xapi/users/active", "/xapi/users/roles/Dqr"])
        {
            Assert.Equal(200, (await SendAsync(HttpMethod.Get, address, null)).Status);
            Assert.Equal(403, await StatusAsync(erik.GetAsync(address, Token)));
        }
    }

    /// <summary>The own account; a new password needs the present one and ends the sessions.</summary>
    [Fact]
    [Trait("Row", "N9")]
    [Trait("Row", "A15")]
    [Trait("Row", "A16")]
    [Trait("Row", "A17")]
    public async Task User_changes_own_password_with_the_present_one()
    {
        using var fay = await server.UserAsync("fay");
        using var wrong = Json("""{"password":"new-one","currentPassword":"no"}""");
        Assert.Equal(400, await StatusAsync(fay.PutAsync("/xapi/users/update", wrong, Token)));
        await fay.GetAsync("/data/JSESSION", Token);
        Assert.Equal(200, await StatusAsync(fay.GetAsync("/xapi/users/active/fay", Token)));
        using var right = Json("""{"firstName":"Fay","password":"new-one","currentPassword":"pw-fay"}""");
        Assert.Equal(200, await StatusAsync(fay.PutAsync("/xapi/users/update", right, Token)));
        using var again = server.Client("fay", "new-one");
        Assert.Equal("fay", await again.GetStringAsync("/xapi/users/username", Token));
        Assert.Equal(401, await StatusAsync(fay.GetAsync("/data/auth", Token)));
        using var closed = await again.DeleteAsync("/xapi/users/active/fay", Token);
        Assert.Matches("""^\[("[0-9A-F]{32}",?)+\]$""", await closed.Content.ReadAsStringAsync(Token));
    }

    /// <summary>Favorites.</summary>
    [Fact]
    [Trait("Row", "N2")]
    public async Task Favorites_are_kept_per_user()
    {
        using var owner = await OwnerAsync("MEM4");
        Assert.Equal(200, await StatusAsync(owner.PutAsync("/data/users/favorites/Project/MEM4", null, Token)));
        Assert.Equal("MEM4", (await RunningServer.RowsAsync(owner, "/data/users/favorites/Project")).Single()["id"]);
        Assert.Equal(200, await StatusAsync(owner.DeleteAsync("/data/users/favorites/Project/MEM4", Token)));
        Assert.Empty(await RunningServer.RowsAsync(owner, "/data/users/favorites/Project"));
    }

    /// <summary>By real SMTP: registration, verification, approval, a forgotten password, an invitation that only its addressee may take.</summary>
    [Fact]
    [Trait("Row", "G9")]
    [Trait("Row", "G10")]
    [Trait("Row", "L9")]
    [Trait("Speed", "Slow")]
    public async Task Mail_carries_verification_password_links_and_invitations()
    {
        await using var sink = new SmtpSink();
        using var admin = server.Client();
        using var nobody = server.Client(null);
        using var register = Json("""{"username":"gina","password":"Gina-1","firstName":"G","lastName":"I","email":"gina@example.org"}""");
        Assert.Equal(401, await StatusAsync(nobody.PostAsync("/xapi/users/register", register, Token)));
        using var smtp = Json($$"""{"hostname":"127.0.0.1","port":{{sink.Port}},"password":"s3cret"}""");
        Assert.Equal(200, await StatusAsync(admin.PostAsync("/xapi/notifications/smtp", smtp, Token)));
        Assert.DoesNotContain("s3cret", await admin.GetStringAsync("/xapi/notifications", Token), StringComparison.Ordinal);
        using var settings = Json($$"""{"userRegistration":true,"siteUrl":"{{server.Address}}","adminEmail":"root@example.org"}""");
        Assert.Equal(200, await StatusAsync(admin.PostAsync("/xapi/siteConfig", settings, Token)));

        using var second = Json("""{"username":"gina","password":"Gina-1","firstName":"G","lastName":"I","email":"gina@example.org"}""");
        Assert.Equal(201, await StatusAsync(nobody.PostAsync("/xapi/users/register", second, Token)));
        using var gina = server.Client("gina", "Gina-1");
        Assert.Equal(401, await StatusAsync(gina.GetAsync("/data/auth", Token)));
        var link = await LinkAsync(sink, "gina@example.org", "VerifyEmail");
        using (var verified = await nobody.GetAsync(link, Token))
        {
            Assert.True(verified.StatusCode == HttpStatusCode.OK, link + await verified.Content.ReadAsStringAsync(Token));
        }

        await LetterAsync(sink, "root@example.org");
        Assert.Equal(401, await StatusAsync(gina.GetAsync("/data/auth", Token)));
        Assert.Equal(200, await StatusAsync(admin.PutAsync("/xapi/users/gina/enabled/true", null, Token)));
        Assert.Equal(200, await StatusAsync(gina.GetAsync("/data/auth", Token)));
        Assert.Contains("gina", await LetterAsync(sink, "gina@example.org"), StringComparison.Ordinal);

        // A stranger's name is answered in the same way, without a letter.
        foreach (var name in (string[])["gina@example.org", "stranger@example.org"])
        {
            using var forgot = new FormUrlEncodedContent(new Dictionary<string, string> { ["username"] = name });
            Assert.Equal(200, await StatusAsync(nobody.PostAsync("/app/template/ForgotLogin.vm", forgot, Token)));
        }

        Assert.Equal(200, await StatusAsync(nobody.GetAsync(await LinkAsync(sink, "gina@example.org", "XDATScreen_UpdateUser"), Token)));
        Assert.DoesNotContain(sink.Letters, l => l.To == "stranger@example.org");

        // An invitation is for its addressee only.
        using var owner = await OwnerAsync("MEM5");
        Assert.Equal(200, await StatusAsync(owner.PutAsync("/data/projects/MEM5/users/Members/hugo@example.org", null, Token)));
        await LetterAsync(sink, "hugo@example.org");
        var id = (await RunningServer.RowsAsync(owner, "/data/projects/MEM5/pars")).Single()["par_id"];
        Assert.Equal(404, await StatusAsync(gina.PutAsync($"/data/pars/{id}?accept", null, Token)));
        Assert.Equal(404, await StatusAsync(gina.GetAsync("/data/projects/MEM5/pars", Token)));
        using var hugo = await server.UserAsync("hugo");
        Assert.Equal(id, (await RunningServer.RowsAsync(hugo, "/data/pars")).Single()["par_id"]);
        Assert.Equal(400, await StatusAsync(hugo.PutAsync($"/data/pars/{id}", null, Token)));
        Assert.Equal(200, await StatusAsync(hugo.PutAsync($"/data/pars/{id}?accept", null, Token)));
        Assert.Equal(409, await StatusAsync(hugo.PutAsync($"/data/pars/{id}?accept", null, Token)));
        Assert.Equal(200, await StatusAsync(hugo.GetAsync("/data/projects/MEM5", Token)));

        // One that was taken back can no longer be accepted; one that was answered is no longer there to be taken back.
        Assert.Equal(200, await StatusAsync(owner.PutAsync("/data/projects/MEM5/users/Members/ivy@example.org", null, Token)));
        var withdrawn = (await RunningServer.RowsAsync(owner, "/data/projects/MEM5/pars")).Single()["par_id"];
        Assert.Equal(404, await StatusAsync(gina.DeleteAsync($"/data/projects/MEM5/pars/{withdrawn}", Token)));
        Assert.Equal(403, await StatusAsync(hugo.DeleteAsync($"/data/projects/MEM5/pars/{withdrawn}", Token)));
        Assert.Equal(200, await StatusAsync(owner.DeleteAsync($"/data/projects/MEM5/pars/{withdrawn}", Token)));
        Assert.Equal(404, await StatusAsync(owner.DeleteAsync($"/data/projects/MEM5/pars/{id}", Token)));
        using var ivy = await server.UserAsync("ivy");
        Assert.Empty(await RunningServer.RowsAsync(ivy, "/data/pars"));
        Assert.Equal(404, await StatusAsync(ivy.PutAsync($"/data/pars/{withdrawn}?accept", null, Token)));
    }

    [GeneratedRegex(@"https?://\S+")]
    private static partial Regex Link();

    private static Task<string> LetterAsync(SmtpSink sink, string to) => RunningServer.EventuallyAsync(() => Task.FromResult<string?>(sink.Letters.LastOrDefault(l => l.To == to).Text));

    private static async Task<string> LinkAsync(SmtpSink sink, string to, string page)
    {
        var text = await RunningServer.EventuallyAsync(() => Task.FromResult<string?>(sink.Letters.LastOrDefault(l => l.To == to && l.Text.Contains(page, StringComparison.Ordinal)).Text));
        return new Uri(Link().Match(text).Value).PathAndQuery;
    }
}
