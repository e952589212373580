using Vesalius.Access;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Archive.ProjectEnds;

/// <summary>What the archive holds of a project: objects, files, histories, asked downloads, files kept of what was deleted.</summary>
/// <param name="database">Database.</param>
/// <param name="layout">Layout of the archive.</param>
/// <param name="traces">What the room below holds.</param>
/// <param name="deletedFolder">Where deleted files are kept.</param>
public sealed class ArchiveHoldings(VesaliusDatabase database, ArchiveLayout layout, ProjectTraces traces, string deletedFolder) : IProjectHoldings
{
    private sealed record Counts(long Subjects, long Experiments, long Scans, long Reconstructions, long Resources, long Files, long Bytes, long Shares, long Changes, long Downloads);

    /// <summary>Type of the one entry of history that stays: that the project was ended.</summary>
    public const string EndEvent = "PROJECT_END";

    private const string OfResources =
        """
        from archive_resource r left join archive_scan c on c.key = r.scan_key left join archive_reconstruction t on t.key = r.reconstruction_key
        left join archive_subject s on s.id = r.subject_id left join archive_experiment e on e.id = coalesce(r.experiment_id, c.experiment_id, t.experiment_id)
        """;

    private const string IsOwn = "coalesce(r.project_id, s.project_id, e.project_id) = @ProjectId and not coalesce(r.subject_id, '') = any (@handedOver)";

    // The history of what is gone says what was in it. Those of objects that other projects have stay with them.
    private const string OfChanges =
        """
        from archive_change h where h.project_id = @ProjectId and h.event_type <> @EndEvent and not (h.object_type = 'subject' and h.object_id = any (@handedOver))
            and not exists (select 1 from archive_experiment e where h.object_type <> 'subject' and e.id = split_part(h.object_id, '/', 1) and e.project_id <> @ProjectId)
        """;

    private const string OfDownloads =
        """
        from archive_download d where exists (select 1 from jsonb_array_elements(d.request -> 'Sessions') s where s ->> 'ProjectId' = @ProjectId or s ->> 'SessionId' = any (@experiments))
        """;

    /// <inheritdoc/>
    public string Room => "archive";

    private string Kept(EndedProject project) => Path.Combine(deletedFolder, project.ProjectId);

    private static object Parameters(EndedProject project) => new { project.ProjectId, experiments = project.Experiments.ToArray(), handedOver = project.HandedOver.ToArray(), EndEvent };

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Holding>> CountAsync(EndedProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        var counts = (await database.FindAsync<Counts>(
            $"""
            select (select count(*) from archive_subject where project_id = @ProjectId and not id = any (@handedOver)) as subjects, (select count(*) from archive_experiment where project_id = @ProjectId) as experiments,
                (select count(*) from archive_scan c join archive_experiment e on e.id = c.experiment_id where e.project_id = @ProjectId) as scans,
                (select count(*) from archive_reconstruction t join archive_experiment e on e.id = t.experiment_id where e.project_id = @ProjectId) as reconstructions,
                (select count(*) {OfResources} where {IsOwn}) as resources,
                (select count(*) from archive_file f where f.resource_id in (select r.id {OfResources} where {IsOwn})) as files,
                (select coalesce(sum(size), 0)::bigint from archive_file f where f.resource_id in (select r.id {OfResources} where {IsOwn})) as bytes,
                (select count(*) from archive_subject_share where project_id = @ProjectId) + (select count(*) from archive_experiment_share where project_id = @ProjectId)
                    + (select count(*) from archive_scan_share where project_id = @ProjectId) as shares,
                (select count(*) {OfChanges}) as changes, (select count(*) {OfDownloads}) as downloads
            """,
            Parameters(project), cancellationToken).ConfigureAwait(false))!;
        var access = await traces.CountAsync(project.ProjectId, project.Objects, cancellationToken).ConfigureAwait(false);
        return
        [
            new("subjects", counts.Subjects), new("experiments", counts.Experiments), new("scans", counts.Scans), new("reconstructions", counts.Reconstructions), new("resources", counts.Resources),
            new("files with a row", counts.Files, counts.Bytes), ProjectFolder.Count("files on disk", layout.Project(project.ProjectId)), ProjectFolder.Count("kept files of deleted objects", Kept(project)),
            new("objects of other projects shown in it", counts.Shares), new("entries of histories", counts.Changes), new("asked downloads", counts.Downloads),
            .. access.Select(a => new Holding(a.Kind, a.Count)),
        ];
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(EndedProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        await database.ExecuteAsync($"delete {OfChanges}; delete {OfDownloads}", Parameters(project), cancellationToken).ConfigureAwait(false);
        await traces.RemoveAsync(project.ProjectId, project.Objects, cancellationToken).ConfigureAwait(false);
        if (!project.KeepsFiles)
        {
            ProjectFolder.Remove(layout.Project(project.ProjectId));
        }

        ProjectFolder.Remove(Kept(project));
    }
}
