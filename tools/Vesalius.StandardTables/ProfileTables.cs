using System.Globalization;
using System.Text;

/// <summary>PS3.15 Table E.1-1 (confidentiality profile) and Table E.3.10-1 (private attributes thought safe).</summary>
internal static class ProfileTables
{
    // In this order the codes stand behind tag, VR, keyword and name.
    private static readonly string[] Columns =
    [
        "basicProfile", "retainSafePrivate", "retainUids", "retainDeviceIdentity", "retainInstitutionIdentity", "retainPatientCharacteristics",
        "retainLongitudinalFullDates", "retainLongitudinalModifiedDates", "cleanDescriptors", "cleanStructuredContent", "cleanGraphics",
    ];

    public static void Write(string csvFolder, string outputFolder)
    {
        var rows = Csv.Read(Path.Combine(csvFolder, "confidentiality-profile.csv"), r =>
            string.Join('\t', new[] { r.GetField("tag")!, r.GetField("vr")!, r.GetField("keyword")!, r.GetField("name")! }.Concat(Columns.Select(c => r.GetField(c)!))));
        var safe = Csv.Read(Path.Combine(csvFolder, "safe-private-attributes.csv"), r =>
            string.Join('\t', r.GetField("group"), r.GetField("element"), r.GetField("privateCreator"), r.GetField("vr"), r.GetField("meaning")));
        var text = new StringBuilder(Csv.Banner);
        text.Append("namespace Vesalius.Anonymisation.Profile;\n\ninternal static partial class ProfileTable\n{\n");
        text.Append(CultureInfo.InvariantCulture, $"    // tag, VR, keyword, name, {string.Join(", ", Columns)}; separated by tabs.\n");
        Append(text, "Attributes", rows.Order(StringComparer.Ordinal));
        text.Append("\n    // group, low byte of the element, creator, VR, meaning; separated by tabs.\n");
        Append(text, "SafePrivateAttributes", safe);
        text.Append("\n    // Dates of the dictionary that the profile's table does not list: tag, VR, keyword, name.\n");
        var listed = rows.Select(r => r[..8]).ToHashSet(StringComparer.Ordinal);
        Append(text, "OtherDates", Csv.Read(Path.Combine(csvFolder, "data-elements.csv"), r => (Tag: r.GetField("tag")!, Vr: r.GetField("vr")!, Keyword: r.GetField("keyword")!, Name: r.GetField("name")!))
            .Where(r => r.Vr is "DA" or "DT" && !listed.Contains(r.Tag)).Select(r => string.Join('\t', r.Tag, r.Vr, r.Keyword, r.Name)).Order(StringComparer.Ordinal));
        text.Append("}\n");
        File.WriteAllText(Path.Combine(outputFolder, "ProfileTable.g.cs"), text.ToString());
    }

    private static void Append(StringBuilder text, string name, IEnumerable<string> lines)
    {
        text.Append(CultureInfo.InvariantCulture, $"    private const string {name} =\n        \"\"\"\n");
        foreach (var line in lines)
        {
            text.Append("        ").Append(line.ReplaceLineEndings(" ")).Append('\n');
        }

        text.Append("        \"\"\";\n");
    }
}
