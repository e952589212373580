using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Vesalius.Import;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>What may arrive: series filters (R7), opt-outs (R8), routes of retrieved studies (xapi B.3).</summary>
public sealed class ArrivalTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<(int Status, string Body)> SendAsync(HttpClient client, string method, string address, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, type);
        }

        using var response = await client.SendAsync(request, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    private static byte[] Zip(string study, Action<DataSet> edit, int files = 3)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var path in Directory.EnumerateFiles(RunningServer.Routed(study, "")).Take(files))
            {
                var file = Part10File.Read(File.ReadAllBytes(path));
                edit(file.DataSet);
                using var entry = archive.CreateEntry(Path.GetFileName(path)).Open();
                entry.Write(file.Encode().ToArray());
            }
        }

        return zip.ToArray();
    }

    private static async Task<(int Status, string Body)> ImportAsync(HttpClient client, string project, byte[] zip)
    {
        using var body = new ByteArrayContent(zip);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        using var response = await client.PostAsync($"/data/services/import?import-handler=DICOM-zip&project={project}&subject=S&session=E&dest=/prearchive", body, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    private static void AssertNothingOf(string data, string text)
    {
        foreach (var file in Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories))
        {
            byte[] bytes;
            try
            {
                bytes = File.ReadAllBytes(file);
            }
            catch (IOException)
            {
                continue;
            }

            Assert.True(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) < 0, file);
        }
    }

    /// <summary>A registered patient's objects are answered as done, but nothing of them is kept; counted and audited; the registry itself holds no identifier.</summary>
    [Fact]
    public async Task R8_opted_out_patient_leaves_no_trace_but_a_count()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/OPT", null, Token);
        var (status, body) = await SendAsync(admin, "POST", "/xapi/opt-outs", "nhs_number,note\n943 476 5919,x\n9434765918,wrong\n,\n", "text/csv");
        Assert.Equal(200, status);
        var change = JsonDocument.Parse(body).RootElement;
        Assert.Equal((1, 3), (change.GetProperty("added").GetInt32(), change.GetProperty("faults")[0].GetProperty("row").GetInt32()));
        Assert.Equal(200, (await SendAsync(admin, "POST", "/xapi/opt-outs", """["OPTED-OUT-0815"]""")).Status);
        Assert.Equal("[true,true,false]", (await SendAsync(admin, "POST", "/xapi/opt-outs/check", """["9434765919","optedout0815","other-17"]""")).Body);

        var zip = Zip("rt-breast", d => d.SetString(Tag.PatientID, "opted out 0815"));
        var (refused, reason) = await ImportAsync(admin, "OPT", zip);
        Assert.Equal(422, refused);
        Assert.Contains("3 are not wanted", reason, StringComparison.Ordinal);
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/OPT?format=json"));

        var sent = RunningServer.Routed("mr-mosaic-phantom-siemens", "Project:OPT Subject:S9 Session:S9_1");
        foreach (var path in Directory.EnumerateFiles(sent))
        {
            var file = Part10File.Read(await File.ReadAllBytesAsync(path, Token));
            file.DataSet.SetString(Tag.PatientID, "943-476-5919");
            await File.WriteAllBytesAsync(path, file.Encode().ToArray(), Token);
        }

        await server.SendAsync(sent);
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/OPT?format=json"));
        var state = JsonDocument.Parse((await SendAsync(admin, "GET", "/xapi/opt-outs")).Body).RootElement;
        Assert.Equal(2, state.GetProperty("identifiers").GetInt64());
        Assert.True(state.GetProperty("refusals").EnumerateArray().Where(r => r.GetProperty("reason").GetString() == "optOut").Sum(r => r.GetProperty("count").GetInt64()) >= 4);
        AssertNothingOf(server.Data, "opted out 0815");
        AssertNothingOf(server.Data, "OPTED-OUT-0815");

        Assert.Equal("""{"removed":1}""", (await SendAsync(admin, "DELETE", "/xapi/opt-outs", """["OPTED OUT 0815"]""")).Body);
        Assert.Equal(200, (await ImportAsync(admin, "OPT", zip)).Status);
        Assert.Equal(400, (await SendAsync(admin, "POST", "/xapi/opt-outs", "{}")).Status);
        using var user = await server.UserAsync("opt-user");
        foreach (var method in (string[])["GET", "POST", "DELETE"])
        {
            Assert.Equal(403, (await SendAsync(user, method, "/xapi/opt-outs", method == "GET" ? null : """["a-b-c"]""")).Status);
        }
    }

    /// <summary>W9 and B.5: site and project filters, refused when wrong, effective for uploads and associations.</summary>
    [Fact]
    public async Task R7_W9_series_filters_keep_objects_out_per_site_and_project()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/FILT", null, Token);
        const string Project = "/data/projects/FILT/config/seriesImportFilter/config";
        Assert.Equal(400, (await SendAsync(admin, "PUT", Project, """{"enabled":true,"mode":"blacklist","list":"("}""")).Status);
        Assert.Equal(400, (await SendAsync(admin, "PUT", Project, "no json", "text/plain")).Status);
        Assert.Equal(201, (await SendAsync(admin, "PUT", Project, """{"enabled":true,"mode":"whitelist","list":"[Modality]\nRTSTRUCT"}""")).Status);
        await Task.Delay(600, Token);
        Assert.Equal(200, (await ImportAsync(admin, "FILT", Zip("rt-breast", _ => { }))).Status);
        var session = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/FILT?format=json"));
        Assert.Single(await RunningServer.RowsAsync(admin, $"/data{session["url"]}/scans?format=json"));
        Assert.Equal(200, (await SendAsync(admin, "PUT", Project, """{"enabled":false,"mode":"whitelist","list":"[Modality]\nRTSTRUCT"}""")).Status);

        Assert.Equal(400, (await SendAsync(admin, "POST", "/xapi/siteConfig", """{"enableSitewideSeriesImportFilter":true,"sitewideSeriesImportFilterMode":"whitelist","sitewideSeriesImportFilter":"("}""")).Status);
        Assert.Equal(201, (await SendAsync(admin, "PUT", "/data/config/seriesImportFilter/config", """{"enabled":true,"mode":"blacklist","list":"[Modality]\n^MR$"}""")).Status);
        try
        {
            Assert.Equal("true", (await SendAsync(admin, "GET", "/xapi/siteConfig/enableSitewideSeriesImportFilter")).Body);
            await Task.Delay(600, Token);
            await server.SendAsync(RunningServer.Routed("mr-mosaic-phantom-siemens", "Project:FILT Subject:S8 Session:S8_1"));
            Assert.DoesNotContain(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/FILT?format=json"), r => r["name"] == "S8_1");
        }
        finally
        {
            Assert.Equal(200, (await SendAsync(admin, "POST", "/xapi/siteConfig", """{"enableSitewideSeriesImportFilter":false}""")).Status);
            await Task.Delay(600, Token);
        }
    }

    /// <summary>B.3: a retrieved study goes where its route says, and all of it into one session.</summary>
    [Fact]
    public async Task Retrieved_study_follows_its_route_and_stays_in_one_session()
    {
        using var admin = server.Client();
        await admin.PutAsync("/data/projects/ROUTED", null, Token);
        var identifier = (ObjectIdentifier)server.Services.GetService(typeof(ObjectIdentifier))!;
        var routing = (StudyRouting)server.Services.GetService(typeof(StudyRouting))!;
        var source = new IntakeSource { Door = "test", Identifier = "dqrObjectIdentifier" };
        DataSet Header(string study, string accession)
        {
            var header = new DataSet();
            header.SetString(Tag.StudyInstanceUID, study);
            header.SetString(Tag.PatientName, "Doe^Jane");
            header.SetString(Tag.PatientID, "PID");
            header.SetString(Tag.AccessionNumber, accession);
            return header;
        }

        await routing.PutAsync(new StudyRoute("1.2.3", "ROUTED", null, null), "admin", Token);
        var first = await identifier.IdentifyAsync(Header("1.2.3", "ACC1"), source, Token);
        Assert.Equal(("ROUTED", "Doe_Jane", "ACC1"), (first.ProjectId, first.Subject, first.Session));
        Assert.Equal("ACC1", (await identifier.IdentifyAsync(Header("1.2.3", "ACC2"), source, Token)).Session);
        await routing.PutAsync(new StudyRoute("1.2.4", "ROUTED", "SUB", "SES"), "admin", Token);
        var second = await identifier.IdentifyAsync(Header("1.2.4", "ACC3"), source, Token);
        Assert.Equal(("ROUTED", "SUB", "SES"), (second.ProjectId, second.Subject, second.Session));
        Assert.Null((await identifier.IdentifyAsync(Header("1.2.5", "ACC4"), source, Token)).ProjectId);
    }
}
