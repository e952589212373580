using System.Globalization;
using System.Text;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Translates Java's regular expressions to .NET's (§6.1 of the language).</summary>
/// <remarks>Groups are numbered from left to right, named ones too, as Java does; shorthands and word boundaries are ASCII; possessive quantifiers become
/// atomic groups; intersections of classes become look-aheads. What has no counterpart is refused.</remarks>
internal sealed class JavaPattern
{
    private const int DeepestNesting = 100;
    private const string LineEnds = @"\n\r\u0085\u2028\u2029";
    private const string AtEndOrLastLineEnd = @"(?=(?:\r\n|[" + LineEnds + @"])?\z)";

    private readonly string _pattern;
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private int _index;
    private int _groups;
    private int _depth;
    private bool _dotAll;
    private bool _multiline;
    private bool _unixLines;
    private bool _comments;

    private JavaPattern(string pattern) => _pattern = pattern;

    /// <exception cref="EvaluationException">The pattern is not valid in Java, or uses what cannot be translated.</exception>
    public static string Translate(string pattern)
    {
        var translation = new JavaPattern(pattern);
        var result = translation.Alternatives();
        return translation.AtEnd ? result : throw Invalid("a closing parenthesis has no partner");
    }

    private bool AtEnd => _index >= _pattern.Length;

    private char Current => AtEnd ? '\0' : _pattern[_index];

    private static EvaluationException Invalid(string what) => new($"the regular expression is not valid: {what}.");

    private static EvaluationException Unsupported(string what) => new($"{what} are not supported in regular expressions.");

    private bool TryTake(string text)
    {
        if (string.CompareOrdinal(_pattern, _index, text, 0, text.Length) != 0)
        {
            return false;
        }

        _index += text.Length;
        return true;
    }

    private string Alternatives()
    {
        if (++_depth > DeepestNesting)
        {
            throw Invalid("it is nested too deeply");
        }

        var result = new StringBuilder();
        while (true)
        {
            SkipComments();
            if (AtEnd || Current == ')')
            {
                _depth--;
                return result.ToString();
            }

            if (TryTake("|"))
            {
                result.Append('|');
                continue;
            }

            var atom = Atom(result);
            if (atom.Length > 0)
            {
                result.Append(Quantified(atom));
            }
        }
    }

    private void SkipComments()
    {
        while (_comments && !AtEnd && (char.IsWhiteSpace(Current) || Current == '#'))
        {
            if (Current == '#')
            {
                while (!AtEnd && Current != '\n')
                {
                    _index++;
                }
            }
            else
            {
                _index++;
            }
        }
    }

    // One thing that a quantifier can follow. What stands before it without being quantified goes to the result directly.
    private string Atom(StringBuilder before)
    {
        var c = Current;
        switch (c)
        {
            case '(':
                _index++;
                return Group();
            case '[':
                _index++;
                return new JavaClass(this).Read();
            case '\\':
                _index++;
                return Escape(before);
            case '.':
                _index++;
                return _dotAll ? @"[\s\S]" : _unixLines ? @"[^\n]" : $"[^{LineEnds}]";
            case '^':
                _index++;
                return _multiline ? @"(?:\A|(?<=\n|\r(?!\n)|[\u0085\u2028\u2029]))" : @"\A";
            case '$':
                _index++;
                return _multiline ? $@"(?=[{LineEnds}]|\z)" : AtEndOrLastLineEnd;
            case '*' or '+' or '?':
                throw Invalid($"nothing stands before '{c}'");
            case '{':
                throw Invalid("'{' does not follow what could be repeated; write \\{");
            default:
                return Literal(CodePoint());
        }
    }

    /// <summary>The next character as typed, surrogate pairs whole.</summary>
    private string CodePoint()
    {
        var length = char.IsHighSurrogate(Current) && _index + 1 < _pattern.Length && char.IsLowSurrogate(_pattern[_index + 1]) ? 2 : 1;
        var text = _pattern.Substring(_index, length);
        _index += length;
        return text;
    }

    private static string Literal(string codePoint)
    {
        var escaped = string.Concat(codePoint.Select(LiteralUnit));
        return codePoint.Length > 1 ? $"(?:{escaped})" : escaped;
    }

