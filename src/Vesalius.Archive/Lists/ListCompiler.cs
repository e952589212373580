using System.Text;
using Dapper;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Lists;

/// <summary>A list as one SQL statement; whether it looks for entries of documents, which are common or rare.</summary>
internal sealed record CompiledList(string Sql, DynamicParameters Parameters, IReadOnlyList<string> Names, IReadOnlyList<ValueKind> Kinds, bool LooksIntoDocuments);

/// <summary>Compiles list requests to SQL: root type, columns, joins, filters, order and page, all in the database (rest-api §1.11).</summary>
internal sealed class ListCompiler
{
    private sealed record Column(string Name, FieldSql Field);

    private readonly TypeModel _model;
    private readonly ListRequest _request;
    private readonly bool _hasShares;
    private readonly DynamicParameters _parameters;
    private readonly ListFilter _filter;
    private readonly ListJoins _joins;
    private readonly DataType _root;
    private readonly string _list;

    /// <param name="model">Types.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="hasShares">Whether anything is shared into the projects that the list looks at; without, the statement is simpler and indexes give the order.</param>
    public ListCompiler(TypeModel model, ListRequest request, bool hasShares)
    {
        _model = model;
        _request = request;
        _hasShares = hasShares;
        _parameters = request.Scope.Visibility.Parameters();
        _filter = new ListFilter(_parameters);
        _list = request.Kind.ToString().ToLowerInvariant();
        _root = new ListRoot(model, request).Deduce();
        _joins = new ListJoins(model, request, _filter);
    }

    public CompiledList Compile()
    {
        var columns = Columns();
        var conditions = Conditions();
        var order = Order(columns);
        var sql = new StringBuilder("select ").AppendJoin(", ", columns.Select((c, i) => $"{c.Field.Output} as c{i}"))
            .Append(", ").Append(Uri()).Append(" as uri\nfrom ").Append(From()).Append(_joins.Sql);
        if (conditions.Count > 0)
        {
            sql.Append("\nwhere ").AppendJoin("\n  and ", conditions);
        }

        sql.Append("\norder by ").AppendJoin(", ", order);
        if (_request.Limit is { } limit)
        {
            sql.Append(" limit ").Append(_filter.Parameter(limit));
        }

        if (_request.Offset > 0)
        {
            sql.Append(" offset ").Append(_filter.Parameter(_request.Offset));
        }

        return new CompiledList(sql.ToString(), _parameters, [.. columns.Select(c => c.Name), "URI"], [.. columns.Select(c => c.Field.Kind), ValueKind.Text], _filter.LooksIntoDocuments);
    }

    private List<Column> Columns()
    {
        var columns = new List<Column>();
        var asked = _request.Columns.Select(c => c.Trim()).Where(c => c.Length > 0 && !c.Equals("URI", StringComparison.OrdinalIgnoreCase)).ToList();
        var listsLabel = asked.Exists(c => c.Equals("label", StringComparison.OrdinalIgnoreCase) || c.EndsWith("/label", StringComparison.OrdinalIgnoreCase));
        Add($"{_root.Name}/{FieldColumns.KeyOf(_root.Family)}");
        asked.ForEach(Add);
        if (_request.AddsProjectAndType && _root.IsAbstract)
        {
            Add("project");
            Add("xsiType");
        }

        return columns;

        void Add(string text)
        {
            if (Resolve(text) is var (name, field) && field is not null && !columns.Exists(c => c.Name == name))
            {
                // The project of a listed label is the project that lists it.
                var listed = name == "project" && listsLabel && _request is { Kind: ListKind.Experiment or ListKind.Assessor, Scope.ProjectId: not null };
                columns.Add(new Column(name, listed ? FieldSql.Text("r.listed_project") : field));
            }
        }
    }

    // Name of the column and what it holds; null for what this list does not have.
    private (string Name, FieldSql? Field) Resolve(string text)
    {
        if (!text.Contains('/', StringComparison.Ordinal))
        {
            return _model.Shortcuts.Find(_list, text) is { } shortcut && FieldPath.Parse(shortcut.Path) is { } known ? (shortcut.Name, OfSession(shortcut.Name) ?? Field(known)) : (text, null);
        }

        if (FieldPath.Parse(text) is not { } path)
        {
            return (text, null);
        }

        var named = _model.Shortcuts.Of(_list).FirstOrDefault(s => s.Path.Equals(text, StringComparison.OrdinalIgnoreCase));
        return (named?.Name ?? text.ToLowerInvariant(), Field(path.TypeName is null ? path with { TypeName = _root.Name } : path));
    }

