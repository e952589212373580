namespace Vesalius.Archive.Types;

/// <summary>What the text of a field has to be.</summary>
public enum ValueKind
{
    /// <summary>Text of limited length.</summary>
    Text,
    /// <summary>Text without a length that the schema names.</summary>
    LongText,
    /// <summary>Whole number.</summary>
    Integer,
    /// <summary>Number.</summary>
    Float,
    /// <summary>True or false.</summary>
    Boolean,
    /// <summary>Day.</summary>
    Date,
    /// <summary>Time of day.</summary>
    Time,
    /// <summary>Day and time.</summary>
    DateTime,
    /// <summary>Address.</summary>
    Uri,
}

/// <summary>An element or attribute of a type's schema, with what is below it.</summary>
/// <param name="name">Name in the schema.</param>
/// <param name="isAttribute">Whether XML writes it as an attribute.</param>
public sealed class FieldNode(string name, bool isAttribute)
{
    private readonly List<FieldNode> _children = [];

    /// <summary>Name in the schema.</summary>
    public string Name => name;

    /// <summary>Whether XML writes it as an attribute.</summary>
    public bool IsAttribute => isAttribute;

    /// <summary>What its own text is; null for an element without text.</summary>
    public ValueKind? Kind { get; internal set; }

    /// <summary>Longest text in characters.</summary>
    public int MaximumLength { get; internal set; } = int.MaxValue;

    /// <summary>The only texts allowed; empty: any.</summary>
    public IReadOnlyList<string> Allowed { get; internal set; } = [];

    /// <summary>Whether there may be several.</summary>
    public bool Repeats { get; internal set; }

    /// <summary>The attribute by which repeated rows are told apart; null: by their place.</summary>
    public string? Key { get; internal set; }

    /// <summary>Full name of the type that the element has; null if its content is declared here.</summary>
    public string? Reference { get; internal set; }

    /// <summary>Elements and attributes below.</summary>
    public IReadOnlyList<FieldNode> Children => _children;

    /// <summary>The child with a name; names differ in more than case.</summary>
    public FieldNode? Child(string childName) => _children.Find(c => c.Name.Equals(childName, StringComparison.OrdinalIgnoreCase));

    internal FieldNode ChildOrNew(string childName, bool attribute)
    {
        if (Child(childName) is { } found)
        {
            return found;
        }

        var made = new FieldNode(childName, attribute);
        _children.Add(made);
        return made;
    }
}
