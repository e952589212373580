using Vesalius.Anonymisation.Language;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>A value while a script runs.</summary>
internal abstract record ScriptValue
{
    public static readonly ScriptValue Missing = new MissingValue();

    private const int LongestText = 64 * 1024 * 1024;

    public static ScriptValue Of(string text) => new TextValue(Bounded(text, text.Length));

    /// <summary>Refuses a text that would become longer than the language allows (§9.3), before it is made.</summary>
    public static T Bounded<T>(T passed, long length) => length <= LongestText ? passed : throw new EvaluationException("the value is longer than 64 MiB.");

    public static ScriptValue Of(bool truth) => new TextValue(truth ? "true" : "false");
}

internal sealed record MissingValue : ScriptValue;

internal sealed record TextValue(string Text) : ScriptValue;

/// <summary>A place that was handed over as such.</summary>
internal sealed record PlaceValue(TagPath Path) : ScriptValue;

/// <summary>A list; members of lists within it are its own (§4.6).</summary>
internal sealed record ListValue : ScriptValue
{
    private const int MostMembers = 100_000;

    public ListValue(IEnumerable<ScriptValue> members)
    {
        var flat = new List<ScriptValue>();
        foreach (var member in members)
        {
            if (member is ListValue inner)
            {
                flat.AddRange(inner.Members);
            }
            else
            {
                flat.Add(member);
            }

            if (flat.Count > MostMembers)
            {
                throw new EvaluationException($"a list has more than {MostMembers} members.");
            }
        }

        Members = flat;
    }

    public IReadOnlyList<ScriptValue> Members { get; }
}
