namespace Vesalius.Anonymisation.Profile;

/// <summary>What is done to an attribute.</summary>
public enum ProfileAction
{
    /// <summary>It stays.</summary>
    Keep,
    /// <summary>It is removed.</summary>
    Remove,
    /// <summary>It becomes empty where it is there.</summary>
    Empty,
    /// <summary>It gets a value without meaning where it is there.</summary>
    Dummy,
    /// <summary>Its UID is replaced, consistently.</summary>
    ReplaceUid,
    /// <summary>Its date is shifted.</summary>
    ShiftDate,
}

/// <summary>A rule for one attribute: what conformance asks to be documented (PS3.15 §E.1).</summary>
/// <param name="Tag">Tag as in the table.</param>
/// <param name="Vr">Value representation.</param>
/// <param name="Name">Name.</param>
/// <param name="Action">What is done.</param>
/// <param name="Because">Code and, if an option decided, its name.</param>
/// <param name="Dummy">The value of a dummy.</param>
public sealed record ProfileRule(string Tag, string Vr, string Name, ProfileAction Action, string Because, string? Dummy = null);

/// <summary>From the table's codes to one action per attribute (dicomedit §10.3). Types per IOD are not at hand, so the stricter need decides: that keeps every IOD valid.</summary>
internal static class ProfileRules
{
    public static IReadOnlyList<ProfileRule> For(ProfileChoices choices)
    {
        var options = choices.Options.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var kept = choices.KeptDescriptors.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. ProfileTable.Rows.Select(row => Rule(row, options, kept))];
    }

    private static ProfileRule Rule(ProfileRow row, HashSet<string> options, HashSet<string> kept)
    {
        var chosen = row.Codes.Where(c => options.Contains(c.Key)).ToDictionary(c => c.Key, c => c.Value);
        // A true date is worse than a lost one, so the shift stands before what another option would keep.
        if (chosen.ContainsKey("retainModifiedDates") && (row.Vr is "DA" or "DT"))
        {
            return Of(row, ProfileAction.ShiftDate, "C, retainModifiedDates");
        }

        if (chosen.ContainsKey("retainModifiedDates") && row.Vr == "TM")
        {
            return Of(row, ProfileAction.Keep, "C, retainModifiedDates: whole days are shifted, times of day stay");
        }

        if (chosen.FirstOrDefault(c => c.Value == 'K') is { Key: { } keeper })
        {
            return Of(row, ProfileAction.Keep, $"K, {keeper}");
        }

        if (chosen.Keys.FirstOrDefault(k => k is "cleanStructuredContent" or "cleanGraphics") is { } cleaner)
        {
            return Of(row, ProfileAction.Keep, $"C, {cleaner}");
        }

        if (kept.Contains(row.Keyword) && chosen.Keys.FirstOrDefault(k => k is "cleanDescriptors" or "retainPatientCharacteristics" or "retainDeviceIdentity") is { } listed)
        {
            return Of(row, ProfileAction.Keep, $"C, {listed}: listed");
        }

        return Basic(row);
    }

    private static ProfileRule Basic(ProfileRow row) => row.Basic switch
    {
        "X" => Of(row, ProfileAction.Remove, "X"),
        "U" => Of(row, ProfileAction.ReplaceUid, "U"),
        "X/Z/U*" => Of(row, ProfileAction.Keep, "X/Z/U*: the UIDs inside are replaced"),
        "Z" or "X/Z" => Of(row, row.Vr == "SQ" ? ProfileAction.Remove : ProfileAction.Empty, row.Basic),
        _ => WithDummy(row),
    };

    private static ProfileRule WithDummy(ProfileRow row)
    {
        if (row.Vr == "UI")
        {
            return Of(row, ProfileAction.ReplaceUid, row.Basic);
        }

        return DummyOf(row.Vr) is { } dummy ? Of(row, ProfileAction.Dummy, row.Basic, dummy) : Of(row, ProfileAction.Remove, $"{row.Basic}, no dummy for {row.Vr}");
    }

    private static ProfileRule Of(ProfileRow row, ProfileAction action, string because, string? dummy = null) => new(row.Tag, row.Vr, row.Name, action, because, dummy);

    /// <summary>A value without meaning that fits a representation; null where there is none and the element has to go.</summary>
    public static string? DummyOf(string vr) => vr switch
    {
        "AE" or "CS" => "ANON",
        "AS" => "000D",
        "DA" => "19000101",
        "DT" => "19000101000000",
        "TM" => "000000",
        "DS" or "IS" or "FL" or "FD" or "SL" or "SS" or "SV" or "UL" or "US" or "UV" or "US or SS" => "0",
        "LO" or "SH" or "ST" or "LT" or "UC" or "UT" => "REMOVED",
        "PN" => "Anonymous",
        "UR" => "urn:removed",
        _ => null,
    };
}
