using Dapper;
using Npgsql;
using Vesalius.Archive.Items;
using Vesalius.Archive.Storage;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Life;

/// <summary>Makes and changes subjects (rest-api §4).</summary>
public sealed class SubjectStore(VesaliusDatabase database, ArchiveSessions sessions, ArchiveLayout layout, FolderMoves moves)
{
    /// <summary>Makes a subject.</summary>
    /// <returns>Its ID.</returns>
    /// <exception cref="ItemRefusedException">Label or ID is taken, or has characters that none may have.</exception>
    public async Task<string> CreateAsync(string projectId, string label, ItemInput input, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        Identity.CheckLabel(label);
        Identity.CheckProject(input, projectId);
        Identity.RefuseExperiments(input, []);
        var id = input.Take("ID");
        Identity.CheckId(id);
        input.Take("label");
        var prefix = await sessions.PrefixAsync(cancellationToken).ConfigureAwait(false);
        return await Identity.UniqueAsync("subject", () => database.InTransactionAsync(async (connection, transaction) =>
        {
            var made = (await connection.ExecuteScalarAsync<string>(
                """
                insert into archive_subject (id, project_id, label, insert_user)
                values (coalesce(@id, @prefix || '_S' || lpad(nextval('archive_subject_number')::text, 5, '0')), @projectId, @label, @Login) returning id
                """,
                new { id, prefix, projectId, label, change.Login }, transaction).ConfigureAwait(false))!;
            var fields = await ObjectDocuments.SaveAsync(ObjectFamily.Subject, made, input, connection, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync("subject", made, projectId, "Added Subject", change, fields, connection, transaction).ConfigureAwait(false);
            return made;
        }, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Changes what a request gives; a label other than the subject's relabels it.</summary>
    /// <param name="existing">Subject.</param>
    /// <param name="viaProject">Project that the request names; a label is the one there.</param>
    /// <param name="input">What is given.</param>
    /// <param name="knownExperiments">IDs and labels of its experiments, which a document may tell of.</param>
    /// <param name="change">Who and why.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ItemRefusedException">Nothing was changed.</exception>
    public async Task UpdateAsync(
        SubjectRow existing, string viaProject, ItemInput input, IReadOnlyCollection<string> knownExperiments, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(existing);
        ArgumentNullException.ThrowIfNull(input);
        Identity.CheckUnlocked(existing.Status);
        Identity.CheckSameId(input, existing.Id);
        Identity.CheckProject(input, existing.ProjectId);
        Identity.RefuseExperiments(input, knownExperiments);
        var label = input.Take("label");
        var relabels = label is not null && label != existing.Label && viaProject == existing.ProjectId;
        if (relabels)
        {
            Identity.CheckLabel(label!);
            Identity.CheckFolderIsFree(layout.Subject(existing.ProjectId, label!), "subject");
        }

        IReadOnlyList<(string, string)> folders = relabels ? [(layout.Subject(existing.ProjectId, existing.Label), layout.Subject(existing.ProjectId, label!))] : [];
        await Identity.UniqueAsync("subject", () => moves.RunAsync(folders, async (connection, transaction) =>
        {
            var fields = (await ObjectDocuments.SaveAsync(ObjectFamily.Subject, existing.Id, input, connection, transaction).ConfigureAwait(false)).ToList();
            if (relabels)
            {
                await connection.ExecuteAsync(
                    "update archive_subject set label = @label, last_modified = now() where id = @Id", new { existing.Id, label }, transaction).ConfigureAwait(false);
                fields.Add(new FieldChange("label", existing.Label, label));
            }
            else if (label is not null && viaProject != existing.ProjectId)
            {
                Identity.CheckLabel(label);
                await connection.ExecuteAsync(
                    "update archive_subject_share set label = @label where subject_id = @Id and project_id = @viaProject and label <> @label",
                    new { existing.Id, viaProject, label }, transaction).ConfigureAwait(false);
            }

            if (fields.Count > 0)
            {
                await ChangeHistory.RecordAsync("subject", existing.Id, existing.ProjectId, "Modified Subject", change, fields, connection, transaction).ConfigureAwait(false);
            }

            return true;
        }, cancellationToken)).ConfigureAwait(false);
    }
}
