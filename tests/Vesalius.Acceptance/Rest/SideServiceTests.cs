using System.Text.Json;
using Vesalius.Acceptance.Access;
using Vesalius.Acceptance.Clients;
using Vesalius.Dicom;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>Small rows of rest-api §5.4, §8, §16, §20, §23 and xapi G.3: side actions, history in items, lists of types, investigators, mail, labels.</summary>
public sealed class SideServiceTests(RunningServer server) : IClassFixture<RunningServer>
{
    private RestClient Admin => new(server.Client());

    private static async Task SessionAsync(RestClient admin, string project)
    {
        await admin.PutAsync($"/data/projects/{project}");
        await admin.PutAsync($"/data/projects/{project}/subjects/s?group=one", 201);
        await admin.PutAsync($"/data/projects/{project}/subjects/s/experiments/e?xsiType=xnat:ctSessionData&note=one", 201);
        await admin.PutAsync($"/data/projects/{project}/experiments/e/scans/1?xsiType=xnat:ctScanData&note=one");
    }

    private static List<JsonElement> Former(JsonElement item) => RestClient.Children(item, "history");

    [Fact]
    [Trait("Row", "PR2")]
    [Trait("Row", "S3")]
    [Trait("Row", "E4")]
    public async Task PR2_S3_E4_C2_History_is_part_of_an_item_that_asks_for_it()
    {
        using var admin = Admin;
        await SessionAsync(admin, "HIST");
        foreach (var (address, field) in ((string, string)[])[("", "description"), ("/subjects/s", "group"), ("/experiments/e", "note"), ("/experiments/e/scans/1", "note")])
        {
            var path = "/data/projects/HIST" + address;
            var before = Former(await admin.ItemAsync($"{path}?includeHistory=true")).Count;
            await admin.PutAsync($"{path}?{field}=two");
            await admin.PutAsync($"{path}?{field}=three");
            Assert.Empty(Former(await admin.ItemAsync(path)));
            Assert.Empty(Former(await admin.ItemAsync($"{path}?includeHistory=false")));
            var item = await admin.ItemAsync($"{path}?includeHistory=true");
            Assert.Equal("three", RestClient.Field(item, field));
            Assert.False(item.GetProperty("meta").GetProperty("isHistory").GetBoolean());
            var former = Former(item);
            Assert.Equal(before + 2, former.Count);
            Assert.All(former, f => Assert.True(f.GetProperty("meta").GetProperty("isHistory").GetBoolean()));
            Assert.Equal("two", RestClient.Field(former[^1], field));
            Assert.NotEqual("two", RestClient.Field(former[^2], field));
            Assert.DoesNotContain(former, f => RestClient.Field(f, field) == "three");
        }

        await admin.PutAsync("/data/projects/HIST/accessibility/protected");
        using var describer = new RestClient(await server.UserAsync("hist-out"));
        await describer.GetAsync("/data/projects/HIST?format=json");
        await describer.GetAsync("/data/projects/HIST?includeHistory=true&format=json", 403);
    }

    [Fact]
    [Trait("Row", "E14")]
    [Trait("Row", "C8")]
    public async Task E14_C8_Headers_are_read_again_into_a_scan_or_a_session()
    {
        using var admin = Admin;
        await SessionAsync(admin, "PULL");
        await admin.PutAsync("/data/projects/PULL/experiments/e/scans/2?xsiType=xnat:ctScanData");
        var file = Part10File.Read(await File.ReadAllBytesAsync(Directory.EnumerateFiles(RunningServer.Routed("ct-head-phantom-philips", "")).Order(StringComparer.Ordinal).First(), TestContext.Current.CancellationToken));
        using var client = new ReplayedClient(server.Address, "admin:admin-password");
        foreach (var scan in (string[])["1", "2"])
        {
            await client.PutAsync($"/data/projects/PULL/experiments/e/scans/{scan}/resources/DICOM/files/1.dcm?inbody=true&format=DICOM&content=RAW", ReplayedClient.Raw(file.Encode().ToArray()));
        }

        async Task<List<string>> DescriptionsAsync() => [.. (await admin.RowsAsync("/data/projects/PULL/experiments/e/scans?columns=ID,series_description&sortBy=ID")).Select(r => r["series_description"])];
        var description = file.DataSet.GetString(Tag.SeriesDescription)!.Trim();
        Assert.NotEqual("", description);
        Assert.Equal(["", ""], await DescriptionsAsync());
        await admin.PutAsync("/data/projects/PULL/experiments/e/scans/1?pullDataFromHeaders=true");
        Assert.Equal([description, ""], await DescriptionsAsync());
        Assert.Equal("one", RestClient.Field(await admin.ItemAsync("/data/projects/PULL/experiments/e/scans/1"), "note"));
        var session = RestClient.Field(await admin.ItemAsync("/data/projects/PULL/experiments/e"), "ID");
        await admin.PutAsync($"/data/experiments/{session}?pullDataFromHeaders=true");
        Assert.Equal([description, description], await DescriptionsAsync());
        var item = await admin.ItemAsync($"/data/experiments/{session}");
        Assert.Equal((file.DataSet.GetString(Tag.StudyInstanceUID), "one"), (RestClient.Field(item, "UID"), RestClient.Field(item, "note")));
        using var reader = new RestClient(await server.UserAsync("pull-reader"));
        await admin.PutAsync("/data/projects/PULL/users/collaborator/pull-reader");
        await reader.PutAsync($"/data/experiments/{session}?pullDataFromHeaders=true", 403);
    }

