using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>Walks every operation of the API description with every role and hostile values (R24, R38): never a 500, never a stack trace, never data for who has no rights.</summary>
public sealed class DescriptionWalkTests(RunningServer server) : IClassFixture<RunningServer>
{
    // What an operation does to the server itself, or that waits by design.
    private static readonly string[] Apart = ["/xapi/live", "/data/JSESSION"];

    private static readonly string[] Hostile =
    [
        "x' or '1'='1", "1; drop table access_user--", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%00", "${jndi:ldap://x}", "<script>alert(1)</script>", "*", "%25%27", "-1", "99999999999999999999",
        "a\u0301\u202e", "{{7*7}}", "|id", "' union select password_hash from access_user --",
    ];

    // Names that some endpoint reads, and some that none does.
    private static readonly string[] Parameters =
    [
        "format", "columns", "from", "limit", "offset", "sortBy", "sortOrder", "xsiType", "label", "ID", "date", "project", "subject", "session", "experiment", "subject_ID", "src", "dest", "path", "resource",
        "options", "overwrite", "overwrite_files", "index", "file_format", "file_content", "structure", "compression", "locator", "recursive", "reference", "tags", "content", "description", "version", "action",
        "status", "reason", "event_reason", "event_id", "recent", "tag", "newProject", "import-handler", "http-session-listener", "transaction", "Direct-Archive", "prearchive_code", "enable", "field", "summary",
        "permissions", "dataType", "creatableTypes", "accessible", "activeSince", "projectScope", "dv", "includeTag", "saveAs", "cache", "user", "object", "before", "address", "to", "viewport", "window", "StudyDate",
        "PatientID", "includefield", "fuzzymatching", "template", "step", "rerun", "appliesTo", "xnat:mrSessionData/date", "xnat:subjectData/fields/field[name=x]/field", "XNAT_CSRF", "username", "includeHistory",
        "projectId", "formUUID", "sort", "page", "pageSize", "pacsId", "all", "nothing_reads_this", "listContents", "removeFiles", "primary", "moveAssessors", "accept-not-found", "defaultToSiteWide", "contents",
        "concealHiddenFields", "fieldNames", "readable", "secured", "used", "restrict", "req_format", "extract", "inbody", "activate", "quarantine", "overrideLock", "value", "resources", "includeRootPath", "sendemail",
        "text", "topics", "redirect", "refresh", "size", "start", "end", "state", "type", "sort_col", "sort_dir", "projectList", "retrieveLevel", "studyInstanceUid", "modality", "patientId", "accessionNumber", "AA", "SOURCE",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<List<(string Method, string Path)>> OperationsAsync(string address)
    {
        using var admin = server.Client();
        using var json = JsonDocument.Parse(await admin.GetStringAsync(address, Token));
        return [.. json.RootElement.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()
            .Where(o => o.Name is "get" or "put" or "post" or "patch" or "delete" or "head").Select(o => (o.Name.ToUpperInvariant(), p.Name)))];
    }

    /// <summary>Both documents, for signed-in users.</summary>
    [Fact]
    public async Task Every_operation_is_described_in_both_versions()
    {
        using var admin = server.Client();
        var three = JsonDocument.Parse(await admin.GetStringAsync("/xapi/openapi.json", Token)).RootElement;
        var two = JsonDocument.Parse(await admin.GetStringAsync("/xapi/v2/api-docs", Token)).RootElement;
        Assert.StartsWith("3.", three.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.Equal("2.0", two.GetProperty("swagger").GetString());
        foreach (var path in three.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject().Where(o => o.Value.ValueKind == JsonValueKind.Object))
            {
                Assert.False(string.IsNullOrWhiteSpace(operation.Value.GetProperty("summary").GetString()), path.Name);
            }
        }

        var operations = await OperationsAsync("/xapi/openapi.json");
        Assert.Equal(operations.Count, (await OperationsAsync("/xapi/v2/api-docs")).Count);
        Assert.InRange(operations.Count, 150, 5000);
        foreach (var known in (string[])["/data/projects/{project}", "/xapi/users/{login}", "/xapi/audit", "/data/services/auth", "/xapi/siteConfig"])
        {
            Assert.Contains(operations, o => o.Path == known);
        }

        using var nobody = server.Client(null);
        using var refused = await nobody.GetAsync("/xapi/openapi.json", Token);
        Assert.Equal(401, (int)refused.StatusCode);
    }

    /// <summary>What is mapped but not described is neither walked nor known to clients; it is often a handler whose answer nobody sends.</summary>
    [Fact]
    public async Task Every_mapped_endpoint_is_described()
    {
        static string Plain(string pattern) => System.Text.RegularExpressions.Regex.Replace(pattern.TrimEnd('/'), @"\{\*{0,2}([^}?:=]+)[^}]*\}", "{$1}");
        var described = (await OperationsAsync("/xapi/openapi.json")).Select(o => $"{o.Method} {Plain(o.Path)}").ToHashSet();
        var mapped = server.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.IExcludeFromDescriptionMetadata>() is null)
            .SelectMany(e => (e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(m => $"{m} {Plain("/" + e.RoutePattern.RawText!.TrimStart('/'))}"))
            .Where(o => o.Contains(" /data/", StringComparison.Ordinal) || o.Contains(" /xapi/", StringComparison.Ordinal)).ToHashSet();
        Assert.True(mapped.Count > 300, $"{mapped.Count}");
        Assert.Empty(mapped.Except(described).Order(StringComparer.Ordinal));
    }

    /// <summary>Every endpoint × guest, outsider, collaborator, member, owner, administrator × injection strings in every place of the address, the query and the body.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Hostile_values_are_refused_everywhere_for_everybody()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/WALK", null, Token);
        await admin.PutAsync("/data/projects/WALK/subjects/S", null, Token);
        await server.UserAsync("walk-administrator");
        await admin.PutAsync("/xapi/users/walk-administrator/roles/Administrator", null, Token);
        var clients = new List<(string Role, HttpClient Client)> { ("guest", server.Client(null)) };
        foreach (var role in (string[])["outsider", "collaborator", "member", "owner", "administrator"])
        {
            using var signedIn = await server.UserAsync("walk-" + role);
            if (role is "collaborator" or "member" or "owner")
            {
                await admin.PutAsync($"/data/projects/WALK/users/{role}/walk-{role}", null, Token);
            }

            var client = server.Client(null);
            client.DefaultRequestHeaders.Add("Cookie", "JSESSIONID=" + await signedIn.GetStringAsync("/data/JSESSION", Token));
            clients.Add((role, client));
        }

        // Those that end sessions or lock out come last, so that they cut nothing short.
        var operations = (await OperationsAsync("/xapi/openapi.json")).Where(o => !Apart.Any(a => o.Path.StartsWith(a, StringComparison.Ordinal))).ToList();
        var wrong = new System.Collections.Concurrent.ConcurrentBag<string>();
        var work = operations.SelectMany((o, i) => clients.Select((c, j) => (Operation: o, Client: c, Seed: (i * 7) + j))).ToList();
        await Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Token }, async (item, token) =>
        {
            foreach (var known in (bool[])[true, false])
            {
                var value = Hostile[(item.Seed + (known ? 3 : 0)) % Hostile.Length];
                var path = Fill(item.Operation.Path, value, known);
                // Some each time; encoded twice as some clients do.
                var encoded = item.Seed % 3 == 0 ? Uri.EscapeDataString(Uri.EscapeDataString(value)) : Uri.EscapeDataString(value);
                var address = path + "?" + string.Join('&', Enumerable.Range(0, 8).Select(i => $"{Uri.EscapeDataString(Parameters[((item.Seed * 8) + i) % Parameters.Length])}={encoded}"));
                using var request = new HttpRequestMessage(new HttpMethod(item.Operation.Method), address);
                if (item.Operation.Method is "PUT" or "POST")
                {
                    request.Content = new StringContent(known ? $"{{\"{JsonEncodedText.Encode(value)}\": [\"{JsonEncodedText.Encode(value)}\"]}}" : value, Encoding.UTF8, known ? "application/json" : "text/xml");
                }

                using var response = await item.Client.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
                var text = await response.Content.ReadAsStringAsync(token);
                if ((int)response.StatusCode >= 500 || text.Contains("   at Vesalius", StringComparison.Ordinal) || text.Contains("Exception", StringComparison.Ordinal) || text.Contains("Npgsql", StringComparison.Ordinal))
                {
                    wrong.Add($"{item.Operation.Method} {item.Operation.Path} as {item.Client.Role} with {value}: {(int)response.StatusCode} {text[..Math.Min(100, text.Length)]}");
                }
                else if (item.Client.Role is "guest" or "outsider" && response.IsSuccessStatusCode && text.Contains("WALK", StringComparison.Ordinal) && !address.Contains("WALK", StringComparison.Ordinal))
                {
                    wrong.Add($"{item.Operation.Method} {item.Operation.Path} shows {item.Client.Role} a project that it may not see");
                }
            }
        });

        Assert.True(wrong.IsEmpty, $"{wrong.Count}:\n" + string.Join("\n", wrong.Order(StringComparer.Ordinal).Take(100)));
        using var alive = await admin.GetAsync("/data/projects/WALK", Token);
        Assert.NotEqual(500, (int)alive.StatusCode);
    }

    // The first place names something that exists, where there is such a thing, so that the value reaches what lies behind.
    private static string Fill(string path, string value, bool known) => System.Text.RegularExpressions.Regex.Replace(path, @"\{\*{0,2}([^}?:]+)[^}]*\}", m => m.Groups[1].Value switch
    {
        "project" when known => "WALK",
        "subject" when known => "S",
        _ => Uri.EscapeDataString(value),
    });
}
