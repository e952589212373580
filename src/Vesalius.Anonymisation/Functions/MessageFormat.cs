using System.Globalization;
using System.Text;
using Vesalius.Anonymisation.Evaluation;

namespace Vesalius.Anonymisation.Functions;

/// <summary>Java's message format as far as the language uses it: <c>{0}</c>, quotes.</summary>
internal static class MessageFormat
{
    public static ScriptValue Format(FunctionCall call) =>
        ScriptValue.Of(Apply(call.RequiredText(0), [.. call.Flatten(1).Select(v => call.TextOf(v) ?? "null")]));

    public static string Apply(string pattern, IReadOnlyList<string> values)
    {
        var result = new StringBuilder(pattern.Length + 32);
        var quoted = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\'')
            {
                if (i + 1 < pattern.Length && pattern[i + 1] == '\'')
                {
                    result.Append('\'');
                    i++;
                }
                else
                {
                    quoted = !quoted;
                }
            }
            else if (quoted || c is not ('{' or '}'))
            {
                result.Append(c);
            }
            else if (c == '}')
            {
                throw new EvaluationException("the pattern given to 'format' has a brace that is not matched or holds no number.");
            }
            else
            {
                var end = pattern.IndexOf('}', i);
                if (end < 0 || !int.TryParse(pattern.AsSpan(i + 1, end - i - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                {
                    throw new EvaluationException("the pattern given to 'format' has a brace that is not matched or holds no number.");
                }

                result.Append(index < values.Count ? values[index] : pattern.AsSpan(i, end - i + 1));
                ScriptValue.Bounded(result, result.Length);
                i = end;
            }
        }

        return result.ToString();
    }
}
