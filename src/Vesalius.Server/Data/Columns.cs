using System.Globalization;
using System.Text.Json;
using Vesalius.Archive;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Columns of lists: shortcut and value, declared once per list (rest-api §1.11, §1.12).</summary>
internal static class Columns
{
    public static readonly Dictionary<string, Func<Project, string?>> Project = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ID"] = p => p.Id, ["secondary_ID"] = p => p.SecondaryId, ["name"] = p => p.Name, ["description"] = p => p.Description, ["keywords"] = p => p.Keywords,
        ["alias"] = p => string.Join(' ', p.Aliases), ["pi_firstname"] = p => p.PiFirstname, ["pi_lastname"] = p => p.PiLastname,
        ["insert_date"] = p => Timestamp(p.InsertDate), ["insert_user"] = p => p.InsertUser, ["last_modified"] = p => Timestamp(p.LastModified),
    };

    public static readonly Dictionary<string, Func<SubjectRow, string?>> Subject = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ID"] = s => s.Id, ["project"] = s => s.ProjectId, ["label"] = s => s.Label, ["insert_date"] = s => Timestamp(s.InsertDate), ["insert_user"] = s => s.InsertUser,
        ["last_modified"] = s => Timestamp(s.LastModified), ["xsiType"] = _ => "xnat:subjectData",
        ["group"] = s => Field(s.Fields, "group"), ["src"] = s => Field(s.Fields, "src"), ["dob"] = s => Field(s.Fields, "demographics/dob"), ["yob"] = s => Field(s.Fields, "demographics/yob"),
        ["age"] = s => Field(s.Fields, "demographics/age"), ["gender"] = s => Field(s.Fields, "demographics/gender"), ["handedness"] = s => Field(s.Fields, "demographics/handedness"),
        ["race"] = s => Field(s.Fields, "demographics/race"), ["ethnicity"] = s => Field(s.Fields, "demographics/ethnicity"), ["weight"] = s => Field(s.Fields, "demographics/weight"), ["height"] = s => Field(s.Fields, "demographics/height"),
        ["education"] = s => Field(s.Fields, "demographics/education"), ["ses"] = s => Field(s.Fields, "demographics/ses"),
    };

    public static readonly Dictionary<string, Func<ExperimentRow, string?>> Experiment = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ID"] = e => e.Id, ["project"] = e => e.ProjectId, ["label"] = e => e.Label, ["xsiType"] = e => e.XsiType,
        ["date"] = e => e.Date?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ["time"] = e => e.Time?.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
        ["UID"] = e => e.StudyInstanceUid, ["studyInstanceUID"] = e => e.StudyInstanceUid, ["subject_ID"] = e => e.SubjectId, ["subject_label"] = e => e.SubjectLabel,
        ["subject_project"] = e => e.ProjectId, ["session_ID"] = e => e.Id, ["session_label"] = e => e.Label, ["session_project"] = e => e.ProjectId,
        ["insert_date"] = e => Timestamp(e.InsertDate), ["insert_user"] = e => e.InsertUser, ["last_modified"] = e => Timestamp(e.LastModified),
        ["note"] = e => Field(e.Fields, "note"), ["scanner"] = e => Field(e.Fields, "scanner"), ["operator"] = e => Field(e.Fields, "operator"),
        ["dcmAccessionNumber"] = e => Field(e.Fields, "dcmAccessionNumber"), ["dcmPatientId"] = e => Field(e.Fields, "dcmPatientId"),
        ["dcmPatientName"] = e => Field(e.Fields, "dcmPatientName"), ["modality"] = e => Field(e.Fields, "modality"), ["fieldStrength"] = e => Field(e.Fields, "fieldStrength"),
    };

    public static readonly Dictionary<string, Func<ScanRow, string?>> Scan = new(StringComparer.OrdinalIgnoreCase)
    {
        ["xnat_imagescandata_id"] = s => s.Key.ToString(CultureInfo.InvariantCulture), ["ID"] = s => s.Id, ["type"] = s => s.Type, ["quality"] = s => s.Quality,
        ["xsiType"] = s => s.XsiType, ["note"] = s => s.Note, ["series_description"] = s => s.SeriesDescription, ["UID"] = s => s.SeriesInstanceUid, ["modality"] = s => s.Modality,
        ["frames"] = s => s.Frames?.ToString(CultureInfo.InvariantCulture), ["scanner"] = s => Field(s.Fields, "scanner"), ["fieldStrength"] = s => Field(s.Fields, "fieldStrength"),
        ["insert_date"] = s => Timestamp(s.InsertDate), ["insert_user"] = s => s.InsertUser, ["last_modified"] = s => Timestamp(s.LastModified),
    };

    public static string Timestamp(DateTime at) => at.ToString("yyyy-MM-dd HH:mm:ss.f", CultureInfo.InvariantCulture);

    public static string? Field(string json, string name)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.TryGetProperty(name, out var value) ? value.ToString() : null;
    }

    /// <summary>Answers a list: chosen columns, filters by shortcut, <c>URI</c> last.</summary>
    public static IResult Render<T>(
        HttpContext context, IEnumerable<T> rows, Dictionary<string, Func<T, string?>> columns, IReadOnlyList<string> defaults, Func<T, string> uri, string? key = null)
    {
        var query = context.Request.Query;
        var asked = query["columns"].ToString();
        var names = asked.Length == 0 || asked == "DEFAULT"
            ? defaults.ToList()
            : [.. asked.Split(',').Select(c => c.Trim()).Where(c => columns.ContainsKey(Shortcut(c)) && Shortcut(c) != "URI").DistinctBy(Shortcut, StringComparer.OrdinalIgnoreCase)];
        if (key is not null && !names.Contains(key, StringComparer.OrdinalIgnoreCase))
        {
            names.Insert(0, key);
        }

        var filters = query.Where(q => q.Key is not ("columns" or "format" or "sortBy" or "sortOrder" or "offset" or "limit" or "xsiType") && columns.ContainsKey(Shortcut(q.Key)))
            .Select(q => (Read: columns[Shortcut(q.Key)], Fits: Filter(q.Value.ToString()))).ToList();
        var table = new ResultTable([.. names.Select(Name), "URI"]);
        foreach (var row in rows)
        {
            if (filters.TrueForAll(f => f.Fits(f.Read(row) ?? "")))
            {
                table.Add([.. names.Select(n => columns[Shortcut(n)](row)), uri(row)]);
            }
        }

        return new TableResult(table);

        // A shortcut keeps its own spelling; a path is answered in lower case.
        string Name(string asked) => asked.Contains('/', StringComparison.Ordinal) ? asked.ToLowerInvariant() : columns.Keys.First(k => k.Equals(asked, StringComparison.OrdinalIgnoreCase));
    }

    private static string Shortcut(string column) => column.Contains('/', StringComparison.Ordinal) ? column[(column.LastIndexOf('/') + 1)..] : column;

    // a,b: or; * and %: any characters.
    private static Func<string, bool> Filter(string text)
    {
        var alternatives = text.Split(',').Select(a => a.Trim()).ToList();
        return value => alternatives.Exists(a => a.AsSpan().IndexOfAny("*%") < 0
            ? value == a
            : System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(a.Replace('%', '*').Replace("\\", "\\\\", StringComparison.Ordinal), value, ignoreCase: true));
    }
}
