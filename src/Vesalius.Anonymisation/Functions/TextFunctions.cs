using System.Text;
using Vesalius.Anonymisation.Evaluation;

namespace Vesalius.Anonymisation.Functions;

/// <summary>Functions on text.</summary>
internal static class TextFunctions
{
    public static ScriptValue Concatenate(FunctionCall call) =>
        ScriptValue.Of(string.Concat(Enumerable.Range(0, call.Arguments.Count).Select(call.RequiredText)));

    public static ScriptValue Substring(FunctionCall call)
    {
        var text = call.RequiredText(0);
        var start = call.RequiredInteger(1);
        var end = call.RequiredInteger(2);
        if (start < 0 || end > text.Length || start > end)
        {
            throw new EvaluationException("the positions given to 'substring' do not lie within the text.");
        }

        return ScriptValue.Of(text[(int)start..(int)end]);
    }

    public static ScriptValue Replace(FunctionCall call)
    {
        var (text, old, replacement) = (call.RequiredText(0), call.RequiredText(1), call.RequiredText(2));
        if (old.Length > 0)
        {
            return ScriptValue.Of(text.Replace(old, replacement, StringComparison.Ordinal));
        }

        // As in Java, an empty text occurs between any two characters and at both ends.
        return ScriptValue.Of(replacement + string.Concat(text.Select(c => c + replacement)));
    }

    public static ScriptValue Match(FunctionCall call)
    {
        var match = call.Run.Patterns.Search(call.RequiredText(0), call.RequiredText(1));
        var number = call.RequiredInteger(2);
        if (number < 0 || number >= match.Groups.Count && match.Success)
        {
            throw new EvaluationException("the regular expression has no such group.");
        }

        return match.Success && match.Groups[(int)number].Success ? ScriptValue.Of(match.Groups[(int)number].Value) : ScriptValue.Missing;
    }

    public static ScriptValue NormalizeString(FunctionCall call)
    {
        if (call.Text(0) is not { } text)
        {
            return ScriptValue.Missing;
        }

        var replacement = call.Arguments.Count > 1 ? call.RequiredText(1) : "_";
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(rune.IsAscii ? rune.ToString() : replacement);
        }

        return ScriptValue.Of(result.ToString());
    }

    public static ScriptValue Lookup(FunctionCall call) =>
        call.Run.Context.Lookup?.Find(call.RequiredText(0), call.RequiredText(1)) is { } value ? ScriptValue.Of(value) : ScriptValue.Missing;
}
