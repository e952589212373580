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
    // What was decided for an element: the value, or null to delete it, and the statement that did.
    private sealed record Decision(string? Value, Statement4 By);

    // One run: the variables that the script sets are computed when they are first read, wherever they stand.
    private sealed class Run4(ScriptRun run, IReadOnlyList<Statement4> statements)
    {
        private readonly HashSet<string> _open = [];

        public ScriptRun Run { get; } = run;

        public Dictionary<Tag, Decision> Decided { get; } = [];

        /// <summary>Deletions by pattern, which also stand before later assignments of what is not there yet.</summary>
        public List<TagPattern> Deleted { get; } = [];

        public ScriptValue Variable(string name)
        {
            if (Run.Variables.TryGetValue(name, out var value))
            {
                return value;
            }

            if (statements.FirstOrDefault(s => s.Variable == name) is { } setter)
            {
                if (!_open.Add(name))
                {
                    throw new EvaluationException($"the variable '{name}' is made of itself.");
                }

                value = ScriptValue.Of(Text(this, setter.Value!) ?? "");
                Run.Variables[name] = value;
                return value;
            }

            var given = Run.Context.Variables.FirstOrDefault(v => string.Equals(v.Key, name, StringComparison.OrdinalIgnoreCase));
            return given.Key is null ? throw new EvaluationException($"the variable '{name}' has no value.") : ScriptValue.Of(given.Value);
        }
    }

    public IReadOnlyList<Statement4> Statements => statements;

    private static readonly Dictionary<string, Func<FunctionCall, ScriptValue>> Functions = new(StringComparer.Ordinal)
    {
        ["substring"] = TextFunctions.Substring,
        ["format"] = MessageFormat.Format,
        ["lowercase"] = c => ScriptValue.Of(LetterCase.Lower(c.RequiredText(0))),
        ["uppercase"] = c => ScriptValue.Of(LetterCase.Upper(c.RequiredText(0))),
        ["getURL"] = TextFunctions.GetUrl,
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
        var run4 = new Run4(run, statements);
        foreach (var statement in statements)
        {
            Guarded(statement, text, () =>
            {
                run.Step();
                Decide(run4, statement);
            });
        }

        foreach (var group in run4.Decided.GroupBy(d => d.Value.By).OrderBy(g => g.Key.Start))
        {
            foreach (var (tag, decision) in group)
            {
                Guarded(decision.By, text, () =>
                {
                    run.Visit();
                    CarryOut(run, tag, decision.Value);
                });
            }

            run.Context.Observer?.Executed(group.Key.Position, Source(group.Key, text));
        }

        return ScriptOutcome.Edited;
    }

    private static string Source(Statement4 statement, ScriptText text) => new Scanner(text).Slice(statement.Start, statement.End);

    private static void Guarded(Statement4 statement, ScriptText text, Action act)
    {
        try
        {
            act();
        }
        catch (EvaluationException e)
        {
            throw new ScriptRunException(statement.Position, Source(statement, text), e.Message);
        }
    }

    private static void CarryOut(ScriptRun run, Tag tag, string? value)
    {
        var dataSet = run.Container(tag.Group);
        if (value is null)
        {
            Editing.Remove(dataSet, tag);
            return;
        }

        Editing.Put(dataSet, tag, value, dataSet[tag]?.Vr ?? (tag.IsPrivate ? Vr.LO : DataDictionary.Find(tag)?.Vr ?? Vr.LO));
    }

    private static void Decide(Run4 run4, Statement4 statement)
    {
        var run = run4.Run;
        foreach (var (left, fits, right) in statement.Conditions)
        {
            if (Text(run4, left) is not { } a || Text(run4, right) is not { } b || !(fits ? run.Patterns.FitsWhole(a, b) : a == b))
            {
                return;
            }
        }

        if (statement.Variable is { } name)
        {
            run4.Variable(name);
            return;
        }

        if (statement.IsEcho)
        {
            run.Context.Echo?.Invoke(Text(run4, statement.Value!) ?? "");
            return;
        }

        if (statement.Target is not { } pattern)
        {
            return;
        }

        // Assigning from what is not there leaves the target present and empty.
        var value = statement.Value is null ? null : Text(run4, statement.Value) ?? "";
        foreach (var tag in Targets(run, pattern, statement.Value is not null))
        {
            run.Visit();
            if (value is null || !run4.Deleted.Exists(d => d.Matches(run.DataSet, tag, sparesCreators: false)))
            {
                run4.Decided.TryAdd(tag, new Decision(value, statement));
            }
        }

        if (value is null && !pattern.IsExact)
        {
            run4.Deleted.Add(pattern);
        }
    }

    private static List<Tag> Targets(ScriptRun run, TagPattern pattern, bool assigns)
    {
        if (pattern.IsExact)
        {
            return [pattern.Tag];
        }

        var dataSets = run.Context.FileMeta is { } meta ? new[] { meta, run.DataSet } : [run.DataSet];
        return [.. dataSets.SelectMany(d => d.Where(e => pattern.Matches(d, e.Tag, sparesCreators: false) && !(assigns && e is SequenceElement)).Select(e => e.Tag))];
    }

    private static string? Text(Run4 run4, ValueSyntax syntax) => new FunctionCall(run4.Run, "", []).TextOf(Evaluate(run4, syntax));

    /// <summary>What is wrong with a call's name or number of arguments; null if nothing.</summary>
    public static string? Fault(string name, int arguments)
    {
        if (name == "new UID")
        {
            return null;
        }

        return !Arities.TryGetValue(name, out var arity) ? $"the function '{name}' is not known in version 4."
            : arguments < arity.Fewest || arguments > arity.Most ? $"'{name}' does not take {arguments} argument(s)." : null;
    }

    private static ScriptValue Evaluate(Run4 run4, ValueSyntax syntax)
    {
        var run = run4.Run;
        switch (syntax)
        {
            case TextSyntax text:
                return ScriptValue.Of(text.Text);
            case PathSyntax path:
                return PathLookup.Read(run, path.Path);
            case NameSyntax name:
                return run4.Variable(name.Name);
            case CallSyntax { Name: "new UID" }:
                return ScriptValue.Of(UidFunctions.NewUid());
            case CallSyntax call:
                return Fault(call.Name, call.Arguments.Count) is { } fault
                    ? throw new EvaluationException(fault)
                    : Functions[call.Name](new FunctionCall(run, call.Name, [.. call.Arguments.Select(a => Evaluate(run4, a))]));
            default:
                throw new EvaluationException("this value is not known in version 4.");
        }
    }
}
