using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>Every operation of the API description × every role × an own and a foreign project (R23, R24): nobody does more than the level of the operation, and everybody who has it may.</summary>
public sealed partial class OperationLevelTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly string[] Roles = ["guest", "outsider", "collaborator", "member", "owner", "administrator"];

    // What these do to the session that sends them is tested by SignInTests; /xapi/live waits by design.
    private static readonly string[] Apart = ["DELETE /data/JSESSION/{id}", "GET /xapi/live"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<List<(string Method, string Address)>> OperationsAsync()
    {
        using var admin = server.Client();
        using var json = JsonDocument.Parse(await admin.GetStringAsync("/xapi/openapi.json", Token));
        return [.. json.RootElement.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()
            .Where(o => o.Name is "get" or "put" or "post" or "patch" or "delete" or "head").Select(o => (Method: o.Name.ToUpperInvariant(), Address: p.Name)))
            .Where(o => !Apart.Contains($"{o.Method} {o.Address}"))];
    }

    /// <summary>A new endpoint has to say who may call it; a rule for endpoints that went goes, too.</summary>
    [Fact]
    public async Task Every_operation_has_a_level_and_every_level_an_operation()
    {
        var operations = await OperationsAsync();
        Assert.Empty(operations.Where(o => OperationLevels.RuleOf(o.Method, o.Address) < 0).Select(o => $"{o.Method} {o.Address}"));
        Assert.Empty(OperationLevels.Unused(operations.Select(o => OperationLevels.RuleOf(o.Method, o.Address))));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Every_role_may_do_what_the_level_of_each_operation_says_and_nothing_else()
    {
        var names = new Dictionary<string, Dictionary<string, string>> { ["own"] = await ProjectAsync("LEVELS"), ["foreign"] = await ProjectAsync("FOREIGN") };
        var clients = await ClientsAsync();
        var wrong = new ConcurrentBag<string>();
        foreach (var role in Enumerable.Range(0, Roles.Length))
        {
            await Parallel.ForEachAsync(await OperationsAsync(), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Token }, async (operation, token) =>
            {
                var level = OperationLevels.Of(OperationLevels.RuleOf(operation.Method, operation.Address));
                foreach (var project in role == 0 || !IsOfProject(level, operation.Address) ? (string[])["own"] : ["own", "foreign"])
                {
                    var isAllowed = IsAllowed(level, role, project);
                    var address = Fill(operation, names[project], isAllowed, Roles[role]);
                    using var request = new HttpRequestMessage(new HttpMethod(operation.Method), address);
                    using var response = await clients[role].SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);
                    var status = (int)response.StatusCode;
                    if (status >= 500 || (isAllowed ? status is 401 or 403 : role == 0 && level != Level.Nobody ? status != 401 : status is not (401 or 403 or 404 or 422)))
                    {
                        wrong.Add($"{operation.Method} {operation.Address} ({level}) as {Roles[role]} of {project}: {status}");
                    }
                }
            });
        }

        Assert.True(wrong.IsEmpty, $"{wrong.Count}:\n" + string.Join("\n", wrong.Order(StringComparer.Ordinal)));
    }

    private static bool IsOfProject(Level level, string address) => level is Level.Read or Level.Edit or Level.Own && Place().Matches(address).Any(p => p.Groups[1].Value is "project" or "subject" or "experiment");

    private static bool IsAllowed(Level level, int role, string project) => level switch
    {
        Level.Self => role == 5,
        Level.Nobody => false,
        Level.Read or Level.Edit or Level.Own when project == "foreign" => role == 5,
        _ => role >= (int)level,
    };

    // /xapi says 403 of what is not there, too, where the address names a project or what is in it (rest-api §1.13.2).
    private static bool MaySpare(string address, string place) => address.EndsWith('}') && (address.StartsWith("/data/", StringComparison.Ordinal) || place is not ("project" or "subject" or "experiment"));

    // Who may change something is sent to something that is not there, so that the next one finds all as it was; who may not, to the thing itself.
    private static string Fill((string Method, string Address) operation, Dictionary<string, string> names, bool isAllowed, string role)
    {
        var places = Place().Matches(operation.Address);
        var filled = operation.Address;
        for (var i = places.Count - 1; i >= 0; i--)
        {
            var spares = isAllowed && operation.Method is not ("GET" or "HEAD") && i == places.Count - 1 && MaySpare(operation.Address, places[i].Groups[1].Value);
            filled = filled.Remove(places[i].Index, places[i].Length).Insert(places[i].Index, spares ? $"absent-{role}-{operation.Method}" : names.GetValueOrDefault(places[i].Groups[1].Value, "0"));
        }

        // A type, so that what is refused is refused for the right and not for the request.
        return operation.Method != "POST" || isAllowed ? filled : filled.Split('/')[^1] switch
        {
            "subjects" => filled + "?label=refused",
            "experiments" => filled + "?label=refused&xsiType=xnat:mrSessionData",
            "scans" => filled + "?ID=refused&xsiType=xnat:mrScanData",
            "assessors" => filled + "?label=refused&xsiType=xnat:qcManualAssessorData",
            _ => filled,
        };
    }

    private async Task<Dictionary<string, string>> ProjectAsync(string project)
    {
        using var admin = server.Client();
        async Task<string> PutAsync(string address, HttpContent? body = null)
        {
            using var response = await admin.PutAsync(address, body, Token);
            Assert.True(response.IsSuccessStatusCode, $"{address}: {(int)response.StatusCode}");
            return await response.Content.ReadAsStringAsync(Token);
        }

        await PutAsync($"/data/projects/{project}");
        var subject = await PutAsync($"/data/projects/{project}/subjects/S");
        var experiment = await PutAsync($"/data/projects/{project}/subjects/S/experiments/E?xsiType=xnat:mrSessionData");
        await PutAsync($"/data/experiments/{experiment}/scans/1?xsiType=xnat:mrScanData");
        await PutAsync($"/data/experiments/{experiment}/reconstructions/RC?type=x");
        var assessor = await PutAsync($"/data/projects/{project}/experiments/{experiment}/assessors/A?xsiType=xnat:qcManualAssessorData");
        foreach (var parent in (string[])[$"projects/{project}", $"subjects/{subject}", $"experiments/{experiment}", $"experiments/{experiment}/scans/1", $"experiments/{experiment}/reconstructions/RC", $"experiments/{experiment}/assessors/A"])
        {
            using var file = new StringContent("secret");
            await PutAsync($"/data/{parent}/resources/R/files/f.txt?inbody=true", file);
        }

        return new Dictionary<string, string>
        {
            ["project"] = project, ["subject"] = subject, ["experiment"] = experiment, ["session"] = experiment, ["scan"] = "1", ["reconstruction"] = "RC", ["assessor"] = assessor, ["resource"] = "R", ["path"] = "f.txt",
            ["login"] = "levels-somebody", ["target"] = "absent0", ["timestamp"] = "20260101_000000", ["folder"] = "X", ["type"] = "xnat:mrSessionData", ["element"] = "xnat:mrSessionData", ["elements"] = "xnat:mrSessionData",
        };
    }

    private async Task<HttpClient[]> ClientsAsync()
    {
        using var admin = server.Client();
        using var somebody = await server.UserAsync("levels-somebody");
        var clients = new List<HttpClient> { server.Client(null) };
        foreach (var role in Roles.Skip(1))
        {
            using var signedIn = await server.UserAsync("levels-" + role);
            using var right = role switch
            {
                "outsider" => null,
                "administrator" => await admin.PutAsync($"/xapi/users/levels-{role}/roles/Administrator", null, Token),
                _ => await admin.PutAsync($"/data/projects/LEVELS/users/{role}/levels-{role}", null, Token),
            };
            var client = server.Client(null);
            client.DefaultRequestHeaders.Add("Cookie", "JSESSIONID=" + await signedIn.GetStringAsync("/data/JSESSION", Token));
            clients.Add(client);
        }

        return [.. clients];
    }

    [GeneratedRegex(@"\{\*{0,2}([^}?:=]+)[^}]*\}")]
    private static partial Regex Place();
}
