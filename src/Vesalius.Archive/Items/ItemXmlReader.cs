using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Items;

/// <summary>Reads documents of the archive's schemas: without schema validation, then field by field (rest-api §1.9).</summary>
/// <param name="model">Types.</param>
public sealed class ItemXmlReader(TypeModel model)
{
    /// <summary>Longest document in bytes: a session of thousands of scans has a tenth of it.</summary>
    public const int LongestDocument = 32 << 20;

    private const int Deepest = 32;
    private static readonly XNamespace Xsi = "http://www.w3.org/2001/XMLSchema-instance";

    /// <summary>Reads a document.</summary>
    /// <exception cref="ItemRefusedException">It is not well-formed, or declares a document type.</exception>
    public static async Task<XElement> LoadAsync(Stream stream, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var whole = new MemoryStream();
        var buffer = new byte[1 << 16];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (whole.Length + read > LongestDocument)
            {
                throw new ItemRefusedException(ItemRefusal.Invalid, $"The document is longer than {LongestDocument} bytes.");
            }

            whole.Write(buffer, 0, read);
        }

        // Some clients put blank lines before the declaration or the root.
        var bytes = whole.GetBuffer().AsMemory(0, (int)whole.Length);
        var start = bytes.Span.IndexOfAnyExcept(" \t\r\n"u8);
        try
        {
            using var trimmed = new MemoryStream(whole.GetBuffer(), Math.Max(start, 0), bytes.Length - Math.Max(start, 0), writable: false);
            using var reader = XmlReader.Create(
                trimmed, new XmlReaderSettings { Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = LongestDocument });
            return (await XDocument.LoadAsync(reader, LoadOptions.None, cancellationToken).ConfigureAwait(false)).Root!;
        }
        catch (Exception e) when (e is XmlException or ArgumentException)
        {
            throw new ItemRefusedException(ItemRefusal.Malformed, "The document is no well-formed XML, or declares a document type, which is not allowed.");
        }
    }

    /// <summary>The type that a document says it is; null if it is none of ours.</summary>
    public DataType? TypeOf(XElement root)
    {
        ArgumentNullException.ThrowIfNull(root);
        return model.Find((string?)root.Attribute(Xsi + "type")) ?? model.OfElement(root.Name.NamespaceName, root.Name.LocalName);
    }

    /// <summary>Reads an element as an object of a type.</summary>
    /// <exception cref="ItemRefusedException">A value does not fit its field.</exception>
    public ItemInput Read(XElement root, DataType type)
    {
        ArgumentNullException.ThrowIfNull(root);
        var input = new ItemInput(type);
        Members(input, root, type, null, "", 0);
        return input;
    }

    private void Members(ItemInput input, XElement element, DataType? type, FieldNode? node, string prefix, int depth)
    {
        if (depth > Deepest)
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, "The document is nested too deeply.");
        }

        foreach (var attribute in element.Attributes().Where(a => a.Name.Namespace == XNamespace.None && a.Name.LocalName != "xmlns"))
        {
            Value(input, Child(type, node, attribute.Name.LocalName), prefix + attribute.Name.LocalName, attribute.Value);
        }

        var places = new Dictionary<string, int>();
        foreach (var child in element.Elements())
        {
            var name = child.Name.LocalName;
            var found = Child(type, node, name);
            if (found is not null && model.HoldsObjects(found))
            {
                Object(input, prefix + found.Name, found, child);
            }
            else if (found is { Repeats: true })
            {
                places[name] = places.GetValueOrDefault(name) + 1;
                Row(input, found, child, prefix + found.Name, places[name] - 1, depth);
            }
            else
            {
                Single(input, found, child, prefix + (found?.Name ?? name), depth);
            }
        }
    }

    private static FieldNode? Child(DataType? type, FieldNode? node, string name) => node?.Child(name) ?? type?.Child(name);

    private void Object(ItemInput input, string path, FieldNode node, XElement element)
    {
        if (model.TypeOf(node, (string?)element.Attribute(Xsi + "type")) is { } type)
        {
            input.Add(path, Read(element, type));
        }
        // Sharing is changed by requests of its own; a document only tells of it.
    }

    private void Row(ItemInput input, FieldNode node, XElement element, string path, int place, int depth)
    {
        var key = node.Key is { } name ? (string?)element.Attribute(name) ?? (string?)element.Elements().FirstOrDefault(e => e.Name.LocalName == name) : null;
        if (key is not null && (key.Length is 0 or > 255 || key.AsSpan().IndexOfAny("[]") >= 0 || key.Any(char.IsControl)))
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, $"{path} has a {node.Key} that cannot be one.");
        }

        var row = key is not null ? $"{path}[{node.Key}={key}]" : $"{path}[{place.ToString(CultureInfo.InvariantCulture)}]";
        var type = model.TypeOf(node);
        if (!element.HasElements && model.ContentKind(node) is { } kind)
        {
            input.Set(new ResolvedField($"{row}/{model.ContentName(node)}", node, kind, null), element.Value);
        }

        var inner = new XElement(element);
        if (node.Key is { } named)
        {
            inner.Attribute(named)?.Remove();
        }

        Members(input, inner, type, node, row + "/", depth + 1);
    }

    private void Single(ItemInput input, FieldNode? node, XElement element, string path, int depth)
    {
        if (!element.HasElements)
        {
            Value(input, node, path, element.Value);
        }

        if (element.HasElements || element.HasAttributes)
        {
            var type = node is null ? null : model.TypeOf(node, (string?)element.Attribute(Xsi + "type"));
            Members(input, element, type, node, path + "/", depth + 1);
        }
    }

    private void Value(ItemInput input, FieldNode? node, string path, string text)
    {
        if (node is not null && model.ContentKind(node) is { } kind)
        {
            input.Set(new ResolvedField(path, node, kind, null), text);
        }
        else if (node is null && text.Trim().Length > 0 && !path.Contains("[", StringComparison.Ordinal))
        {
            input.Keep(path, text.Trim());
        }
    }
}
