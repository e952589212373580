using System.Net;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>Unicode nuisances and injection in every parameter; roles × own, shared and foreign objects (R23, R24).</summary>
public sealed class HostileTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly string[] Nuisances =
    [
        "'", "' or 1=1 --", "\"; drop table archive_subject; --", "$$", "\\", "%", "%%", "%25", "%2525", "_", "*", "a,b,,c", "-", "--", "1-", "-1--2", "99999999999999999999", "1e999", "NaN",
        "../../etc/passwd", "<script>", "]]>", "&amp;", "\u0000", "\u0001", "\ufeff", "\u202e", "é", "e\u0301", "🧠", "\u0130", "[", "]", "[name=", "x[name=']", "a/b", "xnat:", "xnat:mrSessionData/",
        "/", "//", "xnat:mrSessionData/fields/field[name=x' or '1'='1]/field", "NULL", "null", "true", "2024-13-45", "01/01/2024-", "@readable", "{0}", "''||''", "1;select pg_sleep(9)",
    ];

    private static readonly string[] Parameters =
    [
        "columns", "label", "date", "insert_date", "ID", "project", "xsiType", "sortBy", "sortOrder", "offset", "limit", "format", "recent", "fields", "gender", "age", "weight", "frames", "time",
        "xnat:mrSessionData/fieldStrength", "xnat:subjectData/label", "xnat:mrScanData/parameters/tr", "xnat:mrSessionData/fields/field[name=x]/field", "handler",
    ];

    private static readonly string[] Lists =
    [
        "/data/projects", "/data/subjects", "/data/experiments", "/data/projects/HOSTILE/subjects", "/data/projects/HOSTILE/experiments", "/data/projects/HOSTILE/subjects/s/experiments",
        "/data/projects/HOSTILE/experiments/e/scans", "/data/projects/HOSTILE/experiments/e/assessors", "/data/projects/HOSTILE/experiments/e/reconstructions",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<HttpClient> ClientAsync()
    {
        var client = server.Client();
        await client.PutAsync("/data/projects/HOSTILE", null, Token);
        await client.PutAsync("/data/projects/HOSTILE/subjects/s/experiments/e?xsiType=xnat:mrSessionData&date=2024-01-02", null, Token);
        await client.PutAsync("/data/projects/HOSTILE/experiments/e/scans/1?xsiType=xnat:mrScanData", null, Token);
        return client;
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task No_value_of_any_parameter_of_a_list_is_an_error_of_the_server()
    {
        using var client = await ClientAsync();
        var wrong = new List<string>();
        foreach (var list in Lists)
        {
            foreach (var parameter in Parameters)
            {
                // All of them on three lists; the others run through the same code.
                foreach (var value in Array.IndexOf(Lists, list) is 1 or 4 or 6 ? Nuisances : Nuisances.Where((_, i) => i % 6 == 0))
                {
                    using var response = await client.GetAsync($"{list}?{Uri.EscapeDataString(parameter)}={Uri.EscapeDataString(value)}", Token);
                    if ((int)response.StatusCode >= 500)
                    {
                        wrong.Add($"{(int)response.StatusCode} {list} {parameter}={value}");
                    }
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("PUT", "/data/projects/{0}")]
    [InlineData("GET", "/data/projects/{0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/{0}")]
    [InlineData("GET", "/data/projects/HOSTILE/subjects/{0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/s?label={0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/s?gender={0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/s?group={0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/s?{0}=1")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/s?xnat:subjectData/fields/field[name={0}]/field=1")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/s/projects/{0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/s/experiments/{0}?xsiType=xnat:mrSessionData")]
    [InlineData("PUT", "/data/projects/HOSTILE/subjects/s/experiments/e2?xsiType={0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/experiments/e?date={0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/experiments/e?subject_ID={0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/experiments/e?event_reason={0}&note=x{0}")]
    [InlineData("GET", "/data/experiments/{0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/experiments/e/scans/{0}?xsiType=xnat:mrScanData")]
    [InlineData("GET", "/data/projects/HOSTILE/experiments/e/scans/{0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/experiments/e/scans/1?frames={0}")]
    [InlineData("PUT", "/data/projects/HOSTILE/experiments/e/reconstructions/{0}?type=x")]
    [InlineData("PUT", "/data/projects/HOSTILE/experiments/e/assessors/{0}?xsiType=xnat:qcManualAssessorData")]
    [InlineData("GET", "/xapi/schemas/{0}")]
    [InlineData("GET", "/xapi/schemas/datatypes/elements/{0}")]
    public async Task Nuisance_in_a_request_is_answered_and_never_an_error_of_the_server(string method, string pattern)
    {
        using var client = await ClientAsync();
        foreach (var value in Nuisances)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), string.Format(System.Globalization.CultureInfo.InvariantCulture, pattern, Uri.EscapeDataString(value)));
            using var response = await client.SendAsync(request, Token);
            Assert.True((int)response.StatusCode < 500, $"{method} {pattern} with {value}: {(int)response.StatusCode}");
            Assert.DoesNotContain("   at ", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }

        Assert.Empty(Directory.EnumerateFiles(server.Data, "passwd", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("<a><b></a>")]
    [InlineData("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xnat:Subject xmlns:xnat=\"http://nrg.wustl.edu/xnat\" label=\"&x;\"/>")]
    [InlineData("<xnat:Subject xmlns:xnat=\"http://nrg.wustl.edu/xnat\" ID=\"' or 1=1\"/>")]
    [InlineData("<xnat:Subject xmlns:xnat=\"http://nrg.wustl.edu/xnat\"><xnat:fields><xnat:field name=\"a]b[\">1</xnat:field></xnat:fields></xnat:Subject>")]
    [InlineData("<xnat:Nothing xmlns:xnat=\"http://nrg.wustl.edu/xnat\"/>")]
    [InlineData("{\"json\": true}")]
    [InlineData("")]
    public async Task Hostile_document_changes_nothing(string document)
    {
        using var client = await ClientAsync();
        using var body = new StringContent(document, System.Text.Encoding.UTF8, "text/xml");
        using var response = await client.PutAsync("/data/projects/HOSTILE/subjects/doc", body, Token);
        Assert.InRange((int)response.StatusCode, document.Length == 0 ? 200 : 400, 499);
        if (document.Length > 0)
        {
            using var absent = await client.GetAsync("/data/projects/HOSTILE/subjects/never", Token);
            Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);
        }
    }

    [Fact]
    public async Task Document_nested_without_end_is_refused()
    {
        using var client = await ClientAsync();
        using var body = new StringContent("<xnat:Subject xmlns:xnat=\"http://nrg.wustl.edu/xnat\">" + string.Concat(Enumerable.Repeat("<xnat:x>", 5000)) + string.Concat(Enumerable.Repeat("</xnat:x>", 5000)) + "</xnat:Subject>", System.Text.Encoding.UTF8, "text/xml");
        using var response = await client.PutAsync("/data/projects/HOSTILE/subjects/deep", body, Token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private static readonly string[] Roles = ["outsider", "collaborator", "member", "owner"];

    // Of the project H2, into which H1's objects are shared; H3 is foreign to all of them.
    private static readonly (string Method, string Address, string[] Statuses)[] Matrix =
    [
        ("GET", "/data/subjects/{own-subject}", ["404", "200", "200", "200"]),
        ("GET", "/data/subjects/{shared-subject}", ["404", "200", "200", "200"]),
        ("GET", "/data/subjects/{foreign-subject}", ["404", "404", "404", "404"]),
        ("GET", "/data/experiments/{own}", ["404", "200", "200", "200"]),
        ("GET", "/data/experiments/{shared}", ["404", "200", "200", "200"]),
        ("GET", "/data/experiments/{foreign}", ["404", "404", "404", "404"]),
        ("GET", "/data/experiments/{shared}/scans", ["404", "200", "200", "200"]),
        ("GET", "/data/experiments/{foreign}/scans", ["404", "404", "404", "404"]),
        ("GET", "/data/experiments/{foreign}/history", ["404", "404", "404", "404"]),
        ("GET", "/data/projects/H2/experiments/{foreign}", ["404", "404", "404", "404"]),
        ("GET", "/data/projects/H1/experiments/{shared}", ["404", "404", "404", "404"]),
        ("PUT", "/data/experiments/{own}?note=x", ["404", "403", "200", "200"]),
        ("PUT", "/data/experiments/{shared}?note=x", ["404", "403", "403", "403"]),
        ("PUT", "/data/projects/H2/experiments/shared?note=x", ["404", "403", "403", "403"]),
        ("PUT", "/data/experiments/{foreign}?note=x", ["404", "404", "404", "404"]),
        ("PUT", "/data/experiments/{foreign}/scans/9?xsiType=xnat:mrScanData", ["404", "404", "404", "404"]),
        ("PUT", "/data/experiments/{own}/scans/{role}?xsiType=xnat:mrScanData", ["404", "403", "200", "200"]),
        ("PUT", "/data/experiments/{own}/reconstructions/{role}", ["404", "403", "200", "200"]),
        ("PUT", "/data/projects/H2/experiments/{own}/assessors/a-{role}?xsiType=xnat:qcManualAssessorData", ["404", "403", "201", "201"]),
        ("PUT", "/data/projects/H2/experiments/shared/assessors/b-{role}?xsiType=xnat:qcManualAssessorData", ["404", "403", "201", "201"]),
        ("PUT", "/data/experiments/{own}?quarantine=true&event_reason=look", ["404", "403", "200", "200"]),
        ("PUT", "/data/experiments/{own}/projects/H3", ["404", "404", "404", "404"]),
        ("PUT", "/data/experiments/{own}/projects/H2?primary=true", ["404", "403", "403", "409"]),
        ("DELETE", "/data/experiments/{foreign}", ["404", "404", "404", "404"]),
        ("DELETE", "/data/experiments/{shared}", ["404", "403", "403", "403"]),
        ("DELETE", "/data/experiments/{own}/scans/1", ["404", "403", "403", "200"]),
        ("DELETE", "/data/subjects/{shared-subject}", ["404", "403", "403", "403"]),
        ("DELETE", "/data/projects/H2/experiments/shared", ["404", "403", "403", "200"]),
        ("DELETE", "/data/projects/H2/experiments/{own}", ["404", "403", "403", "200"]),
    ];

    [Fact]
    public async Task Every_role_gets_its_status_on_own_shared_and_foreign_objects()
    {
        using var admin = new RestClient(server.Client());
        var names = new Dictionary<string, string>();
        foreach (var (project, name) in ((string, string)[])[("H1", "shared"), ("H2", "own"), ("H3", "foreign")])
        {
            await admin.PutAsync($"/data/projects/{project}");
            names[name] = await admin.PutAsync($"/data/projects/{project}/subjects/s-{name}/experiments/{name}?xsiType=xnat:mrSessionData", 201);
            await admin.PutAsync($"/data/projects/{project}/experiments/{name}/scans/1?xsiType=xnat:mrScanData");
            names[name + "-subject"] = (await admin.RowsAsync($"/data/projects/{project}/subjects"))[0]["ID"];
        }

        await admin.PutAsync("/data/projects/H1/experiments/shared/projects/H2");
        await admin.PutAsync("/data/projects/H1/subjects/s-shared/projects/H2");
        var wrong = new List<string>();
        var clients = new Dictionary<string, HttpClient>();
        foreach (var role in Roles)
        {
            clients[role] = await server.UserAsync($"h-{role}");
            if (role != "outsider")
            {
                await admin.PutAsync($"/data/projects/H2/users/{role}/h-{role}");
            }
        }

        foreach (var (method, pattern, statuses) in Matrix)
        {
            foreach (var (role, expected) in Roles.Zip(statuses))
            {
                var address = names.Aggregate(pattern, (a, n) => a.Replace($"{{{n.Key}}}", n.Value, StringComparison.Ordinal)).Replace("{role}", role, StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new HttpMethod(method), address);
                using var response = await clients[role].SendAsync(request, Token);
                if (((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture) != expected)
                {
                    wrong.Add($"{method} {pattern} as {role}: {(int)response.StatusCode}, not {expected}");
                }
            }
        }

        Assert.Empty(wrong);
    }
}
