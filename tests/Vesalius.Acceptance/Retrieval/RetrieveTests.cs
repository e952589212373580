using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Database;
using Vesalius.QueryRetrieve;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>A server and an Orthanc that knows it.</summary>
public sealed class ServerWithPacs : IAsyncLifetime
{
    private string _studies = "";

    /// <summary>The server.</summary>
    public RunningServer Server { get; } = new();

    /// <summary>The PACS.</summary>
    public OrthancServer Orthanc { get; private set; } = null!;

    /// <summary>Key of the PACS.</summary>
    public long PacsId { get; private set; }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _studies = RetrievalStudies.Make(12);
        await Server.InitializeAsync();
        Orthanc = await OrthancServer.StartAsync([("XNAT", Server.DicomPort)], [_studies], CancellationToken.None);
        using var admin = Server.Client();
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllProjectsToUseDqr":true,"dqrMaxPacsRequestAttempts":"1","dqrWaitToRetryRequestInSeconds":"1"}""");
        var made = await SendAsync(admin, "POST", "/xapi/pacs", Pacs("Test PACS instance", Orthanc.DicomPort));
        PacsId = made!["id"]!.GetValue<long>();
    }

    /// <summary>The body that FLIP registers a PACS with.</summary>
    public static string Pacs(string label, int port, string title = OrthancServer.AeTitle) =>
        $$"""{"aeTitle":"{{title}}","defaultQueryRetrievePacs":true,"defaultStoragePacs":true,"host":"127.0.0.1","label":"{{label}}","ormStrategySpringBeanId":"dicomOrmStrategy","queryRetrievePort":{{port}},"queryable":true,"storable":true,"supportsExtendedNegotiations":true}""";

    /// <summary>Sends JSON and reads JSON; anything but success fails the test.</summary>
    public static async Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{method} {address}: {(int)response.StatusCode} {text}");
        return text.Length > 0 && text[0] is '{' or '[' or 't' or 'f' or (>= '0' and <= '9') && response.IsSuccessStatusCode ? JsonNode.Parse(text) : null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        if (Orthanc is not null)
        {
            await Orthanc.DisposeAsync();
        }

        Directory.Delete(_studies, recursive: true);
    }
}

