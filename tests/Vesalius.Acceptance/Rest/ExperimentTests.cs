using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>rest-api §5 to §9 row by row.</summary>
public sealed class ExperimentTests(RunningServer server) : IClassFixture<RunningServer>
{
    private RestClient Admin => new(server.Client());

    private static async Task<RestClient> WithAsync(RestClient admin, params string[] projects)
    {
        foreach (var id in projects)
        {
            await admin.PutAsync($"/data/projects/{id}");
        }

        return admin;
    }

    [Fact]
    public async Task E1_E2_E3_Lists_have_exactly_their_columns()
    {
        using var admin = await WithAsync(Admin, "E1");
        var mr = await admin.PutAsync("/data/projects/E1/subjects/s/experiments/mr?xsiType=xnat:mrSessionData&date=2024-01-02&fieldStrength=3.0", 201);
        var ct = await admin.PutAsync("/data/projects/E1/subjects/s/experiments/ct?xsiType=xnat:ctSessionData&date=2024-03-04", 201);
        var qc = await admin.PutAsync($"/data/projects/E1/experiments/{mr}/assessors/qc?xsiType=xnat:qcManualAssessorData", 201);
        var rows = await admin.RowsAsync("/data/projects/E1/experiments");
        Assert.Equal(["xnat:subjectassessordata/id", "ID", "project", "date", "xsiType", "label", "insert_date", "URI"], rows[0].Keys);
        Assert.Equal([mr, ct, qc], rows.Select(r => r["ID"]));
        Assert.Equal("", rows[2]["date"]);
        Assert.Equal([mr, ct], (await admin.RowsAsync("/data/projects/E1/subjects/s/experiments")).Select(r => r["ID"]));
        Assert.Equal([mr, ct], (await admin.RowsAsync("/data/subjects/" + (await admin.RowsAsync("/data/projects/E1/subjects"))[0]["ID"] + "/experiments")).Select(r => r["ID"]));
        var all = (await admin.RowsAsync("/data/experiments?project=E1"))[0];
        Assert.Equal(["ID", "project", "date", "xsiType", "label", "insert_date", "URI"], all.Keys);
        var typed = Assert.Single(await admin.RowsAsync("/data/experiments?project=E1&xsiType=xnat:mrSessionData"));
        Assert.Equal(["xnat:mrsessiondata/id", "ID", "project", "date", "xsiType", "label", "insert_date", "subject_ID", "subject_label", "URI"], typed.Keys);
        Assert.Equal("s", typed["subject_label"]);
        var assessors = Assert.Single(await admin.RowsAsync("/data/experiments?project=E1&xsiType=xnat:imageAssessorData"));
        Assert.Equal((mr, "mr", qc), (assessors["session_ID"], assessors["session_label"], assessors["ID"]));
        foreach (var list in (string[])["/data/projects/E1/experiments?", "/data/experiments?project=E1&"])
        {
            var sessions = await admin.RowsAsync(list + "columns=ID,session_ID,session_label,session_project");
            Assert.Equal([(mr, mr, "mr", "E1"), (ct, ct, "ct", "E1"), (qc, mr, "mr", "E1")], sessions.Select(r => (r["ID"], r["session_ID"], r["session_label"], r["session_project"])));
            Assert.Equal([mr, qc], (await admin.RowsAsync(list + "columns=ID&session_label=mr")).Select(r => r["ID"]));
        }

        Assert.Equal(["session_ID", "label", "project", "xsiType", "URI"], (await admin.RowsAsync("/data/experiments?project=E1&xsiType=xnat:imageSessionData&columns=label"))[0].Keys);
        Assert.Equal([mr], (await admin.RowsAsync("/data/projects/E1/experiments?fieldStrength=3.0&columns=ID")).Select(r => r["ID"]));
        Assert.Equal([ct], (await admin.RowsAsync("/data/projects/E1/experiments?date=2024-02-01-2024-12-31&columns=ID")).Select(r => r["ID"]));
        Assert.Equal([mr], (await admin.RowsAsync("/data/projects/E1/experiments?date=01/01/2024-02/01/2024&columns=ID")).Select(r => r["ID"]));
        Assert.Equal([ct, mr], (await admin.RowsAsync("/data/projects/E1/experiments?columns=ID,date&sortBy=date&sortOrder=DESC&xsiType=xnat:imageSessionData")).Select(r => r["ID"]));
        Assert.Equal([mr, ct], (await admin.RowsAsync("/data/projects/E1/experiments?xsiType=xnat:mrSessionData,xnat:ctSessionData&columns=ID,label,xsiType")).Select(r => r["ID"]));
        Assert.Equal([mr], (await admin.RowsAsync("/data/projects/E1/experiments?label=m*&columns=ID")).Select(r => r["ID"]));
        Assert.Equal([mr, ct], (await admin.RowsAsync("/data/experiments?project=E1&subject_label=s&columns=ID,label&xsiType=xnat:imageSessionData")).Select(r => r["ID"]));
        Assert.Contains(await admin.RowsAsync("/data/experiments?recent=1"), r => r["ID"] == ct);
        await admin.GetAsync("/data/experiments?date=yesterday", 400);
        await admin.GetAsync("/data/experiments?xsiType=xnat:nothingData", 400);
        await admin.GetAsync("/data/experiments?xsiType=xnat:subjectData", 400);
        Assert.NotEmpty(await admin.RowsAsync("/data/experiments?xsiType=xnat%253AmrSessionData"));
        Assert.DoesNotContain("totalRecords", await admin.GetAsync("/data/experiments?limit=1"), StringComparison.Ordinal);
        Assert.Contains("\"totalRecords\":\"3\"", await admin.GetAsync("/data/projects/E1/experiments"), StringComparison.Ordinal);
    }

