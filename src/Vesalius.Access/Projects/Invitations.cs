using Dapper;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>An invitation into a project, sent to somebody without an account (XNAT's project access request, PAR).</summary>
/// <param name="Id">Number.</param>
/// <param name="ProjectId">Project.</param>
/// <param name="GroupId">Group that it leads into.</param>
/// <param name="Email">Whom it was sent to.</param>
/// <param name="Created">When.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Decided">When it was accepted or declined; null while it is open.</param>
public sealed record Invitation(long Id, string ProjectId, string GroupId, string Email, DateTime Created, string CreatedBy, DateTime? Decided);

/// <summary>Invitations into projects. One is for the account with its e-mail address only.</summary>
public sealed class Invitations(VesaliusDatabase database, ProjectAccess access)
{
    private const string Columns = "id, project_id, group_id, email, created, created_by, decided";

    /// <summary>Writes an invitation down.</summary>
    /// <returns>Its number.</returns>
    public Task<long> CreateAsync(string projectId, string groupId, string email, string createdBy, CancellationToken cancellationToken) => database.FindAsync<long>(
        "insert into access_invitation (project_id, group_id, email, created_by) values (@projectId, @groupId, @email, @createdBy) returning id",
        new { projectId, groupId, email, createdBy }, cancellationToken);

    /// <summary>Open invitations of a project.</summary>
    public Task<IReadOnlyList<Invitation>> OfProjectAsync(string projectId, CancellationToken cancellationToken) => database.QueryAsync<Invitation>(
        $"select {Columns} from access_invitation where project_id = @projectId and decided is null order by id", new { projectId }, cancellationToken);

    /// <summary>Open invitations of a user, by the e-mail address of the account.</summary>
    public Task<IReadOnlyList<Invitation>> OfUserAsync(string login, CancellationToken cancellationToken) => database.QueryAsync<Invitation>(
        $"select {Columns} from access_invitation where decided is null and lower(email) = (select lower(email) from access_user where login = @login) order by id", new { login }, cancellationToken);

    /// <summary>An invitation of a user, decided or not; null if it is somebody else's.</summary>
    public Task<Invitation?> FindAsync(long id, string login, CancellationToken cancellationToken) => database.FindAsync<Invitation>(
        $"select {Columns} from access_invitation where id = @id and lower(email) = (select lower(email) from access_user where login = @login)", new { id, login }, cancellationToken);

    /// <summary>Takes an open invitation of a project back.</summary>
    /// <returns>False if there is none of this number.</returns>
    public async Task<bool> WithdrawAsync(string projectId, long id, CancellationToken cancellationToken) => await database.ExecuteAsync(
        "delete from access_invitation where id = @id and project_id = @projectId and decided is null", new { id, projectId }, cancellationToken).ConfigureAwait(false) == 1;

    /// <summary>Accepts or declines an invitation.</summary>
    /// <returns>False if it was decided before.</returns>
    public async Task<bool> DecideAsync(Invitation invitation, string login, bool accepted, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(invitation);
        var first = await database.InTransactionAsync(
            (connection, transaction) => connection.ExecuteAsync(
                "update access_invitation set decided = now(), accepted = @accepted where id = @Id and decided is null", new { invitation.Id, accepted }, transaction),
            cancellationToken).ConfigureAwait(false) == 1;
        if (first && accepted)
        {
            await access.SetGroupAsync(invitation.ProjectId, login, invitation.GroupId, CancellationToken.None).ConfigureAwait(false);
        }

        return first;
    }
}
