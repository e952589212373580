using System.Text;
using System.Text.RegularExpressions;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Translates Java's regular expressions to .NET's (§6.1 of the language).</summary>
internal static class JavaPattern
{
    private const string LineEnds = "\\n\\r\\u0085\\u2028\\u2029";

    // Shorthands are ASCII in Java. The second form is the set without brackets, for use inside a class.
    private static readonly Dictionary<char, string> Shorthands = new()
    {
        ['d'] = "0-9",
        ['D'] = "\\x00-/:-\\uFFFF",
        ['w'] = "a-zA-Z_0-9",
        ['W'] = "\\x00-/:-@\\[-\\^`\\{-\\uFFFF",
        ['s'] = " \\t\\n\\x0B\\f\\r",
        ['S'] = "\\x00-\\x08\\x0E-\\x1F!-\\uFFFF",
        ['h'] = " \\t\\xA0\\u1680\\u180E\\u2000-\\u200A\\u202F\\u205F\\u3000",
    };

    private static readonly Dictionary<string, string> PosixClasses = new()
    {
        ["Lower"] = "a-z", ["Upper"] = "A-Z", ["ASCII"] = "\\x00-\\x7F", ["Alpha"] = "a-zA-Z", ["Digit"] = "0-9", ["Alnum"] = "a-zA-Z0-9",
        ["Punct"] = "!-/:-@\\[-`\\{-~", ["Graph"] = "!-~", ["Print"] = " -~", ["Blank"] = " \\t", ["Cntrl"] = "\\x00-\\x1F\\x7F",
        ["XDigit"] = "0-9a-fA-F", ["Space"] = " \\t\\n\\x0B\\f\\r",
    };

    /// <exception cref="EvaluationException">The pattern uses what cannot be translated.</exception>
    public static string Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                i = Escape(pattern, i + 1, inClass, result);
            }
            else if (inClass)
            {
                if (c == '&' && i + 1 < pattern.Length && pattern[i + 1] == '&')
                {
                    throw new EvaluationException("class intersections (&&) are not supported in regular expressions.");
                }

                if (c == '[')
                {
                    throw new EvaluationException("classes within classes are not supported in regular expressions.");
                }

                inClass = c != ']';
                result.Append(c);
            }
            else if (c == '[')
            {
                inClass = true;
                result.Append(c);
                // A bracket right at the start of a class stands for itself in .NET but closes it in Java; it is refused by neither.
                if (i + 1 < pattern.Length && pattern[i + 1] == '^')
                {
                    result.Append(pattern[++i]);
                }
            }
            else if (c == '.')
            {
                result.Append("[^" + LineEnds + "]");
            }
            else if (c == '+' && i > 0 && pattern[i - 1] is '*' or '+' or '?' or '}' && !IsEscaped(pattern, i - 1) && c == '+')
            {
                throw new EvaluationException("possessive quantifiers are not supported in regular expressions.");
            }
            else
            {
                result.Append(c);
            }
        }

        return result.ToString();
    }

    private static bool IsEscaped(string pattern, int index)
    {
        var count = 0;
        while (--index >= 0 && pattern[index] == '\\')
        {
            count++;
        }

        return (count & 1) == 1;
    }

    private static int Escape(string pattern, int index, bool inClass, StringBuilder result)
    {
        var c = pattern[index];
        if (c == 'Q')
        {
            var end = pattern.IndexOf("\\E", index + 1, StringComparison.Ordinal);
            var literal = end < 0 ? pattern[(index + 1)..] : pattern[(index + 1)..end];
            result.Append(Regex.Escape(literal).Replace("]", "\\]", StringComparison.Ordinal));
            return end < 0 ? pattern.Length - 1 : end + 1;
        }

        if (Shorthands.TryGetValue(c, out var set))
        {
            result.Append(inClass ? set : $"[{set}]");
            return index;
        }

        if (c is 'p' or 'P' && index + 1 < pattern.Length && pattern[index + 1] == '{')
        {
            var end = pattern.IndexOf('}', index);
            if (end > 0 && PosixClasses.TryGetValue(pattern[(index + 2)..end], out var posix))
            {
                if (c == 'P' && inClass)
                {
                    throw new EvaluationException("negated named classes within classes are not supported in regular expressions.");
                }

                result.Append(inClass ? posix : c == 'p' ? $"[{posix}]" : $"[^{posix}]");
                return end;
            }
        }

        result.Append('\\').Append(c);
        return index;
    }
}
