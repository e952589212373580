using System.Net;
using System.Security;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>Searches over all types (rest-api §19, R29).</summary>
public sealed class SearchTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Bundle(string root, string[] fields, string where = "", string more = "") =>
        $"""
        <xdat:bundle xmlns:xdat="http://nrg.wustl.edu/security" ID="@{root}" brief-description="" description="" allow-diff-columns="0" secure="false"><xdat:root_element_name>{root}</xdat:root_element_name>
        {string.Concat(fields.Select((f, i) => $"<xdat:search_field><xdat:element_name>{f.Split('|')[0]}</xdat:element_name><xdat:field_ID>{SecurityElement.Escape(f.Split('|')[1])}</xdat:field_ID><xdat:sequence>{i}</xdat:sequence></xdat:search_field>"))}
        <xdat:search_where method="AND">{where}</xdat:search_where>{more}</xdat:bundle>
        """;

    private static string Criterion(string field, string comparison, string value) =>
        $"<xdat:criteria override_value_formatting=\"0\"><xdat:schema_field>{SecurityElement.Escape(field)}</xdat:schema_field><xdat:comparison_type>{SecurityElement.Escape(comparison)}</xdat:comparison_type><xdat:value>{SecurityElement.Escape(value)}</xdat:value></xdat:criteria>";

    private static async Task<JsonElement> SearchAsync(RestClient client, string bundle, string query = "") =>
        JsonDocument.Parse(await client.SendAsync("POST", "/data/search?format=json" + query, 200, bundle)).RootElement.GetProperty("ResultSet");

    private static List<string> Column(JsonElement result, string key) => [.. result.GetProperty("Result").EnumerateArray().Select(r => r.GetProperty(key).GetString()!)];

    private static async Task<List<string>> LabelsAsync(RestClient client, string project, string where, string root = "xnat:mrSessionData") =>
        Column(await SearchAsync(client, Bundle(root, [$"{root}|LABEL"], Criterion($"{root}/PROJECT", "=", project) + where), "&sortBy=label"), "label");

    // Three subjects with one to three sessions, in a project of its own.
    private static async Task FillAsync(RestClient admin, string project)
    {
        await admin.PutAsync($"/data/projects/{project}");
        string[] subjects = ["gender=male&yob=1950", "gender=female&dob=1980-02-03", "handedness=left"];
        for (var i = 1; i <= 3; i++)
        {
            await admin.PutAsync($"/data/projects/{project}/subjects/S{i}?{subjects[i - 1]}&xnat:subjectData/fields/field%5Bname=cohort%5D/field=C{i}", 201);
        }

        await admin.PutAsync($"/data/projects/{project}/subjects/S1/experiments/A?xsiType=xnat:mrSessionData&date=2020-01-01&scanner=GE&xnat:mrSessionData/fieldStrength=1.5&time=10:00:00", 201);
        await admin.PutAsync($"/data/projects/{project}/subjects/S1/experiments/B?xsiType=xnat:mrSessionData&date=2022-06-01&scanner=SIEMENS&xnat:mrSessionData/fieldStrength=3.0", 201);
        await admin.PutAsync($"/data/projects/{project}/subjects/S2/experiments/C?xsiType=xnat:mrSessionData&scanner=GE_X&xnat:mrSessionData/fieldStrength=3.0", 201);
        await admin.PutAsync($"/data/projects/{project}/subjects/S1/experiments/P?xsiType=xnat:petSessionData&date=2021-01-01&xnat:petSessionData/tracer/dose=12.5", 201);
        await admin.PutAsync($"/data/projects/{project}/experiments/A/scans/1?xsiType=xnat:mrScanData&type=T1");
        await admin.PutAsync($"/data/projects/{project}/experiments/A/scans/2?xsiType=xnat:mrScanData&type=T2");
        await admin.PutAsync($"/data/projects/{project}/experiments/B/scans/1?xsiType=xnat:mrScanData&type=T1");
    }

    /// <summary>Every comparison of the reference on text, numbers, dates, times and what is missing.</summary>
    [Fact]
    public async Task H1_Every_comparison_finds_what_it_says()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "COMPARE");
        (string Field, string Comparison, string Value, string Expected)[] cases =
        [
            ("xnat:mrSessionData/SCANNER", "=", "GE", "A"), ("xnat:mrSessionData/SCANNER", "!=", "GE", "B C"), ("xnat:mrSessionData/SCANNER", "LIKE", "ge%", "A C"),
            ("xnat:mrSessionData/SCANNER", "LIKE", "G_", ""), ("xnat:mrSessionData/SCANNER", "LIKE", "*_X", "C"), ("xnat:mrSessionData.SCANNER", "NOT LIKE", "%GE%", "B"),
            ("SCANNER", "IN", "'GE', SIEMENS", "A B"), ("xnat:mrSessionData/SCANNER", "NOT IN", "(GE,SIEMENS)", "C"),
            ("xnat:mrSessionData/fieldStrength", ">", "2", "B C"), ("xnat:mrSessionData/FIELDSTRENGTH", "<=", "1.5", "A"), ("xnat:mrSessionData/fieldStrength", "BETWEEN", "1 AND 2", "A"),
            ("xnat:mrSessionData/DATE", "=", "2020-01-01", "A"), ("xnat:mrSessionData/date", ">", "01/01/2020", "B"), ("xnat:mrSessionData/DATE", "BETWEEN", "2020-01-01,2022-06-01", "A B"),
            ("xnat:mrSessionData/DATE", "NOT BETWEEN", "2020-01-01 AND 2021-01-01", "B C"), ("xnat:mrSessionData/DATE", "IS NULL", "", "C"), ("xnat:mrSessionData/DATE", "IS NOT NULL", "", "A B"),
            ("xnat:mrSessionData/DATE", "IS", "NULL", "C"), ("xnat:mrSessionData/TIME", ">=", "09:00:00", "A"), ("xnat:mrSessionData/TIME", "<", "09:00:00", ""),
            ("xnat:mrSessionData/INSERT_DATE", ">=", "2020-01-01", "A B C"), ("xnat:mrSessionData/INSERT_DATE", "<", "2020-01-01", ""),
            ("xnat:subjectData/GENDER", "=", "female", "C"), ("xnat:subjectData/SUBJECT_LABEL", "!=", "S2", "A B"), ("xnat:subjectData/demographics/yob", ">=", "1950", "A B"),
            ("xnat:subjectData/fields/field[name=cohort]/field", "=", "C2", "C"), ("xnat:subjectData/XNAT_SUBJECTDATA_FIELD_MAP=cohort", "=", "C1", "A B"), ("xnat:subjectData/fields/field/field", "=", "C2", "C"),
            ("xnat:mrScanData/TYPE", "=", "T2", "A"), ("xnat:mrSessionData/scans/scan/type", "=", "T1", "A B"), ("xnat:mrScanData/TYPE", "IS NULL", "", "C"), ("xnat:mrSessionData/SCAN_COUNT", "=", "2", "A"),
            ("xnat:petSessionData/tracer/dose", ">", "12", "A B"), ("xnat:petSessionData/DATE", "IS NULL", "", "C"), ("xnat:mrSessionData/AGE", "=", "70", "A"), ("xnat:projectData/ID", "=", "COMPARE", "A B C"),
            ("xnat:mrSessionData/sharing/share/project", "=", "COMPARE", ""), ("xnat:mrSessionData/LABEL", "=", "", ""),
        ];
        var wrong = new List<string>();
        foreach (var (field, comparison, value, expected) in cases)
        {
            var found = string.Join(' ', await LabelsAsync(admin, "COMPARE", Criterion(field, comparison, value)));
            if (found != expected)
            {
                wrong.Add($"{field} {comparison} {value}: {found}, not {expected}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task H1_Groups_are_nested_and_sorted_and_joined_objects_are_the_most_relevant()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "GROUPS");
        var nested = $"<xdat:child_set method=\"OR\">{Criterion("xnat:mrSessionData/LABEL", "=", "C")}<xdat:child_set method=\"AND\">{Criterion("xnat:mrSessionData/SCANNER", "=", "GE")}{Criterion("xnat:mrSessionData/DATE", "<", "2021-01-01")}</xdat:child_set></xdat:child_set>";
        Assert.Equal(["A", "C"], await LabelsAsync(admin, "GROUPS", nested));
        Assert.Equal(["A", "B"], await LabelsAsync(admin, "GROUPS", $"<xdat:child_set method=\"OR\">{Criterion("xnat:mrSessionData/LABEL", "=", "A")}{Criterion("xnat:mrSessionData/LABEL", "=", "B")}</xdat:child_set>"));

        // A row per subject: the latest session, unless the search asks for another.
        string[] fields = ["xnat:subjectData|SUBJECT_LABEL", "xnat:mrSessionData|LABEL", "xnat:mrSessionData|SUBJECT_LABEL", "xnat:petSessionData|TRACER_DOSE", "xnat:subjectData|MR_COUNT", "xnat:subjectData|SUB_PROJECT_IDENTIFIER=GROUPS", "xnat:subjectData|xnat:subjectData/group"];
        var inProject = Criterion("xnat:subjectData/PROJECT", "=", "GROUPS");
        var latest = await SearchAsync(admin, Bundle("xnat:subjectData", fields, inProject, "<xdat:sort_by><xdat:element_name>xnat:subjectData</xdat:element_name><xdat:field_ID>SUBJECT_LABEL</xdat:field_ID></xdat:sort_by>"), "&sortOrder=DESC");
        Assert.Equal(["S3", "S2", "S1"], Column(latest, "subject_label"));
        Assert.Equal(["", "C", "B"], Column(latest, "xnat_mrsessiondata_label"));
        Assert.Equal(["", "S2", "S1"], Column(latest, "xnat_mrsessiondata_subject_label"));
        Assert.Equal(["", "", "12.5"], Column(latest, "xnat_petsessiondata_tracer_dose"));
        Assert.Equal(["0", "1", "2"], Column(latest, "mr_count"));
        Assert.Equal(["S3", "S2", "S1"], Column(latest, "sub_project_identifier_groups"));
        var ge = await SearchAsync(admin, Bundle("xnat:subjectData", fields, inProject + Criterion("xnat:mrSessionData/SCANNER", "=", "GE")));
        Assert.Equal(["A"], Column(ge, "xnat_mrsessiondata_label"));
        // Both conditions have to hold for one and the same session.
        Assert.Empty(Column(await SearchAsync(admin, Bundle("xnat:subjectData", fields, inProject + Criterion("xnat:mrSessionData/SCANNER", "=", "GE") + Criterion("xnat:mrSessionData/fieldStrength", ">", "2"))), "subject_label"));
        var columns = latest.GetProperty("Columns").EnumerateArray().ToDictionary(c => c.GetProperty("key").GetString()!);
        Assert.Equal("xnat:subjectData.SUB_PROJECT_IDENTIFIER", columns["sub_project_identifier_groups"].GetProperty("xPATH").GetString());
        Assert.Equal("integer", columns["mr_count"].GetProperty("type").GetString());
        Assert.True(columns.ContainsKey("xnat_col_subjectdatagroup") && columns.ContainsKey("quarantine_status") && columns.ContainsKey("subjectid"));
        Assert.Equal("3", latest.GetProperty("totalRecords").GetString());
        Assert.Equal("xnat:subjectData", latest.GetProperty("rootElementName").GetString());
        Assert.False(latest.TryGetProperty("ID", out _));
    }

    [Fact]
    public async Task H1_Body_may_be_a_part_or_a_field_and_the_answer_has_every_format()
    {
        using var client = server.Client();
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "FORMATS");
        var bundle = Bundle("xnat:mrSessionData", ["xnat:mrSessionData|LABEL", "xnat:mrSessionData|DATE"], Criterion("xnat:mrSessionData/PROJECT", "=", "FORMATS"));
        Assert.StartsWith("label,date,quarantine_status,session_id\nA,2020-01-01,active,", await admin.SendAsync("POST", "/data/search?format=csv", 200, bundle), StringComparison.Ordinal);
        Assert.Contains("<column>label</column>", await admin.SendAsync("POST", "/data/search?format=xml", 200, bundle), StringComparison.Ordinal);
        Assert.Contains("<td>2022-06-01</td>", await admin.SendAsync("POST", "/data/search?format=html", 200, bundle), StringComparison.Ordinal);
        Assert.Contains("\"label\":\"A\"", await admin.SendAsync("POST", "/data/search?format=json", 200, bundle, "application/x-www-form-urlencoded"), StringComparison.Ordinal);
        using var field = new FormUrlEncodedContent(new Dictionary<string, string> { ["search_xml"] = bundle });
        using var multipart = new MultipartFormDataContent { { new StringContent(bundle, Encoding.UTF8, "text/xml"), "file", "search.xml" } };
        foreach (var content in (HttpContent[])[field, multipart])
        {
            using var response = await client.PostAsync("/data/search?format=csv&limit=1", content, Token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(2, (await response.Content.ReadAsStringAsync(Token)).TrimEnd().Split('\n').Length);
        }

        var page = await SearchAsync(admin, bundle, "&limit=1&offset=1&sortBy=date&sortOrder=DESC");
        Assert.Equal("3", page.GetProperty("totalRecords").GetString());
    }

    /// <summary>What cannot be understood is refused with a reason, never taken for something else.</summary>
    [Fact]
    public async Task H1_Malformed_unknown_and_hostile_searches_are_refused_with_a_reason()
    {
        using var admin = new RestClient(server.Client());
        string Where(string criteria) => Bundle("xnat:mrSessionData", ["xnat:mrSessionData|LABEL"], criteria);
        (int Status, string Body)[] cases =
        [
            (422, "nonsense"), (422, "<a>"), (422, "<a/>"), (422, ""), (422, "<xdat:bundle xmlns:xdat=\"http://nrg.wustl.edu/security\"/>"),
            (422, "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" + Bundle("xnat:subjectData", ["xnat:subjectData|SUBJECT_LABEL"], Criterion("SUBJECT_LABEL", "=", "x")).Replace(">x<", ">&e;<", StringComparison.Ordinal)),
            (422, Where(Criterion("xnat:mrSessionData/LABEL", "REGEX", "x"))), (422, Where(Criterion("", "=", "x"))), (422, Where("<xdat:child_set method=\"XOR\">" + Criterion("LABEL", "=", "x") + "</xdat:child_set>")),
            (400, Bundle("xnat:noSuchData", [])), (400, Bundle("xnat:abstractResource", [])), (400, Bundle("xnat:mrSessionData", ["xnat:mrSessionData|NO_SUCH_FIELD"])), (400, Bundle("xnat:mrSessionData", ["xnat:noSuchData|ID"])),
            (400, Where(Criterion("xnat:mrSessionData/NO_SUCH", "=", "x"))), (400, Where(Criterion("xnat:mrSessionData/DATE", "=", "yesterday"))), (400, Where(Criterion("xnat:mrSessionData/DATE", "BETWEEN", "2020-01-01"))),
            (400, Where(Criterion("xnat:subjectData/AGE", ">", "old"))), (400, Where(Criterion("xnat:mrSessionData/LABEL", "IN", " "))), (400, Where(Criterion("xnat:mrSessionData/LABEL' or '1'='1", "=", "x"))),
        ];
        foreach (var (status, body) in cases)
        {
            await admin.SendAsync("POST", "/data/search?format=json", status, body);
        }

        // Thousands of alternatives for one field are one condition; thousands of conditions are too many.
        string Many(int count, Func<int, string> field) => Where($"<xdat:child_set method=\"OR\">{string.Concat(Enumerable.Range(0, count).Select(i => Criterion(field(i), "=", $"v{i}")))}</xdat:child_set>");
        Assert.Empty(Column(await SearchAsync(admin, Many(5000, _ => "xnat:mrSessionData/LABEL")), "label"));
        await admin.SendAsync("POST", "/data/search?format=json", 400, Many(1500, i => $"xnat:mrSessionData/fields/field[name=n{i}]/field"));
        await admin.SendAsync("POST", "/data/search?format=json", 200, Many(500, i => $"xnat:mrSessionData/fields/field[name=n{i}]/field"));
        await admin.SendAsync("POST", "/data/search?format=json", 422, Many(30000, _ => "LABEL"));
        await admin.SendAsync("POST", "/data/search?format=json", 422, Where(string.Concat(Enumerable.Repeat("<xdat:child_set method=\"OR\">", 100)) + Criterion("LABEL", "=", "x") + string.Concat(Enumerable.Repeat("</xdat:child_set>", 100))));
        await admin.SendAsync("POST", "/data/search?format=json&limit=many", 400, Bundle("xnat:mrSessionData", []));
        await admin.SendAsync("POST", "/data/search?format=json&sortBy=nothing", 400, Bundle("xnat:mrSessionData", []));
        string[] nuisances = ["'", "' or 1=1 --", "\"; drop table archive_subject; --", "$$", "\\", "%", "_", "@readable", "{0}", "\u202e", "🧠", "]]>", "NULL", "1e999", "x' or 'x'='x", "(((", "a,b", "fields[", "xnat:", "/", "//", "[name=']"];
        foreach (var nuisance in nuisances)
        {
            // As a value it finds nothing; as a field it is unknown.
            Assert.Empty(Column(await SearchAsync(admin, Where(Criterion("xnat:mrSessionData/LABEL", "=", nuisance))), "label"));
            using var client = server.Client();
            foreach (var body in (string[])[Where(Criterion("xnat:mrSessionData/" + nuisance, "=", "x")), Where(Criterion(nuisance, "LIKE", "x")), Bundle("xnat:mrSessionData", ["xnat:mrSessionData|" + nuisance]), Bundle("xnat:mrSessionData", ["xnat:mrSessionData|EXPT_PROJECT_IDENTIFIER=" + nuisance, "xnat:mrSessionData|SCAN_COUNT_TYPE=" + nuisance, "xnat:subjectData|XNAT_SUBJECTDATA_FIELD_MAP=" + nuisance])])
            {
                using var content = new StringContent(body, Encoding.UTF8, "text/xml");
                using var response = await client.PostAsync("/data/search?format=csv&sortBy=" + Uri.EscapeDataString(nuisance), content, Token);
                Assert.InRange((int)response.StatusCode, 400, 499);
            }

            await admin.GetAsync("/data/search?format=csv&text=" + Uri.EscapeDataString(nuisance));
        }

        await admin.GetAsync("/data/search", 400);
        await admin.GetAsync("/data/search?text=" + new string('x', 500), 400);
    }

    /// <summary>What a caller may not read is not found, joined, counted or named.</summary>
    [Fact]
    public async Task Rights_are_part_of_every_search()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "SECRET");
        await FillAsync(admin, "OPENED");
        using var reader = new RestClient(await server.UserAsync("search-reader"));
        using var stranger = new RestClient(await server.UserAsync("search-stranger"));
        var sessions = Bundle("xnat:mrSessionData", ["xnat:mrSessionData|LABEL", "xnat:mrSessionData|PROJECT"]);
        await stranger.SendAsync("POST", "/data/search?format=json", 403, sessions);
        await admin.PutAsync("/data/projects/OPENED/users/Collaborators/search-reader");
        Assert.Equal(["OPENED"], Column(await SearchAsync(reader, sessions), "project").Distinct());
        Assert.Equal(["OPENED"], Column(await SearchAsync(reader, Bundle("xnat:mrScanData", ["xnat:mrScanData|PROJECT"])), "project").Distinct());
        Assert.Equal(["OPENED"], Column(await SearchAsync(reader, Bundle("xnat:projectData", ["xnat:projectData|ID"])), "id"));

        // A subject that is shown in an open project does not open the sessions of its own.
        await admin.PutAsync("/data/projects/SECRET/subjects/S1/projects/OPENED?label=shown");
        var subjects = Bundle("xnat:subjectData", ["xnat:subjectData|SUBJECT_LABEL", "xnat:mrSessionData|LABEL", "xnat:subjectData|MR_COUNT", "xnat:subjectData|PROJECTS", "xnat:projectData|NAME", "xnat:subjectData|SUB_PROJECT_IDENTIFIER=OPENED", "xnat:subjectData|SUB_PROJECT_IDENTIFIER=SECRET"], Criterion("xnat:subjectData/sharing/share/project", "=", "OPENED"));
        var shared = (await SearchAsync(reader, subjects)).GetProperty("Result")[0];
        Assert.Equal(("", "0", "OPENED", "", "shown", ""), (
            shared.GetProperty("xnat_mrsessiondata_label").GetString(), shared.GetProperty("mr_count").GetString(), shared.GetProperty("projects").GetString(), shared.GetProperty("xnat_projectdata_name").GetString(),
            shared.GetProperty("sub_project_identifier_opened").GetString(), shared.GetProperty("sub_project_identifier_secret").GetString()));
        Assert.Empty(Column(await SearchAsync(reader, Bundle("xnat:subjectData", [], Criterion("xnat:mrSessionData/SCANNER", "=", "GE") + Criterion("xnat:subjectData/sharing/share/project", "=", "OPENED"))), "subject_label"));

        Assert.Equal(["OPENED"], (await reader.RowsAsync("/data/search?text=secret opened a")).Select(r => r["project"]).Concat(["OPENED"]).Distinct());
        Assert.DoesNotContain(await reader.RowsAsync("/data/search?text=SECRET"), r => r["ID"] == "SECRET");
        Assert.Contains(await admin.RowsAsync("/data/search?text=SECRET"), r => r["ID"] == "SECRET");
        Assert.Contains(await reader.RowsAsync("/data/search?text=shown"), r => r["label"] == "shown");
        var mine = (await reader.RowsAsync("/data/search/elements?readable=true&used=true")).ToDictionary(r => r["ELEMENT_NAME"], r => r["COUNT"]);
        Assert.Equal(("3", "4"), (mine["xnat:mrSessionData"], mine["xnat:subjectData"]));
        Assert.DoesNotContain("xnat:mrSessionData", (await stranger.RowsAsync("/data/search/elements?readable=true&used=true")).Select(r => r["ELEMENT_NAME"]));

        // A custom group that reads one type reads no other.
        await admin.PutAsync("/data/projects/OPENED/groups?displayName=Pets&xnat:petSessionData_xnat:petSessionData/project_OPENED_R=1");
        using var pets = new RestClient(await server.UserAsync("search-pets"));
        await admin.PutAsync("/data/projects/OPENED/users/OPENED_Pets/search-pets");
        await pets.SendAsync("POST", "/data/search?format=json", 403, sessions);
        await pets.SendAsync("POST", "/data/search?format=json", 403, Bundle("xnat:petSessionData", ["xnat:subjectData|SUBJECT_LABEL"]));
        var pet = (await SearchAsync(pets, Bundle("xnat:petSessionData", ["xnat:petSessionData|LABEL", "xnat:petSessionData|SUBJECT_LABEL", "xnat:petSessionData|AGE"]))).GetProperty("Result")[0];
        Assert.Equal(("P", "", ""), (pet.GetProperty("label").GetString(), pet.GetProperty("subject_label").GetString(), pet.GetProperty("age").GetString()));
        Assert.Equal(["P"], Column(await SearchAsync(pets, Bundle("xnat:imageSessionData", ["xnat:imageSessionData|LABEL"])), "label"));
    }

    [Fact]
    public async Task H4_H5_H6_Types_and_fields_are_listed_and_every_field_can_be_asked_for()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "FIELDS");
        var types = await admin.RowsAsync("/data/search/elements");
        Assert.Equal(["ELEMENT_NAME", "SINGULAR", "PLURAL", "SECURED", "COUNT"], types[0].Keys);
        Assert.Contains(types, t => t["ELEMENT_NAME"] == "xnat:mrSessionData" && t["PLURAL"] == "MR Sessions" && t["SECURED"] == "true" && t["COUNT"] != "0");
        Assert.DoesNotContain(await admin.RowsAsync("/data/search/elements?used=true"), t => t["COUNT"] == "0");
        Assert.DoesNotContain(await admin.RowsAsync("/data/search/elements?secured=true"), t => t["SECURED"] != "true");
        await admin.GetAsync("/data/search/elements/xnat:noSuchData", 400);
        await admin.GetAsync("/data/search/elements/xnat:noSuchData/versions", 400);
        var text = await admin.GetAsync("/data/search/elements/xnat:subjectData,xnat:mrSessionData?projectScope=FIELDS");
        using (var json = JsonDocument.Parse(text))
        {
            var set = json.RootElement.GetProperty("ResultSet");
            Assert.Equal("xnat:subjectData,xnat:mrSessionData", set.GetProperty("element_name").GetString());
            Assert.Equal(JsonValueKind.Object, set.GetProperty("versions").ValueKind);
            var rows = set.GetProperty("Result").EnumerateArray().Select(r => (Id: r.GetProperty("FIELD_ID").GetString(), Source: r.GetProperty("SRC").GetString())).ToList();
            Assert.Contains(("XNAT_SUBJECTDATA_FIELD_MAP=cohort", "1"), rows);
            Assert.Contains(("SUB_PROJECT_IDENTIFIER=FIELDS", "2"), rows);
            Assert.Contains(("SUBJECT_LABEL", "0"), rows);
        }

        using (var json = JsonDocument.Parse(await admin.GetAsync("/data/search/elements/xnat:mrSessionData/versions")))
        {
            var listing = json.RootElement.GetProperty("DisplayVersions").GetProperty("versions")[0];
            Assert.Equal("listing", listing.GetProperty("name").GetString());
            Assert.Equal("LABEL", listing.GetProperty("fields")[0].GetProperty("id").GetString());
        }

        foreach (var type in types.Select(t => t["ELEMENT_NAME"]).Append("xnat:imageSessionData").Append("xnat:subjectAssessorData"))
        {
            var fields = (await admin.RowsAsync($"/data/search/elements/{type}")).Select(r => $"{type}|{r["FIELD_ID"]}").ToArray();
            await admin.SendAsync("POST", "/data/search?format=json", 200, Bundle(type, fields));
        }
    }

    [Fact]
    public async Task H2_H3_Kept_result_stays_as_it_was_and_is_its_owners_alone()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "KEPT");
        using var reader = new RestClient(await server.UserAsync("kept-reader"));
        await admin.PutAsync("/data/projects/KEPT/users/Collaborators/kept-reader");
        var bundle = Bundle("xnat:mrSessionData", ["xnat:mrSessionData|LABEL", "xnat:mrSessionData|SCANNER", "xnat:mrSessionData|FIELDSTRENGTH"], Criterion("xnat:mrSessionData/PROJECT", "=", "KEPT"));
        var first = await SearchAsync(reader, bundle, "&cache=true&limit=1&sortBy=label");
        var id = first.GetProperty("ID").GetString();
        Assert.Equal(("3", "A"), (first.GetProperty("totalRecords").GetString(), Column(first, "label").Single()));
        await admin.PutAsync("/data/projects/KEPT/subjects/S1/experiments/AA?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/KEPT/experiments/B?scanner=CHANGED");

        async Task<JsonElement> PageAsync(RestClient client, string query) => JsonDocument.Parse(await client.GetAsync($"/data/search/{id}?{query}")).RootElement.GetProperty("ResultSet");
        var second = await PageAsync(reader, "offset=1&limit=2");
        Assert.Equal(["B", "C"], Column(second, "label"));
        Assert.Equal(["SIEMENS", "GE_X"], Column(second, "scanner"));
        Assert.Equal("3", second.GetProperty("totalRecords").GetString());
        Assert.Equal(["C", "B"], Column(await PageAsync(reader, "sortBy=label&sortOrder=DESC&limit=2"), "label"));
        Assert.StartsWith("label,", await reader.GetAsync($"/data/search/{id}?format=csv"), StringComparison.Ordinal);
        using (var values = JsonDocument.Parse(await reader.GetAsync($"/data/search/{id}/fieldstrength")))
        {
            Assert.Equal(
                [("3.0", "2"), ("1.5", "1")],
                values.RootElement.GetProperty("ResultSet").GetProperty("Result").EnumerateArray().Select(r => (r.GetProperty("values").GetString()!, r.GetProperty("count").GetString()!)));
        }

        await reader.GetAsync($"/data/search/{id}/nothing", 400);
        await reader.GetAsync($"/data/search/{id}?sortBy=nothing", 400);
        await admin.GetAsync($"/data/search/{id}", 410);
        await reader.GetAsync("/data/search/s0000", 410);
        // What is gone is not shown from a copy either, and who has lost the project has lost the copy.
        await admin.DeleteAsync("/data/projects/KEPT/experiments/B");
        Assert.Equal(["C"], Column(await PageAsync(reader, "offset=1&limit=2"), "label"));
        await admin.DeleteAsync("/data/projects/KEPT/users/Collaborators/kept-reader");
        await reader.GetAsync($"/data/search/{id}", 410);
    }

    [Fact]
    public async Task H7_to_H13_Saved_searches_are_shared_with_whom_they_name()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "SAVED");
        using var owner = new RestClient(await server.UserAsync("saved-owner"));
        using var friend = new RestClient(await server.UserAsync("saved-friend"));
        using var stranger = new RestClient(await server.UserAsync("saved-stranger"));
        using var guest = new RestClient(server.Client(null));
        await admin.PutAsync("/data/projects/SAVED/users/Members/saved-owner");
        await admin.PutAsync("/data/projects/SAVED/users/Collaborators/saved-friend");
        var bundle = Bundle(
            "xnat:mrSessionData", ["xnat:mrSessionData|LABEL"], Criterion("xnat:mrSessionData/SCANNER", "LIKE", "%GE%"),
            "<xdat:allowed_user><xdat:login>saved-friend</xdat:login></xdat:allowed_user>").Replace("brief-description=\"\"", "brief-description=\"GE only\"", StringComparison.Ordinal);
        Assert.Equal("GE1", await owner.PutAsync("/data/search/saved/GE1?inbody=true", 201, bundle));
        await owner.PutAsync("/data/search/saved/GE1", 200, bundle);
        var row = Assert.Single(await friend.RowsAsync("/data/search/saved"));
        Assert.Equal(["id", "brief_description", "description", "secure", "tag", "root_element_name", "users"], row.Keys);
        Assert.Equal(("GE1", "GE only", "xnat:mrSessionData", "{saved-friend,saved-owner}"), (row["id"], row["brief_description"], row["root_element_name"], row["users"]));
        Assert.Contains("%GE%", await friend.GetAsync("/data/search/saved/GE1"), StringComparison.Ordinal);
        Assert.StartsWith("label,quarantine_status,session_id\nA,", await friend.GetAsync("/data/search/saved/GE1/results?format=csv&sortBy=label"), StringComparison.Ordinal);

        Assert.Empty(await stranger.RowsAsync("/data/search/saved"));
        await stranger.GetAsync("/data/search/saved/GE1", 404);
        await stranger.GetAsync("/data/search/saved/GE1/results", 404);
        await stranger.PutAsync("/data/search/saved/GE1", 403, bundle);
        await friend.PutAsync("/data/search/saved/GE1", 403, bundle);
        await stranger.DeleteAsync("/data/search/saved/GE1", 404);
        await guest.SendAsync("GET", "/data/search/saved", 401);
        await guest.PutAsync("/data/search/saved/G", 401, bundle);
        Assert.Contains(await admin.RowsAsync("/data/search/saved?all=true"), r => r["id"] == "GE1");
        Assert.DoesNotContain(await admin.RowsAsync("/data/search/saved"), r => r["id"] == "GE1");
        await stranger.GetAsync("/data/search/saved?user=saved-owner", 403);
        Assert.Single(await admin.RowsAsync("/data/search/saved?user=saved-owner"));

        // Served from the caller's newest kept result until that is asked to be renewed.
        var kept = JsonDocument.Parse(await friend.GetAsync("/data/search/saved/GE1/results?cache=true")).RootElement.GetProperty("ResultSet").GetProperty("ID").GetString();
        Assert.Contains($"\"ID\":\"{kept}\"", await friend.GetAsync("/data/search/saved/GE1/results"), StringComparison.Ordinal);
        Assert.DoesNotContain($"\"ID\":\"{kept}\"", await friend.GetAsync("/data/search/saved/GE1/results?refresh=true"), StringComparison.Ordinal);

        var copy = await friend.PutAsync("/data/search/saved/GE1?saveAs=true", 201, bundle);
        Assert.NotEqual("GE1", copy);
        await friend.DeleteAsync($"/data/search/saved/{copy}");
        await owner.PutAsync("/data/search/saved/bad", 400, Bundle("xnat:mrSessionData", ["xnat:mrSessionData|NOTHING"]));
        await owner.PutAsync("/data/search/saved/bad", 400, bundle.Replace("saved-friend", "saved-nobody", StringComparison.Ordinal));
        await owner.PutAsync("/data/search/saved/@x", 400, bundle);
        await owner.PutAsync("/data/search/saved/bad", 422, "<nothing/>");

        // A friend takes it from the own list; the owner removes it for all.
        await friend.DeleteAsync("/data/search/saved/GE1");
        await friend.GetAsync("/data/search/saved/GE1", 404);
        await owner.DeleteAsync("/data/search/saved/GE1");
        await owner.GetAsync("/data/search/saved/GE1", 404);

        // Of a project: its readers use it, its members make it, its owners may remove it.
        await friend.PutAsync("/data/projects/SAVED/searches/ofproject", 403, bundle);
        await stranger.PutAsync("/data/projects/SAVED/searches/ofproject", 404, bundle);
        await owner.PutAsync("/data/projects/SAVED/searches/ofproject", 201, Bundle("xnat:mrSessionData", ["xnat:mrSessionData|LABEL"]));
        Assert.Contains("tag=\"SAVED\"", await friend.GetAsync("/data/projects/SAVED/searches/ofproject"), StringComparison.Ordinal);
        Assert.Single(await friend.RowsAsync("/data/search/saved?includeTag=SAVED"));
        Assert.Single(await friend.RowsAsync("/data/projects/SAVED/searches"));
        Assert.Empty(await friend.RowsAsync("/data/search/saved"));
        await friend.GetAsync("/data/search/saved?includeTag=NOTHING", 400);
        await stranger.GetAsync("/data/search/saved/ofproject", 404);
        await friend.DeleteAsync("/data/projects/SAVED/searches/ofproject", 403);
        await admin.DeleteAsync("/data/projects/SAVED/searches/ofproject");

        // The default searches of types.
        Assert.Contains("ID=\"@xnat:mrSessionData\"", await stranger.GetAsync("/data/search/saved/@xnat:mrSessionData?dv=listing"), StringComparison.Ordinal);
        var limited = await friend.GetAsync("/data/projects/SAVED/searches/@xnat:subjectData");
        Assert.Equal(["S1", "S2", "S3"], Column(await SearchAsync(friend, limited), "subject_label"));
        var detailed = await stranger.GetAsync("/data/search/saved/@xnat:mrSessionData?dv=detailed");
        Assert.Superset(FieldsOf(await stranger.GetAsync("/data/search/saved/@xnat:mrSessionData?dv=listing")), FieldsOf(detailed));
        Assert.True(FieldsOf(detailed).Count > FieldsOf(await stranger.GetAsync("/data/search/saved/@xnat:mrSessionData")).Count);
        await stranger.GetAsync("/data/search/saved/@xnat:mrSessionData?dv=nothing", 404);
        await friend.GetAsync("/data/search/saved/@xnat:noSuchData", 404);
        await stranger.GetAsync("/data/projects/SAVED/searches/@xnat:subjectData", 404);
    }

    private static HashSet<string> FieldsOf(string document) =>
        [.. System.Xml.Linq.XDocument.Parse(document).Descendants().Where(e => e.Name.LocalName == "field_ID").Select(e => e.Value)];

    /// <summary>A group's members see the search as long as they are its members.</summary>
    [Fact]
    [Trait("Row", "H9")]
    public async Task H9_Saved_search_is_shared_with_the_groups_that_it_names()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "SAVEDG");
        using var owner = new RestClient(await server.UserAsync("savedg-owner"));
        using var member = new RestClient(await server.UserAsync("savedg-member"));
        using var reader = new RestClient(await server.UserAsync("savedg-reader"));
        await admin.PutAsync("/data/projects/SAVEDG/users/Owners/savedg-owner");
        await admin.PutAsync("/data/projects/SAVEDG/users/Members/savedg-member");
        await admin.PutAsync("/data/projects/SAVEDG/users/Collaborators/savedg-reader");
        var bundle = Bundle("xnat:mrSessionData", ["xnat:mrSessionData|LABEL"], Criterion("xnat:mrSessionData/SCANNER", "LIKE", "%GE%"), "<xdat:allowed_groups><xdat:groupID>SAVEDG_member</xdat:groupID></xdat:allowed_groups>");
        await owner.PutAsync("/data/search/saved/GROUPS", 201, bundle);
        Assert.Contains("SAVEDG_member", await owner.GetAsync("/data/search/saved/GROUPS"), StringComparison.Ordinal);
        Assert.Single(await member.RowsAsync("/data/search/saved"));
        Assert.StartsWith("label,", await member.GetAsync("/data/search/saved/GROUPS/results?format=csv"), StringComparison.Ordinal);
        await reader.GetAsync("/data/search/saved/GROUPS", 404);
        await member.PutAsync("/data/search/saved/GROUPS", 403, bundle);
        await admin.PutAsync("/data/projects/SAVEDG/users/Collaborators/savedg-member");
        await member.GetAsync("/data/search/saved/GROUPS", 404);
        await admin.PutAsync("/data/projects/SAVEDG/users/Members/savedg-reader");
        await reader.GetAsync("/data/search/saved/GROUPS");
    }

    /// <summary>A list says which search finds the same, and that search does.</summary>
    [Fact]
    public async Task Lists_as_search_xml_find_what_the_list_has()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "ASLIST");
        foreach (var (list, key) in ((string, string)[])
            [
                ("/data/projects/ASLIST/experiments?xsiType=xnat:mrSessionData&scanner=GE*&columns=ID,label,subject_label,xnat:mrSessionData/fieldStrength", "label"),
                ("/data/projects/ASLIST/experiments?xsiType=xnat:mrSessionData&date=2020-01-01-2021-01-01&columns=label", "label"),
                ("/data/projects/ASLIST/experiments?columns=label,date,xsiType&label=A,P", "label"), ("/data/projects/ASLIST/subjects?gender=male,female&columns=label", "label"),
                ("/data/projects/ASLIST/subjects/S1/experiments?columns=label", "label"), ("/data/projects/ASLIST/experiments/A/scans?columns=type", "type"),
            ])
        {
            var rows = (await admin.RowsAsync(list)).Select(r => r[key]).Order(StringComparer.Ordinal);
            var document = await admin.GetAsync(list + "&format=search_xml");
            var result = await SearchAsync(admin, document);
            var column = result.GetProperty("Columns").EnumerateArray().Select(c => c.GetProperty("key").GetString()!).First(k => k.EndsWith(key, StringComparison.Ordinal));
            Assert.Equal(rows, Column(result, column).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task J8_J9_Data_types_are_listed_with_counts_and_flags()
    {
        using var admin = new RestClient(server.Client());
        await FillAsync(admin, "TYPES");
        using var stranger = new RestClient(await server.UserAsync("types-stranger"));
        var used = JsonDocument.Parse(await admin.GetAsync("/xapi/datatypes?used=true")).RootElement.EnumerateArray().ToDictionary(t => t.GetProperty("elementName").GetString()!);
        Assert.True(used["xnat:petSessionData"].GetProperty("count").GetInt64() > 0 && used["xnat:petSessionData"].GetProperty("secured").GetBoolean());
        Assert.False(used.ContainsKey("xnat:ybocsData"));
        Assert.DoesNotContain("xnat:petSessionData", await stranger.GetAsync("/xapi/datatypes?readable=true"), StringComparison.Ordinal);
        Assert.Contains("\"plural\":\"PET Sessions\"", await stranger.GetAsync("/xapi/datatypes/xnat:petSessionData"), StringComparison.Ordinal);
        await admin.GetAsync("/xapi/datatypes/xnat:noSuchData", 404);
        using var guest = new RestClient(server.Client(null));
        await guest.GetAsync("/xapi/datatypes", 401);
    }

    /// <summary>pyxnat's select … where, inspect, array and saved searches.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Pyxnat_searches_inspects_and_saves()
    {
        Assert.SkipUnless(Directory.Exists("/usr/lib/python3/dist-packages/pyxnat"), "pyxnat is not installed.");
        var start = new System.Diagnostics.ProcessStartInfo("/usr/bin/python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "pyxnat_search.py"));
        start.ArgumentList.Add(server.Address.ToString().TrimEnd('/'));
        using var process = System.Diagnostics.Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, await output + await errors);
        Assert.Contains("SEARCH OK", await output, StringComparison.Ordinal);
    }
}
