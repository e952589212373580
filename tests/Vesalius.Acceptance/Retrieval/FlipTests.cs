using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Vesalius.Database;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>FLIP's trust stack as client: set-up, import, polling, deletion, request for request (flip-client §2, §3, §5, §7, §8, §10 to §12).</summary>
public sealed partial class FlipTests : IAsyncLifetime
{
    private const string Script =
        """
        version "6.3"
        (0010,4000) := project
        (0010,0010) := subject // pseudonym
        (0010,0020) := subject
        (0008,1030) := session
        - (0008,0050)
        - (0008,0090)
        - (0010,0030)
        -(0010,4000)
        (0020,000D) := hashUID[(0020,000D)]
        (0020,000E) := hashUID[(0020,000E)]
        (0008,0018) := hashUID[(0008,0018)]
        (0012,0062) := "YES"
        (0012,0063) := "FLIP"
        """;

    private readonly RunningServer _server = new();
    private readonly string _studies = RetrievalStudies.Make(4);
    private OrthancServer? _orthanc;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _orthanc = await OrthancServer.StartAsync([("XNAT", _server.DicomPort)], [_studies], CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (_orthanc is { } orthanc)
        {
            await orthanc.DisposeAsync();
        }

        Directory.Delete(_studies, recursive: true);
    }

    // 2.1 to 2.3: a session in a cookie, a content type with everything, bodies or not.
    private async Task<HttpClient> SignInAsync()
    {
        using var basic = _server.Client();
        var session = (await (await basic.PostAsync("/data/JSESSION", null, Token)).Content.ReadAsStringAsync(Token)).Trim();
        Assert.NotEmpty(session);
        var client = _server.Client(login: null);
        client.DefaultRequestHeaders.Add("Cookie", $"JSESSIONID={session}");
        await SendAsync(client, "GET", "/xapi/users");
        return client;
    }

