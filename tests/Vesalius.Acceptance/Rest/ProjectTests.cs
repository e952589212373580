using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>rest-api §3 row by row (R19).</summary>
public sealed class ProjectTests(RunningServer server) : IClassFixture<RunningServer>
{
    private RestClient Admin => new(server.Client());

    [Fact]
    public async Task PR1_List_has_exactly_its_columns_and_only_what_the_caller_may_see()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/PR1?name=One&description=D&pi_firstname=Ada&pi_lastname=Lovelace&secondary_ID=one");
        var row = Assert.Single(await admin.RowsAsync("/data/projects"), r => r["ID"] == "PR1");
        Assert.Equal(["ID", "secondary_ID", "name", "description", "pi_firstname", "pi_lastname", "URI"], row.Keys);
        Assert.Equal(("One", "D", "Ada", "Lovelace", "one", "/data/projects/PR1"), (row["name"], row["description"], row["pi_firstname"], row["pi_lastname"], row["secondary_ID"], row["URI"]));
        using var outsider = new RestClient(await server.UserAsync("pr1-out"));
        Assert.DoesNotContain(await outsider.RowsAsync("/data/projects"), r => r["ID"] == "PR1");
        await admin.PutAsync("/data/projects/PR1/accessibility/protected");
        Assert.Contains(await outsider.RowsAsync("/data/archive/projects?columns=ID,URI,name&format=json"), r => r["ID"] == "PR1");
        Assert.StartsWith("ID,URI\n", await admin.GetAsync("/data/projects?format=csv&columns=ID,unknown"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PR2_Item_is_XML_by_default_and_JSON_on_request()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/PR2?pi_lastname=Curie&alias=radium");
        var xml = System.Xml.Linq.XDocument.Parse(await admin.GetAsync("/data/projects/PR2")).Root!;
        Assert.Equal("{http://nrg.wustl.edu/xnat}Project", xml.Name.ToString());
        Assert.Equal("PR2", xml.Attribute("ID")!.Value);
        var item = await admin.ItemAsync("/data/projects/PR2");
        Assert.Equal("xnat:projectData", item.GetProperty("meta").GetProperty("xsi:type").GetString());
        Assert.False(item.GetProperty("meta").GetProperty("isHistory").GetBoolean());
        Assert.Matches(@"^\w{3} \w{3} \d{2} \d{2}:\d{2}:\d{2} UTC \d{4}$", item.GetProperty("meta").GetProperty("start_date").GetString());
        Assert.Equal("Curie", RestClient.Field(Assert.Single(RestClient.Children(item, "PI")), "lastname"));
        Assert.Equal("radium", RestClient.Field(Assert.Single(RestClient.Children(item, "aliases/alias")), "alias"));
        await admin.GetAsync("/data/projects/NONE", 404);
    }

    [Fact]
    public async Task PR3_Project_is_created_updated_and_its_names_are_unique()
    {
        using var admin = Admin;
        Assert.Equal("PR3", await admin.PutAsync("/data/projects/PR3"));
        var row = Assert.Single(await admin.RowsAsync("/data/projects"), r => r["ID"] == "PR3");
        Assert.Equal(("PR3", "PR3"), (row["name"], row["secondary_ID"]));
        Assert.Equal("PR3", await admin.PutAsync("/data/projects/PR3?name=Three&keywords=a&alias=drei"));
        await admin.PutAsync("/data/projects/PR3?alias=trois");
        Assert.Equal(2, RestClient.Children(await admin.ItemAsync("/data/projects/PR3"), "aliases/alias").Count);
        Assert.Equal("PR3", RestClient.Field(await admin.ItemAsync("/data/projects/drei"), "ID"));
        await admin.PutAsync("/data/projects/PR3B?name=THREE", 409);
        await admin.PutAsync("/data/projects/pr3", 409);
        await admin.PutAsync("/data/projects/PR3C?alias=Drei", 409);
        await admin.PutAsync("/data/projects/PR3D", 417, """<xnat:Project xmlns:xnat="http://nrg.wustl.edu/xnat" ID="OTHER"/>""");
        await admin.PutAsync("/data/projects/PR%203", 417);
        using var outsider = new RestClient(await server.UserAsync("pr3-out"));
        await outsider.PutAsync("/data/projects/PR3?name=Mine", 403);
        await admin.DeleteAsync("/data/projects/PR3");
        await admin.PutAsync("/data/projects/PR3", 403);
    }

    [Fact]
    public async Task PR4_PR5_Project_is_posted_as_FLIP_and_xnatctl_do()
    {
        using var admin = Admin;
        var flip = $"\n\n<xnat:projectData xmlns:xnat=\"{server.Address}data/projects\"><ID>0f8b-PR4</ID><secondary_ID>hub-4</secondary_ID><name>A name:hub-4-FL-Project</name><description>d</description></xnat:projectData>";
        Assert.EndsWith("/data/projects/0f8b-PR4", await admin.SendAsync("POST", "/data/projects", 200, flip, "application/xml"), StringComparison.Ordinal);
        Assert.Contains(await admin.RowsAsync("/data/projects"), r => r["ID"] == "0f8b-PR4" && r["secondary_ID"] == "hub-4" && r["name"] == "A name:hub-4-FL-Project");
        await admin.SendAsync("POST", "/data/projects", 409, flip, "application/xml");
        await admin.SendAsync("POST", "/data/projects", 417, "<xnat:Project xmlns:xnat=\"http://nrg.wustl.edu/xnat\"/>");
        await admin.SendAsync("POST", "/data/projects", 422, "<xnat:Project");
        Assert.Equal("PR5", await admin.SendAsync("POST", "/data/projects/PR5?accessibility=public", 200, """<xnat:Project xmlns:xnat="http://nrg.wustl.edu/xnat" ID="PR5" secondary_ID="five"><xnat:name>Five</xnat:name></xnat:Project>"""));
        Assert.Equal("public", await admin.GetAsync("/data/projects/PR5/accessibility"));
    }

    [Fact]
    public async Task PR6_Project_is_deleted_with_all_it_owns_and_subjects_of_others_survive()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/PR6");
        await admin.PutAsync("/data/projects/PR6B");
        await admin.PutAsync("/data/projects/PR6/subjects/S", 201);
        var id = await admin.PutAsync("/data/projects/PR6/subjects/S/experiments/E?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/PR6/experiments/E/projects/PR6B?primary=true");
        await admin.DeleteAsync("/data/projects/PR6?removeFiles=true");
        await admin.GetAsync("/data/projects/PR6", 404);
        Assert.Equal("PR6B", RestClient.Field(await admin.ItemAsync($"/data/experiments/{id}"), "project"));
        await admin.DeleteAsync("/data/projects/PR6", 404);
    }

