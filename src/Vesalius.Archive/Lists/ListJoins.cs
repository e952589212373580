using System.Text;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Lists;

/// <summary>Tables that a list joins: always outer, and only what the caller may read (rest-api §1.11).</summary>
internal sealed class ListJoins(TypeModel model, ListRequest request, ListFilter filter)
{
    private readonly StringBuilder _sql = new();
    private readonly Dictionary<string, string> _aliases = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The joins so far.</summary>
    public string Sql => _sql.ToString();

    /// <summary>The alias of another type's objects, joined to the list's.</summary>
    /// <returns>Null if there is no way from one to the other.</returns>
    public string? To(DataType root, DataType type) => (root.Family, type.Family) switch
    {
        (_, ObjectFamily.Project) when root.Family is ObjectFamily.Subject or ObjectFamily.Experiment => Join("project", "archive_project", a => $"{a}.id = r.project_id", null),
        (ObjectFamily.Scan or ObjectFamily.Reconstruction, ObjectFamily.Project) => Join("project", "archive_project", a => $"{a}.id = {Session(root)}.project_id", null),
        (ObjectFamily.Subject, ObjectFamily.Experiment) => Experiments(type, "r.id"),
        (ObjectFamily.Subject, ObjectFamily.Scan) => Scans(type, Experiments(model.Find("xnat:imageSessionData")!, "r.id")),
        (ObjectFamily.Subject, ObjectFamily.Reconstruction) => Reconstructions(Experiments(model.Find("xnat:imageSessionData")!, "r.id")),
        (ObjectFamily.Experiment, ObjectFamily.Subject) => Subject("r"),
        (ObjectFamily.Experiment, ObjectFamily.Experiment) when ListRoot.RoleOf(type) == ObjectRole.OfSession => Assessors(type),
        (ObjectFamily.Experiment, ObjectFamily.Experiment) => Session(root),
        (ObjectFamily.Experiment, ObjectFamily.Scan) => Scans(type, ListRoot.RoleOf(root) == ObjectRole.OfSession ? Session(root) : "r"),
        (ObjectFamily.Experiment, ObjectFamily.Reconstruction) => Reconstructions(ListRoot.RoleOf(root) == ObjectRole.OfSession ? Session(root) : "r"),
        (ObjectFamily.Scan or ObjectFamily.Reconstruction, ObjectFamily.Experiment) => Session(root),
        (ObjectFamily.Scan or ObjectFamily.Reconstruction, ObjectFamily.Subject) => Subject(Session(root)),
        _ => null,
    };

    /// <summary>The alias of the sessions that the listed objects stand below.</summary>
    public string SessionOf(DataType root) => Session(root);

    private string Join(string name, string table, Func<string, string> on, ObjectFamily? visibleAs)
    {
        if (_aliases.TryGetValue(name, out var known))
        {
            return known;
        }

        var alias = $"j{_aliases.Count}";
        _aliases[name] = alias;
        // Joined tables may stand on others; those have added themselves by then.
        var condition = on(alias);
        _sql.Append("\nleft join ").Append(table).Append(' ').Append(alias).Append(" on ").Append(condition);
        if (visibleAs is { } family && !request.Scope.Visibility.Everything)
        {
            _sql.Append(" and ").Append(request.Scope.Visibility.Sql(alias, family));
        }

        return alias;
    }

    private string Subject(string of) => Join("subject", "archive_subject", a => $"{a}.id = {of}.subject_id", ObjectFamily.Subject);

    private string Session(DataType root) => Join(
        "session", "archive_experiment", a => $"{a}.id = r.{(root.Family == ObjectFamily.Experiment ? "session_id" : "experiment_id")}", root.Family == ObjectFamily.Experiment ? ObjectFamily.Experiment : null);

    private string Experiments(DataType type, string subject) => Join(
        type.Name, "archive_experiment",
        a => $"{a}.subject_id = {subject} and {a}.session_id is {(ListRoot.RoleOf(type) == ObjectRole.OfSession ? "not null" : "null")}{OfType(a, type)}", ObjectFamily.Experiment);

    private string Assessors(DataType type) => Join(type.Name, "archive_experiment", a => $"{a}.session_id = r.id{OfType(a, type)}", ObjectFamily.Experiment);

    private string Scans(DataType type, string session) => Join(type.Name, "archive_scan", a => $"{a}.experiment_id = {session}.id{OfType(a, type)}", null);

    private string Reconstructions(string session) => Join("reconstruction", "archive_reconstruction", a => $"{a}.experiment_id = {session}.id", null);

    private string OfType(string alias, DataType type) =>
        type.Base is null && ListRoot.RoleOf(type) == ObjectRole.Any ? "" : $" and {alias}.xsi_type = any ({filter.Parameter(model.WithDerived(type.Name).ToArray())})";

    /// <summary>The rows of a repeating element, one line each.</summary>
    public string Rows(string alias, string element)
    {
        var name = $"{alias} {element}";
        if (_aliases.TryGetValue(name, out var known))
        {
            return known;
        }

        var row = $"j{_aliases.Count}";
        _aliases[name] = row;
        _sql.Append($"""

            left join lateral (select substring(d.key from '\[(?:[^=\]]*=)?([^\]]*)\]') as name, d.value from jsonb_each_text({alias}.fields) d
                where starts_with(d.key, {filter.Parameter(element + "[")})) {row} on true
            """);
        return row;
    }

    /// <summary>A field of an object's resources, which may be read where the object may.</summary>
    public FieldSql? Resource(ObjectFamily family, string alias, string element, string field)
    {
        var (key, owner) = family switch
        {
            ObjectFamily.Project => ("project_id", "id"),
            ObjectFamily.Subject => ("subject_id", "id"),
            ObjectFamily.Experiment => ("experiment_id", "id"),
            ObjectFamily.Scan => ("scan_key", "key"),
            _ => ("reconstruction_key", "key"),
        };
        var side = element switch { "in/file" => "in", "out/file" => "out", _ => "" };
        string Row() => Join($"{alias} {element}", "archive_resource", a => $"{a}.{key} = {alias}.{owner} and {a}.side = '{side}'", null);
        return field.ToLowerInvariant() switch
        {
            "label" => FieldSql.Text($"{Row()}.label"),
            "format" => FieldSql.Text($"{Row()}.format"),
            "content" => FieldSql.Text($"{Row()}.content"),
            "description" => FieldSql.Text($"{Row()}.description"),
            "xnat_abstractresource_id" => FieldSql.Number($"{Row()}.id"),
            "file_count" => FieldSql.Number($"(select count(*) from archive_file f where f.resource_id = {Row()}.id)"),
            "file_size" => FieldSql.Number($"(select coalesce(sum(f.size), 0)::bigint from archive_file f where f.resource_id = {Row()}.id)"),
            _ => null,
        };
    }

    /// <summary>A field of the rows by which an object is shared.</summary>
    public FieldSql? Share(ObjectFamily family, string alias, string field)
    {
        if (family is not (ObjectFamily.Subject or ObjectFamily.Experiment))
        {
            return null;
        }

        var (table, key) = family == ObjectFamily.Subject ? ("archive_subject_share", "subject_id") : ("archive_experiment_share", "experiment_id");
        var share = Join($"{alias} share", table, a => $"{a}.{key} = {alias}.id{(request.Scope.Visibility.Everything ? "" : $" and {a}.project_id = any (@readable)")}", null);
        return field.ToLowerInvariant() switch
        {
            "project" => FieldSql.Text($"{share}.project_id"),
            "label" => FieldSql.Text($"{share}.label"),
            _ => null,
        };
    }
}
