using Dapper;
using Vesalius.Access;
using Vesalius.Archive.Items;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Archive.Life;

/// <summary>Deletes projects, subjects and experiments, with their files or without (rest-api §9).</summary>
public sealed class ObjectRemoval(VesaliusDatabase database, ArchiveLayout layout, FolderMoves moves)
{
    private sealed record Folder(string Id, string ProjectId, string Label);

    /// <summary>Deletes an experiment; a session with its scans, reconstructions and assessors.</summary>
    public async Task DeleteAsync(ExperimentRow experiment, bool removeFiles, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        Identity.CheckUnlocked(experiment.Status);
        var folders = removeFiles ? await FoldersAsync(experiment, cancellationToken).ConfigureAwait(false) : [];
        await moves.RemoveAsync(folders, async (connection, transaction) =>
        {
            await connection.ExecuteAsync("delete from archive_experiment where id = @Id", new { experiment.Id }, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync("experiment", experiment.Id, experiment.ProjectId, "Removed Experiment", change, [], connection, transaction).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<string>> FoldersAsync(ExperimentRow experiment, CancellationToken cancellationToken)
    {
        if (experiment.SessionId is null)
        {
            return [layout.Session(experiment.ProjectId, experiment.Label)];
        }

        var session = await database.FindAsync<Folder>(
            "select id, project_id, label from archive_experiment where id = @SessionId", new { experiment.SessionId }, cancellationToken).ConfigureAwait(false);
        return session is null ? [] : [layout.Assessor(session.ProjectId, session.Label, experiment.Id)];
    }

    /// <summary>Deletes a subject with all its experiments.</summary>
    public async Task DeleteAsync(SubjectRow subject, bool removeFiles, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subject);
        Identity.CheckUnlocked(subject.Status);
        var experiments = await database.QueryAsync<Folder>(
            "select id, project_id, label from archive_experiment where subject_id = @Id and session_id is null", new { subject.Id }, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<string> folders = removeFiles ? [layout.Subject(subject.ProjectId, subject.Label), .. experiments.Select(e => layout.Session(e.ProjectId, e.Label))] : [];
        await moves.RemoveAsync(folders, async (connection, transaction) =>
        {
            await connection.ExecuteAsync("delete from archive_subject where id = @Id", new { subject.Id }, transaction).ConfigureAwait(false);
            foreach (var experiment in experiments)
            {
                await ChangeHistory.RecordAsync("experiment", experiment.Id, experiment.ProjectId, "Removed Experiment", change, [], connection, transaction).ConfigureAwait(false);
            }

            await ChangeHistory.RecordAsync("subject", subject.Id, subject.ProjectId, "Removed Subject", change, [], connection, transaction).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A subject that survives its project: another project has experiments of it and becomes its owner.</summary>
    private sealed record Inherited(string Id, string Label, string Heir, string NewLabel);

    /// <summary>IDs of subjects of a project that other projects have experiments of, and which go to one of those when the project is deleted.</summary>
    public async Task<IReadOnlyList<string>> HandedOverAsync(string projectId, CancellationToken cancellationToken) =>
        [.. (await InheritedAsync(projectId, cancellationToken).ConfigureAwait(false)).Select(i => i.Id)];

    // Its label there may be another subject's; its ID never is.
    private const string SelectInherited =
        """
        with kept as (
            select s.id, s.label, min(e.project_id) as heir from archive_subject s join archive_experiment e on e.subject_id = s.id and e.project_id <> s.project_id and e.session_id is null
            where s.project_id = @projectId group by s.id)
        select id, label, heir, case when exists (select 1 from archive_subject o where o.project_id = heir and o.label = k.label)
            or exists (select 1 from archive_subject_share o where o.project_id = heir and o.label = k.label and o.subject_id <> k.id) then id else label end as new_label
        from kept k order by id
        """;

    private Task<IReadOnlyList<Inherited>> InheritedAsync(string projectId, CancellationToken cancellationToken) =>
        database.QueryAsync<Inherited>(SelectInherited, new { projectId }, cancellationToken);

    /// <summary>Deletes a project with what it owns. Its ID stays reserved; subjects with experiments of other projects go to one of those, with their files.</summary>
    /// <exception cref="ItemRefusedException">Its subjects changed while it was being deleted; nothing was deleted.</exception>
    public async Task DeleteProjectAsync(string projectId, bool removeFiles, ChangeEvent change, CancellationToken cancellationToken)
    {
        var inherited = await InheritedAsync(projectId, cancellationToken).ConfigureAwait(false);
        var handed = inherited.Select(i => (layout.Subject(projectId, i.Label), layout.Subject(i.Heir, i.NewLabel))).ToList();
        await moves.RemoveAsync(removeFiles ? [layout.Project(projectId)] : [], handed, async (connection, transaction) =>
        {
            await connection.ExecuteAsync("lock table archive_project in share row exclusive mode", transaction: transaction).ConfigureAwait(false);
            if (!(await connection.QueryAsync<Inherited>(SelectInherited, new { projectId }, transaction).ConfigureAwait(false)).SequenceEqual(inherited))
            {
                throw new ItemRefusedException(ItemRefusal.Conflict, "Subjects of the project were shared or moved meanwhile: delete it again.");
            }

            foreach (var subject in inherited)
            {
                await connection.ExecuteAsync(
                    "delete from archive_subject_share where subject_id = @Id and project_id = @Heir; update archive_subject set project_id = @Heir, label = @NewLabel where id = @Id", subject, transaction).ConfigureAwait(false);
            }

            await ProjectAccess.UnregisterAsync(projectId, connection, transaction).ConfigureAwait(false);
            await connection.ExecuteAsync("delete from archive_project where id = @projectId", new { projectId }, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync("project", projectId, projectId, "Removed Project", change, [], connection, transaction).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Changes the status of a project, subject or experiment: active, quarantine, locked or obsolete.</summary>
    public Task SetStatusAsync(string kind, string id, string projectId, string from, string to, ChangeEvent change, CancellationToken cancellationToken) => database.InTransactionAsync(async (connection, transaction) =>
    {
        if (kind is not ("project" or "subject" or "experiment"))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "Only projects, subjects and experiments have a status.");
        }

        await connection.ExecuteAsync($"update archive_{kind} set status = @to, last_modified = now() where id = @id", new { id, to }, transaction).ConfigureAwait(false);
        await ChangeHistory.RecordAsync(kind, id, projectId, "Modified Status", change, [new FieldChange("meta/status", from, to)], connection, transaction).ConfigureAwait(false);
        return true;
    }, cancellationToken);
}