    [Fact]
    public async Task PR7_PR8_PR9_PR10_PR11_Settings_are_read_and_set()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/PR8");
        foreach (var code in (string[])["0", "4", "5"])
        {
            await admin.PutAsync($"/data/projects/PR8/prearchive_code/{code}");
            Assert.Equal(code, await admin.GetAsync("/data/projects/PR8/prearchive_code"));
        }

        await admin.PutAsync("/data/projects/PR8/prearchive_code/three", 400);
        await admin.PutAsync("/data/projects/PR8/quarantine_code/1");
        Assert.Equal("1", await admin.GetAsync("/data/projects/PR8/quarantine_code"));
        await admin.PutAsync("/data/projects/PR8/current_arc/arc002");
        Assert.Equal("arc002", await admin.GetAsync("/data/projects/PR8/current_arc"));
        await admin.PutAsync("/data/projects/PR8/current_arc/a%20b", 400);
        Assert.Equal("active", await admin.GetAsync("/data/projects/PR8/status"));
        Assert.Contains("Added Project", await admin.GetAsync("/data/projects/PR8/history"), StringComparison.Ordinal);
        await admin.GetAsync("/data/projects/NONE/prearchive_code", 404);
    }

    [Fact]
    public async Task PR13_PR14_Accessibility_is_effective_at_once()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/PR13");
        using var outsider = new RestClient(await server.UserAsync("pr13-out"));
        await outsider.GetAsync("/data/projects/PR13/accessibility", 404);
        await admin.PutAsync("/data/projects/PR13/accessibility/protected");
        Assert.Equal("protected", await outsider.GetAsync("/data/projects/PR13/accessibility"));
        await outsider.GetAsync("/data/projects/PR13/subjects", 403);
        await admin.PutAsync("/data/projects/PR13/accessibility/public");
        Assert.Empty(await outsider.RowsAsync("/data/projects/PR13/subjects"));
        await outsider.PutAsync("/data/projects/PR13/accessibility/private", 403);
        await admin.PutAsync("/data/projects/PR13/accessibility/7", 400);
    }

    [Fact]
    public async Task PR1_Lists_by_the_callers_part_have_the_lower_case_columns()
    {
        using var admin = Admin;
        var owner = new RestClient(await server.UserAsync("pr1-owner"));
        await owner.PutAsync("/data/projects/PR1O");
        var row = Assert.Single(await owner.RowsAsync("/data/projects?owner=true&prearc_code=true"));
        Assert.Equal(["id", "name", "description", "secondary_id", "pi", "project_invs", "project_access", "project_access_img", "insert_date", "insert_user", "quarantine_status"], row.Keys.Take(11));
        Assert.Equal(("PR1O", "private", "4"), (row["id"], row["project_access"], row["proj_prearchive_code"]));
        Assert.Contains(await owner.RowsAsync("/data/projects?permissions=edit&dataType=xnat:mrSessionData"), r => r["id"] == "PR1O");
        Assert.Equal(["id", "secondary_id", "name", "description"], (await owner.RowsAsync("/data/projects?creatableTypes=true"))[0].Keys);
        Assert.Contains(await owner.RowsAsync("/data/projects?restrict=delete"), r => r["ID"] == "PR1O");
        await owner.GetAsync("/data/projects?permissions=everything", 400);
        owner.Dispose();
    }
}
