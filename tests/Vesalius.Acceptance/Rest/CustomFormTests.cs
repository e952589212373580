using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>Custom forms (rest-api Y9 to Y16).</summary>
public sealed class CustomFormTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Forms = "/xapi/customforms";

    private RestClient Admin => new(server.Client());

    private static string Body(string title, string dataType, string order, string[]? projects, string row = "") => JsonSerializer.Serialize(new
    {
        submission = new
        {
            data = new
            {
                idCustomVariableFormAppliesTo = row, zIndex = order, xnatDatatype = new { label = "x", value = dataType }, isThisASiteWideConfiguration = projects is null ? "yes" : "no",
                xnatProject = (projects ?? []).Select(p => new { label = p, value = p }), xnatProtocol = Array.Empty<string>(),
            },
        },
        builder = new { display = "form", title, settings = new { }, components = new[] { new { label = "Weight", key = "weight", type = "number", input = true } } },
    });

    private static Task<string> SaveAsync(RestClient client, int status, string body) => client.PutAsync($"{Forms}/save", status, body, "application/json");

    private static async Task<List<JsonElement>> ListAsync(RestClient client, string query = "") => [.. JsonDocument.Parse(await client.GetAsync(Forms + query)).RootElement.EnumerateArray()];

    private static async Task<JsonElement> FormAsync(RestClient client, string uuid, string query = "") => Assert.Single(await ListAsync(client, query), f => f.GetProperty("formUUID").GetString() == uuid);

    private static Task<string> PostAsync(RestClient client, string address, int status, string body = "") => client.SendAsync("POST", Forms + address, status, body, "application/json");

    private static string Row(JsonElement form, string entity) =>
        form.GetProperty("appliesToList").EnumerateArray().Single(r => r.GetProperty("entityId").GetString() == entity).GetProperty("idCustomVariableFormAppliesTo").GetString()!;

    private static string Status(JsonElement form, string entity) => form.GetProperty("appliesToList").EnumerateArray().Single(r => r.GetProperty("entityId").GetString() == entity).GetProperty("status").GetString()!;

    [Fact]
    [Trait("Row", "Y9")]
    [Trait("Row", "Y10")]
    public async Task Y9_Y10_Form_is_saved_changed_and_listed_where_it_is_used()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/Y9A");
        await admin.PutAsync("/data/projects/Y9B");
        var uuid = await SaveAsync(admin, 201, Body("Y9 form", "xnat:subjectData", "10", ["Y9A", "Y9B"]));
        Assert.True(Guid.TryParse(uuid, out _));
        var form = await FormAsync(admin, uuid);
        Assert.Equal(
            ["appliesToList", "contents", "dateCreated", "doProjectsShareForm", "formDisplayOrder", "formId", "formUUID", "path", "scope", "username"],
            form.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(("datatype/xnat:subjectData", "Project", 10, true, "admin"), (
            form.GetProperty("path").GetString(), form.GetProperty("scope").GetString(), form.GetProperty("formDisplayOrder").GetInt32(), form.GetProperty("doProjectsShareForm").GetBoolean(), form.GetProperty("username").GetString()));
        Assert.Equal("Y9 form", JsonDocument.Parse(form.GetProperty("contents").GetString()!).RootElement.GetProperty("title").GetString());

        Assert.Equal(uuid, await SaveAsync(admin, 201, Body("Y9 changed", "xnat:subjectData", "-5", ["Y9B"], Row(form, "Y9A"))));
        form = await FormAsync(admin, uuid);
        Assert.Equal(("Y9B", "enabled", -5), (Assert.Single(form.GetProperty("appliesToList").EnumerateArray()).GetProperty("entityId").GetString(), Status(form, "Y9B"), form.GetProperty("formDisplayOrder").GetInt32()));
        Assert.Contains("Y9 changed", form.GetProperty("contents").GetString(), StringComparison.Ordinal);

        foreach (var (status, body) in ((int, string)[])[
            (400, Body(" ", "xnat:subjectData", "1", ["Y9A"])), (400, Body("<script>", "xnat:subjectData", "1", ["Y9A"])), (400, Body(new string('x', 256), "xnat:subjectData", "1", ["Y9A"])),
            (400, Body("t", "no:such", "1", ["Y9A"])), (400, Body("t", "xnat:resource", "1", ["Y9A"])), (400, Body("t", "xnat:subjectData", "1000001", ["Y9A"])), (400, Body("t", "xnat:subjectData", "many", ["Y9A"])),
            (400, Body("t", "xnat:subjectData", "1", [])), (404, Body("t", "xnat:subjectData", "1", ["NONE"])), (404, Body("t", "xnat:subjectData", "1", ["Y9A"], "9-9999")), (400, "{}"), (400, "["), (400, """{"submission":1,"builder":"{"}"""),
            (400, """{"submission":{"data":{"zIndex":1,"zIndex":2}},"builder":{"components":[]}}""")])
        {
            await SaveAsync(admin, status, body);
        }

        using var reader = new RestClient(await server.UserAsync("y9-reader"));
        Assert.DoesNotContain(await ListAsync(reader), f => f.GetProperty("formUUID").GetString() == uuid);
        await reader.GetAsync($"{Forms}?projectId=Y9B", 403);
        await admin.PutAsync("/data/projects/Y9B/users/collaborator/y9-reader");
        await FormAsync(reader, uuid);
        await FormAsync(reader, uuid, "?projectId=Y9B");
        Assert.DoesNotContain(await ListAsync(admin, "?projectId=Y9A"), f => f.GetProperty("formUUID").GetString() == uuid);
        using var nobody = new RestClient(server.Client(null));
        await nobody.GetAsync(Forms, 401);
    }

    [Fact]
    [Trait("Row", "Y11")]
    [Trait("Row", "Y12")]
    [Trait("Row", "Y15")]
    public async Task Y11_Y12_Y15_Form_is_switched_promoted_and_chosen_by_projects()
    {
        using var admin = Admin;
        foreach (var project in (string[])["Y11A", "Y11B"])
        {
            await admin.PutAsync($"/data/projects/{project}");
        }

        var uuid = await SaveAsync(admin, 201, Body("Y11", "xnat:imageSessionData", "2", ["Y11A"]));
        var first = await SaveAsync(admin, 201, Body("Y11 first", "xnat:mrSessionData", "1", ["Y11A"]));
        var form = await FormAsync(admin, uuid);
        var row = Row(form, "Y11A");
        const string Shown = $"{Forms}/element?xsiType=xnat:mrSessionData&id=E&projectId=";
        async Task<List<string>> PartsAsync(string project) => [.. JsonDocument.Parse(await admin.GetAsync(Shown + project)).RootElement.GetProperty("components").EnumerateArray().Select(c => c.GetProperty("key").GetString()!)];
        Assert.Equal([first, uuid], await PartsAsync("Y11A"));
        await admin.GetAsync(Shown + "Y11B", 404);
        await PostAsync(admin, "/disable", 200, $"[{{\"idCustomVariableFormAppliesTo\":\"{row}\"}}]");
        Assert.Equal([first], await PartsAsync("Y11A"));
        Assert.Equal("disabled", Status(await FormAsync(admin, uuid), "Y11A"));
        await PostAsync(admin, "/enable", 200, form.GetProperty("appliesToList").GetRawText());
        Assert.Equal([first, uuid], await PartsAsync("Y11A"));

        await PostAsync(admin, $"/optin/{row}", 200, """["Y11B"]""");
        Assert.Equal([uuid], await PartsAsync("Y11B"));
        await PostAsync(admin, "/promote", 200, $"[\"{row}\"]");
        form = await FormAsync(admin, uuid);
        Assert.Equal("Site", form.GetProperty("scope").GetString());
        Assert.Equal([uuid], await PartsAsync("Y11B"));
        await PostAsync(admin, $"/optout/{form.GetProperty("formId")}", 200, """["Y11B"]""");
        await admin.GetAsync(Shown + "Y11B", 404);
        Assert.Equal([first, uuid], await PartsAsync("Y11A"));
        Assert.Equal("optedout", Status(await FormAsync(admin, uuid), "Y11B"));

        foreach (var action in (string[])["/enable", "/disable", "/promote", $"/optin/{Row(form, "Site")}", $"/optout/{form.GetProperty("formId")}"])
        {
            await PostAsync(admin, action, 400, "[]");
            await PostAsync(admin, action, 400, "{}");
            await PostAsync(admin, action, 404, """["9999-9999"]""");
        }

        await PostAsync(admin, "/optin/9999-1", 404, """["Y11B"]""");
        await PostAsync(admin, "/optout/9999", 404, """["Y11B"]""");
        await admin.GetAsync($"{Forms}/element?xsiType=no:such&projectId=Y11A", 400);
        await admin.GetAsync($"{Forms}/element?xsiType=xnat:subjectData", 400);
        using var outsider = new RestClient(await server.UserAsync("y11-out"));
        await outsider.GetAsync(Shown + "Y11A", 403);
    }

    [Fact]
    [Trait("Row", "Y13")]
    [Trait("Row", "Y14")]
    [Trait("Row", "Y16")]
    public async Task Y13_Y14_Y16_Form_is_ordered_and_goes_unless_it_was_answered()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/Y13");
        await admin.PutAsync("/data/projects/Y13/subjects/s", 201);
        var uuid = await SaveAsync(admin, 201, Body("Y13", "xnat:subjectData", "1", ["Y13"]));
        await PostAsync(admin, $"/formId/{uuid}?displayOrder=-1000000", 200);
        Assert.Equal(-1_000_000, (await FormAsync(admin, uuid)).GetProperty("formDisplayOrder").GetInt32());
        await PostAsync(admin, $"/formId/{uuid}?displayOrder=1000001", 400);
        await PostAsync(admin, $"/formId/{uuid}?displayOrder=x", 400);
        await PostAsync(admin, $"/formId/{uuid}", 400);
        await PostAsync(admin, "/formId/nonsense?displayOrder=1", 400);
        await PostAsync(admin, $"/formId/{Guid.NewGuid()}?displayOrder=1", 404);

        var row = Row(await FormAsync(admin, uuid), "Y13");
        Assert.Equal("false", await admin.GetAsync($"{Forms}/hasdata/{row}"));
        await admin.GetAsync($"{Forms}/hasdata/9-9999", 404);
        await admin.PutAsync("/xapi/custom-fields/projects/Y13/subjects/s/fields", 200, $"{{\"{uuid}\":{{\"weight\":70}}}}", "application/json");
        Assert.Equal("true", await admin.GetAsync($"{Forms}/hasdata/{row}"));
        Assert.Contains("disabled", await admin.SendAsync("DELETE", Forms, 200, $"[\"{row}\"]", "application/json"), StringComparison.Ordinal);
        Assert.Equal("disabled", Status(await FormAsync(admin, uuid), "Y13"));
        await admin.DeleteAsync($"/xapi/custom-fields/projects/Y13/subjects/s/fields/{uuid}");
        await admin.SendAsync("DELETE", Forms, 200, $"[\"{row}\"]", "application/json");
        Assert.DoesNotContain(await ListAsync(admin), f => f.GetProperty("formUUID").GetString() == uuid);
        await admin.SendAsync("DELETE", Forms, 404, $"[\"{row}\"]", "application/json");
        await admin.SendAsync("DELETE", Forms, 400, "[]", "application/json");
    }

    [Fact]
    public async Task Forms_are_managed_by_administrators_and_by_the_role_for_it()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/YROLE");
        using var owner = new RestClient(await server.UserAsync("yrole-owner"));
        await admin.PutAsync("/data/projects/YROLE/users/owner/yrole-owner");
        async Task TryAsync(int save, int other)
        {
            await SaveAsync(owner, save, Body("r", "xnat:subjectData", "1", ["YROLE"]));
            await PostAsync(owner, "/enable", other, """["9-9999"]""");
            await PostAsync(owner, "/optin/9-9999", other, """["YROLE"]""");
            await PostAsync(owner, $"/formId/{Guid.NewGuid()}?displayOrder=1", other);
            await owner.GetAsync($"{Forms}/hasdata/9-9999", other);
            await owner.SendAsync("DELETE", Forms, other, """["9-9999"]""", "application/json");
        }

        await TryAsync(403, 403);
        await admin.PutAsync("/xapi/users/yrole-owner/roles/CustomFormManager");
        await TryAsync(201, 404);
        using var stranger = new RestClient(await server.UserAsync("yrole-manager"));
        await admin.PutAsync("/xapi/users/yrole-manager/roles/CustomFormManager");
        await SaveAsync(stranger, 404, Body("r", "xnat:subjectData", "1", ["YROLE"]));
    }
}