    // Where sessions and their assessors are listed together, an assessor's session is the one that it stands below (rest-api §1.12).
    private FieldSql? OfSession(string shortcut)
    {
        if (_request.Kind != ListKind.Experiment || ListRoot.RoleOf(_root) == ObjectRole.OfSession || _model.Find("xnat:imageSessionData") is not { } sessions || _root.Is(sessions.Name))
        {
            return null;
        }

        var column = shortcut switch { "session_ID" => "id", "session_label" => "label", "session_project" => "project_id", _ => null };
        if (column is null)
        {
            return null;
        }

        var own = column == "label" && _request.Scope.ProjectId is not null ? "r.listed_label" : $"r.{column}";
        return FieldSql.Text($"coalesce({_joins.SessionOf(_root)}.{column}, case when r.xsi_type = any ({_filter.Parameter(_model.WithDerived(sessions.Name).ToArray())}) then {own} end)");
    }

    private FieldSql? Field(FieldPath path)
    {
        if (_model.Find(path.TypeName) is not { } type || type.Family is ObjectFamily.None or ObjectFamily.Resource)
        {
            return null;
        }

        var isRoot = type.Family == _root.Family && (ListRoot.RoleOf(type) == ObjectRole.Any || ListRoot.RoleOf(_root) == ObjectRole.Any || ListRoot.RoleOf(type) == ListRoot.RoleOf(_root));
        var alias = isRoot ? "r" : _joins.To(_root, type);
        if (alias is null)
        {
            return null;
        }

        if (path.Steps is [{ Name: "label", Predicates.Count: 0 }] && isRoot && _request.Scope.ProjectId is not null && _root.Family is ObjectFamily.Subject or ObjectFamily.Experiment)
        {
            return FieldSql.Text("r.listed_label");
        }

        var field = OfAlias(type, path, alias);
        // A sibling's field is empty in objects that are not of that type.
        return field is not null && isRoot && !_root.Is(type.Name) && !type.Is(_root.Name) ? field with { Raw = "null::text", Output = "null::text", IsColumn = true, Kind = ValueKind.Text, Document = null } : field;
    }

    private FieldSql? OfAlias(DataType type, FieldPath path, string alias)
    {
        var plain = string.Join('/', path.Steps.Select(s => s.Name));
        if (path.Steps.All(s => s.Predicates.Count == 0) && FieldColumns.Find(type.Family, plain, alias) is { } column)
        {
            return column;
        }

        if (_model.Resolve(type, path.Steps) is not { } field)
        {
            return null;
        }

        if (field.Objects is not null && _model.Find(field.Leaf.Reference) is { Family: ObjectFamily.Resource })
        {
            return field.Below is [{ Name: var part, Predicates.Count: 0 }] ? _joins.Resource(type.Family, alias, field.Objects, part) : null;
        }

        if (field.Objects is not null)
        {
            return field.Objects == "sharing/share" ? field.Below is [{ Name: var name }] ? _joins.Share(type.Family, alias, name) : null
                : alias == "r" && field.Below.Count > 0 && _model.Find(field.Leaf.Reference) is { Family: not ObjectFamily.Resource } below && _joins.To(_root, below) is { } joined
                    ? OfAlias(below, new FieldPath(null, field.Below), joined) : null;
        }

        if (field.OpenRows is { } rows)
        {
            var row = _joins.Rows(alias, rows);
            var last = path.Steps[^1].Name;
            return field.Leaf.Name.Equals(field.Leaf.Key, StringComparison.OrdinalIgnoreCase) || IsKeyOfRows(type, rows, last) ? FieldSql.Text($"{row}.name") : new FieldSql($"{row}.value", $"{row}.value", ValueKind.Text, false);
        }

        var key = _filter.Parameter(field.Key);
        return new FieldSql($"{alias}.fields ->> {key}", $"{alias}.fields ->> {key}", field.Kind, false, ($"{alias}.fields", field.Key));
    }

    private bool IsKeyOfRows(DataType type, string rows, string last)
    {
        FieldNode? node = null;
        foreach (var step in rows.Split('/'))
        {
            node = node?.Child(step) ?? type.Child(step);
        }

        return last.Equals(node?.Key, StringComparison.OrdinalIgnoreCase);
    }

    private List<string> Conditions()
    {
        var conditions = new List<string>();
        Scope(conditions);
        Types(conditions);
        foreach (var (name, value) in _request.Filters)
        {
            if (Resolve(name).Field is { } field)
            {
                conditions.Add(_filter.Condition(field, name, value));
            }
        }

        if (_request.InsertedSince is { } since)
        {
            conditions.Add($"r.last_modified >= {_filter.Parameter(since)}");
        }

        return conditions;
    }

