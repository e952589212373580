using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Vesalius.Access;
using Vesalius.Database;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>The trail: complete, append-only, chained, searchable (R26).</summary>
public sealed class AuditTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private VesaliusDatabase Database => server.Services.GetRequiredService<VesaliusDatabase>();

    private async Task<List<JsonElement>> RowsAsync(string query)
    {
        using var admin = server.Client();
        return [.. JsonDocument.Parse(await admin.GetStringAsync("/xapi/audit?" + query, Token)).RootElement.EnumerateArray()];
    }

    /// <summary>Who, when, from where: for each kind of act, refused ones too.</summary>
    [Fact]
    public async Task Every_look_download_change_deletion_and_refusal_is_written_down()
    {
        using var admin = server.Client();
        using var user = await server.UserAsync("watched");
        await admin.PutAsync("/data/projects/AUD", null, Token);
        await admin.PutAsync("/data/projects/AUD/users/Owners/watched", null, Token);
        using var body = new StringContent("x");
        await user.PutAsync("/data/projects/AUD/subjects/S1", null, Token);
        await user.PutAsync("/data/projects/AUD/resources/R/files/a.txt?inbody=true", body, Token);
        await user.GetAsync("/data/projects/AUD/resources/R/files/a.txt", Token);
        await user.GetAsync("/data/projects/AUD/subjects", Token);
        await user.GetAsync("/data/projects/AUD/subjects/S1", Token);
        await user.DeleteAsync("/data/projects/AUD/subjects/S1", Token);
        await user.GetAsync("/xapi/audit", Token);
        using var wrong = server.Client("watched", "wrong");
        await wrong.GetAsync("/data/auth", Token);
        var rows = await RowsAsync("user=watched");
        var actions = rows.Select(r => r.GetProperty("action").GetString()!).ToList();
        foreach (var expected in (string[])["sign-in", "sign-in.refused", "subject.create", "file.upload", "file.download", "look", "subject.read", "subject.delete", "refused.look"])
        {
            Assert.Contains(expected, actions);
        }

        Assert.All(rows, r => Assert.Matches(@"^(::ffff:)?127\.0\.0\.1$", r.GetProperty("address").GetString()));
        Assert.All(rows, r => Assert.InRange(r.GetProperty("at").GetDateTime(), DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(1)));
        Assert.Contains(rows, r => r.GetProperty("object").GetString() == "GET /data/projects/AUD/subjects");
    }

    /// <summary>Search by each field, paging, CSV.</summary>
    [Fact]
    public async Task Trail_is_searched_paged_and_exported()
    {
        var trail = server.Services.GetRequiredService<AuditTrail>();
        for (var i = 0; i < 5; i++)
        {
            await trail.RecordAsync("searcher", "10.0.0.1", "test.act", $"=cmd,\"{i}\"", Token);
        }

        Assert.Equal(5, (await RowsAsync("user=searcher&action=test.&address=10.0.0.1&object=cmd&from=2020-01-01&to=2999-01-01")).Count);
        Assert.Empty(await RowsAsync("user=searcher&to=2020-01-01"));
        var page = await RowsAsync("user=searcher&limit=2");
        Assert.Equal(2, page.Count);
        Assert.Equal(3, (await RowsAsync($"user=searcher&before={page[^1].GetProperty("id").GetInt64()}")).Count);
        using var admin = server.Client();
        var csv = await admin.GetStringAsync("/data/audit?user=searcher&format=csv", Token);
        Assert.StartsWith("id,at,user,address,action,object\n", csv, StringComparison.Ordinal);
        // A spreadsheet must not run it.
        Assert.Contains("\"'=cmd,\"\"4\"\"\"", csv, StringComparison.Ordinal);
        foreach (var bad in (string[])["from=soon", "before=x", "limit=-1"])
        {
            using var response = await admin.GetAsync("/xapi/audit?" + bad, Token);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        using var user = await server.UserAsync("curious");
        Assert.All((string[])["/xapi/audit", "/data/audit", "/xapi/audit/verify"], a => Assert.NotNull(a));
        foreach (var address in (string[])["/xapi/audit", "/data/audit", "/xapi/audit/verify"])
        {
            using var response = await user.GetAsync(address, Token);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    /// <summary>What is looked for may be a name: then it stands in the body, not in an address that proxies write down.</summary>
    [Fact]
    public async Task Trail_is_searched_by_a_body()
    {
        var trail = server.Services.GetRequiredService<AuditTrail>();
        for (var i = 0; i < 3; i++)
        {
            await trail.RecordAsync("body-searcher", "10.0.0.3", "test.body", $"E{i}", Token);
        }

        using var admin = server.Client();
        async Task<string> SearchAsync(string json, int status = 200)
        {
            using var body = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
            using var response = await admin.PostAsync("/xapi/audit/search", body, Token);
            Assert.Equal(status, (int)response.StatusCode);
            return await response.Content.ReadAsStringAsync(Token);
        }

        var rows = JsonDocument.Parse(await SearchAsync("""{"user":"body-searcher","object":"E1","limit":10}""")).RootElement;
        Assert.Equal(["action", "address", "at", "id", "object", "user"], Assert.Single(rows.EnumerateArray()).EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(2, JsonDocument.Parse(await SearchAsync("""{"user":"body-searcher","limit":"2"}""")).RootElement.GetArrayLength());
        Assert.StartsWith("id,at,user,address,action,object\n", await SearchAsync("""{"user":"body-searcher","format":"csv"}"""), StringComparison.Ordinal);
        foreach (var bad in (string[])["", "[]", "{", """{"from":"soon"}""", """{"limit":-1}"""])
        {
            await SearchAsync(bad, 400);
        }

        using var user = await server.UserAsync("curious");
        using var empty = new StringContent("{}");
        using var refused = await user.PostAsync("/xapi/audit/search", empty, Token);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    /// <summary>Rows written at once by many share transactions and still form one chain.</summary>
    [Fact]
    public async Task Thousand_rows_at_once_form_one_chain_and_none_is_lost()
    {
        var trail = server.Services.GetRequiredService<AuditTrail>();
        await Parallel.ForAsync(0, 1000, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Token }, async (i, token) => await trail.RecordAsync("crowd", "10.0.0.2", "test.crowd", $"{i}", token));
        Assert.Equal(1000, await Database.FindAsync<long>("select count(distinct object) from access_audit where login = 'crowd'", null, Token));
        Assert.Null((await trail.VerifyAsync(Token)).FirstBroken);
    }

    /// <summary>Each node remembers the last hash that it wrote; rows of others between do not break the chain, and no row is there twice.</summary>
    [Fact]
    public async Task Rows_of_several_nodes_form_one_chain()
    {
        AuditTrail[] nodes = [server.Services.GetRequiredService<AuditTrail>(), new(Database, TimeProvider.System), new(Database, TimeProvider.System)];
        for (var i = 0; i < 60; i++)
        {
            // Now the same node again, now another.
            await nodes[i / 2 % 3].RecordAsync("nodes", "10.0.0.3", "test.nodes", $"in turn {i}", Token);
        }

        await Parallel.ForAsync(0, 300, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Token }, async (i, token) => await nodes[i % 3].RecordAsync("nodes", "10.0.0.3", "test.nodes", $"at once {i}", token));
        Assert.Equal(360, await Database.FindAsync<long>("select count(*) from access_audit where login = 'nodes'", null, Token));
        Assert.Equal(360, await Database.FindAsync<long>("select count(distinct object) from access_audit where login = 'nodes'", null, Token));
        Assert.Null((await nodes[0].VerifyAsync(Token)).FirstBroken);
    }

    /// <summary>A row that could not be written leaves the trail usable: the next one follows the last that is there.</summary>
    [Fact]
    public async Task Trail_goes_on_after_a_row_that_could_not_be_written()
    {
        var trail = new AuditTrail(Database, TimeProvider.System);
        await trail.RecordAsync("failing", "10.0.0.4", "test.failing", "before", Token);
        await Database.ExecuteAsync("alter table access_audit add constraint refused check (object <> 'refused') not valid", null, Token);
        try
        {
            await Assert.ThrowsAsync<PostgresException>(() => trail.RecordAsync("failing", "10.0.0.4", "test.failing", "refused", Token));
        }
        finally
        {
            await Database.ExecuteAsync("alter table access_audit drop constraint refused", null, Token);
        }

        await trail.RecordAsync("failing", "10.0.0.4", "test.failing", "after", Token);
        Assert.Equal(2, await Database.FindAsync<long>("select count(*) from access_audit where login = 'failing'", null, Token));
        Assert.Null((await trail.VerifyAsync(Token)).FirstBroken);
    }
}

/// <summary>What happens to a trail that somebody tampers with; on its own server, since it stays broken.</summary>
public sealed class AuditTamperTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Update, delete and truncate are refused by the database; who gets around that is found out at the very row.</summary>
    [Fact]
    public async Task Trail_refuses_changes_and_names_the_first_broken_row()
    {
        var database = server.Services.GetRequiredService<VesaliusDatabase>();
        var trail = server.Services.GetRequiredService<AuditTrail>();
        for (var i = 0; i < 10; i++)
        {
            await trail.RecordAsync("t", "", "test", $"{i}", Token);
        }

        foreach (var statement in (string[])["update access_audit set login = 'x'", "delete from access_audit", "truncate access_audit"])
        {
            await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync(statement, null, Token));
        }

        using var admin = server.Client();
        Assert.Contains("\"intact\":true", await admin.GetStringAsync("/xapi/audit/verify", Token), StringComparison.Ordinal);
        var victim = await database.FindAsync<long>("select id from access_audit where login = 't' and object = '5'", null, Token);
        await database.ExecuteAsync(
            "alter table access_audit disable trigger all; update access_audit set login = 'somebody' where id = @victim; alter table access_audit enable trigger all", new { victim }, Token);
        Assert.Contains($"\"intact\":false", await admin.GetStringAsync("/xapi/audit/verify", Token), StringComparison.Ordinal);
        Assert.Equal(victim, (await trail.VerifyAsync(Token)).FirstBroken);
        await database.ExecuteAsync(
            "alter table access_audit disable trigger all; delete from access_audit where id = @victim; alter table access_audit enable trigger all", new { victim }, Token);
        Assert.Equal(victim + 1, (await trail.VerifyAsync(Token)).FirstBroken);
    }
}
