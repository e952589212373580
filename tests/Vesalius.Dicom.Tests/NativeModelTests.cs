using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Vesalius.Dicom.Tests;

/// <summary>The Native DICOM Model in XML (PS3.19 §A.1): written, read back, and beside what DCMTK's <c>dcm2xml</c> writes.</summary>
public sealed class NativeModelTests
{
    private static readonly XNamespace Model = NativeModelWriter.Namespace;

    /// <summary>The two models say the same, so the way over XML changes nothing of what JSON says.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public void Every_readable_file_says_the_same_after_the_way_over_XML()
    {
        foreach (var path in SampleFiles.Readable().Where(f => new FileInfo(f).Length < 2_000_000))
        {
            var dataSet = Part10File.Read(File.ReadAllBytes(path)).DataSet;
            var before = Json(dataSet);
            if (before.Any(c => c < ' '))
            {
                continue;
            }

            Assert.Equal(WithoutCharacterSets(before), WithoutCharacterSets(Json(NativeModelReader.Read(NativeModelWriter.Write(dataSet)))));
        }
    }

    /// <summary>Attributes, representations, keywords, values and nesting are those of another implementation.</summary>
    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData("modalities")]
    [InlineData("reports-and-derived")]
    [InlineData("enhanced")]
    public async Task Attributes_are_those_that_dcm2xml_writes(string folder)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/dcm2xml"), "DCMTK is not installed.");
        var compared = 0;
        foreach (var path in SampleFiles.Readable().Where(f => f.Contains($"/dicom/{folder}/", StringComparison.Ordinal) && new FileInfo(f).Length < 3_000_000))
        {
            var file = Part10File.Read(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
            if (!file.TransferSyntax.Encoding.ExplicitVr)
            {
                continue;
            }

            var theirs = await Dcm2XmlAsync(path);
            if (theirs is null)
            {
                continue;
            }

            var ours = XDocument.Parse(Encoding.UTF8.GetString(NativeModelWriter.Write(file.DataSet))).Root!;
            Assert.Equal(Attributes(theirs), Attributes(ours));
            compared++;
        }

        Assert.True(compared > 5, $"Only {compared} files were compared.");
    }

    /// <summary>Every way to break the document is named.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("<other/>")]
    [InlineData("<!DOCTYPE NativeDicomModel [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><NativeDicomModel><DicomAttribute tag='00100020' vr='LO'><Value number='1'>&x;</Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='0010' vr='LO'/></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100020' vr='ZZ'/></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100020' vr='LO'><Value>a</Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100020' vr='LO'><Value number='2'>a</Value><Value number='1'>b</Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100020' vr='LO'><Value number='99999999'>a</Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100020' vr='LO'><Value number='1'><b/></Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='7FE00010' vr='OB'><InlineBinary>***</InlineBinary></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100010' vr='PN'><PersonName number='1'><Alphabetic><Nick>a</Nick></Alphabetic></PersonName></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00280010' vr='US'><Value number='1'>many</Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100020' vr='LO'>")]
    public void A_document_that_is_not_the_model_is_refused(string xml) =>
        Assert.Throws<MalformedDicomException>(() => NativeModelReader.Read(Encoding.UTF8.GetBytes(xml)));

    /// <summary>Nesting has a bound.</summary>
    [Fact]
    public void Endless_nesting_is_refused()
    {
        var xml = new StringBuilder("<NativeDicomModel>").Insert(18, "<DicomAttribute tag='00081140' vr='SQ'><Item number='1'>", 5000);
        var e = Assert.Throws<MalformedDicomException>(() => NativeModelReader.Read(Encoding.UTF8.GetBytes(xml.ToString())));
        Assert.Equal(MalformedReason.NestingTooDeep, e.Reason);
    }

    /// <summary>Changed bytes are read or refused, nothing else.</summary>
    [Fact]
    public void Changed_bytes_are_read_or_refused()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientName, "Adams^John=亞當斯^約翰");
        dataSet.SetString(Tag.ImageType, "ORIGINAL\\\\AXIAL");
        dataSet.Set(new SequenceElement(Tag.ReferencedImageSequence, [new DataSet()]));
        var document = NativeModelWriter.Write(dataSet);
        Prop.ForAll<int, byte>((at, value) =>
        {
            var changed = (byte[])document.Clone();
            changed[(int)((uint)at % changed.Length)] = value;
            try
            {
                NativeModelReader.Read(changed);
            }
            catch (MalformedDicomException)
            {
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    /// <summary>What a sender left out between two values is an empty value; bulk data elsewhere is empty here.</summary>
    [Fact]
    public void Values_keep_their_numbers()
    {
        var dataSet = NativeModelReader.Read("""
            <?xml version="1.0"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">
              <!-- a remark -->
              <DicomAttribute tag="00080008" vr="CS"><Value number="1">A</Value><Value number="3">C</Value></DicomAttribute>
              <DicomAttribute tag="7FE00010" vr="OW"><BulkData uri="http://elsewhere/1"/></DicomAttribute>
              <DicomAttribute tag="00420011" vr="OB"><InlineBinary> AAE
                C </InlineBinary></DicomAttribute>
              <DicomAttribute tag="00100010" vr="PN"><PersonName number="1"><Alphabetic><GivenName>Ada</GivenName></Alphabetic><Phonetic/></PersonName></DicomAttribute>
            </NativeDicomModel>
            """u8.ToArray());

        Assert.Equal("A\\\\C", dataSet.GetString(Tag.ImageType));
        Assert.Equal("^Ada", dataSet.GetString(Tag.PatientName));
        Assert.Equal([0, 1, 2], ((ValueElement)dataSet[new Tag(0x0042, 0x0011)]!).Bytes.ToArray()[..3]);
        Assert.True(((ValueElement)dataSet[Tag.PixelData]!).Bytes.IsEmpty);
    }

    /// <summary>An element goes to its creator's block; a creator without one gets one.</summary>
    [Fact]
    public void Private_elements_find_their_creators_block()
    {
        var dataSet = NativeModelReader.Read("""
            <NativeDicomModel>
              <DicomAttribute tag="00290011" vr="LO"><Value number="1">MAKER</Value></DicomAttribute>
              <DicomAttribute tag="00290005" vr="LO" privateCreator="MAKER"><Value number="1">a</Value></DicomAttribute>
              <DicomAttribute tag="00290006" vr="LO" privateCreator="OTHER"><Value number="1">b</Value></DicomAttribute>
            </NativeDicomModel>
            """u8.ToArray());

        Assert.Equal("a", dataSet.GetString(new Tag(0x0029, 0x1105)));
        Assert.Equal("OTHER", dataSet.GetString(new Tag(0x0029, 0x0010)));
        Assert.Equal("b", dataSet.GetString(new Tag(0x0029, 0x1006)));
    }

    // What was read from a model is in UTF-8 and says so wherever its text needs it.
    private static string WithoutCharacterSets(string json) => Regex.Replace(json, "\"00080005\":\\{[^}]*\\},?", "");

    private static string Json(DataSet dataSet)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            DicomJsonWriter.Write(writer, dataSet, decimalsAsText: true);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static async Task<XElement?> Dcm2XmlAsync(string path)
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/dcm2xml", ["-q", "-nat", "+Xn", "+U8", path]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var text = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await error;
        return process.ExitCode == 0 ? XDocument.Parse(text).Root : null;
    }

    // Binary values are left out: dcm2xml gives them an address of its own making.
    private static List<string> Attributes(XElement parent, string prefix = "")
    {
        var found = new List<string>();
        foreach (var attribute in parent.Elements(Model + "DicomAttribute"))
        {
            var tag = attribute.Attribute("tag")!.Value.ToUpperInvariant();
            var vr = attribute.Attribute("vr")!.Value;
            // Where nobody reserved the block, DCMTK leaves out its number all the same; we keep it.
            if (attribute.Attribute("privateCreator") is null && Tag.TryParse(tag, out var parsed) && parsed is { IsPrivate: true, Element: >= 0x1000 })
            {
                tag = $"{tag[..4]}00{tag[6..]}";
            }

            // Group lengths are no part of the model; DCMTK shows them, and the character set that it converted to.
            if (tag.EndsWith("0000", StringComparison.Ordinal) || tag == "00080005")
            {
                continue;
            }

            // Neither has to name the empty values at the end.
            var values = attribute.Elements().Where(e => e.Name.LocalName is "Value" or "PersonName").Select(e => Value(e, vr));
            found.Add($"{prefix}{tag} {vr} {string.Join('\\', values).TrimEnd('\\')}");
            foreach (var item in attribute.Elements(Model + "Item"))
            {
                found.AddRange(Attributes(item, $"{prefix}{tag}/{item.Attribute("number")!.Value}/"));
            }
        }

        return found;
    }

    private static string Value(XElement value, string vr) => vr switch
    {
        // DCMTK prints no sign of a zero, and rounds the sixth digit its own way.
        "FD" or "FL" => (double.Parse(value.Value, CultureInfo.InvariantCulture) + 0.0).ToString("G5", CultureInfo.InvariantCulture),
        "PN" => string.Join('=', value.Elements().Select(g => $"{g.Name.LocalName}:{string.Join('^', g.Elements().Where(c => c.Value.Length > 0).Select(c => $"{c.Name.LocalName}:{c.Value.Trim()}"))}")),
        _ => value.Value.Trim(),
    };
}
