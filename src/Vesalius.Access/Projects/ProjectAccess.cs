using Dapper;
using Npgsql;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>A member of a project.</summary>
/// <param name="Login">Login.</param>
/// <param name="FirstName">First name.</param>
/// <param name="LastName">Last name.</param>
/// <param name="Email">E-mail address.</param>
/// <param name="Role">owner, member, collaborator, or custom.</param>
/// <param name="GroupId">ID of the group, for example <c>{P}_owner</c>.</param>
/// <param name="GroupName">Its name as shown, for example <c>Owners</c>.</param>
/// <param name="Enabled">The account may sign in.</param>
public sealed record ProjectMember(string Login, string FirstName, string LastName, string Email, string Role, string GroupId, string GroupName, bool Enabled);

/// <summary>Where an object belongs.</summary>
/// <param name="ProjectId">The owning project.</param>
/// <param name="SharedInto">Projects that it is shared into.</param>
/// <param name="DataType">Its type, for example <c>xnat:mrSessionData</c>.</param>
public sealed record ObjectPlace(string ProjectId, IReadOnlyCollection<string> SharedInto, string DataType);

/// <summary>A type of data in a project.</summary>
/// <param name="ProjectId">Project.</param>
/// <param name="DataType">Type.</param>
public sealed record ProjectDataType(string ProjectId, string DataType);

