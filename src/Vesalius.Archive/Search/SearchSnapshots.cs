using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Search;

/// <summary>Limits of snapshots.</summary>
public sealed record SnapshotLimits
{
    /// <summary>How long a snapshot is kept after it was last read. A working day with a lunch break fits; results are copies of data and should not lie about.</summary>
    public TimeSpan Life { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Most snapshots of one user; the oldest go. As many as tables that somebody has open at a time.</summary>
    public int MostOfOneUser { get; init; } = 20;

    /// <summary>Most rows of one snapshot: a million sessions, the size that the archive is measured at.</summary>
    public long MostRows { get; init; } = 1_000_000;
}

/// <summary>A snapshot.</summary>
/// <param name="Id">ID.</param>
/// <param name="Title">Title for people.</param>
/// <param name="RootType">Type of its rows.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Total">Rows when it was made.</param>
/// <param name="LastAccess">When it was last read.</param>
public sealed record SearchSnapshot(string Id, string Title, string RootType, IReadOnlyList<SearchColumn> Columns, long Total, DateTime LastAccess);

/// <summary>Keeps results as they were (rest-api §19.1, H2): pages stay where they are whatever is added. They are their owner's alone; what the owner may no longer
/// read, or what is no longer there, is not shown from them either.</summary>
public sealed class SearchSnapshots(VesaliusDatabase database, SearchEngine engine, TypeModel model, SnapshotLimits limits, TimeProvider time)
{
    private sealed record Readable(bool Everything, string[] Projects, string[] Types);

    private sealed record Row(string Id, string Title, string RootType, string Columns, string Readable, long Total, DateTime LastAccess);

