using System.Text;
using System.Xml.Linq;
using System.Xml.Schema;
using FsCheck;
using FsCheck.Fluent;
using Vesalius.Archive.Items;
using Vesalius.Archive.Types;
using Xunit;

namespace Vesalius.Archive.Tests;

/// <summary>The types: one truth for items, schemas, columns and validation (rest-api §20).</summary>
public sealed class TypeModelTests
{
    private static readonly TypeModel Model = TypeModel.Standard;

    private static string? Key(string type, string path) => FieldPath.Parse(path) is { } parsed ? Model.Resolve(Model.Find(type)!, parsed.Steps)?.Key : null;

    /// <summary>Paths as clients write them lead to the place where a value is stored.</summary>
    [Theory]
    [InlineData("xnat:subjectData", "xnat:subjectData/demographics[@xsi:type=xnat:demographicData]/gender", "demographics/gender")]
    [InlineData("xnat:subjectData", "xnat:subjectData/fields/field[name=cohort]/field", "fields/field[name=cohort]/field")]
    [InlineData("xnat:subjectData", "xnat:subjectData/fields/field[name='a/b']/field", "fields/field[name=a/b]/field")]
    [InlineData("xnat:mrScanData", "xnat:mrScanData/parameters/VOXELRES/x", "parameters/voxelRes/x")]
    [InlineData("xnat:mrScanData", "parameters/addParam[name=p]/addField", "parameters/addParam[name=p]/addField")]
    [InlineData("xnat:mrScanData", "xnat:imageScanData/frames", "frames")]
    [InlineData("xnat:projectData", "xnat:projectData/PI/lastname", "PI/lastname")]
    [InlineData("xnat:mrSessionData", "xnat:mrSessionData/scanner/manufacturer", "scanner/manufacturer")]
    [InlineData("xnat:qcManualAssessorData", "scans/scan[imageScan_ID=1]/coverage", "scans/scan[imageScan_ID=1]/coverage")]
    [InlineData("xnat:mrSessionData", "xnat:mrSessionData/nothing", null)]
    [InlineData("xnat:mrSessionData", "xnat:mrSessionData/fields/field[name=a]b", null)]
    [InlineData("xnat:mrSessionData", "xnat:mrSessionData/fields/field[name=a", null)]
    [InlineData("xnat:mrSessionData", "//", null)]
    public void Path_leads_to_its_field(string type, string path, string? key) => Assert.Equal(key, Key(type, path));

    /// <summary>Whatever a client writes as a path is read or refused, never an error.</summary>
    [Fact]
    public void Any_text_is_a_path_or_none() => Prop.ForAll<string>(text =>
    {
        if (text is not null && FieldPath.Parse(text) is { } path)
        {
            Model.Resolve(Model.Find("xnat:mrSessionData")!, path.Steps);
        }
    }).QuickCheckThrowOnFailure();

    /// <summary>Values that fit and those that don't (rest-api §5.3).</summary>
    [Theory]
    [InlineData("date", "01/02/2024", "2024-01-02")]
    [InlineData("date", "2024-01-02", "2024-01-02")]
    [InlineData("date", "20240102", "2024-01-02")]
    [InlineData("date", "2024-02-30", null)]
    [InlineData("time", "10:20:30", "10:20:30")]
    [InlineData("time", "102030.5", "10:20:30.5")]
    [InlineData("time", "25:00:00", null)]
    [InlineData("dcmPatientWeight", "70.5", "70.5")]
    [InlineData("dcmPatientWeight", "heavy", null)]
    [InlineData("dcmPatientWeight", "NaN", null)]
    [InlineData("delay", "-3", "-3")]
    [InlineData("delay", "3.5", null)]
    [InlineData("operator", "a\u0000b", null)]
    [InlineData("operator", "a\u0008b", null)]
    [InlineData("operator", "Ünïcode 🧠", "Ünïcode 🧠")]
    public void Value_is_normalised_or_refused(string field, string text, string? stored)
    {
        var resolved = Model.Resolve(Model.Find("xnat:mrSessionData")!, FieldPath.Parse(field)!.Steps)!;
        var problem = FieldValue.Normalise(resolved.Leaf, resolved.Kind, text, out var value);
        Assert.Equal(stored is null, problem is not null);
        if (stored is not null)
        {
            Assert.Equal(stored, value);
        }
    }

    /// <summary>Enumerations and lengths come from the schema.</summary>
    [Fact]
    public void Value_outside_its_enumeration_or_length_is_refused()
    {
        var input = new ItemInput(Model.Find("xnat:subjectData")!);
        Assert.Throws<ItemRefusedException>(() => input.Set(Model, FieldPath.Parse("demographics/gender")!, "purple"));
        Assert.Throws<ItemRefusedException>(() => input.Set(Model, FieldPath.Parse("group")!, new string('x', 256)));
        input.Set(Model, FieldPath.Parse("demographics/gender")!, "female");
        Assert.Equal("female", input["demographics/gender"]);
    }

    /// <summary>Every schema is one that an XML Schema processor takes, all together (J1, J2).</summary>
    [Fact]
    public void J1_J2_Schemas_compile_together()
    {
        var schemas = new SchemaDocument(Model);
        var set = new XmlSchemaSet { XmlResolver = null };
        foreach (var name in schemas.Names)
        {
            using var reader = new StringReader(schemas.Find(name)!);
            set.Add(XmlSchema.Read(reader, (_, e) => Assert.Fail(e.Message))!);
        }

        set.ValidationEventHandler += (_, e) => Assert.Fail(e.Message);
        set.Compile();
        Assert.Contains("xnat", schemas.Names);
        Assert.Contains("assessments", schemas.Names);
        Assert.Contains("pipeline/workflow", schemas.Names);
        Assert.Equal(schemas.Find("xnat"), schemas.Find("xnat/xnat.xsd"));
        Assert.Null(schemas.Find("nothing"));
    }

