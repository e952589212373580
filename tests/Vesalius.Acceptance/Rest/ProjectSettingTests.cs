using System.IO.Compression;
using System.Net;
using System.Xml.Linq;
using Xunit;

namespace Vesalius.Acceptance.Rest;

/// <summary>How projects archive, the words of their scans, and whole sessions as one file (rest-api PR12, PR16 to PR18, PR21, D10, M8).</summary>
public sealed class ProjectSettingTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private RestClient Admin => new(server.Client());

    private async Task<RestClient> ScannedAsync(string project)
    {
        var admin = Admin;
        await admin.PutAsync($"/data/projects/{project}");
        await admin.PutAsync($"/data/projects/{project}/subjects/s/experiments/a?xsiType=xnat:mrSessionData&scanner={project}-S1", 201);
        await admin.PutAsync($"/data/projects/{project}/subjects/s/experiments/b?xsiType=xnat:petSessionData", 201);
        await admin.PutAsync($"/data/projects/{project}/experiments/a/scans/1?xsiType=xnat:mrScanData&series_description={project}-mprage&type=T1&scanner={project}-S2");
        await admin.PutAsync($"/data/projects/{project}/experiments/a/scans/2?xsiType=xnat:mrScanData&series_description={project}-mprage&type=T1");
        await admin.PutAsync($"/data/projects/{project}/experiments/b/scans/1?xsiType=xnat:petScanData&series_description={project}-wb&type=PET");
        return admin;
    }

    [Fact]
    [Trait("Row", "PR12")]
    public async Task PR12_Scan_types_are_learnt_from_the_project_unless_its_mapping_is_off()
    {
        using var admin = await ScannedAsync("MAPPING");
        await admin.PutAsync("/data/projects/MAPPING/subjects/s/experiments/c?xsiType=xnat:mrSessionData", 201);
        await admin.PutAsync("/data/projects/MAPPING/experiments/c/scans/1?xsiType=xnat:mrScanData&series_description=MAPPING-mprage");
        async Task<string> FixedAsync()
        {
            await admin.PutAsync("/data/projects/MAPPING/experiments/c/scans/1?type=NULL");
            await admin.PutAsync("/data/projects/MAPPING/experiments/c?fixScanTypes=true");
            return (await admin.RowsAsync("/data/projects/MAPPING/experiments/c/scans"))[0]["type"];
        }

        Assert.Equal(("true", "T1"), (await admin.GetAsync("/data/projects/MAPPING/scan_type_mapping"), await FixedAsync()));
        await admin.PutAsync("/data/projects/MAPPING/scan_type_mapping/false");
        Assert.Equal(("false", "MAPPING-mprage"), (await admin.GetAsync("/data/projects/MAPPING/scan_type_mapping"), await FixedAsync()));
        await admin.PutAsync("/data/projects/MAPPING/scan_type_mapping/true");
        Assert.Equal(("true", "T1"), (await admin.GetAsync("/data/projects/MAPPING/scan_type_mapping"), await FixedAsync()));
        await admin.PutAsync("/data/projects/MAPPING/scan_type_mapping/perhaps", 400);
        await admin.PutAsync("/data/projects/NOMAPPING/scan_type_mapping/true", 404);
        using var member = new RestClient(await server.UserAsync("mapping-member"));
        await admin.PutAsync("/data/projects/MAPPING/users/member/mapping-member");
        await member.PutAsync("/data/projects/MAPPING/scan_type_mapping/false", 403);
        await member.GetAsync("/data/projects/MAPPING/scan_type_mapping");
    }

    [Fact]
    [Trait("Row", "PR16")]
    [Trait("Row", "PR21")]
    [Trait("Row", "M8")]
    public async Task PR16_PR21_Project_says_how_it_archives_and_that_it_has_no_pipelines()
    {
        using var admin = Admin;
        await admin.PutAsync("/data/projects/SPEC");
        await admin.PutAsync("/data/projects/SPEC/prearchive_code/0");
        foreach (var address in (string[])["/data/projects/SPEC/archive_spec", "/data/config/SPEC/archive_spec"])
        {
            var document = XDocument.Parse(await admin.GetAsync(address)).Root!;
            XNamespace arc = "http://nrg.wustl.edu/arc";
            Assert.Equal((arc + "project", "SPEC", "0", "0", "arc001"), (document.Name, (string?)document.Attribute("id"), (string?)document.Element(arc + "prearchive_code"), (string?)document.Element(arc + "quarantine_code"), (string?)document.Element(arc + "current_arc")));
        }

        Assert.Empty(await admin.RowsAsync("/data/projects/SPEC/pipelines"));
        Assert.Empty(await admin.RowsAsync("/data/projects/SPEC/automation/scripts"));
        using var outsider = new RestClient(await server.UserAsync("spec-outsider"));
        foreach (var address in (string[])["/data/projects/SPEC/archive_spec", "/data/config/SPEC/archive_spec", "/data/projects/SPEC/pipelines", "/data/projects/SPEC/automation/scripts", "/data/projects/SPEC/scan_types", "/data/projects/SPEC/scanners"])
        {
            await outsider.GetAsync(address, 404);
        }
    }

    [Fact]
    [Trait("Row", "PR17")]
    [Trait("Row", "PR18")]
    public async Task PR17_PR18_Words_of_scans_are_those_that_the_caller_may_read()
    {
        using var admin = await ScannedAsync("WORDS");
        var types = await admin.RowsAsync("/data/projects/WORDS/scan_types");
        Assert.Equal(["series_descriptions", "type"], types[0].Keys);
        Assert.Equal([("WORDS-mprage", "T1"), ("WORDS-wb", "PET")], types.Select(r => (r["series_descriptions"], r["type"])));
        Assert.Equal(["WORDS-mprage"], (await admin.RowsAsync("/data/projects/WORDS/scan_types?table=xnat_mrScanData")).Select(r => r["series_descriptions"]));
        Assert.Equal(["WORDS-wb"], (await admin.RowsAsync("/data/projects/WORDS/scan_types?table=xnat_petScanData")).Select(r => r["series_descriptions"]));
        await admin.GetAsync("/data/projects/WORDS/scan_types?table=xdat_user", 403);
        await admin.GetAsync("/data/scanners?table=xdat_user", 403);
        Assert.Equal(["WORDS-S1", "WORDS-S2"], (await admin.RowsAsync("/data/projects/WORDS/scanners")).Select(r => r["scanner"]));
        Assert.Equal(["WORDS-S2"], (await admin.RowsAsync("/data/projects/WORDS/scanners?table=xnat_mrScanData")).Select(r => r["scanner"]));
        using var user = new RestClient(await server.UserAsync("words-user"));
        Assert.DoesNotContain(await user.RowsAsync("/data/scan_types"), r => r["series_descriptions"].StartsWith("WORDS", StringComparison.Ordinal));
        Assert.DoesNotContain(await user.RowsAsync("/data/scanners"), r => r["scanner"].StartsWith("WORDS", StringComparison.Ordinal));
        await admin.PutAsync("/data/projects/WORDS/users/collaborator/words-user");
        Assert.Contains(await user.RowsAsync("/data/scan_types"), r => r["series_descriptions"] == "WORDS-mprage");
        Assert.Contains(await user.RowsAsync("/data/scanners"), r => r["scanner"] == "WORDS-S1");
        await admin.PutAsync("/data/projects/WORDSTOO");
        await admin.PutAsync("/data/projects/WORDS/experiments/a/projects/WORDSTOO");
        Assert.Equal(["WORDS-mprage"], (await admin.RowsAsync("/data/projects/WORDSTOO/scan_types")).Select(r => r["series_descriptions"]));
    }

    [Fact]
    [Trait("Row", "D10")]
    public async Task D10_Session_comes_as_one_file_with_its_document()
    {
        using var admin = await ScannedAsync("XARS");
        await admin.PutAsync("/data/projects/XARS/experiments/a/scans/1/resources/R/files/one.txt?inbody=true", 200, "one", "text/plain");
        await admin.PutAsync("/data/projects/XARS/experiments/a/resources/S/files/sub/two.txt?inbody=true", 200, "two", "text/plain");
        using var http = server.Client();
        foreach (var address in (string[])["/data/projects/XARS/experiments/a/XAR", "/data/projects/XARS/subjects/s/experiments/a?format=xar"])
        {
            using var response = await http.GetAsync(address, Token);
            Assert.Equal((HttpStatusCode.OK, "application/xar"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            using var zip = new ZipArchive(await response.Content.ReadAsStreamAsync(Token));
            using var document = new StreamReader(await zip.GetEntry("a/a.xml")!.OpenAsync(Token));
            Assert.Equal(await admin.GetAsync("/data/projects/XARS/experiments/a"), await document.ReadToEndAsync(Token));
            Assert.Equal(2, zip.Entries.Count(e => e.Name is "one.txt" or "two.txt"));
            Assert.Equal(zip.Entries.Count, zip.Entries.Select(e => e.FullName).Distinct().Count());
        }

        using var empty = await http.GetAsync("/data/projects/XARS/experiments/b/XAR", Token);
        using var alone = new ZipArchive(await empty.Content.ReadAsStreamAsync(Token));
        Assert.Equal("b/b.xml", Assert.Single(alone.Entries).FullName);
        using var outsider = new RestClient(await server.UserAsync("xar-outsider"));
        await outsider.GetAsync("/data/projects/XARS/experiments/a/XAR", 404);
    }
}
