using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Reads rule lists: a statement per line, <c>#</c> begins a comment.</summary>
internal sealed class PixelRuleParser(string text)
{
    private static readonly Dictionary<string, Tag> Fields = new(StringComparer.OrdinalIgnoreCase)
    {
        ["modality"] = Tag.Modality, ["manufacturer"] = Tag.Manufacturer, ["model"] = Tag.ManufacturerModelName, ["sopClass"] = Tag.SOPClassUID,
        ["rows"] = Tag.Rows, ["columns"] = Tag.Columns, ["frames"] = Tag.NumberOfFrames, ["seriesDescription"] = Tag.SeriesDescription, ["imageType"] = Tag.ImageType,
        ["protocol"] = Tag.ProtocolName, ["station"] = Tag.StationName, ["burnedIn"] = Tag.BurnedInAnnotation, ["seriesNumber"] = Tag.SeriesNumber,
        ["software"] = Tag.SoftwareVersions, ["photometric"] = Tag.PhotometricInterpretation, ["conversion"] = Tag.ConversionType,
    };

    private static readonly Dictionary<string, ConditionKind> Operators = new(StringComparer.OrdinalIgnoreCase)
    {
        ["="] = ConditionKind.Equal, ["!="] = ConditionKind.NotEqual, ["contains"] = ConditionKind.Contains, ["starts"] = ConditionKind.Starts, ["ends"] = ConditionKind.Ends,
        ["matches"] = ConditionKind.Matches, ["<"] = ConditionKind.Less, ["<="] = ConditionKind.LessOrEqual, [">"] = ConditionKind.Greater, [">="] = ConditionKind.GreaterOrEqual,
        ["present"] = ConditionKind.Present, ["missing"] = ConditionKind.Missing,
    };

    // Patterns are matched without going back, in time that grows with the text alone; a machine that has much to do may still need a while.
    private static readonly TimeSpan PatternTime = TimeSpan.FromSeconds(10);

    private sealed record Word(string Text, int Column, bool IsQuoted);

    private sealed class Draft(string name, int line)
    {
        public string Name { get; } = name;

        public int Line { get; } = line;

        public List<IReadOnlyList<PixelCondition>> When { get; } = [];

        public List<IReadOnlyList<PixelCondition>> Unless { get; } = [];

        public List<BlankedArea> Blank { get; } = [];

        public List<PixelRectangle> Keep { get; } = [];

        public bool KeepsRegions { get; set; }

        public PixelAction Action { get; set; }
    }

    private int _line;
    private List<Word> _words = [];
    private int _at;

    public List<PixelRule> Parse()
    {
        var rules = new List<PixelRule>();
        Draft? draft = null;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            _line++;
            _words = Split(line);
            _at = 0;
            if (_words.Count == 0)
            {
                continue;
            }

            var statement = Next("a statement");
            if (Is(statement, "rule"))
            {
                Finish(draft, rules);
                draft = new Draft(Quoted("the rule's name in quotes"), _line);
            }
            else if (draft is null)
            {
                throw Fault(statement, "a list begins with 'rule \"name\"'.");
            }
            else
            {
                Read(draft, statement);
            }

            if (_at < _words.Count)
            {
                throw Fault(_words[_at], "nothing more was expected on this line.");
            }
        }

