using Dapper;
using Vesalius.Archive.Items;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Archive.Life;

/// <summary>Shows objects in other projects and gives them to other projects (rest-api §9).</summary>
public sealed class Sharing(VesaliusDatabase database, ArchiveLayout layout, FolderMoves moves)
{
    /// <summary>Shows a subject in another project. Its experiments are not shown with it.</summary>
    /// <exception cref="ItemRefusedException">It is there already, or the label is taken.</exception>
    public Task ShareAsync(SubjectRow subject, string projectId, string? label, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subject);
        return ShareAsync("subject", subject.Id, subject.ProjectId, projectId, label ?? subject.Label, change, cancellationToken);
    }

    /// <summary>Shows an experiment in another project: a session with its scans and resources, not its assessors.</summary>
    /// <exception cref="ItemRefusedException">It is there already, or the label is taken.</exception>
    public Task ShareAsync(ExperimentRow experiment, string projectId, string? label, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return ShareAsync("experiment", experiment.Id, experiment.ProjectId, projectId, label ?? experiment.Label, change, cancellationToken);
    }

    private Task ShareAsync(string kind, string id, string owner, string projectId, string label, ChangeEvent change, CancellationToken cancellationToken)
    {
        Identity.CheckLabel(label);
        return owner == projectId
            ? throw new ItemRefusedException(ItemRefusal.Conflict, $"The {kind} is in this project already.")
            : Identity.UniqueAsync(kind, () => database.InTransactionAsync(async (connection, transaction) =>
            {
                await connection.ExecuteAsync(
                    $"insert into archive_{kind}_share ({kind}_id, project_id, label, insert_user) values (@id, @projectId, @label, @Login)",
                    new { id, projectId, label, change.Login }, transaction).ConfigureAwait(false);
                await ChangeHistory.RecordAsync(
                    kind, id, owner, "Configured Project Sharing", change, [new FieldChange("sharing/share/project", null, projectId)], connection, transaction).ConfigureAwait(false);
                return true;
            }, cancellationToken));
    }

    /// <summary>Shows one scan in another project.</summary>
    public Task ShareAsync(ExperimentRow session, ScanRow scan, string projectId, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(scan);
        return session.ProjectId == projectId
            ? throw new ItemRefusedException(ItemRefusal.Conflict, "The scan is in this project already.")
            : Identity.UniqueAsync("scan", () => database.InTransactionAsync(async (connection, transaction) =>
            {
                await connection.ExecuteAsync(
                    "insert into archive_scan_share (scan_key, project_id, insert_user) values (@Key, @projectId, @Login)", new { scan.Key, projectId, change.Login }, transaction).ConfigureAwait(false);
                await ChangeHistory.RecordAsync(
                    "scan", $"{session.Id}/{scan.Id}", session.ProjectId, "Configured Project Sharing", change, [new FieldChange("sharing/share/project", null, projectId)], connection, transaction).ConfigureAwait(false);
                return true;
            }, cancellationToken));
    }

    /// <summary>Takes a subject out of a project that does not own it, with its experiments that are shown there.</summary>
    /// <returns>False if it was not there.</returns>
    public Task<bool> UnshareAsync(SubjectRow subject, string projectId, ChangeEvent change, CancellationToken cancellationToken) => database.InTransactionAsync(async (connection, transaction) =>
    {
        var removed = await connection.ExecuteAsync(
            "delete from archive_subject_share where subject_id = @Id and project_id = @projectId", new { subject.Id, projectId }, transaction).ConfigureAwait(false);
        if (removed > 0)
        {
            await connection.ExecuteAsync(
                "delete from archive_experiment_share h using archive_experiment e where e.id = h.experiment_id and e.subject_id = @Id and h.project_id = @projectId",
                new { subject.Id, projectId }, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync(
                "subject", subject.Id, subject.ProjectId, "Configured Project Sharing", change, [new FieldChange("sharing/share/project", projectId, null)], connection, transaction).ConfigureAwait(false);
        }

        return removed > 0;
    }, cancellationToken);

    /// <summary>Takes an experiment out of a project that does not own it.</summary>
    /// <returns>False if it was not there.</returns>
    public Task<bool> UnshareAsync(ExperimentRow experiment, string projectId, ChangeEvent change, CancellationToken cancellationToken) => database.InTransactionAsync(async (connection, transaction) =>
    {
        var removed = await connection.ExecuteAsync(
            "delete from archive_experiment_share where experiment_id = @Id and project_id = @projectId", new { experiment.Id, projectId }, transaction).ConfigureAwait(false);
        if (removed > 0)
        {
            await ChangeHistory.RecordAsync(
                "experiment", experiment.Id, experiment.ProjectId, "Configured Project Sharing", change, [new FieldChange("sharing/share/project", projectId, null)], connection, transaction).ConfigureAwait(false);
        }

        return removed > 0;
    }, cancellationToken);

    /// <summary>Gives a subject to another project; its files follow, its experiments stay where they are.</summary>
    /// <exception cref="ItemRefusedException">The label is taken there.</exception>
    public Task GiveAsync(SubjectRow subject, string projectId, string? label, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subject);
        Identity.CheckUnlocked(subject.Status);
        return GiveAsync("subject", subject.Id, subject.ProjectId, projectId, label, subject.Label, layout.Subject, [], change, cancellationToken);
    }

    /// <summary>Gives an experiment to another project; its files follow.</summary>
    /// <param name="experiment">Experiment.</param>
    /// <param name="projectId">New owner.</param>
    /// <param name="label">Label there; null: the one it has.</param>
    /// <param name="assessorIds">Assessors of the session that go along.</param>
    /// <param name="change">Who and why.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ItemRefusedException">A label is taken there.</exception>
    public Task GiveAsync(ExperimentRow experiment, string projectId, string? label, IReadOnlyList<string> assessorIds, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        Identity.CheckUnlocked(experiment.Status);
        // An assessor's files lie with its session, whoever owns it.
        return GiveAsync(
            "experiment", experiment.Id, experiment.ProjectId, projectId, label, experiment.Label, experiment.SessionId is null ? layout.Session : null, assessorIds, change, cancellationToken);
    }

    private Task GiveAsync(
        string kind, string id, string owner, string projectId, string? newLabel, string oldLabel, Func<string, string, string>? folder, IReadOnlyList<string> assessorIds, ChangeEvent change,
        CancellationToken cancellationToken)
    {
        if (owner == projectId)
        {
            throw new ItemRefusedException(ItemRefusal.Conflict, $"The {kind} is this project's already.");
        }

        return Identity.UniqueAsync(kind, async () =>
        {
            // Where it was shown already it keeps the label that it has there.
            var label = newLabel ?? await database.FindAsync<string>(
                $"select label from archive_{kind}_share where {kind}_id = @id and project_id = @projectId", new { id, projectId }, cancellationToken).ConfigureAwait(false) ?? oldLabel;
            Identity.CheckLabel(label);
            if (folder is not null)
            {
                Identity.CheckFolderIsFree(folder(projectId, label), kind);
            }

            return await moves.RunAsync(folder is null ? [] : [(folder(owner, oldLabel), folder(projectId, label))], async (connection, transaction) =>
            {
                await connection.ExecuteAsync($"delete from archive_{kind}_share where {kind}_id = @id and project_id = @projectId", new { id, projectId }, transaction).ConfigureAwait(false);
                await connection.ExecuteAsync(
                    $"update archive_{kind} set project_id = @projectId, label = @label, last_modified = now() where id = @id", new { id, projectId, label }, transaction).ConfigureAwait(false);
                if (assessorIds.Count > 0)
                {
                    await connection.ExecuteAsync(
                        """
                        delete from archive_experiment_share where project_id = @projectId and experiment_id = any (@assessors);
                        update archive_experiment set project_id = @projectId, last_modified = now() where session_id = @id and id = any (@assessors)
                        """,
                        new { id, projectId, assessors = assessorIds.ToArray() }, transaction).ConfigureAwait(false);
                }

                await ChangeHistory.RecordAsync(kind, id, projectId, "Modified Project", change, [new FieldChange("project", owner, projectId)], connection, transaction).ConfigureAwait(false);
                return true;
            }, cancellationToken).ConfigureAwait(false);
        });
    }
}
