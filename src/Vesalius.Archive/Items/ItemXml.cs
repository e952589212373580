using System.Globalization;
using System.Text;
using System.Xml;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Items;

/// <summary>Writes items as XML documents of their schema (rest-api §1.6.2).</summary>
/// <param name="model">Types.</param>
public sealed class ItemXml(TypeModel model)
{
    private const string Xsi = "http://www.w3.org/2001/XMLSchema-instance";

    /// <summary>The document of one object.</summary>
    /// <param name="item">Object.</param>
    /// <param name="siteUrl">Start of the addresses of schemas, without slash at the end; may be empty.</param>
    /// <param name="concealInternal">Whether keys of the database are left out.</param>
    public string Write(Item item, string siteUrl, bool concealInternal)
    {
        ArgumentNullException.ThrowIfNull(item);
        var type = model.Find(item.XsiType) ?? throw new InvalidOperationException("An object has a type that is not declared.");
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, NewLineChars = "\n", CheckCharacters = false }))
        {
            xml.WriteStartElement(type.Schema.Prefix, type.ElementName ?? type.LocalName, type.Schema.Uri);
            foreach (var schema in model.Schemas)
            {
                xml.WriteAttributeString("xmlns", schema.Prefix, null, schema.Uri);
            }

            xml.WriteAttributeString("xmlns", "xsi", null, Xsi);
            xml.WriteAttributeString("xsi", "schemaLocation", Xsi, string.Join(' ', model.Schemas.Select(s =>
                $"{s.Uri} {siteUrl}/schemas/{(s.Name.Contains('/', StringComparison.Ordinal) ? s.Name : $"{s.Name}/{s.Name}")}.xsd")));
            Content(xml, item, type, concealInternal);
            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private void Content(XmlWriter xml, Item item, DataType type, bool concealInternal)
    {
        var written = new HashSet<string>(item.Internal, StringComparer.Ordinal);
        var nodes = type.AllChildren.ToList();
        Attributes(xml, item, nodes, "", written);
        if (!concealInternal && item.Internal.Count > 0)
        {
            xml.WriteComment("hidden_fields[" + string.Join(',', item.Internal.Where(item.Fields.ContainsKey).Select(i => $"{i}=\"{Text(item.Fields[i]).Replace('-', '_')}\"")) + "]");
        }

        if (type.Content is not null && item.Fields.TryGetValue(type.LocalName, out var content))
        {
            xml.WriteString(Text(content));
            return;
        }

        foreach (var node in nodes.Where(n => !n.IsAttribute))
        {
            Element(xml, item, type, node, node.Name, written, concealInternal);
        }

        // What the schema does not know was taken in from a document; it goes out as it came.
        foreach (var (path, value) in item.Fields.Where(f => !written.Contains(f.Key)))
        {
            Unknown(xml, type.Schema, path, Text(value));
        }
    }

    private static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static void Attributes(XmlWriter xml, Item item, IEnumerable<FieldNode> nodes, string prefix, HashSet<string> written)
    {
        foreach (var node in nodes.Where(n => n.IsAttribute))
        {
            if (item.Fields.TryGetValue(prefix + node.Name, out var value) && written.Add(prefix + node.Name))
            {
                xml.WriteAttributeString(node.Name, Text(value));
            }
        }
    }

    private void Element(XmlWriter xml, Item item, DataType type, FieldNode node, string path, HashSet<string> written, bool concealInternal)
    {
        if (node.Repeats || node.Reference is not null)
        {
            if (item.Children.TryGetValue(path, out var children))
            {
                children.ForEach(c => Child(xml, type, node, c, concealInternal));
            }

            return;
        }

        if (!item.Fields.ContainsKey(path) && !item.Fields.Keys.Any(k => k.StartsWith(path + "/", StringComparison.Ordinal))
            && !item.Children.Keys.Any(k => k.StartsWith(path + "/", StringComparison.Ordinal)))
        {
            return;
        }

        xml.WriteStartElement(node.Name, type.Schema.Uri);
        Attributes(xml, item, node.Children, path + "/", written);
        if (item.Fields.TryGetValue(path, out var value))
        {
            written.Add(path);
            xml.WriteString(Text(value));
        }

        foreach (var below in node.Children.Where(n => !n.IsAttribute))
        {
            Element(xml, item, type, below, $"{path}/{below.Name}", written, concealInternal);
        }

        xml.WriteEndElement();
    }

    private void Child(XmlWriter xml, DataType parent, FieldNode node, Item child, bool concealInternal)
    {
        xml.WriteStartElement(node.Name, parent.Schema.Uri);
        if (model.Find(child.XsiType) is { } type)
        {
            if (!type.Name.Equals(node.Reference, StringComparison.OrdinalIgnoreCase))
            {
                xml.WriteAttributeString("xsi", "type", Xsi, type.Name);
            }

            Content(xml, child, type, concealInternal);
        }
        else
        {
            var written = new HashSet<string>(child.Internal, StringComparer.Ordinal);
            Attributes(xml, child, node.Children, "", written);
            if (child.Fields.TryGetValue(model.ContentName(node), out var content))
            {
                xml.WriteString(Text(content));
            }

            foreach (var below in node.Children.Where(n => !n.IsAttribute))
            {
                Element(xml, child, parent, below, below.Name, written, concealInternal);
            }
        }

        xml.WriteEndElement();
    }

    private static void Unknown(XmlWriter xml, SchemaNamespace schema, string path, string value)
    {
        var names = path.Split('/');
        if (!Array.TrueForAll(names, n => n.Length > 0 && XmlConvert.EncodeLocalName(n) == n))
        {
            return;
        }

        foreach (var name in names)
        {
            xml.WriteStartElement(name, schema.Uri);
        }

        xml.WriteString(value);
        foreach (var _ in names)
        {
            xml.WriteEndElement();
        }
    }
}