    /// <summary>Runs a search and keeps its result.</summary>
    /// <param name="search">Search.</param>
    /// <param name="visibility">What the caller may read.</param>
    /// <param name="login">Owner.</param>
    /// <param name="savedId">ID of the saved search, or null.</param>
    /// <param name="page">Order; all rows are kept.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ListRefusedException">The search is wrong, or has more rows than a snapshot may have.</exception>
    /// <exception cref="SearchForbiddenException">The search uses a type that the caller may not read anywhere.</exception>
    public async Task<SearchSnapshot> TakeAsync(SearchDefinition search, Visibility visibility, string login, string? savedId, SearchPage page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(visibility);
        var compiled = await engine.CompileAsync(search, visibility, page, cancellationToken).ConfigureAwait(false);
        var id = $"s{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";
        var now = time.GetUtcNow().UtcDateTime;
        await SweepAsync(login, cancellationToken).ConfigureAwait(false);
        return await database.InTransactionAsync(
            async (connection, transaction) =>
            {
                var parameters = compiled.Parameters;
                parameters.AddDynamicParams(new
                {
                    id, login, savedId = savedId ?? "", now, title = compiled.Root.Plural, root = compiled.Root.Name, most = limits.MostRows + 1,
                    columns = JsonSerializer.Serialize(compiled.Columns), readableThen = JsonSerializer.Serialize(Of(visibility)),
                });
                await connection.ExecuteAsync(new CommandDefinition(
                    """
                    insert into archive_search_snapshot (id, login, search_id, title, root_type, columns, readable, total, created, last_access)
                    values (@id, @login, @savedId, @title, @root, @columns::jsonb, @readableThen::jsonb, 0, @now, @now)
                    """,
                    parameters, transaction, cancellationToken: cancellationToken)).ConfigureAwait(false);
                var cells = string.Join(", ", Enumerable.Range(0, compiled.Columns.Count).Select(i => $"q.c{i}::text"));
                var total = await connection.ExecuteAsync(new CommandDefinition(
                    $"""
                    insert into archive_search_snapshot_row (snapshot_id, place, key, cells)
                    select @id, q.place, q.key, array[{cells}]::text[] from (
                    {compiled.Sql.Insert("select ".Length, $"row_number() over (order by {compiled.Order}) - 1 as place, ")} order by {compiled.Order} limit @most) q
                    """,
                    parameters, transaction, commandTimeout: 0, cancellationToken: cancellationToken)).ConfigureAwait(false);
                if (total > limits.MostRows)
                {
                    throw new ListRefusedException($"The result has more than {limits.MostRows} rows; narrow the search, or ask without cache.");
                }

                await connection.ExecuteAsync(new CommandDefinition(
                    "update archive_search_snapshot set total = @total where id = @id", new { id, total }, transaction, cancellationToken: cancellationToken)).ConfigureAwait(false);
                return new SearchSnapshot(id, compiled.Root.Plural, compiled.Root.Name, compiled.Columns, total, now);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static Readable Of(Visibility visibility) => new(visibility.Everything, [.. visibility.Projects], [.. visibility.Types.Select(t => $"{t.ProjectId} {t.DataType.ToLowerInvariant()}")]);

    /// <summary>A snapshot of a user.</summary>
    /// <returns>Null if the user has none with this ID, it has run out, or the user may no longer read all that could be in it.</returns>
    public async Task<SearchSnapshot?> FindAsync(string id, string login, Visibility visibility, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(visibility);
        var row = await database.FindAsync<Row>(
            """
            update archive_search_snapshot set last_access = @now where id = @id and login = @login and last_access > @oldest
            returning id, title, root_type, columns::text as columns, readable::text as readable, total, last_access
            """,
            new { id, login, now = time.GetUtcNow().UtcDateTime, oldest = Oldest }, cancellationToken).ConfigureAwait(false);
        return row is null || !StillReadable(JsonSerializer.Deserialize<Readable>(row.Readable)!, visibility) ? null
            : new SearchSnapshot(row.Id, row.Title, row.RootType, JsonSerializer.Deserialize<List<SearchColumn>>(row.Columns)!, row.Total, row.LastAccess);
    }

    /// <summary>The newest snapshot that a user has of a saved search since a point in time.</summary>
    public Task<string?> NewestAsync(string savedId, string login, DateTime since, CancellationToken cancellationToken) => database.FindAsync<string>(
        "select id from archive_search_snapshot where search_id = @savedId and login = @login and created >= @since and last_access > @oldest order by created desc limit 1",
        new { savedId, login, since, oldest = Oldest }, cancellationToken);

    private DateTime Oldest => (time.GetUtcNow() - limits.Life).UtcDateTime;

    private static bool StillReadable(Readable then, Visibility now)
    {
        if (now.Everything)
        {
            return true;
        }

        var projects = now.Projects.ToHashSet(StringComparer.Ordinal);
        var types = now.Types.Select(t => $"{t.ProjectId} {t.DataType.ToLowerInvariant()}").ToHashSet(StringComparer.Ordinal);
        return !then.Everything && Array.TrueForAll(then.Projects, projects.Contains) && Array.TrueForAll(then.Types, t => types.Contains(t) || projects.Contains(t.Split(' ')[0]));
    }

    /// <summary>A page of a snapshot. Rows whose object is gone or no longer readable are left out without moving the others.</summary>
    public async Task<SearchResult> PageAsync(SearchSnapshot snapshot, Visibility visibility, SearchPage page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(visibility);
        ArgumentNullException.ThrowIfNull(page);
        var root = model.Find(snapshot.RootType) ?? throw new ListRefusedException("The type of this result is no longer known.");
        var parameters = visibility.Parameters();
        parameters.AddDynamicParams(new { id = snapshot.Id, from = page.Offset, to = page.Limit is { } limit ? page.Offset + limit : long.MaxValue });
        var cells = string.Join(", ", Enumerable.Range(1, snapshot.Columns.Count).Select(i => $"w.cells[{i}]"));
        var sorted = page.SortBy.Select(name => Place(snapshot, name)).Select(place => Sorted(snapshot.Columns[place], place)).ToList();
        // Sorted anew, places are counted anew.
        var rows = sorted.Count == 0
            ? "(select * from archive_search_snapshot_row where snapshot_id = @id and place >= @from and place < @to) w"
            : $"(select n.* from (select p.snapshot_id, p.key, p.cells, row_number() over (order by {string.Join(", ", sorted.Select(s => s + (page.Descending ? " desc" : "")))}, p.place) - 1 as place from archive_search_snapshot_row p where p.snapshot_id = @id) n where n.place >= @from and n.place < @to) w";
        var sql = $"select {cells} from {rows} where {StillThere(root, visibility)} order by w.place";
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var reader = await connection.ExecuteReaderAsync(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken)).ConfigureAwait(false);
            return new SearchResult(connection, reader, snapshot.Columns, root, page, null);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The values of a column with how often each is there, the most frequent first (rest-api §19.1, H3).</summary>
    /// <exception cref="ListRefusedException">The snapshot has no such column.</exception>
    public async Task<IReadOnlyList<(string? Value, long Count)>> ValuesAsync(SearchSnapshot snapshot, string column, Visibility visibility, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(visibility);
        var place = Place(snapshot, column);
        var parameters = visibility.Parameters();
        parameters.Add("id", snapshot.Id);
        return await database.QueryAsync<(string?, long)>(
            $"select w.cells[{place + 1}], count(*) from archive_search_snapshot_row w where w.snapshot_id = @id and {StillThere(model.Find(snapshot.RootType)!, visibility)} group by 1 order by 2 desc, 1",
            parameters, cancellationToken).ConfigureAwait(false);
    }

    private static int Place(SearchSnapshot snapshot, string name)
    {
        var columns = snapshot.Columns.ToList();
        var place = columns.FindIndex(c => c.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
        place = place >= 0 ? place : columns.FindIndex(c => c.Id.Equals(name, StringComparison.OrdinalIgnoreCase));
        return place >= 0 ? place : throw new ListRefusedException("The result has no such column.");
    }

    private static string Sorted(SearchColumn column, int place) =>
        column.Kind is ValueKind.Integer or ValueKind.Float ? $"archive_number(p.cells[{place + 1}])" : $"p.cells[{place + 1}]";

    private static string StillThere(DataType root, Visibility visibility)
    {
        var partOfSession = root.Family is ObjectFamily.Scan or ObjectFamily.Reconstruction;
        var condition = root.Family switch
        {
            ObjectFamily.Project => SearchRelations.ReadableProject(visibility, "o.id"),
            ObjectFamily.Subject or ObjectFamily.Experiment => visibility.Sql("o", root.Family),
            _ => visibility.Everything ? "true" : $"exists (select 1 from archive_experiment e where e.id = o.experiment_id and {visibility.Sql("e", ObjectFamily.Experiment)})",
        };
        return $"exists (select 1 from {FieldColumns.TableOf(root.Family)} o where o.{(partOfSession ? "key = w.key::bigint" : "id = w.key")} and {condition})";
    }

    private async Task SweepAsync(string login, CancellationToken cancellationToken)
    {
        await SweepAsync(cancellationToken).ConfigureAwait(false);
        await database.ExecuteAsync(
            "delete from archive_search_snapshot where id in (select id from archive_search_snapshot where login = @login order by created desc offset @keep)",
            new { login, keep = limits.MostOfOneUser - 1 }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Removes what has run out.</summary>
    public Task<int> SweepAsync(CancellationToken cancellationToken) =>
        database.ExecuteAsync("delete from archive_search_snapshot where last_access <= @oldest", new { oldest = Oldest }, cancellationToken);
}
