using Vesalius.Anonymisation.Evaluation;

namespace Vesalius.Anonymisation.Functions;

/// <summary>The functions of version 6 (§7), each with how many arguments it takes.</summary>
internal static class FunctionTable
{
    private sealed record Function(int Fewest, int Most, Func<FunctionCall, ScriptValue> Apply);

    private static readonly Dictionary<string, Function> Functions = new(StringComparer.Ordinal)
    {
        ["concatenate"] = new(1, int.MaxValue, TextFunctions.Concatenate),
        ["format"] = new(1, int.MaxValue, MessageFormat.Format),
        ["substring"] = new(3, 3, TextFunctions.Substring),
        ["replace"] = new(3, 3, TextFunctions.Replace),
        ["lowercase"] = new(1, 1, c => ScriptValue.Of(LetterCase.Lower(c.RequiredText(0)))),
        ["uppercase"] = new(1, 1, c => ScriptValue.Of(LetterCase.Upper(c.RequiredText(0)))),
        ["match"] = new(3, 3, TextFunctions.Match),
        ["ismatch"] = new(2, 2, c => ScriptValue.Of(c.Run.Patterns.FitsWhole(c.RequiredText(0), c.RequiredText(1)))),
        ["normalizeString"] = new(1, 2, TextFunctions.NormalizeString),
        ["lookup"] = new(2, 2, TextFunctions.Lookup),
        ["getURL"] = new(1, 1, TextFunctions.GetUrl),
        ["hashUID"] = new(1, 1, UidFunctions.HashUid),
        ["hashUIDList"] = new(1, int.MaxValue, UidFunctions.HashUidList),
        ["newUID"] = new(0, 0, _ => ScriptValue.Of(UidFunctions.NewUid())),
        ["mapUID"] = new(2, 2, UidFunctions.MapUid),
        ["mapReferencedUIDs"] = new(2, int.MaxValue, UidFunctions.MapReferencedUids),
        ["set"] = new(2, 2, ElementFunctions.Set),
        ["delete"] = new(1, 1, ElementFunctions.Delete),
        ["removeTags"] = new(1, int.MaxValue, ElementFunctions.RemoveTags),
        ["isPresent"] = new(1, int.MaxValue, ElementFunctions.IsPresent),
        ["true"] = new(0, 0, _ => ScriptValue.Of(true)),
        ["false"] = new(0, 0, _ => ScriptValue.Of(false)),
        ["collectValues"] = new(1, int.MaxValue, BlankingFunctions.CollectValues),
        ["blankValues"] = new(1, int.MaxValue, BlankingFunctions.BlankValues),
        ["retainPrivateTags"] = new(1, int.MaxValue, PrivateElements.Retain),
        ["shiftDateByIncrement"] = new(2, 3, DateFunctions.ShiftDate),
        ["shiftDateTimeByIncrement"] = new(2, 3, DateFunctions.ShiftDateTime),
        ["shiftDateTimeSequenceByIncrement"] = new(2, int.MaxValue, DateFunctions.ShiftSequence),
        ["shiftDateTimeListByIncrement"] = new(3, 3, DateFunctions.ShiftList),
        ["scalePatientAgeAndDobFromStudyDate"] = new(0, 0, DateFunctions.ScaleAge),
        ["alterPixels"] = new(4, 4, PixelFunctions.AlterPixels),
        ["reject"] = new(0, 1, ElementFunctions.Reject),
    };

    /// <summary>What is wrong with a call's name or number of arguments; null if nothing.</summary>
    public static string? Fault(string name, int arguments)
    {
        if (!Functions.TryGetValue(name, out var function))
        {
            return $"the function '{name}' is not known.";
        }

        return arguments < function.Fewest || arguments > function.Most ? $"'{name}' does not take {arguments} argument(s)." : null;
    }

    // The version of the language in which a function came (§7); functions that were always there are not listed.
    private static readonly Dictionary<string, int> Since = new(StringComparer.Ordinal)
    {
        ["mapReferencedUIDs"] = 2, ["shiftDateByIncrement"] = 2, ["ismatch"] = 3, ["set"] = 3, ["delete"] = 3, ["retainPrivateTags"] = 3,
        ["shiftDateTimeByIncrement"] = 3, ["shiftDateTimeSequenceByIncrement"] = 3, ["alterPixels"] = 3, ["hashUIDList"] = 6, ["normalizeString"] = 6,
        ["removeTags"] = 6, ["collectValues"] = 6, ["blankValues"] = 6, ["shiftDateTimeListByIncrement"] = 6,
        ["scalePatientAgeAndDobFromStudyDate"] = 6, ["reject"] = 6, ["isPresent"] = 7, ["true"] = 7, ["false"] = 7,
    };

    /// <summary>The minor version that a function needs; 0 if it was always there.</summary>
    public static int NeededVersion(string name) => Since.GetValueOrDefault(name);

    public static ScriptValue Call(FunctionCall call)
    {
        if (Functions.TryGetValue(call.Name, out var function) && call.Arguments.Count >= function.Fewest && call.Arguments.Count <= function.Most)
        {
            return function.Apply(call);
        }

        throw new EvaluationException(Fault(call.Name, call.Arguments.Count)!);
    }
}
