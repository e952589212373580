using Vesalius.Anonymisation.Evaluation;
using Vesalius.Anonymisation.Language;

namespace Vesalius.Anonymisation.Dialect4;

/// <summary>Looks over a script of version 4 for what can only fail when it runs.</summary>
internal static class Check4
{
    public static List<ScriptWarning> Warnings(Script4 script)
    {
        var warnings = new List<ScriptWarning>();
        var set = script.Statements.Select(s => s.Variable).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var statement in script.Statements)
        {
            foreach (var (left, fits, right) in statement.Conditions)
            {
                Visit(left, statement.Conditions[0].Left == left);
                Visit(right, false);
                if (fits && right is TextSyntax pattern && PatternCache.Fault(pattern.Text) is { } fault)
                {
                    warnings.Add(new ScriptWarning(right.Position, fault, IsCertain: true));
                }
            }

            if (statement.Value is not null)
            {
                Visit(statement.Value, statement.Conditions.Count == 0);
            }
        }

        return warnings;

        void Visit(ValueSyntax value, bool always)
        {
            switch (value)
            {
                case NameSyntax name when !set.Contains(name.Name) && !ScriptCheck.Given.Contains(name.Name):
                    warnings.Add(new ScriptWarning(name.Position, $"the variable '{name.Name}' is set nowhere.", always));
                    break;
                case CallSyntax call:
                    if (Script4.Fault(call.Name, call.Arguments.Count) is { } fault)
                    {
                        warnings.Add(new ScriptWarning(call.Position, fault, always));
                    }
                    else if (call is { Name: "match", Arguments: [_, TextSyntax pattern, ..] } && PatternCache.Fault(pattern.Text) is { } wrong)
                    {
                        warnings.Add(new ScriptWarning(pattern.Position, wrong, IsCertain: true));
                    }

                    foreach (var argument in call.Arguments)
                    {
                        Visit(argument, always);
                    }

                    break;
            }
        }
    }
}
