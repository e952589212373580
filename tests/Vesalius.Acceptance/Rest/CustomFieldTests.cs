using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>rest-api §18 (Y4 to Y8) and §20 over HTTP.</summary>
public sealed class CustomFieldTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task Y4_to_Y8_Custom_fields_are_merged_read_and_removed_at_every_level()
    {
        using var admin = new RestClient(server.Client());
        await admin.PutAsync("/data/projects/Y4");
        var session = await admin.PutAsync("/data/projects/Y4/subjects/s/experiments/e?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync($"/data/experiments/{session}/scans/1?xsiType=xnat:mrScanData");
        await admin.PutAsync($"/data/experiments/{session}/assessors/a?xsiType=xnat:qcManualAssessorData", 201);
        foreach (var path in (string[])["projects/Y4", "projects/Y4/subjects/s", "projects/Y4/experiments/e", $"experiments/{session}", $"experiments/{session}/scans/1", "projects/Y4/subjects/s/experiments/e/assessors/a"])
        {
            var fields = $"/xapi/custom-fields/{path}/fields";
            await admin.PutAsync(fields, 200, """{"text": "a", "number": 1}""", "application/json");
            Assert.Contains("\"list\":[1,2]", await admin.PutAsync(fields, 200, """{"list": [1, 2]}""", "application/json"), StringComparison.Ordinal);
            Assert.Equal("""{"text":"a"}""", await admin.GetAsync(fields + "?fieldNames=text,unknown"));
            Assert.Equal("a", await admin.GetAsync(fields + "/text"));
            Assert.Equal("[1, 2]".Replace(" ", "", StringComparison.Ordinal), await admin.GetAsync(fields + "/list"));
            Assert.DoesNotContain("text", await admin.DeleteAsync(fields + "/text"), StringComparison.Ordinal);
            await admin.DeleteAsync(fields + "/text", 404);
            await admin.GetAsync(fields + "/text", 404);
            await admin.PutAsync(fields, 400, "[1]", "application/json");
            await admin.PutAsync(fields, 400, "{", "application/json");
            await admin.PutAsync(fields, 400, """{"a": "\u0000"}""", "application/json");
        }

        using var member = new RestClient(await server.UserAsync("y4-member"));
        await member.GetAsync("/xapi/custom-fields/projects/Y4/fields", 403);
        await member.GetAsync("/xapi/custom-fields/experiments/NONE/fields", 403);
        await admin.PutAsync("/data/projects/Y4/users/member/y4-member");
        await member.PutAsync("/xapi/custom-fields/projects/Y4/fields", 403, "{}", "application/json");
        await member.PutAsync("/xapi/custom-fields/projects/Y4/subjects/s/fields", 200, "{}", "application/json");
    }

    [Fact]
    public async Task J1_to_J7_Every_schema_that_is_listed_is_served()
    {
        using var admin = new RestClient(server.Client());
        using var names = System.Text.Json.JsonDocument.Parse(await admin.GetAsync("/xapi/schemas?format=json"));
        foreach (var name in names.RootElement.EnumerateArray().Select(n => n.GetString()!))
        {
            Assert.Contains("<xs:schema ", await admin.GetAsync($"/xapi/schemas/{name}"), StringComparison.Ordinal);
            Assert.Contains("<xs:schema ", await admin.GetAsync($"/schemas/{name}.xsd"), StringComparison.Ordinal);
        }

        Assert.Contains("mrSessionData", await admin.GetAsync("/schemas/xnat/xnat.xsd"), StringComparison.Ordinal);
        await admin.GetAsync("/xapi/schemas/nothing", 404);
        Assert.Contains("\"xnat:mrSessionData\"", await admin.GetAsync("/xapi/schemas/datatypes"), StringComparison.Ordinal);
        Assert.Contains("\"properName\":\"MRSession\"", await admin.GetAsync("/xapi/schemas/datatypes/elements/xnat:mrSessionData"), StringComparison.Ordinal);
        Assert.Contains("xnat:mrSessionData/fieldStrength", await admin.GetAsync("/xapi/schemas/datatypes/names/xnat:mrSessionData"), StringComparison.Ordinal);
        Assert.Contains("MR Sessions", await admin.GetAsync("/xapi/schemas/datatypes/searchable"), StringComparison.Ordinal);
    }
}
