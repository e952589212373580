using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>Scripts are tried before they are saved: every attribute before and after, with the line that did it, and nothing is stored (R13).</summary>
[Trait("Speed", "Slow")]
public sealed class TryOutTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Script = "version \"6.6\"\n// a comment\n(0010,0010) := subject\n-(0020,4000)\n(0010,0030) := shiftDateByIncrement[(0010,0030), \"30\"]\n(0012,0062) := \"YES\"\n(0008,0090) := (0008,1048)\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<JsonElement> TryAsync(HttpClient client, string query, HttpContent? body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await client.PostAsync($"/xapi/anonymize/test?{query}", body, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode}: {text[..Math.Min(400, text.Length)]}");
        return expected == HttpStatusCode.OK ? JsonDocument.Parse(text).RootElement.Clone() : default;
    }

    private static async Task NewProjectAsync(HttpClient admin, string project)
    {
        foreach (var address in (string[])[$"/data/projects/{project}", $"/data/projects/{project}/prearchive_code/0"])
        {
            using var response = await admin.PutAsync(address, null, Token);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    private static byte[] Identified(string study, Action<DataSet>? edit = null)
    {
        var path = Directory.EnumerateFiles(SharedData.Require("data", "dicom", "studies", study), "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        var file = Part10File.Read(File.ReadAllBytes(path));
        file.DataSet.SetString(Tag.PatientName, "Quixmarrow^Zebulonia");
        file.DataSet.SetString(Tag.PatientBirthDate, "19500207");
        file.DataSet.SetString(Tag.ImageComments, "gone");
        file.DataSet.SetString(Tag.PatientComments, "for Zebulonia Quixmarrow");
        file.DataSet.Remove(Tag.PhysiciansOfRecord);
        edit?.Invoke(file.DataSet);
        return file.Encode().ToArray();
    }

    private static MultipartFormDataContent Upload(byte[] file, string? script)
    {
        var body = new MultipartFormDataContent { { new ByteArrayContent(file), "file", "x.dcm" } };
        if (script is not null)
        {
            body.Add(new StringContent(script), "script");
        }

        return body;
    }

    private static JsonElement Attribute(JsonElement tried, string path) =>
        Assert.Single(tried.GetProperty("objects")[0].GetProperty("attributes").EnumerateArray(), a => a.GetProperty("path").GetString() == path);

    private static (string? Before, string? After, string? Change, int? Line) Told(JsonElement attribute) => (
        attribute.GetProperty("before").GetString(), attribute.GetProperty("after").GetString(), attribute.GetProperty("change").GetString(),
        attribute.GetProperty("by").GetArrayLength() > 0 && attribute.GetProperty("by")[0].GetProperty("line").ValueKind == JsonValueKind.Number ? attribute.GetProperty("by")[0].GetProperty("line").GetInt32() : null);

    /// <summary>An upload: each attribute with the line that changed it, notices, what is left, and nothing written anywhere.</summary>
    [Fact]
    public async Task Upload_shows_each_attribute_with_the_line_that_changed_it_and_stores_nothing()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "TRYUP");
        // A name that no other test sends.
        using var body = Upload(Identified("mr-mosaic-phantom-siemens", d => { d.SetString(Tag.PatientName, "Tamsindra^Yolande"); d.SetString(Tag.PatientComments, "for Yolande Tamsindra"); }), Script);
        var tried = await TryAsync(admin, "project=TRYUP&subject=S1&session=S1_MR1", body);
        Assert.Equal("passed", tried.GetProperty("objects")[0].GetProperty("outcome").GetString());
        Assert.Equal(("Tamsindra^Yolande", "S1", "changed", 3), Told(Attribute(tried, "(0010,0010)")));
        Assert.Equal(("gone", null, "removed", 4), Told(Attribute(tried, "(0020,4000)")));
        Assert.Equal(("19500207", "19500309", "changed", 5), Told(Attribute(tried, "(0010,0030)")));
        Assert.Equal("(0010,0010) := subject", Attribute(tried, "(0010,0010)").GetProperty("by")[0].GetProperty("statement").GetString());
        Assert.Equal("kept", Attribute(tried, "(0008,0060)").GetProperty("change").GetString());
        Assert.Contains(tried.GetProperty("objects")[0].GetProperty("notices").EnumerateArray(), n => n.GetProperty("line").GetInt32() == 7);
        Assert.Contains(tried.GetProperty("objects")[0].GetProperty("residual").EnumerateArray(), f => f.GetProperty("path").GetString() == "(0010,4000)" && f.GetProperty("kind").GetString() == "patient name");
        Assert.Empty(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/TRYUP?format=json"));
        foreach (var path in Directory.EnumerateFiles(server.Data, "*", SearchOption.AllDirectories).Where(f => !f.Contains(".s.PGSQL", StringComparison.Ordinal)))
        {
            Assert.True((await File.ReadAllBytesAsync(path, Token)).AsSpan().IndexOf("Tamsindra"u8) < 0, "The name was written to the disk.");
        }

        using var changes = Upload(Identified("mr-mosaic-phantom-siemens"), Script);
        var only = await TryAsync(admin, "project=TRYUP&changes=only", changes);
        Assert.DoesNotContain(only.GetProperty("objects")[0].GetProperty("attributes").EnumerateArray(), a => a.GetProperty("change").GetString() == "kept");
    }

    /// <summary>The site's and the project's scripts one after the other, on members of a zip; a script that fails tells where.</summary>
    [Fact]
    public async Task Zip_is_tried_with_both_scripts_and_a_failure_names_its_line()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "TRYZIP");
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in ((string, byte[])[])[("notes.txt", "nothing"u8.ToArray()), ("Quixmarrow.dcm", Identified("mr-mosaic-phantom-siemens"))])
            {
                await using var entry = await archive.CreateEntry(name).OpenAsync(Token);
                await entry.WriteAsync(bytes, Token);
            }
        }

        using var body = Upload(zip.ToArray(), Script);
        var tried = await TryAsync(admin, "project=TRYZIP&subject=S1&session=S1_MR1&step=both", body);
        Assert.Equal(("2", 1), (tried.GetProperty("objects")[0].GetProperty("name").GetString(), tried.GetProperty("objects").GetArrayLength()));
        Assert.Equal("site", Assert.Single(Attribute(tried, "(0010,0020)").GetProperty("by").EnumerateArray()).GetProperty("step").GetString());
        Assert.Equal("S1_MR1", Attribute(tried, "(0010,0020)").GetProperty("after").GetString());

        using var failing = Upload(Identified("mr-mosaic-phantom-siemens"), "version \"6.6\"\n-(0020,4000)\n(0008,1030) := substring[(0008,0060), 0, 5000]\n");
        var failed = (await TryAsync(admin, "project=TRYZIP", failing)).GetProperty("objects")[0];
        Assert.Equal(("quarantined", 3), (failed.GetProperty("outcome").GetString(), failed.GetProperty("reason").GetProperty("line").GetInt32()));
        using var wrong = Upload(Identified("mr-mosaic-phantom-siemens"), "version \"6.6\"\n(0010,0010 := subject\n");
        await TryAsync(admin, "project=TRYZIP", wrong, HttpStatusCode.BadRequest);
        using var noDicom = Upload("PK\u0003\u0004 no zip"u8.ToArray(), Script);
        await TryAsync(admin, "project=TRYZIP", noDicom, HttpStatusCode.BadRequest);
    }

    /// <summary>A script may ask only the hosts that the site names, and runs only for as long as the site lets it.</summary>
    [Fact]
    public async Task Site_says_which_pages_scripts_may_read_and_how_long_they_may_run()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "TRYWEB");
        using var codes = new System.Net.HttpListener();
        var address = $"http://127.0.0.1:{FreePort.Take()}/";
        codes.Prefixes.Add(address);
        codes.Start();
        var asked = 0;
        _ = Task.Run(async () =>
        {
            while (codes.IsListening)
            {
                var request = await codes.GetContextAsync();
                Interlocked.Increment(ref asked);
                await request.Response.OutputStream.WriteAsync("Code 7\n"u8.ToArray(), Token);
                request.Response.Close();
            }
        }, Token);
        async Task<JsonElement> ReadAsync(string script)
        {
            using var body = Upload(Identified("mr-mosaic-phantom-siemens"), script);
            return (await TryAsync(admin, "project=TRYWEB&changes=only", body)).GetProperty("objects")[0];
        }

        async Task SetAsync(string name, string value, HttpStatusCode expected = HttpStatusCode.OK)
        {
            using var content = new StringContent(value, System.Text.Encoding.UTF8, "text/plain");
            using var response = await admin.PutAsync($"/xapi/siteConfig/{name}", content, Token);
            Assert.Equal(expected, response.StatusCode);
        }

        var script = $"version \"6.6\"\n\n(0008,1030) := getURL[\"{address}codes\"]\n";
        var refused = await ReadAsync(script);
        Assert.Equal(("quarantined", 3), (refused.GetProperty("outcome").GetString(), refused.GetProperty("reason").GetProperty("line").GetInt32()));
        await SetAsync("getUrlAddresses", "*", HttpStatusCode.BadRequest);
        await SetAsync("getUrlAddresses", "https://names.example.org/");
        Assert.Equal("quarantined", (await ReadAsync(script)).GetProperty("outcome").GetString());
        Assert.Equal(0, asked);
        await SetAsync("getUrlAddresses", address);
        var allowed = await ReadAsync(script);
        Assert.Equal("passed", allowed.GetProperty("outcome").GetString());
        Assert.Equal("Code 7", Assert.Single(allowed.GetProperty("attributes").EnumerateArray(), a => a.GetProperty("path").GetString() == "(0008,1030)").GetProperty("after").GetString());
        await SetAsync("getUrlAddresses", "");
        Assert.Equal("quarantined", (await ReadAsync(script)).GetProperty("outcome").GetString());

        // A microsecond is over before a thousand lines are.
        await SetAsync("scriptTimeLimit", "soon", HttpStatusCode.BadRequest);
        await SetAsync("scriptTimeLimit", "0.000001 seconds");
        var late = await ReadAsync("version \"6.6\"\n" + string.Concat(Enumerable.Repeat("(0008,1030) := concatenate[\"x\", (0008,0060)]\n", 1000)));
        await SetAsync("scriptTimeLimit", "5 minutes");
        Assert.Equal("quarantined", late.GetProperty("outcome").GetString());
        Assert.Contains("took longer", late.GetProperty("reason").GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    /// <summary>The site's table: checked when it is stored, read by scripts, and seen by administrators only, since it may name patients.</summary>
    [Fact]
    public async Task Scripts_look_up_in_the_site_s_table()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "TRYLOOKUP");
        using var user = await server.UserAsync("try-lookup");
        async Task PutAsync(HttpClient client, string table, params HttpStatusCode[] expected)
        {
            using var content = new StringContent(table, System.Text.Encoding.UTF8, "text/plain");
            using var response = await client.PutAsync("/data/config/lookup/table", content, Token);
            Assert.Contains(response.StatusCode, expected);
            Assert.DoesNotContain("TRIAL", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }

        async Task<string> LabelAsync()
        {
            using var body = Upload(Identified("mr-mosaic-phantom-siemens"), "version \"6.6\"\n(0008,1030) := lookup[\"modality\", (0008,0060)]\n");
            var tried = (await TryAsync(admin, "project=TRYLOOKUP", body)).GetProperty("objects")[0];
            Assert.Equal("passed", tried.GetProperty("outcome").GetString());
            return Assert.Single(tried.GetProperty("attributes").EnumerateArray(), a => a.GetProperty("path").GetString() == "(0008,1030)").GetProperty("after").GetString()!;
        }

        Assert.NotEqual("TRIAL-0007", await LabelAsync());
        await PutAsync(user, "modality/MR = TRIAL-0007", HttpStatusCode.Forbidden);
        await PutAsync(admin, "modality MR TRIAL-0007", HttpStatusCode.BadRequest);
        await PutAsync(admin, "modality/MR = TRIAL-0007\nmodality/MR = TRIAL-0008", HttpStatusCode.BadRequest);
        await PutAsync(admin, "// modalities\nmodality/MR = TRIAL-0007 // scanner\n", HttpStatusCode.Created, HttpStatusCode.OK);
        Assert.Equal("TRIAL-0007", await LabelAsync());
        await PutAsync(admin, "modality/MR = TRIAL-0009", HttpStatusCode.OK);
        Assert.Equal("TRIAL-0009", await LabelAsync());
        foreach (var address in (string[])["/data/config/lookup/table", "/data/config/lookup/table?contents=true", "/data/config/lookup"])
        {
            using var hidden = await user.GetAsync(address, Token);
            Assert.Equal(HttpStatusCode.Forbidden, hidden.StatusCode);
        }
    }

    /// <summary>A waiting session is tried with what is known of its subject; the archived one too; both stay as they are.</summary>
    [Fact]
    public async Task Sessions_are_tried_where_they_are_and_stay_as_they_are()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "TRYSESSION");
        var folder = Directory.CreateTempSubdirectory("vesalius-try-").FullName;
        await File.WriteAllBytesAsync(
            Path.Combine(folder, "1.dcm"), Identified("mr-mosaic-phantom-siemens", d =>
            {
                d.SetString(Tag.PatientComments, "Project:TRYSESSION Subject:S1 Session:S1_MR1");
                d.SetString(Tag.ImageComments, "seen with Zebulonia Quixmarrow");
            }), Token);
        await server.SendAsync(folder);
        var waiting = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/TRYSESSION?format=json"));
        using var script = new StringContent("version \"6.6\"\n(0008,0080) := \"Hidden\"\nalterPixels[\"rectangle\", \"l=0, t=0, r=20, b=20\", \"solid\", \"v=0\"]\n");
        var tried = await TryAsync(admin, $"source={waiting["url"]}", script);
        var first = tried.GetProperty("objects")[0];
        Assert.Contains(first.GetProperty("residual").EnumerateArray(), f => f.GetProperty("path").GetString() == "(0020,4000)" && f.GetProperty("kind").GetString() == "patient name");
        Assert.True(first.GetProperty("pixels").GetProperty("altered").GetBoolean());
        Assert.True(Convert.FromBase64String(first.GetProperty("pixels").GetProperty("after").GetString()!).AsSpan(1).StartsWith("PNG"u8));
        using var archived = await admin.PostAsync($"/data/services/archive?src={waiting["url"]}", null, Token);
        Assert.Equal(HttpStatusCode.OK, archived.StatusCode);

        using var owner = await server.UserAsync("try-owner");
        using (var made = await admin.PutAsync("/data/projects/TRYSESSION/users/owner/try-owner", null, Token))
        {
            Assert.Equal(HttpStatusCode.OK, made.StatusCode);
        }

        using var again = new StringContent("version \"6.6\"\n(0008,0080) := \"Hidden\"\n");
        var late = await TryAsync(owner, "source=/archive/projects/TRYSESSION/experiments/S1_MR1&changes=only", again);
        Assert.Equal("Hidden", Attribute(late, "(0008,0080)").GetProperty("after").GetString());
        using var outsider = await server.UserAsync("try-outsider");
        using var refused = new StringContent("version \"6.6\"\n");
        await TryAsync(outsider, "source=/archive/projects/TRYSESSION/experiments/S1_MR1", refused, HttpStatusCode.NotFound);
        using var site = new StringContent("version \"6.6\"\n");
        await TryAsync(owner, "source=/archive/projects/TRYSESSION/experiments/S1_MR1&step=site", site, HttpStatusCode.Forbidden);
    }

    /// <summary>Site setting: a date that is missing fails the object, or is passed over.</summary>
    [Fact]
    public async Task Missing_dates_fail_or_are_passed_over_as_the_site_says()
    {
        using var admin = server.Client();
        await NewProjectAsync(admin, "TRYDATE");
        const string Shift = "version \"6.6\"\n(0010,0030) := shiftDateByIncrement[(0010,0030), \"30\"]\n";
        async Task<string?> OutcomeAsync()
        {
            using var body = Upload(Identified("mr-mosaic-phantom-siemens", d => d.Remove(Tag.PatientBirthDate)), Shift);
            return (await TryAsync(admin, "project=TRYDATE", body)).GetProperty("objects")[0].GetProperty("outcome").GetString();
        }

        async Task<HttpStatusCode> SayAsync(string value)
        {
            using var body = new StringContent($$"""{"missingDate":"{{value}}"}""", Encoding.UTF8, "application/json");
            using var response = await admin.PostAsync("/xapi/siteConfig", body, Token);
            return response.StatusCode;
        }

        Assert.Equal("quarantined", await OutcomeAsync());
        Assert.Equal(HttpStatusCode.OK, await SayAsync("skip"));
        Assert.Equal("passed", await OutcomeAsync());
        Assert.Equal(HttpStatusCode.BadRequest, await SayAsync("perhaps"));
        Assert.Equal(HttpStatusCode.OK, await SayAsync("fail"));
    }
}
