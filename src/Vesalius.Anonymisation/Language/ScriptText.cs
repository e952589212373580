using System.Text;

namespace Vesalius.Anonymisation.Language;

/// <summary>A script's characters with lines joined and comments taken out, each with the place where it was typed (§2 of the language).</summary>
internal sealed class ScriptText
{
    private readonly List<int> _origins = [];
    private readonly List<int> _lineStarts = [0];

    public ScriptText(string source)
    {
        Source = source.StartsWith('\uFEFF') ? source[1..] : source;
        for (var i = 0; i < Source.Length; i++)
        {
            if (Source[i] == '\n')
            {
                _lineStarts.Add(i + 1);
            }
        }

        Text = Clean();
    }

    public string Source { get; }

    /// <summary>The line as typed that chooses the dialect: the first that begins with <c>version</c> in its first column; null if none does (§3).</summary>
    public (string Text, int Number)? VersionLine()
    {
        for (var i = 0; i < _lineStarts.Count; i++)
        {
            if (string.CompareOrdinal(Source, _lineStarts[i], "version", 0, 7) == 0)
            {
                var end = i + 1 < _lineStarts.Count ? _lineStarts[i + 1] : Source.Length;
                return (Source[_lineStarts[i]..end], i + 1);
            }
        }

        return null;
    }

    /// <summary>True if a line was joined to the one before.</summary>
    public bool JoinsLines { get; private set; }

    /// <summary>What is left: LF for every line end, no comments.</summary>
    public string Text { get; }

    /// <summary>The place of a character of <see cref="Text"/>; one past the end is the end of the source.</summary>
    public ScriptPosition PositionOf(int index)
    {
        var origin = index < _origins.Count ? _origins[index] : Source.Length;
        var line = _lineStarts.BinarySearch(origin);
        if (line < 0)
        {
            line = ~line - 1;
        }

        return new ScriptPosition(line + 1, origin - _lineStarts[line] + 1);
    }

    private string Clean()
    {
        var joined = Join();
        var text = new StringBuilder(joined.Count);
        var inString = false;
        for (var i = 0; i < joined.Count; i++)
        {
            var (c, origin) = joined[i];
            if (c == '\n')
            {
                inString = false;
            }
            else if (inString && c == '\\' && i + 1 < joined.Count && joined[i + 1].Character != '\n')
            {
                Add(c, origin);
                i++;
                (c, origin) = joined[i];
            }
            else if (c == '"')
            {
                inString = !inString;
            }
            else if (c == '{' && !inString && CreatorFollows(text))
            {
                // A creator's name may hold what would be a comment or a quote elsewhere.
                while (i + 1 < joined.Count && joined[i].Character != '}' && joined[i + 1].Character is not ('{' or '\n'))
                {
                    Add(joined[i].Character, joined[i].Origin);
                    i++;
                }

                (c, origin) = joined[i];
            }
            else if (!inString && c == '/' && i + 1 < joined.Count && joined[i + 1].Character == '/' && (i == 0 || joined[i - 1].Character != ':'))
            {
                while (i + 1 < joined.Count && joined[i + 1].Character != '\n')
                {
                    i++;
                }

                continue;
            }

            Add(c, origin);
        }

        return text.ToString();

        void Add(char character, int origin)
        {
            text.Append(character);
            _origins.Add(origin);
        }
    }

    // True right behind "(gggg,", where the brace of a private creator opens.
    private static bool CreatorFollows(StringBuilder text)
    {
        var at = text.Length - 1;
        while (at >= 0 && text[at] is ' ' or '\t')
        {
            at--;
        }

        if (at < 0 || text[at--] != ',')
        {
            return false;
        }

        while (at >= 0 && text[at] is ' ' or '\t')
        {
            at--;
        }

        return at >= 4 && text[at - 4] == '(';
    }

    // Joining comes before comments, so a comment that ends in a backslash swallows the next line.
    private List<(char Character, int Origin)> Join()
    {
        var joined = new List<(char, int)>(Source.Length);
        for (var i = 0; i < Source.Length; i++)
        {
            var c = Source[i];
            if (c == '\r' && i + 1 < Source.Length && Source[i + 1] == '\n')
            {
                continue;
            }

            if (c == '\\' && EndsLine(i + 1, out var end))
            {
                i = end;
                JoinsLines = true;
                continue;
            }

            joined.Add((c == '\r' ? '\n' : c, i));
        }

        return joined;
    }

    private bool EndsLine(int index, out int end)
    {
        end = index;
        if (index == Source.Length)
        {
            // The last line has no next one; the backslash goes all the same.
            return true;
        }

        if (index < Source.Length && Source[index] == '\r')
        {
            end = ++index;
        }

        return index < Source.Length && Source[index] == '\n' && (end = index) >= 0;
    }
}
