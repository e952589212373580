using Vesalius.Anonymisation.Functions;
using Vesalius.Anonymisation.Language;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Looks over a script of version 6 for what can only fail when it runs (§12, 9).</summary>
internal sealed class ScriptCheck
{
    private static readonly HashSet<string> Given = ["project", "subject", "session", "user", "study", "dateShift"];
    private readonly HashSet<string> _set = [];

    public List<ScriptWarning> Warnings { get; } = [];

    public bool AltersPixels { get; private set; }

    public void Visit(IReadOnlyList<StatementSyntax> statements)
    {
        foreach (var statement in statements)
        {
            Visit(statement);
        }
    }

    private void Visit(StatementSyntax statement)
    {
        switch (statement)
        {
            case AssignSyntax assign:
                Visit(assign.Value);
                if (!assign.Target.IsSingular || assign.Target.Last.NamesItems)
                {
                    Warnings.Add(new ScriptWarning(assign.Position, "the left side names more than one place; ':=' will fail, '?=' may be meant."));
                }

                break;
            case AssignExistingSyntax assign:
                Visit(assign.Value);
                break;
            case SetVariableSyntax set:
                Visit(set.Value);
                _set.Add(set.Name);
                break;
            case CallStatementSyntax call:
                Visit(call.Call);
                break;
            case EchoSyntax echo:
                Visit(echo.Value);
                break;
            case TernarySyntax ternary:
                Visit(ternary.Condition);
                Visit(ternary.Then);
                if (ternary.Else is not null)
                {
                    Visit(ternary.Else);
                }

                break;
            case IfSyntax branches:
                foreach (var (condition, block) in branches.Branches)
                {
                    Visit(condition);
                    Visit(block);
                }

                Visit(branches.Else ?? []);
                break;
        }
    }

    private void Visit(ConditionSyntax condition)
    {
        Visit(condition.Left);
        if (condition.Right is not null)
        {
            Visit(condition.Right);
        }
    }

    private void Visit(ValueSyntax value)
    {
        switch (value)
        {
            case NameSyntax name when !_set.Contains(name.Name) && !Given.Contains(name.Name):
                Warnings.Add(new ScriptWarning(name.Position, $"the variable '{name.Name}' is not set before this line."));
                break;
            case ListSyntax list:
                foreach (var member in list.Members)
                {
                    Visit(member);
                }

                break;
            case CallSyntax call:
                AltersPixels |= call.Name == "alterPixels";
                if (FunctionTable.Fault(call.Name, call.Arguments.Count) is { } fault)
                {
                    Warnings.Add(new ScriptWarning(call.Position, fault));
                }

                foreach (var argument in call.Arguments)
                {
                    Visit(argument);
                }

                break;
        }
    }
}
