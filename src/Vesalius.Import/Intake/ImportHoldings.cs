using Vesalius.Archive.ProjectEnds;
using Vesalius.Database;

namespace Vesalius.Import;

/// <summary>What the intake knows of a project: where its studies go, what was refused, what imports said.</summary>
public sealed class ImportHoldings(VesaliusDatabase database) : IProjectHoldings
{
    private sealed record Counts(long Routings, long StudySessions, long Refusals, long Messages, long InboxRequests);

    // The last message of a queue names what was imported by its address.
    private const string OfMessages = "from import_progress where (login, key) in (select login, key from import_progress where position('/projects/' || @ProjectId || '/' in message) > 0)";

    /// <inheritdoc/>
    public string Room => "import";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Holding>> CountAsync(EndedProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        var counts = (await database.FindAsync<Counts>(
            $"""
            select (select count(*) from import_study_routing where project_id = @ProjectId) as routings, (select count(*) from import_study_session where project_id = @ProjectId) as study_sessions,
                (select count(*) from import_refusal where project_id = @ProjectId) as refusals, (select count(*) {OfMessages}) as messages,
                (select count(*) from import_inbox where project_id = @ProjectId) as inbox_requests
            """,
            new { project.ProjectId }, cancellationToken).ConfigureAwait(false))!;
        return
        [
            new("routes of studies", counts.Routings), new("studies with a session", counts.StudySessions), new("counts of refused objects", counts.Refusals), new("messages of imports", counts.Messages),
            new("requests of the inbox", counts.InboxRequests),
        ];
    }

    /// <inheritdoc/>
    public Task RemoveAsync(EndedProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        return database.ExecuteAsync(
            $"""
            delete from import_study_routing where project_id = @ProjectId; delete from import_study_session where project_id = @ProjectId;
            delete from import_refusal where project_id = @ProjectId; delete {OfMessages};
            delete from import_inbox where project_id = @ProjectId
            """,
            new { project.ProjectId }, cancellationToken);
    }
}