    private void Scope(List<string> conditions)
    {
        var scope = _request.Scope;
        switch (_request.Kind)
        {
            case ListKind.Project:
                if (!scope.Visibility.Everything)
                {
                    conditions.Add("r.id = any (@readable)");
                }

                return;
            case ListKind.Scan or ListKind.Reconstruction:
                conditions.Add($"r.experiment_id = {_filter.Parameter(scope.SessionId!)}");
                return;
        }

        if (scope.SessionId is { } session)
        {
            conditions.Add($"r.session_id = {_filter.Parameter(session)}");
        }

        if (scope.SubjectId is { } subject)
        {
            conditions.Add($"r.subject_id = {_filter.Parameter(subject)} and r.session_id is null");
        }

        if (scope.ProjectId is { } project)
        {
            if (!_hasShares)
            {
                conditions.Add("r.project_id = @project");
            }

            // Who may read some types in the project only sees rows of those.
            if (!scope.Visibility.Everything && !scope.Visibility.Projects.Contains(project))
            {
                conditions.Add(scope.Visibility.Sql("r.listed_project", _root.Family == ObjectFamily.Subject ? "'xnat:subjectdata'" : "r.xsi_type"));
            }
        }
        else if (!scope.Visibility.Everything)
        {
            conditions.Add(scope.Visibility.Sql("r", _root.Family, _hasShares));
        }
    }

    private void Types(List<string> conditions)
    {
        if (_root.Family is ObjectFamily.Project or ObjectFamily.Subject)
        {
            return;
        }

        var wanted = _request.XsiTypes.Count > 1 ? _request.XsiTypes.Select(ListRoot.Known(_model)).SelectMany(t => _model.WithDerived(t.Name)).Distinct().ToArray()
            : _root.Name.Equals(_request.BaseType, StringComparison.OrdinalIgnoreCase) && _request.XsiTypes.Count == 0 ? null
            : _root.Base is null ? null
            : [.. _model.WithDerived(_root.Name)];
        if (wanted is [var only])
        {
            conditions.Add($"r.xsi_type = {_filter.Parameter(only)}");
        }
        else if (wanted is not null)
        {
            conditions.Add($"r.xsi_type = any ({_filter.Parameter(wanted)})");
        }
    }

    private List<string> Order(List<Column> columns)
    {
        var direction = _request.Descending ? " desc" : "";
        var order = new List<string>();
        foreach (var name in _request.SortBy)
        {
            var column = columns.Find(c => c.Name.Equals(name.Trim(), StringComparison.OrdinalIgnoreCase))?.Field ?? Resolve(name.Trim()).Field;
            if (column is not null)
            {
                order.Add((column is { IsColumn: false, Kind: ValueKind.Integer or ValueKind.Float } ? $"archive_number({column.Raw})" : column.Raw) + direction);
            }
        }

        // Always the key behind, so that pages never overlap.
        order.Add(_root.Family switch
        {
            ObjectFamily.Scan or ObjectFamily.Reconstruction when order.Count == 0 => $"length(r.id){direction}, r.id{direction}",
            _ => $"r.id{direction}",
        });
        return order;
    }

    private string From()
    {
        var table = FieldColumns.TableOf(_root.Family);
        if (_request.Scope.ProjectId is not { } project || _root.Family is not (ObjectFamily.Subject or ObjectFamily.Experiment))
        {
            return $"{table} r";
        }

        _parameters.Add("project", project);
        if (!_hasShares)
        {
            return $"(select t.*, t.label as listed_label, t.project_id as listed_project from {table} t) r";
        }

        var (share, key) = _root.Family == ObjectFamily.Subject ? ("archive_subject_share", "subject_id") : ("archive_experiment_share", "experiment_id");
        return $"""
            (select t.*, t.label as listed_label, t.project_id as listed_project from {table} t where t.project_id = @project
             union all select t.*, h.label, h.project_id from {share} h join {table} t on t.id = h.{key} where h.project_id = @project) r
            """;
    }

    private string Uri() => _root.Family switch
    {
        ObjectFamily.Project => "'/data/projects/' || r.id",
        ObjectFamily.Subject => "'/data/subjects/' || r.id",
        ObjectFamily.Scan => "'/data/experiments/' || r.experiment_id || '/scans/' || r.id",
        ObjectFamily.Reconstruction => "'/data/experiments/' || r.experiment_id || '/reconstructions/' || r.id",
        _ => "'/data/experiments/' || r.id",
    };
}
