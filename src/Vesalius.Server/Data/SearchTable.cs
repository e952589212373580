using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Xml;
using Vesalius.Archive.Search;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Answers the result of a search row by row, as it comes from the database (rest-api §19.3).</summary>
/// <param name="result">Result.</param>
/// <param name="snapshot">The snapshot that it is a page of; null if it is none.</param>
internal sealed class SearchTable(SearchResult result, SearchSnapshot? snapshot) : IResult
{
    // Written in pieces, so that a million rows need no more memory than these.
    private const int Piece = 1 << 16;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        await using (result.ConfigureAwait(false))
        {
            var (type, write) = TableResult.FormatOf(httpContext.Request) switch
            {
                "xml" => ("text/xml", XmlAsync),
                "csv" => ("text/csv", CsvAsync),
                "html" or "xList" => ("text/html", HtmlAsync),
                _ => ("application/json", (Func<HttpContext, Task>)JsonAsync),
            };
            httpContext.Response.ContentType = type + "; charset=utf-8";
            await write(httpContext);
        }
    }

    private async Task JsonAsync(HttpContext context)
    {
        var token = context.RequestAborted;
        var json = new Utf8JsonWriter(context.Response.BodyWriter);
        await using (json.ConfigureAwait(false))
        {
            json.WriteStartObject();
            json.WriteStartObject("ResultSet");
            WriteColumns(json);
            json.WriteStartArray("Result");
            await foreach (var row in result.RowsAsync(token))
            {
                json.WriteStartObject();
                for (var i = 0; i < row.Length; i++)
                {
                    json.WriteString(result.Columns[i].Key, row[i] ?? "");
                }

                json.WriteEndObject();
                if (json.BytesPending > Piece)
                {
                    await json.FlushAsync(token);
                }
            }

            json.WriteEndArray();
            if (snapshot is not null)
            {
                json.WriteString("ID", snapshot.Id);
                json.WriteString("last_access", Columns.Timestamp(snapshot.LastAccess));
            }

            json.WriteString("title", result.Title);
            // A page of very many rows goes without (rest-api §1.5).
            if ((snapshot?.Total ?? await result.TotalAsync(token)) is { } total)
            {
                json.WriteString("totalRecords", total.ToString(CultureInfo.InvariantCulture));
            }

            json.WriteString("rootElementName", result.RootType);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private void WriteColumns(Utf8JsonWriter json)
    {
        json.WriteStartArray("Columns");
        foreach (var column in result.Columns)
        {
            json.WriteStartObject();
            json.WriteString("key", column.Key);
            json.WriteString("element_name", column.ElementName);
            json.WriteString("id", column.Id);
            json.WriteString("xPATH", column.XPath);
            json.WriteString("header", column.Header);
            json.WriteString("type", column.Type);
            json.WriteString("visible", column.Visible ? "true" : "false");
            json.WriteString("clickable", "false");
            json.WriteString("imgRoot", "");
            json.WriteString("serverRoot", "");
            json.WriteStartArray("linkProps");
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private Task CsvAsync(HttpContext context) => TextAsync(
        context, string.Join(',', result.Columns.Select(c => TableResult.Quote(c.Key))) + "\n",
        (text, row) => text.AppendJoin(',', row.Select(v => TableResult.Quote(v ?? ""))).Append('\n'), "");

    private Task HtmlAsync(HttpContext context) => TextAsync(
        context, $"<!DOCTYPE html>\n<html><body><table><tr>{string.Concat(result.Columns.Where(c => c.Visible).Select(c => $"<th>{WebUtility.HtmlEncode(c.Header)}</th>"))}</tr>",
        (text, row) => text.Append("<tr>").AppendJoin("", row.Where((_, i) => result.Columns[i].Visible).Select(v => $"<td>{WebUtility.HtmlEncode(v)}</td>")).Append("</tr>\n"), "</table></body></html>\n");

    private static async Task SendAsync(HttpContext context, StringBuilder text)
    {
        await context.Response.WriteAsync(text.ToString(), context.RequestAborted);
        text.Clear();
    }

    private async Task TextAsync(HttpContext context, string head, Action<StringBuilder, string?[]> line, string foot)
    {
        var text = new StringBuilder(head);
        await foreach (var row in result.RowsAsync(context.RequestAborted))
        {
            line(text, row);
            if (text.Length > Piece)
            {
                await SendAsync(context, text);
            }
        }

        await SendAsync(context, text.Append(foot));
    }

    private async Task XmlAsync(HttpContext context)
    {
        var text = new StringBuilder();
        using var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, CheckCharacters = false });
        xml.WriteStartElement("ResultSet");
        xml.WriteAttributeString("title", result.Title);
        // The number of rows is known before the first only of what was kept.
        if (snapshot is not null)
        {
            xml.WriteAttributeString("ID", snapshot.Id);
            xml.WriteAttributeString("totalRecords", snapshot.Total.ToString(CultureInfo.InvariantCulture));
        }

        xml.WriteStartElement("results");
        xml.WriteStartElement("columns");
        foreach (var column in result.Columns)
        {
            xml.WriteElementString("column", column.Key);
        }

        xml.WriteEndElement();
        xml.WriteStartElement("rows");
        await foreach (var row in result.RowsAsync(context.RequestAborted))
        {
            xml.WriteStartElement("row");
            foreach (var value in row)
            {
                xml.WriteElementString("cell", value ?? "");
            }

            xml.WriteEndElement();
            if (text.Length > Piece)
            {
                xml.Flush();
                await SendAsync(context, text);
            }
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.Flush();
        await SendAsync(context, text);
    }
}
