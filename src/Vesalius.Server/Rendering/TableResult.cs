using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Xml;

namespace Vesalius.Server.Rendering;

/// <summary>Answers a table in the format that the request wants (rest-api §1.4, §1.6.1); sorts and pages it (§1.5).</summary>
internal sealed class TableResult(ResultTable table) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var query = httpContext.Request.Query;
        var rows = table.IsOrdered ? table.Rows : Page(Sort(table.Rows, query["sortBy"], query["sortOrder"]), query);
        var (type, text) = FormatOf(httpContext.Request) switch
        {
            "xml" => ("text/xml", Xml(rows)),
            "csv" => ("text/csv", Csv(rows)),
            "html" => ("text/html", Html(rows)),
            _ => ("application/json", Json(rows)),
        };
        httpContext.Response.ContentType = type + "; charset=utf-8";
        return httpContext.Response.WriteAsync(text, httpContext.RequestAborted);
    }

    /// <summary>The format that a request wants (rest-api §1.4).</summary>
    public static string FormatOf(HttpRequest request) => AcceptedFormat.Of(request, "json", "xml", "csv", "html");

    private List<string?[]> Sort(List<string?[]> rows, string? by, string? order)
    {
        if (string.IsNullOrEmpty(by))
        {
            return rows;
        }

        var places = by.Split(',').Select(c => table.Columns.ToList().FindIndex(k => k.Equals(c.Trim(), StringComparison.OrdinalIgnoreCase))).Where(i => i >= 0).ToList();
        var sorted = rows.OrderBy(r => places.Count > 0 ? r[places[0]] ?? "" : "", StringComparer.Ordinal);
        sorted = places.Skip(1).Aggregate(sorted, (s, place) => s.ThenBy(r => r[place] ?? "", StringComparer.Ordinal));
        var result = sorted.ToList();
        if (string.Equals(order, "DESC", StringComparison.OrdinalIgnoreCase))
        {
            result.Reverse();
        }

        return result;
    }

    private static List<string?[]> Page(List<string?[]> rows, IQueryCollection query)
    {
        var offset = int.TryParse(query["offset"], CultureInfo.InvariantCulture, out var o) && o > 0 ? o : 0;
        var limit = int.TryParse(query["limit"], CultureInfo.InvariantCulture, out var l) && l >= 0 ? l : int.MaxValue;
        return offset == 0 && limit == int.MaxValue ? rows : [.. rows.Skip(offset).Take(limit)];
    }

    private string Json(List<string?[]> rows)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("ResultSet");
            if (table.DeclaresUriColumn)
            {
                json.WriteStartArray("Columns");
                json.WriteStartObject();
                json.WriteString("key", "URI");
                json.WriteString("serverRoot", "");
                json.WriteEndObject();
                json.WriteEndArray();
            }

            json.WriteStartArray("Result");
            foreach (var row in rows)
            {
                json.WriteStartObject();
                for (var i = 0; i < row.Length; i++)
                {
                    json.WriteString(table.Columns[i], row[i] ?? "");
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (table.HasTotalRecords)
            {
                json.WriteString("totalRecords", (table.TotalRecords ?? table.Rows.Count).ToString(CultureInfo.InvariantCulture));
            }

            if (table.Title is not null)
            {
                json.WriteString("title", table.Title);
            }

            foreach (var (key, value) in table.Extra)
            {
                json.WritePropertyName(key);
                JsonSerializer.Serialize(json, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private string Csv(List<string?[]> rows)
    {
        var text = new StringBuilder();
        text.AppendJoin(',', table.Columns.Select(Quote)).Append('\n');
        foreach (var row in rows)
        {
            text.AppendJoin(',', row.Select(v => Quote(v ?? ""))).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A value as CSV has it.</summary>
    public static string Quote(string value) =>
        value.AsSpan().IndexOfAny(",\"\n\r") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private string Xml(List<string?[]> rows)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, CheckCharacters = false }))
        {
            xml.WriteStartElement("ResultSet");
            if (table.HasTotalRecords)
            {
                xml.WriteAttributeString("totalRecords", (table.TotalRecords ?? table.Rows.Count).ToString(CultureInfo.InvariantCulture));
            }

            if (table.Title is not null)
            {
                xml.WriteAttributeString("title", table.Title);
            }

            xml.WriteStartElement("results");
            xml.WriteStartElement("columns");
            foreach (var column in table.Columns)
            {
                xml.WriteElementString("column", column);
            }

            xml.WriteEndElement();
            xml.WriteStartElement("rows");
            foreach (var row in rows)
            {
                xml.WriteStartElement("row");
                foreach (var value in row)
                {
                    xml.WriteElementString("cell", value ?? "");
                }

                xml.WriteEndElement();
            }

            xml.WriteEndElement();
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private string Html(List<string?[]> rows)
    {
        var text = new StringBuilder("<!DOCTYPE html>\n<html><body><table><tr>");
        text.AppendJoin("", table.Columns.Select(c => $"<th>{WebUtility.HtmlEncode(c)}</th>")).Append("</tr>");
        foreach (var row in rows)
        {
            text.Append("<tr>").AppendJoin("", row.Select(v => $"<td>{WebUtility.HtmlEncode(v)}</td>")).Append("</tr>");
        }

        return text.Append("</table></body></html>\n").ToString();
    }
}
