using Vesalius.Archive.Types;

namespace Vesalius.Archive.Items;

/// <summary>One object, or a part of one, as item JSON and XML give it (rest-api §1.6.2, §1.6.3).</summary>
public sealed class Item
{
    private readonly Dictionary<string, List<Item>> _children = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), Item> _rows = [];

    /// <summary>Makes an empty item.</summary>
    /// <param name="xsiType">Type, for example <c>xnat:subjectData</c>.</param>
    /// <param name="inserted">When it was made.</param>
    public Item(string xsiType, DateTime inserted)
    {
        XsiType = xsiType;
        Inserted = inserted;
    }

    /// <summary>Type.</summary>
    public string XsiType { get; }

    /// <summary>When it was made.</summary>
    public DateTime Inserted { get; }

    /// <summary>Values by path, numbers as numbers.</summary>
    public Dictionary<string, object> Fields { get; } = new(StringComparer.Ordinal);

    /// <summary>Keys of the database that clients use; XML carries them in a comment only.</summary>
    public HashSet<string> Internal { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether it is a former state of the object.</summary>
    public bool IsHistory { get; init; }

    /// <summary>Parts and objects below, by the schema path of their element.</summary>
    public IReadOnlyDictionary<string, List<Item>> Children => _children;

    /// <summary>Sets a value that the schema does not declare.</summary>
    public Item With(string path, object? value, bool isInternal = false)
    {
        if (value is not null && value as string != "")
        {
            Fields[path] = value;
            if (isInternal)
            {
                Internal.Add(path);
            }
        }

        return this;
    }

    /// <summary>Adds an object below.</summary>
    public void Add(string element, Item child)
    {
        if (!_children.TryGetValue(element, out var list))
        {
            _children[element] = list = [];
        }

        list.Add(child);
    }

    /// <summary>Adds stored fields, each at its place: parts with a type of their own and repeated rows become children.</summary>
    /// <param name="model">Types.</param>
    /// <param name="document">Values by stored path.</param>
    public void AddDocument(TypeModel model, IEnumerable<KeyValuePair<string, string>> document)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(document);
        foreach (var (key, value) in document)
        {
            if (FieldPath.Parse(key) is { } path)
            {
                Place(model, model.Find(XsiType), path.Steps, value);
            }
        }
    }

    private void Place(TypeModel model, DataType? type, IReadOnlyList<PathStep> steps, string value)
    {
        var element = "";
        FieldNode? node = null;
        for (var i = 0; i < steps.Count; i++)
        {
            node = node is null ? type?.Child(steps[i].Name) : node.Child(steps[i].Name);
            element = element.Length == 0 ? steps[i].Name : $"{element}/{steps[i].Name}";
            if (node is { Repeats: true } || node?.Reference is not null)
            {
                PlaceInChild(model, element, node, steps, i, value);
                return;
            }
        }

        Fields[element] = FieldValue.Typed(node?.Kind, value);
    }

    private void PlaceInChild(TypeModel model, string element, FieldNode node, IReadOnlyList<PathStep> steps, int place, string value)
    {
        var step = steps[place];
        var choice = step.Predicates.Count > 0 ? step.Predicates[0].Value : step.Index?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "";
        var type = model.TypeOf(node);
        if (!_rows.TryGetValue((element, choice), out var child))
        {
            child = new Item(type?.Name ?? $"{XsiType}_{node.Name}", Inserted);
            _rows[(element, choice)] = child;
            Add(element, child);
            if (step.Predicates.Count > 0)
            {
                child.Fields[step.Predicates[0].Name] = choice;
            }
        }

        var below = steps.Skip(place + 1).ToList();
        if (below is [var only] && only.Name == model.ContentName(node) && model.ContentKind(node) is { } kind)
        {
            child.Fields[only.Name] = FieldValue.Typed(kind, value);
        }
        else if (type is not null)
        {
            child.Place(model, type, below, value);
        }
        else if (below.Count > 0)
        {
            var path = string.Join('/', below.Select(s => s.Name));
            child.Fields[path] = FieldValue.Typed(below.Aggregate<PathStep, FieldNode?>(node, (n, s) => n?.Child(s.Name))?.Kind, value);
        }
    }
}
