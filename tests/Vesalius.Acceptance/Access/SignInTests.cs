using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Vesalius.Database;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>Sign-in, sessions, alias tokens, passwords and training (rest-api §2, R23, R25). Rows of the reference are traits.</summary>
public sealed partial class SignInTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private VesaliusDatabase Database => server.Services.GetRequiredService<VesaliusDatabase>();

    [GeneratedRegex("JSESSIONID=([^;]+)")]
    private static partial Regex SessionCookie();

    private async Task SetAsync(string name, string json)
    {
        using var admin = server.Client();
        using var body = new StringContent($"{{\"{name}\": {json}}}", Encoding.UTF8, "application/json");
        using var response = await admin.PostAsync("/xapi/siteConfig", body, Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private HttpClient WithCookie(string id, string? agent = null)
    {
        var client = server.Client(null);
        client.DefaultRequestHeaders.Add("Cookie", $"JSESSIONID={id}");
        if (agent is not null)
        {
            client.DefaultRequestHeaders.UserAgent.ParseAdd(agent);
        }

        return client;
    }

    private static async Task<int> StatusAsync(Task<HttpResponseMessage> answer)
    {
        using var response = await answer;
        return (int)response.StatusCode;
    }

    /// <summary>Basic opens a session, the cookie works from another connection, and DELETE ends the calling one whatever it names.</summary>
    [Fact]
    [Trait("Row", "A1")]
    [Trait("Row", "A2")]
    [Trait("Row", "A3")]
    [Trait("Row", "A4")]
    public async Task Session_opened_by_Basic_is_used_by_cookie_and_closed_by_the_caller()
    {
        using var user = await server.UserAsync("a-session");
        using var opened = await user.PostAsync("/data/JSESSION", null, Token);
        var id = await opened.Content.ReadAsStringAsync(Token);
        Assert.Equal(id, SessionCookie().Match(string.Join('\n', opened.Headers.GetValues("Set-Cookie"))).Groups[1].Value);
        using var other = WithCookie(id);
        Assert.Equal(id, await other.GetStringAsync("/data/JSESSION", Token));
        Assert.Equal("User 'a-session' is logged in", await other.GetStringAsync("/data/auth", Token));
        Assert.Matches("^User 'a-session' is logged in; XNAT_CSRF=[0-9a-f-]{36}$", await other.GetStringAsync("/data/auth?CSRF=true", Token));
        Assert.Equal(200, await StatusAsync(other.DeleteAsync("/data/JSESSION/anything", Token)));
        Assert.Equal(401, await StatusAsync(other.GetAsync("/data/JSESSION", Token)));
    }

    /// <summary>Every answer, a refusal too, carries the idle cookie with its quotes.</summary>
    [Theory]
    [InlineData("/data/auth")]
    [InlineData("/nowhere")]
    [InlineData("/xapi/siteConfig/buildInfo")]
    [InlineData("/data/projects/NONE")]
    public async Task Every_answer_carries_the_idle_cookie(string address)
    {
        using var nobody = server.Client(null);
        using var response = await nobody.GetAsync(address, Token);
        Assert.Contains(response.Headers.GetValues("Set-Cookie"), c => Regex.IsMatch(c, "^SESSION_EXPIRATION_TIME=\"\\d{13},900000\"; Path=/"));
    }

    /// <summary>xnatpy's form without a content type, XNAT's own field names, providers.</summary>
    [Fact]
    [Trait("Row", "A5")]
    public async Task Form_login_opens_a_session_and_explains_refusals_in_h3()
    {
        await server.UserAsync("a-form");
        using var nobody = server.Client(null);
        async Task<(int Status, string Text)> SendAsync(string form, HttpMethod method)
        {
            using var request = new HttpRequestMessage(method, "/data/services/auth") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(form)) };
            using var response = await nobody.SendAsync(request, Token);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
        }

        var good = await SendAsync("username=a-form&password=pw-a-form", HttpMethod.Put);
        Assert.Equal(200, good.Status);
        Assert.Matches("^[0-9A-F]{32}$", good.Text);
        Assert.Equal(200, (await SendAsync("j_username=a-form&j_password=pw-a-form&provider=localdb", HttpMethod.Post)).Status);
        var bad = await SendAsync("username=a-form&password=no", HttpMethod.Put);
        Assert.Equal(401, bad.Status);
        Assert.Matches("<h3>.+</h3>", bad.Text);
        Assert.Equal(400, (await SendAsync("username=a-form&password=pw-a-form&provider=nosuch", HttpMethod.Put)).Status);
        Assert.Equal(401, (await SendAsync("", HttpMethod.Put)).Status);
        Assert.Equal(401, (await SendAsync("username=%00&password=%00", HttpMethod.Put)).Status);
        Assert.Equal(405, await StatusAsync(nobody.GetAsync("/data/services/auth", Token)));
    }

    /// <summary>What clients probe before they sign in.</summary>
    [Fact]
    [Trait("Row", "A6")]
    [Trait("Row", "A18")]
    [Trait("Row", "A19")]
    [Trait("Row", "B1")]
    [Trait("Row", "B2")]
    [Trait("Row", "B3")]
    public async Task Probes_of_clients_are_answered_before_sign_in()
    {
        using var nobody = server.Client(null);
        Assert.Equal(404, await StatusAsync(nobody.GetAsync("/data/version", Token)));
        Assert.Equal(200, await StatusAsync(nobody.GetAsync("/app/template/Login.vm", Token)));
        using var head = new HttpRequestMessage(HttpMethod.Head, "/app/template/Login.vm");
        Assert.Equal(200, await StatusAsync(nobody.SendAsync(head, Token)));
        Assert.Contains("<span id=\"user_info\">Logged in as: <span style=\"color:red;\">Guest</span>", await nobody.GetStringAsync("/", Token), StringComparison.Ordinal);
        using var admin = server.Client();
        Assert.Matches("<span id=\"user_info\">Logged in as: &nbsp;<a href=\"[^\"]+\">admin</a>", await admin.GetStringAsync("/", Token));
        using var build = await nobody.GetAsync("/xapi/siteConfig/buildInfo?format=json", Token);
        Assert.Contains("json", build.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await build.Content.ReadAsStringAsync(Token));
        Assert.Matches(@"^\d+\.\d+\.\d+$", json.RootElement.GetProperty("version").GetString());
        Assert.All((string[])["buildNumber", "buildDate", "commit"], k => Assert.True(json.RootElement.TryGetProperty(k, out _)));
        Assert.Equal(json.RootElement.GetProperty("version").GetString(), await nobody.GetStringAsync("/xapi/siteConfig/buildInfo/version", Token));
        Assert.Equal("admin", await admin.GetStringAsync("/xapi/users/username", Token));
        Assert.Equal(401, await StatusAsync(nobody.GetAsync("/xapi/users/username", Token)));
    }

    /// <summary>Issued, used as Basic, shown, validated, invalidated.</summary>
    [Fact]
    [Trait("Row", "A7")]
    [Trait("Row", "A9")]
    [Trait("Row", "A10")]
    [Trait("Row", "A11")]
    public async Task Alias_token_signs_in_until_it_is_invalidated()
    {
        using var user = await server.UserAsync("a-token");
        using var issued = JsonDocument.Parse(await user.GetStringAsync("/data/services/tokens/issue", Token));
        foreach (var key in (string[])["alias", "secret", "xdatUserId", "singleUse", "estimatedExpirationTime", "validIPAddresses", "id", "enabled", "created", "timestamp", "disabled"])
        {
            Assert.True(issued.RootElement.TryGetProperty(key, out _), key);
        }

        var (alias, secret) = (issued.RootElement.GetProperty("alias").GetString()!, issued.RootElement.GetProperty("secret").GetString()!);
        Assert.Equal("a-token", issued.RootElement.GetProperty("xdatUserId").GetString());
        using var byToken = server.Client(alias, secret);
        Assert.Equal("User 'a-token' is logged in", await byToken.GetStringAsync("/data/auth", Token));
        Assert.Equal("{\"valid\":\"a-token\"}", await byToken.GetStringAsync($"/data/services/tokens/validate/{alias}/{secret}", Token));
        Assert.Equal("{}", await byToken.GetStringAsync($"/data/services/tokens/validate/{alias}/wrong", Token));
        Assert.Equal(401, await StatusAsync(byToken.GetAsync($"/data/services/tokens/validate/{alias}", Token)));
        Assert.Contains(alias, await user.GetStringAsync("/data/services/tokens/show", Token), StringComparison.Ordinal);
        using var wrong = server.Client(alias, "wrong");
        Assert.Equal(401, await StatusAsync(wrong.GetAsync("/data/auth", Token)));

        using var stranger = await server.UserAsync("a-stranger");
        Assert.Equal(404, await StatusAsync(stranger.GetAsync($"/data/services/tokens/invalidate/{alias}", Token)));
        Assert.Equal("{\"result\":\"OK\"}", await user.GetStringAsync($"/data/services/tokens/invalidate/{alias}/{secret}", Token));
        Assert.Equal(401, await StatusAsync(byToken.GetAsync("/data/auth", Token)));
        Assert.Equal(404, await StatusAsync(user.GetAsync($"/data/services/tokens/invalidate/{alias}", Token)));
    }

    /// <summary>An administrator issues for others, nobody else does; an expired token is dead.</summary>
    [Fact]
    [Trait("Row", "A8")]
    [Trait("Row", "A9")]
    public async Task Tokens_for_others_are_for_administrators_and_expire()
    {
        using var user = await server.UserAsync("a-other");
        using var admin = server.Client();
        Assert.Equal(403, await StatusAsync(user.GetAsync("/data/services/tokens/issue/user/admin", Token)));
        Assert.Equal(403, await StatusAsync(user.GetAsync("/data/services/tokens/show/user/admin", Token)));
        Assert.Equal(404, await StatusAsync(admin.GetAsync("/data/services/tokens/issue/user/nosuch", Token)));
        using var issued = JsonDocument.Parse(await admin.GetStringAsync("/data/services/tokens/issue/user/a-other", Token));
        var alias = issued.RootElement.GetProperty("alias").GetString()!;
        using var byToken = server.Client(alias, issued.RootElement.GetProperty("secret").GetString()!);
        Assert.Equal(200, await StatusAsync(byToken.GetAsync("/data/auth", Token)));
        await Database.ExecuteAsync("update access_token set expires = now() - interval '1 second' where alias = @alias", new { alias }, Token);
        Assert.Equal(401, await StatusAsync(byToken.GetAsync("/data/auth", Token)));
    }

    /// <summary>FLIP's link: set-password form without the old password; the token dies with it; the old sessions end.</summary>
    [Fact]
    public async Task Password_is_set_once_through_the_link_with_an_administrators_token()
    {
        using var user = await server.UserAsync("a-link");
        using var admin = server.Client();
        using var issued = JsonDocument.Parse(await admin.GetStringAsync("/data/services/tokens/issue/user/a-link", Token));
        var (alias, secret) = (issued.RootElement.GetProperty("alias").GetString()!, issued.RootElement.GetProperty("secret").GetString()!);
        var session = await user.GetStringAsync("/data/JSESSION", Token);
        using var nobody = server.Client(null);
        Assert.Contains("type=\"password\"", await nobody.GetStringAsync($"/app/template/XDATScreen_UpdateUser.vm?a={alias}&s={secret}", Token), StringComparison.Ordinal);
        Assert.Equal(401, await StatusAsync(nobody.GetAsync($"/app/template/XDATScreen_UpdateUser.vm?a={alias}&s=no", Token)));
        async Task<int> PostAsync(string password, string repeat)
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["a"] = alias, ["s"] = secret, ["new"] = password, ["repeat"] = repeat });
            return await StatusAsync(nobody.PostAsync("/app/template/XDATScreen_UpdateUser.vm", form, Token));
        }

        Assert.Equal(400, await PostAsync("one", "two"));
        Assert.Equal(200, await PostAsync("brand-new", "brand-new"));
        Assert.Equal(401, await PostAsync("again", "again"));
        using var changed = server.Client("a-link", "brand-new");
        Assert.Equal(200, await StatusAsync(changed.GetAsync("/data/auth", Token)));
        Assert.Equal(401, await StatusAsync(user.GetAsync("/data/auth", Token)));
        using var old = WithCookie(session);
        Assert.Equal(401, await StatusAsync(old.GetAsync("/data/auth", Token)));
        // A token that the user issued to itself sets no password: who steals it must not own the account.
        using var own = JsonDocument.Parse(await changed.GetStringAsync("/data/services/tokens/issue", Token));
        Assert.Equal(401, await StatusAsync(nobody.GetAsync($"/app/template/XDATScreen_UpdateUser.vm?a={own.RootElement.GetProperty("alias").GetString()}&s={own.RootElement.GetProperty("secret").GetString()}", Token)));
    }

    /// <summary>Counted, listed and ended by the user or an administrator.</summary>
    [Fact]
    [Trait("Row", "A12")]
    [Trait("Row", "A13")]
    [Trait("Row", "A14")]
    public async Task Sessions_of_a_user_are_counted_and_ended()
    {
        using var user = await server.UserAsync("a-many");
        using var admin = server.Client();
        var first = await user.GetStringAsync("/data/JSESSION", Token);
        var second = await user.GetStringAsync("/data/JSESSION", Token);
        Assert.NotEqual(first, second);
        using var byCookie = WithCookie(first);
        Assert.Equal("{\"a-many\":2}", await byCookie.GetStringAsync("/data/user/a-many/sessions", Token));
        Assert.Equal("{\"a-many\":2}", await admin.GetStringAsync("/data/archive/user/a-many/sessions", Token));
        Assert.Equal("2", await byCookie.GetStringAsync("/data/services/sessions", Token));
        using var stranger = await server.UserAsync("a-stranger");
        Assert.Equal(403, await StatusAsync(stranger.GetAsync("/data/user/a-many/sessions", Token)));
        Assert.Equal(403, await StatusAsync(stranger.DeleteAsync("/data/user/a-many/sessions", Token)));
        Assert.Equal(200, await StatusAsync(admin.DeleteAsync("/data/user/a-many/sessions", Token)));
        Assert.Equal(401, await StatusAsync(byCookie.GetAsync("/data/auth", Token)));
    }

    /// <summary>Of too many sessions the one unused for longest ends; a session that is not used runs out.</summary>
    [Fact]
    public async Task Session_limits_hold()
    {
        using var user = await server.UserAsync("a-limit");
        await SetAsync("concurrentMaxSessions", "2");
        try
        {
            var ids = new List<string>();
            for (var i = 0; i < 3; i++)
            {
                ids.Add(await user.GetStringAsync("/data/JSESSION", Token));
            }

            using var first = WithCookie(ids[0]);
            using var last = WithCookie(ids[2]);
            Assert.Equal(401, await StatusAsync(first.GetAsync("/data/auth", Token)));
            Assert.Equal(200, await StatusAsync(last.GetAsync("/data/auth", Token)));
            await SetAsync("sessionTimeout", "\"1 minute\"");
            await Database.ExecuteAsync("update access_session set last_used = now() - interval '61 seconds' where user_id = (select id from access_user where login = 'a-limit')", null, Token);
            Assert.Equal(401, await StatusAsync(last.GetAsync("/data/auth", Token)));
        }
        finally
        {
            await SetAsync("concurrentMaxSessions", "1000");
            await SetAsync("sessionTimeout", "\"15 minutes\"");
        }
    }

    /// <summary>The token is taken from the address, the header or a form; scripts need none.</summary>
    [Fact]
    public async Task Change_by_a_browsers_cookie_needs_the_CSRF_token()
    {
        using var user = await server.UserAsync("a-csrf");
        var parts = (await user.GetStringAsync("/data/JSESSION?CSRF=true", Token)).Split("; XNAT_CSRF=");
        using var browser = WithCookie(parts[0], "Mozilla/5.0");
        Assert.Equal(403, await StatusAsync(browser.PutAsync("/data/projects/CSRF_A", null, Token)));
        Assert.Equal(403, await StatusAsync(browser.PutAsync("/data/projects/CSRF_A?XNAT_CSRF=" + Guid.NewGuid(), null, Token)));
        Assert.Equal(200, await StatusAsync(browser.PutAsync("/data/projects/CSRF_A?XNAT_CSRF=" + parts[1], null, Token)));
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["XNAT_CSRF"] = parts[1], ["name"] = "Csrf B" });
        Assert.Equal(200, await StatusAsync(browser.PutAsync("/data/projects/CSRF_B", form, Token)));
        using var script = WithCookie(parts[0], "python-requests/2.31");
        Assert.Equal(200, await StatusAsync(script.PutAsync("/data/projects/CSRF_C", null, Token)));
    }

    /// <summary>Disabled and unverified accounts, open sessions included, at once.</summary>
    [Theory]
    [InlineData("enabled")]
    [InlineData("verified")]
    public async Task Account_that_is_not_enabled_or_verified_is_refused_at_once(string flag)
    {
        using var user = await server.UserAsync("a-off-" + flag);
        using var admin = server.Client();
        using var session = WithCookie(await user.GetStringAsync("/data/JSESSION", Token));
        await admin.PutAsync($"/xapi/users/a-off-{flag}/{flag}/false", null, Token);
        Assert.Equal(401, await StatusAsync(user.GetAsync("/data/auth", Token)));
        Assert.Equal(401, await StatusAsync(session.GetAsync("/data/auth", Token)));
    }

    /// <summary>Expired: 403 with the phrase that xnatpy looks for; a new one can be set with the old; <c>non_expiring</c> is exempt.</summary>
    [Fact]
    public async Task Expired_password_is_told_and_can_be_changed()
    {
        using var user = await server.UserAsync("a-old");
        using var exempt = await server.UserAsync("a-service");
        using var admin = server.Client();
        await admin.PutAsync("/xapi/users/a-service/roles/non_expiring", null, Token);
        await Database.ExecuteAsync("update access_user set password_changed = now() - interval '2 years' where login in ('a-old', 'a-service')", null, Token);
        await SetAsync("passwordExpirationType", "\"Interval\"");
        try
        {
            using var refused = await user.GetAsync("/data/auth", Token);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Contains("Your password has expired", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
            Assert.Equal(200, await StatusAsync(exempt.GetAsync("/data/auth", Token)));
            using var nobody = server.Client(null);
            using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["username"] = "a-old", ["password"] = "pw-a-old", ["new"] = "fresh", ["repeat"] = "fresh" });
            Assert.Equal(200, await StatusAsync(nobody.PostAsync("/app/template/XDATScreen_UpdateUser.vm", form, Token)));
            using var fresh = server.Client("a-old", "fresh");
            Assert.Equal(200, await StatusAsync(fresh.GetAsync("/data/auth", Token)));
        }
        finally
        {
            await SetAsync("passwordExpirationType", "\"Disabled\"");
        }
    }

    /// <summary>A password that was right a moment ago doesn't open a locked account; the lock ends.</summary>
    [Fact]
    public async Task Lock_out_holds_for_remembered_passwords_and_ends()
    {
        using var user = await server.UserAsync("a-lock");
        Assert.Equal(200, await StatusAsync(user.GetAsync("/data/auth", Token)));
        await SetAsync("maxFailedLogins", "3");
        try
        {
            for (var i = 0; i < 3; i++)
            {
                using var wrong = server.Client("a-lock", "no");
                Assert.Equal(401, await StatusAsync(wrong.GetAsync("/data/auth", Token)));
            }

            Assert.Equal(401, await StatusAsync(user.GetAsync("/data/auth", Token)));
            await Database.ExecuteAsync("update access_user set failed_since = now() - interval '61 minutes' where login = 'a-lock'", null, Token);
            Assert.Equal(200, await StatusAsync(user.GetAsync("/data/auth", Token)));
        }
        finally
        {
            await SetAsync("maxFailedLogins", "20");
        }
    }

    /// <summary>Malformed credentials.</summary>
    [Theory]
    [InlineData("Basic")]
    [InlineData("Basic !!!")]
    [InlineData("Basic bm9jb2xvbg==")]
    [InlineData("Basic AAAA")]
    public async Task Malformed_credentials_are_401(string header)
    {
        using var client = server.Client(null);
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        Assert.Equal(401, await StatusAsync(client.GetAsync("/data/projects", Token)));
    }

    /// <summary>Anonymous callers on a site that needs no login: public data only; 401 for changes, 404 for what is not theirs to see.</summary>
    [Fact]
    public async Task Guest_of_an_open_site_sees_public_projects_only()
    {
        using var admin = server.Client();
        using var nobody = server.Client(null);
        await admin.PutAsync("/data/projects/A_PUB?accessibility=public", null, Token);
        await admin.PutAsync("/data/projects/A_PRIV", null, Token);
        Assert.Equal(401, await StatusAsync(nobody.GetAsync("/data/projects/A_PUB", Token)));
        await SetAsync("requireLogin", "false");
        try
        {
            Assert.Equal(200, await StatusAsync(nobody.GetAsync("/data/projects/A_PUB", Token)));
            Assert.Equal(404, await StatusAsync(nobody.GetAsync("/data/projects/A_PRIV", Token)));
            Assert.Equal(401, await StatusAsync(nobody.PutAsync("/data/projects/A_PUB/subjects/S", null, Token)));
            Assert.Equal(401, await StatusAsync(nobody.DeleteAsync("/data/projects/A_PRIV", Token)));
            Assert.Equal(401, await StatusAsync(nobody.GetAsync("/data/JSESSION", Token)));
            Assert.Equal(401, await StatusAsync(nobody.GetAsync("/data/services/tokens/issue", Token)));
            Assert.Equal(401, await StatusAsync(nobody.GetAsync("/data/projects/A_PUB/users", Token)));
        }
        finally
        {
            await SetAsync("requireLogin", "true");
        }
    }

    /// <summary>With the rule on, only a valid record opens data (R25): passed, not expired. Exempt roles are for services.</summary>
    [Fact]
    public async Task Data_stays_closed_without_a_valid_training_record()
    {
        using var admin = server.Client();
        using var user = await server.UserAsync("a-trainee");
        await admin.PutAsync("/data/projects/A_TRAIN", null, Token);
        await admin.PutAsync("/data/projects/A_TRAIN/subjects/S", null, Token);
        await admin.PutAsync("/data/projects/A_TRAIN/users/Members/a-trainee", null, Token);
        Assert.Equal(200, await StatusAsync(user.GetAsync("/data/projects/A_TRAIN/subjects/S", Token)));
        async Task<long> RecordAsync(string json, int expected)
        {
            using var body = new StringContent(json, Encoding.UTF8, "application/json");
            using var response = await admin.PostAsync("/xapi/users/a-trainee/training", body, Token);
            Assert.Equal(expected, (int)response.StatusCode);
            return expected == 201 ? JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token)).RootElement.GetProperty("id").GetInt64() : 0;
        }

        await SetAsync("trainingRequired", "true");
        try
        {
            async Task<int> OpenAsync() => await StatusAsync(user.GetAsync("/data/projects/A_TRAIN/subjects/S", Token));
            Assert.NotEqual(200, await OpenAsync());
            // The administrator has no record either, but can still run the site.
            Assert.NotEqual(200, await StatusAsync(admin.GetAsync("/data/projects/A_TRAIN/subjects/S", Token)));
            await RecordAsync("""{"course":"GCP","completed":"2026-01-01","score":79}""", 201);
            Assert.NotEqual(200, await OpenAsync());
            await RecordAsync("""{"course":"GCP","completed":"2020-01-01","score":100,"expires":"2021-01-01"}""", 201);
            Assert.NotEqual(200, await OpenAsync());
            var valid = await RecordAsync("""{"course":"GCP","completed":"2026-01-01","score":80,"expires":"2126-01-01"}""", 201);
            Assert.Equal(200, await OpenAsync());
            Assert.Equal(200, await StatusAsync(admin.DeleteAsync($"/xapi/users/a-trainee/training/{valid}", Token)));
            Assert.NotEqual(200, await OpenAsync());
            await admin.PutAsync("/xapi/users/a-trainee/roles/TrainingExempt", null, Token);
            Assert.Equal(200, await OpenAsync());
            await RecordAsync("""{"course":"","completed":"2026-01-01","score":80}""", 400);
            await RecordAsync("""{"course":"X","completed":"2999-01-01","score":80}""", 400);
            await RecordAsync("""{"course":"X","completed":"yesterday","score":80}""", 400);
            Assert.Equal(403, await StatusAsync(user.GetAsync("/xapi/training", Token)));
            Assert.Equal(404, await StatusAsync(admin.DeleteAsync("/xapi/users/a-trainee/training/999999", Token)));
            Assert.Contains("a-trainee", await admin.GetStringAsync("/xapi/training?format=csv", Token), StringComparison.Ordinal);
        }
        finally
        {
            await SetAsync("trainingRequired", "false");
        }
    }
}
