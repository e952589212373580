using System.Net;
using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>QIDO-RS of a project (xapi F.4).</summary>
[Trait("Speed", "Slow")]
public sealed class DicomWebQueryTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<(List<JsonElement> Rows, string Total)> QueryAsync(HttpClient client, string address)
    {
        using var response = await client.GetAsync(address, Token);
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{address}: {(int)response.StatusCode} {body}");
        Assert.Equal("application/dicom+json", response.Content.Headers.ContentType!.MediaType);
        return ([.. JsonDocument.Parse(body).RootElement.EnumerateArray()], response.Headers.GetValues("X-Total-Count").Single());
    }

    private static string Value(JsonElement row, string tag) => row.GetProperty(tag).GetProperty("Value")[0].ToString();

    /// <summary>From the list of studies down to the instances, with the archive's labels and every kind of key.</summary>
    [Fact]
    public async Task Study_is_found_with_the_archives_labels_and_its_series_and_instances_below_it()
    {
        using var admin = server.Client();
        (await admin.PutAsync("/data/projects/QIDO", null, Token)).EnsureSuccessStatusCode();
        (await admin.PutAsync("/data/projects/QIDO/prearchive_code/0", null, Token)).EnsureSuccessStatusCode();
        const string Root = "/xapi/dicomweb/projects/QIDO/studies";
        Assert.Equal("0", (await QueryAsync(admin, Root)).Total);
        await server.SendAsync(RunningServer.Routed("mr-head-mprage-philips", "Project:QIDO Subject:S_1 Session:S_1_X1"));
        var waiting = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/QIDO?format=json"));
        (await admin.PostAsync($"/data/services/archive?src={waiting["url"]}", null, Token)).EnsureSuccessStatusCode();

        var study = Assert.Single((await QueryAsync(admin, Root)).Rows);
        var uid = Value(study, "0020000D");
        Assert.Equal("S_1_X1", study.GetProperty("00100010").GetProperty("Value")[0].GetProperty("Alphabetic").GetString());
        Assert.Equal("S_1", Value(study, "00100020"));
        Assert.Equal("QIDO", Value(study, "00081030"));
        Assert.Equal("MR", Value(study, "00080061"));
        Assert.Equal("", study.GetProperty("00080090").GetProperty("Value")[0].GetProperty("Alphabetic").GetString());
        Assert.EndsWith($"/xapi/dicomweb/projects/QIDO/studies/{uid}", Value(study, "00081190"), StringComparison.Ordinal);

        foreach (var (query, found) in new[]
        {
            ($"StudyInstanceUID={uid}", true), ($"0020000D={uid[..^2]}*", true), ("StudyInstanceUID=1.2.3", false), ("PatientID=s_?", true), ("PatientID=S%251", false), ("PatientID=Sx1", false),
            ("PatientName=*x1", true), ("PatientName=X1", false), ("PatientID=", true), ("StudyDate=-", true), ("StudyDate=19000101-", true), ("StudyDate=-19000101", false), ("StudyTime=000000-235959", true),
            ("ModalitiesInStudy=MR", true), ("Modality=CT", false), ("ModalitiesInStudy=MR&PatientID=other", false), ("includefield=all&fuzzymatching=true", true), ("PatientID=%27%3Bdrop", false),
        })
        {
            Assert.True((await QueryAsync(admin, $"{Root}?{query}")).Rows.Count == (found ? 1 : 0), query);
        }

        foreach (var bad in (string[])["StudyDate=2001-2002", "StudyDate=20010101-20020101-", "StudyTime=10-11"])
        {
            using var response = await admin.GetAsync($"{Root}?{bad}", Token);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        var (series, seriesTotal) = await QueryAsync(admin, $"{Root}/{uid}/series");
        Assert.Equal(Value(study, "00201206"), seriesTotal);
        var seriesUid = Value(series[0], "0020000E");
        Assert.Single((await QueryAsync(admin, $"{Root}/{uid}/series?SeriesInstanceUID={seriesUid}&Modality=mr&SeriesNumber={Value(series[0], "00200011")}")).Rows);
        Assert.Empty((await QueryAsync(admin, $"{Root}/1.2.3/series")).Rows);

        var below = $"{Root}/{uid}/series/{seriesUid}/instances";
        var (instances, total) = await QueryAsync(admin, below + "?limit=1000");
        Assert.Equal(Value(series[0], "00201209"), total);
        Assert.Equal("ONLINE", Value(instances[0], "00080056"));
        Assert.True(int.Parse(Value(instances[0], "00280010"), System.Globalization.CultureInfo.InvariantCulture) > 0);
        var page = await QueryAsync(admin, $"{below}?limit=1&offset={instances.Count - 1}");
        Assert.Equal(total, page.Total);
        Assert.Equal(Value(instances[^1], "00080018"), Value(Assert.Single(page.Rows), "00080018"));
        var past = await QueryAsync(admin, $"{below}?offset=100000&limit=-4");
        Assert.Equal((0, total), (past.Rows.Count, past.Total));
        Assert.Equal(total, (await QueryAsync(admin, $"{below}?limit=1&SOPClassUID={Value(instances[0], "00080016")}")).Total);
        Assert.Equal("0", (await QueryAsync(admin, $"{below}?SOPClassUID=1.2")).Total);
        Assert.Single((await QueryAsync(admin, Root.Replace("xapi/dicomweb", "dicom-web", StringComparison.Ordinal))).Rows);
    }
}
