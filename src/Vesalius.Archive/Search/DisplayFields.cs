using System.Collections.Concurrent;
using System.Text;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>A field that searches show and compare (rest-api §19.1, H5).</summary>
/// <param name="Id">Field ID, for example <c>SUBJECT_LABEL</c>.</param>
/// <param name="Header">Header for people.</param>
/// <param name="Kind">What its text is.</param>
/// <param name="Shown">Path below the type, path of another type, or <c>=name</c> for what is worked out.</param>
/// <param name="IsListed">Whether the type's listing has it.</param>
public sealed record DisplayField(string Id, string Header, ValueKind Kind, string Shown, bool IsListed);

/// <summary>The display fields of all types: declared ones, and one for each single field of the type model.</summary>
/// <param name="model">Types.</param>
public sealed class DisplayFields(TypeModel model)
{
    private const int DeepestParts = 3;

    // Longest FIELD_ID that is made of a path; no type has such a path today.
    private const int LongestId = 200;

    private readonly ConcurrentDictionary<string, IReadOnlyList<DisplayField>> _byType = new(StringComparer.Ordinal);
    private readonly ILookup<string, (string Id, string Header, string Shown, bool IsListed)> _declared = Declared();

    /// <summary>Whether a field takes a value behind an equals sign: a project, a scan type, the name of a custom variable.</summary>
    public static bool TakesValue(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return id.EndsWith("_PROJECT_IDENTIFIER", StringComparison.OrdinalIgnoreCase) || id.EndsWith("_FIELD_MAP", StringComparison.OrdinalIgnoreCase)
            || id.Equals("SCAN_COUNT_TYPE", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether objects of a type can be searched.</summary>
    public static bool IsSearchable(DataType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.Family is not (ObjectFamily.None or ObjectFamily.Resource);
    }

    /// <summary>The fields of a type, those of the listing first.</summary>
    public IReadOnlyList<DisplayField> Of(DataType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return _byType.GetOrAdd(type.Name, _ => Make(type));
    }

    /// <summary>A field by its ID, in any case of letters; null if the type has none.</summary>
    public DisplayField? Find(DataType type, string id) => Of(type).FirstOrDefault(f => f.Id.Equals(id, StringComparison.OrdinalIgnoreCase));

    private List<DisplayField> Make(DataType type)
    {
        var fields = new List<DisplayField>();
        foreach (var (id, header, shown, listed) in type.Lineage.Reverse().SelectMany(t => _declared[t.Name]))
        {
            fields.RemoveAll(f => f.Id == id);
            fields.Add(new DisplayField(id, header, KindOf(type, shown), shown, listed));
        }

        foreach (var node in type.AllChildren)
        {
            Add(node, "", 0);
        }

        return fields;

        void Add(FieldNode node, string above, int depth)
        {
            var path = above.Length == 0 ? node.Name : $"{above}/{node.Name}";
            if (node.Repeats || model.HoldsObjects(node))
            {
                return;
            }

            var id = path.Replace('/', '_').Replace('-', '_').ToUpperInvariant();
            if (model.ContentKind(node) is { } kind && id.Length <= LongestId && !fields.Exists(f => f.Id == id || f.Shown.Equals(path, StringComparison.OrdinalIgnoreCase)))
            {
                fields.Add(new DisplayField(id, Words(node.Name), kind, path, false));
            }

            foreach (var child in node.Children)
            {
                Add(child, path, depth);
            }

            if (depth < DeepestParts && model.TypeOf(node) is { Family: ObjectFamily.None } part)
            {
                foreach (var child in part.AllChildren)
                {
                    Add(child, path, depth + 1);
                }
            }
        }
    }

    private ValueKind KindOf(DataType type, string shown)
    {
        if (shown[0] == '=')
        {
            return ComputedFields.KindOf(shown[1..]);
        }

        var path = FieldPath.Parse(shown)!;
        var owner = model.Find(path.TypeName) ?? type;
        return FieldColumns.Find(owner.Family, string.Join('/', path.Steps.Select(s => s.Name)), "x")?.Kind ?? model.Resolve(owner, path.Steps)!.Kind;
    }

    // fieldStrength: "Field Strength".
    private static string Words(string name)
    {
        var words = new StringBuilder();
        foreach (var c in name)
        {
            if (c is '_' or '-')
            {
                words.Append(' ');
                continue;
            }

            if (char.IsUpper(c) && words.Length > 0 && char.IsLower(words[^1]))
            {
                words.Append(' ');
            }

            words.Append(words.Length == 0 || words[^1] == ' ' ? char.ToUpperInvariant(c) : c);
        }

        return words.ToString();
    }

    private static ILookup<string, (string Id, string Header, string Shown, bool IsListed)> Declared()
    {
        using var reader = new StreamReader(typeof(DisplayFields).Assembly.GetManifestResourceStream("Vesalius.Archive.Types.Declarations.displays.txt")!, Encoding.UTF8);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith('#')).Select(line =>
        {
            var quoted = line.Split('"');
            var front = quoted[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return (Type: front[0], Id: front[1].TrimEnd('*'), Header: quoted[1], Shown: quoted[2].Trim(), IsListed: front[1].EndsWith('*'));
        }).ToLookup(d => d.Type, d => (d.Id, d.Header, d.Shown, d.IsListed));
    }
}
