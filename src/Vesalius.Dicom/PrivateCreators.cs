using System.Text;

namespace Vesalius.Dicom;

/// <summary>The blocks that private creators have reserved in one data set, as they are read (PS3.5 §7.8.1).</summary>
internal sealed class PrivateCreators
{
    private Dictionary<Tag, string>? _creators;

    public void Add(Tag tag, ReadOnlySpan<byte> value) =>
        (_creators ??= [])[tag] = Encoding.Latin1.GetString(value).Trim(' ', '\0');

    public string? Find(Tag tag) =>
        _creators is not null && tag.IsPrivate && _creators.TryGetValue(tag.PrivateCreatorTag, out var creator) ? creator : null;
}
