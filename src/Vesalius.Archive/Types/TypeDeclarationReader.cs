using System.Globalization;
using System.Text.RegularExpressions;

namespace Vesalius.Archive.Types;

/// <summary>Thrown when a file of type declarations cannot be read.</summary>
/// <param name="line">Line, from 1.</param>
/// <param name="reason">Why.</param>
public sealed class TypeDeclarationException(int line, string reason) : Exception($"Line {line}: {reason}");

/// <summary>Reads type declarations.</summary>
/// <remarks>
/// Line by line: <c>schema NAME PREFIX NAMESPACE</c>; <c>type NAME [: BASE] [= KIND] [ELEMENT] ["Singular" "Plural"] [abstract] [id FIELD]</c>; indented below a type one
/// field per line: <c>path [KIND[(length)] [one|two|…]] [&gt; TYPE]</c>. In a path <c>@</c> marks an attribute, <c>[]</c> an element that repeats,
/// <c>[name]</c> one whose rows are told apart by that attribute. Kinds: string (255 characters), long, int, float, bool, date, time, datetime, uri.
/// </remarks>
internal sealed partial class TypeDeclarationReader(Dictionary<string, DataType> types, List<SchemaNamespace> schemas)
{
    private const int DefaultLength = 255;

    private SchemaNamespace? _schema;
    private DataType? _type;

    public void Read(string text)
    {
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.TrimEnd();
            if (line.Length == 0 || line.StartsWith('#'))
            {
                continue;
            }

            if (line.StartsWith("schema ", StringComparison.Ordinal))
            {
                Schema(line, number);
            }
            else if (line.StartsWith("type ", StringComparison.Ordinal))
            {
                Type(line, number);
            }
            else if (char.IsWhiteSpace(line[0]))
            {
                Field(line.Trim(), number);
            }
            else
            {
                throw new TypeDeclarationException(number, "neither schema, type nor field.");
            }
        }
    }

    private void Schema(string line, int number)
    {
        var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 4)
        {
            throw new TypeDeclarationException(number, "a schema has name, prefix and namespace.");
        }

        _schema = schemas.Find(s => s.Prefix == parts[2]);
        if (_schema is null)
        {
            _schema = new SchemaNamespace(parts[1], parts[2], parts[3]);
            schemas.Add(_schema);
        }
    }

    [GeneratedRegex("""^type (?<name>[\w-]+)(?: : (?<base>[\w:-]+))?(?: = (?<content>\w+))?(?: (?<element>(?!abstract\b|id\b)\w+))?(?: "(?<one>[^"]*)" "(?<many>[^"]*)")?(?<abstract> abstract)?(?: id (?<id>\w+))?$""")]
    private static partial Regex TypeLine();

    private void Type(string line, int number)
    {
        var match = TypeLine().Match(line);
        if (_schema is null || !match.Success)
        {
            throw new TypeDeclarationException(number, "the type cannot be read, or no schema is named before it.");
        }

        DataType? baseType = null;
        if (match.Groups["base"] is { Success: true } named && !types.TryGetValue(Full(named.Value), out baseType))
        {
            throw new TypeDeclarationException(number, $"{named.Value} is not declared before it.");
        }

        _type = new DataType(_schema, match.Groups["name"].Value, baseType)
        {
            ElementName = Given(match, "element"),
            Singular = Given(match, "one") ?? match.Groups["name"].Value,
            Plural = Given(match, "many") ?? match.Groups["name"].Value,
            IsAbstract = match.Groups["abstract"].Success,
            DisplayIdentifier = Given(match, "id"),
            Content = Given(match, "content") is { } content ? KindOf(content, number) : null,
        };
        if (!types.TryAdd(_type.Name, _type))
        {
            throw new TypeDeclarationException(number, $"{_type.Name} is declared twice.");
        }
    }

    private static string? Given(Match match, string group) => match.Groups[group] is { Success: true } found ? found.Value : null;

    private string Full(string name) => name.Contains(':', StringComparison.Ordinal) ? name : $"{_schema!.Prefix}:{name}";

    [GeneratedRegex("""^(?<path>\S+)(?: (?<kind>[a-z]+)(?:\((?<length>\d+)\))?(?: (?<allowed>[^>\s]+))?)?(?: > (?<type>[\w:-]+))?$""")]
    private static partial Regex FieldLine();

    private void Field(string line, int number)
    {
        var match = FieldLine().Match(line);
        if (_type is null || !match.Success)
        {
            throw new TypeDeclarationException(number, "the field cannot be read, or no type is named before it.");
        }

        var node = Walk(match.Groups["path"].Value);
        if (Given(match, "kind") is { } kind)
        {
            node.Kind = KindOf(kind, number);
            node.MaximumLength = Given(match, "length") is { } length ? int.Parse(length, CultureInfo.InvariantCulture) : kind is "string" ? DefaultLength : int.MaxValue;
            node.Allowed = Given(match, "allowed")?.Split('|') ?? [];
        }

        if (Given(match, "type") is { } reference)
        {
            node.Reference = Full(reference);
        }
    }

    private FieldNode Walk(string path)
    {
        var node = _type!.Root;
        foreach (var step in path.Split('/'))
        {
            var bracket = step.IndexOf('[', StringComparison.Ordinal);
            var name = bracket > 0 ? step[..bracket] : step;
            node = node.ChildOrNew(name.TrimStart('@'), name.StartsWith('@'));
            if (bracket > 0)
            {
                node.Repeats = true;
                if (step[(bracket + 1)..].TrimEnd(']') is { Length: > 0 } key)
                {
                    node.Key = key;
                    node.ChildOrNew(key, attribute: true).Kind ??= ValueKind.Text;
                }
            }
        }

        return node;
    }

    private static ValueKind KindOf(string word, int number) => word switch
    {
        "string" => ValueKind.Text,
        "long" => ValueKind.LongText,
        "int" => ValueKind.Integer,
        "float" => ValueKind.Float,
        "bool" => ValueKind.Boolean,
        "date" => ValueKind.Date,
        "time" => ValueKind.Time,
        "datetime" => ValueKind.DateTime,
        "uri" => ValueKind.Uri,
        _ => throw new TypeDeclarationException(number, $"{word} is no kind of value."),
    };
}
