namespace Vesalius.Anonymisation.Residual;

/// <summary>A text to look for.</summary>
/// <param name="Text">In reduced form.</param>
/// <param name="Kind">What it is.</param>
/// <param name="WholeWords">True if it counts only between boundaries.</param>
internal sealed record SoughtText(string Text, string Kind, bool WholeWords);

/// <summary>Finds any of many texts in one pass (Aho and Corasick 1975).</summary>
internal sealed class PatternAutomaton
{
    private const int Plain = 36;

    private sealed class Node
    {
        // Letters and digits without marks have a place of their own; whatever else there is goes through the dictionary.
        private readonly Node?[] _plain = new Node?[Plain];
        private Dictionary<char, Node>? _others;

        public Node? Fallback { get; set; }

        public List<SoughtText> Ends { get; } = [];

        public IEnumerable<(char Character, Node Node)> Children =>
            _plain.Select((n, i) => ((char)(i < 26 ? 'a' + i : '0' + i - 26), n)).Where(c => c.n is not null).Select(c => (c.Item1, c.n!))
                .Concat((_others ?? []).Select(o => (o.Key, o.Value)));

        public Node? Next(char c)
        {
            if (c is >= 'a' and <= 'z')
            {
                return _plain[c - 'a'];
            }

            return c is >= '0' and <= '9' ? _plain[c - '0' + 26] : _others?.GetValueOrDefault(c);
        }

        public void Add(char c, Node node)
        {
            if (c is >= 'a' and <= 'z')
            {
                _plain[c - 'a'] = node;
            }
            else if (c is >= '0' and <= '9')
            {
                _plain[c - '0' + 26] = node;
            }
            else
            {
                (_others ??= [])[c] = node;
            }
        }
    }

    private readonly Node _root = new();

    public PatternAutomaton(IEnumerable<SoughtText> texts)
    {
        foreach (var text in texts.DistinctBy(t => (t.Text, t.Kind)))
        {
            var node = _root;
            foreach (var c in text.Text)
            {
                if (node.Next(c) is not { } next)
                {
                    node.Add(c, next = new Node());
                }

                node = next;
            }

            node.Ends.Add(text);
            IsEmpty = false;
        }

        Link();
    }

    /// <summary>True if there is nothing to look for.</summary>
    public bool IsEmpty { get; } = true;

    private void Link()
    {
        var open = new Queue<Node>();
        foreach (var (_, child) in _root.Children)
        {
            child.Fallback = _root;
            open.Enqueue(child);
        }

        while (open.TryDequeue(out var node))
        {
            foreach (var (c, child) in node.Children)
            {
                var fallback = node.Fallback;
                while (fallback is not null && fallback.Next(c) is null)
                {
                    fallback = fallback.Fallback;
                }

                child.Fallback = fallback?.Next(c) ?? _root;
                child.Ends.AddRange(child.Fallback.Ends);
                open.Enqueue(child);
            }
        }
    }

    /// <summary>Kinds of the texts that occur; null if none does.</summary>
    public HashSet<string>? Find(CompactText text)
    {
        HashSet<string>? kinds = null;
        var node = _root;
        for (var i = 0; i < text.Text.Length; i++)
        {
            var c = text.Text[i];
            Node? next;
            while ((next = node.Next(c)) is null && node.Fallback is { } fallback)
            {
                node = fallback;
            }

            node = next ?? _root;
            foreach (var end in node.Ends)
            {
                if (!end.WholeWords || (text.Starts[i + 1] && text.Starts[i + 1 - end.Text.Length]))
                {
                    (kinds ??= []).Add(end.Kind);
                }
            }
        }

        return kinds;
    }
}
