using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

namespace Vesalius.Dicom;

/// <summary>Reads the Native DICOM Model in XML (PS3.19 §A.1) into data sets, explicit little endian, text in UTF-8.</summary>
public static class NativeModelReader
{
    // A sender that leaves out empty values numbers the others; more room than this between two is no value's.
    private const int LargestGap = 1024;

    /// <summary>The parts of a name's group, in their order (PS3.5 §6.2.1.1).</summary>
    internal static readonly string[] NameComponents = ["FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"];

    /// <summary>Reads one data set. Values given by address (<c>BulkData</c>) come out empty.</summary>
    /// <param name="xml">The document.</param>
    /// <param name="limits">Bounds.</param>
    /// <exception cref="MalformedDicomException">The text is no XML, has a document type, or is not this model.</exception>
    public static DataSet Read(ReadOnlyMemory<byte> xml, ReadLimits? limits = null)
    {
        limits ??= new ReadLimits();
        var json = new ArrayBufferWriter<byte>();
        try
        {
            using var stream = new MemoryStream(xml.ToArray(), writable: false);
            using var reader = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersFromEntities = 1024, CheckCharacters = false });
            Skip(reader);
            if (reader.NodeType != XmlNodeType.Element || reader.LocalName != "NativeDicomModel")
            {
                throw Invalid(null);
            }

