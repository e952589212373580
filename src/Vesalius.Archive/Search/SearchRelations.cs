using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>The way from one object to others of a type.</summary>
/// <param name="IsOne">There is at most one.</param>
/// <param name="Table">Their table.</param>
/// <param name="On">Condition, which lets through only what the caller may read.</param>
internal sealed record SearchRelation(bool IsOne, string Table, string On);

/// <summary>Knows how objects of each family hang together.</summary>
/// <param name="model">Types.</param>
/// <param name="visibility">What the caller may read.</param>
/// <param name="filter">Values of the statement.</param>
internal sealed class SearchRelations(TypeModel model, Visibility visibility, ListFilter filter)
{
    /// <summary>Alias of the session in a search whose rows are scans or reconstructions.</summary>
    public const string SessionOfRoot = "e0";

    /// <summary>The way from an object to those of another type.</summary>
    /// <param name="from">Type of the object.</param>
    /// <param name="a">Its alias.</param>
    /// <param name="to">The other type.</param>
    /// <param name="z">Alias of the others.</param>
    /// <returns>Null if there is none.</returns>
    public SearchRelation? Find(DataType from, string a, DataType to, string z)
    {
        var partOfSession = from.Family is ObjectFamily.Scan or ObjectFamily.Reconstruction;
        var assessor = ListRoot.RoleOf(from) == ObjectRole.OfSession;
        var toAssessor = ListRoot.RoleOf(to) == ObjectRole.OfSession;
        var (isOne, on) = (from.Family, to.Family) switch
        {
            (ObjectFamily.Subject or ObjectFamily.Experiment, ObjectFamily.Project) => (true, $"{z}.id = {a}.project_id"),
            (_, ObjectFamily.Project) when partOfSession => (true, $"{z}.id = {OfSession(a, "project_id")}"),
            (ObjectFamily.Experiment, ObjectFamily.Subject) => (true, $"{z}.id = {a}.subject_id"),
            (_, ObjectFamily.Subject) when partOfSession => (true, $"{z}.id = {OfSession(a, "subject_id")}"),
            (_, ObjectFamily.Experiment) when partOfSession => toAssessor ? (false, $"{z}.session_id = {a}.experiment_id") : (true, $"{z}.id = {a}.experiment_id"),
            (ObjectFamily.Experiment, ObjectFamily.Experiment) when assessor && toAssessor => (false, $"{z}.session_id = {a}.session_id"),
            (ObjectFamily.Experiment, ObjectFamily.Experiment) when assessor && (to.Is("xnat:imageSessionData") || to.IsAbstract) => (true, $"{z}.id = {a}.session_id"),
            (ObjectFamily.Experiment, ObjectFamily.Experiment) when toAssessor => (false, $"{z}.session_id = {a}.id"),
            (ObjectFamily.Experiment, ObjectFamily.Experiment) => (false, $"{z}.subject_id = {a}.subject_id and {z}.session_id is null"),
            (ObjectFamily.Experiment, ObjectFamily.Scan or ObjectFamily.Reconstruction) => (false, $"{z}.experiment_id = {a}.{(assessor ? "session_id" : "id")}"),
            (ObjectFamily.Scan or ObjectFamily.Reconstruction, ObjectFamily.Scan or ObjectFamily.Reconstruction) => (false, $"{z}.experiment_id = {a}.experiment_id"),
            (ObjectFamily.Subject, ObjectFamily.Experiment) => (false, $"{z}.subject_id = {a}.id and {z}.session_id is {(toAssessor ? "not null" : "null")}"),
            (ObjectFamily.Subject, ObjectFamily.Scan or ObjectFamily.Reconstruction) => (false, InSessions(z, $"s.subject_id = {a}.id")),
            (ObjectFamily.Project, ObjectFamily.Subject) => (false, InProject(z, a, "archive_subject_share", "subject_id")),
            (ObjectFamily.Project, ObjectFamily.Experiment) => (false, InProject(z, a, "archive_experiment_share", "experiment_id")),
            (ObjectFamily.Project, ObjectFamily.Scan or ObjectFamily.Reconstruction) => (false, InSessions(z, $"s.project_id = {a}.id")),
            _ => (false, ""),
        };
        return on.Length == 0 ? null : new SearchRelation(isOne, FieldColumns.TableOf(to.Family), $"{on}{OfType(to, z)}{Readable(to, z)}");
    }

    /// <summary>The condition that a project may be read.</summary>
    public static string ReadableProject(Visibility visibility, string id) => visibility.Everything ? "true"
        : visibility.Types.Count == 0 ? $"{id} = any (@readable)" : $"({id} = any (@readable) or {id} = any (@typedProjects))";

    /// <summary>The condition that objects have a type or one that extends it, with <c>and</c> in front; empty where all have.</summary>
    public string OfType(DataType type, string z)
    {
        if (type.Family is ObjectFamily.Project or ObjectFamily.Subject || type.Base is null)
        {
            return "";
        }

        var names = model.WithDerived(type.Name).ToArray();
        return names.Length == 1 ? $" and {z}.xsi_type = {filter.Parameter(names[0])}" : $" and {z}.xsi_type = any ({filter.Parameter(names)})";
    }

    private string Readable(DataType to, string z) => visibility.Everything ? "" : to.Family switch
    {
        ObjectFamily.Subject or ObjectFamily.Experiment => $" and {visibility.Sql(z, to.Family)}",
        ObjectFamily.Project => $" and {ReadableProject(visibility, $"{z}.id")}",
        // Scans and reconstructions are as readable as their session, through which they were reached.
        _ => "",
    };

    private static string OfSession(string a, string column) => a == "r" ? $"{SessionOfRoot}.{column}" : $"(select e.{column} from archive_experiment e where e.id = {a}.experiment_id)";

    private string InSessions(string z, string condition) =>
        $"{z}.experiment_id in (select s.id from archive_experiment s where {condition} and s.session_id is null and {visibility.Sql("s", ObjectFamily.Experiment)})";

    private static string InProject(string z, string a, string share, string key) =>
        $"({z}.project_id = {a}.id or exists (select 1 from {share} p where p.{key} = {z}.id and p.project_id = {a}.id))";
}
