using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Vesalius.Acceptance.Clients;

/// <summary>xnatpy's requests in its order, and what it needs from each answer (rest-api §26.1).</summary>
public sealed partial class XnatpyTests(RunningServer server) : IClassFixture<RunningServer>
{
    private ReplayedClient Admin => ReplayedClient.Basic(server);

    /// <summary>26.1.1: what a row is decides how the client goes on; every object's own address is the list's address and its ID.</summary>
    private static async Task<List<Dictionary<string, string>>> ListAsync(ReplayedClient client, string path, string columns)
    {
        var rows = (await client.GetAsync($"{path}?columns={columns}&format=json")).Rows();
        foreach (var row in rows)
        {
            if (path.EndsWith("/resources", StringComparison.Ordinal))
            {
                Assert.DoesNotContain("ID", row.Keys);
                Assert.DoesNotContain("URI", row.Keys);
                Assert.NotEqual("", row["xnat_abstractresource_id"]);
                Assert.NotEqual("", row["label"]);
                Assert.NotEqual("", row["element_name"]);
            }
            else if (path.EndsWith("/files", StringComparison.Ordinal))
            {
                Assert.DoesNotContain("ID", row.Keys);
                Assert.NotEqual("", row["Name"]);
                Assert.Matches("/resources/[^/]+/files/", row["URI"]);
            }
            else
            {
                Assert.NotEqual("", row["ID"]);
                Assert.True(!row.TryGetValue("xsiType", out var type) || type.Length > 0);
                CheckItem((await client.GetAsync($"{path}/{row["ID"]}?format=json")).Item());
            }
        }

        return rows;
    }

    private static void CheckItem(JsonElement item)
    {
        var meta = item.GetProperty("meta");
        Assert.Matches(@"^[a-z_]+:\w+$", meta.GetProperty("xsi:type").GetString());
        Assert.False(meta.GetProperty("isHistory").GetBoolean());
        Assert.Matches(StartDate(), meta.GetProperty("start_date").GetString());
        foreach (var child in item.GetProperty("children").EnumerateArray())
        {
            Assert.NotEqual("", child.GetProperty("field").GetString());
            Assert.NotEqual(0, child.GetProperty("items").GetArrayLength());
            foreach (var below in child.GetProperty("items").EnumerateArray())
            {
                CheckItem(below);
            }
        }
    }

    private static IEnumerable<string> Keys(JsonElement item) => item.GetProperty("data_fields").EnumerateObject().Select(f => f.Name)
        .Concat(item.GetProperty("children").EnumerateArray().SelectMany(c => c.GetProperty("items").EnumerateArray().SelectMany(Keys).Append(c.GetProperty("field").GetString()!)));

    /// <summary>26.1.2: sign-in, heartbeat, version, schemas that its classes are made from, end.</summary>
    [Fact]
    public async Task Connect_opens_a_session_reads_every_schema_and_ends_it()
    {
        using var client = new ReplayedClient(server.Address);
        Assert.Equal(200, (await client.AskAsync("GET", "/")).Status);
        var session = (await client.OkAsync("PUT", "/data/services/auth", ReplayedClient.Form(("username", "admin"), ("password", "admin-password")))).Text;
        Assert.Matches(@"^\w{32}$", session);
        Assert.Equal(session, client.Cookies["JSESSIONID"]);
        Assert.Contains("User 'admin' is logged in", (await client.GetAsync("/data/auth")).Text, StringComparison.Ordinal);
        Assert.Equal(session, (await client.GetAsync("/data/JSESSION")).Text);
        var cookie = Assert.Single(Regex.Matches(client.Cookies["SESSION_EXPIRATION_TIME"], "^\"(\\d+),(\\d+)\"$"));
        Assert.Equal("900000", cookie.Groups[2].Value);
        Assert.NotEqual(200, (await client.AskAsync("GET", "/data/version")).Status);
        using var build = JsonDocument.Parse((await client.GetAsync("/xapi/siteConfig/buildInfo?format=json")).Text);
        Assert.Matches(@"^\d+\.\d+\.\d+$", build.RootElement.GetProperty("version").GetString());
        var names = JsonSerializer.Deserialize<string[]>((await client.GetAsync("/xapi/schemas?format=json")).Text)!;
        Assert.Contains("xnat", names);
        await CheckSchemasAsync(client, names);
        await client.DeleteAsync("/data/JSESSION");
        Assert.Equal(401, (await client.AskAsync("GET", "/data/projects")).Status);
    }

