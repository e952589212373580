using Vesalius.Archive.Types;

namespace Vesalius.Archive.Items;

/// <summary>Why an item was not taken.</summary>
public enum ItemRefusal
{
    /// <summary>A value does not fit its field, or there is no such field.</summary>
    Invalid,
    /// <summary>The document is not well-formed.</summary>
    Malformed,
    /// <summary>The item cannot be built: no type, wrong ID, illegal characters.</summary>
    Unbuildable,
    /// <summary>In conflict with what is stored.</summary>
    Conflict,
    /// <summary>The object is locked or obsolete.</summary>
    Locked,
}

/// <summary>Thrown when an item is not taken; nothing was stored.</summary>
/// <param name="refusal">Kind of reason.</param>
/// <param name="reason">Why, naming the field but never its value.</param>
public sealed class ItemRefusedException(ItemRefusal refusal, string reason) : Exception(reason)
{
    /// <summary>Kind of reason.</summary>
    public ItemRefusal Refusal { get; } = refusal;
}

/// <summary>What a request says about one object: values by stored path, objects below it.</summary>
/// <param name="type">Type of the object.</param>
public sealed class ItemInput(DataType type)
{
    private readonly Dictionary<string, string?> _fields = new(StringComparer.Ordinal);
    private readonly List<(string Element, ItemInput Item)> _objects = [];

    /// <summary>Type.</summary>
    public DataType Type => type;

    /// <summary>Values by stored path; null clears.</summary>
    public IReadOnlyDictionary<string, string?> Fields => _fields;

    /// <summary>Objects below, each with the element that holds it, for example <c>scans/scan</c>.</summary>
    public IReadOnlyList<(string Element, ItemInput Item)> Objects => _objects;

    /// <summary>Whether what is not given is removed.</summary>
    public bool IsAuthoritative { get; set; }

    /// <summary>A value; null if it is not given or cleared.</summary>
    public string? this[string key] => _fields.GetValueOrDefault(key);

    /// <summary>Takes out a value: what identifies an object is not stored among its fields.</summary>
    public string? Take(string key) => _fields.Remove(key, out var value) ? value : null;

    /// <summary>Sets a value whose place is known; the text <c>NULL</c> clears it.</summary>
    /// <exception cref="ItemRefusedException">The value does not fit.</exception>
    public void Set(ResolvedField field, string text)
    {
        ArgumentNullException.ThrowIfNull(field);
        ArgumentNullException.ThrowIfNull(text);
        if (field.OpenRows is { } rows)
        {
            field = field with { Key = OpenRow(field, rows), OpenRows = null };
        }

        if (text is "NULL" or "")
        {
            _fields[field.Key] = null;
            return;
        }

        _fields[field.Key] = FieldValue.Normalise(field.Leaf, field.Kind, text, out var value) is { } problem
            ? throw new ItemRefusedException(ItemRefusal.Invalid, $"{field.Key} {problem}.") : value;
    }

    // Without a choice a plain value is one more row; a part of a row is the first one's.
    private string OpenRow(ResolvedField field, string rows)
    {
        if (field.Leaf.Key is not null || !field.Key.StartsWith(rows + "/", StringComparison.Ordinal))
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, $"{field.Key} does not say which row is meant.");
        }

        var place = field.Leaf.Repeats ? _fields.Keys.Count(k => k.StartsWith(rows + "[", StringComparison.Ordinal)) : 0;
        return $"{rows}[{place.ToString(System.Globalization.CultureInfo.InvariantCulture)}]{field.Key[rows.Length..]}";
    }

    /// <summary>Keeps a value of a document that the schema does not know.</summary>
    internal void Keep(string key, string text)
    {
        if (text.Length > 0 && key.Length < 1000)
        {
            _fields[key] = FieldValue.IsText(text) && text.Length <= FieldValue.Limit ? text : throw new ItemRefusedException(ItemRefusal.Invalid, $"{key} holds text that cannot be stored.");
        }
    }

    /// <summary>Takes values of a DICOM header; what does not fit its field is left out, for a header is no reason to refuse an image.</summary>
    public static ItemInput OfHeader(TypeModel model, DataType type, IEnumerable<KeyValuePair<string, string>> values)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(values);
        var input = new ItemInput(type);
        foreach (var (path, text) in values)
        {
            if (text.Length > 0 && FieldPath.Parse(path) is { } parsed && model.Resolve(type, parsed.Steps) is { OpenRows: null, Objects: null } field
                && FieldValue.Normalise(field.Leaf, field.Kind, text, out var value) is null)
            {
                input._fields[field.Key] = value;
            }
        }

        return input;
    }

    /// <summary>Adds an object below.</summary>
    public void Add(string element, ItemInput item) => _objects.Add((element, item));

    /// <summary>Follows a client's path and sets a value there, in an object below if it leads to one.</summary>
    /// <returns>False if the path is of a type that this object is not.</returns>
    /// <exception cref="ItemRefusedException">The type has no such field, or the value does not fit.</exception>
    public bool Set(TypeModel model, FieldPath path, string text)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(path);
        if (path.TypeName is { } named && !type.Is(named))
        {
            return false;
        }

        if (path.Steps[0].Name is "meta")
        {
            return false;
        }

        var field = model.Resolve(type, path.Steps) ?? throw new ItemRefusedException(ItemRefusal.Invalid, $"{type.Name} has no field {string.Join('/', path.Steps.Select(s => s.Name))}.");
        if (field.Objects is null)
        {
            Set(field, text);
            return true;
        }

        if (field.Below.Count == 0)
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, $"{field.Key} is no field with a value.");
        }

        ObjectOf(model, field).Set(model, new FieldPath(null, field.Below), text);
        return true;
    }

    private ItemInput ObjectOf(TypeModel model, ResolvedField field)
    {
        var choice = field.Choice!;
        var said = choice.Predicates.FirstOrDefault(p => p.Name.Equals("xsi:type", StringComparison.OrdinalIgnoreCase)).Value;
        var key = choice.Predicates.FirstOrDefault(p => !p.Name.Equals("xsi:type", StringComparison.OrdinalIgnoreCase));
        var siblings = _objects.Where(o => o.Element == field.Objects).Select(o => o.Item).ToList();
        var found = key.Name is not null ? siblings.Find(i => i[key.Name] == key.Value) : siblings.ElementAtOrDefault(choice.Index ?? 0);
        if (found is not null)
        {
            return found;
        }

        var objectType = model.TypeOf(field.Leaf, said)
            ?? throw new ItemRefusedException(ItemRefusal.Invalid, $"{field.Objects} cannot be changed through this object.");
        var made = new ItemInput(objectType);
        if (key.Name is not null)
        {
            made.Set(model, new FieldPath(null, [new PathStep(key.Name, [], null)]), key.Value);
        }

        _objects.Add((field.Objects!, made));
        return made;
    }
}
