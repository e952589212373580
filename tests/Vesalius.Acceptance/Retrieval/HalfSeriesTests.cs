using System.Text.Json.Nodes;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>A PACS that delivers half of a series and calls it success (R6).</summary>
[Trait("Speed", "Slow")]
public sealed class HalfSeriesTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const int Studies = 5;
    private const int Lacking = 5;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null) => ServerWithPacs.SendAsync(client, method, address, body);

    /// <summary>Four studies come half and are completed; the fifth lacks two instances for good. Never more than two retrievals run at once.</summary>
    [Fact]
    public async Task Half_series_are_completed_and_what_the_PACS_lacks_is_named()
    {
        var folder = RetrievalStudies.Make(Studies, 4);
        try
        {
            await using var pacs = await FaultyPacs.StartAsync([("XNAT", server.DicomPort)], [folder], Token);
            string[] lacked = [$"{RetrievalStudies.Uid(Lacking)}.1.3", $"{RetrievalStudies.Uid(Lacking)}.2.1"];
            pacs.Faults = new PacsFaults { HalfRetrievals = Studies, LackedInstances = lacked, Delay = TimeSpan.FromMilliseconds(20) };
            using var admin = server.Client();
            await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllProjectsToUseDqr":true,"dqrMaxPacsRequestAttempts":"1","dqrWaitToRetryRequestInSeconds":"1"}""");
            var id = await ImportSteps.RegisterAsync(admin, "Faulty", pacs.Port, FaultyPacs.AeTitle, threads: 4, rules: """{"parallelRetrievals":2}""");
            await SendAsync(admin, "PUT", "/data/projects/HALF1");
            var ended = await ImportSteps.EndedAsync(admin, await ImportSteps.ImportAsync(admin, id, server.DicomPort, "HALF1", [.. Enumerable.Range(1, Studies)]));
            var incomplete = Assert.Single(ended, e => e["state"]!.GetValue<string>() == "incomplete");
            Assert.Equal(6, incomplete["arrived"]!.GetValue<int>());
            Assert.All(ended.Where(e => e != incomplete), e => Assert.Equal(("complete", 8), (e["state"]!.GetValue<string>(), e["arrived"]!.GetValue<int>())));

            var report = (await SendAsync(admin, "GET", $"/xapi/dqr/import/history/{incomplete["id"]}/report"))!;
            Assert.Equal(lacked, report["series"]!.AsArray().SelectMany(s => s!["missing"]!.AsArray()).Select(m => m!.GetValue<string>()).Order(StringComparer.Ordinal));

            // The incomplete one waits in the prearchive; only whole sessions are archived.
            Assert.Equal(
                ["S1_MR", "S2_MR", "S3_MR", "S4_MR"], (await RunningServer.RowsAsync(admin, "/data/projects/HALF1/experiments?format=json")).Select(r => r["label"]).Order(StringComparer.Ordinal));
            Assert.Equal(0, pacs.Faults.HalfRetrievals);
            Assert.Contains("MOVE IMAGE", pacs.Operations);
            Assert.Equal(2, pacs.HighestRetrievals);
            Assert.Equal(pacs.Delivered.Distinct().Count(), pacs.Delivered.Count);
            Assert.Equal((Studies * 8) - lacked.Length, pacs.Delivered.Count);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
