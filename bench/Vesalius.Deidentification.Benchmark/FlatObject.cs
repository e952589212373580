using System.Security.Cryptography;
using System.Text;
using Vesalius.Dicom;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>An object as a list of paths and values, without item numbers, so that what was removed in between moves nothing.</summary>
internal sealed class FlatObject
{
    private readonly Dictionary<string, List<(DataSet Owner, ValueElement Element)>> _values = new(StringComparer.Ordinal);

    private FlatObject(ReadOnlyMemory<byte> prefix) => Prefix = prefix;

    /// <summary>Everything before the data set.</summary>
    public ReadOnlyMemory<byte> Prefix { get; }

    /// <summary>SHA-256 of the pixel data; null if there is none.</summary>
    public string? PixelHash { get; private set; }

    public IEnumerable<KeyValuePair<string, List<(DataSet Owner, ValueElement Element)>>> All => _values;

    public static FlatObject Read(byte[] file)
    {
        var read = Part10File.Read(file);
        var flat = new FlatObject(read.Prefix);
        if (read.FileMeta is not null)
        {
            flat.Add(read.FileMeta, "");
        }

        flat.Add(read.DataSet, "");
        return flat;
    }

    private void Add(DataSet dataSet, string prefix)
    {
        foreach (var element in dataSet)
        {
            var path = prefix + element.Tag.ToHexString();
            switch (element)
            {
                case SequenceElement sequence:
                    foreach (var item in sequence.Items)
                    {
                        Add(item, path + "/");
                    }

                    break;
                case EncapsulatedElement encapsulated when prefix.Length == 0:
                    PixelHash = Convert.ToHexString(SHA256.HashData(encapsulated.EncodedItems.Span));
                    break;
                case ValueElement { Tag.IsPixelData: true } pixels when prefix.Length == 0:
                    PixelHash = Convert.ToHexString(SHA256.HashData(pixels.Bytes.Span));
                    break;
                case ValueElement value:
                    if (!_values.TryGetValue(path, out var list))
                    {
                        _values[path] = list = [];
                    }

                    list.Add((dataSet, value));
                    break;
            }
        }
    }

    /// <summary>Values at a path as text, in order.</summary>
    public IReadOnlyList<string> Texts(string path) => _values.TryGetValue(path, out var list) ? [.. list.Select(v => Text(v.Owner, v.Element))] : [];

    public static string Text(DataSet owner, ValueElement element) => ElementText.Read(element, owner.CharacterSet);

    /// <summary>True if a text stands in a value at this path, in any encoding.</summary>
    public bool Holds(string path, string text)
    {
        if (path.Length == 0)
        {
            return IsIn(Prefix.Span, text);
        }

        if (_values.TryGetValue(path, out var list))
        {
            return list.Exists(v => Text(v.Owner, v.Element).Contains(text, StringComparison.OrdinalIgnoreCase) || IsIn(v.Element.Bytes.Span, text));
        }

        // A private sequence of an implicit encoding is read as one value.
        var parent = path.LastIndexOf('/');
        return parent > 0 && Holds(path[..parent], text);
    }

    private static bool IsIn(ReadOnlySpan<byte> bytes, string text) =>
        bytes.IndexOf(Encoding.UTF8.GetBytes(text)) >= 0 || bytes.IndexOf(Encoding.Latin1.GetBytes(text)) >= 0 || bytes.IndexOf(Encoding.Unicode.GetBytes(text)) >= 0;
}
