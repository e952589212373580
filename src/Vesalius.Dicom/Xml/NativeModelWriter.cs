using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;

namespace Vesalius.Dicom;

/// <summary>Writes data sets as the Native DICOM Model in XML (PS3.19 §A.1). The JSON model says the same things, so that what is written in it
/// already can be turned round without the object.</summary>
public static class NativeModelWriter
{
    /// <summary>The namespace of the model's elements (PS3.19 §A.1.6).</summary>
    public const string Namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

    /// <summary>One data set as a document.</summary>
    /// <param name="dataSet">What to write. Group lengths are left out.</param>
    /// <param name="bulkDataUri">Gives the address of a value that should not stand inline; null for all inline.</param>
    /// <returns>UTF-8.</returns>
    public static byte[] Write(DataSet dataSet, Func<DataElement, string?>? bulkDataUri = null)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            DicomJsonWriter.Write(writer, dataSet, bulkDataUri, decimalsAsText: true);
        }

        using var document = JsonDocument.Parse(json.WrittenMemory, new JsonDocumentOptions { MaxDepth = 1024 });
        return Write(document.RootElement);
    }

    /// <summary>One data set in the JSON model as a document.</summary>
    /// <param name="dataSet">An object of attributes (PS3.18 §F.2).</param>
    /// <returns>UTF-8.</returns>
    public static byte[] Write(JsonElement dataSet)
    {
        using var output = new MemoryStream();
        using (var xml = XmlWriter.Create(output, new XmlWriterSettings { Encoding = new UTF8Encoding(false), NewLineHandling = NewLineHandling.Entitize }))
        {
            xml.WriteStartElement("NativeDicomModel", Namespace);
            xml.WriteAttributeString("xml", "space", null, "preserve");
            WriteAttributes(xml, dataSet);
            xml.WriteEndElement();
        }

        return output.ToArray();
    }

    private static void WriteAttributes(XmlWriter xml, JsonElement dataSet)
    {
        foreach (var property in dataSet.EnumerateObject())
        {
            var vr = property.Value.GetProperty("vr").GetString()!;
            xml.WriteStartElement("DicomAttribute", Namespace);
            WriteNames(xml, dataSet, property.Name, vr);
            WriteValue(xml, property.Value, vr);
            xml.WriteEndElement();
        }
    }

    private static void WriteNames(XmlWriter xml, JsonElement dataSet, string name, string vr)
    {
        // A private element is named by its creator, which stands in the same data set, not by the block that it happens to have (PS3.19 Table A.1.5-2).
        string? creator = null;
        var known = Tag.TryParse(name, out var tag);
        if (known && tag is { IsPrivate: true, Element: >= 0x1000 } && dataSet.TryGetProperty(tag.PrivateCreatorTag.ToHexString(), out var reserved)
            && CreatorOf(reserved) is { Length: > 0 } maker)
        {
            creator = Writable(maker);
            name = new Tag(tag.Group, (ushort)(tag.Element & 0xFF)).ToHexString();
        }

        xml.WriteAttributeString("tag", name);
        xml.WriteAttributeString("vr", vr);
        if (creator is not null)
        {
            xml.WriteAttributeString("privateCreator", creator);
        }
        else if (known && DataDictionary.Find(tag)?.Keyword is { Length: > 0 } keyword)
        {
            xml.WriteAttributeString("keyword", keyword);
        }
    }

    // Where somebody made it UN, it is still the creator.
    private static string? CreatorOf(JsonElement reserved)
    {
        if (reserved.TryGetProperty("Value", out var names) && names.GetArrayLength() > 0 && names[0].ValueKind == JsonValueKind.String)
        {
            return names[0].GetString();
        }

        return reserved.TryGetProperty("InlineBinary", out var binary) && binary.TryGetBytesFromBase64(out var bytes)
            ? NativeModelBlocks.Creator(bytes) : null;
    }

    private static void WriteValue(XmlWriter xml, JsonElement attribute, string vr)
    {
        if (attribute.TryGetProperty("BulkDataURI", out var address))
        {
            xml.WriteStartElement("BulkData", Namespace);
            xml.WriteAttributeString("uri", address.GetString());
            xml.WriteEndElement();
        }
        else if (attribute.TryGetProperty("InlineBinary", out var binary))
        {
            xml.WriteElementString("InlineBinary", Namespace, binary.GetString());
        }
        else if (attribute.TryGetProperty("Value", out var values))
        {
            var number = 0;
            foreach (var value in values.EnumerateArray())
            {
                WriteOne(xml, value, vr, ++number);
            }
        }
    }

    private static void WriteOne(XmlWriter xml, JsonElement value, string vr, int number)
    {
        xml.WriteStartElement(vr switch { "SQ" => "Item", "PN" => "PersonName", _ => "Value" }, Namespace);
        xml.WriteAttributeString("number", number.ToString(CultureInfo.InvariantCulture));
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when vr == "PN":
                WriteName(xml, value);
                break;
            case JsonValueKind.Object:
                WriteAttributes(xml, value);
                break;
            case JsonValueKind.Null:
                break;
            default:
                xml.WriteString(Writable(value.ToString()));
                break;
        }

        xml.WriteEndElement();
    }

    private static void WriteName(XmlWriter xml, JsonElement name)
    {
        foreach (var group in name.EnumerateObject())
        {
            xml.WriteStartElement(group.Name, Namespace);
            var parts = (group.Value.GetString() ?? "").Split('^');
            for (var i = 0; i < Math.Min(parts.Length, NativeModelReader.NameComponents.Length); i++)
            {
                // An empty last part says that the name ended with its delimiter.
                if (parts[i].Length > 0 || (i > 0 && i == parts.Length - 1))
                {
                    xml.WriteElementString(NativeModelReader.NameComponents[i], Namespace, Writable(parts[i]));
                }
            }

            xml.WriteEndElement();
        }
    }

    // XML has no way at all to write most control characters; ESC is none that text in Unicode needs.
    private static string Writable(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value >= 0x10000 || XmlConvert.IsXmlChar((char)rune.Value))
            {
                kept.Append(rune.ToString());
            }
        }

        return kept.ToString();
    }
}