    private static string LiteralUnit(char c) => char.IsAsciiLetterOrDigit(c) ? c.ToString() : $"\\u{(int)c:X4}";

    private string Quantified(string atom)
    {
        SkipComments();
        string quantifier;
        if (Current is '*' or '+' or '?')
        {
            quantifier = Current.ToString();
            _index++;
        }
        else if (Current == '{')
        {
            quantifier = Repetition();
        }
        else
        {
            return atom;
        }

        if (TryTake("+"))
        {
            return $"(?>{atom}{quantifier})";
        }

        return atom + quantifier + (TryTake("?") ? "?" : "");
    }

    private string Repetition()
    {
        var end = _pattern.IndexOf('}', _index);
        var parts = end < 0 ? [] : _pattern[(_index + 1)..end].Split(',');
        if (parts.Length is 0 or > 2 || !IsCount(parts[0]) || (parts.Length == 2 && parts[1].Length > 0 && !IsCount(parts[1])))
        {
            throw Invalid("a repetition is not of the form {n}, {n,} or {n,m}");
        }

        if (parts.Length == 2 && parts[1].Length > 0 && int.Parse(parts[0], CultureInfo.InvariantCulture) > int.Parse(parts[1], CultureInfo.InvariantCulture))
        {
            throw Invalid("a repetition ends before it begins");
        }

        var text = _pattern[_index..(end + 1)];
        _index = end + 1;
        return text;
    }

    private static bool IsCount(string text) => text.Length is > 0 and < 10 && text.All(char.IsAsciiDigit);

    private string Group()
    {
        string open;
        var (dotAll, multiline, unixLines, comments) = (_dotAll, _multiline, _unixLines, _comments);
        if (!TryTake("?"))
        {
            open = $"(?<{++_groups}>";
        }
        else if (TryTake(":") || TryTake("=") || TryTake("!") || TryTake(">") || TryTake("<=") || TryTake("<!"))
        {
            open = "(?" + (_pattern[_index - 2] == '<' ? _pattern.Substring(_index - 2, 2) : _pattern[_index - 1].ToString());
        }
        else if (TryTake("<"))
        {
            var end = _pattern.IndexOf('>', _index);
            var name = end < 0 ? "" : _pattern[_index..end];
            if (name.Length == 0 || !char.IsAsciiLetter(name[0]) || !name.All(char.IsAsciiLetterOrDigit) || !_names.TryAdd(name, ++_groups))
            {
                throw Invalid("a group's name is not letters and digits, or stands twice");
            }

            _index = end + 1;
            open = $"(?<{_groups}>";
        }
        else
        {
            open = Flags(out var isWhole);
            if (isWhole)
            {
                return open;
            }
        }

        var inside = Alternatives();
        if (!TryTake(")"))
        {
            throw Invalid("a group is not closed");
        }

        (_dotAll, _multiline, _unixLines, _comments) = (dotAll, multiline, unixLines, comments);
        return open + inside + ")";
    }

    // (?i), or (?i: of a group that follows. Only the case flag is left to .NET; the others are translated away.
    private string Flags(out bool isWhole)
    {
        var on = true;
        var ignoreCase = "";
        for (; !AtEnd; _index++)
        {
            switch (Current)
            {
                case '-' when on:
                    on = false;
                    break;
                case 'i':
                    ignoreCase = on ? "i" : "-i";
                    break;
                case 's':
                    _dotAll = on;
                    break;
                case 'm':
                    _multiline = on;
                    break;
                case 'd':
                    _unixLines = on;
                    break;
                case 'x':
                    _comments = on;
                    break;
                case 'u':
                    break;
                case 'U':
                    throw Unsupported("Unicode classes (?U)");
                case ')':
                    _index++;
                    isWhole = true;
                    return ignoreCase.Length > 0 ? $"(?{ignoreCase})" : "";
                case ':':
                    _index++;
                    isWhole = false;
                    return $"(?{ignoreCase}:";
                default:
                    throw Invalid("a group begins in a way that is not known");
            }
        }

        throw Invalid("a group is not closed");
    }