            using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { MaxDepth = 0, SkipValidation = false }))
            {
                ReadAttributes(reader, writer, limits, 0);
            }

            Skip(reader);
        }
        catch (XmlException e)
        {
            throw new MalformedDicomException(MalformedReason.InvalidModel, e.LinePosition, null, "PS3.19 §A.1");
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // A lone half of a surrogate pair, or one attribute's name twice.
            throw Invalid(null);
        }

        return DicomJsonReader.Read(json.WrittenMemory, limits);
    }

    private static MalformedDicomException Invalid(Tag? tag) => new(MalformedReason.InvalidModel, 0, tag, "PS3.19 §A.1.6");

    private static void Skip(XmlReader reader)
    {
        while (reader.Read() && reader.NodeType is not (XmlNodeType.Element or XmlNodeType.EndElement))
        {
        }
    }

    // The reader stands on the element that holds the attributes, and afterwards on its end.
    private static void ReadAttributes(XmlReader reader, Utf8JsonWriter json, ReadLimits limits, int depth)
    {
        if (depth > limits.SequenceDepth)
        {
            throw new MalformedDicomException(MalformedReason.NestingTooDeep, 0, null, "ReadLimits.SequenceDepth");
        }

        json.WriteStartObject();
        var blocks = new NativeModelBlocks();
        if (!reader.IsEmptyElement)
        {
            for (Skip(reader); reader.NodeType == XmlNodeType.Element; Skip(reader))
            {
                if (reader.LocalName != "DicomAttribute" || reader.GetAttribute("tag") is not { Length: 8 } name || !Tag.TryParse(name, out var tag)
                    || reader.GetAttribute("vr") is not { } code || !Vr.TryParse(code, out var vr))
                {
                    throw Invalid(null);
                }

                var creator = reader.GetAttribute("privateCreator");
                if (!blocks.TryPlace(tag, creator, out var place))
                {
                    throw Invalid(tag);
                }

                json.WriteStartObject(place.ToHexString());
                json.WriteString("vr", vr.Code);
                var first = ReadValues(reader, json, place, limits, depth);
                json.WriteEndObject();
                if (creator is null && place.IsPrivateCreator)
                {
                    blocks.Reserve(place, first ?? "");
                }
            }
        }

        foreach (var (tag, creator) in blocks.Missing)
        {
            json.WriteStartObject(tag.ToHexString());
            json.WriteString("vr", Vr.LO.Code);
            json.WriteStartArray("Value");
            json.WriteStringValue(creator);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    // Gives the first value's text, if it is text; a creator's (PS3.5 §7.8.1: at most 64 characters) even where somebody made it UN.
    private static string? ReadValues(XmlReader reader, Utf8JsonWriter json, Tag tag, ReadLimits limits, int depth)
    {
        if (reader.IsEmptyElement)
        {
            return null;
        }

        var last = 0;
        string? first = null;
        for (Skip(reader); reader.NodeType == XmlNodeType.Element; Skip(reader))
        {
            switch (reader.LocalName)
            {
                case "BulkData" when last == 0:
                    reader.ReadOuterXml();
                    SkipToEnd(reader, tag);
                    return null;
                case "InlineBinary" when last == 0:
                    var base64 = string.Concat(((XElement)XNode.ReadFrom(reader)).Value.Where(c => !char.IsWhiteSpace(c)));
                    json.WriteString("InlineBinary", base64);
                    SkipToEnd(reader, tag);
                    var bytes = new byte[64];
                    return tag.IsPrivateCreator && Convert.TryFromBase64String(base64, bytes, out var length) ? NativeModelBlocks.Creator(bytes.AsSpan(0, length)) : null;
                case "Value" or "PersonName" or "Item":
                    var isFirst = last == 0;
                    last = Number(reader, json, tag, last);
                    var text = ReadOne(reader, json, tag, limits, depth);
                    first = isFirst ? text : first;
                    break;
                default:
                    throw Invalid(tag);
            }
        }

        if (last > 0)
        {
            json.WriteEndArray();
        }

        return first;
    }

    // After an element was taken whole the reader stands behind it already.
    private static void SkipToEnd(XmlReader reader, Tag tag)
    {
        if (reader.NodeType is not (XmlNodeType.Element or XmlNodeType.EndElement))
        {
            Skip(reader);
        }

        if (reader.NodeType != XmlNodeType.EndElement)
        {
            throw Invalid(tag);
        }
    }

    private static int Number(XmlReader reader, Utf8JsonWriter json, Tag tag, int last)
    {
        if (!int.TryParse(reader.GetAttribute("number"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number <= last || number - last > LargestGap)
        {
            throw Invalid(tag);
        }

        if (last == 0)
        {
            json.WriteStartArray("Value");
        }

        for (var missing = last + 1; missing < number; missing++)
        {
            json.WriteNullValue();
        }

        return number;
    }

    private static string? ReadOne(XmlReader reader, Utf8JsonWriter json, Tag tag, ReadLimits limits, int depth)
    {
        switch (reader.LocalName)
        {
            case "Item":
                ReadAttributes(reader, json, limits, depth + 1);
                return null;
            case "PersonName":
                json.WriteStartObject();
                ReadGroups(reader, json, tag);
                json.WriteEndObject();
                return null;
            default:
                var text = Text(reader, tag);
                if (text.Length == 0)
                {
                    json.WriteNullValue();
                }
                else
                {
                    json.WriteStringValue(text);
                }

                return text;
        }
    }

    private static void ReadGroups(XmlReader reader, Utf8JsonWriter json, Tag tag)
    {
        if (reader.IsEmptyElement)
        {
            return;
        }

        for (Skip(reader); reader.NodeType == XmlNodeType.Element; Skip(reader))
        {
            if (reader.LocalName is not ("Alphabetic" or "Ideographic" or "Phonetic"))
            {
                throw Invalid(tag);
            }

            var group = reader.LocalName;
            var parts = new string[NameComponents.Length];
            var count = 0;
            if (!reader.IsEmptyElement)
            {
                for (Skip(reader); reader.NodeType == XmlNodeType.Element; Skip(reader))
                {
                    var component = Array.IndexOf(NameComponents, reader.LocalName);
                    parts[component >= 0 ? component : throw Invalid(tag)] = Text(reader, tag);
                    count = Math.Max(count, component + 1);
                }
            }

            json.WriteString(group, string.Join('^', parts[..count]));
        }
    }

    // The text of the element that the reader stands on; afterwards it stands on its end.
    private static string Text(XmlReader reader, Tag tag)
    {
        if (reader.IsEmptyElement)
        {
            return "";
        }

        var text = "";
        while (reader.Read() && reader.NodeType != XmlNodeType.EndElement)
        {
            text += reader.NodeType switch
            {
                XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace => reader.Value,
                XmlNodeType.Comment or XmlNodeType.ProcessingInstruction => "",
                _ => throw Invalid(tag),
            };
        }

        return text;
    }
}
