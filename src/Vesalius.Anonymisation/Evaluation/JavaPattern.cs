using System.Globalization;
using System.Text;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Translates Java's regular expressions to .NET's (§6.1 of the language).</summary>
/// <remarks>Groups are numbered from left to right, named ones too, as Java does; shorthands and word boundaries are ASCII; possessive quantifiers become
/// atomic groups; intersections of classes become look-aheads. What has no counterpart is refused.</remarks>
internal sealed partial class JavaPattern
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
}