/// <summary>What a caller may read.</summary>
/// <param name="Projects">Projects whose data of every type is readable.</param>
/// <param name="Types">Types that are readable in further projects (custom groups). Compare types without regard to case.</param>
public sealed record ReadableData(IReadOnlyList<string> Projects, IReadOnlyList<ProjectDataType> Types);

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
        return text is null ? null : Parse(text);
    }

    /// <summary>Opens or closes a project.</summary>
    public Task SetAccessibilityAsync(string projectId, Accessibility accessibility, CancellationToken cancellationToken) => database.ExecuteAsync(
        "update access_project set accessibility = @level where project_id = @projectId", new { projectId, level = accessibility.ToString().ToLowerInvariant() }, cancellationToken);

    /// <summary>What a caller may do in a project with data of every type; none if there is no such project.</summary>
    public async Task<ProjectRights> RightsAsync(Caller caller, string projectId, CancellationToken cancellationToken) =>
        await AccessibilityAsync(projectId, cancellationToken).ConfigureAwait(false) is { } accessibility
            ? ProjectPermissions.Decide(caller, projectId, accessibility)
            : ProjectRights.None;

    /// <summary>What a caller may do in a project with data of one type; none if there is no such project.</summary>
    public async Task<ProjectRights> RightsAsync(Caller caller, string projectId, string dataType, CancellationToken cancellationToken) =>
        await AccessibilityAsync(projectId, cancellationToken).ConfigureAwait(false) is { } accessibility
            ? ProjectPermissions.Decide(caller, projectId, accessibility, dataType)
            : ProjectRights.None;

    /// <summary>What a caller may do with an object.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="place">Where the object belongs.</param>
    /// <param name="through">Project that the request names; null if it names none. One that the object does not belong to gives no rights.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<ProjectRights> ObjectRightsAsync(Caller caller, ObjectPlace place, string? through, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (through is not null && through != place.ProjectId && !place.SharedInto.Contains(through))
        {
            return ProjectRights.None;
        }

        string[] projects = [place.ProjectId, .. place.SharedInto];
        var open = (await database.QueryAsync<(string ProjectId, string Accessibility)>(
            "select project_id, accessibility from access_project where project_id = any(@projects)", new { projects }, cancellationToken).ConfigureAwait(false))
            .ToDictionary(p => p.ProjectId, p => ProjectPermissions.Decide(caller, p.ProjectId, Parse(p.Accessibility), place.DataType));
        return ProjectPermissions.OfObject(
            open.GetValueOrDefault(place.ProjectId),
            through is null || through == place.ProjectId ? null : open.GetValueOrDefault(through),
            place.SharedInto.Select(p => open.GetValueOrDefault(p)));
    }

    /// <summary>The projects in which a caller has all of some rights with data of every type.</summary>
    public async Task<IReadOnlyList<string>> ProjectsWithAsync(Caller caller, ProjectRights rights, CancellationToken cancellationToken) =>
        [.. (await AllAsync(cancellationToken).ConfigureAwait(false)).Where(p => (ProjectPermissions.Decide(caller, p.ProjectId, p.Accessibility) & rights) == rights).Select(p => p.ProjectId)];

    /// <summary>The projects in which a caller has all of some rights with data of one type.</summary>
    public async Task<IReadOnlyList<string>> ProjectsWithAsync(Caller caller, ProjectRights rights, string dataType, CancellationToken cancellationToken) =>
        [.. (await AllAsync(cancellationToken).ConfigureAwait(false)).Where(p => (ProjectPermissions.Decide(caller, p.ProjectId, p.Accessibility, dataType) & rights) == rights).Select(p => p.ProjectId)];

    /// <summary>Everything that a caller may read, for lists and searches over many projects.</summary>
    public async Task<ReadableData> ReadableAsync(Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var whole = await ProjectsWithAsync(caller, ProjectRights.Read, cancellationToken).ConfigureAwait(false);
        var known = whole.ToHashSet(StringComparer.Ordinal);
        var types = caller.MayOpenData
            ? caller.ProjectGroups.Where(g => !known.Contains(g.Key))
                .SelectMany(g => g.Value.ByType.Where(t => t.Value.HasFlag(ProjectRights.Read)).Select(t => new ProjectDataType(g.Key, t.Key)))
            : [];
        return new ReadableData(whole, [.. types]);
    }

    private async Task<IEnumerable<(string ProjectId, Accessibility Accessibility)>> AllAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(string ProjectId, string Accessibility)>("select project_id, accessibility from access_project", null, cancellationToken).ConfigureAwait(false))
        .Select(p => (p.ProjectId, Parse(p.Accessibility)));

    private static Accessibility Parse(string text) => Enum.Parse<Accessibility>(text, ignoreCase: true);

    /// <summary>Members of a project by login.</summary>
    public Task<IReadOnlyList<ProjectMember>> MembersAsync(string projectId, CancellationToken cancellationToken) => database.QueryAsync<ProjectMember>(
        """
        select login, first_name, last_name, email, role, coalesce(m.group_id, m.project_id || '_' || role) as group_id, coalesce(g.display_name, initcap(role) || 's') as group_name, enabled
        from access_member m join access_user u on u.id = m.user_id left join access_group g on g.group_id = m.group_id where m.project_id = @projectId order by login
        """,
        new { projectId }, cancellationToken);

    /// <summary>Gives a user a role in a project, in place of the one before.</summary>
    public Task SetMemberAsync(string projectId, string login, ProjectRole role, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        insert into access_member (project_id, user_id, role) select @projectId, id, @role from access_user where login = @login
        on conflict (project_id, user_id) do update set role = excluded.role, group_id = null
        """,
        new { projectId, login, role = role.ToString().ToLowerInvariant() }, cancellationToken);

    /// <summary>Puts a user into a custom group of a project, in place of the role or group before.</summary>
    /// <returns>False if the project has no such group.</returns>
    public async Task<bool> SetMemberAsync(string projectId, string login, string groupId, CancellationToken cancellationToken) => await database.ExecuteAsync(
        """
        insert into access_member (project_id, user_id, role, group_id)
        select project_id, id, 'custom', group_id from access_user, access_group where login = @login and group_id = @groupId and project_id = @projectId
        on conflict (project_id, user_id) do update set role = excluded.role, group_id = excluded.group_id
        """,
        new { projectId, login, groupId }, cancellationToken).ConfigureAwait(false) == 1;

    /// <summary>Puts a user into a group of a project by the group's ID, in place of the role or group before.</summary>
    /// <returns>False if the project has no such group, or there is no such user.</returns>
    public async Task<bool> SetGroupAsync(string projectId, string login, string groupId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(groupId);
        if (RoleOf(projectId, groupId) is not { } role)
        {
            return await SetMemberAsync(projectId, login, groupId, cancellationToken).ConfigureAwait(false);
        }

        await SetMemberAsync(projectId, login, role, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>The role that a group ID stands for; null if it is no default group of the project.</summary>
    public static ProjectRole? RoleOf(string projectId, string groupId)
    {
        ArgumentNullException.ThrowIfNull(groupId);
        return !groupId.StartsWith(projectId + "_", StringComparison.Ordinal) ? null : groupId[(projectId.Length + 1)..] switch
        {
            "owner" => ProjectRole.Owner,
            "member" => ProjectRole.Member,
            "collaborator" => ProjectRole.Collaborator,
            _ => null,
        };
    }

    /// <summary>Takes a user out of a project.</summary>
    public Task<int> RemoveMemberAsync(string projectId, string login, CancellationToken cancellationToken) => database.ExecuteAsync(
        "delete from access_member using access_user where id = user_id and project_id = @projectId and login = @login", new { projectId, login }, cancellationToken);
}
