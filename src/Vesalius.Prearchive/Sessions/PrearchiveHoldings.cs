using Vesalius.Archive.ProjectEnds;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>What the prearchive holds of a project: sessions, quarantined objects, configuration, files without a row.</summary>
/// <param name="root">Prearchive folder.</param>
/// <param name="unrecorded">Where files without a row were put.</param>
/// <param name="store">Sessions.</param>
/// <param name="gates">Who works on them.</param>
/// <param name="quarantine">Quarantine.</param>
/// <param name="database">Database.</param>
public sealed class PrearchiveHoldings(
    string root, string unrecorded, PrearchiveStore store, SessionGates gates, QuarantineStore quarantine, VesaliusDatabase database) : IProjectHoldings
{
    private sealed record Counts(long Sessions, long Objects, long Bytes, long Conflicts, long Quarantined, long QuarantinedBytes, long Configuration);

    /// <inheritdoc/>
    public string Room => "prearchive";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Holding>> CountAsync(EndedProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        var counts = (await database.FindAsync<Counts>(
            """
            select (select count(*) from prearchive_session where project_id = @ProjectId) as sessions,
                (select count(*) from prearchive_object o join prearchive_session s on s.id = o.session_id where s.project_id = @ProjectId) as objects,
                (select coalesce(sum(o.size), 0)::bigint from prearchive_object o join prearchive_session s on s.id = o.session_id where s.project_id = @ProjectId) as bytes,
                (select count(*) from prearchive_conflict o join prearchive_session s on s.id = o.session_id where s.project_id = @ProjectId) as conflicts,
                (select count(*) from prearchive_quarantine where project_id = @ProjectId) as quarantined,
                (select coalesce(sum(size), 0)::bigint from prearchive_quarantine where project_id = @ProjectId) as quarantined_bytes,
                (select count(*) from prearchive_configuration where project_id = @ProjectId) as configuration
            """,
            new { project.ProjectId }, cancellationToken).ConfigureAwait(false))!;
        return
        [
            new("sessions", counts.Sessions), new("objects", counts.Objects, counts.Bytes), new("objects that came twice", counts.Conflicts),
            ProjectFolder.Count("files on disk of the prearchive", Path.Combine(root, project.ProjectId)), ProjectFolder.Count("files without a row", Path.Combine(unrecorded, project.ProjectId)),
            new("quarantined objects", counts.Quarantined, counts.QuarantinedBytes), new("versions of scripts and configuration", counts.Configuration),
        ];
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(EndedProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        foreach (var session in await store.OfProjectAsync(project.ProjectId, cancellationToken).ConfigureAwait(false))
        {
            // After whoever works on it, so that nothing is written behind our back.
            using var alone = await gates.CloseAsync(session.Id, cancellationToken).ConfigureAwait(false);
            await store.RemoveAsync(session, cancellationToken).ConfigureAwait(false);
        }

        foreach (var id in await database.QueryAsync<Guid>("select id from prearchive_quarantine where project_id = @ProjectId", new { project.ProjectId }, cancellationToken).ConfigureAwait(false))
        {
            await quarantine.RemoveAsync(id, cancellationToken).ConfigureAwait(false);
        }

        await database.ExecuteAsync("delete from prearchive_configuration where project_id = @ProjectId", new { project.ProjectId }, cancellationToken).ConfigureAwait(false);
        ProjectFolder.Remove(Path.Combine(root, project.ProjectId));
        ProjectFolder.Remove(Path.Combine(unrecorded, project.ProjectId));
    }
}
