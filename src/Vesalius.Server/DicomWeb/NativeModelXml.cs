using System.Text;
using System.Text.Json;
using System.Xml;
using Vesalius.Dicom;

namespace Vesalius.Server.DicomWeb;

/// <summary>Turns the DICOM JSON model into the Native DICOM Model in XML (PS3.19 §A.1).</summary>
internal static class NativeModelXml
{
    private const string Namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

    /// <summary>One data set as a document.</summary>
    public static byte[] Write(JsonElement dataSet)
    {
        using var output = new MemoryStream();
        using (var xml = XmlWriter.Create(output, new XmlWriterSettings { Encoding = new UTF8Encoding(false), CheckCharacters = false }))
        {
            xml.WriteStartElement("NativeDicomModel", Namespace);
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
            xml.WriteAttributeString("tag", property.Name);
            xml.WriteAttributeString("vr", vr);
            WriteNames(xml, dataSet, property.Name);
            WriteValue(xml, property.Value, vr);
            xml.WriteEndElement();
        }
    }

    private static void WriteNames(XmlWriter xml, JsonElement dataSet, string tag)
    {
        if (Tag.TryParse(tag, out var parsed) && DataDictionary.Find(parsed)?.Keyword is { Length: > 0 } keyword)
        {
            xml.WriteAttributeString("keyword", keyword);
        }

        // The creator of a private block stands in the same data set (PS3.5 §7.8.1).
        if (tag[3] is '1' or '3' or '5' or '7' or '9' or 'B' or 'D' or 'F' && dataSet.TryGetProperty($"{tag[..4]}00{tag[4..6]}", out var creator)
            && creator.TryGetProperty("Value", out var names) && names.GetArrayLength() > 0 && names[0].ValueKind == JsonValueKind.String && !tag.EndsWith($"00{tag[6..]}", StringComparison.Ordinal))
        {
            xml.WriteAttributeString("privateCreator", Clean(names[0].GetString()!));
        }
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
                xml.WriteStartElement(vr switch { "SQ" => "Item", "PN" => "PersonName", _ => "Value" }, Namespace);
                xml.WriteAttributeString("number", (++number).ToString(System.Globalization.CultureInfo.InvariantCulture));
                switch (vr)
                {
                    case "SQ":
                        WriteAttributes(xml, value);
                        break;
                    case "PN" when value.ValueKind == JsonValueKind.Object:
                        WriteName(xml, value);
                        break;
                    default:
                        xml.WriteString(Clean(value.ValueKind == JsonValueKind.Null ? "" : value.ToString()));
                        break;
                }

                xml.WriteEndElement();
            }
        }
    }

    private static void WriteName(XmlWriter xml, JsonElement name)
    {
        ReadOnlySpan<string> components = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"];
        foreach (var group in name.EnumerateObject())
        {
            xml.WriteStartElement(group.Name, Namespace);
            var parts = (group.Value.GetString() ?? "").Split('^');
            for (var i = 0; i < Math.Min(parts.Length, components.Length); i++)
            {
                if (parts[i].Length > 0)
                {
                    xml.WriteElementString(components[i], Namespace, Clean(parts[i]));
                }
            }

            xml.WriteEndElement();
        }
    }

    // Characters that XML has no way to write.
    private static string Clean(string text) => text.All(XmlConvert.IsXmlChar) ? text : string.Concat(text.Where((c, i) => XmlConvert.IsXmlChar(c)
        || (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) || (char.IsLowSurrogate(c) && i > 0 && char.IsHighSurrogate(text[i - 1]))));
}