    /// <summary>Columns as DAX asks for them: resources of scans, sessions, subjects and assessors, a row for each (rest-api §1.11).</summary>
    [Fact]
    public async Task Resources_are_columns_of_lists()
    {
        using var admin = await WithAsync(Admin, "RESCOLS");
        await admin.PutAsync("/data/projects/RESCOLS/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/RESCOLS/experiments/e/scans/1?xsiType=xnat:mrScanData&type=T1");
        await admin.PutAsync("/data/projects/RESCOLS/experiments/e/scans/2?xsiType=xnat:mrScanData&type=T2");
        await admin.PutAsync("/data/projects/RESCOLS/experiments/e/assessors/a?xsiType=xnat:qcManualAssessorData", 201);
        await admin.PutAsync("/data/projects/RESCOLS/experiments/e/scans/1/resources/NIFTI/files/f.nii?inbody=true", 200, "12345", "text/plain");
        await admin.PutAsync("/data/projects/RESCOLS/experiments/e/scans/1/resources/DICOM");
        foreach (var parent in (string[])["subjects/s", "experiments/e", "experiments/e/assessors/a/out"])
        {
            await admin.PutAsync($"/data/projects/RESCOLS/{parent}/resources/R{parent.Length}?format=F");
        }

        const string Scan = "xnat:imagesessiondata/scans/scan/";
        var scans = await admin.RowsAsync($"/data/experiments?project=RESCOLS&xsiType=xnat:imageSessionData&columns=ID,{Scan}id,{Scan}type,{Scan}file/label,{Scan}file/file_count,{Scan}file/file_size");
        Assert.Equal(
            [("1", "DICOM", "0", "0"), ("1", "NIFTI", "1", "5"), ("2", "", "0", "0")],
            scans.Select(r => (r[Scan + "id"], r[Scan + "file/label"], r[Scan + "file/file_count"], r[Scan + "file/file_size"])).Order());
        Assert.Equal(["1"], (await admin.RowsAsync($"/data/experiments?project=RESCOLS&columns={Scan}id&{Scan}file/label=NIFTI")).Select(r => r[Scan + "id"]));
        Assert.Equal(["DICOM", "NIFTI"], (await admin.RowsAsync("/data/projects/RESCOLS/experiments/e/scans?columns=ID,xnat:imageScanData/file/label&ID=1")).Select(r => r["xnat:imagescandata/file/label"]).Order());
        Assert.Equal("R13", (await admin.RowsAsync("/data/projects/RESCOLS/experiments?columns=ID,xnat:imageSessionData/resources/resource/label"))[0]["xnat:imagesessiondata/resources/resource/label"]);
        var subject = Assert.Single(await admin.RowsAsync("/data/projects/RESCOLS/subjects?columns=ID,xnat:subjectData/resources/resource/label,xnat:subjectData/resources/resource/format"));
        Assert.Equal(("R10", "F"), (subject["xnat:subjectdata/resources/resource/label"], subject["xnat:subjectdata/resources/resource/format"]));
        Assert.Equal("R29", Assert.Single(await admin.RowsAsync("/data/projects/RESCOLS/experiments?xsiType=xnat:qcManualAssessorData&columns=ID,xnat:qcManualAssessorData/out/file/label"))["xnat:qcmanualassessordata/out/file/label"]);
    }

