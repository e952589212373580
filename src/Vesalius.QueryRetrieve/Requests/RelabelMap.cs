using System.Text;
using Vesalius.Dicom;

namespace Vesalius.QueryRetrieve;

/// <summary>Relabelling by XNAT's column names (xapi A.7, A.8).</summary>
public static class RelabelMap
{
    // In this order, so that what names one attribute wins over what sets two.
    private static readonly (string Name, Tag[] Tags)[] Targets =
    [
        ("Subject", [Tag.PatientName, Tag.PatientID]), ("Session", [Tag.StudyID, Tag.AccessionNumber]), ("Relabel Patient Name", [Tag.PatientName]),
        ("Relabel Patient ID", [Tag.PatientID]), ("Relabel Patient Birth Date", [Tag.PatientBirthDate]), ("Relabel Study ID", [Tag.StudyID]),
        ("Relabel Study Date", [Tag.StudyDate]), ("Relabel Accession Number", [Tag.AccessionNumber]),
    ];

    /// <summary>The value of each attribute that a map sets.</summary>
    public static IReadOnlyDictionary<Tag, string> Assignments(IReadOnlyDictionary<string, string> map)
    {
        ArgumentNullException.ThrowIfNull(map);
        var assignments = new Dictionary<Tag, string>();
        foreach (var (name, tags) in Targets)
        {
            if (map.TryGetValue(name, out var value))
            {
                foreach (var tag in tags)
                {
                    assignments[tag] = value;
                }
            }
        }

        return assignments;
    }

    /// <summary>Subject label that a map gives; null if none.</summary>
    public static string? Subject(IReadOnlyDictionary<string, string> map) => First(map, "Subject", "Relabel Patient Name", "Relabel Patient ID");

    /// <summary>Session label that a map gives; null if none.</summary>
    public static string? Session(IReadOnlyDictionary<string, string> map) => First(map, "Session", "Relabel Study ID", "Relabel Accession Number");

    private static string? First(IReadOnlyDictionary<string, string> map, params string[] names) =>
        names.Select(n => map.TryGetValue(n, out var value) ? value : "").FirstOrDefault(v => v.Length > 0) is { } text ? Archive.Label.From(text) : null;

    /// <summary>Relabels an object in place.</summary>
    public static void Apply(IReadOnlyDictionary<string, string> map, DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var assignments = Assignments(map);
        // A label may need more than the object's own character set can express.
        if (assignments.Values.Any(v => v.Any(c => c > 0x7F)))
        {
            dataSet.ReencodeAsUtf8();
        }

        foreach (var (tag, value) in assignments)
        {
            dataSet.SetString(tag, value);
        }
    }

    /// <summary>The same as a DicomEdit script, for people; null if the map is empty.</summary>
    public static string? Script(IReadOnlyDictionary<string, string> map)
    {
        var assignments = Assignments(map);
        if (assignments.Count == 0)
        {
            return null;
        }

        var script = new StringBuilder("version \"6.1\"\n");
        foreach (var (tag, value) in assignments)
        {
            script.Append(tag).Append(" := \"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append("\"\n");
        }

        return script.ToString();
    }
}
