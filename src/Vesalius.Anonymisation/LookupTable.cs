using System.Collections.Frozen;

namespace Vesalius.Anonymisation;

/// <summary>A table for <c>lookup</c> as text: lines <c>kind/key = value</c>, comments behind <c>//</c> (dicomedit §7).</summary>
public sealed class LookupTable : ILookupTable
{
    private readonly FrozenDictionary<(string Kind, string Key), string> _values;

    private LookupTable(Dictionary<(string Kind, string Key), string> values) => _values = values.ToFrozenDictionary();

    /// <inheritdoc/>
    public string? Find(string kind, string key)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(key);
        return _values.GetValueOrDefault((kind.Trim(), key.Trim()));
    }

    /// <summary>Reads a table.</summary>
    /// <param name="text">Its text.</param>
    /// <exception cref="FormatException">A line is of another form, or says something else of a key than a line before; the message names the line, not what it says.</exception>
    public static LookupTable Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var values = new Dictionary<(string, string), string>();
        var number = 0;
        foreach (var typed in text.Split('\n'))
        {
            number++;
            var comment = typed.IndexOf("//", StringComparison.Ordinal);
            var line = (comment < 0 ? typed : typed[..comment]).Trim();
            if (line.Length == 0)
            {
                continue;
            }

            var (slash, equals) = (line.IndexOf('/', StringComparison.Ordinal), line.IndexOf('=', StringComparison.Ordinal));
            if (slash <= 0 || equals < slash || line[(slash + 1)..equals].Trim() is not { Length: > 0 } key)
            {
                throw new FormatException($"Line {number} is not of the form \"kind/key = value\".");
            }

            var (place, value) = ((line[..slash].Trim(), key), line[(equals + 1)..].Trim());
            if (!values.TryAdd(place, value) && values[place] != value)
            {
                throw new FormatException($"Line {number} gives another value for a key that a line before has.");
            }
        }

        return new LookupTable(values);
    }
}
