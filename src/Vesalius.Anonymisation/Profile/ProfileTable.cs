namespace Vesalius.Anonymisation.Profile;

/// <summary>A row of PS3.15 Table E.1-1.</summary>
/// <param name="Tag">Eight hexadecimal digits; <c>x</c> for any digit in repeating groups.</param>
/// <param name="Vr">Value representation, alternatives as in the dictionary.</param>
/// <param name="Keyword">Keyword.</param>
/// <param name="Name">Name.</param>
/// <param name="Basic">Action code of the basic profile.</param>
/// <param name="Codes">Action codes of the options that concern the attribute, by <see cref="ProfileOption.Name"/>.</param>
public sealed record ProfileRow(string Tag, string Vr, string Keyword, string Name, string Basic, IReadOnlyDictionary<string, char> Codes);

/// <summary>An element of PS3.15 Table E.3.10-1.</summary>
/// <param name="Group">Four hexadecimal digits.</param>
/// <param name="Element">Low byte, two hexadecimal digits.</param>
/// <param name="Creator">Private creator.</param>
/// <param name="Meaning">What it holds.</param>
public sealed record SafePrivateElement(string Group, string Element, string Creator, string Meaning);

/// <summary>The standard's tables, read once.</summary>
internal static partial class ProfileTable
{
    private static readonly string[] OptionColumns =
    [
        "retainSafePrivate", "retainUids", "retainDeviceIdentity", "retainInstitutionIdentity", "retainPatientCharacteristics",
        "retainFullDates", "retainModifiedDates", "cleanDescriptors", "cleanStructuredContent", "cleanGraphics",
    ];

    private static readonly Lazy<IReadOnlyList<ProfileRow>> LazyRows = new(() => [.. Lines(Attributes).Select(Row)]);

    private static readonly Lazy<IReadOnlyList<SafePrivateElement>> LazySafe = new(() =>
        [.. Lines(SafePrivateAttributes).Select(l => new SafePrivateElement(l[0], l[1], l[2], l[4])).DistinctBy(e => (e.Group, e.Element, e.Creator))]);

    /// <summary>All rows, by tag.</summary>
    public static IReadOnlyList<ProfileRow> Rows => LazyRows.Value;

    /// <summary>Private elements thought safe.</summary>
    public static IReadOnlyList<SafePrivateElement> SafePrivate => LazySafe.Value;

    /// <summary>Dates of the dictionary that have no row: tag, representation, keyword, name.</summary>
    public static IEnumerable<(string Tag, string Vr, string Name)> UnlistedDates => Lines(OtherDates).Select(l => (l[0], l[1], l[3]));

    private static IEnumerable<string[]> Lines(string table) => table.Split('\n').Select(l => l.TrimEnd('\r').Split('\t'));

    private static ProfileRow Row(string[] cells)
    {
        var codes = new Dictionary<string, char>();
        for (var i = 0; i < OptionColumns.Length; i++)
        {
            if (cells[i + 5] is [var code])
            {
                codes[OptionColumns[i]] = code;
            }
        }

        return new ProfileRow(cells[0], cells[1], cells[2], cells[3], cells[4], codes);
    }
}
