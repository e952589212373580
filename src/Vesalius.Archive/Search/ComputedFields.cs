using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>Display fields that no single field holds: counts, ages, lists of projects. Counts have only what the caller may read.</summary>
internal static class ComputedFields
{
    private sealed record Computed(ValueKind Kind, Func<string, Visibility, string> Sql);

    private const string SubjectType = "'xnat:subjectdata'";

    private static readonly Dictionary<string, Computed> Known = new(StringComparer.Ordinal)
    {
        ["status"] = Text((a, _) => $"{a}.status"),
        ["session_status"] = Text((a, _) => $"(select e.status from archive_experiment e where e.id = {a}.experiment_id)"),
        ["project_pi"] = Text((a, _) => $"(select trim(i.first_name || ' ' || i.last_name) {Investigators(a)} and l.is_primary)"),
        ["project_investigators"] = Text((a, _) => $"(select string_agg(trim(i.first_name || ' ' || i.last_name), ', ' order by l.is_primary desc, l.place, i.last_name) {Investigators(a)})"),
        ["project_subjects"] = Number((a, v) => $"(select count(*) from archive_subject s where s.project_id = {a}.id and {v.Sql("s.project_id", SubjectType)})"),
        ["project_mr"] = SessionsOfProject("xnat:mrSessionData"),
        ["project_pet"] = SessionsOfProject("xnat:petSessionData"),
        ["project_ct"] = SessionsOfProject("xnat:ctSessionData"),
        ["subject_mr"] = SessionsOfSubject("xnat:mrSessionData"),
        ["subject_pet"] = SessionsOfSubject("xnat:petSessionData"),
        ["subject_ct"] = SessionsOfSubject("xnat:ctSessionData"),
        ["subject_projects"] = Text((a, v) => Projects(a, "archive_subject_share", "subject_id", SubjectType, v)),
        ["experiment_projects"] = Text((a, v) => Projects(a, "archive_experiment_share", "experiment_id", $"{a}.xsi_type", v)),
        ["gender_text"] = Text((a, _) => $"(case when {a}.fields ->> 'demographics/gender' in ('male', 'M') then 'M' when {a}.fields ->> 'demographics/gender' in ('female', 'F') then 'F' else 'U' end)"),
        ["handedness_text"] = Text((a, _) => $"(case {a}.fields ->> 'demographics/handedness' when 'left' then 'L' when 'right' then 'R' when 'ambidextrous' then 'A' else 'U' end)"),
        ["subject_age"] = Number((a, _) => Age(a, "current_date")),
        ["session_age"] = Number((a, v) => $"coalesce(trunc(archive_number({a}.fields ->> 'age'))::int, (select {Age("s", $"coalesce({a}.date, current_date)")} from archive_subject s where s.id = {a}.subject_id and {v.Sql("s", ObjectFamily.Subject)}))"),
        ["scan_count"] = Number((a, _) => $"(select count(*) from archive_scan s where s.experiment_id = {a}.id)"),
        ["scan_types"] = Text((a, _) => $"(select string_agg(t.type || '(' || t.n || ')', ', ' order by t.type) from (select s.type, count(*) as n from archive_scan s where s.experiment_id = {a}.id group by s.type) t)"),
    };

    public static ValueKind KindOf(string name) => Known[name].Kind;

    /// <summary>The field of an object.</summary>
    /// <param name="name">Name of what is worked out.</param>
    /// <param name="alias">Alias of the object.</param>
    /// <param name="visibility">What the caller may read.</param>
    public static FieldSql At(string name, string alias, Visibility visibility)
    {
        var computed = Known[name];
        var sql = computed.Sql(alias, visibility);
        return computed.Kind == ValueKind.Integer ? FieldSql.Number(sql) : FieldSql.Text(sql);
    }

    private static Computed Text(Func<string, Visibility, string> sql) => new(ValueKind.Text, sql);

    private static Computed Number(Func<string, Visibility, string> sql) => new(ValueKind.Integer, sql);

    private static string Investigators(string project) =>
        $"from archive_project_investigator l join archive_investigator i on i.id = l.investigator_id where l.project_id = {project}.id";

    private static Computed SessionsOfProject(string type) => Number((a, v) =>
        $"(select count(*) from archive_experiment e where e.project_id = {a}.id and e.xsi_type = '{type}' and {v.Sql("e.project_id", "e.xsi_type")})");

    private static Computed SessionsOfSubject(string type) => Number((a, v) =>
        $"(select count(*) from archive_experiment e where e.subject_id = {a}.id and e.xsi_type = '{type}' and {v.Sql("e", ObjectFamily.Experiment)})");

    private static string Projects(string alias, string share, string key, string type, Visibility v) =>
        $"concat_ws(', ', case when {v.Sql($"{alias}.project_id", type)} then {alias}.project_id end, (select string_agg(h.project_id, ', ' order by h.project_id) from {share} h where h.{key} = {alias}.id and {v.Sql("h.project_id", type)}))";

    // Years from birth to a day; the age that was given where there is no birth.
    private static string Age(string subject, string day) =>
        $"coalesce(extract(year from age({day}, archive_day({subject}.fields ->> 'demographics/dob')))::int, (extract(year from {day}) - archive_number({subject}.fields ->> 'demographics/yob'))::int, trunc(archive_number({subject}.fields ->> 'demographics/age'))::int)";
}
