using System.Text.Json.Nodes;
using Vesalius.Dicom.Network;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>What PACS do wrong, and what becomes of requests then (R4–R6).</summary>
[Trait("Speed", "Slow")]
public sealed class PacsFaultTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const int Studies = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null) => ServerWithPacs.SendAsync(client, method, address, body);

    // A PACS with four studies of eight images each, and a project for them.
    private async Task WithPacsAsync(string name, PacsFaults faults, Func<HttpClient, FaultyPacs, long, Task> story, string rules = "{}", int attempts = 5, int threads = 4)
    {
        var folder = RetrievalStudies.Make(Studies, 4);
        try
        {
            await using var pacs = await FaultyPacs.StartAsync([("XNAT", server.DicomPort)], [folder], Token);
            pacs.Faults = faults;
            using var admin = server.Client();
            await SendAsync(admin, "POST", "/xapi/dqr/settings", $$"""{"allowAllProjectsToUseDqr":true,"dqrMaxPacsRequestAttempts":"{{attempts}}","dqrWaitToRetryRequestInSeconds":"1"}""");
            await SendAsync(admin, "PUT", $"/data/projects/{name}");
            await story(admin, pacs, await ImportSteps.RegisterAsync(admin, name, pacs.Port, FaultyPacs.AeTitle, threads, rules));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<IReadOnlyList<JsonNode>> ImportAsync(HttpClient admin, long pacs, string project) =>
        await ImportSteps.EndedAsync(admin, await ImportSteps.ImportAsync(admin, pacs, server.DicomPort, project, [.. Enumerable.Range(1, Studies)]));

    private async Task AssertWholeAsync(HttpClient admin, string project, IReadOnlyList<JsonNode> ended)
    {
        Assert.All(ended, e => Assert.Equal(("complete", 8), (e["state"]!.GetValue<string>(), e["arrived"]!.GetValue<int>())));
        Assert.Equal(["S1_MR", "S2_MR", "S3_MR", "S4_MR"], (await RunningServer.RowsAsync(admin, $"/data/projects/{project}/experiments?format=json")).Select(r => r["label"]).Order(StringComparer.Ordinal));
        Assert.All(Enumerable.Range(1, Studies), s => Assert.Equal(
            8, Directory.GetFiles(Path.Combine(server.Data, "archive", project, "arc001", $"S{s}_MR", "SCANS"), "*.dcm", SearchOption.AllDirectories).Length));
    }

    /// <summary>A list is searched for with as many questions at once as the schedule agrees to, not more (xapi A.7).</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public Task Batch_query_keeps_to_what_the_schedule_allows(int threads) => WithPacsAsync($"BATCH{threads}", new PacsFaults { Delay = TimeSpan.FromMilliseconds(100) }, async (admin, pacs, id) =>
    {
        var list = "Accession Number,Subject\n" + string.Concat(Enumerable.Range(0, 12).Select(i => $"{RetrievalStudies.Accession(1 + (i % Studies))},S{i}\n"));
        using var form = new MultipartFormDataContent { { new StringContent(list), "csv_to_store", "list.csv" }, { new StringContent($"{id}"), "pacsId" } };
        using var response = await admin.PostAsync("/xapi/dqr/query/batch", form, Token);
        var rows = JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!.AsArray();
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"S{i} {RetrievalStudies.Uid(1 + (i % Studies))}"), rows.Select(r => $"{r!["relabelMap"]!["Subject"]} {Assert.Single(r["studies"]!.AsArray())!["studyInstanceUid"]}"));
        // An association that is being released may still count.
        Assert.InRange(pacs.HighestAssociations, threads, threads == 1 ? 2 : 2 * threads);
    }, threads: threads);

    /// <summary>It drops the association in the middle of three retrievals: what came is not fetched again, what did not is.</summary>
    [Fact]
    public Task Dropped_retrievals_go_on_where_they_were() => WithPacsAsync("DROP1", new PacsFaults { DroppedRetrievals = 3 }, async (admin, pacs, id) =>
    {
        await AssertWholeAsync(admin, "DROP1", await ImportAsync(admin, id, "DROP1"));
        Assert.Equal(0, pacs.Faults.DroppedRetrievals);
        Assert.Contains("MOVE IMAGE", pacs.Operations);
        Assert.Equal(Studies * 8, pacs.Delivered.Count);
    });

    /// <summary>It dies in the middle and comes back; another PACS is served meanwhile.</summary>
    [Fact]
    public Task PACS_that_dies_in_the_middle_holds_up_only_its_own_requests() => WithPacsAsync("DIE1", new PacsFaults { DiesAfterObjects = 5 }, (admin, pacs, id) =>
        WithPacsAsync("WELL1", new PacsFaults(), async (_, _, well) =>
        {
            var held = await ImportSteps.ImportAsync(admin, id, server.DicomPort, "DIE1", [.. Enumerable.Range(1, Studies)]);
            await RunningServer.EventuallyAsync(async () => (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue?pacsId={id}"))!.AsArray().FirstOrDefault(r => r!["errorMessage"] is not null));
            await AssertWholeAsync(admin, "WELL1", await ImportAsync(admin, well, "WELL1"));
            Assert.NotEmpty((await SendAsync(admin, "GET", $"/xapi/dqr/import/queue?pacsId={id}"))!.AsArray());
            pacs.Revive();
            await AssertWholeAsync(admin, "DIE1", await ImportSteps.EndedAsync(admin, held));
        }));

    /// <summary>Each object comes twice: it is archived once.</summary>
    [Fact]
    public Task Objects_that_come_twice_are_kept_once() => WithPacsAsync("TWICE1", new PacsFaults { DeliversTwice = true }, async (admin, pacs, id) =>
    {
        await AssertWholeAsync(admin, "TWICE1", await ImportAsync(admin, id, "TWICE1"));
        Assert.Equal(Studies * 16, pacs.Delivered.Count);
    });

    /// <summary>Other patients' objects come with what was asked for: they are kept apart, in no project and in nobody's session.</summary>
    [Fact]
    public Task Objects_of_other_patients_are_kept_apart() => WithPacsAsync("FOREIGN1", new PacsFaults { ForeignObjects = 3 }, async (admin, pacs, id) =>
    {
        var ended = await ImportSteps.EndedAsync(admin, await ImportSteps.ImportAsync(admin, id, server.DicomPort, "FOREIGN1", 4));
        Assert.Equal(("complete", 8), (ended[0]["state"]!.GetValue<string>(), ended[0]["arrived"]!.GetValue<int>()));
        Assert.Equal("S4_MR", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/FOREIGN1/experiments?format=json"))["label"]);
        Assert.Equal(8, Directory.GetFiles(Path.Combine(server.Data, "archive", "FOREIGN1"), "*.dcm", SearchOption.AllDirectories).Length);
        Assert.Equal(11, pacs.Delivered.Count);
        Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/Unassigned?format=json"));
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/FOREIGN1?format=json"));
    });

    /// <summary>In busy hours it refuses every operation: the queue waits, no attempt is spent, and afterwards all of it is fetched.</summary>
    [Fact]
    public Task PACS_that_is_busy_is_left_alone_until_it_is_not() => WithPacsAsync("BUSY1", new PacsFaults { Refusal = new DimseStatus(0xA700) }, attempts: 1, story: async (admin, pacs, id) =>
    {
        var ids = await ImportSteps.ImportAsync(admin, id, server.DicomPort, "BUSY1", [.. Enumerable.Range(1, Studies)]);
        await RunningServer.EventuallyAsync(async () => (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue?pacsId={id}"))!.AsArray().FirstOrDefault(r => r!["errorMessage"] is not null));
        var asked = pacs.Operations.Count;
        await Task.Delay(TimeSpan.FromSeconds(2), Token);
        Assert.InRange(pacs.Operations.Count - asked, 0, 4);
        pacs.Faults = new PacsFaults();
        await AssertWholeAsync(admin, "BUSY1", await ImportSteps.EndedAsync(admin, ids));
    });

    /// <summary>It is slow, names no instances and counts nothing: it is waited for until nothing more comes.</summary>
    [Fact]
    public Task Slow_PACS_that_counts_nothing_is_waited_for() => WithPacsAsync(
        "SLOW1", new PacsFaults { CountsNothing = true, Delay = TimeSpan.FromMilliseconds(200) }, rules: """{"answersImageLevel":false,"countsInstances":false}""", story: async (admin, _, id) =>
        {
            var ended = await ImportAsync(admin, id, "SLOW1");
            await AssertWholeAsync(admin, "SLOW1", ended);
            Assert.Equal("stability", (await SendAsync(admin, "GET", $"/xapi/dqr/import/history/{ended[0]["id"]}/report"))!["basis"]!.GetValue<string>());
        });
}
