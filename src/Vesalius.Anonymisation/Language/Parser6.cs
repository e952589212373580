namespace Vesalius.Anonymisation.Language;

/// <summary>Reads scripts of version 6 (§2.6).</summary>
internal sealed class Parser6
{
    private const int DeepestNesting = 64;

    private static readonly HashSet<string> Reserved =
        ["if", "elseif", "else", "describe", "hidden", "const", "immutable", "export", "echo", "removeAllPrivateTags", "version"];

    private static readonly HashSet<string> Versions = ["6.0", "6.1", "6.2", "6.3", "6.4", "6.5", "6.6", "6.7"];

    private readonly Scanner _scanner;
    private string? _version;
    private int _blockDepth;
    private int _valueDepth;

    public Parser6(ScriptText text) => _scanner = new Scanner(text);

    /// <summary>The version that the script names; null if none.</summary>
    public string? ScriptVersion => _version;

    /// <summary>True for the versions of this dialect.</summary>
    public static bool Knows(string version) => Versions.Contains(version);

    public IReadOnlyList<StatementSyntax> Parse()
    {
        var statements = Statements(inBlock: false);
        return _scanner.AtEnd ? statements : throw _scanner.Expected("a statement");
    }

    private List<StatementSyntax> Statements(bool inBlock)
    {
        if (inBlock && ++_blockDepth > DeepestNesting)
        {
            throw new ScriptException(_scanner.Position, $"blocks are nested deeper than {DeepestNesting} levels.");
        }

        var statements = new List<StatementSyntax>();
        while (true)
        {
            _scanner.SkipLines();
            if (_scanner.AtEnd || (inBlock && _scanner.Current == '}'))
            {
                _blockDepth -= inBlock ? 1 : 0;
                return statements;
            }

            var statement = Statement();
            statement.End = _scanner.Index;
            statements.Add(statement);
        }
    }

    private StatementSyntax Statement()
    {
        var start = _scanner.Index;
        var position = _scanner.Position;
        switch (_scanner.PeekName())
        {
            case "version":
                _scanner.Name();
                Version();
                return new DeclarationSyntax(position, start);
            case "removeAllPrivateTags":
                _scanner.Name();
                return new RemoveAllPrivateSyntax(position, start);
            case "describe":
                _scanner.Name();
                Describe();
                return new DeclarationSyntax(position, start);
            case "export":
                _scanner.Name();
                _scanner.SkipBlanks();
                VariableName();
                _scanner.SkipBlanks();
                _scanner.String6();
                return new DeclarationSyntax(position, start);
            case "if":
                return If(position, start);
            default:
                return ActionOrTernary(position, start);
        }
    }

    private void Version()
    {
        _scanner.SkipBlanks();
        var position = _scanner.Position;
        var version = _scanner.String6();
        if (!Versions.Contains(version))
        {
            throw new ScriptException(position, "this version of the language is not known; 6.0 to 6.7 are.");
        }

        if (_version is not null && _version != version)
        {
            throw new ScriptException(position, "the script names two versions.");
        }

        _version = version;
    }

    private void VariableName()
    {
        var position = _scanner.Position;
        var name = _scanner.Name();
        if (Reserved.Contains(name))
        {
            throw new ScriptException(position, $"'{name}' is a reserved word and cannot stand here.");
        }
    }

    private void Describe()
    {
        _scanner.SkipBlanks();
        VariableName();
        _scanner.SkipBlanks();
        if (_scanner.Current == '"')
        {
            _scanner.String6();
        }
        else if (_scanner.PeekName() is "hidden" or "const" or "immutable")
        {
            _scanner.Name();
        }
        else
        {
            throw _scanner.Expected("a text, 'hidden', 'const' or 'immutable'");
        }
    }

    private IfSyntax If(ScriptPosition position, int start)
    {
        var branches = new List<(ConditionSyntax, IReadOnlyList<StatementSyntax>)>();
        _scanner.Name();
        branches.Add(Branch());
        while (true)
        {
            var before = _scanner.Index;
            _scanner.SkipLines();
            switch (_scanner.PeekName())
            {
                case "elseif":
                    _scanner.Name();
                    branches.Add(Branch());
                    continue;
                case "else":
                    _scanner.Name();
                    return new IfSyntax(position, start, branches, Block());
                default:
                    _scanner.Index = before;
                    return new IfSyntax(position, start, branches, null);
            }
        }
    }

    private (ConditionSyntax, IReadOnlyList<StatementSyntax>) Branch()
    {
        _scanner.SkipBlanks();
        _scanner.Take("(");
        _scanner.SkipBlanks();
        var condition = Condition(Value());
        _scanner.SkipBlanks();
        _scanner.Take(")");
        return (condition, Block());
    }

    private List<StatementSyntax> Block()
    {
        _scanner.SkipLines();
        _scanner.Take("{");
        var statements = Statements(inBlock: true);
        _scanner.Take("}");
        return statements;
    }

    private StatementSyntax ActionOrTernary(ScriptPosition position, int start)
    {
        if (_scanner.Current == '-' || _scanner.PeekName() == "echo")
        {
            return Action(position, start);
        }

        var left = Value();
        _scanner.SkipBlanks();
        if (_scanner.IsAt(":=") || _scanner.IsAt("?="))
        {
            return Assignment(position, start, left);
        }

        if (_scanner.Current is '=' or '!' or '~' || (_scanner.Current == '?' && left is CallSyntax))
        {
            return Ternary(position, start, Condition(left));
        }

        return left is CallSyntax call
            ? new CallStatementSyntax(position, start, call)
            : throw _scanner.Expected("':=', '?=' or a comparison");
    }

