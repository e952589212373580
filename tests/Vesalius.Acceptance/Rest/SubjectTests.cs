using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>rest-api §4, §9 and §18 row by row.</summary>
public sealed class SubjectTests(RunningServer server) : IClassFixture<RunningServer>
{
    private RestClient Admin => new(server.Client());

    private static async Task ProjectsAsync(RestClient admin, params string[] ids)
    {
        foreach (var id in ids)
        {
            await admin.PutAsync($"/data/projects/{id}");
        }
    }

    [Fact]
    public async Task S1_S2_Lists_have_exactly_their_columns()
    {
        using var admin = Admin;
        await ProjectsAsync(admin, "S1");
        var id = await admin.PutAsync("/data/projects/S1/subjects/a?gender=male&yob=1970", 201);
        await admin.PutAsync("/data/projects/S1/subjects/b?gender=female", 201);
        var rows = await admin.RowsAsync("/data/projects/S1/subjects");
        Assert.Equal(["ID", "project", "label", "insert_date", "insert_user", "URI"], rows[0].Keys);
        Assert.Equal((id, "S1", "a", "admin", $"/data/subjects/{id}"), (rows[0]["ID"], rows[0]["project"], rows[0]["label"], rows[0]["insert_user"], rows[0]["URI"]));
        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,3}$", rows[0]["insert_date"]);
        Assert.Equal(["a"], (await admin.RowsAsync("/data/subjects?project=S1&gender=male&columns=label")).Select(r => r["label"]));
        Assert.Equal(["ID", "URI"], (await admin.RowsAsync("/data/projects/S1/subjects?columns=ID,unknown"))[0].Keys);
        Assert.Equal("1970", (await admin.RowsAsync("/data/projects/S1/subjects?columns=yob&label=a"))[0]["yob"]);
        Assert.Equal(["b", "a"], (await admin.RowsAsync("/data/projects/S1/subjects?columns=label&sortBy=label&sortOrder=DESC")).Select(r => r["label"]));
        Assert.Equal(["b"], (await admin.RowsAsync("/data/projects/S1/subjects?columns=label&sortBy=label&offset=1&limit=1")).Select(r => r["label"]));
        Assert.Empty(await admin.RowsAsync("/data/projects/S1/subjects?offset=2&limit=10"));
        Assert.Contains((await admin.RowsAsync("/data/projects/S1/subjects?fields=true")), r => r["key"] == "gender" && r["xpath"].EndsWith("/gender", StringComparison.Ordinal));
        Assert.StartsWith("ID,label,URI\n", await admin.GetAsync("/data/projects/S1/subjects?columns=ID,label&format=csv"), StringComparison.Ordinal);
        Assert.Contains("<cell>a</cell>", await admin.GetAsync("/data/projects/S1/subjects?format=xml"), StringComparison.Ordinal);
        Assert.Contains("<table>", await admin.GetAsync("/data/projects/S1/subjects?format=html"), StringComparison.Ordinal);
        await admin.GetAsync("/data/projects/NONE/subjects", 404);
        using var outsider = new RestClient(await server.UserAsync("s1-out"));
        await outsider.GetAsync("/data/projects/S1/subjects", 404);
        Assert.Empty(await outsider.RowsAsync("/data/subjects"));
    }

    [Fact]
    public async Task S3_S4_S5_Subject_is_made_read_and_changed()
    {
        using var admin = Admin;
        await ProjectsAsync(admin, "S5", "S5B");
        var id = await admin.PutAsync("/data/projects/S5/subjects/s?gender=male&dob=01/02/1980&group=g", 201);
        Assert.Equal(id, await admin.PutAsync("/data/projects/S5/subjects/s?xsiType=xnat:subjectData&xnat:subjectData/demographics[@xsi:type=xnat:demographicData]/gender=female&weight=70"));
        var item = await admin.ItemAsync($"/data/archive/projects/S5/subjects/{id}");
        Assert.Equal((id, "s", "S5", "g"), (RestClient.Field(item, "ID"), RestClient.Field(item, "label"), RestClient.Field(item, "project"), RestClient.Field(item, "group")));
        var demographics = Assert.Single(RestClient.Children(item, "demographics"));
        Assert.Equal(("female", "1980-01-02", "70.0"), (RestClient.Field(demographics, "gender"), RestClient.Field(demographics, "dob"), RestClient.Field(demographics, "weight")));
        Assert.Equal("xnat:demographicData", demographics.GetProperty("meta").GetProperty("xsi:type").GetString());
        await admin.PutAsync("/data/projects/S5/subjects/s?group=NULL");
        Assert.Equal("", RestClient.Field(await admin.ItemAsync($"/data/subjects/{id}"), "group"));
        await admin.GetAsync("/data/subjects/s", 404);
        await admin.PutAsync("/data/projects/S5B/subjects/" + id, 409);
        await admin.PutAsync("/data/projects/S5/subjects/a%20b", 417);
        await admin.PutAsync("/data/projects/S5/subjects/a%C3%A9", 417);
        await admin.PutAsync("/data/projects/NONE/subjects/s", 422);
        await admin.PutAsync("/data/projects/S5/subjects/s?gender=purple", 400);
        await admin.PutAsync("/data/projects/S5/subjects/s?dob=yesterday", 400);
        await admin.PutAsync("/data/projects/S5/subjects/s?age=old", 400);
        await admin.PutAsync("/data/projects/S5/subjects/s?xnat:subjectData/nothing=1", 400);
        await admin.PutAsync("/data/projects/S5/subjects/s?xnat:subjectData/ID=OTHER", 400);
        await admin.PutAsync("/data/projects/S5/subjects/s?project=S5B", 409);
        await admin.PutAsync("/data/projects/S5/subjects/s", 422, "<xnat:Subject");
        Assert.Contains("demographics/gender", await admin.GetAsync("/data/projects/S5/subjects/s/history"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task S5_Document_is_merged_or_authoritative()
    {
        using var admin = Admin;
        await ProjectsAsync(admin, "S5X");
        const string Document = """<xnat:Subject xmlns:xnat="http://nrg.wustl.edu/xnat" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" label="s" project="S5X"><xnat:demographics xsi:type="xnat:demographicData"><xnat:gender>male</xnat:gender></xnat:demographics></xnat:Subject>""";
        var id = await admin.PutAsync("/data/projects/S5X/subjects/s?group=kept", 201, Document);
        await admin.PutAsync("/data/projects/S5X/subjects/s", 200, Document.Replace("male", "female", StringComparison.Ordinal));
        var item = await admin.ItemAsync($"/data/subjects/{id}");
        Assert.Equal("kept", RestClient.Field(item, "group"));
        Assert.Equal("female", RestClient.Field(Assert.Single(RestClient.Children(item, "demographics")), "gender"));
        await admin.PutAsync("/data/projects/S5X/subjects/s?allowDataDeletion=true", 200, Document);
        Assert.Equal("", RestClient.Field(await admin.ItemAsync($"/data/subjects/{id}"), "group"));
        using var form = new FormUrlEncodedContent([new("gender", "female"), new("fields", "x")]);
        await admin.PutAsync("/data/projects/S5X/subjects/s", 200, await form.ReadAsStringAsync(TestContext.Current.CancellationToken), "application/x-www-form-urlencoded");
        Assert.Equal("female", RestClient.Field(RestClient.Children(await admin.ItemAsync($"/data/subjects/{id}"), "demographics")[0], "gender"));
    }

    [Fact]
    public async Task S6_Subject_is_posted_and_experiments_in_it_are_refused()
    {
        using var admin = Admin;
        await ProjectsAsync(admin, "S6");
        const string Document = """<xnat:Subject xmlns:xnat="http://nrg.wustl.edu/xnat" label="s"></xnat:Subject>""";
        Assert.Contains("/data/subjects/", await admin.SendAsync("POST", "/data/projects/S6/subjects", 200, Document), StringComparison.Ordinal);
        await admin.SendAsync("POST", "/data/projects/S6/subjects", 409, Document);
        await admin.SendAsync("POST", "/data/projects/NONE/subjects", 404, Document);
        await admin.SendAsync("POST", "/data/projects/S6/subjects", 422, """<xnat:Subject xmlns:xnat="http://nrg.wustl.edu/xnat" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" label="t"><xnat:experiments><xnat:experiment xsi:type="xnat:mrSessionData" label="e"/></xnat:experiments></xnat:Subject>""");
        await admin.SendAsync("POST", "/data/projects/S6/subjects", 422, """<xnat:MRSession xmlns:xnat="http://nrg.wustl.edu/xnat" label="e"/>""");
    }

    [Fact]
    public async Task S7_Subject_is_relabelled_with_its_files()
    {
        using var admin = Admin;
        await ProjectsAsync(admin, "S7");
        var id = await admin.PutAsync("/data/projects/S7/subjects/old", 201);
        await admin.PutAsync("/data/projects/S7/subjects/taken", 201);
        await admin.PutAsync("/data/projects/S7/subjects/old/resources/R/files/a.txt?inbody=true", 200, "hello", "application/octet-stream");
        await admin.PutAsync("/data/projects/S7/subjects/old?label=taken", 409);
        Assert.Equal("", await admin.PutAsync("/data/projects/S7/subjects/old?label=new"));
        await admin.GetAsync("/data/projects/S7/subjects/old", 404);
        Assert.Equal(id, RestClient.Field(await admin.ItemAsync("/data/projects/S7/subjects/new"), "ID"));
        Assert.Equal("hello", await admin.GetAsync("/data/projects/S7/subjects/new/resources/R/files/a.txt"));
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "S7", "subjects", "old")));
    }

    [Fact]
    public async Task S8_S9_S10_S11_Subject_is_shared_given_and_unshared()
    {
        using var admin = Admin;
        await ProjectsAsync(admin, "S8", "S8B", "S8C");
        var id = await admin.PutAsync("/data/projects/S8/subjects/s", 201);
        await admin.PutAsync("/data/projects/S8B/subjects/taken", 201);
        await admin.PutAsync("/data/projects/S8/subjects/s/resources/R/files/a.txt?inbody=true", 200, "hello", "application/octet-stream");
        await admin.PutAsync("/data/projects/S8/subjects/s/projects/S8B?label=taken", 409);
        await admin.PutAsync("/data/projects/S8/subjects/s/projects/NONE", 404);
        await admin.PutAsync("/data/projects/S8/subjects/s/projects/S8B?label=guest");
        await admin.PutAsync("/data/projects/S8/subjects/s/projects/S8B?label=again", 409);
        await admin.PutAsync("/data/projects/S8B/subjects/guest2?label=guest", 400);
        var rows = await admin.RowsAsync("/data/projects/S8/subjects/s/projects");
        Assert.Equal(["label", "ID", "Secondary_ID", "Name"], rows[0].Keys);
        Assert.Equal([("s", "S8"), ("guest", "S8B")], rows.Select(r => (r["label"], r["ID"])));
        var listed = Assert.Single(await admin.RowsAsync("/data/projects/S8B/subjects?columns=ID,label,project"), r => r["ID"] == id);
        Assert.Equal(("guest", "S8"), (listed["label"], listed["project"]));
        Assert.Equal(id, RestClient.Field(await admin.ItemAsync("/data/projects/S8B/subjects/guest"), "ID"));
        Assert.Equal("S8B", RestClient.Field(Assert.Single(RestClient.Children(await admin.ItemAsync($"/data/subjects/{id}"), "sharing/share")), "project"));
        using var reader = new RestClient(await server.UserAsync("s8-reader"));
        await admin.PutAsync("/data/projects/S8B/users/collaborator/s8-reader");
        Assert.Equal(id, RestClient.Field(await reader.ItemAsync($"/data/subjects/{id}"), "ID"));
        await reader.DeleteAsync("/data/projects/S8B/subjects/guest", 403);
        await admin.DeleteAsync("/data/projects/S8B/subjects/guest");
        await reader.GetAsync($"/data/subjects/{id}", 404);
        await admin.PutAsync("/data/projects/S8/subjects/s/projects/S8B");
        await admin.DeleteAsync("/data/projects/S8/subjects/s/projects/S8B");
        await admin.DeleteAsync("/data/projects/S8/subjects/s/projects/S8B", 404);
        await admin.PutAsync("/data/projects/S8/subjects/s/projects/S8C?primary=true");
        await admin.GetAsync("/data/projects/S8/subjects/s", 404);
        Assert.Equal("hello", await admin.GetAsync("/data/projects/S8C/subjects/s/resources/R/files/a.txt"));
        await admin.DeleteAsync("/data/projects/S8C/subjects/s?removeFiles=true");
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "S8C", "subjects", "s")));
        await admin.DeleteAsync("/data/projects/S8C/subjects/s", 404);
    }

    [Fact]
    public async Task Y1_Y2_Y3_Custom_variables_are_written_listed_and_chosen()
    {
        using var admin = Admin;
        await ProjectsAsync(admin, "Y1");
        var id = await admin.PutAsync("/data/projects/Y1/subjects/s?xnat:subjectData/fields/field[name=cohort]/field=A", 201);
        await admin.PutAsync("/data/projects/Y1/subjects/s?xnat:subjectData/fields/field%5Bname%3Dsite%5D/field=North%20%26%20South");
        await admin.PutAsync("/data/projects/Y1/subjects/t", 201);
        var fields = RestClient.Children(await admin.ItemAsync($"/data/subjects/{id}"), "fields/field");
        Assert.Equal([("cohort", "A"), ("site", "North & South")], fields.Select(f => (RestClient.Field(f, "name"), RestClient.Field(f, "field"))).Order());
        var rows = await admin.RowsAsync("/data/projects/Y1/subjects?columns=label,xnat:subjectData/fields/field/name,xnat:subjectData/fields/field/field");
        Assert.Equal([("s", "cohort", "A"), ("s", "site", "North & South"), ("t", "", "")], rows.Select(r => (r["label"], r["xnat:subjectdata/fields/field/name"], r["xnat:subjectdata/fields/field/field"])).Order());
        var chosen = await admin.RowsAsync("/data/projects/Y1/subjects?columns=label,xnat:subjectData/fields/field[name=cohort]/field&xnat:subjectData/fields/field[name=cohort]/field=A");
        Assert.Equal("A", Assert.Single(chosen)["xnat:subjectdata/fields/field[name=cohort]/field"]);
    }
}
