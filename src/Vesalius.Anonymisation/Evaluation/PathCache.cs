using System.Collections.Concurrent;
using Vesalius.Anonymisation.Language;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Paths that a script writes as strings, read once.</summary>
internal sealed class PathCache
{
    private const int MostPaths = 1000;
    private readonly ConcurrentDictionary<(string, bool), TagPath> _paths = new();

    /// <summary>Reads a text that holds nothing but a path.</summary>
    /// <exception cref="ScriptException">It does not.</exception>
    public TagPath Get(string text, bool byNumber)
    {
        if (_paths.TryGetValue((text, byNumber), out var known))
        {
            return known;
        }

        var path = PathParser.ParseWhole(text, byNumber);

        // Paths that come from values could otherwise grow without end.
        if (_paths.Count < MostPaths)
        {
            _paths.TryAdd((text, byNumber), path);
        }

        return path;
    }
}
