using System.Text;
using System.Text.Json;

namespace Vesalius.Dicom;

/// <summary>Reads the DICOM JSON model (PS3.18 Annex F) into data sets, explicit little endian, text in UTF-8.</summary>
public static class DicomJsonReader
{
    /// <summary>Reads one data set.</summary>
    /// <param name="json">UTF-8 text: one object of attributes.</param>
    /// <param name="limits">Bounds.</param>
    /// <exception cref="MalformedDicomException">The text is no JSON, or not this model.</exception>
    public static DataSet Read(ReadOnlyMemory<byte> json, ReadLimits? limits = null)
    {
        limits ??= new ReadLimits();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = (limits.SequenceDepth * 3) + 4 });
            var dataSet = new DataSet();
            Fill(dataSet, document.RootElement, limits, 0);
            return dataSet;
        }
        catch (JsonException e)
        {
            throw new MalformedDicomException(MalformedReason.InvalidModel, e.BytePositionInLine ?? 0, null, "PS3.18 §F.2");
        }
        catch (InvalidOperationException)
        {
            // Text that is no UTF-8 is found only when it is asked for.
            throw new MalformedDicomException(MalformedReason.InvalidModel, 0, null, "PS3.18 §F.2");
        }
    }

    private static MalformedDicomException Invalid(Tag? tag, string section = "PS3.18 §F.2.2") => new(MalformedReason.InvalidModel, 0, tag, section);

    private static void Fill(DataSet dataSet, JsonElement json, ReadLimits limits, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Invalid(null);
        }

        if (depth > limits.SequenceDepth)
        {
            throw new MalformedDicomException(MalformedReason.NestingTooDeep, 0, null, "ReadLimits.SequenceDepth");
        }

        var attributes = new List<(Tag Tag, JsonElement Json)>();
        foreach (var property in json.EnumerateObject())
        {
            if (property.Name.Length != 8 || !Tag.TryParse(property.Name, out var tag))
            {
                throw Invalid(null);
            }

            attributes.Add((tag, property.Value));
        }

        attributes.Sort((a, b) => a.Tag.CompareTo(b.Tag));
        // The character set says how text was encoded elsewhere; here it is encoded as that set allows, else in UTF-8.
        foreach (var (tag, attribute) in attributes)
        {
            ReadAttribute(dataSet, tag, attribute, limits, depth);
        }
    }

    private static void ReadAttribute(DataSet dataSet, Tag tag, JsonElement json, ReadLimits limits, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("vr", out var vrText) || !Vr.TryParse(vrText.GetString(), out var vr))
        {
            throw Invalid(tag);
        }

        if (json.TryGetProperty("InlineBinary", out var inline))
        {
            byte[]? bytes = null;
            if (inline.ValueKind != JsonValueKind.String || !inline.TryGetBytesFromBase64(out bytes))
            {
                throw Invalid(tag, "PS3.18 §F.2.7");
            }

            dataSet.Set(new ValueElement(tag, vr, bytes));
            return;
        }

        var values = json.TryGetProperty("Value", out var given) ? given : default;
        if (values.ValueKind is not (JsonValueKind.Array or JsonValueKind.Undefined))
        {
            throw Invalid(tag);
        }

        if (vr == Vr.SQ)
        {
            // Items are filled where they belong, so that the character set of the data sets above is theirs.
            var sequence = new SequenceElement(tag, []);
            dataSet.Set(sequence);
            if (values.ValueKind == JsonValueKind.Array)
            {
                foreach (var value in values.EnumerateArray())
                {
                    var item = new DataSet();
                    sequence.Add(item);
                    Fill(item, value, limits, depth + 1);
                }
            }

            return;
        }

        var text = values.ValueKind == JsonValueKind.Undefined ? "" : string.Join('\\', values.EnumerateArray().Select(v => ReadText(v, tag, vr)));
        try
        {
            dataSet.SetString(tag, text, vr);
        }
        catch (FormatException)
        {
            throw new MalformedDicomException(MalformedReason.InvalidValue, 0, tag, "PS3.18 §F.2.3");
        }
    }

    private static string ReadText(JsonElement value, Tag tag, Vr vr) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.Null => "",
        JsonValueKind.Object when vr == Vr.PN => ReadName(value, tag),
        _ => throw Invalid(tag, "PS3.18 §F.2.3"),
    };

    private static string ReadName(JsonElement value, Tag tag)
    {
        var groups = new StringBuilder();
        foreach (var key in (string[])["Alphabetic", "Ideographic", "Phonetic"])
        {
            if (key != "Alphabetic")
            {
                groups.Append('=');
            }

            if (value.TryGetProperty(key, out var group))
            {
                groups.Append(group.ValueKind == JsonValueKind.String ? group.GetString() : throw Invalid(tag, "PS3.18 §F.2.2"));
            }
        }

        return groups.ToString().TrimEnd('=');
    }
}