    [Fact]
    [Trait("Row", "X4")]
    public async Task X4_Assessor_is_posted()
    {
        using var admin = Admin;
        await SessionAsync(admin, "X4P");
        const string Document = """<xnat:QCManualAssessment xmlns:xnat="http://nrg.wustl.edu/xnat" label="qc"/>""";
        Assert.Contains("/data/experiments/", await admin.SendAsync("POST", "/data/projects/X4P/experiments/e/assessors", 200, Document), StringComparison.Ordinal);
        Assert.Equal("qc", Assert.Single(await admin.RowsAsync("/data/projects/X4P/experiments/e/assessors"))["label"]);
        await admin.SendAsync("POST", "/data/projects/X4P/experiments/e/assessors", 409, Document);
    }

    [Fact]
    [Trait("Row", "J3")]
    [Trait("Row", "J5")]
    [Trait("Row", "J6")]
    public async Task J3_J5_J6_Schemas_and_types_are_answered_by_their_other_addresses()
    {
        using var admin = Admin;
        Assert.Equal(await admin.GetAsync("/xapi/schemas/xnat"), await admin.GetAsync("/xapi/xnat.xsd"));
        using var all = JsonDocument.Parse(await admin.GetAsync("/xapi/schemas/datatypes/elements/all"));
        Assert.Equal("MRSession", all.RootElement.GetProperty("xnat_mrSessionData").GetProperty("properName").GetString());
        using var some = JsonDocument.Parse(await admin.SendAsync("POST", "/xapi/schemas/datatypes/elements", 200, """{"dataTypes":["xnat:mrSessionData","xnat:subjectData"]}""", "application/json"));
        Assert.Equal(["xnat_mrSessionData", "xnat_subjectData"], some.RootElement.EnumerateObject().Select(p => p.Name));
        await admin.SendAsync("POST", "/xapi/schemas/datatypes/elements", 404, """{"dataTypes":["no:such"]}""", "application/json");
        await admin.SendAsync("POST", "/xapi/schemas/datatypes/elements", 400, "[]", "application/json");
        using var names = JsonDocument.Parse(await admin.SendAsync("POST", "/xapi/schemas/datatypes/names", 200, "dataTypes=xnat:mrSessionData&dataTypes=xnat:subjectData", "application/x-www-form-urlencoded"));
        Assert.Equal("xnat:mrSessionData", names.RootElement.GetProperty("xnat_mrSessionData")[0].GetString());
        await admin.SendAsync("POST", "/xapi/schemas/datatypes/names", 404, "dataTypes=no:such", "application/x-www-form-urlencoded");
        await admin.SendAsync("POST", "/xapi/schemas/datatypes/names", 400, "{}", "application/json");
    }

