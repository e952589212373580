using System.Text;

namespace Vesalius.Dicom;

/// <summary>Where the private elements of one data set go that the Native DICOM Model names by their creators (PS3.19 Table A.1.5-2).</summary>
internal sealed class NativeModelBlocks
{
    private const int FirstBlock = 0x10;
    private const int LastBlock = 0xFF;
    private readonly Dictionary<Tag, string> _creators = [];
    private readonly HashSet<Tag> _taken = [];
    private readonly List<(Tag, string)> _missing = [];

    /// <summary>Creators that elements name and that no element of the document reserves a block for.</summary>
    public IEnumerable<(Tag Tag, string Creator)> Missing => _missing.Where(m => !_taken.Contains(m.Item1));

    /// <summary>The creator that stands in an element's bytes.</summary>
    public static string Creator(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes).Trim(' ', '\0');

    /// <summary>Takes note of a block's creator.</summary>
    public void Reserve(Tag tag, string creator) => _creators[tag] = creator.Trim(' ', '\0');

    /// <summary>Says which tag an element gets.</summary>
    /// <param name="tag">As the document names it.</param>
    /// <param name="creator">Its creator, if the document names one.</param>
    /// <param name="place">The tag.</param>
    /// <returns>False if the tag is taken, or no block is free.</returns>
    public bool TryPlace(Tag tag, string? creator, out Tag place)
    {
        place = tag;
        if (creator is null || !tag.IsPrivate || tag.Element > 0xFF)
        {
            return _taken.Add(tag);
        }

        creator = creator.Trim(' ', '\0');
        // One creator may have several blocks; what is taken in the first goes to the next.
        for (var block = FirstBlock; block <= LastBlock; block++)
        {
            var reservation = new Tag(tag.Group, (ushort)block);
            place = new Tag(tag.Group, (ushort)((block << 8) | tag.Element));
            if (!_creators.TryGetValue(reservation, out var reserved))
            {
                continue;
            }

            if (reserved == creator && _taken.Add(place))
            {
                return true;
            }
        }

        for (var block = FirstBlock; block <= LastBlock; block++)
        {
            var reservation = new Tag(tag.Group, (ushort)block);
            if (!_creators.ContainsKey(reservation) && !_taken.Contains(reservation))
            {
                Reserve(reservation, creator);
                _missing.Add((reservation, creator));
                place = new Tag(tag.Group, (ushort)((block << 8) | tag.Element));
                return _taken.Add(place);
            }
        }

        return false;
    }
}
