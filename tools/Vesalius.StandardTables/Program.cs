// Writes the generated parts of src/Vesalius.Dicom/Dictionary and src/Vesalius.Anonymisation/Profile from the tables of the standard.
// Usage: dotnet run --project tools/Vesalius.StandardTables -- <folder with the CSV files> <src/Vesalius.Dicom/Dictionary> <src/Vesalius.Anonymisation/Profile>
using System.Globalization;
using System.Security;
using System.Text;
using CsvHelper;

if (args.Length != 3)
{
    Console.Error.WriteLine("usage: <folder with data-elements.csv, uids.csv, confidentiality-profile.csv, safe-private-attributes.csv> <dictionary folder> <profile folder>");
    return 2;
}

DataElementTables.Write(Path.Combine(args[0], "data-elements.csv"), args[1]);
UidTables.Write(Path.Combine(args[0], "uids.csv"), args[1]);
ProfileTables.Write(args[0], args[2]);
return 0;

/// <summary>Tags, representations, multiplicities and keywords of PS3.6.</summary>
internal static class DataElementTables
{
    private sealed record Row(string Tag, string Keyword, string Name, string Vr, string Vm, bool Retired);

    public static void Write(string csv, string folder)
    {
        var rows = Csv.Read(csv, r => new Row(r.GetField("tag")!, r.GetField("keyword")!, r.GetField("name")!, r.GetField("vr")!, r.GetField("vm")!, r.GetField("retired") == "Y"));
        var single = rows.Where(r => !r.Tag.Contains('x', StringComparison.Ordinal)).OrderBy(r => Convert.ToUInt32(r.Tag, 16)).ToList();
        var repeating = rows.Where(r => r.Tag.Contains('x', StringComparison.Ordinal)).ToList();
        WriteTags(single, Path.Combine(folder, "Tag.g.cs"));
        WriteDictionary(single, repeating, Path.Combine(folder, "DataDictionary.g.cs"));
    }

    private static void WriteTags(List<Row> rows, string path)
    {
        var text = new StringBuilder(Csv.Banner);
        text.Append("namespace Vesalius.Dicom;\n\npublic readonly partial record struct Tag\n{\n");
        foreach (var row in rows.Where(r => r.Keyword.Length > 0 && r.Keyword is not ("Item" or "ItemDelimitationItem" or "SequenceDelimitationItem")))
        {
            text.Append(CultureInfo.InvariantCulture, $"    /// <summary>({row.Tag[..4]},{row.Tag[4..]}) {SecurityElement.Escape(row.Name)}, {row.Vr}, {row.Vm}{(row.Retired ? ", retired" : "")}.</summary>\n");
            text.Append(CultureInfo.InvariantCulture, $"    public static Tag {row.Keyword} => new(0x{row.Tag[..4]}_{row.Tag[4..]});\n");
        }

        text.Append("}\n");
        File.WriteAllText(path, text.ToString());
    }

