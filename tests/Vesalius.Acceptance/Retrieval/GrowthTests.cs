using System.Text.Json.Nodes;
using Vesalius.Database;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>A study of which the PACS gets more after it was retrieved (R6).</summary>
[Trait("Speed", "Slow")]
public sealed class GrowthTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<JsonNode> RowAsync(HttpClient admin, long id) =>
        (await ServerWithPacs.SendAsync(admin, "GET", "/xapi/dqr/import/history"))!.AsArray().Single(h => h!["id"]!.GetValue<long>() == id)!;

    /// <summary>The first look finds nothing new in one study and more in the other; the last look forgets both.</summary>
    [Fact]
    public async Task Study_that_has_grown_is_told_and_what_was_remembered_is_forgotten()
    {
        var database = (VesaliusDatabase)server.Services.GetService(typeof(VesaliusDatabase))!;
        var (before, after) = (RetrievalStudies.Make(2, 2), RetrievalStudies.Make(1, 4));
        try
        {
            using var admin = server.Client();
            await ServerWithPacs.SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllProjectsToUseDqr":true}""");
            await ServerWithPacs.SendAsync(admin, "PUT", "/data/projects/GROW1");
            long pacs;
            IReadOnlyList<long> ids;
            int port;
            await using (var small = await FaultyPacs.StartAsync([("XNAT", server.DicomPort)], [before], Token))
            {
                port = small.Port;
                pacs = await ImportSteps.RegisterAsync(admin, "Growing", port, FaultyPacs.AeTitle, rules: """{"recheckHours":[2,24]}""");
                ids = await ImportSteps.ImportAsync(admin, pacs, server.DicomPort, "GROW1", 1, 2);
                Assert.All(await ImportSteps.EndedAsync(admin, ids), e => Assert.Equal("complete", e["state"]!.GetValue<string>()));
            }

            // Two hours later, by the clock of the jobs; the study is known by nothing that can be read.
            Assert.Equal(2, await database.FindAsync<long>("select count(*) from jobs_job where kind = 'growth' and state = 'waiting' and not_before between now() + interval '115 minutes' and now() + interval '2 hours'", null, Token));
            Assert.Equal(0, await database.FindAsync<long>("select count(*) from qr_growth g, jobs_job j where g::text || j::text like '%' || @uid || '%' or position(@uid::bytea in g.sealed) > 0", new { uid = RetrievalStudies.Uid(1) }, Token));
            await using var grown = await FaultyPacs.StartAsync([("XNAT", server.DicomPort)], [before, after], Token, port);
            const string Now = "update jobs_job set not_before = now() where kind = 'growth' and state = 'waiting'";
            await database.ExecuteAsync(Now, null, Token);
            var told = await RunningServer.EventuallyAsync(async () => await RowAsync(admin, ids[0]) is var row && row["state"]!.GetValue<string>() == "grown" ? row : null);
            Assert.Equal("RECEIVED", told["status"]!.GetValue<string>());
            Assert.Contains("4 more instances", told["errorMessage"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.Equal(4, (await ServerWithPacs.SendAsync(admin, "GET", $"/xapi/dqr/import/history/{ids[0]}/report"))!["grown"]!.GetValue<int>());
            await RunningServer.EventuallyAsync(async () => await database.FindAsync<string>("select 'x' from qr_growth where request_id = @id and looked = 1", new { id = ids[1] }, Token));
            await RunningServer.EventuallyAsync(async () => await database.ExecuteAsync(Now, null, Token) > 0 ? "" : null);
            await RunningServer.EventuallyAsync(async () => await database.FindAsync<string>("select 'x' where not exists (select from qr_growth)", null, Token));
            Assert.Equal("complete", (await RowAsync(admin, ids[1]))["state"]!.GetValue<string>());
        }
        finally
        {
            Directory.Delete(before, recursive: true);
            Directory.Delete(after, recursive: true);
        }
    }
}
