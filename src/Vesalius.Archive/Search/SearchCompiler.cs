using System.Text;
using Dapper;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;

namespace Vesalius.Archive.Search;

/// <summary>A search as SQL. The last value of each row is the key of its object.</summary>
/// <param name="Sql">Statement, without a page.</param>
/// <param name="Order">Its order.</param>
/// <param name="Count">Statement that counts the rows, up to one more than <see cref="SearchCompiler.MostCounted"/>.</param>
/// <param name="Parameters">Values.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Root">Type of the rows.</param>
internal sealed record CompiledSearch(string Sql, string Order, string Count, DynamicParameters Parameters, IReadOnlyList<SearchColumn> Columns, DataType Root);

/// <summary>How the rows of a search are ordered and how many are wanted.</summary>
/// <param name="SortBy">Key of a column or field IDs; empty: as the search says.</param>
/// <param name="Descending">Whether the order is descending.</param>
/// <param name="Offset">Rows left out at the start.</param>
/// <param name="Limit">Most rows; null: all.</param>
public sealed record SearchPage(IReadOnlyList<string> SortBy, bool Descending, long Offset, long? Limit)
{
    /// <summary>All rows.</summary>
    public static SearchPage All { get; } = new([], false, 0, null);
}

/// <summary>Compiles a search to one statement over the type model; what the caller may read is a condition of it (rest-api §19, decision 0040).</summary>
internal sealed class SearchCompiler
{
    /// <summary>Most rows that are counted for the sake of a page; to count more would cost more than the page itself. Whoever needs the number keeps the result.</summary>
    public const int MostCounted = 10_000;

    // What one statement can be asked without keeping the database busy with reading it; alternatives for one field count as one.
    private const int MostConditions = 1000;
    private const int MostJoinedTypes = 24;

    private readonly TypeModel _model;
    private readonly SearchDefinition _search;
    private readonly Visibility _visibility;
    private readonly bool _hasShares;
    private readonly DynamicParameters _parameters;
    private readonly ListFilter _filter;
    private readonly SearchRelations _relations;
    private readonly SearchValues _values;
    private readonly SearchConditions _conditions;
    private readonly DataType _root;
    private readonly StringBuilder _joins = new();
    private readonly Dictionary<string, string?> _aliases = new(StringComparer.OrdinalIgnoreCase);
    private int _number;
    private int _compared;

    /// <param name="model">Types.</param>
    /// <param name="displays">Display fields.</param>
    /// <param name="search">Search.</param>
    /// <param name="visibility">What the caller may read.</param>
    /// <param name="hasShares">Whether anything is shared into projects that the caller may read; without, the statement is simpler.</param>
    /// <exception cref="ListRefusedException">The search names a type or field that is not known, or a value that does not fit.</exception>
    /// <exception cref="SearchForbiddenException">The search uses a type that the caller may not read anywhere.</exception>
    public SearchCompiler(TypeModel model, DisplayFields displays, SearchDefinition search, Visibility visibility, bool hasShares)
    {
        _model = model;
        _search = search;
        _visibility = visibility;
        _hasShares = hasShares;
        _parameters = visibility.Parameters();
        _filter = new ListFilter(_parameters);
        _relations = new SearchRelations(model, visibility, _filter);
        _values = new SearchValues(model, displays, visibility, _filter, _relations, Joined);
        _conditions = new SearchConditions(_filter);
        _root = Known(search.RootType);
        Displays = displays;
    }

    private DisplayFields Displays { get; }

    /// <summary>Compiles.</summary>
    /// <param name="page">Order; its page is the caller's to add.</param>
    public CompiledSearch Compile(SearchPage page)
    {
        var columns = Columns();
        var where = Root();
        where.AddRange(_search.Where.Select(Group));
        var order = Order(page, columns);
        var from = $"\nfrom {From()}{_joins}{(where.Count > 0 ? "\nwhere " + string.Join("\n  and ", where) : "")}";
        var selected = string.Join(", ", columns.Select((c, i) => $"{c.Sql.Output} as c{i}"));
        return new CompiledSearch(
            $"select {selected}, {Key}::text as key{from}", string.Join(", ", order), $"select count(*) from (select 1{from} limit {MostCounted + 1}) counted", _parameters, [.. columns.Select(c => c.Column)], _root);
    }

