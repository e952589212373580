using System.Net;
using Vesalius.Anonymisation.Evaluation;
using Vesalius.Anonymisation.Functions;
using Vesalius.Anonymisation.Language;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Dialect4;

/// <summary>A statement of version 4.</summary>
/// <param name="Position">Where it stands.</param>
/// <param name="Start">Its first character in the cleaned text.</param>
/// <param name="End">One past its last.</param>
/// <param name="Conditions">All must hold.</param>
/// <param name="Target">The tags concerned; null for variables, echo and declarations.</param>
/// <param name="Variable">The variable set, if one is.</param>
/// <param name="Value">The right side; null for deletions and declarations.</param>
/// <param name="IsEcho">True for <c>echo</c>.</param>
internal sealed record Statement4(
    ScriptPosition Position, int Start, int End, IReadOnlyList<(ValueSyntax Left, bool Fits, ValueSyntax Right)> Conditions,
    TagPattern? Target, string? Variable, ValueSyntax? Value, bool IsEcho);

/// <summary>A script of version 4 (§11): everything is computed on the object as it came, and the first statement that concerns an element wins.</summary>
internal sealed class Script4(IReadOnlyList<Statement4> statements)
{
    private static readonly Dictionary<string, Func<FunctionCall, ScriptValue>> Functions = new(StringComparer.Ordinal)
    {
        ["substring"] = TextFunctions.Substring,
        ["format"] = MessageFormat.Format,
        ["lowercase"] = c => ScriptValue.Of(c.RequiredText(0).ToLowerInvariant()),
        ["uppercase"] = c => ScriptValue.Of(c.RequiredText(0).ToUpperInvariant()),
        ["getURL"] = _ => throw new EvaluationException("getURL is switched off; an administrator may allow addresses."),
        ["replace"] = TextFunctions.Replace,
        ["match"] = TextFunctions.Match,
        ["urlEncode"] = c => ScriptValue.Of(WebUtility.UrlEncode(c.RequiredText(0)).Replace("(", "%28", StringComparison.Ordinal).Replace(")", "%29", StringComparison.Ordinal).Replace("!", "%21", StringComparison.Ordinal)),
        ["hashUID"] = UidFunctions.HashUid,
    };

    private static readonly Dictionary<string, (int Fewest, int Most)> Arities = new(StringComparer.Ordinal)
    {
        ["substring"] = (3, 3), ["format"] = (1, int.MaxValue), ["lowercase"] = (1, 1), ["uppercase"] = (1, 1), ["getURL"] = (1, 1),
        ["replace"] = (3, 3), ["match"] = (3, 3), ["urlEncode"] = (1, 1), ["hashUID"] = (1, 1),
    };

    public ScriptOutcome Execute(ScriptRun run, ScriptText text)
    {
        // Null: to be deleted.
        var decided = new Dictionary<Tag, string?>();
        foreach (var statement in statements)
        {
            run.CheckCancelled();
            try
            {
                Decide(run, statement, decided);
            }
            catch (EvaluationException e)
            {
                throw new ScriptRunException(statement.Position, new Scanner(text).Slice(statement.Start, statement.End), e.Message);
            }
        }

        foreach (var (tag, value) in decided)
        {
            var dataSet = run.Container(tag.Group);
            if (value is null)
            {
                dataSet.Remove(tag);
            }
            else
            {
                Put(dataSet, tag, value);
            }
        }

        return ScriptOutcome.Edited;
    }

    private static void Put(DataSet dataSet, Tag tag, string value)
    {
        var vr = dataSet[tag]?.Vr ?? (tag.IsPrivate ? Vr.LO : DataDictionary.Find(tag)?.Vr ?? Vr.LO);
        try
        {
            Editing.Put(dataSet, tag, value, vr);
        }
        catch (EvaluationException e)
        {
            throw new ScriptRunException(new ScriptPosition(1, 1), tag.ToString(), e.Message);
        }
    }

    private static void Decide(ScriptRun run, Statement4 statement, Dictionary<Tag, string?> decided)
    {
        foreach (var (left, fits, right) in statement.Conditions)
        {
            if (Text(run, left) is not { } a || Text(run, right) is not { } b || !(fits ? run.Patterns.FitsWhole(a, b) : a == b))
            {
                return;
            }
        }

        if (statement.Variable is { } name)
        {
            if (run.Variables.ContainsKey(name))
            {
                throw new EvaluationException($"the variable '{name}' is set twice.");
            }

            run.Variables[name] = ScriptValue.Of(Text(run, statement.Value!) ?? "");
            return;
        }

        if (statement.IsEcho)
        {
            run.Context.Echo?.Invoke(Text(run, statement.Value!) ?? "");
            return;
        }

        if (statement.Target is not { } pattern)
        {
            return;
        }

        // Assigning from what is not there leaves the target present and empty.
        var value = statement.Value is null ? null : Text(run, statement.Value) ?? "";
        foreach (var tag in Targets(run, pattern, statement.Value is not null))
        {
            decided.TryAdd(tag, value);
        }
    }

    private static List<Tag> Targets(ScriptRun run, TagPattern pattern, bool assigns)
    {
        if (pattern.IsExact)
        {
            return assigns || run.Container(pattern.Group).Contains(pattern.Tag) ? [pattern.Tag] : [];
        }

        var dataSets = run.Context.FileMeta is { } meta ? new[] { meta, run.DataSet } : [run.DataSet];
        return [.. dataSets.SelectMany(d => d.Where(e => pattern.Matches(d, e.Tag, sparesCreators: false) && !(assigns && e is SequenceElement)).Select(e => e.Tag))];
    }

    private static string? Text(ScriptRun run, ValueSyntax syntax) => new FunctionCall(run, "", []).TextOf(Evaluate(run, syntax));

    private static ScriptValue Evaluate(ScriptRun run, ValueSyntax syntax)
    {
        switch (syntax)
        {
            case TextSyntax text:
                return ScriptValue.Of(text.Text);
            case PathSyntax path:
                return PathLookup.Read(run, path.Path);
            case NameSyntax name:
                if (run.Variables.TryGetValue(name.Name, out var value))
                {
                    return value;
                }

                var given = run.Context.Variables.FirstOrDefault(v => string.Equals(v.Key, name.Name, StringComparison.OrdinalIgnoreCase));
                return given.Key is null ? throw new EvaluationException($"the variable '{name.Name}' has no value.") : ScriptValue.Of(given.Value);
            case CallSyntax { Name: "new UID" }:
                return ScriptValue.Of(UidFunctions.NewUid());
            case CallSyntax call:
                if (!Functions.TryGetValue(call.Name, out var function))
                {
                    throw new EvaluationException($"the function '{call.Name}' is not known in version 4.");
                }

                if (call.Arguments.Count < Arities[call.Name].Fewest || call.Arguments.Count > Arities[call.Name].Most)
                {
                    throw new EvaluationException($"'{call.Name}' does not take {call.Arguments.Count} argument(s).");
                }

                return function(new FunctionCall(run, call.Name, [.. call.Arguments.Select(a => Evaluate(run, a))]));
            default:
                throw new EvaluationException("this value is not known in version 4.");
        }
    }
}
