using System.Text;
using Vesalius.Anonymisation.Language;

namespace Vesalius.Anonymisation.Dialect4;

/// <summary>Reads scripts of version 4 (§11.1).</summary>
internal sealed class Parser4
{
    private const int DeepestNesting = 64;
    private readonly Scanner _scanner;
    private int _depth;

    private Parser4(ScriptText text) => _scanner = new Scanner(text);

    public static Script4 Parse(ScriptText text)
    {
        var parser = new Parser4(text);
        var statements = new List<Statement4>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            parser._scanner.SkipLines();
            if (parser._scanner.AtEnd)
            {
                return new Script4(statements);
            }

            var statement = parser.Statement();
            if (statement.Variable is { } name && !names.Add(name))
            {
                throw new ScriptException(statement.Position, $"the variable '{name}' is set twice.");
            }

            statements.Add(statement);
            parser._scanner.SkipBlanks();
            if (!parser._scanner.AtEnd && parser._scanner.Current != '\n')
            {
                throw parser._scanner.Expected("the end of the line");
            }
        }
    }

    private Statement4 Statement()
    {
        var start = _scanner.Index;
        var position = _scanner.Position;
        var conditions = new List<(ValueSyntax, bool, ValueSyntax)>();
        while (true)
        {
            if (Action(position, start, conditions) is { } action)
            {
                return action;
            }

            var left = Value();
            _scanner.SkipBlanks();
            if (_scanner.IsAt(":="))
            {
                return Assignment(position, start, conditions, left);
            }

            var fits = _scanner.Current == '~';
            if (!fits && _scanner.Current != '=')
            {
                throw _scanner.Expected("':=', '=' or '~'");
            }

            _scanner.Index++;
            _scanner.SkipBlanks();
            conditions.Add((left, fits, Value()));
            _scanner.SkipBlanks();
            _scanner.Take(":");
            _scanner.SkipBlanks();
        }
    }

    private Statement4? Action(ScriptPosition position, int start, List<(ValueSyntax, bool, ValueSyntax)> conditions)
    {
        if (_scanner.TryTake("-"))
        {
            _scanner.SkipBlanks();
            var target = _scanner.Tag(byNumber: true);
            return new Statement4(position, start, _scanner.Index, conditions, target, null, null, false);
        }

        switch (_scanner.PeekName())
        {
            case "echo":
                _scanner.Name();
                _scanner.SkipBlanks();
                var said = Value();
                return new Statement4(position, start, _scanner.Index, conditions, null, null, said, true);
            case "describe" or "export" when conditions.Count == 0:
                var declares = _scanner.Name();
                _scanner.SkipBlanks();
                _scanner.Name();
                _scanner.SkipBlanks();
                if (declares == "describe" && _scanner.PeekName() is "hidden" or "const" or "immutable")
                {
                    _scanner.Name();
                }
                else
                {
                    String4();
                }

                return new Statement4(position, start, _scanner.Index, conditions, null, null, null, false);
            default:
                return null;
        }
    }

    private Statement4 Assignment(ScriptPosition position, int start, List<(ValueSyntax, bool, ValueSyntax)> conditions, ValueSyntax left)
    {
        _scanner.Index += 2;
        _scanner.SkipBlanks();
        ValueSyntax value;
        var valueAt = _scanner.Position;
        if (left is PathSyntax && _scanner.PeekName() == "new")
        {
            _scanner.Name();
            _scanner.SkipBlanks();
            _scanner.Take("UID");
            value = new CallSyntax(valueAt, "new UID", []);
        }
        else
        {
            value = Value();
        }

        return left switch
        {
            PathSyntax path => new Statement4(position, start, _scanner.Index, conditions, path.Path.Last.Tag, null, value, false),
            NameSyntax name when conditions.Count == 0 => new Statement4(position, start, _scanner.Index, conditions, null, name.Name, value, false),
            _ => throw new ScriptException(left.Position, "a tag or a name was expected before ':='."),
        };
    }

    private ValueSyntax Value()
    {
        var position = _scanner.Position;
        var first = Term();
        if (first is not TextSyntax || !_isString)
        {
            return first;
        }

        // A string followed by values is a format.
        var before = _scanner.Index;
        _scanner.SkipBlanks();
        if (_scanner.AtEnd || !StartsTerm())
        {
            _scanner.Index = before;
            return first;
        }

        var arguments = new List<ValueSyntax> { first, Term() };
        while (true)
        {
            before = _scanner.Index;
            _scanner.SkipBlanks();
            if (!_scanner.TryTake(","))
            {
                _scanner.Index = before;
                return new CallSyntax(position, "format", arguments);
            }

            _scanner.SkipBlanks();
            arguments.Add(Term());
        }
    }

    private bool _isString;

    private bool StartsTerm() => _scanner.Current is '(' or '"' or '-' || char.IsAsciiDigit(_scanner.Current) || Scanner.StartsName(_scanner.Current);

    private ValueSyntax Term()
    {
        if (++_depth > DeepestNesting)
        {
            throw new ScriptException(_scanner.Position, $"values are nested deeper than {DeepestNesting} levels.");
        }

        var position = _scanner.Position;
        _isString = _scanner.Current == '"';
        ValueSyntax term;
        if (_isString)
        {
            term = new TextSyntax(position, String4());
        }
        else if (_scanner.Current == '(')
        {
            term = new PathSyntax(position, new TagPath([new PathStep(LevelWildcard.None, _scanner.Tag(byNumber: true), null, false)]));
        }
        else if (char.IsAsciiDigit(_scanner.Current) || _scanner.Current == '-')
        {
            term = new TextSyntax(position, _scanner.Number());
        }
        else
        {
            term = NameOrCall(position);
            _isString = false;
        }

        _depth--;
        return term;
    }

    private ValueSyntax NameOrCall(ScriptPosition position)
    {
        var name = _scanner.Name();
        var after = _scanner.Index;
        _scanner.SkipBlanks();
        if (!_scanner.TryTake("["))
        {
            _scanner.Index = after;
            return new NameSyntax(position, name.ToLowerInvariant());
        }

        var arguments = new List<ValueSyntax>();
        while (true)
        {
            _scanner.SkipBlanks();
            arguments.Add(Term());
            _scanner.SkipBlanks();
            if (_scanner.TryTake("]"))
            {
                return new CallSyntax(position, name, arguments);
            }

            _scanner.Take(",");
        }
    }

    private string String4()
    {
        _scanner.Take("\"");
        var text = new StringBuilder();
        while (_scanner.Current != '"')
        {
            if (_scanner.AtEnd || _scanner.Current == '\n')
            {
                throw _scanner.Expected("'\"'");
            }

            if (_scanner.Current != '\\')
            {
                text.Append(_scanner.Current);
                _scanner.Index++;
                continue;
            }

            _scanner.Index++;
            const string Letters = "btnfr\"'\\";
            const string Meanings = "\b\t\n\f\r\"'\\";
            var which = Letters.IndexOf(_scanner.Current, StringComparison.Ordinal);
            if (which < 0)
            {
                throw _scanner.Expected("one of b t n f r \" ' \\ behind the backslash");
            }

            text.Append(Meanings[which]);
            _scanner.Index++;
        }

        _scanner.Index++;
        return text.ToString();
    }
}
