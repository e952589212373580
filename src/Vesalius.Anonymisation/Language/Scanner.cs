using System.Globalization;
using System.Text;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Language;

/// <summary>Reads the symbols that both dialects share: blanks, names, numbers, strings, tags.</summary>
internal sealed class Scanner(ScriptText source)
{
    private readonly string _text = source.Text;

    public int Index { get; set; }

    public bool AtEnd => Index >= _text.Length;

    public char Current => AtEnd ? '\0' : _text[Index];

    public ScriptPosition Position => source.PositionOf(Index);

    public ScriptException Expected(string what) =>
        new(Position, AtEnd ? $"{what} was expected, but the script ends." : Current == '\n' ? $"{what} was expected, but the line ends." : $"{what} was expected.");

    public void SkipBlanks()
    {
        while (Current is ' ' or '\t')
        {
            Index++;
        }
    }

    public void SkipLines()
    {
        while (Current is ' ' or '\t' or '\n')
        {
            Index++;
        }
    }

    public bool TryTake(string symbol)
    {
        if (string.CompareOrdinal(_text, Index, symbol, 0, symbol.Length) != 0)
        {
            return false;
        }

        Index += symbol.Length;
        return true;
    }

    public void Take(string symbol)
    {
        if (!TryTake(symbol))
        {
            throw Expected($"'{symbol}'");
        }
    }

    public bool IsAt(string symbol) => string.CompareOrdinal(_text, Index, symbol, 0, symbol.Length) == 0;

    public static bool StartsName(char c) => c is '_' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z');

    public string Name()
    {
        var start = Index;
        if (!StartsName(Current))
        {
            throw Expected("a name");
        }

        while (StartsName(Current) || char.IsAsciiDigit(Current))
        {
            Index++;
        }

        return _text[start..Index];
    }

    public string? PeekName()
    {
        if (!StartsName(Current))
        {
            return null;
        }

        var end = Index;
        while (end < _text.Length && (StartsName(_text[end]) || char.IsAsciiDigit(_text[end])))
        {
            end++;
        }

        return _text[Index..end];
    }

    public string Number()
    {
        var start = Index;
        TryTake("-");
        var digits = Index;
        while (char.IsAsciiDigit(Current))
        {
            Index++;
        }

        if (Index == digits || (Index - digits > 1 && _text[digits] == '0'))
        {
            Index = start;
            throw Expected("a number without superfluous zeros");
        }

        if (Current == '.' && Index + 1 < _text.Length && char.IsAsciiDigit(_text[Index + 1]))
        {
            Index++;
            while (char.IsAsciiDigit(Current))
            {
                Index++;
            }
        }

        if (StartsName(Current) || Current == '.')
        {
            throw Expected("the end of the number");
        }

        return _text[start..Index];
    }

    /// <summary>A string of version 6: only a doubled backslash is converted (§2.5).</summary>
    public string String6()
    {
        Take("\"");
        var text = new StringBuilder();
        while (Current != '"')
        {
            if (AtEnd || Current == '\n')
            {
                throw Expected("'\"'");
            }

            if (Current != '\\')
            {
                text.Append(Current);
                Index++;
                continue;
            }

            var length = EscapeLength6(Index + 1);
            text.Append(length == 1 && _text[Index + 1] == '\\' ? "\\" : _text.AsSpan(Index, length + 1));
            Index += length + 1;
        }

        Index++;
        return text.ToString();
    }

    private int EscapeLength6(int at)
    {
        if (at < _text.Length && "\\nrtbf()".Contains(_text[at], StringComparison.Ordinal))
        {
            return 1;
        }

        if (at + 2 < _text.Length && _text.AsSpan(at, 3).IndexOfAnyExceptInRange('0', '7') < 0)
        {
            return 3;
        }

        Index = at;
        throw Expected("one of \\ n r t b f ( ) or three octal digits behind the backslash");
    }

    /// <summary>A tag in parentheses.</summary>
    /// <param name="byNumber">True where private elements go by their real number (version 4, set and delete).</param>
    public TagPattern Tag(bool byNumber)
    {
        var position = Position;
        Take("(");
        uint mask = 0, value = 0, parity = 0, parityValue = 0;
        for (var i = 0; i < 4; i++)
        {
            Digit(ref mask, ref value, ref parity, ref parityValue);
        }

        var lastGroupDigit = _text[Index - 1];
        SkipBlanks();
        Take(",");
        SkipBlanks();
        if (byNumber)
        {
            for (var i = 0; i < 4; i++)
            {
                Digit(ref mask, ref value, ref parity, ref parityValue);
            }

            Take(")");
            return new TagPattern(mask, value, parity, parityValue, null);
        }

        var isPrivate = lastGroupDigit == '#' || (char.IsAsciiHexDigit(lastGroupDigit) && (Convert.ToInt32(lastGroupDigit.ToString(), 16) & 1) == 1);
        if (lastGroupDigit is 'X' or 'x')
        {
            throw new ScriptException(position, "the last digit of a group must tell even from odd: write a digit, '@' or '#'.");
        }

        string? creator = null;
        if (Current == '{')
        {
            if (!isPrivate)
            {
                throw new ScriptException(position, "a creator stands only in odd groups.");
            }

            creator = CreatorName();
            mask <<= 8;
            value <<= 8;
            parity <<= 8;
            parityValue <<= 8;
            Digit(ref mask, ref value, ref parity, ref parityValue);
            Digit(ref mask, ref value, ref parity, ref parityValue);
        }
        else
        {
            if (isPrivate)
            {
                throw new ScriptException(position, "a private element is written with its creator: (gggg,{creator}ee).");
            }

            for (var i = 0; i < 4; i++)
            {
                Digit(ref mask, ref value, ref parity, ref parityValue);
            }
        }

        Take(")");
        return new TagPattern(mask, value, parity, parityValue, creator);
    }

    private string CreatorName()
    {
        Take("{");
        var start = Index;
        while (Current is not ('}' or '{' or '\n' or '\0'))
        {
            Index++;
        }

        var name = _text[start..Index].Trim();
        if (Current != '}' || name.Length == 0)
        {
            throw Expected("a creator's name and '}'");
        }

        Index++;
        return name;
    }

    private void Digit(ref uint mask, ref uint value, ref uint parity, ref uint parityValue)
    {
        var c = Current;
        mask <<= 4;
        value <<= 4;
        parity <<= 4;
        parityValue <<= 4;
        if (char.IsAsciiHexDigit(c))
        {
            mask |= 0xF;
            value |= (uint)Convert.ToInt32(c.ToString(), 16);
        }
        else if (c is '@' or '#')
        {
            parity |= 1;
            parityValue |= c == '#' ? 1u : 0u;
        }
        else if (c is not ('X' or 'x'))
        {
            throw Expected("a hexadecimal digit, 'X', '@' or '#'");
        }

        Index++;
    }

    /// <summary>Digits of an item number.</summary>
    public int? ItemNumber()
    {
        if (TryTake("%"))
        {
            return null;
        }

        var start = Index;
        while (char.IsAsciiDigit(Current))
        {
            Index++;
        }

        if (!int.TryParse(_text.AsSpan(start, Index - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            Index = start;
            throw Expected("an item number or '%'");
        }

        return number;
    }

    public string Slice(int start, int end) => _text[start..end].Trim();
}
