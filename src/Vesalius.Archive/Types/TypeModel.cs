using System.Collections.Frozen;
using System.Text;

namespace Vesalius.Archive.Types;

/// <summary>Where a path leads in a type.</summary>
/// <param name="Key">The path as it is stored, for example <c>fields/field[name=cohort]/field</c>; without a row's choice where the path makes none.</param>
/// <param name="Leaf">The element or attribute.</param>
/// <param name="Kind">What its text is.</param>
/// <param name="OpenRows">The repeating element among whose rows the path does not choose, for example <c>fields/field</c>; null if there is none.</param>
public sealed record ResolvedField(string Key, FieldNode Leaf, ValueKind Kind, string? OpenRows)
{
    /// <summary>The objects that the path goes through, for example <c>scans/scan</c>; null if it stays in its object.</summary>
    public string? Objects { get; init; }

    /// <summary>The step that chooses among them.</summary>
    public PathStep? Choice { get; init; }

    /// <summary>The path below the chosen object.</summary>
    public IReadOnlyList<PathStep> Below { get; init; } = [];
}

/// <summary>All types that the archive knows: the one truth about each field (decision 0031).</summary>
public sealed class TypeModel
{
    private readonly FrozenDictionary<string, DataType> _types;
    private readonly FrozenDictionary<string, DataType> _elements;

    /// <summary>Reads the declarations that come with the program, then others.</summary>
    /// <param name="further">Text of further declarations, for example of a site's own types.</param>
    /// <exception cref="TypeDeclarationException">A declaration cannot be read.</exception>
    public TypeModel(IEnumerable<string>? further = null)
    {
        var types = new Dictionary<string, DataType>(StringComparer.OrdinalIgnoreCase);
        var schemas = new List<SchemaNamespace>();
        var reader = new TypeDeclarationReader(types, schemas);
        foreach (var text in (string[])[Embedded("xnat.types"), Embedded("other.types"), .. further ?? []])
        {
            reader.Read(text);
        }

        _types = types.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _elements = types.Values.Where(t => t.ElementName is not null).DistinctBy(t => $"{t.Schema.Prefix}:{t.ElementName}")
            .ToFrozenDictionary(t => $"{t.Schema.Prefix}:{t.ElementName}", StringComparer.Ordinal);
        Types = [.. types.Values.OrderBy(t => t.Name, StringComparer.Ordinal)];
        Schemas = schemas;
        Shortcuts = new Shortcuts(Embedded("shortcuts.txt"));
    }

    /// <summary>The types that come with the program.</summary>
    public static TypeModel Standard { get; } = new();

    /// <summary>All types by name.</summary>
    public IReadOnlyList<DataType> Types { get; }

    /// <summary>All schemas.</summary>
    public IReadOnlyList<SchemaNamespace> Schemas { get; }

    /// <summary>Short names of fields in lists.</summary>
    public Shortcuts Shortcuts { get; }

