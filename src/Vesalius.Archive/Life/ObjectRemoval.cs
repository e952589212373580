using Dapper;
using Vesalius.Access;
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

    /// <summary>Deletes a project with what it owns. Its ID stays reserved; subjects with experiments of other projects go to one of those.</summary>
    public Task DeleteProjectAsync(string projectId, bool removeFiles, ChangeEvent change, CancellationToken cancellationToken) =>
        moves.RemoveAsync(removeFiles ? [layout.Project(projectId)] : [], async (connection, transaction) =>
        {
            await connection.ExecuteAsync("lock table archive_project in share row exclusive mode", transaction: transaction).ConfigureAwait(false);
            var kept = await connection.QueryAsync<(string Id, string Heir)>(
                """
                select s.id, min(e.project_id) from archive_subject s join archive_experiment e on e.subject_id = s.id and e.project_id <> s.project_id and e.session_id is null
                where s.project_id = @projectId group by s.id
                """,
                new { projectId }, transaction).ConfigureAwait(false);
            foreach (var (id, heir) in kept)
            {
                // Its label there may be another subject's; its ID never is.
                await connection.ExecuteAsync(
                    """
                    delete from archive_subject_share where subject_id = @id and project_id = @heir;
                    update archive_subject s set project_id = @heir, label = case when exists (select 1 from archive_subject o where o.project_id = @heir and o.label = s.label)
                        or exists (select 1 from archive_subject_share o where o.project_id = @heir and o.label = s.label) then s.id else s.label end where s.id = @id
                    """,
                    new { id, heir }, transaction).ConfigureAwait(false);
            }

            await ProjectAccess.UnregisterAsync(projectId, connection, transaction).ConfigureAwait(false);
            await connection.ExecuteAsync("delete from archive_project where id = @projectId", new { projectId }, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync("project", projectId, projectId, "Removed Project", change, [], connection, transaction).ConfigureAwait(false);
            return true;
        }, cancellationToken);

    /// <summary>Changes the status of a project, subject or experiment: active, quarantine, locked or obsolete.</summary>
    public Task SetStatusAsync(string kind, string id, string projectId, string from, string to, ChangeEvent change, CancellationToken cancellationToken) => database.InTransactionAsync(async (connection, transaction) =>
    {
        if (kind is not ("project" or "subject" or "experiment"))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "Only projects, subjects and experiments have a status.");
        }

        await connection.ExecuteAsync($"update archive_{kind} set status = @to, last_modified = now() where id = @id", new { id, to }, transaction).ConfigureAwait(false);
        await ChangeHistory.RecordAsync(kind, id, projectId, "Modified Status", change, [new Items.FieldChange("meta/status", from, to)], connection, transaction).ConfigureAwait(false);
        return true;
    }, cancellationToken);
}