    private string Key => $"r.{(_root.Family is ObjectFamily.Scan or ObjectFamily.Reconstruction ? "key" : "id")}";

    private DataType Known(string name)
    {
        if (_model.Find(name) is not { } type || !DisplayFields.IsSearchable(type))
        {
            throw new ListRefusedException($"{Shortened(name)} is no type that can be searched.");
        }

        return IsOpen(type) ? type : throw new SearchForbiddenException(type.Name);
    }

    // Who may read everything, or some project, or the type somewhere. Projects have rows of their own.
    private bool IsOpen(DataType type) => _visibility.Everything || _visibility.Projects.Count > 0 || type.Family == ObjectFamily.Project || _visibility.Types.Any(t =>
        type.Family is ObjectFamily.Scan or ObjectFamily.Reconstruction || (_model.Find(t.DataType) is { } open && (open.Is(type.Name) || type.Is(open.Name))));

    private static string Shortened(string text) => text.Length > 120 ? text[..120] + "…" : text;

    private sealed record Selected(SearchColumn Column, FieldSql Sql);

    private List<Selected> Columns()
    {
        var columns = new List<Selected>();
        var asked = _search.Fields.Count > 0 ? _search.Fields : [.. Displays.Of(_root).Where(d => d.IsListed).Select(d => new SearchField(_root.Name, d.Id))];
        foreach (var field in asked)
        {
            Add(field);
        }

        // Status and the ID of the object are there for links, whatever was asked for.
        Add(new SearchField(_root.Name, "QUARANTINE_STATUS", "", false));
        var (key, id) = _root.Family switch
        {
            ObjectFamily.Project => ("id", "ID"),
            ObjectFamily.Subject => ("subjectid", "SUBJECTID"),
            ObjectFamily.Experiment => ("session_id", "SESSION_ID"),
            _ => ("session_id", "SESSION_ID"),
        };
        if (!columns.Exists(c => c.Column.Key == key) && _values.At(_root, _root.Family is ObjectFamily.Scan or ObjectFamily.Reconstruction ? "image_session_ID" : "ID", "r") is { } link)
        {
            columns.Add(new Selected(new SearchColumn(key, _root.Name, id, id, ValueKind.Text, false), link.Field));
        }

        return columns;

        void Add(SearchField field)
        {
            var type = Known(field.ElementName);
            // A column of the root's own type keeps the name that the search gives the type.
            var key = SearchColumn.KeyOf(_root.Name, type.Name, field.FieldId);
            if (!columns.Exists(c => c.Column.Key == key))
            {
                var value = Value(type, field.FieldId);
                var header = field.Header.Length > 0 ? field.Header : Displays.Find(type, field.FieldId)?.Header ?? field.FieldId;
                columns.Add(new Selected(new SearchColumn(key, type.Name, field.FieldId.ToUpperInvariant(), header, value.Field.Kind, field.Visible), value.Field));
            }
        }
    }

    private static ListRefusedException Unknown(DataType type, string field) => new($"{type.Name} has no field {Shortened(field)}.");

    // A field of the rows, or of the object of another type that belongs to each.
    private SearchValue Value(DataType type, string fieldId)
    {
        if (IsRow(type))
        {
            var own = _values.At(type, fieldId, "r") ?? throw Unknown(type, fieldId);
            // Rows of other types have nothing of this one.
            return type.Name == _root.Name || _root.Is(type.Name) || own.Each is not null ? own
                : own with { Field = own.Field with { Raw = Narrowed(type, own.Field.Raw), Output = Narrowed(type, own.Field.Output), Document = null } };
        }

        var alias = Joined(type) ?? throw new ListRefusedException($"Objects of type {type.Name} do not belong to those of type {_root.Name}.");
        return _values.At(type, fieldId, alias) ?? throw Unknown(type, fieldId);
    }

