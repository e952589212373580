using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Clients;

/// <summary>What the REST test client sends first (rest-api §26.4), calls that only clients have (§24), and the checklist (§25).</summary>
public sealed class ClientExtrasTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ReplayedClient Admin => ReplayedClient.Basic(server);

    private static async Task SessionAsync(ReplayedClient client, string project)
    {
        await client.PutAsync($"/data/projects/{project}");
        await client.PutAsync($"/data/projects/{project}/subjects/s/experiments/e?xsiType=xnat:mrSessionData&date=2024-01-02");
        await client.PutAsync($"/data/projects/{project}/experiments/e/scans/1?xsiType=xnat:mrScanData&type=T1");
        await client.PutAsync($"/data/projects/{project}/experiments/e/resources/R/files/a.txt", ReplayedClient.Raw("a"));
    }

    /// <summary>26.4.</summary>
    [Fact]
    public async Task Rest_tests_begin_with_these_calls()
    {
        using var page = new ReplayedClient(server.Address);
        Assert.Equal(200, (await page.AskAsync("GET", "/app/template/Login.vm")).Status);
        using var basic = Admin;
        Assert.Contains("User 'admin' is logged in", (await basic.GetAsync("/data/auth")).Text, StringComparison.Ordinal);
        using var client = new ReplayedClient(server.Address);
        client.Cookies["JSESSIONID"] = basic.Cookies["JSESSIONID"];
        Assert.NotEqual(200, (await client.AskAsync("GET", "/data/version")).Status);
        using var build = JsonDocument.Parse((await client.GetAsync("/xapi/siteConfig/buildInfo")).Text);
        Assert.Matches(@"^1\.(8|9|10)\.\d+$", build.RootElement.GetProperty("version").GetString());
        Assert.Contains("Administrator", (await client.GetAsync("/xapi/users/admin/roles")).Text, StringComparison.Ordinal);
        Assert.Equal("{", (await client.GetAsync("/xapi/plugins")).Text[..1]);
        await client.PutAsync("/data/projects/RT");
        Assert.Empty((await client.GetAsync("/data/projects/RT/experiments")).Rows());
        var csrf = (await client.GetAsync("/data/auth?CSRF=true")).Text.Split("XNAT_CSRF=")[1];
        Assert.Equal(200, (await client.AskAsync("POST", "/app/action/ElementSecurityWizard", ReplayedClient.Form(("element_name", "xnat:qcManualAssessorData"), ("XNAT_CSRF", csrf)))).Status);
        Assert.Equal(400, (await client.AskAsync("POST", "/app/action/ElementSecurityWizard", ReplayedClient.Form(("element_name", "no:such"), ("XNAT_CSRF", csrf)))).Status);
        using var user = ReplayedClient.Basic(server, "rt-user", "pw-rt-user");
        (await server.UserAsync("rt-user")).Dispose();
        Assert.Equal(403, (await user.AskAsync("POST", "/app/action/ElementSecurityWizard", ReplayedClient.Form(("element_name", "xnat:qcManualAssessorData")))).Status);
        await client.DeleteAsync($"/data/JSESSION/{client.Cookies["JSESSIONID"]}");
        Assert.Equal(401, (await client.AskAsync("GET", "/data/projects")).Status);
    }

    /// <summary>§1.1: the same rows with the same URIs, below every start of an address.</summary>
    [Fact]
    public async Task Aliases_of_addresses_answer_the_same()
    {
        using var admin = Admin;
        await SessionAsync(admin, "ALIAS");
        foreach (var address in (string[])["projects?ID=ALIAS", "projects/ALIAS/subjects", "projects/ALIAS/experiments", "experiments?project=ALIAS", "projects/ALIAS/experiments/e/scans", "projects/ALIAS/experiments/e/resources/R/files"])
        {
            var rows = (await admin.GetAsync($"/data/{address}")).Rows();
            Assert.NotEmpty(rows);
            Assert.All(rows, r => Assert.True(!r.TryGetValue("URI", out var uri) || uri.StartsWith("/data/", StringComparison.Ordinal)));
            foreach (var start in (string[])["/REST/", "/data/archive/", "/REST/archive/"])
            {
                Assert.Equivalent(rows, (await admin.GetAsync(start + address)).Rows(), strict: true);
            }
        }

        Assert.NotEmpty((await admin.GetAsync("/data/projects/ALIAS/experiments/e/resources/R/")).Text);
    }

    /// <summary>§24 line by line; the calls of xnatctl that its walk-through sends are not sent again.</summary>
    [Fact]
    public async Task Calls_that_only_clients_have_are_answered()
    {
        using var admin = Admin;
        await SessionAsync(admin, "EXTRA");
        var id = (await admin.GetAsync("/data/projects/EXTRA/subjects?columns=ID&format=json")).Rows().Single()["ID"];
        Assert.Equal("e", (await admin.GetAsync($"/data/subjects/{id}/experiments?format=json")).Rows().Single()["label"]);
        Assert.Equal("e", (await admin.GetAsync("/data/experiments?columns=ID,label&subject_label=s&project=EXTRA&format=json")).Rows().Single()["label"]);
        Assert.Empty((await admin.GetAsync("/data/experiments?columns=ID,label&subject_label=t&project=EXTRA&format=json")).Rows());
        (await server.UserAsync("extra-member")).Dispose();
        await admin.PutAsync("/data/projects/EXTRA/users/member/extra-member");
        await admin.DeleteAsync("/data/projects/EXTRA/users/extra-member");
        Assert.DoesNotContain((await admin.GetAsync("/data/projects/EXTRA/users?format=json")).Rows(), r => r["login"] == "extra-member");
        Assert.StartsWith("[", (await admin.GetAsync("/xapi/audit")).Text, StringComparison.Ordinal);
        Assert.StartsWith("[", (await admin.GetAsync("/data/audit")).Text, StringComparison.Ordinal);
        foreach (var missing in (string[])["/data/version", "/data/projects/EXTRA/experiments/e/provenance", "/data/projects/EXTRA/experiments/e/resources/R/tags", "/xapi/pipelines/jobs/1"])
        {
            Assert.Equal((missing, 404), (missing, (await admin.AskAsync("GET", missing)).Status));
        }

        Assert.Equal(404, (await admin.AskAsync("PUT", "/data/projects/EXTRA/experiments/e/resources/R/tags/t")).Status);
    }

    /// <summary>§24: a loop over pages ends on every list.</summary>
    [Theory]
    [InlineData("/data/projects")]
    [InlineData("/data/subjects")]
    [InlineData("/data/experiments")]
    [InlineData("/data/projects/PAGED/subjects")]
    [InlineData("/data/projects/PAGED/experiments")]
    [InlineData("/data/projects/PAGED/subjects/s/experiments")]
    [InlineData("/data/projects/PAGED/experiments/e/scans")]
    [InlineData("/data/projects/PAGED/experiments/e/assessors")]
    [InlineData("/data/projects/PAGED/experiments/e/reconstructions")]
    [InlineData("/data/projects/PAGED/experiments/e/resources")]
    [InlineData("/data/projects/PAGED/experiments/e/resources/R/files")]
    [InlineData("/data/projects/PAGED/experiments/e/projects")]
    [InlineData("/data/projects/PAGED/users")]
    [InlineData("/data/projects/PAGED/groups")]
    [InlineData("/data/projects/PAGED/config")]
    [InlineData("/data/prearchive/projects")]
    [InlineData("/data/prearchive/projects/PAGED")]
    [InlineData("/data/users")]
    [InlineData("/data/user/cache/resources")]
    [InlineData("/data/config")]
    public async Task Every_list_is_paged_to_its_end(string list)
    {
        using var admin = Admin;
        await SessionAsync(admin, "PAGED");
        var whole = (await admin.GetAsync($"{list}?format=json")).Rows();
        var found = 0;
        for (var offset = 0; offset <= whole.Count; offset += 2)
        {
            found += (await admin.GetAsync($"{list}?format=json&offset={offset}&limit=2")).Rows().Count;
        }

        Assert.Equal(whole.Count, found);
        Assert.Empty((await admin.GetAsync($"{list}?format=json&offset=100000&limit=2")).Rows());
    }

    /// <summary>§25, 1 to 9: formats, envelopes, statuses, prefixes.</summary>
    [Fact]
    public async Task Checklist_1_to_9_formats_statuses_and_prefixes()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/CHECK");
        Assert.Equal(200, (await admin.AskAsync("PUT", "/data/projects/CHECK")).Status);
        foreach (var (address, first) in ((string, int)[])[
            ("/data/projects/CHECK/subjects/s", 201), ("/data/projects/CHECK/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201), ("/data/projects/CHECK/experiments/e/scans/1?xsiType=xnat:mrScanData", 200),
            ("/data/projects/CHECK/experiments/e/reconstructions/r", 200), ("/data/projects/CHECK/experiments/e/assessors/a?xsiType=xnat:qcManualAssessorData", 201)])
        {
            var (made, again) = (await admin.AskAsync("PUT", address), await admin.AskAsync("PUT", address));
            Assert.Equal((first, 200), (made.Status, again.Status));
            Assert.Equal(first == 201, made.Text.Length > 0 && made.Text == again.Text);
        }

        Assert.Equal(200, (await admin.AskAsync("PUT", "/data/projects/CHECK/experiments/e/resources/R")).Status);
        foreach (var (list, item) in ((string, string)[])[
            ("/data/projects", "CHECK"), ("/data/projects/CHECK/subjects", "s"), ("/data/projects/CHECK/experiments", "e"), ("/data/projects/CHECK/experiments/e/scans", "1"),
            ("/data/projects/CHECK/experiments/e/reconstructions", "r"), ("/data/projects/CHECK/experiments/e/assessors", "a")])
        {
            var table = await admin.GetAsync(list);
            Assert.StartsWith("application/json", table.ContentType, StringComparison.Ordinal);
            Assert.NotEmpty(table.Rows());
            Assert.StartsWith("text/xml", (await admin.GetAsync($"{list}/{item}")).ContentType, StringComparison.Ordinal);
        }

        foreach (var format in (string[])["", "?format=json", "?format=xml"])
        {
            Assert.StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cat:Catalog ", (await admin.GetAsync($"/data/projects/CHECK/experiments/e/resources/R{format}")).Text, StringComparison.Ordinal);
        }

        Assert.Matches("^\"\\d+,\\d+\"$", admin.Cookies["SESSION_EXPIRATION_TIME"]);
        foreach (var wrong in (string[])["/data/version", "/data/projects/NONE", "/data/projects/CHECK/subjects/none", "/data/projects/CHECK/experiments/e/scans/9", "/data/projects/CHECK/experiments/e/resources/none", "/data/nothing"])
        {
            var answer = await admin.AskAsync("GET", wrong);
            Assert.Equal((wrong, 404), (wrong, answer.Status));
            Assert.Matches("<h3>[^<]+</h3>", answer.Text);
        }

        await admin.PutAsync("/data/projects/CHECK/experiments/e/resources/R/files/a.txt", ReplayedClient.Raw("a"));
        Assert.Equal("""{"duplicates":["a.txt"]}""", (await admin.PutAsync("/data/projects/CHECK/experiments/e/resources/R/files/a.txt", ReplayedClient.Raw("b"))).Text);
        Assert.Equal("a", (await admin.GetAsync("/data/projects/CHECK/experiments/e/resources/R/files/a.txt")).Text);
        var zip = ReplayedClient.Zip(Directory.EnumerateFiles(RunningServer.Routed("rt-breast", "")));
        var imported = (await admin.PostAsync("/data/services/import?import-handler=SI&project=CHECK&subject=s&session=p&dest=/prearchive", ReplayedClient.Raw(zip, "application/zip"))).Text;
        Assert.All(imported.Split("\r\n")[..^1], line => Assert.StartsWith("/data/", line, StringComparison.Ordinal));
        Assert.EndsWith("\r\n", imported, StringComparison.Ordinal);
        var url = (await admin.GetAsync("/data/prearchive/projects/CHECK")).Rows().Single()["url"];
        Assert.StartsWith("/prearchive/projects/CHECK/", url, StringComparison.Ordinal);
        foreach (var source in (string[])[url, "/data" + url, new Uri(server.Address, "/data" + url).ToString()])
        {
            await admin.PostAsync($"/data/services/prearchive/rebuild?src={Uri.EscapeDataString(source)}");
        }
    }

    /// <summary>§25, 11 to 15: rights at once, what outsiders and insiders see, double encoding, headers of a file. 11 is in the tests of the lists.</summary>
    [Fact]
    public async Task Checklist_12_to_15_rights_encoding_and_headers()
    {
        using var admin = Admin;
        await SessionAsync(admin, "CHECKED");
        (await server.UserAsync("checked")).Dispose();
        using var user = ReplayedClient.Basic(server, "checked", "pw-checked");
        Assert.Equal(404, (await user.AskAsync("GET", "/data/projects/CHECKED/experiments/e")).Status);
        await admin.PutAsync("/data/projects/CHECKED/users/collaborator/checked");
        await user.GetAsync("/data/projects/CHECKED/experiments/e");
        Assert.Equal(403, (await user.AskAsync("DELETE", "/data/projects/CHECKED/experiments/e")).Status);
        Assert.Equal(403, (await user.AskAsync("PUT", "/data/projects/CHECKED/experiments/e?note=x")).Status);
        await admin.DeleteAsync("/data/projects/CHECKED/users/collaborator/checked");
        Assert.Equal(404, (await user.AskAsync("GET", "/data/projects/CHECKED/experiments/e")).Status);
        await admin.PutAsync("/data/projects/CHECKED/experiments/e?date=03%252F04%252F2024&note=100%2525");
        var fields = (await admin.GetAsync("/data/projects/CHECKED/experiments/e?format=json")).Item().GetProperty("data_fields");
        Assert.Equal(("2024-03-04", "100%25"), (fields.GetProperty("date").GetString(), fields.GetProperty("note").GetString()));
        await admin.PutAsync("/data/projects/CHECKED/experiments/e?xnat%253AmrSessionData%252Fnote=three");
        Assert.Equal("three", (await admin.GetAsync("/data/projects/CHECKED/experiments/e?format=json")).Item().GetProperty("data_fields").GetProperty("note").GetString());
        Assert.Single((await admin.GetAsync("/data/experiments?xsiType=xnat%253AmrSessionData&project=CHECKED")).Rows());
        using var request = new HttpRequestMessage(HttpMethod.Head, "/data/projects/CHECKED/experiments/e/resources/R/files/a.txt");
        using var http = server.Client();
        using var head = await http.SendAsync(request, Token);
        Assert.Equal((200, 1L), ((int)head.StatusCode, head.Content.Headers.ContentLength!.Value));
        Assert.NotNull(head.Content.Headers.LastModified);
    }
}