    private TernarySyntax Ternary(ScriptPosition position, int start, ConditionSyntax condition)
    {
        _scanner.SkipBlanks();
        _scanner.Take("?");
        _scanner.SkipBlanks();
        var then = NestedAction();
        _scanner.SkipBlanks();
        if (!_scanner.TryTake(":"))
        {
            return new TernarySyntax(position, start, condition, then, null);
        }

        _scanner.SkipBlanks();
        return new TernarySyntax(position, start, condition, then, NestedAction());
    }

    private StatementSyntax NestedAction()
    {
        var action = Action(_scanner.Position, _scanner.Index);
        action.End = _scanner.Index;
        return action;
    }

    private StatementSyntax Action(ScriptPosition position, int start)
    {
        if (_scanner.TryTake("-"))
        {
            return new DeleteSyntax(position, start, PathParser.Parse(_scanner));
        }

        if (_scanner.PeekName() == "echo")
        {
            _scanner.Name();
            _scanner.SkipBlanks();
            return new EchoSyntax(position, start, Value());
        }

        var left = Value();
        _scanner.SkipBlanks();
        if (_scanner.IsAt(":=") || _scanner.IsAt("?="))
        {
            return Assignment(position, start, left);
        }

        return left is CallSyntax call ? new CallStatementSyntax(position, start, call) : throw _scanner.Expected("':=' or '?='");
    }

    private StatementSyntax Assignment(ScriptPosition position, int start, ValueSyntax left)
    {
        var existingOnly = _scanner.IsAt("?=");
        _scanner.Index += 2;
        _scanner.SkipBlanks();
        if (left is not (PathSyntax or NameSyntax) || (existingOnly && left is not PathSyntax))
        {
            throw new ScriptException(left.Position, existingOnly ? "a path was expected before '?='." : "a path or a name was expected before ':='.");
        }

        var value = Value();
        return left switch
        {
            PathSyntax path when existingOnly => new AssignExistingSyntax(position, start, path.Path, value),
            PathSyntax path => new AssignSyntax(position, start, path.Path, value),
            _ => new SetVariableSyntax(position, start, ((NameSyntax)left).Name, value),
        };
    }

    private ConditionSyntax Condition(ValueSyntax left)
    {
        _scanner.SkipBlanks();
        Comparison comparison;
        if (_scanner.TryTake("!="))
        {
            comparison = Comparison.NotEqual;
        }
        else if (_scanner.TryTake("!~"))
        {
            comparison = Comparison.FitsNot;
        }
        else if (_scanner.TryTake("="))
        {
            comparison = Comparison.Equal;
        }
        else if (_scanner.TryTake("~"))
        {
            comparison = Comparison.Fits;
        }
        else
        {
            return left is CallSyntax ? new ConditionSyntax(left, Comparison.Equal, null) : throw _scanner.Expected("'=', '!=', '~' or '!~'");
        }

        _scanner.SkipBlanks();
        return new ConditionSyntax(left, comparison, Value());
    }

    private ValueSyntax Value()
    {
        if (++_valueDepth > DeepestNesting)
        {
            throw new ScriptException(_scanner.Position, $"values are nested deeper than {DeepestNesting} levels.");
        }

        var position = _scanner.Position;
        ValueSyntax value;
        if (PathParser.StartsPath(_scanner))
        {
            value = new PathSyntax(position, PathParser.Parse(_scanner));
        }
        else if (_scanner.Current == '"')
        {
            var begin = _scanner.Index;
            var plain = _scanner.String6();
            value = new TextSyntax(position, plain) { HasEscape = _scanner.Index - begin - 2 != plain.Length };
        }
        else if (_scanner.Current == '{')
        {
            value = List(position);
        }
        else if (char.IsAsciiDigit(_scanner.Current) || _scanner.Current == '-')
        {
            value = new TextSyntax(position, _scanner.Number());
        }
        else
        {
            value = NameOrCall(position);
        }

        _valueDepth--;
        return value;
    }

    private ValueSyntax NameOrCall(ScriptPosition position)
    {
        if (_scanner.PeekName() is not { } name)
        {
            throw _scanner.Expected("a value");
        }

        if (Reserved.Contains(name))
        {
            throw new ScriptException(position, $"'{name}' is a reserved word and cannot stand here.");
        }

        _scanner.Name();
        var afterName = _scanner.Index;
        _scanner.SkipBlanks();
        if (!_scanner.TryTake("["))
        {
            _scanner.Index = afterName;
            return new NameSyntax(position, name);
        }

        return new CallSyntax(position, name, Members("]", _scanner.SkipBlanks));
    }

    private ListSyntax List(ScriptPosition position)
    {
        _scanner.Take("{");
        return new ListSyntax(position, Members("}", _scanner.SkipLines));
    }

    private List<ValueSyntax> Members(string close, Action skip)
    {
        var members = new List<ValueSyntax>();
        skip();
        if (_scanner.TryTake(close))
        {
            return members;
        }

        while (true)
        {
            skip();
            members.Add(Value());
            skip();
            if (_scanner.TryTake(close))
            {
                return members;
            }

            if (!_scanner.TryTake(","))
            {
                throw _scanner.Expected($"',' or '{close}'");
            }
        }
    }
}
