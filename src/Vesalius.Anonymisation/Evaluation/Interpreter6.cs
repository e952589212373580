using Vesalius.Anonymisation.Functions;
using Vesalius.Anonymisation.Language;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Carries out the statements of version 6, one after the other.</summary>
internal sealed class Interpreter6(ScriptRun run, ScriptText text)
{
    public ScriptOutcome Execute(IReadOnlyList<StatementSyntax> statements)
    {
        try
        {
            Run(statements);
            return ScriptOutcome.Edited;
        }
        catch (RejectedException)
        {
            return ScriptOutcome.Rejected;
        }
    }

    private void Run(IReadOnlyList<StatementSyntax> statements)
    {
        foreach (var statement in statements)
        {
            try
            {
                run.Step();
                Run(statement);
            }
            catch (EvaluationException e)
            {
                throw new ScriptRunException(statement.Position, Source(statement), e.Message);
            }

            if (statement is not IfSyntax)
            {
                run.Context.Observer?.Executed(statement.Position, Source(statement));
            }
        }
    }

    private string Source(StatementSyntax statement) =>
        new Scanner(text).Slice(statement.Start, statement is IfSyntax ? Math.Min(statement.End, statement.Start + 2) : statement.End);

    // Whether a date that is missing may be passed over depends on where it would be assigned (§12, 2).
    private ScriptValue EvaluateFor(AssignSyntax assign)
    {
        if (assign.IsToItsSource && assign.Value is CallSyntax call)
        {
            return Call(new FunctionCall(run, call.Name, [.. call.Arguments.Select(Evaluate)]) { IsAssignedToItsSource = true });
        }

        return Evaluate(assign.Value);
    }

    private void Run(StatementSyntax statement)
    {
        switch (statement)
        {
            case AssignSyntax assign:
                if (Text(EvaluateFor(assign)) is { } assigned)
                {
                    Editing.Assign(run, assign.Target, assigned);
                }
                else if (!assign.Target.IsSingular || assign.Target.Last.NamesItems)
                {
                    throw new EvaluationException("only a path that names a single element can be assigned to.");
                }
                else
                {
                    run.Context.Observer?.Noticed(assign.Position, "the right side is not in the object, so nothing was assigned and the element stays as it was.");
                }

                break;
            case AssignExistingSyntax assign:
                if (Text(Evaluate(assign.Value)) is { } given)
                {
                    Editing.AssignExisting(run, assign.Target, given);
                }

                break;
            case DeleteSyntax delete:
                Editing.Delete(run, delete.Target);
                break;
            case SetVariableSyntax set:
                SetVariable(set);
                break;
            case CallStatementSyntax call:
                Evaluate(call.Call);
                break;
            case EchoSyntax echo:
                var said = Evaluate(echo.Value);
                run.Context.Echo?.Invoke(said is ListValue ? "(list)" : Text(said) ?? "");
                break;
            case RemoveAllPrivateSyntax:
                PrivateElements.RemoveAll(run);
                break;
            case TernarySyntax ternary:
                if (Holds(ternary.Condition))
                {
                    Run(ternary.Then);
                }
                else if (ternary.Else is not null)
                {
                    Run(ternary.Else);
                }

                break;
            case IfSyntax branches:
                RunBranch(branches);
                break;
        }
    }

    private void RunBranch(IfSyntax statement)
    {
        foreach (var (condition, block) in statement.Branches)
        {
            if (Holds(condition))
            {
                Run(block);
                return;
            }
        }

        if (statement.Else is not null)
        {
            Run(statement.Else);
        }
    }

    private void SetVariable(SetVariableSyntax set)
    {
        var value = Evaluate(set.Value);
        switch (value)
        {
            case ListValue:
                run.Variables[set.Name] = value;
                break;
            default:
                if (Text(value) is { } plain)
                {
                    run.Variables[set.Name] = ScriptValue.Of(plain);
                }

                break;
        }
    }

    private bool Holds(ConditionSyntax condition)
    {
        var left = Text(Evaluate(condition.Left));
        if (condition.Right is null)
        {
            return string.Equals(left, "true", StringComparison.OrdinalIgnoreCase);
        }

        var right = Text(Evaluate(condition.Right));
        if (left is null || right is null)
        {
            return condition.Comparison is Comparison.NotEqual or Comparison.FitsNot;
        }

        return condition.Comparison switch
        {
            Comparison.Equal => left == right,
            Comparison.NotEqual => left != right,
            Comparison.Fits => run.Patterns.FitsWhole(left, right),
            _ => !run.Patterns.FitsWhole(left, right),
        };
    }

    /// <summary>A value as text; null if missing.</summary>
    private string? Text(ScriptValue value)
    {
        var read = value is PlaceValue place ? PathLookup.Read(run, place.Path) : value;
        return read switch
        {
            TextValue plain => plain.Text,
            ListValue => throw new EvaluationException("a list stands where a single text is wanted."),
            _ => null,
        };
    }

    private ScriptValue Evaluate(ValueSyntax value) => value switch
    {
        TextSyntax plain => ScriptValue.Of(plain.Text),
        PathSyntax path => new PlaceValue(path.Path),
        NameSyntax name => Variable(name.Name),
        ListSyntax list => new ListValue(list.Members.Select(Evaluate)),
        CallSyntax call => Call(new FunctionCall(run, call.Name, [.. call.Arguments.Select(Evaluate)])),
        _ => throw new EvaluationException("this value is not known."),
    };

    private ScriptValue Call(FunctionCall call)
    {
        run.Step();
        return FunctionTable.Call(call);
    }

    private ScriptValue Variable(string name)
    {
        if (run.Variables.TryGetValue(name, out var value))
        {
            return value;
        }

        return run.Context.Variables.TryGetValue(name, out var given)
            ? ScriptValue.Of(given)
            : throw new EvaluationException($"the variable '{name}' has no value.");
    }
}
