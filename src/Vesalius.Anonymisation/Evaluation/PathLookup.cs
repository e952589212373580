using System.Globalization;
using Vesalius.Anonymisation.Language;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Evaluation;

/// <summary>An element that a path names.</summary>
/// <param name="Owner">The data set that holds it.</param>
/// <param name="Element">The element.</param>
internal readonly record struct Place(DataSet Owner, DataElement Element);

/// <summary>Finds what paths name in a data set (§4.2, §4.3).</summary>
internal static class PathLookup
{
    public const int DeepestNesting = 64;

    /// <summary>All elements that the path names; item numbers of the last step are for the caller.</summary>
    public static List<Place> Find(ScriptRun run, TagPath path)
    {
        var places = new List<Place>();
        if (path.Steps.Count == 1)
        {
            FindHere(run, Root(run, path), path.Last.Tag!, places);
            if (run.Context.FileMeta is { } ownMeta && !path.Last.Tag!.HasExactGroup)
            {
                FindHere(run, ownMeta, path.Last.Tag, places);
            }

            return places;
        }

        // The commonest form, everywhere: answered from an index, so that hundreds of such lines do not walk the object as often.
        if (path.Steps is [{ Wildcard: LevelWildcard.Any }, { Tag: { Creator: null, IsExact: true } everywhere }] && everywhere.Group != 0x0002)
        {
            foreach (var holder in run.Holders(everywhere.Tag))
            {
                if (holder.TryGet(everywhere.Tag, out var element))
                {
                    places.Add(new Place(holder, element));
                }
            }

            return places;
        }

        var seen = new HashSet<(DataSet, DataElement)>();
        Walk(run, Root(run, path), path, 0, 0, place =>
        {
            if (seen.Add((place.Owner, place.Element)))
            {
                places.Add(place);
            }
        });
        // With a level wildcard that includes the top level, file meta information has its turn as well.
        if (path.Steps[0].Wildcard == LevelWildcard.Any && path.Last.Tag!.Group == 0x0002 && run.Context.FileMeta is { } meta)
        {
            FindHere(run, meta, path.Last.Tag, places);
        }

        return places;
    }

    private static DataSet Root(ScriptRun run, TagPath path) => path.Steps[0].Tag is { } first ? run.Container(first.Group) : run.DataSet;

    private static void Walk(ScriptRun run, DataSet dataSet, TagPath path, int step, int depth, Action<Place> found)
    {
        if (depth > DeepestNesting)
        {
            throw new EvaluationException($"sequences are nested deeper than {DeepestNesting} levels.");
        }

        run.Visit();
        var current = path.Steps[step];
        switch (current.Wildcard)
        {
            case LevelWildcard.Any:
                Walk(run, dataSet, path, step + 1, depth, found);
                EachItem(run, dataSet, item => Walk(run, item, path, step, depth + 1, found));
                return;
            case LevelWildcard.Deeper:
                EachItem(run, dataSet, item =>
                {
                    Walk(run, item, path, step + 1, depth + 1, found);
                    Walk(run, item, path, step, depth + 1, found);
                });
                return;
            case LevelWildcard.One:
                EachItem(run, dataSet, item => Walk(run, item, path, step + 1, depth + 1, found));
                return;
        }

        var here = new List<Place>();
        FindHere(run, dataSet, current.Tag!, here);
        foreach (var place in here)
        {
            if (step == path.Steps.Count - 1)
            {
                found(place);
            }
            else if (place.Element is SequenceElement sequence)
            {
                for (var i = 0; i < sequence.Items.Count; i++)
                {
                    if (current.Item is null || current.Item == i)
                    {
                        Walk(run, sequence.Items[i], path, step + 1, depth + 1, found);
                    }
                }
            }
        }
    }

    private static void EachItem(ScriptRun run, DataSet dataSet, Action<DataSet> act)
    {
        foreach (var element in dataSet.ToArray())
        {
            run.Visit();
            if (element is SequenceElement sequence)
            {
                foreach (var item in sequence.Items)
                {
                    act(item);
                }
            }
        }
    }

    private static void FindHere(ScriptRun run, DataSet dataSet, TagPattern pattern, List<Place> places)
    {
        if (pattern.IsExact && pattern.Creator is null)
        {
            if (dataSet.TryGet(pattern.Tag, out var element))
            {
                places.Add(new Place(dataSet, element));
            }

            return;
        }

        foreach (var element in dataSet)
        {
            run.Visit();
            if (pattern.Matches(dataSet, element.Tag))
            {
                places.Add(new Place(dataSet, element));
            }
        }
    }

    /// <summary>The text of the one element that a singular path names (§4.4).</summary>
    public static ScriptValue Read(ScriptRun run, TagPath path)
    {
        if (!path.IsSingular)
        {
            throw new EvaluationException("the path names more than one place, so it has no single value.");
        }

        if (path.Steps is [{ Item: null, Tag: { IsExact: true, Creator: null } only }])
        {
            var dataSet = run.Container(only.Group);
            return !dataSet.TryGet(only.Tag, out var element) ? ScriptValue.Missing
                : element is ValueElement value ? ScriptValue.Of(TextOf(dataSet, value)) : throw NoText();
        }

        var places = Find(run, path);
        if (places.Count == 0)
        {
            return ScriptValue.Missing;
        }

        return path.Last.Item is null && places[0].Element is ValueElement found ? ScriptValue.Of(TextOf(places[0].Owner, found)) : throw NoText();
    }

    // Each value without its padding, and numbers without exponents.
    private static string TextOf(DataSet owner, ValueElement element)
    {
        var text = owner.GetString(element.Tag)!;
        var isReal = element.Vr == Vr.FL || element.Vr == Vr.FD;
        if (!(element.Vr.IsMultiValued && text.Contains('\\', StringComparison.Ordinal)) && !(isReal && text.Contains('E', StringComparison.Ordinal)))
        {
            return text;
        }

        return string.Join('\\', text.Split('\\').Select(v => isReal ? Plain(v) : element.Vr == Vr.UC ? v.TrimEnd(' ', '\0') : v.Trim(' ', '\0')));
    }

    // 1.5E-05 is 0.000015.
    private static string Plain(string number)
    {
        var exponent = number.IndexOf('E', StringComparison.Ordinal);
        if (exponent < 0)
        {
            return number;
        }

        var sign = number[0] == '-' ? "-" : "";
        var mantissa = number[sign.Length..exponent];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var whole = (point < 0 ? mantissa.Length : point) + int.Parse(number.AsSpan(exponent + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return whole <= 0 ? $"{sign}0.{new string('0', -whole)}{digits}" : sign + (whole >= digits.Length ? digits.PadRight(whole, '0') : digits.Insert(whole, "."));
    }

    private static EvaluationException NoText() => new("the path names a sequence, an item or pixel data, which have no text value.");
}
