using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>A stored configuration text.</summary>
/// <param name="Id">Number of the row: XNAT's number of a script.</param>
/// <param name="Version">Counts the contents stored at this place, from 1.</param>
/// <param name="Contents">Text.</param>
/// <param name="Enabled">In force.</param>
/// <param name="CreateUser">Who stored it.</param>
/// <param name="CreateDate">When.</param>
/// <param name="Reason">Why, as given.</param>
/// <param name="Unversioned">It took the place of what was stored before.</param>
public sealed record Configuration(long Id, int Version, string Contents, bool Enabled, string CreateUser, DateTime CreateDate, string Reason, bool Unversioned = false);

/// <summary>A configuration with its place.</summary>
/// <param name="Path">Path below the tool.</param>
/// <param name="Newest">What is stored there.</param>
public sealed record PlacedConfiguration(string Path, Configuration Newest);

/// <summary>Texts that steer arrival and archiving, per site and project, with all their versions (XNAT's configuration service).</summary>
public sealed class ConfigurationStore(VesaliusDatabase database)
{
    private const string Columns = "id, version, contents, enabled, create_user, create_date, reason, unversioned";

    /// <summary>The newest version; null if none was stored.</summary>
    public Task<Configuration?> FindAsync(string tool, string path, string? projectId, CancellationToken cancellationToken) => database.FindAsync<Configuration>(
        $"select {Columns} from prearchive_configuration where tool = @tool and path = @path and project_id is not distinct from @projectId order by version desc, id desc limit 1",
        new { tool, path, projectId }, cancellationToken);

    /// <summary>All versions, newest first.</summary>
    public Task<IReadOnlyList<Configuration>> HistoryAsync(string tool, string path, string? projectId, CancellationToken cancellationToken) => database.QueryAsync<Configuration>(
        $"select {Columns} from prearchive_configuration where tool = @tool and path = @path and project_id is not distinct from @projectId order by version desc, id desc",
        new { tool, path, projectId }, cancellationToken);

    /// <summary>The newest version at every path of a tool.</summary>
    public async Task<IReadOnlyList<PlacedConfiguration>> ListAsync(string tool, string? projectId, CancellationToken cancellationToken) =>
        [.. (await database.QueryAsync<(string Path, long Id, int Version, string Contents, bool Enabled, string CreateUser, DateTime CreateDate, string Reason, bool Unversioned)>(
            $"select distinct on (path) path, {Columns} from prearchive_configuration where tool = @tool and project_id is not distinct from @projectId order by path, version desc, id desc",
            new { tool, projectId }, cancellationToken).ConfigureAwait(false))
            .Select(r => new PlacedConfiguration(r.Path, new Configuration(r.Id, r.Version, r.Contents, r.Enabled, r.CreateUser, r.CreateDate, r.Reason, r.Unversioned)))];

    /// <summary>Tools that have something stored.</summary>
    public Task<IReadOnlyList<string>> ToolsAsync(string? projectId, CancellationToken cancellationToken) => database.QueryAsync<string>(
        "select distinct tool from prearchive_configuration where project_id is not distinct from @projectId order by 1", new { projectId }, cancellationToken);

    /// <summary>Stores a new version.</summary>
    /// <param name="tool">Tool.</param>
    /// <param name="path">Path below the tool.</param>
    /// <param name="projectId">Project; null for the site.</param>
    /// <param name="contents">Text.</param>
    /// <param name="enabled">In force.</param>
    /// <param name="user">Who stores it.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="unversioned">It takes the place of the newest version, which is lost.</param>
    /// <returns>True if nothing was stored at its place.</returns>
    public async Task<bool> PutAsync(
        string tool, string path, string? projectId, string contents, bool enabled, string user, string reason, CancellationToken cancellationToken, bool unversioned = false) =>
        await database.InTransactionAsync(async (connection, transaction) =>
        {
            await Dapper.SqlMapper.ExecuteAsync(connection, "select pg_advisory_xact_lock(hashtextextended(@key, 0))", new { key = $"{tool}/{path}/{projectId}" }, transaction).ConfigureAwait(false);
            var before = await Dapper.SqlMapper.ExecuteScalarAsync<int>(
                connection, "select coalesce(max(version), 0) from prearchive_configuration where tool = @tool and path = @path and project_id is not distinct from @projectId",
                new { tool, path, projectId }, transaction).ConfigureAwait(false);
            if (unversioned)
            {
                await Dapper.SqlMapper.ExecuteAsync(
                    connection, "delete from prearchive_configuration where tool = @tool and path = @path and project_id is not distinct from @projectId and version = @before",
                    new { tool, path, projectId, before }, transaction).ConfigureAwait(false);
            }

            await Dapper.SqlMapper.ExecuteAsync(
                connection,
                """
                insert into prearchive_configuration (tool, path, project_id, version, contents, enabled, create_user, reason, unversioned)
                values (@tool, @path, @projectId, @version, @contents, @enabled, @user, @reason, @unversioned)
                """,
                new { tool, path, projectId, version = unversioned ? Math.Max(1, before) : before + 1, contents, enabled, user, reason, unversioned }, transaction).ConfigureAwait(false);
            return before;
        }, cancellationToken).ConfigureAwait(false) == 0;

    /// <summary>Puts the newest version in or out of force.</summary>
    /// <returns>False if none was stored.</returns>
    public async Task<bool> EnableAsync(string tool, string path, string? projectId, bool enabled, string user, CancellationToken cancellationToken)
    {
        if (await FindAsync(tool, path, projectId, cancellationToken).ConfigureAwait(false) is not { } newest)
        {
            return false;
        }

        if (newest.Enabled != enabled)
        {
            await database.ExecuteAsync("update prearchive_configuration set enabled = @enabled where id = @Id", new { enabled, newest.Id }, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }
}
