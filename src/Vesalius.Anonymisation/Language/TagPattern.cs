using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Language;

/// <summary>A tag, or with digit wildcards a set of them (§4.1), or elements of a creator's private blocks (§4.3).</summary>
/// <param name="Mask">Digits that are given, as F.</param>
/// <param name="Value">Their value.</param>
/// <param name="Parity">Bits that must be zero or one because of <c>@</c> and <c>#</c>: mask of the lowest bit of each such digit.</param>
/// <param name="ParityValue">Their value.</param>
/// <param name="Creator">Private creator; null for standard elements and direct numbers.</param>
internal sealed record TagPattern(uint Mask, uint Value, uint Parity, uint ParityValue, string? Creator)
{
    /// <summary>True if it names one element at most (a creator may have reserved several blocks, but one normally).</summary>
    public bool IsExact => (Creator is null ? Mask == 0xFFFF_FFFF : (Mask & 0xFFFF_00FF) == 0xFFFF_00FF) && Parity == 0;

    /// <summary>True if the group has no wildcard.</summary>
    public bool HasExactGroup => (Mask & 0xFFFF_0000) == 0xFFFF_0000;

    /// <summary>The tag of an exact pattern without creator.</summary>
    public Tag Tag => new(Value);

    public ushort Group => (ushort)(Value >> 16);

    private bool FitsNumber(uint tag) => (tag & Mask) == Value && (tag & Parity) == ParityValue;

    /// <summary>True if the element of this data set is meant.</summary>
    public bool Matches(DataSet dataSet, Tag tag, bool sparesCreators = true)
    {
        if (!FitsNumber(tag.Value))
        {
            return false;
        }

        if (Creator is null)
        {
            return IsExact || !sparesCreators || !tag.IsPrivateCreator;
        }

        return tag.Element >= 0x1000 && CreatorOf(dataSet, tag) == Creator;
    }

    /// <summary>The creator that reserved the block of a private element; null if none did.</summary>
    public static string? CreatorOf(DataSet dataSet, Tag tag) =>
        tag.Element >= 0x1000 ? dataSet.GetString(tag.PrivateCreatorTag)?.Trim() : null;
}

/// <summary>A level wildcard (§4.2).</summary>
internal enum LevelWildcard
{
    None,
    /// <summary><c>*</c>: zero or more levels.</summary>
    Any,
    /// <summary><c>+</c>: one or more.</summary>
    Deeper,
    /// <summary><c>.</c>: exactly one.</summary>
    One,
}

/// <summary>One step of a path.</summary>
/// <param name="Wildcard">A level wildcard, or none.</param>
/// <param name="Tag">The tag, unless it is a wildcard.</param>
/// <param name="Item">Item number from 0; null for all.</param>
/// <param name="NamesItems">True if brackets were written, even <c>[%]</c>.</param>
internal sealed record PathStep(LevelWildcard Wildcard, TagPattern? Tag, int? Item, bool NamesItems);

/// <summary>A path into a data set.</summary>
internal sealed record TagPath(IReadOnlyList<PathStep> Steps)
{
    public PathStep Last => Steps[^1];

    /// <summary>True if it names one place at most (§4.2).</summary>
    public bool IsSingular { get; } = Steps.Select((step, i) =>
        step.Wildcard == LevelWildcard.None && step.Tag!.IsExact && (i == Steps.Count - 1 ? !step.NamesItems || step.Item is not null : step.Item is not null)).All(b => b);
}
