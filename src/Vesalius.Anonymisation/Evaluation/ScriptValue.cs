using Vesalius.Anonymisation.Language;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>A value while a script runs.</summary>
internal abstract record ScriptValue
{
    public static readonly ScriptValue Missing = new MissingValue();

    public static ScriptValue Of(string text) => new TextValue(text);

    public static ScriptValue Of(bool truth) => new TextValue(truth ? "true" : "false");
}

internal sealed record MissingValue : ScriptValue;

internal sealed record TextValue(string Text) : ScriptValue;

/// <summary>A place that was handed over as such.</summary>
internal sealed record PlaceValue(TagPath Path) : ScriptValue;

internal sealed record ListValue(IReadOnlyList<ScriptValue> Members) : ScriptValue;
