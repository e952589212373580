using Dapper;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>A group of a project: one of the three that every project has, or a custom one.</summary>
/// <param name="GroupId">ID, for example <c>{P}_owner</c>.</param>
/// <param name="Number">Number (<c>xdat_usergroup_id</c>); unique among custom groups, 1 to 3 for the others.</param>
/// <param name="DisplayName">Name as shown, for example <c>Owners</c>.</param>
/// <param name="Tag">Project of the group, as XNAT's tag.</param>
/// <param name="Users">How many users it has.</param>
/// <param name="IsCustom">True for a custom group.</param>
public sealed record ProjectGroup(string GroupId, long Number, string DisplayName, string Tag, long Users, bool IsCustom);

/// <summary>Groups of projects and the rights of custom ones. Changes are effective with the next request.</summary>
public sealed class ProjectGroups(VesaliusDatabase database)
{
    /// <summary>True for the IDs of the groups that reach over all projects. No group of a project may have one of them.</summary>
    public static bool IsOfSite(string groupId) => groupId is "ALL_DATA_ADMIN" or "ALL_DATA_ACCESS";

    /// <summary>The groups of a project, the three default ones first.</summary>
    public Task<IReadOnlyList<ProjectGroup>> ListAsync(string projectId, CancellationToken cancellationToken) => database.QueryAsync<ProjectGroup>(
        """
        select @projectId || '_' || r.role as group_id, r.number, r.display_name, @projectId as tag,
            (select count(*) from access_member m where m.project_id = @projectId and m.role = r.role) as users, false as is_custom
        from (values ('owner', 1::bigint, 'Owners'), ('member', 2, 'Members'), ('collaborator', 3, 'Collaborators')) as r (role, number, display_name)
        union all
        select group_id, number, display_name, coalesce(nullif(tag, ''), project_id), (select count(*) from access_member m where m.group_id = g.group_id), true
        from access_group g where project_id = @projectId
        order by is_custom, number
        """,
        new { projectId }, cancellationToken);

    /// <summary>The project that a custom group belongs to; null if there is no such group.</summary>
    public Task<string?> ProjectOfAsync(string groupId, CancellationToken cancellationToken) =>
        database.FindAsync<string>("select project_id from access_group where group_id = @groupId", new { groupId }, cancellationToken);

    /// <summary>Rights of a custom group by type of data; empty if there is no such group.</summary>
    public Task<IReadOnlyList<DataTypeRight>> RightsAsync(string groupId, CancellationToken cancellationToken) => database.QueryAsync<DataTypeRight>(
        "select data_type, can_read as read, can_edit as edit, can_delete as delete from access_group_right where group_id = @groupId order by data_type", new { groupId }, cancellationToken);

    /// <summary>Makes a custom group or gives it another name and other rights. Types that <paramref name="rights"/> doesn't name keep theirs.</summary>
    /// <returns>False if another group of the project has the name.</returns>
    public Task<bool> PutAsync(string projectId, string groupId, string displayName, string tag, IReadOnlyCollection<DataTypeRight> rights, CancellationToken cancellationToken) =>
        database.InTransactionAsync(async (connection, transaction) =>
        {
            var taken = await connection.ExecuteScalarAsync<bool>(
                "select exists (select 1 from access_group where project_id = @projectId and lower(display_name) = lower(@displayName) and group_id <> @groupId)",
                new { projectId, displayName, groupId }, transaction).ConfigureAwait(false);
            if (taken)
            {
                return false;
            }

            await connection.ExecuteAsync(
                """
                insert into access_group (group_id, project_id, display_name, tag) values (@groupId, @projectId, @displayName, @tag)
                on conflict (group_id) do update set display_name = excluded.display_name, tag = excluded.tag
                where access_group.project_id = excluded.project_id
                """,
                new { groupId, projectId, displayName, tag }, transaction).ConfigureAwait(false);
            await connection.ExecuteAsync(
                """
                insert into access_group_right (group_id, data_type, can_read, can_edit, can_delete)
                select @groupId, type, can_read, can_edit, can_delete from unnest(@types, @read, @edit, @delete) as given (type, can_read, can_edit, can_delete)
                on conflict (group_id, data_type) do update set can_read = excluded.can_read, can_edit = excluded.can_edit, can_delete = excluded.can_delete
                """,
                new
                {
                    groupId, types = rights.Select(r => r.DataType).ToArray(), read = rights.Select(r => r.Read).ToArray(),
                    edit = rights.Select(r => r.Edit).ToArray(), delete = rights.Select(r => r.Delete).ToArray(),
                },
                transaction).ConfigureAwait(false);
            await connection.ExecuteAsync("delete from access_group_right where group_id = @groupId and not (can_read or can_edit or can_delete)", new { groupId }, transaction).ConfigureAwait(false);
            return true;
        }, cancellationToken);

    /// <summary>Deletes a custom group; its users leave the project.</summary>
    /// <returns>False if there is no such group.</returns>
    public async Task<bool> DeleteAsync(string projectId, string groupId, CancellationToken cancellationToken) =>
        await database.ExecuteAsync("delete from access_group where group_id = @groupId and project_id = @projectId", new { groupId, projectId }, cancellationToken).ConfigureAwait(false) == 1;
}