    // 20.2: one <xs:schema> tag with double quotes, only constructs that the client reads, every base type in some schema.
    private static async Task CheckSchemasAsync(ReplayedClient client, string[] names)
    {
        XNamespace xs = "http://www.w3.org/2001/XMLSchema";
        string[] known = ["schema", "element", "complexType", "complexContent", "simpleContent", "extension", "restriction", "sequence", "all", "choice", "attribute", "simpleType", "enumeration", "maxLength",
            "minLength", "minInclusive", "maxInclusive", "pattern", "annotation", "documentation", "appinfo", "import", "include"];
        var types = new HashSet<string>();
        var bases = new HashSet<string>();
        foreach (var name in names)
        {
            var answer = await client.GetAsync($"/xapi/schemas/{name}");
            Assert.StartsWith("application/xml", answer.ContentType, StringComparison.Ordinal);
            Assert.Single(SchemaTag().Matches(answer.Text));
            Assert.DoesNotContain("='", SchemaTag().Match(answer.Text).Value, StringComparison.Ordinal);
            var schema = XDocument.Parse(answer.Text).Root!;
            Assert.Empty(schema.DescendantsAndSelf().Where(e => e.Name.Namespace == xs).Select(e => e.Name.LocalName).Except(known));
            var target = (string)schema.Attribute("targetNamespace")!;
            types.UnionWith(schema.Elements(xs + "complexType").Concat(schema.Elements(xs + "simpleType")).Select(t => $"{target}#{(string)t.Attribute("name")!}"));
            foreach (var used in schema.Descendants().Where(e => e.Name.LocalName is "extension" or "restriction").Select(e => (string)e.Attribute("base")!))
            {
                var at = used.IndexOf(':', StringComparison.Ordinal);
                var space = schema.GetNamespaceOfPrefix(used[..Math.Max(at, 0)]) ?? schema.GetDefaultNamespace();
                if (space != xs)
                {
                    bases.Add($"{space.NamespaceName}#{used[(at + 1)..]}");
                }
                else
                {
                    Assert.Contains(used[(at + 1)..], (string[])["string", "integer", "float", "double", "date", "dateTime", "time", "boolean", "anyURI", "long", "decimal", "IDREF"]);
                }
            }
        }

        Assert.Empty(bases.Except(types));
        foreach (var needed in (string[])["projectData", "subjectData", "experimentData", "subjectAssessorData", "imageSessionData", "mrSessionData", "imageScanData", "mrScanData", "abstractResource", "resource",
            "resourceCatalog", "imageAssessorData", "derivedData", "reconstructedImageData", "demographicData", "investigatorData"])
        {
            Assert.Contains($"http://nrg.wustl.edu/xnat#{needed}", types);
        }
    }

    /// <summary>26.1.2: an alias token signs in by Basic, and only the cookie counts.</summary>
    [Fact]
    public async Task Connect_with_an_alias_token_needs_only_the_cookie()
    {
        using var admin = Admin;
        using var token = JsonDocument.Parse((await admin.GetAsync("/data/services/tokens/issue")).Text);
        using var first = new ReplayedClient(server.Address, $"{token.RootElement.GetProperty("alias").GetString()}:{token.RootElement.GetProperty("secret").GetString()}");
        Assert.Equal(200, (await first.AskAsync("GET", "/")).Status);
        using var client = new ReplayedClient(server.Address);
        client.Cookies["JSESSIONID"] = first.Cookies["JSESSIONID"];
        Assert.Contains("User 'admin' is logged in", (await client.GetAsync("/data/auth")).Text, StringComparison.Ordinal);
    }

