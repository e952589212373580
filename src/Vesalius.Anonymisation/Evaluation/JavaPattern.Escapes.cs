using System.Globalization;
using System.Text;

namespace Vesalius.Anonymisation.Evaluation;

// What stands behind a backslash.
internal sealed partial class JavaPattern
{
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
}
