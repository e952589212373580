using System.Text.RegularExpressions;
using System.Xml.Linq;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>What a request says about one object: a document or form, and the query over it (rest-api §1.9).</summary>
internal sealed partial class ItemRequest
{
    private static readonly HashSet<string> Control = new(StringComparer.Ordinal)
    {
        "format", "req_format", "xsiType", "event_reason", "event_comment", "event_action", "event_type", "event_id", "allowDataDeletion", "XNAT_CSRF", "inbody", "ELEMENT_0",
        "removeFiles", "columns", "accessibility", "loadExisting", "overwrite", "quarantine", "activate", "triggerPipelines", "primary", "sendemail", "action", "fixScanTypes",
        "pullDataFromHeaders", "supressEmail", "_lock", "_unlock", "_obsolete", "moveAssessors", "options",
    };

    private readonly TypeModel _model;
    private readonly XElement? _document;
    private readonly List<(string Key, string Value)> _pairs;
    private readonly string? _named;

    private ItemRequest(TypeModel model, XElement? document, List<(string Key, string Value)> pairs, string? named)
    {
        _model = model;
        _document = document;
        _pairs = pairs;
        _named = named;
    }

    /// <summary>Type that the query or form names, not what is derived from keys or documents; null if none.</summary>
    public string? NamedType => _named;

    /// <summary>Whether the body is a document.</summary>
    public bool HasDocument => _document is not null;

    /// <summary>Whether the request is FLIP's way to make sure that an object is there: JSON with nothing in it, and a type alone (flip-client §11.2). It changes none that is there, of whatever type.</summary>
    public bool OnlyEnsures(HttpRequest request) =>
        RequestFlags.IsJson(request) && !HasBody(request) && _document is null && _pairs.TrueForAll(p => p.Key == "xsiType");

    /// <summary>Reads a request.</summary>
    /// <exception cref="RequestRefusedException">The body cannot be read.</exception>
    public static async Task<ItemRequest> ReadAsync(HttpContext context)
    {
        if (context.Items[typeof(ItemRequest)] is ItemRequest read)
        {
            return read;
        }

        var model = context.RequestServices.GetRequiredService<TypeModel>();
        var type = context.Request.ContentType ?? "";
        var format = context.Request.Query["req_format"].ToString();
        XElement? document = null;
        var pairs = new List<(string, string)>();
        if (context.Request.HasFormContentType && format != "xml")
        {
            document = await ReadFormAsync(context, pairs);
        }
        else if (HasBody(context.Request) && (format == "xml" || context.Request.Query.ContainsKey("inbody") || type.Length == 0 || type.Contains("xml", StringComparison.OrdinalIgnoreCase)))
        {
            document = await ItemXmlReader.LoadAsync(context.Request.Body, context.RequestAborted);
        }

        pairs.AddRange(QueryPairs.Of(context.Request).Select(p => (Once(p.Key), p.Value)));

        var named = pairs.LastOrDefault(p => p.Item1 == "xsiType" && p.Item2.Length > 0).Item2 ?? pairs.LastOrDefault(p => p.Item1 == "ELEMENT_0").Item2;
        return new ItemRequest(model, document, pairs, string.IsNullOrEmpty(named) ? null : model.Find(named) is null ? Once(named) : named);
    }

