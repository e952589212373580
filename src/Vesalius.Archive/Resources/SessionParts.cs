using Dapper;
using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>An assessor as resources see it.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="Label">Its label.</param>
/// <param name="XsiType">Its type.</param>
/// <param name="ProjectId">Project that owns it; may be another than the session's.</param>
/// <param name="SessionId">Its session.</param>
/// <param name="SharedInto">Projects that it is shared into.</param>
[method: ExplicitConstructor]
public sealed record AssessorPart(string Id, string Label, string XsiType, string ProjectId, string SessionId, string[] SharedInto);

/// <summary>A reconstruction as resources see it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Id">Its ID.</param>
/// <param name="Type">Its type.</param>
public sealed record ReconstructionPart(long Key, string Id, string Type);

/// <summary>Parts of sessions that hold resources, and whether they may be changed.</summary>
public sealed class SessionParts(VesaliusDatabase database)
{
    private const string Assessors =
        """
        select id, label, xsi_type, project_id, session_id, array(select s.project_id from archive_experiment_share s where s.experiment_id = e.id) as shared_into from archive_experiment e
        """;

    /// <summary>Assessors of a session.</summary>
    public Task<IReadOnlyList<AssessorPart>> AssessorsAsync(string sessionId, CancellationToken cancellationToken) =>
        database.QueryAsync<AssessorPart>($"{Assessors} where session_id = @sessionId order by id", new { sessionId }, cancellationToken);

    /// <summary>An experiment that is an assessor; null if it is none.</summary>
    public Task<AssessorPart?> AssessorAsync(string experimentId, CancellationToken cancellationToken) =>
        database.FindAsync<AssessorPart>($"{Assessors} where id = @experimentId and session_id is not null", new { experimentId }, cancellationToken);

    /// <summary>Reconstructions of a session.</summary>
    public Task<IReadOnlyList<ReconstructionPart>> ReconstructionsAsync(string sessionId, CancellationToken cancellationToken) => database.QueryAsync<ReconstructionPart>(
        "select key, id, type from archive_reconstruction where experiment_id = @sessionId order by id", new { sessionId }, cancellationToken);

    /// <summary>True if the object, or one that it belongs to, is locked or obsolete.</summary>
    public async Task<bool> IsLockedAsync(string projectId, string? subjectId, string? experimentId, CancellationToken cancellationToken) => await database.FindAsync<bool>(
        """
        select exists (select 1 from archive_project where id = @projectId and status in ('locked', 'obsolete'))
            or exists (select 1 from archive_subject where id = @subjectId and status in ('locked', 'obsolete'))
            or exists (select 1 from archive_experiment where id = @experimentId and status in ('locked', 'obsolete'))
        """,
        new { projectId, subjectId, experimentId }, cancellationToken).ConfigureAwait(false);
}