    private string Narrowed(DataType type, string expression) => $"(case when true{_relations.OfType(type, "r")} then {expression} end)";

    private bool IsRow(DataType type) => type.Is(_root.Name) || _root.Is(type.Name);

    private string? Joined(DataType type)
    {
        if (_aliases.TryGetValue(type.Name, out var known))
        {
            return known;
        }

        if (IsRow(type))
        {
            return "r";
        }

        if (_aliases.Count >= MostJoinedTypes)
        {
            throw new ListRefusedException($"A search shows at most {MostJoinedTypes} other types.");
        }

        var alias = $"j{_number++}";
        if (_relations.Find(_root, "r", type, alias) is not { } relation)
        {
            return _aliases[type.Name] = null;
        }

        _aliases[type.Name] = alias;
        if (relation.IsOne)
        {
            _joins.Append($"\nleft join {relation.Table} {alias} on {relation.On}");
            return alias;
        }

        // The most relevant object: one that the search asks for before others, then the latest (rest-api §19.3).
        var inside = _relations.Find(_root, "r", type, "x")!;
        var wanted = _search.Where.Where(w => !w.Any || w.Criteria.Count + w.Groups.Count == 1).SelectMany(w => w.Criteria)
            .Select(c => (Criterion: c, Place: Split(c.Field))).Where(c => c.Place.Type.Name == type.Name).Select(c => One(c.Criterion, c.Place, "x")).ToList();
        var order = new List<string>(wanted.Count > 0 ? [$"({string.Join(" and ", wanted)}) desc nulls last"] : []);
        order.AddRange(type.Family == ObjectFamily.Experiment ? ["x.date desc nulls last"] : []);
        order.AddRange(["x.insert_date desc", type.Family is ObjectFamily.Scan or ObjectFamily.Reconstruction ? "x.key" : "x.id"]);
        _joins.Append($"\nleft join lateral (select x.* from {inside.Table} x where {inside.On} order by {string.Join(", ", order)} limit 1) {alias} on true");
        return alias;
    }

    private List<string> Root()
    {
        var conditions = new List<string>();
        if (!_visibility.Everything)
        {
            conditions.Add(_root.Family switch
            {
                ObjectFamily.Project => SearchRelations.ReadableProject(_visibility, "r.id"),
                ObjectFamily.Scan or ObjectFamily.Reconstruction => _visibility.Sql(SearchRelations.SessionOfRoot, ObjectFamily.Experiment, _hasShares),
                _ => _visibility.Sql("r", _root.Family, _hasShares),
            });
        }

        if (_relations.OfType(_root, "r") is { Length: > 0 } type)
        {
            conditions.Add(type[" and ".Length..]);
        }

        return conditions;
    }

    private string From() => _root.Family is ObjectFamily.Scan or ObjectFamily.Reconstruction
        ? $"{FieldColumns.TableOf(_root.Family)} r join archive_experiment {SearchRelations.SessionOfRoot} on {SearchRelations.SessionOfRoot}.id = r.experiment_id"
        : $"{FieldColumns.TableOf(_root.Family)} r";

    // type/path, type/FIELD_ID, type.FIELD_ID, or a field of the root.
    private (DataType Type, string Field) Split(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var end = colon < 0 ? -1 : text.AsSpan(colon).IndexOfAny('/', '.') is >= 0 and var at ? colon + at : -1;
        var bracket = text.IndexOf('[', StringComparison.Ordinal);
        return end < 0 || (bracket >= 0 && bracket < end) ? (_root, text) : (Known(text[..end]), text[(end + 1)..]);
    }

    private string Group(SearchGroup group)
    {
        var parts = new List<string>();
        var criteria = group.Criteria.Select(c => (Criterion: c, Place: Split(c.Field))).ToList();
        if (group.Any)
        {
            parts.AddRange(AnyOfEqual(criteria));
            parts.AddRange(criteria.Select(c => Criterion([c])));
        }
        else
        {
            // What is said about one other type is said about one and the same object of it.
            parts.AddRange(criteria.GroupBy(c => c.Place.Type.Name).Select(g => Criterion([.. g])));
        }

        parts.AddRange(group.Groups.Select(Group));
        return parts.Count == 0 ? "true" : $"({string.Join(group.Any ? " or " : " and ", parts)})";
    }

