using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>What happened to an element.</summary>
public enum ElementChange
{
    /// <summary>It has another value.</summary>
    Changed,
    /// <summary>It is gone.</summary>
    Removed,
    /// <summary>It was not there before.</summary>
    Added,
}

/// <summary>An item of a sequence, by the way to it.</summary>
/// <param name="parent">Item that the sequence lies in; null at the top.</param>
/// <param name="sequence">Sequence.</param>
/// <param name="number">Number of the item, from 0.</param>
public sealed class ItemPlace(ItemPlace? parent, Tag sequence, int number)
{
    private string? _unnumbered;

    /// <summary>The way to the item's elements, with the numbers of items: <c>(0040,A730)[2]/</c>.</summary>
    public string Numbered => $"{parent?.Numbered}{sequence}[{number}]/";

    /// <summary>The way without the numbers of items: <c>(0040,A730)/</c>.</summary>
    public string Unnumbered => _unnumbered ??= $"{parent?.Unnumbered}{sequence}/";
}

/// <summary>An element that is not as it was.</summary>
/// <param name="Item">Item that it is in, numbered as it was, or as it is for what was added; null at the top.</param>
/// <param name="Tag">Tag.</param>
/// <param name="Change">What happened.</param>
/// <param name="Before">As it was; null if it was not there.</param>
/// <param name="After">As it is; null if it is gone.</param>
/// <param name="Owner">The data set that holds it now, or held it.</param>
public readonly record struct ElementDifference(ItemPlace? Item, Tag Tag, ElementChange Change, DataElement? Before, DataElement? After, DataSet Owner)
{
    /// <summary>Where, with the numbers of items.</summary>
    public string Path => Item?.Numbered + Tag;
}

/// <summary>A data set as it was at one moment, without copying values: elements are never changed, only replaced.</summary>
public sealed class DataSetSnapshot
{
    private const int DeepestNesting = 64;
    private readonly DataSet _dataSet;
    private readonly DataElement[] _elements;
    private readonly DataSetSnapshot[]?[]? _items;

    private DataSetSnapshot(DataSet dataSet, int depth)
    {
        _dataSet = dataSet;
        _elements = [.. dataSet];
        for (var i = 0; i < _elements.Length && depth < DeepestNesting; i++)
        {
            if (_elements[i] is SequenceElement sequence)
            {
                (_items ??= new DataSetSnapshot[_elements.Length][])[i] = [.. sequence.Items.Select(item => new DataSetSnapshot(item, depth + 1))];
            }
        }
    }

    /// <summary>Takes note of a data set.</summary>
    public static DataSetSnapshot Of(DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        return new DataSetSnapshot(dataSet, 0);
    }

    /// <summary>Tells what is not as it was, in the order of the elements.</summary>
    /// <param name="told">Called for each.</param>
    public void Differences(Action<ElementDifference> told)
    {
        ArgumentNullException.ThrowIfNull(told);
        Compare(null, told);
    }

    /// <summary>The elements as they were with their paths, nested ones behind their sequence.</summary>
    public IEnumerable<(string Path, DataElement Element, DataSet Owner)> Elements() => Elements(null);

    private IEnumerable<(string Path, DataElement Element, DataSet Owner)> Elements(ItemPlace? place)
    {
        for (var i = 0; i < _elements.Length; i++)
        {
            yield return (place?.Numbered + _elements[i].Tag, _elements[i], _dataSet);
            for (var n = 0; n < (_items?[i]?.Length ?? 0); n++)
            {
                foreach (var nested in _items![i]![n].Elements(new ItemPlace(place, _elements[i].Tag, n)))
                {
                    yield return nested;
                }
            }
        }
    }

    private void Compare(ItemPlace? place, Action<ElementDifference> told)
    {
        var (before, after) = (0, 0);
        while (before < _elements.Length || after < _dataSet.Count)
        {
            var was = before < _elements.Length ? _elements[before] : null;
            var now = after < _dataSet.Count ? _dataSet.ElementAt(after) : null;
            if (now is null || (was is not null && was.Tag < now.Tag))
            {
                Whole(place, was!, _items?[before], ElementChange.Removed, told);
                before++;
            }
            else if (was is null || now.Tag < was.Tag)
            {
                Appeared(place, now, _dataSet, told, 0);
                after++;
            }
            else
            {
                Pair(place, was, _items?[before], now, told);
                before++;
                after++;
            }
        }
    }

    private void Pair(ItemPlace? place, DataElement was, DataSetSnapshot[]? items, DataElement now, Action<ElementDifference> told)
    {
        if (items is null || now is not SequenceElement sequence)
        {
            if (!IsSame(was, now))
            {
                told(new ElementDifference(place, was.Tag, ElementChange.Changed, was, now, _dataSet));
            }

            return;
        }

        // Items are known by what they are, not by their number: one that is gone moves the others.
        var present = sequence.Items.ToHashSet();
        for (var i = 0; i < items.Length; i++)
        {
            var item = items[i];
            if (present.Contains(item._dataSet))
            {
                item.Compare(new ItemPlace(place, was.Tag, i), told);
            }
            else
            {
                item.All(new ItemPlace(place, was.Tag, i), ElementChange.Removed, told);
            }
        }

        var known = items.Select(i => i._dataSet).ToHashSet();
        for (var i = 0; i < sequence.Items.Count; i++)
        {
            if (!known.Contains(sequence.Items[i]))
            {
                foreach (var element in sequence.Items[i])
                {
                    Appeared(new ItemPlace(place, was.Tag, i), element, sequence.Items[i], told, 0);
                }
            }
        }
    }

    private void All(ItemPlace? place, ElementChange change, Action<ElementDifference> told)
    {
        for (var i = 0; i < _elements.Length; i++)
        {
            Whole(place, _elements[i], _items?[i], change, told);
        }
    }

    private void Whole(ItemPlace? place, DataElement element, DataSetSnapshot[]? items, ElementChange change, Action<ElementDifference> told)
    {
        told(new ElementDifference(place, element.Tag, change, element, null, _dataSet));
        for (var i = 0; i < (items?.Length ?? 0); i++)
        {
            items![i].All(new ItemPlace(place, element.Tag, i), change, told);
        }
    }

    private static void Appeared(ItemPlace? place, DataElement element, DataSet owner, Action<ElementDifference> told, int depth)
    {
        told(new ElementDifference(place, element.Tag, ElementChange.Added, null, element, owner));
        if (element is SequenceElement sequence && depth < DeepestNesting)
        {
            for (var i = 0; i < sequence.Items.Count; i++)
            {
                foreach (var nested in sequence.Items[i])
                {
                    Appeared(new ItemPlace(place, element.Tag, i), nested, sequence.Items[i], told, depth + 1);
                }
            }
        }
    }

    private static bool IsSame(DataElement was, DataElement now) =>
        ReferenceEquals(was, now) || (was is ValueElement a && now is ValueElement b && a.Vr == b.Vr && a.Bytes.Span.SequenceEqual(b.Bytes.Span));
}
