using Dapper;
using Vesalius.Archive.Lists;
using Vesalius.Database;

namespace Vesalius.Archive.Search;

/// <summary>A search that somebody keeps.</summary>
/// <param name="Id">ID.</param>
/// <param name="Owner">Login of who made it.</param>
/// <param name="ProjectId">Project that it belongs to; null: none.</param>
/// <param name="RootType">Type of its rows.</param>
/// <param name="BriefDescription">Name for people.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Secure">XNAT's mark, kept without effect.</param>
/// <param name="Users">Logins that may use it, the owner among them.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Modified">When it was last changed.</param>
public sealed record SavedSearch(
    string Id, string Owner, string? ProjectId, string RootType, string BriefDescription, string Description, bool Secure, string[] Users, DateTime Created, DateTime Modified);

/// <summary>Who looks at saved searches.</summary>
/// <param name="Login">Login.</param>
/// <param name="Groups">IDs of the groups that the user is in.</param>
/// <param name="IsAdministrator">May see and change all.</param>
/// <param name="Visibility">What the user may read; searches of these projects are open.</param>
public sealed record SearchReader(string Login, IReadOnlyCollection<string> Groups, bool IsAdministrator, Visibility Visibility);

/// <summary>Keeps searches: each is its owner's, and open to the users, groups and readers of the project that it names (rest-api §19.1, H7 to H13).</summary>
public sealed class SavedSearches(VesaliusDatabase database)
{
    private const string Columns = """
        select s.id, s.owner, s.project_id, s.root_type, s.brief_description, s.description, s.secure,
            array(select s.owner union select u.login from archive_search_user u where u.search_id = s.id order by 1) as users, s.created, s.modified from archive_search s
        """;

    // With a constructor the mapper would not recognise the array.
    private sealed class Row
    {
        public string Id { get; set; } = "";

        public string Owner { get; set; } = "";

        public string? ProjectId { get; set; }

        public string RootType { get; set; } = "";

        public string BriefDescription { get; set; } = "";

        public string Description { get; set; } = "";

        public bool Secure { get; set; }

        public string[] Users { get; set; } = [];

        public DateTime Created { get; set; }

        public DateTime Modified { get; set; }

        public SavedSearch ToSearch() => new(Id, Owner, ProjectId, RootType, BriefDescription, Description, Secure, Users, Created, Modified);
    }

    private static string Open(SearchReader reader, DynamicParameters parameters)
    {
        parameters.AddDynamicParams(new { login = reader.Login, groups = reader.Groups.ToArray() });
        parameters.AddDynamicParams(reader.Visibility.Parameters());
        return $"""
            (s.owner = @login or exists (select 1 from archive_search_user u where u.search_id = s.id and u.login = @login)
                or exists (select 1 from archive_search_group g where g.search_id = s.id and g.group_id = any (@groups))
                or (s.project_id is not null and {(reader.Visibility.Everything ? "true" : "(s.project_id = any (@readable) or s.project_id = any (@typedProjects))")}))
            """;
    }