    /// <summary>Scripts work in parallel: one of them makes an object, the others find it.</summary>
    [Fact]
    public async Task Object_that_many_put_at_once_is_made_once()
    {
        using var admin = await WithAsync(Admin, "PUTONCE");
        using var http = server.Client();
        var token = TestContext.Current.CancellationToken;
        async Task<List<(int Status, string Id)>> PutAsync(Func<int, string> address)
        {
            return [.. await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
            {
                using var response = await http.PutAsync(address(i), null, token);
                return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(token));
            }))];
        }

        foreach (var address in (string[])["subjects/one", "subjects/two/experiments/e?xsiType=xnat:mrSessionData", "experiments/e/assessors/a?xsiType=xnat:qcManualAssessorData"])
        {
            var answers = await PutAsync(_ => $"/data/projects/PUTONCE/{address}");
            Assert.Equal(Enumerable.Repeat(200, 15).Append(201), answers.Select(a => a.Status).Order());
            Assert.Single(answers.Select(a => a.Id).Distinct());
        }

        Assert.All(await PutAsync(i => $"/data/projects/PUTONCE/subjects/three/experiments/x{i}?xsiType=xnat:mrSessionData"), a => Assert.Equal(201, a.Status));
        Assert.Equal(16, (await admin.RowsAsync("/data/projects/PUTONCE/subjects/three/experiments")).Count);
        Assert.Equal(["one", "three", "two"], (await admin.RowsAsync("/data/projects/PUTONCE/subjects")).Select(r => r["label"]).Order());
    }

    [Fact]
    public async Task Joined_columns_give_a_row_per_object_and_nothing_that_may_not_be_read()
    {
        using var admin = await WithAsync(Admin, "J1", "J2");
        await admin.PutAsync("/data/projects/J1/subjects/s?gender=male", 201);
        await admin.PutAsync("/data/projects/J1/subjects/empty", 201);
        await admin.PutAsync("/data/projects/J1/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/J1/experiments/e/scans/1?xsiType=xnat:mrScanData&xnat:mrScanData/parameters/tr=2000");
        await admin.PutAsync("/data/projects/J1/experiments/e/scans/2?xsiType=xnat:mrScanData");
        var scans = await admin.RowsAsync("/data/experiments?project=J1&xsiType=xnat:mrSessionData&columns=ID,xnat:mrScanData/ID,xnat:mrScanData/parameters/tr,xnat:subjectData/label");
        Assert.Equal([("1", "2000.0"), ("2", "")], scans.Select(r => (r["xnat:mrscandata/id"], r["xnat:mrscandata/parameters/tr"])).Order());
        Assert.All(scans, r => Assert.Equal("s", r["subject_label"]));
        var subjects = await admin.RowsAsync("/data/projects/J1/subjects?columns=label,xnat:mrSessionData/label");
        Assert.Equal([("empty", ""), ("s", "e")], subjects.Select(r => (r["label"], r["xnat:mrsessiondata/label"])).Order());
        Assert.Equal(["1"], (await admin.RowsAsync("/data/projects/J1/experiments/e/scans?xnat:mrScanData/parameters/tr=1000-3000&columns=ID")).Select(r => r["ID"]));
        // The subject is shown in J2, its session is not.
        await admin.PutAsync("/data/projects/J1/subjects/s/projects/J2");
        using var reader = new RestClient(await server.UserAsync("j1-reader"));
        await admin.PutAsync("/data/projects/J2/users/collaborator/j1-reader");
        Assert.Equal(("s", ""), Assert.Single((await reader.RowsAsync("/data/projects/J2/subjects?columns=label,xnat:mrSessionData/label")).Select(r => (r["label"], r["xnat:mrsessiondata/label"]))));
        Assert.Empty(await reader.RowsAsync("/data/experiments?subject_label=s"));
        Assert.Empty(RestClient.Children(await reader.ItemAsync("/data/projects/J2/subjects/s"), "experiments/experiment"));
    }

    [Fact]
    public async Task E4_E5_E6_E7_E8_Session_is_made_read_and_changed()
    {
        using var admin = await WithAsync(Admin, "E5");
        var id = await admin.PutAsync("/data/archive/projects/E5/subjects/s/experiments/e?xsiType=xnat:mrSessionData&req_format=qs&xnat:mrSessionData/label=e&date=2024-01-02&time=10:20:30&note=first", 201);
        Assert.Equal(id, await admin.PutAsync("/data/projects/E5/subjects/s/experiments/e?xnat:mrSessionData/scanner/manufacturer=ACME&scanner=S1"));
        Assert.Equal(id, await admin.PutAsync($"/data/experiments/{id}?note=second&validation_status=ok"));
        var item = await admin.ItemAsync($"/data/projects/E5/experiments/{id}");
        Assert.Equal(("xnat:mrSessionData", "2024-01-02", "10:20:30", "second", "ACME", "S1"), (
            item.GetProperty("meta").GetProperty("xsi:type").GetString(), RestClient.Field(item, "date"), RestClient.Field(item, "time"), RestClient.Field(item, "note"),
            RestClient.Field(item, "scanner/manufacturer"), RestClient.Field(item, "scanner")));
        Assert.Equal("ok", RestClient.Field(Assert.Single(RestClient.Children(item, "validation")), "status"));
        Assert.Contains("<xnat:MRSession", await admin.GetAsync($"/data/experiments/{id}"), StringComparison.Ordinal);
        Assert.Equal("second", Assert.Single(await admin.RowsAsync($"/data/experiments/{id}?handler=values&columns=note"))["note"]);
        await admin.PutAsync("/data/projects/E5/experiments/by-project?xsiType=xnat:ctSessionData&subject_ID=new-subject", 201);
        Assert.Contains(await admin.RowsAsync("/data/projects/E5/subjects"), r => r["label"] == "new-subject");
        await admin.PutAsync("/data/experiments/UNKNOWN?xsiType=xnat:mrSessionData", 404);
        await admin.PutAsync("/data/projects/E5/subjects/s/experiments/untyped", 417);
        await admin.PutAsync("/data/projects/E5/subjects/s/experiments/a%20b?xsiType=xnat:mrSessionData", 417);
        await admin.PutAsync("/data/projects/E5/subjects/s/experiments/x?xsiType=xnat:imageSessionData", 417);
        await admin.PutAsync("/data/projects/E5/subjects/s/experiments/x?xsiType=xnat:unknownData", 400);
        await admin.PutAsync("/data/projects/E5/subjects/s/experiments/x?xsiType=xnat:mrSessionData&date=never", 400);
        await admin.GetAsync("/data/projects/E5/experiments/x", 404);
        await admin.PutAsync("/data/projects/E5/subjects/s/experiments/e?xsiType=xnat:ctSessionData", 409);
        await admin.PutAsync("/data/projects/E5/subjects/s/experiments/e?xnat:mrSessionData/ID=other", 400);
        Assert.Equal("CHOSEN", await admin.PutAsync("/data/projects/E5/subjects/s/experiments/CHOSEN?xsiType=xnat:mrSessionData&xnat:mrSessionData/ID=CHOSEN", 201));
        Assert.Contains("/data/experiments/", await admin.SendAsync("POST", "/data/projects/E5/subjects/s/experiments?xsiType=xnat:mrSessionData&label=posted", 200), StringComparison.Ordinal);
        await admin.SendAsync("POST", "/data/projects/E5/subjects/nobody/experiments?xsiType=xnat:mrSessionData&label=posted2", 404);
        await admin.PutAsync("/data/projects/NONE/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 404);
        await admin.PutAsync("/data/projects/E5/quarantine_code/1");
        await admin.PutAsync("/data/projects/E5/subjects/s/experiments/q?xsiType=xnat:mrSessionData", 201);
        Assert.Equal("quarantine", await admin.GetAsync("/data/projects/E5/experiments/q/status"));
    }

    [Fact]
    public async Task E5_Session_document_brings_scans_and_its_own_label_only()
    {
        using var admin = await WithAsync(Admin, "E5X");
        const string Document = """
            <xnat:MRSession xmlns:xnat="http://nrg.wustl.edu/xnat" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" label="e" project="E5X">
              <xnat:date>2024-01-02</xnat:date><xnat:fieldStrength>3.0</xnat:fieldStrength>
              <xnat:scans><xnat:scan ID="1" type="T1" xsi:type="xnat:mrScanData"><xnat:quality>usable</xnat:quality><xnat:parameters><xnat:voxelRes x="1.0" y="1.0" z="2.5"/><xnat:tr>2000</xnat:tr>
                <xnat:addParam name="k">v</xnat:addParam></xnat:parameters></xnat:scan></xnat:scans>
              <xnat:assessors><xnat:assessor xsi:type="xnat:qcManualAssessorData" label="qc1" project="E5X"><xnat:pass>1</xnat:pass></xnat:assessor></xnat:assessors>
            </xnat:MRSession>
            """;
        await admin.PutAsync("/data/projects/E5X/subjects/s/experiments/e", 201, Document);
        var item = await admin.ItemAsync("/data/projects/E5X/experiments/e");
        var scan = Assert.Single(RestClient.Children(item, "scans/scan"));
        Assert.Equal(("T1", "2.5", "2000.0"), (RestClient.Field(scan, "type"), RestClient.Field(scan, "parameters/voxelRes/z"), scan.GetProperty("data_fields").GetProperty("parameters/tr").GetRawText()));
        Assert.Equal("v", RestClient.Field(Assert.Single(RestClient.Children(scan, "parameters/addParam")), "addField"));
        Assert.Equal("qc1", RestClient.Field(Assert.Single(RestClient.Children(item, "assessors/assessor")), "label"));
        Assert.Equal(JsonValueKind.Number, scan.GetProperty("data_fields").GetProperty("xnat_imagescandata_id").ValueKind);
        // What the server says about the session is taken back unchanged.
        var xml = await admin.GetAsync("/data/projects/E5X/experiments/e?format=xml");
        await admin.PutAsync("/data/projects/E5X/subjects/s/experiments/e?allowDataDeletion=true", 200, xml);
        Assert.Equal(xml, await admin.GetAsync("/data/projects/E5X/experiments/e?format=xml"));
        await admin.PutAsync("/data/projects/E5X/subjects/s/experiments/e", 400, Document.Replace("label=\"e\"", "label=\"other\"", StringComparison.Ordinal));
        await admin.PutAsync("/data/projects/E5X/subjects/s/experiments/e", 422, Document[..100]);
        await admin.PutAsync("/data/projects/E5X/subjects/s/experiments/e", 400, Document.Replace("2024-01-02", "not a date", StringComparison.Ordinal));
    }

    /// <summary>§1.9: missing elements go where the document is authoritative; a scan keeps its type (§6.2) and goes by its ID alone (§6.4).</summary>
    [Fact]
    public async Task Scans_go_by_ID_or_with_a_document_that_has_them_no_more()
    {
        using var admin = await WithAsync(Admin, "SCANSGO");
        using var member = new RestClient(await server.UserAsync("scans-member"));
        await admin.PutAsync("/data/projects/SCANSGO/users/member/scans-member");
        const string Session = "/data/projects/SCANSGO/subjects/s/experiments/e";
        static string Document(params string[] scans) => $"""
            <xnat:MRSession xmlns:xnat="http://nrg.wustl.edu/xnat" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" label="e" project="SCANSGO">
              <xnat:scans>{string.Concat(scans.Select(i => $"<xnat:scan ID=\"{i}\" type=\"T1\" xsi:type=\"xnat:mrScanData\"/>"))}</xnat:scans>
            </xnat:MRSession>
            """;
        async Task<IEnumerable<string>> ScansAsync() => (await admin.RowsAsync($"{Session}/scans?columns=ID")).Select(r => r["ID"]);
        await admin.PutAsync(Session, 201, Document("1", "2", "3", "4"));
        await admin.PutAsync(Session, 200, Document("1", "5"));
        Assert.Equal(["1", "2", "3", "4", "5"], await ScansAsync());
        await admin.PutAsync(Session, 409, Document("1").Replace("mrScanData", "ctScanData", StringComparison.Ordinal));
        await member.PutAsync(Session + "?allowDataDeletion=true", 403, Document("1", "2"));
        Assert.Equal(["1", "2", "3", "4", "5"], await ScansAsync());
        await admin.PutAsync(Session + "?allowDataDeletion=true", 200, Document("1", "2", "6"));
        Assert.Equal(["1", "2", "6"], await ScansAsync());
        await admin.PutAsync(Session + "?allowDataDeletion=true", 200, Document().Replace("<xnat:scans></xnat:scans>", "<xnat:note>n</xnat:note>", StringComparison.Ordinal));
        Assert.Equal(["1", "2", "6"], await ScansAsync());
        foreach (var several in (string[])["T1", "ALL", "*", "1,2"])
        {
            await admin.DeleteAsync($"{Session}/scans/{several}", 404);
        }

        await admin.DeleteAsync($"{Session}/scans/2?removeFiles=true");
        Assert.Equal(["1", "6"], await ScansAsync());
    }

    [Fact]
    public async Task E9_E10_E11_Session_is_relabelled_moved_and_deleted_with_its_files()
    {
        using var admin = await WithAsync(Admin, "E9");
        var id = await admin.PutAsync("/data/projects/E9/subjects/s/experiments/old?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/E9/subjects/s/experiments/taken?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/E9/experiments/old/scans/1?xsiType=xnat:mrScanData");
        await admin.PutAsync("/data/projects/E9/experiments/old/scans/1/resources/R/files/a.txt?inbody=true", 200, "hello", "application/octet-stream");
        await admin.PutAsync("/data/projects/E9/subjects/s/experiments/old?label=taken", 409);
        await admin.PutAsync("/data/projects/E9/subjects/s/experiments/old?label=a%20b", 417);
        await admin.PutAsync("/data/projects/E9/subjects/s/experiments/old?label=new");
        Assert.Equal("hello", await admin.GetAsync("/data/projects/E9/experiments/new/scans/1/resources/R/files/a.txt"));
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "E9", "arc001", "old")));
        await admin.PutAsync("/data/projects/E9/subjects/t", 201);
        await admin.PutAsync("/data/projects/E9/experiments/new?subject_ID=t");
        Assert.Equal("t", Assert.Single(await admin.RowsAsync($"/data/experiments?ID={id}&columns=ID,subject_label"))["subject_label"]);
        await admin.GetAsync("/data/projects/E9/subjects/s/experiments/new", 404);
        await admin.DeleteAsync("/data/projects/E9/subjects/t/experiments/new?removeFiles=true");
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "E9", "arc001", "new")));
        await admin.DeleteAsync("/data/projects/E9/subjects/t/experiments/new", 404);
        await admin.GetAsync($"/data/experiments/{id}", 404);
    }

    [Fact]
    public async Task E12_E13_Session_is_shared_and_given_with_its_files()
    {
        using var admin = await WithAsync(Admin, "E12", "E12B", "E12C");
        var id = await admin.PutAsync("/data/projects/E12/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/E12/experiments/e/scans/1?xsiType=xnat:mrScanData");
        await admin.PutAsync("/data/projects/E12/experiments/e/scans/1/resources/R/files/a.txt?inbody=true", 200, "hello", "application/octet-stream");
        await admin.PutAsync("/data/projects/E12/experiments/e/projects/E12B?label=guest");
        await admin.PutAsync("/data/projects/E12/experiments/e/projects/E12B", 409);
        Assert.Equal([("e", "E12"), ("guest", "E12B")], (await admin.RowsAsync($"/data/experiments/{id}/projects")).Select(r => (r["label"], r["ID"])));
        Assert.Equal(("guest", "E12B"), Assert.Single((await admin.RowsAsync("/data/projects/E12B/experiments?columns=ID,label,project")).Select(r => (r["label"], r["project"]))));
        Assert.Equal("E12", Assert.Single(await admin.RowsAsync("/data/projects/E12B/experiments?columns=ID,project"))["project"]);
        await admin.PutAsync("/data/projects/E12B/subjects/x/experiments/guest?xsiType=xnat:mrSessionData", 200);
        using var member = new RestClient(await server.UserAsync("e12-member"));
        await admin.PutAsync("/data/projects/E12B/users/member/e12-member");
        Assert.Equal(["1"], (await member.RowsAsync("/data/projects/E12B/experiments/guest/scans")).Select(r => r["ID"]));
        Assert.Equal("hello", await member.GetAsync($"/data/experiments/{id}/scans/1/resources/R/files/a.txt"));
        await member.PutAsync("/data/projects/E12B/experiments/guest?note=mine", 403);
        await member.DeleteAsync("/data/projects/E12B/experiments/guest", 403);
        await member.PutAsync("/data/projects/E12/experiments/e/projects/E12B", 404);
        await admin.DeleteAsync($"/data/experiments/{id}/projects/E12B");
        await member.GetAsync($"/data/experiments/{id}", 404);
        for (var i = 0; i < 2; i++)
        {
            // Whether something is shared is guessed from the list before: wrong guesses must not show.
            Assert.Empty(await admin.RowsAsync("/data/projects/E12B/experiments"));
        }

        await admin.PutAsync("/data/projects/E12/experiments/e/projects/E12C?primary=true&label=given");
        Assert.Equal("hello", await admin.GetAsync("/data/projects/E12C/experiments/given/scans/1/resources/R/files/a.txt"));
        await admin.GetAsync("/data/projects/E12/experiments/e", 404);
        Assert.True(Directory.Exists(Path.Combine(server.Data, "archive", "E12C", "arc001", "given")));
    }

    [Fact]
    public async Task E14_E15_Side_actions_status_and_history()
    {
        using var admin = await WithAsync(Admin, "E14");
        await admin.PutAsync("/data/projects/E14/subjects/s/experiments/a?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/E14/subjects/s/experiments/b?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/E14/experiments/a/scans/1?xsiType=xnat:mrScanData&series_description=mprage&type=T1");
        await admin.PutAsync("/data/projects/E14/experiments/b/scans/1?xsiType=xnat:mrScanData&series_description=mprage&type=x");
        await admin.PutAsync("/data/projects/E14/experiments/b/scans/2?xsiType=xnat:mrScanData&series_description=other");
        await admin.PutAsync("/data/projects/E14/experiments/b?fixScanTypes=true&triggerPipelines=true&supressEmail=true");
        Assert.Equal(["T1", "other"], (await admin.RowsAsync("/data/projects/E14/experiments/b/scans")).Select(r => r["type"]));
        await admin.PutAsync("/data/projects/E14/experiments/b?_lock=true&event_reason=finished");
        Assert.Equal("locked", await admin.GetAsync("/data/projects/E14/experiments/b/status"));
        await admin.PutAsync("/data/projects/E14/experiments/b?note=x", 403);
        await admin.DeleteAsync("/data/projects/E14/experiments/b", 403);
        await admin.PutAsync("/data/projects/E14/experiments/b/scans/3?xsiType=xnat:mrScanData", 403);
        await admin.PutAsync("/data/projects/E14/experiments/b?_unlock=true");
        await admin.PutAsync("/data/projects/E14/experiments/b?note=x");
        using var history = JsonDocument.Parse(await admin.GetAsync("/data/projects/E14/experiments/b/history"));
        var sets = history.RootElement.GetProperty("changesets").EnumerateArray().ToList();
        Assert.Equal(("admin", "finished"), (sets[1].GetProperty("user").GetString(), sets[1].GetProperty("reason").GetString()));
        Assert.Equal("note", sets[^1].GetProperty("changes")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task C1_to_C8_Scans_are_made_listed_changed_and_deleted()
    {
        using var admin = await WithAsync(Admin, "C1");
        var session = await admin.PutAsync("/data/projects/C1/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201);
        const string Scans = "/data/projects/C1/experiments/e/scans";
        Assert.Equal("", await admin.PutAsync($"{Scans}/1?xsiType=xnat:mrScanData&type=T1&frames=10&xnat:imageScanData/note=n"));
        await admin.PutAsync($"{Scans}/1?xnat:mrScanData/quality=questionable&xnat:ctScanData/parameters/kvp=5");
        var row = Assert.Single(await admin.RowsAsync(Scans));
        Assert.Equal(["xnat_imagescandata_id", "ID", "type", "quality", "xsiType", "note", "series_description", "URI"], row.Keys);
        Assert.Equal(("T1", "questionable", "n", $"/data/experiments/{session}/scans/1"), (row["type"], row["quality"], row["note"], row["URI"]));
        var item = await admin.ItemAsync($"{Scans}/1");
        Assert.Equal(("10", session), (RestClient.Field(item, "frames"), RestClient.Field(item, "image_session_ID")));
        await admin.PutAsync($"{Scans}/2", 400);
        await admin.PutAsync($"{Scans}/2?xsiType=xnat:imageScanData", 400);
        Assert.Contains("differs", await admin.PutAsync($"{Scans}/1?xsiType=xnat:ctScanData", 409), StringComparison.Ordinal);
        await admin.PutAsync($"{Scans}/1?frames=many", 400);
        await admin.PutAsync($"{Scans}/..%2f..?xsiType=xnat:mrScanData", 417);
        Assert.EndsWith("/scans/2", await admin.SendAsync("POST", $"{Scans}?xsiType=xnat:mrScanData", 200), StringComparison.Ordinal);
        await admin.GetAsync($"{Scans}/3", 404);
        Assert.Equal("1", RestClient.Field(await admin.ItemAsync($"{Scans}/T1"), "ID"));
        await admin.PutAsync($"{Scans}/1/resources/R/files/a.txt?inbody=true", 200, "hello", "application/octet-stream");
        await admin.DeleteAsync($"{Scans}/1?removeFiles=true");
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "C1", "arc001", "e", "SCANS", "1")));
        await admin.DeleteAsync($"{Scans}/1", 404);
    }

    /// <summary>Scripts make the same part from several workers at once: it is made once and nobody gets an error.</summary>
    [Fact]
    public async Task Part_that_several_requests_make_at_once_is_made_once()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/ATONCE");
        await admin.PutAsync("/data/projects/ATONCE/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201);
        for (var round = 0; round < 5; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).SelectMany(_ => (Task[])[
                admin.PutAsync($"/data/projects/ATONCE/experiments/e/scans/{round}?xsiType=xnat:mrScanData&type=T1"), admin.PutAsync($"/data/projects/ATONCE/experiments/e/reconstructions/R{round}?type=x")]));
        }

        Assert.Equal(5, (await admin.RowsAsync("/data/projects/ATONCE/experiments/e/scans")).Count);
        Assert.Equal(5, (await admin.RowsAsync("/data/projects/ATONCE/experiments/e/reconstructions")).Count);
    }

    [Fact]
    public async Task RC1_to_RC4_Reconstructions_are_made_listed_changed_and_deleted()
    {
        using var admin = await WithAsync(Admin, "RC1");
        await admin.PutAsync("/data/projects/RC1/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201);
        const string List = "/data/projects/RC1/experiments/e/reconstructions";
        await admin.PutAsync($"{List}/r1?type=average&baseScanType=T1");
        await admin.PutAsync($"{List}/r1?type=mean");
        var row = Assert.Single(await admin.RowsAsync(List));
        Assert.Equal(["xnat_reconstructedimagedata_id", "ID", "type", "baseScanType", "URI"], row.Keys);
        Assert.Equal(("r1", "mean", "T1"), (row["ID"], row["type"], row["baseScanType"]));
        Assert.Equal("xnat:reconstructedImageData", (await admin.ItemAsync($"{List}/r1")).GetProperty("meta").GetProperty("xsi:type").GetString());
        using var member = new RestClient(await server.UserAsync("rc1-member"));
        await admin.PutAsync("/data/projects/RC1/users/member/rc1-member");
        await member.DeleteAsync($"{List}/r1", 403);
        await admin.DeleteAsync($"{List}/r1");
        await admin.GetAsync($"{List}/r1", 404);
    }

    [Fact]
    public async Task X1_to_X7_Assessors_are_made_listed_shared_and_deleted()
    {
        using var admin = await WithAsync(Admin, "X1", "X1B");
        var session = await admin.PutAsync("/data/projects/X1/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201);
        const string List = "/data/projects/X1/subjects/s/experiments/e/assessors";
        Assert.Empty(await admin.RowsAsync(List));
        var id = await admin.PutAsync($"{List}/qc?xsiType=xnat:qcManualAssessorData&date=2024-01-02&xnat:qcManualAssessorData/scans/scan[imageScan_ID=1]/coverage=full", 201);
        Assert.Equal(id, await admin.PutAsync($"{List}/qc?xnat:qcManualAssessorData/rater=me"));
        var row = Assert.Single(await admin.RowsAsync(List));
        Assert.Equal(["ID", "project", "label", "date", "xsiType", "insert_date", "session_ID", "session_label", "URI"], row.Keys);
        Assert.Equal((id, "X1", "qc", session, "e"), (row["ID"], row["project"], row["label"], row["session_ID"], row["session_label"]));
        var item = await admin.ItemAsync($"/data/experiments/{id}");
        Assert.Equal((session, "me"), (RestClient.Field(item, "imageSession_ID"), RestClient.Field(item, "rater")));
        Assert.Equal("full", RestClient.Field(Assert.Single(RestClient.Children(item, "scans/scan")), "coverage"));
        await admin.PutAsync($"{List}/qc?label=other", 400);
        await admin.PutAsync($"{List}/untyped", 417);
        await admin.PutAsync($"{List}/e?xsiType=xnat:qcManualAssessorData", 409);
        await admin.PutAsync($"/data/experiments/{session}/projects/X1B");
        Assert.Empty(await admin.RowsAsync("/data/projects/X1B/experiments/e/assessors"));
        await admin.PutAsync($"{List}/qc/projects/X1B?label=shown");
        Assert.Equal("shown", Assert.Single(await admin.RowsAsync("/data/projects/X1B/experiments/e/assessors?columns=ID,label"))["label"]);
        Assert.Equal(2, (await admin.RowsAsync($"{List}/qc/projects")).Count);
        await admin.DeleteAsync($"{List}/qc/projects/X1B");
        await admin.PutAsync("/data/projects/X1B/experiments/e/assessors/own?xsiType=xnat:qcManualAssessorData", 201);
        Assert.Equal("X1B", Assert.Single(await admin.RowsAsync("/data/projects/X1B/experiments/e/assessors"))["project"]);
        Assert.Equal(["qc"], (await admin.RowsAsync(List)).Select(r => r["label"]));
        await admin.DeleteAsync($"{List}/qc?removeFiles=true");
        await admin.DeleteAsync($"{List}/qc", 404);
    }
}
