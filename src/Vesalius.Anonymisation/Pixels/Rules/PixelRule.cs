using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>What is done with an object that a rule fits.</summary>
public enum PixelAction
{
    /// <summary>No rule fits.</summary>
    None,
    /// <summary>Areas are blanked.</summary>
    Blank,
    /// <summary>The object is dropped on purpose.</summary>
    Reject,
    /// <summary>The object goes to quarantine, for a person to look at.</summary>
    Quarantine,
    /// <summary>The pixels are known to be clean: nothing is blanked and no text is looked for.</summary>
    Pass,
}

/// <summary>What a rule list says about an object.</summary>
/// <param name="Action">What to do.</param>
/// <param name="Rule">Name of the rule that decided; null if none fits.</param>
/// <param name="Areas">What to blank.</param>
public sealed record PixelDecision(PixelAction Action, string? Rule, IReadOnlyList<BlankedArea> Areas);

/// <summary>Thrown when a rule list cannot be read.</summary>
/// <param name="line">Line, from 1.</param>
/// <param name="column">Column, from 1.</param>
/// <param name="reason">What was expected.</param>
public sealed class PixelRuleException(int line, int column, string reason) : Exception($"Line {line}, column {column}: {reason}")
{
    /// <summary>Line, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>Column, from 1.</summary>
    public int Column { get; } = column;
}

internal enum ConditionKind
{
    Equal,
    NotEqual,
    Contains,
    Starts,
    Ends,
    Matches,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Present,
    Missing,
}

/// <summary>One comparison of an attribute. Texts are compared without regard to case, as CTP's and deid's are; several values are joined by backslashes.</summary>
internal sealed record PixelCondition(Tag Tag, ConditionKind Kind, string Text, double Number, Regex? Pattern)
{
    public bool Fits(DataSet dataSet)
    {
        var value = dataSet.GetString(Tag)?.Trim(' ', '\0');
        var number = double.TryParse(value?.Split('\\')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : double.NaN;
        return Kind switch
        {
            ConditionKind.Present => !string.IsNullOrEmpty(value) || dataSet.GetSequence(Tag) is { Items.Count: > 0 },
            ConditionKind.Missing => string.IsNullOrEmpty(value) && dataSet.GetSequence(Tag) is not { Items.Count: > 0 },
            ConditionKind.NotEqual => !IsEqual(value, number),
            _ when value is null => false,
            ConditionKind.Equal => IsEqual(value, number),
            ConditionKind.Contains => value.Contains(Text, StringComparison.OrdinalIgnoreCase),
            ConditionKind.Starts => value.StartsWith(Text, StringComparison.OrdinalIgnoreCase),
            ConditionKind.Ends => value.EndsWith(Text, StringComparison.OrdinalIgnoreCase),
            ConditionKind.Matches => Pattern!.IsMatch(value),
            ConditionKind.Less => number < Number,
            ConditionKind.LessOrEqual => number <= Number,
            ConditionKind.Greater => number > Number,
            _ => number >= Number,
        };
    }

    private bool IsEqual(string? value, double number) =>
        string.Equals(value, Text, StringComparison.OrdinalIgnoreCase) || (!double.IsNaN(Number) && number == Number)
        || (value?.Split('\\').Any(v => string.Equals(v.Trim(), Text, StringComparison.OrdinalIgnoreCase)) ?? false);
}

/// <summary>A rule: it fits if all conditions of one <c>when</c> line hold and of no <c>unless</c> line all do.</summary>
internal sealed record PixelRule(
    string Name, IReadOnlyList<IReadOnlyList<PixelCondition>> When, IReadOnlyList<IReadOnlyList<PixelCondition>> Unless, PixelAction Action,
    IReadOnlyList<BlankedArea> Blank, IReadOnlyList<PixelRectangle> Keep, bool KeepsRegions)
{
    public bool Fits(DataSet dataSet) => When.Any(line => line.All(c => c.Fits(dataSet))) && !Unless.Any(line => line.All(c => c.Fits(dataSet)));

    /// <summary>What the rule blanks in this object.</summary>
    public IEnumerable<BlankedArea> Areas(DataSet dataSet)
    {
        if (Keep.Count == 0 && !KeepsRegions)
        {
            return Blank;
        }

        var kept = KeepsRegions ? [.. Keep, .. Regions(dataSet)] : Keep;
        var whole = new PixelRectangle(0, 0, dataSet.GetInteger(Tag.Columns) ?? 0xFFFF, dataSet.GetInteger(Tag.Rows) ?? 0xFFFF);
        return [.. Blank, .. Outside(whole, kept).Select(r => new BlankedArea(r))];
    }

    // PS3.3 §C.8.5.5.1.2: Region Location Max is the last pixel inside.
    private static IEnumerable<PixelRectangle> Regions(DataSet dataSet)
    {
        foreach (var region in dataSet.GetSequence(Tag.SequenceOfUltrasoundRegions)?.Items ?? [])
        {
            if (region.GetInteger(Tag.RegionLocationMinX0) is { } left && region.GetInteger(Tag.RegionLocationMinY0) is { } top
                && region.GetInteger(Tag.RegionLocationMaxX1) is { } right && region.GetInteger(Tag.RegionLocationMaxY1) is { } bottom)
            {
                yield return new PixelRectangle(left, top, right + 1, bottom + 1);
            }
        }
    }

    // The whole is cut along the edges of what is kept.
    private static List<PixelRectangle> Outside(PixelRectangle whole, IReadOnlyList<PixelRectangle> kept)
    {
        List<PixelRectangle> rest = [whole];
        foreach (var k in kept)
        {
            rest = [.. rest.SelectMany(r => Without(r, k))];
        }

        return rest;
    }

    private static IEnumerable<PixelRectangle> Without(PixelRectangle r, PixelRectangle k)
    {
        var inside = new PixelRectangle(Math.Max(r.Left, k.Left), Math.Max(r.Top, k.Top), Math.Min(r.Right, k.Right), Math.Min(r.Bottom, k.Bottom));
        if (inside.IsEmpty)
        {
            return [r];
        }

        PixelRectangle[] parts =
        [
            r with { Bottom = inside.Top }, r with { Top = inside.Bottom },
            new(r.Left, inside.Top, inside.Left, inside.Bottom), new(inside.Right, inside.Top, r.Right, inside.Bottom),
        ];
        return parts.Where(p => !p.IsEmpty);
    }
}
