using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.WebUtilities;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Field values that a request gives: XML or form body, then the query over it (rest-api §1.9). Keys are paths below the type.</summary>
internal sealed class RequestFields
{
    private static readonly HashSet<string> Control =
    [
        "format", "req_format", "xsiType", "event_reason", "event_comment", "event_action", "event_type", "event_id", "allowDataDeletion", "XNAT_CSRF", "inbody",
        "removeFiles", "columns", "accessibility", "loadExisting", "overwrite", "quarantine", "activate", "triggerPipelines", "primary", "sendemail",
    ];

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Type named by the request; null if none.</summary>
    public string? XsiType { get; private set; }

    /// <summary>Values by path below the type.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Values to store: <c>NULL</c> clears.</summary>
    public Dictionary<string, string?> Stored(params string[] except) =>
        _values.Where(v => !except.Contains(v.Key)).ToDictionary(v => v.Key, v => v.Value == "NULL" ? null : v.Value);

    public static async Task<RequestFields> ReadAsync(HttpContext context)
    {
        var fields = new RequestFields();
        var type = context.Request.ContentType ?? "";
        if (type.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            var form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
            if (form.Files.FirstOrDefault(f => f.FileName.EndsWith(".xml", StringComparison.OrdinalIgnoreCase)) is { } file)
            {
                var stream = file.OpenReadStream();
                await using (stream.ConfigureAwait(false))
                {
                    await fields.ReadXmlAsync(stream, context.RequestAborted).ConfigureAwait(false);
                }
            }
        }
        else if (type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            var form = await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false);
            foreach (var (key, value) in form)
            {
                fields.Add(key, value.ToString());
            }
        }
        else if (context.Request.ContentLength is > 0 && (type.Contains("xml", StringComparison.OrdinalIgnoreCase) || context.Request.Query["req_format"] == "xml"))
        {
            await fields.ReadXmlAsync(context.Request.Body, context.RequestAborted).ConfigureAwait(false);
        }

        if (context.Request.Query["xsiType"].ToString() is { Length: > 0 } named && !named.Contains(',', StringComparison.Ordinal))
        {
            fields.XsiType = named;
        }

        foreach (var (key, value) in QueryHelpers.ParseQuery(context.Request.QueryString.Value))
        {
            fields.Add(key, value.ToString());
        }

        return fields;
    }

    private void Add(string key, string value)
    {
        if (Control.Contains(key))
        {
            return;
        }

        var name = key;
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        if (colon > 0 && slash > colon)
        {
            XsiType ??= key[..slash];
            name = key[(slash + 1)..];
        }

        // A predicate on type says what the element is; demographics have one type only.
        name = name.Replace("[@xsi:type=xnat:demographicData]", "", StringComparison.Ordinal);
        _values[name.StartsWith("demographics/", StringComparison.Ordinal) ? name["demographics/".Length..] : name] = value;
    }

    private async Task ReadXmlAsync(Stream stream, CancellationToken cancellationToken)
    {
        XDocument document;
        try
        {
            using var reader = XmlReader.Create(stream, new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = 64 << 20 });
            document = await XDocument.LoadAsync(reader, LoadOptions.None, cancellationToken).ConfigureAwait(false);
        }
        catch (XmlException)
        {
            throw new RequestRefusedException(422, "The document is no well-formed XML, or declares a document type, which is not allowed.");
        }

        var root = document.Root!;
        var local = root.Name.LocalName;
        XsiType ??= $"xnat:{char.ToLowerInvariant(local[0])}{local[1..]}Data".Replace("mRSession", "mrSession", StringComparison.Ordinal).Replace("cTSession", "ctSession", StringComparison.Ordinal)
            .Replace("pETSession", "petSession", StringComparison.Ordinal);
        foreach (var attribute in root.Attributes().Where(a => a.Name.Namespace == XNamespace.None))
        {
            _values[attribute.Name.LocalName] = attribute.Value;
        }

        Flatten(root, "", 0);
    }

    private void Flatten(XElement element, string prefix, int depth)
    {
        if (depth > 16)
        {
            throw RequestRefusedException.BadRequest("The document is nested too deeply.");
        }

        foreach (var child in element.Elements())
        {
            var path = prefix + child.Name.LocalName;
            if (child.HasElements)
            {
                Flatten(child, path + "/", depth + 1);
            }
            else if (child.Name.LocalName == "field" && child.Attribute("name") is { } name)
            {
                _values[$"fields/field[name={name.Value}]/field"] = child.Value;
            }
            else
            {
                var key = path.StartsWith("demographics/", StringComparison.Ordinal) ? path["demographics/".Length..] : path;
                _values[key] = child.Value;
            }
        }
    }
}
