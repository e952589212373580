using System.Globalization;
using System.Text.Json;

namespace Vesalius.Archive.Items;

/// <summary>Writes items as JSON (rest-api §1.6.3).</summary>
public static class ItemJson
{
    /// <summary>A date as clients parse it: <c>Mon Jan 15 10:20:30 UTC 2024</c>.</summary>
    public static string StartDate(DateTime at) => at.ToUniversalTime().ToString("ddd MMM dd HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture);

    /// <summary>Writes the document of one object.</summary>
    /// <param name="json">Target.</param>
    /// <param name="item">Object.</param>
    /// <param name="concealInternal">Whether keys of the database are left out.</param>
    public static void WriteDocument(Utf8JsonWriter json, Item item, bool concealInternal)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(item);
        json.WriteStartObject();
        json.WriteStartArray("items");
        Write(json, item, concealInternal);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Item item, bool concealInternal)
    {
        json.WriteStartObject();
        json.WriteStartArray("children");
        foreach (var (field, items) in item.Children)
        {
            json.WriteStartObject();
            json.WriteString("field", field);
            json.WriteStartArray("items");
            foreach (var child in items)
            {
                Write(json, child, concealInternal);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("data_fields");
        foreach (var (path, value) in item.Fields)
        {
            if (concealInternal && item.Internal.Contains(path))
            {
                continue;
            }

            switch (value)
            {
                case long whole:
                    json.WriteNumber(path, whole);
                    break;
                case int whole:
                    json.WriteNumber(path, whole);
                    break;
                case double number:
                    // A float keeps its fraction, as a client could tell it from an integer.
                    json.WritePropertyName(path);
                    json.WriteRawValue(number == Math.Floor(number) && Math.Abs(number) < 1e15 ? number.ToString("0.0", CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture));
                    break;
                default:
                    json.WriteString(path, Convert.ToString(value, CultureInfo.InvariantCulture));
                    break;
            }
        }

        json.WriteEndObject();
        json.WriteStartObject("meta");
        json.WriteNumber("create_event_id", 0);
        json.WriteString("xsi:type", item.XsiType);
        json.WriteBoolean("isHistory", item.IsHistory);
        json.WriteString("start_date", StartDate(item.Inserted));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
