using Dapper;
using Npgsql;
using Vesalius.Archive.Items;
using Vesalius.Archive.Storage;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Life;

/// <summary>Where a new experiment goes.</summary>
/// <param name="ProjectId">Project that will own it.</param>
/// <param name="SubjectId">Subject; for an assessor that of its session.</param>
/// <param name="SessionId">Session of an assessor; null for any other experiment.</param>
/// <param name="Label">Label.</param>
/// <param name="IsQuarantined">Whether it waits for somebody to look, whatever the project's setting.</param>
public sealed record NewExperiment(string ProjectId, string SubjectId, string? SessionId, string Label, bool IsQuarantined);

/// <summary>Makes and changes experiments: sessions, other assessments, assessors (rest-api §5, §8).</summary>
public sealed class ExperimentStore(VesaliusDatabase database, ArchiveSessions sessions, ArchiveLayout layout, FolderMoves moves)
{
    /// <summary>Makes an experiment with the scans and reconstructions that come with it.</summary>
    /// <returns>Its ID.</returns>
    /// <exception cref="ItemRefusedException">Nothing was stored.</exception>
    public async Task<string> CreateAsync(NewExperiment made, ItemInput input, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(made);
        ArgumentNullException.ThrowIfNull(input);
        Identity.CheckLabel(made.Label);
        Identity.CheckProject(input, made.ProjectId);
        if (input.Type.IsAbstract)
        {
            throw new ItemRefusedException(ItemRefusal.Unbuildable, $"{input.Type.Name} is abstract; name the type itself.");
        }

        var id = input.Take("ID");
        Identity.CheckId(id);
        input.Take("label");
        input.Take("subject_ID");
        input.Take("imageSession_ID");
        var prefix = await sessions.PrefixAsync(cancellationToken).ConfigureAwait(false);
        return await Identity.UniqueAsync("experiment", () => database.InTransactionAsync(async (connection, transaction) =>
        {
            var newId = (await connection.ExecuteScalarAsync<string>(
                """
                insert into archive_experiment (id, project_id, subject_id, session_id, label, xsi_type, status, insert_user)
                select coalesce(@id, @prefix || '_E' || lpad(nextval('archive_experiment_number')::text, 5, '0')), @ProjectId, @SubjectId, @SessionId, @Label, @type,
                    case when @IsQuarantined or (@isSession and quarantine_code = 1) then 'quarantine' else 'active' end, @Login
                from archive_project where id = @ProjectId returning id
                """,
                new
                {
                    id, prefix, made.ProjectId, made.SubjectId, made.SessionId, made.Label, type = input.Type.Name, made.IsQuarantined, isSession = input.Type.Is("xnat:imageSessionData"), change.Login,
                },
                transaction).ConfigureAwait(false))!;
            var fields = await ObjectDocuments.SaveAsync(ObjectFamily.Experiment, newId, input, connection, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync("experiment", newId, made.ProjectId, "Added " + input.Type.Singular, change, fields, connection, transaction).ConfigureAwait(false);
            await SaveObjectsAsync(newId, made, input, prefix, change, connection, transaction).ConfigureAwait(false);
            return newId;
        }, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Whether a document is the last word on a session's scans: it is authoritative and names scans.</summary>
    /// <param name="input">What the document says.</param>
    /// <param name="kept">IDs of the scans that stay.</param>
    public static bool LeavesOutScans(ItemInput input, out IReadOnlyList<string> kept)
    {
        ArgumentNullException.ThrowIfNull(input);
        kept = [.. input.Objects.Where(o => o.Element == "scans/scan").Select(o => o.Item["ID"]).OfType<string>()];
        return input.IsAuthoritative && kept.Count > 0;
    }

    private static async Task SaveObjectsAsync(
        string id, NewExperiment experiment, ItemInput input, string prefix, ChangeEvent change, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        foreach (var (element, item) in input.Objects)
        {
            switch (element)
            {
                case "scans/scan" when input.Type.Is("xnat:imageSessionData"):
                    await ScanStore.CheckTypeAsync(id, item, connection, transaction).ConfigureAwait(false);
                    await ScanStore.PutAsync(id, experiment.ProjectId, item["ID"], item, change, connection, transaction).ConfigureAwait(false);
                    break;
                case "reconstructions/reconstructedImage":
                    await ReconstructionStore.PutAsync(id, experiment.ProjectId, item["ID"], item, change, connection, transaction).ConfigureAwait(false);
                    break;
                case "assessors/assessor":
                    await SaveAssessorAsync(id, experiment, item, prefix, change, connection, transaction).ConfigureAwait(false);
                    break;
            }
        }
    }

    // A session's document may bring assessors; one that is there already has a request of its own.
    private static async Task SaveAssessorAsync(
        string sessionId, NewExperiment session, ItemInput input, string prefix, ChangeEvent change, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        if (input.Type.IsAbstract)
        {
            throw new ItemRefusedException(ItemRefusal.Unbuildable, "An assessor of the document has no type of its own.");
        }

        var id = input.Take("ID");
        var label = input.Take("label") ?? id ?? throw new ItemRefusedException(ItemRefusal.Unbuildable, "An assessor of the document has no label.");
        Identity.CheckId(id);
        Identity.CheckLabel(label);
        Identity.CheckProject(input, session.ProjectId);
        input.Take("imageSession_ID");
        if (await connection.ExecuteScalarAsync<bool>(
            "select exists (select 1 from archive_experiment where session_id = @sessionId and (id = @id or (project_id = @ProjectId and label = @label)))",
            new { sessionId, id, session.ProjectId, label }, transaction).ConfigureAwait(false))
        {
            return;
        }

        var made = await connection.ExecuteScalarAsync<string>(
            """
            insert into archive_experiment (id, project_id, subject_id, session_id, label, xsi_type, insert_user)
            values (coalesce(@id, @prefix || '_E' || lpad(nextval('archive_experiment_number')::text, 5, '0')), @ProjectId, @SubjectId, @sessionId, @label, @type, @Login) returning id
            """,
            new { id, prefix, session.ProjectId, session.SubjectId, sessionId, label, type = input.Type.Name, change.Login }, transaction).ConfigureAwait(false);
        var fields = await ObjectDocuments.SaveAsync(ObjectFamily.Experiment, made!, input, connection, transaction).ConfigureAwait(false);
        await ChangeHistory.RecordAsync("experiment", made!, session.ProjectId, "Added " + input.Type.Singular, change, fields, connection, transaction).ConfigureAwait(false);
    }

    /// <summary>Changes what a request gives: fields, label, subject, and the scans and reconstructions that come with it.</summary>
    /// <param name="existing">Experiment.</param>
    /// <param name="input">What is given.</param>
    /// <param name="label">New label; null: as it is.</param>
    /// <param name="subjectId">New subject; null: as it is.</param>
    /// <param name="change">Who and why.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ItemRefusedException">Nothing was changed.</exception>
    public async Task UpdateAsync(ExperimentRow existing, ItemInput input, string? label, string? subjectId, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(existing);
        ArgumentNullException.ThrowIfNull(input);
        Identity.CheckUnlocked(existing.Status);
        Identity.CheckSameId(input, existing.Id);
        Identity.CheckProject(input, existing.ProjectId);
        input.Take("label");
        input.Take("subject_ID");
        if (input.Take("imageSession_ID") is { } session && session != existing.SessionId)
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, "An assessor stays with its session.");
        }

        var relabels = label is not null && label != existing.Label;
        if (relabels)
        {
            Identity.CheckLabel(label!);
            if (existing.SessionId is null)
            {
                Identity.CheckFolderIsFree(layout.Session(existing.ProjectId, label!), "experiment");
            }
        }

        var prefix = await sessions.PrefixAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<(string, string)> folders = relabels && existing.SessionId is null
            ? [(layout.Session(existing.ProjectId, existing.Label), layout.Session(existing.ProjectId, label!))] : [];
        await Identity.UniqueAsync("experiment", () => moves.RunAsync(folders, async (connection, transaction) =>
        {
            var fields = (await ObjectDocuments.SaveAsync(ObjectFamily.Experiment, existing.Id, input, connection, transaction).ConfigureAwait(false)).ToList();
            if (relabels)
            {
                await connection.ExecuteAsync("update archive_experiment set label = @label, last_modified = now() where id = @Id", new { existing.Id, label }, transaction).ConfigureAwait(false);
                fields.Add(new FieldChange("label", existing.Label, label));
            }

            if (subjectId is not null && subjectId != existing.SubjectId)
            {
                await connection.ExecuteAsync(
                    "update archive_experiment set subject_id = @subjectId, last_modified = now() where id = @Id or session_id = @Id", new { existing.Id, subjectId }, transaction).ConfigureAwait(false);
                fields.Add(new FieldChange("subject_ID", existing.SubjectId, subjectId));
            }

            var place = new NewExperiment(existing.ProjectId, subjectId ?? existing.SubjectId, existing.SessionId, existing.Label, false);
            if (LeavesOutScans(input, out var kept))
            {
                await ScanStore.KeepAsync(existing, kept, change, connection, transaction).ConfigureAwait(false);
            }

            await SaveObjectsAsync(existing.Id, place, input, prefix, change, connection, transaction).ConfigureAwait(false);
            if (fields.Count > 0)
            {
                await ChangeHistory.RecordAsync("experiment", existing.Id, existing.ProjectId, "Modified " + input.Type.Singular, change, fields, connection, transaction).ConfigureAwait(false);
            }

            return true;
        }, cancellationToken)).ConfigureAwait(false);
    }
}