        Finish(draft, rules);
        return rules;
    }

    private void Read(Draft draft, Word statement)
    {
        switch (statement.Text.ToLowerInvariant())
        {
            case "when" when !statement.IsQuoted:
                draft.When.Add(Conditions());
                break;
            case "unless" when !statement.IsQuoted:
                draft.Unless.Add(Conditions());
                break;
            case "blank" when !statement.IsQuoted:
                Act(draft, statement, PixelAction.Blank);
                draft.Blank.Add(Area());
                break;
            case "keep" when !statement.IsQuoted:
                Act(draft, statement, PixelAction.Blank);
                if (_at < _words.Count && Is(_words[_at], "ultrasound-regions"))
                {
                    _at++;
                    draft.KeepsRegions = true;
                }
                else
                {
                    draft.Keep.Add(Rectangle());
                }

                break;
            case "reject" or "quarantine" or "pass" when !statement.IsQuoted:
                Act(draft, statement, Enum.Parse<PixelAction>(statement.Text, ignoreCase: true));
                break;
            default:
                throw Fault(statement, "expected one of rule, when, unless, blank, keep, reject, quarantine, pass.");
        }
    }

    private void Act(Draft draft, Word statement, PixelAction action)
    {
        if (draft.Action != PixelAction.None && (draft.Action != action || action != PixelAction.Blank))
        {
            throw Fault(statement, "a rule has one action; only 'blank' and 'keep' may be said several times.");
        }

        draft.Action = action;
    }

    private static void Finish(Draft? draft, List<PixelRule> rules)
    {
        if (draft is null)
        {
            return;
        }

        if (draft.When.Count == 0)
        {
            throw new PixelRuleException(draft.Line, 1, "the rule has no 'when'.");
        }

        if (draft.Action == PixelAction.None)
        {
            throw new PixelRuleException(draft.Line, 1, "the rule has no action: blank, keep, reject, quarantine or pass.");
        }

        rules.Add(new PixelRule(draft.Name, draft.When, draft.Unless, draft.Action, draft.Blank, draft.Keep, draft.KeepsRegions));
    }

    private List<PixelCondition> Conditions()
    {
        var conditions = new List<PixelCondition> { Condition() };
        while (_at < _words.Count && Is(_words[_at], "and"))
        {
            _at++;
            conditions.Add(Condition());
        }

        return conditions;
    }

    private PixelCondition Condition()
    {
        var field = Next("an attribute");
        if (field.IsQuoted || (!Fields.TryGetValue(field.Text, out var tag) && !Tag.TryParse(field.Text, out tag)))
        {
            throw Fault(field, "expected an attribute: a field, a keyword of PS3.6, or (gggg,eeee).");
        }

        var sign = Next("a comparison");
        if (sign.IsQuoted || !Operators.TryGetValue(sign.Text, out var kind))
        {
            throw Fault(sign, $"expected one of {string.Join(", ", Operators.Keys)}.");
        }

        if (kind is ConditionKind.Present or ConditionKind.Missing)
        {
            return new PixelCondition(tag, kind, "", double.NaN, null);
        }

        var value = Next("a value");
        var number = double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : double.NaN;
        if (kind is ConditionKind.Less or ConditionKind.LessOrEqual or ConditionKind.Greater or ConditionKind.GreaterOrEqual && double.IsNaN(number))
        {
            throw Fault(value, "expected a number.");
        }

        if (!value.IsQuoted && double.IsNaN(number))
        {
            throw Fault(value, "a text stands in quotes.");
        }

        try
        {
            return new PixelCondition(
                tag, kind, value.Text, number,
                kind == ConditionKind.Matches ? new Regex(value.Text, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, PatternTime) : null);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw Fault(value, "the regular expression cannot be used.");
        }
    }

    private BlankedArea Area()
    {
        PixelRectangle rectangle;
        if (_at < _words.Count && Is(_words[_at], "all"))
        {
            _at++;
            rectangle = new PixelRectangle(0, 0, int.MaxValue, int.MaxValue);
        }
        else
        {
            rectangle = Rectangle();
        }

        if (_at >= _words.Count || !Is(_words[_at], "frames"))
        {
            return new BlankedArea(rectangle);
        }

        _at++;
        var range = Next("frames, as 1-10");
        var parts = range.Text.Split('-');
        if (parts.Length is not (1 or 2) || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || first < 1 || last < first)
        {
            throw Fault(range, "expected frames from 1, as 1-10.");
        }

        return new BlankedArea(rectangle, first - 1, last - 1);
    }

    private PixelRectangle Rectangle()
    {
        var word = Next("left,top,right,bottom");
        var parts = word.Text.Split(',');
        var numbers = parts.Select(p => int.TryParse(p, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : (int?)null).ToList();
        if (numbers.Count != 4 || numbers.Any(n => n is null))
        {
            throw Fault(word, "expected four whole numbers: left,top,right,bottom.");
        }

        var rectangle = new PixelRectangle(numbers[0]!.Value, numbers[1]!.Value, numbers[2]!.Value, numbers[3]!.Value);
        return rectangle.IsEmpty ? throw Fault(word, "right and bottom must lie behind left and top.") : rectangle;
    }

    private static bool Is(Word word, string text) => !word.IsQuoted && string.Equals(word.Text, text, StringComparison.OrdinalIgnoreCase);

    private string Quoted(string what)
    {
        var word = Next(what);
        return word.IsQuoted ? word.Text : throw Fault(word, $"expected {what}.");
    }

    private Word Next(string what) => _at < _words.Count
        ? _words[_at++]
        : throw new PixelRuleException(_line, (_words.Count == 0 ? 0 : _words[^1].Column + _words[^1].Text.Length) + 1, $"expected {what}.");

    private PixelRuleException Fault(Word word, string reason) => new(_line, word.Column, reason);

    private List<Word> Split(string line)
    {
        var words = new List<Word>();
        var i = 0;
        while (i < line.Length)
        {
            if (char.IsWhiteSpace(line[i]))
            {
                i++;
                continue;
            }

            if (line[i] == '#')
            {
                break;
            }

            var start = i;
            if (line[i] == '"')
            {
                var end = line.IndexOf('"', i + 1);
                if (end < 0)
                {
                    throw new PixelRuleException(_line, start + 1, "the text is not closed by a quote.");
                }

                words.Add(new Word(line[(i + 1)..end], start + 1, true));
                i = end + 1;
                continue;
            }

            while (i < line.Length && !char.IsWhiteSpace(line[i]) && line[i] is not ('"' or '#'))
            {
                i++;
            }

            words.Add(new Word(line[start..i], start + 1, false));
        }

        return words;
    }
}
