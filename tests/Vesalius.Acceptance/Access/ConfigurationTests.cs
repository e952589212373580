using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>Config service, site settings, workflows (rest-api §17, §22, §23). Rows of the reference are traits.</summary>
public sealed class ConfigurationTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<(int Status, string Text)> SendAsync(HttpClient client, string method, string address, string? body = null, string type = "text/plain")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, type) };
        using var response = await client.SendAsync(request, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    /// <summary>What says that it needs no versions replaces what was there; scripts keep theirs all the same.</summary>
    [Fact]
    [Trait("Row", "K4")]
    public async Task Unversioned_configuration_replaces_the_one_before()
    {
        using var admin = server.Client();
        const string Place = "/data/config/loose/place";
        Assert.Equal(201, (await SendAsync(admin, "PUT", Place + "?unversioned=true", "one")).Status);
        Assert.Equal(200, (await SendAsync(admin, "PUT", Place + "?unversioned=true", "two")).Status);
        var row = Assert.Single(await RunningServer.RowsAsync(admin, Place + "?action=getHistory"));
        Assert.Equal(("two", "1", "true"), (row["contents"], row["version"], row["unversioned"]));
        Assert.Equal(200, (await SendAsync(admin, "PUT", Place, "three")).Status);
        Assert.Equal([("2", "false"), ("1", "true")], (await RunningServer.RowsAsync(admin, Place + "?action=getHistory")).Select(r => (r["version"], r["unversioned"])));
        await admin.PutAsync("/data/projects/LOOSE", null, Token);
        foreach (var name in (string[])["A", "B"])
        {
            await SendAsync(admin, "PUT", "/data/projects/LOOSE/config/anon/script?unversioned=true", $"version \"6.1\"\n(0010,0010) := \"{name}\"\n");
        }

        Assert.Equal(2, (await RunningServer.RowsAsync(admin, "/data/projects/LOOSE/config/anon/script?action=getHistory")).Count);
    }

    /// <summary>The site's script and filter are the same by every address.</summary>
    [Fact]
    [Trait("Row", "K3")]
    [Trait("Row", "L1")]
    [Trait("Row", "W9")]
    public async Task Site_script_and_filter_are_one_by_every_address()
    {
        using var admin = server.Client();
        using var user = await server.UserAsync("k-reader");
        const string Script = "/data/config/anon/script";
        var standard = (await SendAsync(admin, "GET", "/xapi/anonymize/default")).Text;
        var text = "version \"6.1\"\n(0010,0010) := \"A\"\n";
        try
        {
            Assert.Equal(standard, (await SendAsync(user, "GET", Script + "?contents=true")).Text);
            Assert.Equal("enabled", Assert.Single(await RunningServer.RowsAsync(user, Script))["status"]);
            Assert.Equal(standard, JsonDocument.Parse((await SendAsync(user, "GET", "/xapi/siteConfig")).Text).RootElement.GetProperty("sitewideAnonymizationScript").GetString());
            Assert.Equal(400, (await SendAsync(admin, "POST", "/xapi/siteConfig", """{"sitewideAnonymizationScript":"((","siteDescriptionText":"changed"}""", "application/json")).Status);
            Assert.Equal(400, (await SendAsync(admin, "POST", "/xapi/siteConfig", """{"sitewideAnonymizationScript":""}""", "application/json")).Status);
            Assert.Equal(400, (await SendAsync(admin, "PUT", "/xapi/anonymize/site", " \n")).Status);
            Assert.NotEqual("\"changed\"", (await SendAsync(admin, "GET", "/xapi/siteConfig/siteDescriptionText")).Text);
            Assert.Equal(200, (await SendAsync(admin, "POST", "/xapi/siteConfig", JsonSerializer.Serialize(new { sitewideAnonymizationScript = text }), "application/json")).Status);
            Assert.Equal(text, (await SendAsync(user, "GET", "/xapi/anonymize/site")).Text);
            Assert.Equal(text, JsonDocument.Parse((await SendAsync(user, "GET", "/xapi/siteConfig/sitewideAnonymizationScript")).Text).RootElement.GetString());
            Assert.Equal(403, (await SendAsync(user, "POST", "/xapi/siteConfig/sitewideAnonymizationScript", text)).Status);
            Assert.Equal(200, (await SendAsync(admin, "PUT", Script + "?status=disabled")).Status);
            Assert.Equal("false", (await SendAsync(admin, "GET", "/xapi/anonymize/site/enabled")).Text);
            Assert.Equal(404, (await SendAsync(user, "GET", Script + "?contents=true")).Status);
            Assert.Equal(200, (await SendAsync(admin, "PUT", "/xapi/anonymize/site/enabled?enable=true")).Status);
            Assert.Equal("enabled", Assert.Single(await RunningServer.RowsAsync(user, Script))["status"]);
        }
        finally
        {
            await SendAsync(admin, "PUT", "/xapi/anonymize/site", standard);
            await SendAsync(admin, "PUT", "/xapi/anonymize/site/enabled?enable=true");
        }

        const string Filter = "/data/config/seriesImportFilter/config";
        async Task<string> InForceAsync() => (await SendAsync(admin, "GET", "/xapi/siteConfig/enableSitewideSeriesImportFilter")).Text;
        Assert.Equal(201, (await SendAsync(admin, "PUT", Filter, """{"enabled":true,"mode":"blacklist","list":"NEVERSEEN"}""", "application/json")).Status);
        Assert.Equal("true", await InForceAsync());
        Assert.Equal(200, (await SendAsync(admin, "PUT", Filter + "?status=disabled")).Status);
        Assert.Equal("false", await InForceAsync());
        Assert.Equal(200, (await SendAsync(admin, "PUT", Filter + "?status=enabled")).Status);
        Assert.Equal("true", await InForceAsync());
        Assert.Equal(200, (await SendAsync(admin, "DELETE", Filter)).Status);
        Assert.Equal("false", await InForceAsync());
        Assert.Equal(200, (await SendAsync(admin, "POST", "/xapi/siteConfig", """{"enableSitewideSeriesImportFilter":true,"sitewideSeriesImportFilterMode":"whitelist","sitewideSeriesImportFilter":".*"}""", "application/json")).Status);
        var stored = JsonDocument.Parse((await SendAsync(admin, "GET", Filter + "?contents=true")).Text).RootElement;
        Assert.Equal((true, "whitelist", ".*"), (stored.GetProperty("enabled").GetBoolean(), stored.GetProperty("mode").GetString(), stored.GetProperty("list").GetString()));
        Assert.Equal(200, (await SendAsync(admin, "POST", "/xapi/siteConfig", """{"enableSitewideSeriesImportFilter":false}""", "application/json")).Status);
    }

    /// <summary>Versions, contents, status, history, both levels, who may.</summary>
    [Fact]
    [Trait("Row", "K1")]
    [Trait("Row", "K2")]
    [Trait("Row", "K3")]
    [Trait("Row", "K4")]
    [Trait("Row", "K5")]
    [Trait("Row", "K6")]
    public async Task Configuration_is_kept_in_versions_per_site_and_project()
    {
        using var admin = server.Client();
        using var member = await server.UserAsync("k-member");
        using var outsider = await server.UserAsync("k-outsider");
        await admin.PutAsync("/data/projects/CONF", null, Token);
        await admin.PutAsync("/data/projects/CONF/users/Members/k-member", null, Token);
        const string Place = "/data/projects/CONF/config/mytool/deep/path";
        Assert.Equal(404, (await SendAsync(member, "GET", Place)).Status);
        Assert.Equal(204, (await SendAsync(member, "GET", Place + "?accept-not-found=true")).Status);
        Assert.Equal(201, (await SendAsync(admin, "PUT", Place + "?inbody=true&reason=first", "one")).Status);
        Assert.Equal(200, (await SendAsync(admin, "PUT", Place, """{"contents":"two","status":"enabled"}""", "application/json")).Status);
        Assert.Equal("two", (await SendAsync(member, "GET", Place + "?contents=true")).Text);
        Assert.Equal("one", (await SendAsync(member, "GET", Place + "?contents=true&version=1")).Text);
        Assert.Equal(404, (await SendAsync(member, "GET", Place + "?version=9")).Status);
        Assert.Equal(400, (await SendAsync(member, "GET", Place + "?version=x")).Status);
        var row = (await RunningServer.RowsAsync(member, Place + "?format=json")).Single();
        Assert.Equal(["tool", "path", "project", "user", "create_date", "reason", "contents", "unversioned", "version", "status"], row.Keys);
        Assert.Equal(("2", "enabled", "deep/path", "CONF"), (row["version"], row["status"], row["path"], row["project"]));
        Assert.Equal(["2", "1"], (await RunningServer.RowsAsync(member, Place + "?action=getHistory")).Select(r => r["version"]));
        Assert.Equal("mytool", (await RunningServer.RowsAsync(member, "/data/projects/CONF/config")).Single()["tool"]);
        Assert.Equal("two", (await RunningServer.RowsAsync(member, "/data/projects/CONF/config/mytool")).Single()["contents"]);
        Assert.Equal(404, (await SendAsync(member, "GET", "/data/projects/CONF/config/other")).Status);

        Assert.Equal(403, (await SendAsync(member, "PUT", Place, "x")).Status);
        Assert.Equal(403, (await SendAsync(outsider, "PUT", Place, "x")).Status);
        Assert.Equal(404, (await SendAsync(outsider, "GET", Place)).Status);
        Assert.Equal(403, (await SendAsync(member, "PUT", "/data/config/mytool/site", "x")).Status);
        Assert.Equal(400, (await SendAsync(admin, "PUT", Place)).Status);
        Assert.Equal(400, (await SendAsync(admin, "PUT", Place + "?status=maybe")).Status);
        Assert.Equal(400, (await SendAsync(admin, "PUT", Place, "{", "application/json")).Status);
        Assert.Equal(400, (await SendAsync(admin, "PUT", "/data/projects/CONF/config/anon/script", "this is no script")).Status);
        Assert.Equal(200, (await SendAsync(admin, "PUT", Place + "?status=disabled")).Status);
        Assert.Equal(404, (await SendAsync(member, "GET", Place + "?contents=true")).Status);
        Assert.Equal(200, (await SendAsync(admin, "PUT", Place + "?status=true")).Status);
        Assert.Equal(200, (await SendAsync(admin, "DELETE", Place)).Status);
        Assert.Equal("disabled", (await RunningServer.RowsAsync(member, Place)).Single()["status"]);

        Assert.Equal(201, (await SendAsync(admin, "PUT", "/data/config/mytool/site", "site")).Status);
        Assert.Equal("site", (await SendAsync(member, "GET", "/data/projects/CONF/config/mytool/site?contents=true&defaultToSiteWide=true")).Text);
        Assert.Equal("site", (await SendAsync(outsider, "GET", "/data/config/mytool/site?contents=true")).Text);
        Assert.Equal(200, (await SendAsync(admin, "POST", "/xapi/siteConfig", """{"sensitiveConfigurationTools":["mytool"]}""", "application/json")).Status);
        Assert.Equal(403, (await SendAsync(outsider, "GET", "/data/config/mytool/site")).Status);
    }

    /// <summary>Tiers, unknown keys, values that make no sense, all or none.</summary>
    [Fact]
    [Trait("Row", "L1")]
    [Trait("Row", "L2")]
    [Trait("Row", "L3")]
    [Trait("Row", "L4")]
    [Trait("Row", "L5")]
    [Trait("Row", "L6")]
    [Trait("Row", "L7")]
    [Trait("Row", "L8")]
    public async Task Site_settings_are_seen_by_tier_and_checked()
    {
        using var admin = server.Client();
        using var user = await server.UserAsync("l-user");
        using var nobody = server.Client(null);
        var seen = JsonDocument.Parse((await SendAsync(user, "GET", "/xapi/siteConfig")).Text).RootElement;
        Assert.True(seen.TryGetProperty("siteId", out _));
        Assert.True(seen.TryGetProperty("requireLogin", out _));
        Assert.False(seen.TryGetProperty("adminEmail", out _));
        Assert.True(JsonDocument.Parse((await SendAsync(admin, "GET", "/xapi/siteConfig")).Text).RootElement.TryGetProperty("adminEmail", out _));
        Assert.Equal(401, (await SendAsync(nobody, "GET", "/xapi/siteConfig")).Status);
        Assert.Equal(200, (await SendAsync(nobody, "GET", "/xapi/siteConfig/siteId")).Status);
        Assert.Equal("true", (await SendAsync(admin, "GET", "/xapi/siteConfig/initialized")).Text);
        Assert.Equal(403, (await SendAsync(user, "GET", "/xapi/siteConfig/adminEmail")).Status);
        Assert.Equal(404, (await SendAsync(admin, "GET", "/xapi/siteConfig/nosuch")).Status);
        Assert.Equal(403, (await SendAsync(user, "POST", "/xapi/siteConfig", "{\"siteId\":\"X\"}", "application/json")).Status);
        Assert.Equal(401, (await SendAsync(nobody, "POST", "/xapi/siteConfig", "{\"siteId\":\"X\"}", "application/json")).Status);
        Assert.Equal(200, (await SendAsync(admin, "POST", "/xapi/siteConfig", "{\"addOhifViewLinkToProjectListingDefaults\":true,\"siteId\":\"Here\"}", "application/json")).Status);
        Assert.Equal("true", (await SendAsync(admin, "GET", "/xapi/siteConfig/addOhifViewLinkToProjectListingDefaults")).Text);
        Assert.Equal(403, (await SendAsync(user, "GET", "/xapi/siteConfig/addOhifViewLinkToProjectListingDefaults")).Status);
        Assert.Equal("""{"siteId":"Here"}""", (await SendAsync(user, "GET", "/xapi/siteConfig/values/siteId,adminEmail")).Text);
        foreach (var bad in (string[])["""{"siteId":"No","sessionTimeout":"soon"}""", """{"siteId":"No","requireLogin":"perhaps"}""", """{"siteId":"No","passwordComplexity":"("}""", """{"siteId":"No","maxFailedLogins":-1}""", "[]", "{", ""])
        {
            Assert.Equal(400, (await SendAsync(admin, "POST", "/xapi/siteConfig", bad, "application/json")).Status);
        }

        Assert.Equal("\"Here\"", (await SendAsync(user, "GET", "/xapi/siteConfig/siteId")).Text);
        Assert.Equal(200, (await SendAsync(admin, "POST", "/xapi/siteConfig/siteId", "There")).Status);
        Assert.Equal(200, (await SendAsync(admin, "PUT", "/xapi/siteConfig/siteId", "\"XNAT\"", "application/json")).Status);
        var up = JsonDocument.Parse((await SendAsync(user, "GET", "/xapi/siteConfig/uptime")).Text).RootElement;
        Assert.All((string[])["days", "hours", "minutes", "seconds"], k => Assert.True(up.TryGetProperty(k, out _)));
        Assert.Contains("seconds", (await SendAsync(user, "GET", "/xapi/siteConfig/uptime/display")).Text, StringComparison.Ordinal);
        Assert.Equal("{", (await SendAsync(user, "GET", "/xapi/plugins")).Text[..1]);
        Assert.Equal(404, (await SendAsync(user, "GET", "/xapi/plugins/nosuch")).Status);
    }

    /// <summary>Reported, found, changed by the creator only, paged.</summary>
    [Fact]
    [Trait("Row", "M1")]
    [Trait("Row", "M2")]
    [Trait("Row", "M3")]
    [Trait("Row", "M4")]
    [Trait("Row", "M5")]
    [Trait("Row", "T8")]
    public async Task Workflow_is_reported_and_found()
    {
        using var user = await server.UserAsync("w-user");
        using var other = await server.UserAsync("w-other");
        const string Key = "wrk:workflowData/id=E1&wrk:workflowData/launch_time=2026-01-01T00:00:00&wrk:workflowData/pipeline_name=dcm2niix";
        Assert.Equal(400, (await SendAsync(user, "PUT", "/data/workflows?wrk:workflowData/id=E1")).Status);
        Assert.Equal(200, (await SendAsync(user, "PUT", $"/data/workflows?{Key}&wrk:workflowData/data_type=xnat:mrSessionData&wrk:workflowData/status=Queued&wrk:workflowData/comments=hello")).Status);
        var item = JsonDocument.Parse((await SendAsync(user, "GET", $"/data/workflows?{Key}&format=json")).Text).RootElement.GetProperty("items")[0];
        Assert.Equal("wrk:workflowData", item.GetProperty("meta").GetProperty("xsi:type").GetString());
        var id = item.GetProperty("data_fields").GetProperty("wrk_workflowData_id").GetInt64();
        Assert.Equal("hello", item.GetProperty("data_fields").GetProperty("comments").GetString());
        Assert.Equal(200, (await SendAsync(user, "PUT", $"/data/workflows/{id}?status=Complete")).Status);
        Assert.Contains("Complete", (await SendAsync(user, "GET", $"/data/workflows/{id}?format=json")).Text, StringComparison.Ordinal);
        Assert.StartsWith("<", (await SendAsync(user, "GET", $"/data/workflows/{id}")).Text.TrimStart('\uFEFF'), StringComparison.Ordinal);
        Assert.Equal(403, (await SendAsync(other, "PUT", $"/data/workflows/{id}?status=Failed")).Status);
        Assert.Equal(404, (await SendAsync(other, "GET", $"/data/workflows/{id}")).Status);
        Assert.Equal(404, (await SendAsync(user, "GET", "/data/workflows/999999")).Status);
        Assert.Equal(404, (await SendAsync(user, "PUT", "/data/workflows/999999?status=Failed")).Status);
        Assert.Contains("dcm2niix", (await SendAsync(user, "GET", "/data/services/workflows/dcm2niix?experiment=E1&display=LATEST&format=json")).Text, StringComparison.Ordinal);
        Assert.StartsWith("{\"items\":[", (await SendAsync(user, "GET", "/data/services/workflows/dcm2niix?experiment=E1")).Text, StringComparison.Ordinal);
        Assert.Equal(404, (await SendAsync(user, "GET", "/data/services/workflows/nosuch?experiment=E1")).Status);
        const string Page = """{"data_type":"xnat:mrSessionData","id":"E1","page":1,"sort_col":"wfid","sort_dir":"desc","filters":{"pipelineName":{"like":"%dcm2%","backend":"hibernate"}}}""";
        var rows = JsonDocument.Parse((await SendAsync(user, "POST", "/xapi/workflows", Page, "application/json")).Text).RootElement;
        Assert.Equal(id, rows[0].GetProperty("wfid").GetInt64());
        Assert.Equal("[]", (await SendAsync(other, "POST", "/xapi/workflows", Page, "application/json")).Text);
        Assert.Equal(400, (await SendAsync(user, "POST", "/xapi/workflows", """{"page":0}""", "application/json")).Status);
    }
}