    /// <summary>26.1.2: nobody's connection to an open site.</summary>
    [Fact]
    public async Task Guest_connects_to_an_open_site()
    {
        using var admin = Admin;
        await admin.PostAsync("/xapi/siteConfig/requireLogin", ReplayedClient.Raw("false", "application/json"));
        try
        {
            using var guest = new ReplayedClient(server.Address);
            Assert.Contains("<span id=\"user_info\">Logged in as: <span style=\"color:red;\">Guest</span>", (await guest.AskAsync("GET", "/")).Text, StringComparison.Ordinal);
            Assert.NotEqual(200, (await guest.AskAsync("GET", "/data/version")).Status);
            await guest.GetAsync("/xapi/siteConfig/buildInfo?format=json");
            foreach (var name in JsonSerializer.Deserialize<string[]>((await guest.GetAsync("/xapi/schemas?format=json")).Text)!)
            {
                await guest.GetAsync($"/xapi/schemas/{name}");
            }

            Assert.Empty((await guest.GetAsync("/data/archive/projects?columns=ID,URI,name&format=json")).Rows());
        }
        finally
        {
            await admin.PostAsync("/xapi/siteConfig/requireLogin", ReplayedClient.Raw("true", "application/json"));
        }
    }

    /// <summary>26.1.3 and 26.1.4: made, set, listed, read, shared, deleted; every key of every item is a name of the schemas.</summary>
    [Fact]
    public async Task Objects_are_made_navigated_shared_and_deleted()
    {
        using var client = Admin;
        await client.PutAsync("/data/archive/projects/XP");
        await client.PutAsync("/data/archive/projects/XP2");
        const string Subjects = "/data/archive/projects/XP/subjects";
        var subject = (await client.PutAsync($"{Subjects}/s1?xsiType=xnat:subjectData&req_format=qs&xnat:subjectData/label=s1")).Text;
        Assert.Matches(@"^\w+_S\d{5}$", subject);
        Assert.Equal(subject, (await client.PutAsync($"{Subjects}/{subject}?xsiType=xnat:subjectData&xnat:subjectData/demographics%5B@xsi:type%3Dxnat:demographicData%5D/gender=male")).Text);
        await client.PutAsync($"{Subjects}/{subject}?xsiType=xnat:subjectData&xnat:subjectData/fields/field%5Bname%3Dx%5D/field=v");
        await client.PutAsync($"{Subjects}/{subject}/projects/XP2?label=new");
        Assert.Empty((await client.GetAsync($"{Subjects}/{subject}/experiments?columns=ID,URI,label,xsiType&format=json")).Rows());
        var experiment = (await client.PutAsync($"{Subjects}/{subject}/experiments/e1?xsiType=xnat:mrSessionData&req_format=qs&xnat:mrSessionData/label=e1")).Text;
        Assert.Matches(@"^\w+_E\d{5}$", experiment);
        await client.PutAsync($"{Subjects}/{subject}/experiments/{experiment}/scans/1?xsiType=xnat:mrScanData&req_format=qs&xnat:mrScanData/type=T1&xnat:mrScanData/parameters/tr=2.5");
        await client.PutAsync($"{Subjects}/{subject}/experiments/{experiment}/scans/1/resources/NOTES?format=TXT");
        await client.PutAsync($"{Subjects}/{subject}/experiments/{experiment}/scans/1/resources/NOTES/files/a.txt", ReplayedClient.Raw("a"));

        Assert.Equal(["ID", "URI", "name"], (await client.GetAsync("/data/archive/projects?columns=ID,URI,name&format=json")).Rows().Single(r => r["ID"] == "XP").Keys.Order(StringComparer.Ordinal));
        CheckItem((await client.GetAsync("/data/archive/projects/XP?format=json")).Item());
        var listed = Assert.Single(await ListAsync(client, Subjects, "ID,URI,label"));
        Assert.Equal((subject, "s1", $"/data/subjects/{subject}"), (listed["ID"], listed["label"], listed["URI"]));
        var item = (await client.GetAsync($"{Subjects}/{subject}?format=json")).Item();
        var children = item.GetProperty("children").EnumerateArray().Select(c => c.GetProperty("field").GetString()).ToList();
        Assert.Equal(["demographics", "experiments/experiment", "fields/field", "sharing/share"], children.Order(StringComparer.Ordinal));
        var session = Assert.Single(await ListAsync(client, "/data/archive/projects/XP/experiments", "ID,URI,label,xsiType"));
        Assert.Equal(("xnat:mrSessionData", "e1"), (session["xsiType"], session["label"]));
        var scans = $"/data/archive/projects/XP/experiments/{experiment}/scans";
        Assert.Equal("T1", Assert.Single(await ListAsync(client, scans, "ID,URI,type,xsiType"))["type"]);
        var resource = Assert.Single(await ListAsync(client, $"{scans}/1/resources", "ID,URI,label"));
        Assert.Equal("NOTES", resource["label"]);
        Assert.Equal("a.txt", Assert.Single(await ListAsync(client, $"{scans}/1/resources/{resource["xnat_abstractresource_id"]}/files", "ID,URI,Name"))["Name"]);
        Assert.Contains(await ListAsync(client, "/data/archive/subjects", "ID,URI,label"), r => r["ID"] == subject);
        Assert.Contains(await ListAsync(client, "/data/archive/experiments", "ID,URI,label,xsiType"), r => r["ID"] == experiment);

        await CheckNamesAsync(client, [item, (await client.GetAsync($"/data/archive/projects/XP/experiments/{experiment}?format=json")).Item(), (await client.GetAsync($"{scans}/1?format=json")).Item()]);
        await client.DeleteAsync($"/data/archive/projects/XP/experiments/{experiment}?removeFiles=true");
        await client.DeleteAsync($"{Subjects}/{subject}?removeFiles=true");
        Assert.Equal(404, (await client.AskAsync("GET", $"{Subjects}/{subject}?format=json")).Status);
    }

