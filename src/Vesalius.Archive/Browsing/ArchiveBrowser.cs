using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>A subject. Project and label are those of the project that owns it.</summary>
public sealed record SubjectRow(string Id, string ProjectId, string Label, string Status, DateTime InsertDate, string InsertUser, DateTime LastModified);

/// <summary>An experiment with its subject's label; an assessor has a session. Project and label are those of the project that owns it.</summary>
public sealed record ExperimentRow(
    string Id, string ProjectId, string SubjectId, string SubjectLabel, string Label, string XsiType, DateOnly? Date, TimeOnly? Time, string? StudyInstanceUid,
    string? SessionId, string Status, DateTime InsertDate, string InsertUser, DateTime LastModified);

/// <summary>A reconstruction of a session.</summary>
public sealed record ReconstructionRow(long Key, string ExperimentId, string Id, string XsiType, string Type, DateTime InsertDate, string InsertUser, DateTime LastModified);

/// <summary>A project that an object is in, with the object's label there; the owner is the first of several.</summary>
public sealed record SharedIn(string ProjectId, string Label, bool IsOwner);

/// <summary>A scan.</summary>
public sealed record ScanRow(
    long Key, string ExperimentId, string Id, string XsiType, string? SeriesInstanceUid, string Type, string SeriesDescription, string Quality, string Modality,
    string Note, int? Frames, string Fields, DateTime InsertDate, string InsertUser, DateTime LastModified);

/// <summary>Finds what the archive holds. Rights are decided by whoever calls.</summary>
public sealed class ArchiveBrowser(VesaliusDatabase database)
{
    private const string SubjectColumns = "s.id, s.project_id, s.label, s.status, s.insert_date, s.insert_user, s.last_modified";

    private const string ExperimentSelect =
        """
        select e.id, e.project_id, e.subject_id, s.label as subject_label, e.label, e.xsi_type, e.date, e.time, e.study_instance_uid,
            e.session_id, e.status, e.insert_date, e.insert_user, e.last_modified
        from archive_experiment e join archive_subject s on s.id = e.subject_id
        """;

    private const string ScanColumns =
        """
        key, experiment_id, id, xsi_type, series_instance_uid, type, series_description, quality, modality, note, frames, fields::text as fields, insert_date, insert_user, last_modified
        """;

    /// <summary>A subject by label or ID in a project that owns or shows it, or by ID alone; null if there is none.</summary>
    public Task<SubjectRow?> SubjectAsync(string? projectId, string labelOrId, CancellationToken cancellationToken) => database.FindAsync<SubjectRow>(
        $"""
        select {SubjectColumns} from archive_subject s
        where (s.id = @labelOrId and (@projectId::text is null or s.project_id = @projectId
                or exists (select 1 from archive_subject_share h where h.subject_id = s.id and h.project_id = @projectId)))
            or (s.project_id = @projectId and s.label = @labelOrId)
            or s.id = (select h.subject_id from archive_subject_share h where h.project_id = @projectId and h.label = @labelOrId)
        order by s.id = @labelOrId desc limit 1
        """,
        new { projectId, labelOrId }, cancellationToken);

    /// <summary>An experiment by label or ID in a project that owns or shows it, or by ID alone; null if there is none.</summary>
    public Task<ExperimentRow?> ExperimentAsync(string? projectId, string labelOrId, CancellationToken cancellationToken) => database.FindAsync<ExperimentRow>(
        $"""
        {ExperimentSelect}
        where (e.id = @labelOrId and (@projectId::text is null or e.project_id = @projectId
                or exists (select 1 from archive_experiment_share h where h.experiment_id = e.id and h.project_id = @projectId)))
            or (e.project_id = @projectId and e.label = @labelOrId)
            or e.id = (select h.experiment_id from archive_experiment_share h where h.project_id = @projectId and h.label = @labelOrId)
        order by e.id = @labelOrId desc limit 1
        """,
        new { projectId, labelOrId }, cancellationToken);

    /// <summary>Experiments of a subject without assessors of sessions, whatever project owns them.</summary>
    public Task<IReadOnlyList<ExperimentRow>> ExperimentsOfSubjectAsync(string subjectId, CancellationToken cancellationToken) =>
        database.QueryAsync<ExperimentRow>($"{ExperimentSelect} where e.subject_id = @subjectId and e.session_id is null order by e.id", new { subjectId }, cancellationToken);

    /// <summary>Assessors of a session, whatever project owns them.</summary>
    public Task<IReadOnlyList<ExperimentRow>> AssessorsAsync(string sessionId, CancellationToken cancellationToken) =>
        database.QueryAsync<ExperimentRow>($"{ExperimentSelect} where e.session_id = @sessionId order by e.id", new { sessionId }, cancellationToken);

    /// <summary>Projects that a subject is in, its owner first.</summary>
    public Task<IReadOnlyList<SharedIn>> ProjectsOfSubjectAsync(string id, CancellationToken cancellationToken) => database.QueryAsync<SharedIn>(
        """
        select project_id, label, true as is_owner from archive_subject where id = @id
        union all select project_id, label, false from archive_subject_share where subject_id = @id order by is_owner desc, project_id
        """,
        new { id }, cancellationToken);

    /// <summary>Projects that an experiment is in, its owner first.</summary>
    public Task<IReadOnlyList<SharedIn>> ProjectsOfExperimentAsync(string id, CancellationToken cancellationToken) => database.QueryAsync<SharedIn>(
        """
        select project_id, label, true as is_owner from archive_experiment where id = @id
        union all select project_id, label, false from archive_experiment_share where experiment_id = @id order by is_owner desc, project_id
        """,
        new { id }, cancellationToken);

    /// <summary>Reconstructions of a session.</summary>
    public Task<IReadOnlyList<ReconstructionRow>> ReconstructionsAsync(string experimentId, CancellationToken cancellationToken) => database.QueryAsync<ReconstructionRow>(
        "select key, experiment_id, id, xsi_type, type, insert_date, insert_user, last_modified from archive_reconstruction where experiment_id = @experimentId order by id",
        new { experimentId }, cancellationToken);

    /// <summary>Scans of an experiment.</summary>
    public Task<IReadOnlyList<ScanRow>> ScansAsync(string experimentId, CancellationToken cancellationToken) => database.QueryAsync<ScanRow>(
        $"select {ScanColumns} from archive_scan where experiment_id = @experimentId order by length(id), id", new { experimentId }, cancellationToken);
}
