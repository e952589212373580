using System.Globalization;
using Vesalius.Anonymisation.Functions;
using Vesalius.Anonymisation.Language;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>Looks over a script of version 6 for what can only fail when it runs (§12, 9), and for what its author should look at.</summary>
/// <param name="version">The version that the script names; null if none.</param>
/// <param name="joinsLines">True if a line ends in a backslash.</param>
internal sealed class ScriptCheck(string? version, bool joinsLines)
{
    /// <summary>Variables that the server gives (§8.1).</summary>
    public static readonly IReadOnlySet<string> Given = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "project", "subject", "session", "user", "study", "dateShift" };

    private readonly int _minor = version is null ? 7 : version[2] - '0';
    private readonly HashSet<string> _set = [];
    // What stands in a branch, or behind a line that may reject, need not be reached.
    private int _branches;
    private bool _mayHaveEnded;

    public List<ScriptWarning> Warnings { get; } = [];

    public bool AltersPixels { get; private set; }

    public bool LooksUp { get; private set; }

    public void Visit(IReadOnlyList<StatementSyntax> statements)
    {
        if (joinsLines && _minor < 6 && _branches == 0)
        {
            Warnings.Add(new ScriptWarning(new ScriptPosition(1, 1), $"joining lines with a backslash came with version 6.6, the script says {version}."));
        }

        foreach (var statement in statements)
        {
            Visit(statement);
        }
    }

    private void Look(ScriptPosition position, string reason) => Warnings.Add(new ScriptWarning(position, reason));

    private void Fails(ScriptPosition position, string reason) => Warnings.Add(new ScriptWarning(position, reason, _branches == 0 && !_mayHaveEnded));

    private void Needs(ScriptPosition position, int minor, string what)
    {
        if (minor > _minor)
        {
            Look(position, $"{what} came with version 6.{minor}, the script says {version}.");
        }
    }

    private void Visit(StatementSyntax statement)
    {
        switch (statement)
        {
            case AssignSyntax assign:
                Visit(assign.Value);
                CheckSingle(assign.Value);
                if (!assign.Target.IsSingular || assign.Target.Last.NamesItems)
                {
                    Fails(assign.Position, "the left side names more than one place, or an item; ':=' will fail, '?=' may be meant.");
                }

                CheckSource(assign);
                break;
            case AssignExistingSyntax assign:
                Needs(assign.Position, assign.Target.IsSingular ? 3 : 5, assign.Target.IsSingular ? "'?='" : "'?=' with wildcards");
                Visit(assign.Value);
                CheckSingle(assign.Value);
                break;
            case SetVariableSyntax set:
                Visit(set.Value);
                CheckSingle(set.Value);
                _set.Add(set.Name);
                break;
            case CallStatementSyntax call:
                Visit(call.Call);
                _mayHaveEnded |= call.Call.Name == "reject";
                break;
            case EchoSyntax echo:
                Visit(echo.Value);
                break;
            case TernarySyntax ternary:
                Visit(ternary.Condition);
                _branches++;
                Visit(ternary.Then);
                if (ternary.Else is not null)
                {
                    Visit(ternary.Else);
                }

                _branches--;
                break;
            case IfSyntax branches:
                Needs(branches.Position, 4, "'if'");
                Visit(branches);
                break;
        }
    }

    private void Visit(IfSyntax statement)
    {
        var first = true;
        foreach (var (condition, block) in statement.Branches)
        {
            _branches += first ? 0 : 1;
            Visit(condition);
            _branches += first ? 1 : 0;
            Visit(block);
            _branches--;
            first = false;
        }

        _branches++;
        Visit(statement.Else ?? []);
        _branches--;
    }

    private void Visit(ConditionSyntax condition)
    {
        Visit(condition.Left);
        CheckSingle(condition.Left);
        if (condition.Right is null)
        {
            return;
        }

        Visit(condition.Right);
        CheckSingle(condition.Right);
        if (condition.Comparison is Comparison.Fits or Comparison.FitsNot)
        {
            CheckPattern(condition.Right);
        }
    }

    private void CheckPattern(ValueSyntax value)
    {
        if (value is TextSyntax text && PatternCache.Fault(text.Text) is { } fault)
        {
            // What cannot be carried out here is refused wherever it stands (§6.1).
            Warnings.Add(new ScriptWarning(value.Position, fault, IsCertain: true));
        }
    }

    private void CheckSingle(ValueSyntax value)
    {
        if (value is PathSyntax { Path.IsSingular: false })
        {
            Fails(value.Position, "the path names more than one place, so it has no single value.");
        }
    }

    // A shift that reads another element leaves the true date in the one that was meant (§10.1).
    private void CheckSource(AssignSyntax assign)
    {
        if (assign.Value is not CallSyntax { Name: "shiftDateByIncrement" or "shiftDateTimeByIncrement", Arguments: [PathSyntax source, ..] })
        {
            return;
        }

        if (!source.Path.Steps.SequenceEqual(assign.Target.Steps))
        {
            Look(source.Position, "the shifted date is assigned to another element than it is read from; the element read keeps its true date.");
        }

        if (source.Path is { Steps: [{ Tag: { Creator: null, IsExact: true } tag }] } && DataDictionary.Find(tag.Tag) is null)
        {
            Look(source.Position, $"{tag.Tag} is not an element of the standard's dictionary.");
        }
    }

    private void Visit(ValueSyntax value)
    {
        switch (value)
        {
            case NameSyntax name when !_set.Contains(name.Name) && !Given.Contains(name.Name):
                Fails(name.Position, $"the variable '{name.Name}' is not set before this line.");
                break;
            case ListSyntax list:
                Needs(list.Position, 6, "a list");
                foreach (var member in list.Members)
                {
                    if (member is TextSyntax { HasEscape: true })
                    {
                        Look(member.Position, "XNAT leaves a doubled backslash in a list as it is; here it becomes one.");
                    }

                    Visit(member);
                }

                break;
            case CallSyntax call:
                Visit(call);
                break;
        }
    }

    private void Visit(CallSyntax call)
    {
        AltersPixels |= call.Name == "alterPixels";
        LooksUp |= call.Name == "lookup";
        foreach (var argument in call.Arguments)
        {
            Visit(argument);
        }

        if (FunctionTable.Fault(call.Name, call.Arguments.Count) is { } fault)
        {
            Fails(call.Position, fault);
            return;
        }

        Needs(call.Position, FunctionTable.NeededVersion(call.Name), $"'{call.Name}'");
        CheckArguments(call);
    }

    private void CheckArguments(CallSyntax call)
    {
        var arguments = call.Arguments;
        switch (call.Name)
        {
            case "match" or "ismatch":
                CheckPattern(arguments[1]);
                break;
            case "substring":
                CheckInteger(call, 1);
                CheckInteger(call, 2);
                break;
            case "shiftDateByIncrement" or "shiftDateTimeByIncrement" or "shiftDateTimeListByIncrement":
                CheckInteger(call, 1);
                CheckUnit(call, arguments.Count > 2 ? arguments[2] : null, call.Name == "shiftDateByIncrement");
                break;
            case "shiftDateTimeSequenceByIncrement":
                CheckInteger(call, 0);
                CheckPlaces(call, 1, byNumber: false);
                Look(call.Position, "seconds are added; times of day (TM) are not shifted, so only whole days stay consistent.");
                break;
            case "set" or "delete":
                CheckDirect(call);
                break;
            case "hashUIDList" or "removeTags" or "retainPrivateTags":
                CheckPlaces(call, 0, byNumber: false);
                break;
            case "mapReferencedUIDs":
                CheckPlaces(call, 1, byNumber: false);
                break;
            case "isPresent":
                foreach (var argument in arguments.Where(a => a is not PathSyntax { Path.IsSingular: true }))
                {
                    Fails(argument.Position, "'isPresent' wants paths that name one place each.");
                }

                break;
        }
    }

    private void CheckInteger(CallSyntax call, int index)
    {
        if (call.Arguments[index] is TextSyntax text && !long.TryParse(text.Text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        {
            Fails(text.Position, $"argument {index + 1} of '{call.Name}' is not a whole number.");
        }
    }

    private void CheckUnit(CallSyntax call, ValueSyntax? unit, bool daysByDefault)
    {
        var text = unit is null ? (daysByDefault ? "days" : "seconds") : (unit as TextSyntax)?.Text.Trim();
        if (text is not null && !DicomDateTime.IsUnit(text))
        {
            Fails(unit!.Position, "the unit is not years, days, hours, minutes or seconds.");
        }
        else if (text is not null && !text.Equals("days", StringComparison.OrdinalIgnoreCase) && !text.Equals("years", StringComparison.OrdinalIgnoreCase))
        {
            Look(call.Position, "times of day (TM) are not shifted, so only whole days stay consistent.");
        }
    }

    private void CheckDirect(CallSyntax call)
    {
        if (call.Arguments[0] is not TextSyntax text)
        {
            return;
        }

        if (PathFault(text.Text, byNumber: true, out var path) is { } fault)
        {
            Fails(text.Position, $"'{call.Name}' was given a text that is no path: {fault}");
        }
        else if (call.Name == "set" && path is { IsSingular: false })
        {
            Fails(text.Position, "'set' wants a path that names a single element.");
        }
    }

    private void CheckPlaces(CallSyntax call, int from, bool byNumber)
    {
        foreach (var argument in call.Arguments.Skip(from).SelectMany(Members))
        {
            if (argument is TextSyntax text && PathFault(text.Text, byNumber, out _) is { } fault)
            {
                Fails(text.Position, $"'{call.Name}' was given a text that is no path: {fault}");
            }
            else if (call.Name == "retainPrivateTags" && argument is PathSyntax { Path.Last.Tag.Creator: null })
            {
                Fails(argument.Position, "'retainPrivateTags' wants private paths: (gggg,{creator}ee).");
            }
        }
    }

    private static IEnumerable<ValueSyntax> Members(ValueSyntax value) => value is ListSyntax list ? list.Members.SelectMany(Members) : [value];

    private static string? PathFault(string text, bool byNumber, out TagPath? path)
    {
        path = null;
        try
        {
            path = PathParser.ParseWhole(text, byNumber);
            return null;
        }
        catch (ScriptException e)
        {
            return e.Reason;
        }
    }
}
