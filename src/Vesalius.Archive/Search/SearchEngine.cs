using System.Data.Common;
using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Search;

/// <summary>A result that is being read: columns first, rows as they come from the database.</summary>
public sealed class SearchResult : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly DbDataReader _reader;
    private readonly Func<CancellationToken, Task<long>>? _count;
    private readonly SearchPage _page;
    private long _read;

    internal SearchResult(NpgsqlConnection connection, DbDataReader reader, IReadOnlyList<SearchColumn> columns, DataType root, SearchPage page, Func<CancellationToken, Task<long>>? count)
    {
        _connection = connection;
        _reader = reader;
        _page = page;
        _count = count;
        Columns = columns;
        RootType = root.Name;
        Title = root.Plural;
    }

    /// <summary>Columns.</summary>
    public IReadOnlyList<SearchColumn> Columns { get; }

    /// <summary>Type of which each row is one object.</summary>
    public string RootType { get; }

    /// <summary>Title for people.</summary>
    public string Title { get; }

    /// <summary>The rows, once.</summary>
    public async IAsyncEnumerable<string?[]> RowsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await _reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var row = new string?[Columns.Count];
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = _reader.IsDBNull(i) ? null : FieldValue.Cell(Columns[i].Kind, _reader.GetString(i));
            }

            _read++;
            yield return row;
        }
    }

    /// <summary>Rows of all pages, after the rows of this one have been read; null if they are more than are counted for a page (10,000).</summary>
    public async Task<long?> TotalAsync(CancellationToken cancellationToken)
    {
        await _reader.DisposeAsync().ConfigureAwait(false);
        var isLast = _page.Limit is null || (_read > 0 && _read < _page.Limit) || (_read == 0 && _page.Offset == 0 && _page.Limit > 0);
        if (isLast || _count is null)
        {
            return _page.Offset + _read;
        }

        var counted = await _count(cancellationToken).ConfigureAwait(false);
        return counted > SearchCompiler.MostCounted ? null : counted;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>Answers searches over all types by one statement each (rest-api §19).</summary>
public sealed class SearchEngine(VesaliusDatabase database, TypeModel model, DisplayFields displays)
{
    /// <summary>Starts a search.</summary>
    /// <exception cref="ListRefusedException">The search names a type or field that is not known, or a value that does not fit.</exception>
    /// <exception cref="SearchForbiddenException">The search uses a type that the caller may not read anywhere.</exception>
    public async Task<SearchResult> RunAsync(SearchDefinition search, Visibility visibility, SearchPage page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(page);
        var compiled = await CompileAsync(search, visibility, page, cancellationToken).ConfigureAwait(false);
        var sql = $"{compiled.Sql}\norder by {compiled.Order}{Paged(page, compiled.Parameters)}";
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var reader = await connection.ExecuteReaderAsync(new CommandDefinition(sql, compiled.Parameters, cancellationToken: cancellationToken)).ConfigureAwait(false);
            return new SearchResult(
                connection, reader, compiled.Columns, compiled.Root, page,
                token => connection.ExecuteScalarAsync<long>(new CommandDefinition(compiled.Count, compiled.Parameters, cancellationToken: token)));
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Checks the types and fields of a search without running it. Values are not checked: those of templates are filled in later.</summary>
    /// <exception cref="ListRefusedException">The search names a type or field that is not known.</exception>
    public void Check(SearchDefinition search)
    {
        ArgumentNullException.ThrowIfNull(search);
        new SearchCompiler(model, displays, search with { Where = [.. search.Where.Select(FieldsOnly)] }, Visibility.Unrestricted, true).Compile(SearchPage.All);
    }

    private static SearchGroup FieldsOnly(SearchGroup group) =>
        group with { Criteria = [.. group.Criteria.Select(c => c with { Comparison = SearchComparison.IsNotNull, Value = "" })], Groups = [.. group.Groups.Select(FieldsOnly)] };

    internal async Task<CompiledSearch> CompileAsync(SearchDefinition search, Visibility visibility, SearchPage page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        ArgumentNullException.ThrowIfNull(visibility);
        return new SearchCompiler(model, displays, search, visibility, await HasSharesAsync(visibility, cancellationToken).ConfigureAwait(false)).Compile(page);
    }

    private static string Paged(SearchPage page, DynamicParameters parameters)
    {
        parameters.Add("pageLimit", page.Limit);
        parameters.Add("pageOffset", page.Offset);
        return (page.Limit is null ? "" : "\nlimit @pageLimit") + (page.Offset > 0 ? " offset @pageOffset" : "");
    }

    private async Task<bool> HasSharesAsync(Visibility visibility, CancellationToken cancellationToken) =>
        !visibility.Everything && await database.FindAsync<bool>(
            """
            select exists (select 1 from archive_subject_share where project_id = any (@projects)) or exists (select 1 from archive_experiment_share where project_id = any (@projects))
            """,
            new { projects = visibility.Projects.Concat(visibility.Types.Select(t => t.ProjectId)).ToArray() }, cancellationToken).ConfigureAwait(false);

    /// <summary>The search that shows a type as people expect it, for everything or for one project (rest-api §19.1, H12).</summary>
    /// <returns>Null if there is no such type.</returns>
    public SearchDefinition? Default(string typeName, string? projectId)
    {
        if (model.Find(typeName) is not { } type || !DisplayFields.IsSearchable(type))
        {
            return null;
        }

        var fields = displays.Of(type).Where(f => f.IsListed).Select(f => new SearchField(type.Name, f.Id, f.Header)).ToList();
        var where = new List<SearchGroup>();
        if (projectId is not null)
        {
            var session = type.Family is ObjectFamily.Scan or ObjectFamily.Reconstruction ? "xnat:imageSessionData" : type.Name;
            where.Add(new SearchGroup(
                true, type.Family == ObjectFamily.Project
                    ? [new SearchCriterion($"{type.Name}/ID", SearchComparison.Equal, projectId)]
                    : [new SearchCriterion($"{session}/project", SearchComparison.Equal, projectId), new SearchCriterion($"{session}/sharing/share/project", SearchComparison.Equal, projectId)],
                []));
            if (type.Family is ObjectFamily.Subject or ObjectFamily.Experiment)
            {
                fields.Insert(0, new SearchField(type.Name, $"{(type.Family == ObjectFamily.Subject ? "SUB" : "EXPT")}_PROJECT_IDENTIFIER={projectId}", projectId));
            }
        }

        return new SearchDefinition(type.Name)
        {
            Id = $"@{type.Name}", BriefDescription = type.Plural, Description = type.Plural, Tag = projectId ?? "", Fields = fields, Where = where,
            SortBy = new SearchField(type.Name, SortField(type)),
        };
    }

    /// <summary>The field by which a type's listing is sorted.</summary>
    public static string SortField(DataType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.Family switch { ObjectFamily.Subject => "SUBJECT_LABEL", ObjectFamily.Experiment => "LABEL", _ => "ID" };
    }

    /// <summary>How many objects of each type there are.</summary>
    /// <param name="visibility">What is counted: everything, or what the caller may read.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<IReadOnlyDictionary<string, long>> CountsAsync(Visibility visibility, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(visibility);
        var hasShares = await HasSharesAsync(visibility, cancellationToken).ConfigureAwait(false);
        var experiments = visibility.Sql("e", ObjectFamily.Experiment, hasShares);
        // A session's scans are counted by their own table only where not everything is: most sites ask for everything.
        string OfSessions(string table) => visibility.Everything ? $"from {table} r" : $"from {table} r join archive_experiment e on e.id = r.experiment_id where {experiments}";
        var rows = await database.QueryAsync<(string Type, long Count)>(
            $"""
            select 'xnat:projectData', count(*) from archive_project r where {SearchRelations.ReadableProject(visibility, "r.id")}
            union all select 'xnat:subjectData', count(*) from archive_subject r where {visibility.Sql("r", ObjectFamily.Subject, hasShares)}
            union all select e.xsi_type, count(*) from archive_experiment e where {experiments} group by 1
            union all select r.xsi_type, count(*) {OfSessions("archive_scan")} group by 1
            union all select r.xsi_type, count(*) {OfSessions("archive_reconstruction")} group by 1
            """,
            visibility.Parameters(), cancellationToken).ConfigureAwait(false);
        return rows.GroupBy(r => r.Type).ToDictionary(g => g.Key, g => g.Sum(r => r.Count), StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Fields with a value that a type's objects have: custom variables, labels in projects (rest-api §19.1, H5).</summary>
    /// <param name="type">Type.</param>
    /// <param name="projects">Projects that are looked at, which the caller may read; null: all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<IReadOnlyList<(string XsiType, string Name)>> CustomVariablesAsync(DataType type, IReadOnlyCollection<string>? projects, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(type);
        return database.QueryAsync<(string, string)>(
            "select distinct xsi_type, name from archive_custom_variable where xsi_type = any (@types) and (@everywhere or project_id = any (@projects)) order by name",
            new { types = model.WithDerived(type.Name).ToArray(), everywhere = projects is null, projects = projects?.ToArray() ?? [] }, cancellationToken);
    }
}
