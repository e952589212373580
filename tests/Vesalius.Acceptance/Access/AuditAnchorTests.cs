using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Vesalius.Access;
using Vesalius.Database;
using Xunit;

namespace Vesalius.Acceptance.Access;

/// <summary>What happens to a trail whose end somebody cuts off; on its own server, since it stays short.</summary>
public sealed class AuditAnchorTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<JsonElement> VerifyAsync()
    {
        using var admin = server.Client();
        return JsonDocument.Parse(await admin.GetStringAsync("/xapi/audit/verify", Token)).RootElement;
    }

    /// <summary>The chain of what is left fits; the file beside the database says that more was there.</summary>
    [Fact]
    public async Task Rows_cut_off_at_the_end_are_missed_by_the_anchors()
    {
        var database = server.Services.GetRequiredService<VesaliusDatabase>();
        var trail = server.Services.GetRequiredService<AuditTrail>();
        using var admin = server.Client();
        for (var i = 0; i < 10; i++)
        {
            await trail.RecordAsync("t", "", "test", $"{i}", Token);
        }

        var kept = await admin.GetStringAsync("/xapi/audit/anchors", Token);
        var last = JsonDocument.Parse(kept).RootElement.EnumerateArray().Last();
        Assert.Equal(["at", "head", "id", "rows"], last.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(await database.FindAsync<long>("select count(*) from access_audit where id <= @id", new { id = last.GetProperty("id").GetInt64() }, Token), last.GetProperty("rows").GetInt64());
        Assert.True((await VerifyAsync()).GetProperty("intact").GetBoolean());
        Assert.Contains($"\"head\":\"{last.GetProperty("head").GetString()}\"", (await File.ReadAllLinesAsync(Path.Combine(server.Data, "audit-anchors.jsonl"), Token))[^1], StringComparison.Ordinal);

        // Kept elsewhere, they are compared as they were kept.
        Assert.Equal((200, true), await CompareAsync(admin, last.GetRawText()));
        var end = last.GetProperty("id").GetInt64();
        await database.ExecuteAsync("alter table access_audit disable trigger all; delete from access_audit where id > @cut; alter table access_audit enable trigger all", new { cut = end - 4 }, Token);
        var found = await VerifyAsync();
        Assert.False(found.GetProperty("intact").GetBoolean());
        Assert.Equal(JsonValueKind.Null, found.GetProperty("firstBroken").ValueKind);
        Assert.Equal(end, found.GetProperty("firstMissingAnchor").GetProperty("id").GetInt64());
        Assert.Equal((200, false), await CompareAsync(admin, last.GetRawText()));

        // New rows over the hole do not heal it.
        await trail.RecordAsync("t", "", "test", "afterwards", Token);
        Assert.False((await VerifyAsync()).GetProperty("intact").GetBoolean());
        Assert.Equal((400, false), await CompareAsync(admin, "nothing of the kind"));
        Assert.Equal((400, false), await CompareAsync(admin, ""));
    }

    private static async Task<(int Status, bool Intact)> CompareAsync(HttpClient admin, string lines)
    {
        using var body = new StringContent(lines);
        using var response = await admin.PostAsync("/xapi/audit/anchors/compare", body, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        return ((int)response.StatusCode, text.Contains("\"intact\":true", StringComparison.Ordinal));
    }

    /// <summary>A line that the power cut off spoils no other and is told.</summary>
    [Fact]
    public void Torn_and_foreign_lines_are_counted_and_the_others_read()
    {
        var whole = $$"""{"at":"2026-01-31T12:00:00Z","id":7,"rows":7,"head":"{{new string('a', 64)}}"}""";
        var (anchors, unreadable) = AuditAnchors.Parse($"{whole}\n{whole[..40]}\n\n{{}}\nnull\n[]\n{whole.Replace("aaaa", "AAAA", StringComparison.Ordinal)}\n{whole}");
        Assert.Equal((2, 5), (anchors.Count, unreadable));
    }
}

/// <summary>Where the trail ended is written down when the server stops.</summary>
public sealed class AuditAnchorAtTheEndTests
{
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Server_that_stops_leaves_the_last_anchor()
    {
        await using var server = new RunningServer();
        await server.InitializeAsync();
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/LAST", null, TestContext.Current.CancellationToken);
        var last = await server.Services.GetRequiredService<VesaliusDatabase>().FindAsync<long>("select max(id) from access_audit", null, TestContext.Current.CancellationToken);
        await server.StopAsync();
        var lines = await File.ReadAllTextAsync(Path.Combine(server.Data, "audit-anchors.jsonl"), TestContext.Current.CancellationToken);
        Assert.Equal(last, AuditAnchors.Parse(lines).Anchors[^1].Id);
    }
}