    private static string Embedded(string name)
    {
        var assembly = typeof(TypeModel).Assembly;
        using var reader = new StreamReader(assembly.GetManifestResourceStream($"Vesalius.Archive.Types.Declarations.{name}")!, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>The type with a name; null if there is none.</summary>
    public DataType? Find(string? name) => name is not null && _types.TryGetValue(name, out var type) ? type : null;

    /// <summary>The type whose documents have a root element: by namespace and name, or by name alone.</summary>
    public DataType? OfElement(string namespaceUri, string elementName)
    {
        var schema = Schemas.FirstOrDefault(s => s.Uri == namespaceUri);
        // Clients exist that use the type's name, and those that have the namespace wrong.
        return schema is not null
            ? _elements.GetValueOrDefault($"{schema.Prefix}:{elementName}") ?? Find($"{schema.Prefix}:{elementName}")
            : _elements.Values.FirstOrDefault(t => t.ElementName == elementName) ?? Find($"xnat:{elementName}");
    }

    /// <summary>Whether a type is another or extends it.</summary>
    public bool Is(string name, string baseName) => Find(name)?.Is(baseName) ?? false;

    /// <summary>Names of a type and all that extend it.</summary>
    public IReadOnlyList<string> WithDerived(string name) => [.. Types.Where(t => t.Is(name)).Select(t => t.Name)];

    /// <summary>The type that an element has: a derived one if the path or document says so, the first concrete one where the declared is abstract.</summary>
    public DataType? TypeOf(FieldNode node, string? said = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        var declared = Find(node.Reference);
        if (said is not null && Find(said) is { } named && declared is not null && named.Is(declared.Name))
        {
            return named;
        }

        return declared is { IsAbstract: true, Family: ObjectFamily.None } ? Types.FirstOrDefault(t => t.Is(declared.Name) && !t.IsAbstract) ?? declared : declared;
    }

    /// <summary>Whether an element holds objects that the archive keeps as such: scans, assessors, resources, sharing.</summary>
    public bool HoldsObjects(FieldNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return (node.Repeats && Find(node.Reference) is { Family: not ObjectFamily.None } referenced && referenced.Name != "xnat:publicationResource") || node.Name == "share";
    }

    /// <summary>Follows a path in a type.</summary>
    /// <returns>Null if the type has no such field.</returns>
    public ResolvedField? Resolve(DataType type, IReadOnlyList<PathStep> steps)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(steps);
        var key = new StringBuilder();
        var plain = new StringBuilder();
        string? open = null;
        FieldNode? node = null;
        var current = type;
        for (var i = 0; i < steps.Count; i++)
        {
            var step = steps[i];
            if (node is { Repeats: true } row && i == steps.Count - 1 && ContentName(row).Equals(step.Name, StringComparison.OrdinalIgnoreCase) && ContentKind(row) is { } content
                && row.Child(step.Name) is null)
            {
                return new ResolvedField($"{key}/{ContentName(row)}", row, content, open);
            }

            var next = node?.Child(step.Name) ?? (node is null || node.Reference is not null ? current?.Child(step.Name) : null);
            if (next is null)
            {
                return null;
            }

            plain.Append(plain.Length > 0 ? "/" : "").Append(next.Name);
            if (HoldsObjects(next))
            {
                return new ResolvedField(plain.ToString(), next, ValueKind.Text, null) { Objects = plain.ToString(), Choice = step, Below = [.. steps.Skip(i + 1)] };
            }

            key.Append(key.Length > 0 ? "/" : "").Append(next.Name);
            var said = step.Predicates.FirstOrDefault(p => p.Name.Equals("xsi:type", StringComparison.OrdinalIgnoreCase)).Value;
            if (next.Repeats)
            {
                if (Choice(next, step) is { } choice)
                {
                    key.Append(choice);
                }
                else
                {
                    open ??= plain.ToString();
                }
            }

            current = TypeOf(next, said);
            node = next;
        }

        if (node is null)
        {
            return null;
        }

        if (node.Repeats)
        {
            return ContentKind(node) is { } own ? new ResolvedField($"{key}/{ContentName(node)}", node, own, open) : null;
        }

        return ContentKind(node) is { } kind ? new ResolvedField(key.ToString(), node, kind, open) : null;
    }

    private static string? Choice(FieldNode node, PathStep step)
    {
        var value = node.Key is { } name ? step.Predicates.FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value : null;
        return value is { Length: > 0 and < 256 } && value.AsSpan().IndexOfAny("[]") < 0 && !value.Any(char.IsControl) ? $"[{node.Key}={value}]"
            : node.Key is null && step.Index is { } index ? $"[{index}]" : null;
    }

    /// <summary>What the text of an element is, declared here or by its type.</summary>
    public ValueKind? ContentKind(FieldNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.Kind ?? Find(node.Reference)?.Content;
    }

    /// <summary>Name under which item JSON gives the text of a repeating element: that of its type if it has one, else its own.</summary>
    public string ContentName(FieldNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Find(node.Reference) is { Content: not null } type ? type.LocalName : node.Name;
    }
}