    private static async Task CheckNamesAsync(ReplayedClient client, JsonElement[] items)
    {
        var names = new HashSet<string>();
        foreach (var schema in JsonSerializer.Deserialize<string[]>((await client.GetAsync("/xapi/schemas?format=json")).Text)!)
        {
            names.UnionWith(XDocument.Parse((await client.GetAsync($"/xapi/schemas/{schema}")).Text).Descendants().Where(e => e.Name.LocalName is "element" or "attribute").Select(e => (string?)e.Attribute("name") ?? ""));
        }

        foreach (var key in items.SelectMany(Keys).Distinct())
        {
            Assert.True(InternalKey().IsMatch(key) || key.Split('/').All(names.Contains), $"{key} is in no schema");
        }
    }

    /// <summary>26.1.5 and 26.1.6: files and a folder up, one file, a resource and a session down.</summary>
    [Fact]
    public async Task Resources_are_uploaded_and_downloaded()
    {
        using var client = Admin;
        await client.PutAsync("/data/archive/projects/XPF");
        await client.PutAsync("/data/archive/projects/XPF/subjects/s/experiments/e?xsiType=xnat:mrSessionData&req_format=qs");
        var session = "/data/archive/projects/XPF/experiments/e";
        await client.PutAsync($"{session}/scans/1?xsiType=xnat:mrScanData&xnat:mrScanData/type=T1%20w");
        await client.PutAsync($"{session}/scans/1/resources/NIFTI?format=NIFTI");
        Assert.Equal(409, (await client.AskAsync("PUT", $"{session}/scans/1/resources/NIFTI?format=NIFTI")).Status);
        await client.PutAsync($"{session}/scans/1/resources/NIFTI/files/sub/a.txt?overwrite=true&content=note&format=TXT&tags=t", ReplayedClient.Raw("hello"));
        using (var packed = new MemoryStream())
        {
            await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await using (var tar = new TarWriter(gzip, TarEntryFormat.Gnu))
            {
                // The client packs the folder itself as an entry without a name.
                await tar.WriteEntryAsync(new GnuTarEntry(TarEntryType.Directory, "./"), TestContext.Current.CancellationToken);
                await tar.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "d/b.txt") { DataStream = new MemoryStream("b"u8.ToArray()) }, TestContext.Current.CancellationToken);
            }

