using Dapper;
using Npgsql;
using Vesalius.Access;
using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>A project.</summary>
public sealed record Project
{
    /// <summary>ID, chosen by its creator, never used twice.</summary>
    public string Id { get; init; } = "";

    /// <summary>Running title.</summary>
    public string SecondaryId { get; init; } = "";

    /// <summary>Title.</summary>
    public string Name { get; init; } = "";

    /// <summary>Description.</summary>
    public string Description { get; init; } = "";

    /// <summary>Keywords.</summary>
    public string Keywords { get; init; } = "";

    /// <summary>First name of the principal investigator.</summary>
    public string PiFirstname { get; init; } = "";

    /// <summary>Last name of the principal investigator.</summary>
    public string PiLastname { get; init; } = "";

    /// <summary>Further names.</summary>
    public string[] Aliases { get; init; } = [];

    /// <summary>0 manual, 4 automatic, 5 automatic with overwriting.</summary>
    public int PrearchiveCode { get; init; }

    /// <summary>1: new sessions are quarantined.</summary>
    public int QuarantineCode { get; init; }

    /// <summary>When it was made.</summary>
    public DateTime InsertDate { get; init; }

    /// <summary>Who made it.</summary>
    public string InsertUser { get; init; } = "";

    /// <summary>Last change.</summary>
    public DateTime LastModified { get; init; }
}

/// <summary>What came of creating or changing a project.</summary>
public enum ProjectChange
{
    /// <summary>It was made.</summary>
    Created,
    /// <summary>It was changed.</summary>
    Updated,
    /// <summary>The ID belonged to a project that was deleted.</summary>
    IdRetired,
    /// <summary>ID, running title, title or alias is another project's.</summary>
    NameTaken,
}

/// <summary>Projects (R19).</summary>
public sealed class ProjectDirectory(VesaliusDatabase database)
{
    private const string Select =
        """
        select p.id, p.secondary_id, p.name, p.description, p.keywords, coalesce(i.first_name, '') as pi_firstname, coalesce(i.last_name, '') as pi_lastname, p.aliases,
            p.prearchive_code, p.quarantine_code, p.insert_date, p.insert_user, p.last_modified
        from archive_project p
        left join archive_project_investigator l on l.project_id = p.id and l.is_primary left join archive_investigator i on i.id = l.investigator_id
        """;

    /// <summary>Finds a project by ID or alias; null if there is none.</summary>
    public Task<Project?> FindAsync(string idOrAlias, CancellationToken cancellationToken) => database.FindAsync<Project>(
        $"{Select} where p.id = @idOrAlias or @idOrAlias = any (p.aliases) order by p.id = @idOrAlias desc limit 1", new { idOrAlias }, cancellationToken);

    /// <summary>Projects with these IDs, by ID.</summary>
    public Task<IReadOnlyList<Project>> ListAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        database.QueryAsync<Project>($"{Select} where p.id = any (@ids) order by p.id", new { ids = ids.ToArray() }, cancellationToken);