    [Fact]
    [Trait("Row", "J14")]
    public async Task J14_Types_are_those_that_the_caller_may_use_so()
    {
        using var admin = Admin;
        await SessionAsync(admin, "J14");
        using var user = new RestClient(await server.UserAsync("j14-user"));
        async Task<List<string>> TypesAsync(string access)
        {
            using var json = JsonDocument.Parse(await user.GetAsync($"/xapi/access/displays/{access}"));
            return [.. json.RootElement.EnumerateArray().Select(t => t.GetProperty("elementName").GetString()!)];
        }

        Assert.Empty(await TypesAsync("readable"));
        Assert.Empty(await TypesAsync("createable"));
        await admin.SendAsync(
            "POST", "/data/projects/J14/groups", 200,
            "xdat:userGroup/displayName=Typists&xdat:userGroup/tag=J14&src=project&xnat:ctSessionData_xnat:ctSessionData/project_J14_R=1&xnat:ctSessionData_xnat:ctSessionData/project_J14_E=1&xnat:subjectData_xnat:subjectData/project_J14_R=1", "application/x-www-form-urlencoded");
        await admin.PutAsync("/data/projects/J14/users/J14_Typists/j14-user");
        Assert.Superset(new HashSet<string>(["xnat:ctSessionData", "xnat:subjectData"]), (await TypesAsync("readable")).ToHashSet());
        Assert.DoesNotContain("xnat:mrSessionData", await TypesAsync("readable"));
        Assert.Equal(["xnat:ctSessionData"], await TypesAsync("createable"));
        Assert.Equal(["xnat:ctSessionData"], await TypesAsync("editable"));
        await admin.PutAsync("/data/projects/J14/users/member/j14-user");
        foreach (var access in JsonSerializer.Deserialize<string[]>(await user.GetAsync("/xapi/access/displays"))!)
        {
            Assert.Contains("xnat:mrSessionData", await TypesAsync(access));
        }

        Assert.Contains("MR Session", await user.GetAsync("/xapi/role/displays/createable"), StringComparison.Ordinal);
        await user.GetAsync("/xapi/access/displays/nothing", 404);
        foreach (var address in (string[])["/xapi/access/displays/modified", "/xapi/access/j14-user/displays/modified"])
        {
            Assert.InRange(long.Parse(await user.GetAsync(address), System.Globalization.CultureInfo.InvariantCulture), DateTimeOffset.UtcNow.AddMinutes(-5).ToUnixTimeMilliseconds(), DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeMilliseconds());
        }

        Assert.Contains("xnat:mrSessionData", await admin.GetAsync("/xapi/access/j14-user/displays/createable"), StringComparison.Ordinal);
        await user.GetAsync("/xapi/access/admin/displays/createable", 403);
        await admin.GetAsync("/xapi/access/nobody-here/displays/createable", 404);
        Assert.Equal("""{"J14":"Members"}""", await user.GetAsync("/xapi/access/projects"));
        await user.DeleteAsync("/xapi/access/cache/flush");
        await user.SendAsync("POST", "/xapi/access/cache/flush", 200);
        await user.DeleteAsync("/xapi/access/cache/flush/j14-user");
        await user.DeleteAsync("/xapi/access/cache/flush/admin", 403);
        await user.GetAsync("/xapi/access/cache/status", 403);
        await admin.GetAsync("/xapi/access/cache/status");
    }

    [Fact]
    [Trait("Row", "J14")]
    public async Task J14_Administrators_see_what_each_group_of_a_project_may_do()
    {
        using var admin = Admin;
        await SessionAsync(admin, "J14P");
        await admin.SendAsync("POST", "/data/projects/J14P/groups", 200, "xdat:userGroup/displayName=Readers&xdat:userGroup/tag=J14P&src=project&xnat:ctSessionData_xnat:ctSessionData/project_J14P_R=1", "application/x-www-form-urlencoded");
        using var json = JsonDocument.Parse(await admin.GetAsync("/xapi/access/permissions/group/J14P"));
        var rows = json.RootElement.EnumerateArray().ToList();
        (bool Read, bool Edit, bool Delete) Of(string group, string type) => rows.Where(r => r.GetProperty("groupId").GetString() == group && r.GetProperty("elementName").GetString() == type)
            .Select(r => (r.GetProperty("read").GetBoolean(), r.GetProperty("edit").GetBoolean(), r.GetProperty("delete").GetBoolean())).Single();
        Assert.Equal((true, true, true), Of("J14P_owner", "xnat:mrSessionData"));
        Assert.Equal((true, true, false), Of("J14P_member", "xnat:mrSessionData"));
        Assert.Equal((true, false, false), Of("J14P_collaborator", "xnat:mrSessionData"));
        Assert.Equal((true, false, false), Of("J14P_Readers", "xnat:ctSessionData"));
        Assert.DoesNotContain(rows, r => r.GetProperty("groupId").GetString() == "J14P_Readers" && r.GetProperty("elementName").GetString() == "xnat:mrSessionData" && r.GetProperty("read").GetBoolean());
        Assert.Equal("[]", await admin.GetAsync("/xapi/access/permissions/irregular/find"));
        await admin.SendAsync("POST", "/xapi/access/permissions/irregular/fix", 204);
        await admin.GetAsync("/xapi/access/permissions/group/NOTHING", 404);
        using var user = new RestClient(await server.UserAsync("j14-user"));
        await user.GetAsync("/xapi/access/permissions/group/J14P", 403);
        await user.GetAsync("/xapi/access/permissions/irregular/find", 403);
    }

