using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Vesalius.Dicom;

/// <summary>Writes data sets in the DICOM JSON model (PS3.18 Annex F).</summary>
public static class DicomJsonWriter
{
    /// <summary>Writes a data set as an object of attributes.</summary>
    /// <param name="writer">Target.</param>
    /// <param name="dataSet">What to write. Group lengths are left out (PS3.18 §F.2.2).</param>
    /// <param name="bulkDataUri">Gives the address of a value that should not stand inline; null for all inline.</param>
    /// <param name="decimalsAsText">True to write IS and DS as strings, so that they stay as they were typed (PS3.18 §F.2.3 allows both).</param>
    public static void Write(Utf8JsonWriter writer, DataSet dataSet, Func<DataElement, string?>? bulkDataUri = null, bool decimalsAsText = false)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(dataSet);
        writer.WriteStartObject();
        foreach (var element in dataSet)
        {
            if (!element.Tag.IsGroupLength)
            {
                WriteElement(writer, element, dataSet, bulkDataUri, decimalsAsText);
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes one attribute as a property of the object that is open.</summary>
    /// <param name="writer">Target.</param>
    /// <param name="element">What to write.</param>
    /// <param name="dataSet">The data set that holds it.</param>
    /// <param name="bulkDataUri">Gives the address of a value that should not stand inline; null for all inline.</param>
    /// <param name="decimalsAsText">True to write IS and DS as strings.</param>
    public static void WriteElement(Utf8JsonWriter writer, DataElement element, DataSet dataSet, Func<DataElement, string?>? bulkDataUri = null, bool decimalsAsText = false)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(element);
        ArgumentNullException.ThrowIfNull(dataSet);
        writer.WriteStartObject(element.Tag.ToHexString());
        writer.WriteString("vr", element.Vr.Code);
        if (bulkDataUri?.Invoke(element) is { } uri)
        {
            writer.WriteString("BulkDataURI", uri);
        }
        else
        {
            WriteValue(writer, element, dataSet, bulkDataUri, decimalsAsText);
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, DataElement element, DataSet dataSet, Func<DataElement, string?>? bulkDataUri, bool decimalsAsText)
    {
        switch (element)
        {
            case SequenceElement sequence when sequence.Items.Count > 0:
                writer.WriteStartArray("Value");
                foreach (var item in sequence.Items)
                {
                    Write(writer, item, bulkDataUri, decimalsAsText);
                }

                writer.WriteEndArray();
                break;
            case ValueElement { Bytes.IsEmpty: false } value:
                WriteBytes(writer, value, dataSet, decimalsAsText);
                break;
            case EncapsulatedElement encapsulated:
                writer.WriteBase64String("InlineBinary", encapsulated.EncodedItems.Span);
                break;
            case StreamedElement streamed:
                using (var source = streamed.Data.OpenRead())
                {
                    var bytes = new byte[checked((int)streamed.Data.Length)];
                    source.ReadExactly(bytes);
                    writer.WriteBase64String("InlineBinary", bytes);
                }

                break;
        }
    }

    private static void WriteBytes(Utf8JsonWriter writer, ValueElement element, DataSet dataSet, bool decimalsAsText)
    {
        var vr = element.Vr;
        if (vr.IsBinaryNumber)
        {
            writer.WriteStartArray("Value");
            foreach (var number in ElementText.Numbers(element))
            {
                WriteNumber(writer, number, vr);
            }

            writer.WriteEndArray();
            return;
        }

        if (!vr.IsText)
        {
            ReadOnlySpan<byte> bytes = element.IsBigEndian && vr.UnitLength > 1 ? DataSetWriter.Swap(element.Bytes.Span, vr.UnitLength) : element.Bytes.Span;
            writer.WriteBase64String("InlineBinary", bytes);
            return;
        }

        var text = ElementText.Read(element, dataSet.CharacterSet);
        if (text.Length == 0)
        {
            return;
        }

        writer.WriteStartArray("Value");
        foreach (var part in vr.IsMultiValued ? text.Split('\\') : [text])
        {
            WriteText(writer, part, vr, decimalsAsText);
        }

        writer.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string number, Vr vr)
    {
        // PS3.18 §F.2.3: what JSON has no number for is written as text; so are tags.
        if (vr == Vr.AT || !double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
        {
            writer.WriteStringValue(number);
            return;
        }

        writer.WriteRawValue(number, skipInputValidation: false);
    }

    private static void WriteText(Utf8JsonWriter writer, string part, Vr vr, bool decimalsAsText)
    {
        var trimmed = vr.IsMultiValued ? part.Trim(' ', '\0') : part;
        if (trimmed.Length == 0)
        {
            writer.WriteNullValue();
        }
        else if (vr == Vr.PN)
        {
            WriteName(writer, trimmed);
        }
        else if (!decimalsAsText && (vr == Vr.IS || vr == Vr.DS) && IsJsonNumber(trimmed))
        {
            writer.WriteRawValue(trimmed.TrimStart('+'), skipInputValidation: false);
        }
        else
        {
            writer.WriteStringValue(trimmed);
        }
    }

    // A decimal string such as "+1", ".5", "007" or "1." is a number to DICOM but not to JSON; written as text it stays what it was.
    private static bool IsJsonNumber(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.Number && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void WriteName(Utf8JsonWriter writer, string name)
    {
        ReadOnlySpan<string> keys = ["Alphabetic", "Ideographic", "Phonetic"];
        writer.WriteStartObject();
        var groups = name.Split('=');
        for (var i = 0; i < Math.Min(3, groups.Length); i++)
        {
            if (groups[i].Length > 0)
            {
                writer.WriteString(keys[i], groups[i]);
            }
        }

        writer.WriteEndObject();
    }
}