    /// <summary>Reads a document that comes by another way than as the body of its object's address; whoever reads the request afterwards gets it.</summary>
    /// <exception cref="ItemRefusedException">It is not well-formed.</exception>
    /// <exception cref="RequestRefusedException">Its type is not known.</exception>
    public static async Task<ItemRequest> ReadDocumentAsync(HttpContext context, Stream body)
    {
        var model = context.RequestServices.GetRequiredService<TypeModel>();
        var pairs = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(context.RequestAborted)).Where(f => Control.Contains(f.Key)).Select(f => (f.Key, f.Value.ToString())) : [];
        var request = new ItemRequest(model, await ItemXmlReader.LoadAsync(body, context.RequestAborted), [.. pairs, .. QueryPairs.Of(context.Request).Where(p => Control.Contains(p.Key))], null);
        context.Items[typeof(ItemRequest)] = request;
        return request;
    }

    private static bool HasBody(HttpRequest request) => request.ContentLength is > 0 || (request.ContentLength is null && request.Headers.TransferEncoding.Count > 0);

    private static async Task<XElement?> ReadFormAsync(HttpContext context, List<(string, string)> pairs)
    {
        try
        {
            var form = await context.Request.ReadFormAsync(context.RequestAborted);
            pairs.AddRange(form.SelectMany(f => f.Value.Select(v => (Once(f.Key), v ?? ""))));
            if (form.Files.FirstOrDefault(f => f.FileName.EndsWith(".xml", StringComparison.OrdinalIgnoreCase)) is { } file)
            {
                var stream = file.OpenReadStream();
                await using (stream.ConfigureAwait(false))
                {
                    return await ItemXmlReader.LoadAsync(stream, context.RequestAborted);
                }
            }

            return null;
        }
        catch (InvalidDataException)
        {
            throw RequestRefusedException.BadRequest("The form cannot be read, or is larger than forms may be.");
        }
    }

    [GeneratedRegex("%[0-9A-Fa-f]{2}")]
    private static partial Regex Escape();

    /// <summary>Decodes once more what a client encoded twice.</summary>
    public static string Once(string text) => Escape().IsMatch(text) ? Uri.UnescapeDataString(text) : text;

    /// <summary>The type of the object: named, the document's, that of the first path, else the one given.</summary>
    /// <exception cref="RequestRefusedException">The type is not known.</exception>
    public DataType? TypeOr(DataType? other)
    {
        if (_named is not null)
        {
            return _model.Find(_named) ?? throw RequestRefusedException.BadRequest("The xsiType is none that this site knows.");
        }

        if (_document is not null)
        {
            return new ItemXmlReader(_model).TypeOf(_document) ?? other ?? throw new RequestRefusedException(417, "The document's root element is no type that this site knows.");
        }

        foreach (var (key, _) in _pairs)
        {
            if (key.Contains('/', StringComparison.Ordinal) && FieldPath.Parse(key)?.TypeName is { } prefix)
            {
                var type = _model.Find(prefix);
                if (type is not null && (other is null || (type.Family == other.Family && type.Is(other.Name))))
                {
                    return type;
                }
            }
        }

        return other;
    }

    /// <summary>A value by its plain name, wherever it is given; null if it is not.</summary>
    public string? Peek(string name)
    {
        var pair = _pairs.LastOrDefault(p => p.Key == name || (p.Key.EndsWith("/" + name, StringComparison.OrdinalIgnoreCase) && p.Key.Count(c => c == '/') == 1));
        return pair.Key is not null ? pair.Value
            : (string?)_document?.Attributes().FirstOrDefault(a => a.Name.LocalName == name && a.Name.Namespace == XNamespace.None)
                ?? (string?)_document?.Elements().FirstOrDefault(e => e.Name.LocalName == name && !e.HasElements);
    }

    /// <summary>A value of the document alone.</summary>
    public string? PeekDocument(string name) => (string?)_document?.Attributes().FirstOrDefault(a => a.Name.LocalName == name && a.Name.Namespace == XNamespace.None);

    /// <summary>The values for an object of a type.</summary>
    /// <param name="type">Type.</param>
    /// <param name="list">List whose shortcuts are understood.</param>
    /// <exception cref="ItemRefusedException">A value does not fit its field.</exception>
    public ItemInput Bind(DataType type, string list)
    {
        var input = _document is null ? new ItemInput(type) : new ItemXmlReader(_model).Read(_document, type);
        foreach (var (key, value) in _pairs)
        {
            if (Control.Contains(key) || key.StartsWith("_on", StringComparison.Ordinal))
            {
                continue;
            }

            if (key.Contains('/', StringComparison.Ordinal))
            {
                Set(input, FieldPath.Parse(key) ?? throw RequestRefusedException.BadRequest("A name in the request is no path of a field."), value);
            }
            else if (_model.Shortcuts.Find(list, key) is { IsReadOnly: false } shortcut)
            {
                Set(input, FieldPath.Parse(shortcut.Path)!, value);
            }
            else if (type.Child(key) is { Repeats: false, Reference: null } node && node.Name == key && _model.Resolve(type, [new PathStep(key, [], null)]) is not null)
            {
                Set(input, new FieldPath(null, [new PathStep(key, [], null)]), value);
            }
        }

        input.IsAuthoritative = Flag("allowDataDeletion") || _pairs.Exists(p => p is { Key: "loadExisting", Value: "false" });
        return input;
    }

    // A client that encodes twice is understood where its value would be wrong otherwise (rest-api §1.2); text stays what it is.
    private void Set(ItemInput input, FieldPath path, string value)
    {
        try
        {
            input.Set(_model, path, value);
        }
        catch (ItemRefusedException) when (Escape().IsMatch(value))
        {
            input.Set(_model, path, Once(value));
        }
    }

    private bool Flag(string name) => _pairs.LastOrDefault(p => p.Key == name) is { Key: not null, Value: not ("false" or "0") };

    /// <summary>Whether a flag of the query is set: there and not <c>false</c> or <c>0</c> (rest-api §1.5).</summary>
    public static bool Flag(HttpContext context, string name) => context.Request.Query.TryGetValue(name, out var value) && value.ToString() is not ("false" or "0");

    /// <summary>Who changes something and why (rest-api §1.10).</summary>
    public static ChangeEvent Event(HttpContext context)
    {
        string Text(string name) => context.Request.Query[name].ToString() is var text && FieldValue.IsText(text) ? text[..Math.Min(text.Length, 1000)] : "";
        return new ChangeEvent(context.Caller().Login, Text("event_action"), Text("event_type"), Text("event_reason"), Text("event_comment"));
    }
}