    [Fact]
    [Trait("Row", "N14")]
    [Trait("Row", "N15")]
    public async Task N14_N15_Users_see_how_they_sign_in_and_which_projects_are_theirs()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/N15");
        using var user = new RestClient(await server.UserAsync("n14-user"));
        Assert.Equal("[]", await user.GetAsync("/xapi/users/projects"));
        await admin.PutAsync("/data/projects/N15/users/collaborator/n14-user");
        Assert.Equal("""["N15"]""", await user.GetAsync("/xapi/users/projects"));
        using (var wrong = new RestClient(server.Client("n14-user", "wrong")))
        {
            await wrong.GetAsync("/data/auth", 401);
        }

        using var json = JsonDocument.Parse(await admin.GetAsync("/xapi/users/authDetails/n14-user"));
        var details = Assert.Single(json.RootElement.EnumerateArray());
        Assert.Equal(
            ["authMethod", "authMethodId", "authUser", "failedLoginAttempts", "lastLoginAttempt", "lastSuccessfulLogin", "xdatUsername"], details.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(("localdb", "n14-user", 1), (details.GetProperty("authMethod").GetString(), details.GetProperty("xdatUsername").GetString(), details.GetProperty("failedLoginAttempts").GetInt32()));
        await user.GetAsync("/xapi/users/authDetails/n14-user");
        await user.GetAsync("/xapi/users/authDetails/admin", 403);
        await admin.GetAsync("/xapi/users/authDetails/nobody-here", 404);
        Assert.Contains("localdb", await user.GetAsync("/xapi/users/authProviders"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Row", "L10")]
    public async Task L10_Preferences_of_tools_are_kept_and_passwords_never_shown()
    {
        using var admin = Admin;
        await admin.PutAsync("/xapi/prefs/props/l10tool/colour", 200, "green", "text/plain");
        await admin.PutAsync("/xapi/prefs/props/l10tool/apiPassword", 200, "hush", "text/plain");
        Assert.Contains("l10tool", await admin.GetAsync("/xapi/prefs"), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await admin.GetAsync("/xapi/prefs/props/l10tool"));
        Assert.Equal(("green", ""), (json.RootElement.GetProperty("colour").GetString(), json.RootElement.GetProperty("apiPassword").GetString()));
        Assert.Contains("green", await admin.GetAsync("/xapi/prefs/props/l10tool/colour"), StringComparison.Ordinal);
        Assert.DoesNotContain("hush", await admin.GetAsync("/xapi/prefs/props/l10tool/apiPassword"), StringComparison.Ordinal);
        using var user = new RestClient(await server.UserAsync("l10-user"));
        await user.GetAsync("/xapi/prefs/props/l10tool", 403);
        await user.PutAsync("/xapi/prefs/props/l10tool/colour", 403, "red", "text/plain");
    }

    [Fact]
    [Trait("Row", "M12")]
    [Trait("Row", "PR19")]
    public async Task M12_PR19_Investigators_are_kept_apart_from_what_the_caller_may_not_see()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/M12?pi_firstname=Ada&pi_lastname=Mzwoelf");
        using var user = new RestClient(await server.UserAsync("m12-user"));
        using var made = JsonDocument.Parse(await user.SendAsync("POST", "/xapi/investigators", 201, """{"firstname":"Bea","lastname":"Mzwoelf","email":"b@example.org","unknown":1}""", "application/json"));
        var id = made.RootElement.GetProperty("xnatInvestigatordataId").GetInt64();
        await user.SendAsync("POST", "/xapi/investigators", 200, """{"firstname":"Bea","lastname":"Mzwoelf","title":"Dr"}""", "application/json");
        await user.SendAsync("POST", "/xapi/investigators", 400, """{"firstname":"Bea"}""", "application/json");
        await user.SendAsync("POST", "/xapi/investigators", 400, """{"firstname":"Bea","lastname":"M","email":"none"}""", "application/json");
        await user.PutAsync($"/xapi/investigators/{id}", 200, """{"phone":"1"}""", "application/json");
        await user.PutAsync($"/xapi/investigators/{id}", 409, """{"firstname":"Ada"}""", "application/json");
        using var one = JsonDocument.Parse(await user.GetAsync($"/xapi/investigators/{id}"));
        Assert.Equal(
            ["department", "email", "firstname", "institution", "investigatorProjects", "lastname", "phone", "primaryProjects", "title", "xnatInvestigatordataId"],
            one.RootElement.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(("Dr", "1"), (one.RootElement.GetProperty("title").GetString(), one.RootElement.GetProperty("phone").GetString()));
        var ada = JsonDocument.Parse(await admin.GetAsync("/xapi/investigators")).RootElement.EnumerateArray().Single(i => i.GetProperty("firstname").GetString() == "Ada");
        Assert.Equal("M12", ada.GetProperty("primaryProjects")[0].GetString());
        Assert.DoesNotContain("M12", await user.GetAsync("/xapi/investigators"), StringComparison.Ordinal);
        Assert.Contains(await admin.RowsAsync("/data/investigators"), r => r["firstname"] == "Bea");
        await user.DeleteAsync($"/xapi/investigators/{id}", 403);
        await admin.DeleteAsync($"/xapi/investigators/{id}");
        await admin.DeleteAsync($"/xapi/investigators/{id}", 404);
        using var nobody = new RestClient(server.Client(null));
        await nobody.GetAsync("/xapi/investigators", 401);
    }

    [Fact]
    [Trait("Row", "T4")]
    public async Task T4_Administrators_send_mail()
    {
        using var admin = Admin;
        const string Letter = "to=a@example.org&cc=b@example.org,c@example.org&subject=Hello&html=%3Cp%3EWords%26amp%3B%3C/p%3E";
        async Task<string> SendAsync(RestClient client, int status, string form) => await client.SendAsync("POST", "/data/services/mail/send", status, form, "application/x-www-form-urlencoded");
        await SendAsync(admin, 424, Letter);
        await using var sink = new SmtpSink();
        await admin.SendAsync("POST", "/xapi/notifications/smtp", 200, $$"""{"hostname":"127.0.0.1","port":{{sink.Port}},"smtpEnabled":true}""", "application/json");
        Assert.Equal("OK", await SendAsync(admin, 200, Letter));
        await RunningServer.EventuallyAsync(() => Task.FromResult(sink.Letters.Count == 3 ? "sent" : null));
        Assert.All(sink.Letters, l => Assert.Contains("Words&", l.Text, StringComparison.Ordinal));
        await SendAsync(admin, 400, "to=&subject=x&message=y");
        await SendAsync(admin, 400, "to=a@example.org%0ABcc:x@example.org&subject=x&message=y");
        await SendAsync(admin, 400, "to=a@example.org&subject=x%0Ay&message=y");
        using var user = new RestClient(await server.UserAsync("t4-user"));
        await SendAsync(user, 403, Letter);
        await admin.SendAsync("POST", "/xapi/notifications/smtp", 200, """{"smtpEnabled":false}""", "application/json");
    }

    [Fact]
    [Trait("Row", "T5")]
    [Trait("Row", "T7")]
    public async Task T5_T7_Changes_and_quality_labels_are_answered()
    {
        using var admin = Admin;
        await SessionAsync(admin, "T5");
        var id = RestClient.Field(await admin.ItemAsync("/data/projects/T5/subjects/s"), "ID");
        await admin.PutAsync("/data/projects/T5/subjects/s?group=two");
        Assert.Contains("\"two\"", await admin.GetAsync($"/data/services/audit/xnat:subjectData/{id}"), StringComparison.Ordinal);
        await admin.GetAsync($"/data/services/audit/no:such/{id}", 400);
        using var user = new RestClient(await server.UserAsync("t5-user"));
        await user.GetAsync($"/data/services/audit/xnat:subjectData/{id}", 403);
        Assert.Equal("usable,questionable,unusable", await user.GetAsync("/data/services/scan-quality-labels"));
        await admin.PutAsync("/data/projects/T5/config/scan-quality/labels", 201, "good, bad", "text/plain");
        Assert.Equal("good,bad", await admin.GetAsync("/data/services/scan-quality-labels/T5"));
        Assert.Equal("usable,questionable,unusable", await admin.GetAsync("/data/services/scan-quality-labels"));
        await user.GetAsync("/data/services/scan-quality-labels/T5", 404);
    }

    [Fact]
    [Trait("Row", "N4")]
    public async Task N4_User_learns_about_itself()
    {
        using var user = new RestClient(await server.UserAsync("n4-user"));
        using var profile = JsonDocument.Parse(await user.GetAsync("/xapi/users/current"));
        Assert.Equal("n4-user", profile.RootElement.GetProperty("username").GetString());
    }

    [Fact]
    [Trait("Row", "C.4")]
    public async Task Receivers_say_whether_they_can_relabel()
    {
        using var admin = Admin;
        Assert.Equal("true", await admin.GetAsync($"/xapi/processors/site/canRemap/receiver/VESALIUS:{server.DicomPort}"));
        await admin.GetAsync("/xapi/processors/site/canRemap/receiver/NONE:1", 404);
    }
}