    /// <summary>The searches that a user may use.</summary>
    /// <param name="reader">User.</param>
    /// <param name="all">Those of everybody, for administrators.</param>
    /// <param name="projectId">Those of a project; null: those of none; empty: both.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<IReadOnlyList<SavedSearch>> ListAsync(SearchReader reader, bool all, string? projectId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var parameters = new DynamicParameters();
        parameters.Add("projectId", projectId);
        var open = all && reader.IsAdministrator ? "true" : Open(reader, parameters);
        var tag = projectId switch { null => "s.project_id is null", "" => "true", _ => "s.project_id = @projectId" };
        return [.. (await database.QueryAsync<Row>($"{Columns} where {open} and {tag} order by s.brief_description, s.id", parameters, cancellationToken).ConfigureAwait(false)).Select(r => r.ToSearch())];
    }

    /// <summary>A search that a user may use.</summary>
    /// <returns>Null if there is none that is open to the user.</returns>
    public async Task<(SavedSearch Search, SearchDefinition Definition)?> FindAsync(string id, SearchReader reader, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var parameters = new DynamicParameters();
        parameters.Add("id", id);
        var open = reader.IsAdministrator ? "true" : Open(reader, parameters);
        return await database.FindAsync<Row>($"{Columns} where s.id = @id and {open}", parameters, cancellationToken).ConfigureAwait(false) is not { } row ? null
            : (row.ToSearch(), SearchDocument.Read((await database.FindAsync<string>("select document from archive_search where id = @id", new { id }, cancellationToken).ConfigureAwait(false))!));
    }

    /// <summary>Whether an ID is taken, whoever may use the search.</summary>
    public Task<bool> ExistsAsync(string id, CancellationToken cancellationToken) =>
        database.FindAsync<bool>("select exists (select 1 from archive_search where id = @id)", new { id }, cancellationToken);

    /// <summary>Keeps a search in place of the one with its ID. Its owner stays who it was.</summary>
    /// <param name="search">Search; its users and groups are who may use it.</param>
    /// <param name="owner">Owner of a new one.</param>
    /// <param name="projectId">Project that it belongs to; null: none.</param>
    /// <param name="now">Time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Whether it is new.</returns>
    public Task<bool> SaveAsync(SearchDefinition search, string owner, string? projectId, DateTime now, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        return database.InTransactionAsync(
            async (connection, transaction) =>
            {
                var made = await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
                    """
                    insert into archive_search (id, owner, project_id, root_type, brief_description, description, secure, document, created, modified)
                    values (@Id, @owner, @projectId, @RootType, @BriefDescription, @Description, @Secure, @document, @now, @now)
                    on conflict (id) do update set project_id = excluded.project_id, root_type = excluded.root_type, brief_description = excluded.brief_description,
                        description = excluded.description, secure = excluded.secure, document = excluded.document, modified = excluded.modified
                    returning xmax = 0
                    """,
                    new { search.Id, owner, projectId, search.RootType, search.BriefDescription, search.Description, search.Secure, document = SearchDocument.Write(search), now },
                    transaction, cancellationToken: cancellationToken)).ConfigureAwait(false);
                await connection.ExecuteAsync(new CommandDefinition(
                    """
                    delete from archive_search_user where search_id = @Id;
                    delete from archive_search_group where search_id = @Id;
                    insert into archive_search_user (search_id, login) select @Id, unnest(@users);
                    insert into archive_search_group (search_id, group_id) select @Id, unnest(@groups);
                    """,
                    new { search.Id, users = search.AllowedUsers.ToArray(), groups = search.AllowedGroups.ToArray() }, transaction, cancellationToken: cancellationToken)).ConfigureAwait(false);
                return made;
            },
            cancellationToken);
    }

    /// <summary>Removes a search.</summary>
    public Task RemoveAsync(string id, CancellationToken cancellationToken) => database.ExecuteAsync("delete from archive_search where id = @id", new { id }, cancellationToken);

    /// <summary>Takes a search away from one user to whom it is open.</summary>
    /// <returns>False if it was not open to the user by name.</returns>
    public async Task<bool> LeaveAsync(SearchDefinition search, string login, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        var less = search with { AllowedUsers = [.. search.AllowedUsers.Where(u => u != login)] };
        return await database.InTransactionAsync(
            async (connection, transaction) =>
            {
                var removed = await connection.ExecuteAsync(new CommandDefinition(
                    "delete from archive_search_user where search_id = @Id and login = @login", new { search.Id, login }, transaction, cancellationToken: cancellationToken)).ConfigureAwait(false);
                await connection.ExecuteAsync(new CommandDefinition(
                    "update archive_search set document = @document where id = @Id", new { search.Id, document = SearchDocument.Write(less) }, transaction, cancellationToken: cancellationToken)).ConfigureAwait(false);
                return removed > 0;
            },
            cancellationToken).ConfigureAwait(false);
    }
}
