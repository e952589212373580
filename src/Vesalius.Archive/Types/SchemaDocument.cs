using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Xml;

namespace Vesalius.Archive.Types;

/// <summary>Writes the XML Schema of the archive's types (rest-api §20): what clients build their classes from.</summary>
/// <param name="model">The types.</param>
public sealed class SchemaDocument(TypeModel model)
{
    private const string Xs = "http://www.w3.org/2001/XMLSchema";
    private const string DisplayNamespace = "http://nrg.wustl.edu/xdat";

    private readonly ConcurrentDictionary<string, string> _texts = new(StringComparer.Ordinal);

    /// <summary>Names of all schemas.</summary>
    public IReadOnlyList<string> Names { get; } = [.. model.Schemas.Select(s => s.Name), "xdat"];

    /// <summary>The schema with a name; null if there is none. <c>xnat/xnat</c> is <c>xnat</c>.</summary>
    public string? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var plain = name.EndsWith(".xsd", StringComparison.Ordinal) ? name[..^4] : name;
        var known = Names.FirstOrDefault(n => n == plain) ?? Names.FirstOrDefault(n => plain == $"{n}/{n}" || plain.EndsWith("/" + n, StringComparison.Ordinal) && plain[..^(n.Length + 1)] == n);
        return known is null ? null : _texts.GetOrAdd(known, Write);
    }

    private string Write(string name)
    {
        var schema = model.Schemas.FirstOrDefault(s => s.Name == name) ?? new SchemaNamespace("xdat", "xdatdisplay", DisplayNamespace);
        var types = model.Types.Where(t => t.Schema == schema).ToList();
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, NewLineChars = "\n" }))
        {
            xml.WriteStartElement("xs", "schema", Xs);
            xml.WriteAttributeString("targetNamespace", schema.Uri);
            xml.WriteAttributeString("elementFormDefault", "qualified");
            xml.WriteAttributeString("attributeFormDefault", "unqualified");
            if (name == "xdat")
            {
                xml.WriteAttributeString("xmlns", "xdat", null, DisplayNamespace);
                Display(xml);
            }
            else
            {
                var imported = Referred(types).Where(s => s != schema).ToList();
                xml.WriteAttributeString("xmlns", schema.Prefix, null, schema.Uri);
                foreach (var other in imported)
                {
                    xml.WriteAttributeString("xmlns", other.Prefix, null, other.Uri);
                }

                xml.WriteAttributeString("xmlns", DisplayPrefix(schema), null, DisplayNamespace);
                foreach (var other in imported)
                {
                    xml.WriteStartElement("import", Xs);
                    xml.WriteAttributeString("namespace", other.Uri);
                    xml.WriteAttributeString("schemaLocation", $"/schemas/{(other.Name.Contains('/', StringComparison.Ordinal) ? other.Name : $"{other.Name}/{other.Name}")}.xsd");
                    xml.WriteEndElement();
                }

                Types(xml, schema, types);
            }

            xml.WriteEndElement();
        }

        return text.ToString();
    }

    // The security schema has the prefix that the display schema has elsewhere.
    private static string DisplayPrefix(SchemaNamespace schema) => schema.Prefix == "xdat" ? "display" : "xdat";

    private IEnumerable<SchemaNamespace> Referred(List<DataType> types) =>
        types.SelectMany(t => References(t.Root).Append(t.Base?.Name)).Select(model.Find).OfType<DataType>().Select(t => t.Schema).Distinct();

    private static IEnumerable<string?> References(FieldNode node) => node.Children.SelectMany(References).Append(node.Reference);

    private static void Display(XmlWriter xml)
    {
        foreach (var name in (string[])["element", "field", "sqlField"])
        {
            xml.WriteStartElement("element", Xs);
            xml.WriteAttributeString("name", name);
            xml.WriteStartElement("complexType", Xs);
            foreach (var attribute in (string[])["displayIdentifiers", "abstract"])
            {
                Attribute(xml, attribute, "xs:string");
            }

            xml.WriteEndElement();
            xml.WriteEndElement();
        }
    }

    private static void Attribute(XmlWriter xml, string name, string type)
    {
        xml.WriteStartElement("attribute", Xs);
        xml.WriteAttributeString("name", name);
        xml.WriteAttributeString("type", type);
        xml.WriteEndElement();
    }

    private void Types(XmlWriter xml, SchemaNamespace schema, List<DataType> types)
    {
        foreach (var type in types.Where(t => t.ElementName is not null))
        {
            xml.WriteStartElement("element", Xs);
            xml.WriteAttributeString("name", type.ElementName);
            xml.WriteAttributeString("type", type.Name);
            xml.WriteEndElement();
        }

        foreach (var type in types)
        {
            xml.WriteStartElement("complexType", Xs);
            xml.WriteAttributeString("name", type.LocalName);
            if (type.DisplayIdentifier is not null || type.IsAbstract)
            {
                xml.WriteStartElement("annotation", Xs);
                xml.WriteStartElement("appinfo", Xs);
                xml.WriteStartElement(DisplayPrefix(schema), "element", DisplayNamespace);
                if (type.DisplayIdentifier is { } identifier)
                {
                    xml.WriteAttributeString("displayIdentifiers", identifier);
                }

                if (type.IsAbstract)
                {
                    xml.WriteAttributeString("abstract", "true");
                }

                xml.WriteEndElement();
                xml.WriteEndElement();
                xml.WriteEndElement();
            }

            if (type.Content is { } content)
            {
                SimpleContent(xml, XsType(content), type.Root.Children);
            }
            else if (type.Base is { } baseType)
            {
                xml.WriteStartElement("complexContent", Xs);
                xml.WriteStartElement("extension", Xs);
                xml.WriteAttributeString("base", baseType.Name);
                Members(xml, type.Root.Children);
                xml.WriteEndElement();
                xml.WriteEndElement();
            }
            else
            {
                Members(xml, type.Root.Children);
            }

            xml.WriteEndElement();
        }
    }

    private void SimpleContent(XmlWriter xml, string baseType, IEnumerable<FieldNode> attributes)
    {
        xml.WriteStartElement("simpleContent", Xs);
        xml.WriteStartElement("extension", Xs);
        xml.WriteAttributeString("base", baseType);
        foreach (var attribute in attributes)
        {
            Member(xml, attribute);
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private void Members(XmlWriter xml, IReadOnlyList<FieldNode> nodes)
    {
        var elements = nodes.Where(n => !n.IsAttribute).ToList();
        if (elements.Count > 0)
        {
            xml.WriteStartElement("sequence", Xs);
            elements.ForEach(n => Member(xml, n));
            xml.WriteEndElement();
        }

        foreach (var attribute in nodes.Where(n => n.IsAttribute))
        {
            Member(xml, attribute);
        }
    }

    private void Member(XmlWriter xml, FieldNode node)
    {
        xml.WriteStartElement(node.IsAttribute ? "attribute" : "element", Xs);
        xml.WriteAttributeString("name", node.Name);
        var simple = node is { Kind: not null, Children.Count: 0, Reference: null };
        var restricted = simple && (node.Allowed.Count > 0 || node.Kind == ValueKind.Text && node.MaximumLength != 255);
        if (node.Reference is { } reference)
        {
            xml.WriteAttributeString("type", reference);
        }
        else if (simple && !restricted)
        {
            xml.WriteAttributeString("type", XsType(node.Kind!.Value));
        }

        if (!node.IsAttribute)
        {
            xml.WriteAttributeString("minOccurs", "0");
            if (node.Repeats)
            {
                xml.WriteAttributeString("maxOccurs", "unbounded");
            }
        }

        if (restricted)
        {
            Restriction(xml, node);
        }
        else if (!simple && node.Reference is null)
        {
            xml.WriteStartElement("complexType", Xs);
            if (node.Kind is { } kind)
            {
                SimpleContent(xml, XsType(kind), node.Children);
            }
            else
            {
                Members(xml, node.Children);
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void Restriction(XmlWriter xml, FieldNode node)
    {
        xml.WriteStartElement("simpleType", Xs);
        xml.WriteStartElement("restriction", Xs);
        xml.WriteAttributeString("base", XsType(node.Kind!.Value));
        foreach (var value in node.Allowed)
        {
            xml.WriteStartElement("enumeration", Xs);
            xml.WriteAttributeString("value", value);
            xml.WriteEndElement();
        }

        if (node.Allowed.Count == 0)
        {
            xml.WriteStartElement("maxLength", Xs);
            xml.WriteAttributeString("value", node.MaximumLength.ToString(CultureInfo.InvariantCulture));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static string XsType(ValueKind kind) => kind switch
    {
        ValueKind.Integer => "xs:integer",
        ValueKind.Float => "xs:float",
        ValueKind.Boolean => "xs:boolean",
        ValueKind.Date => "xs:date",
        ValueKind.Time => "xs:time",
        ValueKind.DateTime => "xs:dateTime",
        ValueKind.Uri => "xs:anyURI",
        _ => "xs:string",
    };
}
