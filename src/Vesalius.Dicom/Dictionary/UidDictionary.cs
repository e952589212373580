using System.Collections.Frozen;

namespace Vesalius.Dicom;

/// <summary>One registered unique identifier (PS3.6 Annex A).</summary>
/// <param name="Uid">The identifier.</param>
/// <param name="Keyword">Keyword; may be empty.</param>
/// <param name="Name">Name.</param>
/// <param name="Type">For example <c>SOP Class</c> or <c>Transfer Syntax</c>.</param>
/// <param name="IsRetired">True if retired.</param>
public sealed record UidEntry(string Uid, string Keyword, string Name, string Type, bool IsRetired);

/// <summary>The registry of unique identifiers of PS3.6 Annex A, generated from its table.</summary>
public static partial class UidDictionary
{
    private static readonly Lazy<FrozenDictionary<string, UidEntry>> Entries = new(() =>
        Rows.Split('\n').Select(line => line.TrimEnd('\r').Split('\t'))
            .Select(p => new UidEntry(p[0], p[1], p[2], p[3], p[4] == "Y"))
            .DistinctBy(e => e.Uid).ToFrozenDictionary(e => e.Uid, StringComparer.Ordinal));

    /// <summary>Looks up an identifier; null if it is not registered.</summary>
    public static UidEntry? Find(string uid) => Entries.Value.GetValueOrDefault(uid);

    /// <summary>All registered identifiers.</summary>
    public static IEnumerable<UidEntry> All => Entries.Value.Values;
}
