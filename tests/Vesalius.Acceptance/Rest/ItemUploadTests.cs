using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>Documents that say themselves where they belong (rest-api D6, D7), and scripts by all their addresses (W7, W8, xapi C.1).</summary>
public sealed class ItemUploadTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Names = "xmlns:xnat=\"http://nrg.wustl.edu/xnat\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    private const string Upload = "/xapi/archive/upload/xml";

    private RestClient Admin => new(server.Client());

    [Fact]
    [Trait("Row", "D6")]
    public async Task D6_Document_is_taken_where_it_says_that_it_belongs()
    {
        using var admin = Admin;
        Assert.Equal("D6", await admin.PutAsync($"{Upload}?allowDataDeletion=false", 200, $"<xnat:Project ID=\"D6\" {Names}><xnat:name>six</xnat:name></xnat:Project>"));
        var subject = await admin.PutAsync($"{Upload}?allowDataDeletion=false&event_reason=why", 200, $"<xnat:Subject project=\"D6\" label=\"s\" {Names}><xnat:demographics xsi:type=\"xnat:demographicData\"><xnat:gender>male</xnat:gender></xnat:demographics></xnat:Subject>");
        Assert.Equal(subject, RestClient.Field(await admin.ItemAsync("/data/projects/D6/subjects/s"), "ID"));
        var session = await admin.PutAsync($"{Upload}?allowDataDeletion=false", 200, $"<xnat:MRSession project=\"D6\" label=\"e\" {Names}><xnat:subject_ID>{subject}</xnat:subject_ID><xnat:note>n</xnat:note></xnat:MRSession>");
        Assert.Equal(session, RestClient.Field(await admin.ItemAsync("/data/projects/D6/subjects/s/experiments/e"), "ID"));
        var assessor = await admin.PutAsync($"{Upload}?allowDataDeletion=false", 200, $"<xnat:QCManualAssessment project=\"D6\" label=\"a\" {Names}><xnat:imageSession_ID>{session}</xnat:imageSession_ID></xnat:QCManualAssessment>");
        Assert.Equal(assessor, Assert.Single(await admin.RowsAsync("/data/projects/D6/experiments/e/assessors"))["ID"]);

        // By ID alone; what is left out stays, or goes where it may.
        Assert.Equal(session, await admin.PutAsync($"{Upload}?allowDataDeletion=false", 200, $"<xnat:MRSession ID=\"{session}\" {Names}><xnat:scanner>x</xnat:scanner></xnat:MRSession>"));
        Assert.Equal("n", RestClient.Field(await admin.ItemAsync($"/data/experiments/{session}"), "note"));
        Assert.Equal(subject, await admin.PutAsync($"{Upload}?allowDataDeletion=true", 200, $"<xnat:Subject ID=\"{subject}\" project=\"D6\" label=\"s\" {Names}/>"));
        Assert.Empty(RestClient.Children(await admin.ItemAsync($"/data/subjects/{subject}"), "demographics"));
        var whole = await admin.GetAsync($"/data/experiments/{session}?format=xml");
        Assert.Equal(session, await admin.PutAsync($"{Upload}?allowDataDeletion=false", 200, whole));

        await admin.PutAsync(Upload, 400, $"<xnat:Subject project=\"D6\" label=\"t\" {Names}/>");
        await admin.PutAsync($"{Upload}?allowDataDeletion=false", 204, "");
        await admin.PutAsync($"{Upload}?allowDataDeletion=false", 422, "<xnat:Subject");
        Assert.Contains("document type", await admin.PutAsync($"{Upload}?allowDataDeletion=false", 422, $"<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xnat:Subject project=\"D6\" label=\"t\" {Names}/>"), StringComparison.Ordinal);
        await admin.PutAsync($"{Upload}?allowDataDeletion=false", 400, $"<xnat:Subject label=\"t\" {Names}/>");
        await admin.PutAsync($"{Upload}?allowDataDeletion=false", 417, "<nothing/>");
        using var outsider = new RestClient(await server.UserAsync("d6-out"));
        foreach (var (document, status) in ((string, int)[])[
            ($"<xnat:Subject ID=\"{subject}\" {Names}><xnat:group>mine</xnat:group></xnat:Subject>", 422), ($"<xnat:MRSession ID=\"{session}\" {Names}><xnat:note>mine</xnat:note></xnat:MRSession>", 404),
            ($"<xnat:QCManualAssessment label=\"b\" {Names}><xnat:imageSession_ID>{session}</xnat:imageSession_ID></xnat:QCManualAssessment>", 404), ($"<xnat:Project ID=\"D6\" {Names}/>", 403)])
        {
            await outsider.PutAsync($"{Upload}?allowDataDeletion=false", status, document);
        }

        using var nobody = new RestClient(server.Client(null));
        await nobody.PutAsync($"{Upload}?allowDataDeletion=false", 401, $"<xnat:Subject project=\"D6\" label=\"t\" {Names}/>");
    }

    [Fact]
    [Trait("Row", "D7")]
    public async Task D7_Document_is_taken_as_a_part_of_a_form()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/D7");
        using var client = server.Client();
        foreach (var asFile in (bool[])[true, false])
        {
            using var form = new MultipartFormDataContent();
            var item = new StringContent($"<xnat:Subject project=\"D7\" label=\"s{asFile}\" {Names}/>");
            if (asFile)
            {
                form.Add(item, "item", "subject");
            }
            else
            {
                form.Add(item, "item");
                form.Add(new StringContent("false"), "allowDataDeletion");
            }

            using var response = await client.PostAsync(asFile ? $"{Upload}?allowDataDeletion=false" : Upload, form, TestContext.Current.CancellationToken);
            Assert.Equal(
                RestClient.Field(await admin.ItemAsync($"/data/projects/D7/subjects/s{asFile}"), "ID"), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        await admin.SendAsync("POST", $"{Upload}?allowDataDeletion=false", 400, "<x/>");
    }

    [Fact]
    [Trait("Row", "W7")]
    [Trait("Row", "W8")]
    public async Task W7_W8_Scripts_are_read_and_written_by_every_address_that_they_have()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/W7");
        const string Script = "version \"6.1\"\n(0008,0080) := \"W7\"\n";
        var standard = await admin.GetAsync("/xapi/anonymize/default");
        Assert.Contains("(0008,1030)", standard, StringComparison.Ordinal);
        Assert.Equal(standard.Trim(), (await admin.GetAsync("/xapi/anonymize/site")).Trim());
        Assert.Equal("", await admin.GetAsync("/xapi/anonymize/projects/W7", 204));
        Assert.Equal("false", await admin.GetAsync("/xapi/anonymize/projects/W7/enabled"));
        Assert.Equal("", await admin.PutAsync("/xapi/anonymize/projects/W7", 200, Script, "text/plain"));
        Assert.Equal(Script.Trim(), (await admin.GetAsync("/xapi/anonymize/projects/W7")).Trim());
        await admin.PutAsync("/xapi/anonymize/projects/W7/enabled?enable=true");
        Assert.Equal("true", await admin.GetAsync("/xapi/anonymize/projects/W7/enabled"));
        Assert.Equal(Script.Trim(), Assert.Single(await admin.RowsAsync("/data/config/edit/projects/W7/image/dicom/script"))["script"].Trim());
        await admin.PutAsync("/data/archive/config/edit/projects/W7/image/dicom/script", 200, Script.Replace("\"W7\"", "\"W8\"", StringComparison.Ordinal), "text/plain");
        Assert.Contains("W8", await admin.GetAsync("/xapi/anonymize/projects/W7"), StringComparison.Ordinal);
        await admin.PutAsync("/data/config/edit/projects/W7/image/dicom/status?activate=false");
        Assert.Equal("false", await admin.GetAsync("/xapi/anonymize/projects/W7/enabled"));
        Assert.Equal("false", Assert.Single(await admin.RowsAsync("/data/config/edit/projects/W7/image/dicom/status"))["edit"]);
        await admin.PutAsync("/data/config/edit/projects/W7/image/dicom/status?activate=perhaps", 400);
        await admin.PutAsync("/data/config/edit/image/dicom/status", 400);

        // A flag in the address wins over the body; a body alone counts; nothing means on.
        foreach (var (query, body, on) in ((string, string?, string)[])[("?enable=false", "true", "false"), ("", "true", "true"), ("", "false", "false"), ("", null, "true")])
        {
            await admin.PutAsync("/xapi/anonymize/site/enabled" + query, 200, body, "application/json");
            Assert.Equal(on, await admin.GetAsync("/xapi/anonymize/site/enabled"));
            Assert.Equal(on, Assert.Single(await admin.RowsAsync("/data/config/edit/image/dicom/status"))["edit"]);
        }

        await admin.PutAsync("/xapi/anonymize/site", 400, "version \"6.1\"\n(0010,0010) := (\n", "text/plain");
        using var member = new RestClient(await server.UserAsync("w7-member"));
        await member.GetAsync("/data/config/edit/projects/W7/image/dicom/script", 404);
        await member.GetAsync("/xapi/anonymize/projects/W7", 403);
        await admin.PutAsync("/data/projects/W7/users/member/w7-member");
        await member.GetAsync("/data/config/edit/projects/W7/image/dicom/script");
        await member.PutAsync("/data/config/edit/projects/W7/image/dicom/script", 403, Script, "text/plain");
        await member.PutAsync("/data/config/edit/image/dicom/script", 403, Script, "text/plain");
        await member.PutAsync("/xapi/anonymize/site", 403, Script, "text/plain");
    }
}