    // Clients write thousands of alternatives for one field; they become one condition.
    private List<string> AnyOfEqual(List<(SearchCriterion Criterion, (DataType Type, string Field) Place)> criteria)
    {
        var parts = new List<string>();
        foreach (var same in criteria.Where(c => c.Criterion is { Comparison: SearchComparison.Equal, Value.Length: > 0 }).GroupBy(c => (c.Place.Type.Name, Field: c.Place.Field.ToUpperInvariant())).Where(g => g.Count() > 1).ToList())
        {
            var place = same.First().Place;
            if (IsRow(place.Type) && Value(place.Type, place.Field) is { Each: null, Field.Kind: ValueKind.Text or ValueKind.LongText } value)
            {
                parts.Add(_conditions.AnyOf(value, [.. same.Select(c => c.Criterion.Value)]));
                var merged = same.Select(c => c.Criterion).ToHashSet();
                criteria.RemoveAll(c => merged.Contains(c.Criterion));
            }
        }

        return parts;
    }

    // Conditions on one type that hold for one object of it.
    private string Criterion(List<(SearchCriterion Criterion, (DataType Type, string Field) Place)> criteria)
    {
        var type = criteria[0].Place.Type;
        _compared += criteria.Count;
        if (_compared > MostConditions)
        {
            throw new ListRefusedException($"A search has at most {MostConditions} conditions; alternatives for one field of the rows count as one.");
        }

        if (IsRow(type))
        {
            var conditions = criteria.Select(c => _conditions.Of(Value(type, c.Place.Field), c.Place.Field, c.Criterion.Comparison, c.Criterion.Value)).ToList();
            return conditions.Count == 1 ? conditions[0] : $"({string.Join(" and ", conditions)})";
        }

        var alias = $"x{_number++}";
        var relation = _relations.Find(_root, "r", type, alias) ?? throw new ListRefusedException($"Objects of type {type.Name} do not belong to those of type {_root.Name}.");
        if (relation.IsOne)
        {
            var joined = Joined(type)!;
            return $"({string.Join(" and ", criteria.Select(c => One(c.Criterion, c.Place, joined)))})";
        }

        var exists = $"exists (select 1 from {relation.Table} {alias} where {relation.On} and {string.Join(" and ", criteria.Select(c => One(c.Criterion, c.Place, alias)))})";
        // An object without any such object counts as one whose fields are all empty, as in the lists.
        return criteria.TrueForAll(c => SearchConditions.HoldsForNothing(c.Criterion.Comparison))
            ? $"({exists} or not exists (select 1 from {relation.Table} {alias} where {relation.On}))" : exists;
    }

    private string One(SearchCriterion criterion, (DataType Type, string Field) place, string alias) => _conditions.Of(
        _values.At(place.Type, place.Field, alias) ?? throw Unknown(place.Type, place.Field), place.Field, criterion.Comparison, criterion.Value);

    private List<string> Order(SearchPage page, List<Selected> columns)
    {
        var order = new List<string>();
        var direction = page.Descending ? " desc" : "";
        foreach (var name in page.SortBy)
        {
            var column = columns.Find(c => c.Column.Key.Equals(name, StringComparison.OrdinalIgnoreCase) || c.Column.Id.Equals(name, StringComparison.OrdinalIgnoreCase));
            order.Add(Sorted(column?.Sql ?? Value(_root, name).Field) + direction);
        }

        if (page.SortBy.Count == 0 && _search.SortBy is { } sort)
        {
            order.Add(Sorted(Value(Known(sort.ElementName), sort.FieldId).Field) + direction);
        }

        order.Add($"{Key}{direction}");
        return order;
    }

    private static string Sorted(FieldSql field) => field is { IsColumn: false, Kind: ValueKind.Integer or ValueKind.Float } ? $"archive_number({field.Raw})" : field.Raw;
}
