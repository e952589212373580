using Vesalius.Archive.Types;

namespace Vesalius.Archive.Lists;

/// <summary>A field as SQL: what is compared and sorted, and what is answered.</summary>
/// <param name="Raw">Expression to compare and sort by.</param>
/// <param name="Output">Expression that answers text.</param>
/// <param name="Kind">What the text is.</param>
/// <param name="IsColumn">Whether it is a column rather than an entry of the document.</param>
/// <param name="Document">The document and the parameter with the entry's name, for a field that is an entry.</param>
internal sealed record FieldSql(string Raw, string Output, ValueKind Kind, bool IsColumn, (string Column, string Key)? Document = null)
{
    public static FieldSql Text(string expression) => new(expression, expression, ValueKind.Text, true);

    public static FieldSql Number(string expression) => new(expression, expression + "::text", ValueKind.Integer, true);

    public static FieldSql Timestamp(string expression) =>
        new(expression, $"to_char({expression} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')", ValueKind.DateTime, true);

    public static FieldSql Date(string expression) => new(expression, $"to_char({expression}, 'YYYY-MM-DD')", ValueKind.Date, true);

    public static FieldSql Time(string expression) => new(expression, $"to_char({expression}, 'HH24:MI:SS')", ValueKind.Time, true);
}

/// <summary>Which columns of the archive's tables hold which fields; the others are entries of the row's document.</summary>
internal static class FieldColumns
{
    private static readonly Dictionary<ObjectFamily, Dictionary<string, Func<string, FieldSql>>> Columns = new()
    {
        [ObjectFamily.Project] = Table(
            ("ID", a => FieldSql.Text($"{a}.id")), ("secondary_ID", a => FieldSql.Text($"{a}.secondary_id")), ("name", a => FieldSql.Text($"{a}.name")),
            ("description", a => FieldSql.Text($"{a}.description")), ("keywords", a => FieldSql.Text($"{a}.keywords")),
            ("aliases/alias/alias", a => FieldSql.Text($"array_to_string({a}.aliases, ' ')")),
            ("PI/firstname", a => FieldSql.Text(Investigator(a, "first_name"))), ("PI/lastname", a => FieldSql.Text(Investigator(a, "last_name"))),
            ("PI/title", a => FieldSql.Text(Investigator(a, "title"))), ("PI/institution", a => FieldSql.Text(Investigator(a, "institution"))),
            ("PI/department", a => FieldSql.Text(Investigator(a, "department"))), ("PI/email", a => FieldSql.Text(Investigator(a, "email"))),
            ("PI/phone", a => FieldSql.Text(Investigator(a, "phone"))), ("meta/xsi_type", _ => FieldSql.Text("'xnat:projectData'::text"))),
        [ObjectFamily.Subject] = Table(
            ("ID", a => FieldSql.Text($"{a}.id")), ("label", a => FieldSql.Text($"{a}.label")), ("project", a => FieldSql.Text($"{a}.project_id")),
            ("meta/xsi_type", _ => FieldSql.Text("'xnat:subjectData'::text"))),
        [ObjectFamily.Experiment] = Table(
            ("ID", a => FieldSql.Text($"{a}.id")), ("label", a => FieldSql.Text($"{a}.label")), ("project", a => FieldSql.Text($"{a}.project_id")),
            ("date", a => FieldSql.Date($"{a}.date")), ("time", a => FieldSql.Time($"{a}.time")), ("UID", a => FieldSql.Text($"{a}.study_instance_uid")),
            ("subject_ID", a => FieldSql.Text($"{a}.subject_id")), ("imageSession_ID", a => FieldSql.Text($"{a}.session_id")), ("meta/xsi_type", a => FieldSql.Text($"{a}.xsi_type"))),
        [ObjectFamily.Scan] = Table(
            ("ID", a => FieldSql.Text($"{a}.id")), ("xnat_imagescandata_id", a => FieldSql.Number($"{a}.key")), ("image_session_ID", a => FieldSql.Text($"{a}.experiment_id")),
            ("UID", a => FieldSql.Text($"{a}.series_instance_uid")), ("type", a => FieldSql.Text($"{a}.type")), ("series_description", a => FieldSql.Text($"{a}.series_description")),
            ("quality", a => FieldSql.Text($"{a}.quality")), ("modality", a => FieldSql.Text($"{a}.modality")), ("note", a => FieldSql.Text($"{a}.note")),
            ("frames", a => FieldSql.Number($"{a}.frames")), ("meta/xsi_type", a => FieldSql.Text($"{a}.xsi_type"))),
        [ObjectFamily.Reconstruction] = Table(
            ("ID", a => FieldSql.Text($"{a}.id")), ("xnat_reconstructedimagedata_id", a => FieldSql.Number($"{a}.key")), ("image_session_ID", a => FieldSql.Text($"{a}.experiment_id")),
            ("type", a => FieldSql.Text($"{a}.type")), ("baseScanType", a => FieldSql.Text($"{a}.base_scan_type")), ("meta/xsi_type", a => FieldSql.Text($"{a}.xsi_type"))),
    };

    private static string Investigator(string project, string column) =>
        $"(select i.{column} from archive_project_investigator l join archive_investigator i on i.id = l.investigator_id where l.project_id = {project}.id and l.is_primary)";

    private static Dictionary<string, Func<string, FieldSql>> Table(params (string Key, Func<string, FieldSql> Make)[] columns)
    {
        var table = new Dictionary<string, Func<string, FieldSql>>(StringComparer.OrdinalIgnoreCase)
        {
            ["meta/insert_date"] = a => FieldSql.Timestamp($"{a}.insert_date"),
            ["meta/insert_user"] = a => FieldSql.Text($"{a}.insert_user"),
            ["meta/last_modified"] = a => FieldSql.Timestamp($"{a}.last_modified"),
        };
        foreach (var (key, make) in columns)
        {
            table[key] = make;
        }

        return table;
    }

    /// <summary>The column that holds a field; null if the field is an entry of the document.</summary>
    public static FieldSql? Find(ObjectFamily family, string key, string alias) =>
        Columns.TryGetValue(family, out var table) && table.TryGetValue(key, out var make) ? make(alias) : null;

    /// <summary>Table of a family.</summary>
    public static string TableOf(ObjectFamily family) => family switch
    {
        ObjectFamily.Project => "archive_project",
        ObjectFamily.Subject => "archive_subject",
        ObjectFamily.Experiment => "archive_experiment",
        ObjectFamily.Scan => "archive_scan",
        ObjectFamily.Reconstruction => "archive_reconstruction",
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "This family has no table."),
    };

    /// <summary>Path of the key by which rows of a family are told apart.</summary>
    public static string KeyOf(ObjectFamily family) => family switch
    {
        ObjectFamily.Scan => "xnat_imagescandata_id",
        ObjectFamily.Reconstruction => "xnat_reconstructedimagedata_id",
        _ => "ID",
    };
}