    /// <summary>What xnatpy needs: base types are served, list fields repeat, no groups (rest-api §20.2).</summary>
    [Fact]
    public void J2_Schemas_have_what_xnatpy_builds_its_classes_from()
    {
        XNamespace xs = "http://www.w3.org/2001/XMLSchema";
        var schemas = new SchemaDocument(Model);
        var documents = schemas.Names.Select(n => XDocument.Parse(schemas.Find(n)!)).ToList();
        var served = Model.Types.Select(t => t.Name).ToHashSet();
        Assert.All(documents.SelectMany(d => d.Descendants(xs + "extension")).Select(e => (string)e.Attribute("base")!), b => Assert.True(b.StartsWith("xs:", StringComparison.Ordinal) || served.Contains(b), b));
        var xnat = documents[0];
        foreach (var type in (string[])["projectData", "subjectData", "experimentData", "subjectAssessorData", "imageSessionData", "mrSessionData", "imageScanData", "mrScanData", "abstractResource", "resource", "resourceCatalog", "imageAssessorData", "derivedData", "reconstructedImageData", "demographicData", "investigatorData"])
        {
            Assert.Single(xnat.Root!.Elements(xs + "complexType"), t => (string)t.Attribute("name")! == type);
        }

        foreach (var element in (string[])["Project", "Subject", "MRSession", "MRScan", "QCManualAssessment"])
        {
            Assert.Single(xnat.Root!.Elements(xs + "element"), e => (string)e.Attribute("name")! == element);
        }

        foreach (var list in (string[])["scan", "assessor", "resource", "share", "field"])
        {
            Assert.Contains(xnat.Descendants(xs + "element"), e => (string)e.Attribute("name")! == list && (string?)e.Attribute("maxOccurs") == "unbounded");
        }

        Assert.StartsWith("<?xml", schemas.Find("xnat"), StringComparison.Ordinal);
        Assert.Contains("<xs:schema ", schemas.Find("xnat"), StringComparison.Ordinal);
    }

    /// <summary>All session and scan types that the site can receive are declared (rest-api §5.2).</summary>
    [Theory]
    [InlineData("xnat:mrSessionData", "xnat:imageSessionData")]
    [InlineData("xnat:petmrSessionData", "xnat:imageSessionData")]
    [InlineData("xnat:dx3DCraniofacialSessionData", "xnat:imageSessionData")]
    [InlineData("xnat:otherDicomSessionData", "xnat:imageSessionData")]
    [InlineData("xnat:rtImageScanData", "xnat:imageScanData")]
    [InlineData("xnat:voiceAudioScanData", "xnat:imageScanData")]
    [InlineData("icr:roiCollectionData", "xnat:imageAssessorData")]
    [InlineData("xnat:subjectVariablesData", "xnat:subjectAssessorData")]
    public void Type_is_declared_and_extends(string type, string baseType) => Assert.True(Model.Is(type, baseType));

    /// <summary>A site's own type is text, not code; a broken one is refused with its line.</summary>
    [Fact]
    public void Own_types_are_declared_as_text()
    {
        var model = new TypeModel(["schema own own http://example.org/own\ntype bloodData : xnat:subjectAssessorData Blood \"Blood Test\" \"Blood Tests\"\n  haemoglobin float\n"]);
        Assert.Equal("haemoglobin", model.Resolve(model.Find("own:bloodData")!, FieldPath.Parse("own:bloodData/haemoglobin")!.Steps)!.Key);
        Assert.Contains("haemoglobin", new SchemaDocument(model).Find("own"), StringComparison.Ordinal);
        Assert.Throws<TypeDeclarationException>(() => new TypeModel(["schema own own http://example.org/own\ntype x : xnat:nothing\n"]));
    }

    /// <summary>An item that goes out as XML comes in again as it was.</summary>
    [Fact]
    public async Task Item_survives_the_way_out_and_in()
    {
        var document = new Dictionary<string, string>
        {
            ["demographics/gender"] = "female", ["demographics/weight"] = "61.5", ["fields/field[name=cohort]/field"] = "a & b <c>", ["group"] = "g\"1", ["unknown/below"] = "kept",
            ["addID[name=other]/addID"] = "x1",
        };
        var item = new Item("xnat:subjectData", DateTime.UnixEpoch).With("ID", "S1").With("label", "s").With("project", "P");
        item.AddDocument(Model, document);
        var xml = new ItemXml(Model).Write(item, "http://localhost", concealInternal: false);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(xml));
        var root = await ItemXmlReader.LoadAsync(stream, TestContext.Current.CancellationToken);
        var reader = new ItemXmlReader(Model);
        Assert.Equal("xnat:subjectData", reader.TypeOf(root)!.Name);
        var input = reader.Read(root, reader.TypeOf(root)!);
        Assert.Equal("S1", input.Take("ID"));
        Assert.Equal("s", input.Take("label"));
        Assert.Equal("P", input.Take("project"));
        Assert.Equal(document.OrderBy(d => d.Key, StringComparer.Ordinal), input.Fields.OrderBy(d => d.Key, StringComparer.Ordinal).ToDictionary(f => f.Key, f => f.Value!));
    }
}