    private static void WriteDictionary(List<Row> rows, List<Row> repeating, string path)
    {
        var text = new StringBuilder(Csv.Banner);
        text.Append("namespace Vesalius.Dicom;\n\npublic static partial class DataDictionary\n{\n");
        text.Append("    private static ReadOnlySpan<uint> Tags =>\n    [\n");
        Chunk(text, rows.Select(r => $"0x{r.Tag}"));
        text.Append("    ];\n\n    // Alternatives such as \"US or SS\" have their index in VrAlternatives.\n    private static ReadOnlySpan<byte> VrIndices =>\n    [\n");
        var vrs = rows.Concat(repeating).Select(r => r.Vr).Distinct().Order(StringComparer.Ordinal).ToList();
        Chunk(text, rows.Select(r => vrs.IndexOf(r.Vr).ToString(CultureInfo.InvariantCulture)));
        text.Append("    ];\n\n    private static readonly string[] VrAlternatives = [" + string.Join(", ", vrs.Select(v => $"\"{v}\"")) + "];\n\n");
        var vms = rows.Concat(repeating).Select(r => r.Vm).Distinct().Order(StringComparer.Ordinal).ToList();
        text.Append("    private static ReadOnlySpan<byte> VmIndices =>\n    [\n");
        Chunk(text, rows.Select(r => vms.IndexOf(r.Vm).ToString(CultureInfo.InvariantCulture)));
        text.Append("    ];\n\n    private static readonly string[] Multiplicities = [" + string.Join(", ", vms.Select(v => $"\"{v}\"")) + "];\n\n");
        text.Append("    // Keyword and name of each tag, in the order of Tags, one per line, separated by a tab.\n    private const string KeywordsAndNames =\n        \"\"\"\n");
        foreach (var row in rows)
        {
            text.Append("        ").Append(row.Keyword).Append('\t').Append(row.Name).Append('\n');
        }

        text.Append("        \"\"\";\n\n    private static readonly RepeatingElement[] RepeatingElements =\n    [\n");
        foreach (var row in repeating)
        {
            var mask = string.Concat(row.Tag.Select(c => c == 'x' ? '0' : 'F'));
            text.Append(CultureInfo.InvariantCulture, $"        new(0x{mask}, 0x{row.Tag.Replace('x', '0')}, \"{row.Keyword}\", \"{row.Name}\", \"{row.Vr}\", \"{row.Vm}\"),\n");
        }

        text.Append("    ];\n}\n");
        File.WriteAllText(path, text.ToString());
    }

    private static void Chunk(StringBuilder text, IEnumerable<string> values)
    {
        foreach (var line in values.Chunk(16))
        {
            text.Append("        ").AppendJoin(", ", line).Append(",\n");
        }
    }
}

/// <summary>Unique identifiers of PS3.6 Annex A.</summary>
internal static class UidTables
{
    private sealed record Row(string Uid, string Keyword, string Name, string Type, string Info, bool Retired);

    public static void Write(string csv, string folder)
    {
        var rows = Csv.Read(csv, r => new Row(r.GetField("uid")!, r.GetField("keyword")!, r.GetField("name")!, r.GetField("type")!, r.GetField("info")!, r.GetField("retired").AsSpan().Contains('R') || r.GetField("retired") == "Y"));
        var text = new StringBuilder(Csv.Banner);
        text.Append("namespace Vesalius.Dicom;\n\npublic static partial class UidDictionary\n{\n");
        text.Append("    // UID, keyword, name, type, retired: one per line, separated by tabs.\n    private const string Rows =\n        \"\"\"\n");
        foreach (var row in rows)
        {
            text.Append("        ").AppendJoin('\t', row.Uid, row.Keyword, row.Name, row.Type, row.Retired ? "Y" : "N").Append('\n');
        }

        text.Append("        \"\"\";\n}\n\n/// <summary>Well-known unique identifiers of PS3.6 Annex A, by keyword.</summary>\npublic static class Uids\n{\n");
        foreach (var row in rows.Where(r => r.Keyword.Length > 0).DistinctBy(r => r.Keyword))
        {
            text.Append(CultureInfo.InvariantCulture, $"    /// <summary>{SecurityElement.Escape(row.Name)} ({row.Type}{(row.Retired ? ", retired" : "")}).</summary>\n");
            text.Append(CultureInfo.InvariantCulture, $"    public const string {row.Keyword} = \"{row.Uid}\";\n");
        }

        text.Append("}\n");
        File.WriteAllText(Path.Combine(folder, "Uids.g.cs"), text.ToString());
    }
}

/// <summary>Reading of the tables.</summary>
internal static class Csv
{
    public const string Banner = "// <auto-generated>Written by tools/Vesalius.StandardTables from the tables of PS3.6; do not edit.</auto-generated>\n#nullable enable\n\n";

    public static List<T> Read<T>(string path, Func<CsvReader, T> row)
    {
        using var reader = new CsvReader(new StreamReader(path), CultureInfo.InvariantCulture);
        var rows = new List<T>();
        reader.Read();
        reader.ReadHeader();
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
