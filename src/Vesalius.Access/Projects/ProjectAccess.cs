using Dapper;
using Npgsql;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>A member of a project.</summary>
/// <param name="Login">Login.</param>
/// <param name="FirstName">First name.</param>
/// <param name="LastName">Last name.</param>
/// <param name="Email">E-mail address.</param>
/// <param name="Role">owner, member or collaborator.</param>
public sealed record ProjectMember(string Login, string FirstName, string LastName, string Email, string Role);

/// <summary>Who belongs to which project, and how open projects are. Changes are effective with the next request.</summary>
public sealed class ProjectAccess(VesaliusDatabase database)
{
    /// <summary>Registers a project; its creator becomes owner.</summary>
    public static async Task RegisterAsync(string projectId, Caller creator, Accessibility accessibility, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(creator);
        await connection.ExecuteAsync(
            "insert into access_project (project_id, accessibility) values (@projectId, @accessibility)",
            new { projectId, accessibility = accessibility.ToString().ToLowerInvariant() }, transaction).ConfigureAwait(false);
        if (creator.UserId > 0)
        {
            await connection.ExecuteAsync(
                "insert into access_member (project_id, user_id, role) values (@projectId, @UserId, 'owner')", new { projectId, creator.UserId }, transaction).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets a project with all memberships.</summary>
    public static Task UnregisterAsync(string projectId, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.ExecuteAsync("delete from access_project where project_id = @projectId", new { projectId }, transaction);
    }

    /// <summary>How open a project is; null if it is not registered.</summary>
    public async Task<Accessibility?> AccessibilityAsync(string projectId, CancellationToken cancellationToken)
    {
        var text = await database.FindAsync<string>("select accessibility from access_project where project_id = @projectId", new { projectId }, cancellationToken).ConfigureAwait(false);
        return text is null ? null : Enum.Parse<Accessibility>(text, ignoreCase: true);
    }

    /// <summary>Opens or closes a project.</summary>
    public Task SetAccessibilityAsync(string projectId, Accessibility accessibility, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update access_project set accessibility = @level where project_id = @projectId", new { projectId, level = accessibility.ToString().ToLowerInvariant() }, cancellationToken);

    /// <summary>What a caller may do in a project; none if there is no such project.</summary>
    public async Task<ProjectRights> RightsAsync(Caller caller, string projectId, CancellationToken cancellationToken) =>
        await AccessibilityAsync(projectId, cancellationToken).ConfigureAwait(false) is { } accessibility
            ? ProjectPermissions.Decide(caller, projectId, accessibility)
            : ProjectRights.None;

    /// <summary>The projects in which a caller has all of some rights.</summary>
    public async Task<IReadOnlyList<string>> ProjectsWithAsync(Caller caller, ProjectRights rights, CancellationToken cancellationToken)
    {
        var all = await database.QueryAsync<(string ProjectId, string Accessibility)>("select project_id, accessibility from access_project", null, cancellationToken).ConfigureAwait(false);
        return [.. all.Where(p => (ProjectPermissions.Decide(caller, p.ProjectId, Enum.Parse<Accessibility>(p.Accessibility, ignoreCase: true)) & rights) == rights).Select(p => p.ProjectId)];
    }

    /// <summary>Members of a project by login.</summary>
    public Task<IReadOnlyList<ProjectMember>> MembersAsync(string projectId, CancellationToken cancellationToken) => database.QueryAsync<ProjectMember>(
        "select login, first_name, last_name, email, role from access_member join access_user on id = user_id where project_id = @projectId order by login",
        new { projectId }, cancellationToken);

    /// <summary>Gives a user a role in a project, in place of the one before.</summary>
    public Task SetMemberAsync(string projectId, string login, ProjectRole role, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        insert into access_member (project_id, user_id, role) select @projectId, id, @role from access_user where login = @login
        on conflict (project_id, user_id) do update set role = excluded.role
        """,
        new { projectId, login, role = role.ToString().ToLowerInvariant() }, cancellationToken);

    /// <summary>Takes a user out of a project.</summary>
    public Task<int> RemoveMemberAsync(string projectId, string login, CancellationToken cancellationToken) => database.ExecuteAsync(
        "delete from access_member using access_user where id = user_id and project_id = @projectId and login = @login", new { projectId, login }, cancellationToken);
}