/// <summary>Search, import, queue and history against Orthanc (R4–R6, R8; xapi A.4–A.10).</summary>
public sealed class RetrieveTests(ServerWithPacs peers) : IClassFixture<ServerWithPacs>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private VesaliusDatabase Database => (VesaliusDatabase)peers.Server.Services.GetService(typeof(VesaliusDatabase))!;

    private static Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null, HttpStatusCode expected = HttpStatusCode.OK) =>
        ServerWithPacs.SendAsync(client, method, address, body, expected);

    private static async Task<JsonNode> EndedAsync(HttpClient client, long id)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(40));
        while (true)
        {
            var history = (await SendAsync(client, "GET", "/xapi/dqr/import/history?pageSize=1000"))!.AsArray();
            if (history.FirstOrDefault(h => h!["id"]!.GetValue<long>() == id) is { } row && row["state"]!.GetValue<string>() is "complete" or "incomplete" or "failed" or "refused")
            {
                return row;
            }

            await Task.Delay(100, patience.Token);
        }
    }

    private string Import(string project, int study, string relabel) =>
        $$$"""{"pacsId":{{{peers.PacsId}}},"aeTitle":"XNAT","port":{{{peers.Server.DicomPort}}},"projectId":"{{{project}}}","forceImport":true,"studies":[{"studyInstanceUid":"{{{RetrievalStudies.Uid(study)}}}","accessionNumber":"{{{RetrievalStudies.Accession(study)}}}","relabelMap":{{{relabel}}},"patient":"x","xnatProject":"y"}]}""";

    /// <summary>FLIP's calls of an import, request for request (flip-client §7, §8).</summary>
    [Fact]
    public async Task Study_is_found_imported_relabelled_and_archived_as_FLIP_asks()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/FLIP1");
        var pacs = (await SendAsync(admin, "GET", "/xapi/pacs"))!.AsArray();
        Assert.Contains(pacs, p => p!["id"]!.GetValue<long>() == peers.PacsId && p["queryRetrievePort"]!.GetValue<int>() == peers.Orthanc.DicomPort);
        var ping = (await SendAsync(admin, "GET", $"/xapi/pacs/{peers.PacsId}/status"))!;
        Assert.True(ping["successful"]!.GetValue<bool>() && ping["enabled"]!.GetValue<bool>() && ping["pingTime"]!.GetValue<long>() > 0 && ping["disabled"]!.GetValue<long>() == 0);
        var found = (await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"accessionNumber":"RJ00001","pacsId":{{peers.PacsId}},"modality":""}"""))!.AsArray();
        var study = Assert.Single(found)!;
        Assert.Equal(RetrievalStudies.Uid(1), study["studyInstanceUid"]!.GetValue<string>());
        Assert.Equal("2024-01-14", study["studyDate"]!.GetValue<string>());
        Assert.Equal($"{RetrievalStudies.SecretName}, Nr1", study["patient"]!["name"]!.GetValue<string>());
        foreach (var field in (string[])["studyDescription", "accessionNumber", "referringPhysicianName", "studyId"])
        {
            Assert.NotNull(study[field]);
        }

        using (var asked = new HttpRequestMessage(HttpMethod.Post, "/xapi/dqr/query/studies") { Content = new StringContent($$"""{"patientName":"*","pacsId":{{peers.PacsId}}}""", System.Text.Encoding.UTF8, "application/json") })
        {
            // Line by line, for people who watch; the last line says that these are all.
            asked.Headers.Accept.ParseAdd("application/x-ndjson");
            using var answer = await admin.SendAsync(asked, Token);
            Assert.Equal("application/x-ndjson", answer.Content.Headers.ContentType!.MediaType);
            var lines = (await answer.Content.ReadAsStringAsync(Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToList();
            Assert.Equal(lines.Count - 1, lines[^1]["count"]!.GetValue<int>());
            Assert.Null(lines[^1]["problem"]);
            Assert.Contains(lines.SkipLast(1), l => l["studyInstanceUid"]!.GetValue<string>() == RetrievalStudies.Uid(1));
        }

        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"accessionNumber":"NOWHERE","pacsId":{{peers.PacsId}},"modality":""}""", HttpStatusCode.NoContent);
        var queued = Assert.Single((await SendAsync(admin, "POST", "/xapi/dqr/import", Import("FLIP1", 1, """{"Subject":"6f1e-u","Session":"RJ00001"}""")))!.AsArray())!;
        Assert.Equal("QUEUED", queued["status"]!.GetValue<string>());
        Assert.Equal("RJ00001", queued["accessionNumber"]!.GetValue<string>());
        Assert.Equal(1, queued["priority"]!.GetValue<int>());
        var ended = await EndedAsync(admin, queued["id"]!.GetValue<long>());
        Assert.Equal(("complete", "RECEIVED", 4), (ended["state"]!.GetValue<string>(), ended["status"]!.GetValue<string>(), ended["arrived"]!.GetValue<int>()));
        var experiment = Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/FLIP1/experiments?format=json"));
        Assert.Equal("RJ00001", experiment["label"]);
        Assert.Equal("6f1e-u", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/FLIP1/subjects?format=json"))["label"]);
        await SendAsync(admin, "GET", $"/xapi/dqr/import/queue/{queued["id"]}", null, HttpStatusCode.NotFound);

        // Nothing of the patient is left in what the finished import keeps.
        foreach (var secret in (string[])[RetrievalStudies.SecretName, RetrievalStudies.PatientId(1), RetrievalStudies.Uid(1)])
        {
            Assert.Equal(0, await Database.FindAsync<long>("select count(*) from qr_request r where r.id = @id and r::text like '%' || @secret || '%'", new { id = queued["id"]!.GetValue<long>(), secret }, Token));
            Assert.Equal(0, await Database.FindAsync<long>("select count(*) from jobs_job j where j::text like '%' || @secret || '%'", new { secret }, Token));
            Assert.Equal(0, await Database.FindAsync<long>("select count(*) from access_audit a where a::text like '%' || @secret || '%'", new { secret }, Token));
        }

        Assert.Equal("RECEIVED", await Database.FindAsync<string>("select status from xhbm_executed_pacs_request where xnat_project = 'FLIP1'", null, Token));
        // Again, as another subject: an error record, and what is archived stays as it is.
        var again = Assert.Single((await SendAsync(admin, "POST", "/xapi/dqr/import", Import("FLIP1", 1, """{"Subject":"other","Session":"RJ00001"}""")))!.AsArray())!;
        var conflict = await EndedAsync(admin, again["id"]!.GetValue<long>());
        Assert.Equal("FAILED", conflict["status"]!.GetValue<string>());
        Assert.Contains("There was a problem", conflict["errorMessage"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("6f1e-u", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/FLIP1/subjects?format=json"))["label"]);
        Assert.Equal("FAILED", await Database.FindAsync<string>("select status from xhbm_executed_pacs_request where id = @id and accession_number = 'RJ00001'", new { id = again["id"]!.GetValue<long>() }, Token));
    }

    /// <summary>Only the series that were chosen.</summary>
    [Fact]
    public async Task Chosen_series_alone_are_fetched()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/SERIES1");
        var uid = RetrievalStudies.Uid(2);
        var series = (await SendAsync(admin, "POST", "/xapi/dqr/query/series", $$"""{"pacsId":{{peers.PacsId}},"studyInstanceUids":["{{uid}}"]}"""))![uid]!["results"]!.AsArray();
        Assert.Equal(["T1", "T2"], series.Select(s => s!["seriesDescription"]!.GetValue<string>()).Order());
        var body = $$$"""{"pacsId":{{{peers.PacsId}}},"projectId":"SERIES1","studies":[{"studyInstanceUid":"{{{uid}}}","seriesInstanceUids":["{{{uid}}}.2"],"relabelMap":{"Subject":"S2","Session":"S2_MR"}}]}""";
        var queued = Assert.Single((await SendAsync(admin, "POST", "/xapi/dqr/import", body))!.AsArray())!;
        Assert.Equal("complete", (await EndedAsync(admin, queued["id"]!.GetValue<long>()))["state"]!.GetValue<string>());
        Assert.Equal("2", Assert.Single(await RunningServer.RowsAsync(admin, "/data/projects/SERIES1/experiments/S2_MR/scans?format=json"))["ID"]);
        // By what they are called; where UIDs are given, too, these count.
        foreach (var (study, chosen, scan) in (IEnumerable<(int, string, string)>)[(9, "\"seriesDescriptions\":[\" t1\"]", "1"), (10, $"\"seriesInstanceUids\":[\"{RetrievalStudies.Uid(10)}.2\"],\"seriesDescriptions\":[\"T1\"]", "2")])
        {
            body = $$$"""{"pacsId":{{{peers.PacsId}}},"projectId":"SERIES1","studies":[{"studyInstanceUid":"{{{RetrievalStudies.Uid(study)}}}",{{{chosen}}},"relabelMap":{"Subject":"S{{{study}}}","Session":"S{{{study}}}_MR"}}]}""";
            queued = Assert.Single((await SendAsync(admin, "POST", "/xapi/dqr/import", body))!.AsArray())!;
            Assert.Equal("complete", (await EndedAsync(admin, queued["id"]!.GetValue<long>()))["state"]!.GetValue<string>());
            Assert.Equal(scan, Assert.Single(await RunningServer.RowsAsync(admin, $"/data/projects/SERIES1/experiments/S{study}_MR/scans?format=json"))["ID"]);
        }
    }

    /// <summary>A patient who opted out is not even retrieved, and two studies of the others keep their own labels.</summary>
    [Fact]
    public async Task Opted_out_patient_is_refused_before_retrieval()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/OPTOUT1");
        var registry = (Import.OptOutRegistry)peers.Server.Services.GetService(typeof(Import.OptOutRegistry))!;
        await registry.AddAsync([RetrievalStudies.PatientId(3)], "test", Token);
        var queued = Assert.Single((await SendAsync(admin, "POST", "/xapi/dqr/import", Import("OPTOUT1", 3, """{"Subject":"A","Session":"B"}""")))!.AsArray())!;
        var ended = await EndedAsync(admin, queued["id"]!.GetValue<long>());
        Assert.Equal(("refused", "FAILED", 0), (ended["state"]!.GetValue<string>(), ended["status"]!.GetValue<string>(), ended["arrived"]!.GetValue<int>()));
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/projects/OPTOUT1/experiments?format=json"));
        // Counted and audited, as the images would have been.
        var refusal = Assert.Single((await SendAsync(admin, "GET", "/xapi/opt-outs"))!["refusals"]!.AsArray(), r => r!["project"]!.GetValue<string>() == "OPTOUT1")!;
        Assert.Equal(("optOutRequest", $"pacs:{peers.PacsId}", 1), (refusal["reason"]!.GetValue<string>(), refusal["door"]!.GetValue<string>(), refusal["count"]!.GetValue<int>()));
        var audited = await admin.GetStringAsync("/xapi/audit?action=import.refused.optOutRequest", Token);
        Assert.Contains("OPTOUT1 study ", audited, StringComparison.Ordinal);
        Assert.DoesNotContain(RetrievalStudies.Uid(3), audited, StringComparison.Ordinal);
    }

    /// <summary>XNAT's batch query: one answer per row, in order.</summary>
    [Fact]
    public async Task Batch_query_answers_each_row_of_a_list_with_a_byte_order_mark_and_form_feeds()
    {
        using var admin = peers.Server.Client();
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(Encoding.UTF8.GetPreamble().Concat(Encoding.UTF8.GetBytes("\f\u200bPatient ID,Study  Date,Subject\r\n" + RetrievalStudies.PatientId(4) + "," + RetrievalStudies.StudyDate(4) + ",S4\r\n,,\r\nNOBODY,2024-01-01,S5\r\n")).ToArray()), "csv_to_store", "list.csv" },
            { new StringContent(peers.PacsId.ToString(System.Globalization.CultureInfo.InvariantCulture)), "pacsId" },
        };
        using var response = await admin.PostAsync("/xapi/dqr/query/batch", form, Token);
        var rows = JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!.AsArray();
        Assert.Equal(2, rows.Count);
        Assert.Equal(RetrievalStudies.Uid(4), rows[0]!["studies"]![0]!["studyInstanceUid"]!.GetValue<string>());
        Assert.Equal("S4", rows[0]!["relabelMap"]!["Subject"]!.GetValue<string>());
        Assert.Empty(rows[1]!["studies"]!.AsArray());
        Assert.False(response.Headers.Contains("Warning"));
    }

    /// <summary>Requests that wait are paused, reordered and deleted; those of others are not.</summary>
    [Fact]
    public async Task Waiting_requests_are_steered_by_their_owner_alone()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/QUEUE1");
        // Closed at all hours, so that nothing runs.
        var closed = (await SendAsync(admin, "POST", "/xapi/pacs", ServerWithPacs.Pacs("Closed", peers.Orthanc.DicomPort, "CLOSED")))!["id"]!.GetValue<long>();
        await SendAsync(admin, "PUT", $"/xapi/pacs/{peers.PacsId}", """{"defaultQueryRetrievePacs":true}""");
        foreach (var interval in (await SendAsync(admin, "GET", $"/xapi/pacs/{closed}/availability"))!.AsObject().SelectMany(d => d.Value!.AsArray()))
        {
            Assert.True((await SendAsync(admin, "DELETE", $"/xapi/pacs/{closed}/availability/{interval!["id"]}"))!.GetValue<bool>());
        }

        var body = $$$"""{"pacsId":"{{{closed}}}","aeTitle":"XNAT","port":"{{{peers.Server.DicomPort}}}","projectId":"QUEUE1","studies":[{"studyInstanceUid":"{{{RetrievalStudies.Uid(5)}}}","relabelMap":{}},{"studyInstanceUid":"{{{RetrievalStudies.Uid(6)}}}","relabelMap":{}},{"studyInstanceUid":"1.2.3.4"}]}""";
        // The PACS has no study 1.2.3.4, so there is no row for it.
        var ids = (await SendAsync(admin, "POST", "/xapi/dqr/import", body))!.AsArray().Select(r => r!["id"]!.GetValue<long>()).ToList();
        Assert.Equal(2, ids.Count);
        Assert.Equal("10", (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue/{ids[0]}"))!["priority"]!.ToString());
        Assert.Equal(2, (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue/count?pacsId={closed}"))!.GetValue<int>());
        await SendAsync(admin, "PUT", $"/xapi/dqr/import/queue/{ids[0]}/pause");
        Assert.Equal("paused", (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue/{ids[0]}"))!["state"]!.GetValue<string>());
        await SendAsync(admin, "PUT", $"/xapi/dqr/import/queue/{ids[0]}/resume");
        await SendAsync(admin, "PUT", $"/xapi/dqr/import/queue/{ids[0]}/priority?value=1");
        await SendAsync(admin, "GET", "/xapi/dqr/import/queue?sort=sideways", null, HttpStatusCode.BadRequest);
        using var other = await peers.Server.UserAsync("dqr-other");
        await SendAsync(other, "GET", "/xapi/dqr/import/queue", null, HttpStatusCode.Forbidden);
        await SendAsync(admin, "PUT", "/xapi/users/dqr-other/roles/Dqr");
        Assert.Empty((await SendAsync(other, "GET", "/xapi/dqr/import/queue"))!.AsArray());
        await SendAsync(other, "GET", "/xapi/dqr/import/queue?all=true", null, HttpStatusCode.Forbidden);
        await SendAsync(other, "GET", $"/xapi/dqr/import/queue/{ids[0]}", null, HttpStatusCode.Forbidden);
        await SendAsync(other, "POST", "/xapi/dqr/import/queue", $"[{ids[0]}]", HttpStatusCode.Forbidden);
        await SendAsync(other, "POST", "/xapi/dqr/import", body, HttpStatusCode.Forbidden);
        await SendAsync(admin, "POST", "/xapi/dqr/import/queue", $"[{ids[0]},999999]", HttpStatusCode.NotFound);
        await SendAsync(admin, "GET", $"/xapi/dqr/import/queue/{ids[0]}", null, HttpStatusCode.NotFound);
        Assert.True((await SendAsync(admin, "POST", "/xapi/dqr/import/queue", $"[{ids[1]}]"))!.GetValue<bool>());
        Assert.Equal(0, await Database.FindAsync<long>("select count(*) from qr_request where study_instance_uid = any (@uids)", new { uids = new[] { RetrievalStudies.Uid(5), RetrievalStudies.Uid(6) } }, Token));
    }

    /// <summary>Settings and registry as XNAT's tests exercise them (xapi A.2–A.5).</summary>
    [Fact]
    public async Task Settings_registry_and_schedule_answer_as_XNAT_does()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"pacsAvailabilityCheckFrequency":"5 seconds","unknown":1,"leavePacsAuditTrail":false}""");
        Assert.Equal("5 seconds", (await SendAsync(admin, "GET", "/xapi/dqr/settings"))!["pacsAvailabilityCheckFrequency"]!.GetValue<string>());
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"dqrMaxPacsRequestAttempts":"many"}""", HttpStatusCode.BadRequest);
        await SendAsync(admin, "PUT", "/xapi/dqr/settings/project/P9", """{"enabled":true}""", HttpStatusCode.NotModified);
        await SendAsync(admin, "POST", "/xapi/dqr/settings/project", """{"projectId":"P9","dqrEnabled":true}""");
        await SendAsync(admin, "POST", "/xapi/dqr/settings/project", """{"projectId":"P9","dqrEnabled":true}""", HttpStatusCode.Conflict);
        Assert.False((await SendAsync(admin, "PUT", "/xapi/dqr/settings/project/P9", """{"enabled":false}"""))!["dqrEnabled"]!.GetValue<bool>());
        var id = (await SendAsync(admin, "POST", "/xapi/pacs", """{"aeTitle":"SECOND","host":"localhost","queryRetrievePort":11112,"label":"Second"}"""))!["id"]!.GetValue<long>();
        await SendAsync(admin, "POST", "/xapi/pacs", """{"aeTitle":"SECOND","host":"localhost","queryRetrievePort":11112,"label":"Third"}""", HttpStatusCode.Conflict);
        await SendAsync(admin, "POST", "/xapi/pacs", """{"aeTitle":"TOO LONG A TITLE FOR DICOM","host":"localhost","queryRetrievePort":1,"label":"x"}""", HttpStatusCode.BadRequest);
        Assert.Equal("Second", (await SendAsync(admin, "PUT", $"/xapi/pacs/{id}", """{"storable":true,"host":null}"""))!["label"]!.GetValue<string>());
        await SendAsync(admin, "PUT", $"/xapi/pacs/{id}", """{"id":99}""", HttpStatusCode.BadRequest);
        await SendAsync(admin, "POST", $"/xapi/pacs/{id}/availability", """{"availabilityStart":"00:00","availabilityEnd":"24:00","dayOfWeek":"MONDAY","pacsId":1,"threads":1,"utilizationPercent":100}""", HttpStatusCode.BadRequest);
        var monday = (await SendAsync(admin, "GET", $"/xapi/pacs/{id}/availability"))!["MONDAY"]!.AsArray();
        await SendAsync(admin, "POST", $"/xapi/pacs/{id}/availability", """{"availabilityStart":"8:00","availabilityEnd":"24:00","dayOfWeek":"MONDAY","threads":1,"utilizationPercent":100}""", HttpStatusCode.BadRequest);
        await SendAsync(admin, "DELETE", $"/xapi/pacs/{id}/availability/{monday[0]!["id"]}");
        var made = (await SendAsync(admin, "POST", $"/xapi/pacs/{id}/availability", """{"availabilityStart":"8:00","availabilityEnd":"24:00","dayOfWeek":"MONDAY","threads":3,"utilizationPercent":0}"""))!;
        Assert.Equal(("08:00", "00:00", 0), (made["availabilityStart"]!.GetValue<string>(), made["availabilityEnd"]!.GetValue<string>(), made["threads"]!.GetValue<int>()));
        await SendAsync(admin, "PUT", $"/xapi/pacs/{id}/availability/{made["id"]}", made.ToJsonString(), HttpStatusCode.NotModified);
        var rules = (await SendAsync(admin, "PUT", $"/xapi/pacs/{id}/rules", """{"trustsAccessionNumber":false,"dateOrder":"DayMonthYear"}"""))!;
        Assert.Equal(("DayMonthYear", true), (rules["dateOrder"]!.GetValue<string>(), rules["trustsPatientId"]!.GetValue<bool>()));
        await SendAsync(admin, "DELETE", $"/xapi/pacs/{id}");
        await SendAsync(admin, "GET", $"/xapi/pacs/{id}", null, HttpStatusCode.NotFound);
    }
}
