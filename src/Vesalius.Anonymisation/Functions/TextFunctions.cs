using System.Text;
using Vesalius.Anonymisation.Evaluation;

namespace Vesalius.Anonymisation.Functions;

/// <summary>Functions on text.</summary>
internal static class TextFunctions
{
    public static ScriptValue Concatenate(FunctionCall call)
    {
        var parts = Enumerable.Range(0, call.Arguments.Count).Select(call.RequiredText).ToList();
        return ScriptValue.Of(string.Concat(ScriptValue.Bounded(parts, parts.Sum(p => (long)p.Length))));
    }

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
        var occurrences = old.Length > 0 ? Occurrences(text, old) : text.Length + 1;
        ScriptValue.Bounded(text, text.Length + ((long)occurrences * replacement.Length));
        if (old.Length > 0)
        {
            return ScriptValue.Of(text.Replace(old, replacement, StringComparison.Ordinal));
        }

        // As in Java, an empty text occurs between any two characters and at both ends.
        return ScriptValue.Of(replacement + string.Concat(text.Select(c => c + replacement)));
    }

    private static int Occurrences(string text, string part)
    {
        var count = 0;
        for (var at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
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
        if (call.Arguments[0] is PlaceValue place && PathLookup.Find(call.Run, place.Path) is [var found, ..] && !found.Element.Vr.IsText)
        {
            throw new EvaluationException($"{found.Element.Tag} is {found.Element.Vr}, which 'normalizeString' does not change.");
        }

        if (call.Text(0) is not { } text)
        {
            return ScriptValue.Missing;
        }

        var replacement = call.Arguments.Count > 1 ? call.RequiredText(1) : "_";
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(rune.IsAscii ? rune.ToString() : replacement);
            ScriptValue.Bounded(result, result.Length);
        }

        return ScriptValue.Of(result.ToString());
    }

    public static ScriptValue GetUrl(FunctionCall call)
    {
        var url = call.RequiredText(0);
        call.Run.CheckTime();
        try
        {
            return call.Run.Context.Web is { } web ? ScriptValue.Of(web.Read(url)) : throw new EvaluationException("getURL is switched off; an administrator may allow addresses.");
        }
        catch (InvalidOperationException)
        {
            throw new EvaluationException("getURL was given an address that is not allowed or gives nothing.");
        }
    }

    public static ScriptValue Lookup(FunctionCall call) =>
        call.Text(0) is { } kind && call.Text(1) is { } key && call.Run.Context.Lookup?.Find(kind, key) is { } value ? ScriptValue.Of(value) : ScriptValue.Missing;
}