            await client.PutAsync($"{session}/resources/FOLDER/files/upload.tar.gz?extract=true", ReplayedClient.Raw(packed.ToArray()));
        }

        var resource = Assert.Single(await ListAsync(client, $"{session}/scans/1/resources", "ID,URI,label"));
        Assert.StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cat:", (await client.GetAsync($"{session}/scans/1/resources/NIFTI?format=json")).Text, StringComparison.Ordinal);
        var file = Assert.Single(await ListAsync(client, $"{session}/scans/1/resources/{resource["xnat_abstractresource_id"]}/files", "ID,URI,Name"));
        Assert.Equal("a.txt", file["Name"]);
        Assert.EndsWith("/files/sub/a.txt", file["URI"], StringComparison.Ordinal);
        Assert.Equal("hello", (await client.GetAsync(file["URI"])).Text);
        Assert.Single((await client.GetAsync($"{session}/scans/ALL/files?format=json")).Rows());
        Assert.Equal(["e/scans/1-T1_w/resources/NIFTI/files/sub/a.txt"], (await client.GetAsync($"{session}/scans/ALL/files?format=zip")).Members());
        Assert.Equal(["e/resources/FOLDER/files/d/b.txt"], (await client.GetAsync($"{session}/resources/FOLDER/files?format=zip")).Members());
    }

    /// <summary>26.1.7: a zip into the prearchive, looked at there, archived, and what the service calls do to others.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Import_goes_to_the_prearchive_and_is_archived_from_there()
    {
        using var client = Admin;
        await client.PutAsync("/data/archive/projects/XPI");
        await client.PutAsync("/data/archive/projects/XPJ");
        var zip = ReplayedClient.Zip(Directory.EnumerateFiles(RunningServer.Routed("rt-breast", "")));
        async Task<string> ImportAsync(string session)
        {
            var text = (await client.PostAsync(
                $"/data/services/import?overwrite=none&project=XPI&subject=s&session={session}&dest=/prearchive&import-handler=DICOM-zip", ReplayedClient.Raw(zip, "application/zip"))).Text;
            Assert.StartsWith("/data/prearchive", text, StringComparison.Ordinal);
            return text.Split("\r\n")[0];
        }

        var waiting = await ImportAsync("e1");
        Assert.Contains((await client.GetAsync("/data/prearchive/projects?format=json")).Rows(), r => "/data" + r["url"] == waiting);
        var row = Assert.Single((await client.GetAsync("/data/prearchive/projects/XPI?format=json")).Rows());
        foreach (var key in (string[])["url", "status", "name", "subject", "project", "timestamp", "lastmod", "uploaded", "scan_date", "scan_time", "autoarchive", "prevent_anon", "prevent_auto_commit", "tag", "folderName"])
        {
            Assert.Contains(key, row.Keys);
        }

        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d", row["lastmod"]);
        var scans = (await client.GetAsync($"{waiting}/scans?format=json")).Rows();
        Assert.NotEmpty(scans);
        var scan = $"{waiting}/scans/{scans[0]["ID"]}";
        var resource = Assert.Single((await client.GetAsync($"{scan}/resources?format=json")).Rows());
        Assert.NotEmpty((await client.GetAsync($"{scan}/resources/{resource["label"]}/files?format=json")).Rows());
        Assert.NotEmpty((await client.GetAsync($"{waiting}?format=zip")).Members());

        var archived = (await client.PostAsync($"/data/services/archive?src={waiting}&auto-archive=false&overwrite=none")).Text.Trim();
        Assert.Equal("/data/archive/projects/XPI/subjects/s/experiments/e1", archived);
        CheckItem((await client.GetAsync($"{archived}?format=json")).Item());

        var moved = await ImportAsync("e2");
        await client.PostAsync($"/data/services/prearchive/rebuild?src={moved["/data".Length..]}");
        await client.PostAsync($"/data/services/prearchive/move?src={moved}&newProject=XPJ&async=true");
        var other = await RunningServer.EventuallyAsync(async () => (await client.GetAsync("/data/prearchive/projects/XPJ?format=json")).Rows().FirstOrDefault(r => r["status"] == "READY"));
        await client.PostAsync($"/data/services/prearchive/delete?src={other["url"]}");
        await RunningServer.EventuallyAsync(async () => (await client.GetAsync("/data/prearchive/projects/XPJ?format=json")).Rows().Count == 0 ? "gone" : null);
    }

    [GeneratedRegex(@"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d \d\d:\d\d:\d\d (UTC|GMT) \d{4}$")]
    private static partial Regex StartDate();

    [GeneratedRegex(@"<xs:schema\s[^>]*>")]
    private static partial Regex SchemaTag();

    [GeneratedRegex(@"^[a-z_]+_id$")]
    private static partial Regex InternalKey();
}
