using System.Collections.Frozen;

namespace Vesalius.Dicom;

/// <summary>One row of the data dictionary (PS3.6 §6).</summary>
/// <param name="Tag">Tag; for repeating groups the tag that was asked for.</param>
/// <param name="Keyword">Keyword, for example <c>PatientName</c>.</param>
/// <param name="Name">Name.</param>
/// <param name="Vr">Value representation; the first where the standard leaves a choice.</param>
/// <param name="VrAlternatives">As the table has it, for example <c>US or SS</c>.</param>
/// <param name="Multiplicity">Value multiplicity, for example <c>1-n</c>.</param>
public sealed record DictionaryEntry(Tag Tag, string Keyword, string Name, Vr Vr, string VrAlternatives, string Multiplicity);

/// <summary>The data dictionary of PS3.6 and PS3.7, generated from its tables.</summary>
public static partial class DataDictionary
{
    private sealed record RepeatingElement(uint Mask, uint Value, string Keyword, string Name, string Vr, string Vm);

    private static readonly Lazy<FrozenDictionary<string, Tag>> TagByKeyword = new(() =>
    {
        var map = new Dictionary<string, Tag>(Tags.Length, StringComparer.Ordinal);
        var index = 0;
        foreach (var line in KeywordsAndNames.AsSpan().EnumerateLines())
        {
            var keyword = line[..line.IndexOf('\t')];
            if (!keyword.IsEmpty)
            {
                map[keyword.ToString()] = new Tag(Tags[index]);
            }

            index++;
        }

        return map.ToFrozenDictionary(StringComparer.Ordinal);
    });

    private static readonly Lazy<string[]> Lines = new(() => KeywordsAndNames.Split('\n'));

    // Lazy, since the order in which static fields of a type in two files are set is not ours to rely on.
    private static readonly Lazy<Vr[]> FirstVr = new(FirstAlternatives);

    private static Vr[] FirstAlternatives() =>
        [.. VrAlternatives.Select(a => Vr.TryParse(a.Length >= 2 ? a[..2] : a, out var vr) ? vr : Vr.UN)];

    /// <summary>Finds a standard element by its PS3.6 keyword, letter by letter.</summary>
    public static bool TryFindKeyword(string keyword, out Tag tag) => TagByKeyword.Value.TryGetValue(keyword, out tag);

    /// <summary>Looks up a standard element; null for private and unknown ones.</summary>
    public static DictionaryEntry? Find(Tag tag)
    {
        var index = Tags.BinarySearch(tag.Value);
        if (index >= 0)
        {
            var line = Lines.Value[index];
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            return new DictionaryEntry(
                tag, line[..tab], line[(tab + 1)..].TrimEnd('\r'), FirstVr.Value[VrIndices[index]], VrAlternatives[VrIndices[index]], Multiplicities[VmIndices[index]]);
        }

        foreach (var row in RepeatingElements)
        {
            if ((tag.Value & row.Mask) == row.Value && !tag.IsPrivate)
            {
                return new DictionaryEntry(tag, row.Keyword, row.Name, Vr.TryParse(row.Vr[..2], out var vr) ? vr : Vr.UN, row.Vr, row.Vm);
            }
        }

        return null;
    }

    /// <summary>True if the dictionary leaves the choice between US and SS, which Pixel Representation (0028,0103) decides (PS3.5 §A.1).</summary>
    public static bool MayBeSigned(Tag tag) => tag.Group is 0x0028 or 0x0040 or 0x0060 or 0x0022 && Find(tag)?.VrAlternatives.StartsWith("US or SS", StringComparison.Ordinal) == true;

    /// <summary>The value representation that implicit encodings imply (PS3.5 §6.2.2, §A.1).</summary>
    /// <param name="tag">The element.</param>
    /// <param name="privateCreator">The creator that reserved its block, for private elements, if known.</param>
    /// <returns>UN for unknown elements, LO for private creators, UL for group lengths.</returns>
    public static Vr VrOf(Tag tag, string? privateCreator = null)
    {
        if (tag.IsGroupLength)
        {
            return Vr.UL;
        }

        if (tag.IsPrivate)
        {
            return tag.IsPrivateCreator ? Vr.LO : Vr.UN;
        }

        var index = Tags.BinarySearch(tag.Value);
        if (index >= 0)
        {
            // Pixel Data is OW where the encoding does not say (PS3.5 §A.1).
            return tag == Tag.PixelData ? Vr.OW : FirstVr.Value[VrIndices[index]];
        }

        return Find(tag)?.Vr ?? Vr.UN;
    }
}
