using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Vesalius.Acceptance.Faults;
using Vesalius.Database;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>The whole way of a list, with a server that is killed on it (R4–R8).</summary>
[Trait("Speed", "Slow")]
public sealed class ImportStoryTests
{
    private const string Project = "STORY1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null) => ServerWithPacs.SendAsync(client, method, address, body);

    private static async Task<JsonNode> ListAsync(HttpClient client, string address, byte[] list, long pacs)
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(list), "csv_to_store", "list.csv" }, { new StringContent(pacs.ToString(CultureInfo.InvariantCulture)), "pacsId" }, { new StringContent(Project), "projectId" },
        };
        using var response = await client.PostAsync(address, form, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static async Task<Dictionary<string, long>> CountsAsync(HttpClient client, string batch) =>
        (await SendAsync(client, "GET", $"xapi/dqr/import/batches/{batch}"))!["counts"]!.AsObject().ToDictionary(c => c.Key, c => c.Value!.GetValue<long>());

    private static long Ended(Dictionary<string, long> counts) => counts.Where(c => c.Key is "complete" or "incomplete" or "failed" or "refused" or "cancelled").Sum(c => c.Value);

    private static async Task UntilAsync(IntakeProcess server, RequestRecorder recorder, string batch, Func<Dictionary<string, long>, bool> isReached)
    {
        using var client = server.Client(recorder.Address);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(120));
        var counts = await CountsAsync(client, batch);
        while (!isReached(counts))
        {
            Assert.False(patience.IsCancellationRequested, "Not within two minutes: " + string.Join(", ", counts));
            await Task.Delay(50, Token);
            counts = await CountsAsync(client, batch);
        }
    }

    private static async Task<long> PrepareAsync(HttpClient admin, int pacsPort)
    {
        await SendAsync(admin, "POST", "xapi/dqr/settings", """{"allowAllProjectsToUseDqr":true,"dqrMaxPacsRequestAttempts":"3","dqrWaitToRetryRequestInSeconds":"1"}""");
        var pacs = (await SendAsync(admin, "POST", "xapi/pacs", ServerWithPacs.Pacs("Hospital", pacsPort)))!["id"]!.GetValue<long>();
        await SendAsync(admin, "PUT", $"xapi/pacs/{pacs}/rules", """{"patientIdDigits":8}""");
        foreach (var interval in (await SendAsync(admin, "GET", $"xapi/pacs/{pacs}/availability"))!.AsObject().SelectMany(d => d.Value!.AsArray()))
        {
            interval!["threads"] = 4;
            await SendAsync(admin, "PUT", $"xapi/pacs/{pacs}/availability/{interval["id"]}", interval.ToJsonString());
        }

        await SendAsync(admin, "PUT", $"data/projects/{Project}");
        await SendAsync(admin, "PUT", $"data/projects/{Project}/prearchive_code/4");
        await SendAsync(admin, "POST", "xapi/siteConfig", """{"enableSitewideSeriesImportFilter":true,"sitewideSeriesImportFilterMode":"blacklist","sitewideSeriesImportFilter":"^dose report$"}""");
        await SendAsync(admin, "POST", "xapi/opt-outs", $"[{string.Join(',', StoryList.OptedOut.Select(s => $"\"{RetrievalStudies.PatientId(s)}\""))}]");
        return pacs;
    }

    /// <summary>200 rows with every kind of dirt are previewed, imported through relabelling, filters and opt-outs while the server is killed twice; every row ends as it should, every
    /// session is complete, and no finished row names a patient.</summary>
    [Fact]
    public async Task List_of_200_dirty_rows_ends_right_though_the_server_is_killed_twice()
    {
        Assert.Equal(200, StoryList.Rows.Count);
        var studies = StoryList.Make();
        await using var server = new IntakeProcess();
        try
        {
            await server.StartAsync(Token);
            // Between everybody and the server, as a proxy that writes a log of addresses.
            await using var recorder = new RequestRecorder(server.Address);
            await using var orthanc = await OrthancServer.StartAsync([("XNAT", server.Port)], [studies], Token);
            string batch;
            var list = Path.Combine(studies, "list.csv");
            Task<(int ExitCode, string Output)> tool;
            using (var admin = server.Client(recorder.Address))
            {
                var pacs = await PrepareAsync(admin, orthanc.DicomPort);
                await ArchiveOneAsync(admin, server, pacs);
                await AssertPreviewAsync(admin, pacs);
                await File.WriteAllTextAsync(list, StoryList.Text(), Encoding.UTF8, Token);
                tool = ToolAsync(recorder, list);
                batch = (await RunningServer.EventuallyAsync(async () => (await SendAsync(admin, "GET", "xapi/dqr/import/batches"))!.AsArray().FirstOrDefault()))["id"]!.GetValue<string>();
                await UntilAsync(server, recorder, batch, c => Ended(c) >= 30 && c.ContainsKey("retrieving"));
            }

            await server.KillAsync(Token);
            await server.StartAsync(Token);
            await UntilAsync(server, recorder, batch, c => Ended(c) >= 90 && c.ContainsKey("retrieving"));
            await server.KillAsync(Token);
            await server.StartAsync(Token);
            var (exitCode, output) = await tool;
            Assert.True(exitCode == 5, output);
            Assert.Contains("The server does not answer; it is waited for.", output, StringComparison.Ordinal);
            Assert.Contains("row 155 (line", output, StringComparison.Ordinal);
            (exitCode, output) = await ToolAsync(recorder, list);
            Assert.True(exitCode == 5 && output.Contains($"known already, as batch {batch}", StringComparison.Ordinal), output);
            using (var admin = server.Client(recorder.Address))
            {
                await AssertRowsAsync(admin, batch);
                await AssertArchivedAsync(admin, server);
            }

            await AssertNoPatientAsync(server, recorder);
        }
        finally
        {
            Directory.Delete(studies, recursive: true);
        }
    }

    // It keeps watching while the server is killed.
    private static Task<(int ExitCode, string Output)> ToolAsync(RequestRecorder recorder, string list) => ImportTool.RunAsync(
        ["--csv", list, "--project", Project, "--pacs", "Hospital", "--url", recorder.Address.ToString()],
        new Dictionary<string, string> { ["VESALIUS_USER"] = "admin", ["VESALIUS_PASSWORD"] = IntakeProcess.Password }, Token);

    private static async Task ArchiveOneAsync(HttpClient admin, IntakeProcess server, long pacs)
    {
        var body = $$$"""{"pacsId":{{{pacs}}},"aeTitle":"XNAT","port":{{{server.Port}}},"projectId":"{{{Project}}}","studies":[{"studyInstanceUid":"{{{RetrievalStudies.Uid(StoryList.Archived)}}}","relabelMap":{"Subject":"S157","Session":"S157_MR"}}]}""";
        var id = (await SendAsync(admin, "POST", "xapi/dqr/import", body))![0]!["id"]!.GetValue<long>();
        await RunningServer.EventuallyAsync(async () => (await SendAsync(admin, "GET", "xapi/dqr/import/history"))!.AsArray().FirstOrDefault(h => h!["id"]!.GetValue<long>() == id && h["state"]!.GetValue<string>() == "complete"));
    }

    // The same list in every encoding that spreadsheets write is the same list.
    private static async Task AssertPreviewAsync(HttpClient admin, long pacs)
    {
        string? first = null;
        foreach (var encoding in (Encoding[])[Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32])
        {
            var preview = await ListAsync(admin, "xapi/dqr/import/lists/preview", [.. encoding.GetPreamble(), .. encoding.GetBytes(StoryList.Text())], pacs);
            var rows = preview["rows"]!.AsArray();
            Assert.Equal(200, rows.Count);
            for (var i = 0; i < rows.Count; i++)
            {
                var (row, expected) = (rows[i]!, StoryList.Rows[i]);
                Assert.True(expected.Preview == row["state"]!.GetValue<string>(), $"Row {i + 1}: {row.ToJsonString()}");
                Assert.Equal(expected.Preview != "Accepted", row["notes"]!.AsArray().Count > 0);
            }

            Assert.Equal(["Remarks"], preview["unknownHeaders"]!.AsArray().Select(h => h!.GetValue<string>()));
            Assert.Equal(first ??= rows.ToJsonString(), rows.ToJsonString());
        }

        // Nothing was asked of the PACS, and nothing queued.
        Assert.Equal(0, (await SendAsync(admin, "GET", "xapi/dqr/import/queue/count?all=true"))!.GetValue<int>());
    }

    private static async Task AssertRowsAsync(HttpClient admin, string batch)
    {
        var ended = (await SendAsync(admin, "GET", $"xapi/dqr/import/batches/{batch}/rows?size=1000"))!.AsArray().ToDictionary(r => r!["row"]!.GetValue<int>(), r => r!);
        for (var i = 0; i < StoryList.Rows.Count; i++)
        {
            var expected = StoryList.Rows[i];
            var row = ended.GetValueOrDefault(i + 1);
            Assert.True(expected.End == row?["state"]!.GetValue<string>(), $"Row {i + 1} should be {expected.End}: {row?.ToJsonString()}");
            if (expected.End == "complete")
            {
                Assert.Equal((expected.Subject, expected.Session), (row!["subjectLabel"]!.GetValue<string>(), row["experimentLabel"]!.GetValue<string>()));
                Assert.Equal(row["expected"]!.GetValue<int>(), row["arrived"]!.GetValue<int>());
            }
            else if (row is not null)
            {
                Assert.Contains("There was a problem", row["errorMessage"]!.GetValue<string>(), StringComparison.Ordinal);
            }
        }
    }

    private static async Task AssertArchivedAsync(HttpClient admin, IntakeProcess server)
    {
        var expected = StoryList.Rows.Where(r => r.Session is not null).Select(r => (Session: r.Session!, Subject: r.Subject!, r.Scans)).Append((Session: "S157_MR", Subject: "S157", Scans: 2)).OrderBy(e => e.Session, StringComparer.Ordinal).ToList();
        var experiments = await RunningServer.RowsAsync(admin, $"data/projects/{Project}/experiments?format=json&columns=label,subject_label");
        Assert.Equal(expected.Select(e => e.Session), experiments.Select(e => e["label"]).Order(StringComparer.Ordinal));
        Assert.Equal(expected.Select(e => e.Subject).Order(StringComparer.Ordinal), (await RunningServer.RowsAsync(admin, $"data/projects/{Project}/subjects?format=json")).Select(s => s["label"]).Order(StringComparer.Ordinal));
        Assert.Empty(await RunningServer.RowsAsync(admin, "data/prearchive/projects?format=json"));
        // Nothing of what is filtered was even fetched: the refusals that the intake counted would tell.
        var refusals = (await SendAsync(admin, "GET", "xapi/opt-outs"))!["refusals"]!.AsArray();
        Assert.DoesNotContain(refusals, r => r!["reason"]!.GetValue<string>() is "seriesFilter" or "optOut");
        // A kill between the count and the end of a row may count it once more.
        Assert.InRange(refusals.Where(r => r!["reason"]!.GetValue<string>() == "optOutRequest").Sum(r => r!["count"]!.GetValue<int>()), StoryList.OptedOut.Length, StoryList.OptedOut.Length + 2);
        foreach (var (session, subject, scans) in expected)
        {
            var files = Directory.GetFiles(Path.Combine(server.Data, "archive", Project, "arc001", session, "SCANS"), "*.dcm", SearchOption.AllDirectories);
            Assert.Equal(scans * 2, files.Length);
            var objects = files.Select(f => Part10File.Read(File.ReadAllBytes(f)).DataSet).ToList();
            Assert.Equal(scans * 2, objects.Select(o => o.GetString(Tag.SOPInstanceUID)).Distinct().Count());
            Assert.All(objects, o => Assert.DoesNotContain(RetrievalStudies.SecretName, o.GetString(Tag.PatientName) ?? "", StringComparison.Ordinal));
            var rows = await RunningServer.RowsAsync(admin, $"data/projects/{Project}/experiments/{session}/scans?format=json");
            Assert.Equal(scans, rows.Count);
            Assert.NotEmpty(subject);
        }
    }

    // Rows that finished keep nothing; those that may be repeated keep what was asked for, and log, audit and addresses nothing of anybody.
    private static async Task AssertNoPatientAsync(IntakeProcess server, RequestRecorder recorder)
    {
        var secrets = Enumerable.Range(1, StoryList.Studies).SelectMany(s => (string[])[RetrievalStudies.Accession(s), RetrievalStudies.PatientId(s), RetrievalStudies.Uid(s)])
            .Append(RetrievalStudies.SecretName).ToArray();
        // Nor does an address that anybody asked for, from the upload of the list to the look at what was archived.
        Assert.Contains(recorder.Lines, l => l.StartsWith("POST /xapi/dqr/import/lists", StringComparison.Ordinal));
        Assert.Contains(recorder.Lines, l => l.Contains("/rows?", StringComparison.Ordinal));
        Assert.True(recorder.Lines.Count > 100, $"Only {recorder.Lines.Count} requests were seen.");
        Assert.All(recorder.Lines, l => Assert.DoesNotContain(secrets, s => Uri.UnescapeDataString(l).Contains(s, StringComparison.OrdinalIgnoreCase)));
        await using (var database = new VesaliusDatabase(server.Postgres.ConnectionString()))
        {
            // All that a dump would hold, but for the archive's own rows, in which the images' numbers stand as in the images: this project has no script.
            var tables = await database.QueryAsync<string>("select tablename::text from pg_tables where schemaname = 'public' and not starts_with(tablename, 'archive_')", null, Token);
            Assert.All((string[])["qr_request", "qr_instance", "qr_batch", "qr_growth", "jobs_job", "access_audit", "access_workflow"], t => Assert.Contains(t, tables));
            foreach (var table in tables)
            {
                var found = await database.FindAsync<string>($"select t::text from \"{table}\" t where t::text like any (@patterns) limit 1", new { patterns = secrets.Select(s => $"%{s}%").ToArray() }, Token);
                Assert.True(found is null, $"{table}: {found}");
            }
        }

        await server.KillAsync(Token);
        Assert.All(secrets, s => Assert.DoesNotContain(s, server.Log, StringComparison.Ordinal));
        // The database's own log too, which quotes statements that fail.
        foreach (var file in Directory.EnumerateFiles(server.Data, "*.log", SearchOption.AllDirectories))
        {
            var text = await File.ReadAllTextAsync(file, Token);
            Assert.All(secrets, s => Assert.DoesNotContain(s, text, StringComparison.Ordinal));
        }
    }
}
