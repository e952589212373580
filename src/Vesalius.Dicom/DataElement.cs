namespace Vesalius.Dicom;

/// <summary>One element of a data set (PS3.5 §7.1): a tag, a value representation, and a value of one of four forms.</summary>
/// <remarks>What was read keeps its bytes, so that what nobody edits is written back unchanged.</remarks>
public abstract class DataElement
{
    private protected DataElement(Tag tag, Vr vr)
    {
        Tag = tag;
        Vr = vr;
    }

    /// <summary>The element's tag.</summary>
    public Tag Tag { get; }

    /// <summary>Its value representation: as read, or by the dictionary where the encoding is implicit.</summary>
    public Vr Vr { get; }

    /// <summary>Header and value as they were read; empty for elements made by us. For a streamed value: the header alone.</summary>
    internal ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>The encoding of <see cref="Raw"/>.</summary>
    internal DicomEncoding RawEncoding { get; init; }

    /// <summary>True if the element, or anything in it, differs from what was read.</summary>
    public abstract bool IsModified { get; }
}

/// <summary>An element whose value is a run of bytes in memory: text, numbers, or opaque.</summary>
public sealed class ValueElement : DataElement
{
    /// <summary>Makes an element from encoded bytes.</summary>
    /// <param name="tag">Tag.</param>
    /// <param name="vr">Value representation.</param>
    /// <param name="bytes">The value as it stands in a stream; padded to even length when written.</param>
    /// <param name="bigEndian">True if numbers in it have the most significant byte first.</param>
    public ValueElement(Tag tag, Vr vr, ReadOnlyMemory<byte> bytes, bool bigEndian = false)
        : base(tag, vr)
    {
        Bytes = bytes;
        IsBigEndian = bigEndian;
    }

    /// <summary>The value as it was encoded, padding included.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>True if numbers in <see cref="Bytes"/> have the most significant byte first.</summary>
    public bool IsBigEndian { get; }

    /// <inheritdoc/>
    public override bool IsModified => Raw.IsEmpty;
}

/// <summary>A sequence of items, each a data set (PS3.5 §7.5).</summary>
public sealed class SequenceElement : DataElement
{
    private readonly List<DataSet> _items;
    private bool _changed;

    /// <summary>The data set that holds this sequence, once one does.</summary>
    internal DataSet? Owner { get; set; }

    /// <summary>Makes a sequence.</summary>
    public SequenceElement(Tag tag, IEnumerable<DataSet> items, Vr? vr = null)
        : base(tag, vr ?? Vr.SQ)
    {
        ArgumentNullException.ThrowIfNull(items);
        _items = [.. items];
    }

    /// <summary>The items in order.</summary>
    public IReadOnlyList<DataSet> Items => _items;

    /// <summary>True if the sequence was read with undefined length; kept when it is written again.</summary>
    public bool HasUndefinedLength { get; internal init; }

    /// <summary>Appends an item.</summary>
    public void Add(DataSet item)
    {
        ArgumentNullException.ThrowIfNull(item);
        _items.Add(item);
        Owner?.AdoptItem(item);
        _changed = true;
    }

    /// <summary>Removes all items.</summary>
    public void Clear()
    {
        _changed |= _items.Count > 0;
        _items.Clear();
    }

    /// <inheritdoc/>
    public override bool IsModified
    {
        get
        {
            if (_changed || Raw.IsEmpty)
            {
                return true;
            }

            foreach (var item in _items)
            {
                if (item.IsModified)
                {
                    return true;
                }
            }

            return false;
        }
    }
}

/// <summary>Encapsulated pixel data held in memory: offset table and fragments as they were encoded (PS3.5 §A.4).</summary>
public sealed class EncapsulatedElement : DataElement
{
    /// <summary>Makes an element from its encoded items.</summary>
    /// <param name="tag">Tag.</param>
    /// <param name="vr">Value representation, normally OB.</param>
    /// <param name="items">Everything behind the undefined length: offset table, fragments and the sequence delimiter, little endian.</param>
    public EncapsulatedElement(Tag tag, Vr vr, ReadOnlyMemory<byte> items)
        : base(tag, vr) => EncodedItems = items;

    /// <summary>Offset table, fragments and the sequence delimiter as encoded.</summary>
    public ReadOnlyMemory<byte> EncodedItems { get; }

    /// <inheritdoc/>
    public override bool IsModified => Raw.IsEmpty;
}

/// <summary>Bytes that stay where they are, in a file for instance, until someone reads them.</summary>
public interface IBulkData
{
    /// <summary>Length in bytes.</summary>
    long Length { get; }

    /// <summary>Opens the bytes for reading from their start. The caller disposes the stream.</summary>
    Stream OpenRead();
}

/// <summary>An element whose value was left where it lies (large values of a file that is read lazily).</summary>
public sealed class StreamedElement : DataElement
{
    /// <summary>Makes an element.</summary>
    /// <param name="tag">Tag.</param>
    /// <param name="vr">Value representation.</param>
    /// <param name="data">The value; for encapsulated data everything behind the undefined length, sequence delimiter included.</param>
    /// <param name="isEncapsulated">True if the length field says undefined.</param>
    /// <param name="bigEndian">True if numbers in it have the most significant byte first.</param>
    public StreamedElement(Tag tag, Vr vr, IBulkData data, bool isEncapsulated, bool bigEndian = false)
        : base(tag, vr)
    {
        Data = data;
        IsEncapsulated = isEncapsulated;
        IsBigEndian = bigEndian;
    }

    /// <summary>The value's bytes.</summary>
    public IBulkData Data { get; }

    /// <summary>True if the value is a run of fragments behind an undefined length.</summary>
    public bool IsEncapsulated { get; }

    /// <summary>True if numbers in the value have the most significant byte first.</summary>
    public bool IsBigEndian { get; }

    /// <inheritdoc/>
    public override bool IsModified => Raw.IsEmpty;
}
