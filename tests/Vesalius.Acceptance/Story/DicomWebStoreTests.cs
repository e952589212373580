using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Acceptance.Story;

/// <summary>STOW-RS: images into the prearchive, what was made of them to their session (xapi F.6, R28).</summary>
[Trait("Speed", "Slow")]
public sealed class DicomWebStoreTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string ComprehensiveSr = "1.2.840.10008.5.1.4.1.1.88.33";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<(HttpStatusCode Status, JsonElement[] Studies)> StowAsync(HttpClient client, string address, params byte[][] instances)
    {
        using var body = new MultipartContent("related", "part-of-a-test");
        body.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/related; type=\"application/dicom\"; boundary=part-of-a-test");
        foreach (var instance in instances)
        {
            var part = new ByteArrayContent(instance);
            part.Headers.ContentType = new MediaTypeHeaderValue("application/dicom");
            body.Add(part);
        }

        using var response = await client.PostAsync(address, body, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        return (response.StatusCode, response.StatusCode == HttpStatusCode.OK ? [.. JsonDocument.Parse(text).RootElement.EnumerateArray()] : []);
    }

    /// <summary>Clients write the type of the parts with quotation marks, without them, or not at all.</summary>
    [Theory]
    [InlineData("multipart/related; type=application/dicom; boundary=\"part-of-a-test\"")]
    [InlineData("multipart/related;boundary=part-of-a-test;type=application/dicom")]
    [InlineData("Multipart/Related; Type=\"application/dicom\"; Boundary=part-of-a-test")]
    [InlineData("multipart/related; boundary=part-of-a-test")]
    public async Task F6_Type_of_the_parts_is_understood_however_it_is_written(string type)
    {
        using var admin = server.Client();
        (await admin.PutAsync("/data/projects/STOW6", null, Token)).EnsureSuccessStatusCode();
        var image = Sample("studies", "mr-epi-phantom-ge", Path.GetFileName(Directory.GetFiles(SharedData.Require("data", "dicom", "studies", "mr-epi-phantom-ge"), "*.dcm")[0]));
        byte[] body = [.. "--part-of-a-test\r\nContent-Type: application/dicom\r\n\r\n"u8, .. image, .. "\r\n--part-of-a-test--\r\n"u8];
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await admin.PostAsync("/xapi/dicomweb/projects/STOW6/studies", content, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal([Part10File.Read(image).DataSet.GetString(Tag.SOPInstanceUID)], JsonDocument.Parse(text).RootElement.EnumerateArray().SelectMany(s => Uids(s, "00081199")));
    }

    private static List<string> Uids(JsonElement study, string sequence) => [.. study.GetProperty(sequence).GetProperty("Value").EnumerateArray().Select(i => i.Value("00081155"))];

    private static async Task PreferAsync(HttpClient admin, string json) =>
        (await admin.PostAsync("/xapi/dicomweb/prefs", new StringContent(json, Encoding.UTF8, "application/json"), Token)).EnsureSuccessStatusCode();

    private static byte[] Sample(params string[] path) => File.ReadAllBytes(SharedData.Require(["data", "dicom", .. path]));

    // A measurement of one image, with a patient that is not the archive's and what else a workstation may write into it.
    private static byte[] Report(string study, string image, string imageClass, string uid, string series)
    {
        var data = new DataSet(DicomEncoding.ExplicitLittleEndian);
        foreach (var (tag, value, vr) in new[]
        {
            (Tag.SOPClassUID, ComprehensiveSr, Vr.UI), (Tag.SOPInstanceUID, uid, Vr.UI), (Tag.StudyInstanceUID, study, Vr.UI), (Tag.SeriesInstanceUID, series, Vr.UI), (Tag.Modality, "SR", Vr.CS),
            (Tag.PatientName, "Real^Name", Vr.PN), (Tag.PatientID, "NHS-4857773456", Vr.LO), (Tag.InstitutionName, "Some Hospital", Vr.LO), (Tag.OperatorsName, "Real^Operator", Vr.PN),
            (Tag.SeriesDescription, "Left kidney", Vr.LO), (Tag.SeriesNumber, "99", Vr.IS), (Tag.InstanceNumber, "1", Vr.IS), (Tag.OtherPatientIDs, "OTHER-1", Vr.LO), (Tag.ValueType, "CONTAINER", Vr.CS),
        })
        {
            data.SetString(tag, value, vr);
        }

        var reference = new DataSet(DicomEncoding.ExplicitLittleEndian);
        reference.SetString(Tag.ReferencedSOPClassUID, imageClass, Vr.UI);
        reference.SetString(Tag.ReferencedSOPInstanceUID, image, Vr.UI);
        var length = new DataSet(DicomEncoding.ExplicitLittleEndian);
        length.SetString(Tag.ValueType, "NUM", Vr.CS);
        length.SetString(Tag.NumericValue, "12.5", Vr.DS);
        length.Set(new SequenceElement(Tag.ReferencedSOPSequence, [reference]));
        data.Set(new SequenceElement(Tag.ContentSequence, [length]));
        // As OHIF sends it.
        return Part10Writer.Encode(Part10Writer.MakeFileMeta(ComprehensiveSr, uid, ImplicitLittleEndian), data, TransferSyntax.Find(ImplicitLittleEndian)).ToArray();
    }

    private const string ImplicitLittleEndian = "1.2.840.10008.1.2";

    /// <summary>Images go through the site's script into the prearchive and on as the project says; what is no DICOM is refused one by one.</summary>
    [Fact]
    public async Task Images_go_through_the_script_and_the_prearchive()
    {
        using var admin = server.Client();
        (await admin.PutAsync("/data/projects/STOW1", null, Token)).EnsureSuccessStatusCode();
        (await admin.PutAsync("/data/projects/STOW1/prearchive_code/0", null, Token)).EnsureSuccessStatusCode();
        await PreferAsync(admin, "{\"buildDelayMs\": 0}");
        var image = Sample("studies", "rt-breast", Path.GetFileName(Directory.GetFiles(SharedData.Require("data", "dicom", "studies", "rt-breast"), "*.dcm").First(f => Part10File.Read(File.ReadAllBytes(f)).DataSet.GetString(Tag.Modality) == "CT")));
        var uid = Part10File.Read(image).DataSet.GetString(Tag.SOPInstanceUID)!;
        var (status, studies) = await StowAsync(admin, "/xapi/dicomweb/projects/STOW1/studies", image, "no DICOM at all"u8.ToArray());
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal([uid], studies.SelectMany(s => Uids(s, "00081199")));
        Assert.Equal("49152", studies.SelectMany(s => s.GetProperty("00081198").GetProperty("Value").EnumerateArray()).Single().Value("00081197"));
        Assert.Contains(studies, s => s.TryGetProperty("00081190", out var url) && url.GetProperty("Value")[0].GetString()!.Contains("/xapi/dicomweb/projects/STOW1/studies/", StringComparison.Ordinal));
        var waiting = Assert.Single(await RunningServer.RowsAsync(admin, "/data/prearchive/projects/STOW1?format=json"));
        Assert.Equal("READY", waiting["status"]);
        var stored = Part10File.Read(await File.ReadAllBytesAsync(Directory.GetFiles(Path.Combine(server.Data, "prearchive", "STOW1"), "*.dcm", SearchOption.AllDirectories).Single(), Token)).DataSet;
        // The record that the site's script leaves.
        Assert.Equal("XNAT", stored.GetSequence(Tag.DeidentificationMethodCodeSequence)!.Items[^1].GetString(Tag.CodingSchemeDesignator));
        Assert.False(Directory.Exists(Path.Combine(server.Data, "archive", "STOW1", "arc001")));

        (await admin.PutAsync("/data/projects/STOW2", null, Token)).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, (await StowAsync(admin, "/xapi/dicomweb/projects/STOW2/studies?strategy=DirectArchive", image)).Status);
        Assert.Single(await admin.JsonAsync("/xapi/dicomweb/projects/STOW2/studies"));
        await PreferAsync(admin, "{\"buildDelayMs\": 300}");
        (await admin.PutAsync("/data/projects/STOW3", null, Token)).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, (await StowAsync(admin, "/dicom-web/projects/STOW3/studies", image)).Status);
        await RunningServer.EventuallyAsync(async () => (await admin.JsonAsync("/dicom-web/projects/STOW3/studies")).Count > 0 ? "archived" : null);
    }

    /// <summary>A measurement comes back as an assessor of its session with the session's own patient, and in the study that a viewer opens.</summary>
    [Fact]
    public async Task Measurement_becomes_an_assessor_of_the_session_that_it_was_made_of()
    {
        using var admin = server.Client();
        await DicomWebArchive.ArchiveAsync(admin, "STOW4", "STOW4_1", "studies", "mr-epi-phantom-ge");
        using var member = await server.UserAsync("stow-member");
        using var reader = await server.UserAsync("stow-reader");
        (await admin.PutAsync("/data/projects/STOW4/users/Members/stow-member", null, Token)).EnsureSuccessStatusCode();
        (await admin.PutAsync("/data/projects/STOW4/users/Collaborators/stow-reader", null, Token)).EnsureSuccessStatusCode();
        const string Root = "/xapi/dicomweb/projects/STOW4/studies";
        var study = (await member.JsonAsync(Root))[0].Value("0020000D");
        var image = (await member.JsonAsync($"{Root}/{study}/metadata"))[0];
        var report = Report(study, image.Value("00080018"), image.Value("00080016"), "2.25.1001", "2.25.1000");
        Assert.Equal(HttpStatusCode.Forbidden, (await StowAsync(reader, Root, report)).Status);
        foreach (var _ in (int[])[1, 2])
        {
            var (status, answer) = await StowAsync(member, $"{Root}/{study}", report);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(["2.25.1001"], Uids(Assert.Single(answer), "00081199"));
        }

        // Sent twice, it is there once.
        var assessor = Assert.Single(await RunningServer.RowsAsync(reader, "/data/projects/STOW4/experiments/STOW4_1/assessors?format=json"));
        Assert.Equal("icr:roiCollectionData", assessor["xsiType"]);
        Assert.StartsWith("SR_", assessor["label"], StringComparison.Ordinal);
        var xml = await reader.GetStringAsync($"/data/experiments/{assessor["ID"]}?format=xml", Token);
        Assert.Contains("Left kidney", xml, StringComparison.Ordinal);
        var series = (await reader.JsonAsync($"{Root}/{study}/series")).Single(s => s.Value("00080060") == "SR");
        Assert.Equal("2.25.1000", series.Value("0020000E"));
        var stored = Part10File.Read(await reader.GetByteArrayAsync($"{Root}/{study}/series/2.25.1000/instances/2.25.1001", Token)).DataSet;
        var source = Part10File.Read(await reader.GetByteArrayAsync($"{Root}/{study}/series/{image.Value("0020000E")}/instances/{image.Value("00080018")}", Token)).DataSet;
        Assert.Equal(source.GetString(Tag.PatientName), stored.GetString(Tag.PatientName));
        Assert.Equal(source.GetString(Tag.PatientID), stored.GetString(Tag.PatientID));
        Assert.Equal("12.5", stored.GetSequence(Tag.ContentSequence)!.Items[0].GetString(Tag.NumericValue)!.Trim());
        var bytes = Encoding.Latin1.GetString(await reader.GetByteArrayAsync($"{Root}/{study}/series/2.25.1000/instances/2.25.1001", Token));
        foreach (var identifying in (string[])["Real", "NHS-", "Some Hospital", "OTHER-1"])
        {
            Assert.DoesNotContain(identifying, bytes, StringComparison.Ordinal);
        }

        // A file that every reader takes: nothing of group 0002 among its data.
        Assert.DoesNotContain(stored, e => e.Tag.Group == 0x0002);
        Assert.Equal(46, (await reader.JsonAsync($"{Root}/{study}/metadata")).Count);

        // One that speaks of an image which the session does not hold is an arrival like any other.
        var foreign = Report(study, "1.2.3.4", image.Value("00080016"), "2.25.1002", "2.25.1003");
        Assert.Equal(HttpStatusCode.OK, (await StowAsync(member, Root, foreign)).Status);
        Assert.Single(await RunningServer.RowsAsync(reader, "/data/projects/STOW4/experiments/STOW4_1/assessors?format=json"));

        // Gone with its assessor.
        (await admin.DeleteAsync($"/data/projects/STOW4/experiments/STOW4_1/assessors/{assessor["ID"]}?removeFiles=true", Token)).EnsureSuccessStatusCode();
        Assert.DoesNotContain(await reader.JsonAsync($"{Root}/{study}/series"), s => s.Value("00080060") == "SR");
    }

    /// <summary>XNAT's viewer plugin: the session as a document, collections by label, servers of MONAI Label.</summary>
    [Fact]
    public async Task Viewer_plugins_addresses_answer()
    {
        using var admin = server.Client();
        await DicomWebArchive.ArchiveAsync(admin, "ROI1", "ROI1_1", "studies", "mr-epi-phantom-ge");
        await DicomWebArchive.ArchiveAsync(admin, "ROI1", "ROI1_2", "studies", "pet-ct-siemens");
        using var reader = await server.UserAsync("roi-reader");
        (await admin.PutAsync("/data/projects/ROI1/users/Collaborators/roi-reader", null, Token)).EnsureSuccessStatusCode();
        const string Viewer = "/xapi/viewer/projects/ROI1/experiments/ROI1_1";
        var document = JsonDocument.Parse(await reader.GetStringAsync(Viewer, Token)).RootElement;
        var series = document.GetProperty("studies")[0].GetProperty("series");
        Assert.Equal(45, series.EnumerateArray().Sum(s => s.GetProperty("instances").GetArrayLength()));
        var instance = series[0].GetProperty("instances")[0];
        Assert.Equal(3, instance.GetProperty("metadata").GetProperty("ImagePositionPatient").GetArrayLength());
        using (var file = await reader.GetAsync(instance.GetProperty("url").GetString(), Token))
        {
            Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        }

        using var outsider = await server.UserAsync("roi-outsider");
        foreach (var (method, address, who, status) in new[]
        {
            ("GET", Viewer, outsider, 403), ("GET", Viewer + "/exists", outsider, 403), ("POST", Viewer, outsider, 403), ("GET", "/xapi/viewer/projects/ROI_NONE/experiments/x/exists", outsider, 403),
            ("GET", "/xapi/viewer/projects/ROI_NONE/experiments/x/exists", admin, 404), ("GET", "/xapi/viewerDicomweb/aets/ROI1/ROI1_1/rs/studies", outsider, 403),
            ("GET", "/xapi/viewerDicomweb/projects/ROI1/experiments/ROI1_1/exists", outsider, 403), ("POST", "/xapi/viewerDicomweb/projects/ROI1/subjects/x", outsider, 403),
            ("GET", Viewer + "/exists", reader, 200), ("GET", Viewer + "_no/exists", reader, 404), ("POST", Viewer, reader, 403), ("POST", Viewer, admin, 200), ("GET", "/xapi/viewerDicomweb/projects/ROI1/experiments/ROI1_1/exists", reader, 200),
            ("POST", "/xapi/viewerDicomweb/projects/ROI1/experiments/ROI1_1?overwrite=true", admin, 200), ("DELETE", "/xapi/viewerDicomweb/projects/ROI1/experiments/ROI1_1", reader, 403),
            ("DELETE", "/xapi/viewerDicomweb/projects/ROI1/experiments/ROI1_1", admin, 200), ("GET", "/xapi/ohifaiaa/servers", reader, 404), ("PUT", "/xapi/ohifaiaa/servers", reader, 403),
            ("POST", "/xapi/viewer/projects/ROI1", admin, 201), ("POST", "/xapi/viewer/generate-all-metadata", admin, 201), ("POST", "/xapi/viewerDicomweb/projects/ROI_NONE", admin, 404), ("GET", Viewer, reader, 200),
        })
        {
            using var response = await who.SendAsync(new HttpRequestMessage(new HttpMethod(method), address), Token);
            Assert.True((int)response.StatusCode == status, $"{method} {address}: {(int)response.StatusCode}");
        }

        using (var servers = new StringContent("[\"https://monai.example.org\"]", Encoding.UTF8, "application/json"))
        {
            (await admin.PutAsync("/xapi/ohifaiaa/servers", servers, Token)).EnsureSuccessStatusCode();
        }

        Assert.Equal("[\"https://monai.example.org\"]", (await reader.GetStringAsync("/xapi/ohifaiaa/servers", Token)).Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal((false, true), (JsonDocument.Parse(await reader.GetStringAsync("/xapi/roi/projects/ROI1/permissions/RoiCollection", Token)).RootElement is var may ? (may.GetProperty("create").GetBoolean(), may.GetProperty("read").GetBoolean()) : default));

        async Task<int> PutAsync(HttpClient who, string tail, byte[] bytes)
        {
            using var content = new ByteArrayContent(bytes);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            using var response = await who.PutAsync("/xapi/roi/projects/ROI1/sessions/" + tail, content, Token);
            return (int)response.StatusCode;
        }

        var measured = "{\"measurements\": []}"u8.ToArray();
        Assert.Equal(403, await PutAsync(reader, "ROI1_1/collections/M1?type=MEAS", measured));
        Assert.Equal(200, await PutAsync(admin, "ROI1_1/collections/M1?type=MEAS", measured));
        Assert.Equal(422, await PutAsync(admin, "ROI1_1/collections/M1?type=MEAS", measured));
        Assert.Equal(200, await PutAsync(admin, "ROI1_1/collections/M1?type=MEAS&overwrite=true", measured));
        Assert.Equal(409, await PutAsync(admin, "ROI1_2/collections/M1?type=MEAS&overwrite=true", measured));
        Assert.Equal(422, await PutAsync(admin, "ROI1_1/collections/X?type=NIFTI", measured));
        Assert.Equal(422, await PutAsync(admin, "ROI1_1/collections/X?type=SEG", measured));
        Assert.Equal(422, await PutAsync(admin, "ROI1_1/collections/X?type=RTSTRUCT", Sample("studies", "rt-breast", Path.GetFileName(Directory.GetFiles(SharedData.Require("data", "dicom", "studies", "rt-breast"), "*.dcm").First(f => Part10File.Read(File.ReadAllBytes(f)).DataSet.GetString(Tag.Modality) == "RTSTRUCT")))));
        Assert.Equal(measured, await reader.GetByteArrayAsync("/xapi/roi/projects/ROI1/collections/M1?type=MEAS", Token));
        foreach (var (method, address, who, status) in new[]
        {
            ("GET", "/xapi/roi/projects/ROI1/collections/none", reader, 422), ("DELETE", "/xapi/roi/projects/ROI1/collections/M1", reader, 403), ("DELETE", "/xapi/roi/projects/ROI1/collections/M1", admin, 200),
            ("GET", "/xapi/roi/projects/ROI1/collections/M1", reader, 422),
        })
        {
            using var response = await who.SendAsync(new HttpRequestMessage(new HttpMethod(method), address), Token);
            Assert.True((int)response.StatusCode == status, $"{method} {address}: {(int)response.StatusCode}");
        }
    }

    /// <summary>Requests that are none.</summary>
    [Fact]
    public async Task Malformed_requests_are_refused()
    {
        using var admin = server.Client();
        using var outsider = await server.UserAsync("stow-outsider");
        (await admin.PutAsync("/data/projects/STOW5", null, Token)).EnsureSuccessStatusCode();
        const string Root = "/xapi/dicomweb/projects/STOW5/studies";
        Assert.Equal(HttpStatusCode.Forbidden, (await StowAsync(outsider, Root, [1])).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await StowAsync(admin, "/xapi/dicomweb/projects/NO_SUCH/studies", [1])).Status);
        using var nobody = server.Client(null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await StowAsync(nobody, Root, [1])).Status);
        foreach (var (type, body, status) in new[]
        {
            ("application/dicom", "x", 415), ("multipart/related; type=\"application/dicom\"", "x", 415), ("multipart/related; type=\"application/dicom+json\"; boundary=b", "x", 415), ("text/plain", "", 415),
            ("multipart/related; type=\"application/dicom\"; boundary=b", "", 400), ("multipart/related; type=\"application/dicom\"; boundary=b", "--b--\r\n", 400),
            ("multipart/related; type=\"application/dicom\"; boundary=b", "no boundary in it", 400), ("multipart/related; type=application/dicom; boundary=b", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", 415),
        })
        {
            using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var response = await admin.PostAsync(Root, content, Token);
            Assert.True((int)response.StatusCode == status, $"{type} {body}: {(int)response.StatusCode}");
        }

        // A truncated object: said so, the next one still taken.
        var whole = Sample("studies", "mr-epi-phantom-ge", Path.GetFileName(Directory.GetFiles(SharedData.Require("data", "dicom", "studies", "mr-epi-phantom-ge"), "*.dcm")[0]));
        var (ok, studies) = await StowAsync(admin, Root, whole[..200], whole);
        Assert.Equal(HttpStatusCode.OK, ok);
        Assert.Single(studies.SelectMany(s => Uids(s, "00081199")));
        // Nothing of it could be read, its UID neither.
        Assert.Equal("49152", Assert.Single(studies.SelectMany(s => s.GetProperty("00081198").GetProperty("Value").EnumerateArray())).Value("00081197"));
    }
}
