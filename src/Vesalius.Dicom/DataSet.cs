using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Vesalius.Dicom;

/// <summary>Elements in the order of their tags (PS3.5 §7.1), editable. Not safe for use by several threads while edited.</summary>
public sealed partial class DataSet : IReadOnlyCollection<DataElement>
{
    private readonly List<DataElement> _elements;
    private bool _changed;
    private bool _sorted = true;

    /// <summary>Makes an empty data set.</summary>
    /// <param name="encoding">Byte layout that values made later will have; explicit little endian unless said.</param>
    public DataSet(DicomEncoding? encoding = null)
        : this([], encoding ?? DicomEncoding.ExplicitLittleEndian)
    {
        _changed = true;
    }

    internal DataSet(List<DataElement> elements, DicomEncoding encoding)
    {
        _elements = elements;
        Encoding = encoding;
        for (var i = 1; i < elements.Count; i++)
        {
            if (elements[i - 1].Tag >= elements[i].Tag)
            {
                _sorted = false;
                break;
            }
        }

        foreach (var element in elements)
        {
            Adopt(element);
        }
    }

    /// <summary>Makes an item of elements that were just read.</summary>
    internal DataSet(DataSet elements, bool hasUndefinedLength)
        : this(elements._elements, elements.Encoding) => HasUndefinedLength = hasUndefinedLength;

    /// <summary>Byte layout of what was read.</summary>
    public DicomEncoding Encoding { get; }

    /// <summary>The data set whose sequence holds this item; null at top level. Character sets are inherited from it (PS3.3 §C.12.1.1.2).</summary>
    public DataSet? Parent { get; private set; }

    /// <summary>Item header, elements and delimiter as read, if this is an item; otherwise empty.</summary>
    internal ReadOnlyMemory<byte> RawItem { get; set; }

    /// <summary>True if the item was read with undefined length.</summary>
    internal bool HasUndefinedLength { get; init; }

    /// <summary>Number of elements.</summary>
    public int Count => _elements.Count;

    /// <summary>True if elements were added, replaced or removed here or in any item below, since reading.</summary>
    public bool IsModified
    {
        get
        {
            if (_changed)
            {
                return true;
            }

            foreach (var element in _elements)
            {
                if (element is SequenceElement && element.IsModified)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>The element with this tag, or null. If the tag stands more than once, the last of them.</summary>
    public DataElement? this[Tag tag] => TryGet(tag, out var element) ? element : null;

    /// <summary>Finds an element.</summary>
    public bool TryGet(Tag tag, [NotNullWhen(true)] out DataElement? element)
    {
        var index = Find(tag);
        element = index >= 0 ? _elements[index] : null;
        return element is not null;
    }

    /// <summary>True if the tag is there, empty or not.</summary>
    public bool Contains(Tag tag) => Find(tag) >= 0;

    /// <summary>Adds an element, or replaces the one with its tag.</summary>
    public void Set(DataElement element)
    {
        ArgumentNullException.ThrowIfNull(element);
        _changed = true;
        Adopt(element);
        var index = Find(element.Tag);
        if (index >= 0)
        {
            _elements[index] = element;
            return;
        }

        if (_sorted)
        {
            _elements.Insert(~index, element);
            return;
        }

        var place = _elements.FindIndex(e => e.Tag > element.Tag);
        _elements.Insert(place < 0 ? _elements.Count : place, element);
    }

    /// <summary>Appends an element that was read after the others; not an edit.</summary>
    internal void Append(DataElement element)
    {
        _sorted &= _elements.Count == 0 || _elements[^1].Tag < element.Tag;
        _elements.Add(element);
        Adopt(element);
    }

    /// <summary>Adds pixel data that was left elsewhere while the elements before it were read, and the elements that follow it. Not an edit.</summary>
    /// <param name="pixelData">The element.</param>
    /// <param name="following">Elements behind it.</param>
    public void AppendStreamed(StreamedElement pixelData, DataSet following)
    {
        ArgumentNullException.ThrowIfNull(following);
        Append(pixelData);
        foreach (var element in following)
        {
            Append(element);
        }
    }

    /// <summary>Removes every element with this tag.</summary>
    /// <returns>True if one was there.</returns>
    public bool Remove(Tag tag)
    {
        if (_sorted)
        {
            var index = Find(tag);
            if (index < 0)
            {
                return false;
            }

            _elements.RemoveAt(index);
            _changed = true;
            return true;
        }

        return RemoveWhere(e => e.Tag == tag) > 0;
    }

    /// <summary>Removes the elements for which the predicate holds.</summary>
    /// <returns>How many were removed.</returns>
    public int RemoveWhere(Predicate<DataElement> predicate)
    {
        var removed = _elements.RemoveAll(predicate);
        _changed |= removed > 0;
        return removed;
    }

    /// <summary>The elements in order. Do not edit the data set meanwhile; take a copy for that.</summary>
    public IEnumerator<DataElement> GetEnumerator() => _elements.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The element at this place of the order, from 0.</summary>
    public DataElement ElementAt(int index) => _elements[index];

    private void Adopt(DataElement element)
    {
        if (element is SequenceElement sequence)
        {
            sequence.Owner = this;
            foreach (var item in sequence.Items)
            {
                item.Parent = this;
            }
        }
    }

    internal void AdoptItem(DataSet item) => item.Parent = this;

    private int Find(Tag tag)
    {
        if (!_sorted)
        {
            return _elements.FindLastIndex(e => e.Tag == tag);
        }

        int low = 0, high = _elements.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = _elements[middle].Tag.Value.CompareTo(tag.Value);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }
}
