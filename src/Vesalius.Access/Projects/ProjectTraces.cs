using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>What this room holds of a project: who may use it, and what is reported of work on its objects.</summary>
public sealed class ProjectTraces(VesaliusDatabase database)
{
    private const string OfWorkflows = "from access_workflow where external_id = @projectId or object_id = any (@objects)";

    /// <summary>Counts it, by kind.</summary>
    /// <param name="projectId">Project.</param>
    /// <param name="objectIds">IDs of the project and of its objects.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<IReadOnlyList<(string Kind, long Count)>> CountAsync(string projectId, IReadOnlyList<string> objectIds, CancellationToken cancellationToken)
    {
        var counts = await database.FindAsync<(long Members, long Groups, long Invitations, long Favorites, long Workflows)>(
            $"""
            select (select count(*) from access_member where project_id = @projectId), (select count(*) from access_group where project_id = @projectId),
                (select count(*) from access_invitation where project_id = @projectId), (select count(*) from access_favorite where project_id = @projectId), (select count(*) {OfWorkflows})
            """,
            new { projectId, objects = objectIds.ToArray() }, cancellationToken).ConfigureAwait(false);
        return [("memberships", counts.Members), ("custom groups", counts.Groups), ("invitations", counts.Invitations), ("favourites", counts.Favorites), ("workflows", counts.Workflows)];
    }

    /// <summary>Removes it. Memberships, groups, invitations and favourites go with the project's registration.</summary>
    public Task RemoveAsync(string projectId, IReadOnlyList<string> objectIds, CancellationToken cancellationToken) => database.ExecuteAsync(
        $"delete {OfWorkflows}; delete from access_project where project_id = @projectId", new { projectId, objects = objectIds.ToArray() }, cancellationToken);
}
