using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>Rights, preferences, registry, schedule, queries, requests and lists as XNAT's API has them, row for row (xapi A.1–A.10).</summary>
public sealed class DqrContractTests(ServerWithPacs peers) : IClassFixture<ServerWithPacs>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<JsonNode?> SendAsync(HttpClient client, string method, string address, string? body = null, HttpStatusCode expected = HttpStatusCode.OK) =>
        ServerWithPacs.SendAsync(client, method, address, body, expected);

    private async Task<string> RefusedAsync(HttpClient client, string body, HttpStatusCode expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/xapi/dqr/import", content, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(expected == response.StatusCode, $"{(int)response.StatusCode} {text}");
        return text;
    }

    private string Import(long pacs, string project, string studies, string more = "") =>
        $$"""{"pacsId":{{pacs}},"aeTitle":"XNAT","port":{{peers.Server.DicomPort}},"projectId":"{{project}}","studies":[{{studies}}]{{more}}}""";

    // A PACS that is closed at all hours: what is asked of it waits.
    private async Task<long> ClosedAsync(HttpClient admin, string label)
    {
        var id = await ImportSteps.RegisterAsync(admin, label, peers.Orthanc.DicomPort, label, threads: 0);
        await SendAsync(admin, "PUT", $"/xapi/pacs/{peers.PacsId}", """{"defaultQueryRetrievePacs":true,"defaultStoragePacs":true}""");
        return id;
    }

    [Fact]
    public async Task A1_Role_preference_project_setting_and_edit_right_decide_who_imports()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/RIGHTS1");
        var closed = await ClosedAsync(admin, "RIGHTS");
        var body = Import(closed, "RIGHTS1", $$"""{"studyInstanceUid":"{{RetrievalStudies.Uid(1)}}"}""");
        using var member = await peers.Server.UserAsync("rights-member");
        await RefusedAsync(member, body, HttpStatusCode.Forbidden);
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllUsersToUseDqr":"true"}""");
        // Who may use it may not import everywhere.
        await RefusedAsync(member, body, HttpStatusCode.Forbidden);
        await SendAsync(admin, "PUT", "/data/projects/RIGHTS1/users/Members/rights-member");
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllProjectsToUseDqr":false}""");
        await RefusedAsync(member, body, HttpStatusCode.Forbidden);
        await SendAsync(admin, "PUT", "/xapi/dqr/settings/project/RIGHTS1", """{"enabled":true}""", HttpStatusCode.NotModified);
        await SendAsync(admin, "POST", "/xapi/dqr/settings/project", """{"projectId":"RIGHTS1","dqrEnabled":true}""");
        var row = Assert.Single((await SendAsync(member, "POST", "/xapi/dqr/import", body))!.AsArray())!;
        Assert.Equal("rights-member", row["username"]!.GetValue<string>());
        // A project that does not exist is accepted, as in XNAT.
        await SendAsync(member, "POST", "/xapi/dqr/import", Import(closed, "NOSUCHPROJECT", $$"""{"studyInstanceUid":"{{RetrievalStudies.Uid(2)}}"}"""));
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"allowAllUsersToUseDqr":false,"allowAllProjectsToUseDqr":true}""");
        await RefusedAsync(member, body, HttpStatusCode.Forbidden);
        await SendAsync(admin, "PUT", "/xapi/users/rights-member/roles/Dqr");
        await SendAsync(member, "GET", "/xapi/dqr/import/queue");
        await SendAsync(member, "POST", "/xapi/pacs", ServerWithPacs.Pacs("x", 104), HttpStatusCode.Forbidden);
        await SendAsync(member, "POST", $"/xapi/pacs/{closed}/availability", "{}", HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A2_Preferences_are_strings_or_natives_merge_and_are_for_those_with_access_to_all_data()
    {
        using var admin = peers.Server.Client();
        var before = (await SendAsync(admin, "GET", "/xapi/dqr/settings"))!.AsObject();
        Assert.All((string[])["dqrCallingAe", "pacsAvailabilityCheckFrequency", "dqrMaxPacsRequestAttempts", "dqrWaitToRetryRequestInSeconds", "notifyAdminOnImport", "assumeSameSessionIfArrivedWithin",
            "leavePacsAuditTrail", "ormStrategy", "patientNameStrategy", "resultSetLimitStrategy", "dicomWebEnabled", "dicomWebMetadataReadTimeoutSeconds", "dicomWebRetrieveReadTimeoutSeconds",
            "dimseConnectTimeoutSeconds", "dimseResponseTimeoutSeconds", "dimseRetrieveTimeoutSeconds", "dimseAcceptTimeoutSeconds", "dqrMaxThrottleSleepSeconds"], n => Assert.True(before.ContainsKey(n), n));
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"notifyAdminOnImport":true,"dimseAcceptTimeoutSeconds":"61","dqrMaxPacsCMOVEAttempts":1,"dqrWaitToRetryCMOVETimeInSeconds":"1","nonsense":{"a":1}}""");
        var after = (await SendAsync(admin, "GET", "/xapi/dqr/settings"))!.AsObject();
        Assert.Equal(("true", "61", "1", "1"), (after["notifyAdminOnImport"]!.ToString(), after["dimseAcceptTimeoutSeconds"]!.ToString(), after["dqrMaxPacsRequestAttempts"]!.ToString(), after["dqrWaitToRetryRequestInSeconds"]!.ToString()));
        Assert.Equal(before["ormStrategy"]!.ToString(), after["ormStrategy"]!.ToString());
        Assert.False(after.ContainsKey("nonsense"));
        using var user = await peers.Server.UserAsync("prefs-user");
        await SendAsync(user, "GET", "/xapi/dqr/settings", null, HttpStatusCode.Forbidden);
        await SendAsync(user, "POST", "/xapi/dqr/settings", "{}", HttpStatusCode.Forbidden);
        await SendAsync(admin, "PUT", "/xapi/users/prefs-user/groups", """["ALL_DATA_ACCESS"]""");
        await SendAsync(user, "GET", "/xapi/dqr/settings");
        await SendAsync(user, "POST", "/xapi/dqr/settings", "{}", HttpStatusCode.Forbidden);
        await SendAsync(admin, "PUT", "/xapi/users/prefs-user/groups", """["ALL_DATA_ADMIN"]""");
        await SendAsync(user, "POST", "/xapi/dqr/settings", """{"notifyAdminOnImport":false}""");
    }

    [Fact]
    public async Task A3_Project_settings_are_made_once_changed_read_and_removed()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/SETTING1");
        await SendAsync(admin, "GET", "/xapi/dqr/settings/project/SETTING1", null, HttpStatusCode.NotFound);
        await SendAsync(admin, "PUT", "/xapi/dqr/settings/project/SETTING1", """{"enabled":true}""", HttpStatusCode.NotModified);
        var made = (await SendAsync(admin, "POST", "/xapi/dqr/settings/project", """{"projectId":"SETTING1","dqrEnabled":false}"""))!;
        Assert.All((string[])["id", "created", "timestamp", "disabled"], n => Assert.True(made[n]!.GetValue<long>() >= 0));
        await SendAsync(admin, "POST", "/xapi/dqr/settings/project", """{"projectId":"SETTING1"}""", HttpStatusCode.Conflict);
        Assert.True((await SendAsync(admin, "PUT", "/xapi/dqr/settings/project/SETTING1", """{"enabled":true}"""))!["dqrEnabled"]!.GetValue<bool>());
        Assert.True((await SendAsync(admin, "GET", "/xapi/dqr/settings/project/SETTING1"))!["dqrEnabled"]!.GetValue<bool>());
        Assert.Contains((await SendAsync(admin, "GET", "/xapi/dqr/settings/project"))!.AsArray(), s => s!["projectId"]!.GetValue<string>() == "SETTING1");
        Assert.True((await SendAsync(admin, "GET", "/xapi/dqr/settings/project/SETTING1/enabled"))!.GetValue<bool>());
        using var user = await peers.Server.UserAsync("setting-user");
        await SendAsync(user, "GET", "/xapi/dqr/settings/project", null, HttpStatusCode.Forbidden);
        await SendAsync(user, "GET", "/xapi/dqr/settings/project/SETTING1/enabled", null, HttpStatusCode.Forbidden);
        Assert.True((await SendAsync(admin, "DELETE", "/xapi/dqr/settings/project/SETTING1"))!.GetValue<bool>());
        await SendAsync(admin, "DELETE", "/xapi/dqr/settings/project/SETTING1", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A4_Registry_has_one_default_of_each_kind_filters_and_keeps_pings()
    {
        using var admin = peers.Server.Client();
        var made = (await SendAsync(admin, "POST", "/xapi/pacs", $$"""{"aeTitle":"FOURTH","host":"127.0.0.1","queryRetrievePort":{{peers.Orthanc.DicomPort}},"label":"Fourth","extra":[1],"queryable":false}"""))!;
        var id = made["id"]!.GetValue<long>();
        Assert.Equal(
            ["id", "aeTitle", "host", "queryRetrievePort", "label", "queryable", "defaultQueryRetrievePacs", "storable", "defaultStoragePacs", "ormStrategySpringBeanId", "supportsExtendedNegotiations", "dicomWebEnabled",
                "dicomWebRootUrl", "dicomObjectIdentifier", "anonymizationEnabled", "retrieveLevel", "enabled", "created", "timestamp", "disabled"], made.AsObject().Select(p => p.Key));
        Assert.Equal((false, false, "STUDY", true), (made["queryable"]!.GetValue<bool>(), made["storable"]!.GetValue<bool>(), made["retrieveLevel"]!.GetValue<string>(), made["anonymizationEnabled"]!.GetValue<bool>()));
        Assert.DoesNotContain((await SendAsync(admin, "GET", "/xapi/pacs?queryable=true"))!.AsArray(), p => p!["id"]!.GetValue<long>() == id);
        Assert.Contains((await SendAsync(admin, "GET", "/xapi/pacs?storable=false"))!.AsArray(), p => p!["id"]!.GetValue<long>() == id);
        var changed = (await SendAsync(admin, "PUT", $"/xapi/pacs/{id}", """{"defaultQueryRetrievePacs":true,"defaultStoragePacs":true,"label":null}"""))!;
        Assert.Equal((true, true, "Fourth"), (changed["queryable"]!.GetValue<bool>(), changed["storable"]!.GetValue<bool>(), changed["label"]!.GetValue<string>()));
        var all = (await SendAsync(admin, "GET", "/xapi/pacs/"))!.AsArray();
        Assert.Equal([id], all.Where(p => p!["defaultQueryRetrievePacs"]!.GetValue<bool>()).Select(p => p!["id"]!.GetValue<long>()));
        Assert.Equal([id], all.Where(p => p!["defaultStoragePacs"]!.GetValue<bool>()).Select(p => p!["id"]!.GetValue<long>()));
        await SendAsync(admin, "PUT", $"/xapi/pacs/{peers.PacsId}", """{"defaultQueryRetrievePacs":true,"defaultStoragePacs":true}""");
        await SendAsync(admin, "GET", $"/xapi/pacs/{id}/status/last", null, HttpStatusCode.NoContent);
        var ping = (await SendAsync(admin, "GET", $"/xapi/pacs/{id}/status"))!;
        Assert.True(ping["successful"]!.GetValue<bool>());
        Assert.Equal(["created", "disabled", "enabled", "id", "pacsId", "pingTime", "successful", "timestamp"], ping.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal(ping["id"]!.GetValue<long>(), (await SendAsync(admin, "GET", $"/xapi/pacs/{id}/status/last"))!["id"]!.GetValue<long>());
        Assert.Single((await SendAsync(admin, "GET", $"/xapi/pacs/{id}/status/all"))!.AsArray());
        await SendAsync(admin, "DELETE", $"/xapi/pacs/{id}");
        await SendAsync(admin, "GET", $"/xapi/pacs/{id}/status/last", null, HttpStatusCode.NotFound);
        await SendAsync(admin, "GET", $"/xapi/pacs/{id}", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A5_Schedule_is_read_by_day_validated_and_changed()
    {
        using var admin = peers.Server.Client();
        var id = (await SendAsync(admin, "POST", "/xapi/pacs", """{"aeTitle":"FIFTH","host":"localhost","queryRetrievePort":11114,"label":"Fifth"}"""))!["id"]!.GetValue<long>();
        var days = (await SendAsync(admin, "GET", $"/xapi/pacs/{id}/availability"))!.AsObject();
        Assert.Equal(["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"], days.Select(d => d.Key));
        Assert.All(days, d => Assert.True(Assert.Single(d.Value!.AsArray())!["availableNow"] is not null));
        var monday = days["MONDAY"]![0]!["id"]!.GetValue<long>();
        const string Morning = """{"dayOfWeek":"MONDAY","availabilityStart":"8:00","availabilityEnd":"12:00","threads":2,"utilizationPercent":50}""";
        Assert.False((await SendAsync(admin, "POST", $"/xapi/pacs/{id}/availability/validate", Morning))!.GetValue<bool>());
        Assert.True((await SendAsync(admin, "DELETE", $"/xapi/pacs/{id}/availability/{monday}"))!.GetValue<bool>());
        Assert.True((await SendAsync(admin, "POST", $"/xapi/pacs/{id}/availability/validate", Morning))!.GetValue<bool>());
        var made = (await SendAsync(admin, "POST", $"/xapi/pacs/{id}/availability", Morning))!;
        Assert.Equal("08:00", made["availabilityStart"]!.GetValue<string>());
        var address = $"/xapi/pacs/{id}/availability/{made["id"]}";
        await SendAsync(admin, "PUT", address, made.ToJsonString(), HttpStatusCode.NotModified);
        made["threads"] = 3;
        Assert.Equal(3, (await SendAsync(admin, "PUT", address, made.ToJsonString()))!["threads"]!.GetValue<int>());
        Assert.Equal(3, (await SendAsync(admin, "GET", address))!["threads"]!.GetValue<int>());
        foreach (var wrong in (string[])[
            """{"dayOfWeek":"MONDAY","availabilityStart":"12:00","availabilityEnd":"11:00","threads":1,"utilizationPercent":100}""",
            """{"dayOfWeek":"MONDAY","availabilityStart":"11:00","availabilityEnd":"13:00","threads":1,"utilizationPercent":100}""",
            """{"dayOfWeek":"FRYDAY","availabilityStart":"13:00","availabilityEnd":"14:00","threads":1,"utilizationPercent":100}""",
            """{"dayOfWeek":"MONDAY","availabilityStart":"13:00","availabilityEnd":"14:00","threads":1,"utilizationPercent":101}""",
            """{"pacsId":999,"dayOfWeek":"MONDAY","availabilityStart":"13:00","availabilityEnd":"14:00","threads":1,"utilizationPercent":100}"""])
        {
            await SendAsync(admin, "POST", $"/xapi/pacs/{id}/availability", wrong, HttpStatusCode.BadRequest);
        }

        await SendAsync(admin, "DELETE", address);
        await SendAsync(admin, "GET", address, null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A6_Queries_take_names_dates_and_ranges_and_ask_the_default_PACS()
    {
        using var admin = peers.Server.Client();
        foreach (var (criteria, expected) in (IEnumerable<(string, int[])>)
        [
            ("""{"studyDateRange":{"start":"2024-01-14","end":"20240115"}}""", [1, 2, 11, 12]),
            ("""{"pacsId":0,"studyDateFrom":"2024/01/14","studyDateTo":"2024-01-14"}""", [1, 11]),
            ($$"""{"patientName":"{{RetrievalStudies.SecretName}}, Nr3","modality":""}""", [3]),
            ($$"""{"patientName":"{{RetrievalStudies.SecretName}}^Nr1*"}""", [1, 10, 11, 12]),
            ($$"""{"patientId":"{{RetrievalStudies.PatientId(5)}}","accessionNumber":""}""", [5]),
            ("""{"studyId":"ID7"}""", [7]),
            ($$"""{"seriesInstanceUid":"{{RetrievalStudies.Uid(4)}}.2"}""", [4]),
            ($$"""{"seriesInstanceUid":"{{RetrievalStudies.Uid(4)}}.2","studyInstanceUid":"{{RetrievalStudies.Uid(4)}}","modality":"MR"}""", [4]),
            ("""{"studyDateRange":"20240114-20240115"}""", [1, 2, 11, 12]),
        ])
        {
            var studies = (await SendAsync(admin, "POST", "/xapi/dqr/query/studies", criteria))!.AsArray();
            Assert.Equal(expected.Select(RetrievalStudies.Uid).Order(StringComparer.Ordinal), studies.Select(s => s!["studyInstanceUid"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        }

        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", """{"accessionNumber":"RJ00001","studyDateIsToday":true}""", HttpStatusCode.NoContent);
        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", """{"seriesInstanceUid":"1.2.3.4"}""", HttpStatusCode.NoContent);
        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"seriesInstanceUid":"{{RetrievalStudies.Uid(4)}}.2","studyInstanceUid":"{{RetrievalStudies.Uid(5)}}"}""", HttpStatusCode.NoContent);
        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", """{"accessionNumber":"RJ00001","studyDateRange":"lately"}""", HttpStatusCode.BadRequest);
        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", """{"studyDateRange":{"start":"yesterday"}}""", HttpStatusCode.BadRequest);
        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", """{"pacsId":9999,"accessionNumber":"x"}""", HttpStatusCode.NotFound);
        var patients = (await SendAsync(admin, "POST", "/xapi/dqr/query/patients", $$"""{"patientId":"{{RetrievalStudies.PatientId(6)}}"}"""))!;
        Assert.Equal((false, RetrievalStudies.PatientId(6)), (patients["hasLimitedResultSetSize"]!.GetValue<bool>(), Assert.Single(patients["results"]!.AsArray())!["id"]!.GetValue<string>()));
        var uid = RetrievalStudies.Uid(8);
        var series = Assert.IsType<JsonArray>((await SendAsync(admin, "POST", "/xapi/dqr/query/series", $$"""{"pacsId":{{peers.PacsId}},"studyInstanceUids":["{{uid}}"]}"""))![uid]!["results"]);
        Assert.All(series, s => Assert.Equal((s!["seriesInstanceUid"]!.GetValue<string>(), uid), (s["uniqueIdentifier"]!.GetValue<string>(), s["study"]!["studyInstanceUid"]!.GetValue<string>())));
        await SendAsync(admin, "POST", "/xapi/dqr/query/series", """{"studyInstanceUids":[]}""", HttpStatusCode.NoContent);
        var away = await ImportSteps.RegisterAsync(admin, "Away", FreePort.Take(), "AWAY");
        await SendAsync(admin, "PUT", $"/xapi/pacs/{peers.PacsId}", """{"defaultQueryRetrievePacs":true,"defaultStoragePacs":true}""");
        await SendAsync(admin, "POST", "/xapi/dqr/query/studies", $$"""{"pacsId":{{away}},"accessionNumber":"x"}""", HttpStatusCode.InternalServerError);
    }

    private async Task<HttpResponseMessage> BatchAsync(HttpClient admin, string text, string? more = null)
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(Encoding.UTF8.GetBytes(text)), "csv_to_store", "list.csv" },
            { new StringContent($"{peers.PacsId}"), "pacsId" },
        };
        if (more is not null)
        {
            form.Add(new StringContent("true"), more);
        }

        return await admin.PostAsync("/xapi/dqr/query/batch", form, Token);
    }

    [Fact]
    public async Task A7_Batch_answers_rows_in_order_warns_without_labels_and_bounds_the_list()
    {
        using var admin = peers.Server.Client();
        using var labelled = await BatchAsync(admin, $"accession  number,Subject,Relabel Patient Birth Date,Remarks\rRJ00007,S7,\"\"\"\"\"\",x\n,,,\r\nRJ00006,S6,,\n");
        var rows = JsonNode.Parse(await labelled.Content.ReadAsStringAsync(Token))!.AsArray();
        Assert.Equal([RetrievalStudies.Uid(7), RetrievalStudies.Uid(6)], rows.Select(r => r!["studies"]![0]!["studyInstanceUid"]!.GetValue<string>()));
        Assert.Equal(("S7", ""), (rows[0]!["relabelMap"]!["Subject"]!.GetValue<string>(), rows[0]!["relabelMap"]!["Relabel Patient Birth Date"]!.GetValue<string>()));
        Assert.Equal(["Subject"], rows[1]!["relabelMap"]!.AsObject().Select(r => r.Key));
        Assert.Equal("RJ00007", rows[0]!["criteria"]!["accessionNumber"]!.GetValue<string>());
        Assert.All(rows, r => Assert.Contains(r!["notes"]!.AsArray(), n => n!.GetValue<string>().Contains("Remarks", StringComparison.Ordinal)));
        // What a spreadsheet has made unreadable is answered for, not left out; a row without any criterion is left out.
        using var mangled = await BatchAsync(admin, "Accession Number,Subject\n1.23457E+11,S1\n,S2\nRJ*,S3\nRJ00001,S4\n");
        var answered = JsonNode.Parse(await mangled.Content.ReadAsStringAsync(Token))!.AsArray();
        Assert.Equal(["S1 Refused 0", "S3 Refused 0", "S4 Accepted 1"], answered.Select(r => $"{r!["relabelMap"]!["Subject"]} {r["state"]} {r["studies"]!.AsArray().Count}"));
        Assert.All(answered.Take(2), r => Assert.NotEmpty(r!["notes"]!.AsArray()));
        using var empty = await BatchAsync(admin, "");
        Assert.Contains("csv_to_store", await empty.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        using var bare = await BatchAsync(admin, $"Last Name,First Name,Study Date\n{RetrievalStudies.SecretName},Nr9,{RetrievalStudies.StudyDate(9)}\n");
        Assert.Contains("anon script", bare.Headers.GetValues("Warning").Single(), StringComparison.Ordinal);
        Assert.Equal(RetrievalStudies.Uid(9), JsonNode.Parse(await bare.Content.ReadAsStringAsync(Token))![0]!["studies"]![0]!["studyInstanceUid"]!.GetValue<string>());
        using var everything = await BatchAsync(admin, "Accession Number,Subject\n,S\n", "allowRowThatGetsAllStudiesOnPacs");
        Assert.Equal(12, JsonNode.Parse(await everything.Content.ReadAsStringAsync(Token))![0]!["studies"]!.AsArray().Count);
        using var many = await BatchAsync(admin, "Accession Number\n" + string.Concat(Enumerable.Range(0, 1001).Select(i => $"X{i}\n")));
        Assert.Equal(HttpStatusCode.BadRequest, many.StatusCode);
    }

    [Fact]
    public async Task A8_Requests_are_checked_echoed_and_left_out_where_the_PACS_has_no_study()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/ASKED1");
        var closed = await ClosedAsync(admin, "ASKED");
        var one = $$$"""{"studyInstanceUid":"{{{RetrievalStudies.Uid(1)}}}","relabelMap":{"Subject":"S","Session":"S_MR"},"patient":"x","studyId":1}""";
        var row = Assert.Single((await SendAsync(admin, "POST", "/xapi/dqr/import", Import(closed, "ASKED1", one, ""","requestId":"mine","retrieveLevel":"SERIES" """)))!.AsArray())!;
        Assert.Equal(("QUEUED", "mine", 1, $"XNAT:{peers.Server.DicomPort}"), (row["status"]!.GetValue<string>(), row["requestId"]!.GetValue<string>(), row["priority"]!.GetValue<int>(), row["destinationAeTitle"]!.GetValue<string>()));
        Assert.Equal(("S", "S_MR", RetrievalStudies.Accession(1)), (row["subjectLabel"]!.GetValue<string>(), row["experimentLabel"]!.GetValue<string>(), row["accessionNumber"]!.GetValue<string>()));
        Assert.Contains("(0010,0020)", row["remappingScript"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty((await SendAsync(admin, "POST", "/xapi/dqr/import", Import(closed, "ASKED1", """{"studyInstanceUid":"1.2.3"}""")))!.AsArray());
        var two = (await SendAsync(admin, "POST", "/xapi/dqr/import", Import(closed, "ASKED1", $$"""{"studyInstanceUid":"{{RetrievalStudies.Uid(2)}}"},{"studyInstanceUid":"{{RetrievalStudies.Uid(3)}}","anonScript":"(0010,0010) := \"A\""}""")))!.AsArray();
        Assert.Equal([10, 10], two.Select(r => r!["priority"]!.GetValue<int>()));
        Assert.Equal("(0010,0010) := \"A\"", two[1]!["remappingScript"]!.GetValue<string>());
        foreach (var (wrong, reason) in (IEnumerable<(string, string)>)
        [
            (Import(closed, "ASKED1", ""), "studies"),
            (Import(closed, "ASKED1", "{}"), "studyInstanceUid"),
            (Import(closed, "ASKED1", """{"studyInstanceUid":"1.2.3","anonScript":"nonsense := ("}"""), "There was a problem"),
            (Import(closed, "ASKED1", one, ""","retrieveLevel":"IMAGE" """), "retrieveLevel"),
            (Import(closed, "ASKED1", one).Replace("\"aeTitle\":\"XNAT\"", "\"aeTitle\":\"NOBODY\"", StringComparison.Ordinal), "There was a problem"),
        ])
        {
            Assert.Contains(reason, await RefusedAsync(admin, wrong, HttpStatusCode.BadRequest), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A9_Administrator_is_written_to_about_complete_imports_without_a_word_about_patients()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/LETTER1");
        await using var sink = new Access.SmtpSink();
        await SendAsync(admin, "POST", "/xapi/notifications/smtp", $$"""{"hostname":"127.0.0.1","port":{{sink.Port}},"smtpEnabled":true}""");
        await SendAsync(admin, "POST", "/xapi/siteConfig", """{"adminEmail":"pacs-admin@example.org"}""");
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"notifyAdminOnImport":true}""");
        var ids = await ImportSteps.ImportAsync(admin, peers.PacsId, peers.Server.DicomPort, "LETTER1", 5);
        var letter = await RunningServer.EventuallyAsync(() => Task.FromResult<string?>(
            sink.Letters.FirstOrDefault(l => l.To == "pacs-admin@example.org" && l.Text.Contains("LETTER1", StringComparison.Ordinal)).Text));
        await SendAsync(admin, "POST", "/xapi/dqr/settings", """{"notifyAdminOnImport":false}""");
        await SendAsync(admin, "POST", "/xapi/notifications/smtp", """{"smtpEnabled":false}""");
        Assert.Contains($"Request {ids[0]} ", letter, StringComparison.Ordinal);
        Assert.All((string[])[RetrievalStudies.SecretName, RetrievalStudies.PatientId(5), RetrievalStudies.Accession(5), RetrievalStudies.Uid(5), "S5"], s => Assert.DoesNotContain(s, letter, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A10_Queue_and_history_are_paged_counted_and_shortened_by_their_owner()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/PAGED1");
        var closed = await ClosedAsync(admin, "PAGED");
        var ids = await ImportSteps.ImportAsync(admin, closed, peers.Server.DicomPort, "PAGED1", 1, 2, 3);
        Assert.Equal(3, (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue/count?pacsId={closed}"))!.GetValue<int>());
        Assert.Equal(ids.OrderDescending(), (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue?pacsId={closed}"))!.AsArray().Select(r => r!["id"]!.GetValue<long>()));
        Assert.Equal([ids.Max()], (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue?pacsId={closed}&sort=asc&pageSize=2&page=2"))!.AsArray().Select(r => r!["id"]!.GetValue<long>()));
        Assert.True((await SendAsync(admin, "DELETE", $"/xapi/dqr/import/queue/{ids[0]}"))!.GetValue<bool>());
        await SendAsync(admin, "DELETE", $"/xapi/dqr/import/queue/{ids[0]}", null, HttpStatusCode.NotFound);
        Assert.True((await SendAsync(admin, "POST", "/xapi/dqr/import/queue", $"[{ids[1]},{ids[2]}]"))!.GetValue<bool>());
        Assert.Equal(0, (await SendAsync(admin, "GET", $"/xapi/dqr/import/queue/count?pacsId={closed}"))!.GetValue<int>());
        // What failed is in the history under the key that it had in the queue, and keeps no more of the patient than another attempt needs.
        var gone = RetrievalStudies.Uid(4) + ".9";
        var failed = Assert.Single((await SendAsync(admin, "POST", "/xapi/dqr/import", Import(peers.PacsId, "PAGED1", $$"""{"studyInstanceUid":"{{RetrievalStudies.Uid(4)}}","seriesInstanceUids":["{{gone}}"]}""")))!.AsArray())!["id"]!.GetValue<long>();
        var ended = Assert.Single(await ImportSteps.EndedAsync(admin, [failed]));
        Assert.Equal("FAILED", ended["status"]!.GetValue<string>());
        Assert.True((await SendAsync(admin, "GET", $"/xapi/dqr/import/history/{failed}"))!["executedTime"]!.GetValue<long>() > 0);
        Assert.True((await SendAsync(admin, "GET", "/xapi/dqr/import/history/count"))!.GetValue<int>() >= 1);
        Assert.Contains((await SendAsync(admin, "GET", "/xapi/dqr/import/status"))!.AsArray(), s => s!["id"]!.GetValue<long>() == failed);
        await SendAsync(admin, "GET", "/xapi/dqr/import/history/999999", null, HttpStatusCode.NotFound);
        await SendAsync(admin, "GET", "/xapi/dqr/import/history?sort=up", null, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Failed_request_keeps_what_another_attempt_needs_and_not_who_the_patient_is()
    {
        using var admin = peers.Server.Client();
        await SendAsync(admin, "PUT", "/data/projects/KEPT1");
        var studies = RetrievalStudies.Make(1);
        try
        {
            await using var orthanc = await OrthancServer.StartAsync([], [studies], Token);
            // It does not know our receiver as a destination.
            var pacs = await ImportSteps.RegisterAsync(admin, "Unknowing", orthanc.DicomPort, "UNKNOWING");
            await SendAsync(admin, "PUT", $"/xapi/pacs/{peers.PacsId}", """{"defaultQueryRetrievePacs":true,"defaultStoragePacs":true}""");
            var ended = Assert.Single(await ImportSteps.EndedAsync(admin, await ImportSteps.ImportAsync(admin, pacs, peers.Server.DicomPort, "KEPT1", 1)));
            Assert.Equal("failed", ended["state"]!.GetValue<string>());
            // It is erased right after the end is written down.
            ended = await RunningServer.EventuallyAsync(async () =>
                (await SendAsync(admin, "GET", $"/xapi/dqr/import/history/{ended["id"]}"))! is { } row && row["patientId"]!.GetValue<string>().Length == 0 ? row : null);
            Assert.Equal((RetrievalStudies.Uid(1), RetrievalStudies.Accession(1), "", ""),
                (ended["studyInstanceUid"]!.GetValue<string>(), ended["accessionNumber"]!.GetValue<string>(), ended["patientId"]!.GetValue<string>(), ended["patientName"]!.GetValue<string>()));
            Assert.Equal("S1", ended["subjectLabel"]!.GetValue<string>());
        }
        finally
        {
            Directory.Delete(studies, recursive: true);
        }
    }
}