    private string Escape(StringBuilder before)
    {
        if (AtEnd)
        {
            throw Invalid("it ends in a backslash");
        }

        var c = Current;
        switch (c)
        {
            case 'Q':
                _index++;
                return Quoted(before);
            case 'b':
                _index++;
                return @"(?:(?<=[a-zA-Z0-9_])(?![a-zA-Z0-9_])|(?<![a-zA-Z0-9_])(?=[a-zA-Z0-9_]))";
            case 'B':
                _index++;
                return @"(?:(?<=[a-zA-Z0-9_])(?=[a-zA-Z0-9_])|(?<![a-zA-Z0-9_])(?![a-zA-Z0-9_]))";
            case 'A' or 'z' or 'G':
                _index++;
                return $"\\{c}";
            case 'Z':
                _index++;
                return AtEndOrLastLineEnd;
            case 'R':
                _index++;
                return @"(?:\r\n|[\n\x0B\f\r\u0085\u2028\u2029])";
            case 'k':
                _index++;
                return NamedReference();
            case >= '1' and <= '9':
                return NumberedReference();
        }

        if (JavaClass.TryNamed(this, out var named))
        {
            return named.Negated ? $"[^{named.Set}]" : $"[{named.Set}]";
        }

        return Literal(EscapedCharacter());
    }

    private string Quoted(StringBuilder before)
    {
        var end = _pattern.IndexOf("\\E", _index, StringComparison.Ordinal);
        var (text, next) = end < 0 ? (_pattern[_index..], _pattern.Length) : (_pattern[_index..end], end + 2);
        _index = next;
        if (text.Length == 0)
        {
            return "";
        }

        // A quantifier behind it concerns the last character only.
        var last = text.Length > 1 && char.IsLowSurrogate(text[^1]) ? 2 : 1;
        before.Append(string.Concat(text.SkipLast(last).Select(LiteralUnit)));
        return Literal(text[^last..]);
    }

    private string NamedReference()
    {
        var end = _pattern.IndexOf('>', _index);
        if (Current != '<' || end < 0 || !_names.TryGetValue(_pattern[(_index + 1)..end], out var number))
        {
            throw Invalid("a reference names no group");
        }

        _index = end + 1;
        return $"\\k<{number}>";
    }

    private string NumberedReference()
    {
        var number = Current - '0';
        _index++;
        while (char.IsAsciiDigit(Current) && (number * 10) + (Current - '0') <= _groups)
        {
            number = (number * 10) + (Current - '0');
            _index++;
        }

        return number <= _groups ? $"\\k<{number}>" : throw Invalid("a reference names no group");
    }

    /// <summary>A character written behind a backslash.</summary>
    private string EscapedCharacter()
    {
        var c = Current;
        switch (c)
        {
            case 't' or 'n' or 'r' or 'f' or 'a' or 'e':
                _index++;
                return c switch { 't' => "\t", 'n' => "\n", 'r' => "\r", 'f' => "\f", 'a' => "\a", _ => "\u001B" };
            case '0':
                _index++;
                var octal = 0;
                var digits = 0;
                while (Current is >= '0' and <= '7' && digits < 3 && (octal * 8) + (Current - '0') <= 0xFF)
                {
                    octal = (octal * 8) + (Current - '0');
                    digits++;
                    _index++;
                }

                return digits > 0 ? ((char)octal).ToString() : throw Invalid("an octal escape has no digits");
            case 'x' when _index + 1 < _pattern.Length && _pattern[_index + 1] == '{':
                var end = _pattern.IndexOf('}', _index);
                var text = end < 0 ? "" : _pattern[(_index + 2)..end];
                if (!int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var scalar) || !Rune.IsValid(scalar))
                {
                    throw Invalid("a hexadecimal escape names no character");
                }

                _index = end + 1;
                return new Rune(scalar).ToString();
            case 'x' or 'u':
                var length = c == 'x' ? 2 : 4;
                if (_index + length >= _pattern.Length || !ushort.TryParse(_pattern.AsSpan(_index + 1, length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
                {
                    throw Invalid("a hexadecimal escape is too short");
                }

                _index += length + 1;
                return ((char)unit).ToString();
            case 'c' when _index + 1 < _pattern.Length:
                _index += 2;
                return ((char)(_pattern[_index - 1] ^ 64)).ToString();
            case >= 'a' and <= 'z' or >= 'A' and <= 'Z':
                throw Unsupported($"escapes \\{c}");
            default:
                return CodePoint();
        }
    }

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
