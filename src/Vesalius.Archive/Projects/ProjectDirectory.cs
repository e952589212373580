using Dapper;
using Npgsql;
using Vesalius.Access;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Types;
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

    /// <summary>Folder that XNAT calls the current one.</summary>
    public string CurrentArc { get; init; } = "arc001";

    /// <summary>active, quarantine, locked or obsolete.</summary>
    public string Status { get; init; } = "active";

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
            p.prearchive_code, p.quarantine_code, p.current_arc, p.status, p.insert_date, p.insert_user, p.last_modified
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
    /// <param name="input">What is given. Aliases are added to those that are there.</param>
    /// <param name="caller">Who does it; becomes owner of a new project.</param>
    /// <param name="accessibility">For a new project.</param>
    /// <param name="prearchiveCode">For a new project.</param>
    /// <param name="change">Why.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ItemRefusedException">The project is locked.</exception>
    public Task<ProjectChange> PutAsync(
        string id, ItemInput input, Caller caller, Accessibility accessibility, int prearchiveCode, ChangeEvent change, CancellationToken cancellationToken) =>
        database.InTransactionAsync(async (connection, transaction) =>
        {
            // One at a time: names are compared across columns, which no index does.
            await connection.ExecuteAsync("lock table archive_project in share row exclusive mode", transaction: transaction).ConfigureAwait(false);
            var status = await connection.ExecuteScalarAsync<string?>("select status from archive_project where id = @id", new { id }, transaction).ConfigureAwait(false);
            var exists = status is not null;
            if (exists)
            {
                Identity.CheckUnlocked(status!);
            }

            var parts = ProjectParts.TakeFrom(input);
            if (await IsTakenAsync(id, exists, input, parts.Aliases, connection, transaction).ConfigureAwait(false))
            {
                return ProjectChange.NameTaken;
            }

            if (!exists)
            {
                if (await connection.ExecuteAsync(
                    "insert into archive_project_id (id_lower) values (@lower) on conflict do nothing", new { lower = id.ToLowerInvariant() }, transaction).ConfigureAwait(false) == 0)
                {
                    return ProjectChange.IdRetired;
                }

                await connection.ExecuteAsync(
                    "insert into archive_project (id, secondary_id, name, insert_user, prearchive_code) values (@id, @id, @id, @Login, @prearchiveCode)",
                    new { id, caller.Login, prearchiveCode }, transaction).ConfigureAwait(false);
                await ProjectAccess.RegisterAsync(id, caller, accessibility, connection, transaction).ConfigureAwait(false);
            }

            var fields = await ObjectDocuments.SaveAsync(ObjectFamily.Project, id, input, connection, transaction).ConfigureAwait(false);
            await parts.SaveAsync(id, input.IsAuthoritative, connection, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync("project", id, id, exists ? "Modified Project" : "Added Project", change, fields, connection, transaction).ConfigureAwait(false);
            return exists ? ProjectChange.Updated : ProjectChange.Created;
        }, cancellationToken);

    private static Task<bool> IsTakenAsync(string id, bool exists, ItemInput input, IReadOnlyList<string> aliases, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        string?[] given = [exists ? null : id, input["secondary_ID"] ?? (exists ? null : id), input["name"] ?? (exists ? null : id), .. aliases];
        var names = given.OfType<string>().Where(n => n.Length > 0).Select(n => n.ToLowerInvariant()).Distinct().ToArray();
        return connection.ExecuteScalarAsync<bool>(
            """
            select exists (select 1 from archive_project where id <> @id and (lower(id) = any (@names) or lower(secondary_id) = any (@names)
                or lower(name) = any (@names) or exists (select 1 from unnest(aliases) a where lower(a) = any (@names))))
            """,
            new { id, names }, transaction);
    }

    /// <summary>Sets the folder below the project's archive that XNAT calls the current one. Ours is always <c>arc001</c>; the name is kept for clients.</summary>
    public Task SetCurrentArcAsync(string id, string name, CancellationToken cancellationToken) =>
        database.ExecuteAsync("update archive_project set current_arc = @name, last_modified = now() where id = @id", new { id, name }, cancellationToken);

    /// <summary>Sets what happens with received sessions: 0, 4 or 5.</summary>
    public Task SetPrearchiveCodeAsync(string id, int code, CancellationToken cancellationToken) =>
        database.ExecuteAsync("update archive_project set prearchive_code = @code, last_modified = now() where id = @id", new { id, code }, cancellationToken);

    /// <summary>Sets whether new sessions are quarantined: 0 or 1.</summary>
    public Task SetQuarantineCodeAsync(string id, int code, CancellationToken cancellationToken) =>
        database.ExecuteAsync("update archive_project set quarantine_code = @code, last_modified = now() where id = @id", new { id, code }, cancellationToken);
}