    private static async Task<(HttpStatusCode Status, string Text)> AskAsync(HttpClient client, string method, string address, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address) { Content = new StringContent(body ?? "", Encoding.UTF8) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var response = await client.SendAsync(request, Token);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    private static async Task<string> SendAsync(HttpClient client, string method, string address, string? body = null, string type = "application/json")
    {
        var (status, text) = await AskAsync(client, method, address, body, type);
        Assert.True((int)status is >= 200 and < 300, $"{method} {address}: {(int)status} {text}");
        return text;
    }

    // 3.10 to 3.18.
    private async Task SetUpAsync(HttpClient flip)
    {
        await SendAsync(flip, "GET", "/xapi/dqr/settings");
        await SendAsync(
            flip, "POST", "/xapi/dqr/settings",
            """{"pacsAvailabilityCheckFrequency":"1 minute","dqrWaitToRetryRequestInSeconds":"300","assumeSameSessionIfArrivedWithin":"30 minutes","allowAllUsersToUseDqr":true,"dqrCallingAe":"XNAT","notifyAdminOnImport":false,"allowAllProjectsToUseDqr":true,"leavePacsAuditTrail":false,"dqrMaxPacsRequestAttempts":"100"}""");
        await SendAsync(flip, "PUT", "/xapi/anonymize/site", Script, "text/plain");
        await SendAsync(flip, "PUT", "/xapi/anonymize/site/enabled", "true");
        // As the script does: with regular expressions.
        var receivers = await SendAsync(flip, "GET", "/xapi/dicomscp");
        var receiver = ReceiverObject().Matches(receivers).Select(m => m.Value).First(m => m.Contains("\"aeTitle\":\"XNAT\"", StringComparison.Ordinal));
        await SendAsync(flip, "DELETE", $"/xapi/dicomscp/{Id().Match(receiver).Groups[1].Value}");
        await SendAsync(
            flip, "POST", "/xapi/dicomscp",
            $$"""{"aeTitle":"XNAT","port":{{_server.DicomPort}},"enabled":true,"customProcessing":true,"directArchive":true,"identifier":"dqrObjectIdentifier","anonymizationEnabled":true,"whitelistEnabled":false,"whitelistText":"","routingExpressionsEnabled":false,"projectRoutingExpression":"","subjectRoutingExpression":"","sessionRoutingExpression":""}""");
        await SendAsync(flip, "POST", "/xapi/siteConfig", """{"addOhifViewLinkToProjectListingDefaults": true}""");
        await SendAsync(flip, "POST", "/xapi/pacs", ServerWithPacs.Pacs("Test PACS instance", _orthanc!.DicomPort));
        foreach (var day in (string[])["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"])
        {
            var (status, _) = await AskAsync(
                flip, "POST", "/xapi/pacs/1/availability",
                $$"""{"availabilityStart":"00:00","availabilityEnd":"24:00","availableNow":true,"dayOfWeek":"{{day}}","enabled":true,"pacsId":1,"threads":1,"utilizationPercent":100}""");
            Assert.Equal(HttpStatusCode.BadRequest, status);
        }
    }

    // 5.2 to 5.4.
    private async Task<string> ProjectAsync(HttpClient flip)
    {
        var (id, hub) = (Guid.NewGuid(), Guid.NewGuid());
        var xml = $"""
            <xnat:projectData xmlns:xnat="{_server.Address}data/projects"><ID>{id}</ID><secondary_ID>{hub}</secondary_ID><name>Stroke:{hub}-FL-Project</name><description>d</description></xnat:projectData>
            """;
        var (status, text) = await AskAsync(flip, "POST", "/data/projects", xml, "application/xml");
        Assert.True(status == HttpStatusCode.OK, text);
        Assert.Contains(await RunningServer.RowsAsync(flip, "/data/projects"), p => p["ID"] == $"{id}" && p["secondary_ID"] == $"{hub}");
        await SendAsync(flip, "PUT", $"/data/projects/{id}/prearchive_code/4");
        return $"{id}";
    }

    // 7.0 to 7.4.
    private async Task<List<long>> ImportAsync(HttpClient flip, string project, params int[] studies)
    {
        Assert.Equal(1, JsonNode.Parse(await SendAsync(flip, "GET", "/xapi/pacs"))![0]!["id"]!.GetValue<int>());
        var cohort = new List<string>();
        foreach (var study in studies)
        {
            var found = JsonNode.Parse(await SendAsync(flip, "POST", "/xapi/dqr/query/studies", $$"""{"accessionNumber":"{{RetrievalStudies.Accession(study)}}","pacsId":1,"modality":""}"""))!.AsArray();
            AssertStudy(Assert.Single(found)!);
            cohort.Add($$$"""{"studyInstanceUid":"{{{found[0]!["studyInstanceUid"]}}}","accessionNumber":"{{{RetrievalStudies.Accession(study)}}}","relabelMap":{"Subject":"{{{Guid.NewGuid()}}}","Session":"{{{RetrievalStudies.Accession(study)}}}"}}""");
        }

        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync(flip, "POST", "/xapi/dqr/query/studies", """{"accessionNumber":"ABSENT","pacsId":1,"modality":""}""")).Status);
        var ping = JsonNode.Parse(await SendAsync(flip, "GET", "/xapi/pacs/1/status"))!;
        Assert.True(ping["successful"]!.GetValue<bool>() && ping["enabled"]!.GetValue<bool>());
        Assert.All((string[])["pacsId", "pingTime", "created", "timestamp", "id", "disabled"], n => Assert.True(ping[n]!.GetValue<long>() >= 0));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(flip, "GET", "/xapi/pacs/77/status")).Status);
        var queued = JsonNode.Parse(await SendAsync(
            flip, "POST", "/xapi/dqr/import",
            $$"""{"pacsId":1,"aeTitle":"XNAT","port":{{_server.DicomPort}},"projectId":"{{project}}","forceImport":true,"studies":[{{string.Join(',', cohort)}}]}"""))!.AsArray();
        Assert.Equal(studies.Length, queued.Count);
        Assert.All(queued, q =>
        {
            Assert.Equal("QUEUED", q!["status"]!.GetValue<string>());
            Assert.NotEmpty(q["accessionNumber"]!.GetValue<string>());
            Assert.All((string[])["id", "pacsId", "queuedTime", "created", "priority"], n => Assert.True(q[n]!.GetValue<long>() > 0));
        });
        return [.. queued.Select(q => q!["id"]!.GetValue<long>())];
    }

    // §13: all of them text, none missing.
    private static void AssertStudy(JsonNode study)
    {
        Assert.All((string[])["studyInstanceUid", "studyDescription", "accessionNumber", "studyDate", "referringPhysicianName"], n => Assert.NotNull(study[n]!.GetValue<string>()));
        Assert.All(study["modalitiesInStudy"]!.AsArray(), m => Assert.NotNull(m!.GetValue<string>()));
        Assert.All((string[])["id", "name", "sex"], n => Assert.NotNull(study["patient"]![n]!.GetValue<string>()));
    }

    [Fact]
    public async Task Trust_is_set_up_and_a_cohort_is_imported_polled_and_deleted()
    {
        using var flip = await SignInAsync();
        await SetUpAsync(flip);
        var project = await ProjectAsync(flip);
        await ImportAsync(flip, project, 1, 2, 3);
        // 8.2, both generations: the label is the accession number.
        var archived = await RunningServer.EventuallyAsync(async () => await RunningServer.RowsAsync(flip, $"/data/projects/{project}/experiments") is { Count: 3 } rows ? rows : null);
        Assert.Equal([1, 2, 3], archived.Select(a => int.Parse(a["label"][2..], System.Globalization.CultureInfo.InvariantCulture)).Order());
        Assert.All(archived, a => Assert.All((string[])["ID", "label", "date", "project", "insert_date", "xsiType", "URI"], n => Assert.NotNull(a[n])));
        Assert.Equal(3, (await RunningServer.RowsAsync(flip, $"/data/experiments?project={project}")).Count);
        // 8.3 to 8.5 read the database: nothing is left in the queue, and history and direct archive speak of no failure.
        var database = (VesaliusDatabase)_server.Services.GetService(typeof(VesaliusDatabase))!;
        await RunningServer.EventuallyAsync(async () => await database.FindAsync<long>("select count(*) from xhbm_queued_pacs_request where xnat_project = @project", new { project }, Token) == 0 ? "" : null);
        Assert.Equal(["RECEIVED"], (await database.QueryAsync<string>("select status from xhbm_executed_pacs_request where xnat_project = @project", new { project }, Token)).Distinct());
        Assert.DoesNotContain("ERROR", await database.QueryAsync<string>("select status from xhbm_direct_archive_session where project = @project", new { project }, Token));
        // 3.A: what is archived carries pseudonyms only.
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_server.Data, "archive", project), "*.dcm", SearchOption.AllDirectories))
        {
            var header = Part10File.Read(await File.ReadAllBytesAsync(file, Token)).DataSet;
            Assert.Equal(("YES", null), (header.GetString(Tag.PatientIdentityRemoved), header.GetString(Tag.AccessionNumber)));
            Assert.True(Guid.TryParse(header.GetString(Tag.PatientName), out _));
            Assert.DoesNotContain("1.2.826.0.1.3680043.9.7433.9.", header.GetString(Tag.StudyInstanceUID)!, StringComparison.Ordinal);
        }

        await EnrichAsync(flip, project, archived[0]["label"]);
        await DeleteAsync(flip, database);
    }

    // 10.2, 10.3, 11.2 to 11.5: what was made of a session comes back to it.
    private static async Task EnrichAsync(HttpClient flip, string project, string accession)
    {
        var experiment = JsonNode.Parse(await SendAsync(flip, "GET", $"/data/projects/{project}/experiments/{accession}?format=json"))!;
        var session = $"/data/projects/{project}/subjects/{experiment["items"]![0]!["data_fields"]!["subject_ID"]}/experiments/{accession}";
        using (var zip = new System.IO.Compression.ZipArchive(new MemoryStream(await flip.GetByteArrayAsync($"{session}/scans/ALL/resources/DICOM/files?format=zip", Token))))
        {
            Assert.Equal([accession], zip.Entries.Select(e => e.FullName.Split('/')[0]).Distinct());
        }

        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(flip, "GET", $"{session}/scans/ALL/resources/NIFTI/files?format=zip")).Status);
        var before = JsonNode.Parse(await SendAsync(flip, "GET", $"{session}/scans?format=json"))!["ResultSet"]!["Result"]!.AsArray();
        var scan = before[0]!["ID"]!.GetValue<string>();
        // The scan is there already, with another type than FLIP names: it stays what it is.
        Assert.Equal("", await SendAsync(flip, "PUT", $"{session}/scans/{scan}?xsiType=xnat:petScanData"));
        Assert.Equal(before.ToJsonString(), JsonNode.Parse(await SendAsync(flip, "GET", $"{session}/scans?format=json"))!["ResultSet"]!["Result"]!.ToJsonString());
        await SendAsync(flip, "PUT", $"{session}/scans/99?xsiType=xnat:mrScanData");
        await SendAsync(flip, "PUT", $"{session}/scans/{scan}/resources/MASKS");
        Assert.Equal(HttpStatusCode.Conflict, (await AskAsync(flip, "PUT", $"{session}/scans/{scan}/resources/MASKS")).Status);
        var file = $"{session}/scans/{scan}/resources/MASKS/files/mask.nii.gz?inbody=true";
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(flip, "GET", file)).Status);
        foreach (var bytes in (string[])["{no JSON at all", "the second time"])
        {
            await SendAsync(flip, "PUT", file, bytes);
            Assert.Equal(bytes, await SendAsync(flip, "GET", file));
        }
    }

    // 12.2 to 12.4: what still waits.
    private async Task DeleteAsync(HttpClient flip, VesaliusDatabase database)
    {
        var project = await ProjectAsync(flip);
        foreach (var interval in JsonNode.Parse(await SendAsync(flip, "GET", "/xapi/pacs/1/availability"))!.AsObject().SelectMany(d => d.Value!.AsArray()))
        {
            interval!["threads"] = 0;
            await SendAsync(flip, "PUT", $"/xapi/pacs/1/availability/{interval["id"]}", interval.ToJsonString());
        }

        var ids = await ImportAsync(flip, project, 1, 4);
        await SendAsync(flip, "DELETE", $"/data/projects/{project}?removeFiles=true");
        // FLIP looks for what waited, and takes it out of the queue itself. The requests are over (R22): of each its key is left, and nothing that names a study or a patient.
        Assert.Equal(ids, await database.QueryAsync<long>("select id from xhbm_queued_pacs_request where xnat_project = @project order by id", new { project }, Token));
        Assert.Equal([""], (await database.QueryAsync<string>("select accession_number from xhbm_queued_pacs_request where xnat_project = @project and timestamp is not null", new { project }, Token)).Distinct());
        Assert.Equal(0, await database.FindAsync<long>("select count(*) from qr_request where project_id = @project", new { project }, Token));
        Assert.Equal("0", await SendAsync(flip, "GET", "/xapi/dqr/import/queue/count?all=true"));
        using (var other = await _server.UserAsync("flip-other"))
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(other, "POST", "/xapi/dqr/import/queue", $"[{ids[0]}]")).Status);
        }

        Assert.Equal("true", await SendAsync(flip, "DELETE", $"/xapi/dqr/import/queue/{ids[0]}"));
        Assert.Equal("true", await SendAsync(flip, "POST", "/xapi/dqr/import/queue", $"[{string.Join(',', ids.Skip(1))}]"));
        Assert.Empty(await database.QueryAsync<long>("select id from xhbm_queued_pacs_request where xnat_project = @project", new { project }, Token));
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(flip, "POST", "/xapi/dqr/import/queue", $"[{string.Join(',', ids)}]")).Status);
        Assert.Equal("true", await SendAsync(flip, "POST", "/xapi/dqr/import/queue", "[]"));
    }

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex ReceiverObject();

    [GeneratedRegex("\"id\":([0-9]+)")]
    private static partial Regex Id();
}
