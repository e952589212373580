using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>A field of an object as SQL.</summary>
/// <param name="Field">What is shown and compared.</param>
/// <param name="Each">For a field of which an object has several: the rows, without <c>from</c>, each of which is compared alone.</param>
/// <param name="One">The field of one of these rows.</param>
internal sealed record SearchValue(FieldSql Field, string? Each = null, FieldSql? One = null);

/// <summary>Finds what a field of a type is, in an object with an alias.</summary>
/// <param name="model">Types.</param>
/// <param name="displays">Display fields.</param>
/// <param name="visibility">What the caller may read.</param>
/// <param name="filter">Values of the statement.</param>
/// <param name="relations">How objects hang together.</param>
/// <param name="join">Joins the one object of a type to the rows of the search; null if there is none.</param>
internal sealed class SearchValues(
    TypeModel model, DisplayFields displays, Visibility visibility, ListFilter filter, SearchRelations relations, Func<DataType, string?> join)
{
    /// <summary>A field by its ID or path.</summary>
    /// <param name="type">Type that it belongs to.</param>
    /// <param name="fieldId">ID or path.</param>
    /// <param name="alias">Alias of the object; <c>r</c> is a row of the search.</param>
    /// <returns>Null if the type has no such field.</returns>
    public SearchValue? At(DataType type, string fieldId, string alias)
    {
        var equals = fieldId.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && DisplayFields.TakesValue(fieldId[..equals]))
        {
            return WithValue(type, fieldId[..equals].ToUpperInvariant(), fieldId[(equals + 1)..], alias);
        }

        // pyxnat asks for every field that is offered, this one without its value: scans of any type.
        if (fieldId.Equals("SCAN_COUNT_TYPE", StringComparison.OrdinalIgnoreCase))
        {
            return At(type, "SCAN_COUNT", alias);
        }

        return displays.Find(type, fieldId) is not { } display ? AtPath(type, fieldId, alias)
            : display.Shown[0] == '=' ? new SearchValue(ComputedFields.At(display.Shown[1..], alias, visibility))
            : AtPath(type, display.Shown, alias);
    }

    private SearchValue? AtPath(DataType type, string text, string alias)
    {
        if (FieldPath.Parse(text) is not { } path)
        {
            return null;
        }

        if (path.TypeName is { } name)
        {
            if (model.Find(name) is not { } other || !DisplayFields.IsSearchable(other))
            {
                return null;
            }

            if (!other.Is(type.Name) && !type.Is(other.Name))
            {
                return Linked(type, other, path with { TypeName = null }, alias);
            }

            type = other.Is(type.Name) ? other : type;
        }

        var plain = string.Join('/', path.Steps.Select(s => s.Name));
        if (path.Steps.All(s => s.Predicates.Count == 0) && FieldColumns.Find(type.Family, plain, alias) is { } column)
        {
            return new SearchValue(column);
        }

        if (model.Resolve(type, path.Steps) is not { } field)
        {
            return null;
        }

        if (field.Objects is not null)
        {
            return field.Objects != "sharing/share" ? Objects(type, alias, field) : field.Below is [{ Name: var below }] ? Share(type, alias, below) : null;
        }

        return field.OpenRows is { } rows ? Rows(field, rows, path.Steps[^1].Name, alias) : Entry(alias, field.Key, field.Kind);
    }

    private SearchValue Entry(string alias, string key, ValueKind kind)
    {
        var text = $"{alias}.fields ->> {filter.Parameter(key)}";
        return new SearchValue(new FieldSql(text, text, kind, false, ($"{alias}.fields", key)));
    }

    // Of repeating elements that the path does not choose among: all are shown, each is compared.
    private SearchValue Rows(ResolvedField field, string rows, string last, string alias)
    {
        var each = $"jsonb_each_text({alias}.fields) d where starts_with(d.key, {filter.Parameter(rows + "[")})";
        var one = last.Equals("name", StringComparison.OrdinalIgnoreCase)
            ? """substring(d.key from '\[(?:[^=\]]*=)?([^\]]*)\]')""" : "d.value";
        return new SearchValue(FieldSql.Text($"(select string_agg({one}, ', ' order by d.key) from {each})"), each, FieldSql.Text(one));
    }

    // Of the objects that the path goes through (scans/scan/type): all are shown, each is compared.
    private SearchValue? Objects(DataType type, string alias, ResolvedField field)
    {
        if (alias == "d" || field.Below.Count == 0 || model.Find(field.Leaf.Reference) is not { } below || !DisplayFields.IsSearchable(below)
            || relations.Find(type, alias, below, "d") is not { } relation || AtPath(below, string.Join('/', field.Below.Select(s => s.Name)), "d") is not { Each: null } value)
        {
            return null;
        }

        var each = $"{relation.Table} d where {relation.On}";
        return new SearchValue(FieldSql.Text($"(select string_agg({value.Field.Output}, ', ' order by {value.Field.Raw}) from {each})"), each, value.Field);
    }

    private SearchValue? Share(DataType type, string alias, string name)
    {
        if (type.Family is not (ObjectFamily.Subject or ObjectFamily.Experiment) || name.ToLowerInvariant() is not ("project" or "label"))
        {
            return null;
        }

        var (table, key, typeOf) = ShareTable(type, alias);
        var column = name.Equals("label", StringComparison.OrdinalIgnoreCase) ? "h.label" : "h.project_id";
        var each = $"{table} h where h.{key} = {alias}.id and {visibility.Sql("h.project_id", typeOf)}";
        return new SearchValue(FieldSql.Text($"(select string_agg({column}, ', ' order by {column}) from {each})"), each, FieldSql.Text(column));
    }

    private static (string Table, string Key, string Type) ShareTable(DataType type, string alias) => type.Family == ObjectFamily.Subject
        ? ("archive_subject_share", "subject_id", "'xnat:subjectdata'") : ("archive_experiment_share", "experiment_id", $"{alias}.xsi_type");

    private SearchValue? WithValue(DataType type, string id, string value, string alias)
    {
        if (value.Length is 0 or > 256 || !FieldValue.IsText(value))
        {
            return null;
        }

        if (id == "SCAN_COUNT_TYPE")
        {
            return type.Is("xnat:imageSessionData") || ListRoot.RoleOf(type) == ObjectRole.Any && type.Family == ObjectFamily.Experiment
                ? new SearchValue(FieldSql.Number($"(select count(*) from archive_scan s where s.experiment_id = {alias}.id and s.type = {filter.Parameter(value)})")) : null;
        }

        if (id.EndsWith("_FIELD_MAP", StringComparison.Ordinal))
        {
            return AtPath(type, $"fields/field[name={value.ToLowerInvariant()}]/field", alias) is { Each: null } variable ? variable : null;
        }

        if (type.Family is not (ObjectFamily.Subject or ObjectFamily.Experiment))
        {
            return null;
        }

        // The object's label in a project: that of another project is nobody's to learn.
        var (table, key, typeOf) = ShareTable(type, alias);
        var project = filter.Parameter(value);
        return new SearchValue(FieldSql.Text(
            $"(case when not {visibility.Sql($"{project}::text", typeOf)} then null when {alias}.project_id = {project} then {alias}.label else (select h.label from {table} h where h.{key} = {alias}.id and h.project_id = {project}) end)"));
    }

    private SearchValue? Linked(DataType type, DataType other, FieldPath path, string alias)
    {
        var text = string.Join('/', path.Steps.Select(s => s.Name));
        if (alias == "r")
        {
            return join(other) is { } joined ? AtPath(other, text, joined) : null;
        }

        if (relations.Find(type, alias, other, "l") is not { IsOne: true } relation || AtPath(other, text, "l") is not { Each: null } value)
        {
            return null;
        }

        string Of(string expression) => $"(select {expression} from {relation.Table} l where {relation.On})";
        return new SearchValue(value.Field with { Raw = Of(value.Field.Raw), Output = Of(value.Field.Output), Document = null });
    }
}
