using Vesalius.Anonymisation.Evaluation;
using Vesalius.Anonymisation.Language;

namespace Vesalius.Anonymisation.Functions;

/// <summary>A call with its arguments as they came: paths stay paths.</summary>
internal sealed record FunctionCall(ScriptRun Run, string Name, IReadOnlyList<ScriptValue> Arguments)
{
    /// <summary>True if the result is assigned to the very element that the first argument names (§12, 2).</summary>
    public bool IsAssignedToItsSource { get; init; }

    /// <summary>An argument as text; null if missing.</summary>
    public string? Text(int index) => TextOf(Arguments[index]);

    public string? TextOf(ScriptValue value) => (value is PlaceValue place ? PathLookup.Read(Run, place.Path) : value) switch
    {
        TextValue text => text.Text,
        ListValue => throw new EvaluationException($"'{Name}' wants a text, not a list."),
        _ => null,
    };

    /// <summary>An argument as text that may not be missing.</summary>
    public string RequiredText(int index) => Text(index) ?? throw new EvaluationException($"an argument of '{Name}' is missing in the object.");

    /// <summary>An argument as a whole number.</summary>
    public long RequiredInteger(int index) =>
        long.TryParse(RequiredText(index).Trim(), System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new EvaluationException($"argument {index + 1} of '{Name}' is not a whole number.");

    /// <summary>Arguments from an index on, with the members of lists in their place.</summary>
    public IEnumerable<ScriptValue> Flatten(int from = 0) => Arguments.Skip(from).SelectMany(Flatten);

    private static IReadOnlyList<ScriptValue> Flatten(ScriptValue value) => value is ListValue list ? list.Members : [value];

    /// <summary>Arguments from an index on as places: paths, strings that hold paths, or lists of either.</summary>
    public IEnumerable<TagPath> Places(int from = 0) => Flatten(from).Select(Place);

    public TagPath Place(ScriptValue value) => value switch
    {
        PlaceValue place => place.Path,
        TextValue text => Parse(text.Text, byNumber: false),
        _ => throw new EvaluationException($"'{Name}' wants a path."),
    };

    public TagPath Parse(string text, bool byNumber)
    {
        try
        {
            return Run.Paths.Get(text, byNumber);
        }
        catch (ScriptException e)
        {
            throw new EvaluationException($"'{Name}' was given a text that is no path: {e.Reason}");
        }
    }
}
