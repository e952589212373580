using System.Collections.Frozen;

namespace Vesalius.Archive.Types;

/// <summary>A short name for a field in one kind of list.</summary>
/// <param name="Name">Name, for example <c>gender</c>.</param>
/// <param name="Path">Path that it stands for.</param>
/// <param name="IsReadOnly">Whether it cannot be written.</param>
public sealed record Shortcut(string Name, string Path, bool IsReadOnly);

/// <summary>Short names of fields by list: project, subject, experiment, scan, reconstruction, assessor (rest-api §1.12).</summary>
public sealed class Shortcuts
{
    private readonly FrozenDictionary<string, IReadOnlyList<Shortcut>> _lists;

    internal Shortcuts(string text)
    {
        _lists = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith('#'))
            .Select(l => l.Split(' ', 3)).GroupBy(p => p[0])
            .ToFrozenDictionary(g => g.Key, g => (IReadOnlyList<Shortcut>)[.. g.Select(p => new Shortcut(p[1].TrimEnd('*'), p[2], p[1].EndsWith('*')))]);
    }

    /// <summary>Short names of a list.</summary>
    public IReadOnlyList<Shortcut> Of(string list) => _lists[list];

    /// <summary>A short name; upper and lower case are told apart only where both exist.</summary>
    public Shortcut? Find(string list, string name) =>
        Of(list).FirstOrDefault(s => s.Name == name) ?? Of(list).FirstOrDefault(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
