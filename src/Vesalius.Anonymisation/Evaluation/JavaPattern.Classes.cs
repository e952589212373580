using System.Text;

namespace Vesalius.Anonymisation.Evaluation;

// Classes in brackets, and named sets of characters.
internal sealed partial class JavaPattern
{
    /// <summary>Reads a class in brackets.</summary>
    private sealed class JavaClass(JavaPattern owner)
    {
        private static readonly Dictionary<char, string> Shorthands = new()
        {
            ['d'] = "0-9", ['w'] = "a-zA-Z_0-9", ['s'] = @" \t\n\x0B\f\r",
            ['h'] = @" \t\xA0\u1680\u180E\u2000-\u200A\u202F\u205F\u3000", ['v'] = @"\n\x0B\f\r\u0085\u2028\u2029",
        };

        private static readonly Dictionary<string, string> Posix = new(StringComparer.Ordinal)
        {
            ["Lower"] = "a-z", ["Upper"] = "A-Z", ["ASCII"] = @"\x00-\x7F", ["Alpha"] = "a-zA-Z", ["Digit"] = "0-9", ["Alnum"] = "a-zA-Z0-9",
            ["Punct"] = @"!-/:-@\[-`\{-~", ["Graph"] = "!-~", ["Print"] = " -~", ["Blank"] = @" \t", ["Cntrl"] = @"\x00-\x1F\x7F",
            ["XDigit"] = "0-9a-fA-F", ["Space"] = @" \t\n\x0B\f\r",
        };

        private static readonly HashSet<string> Categories =
        [
            "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
            "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co", "Cn",
        ];

        private readonly List<string> _intersected = [];
        private readonly List<string> _fragments = [];
        private readonly StringBuilder _items = new();

        /// <summary>A named set behind a backslash: <c>\d</c>, <c>\P{Alpha}</c>, <c>\p{Lu}</c>.</summary>
        public static bool TryNamed(JavaPattern owner, out (string Set, bool Negated) named)
        {
            var c = owner.Current;
            if (Shorthands.TryGetValue(char.ToLowerInvariant(c), out var set))
            {
                owner._index++;
                named = (set, char.IsAsciiLetterUpper(c));
                return true;
            }

            named = default;
            if (c is not ('p' or 'P'))
            {
                return false;
            }

            owner._index++;
            string name;
            if (owner.TryTake("{"))
            {
                var end = owner._pattern.IndexOf('}', owner._index);
                name = end < 0 ? throw Invalid("a class is not closed") : owner._pattern[owner._index..end];
                owner._index = end + 1;
            }
            else
            {
                name = owner.AtEnd ? "" : owner.CodePoint();
            }

            var category = name.StartsWith("Is", StringComparison.Ordinal) ? name[2..] : name;
            named = Posix.TryGetValue(name, out var posix) ? (posix, c == 'P')
                : Categories.Contains(category) ? ($"\\p{{{category}}}", c == 'P')
                : throw Unsupported("named classes other than POSIX ones and Unicode categories");
            return true;
        }

        public string Read()
        {
            if (++owner._depth > DeepestNesting)
            {
                throw Invalid("it is nested too deeply");
            }

            var negated = owner.TryTake("^");
            while (true)
            {
                if (owner.AtEnd)
                {
                    throw Invalid("a class is not closed");
                }

                if (owner._comments && char.IsWhiteSpace(owner.Current))
                {
                    owner._index++;
                }
                else if (owner.Current == ']' && (_items.Length > 0 || _fragments.Count > 0 || _intersected.Count > 0))
                {
                    owner._index++;
                    break;
                }
                else if (owner.TryTake("&&"))
                {
                    Intersect();
                }
                else if (owner.TryTake("["))
                {
                    _fragments.Add(new JavaClass(owner).Read());
                }
                else
                {
                    Item();
                }
            }

            owner._depth--;
            return Result(negated);
        }

        private string Result(bool negated)
        {
            if (_intersected.Count == 0 && _fragments.Count == 0)
            {
                return negated ? $"[^{_items}]" : $"[{_items}]";
            }

            Intersect();
            var all = string.Concat(_intersected.Select(f => $"(?={f})"));
            return negated ? $@"(?:(?!{all})[\s\S])" : $@"(?:{all}[\s\S])";
        }

        private void Intersect()
        {
            if (_items.Length > 0)
            {
                _fragments.Add($"[{_items}]");
            }

            if (_fragments.Count > 0)
            {
                _intersected.Add(string.Join('|', _fragments));
            }

            _items.Clear();
            _fragments.Clear();
        }

        private void Item()
        {
            if (owner.TryTake("\\"))
            {
                if (owner.TryTake("Q"))
                {
                    var end = owner._pattern.IndexOf("\\E", owner._index, StringComparison.Ordinal);
                    var text = end < 0 ? owner._pattern[owner._index..] : owner._pattern[owner._index..end];
                    owner._index = end < 0 ? owner._pattern.Length : end + 2;
                    _items.Append(string.Concat(text.Select(LiteralUnit)));
                    return;
                }

                if (owner.AtEnd)
                {
                    throw Invalid("a class is not closed");
                }

                if (TryNamed(owner, out var named))
                {
                    if (named.Negated)
                    {
                        _fragments.Add($"[^{named.Set}]");
                    }
                    else
                    {
                        _items.Append(named.Set);
                    }

                    return;
                }

                owner._index--;
            }

            var first = Character();
            if (owner.Current == '-' && owner._index + 1 < owner._pattern.Length && owner._pattern[owner._index + 1] is not (']' or '['))
            {
                owner._index++;
                var last = Character();
                if (first.Length > 1 || last.Length > 1)
                {
                    throw Unsupported("ranges beyond the basic plane");
                }

                if (first[0] > last[0])
                {
                    throw Invalid("a range ends before it begins");
                }

                _items.Append(LiteralUnit(first[0])).Append('-').Append(LiteralUnit(last[0]));
            }
            else if (first.Length > 1)
            {
                throw Unsupported("classes with characters beyond the basic plane");
            }
            else
            {
                _items.Append(LiteralUnit(first[0]));
            }
        }

        private string Character()
        {
            if (!owner.TryTake("\\"))
            {
                return owner.CodePoint();
            }

            return owner.AtEnd ? throw Invalid("a class is not closed") : owner.EscapedCharacter();
        }
    }
}
