using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>Whose resources are meant: the most specific part given counts.</summary>
/// <param name="ProjectId">Project.</param>
/// <param name="SubjectId">Subject.</param>
/// <param name="ExperimentId">Session.</param>
/// <param name="ScanKeys">Scans.</param>
/// <param name="AssessorIds">Assessors.</param>
/// <param name="ReconstructionKeys">Reconstructions.</param>
/// <param name="Side"><c>in</c> or <c>out</c>; null for both.</param>
/// <param name="WithChildren">Those of everything below, too.</param>
public sealed record ResourceScope(
    string? ProjectId = null, string? SubjectId = null, string? ExperimentId = null, IReadOnlyList<long>? ScanKeys = null, IReadOnlyList<string>? AssessorIds = null,
    IReadOnlyList<long>? ReconstructionKeys = null, string? Side = null, bool WithChildren = false);

/// <summary>Finds resources and files. Rights are decided by whoever calls.</summary>
public sealed class ResourceDirectory(VesaliusDatabase database)
{
    private const string Select =
        """
        select r.id, r.label, r.format, r.content, r.description, r.tags, r.insert_user, r.insert_date, r.side,
            coalesce(r.project_id, s0.project_id, x.project_id, e.project_id) as project_id, coalesce(r.project_id, s0.project_id, e.project_id) as folder_project_id,
            s.id as subject_id, s.label as subject_label, e.id as experiment_id, e.label as session_label,
            c.key as scan_key, c.id as scan_id, c.type as scan_type, c.series_instance_uid,
            case when x.session_id is not null then x.id end as assessor_id, case when x.session_id is not null then x.label end as assessor_label,
            case when x.session_id is not null then x.xsi_type end as assessor_type,
            t.key as reconstruction_key, t.id as reconstruction_id, t.type as reconstruction_type, f.file_count, f.file_size
        from archive_resource r
        left join archive_scan c on c.key = r.scan_key
        left join archive_reconstruction t on t.key = r.reconstruction_key
        left join archive_experiment x on x.id = r.experiment_id
        left join archive_experiment e on e.id = coalesce(x.session_id, x.id, c.experiment_id, t.experiment_id)
        left join archive_subject s0 on s0.id = r.subject_id
        left join archive_subject s on s.id = coalesce(r.subject_id, e.subject_id)
        cross join lateral (select count(*) as file_count, coalesce(sum(size), 0)::bigint as file_size from archive_file f where f.resource_id = r.id) f
        """;

    private const string Order = 
        """
         order by e.label nulls first, case when c.id is not null then 1 when t.id is not null then 2 when x.session_id is not null then 3 else 0 end,
            length(c.id), c.id, t.id, x.label, r.side, r.label, r.id
        """;

    /// <summary>Resources in a scope.</summary>
    public Task<IReadOnlyList<ResourceRecord>> ListAsync(ResourceScope scope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(scope);
        var condition = scope switch
        {
            { ScanKeys: not null } => "r.scan_key = any (@scans)",
            { AssessorIds: not null } => "r.experiment_id = any (@assessors) and (@Side::text is null or r.side = @Side)",
            { ReconstructionKeys: not null } => "r.reconstruction_key = any (@reconstructions) and (@Side::text is null or r.side = @Side)",
            { ExperimentId: not null, WithChildren: true } => "e.id = @ExperimentId",
            { ExperimentId: not null } => "r.experiment_id = @ExperimentId",
            { SubjectId: not null, WithChildren: true } => "r.subject_id = @SubjectId or e.subject_id = @SubjectId",
            { SubjectId: not null } => "r.subject_id = @SubjectId",
            { WithChildren: true } => "r.project_id = @ProjectId or s0.project_id = @ProjectId or e.project_id = @ProjectId or x.project_id = @ProjectId",
            _ => "r.project_id = @ProjectId",
        };
        return database.QueryAsync<ResourceRecord>(
            $"{Select} where {condition}{Order}",
            new
            {
                scope.ProjectId, scope.SubjectId, scope.ExperimentId, scope.Side, scans = scope.ScanKeys?.ToArray() ?? [], assessors = scope.AssessorIds?.ToArray() ?? [],
                reconstructions = scope.ReconstructionKeys?.ToArray() ?? [],
            },
            cancellationToken);
    }

    /// <summary>A resource by key; null if there is none.</summary>
    public Task<ResourceRecord?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.FindAsync<ResourceRecord>($"{Select} where r.id = @id", new { id }, cancellationToken);

    /// <summary>Files of resources, in the order of resource, instance and path.</summary>
    public Task<IReadOnlyList<FileRecord>> FilesAsync(IReadOnlyList<long> resourceIds, CancellationToken cancellationToken) => database.QueryAsync<FileRecord>(
        """
        select resource_id, path, size, md5, sha256, sop_instance_uid, instance_number, format, content, tags, description, insert_user, insert_date, coalesce(modified, insert_date) as modified
        from archive_file where resource_id = any (@ids) order by array_position(@ids, resource_id), instance_number nulls first, path
        """,
        new { ids = resourceIds.ToArray() }, cancellationToken);

    /// <summary>Makes a resource.</summary>
    /// <returns>Its key; null if its parent has one of this label.</returns>
    public async Task<long?> CreateAsync(
        ResourceScope parent, string label, string format, string content, string description, string tags, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(parent);
        try
        {
            var owner = parent switch
            {
                { ScanKeys: [var scan, ..] } => (Column: "scan_key", Key: (object)scan),
                { AssessorIds: [var assessor, ..] } => ("experiment_id", assessor),
                { ReconstructionKeys: [var reconstruction, ..] } => ("reconstruction_key", reconstruction),
                { ExperimentId: { } experiment } => ("experiment_id", experiment),
                { SubjectId: { } subject } => ("subject_id", subject),
                _ => ("project_id", parent.ProjectId!),
            };
            return await database.FindAsync<long?>(
                $"""
                insert into archive_resource ({owner.Column}, side, label, format, content, description, tags, insert_user, catalog_stale)
                values (@key, @side, @label, @format, @content, @description, @tags, @user, true) returning id
                """,
                new { key = owner.Key, side = parent.AssessorIds is null && parent.ReconstructionKeys is null ? "" : parent.Side ?? "out", label, format, content, description, tags, user }, cancellationToken).ConfigureAwait(false);
        }
        catch (Npgsql.PostgresException e) when (e.SqlState == Npgsql.PostgresErrorCodes.UniqueViolation)
        {
            return null;
        }
    }

    /// <summary>Deletes a resource with its files from the tables.</summary>
    public Task DeleteAsync(long id, CancellationToken cancellationToken) => database.ExecuteAsync("delete from archive_resource where id = @id", new { id }, cancellationToken);

    /// <summary>Resources whose catalog has yet to be written.</summary>
    internal Task<IReadOnlyList<ResourceRecord>> StaleAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<ResourceRecord>($"{Select} where r.catalog_stale order by r.id limit 200", null, cancellationToken);

    /// <summary>Writes tags as XNAT joins them: <c>a,b</c>; <c>k:v</c> becomes <c>k=v</c>.</summary>
    public static string NormaliseTags(string tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        return string.Join(',', tags.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(t => t.Contains('=', StringComparison.Ordinal) ? t : ReplaceFirst(t)));
    }

    private static string ReplaceFirst(string tag)
    {
        var colon = tag.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 ? $"{tag[..colon]}={tag[(colon + 1)..]}" : tag;
    }
}
