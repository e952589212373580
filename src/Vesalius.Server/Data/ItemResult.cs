using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml;

namespace Vesalius.Server.Data;

/// <summary>One object as item JSON or XML (rest-api §1.6.2, §1.6.3).</summary>
/// <param name="XsiType">Type, for example <c>xnat:subjectData</c>.</param>
/// <param name="Fields">Values by path.</param>
/// <param name="Inserted">When it was made.</param>
/// <param name="Children">Objects below, by field.</param>
internal sealed record Item(string XsiType, IReadOnlyDictionary<string, object?> Fields, DateTime Inserted, IReadOnlyList<(string Field, IReadOnlyList<Item> Items)> Children)
{
    public JsonObject ToJson()
    {
        var data = new JsonObject();
        foreach (var (key, value) in Fields)
        {
            if (value is not null)
            {
                data[key] = value is int or long or double ? JsonSerializer.SerializeToNode(value) : JsonValue.Create(value.ToString());
            }
        }

        return new JsonObject
        {
            ["children"] = new JsonArray([.. Children.Where(c => c.Items.Count > 0).Select(c => new JsonObject
            {
                ["field"] = c.Field, ["items"] = new JsonArray([.. c.Items.Select(i => i.ToJson())]),
            })]),
            ["data_fields"] = data,
            ["meta"] = new JsonObject
            {
                ["create_event_id"] = 0,
                ["xsi:type"] = XsiType,
                ["isHistory"] = false,
                ["start_date"] = Inserted.ToUniversalTime().ToString("ddd MMM dd HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture),
            },
        };
    }
}

/// <summary>Answers an object.</summary>
internal sealed class ItemResult(Item item) : IResult
{
    private const string XnatNamespace = "http://nrg.wustl.edu/xnat";

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var format = httpContext.Request.Query["format"].ToString();
        if (format == "json" || (format.Length == 0 && httpContext.Request.Headers.Accept.ToString().Contains("json", StringComparison.Ordinal)))
        {
            httpContext.Response.ContentType = "application/json; charset=utf-8";
            return httpContext.Response.WriteAsync(new JsonObject { ["items"] = new JsonArray(item.ToJson()) }.ToJsonString(), httpContext.RequestAborted);
        }

        httpContext.Response.ContentType = "text/xml; charset=utf-8";
        return httpContext.Response.WriteAsync(Xml(), httpContext.RequestAborted);
    }

    private string Xml()
    {
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, NewLineChars = "\n", CheckCharacters = false }))
        {
            xml.WriteStartElement("xnat", ElementName(item.XsiType), XnatNamespace);
            xml.WriteAttributeString("xmlns", "xsi", null, "http://www.w3.org/2001/XMLSchema-instance");
            Write(xml, item);
            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private static string ElementName(string xsiType)
    {
        var local = xsiType[(xsiType.IndexOf(':', StringComparison.Ordinal) + 1)..];
        local = local.EndsWith("Data", StringComparison.Ordinal) ? local[..^4] : local;
        var session = local.IndexOf("Session", StringComparison.Ordinal);
        return session is > 0 and <= 5 ? local[..session].ToUpperInvariant() + local[session..] : char.ToUpperInvariant(local[0]) + local[1..];
    }

    private static void Write(XmlWriter xml, Item item)
    {
        foreach (var (key, value) in item.Fields.Where(f => f.Value is not null && f.Key is "ID" or "project" or "label" or "UID" or "type"))
        {
            xml.WriteAttributeString(key, value!.ToString());
        }

        foreach (var (key, value) in item.Fields.Where(f => f.Value is not null && f.Key is not ("ID" or "project" or "label" or "UID" or "type")))
        {
            var parts = key.Split('/');
            if (!parts.All(p => p.Length > 0 && p.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(p[0])))
            {
                continue;
            }

            foreach (var part in parts)
            {
                xml.WriteStartElement(part, XnatNamespace);
            }

            xml.WriteString(value!.ToString());
            foreach (var _ in parts)
            {
                xml.WriteEndElement();
            }
        }

        foreach (var (field, items) in item.Children.Where(c => c.Items.Count > 0))
        {
            var slash = field.IndexOf('/', StringComparison.Ordinal);
            xml.WriteStartElement(slash > 0 ? field[..slash] : field + "s", XnatNamespace);
            foreach (var child in items)
            {
                xml.WriteStartElement(slash > 0 ? field[(slash + 1)..] : field, XnatNamespace);
                Write(xml, child);
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }
    }
}