    /// <summary>Makes a project or changes what is given of it.</summary>
    /// <param name="id">ID.</param>
    /// <param name="fields">Fields by shortcut: secondary_ID, name, description, keywords, pi_firstname, pi_lastname, alias.</param>
    /// <param name="caller">Who does it; becomes owner of a new project.</param>
    /// <param name="accessibility">For a new project.</param>
    /// <param name="prearchiveCode">For a new project.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<ProjectChange> PutAsync(
        string id, IReadOnlyDictionary<string, string> fields, Caller caller, Accessibility accessibility, int prearchiveCode, CancellationToken cancellationToken) =>
        database.InTransactionAsync(async (connection, transaction) =>
        {
            // One at a time: names are compared across columns, which no index does.
            await connection.ExecuteAsync("lock table archive_project in share row exclusive mode", transaction: transaction).ConfigureAwait(false);
            var exists = await connection.ExecuteScalarAsync<bool>("select exists (select 1 from archive_project where id = @id)", new { id }, transaction).ConfigureAwait(false);
            var names = new[] { exists ? null : id, Field(fields, "secondary_ID") ?? (exists ? null : id), Field(fields, "name") ?? (exists ? null : id), Field(fields, "alias") }
                .OfType<string>().Where(n => n.Length > 0).Select(n => n.ToLowerInvariant()).Distinct().ToArray();
            if (await connection.ExecuteScalarAsync<bool>(
                """
                select exists (select 1 from archive_project where id <> @id and (lower(id) = any (@names) or lower(secondary_id) = any (@names)
                    or lower(name) = any (@names) or exists (select 1 from unnest(aliases) a where lower(a) = any (@names))))
                """,
                new { id, names }, transaction).ConfigureAwait(false))
            {
                return ProjectChange.NameTaken;
            }

            if (exists)
            {
                await UpdateAsync(id, fields, connection, transaction).ConfigureAwait(false);
                return ProjectChange.Updated;
            }

            if (await connection.ExecuteAsync(
                "insert into archive_project_id (id_lower) values (@lower) on conflict do nothing", new { lower = id.ToLowerInvariant() }, transaction).ConfigureAwait(false) == 0)
            {
                return ProjectChange.IdRetired;
            }

            await connection.ExecuteAsync(
                "insert into archive_project (id, secondary_id, name, insert_user, prearchive_code) values (@id, @id, @id, @Login, @prearchiveCode)",
                new { id, caller.Login, prearchiveCode }, transaction).ConfigureAwait(false);
            await UpdateAsync(id, fields, connection, transaction).ConfigureAwait(false);
            await ProjectAccess.RegisterAsync(id, caller, accessibility, connection, transaction).ConfigureAwait(false);
            return ProjectChange.Created;
        }, cancellationToken);

    private static string? Field(IReadOnlyDictionary<string, string> fields, string name) => fields.TryGetValue(name, out var value) ? value : null;

    private static async Task UpdateAsync(string id, IReadOnlyDictionary<string, string> fields, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        await connection.ExecuteAsync(
            """
            update archive_project set secondary_id = coalesce(@secondary, secondary_id), name = coalesce(@name, name), description = coalesce(@description, description),
                keywords = coalesce(@keywords, keywords),
                aliases = case when @alias is null or @alias = any (aliases) then aliases else aliases || @alias end, last_modified = now()
            where id = @id
            """,
            new
            {
                id,
                secondary = Field(fields, "secondary_ID"),
                name = Field(fields, "name"),
                description = Field(fields, "description"),
                keywords = Field(fields, "keywords"),
                alias = Field(fields, "alias"),
            },
            transaction).ConfigureAwait(false);
        var first = Field(fields, "pi_firstname") ?? Field(fields, "PI/firstname");
        var last = Field(fields, "pi_lastname") ?? Field(fields, "PI/lastname");
        if (first is not null || last is not null)
        {
            await SetPrincipalInvestigatorAsync(id, first, last, connection, transaction).ConfigureAwait(false);
        }
    }

    // What is not given is kept. Somebody without a name is nobody.
    private static async Task SetPrincipalInvestigatorAsync(string id, string? first, string? last, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        var (oldFirst, oldLast) = await connection.QuerySingleOrDefaultAsync<(string?, string?)>(
            """
            select i.first_name, i.last_name from archive_project_investigator l join archive_investigator i on i.id = l.investigator_id
            where l.project_id = @id and l.is_primary
            """,
            new { id }, transaction).ConfigureAwait(false);
        var name = new { id, first = first ?? oldFirst ?? "", last = last ?? oldLast ?? "" };
        await connection.ExecuteAsync("delete from archive_project_investigator where project_id = @id and is_primary", new { id }, transaction).ConfigureAwait(false);
        if (name.first.Length + name.last.Length > 0)
        {
            await connection.ExecuteAsync(
                """
                insert into archive_investigator (first_name, last_name) values (@first, @last) on conflict (first_name, last_name) do nothing;
                insert into archive_project_investigator (project_id, investigator_id, is_primary)
                    select @id, i.id, true from archive_investigator i where i.first_name = @first and i.last_name = @last
                on conflict (project_id, investigator_id) do update set is_primary = true
                """,
                name, transaction).ConfigureAwait(false);
        }
    }

    /// <summary>Sets what happens with received sessions: 0, 4 or 5.</summary>
    public Task SetPrearchiveCodeAsync(string id, int code, CancellationToken cancellationToken) =>
        database.ExecuteAsync("update archive_project set prearchive_code = @code, last_modified = now() where id = @id", new { id, code }, cancellationToken);

    /// <summary>Sets whether new sessions are quarantined: 0 or 1.</summary>
    public Task SetQuarantineCodeAsync(string id, int code, CancellationToken cancellationToken) =>
        database.ExecuteAsync("update archive_project set quarantine_code = @code, last_modified = now() where id = @id", new { id, code }, cancellationToken);

    /// <summary>Deletes a project with all that belongs to it in the database. Its ID stays reserved.</summary>
    public Task DeleteAsync(string id, CancellationToken cancellationToken) => database.InTransactionAsync(async (connection, transaction) =>
    {
        await ProjectAccess.UnregisterAsync(id, connection, transaction).ConfigureAwait(false);
        return await connection.ExecuteAsync("delete from archive_project where id = @id", new { id }, transaction).ConfigureAwait(false);
    }, cancellationToken);
}
