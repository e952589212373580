using Vesalius.Database;

namespace Vesalius.Archive.Storage;

/// <summary>What a project takes up.</summary>
public sealed record ProjectUse
{
    /// <summary>ID of the project.</summary>
    public string Project { get; init; } = "";

    /// <summary>Experiments of its own.</summary>
    public long Experiments { get; init; }

    /// <summary>Files.</summary>
    public long Files { get; init; }

    /// <summary>Bytes of its files.</summary>
    public long Size { get; init; }
}

/// <summary>Counts what the archive holds, from the records of its files.</summary>
public sealed class StorageUse(VesaliusDatabase database)
{
    /// <summary>Every project with what it takes up, largest first. Reads every file's record: for people who look, not for a loop.</summary>
    public Task<IReadOnlyList<ProjectUse>> ListAsync(CancellationToken cancellationToken) => database.QueryAsync<ProjectUse>(
        """
        with per_resource as (select resource_id, count(*) as files, sum(size) as size from archive_file group by resource_id),
        per_project as (
            select coalesce(r.project_id, s.project_id, e.project_id, se.project_id, re.project_id) as project, sum(f.files) as files, sum(f.size) as size
            from per_resource f join archive_resource r on r.id = f.resource_id
            left join archive_subject s on s.id = r.subject_id left join archive_experiment e on e.id = r.experiment_id
            left join archive_scan sc on sc.key = r.scan_key left join archive_experiment se on se.id = sc.experiment_id
            left join archive_reconstruction rc on rc.key = r.reconstruction_key left join archive_experiment re on re.id = rc.experiment_id
            group by 1)
        select p.id as project, (select count(*) from archive_experiment x where x.project_id = p.id) as experiments, coalesce(u.files, 0)::bigint as files, coalesce(u.size, 0)::bigint as size
        from archive_project p left join per_project u on u.project = p.id order by size desc, p.id
        """,
        null, cancellationToken);
}
