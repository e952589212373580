using Dapper;
using Npgsql;
using Vesalius.Archive.Items;
using Vesalius.Archive.Storage;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Life;

/// <summary>Makes, changes and deletes reconstructions (rest-api §7).</summary>
public sealed class ReconstructionStore(VesaliusDatabase database, ArchiveLayout layout, FolderMoves moves)
{
    /// <summary>Makes a reconstruction or changes what is given of it.</summary>
    /// <exception cref="ItemRefusedException">Nothing was stored.</exception>
    public Task<string> PutAsync(ExperimentRow session, string id, ItemInput input, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(input);
        Identity.CheckUnlocked(session.Status);
        return database.InTransactionAsync((connection, transaction) => PutAsync(session.Id, session.ProjectId, id, input, change, connection, transaction), cancellationToken);
    }

    internal static async Task<string> PutAsync(
        string sessionId, string projectId, string? id, ItemInput input, ChangeEvent change, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        if (input.Take("ID") is { } named && id is not null && named != id)
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, "The ID of a reconstruction cannot be modified.");
        }

        input.Take("image_session_ID");
        ScanStore.CheckId(id ?? "");
        var existing = await connection.ExecuteScalarAsync<long?>(
            "select key from archive_reconstruction where experiment_id = @sessionId and id = @id for update", new { sessionId, id }, transaction).ConfigureAwait(false);
        var key = existing ?? await connection.ExecuteScalarAsync<long>(
            "insert into archive_reconstruction (experiment_id, id, xsi_type, insert_user) values (@sessionId, @id, @type, @Login) on conflict (experiment_id, id) do update set id = excluded.id returning key",
            new { sessionId, id, type = input.Type.Name, change.Login }, transaction).ConfigureAwait(false);
        var fields = await ObjectDocuments.SaveAsync(ObjectFamily.Reconstruction, key, input, connection, transaction).ConfigureAwait(false);
        if (existing is null || fields.Count > 0)
        {
            await ChangeHistory.RecordAsync(
                "reconstruction", $"{sessionId}/{id}", projectId, existing is null ? "Added Reconstruction" : "Modified Reconstruction", change, fields, connection, transaction).ConfigureAwait(false);
        }

        return id!;
    }

    /// <summary>Deletes a reconstruction.</summary>
    public Task DeleteAsync(ExperimentRow session, ReconstructionRow reconstruction, bool removeFiles, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(reconstruction);
        Identity.CheckUnlocked(session.Status);
        IReadOnlyList<string> folders = removeFiles ? [layout.Reconstruction(session.ProjectId, session.Label, reconstruction.Id)] : [];
        return moves.RemoveAsync(folders, async (connection, transaction) =>
        {
            await connection.ExecuteAsync("delete from archive_reconstruction where key = @Key", new { reconstruction.Key }, transaction).ConfigureAwait(false);
            await ChangeHistory.RecordAsync(
                "reconstruction", $"{session.Id}/{reconstruction.Id}", session.ProjectId, "Removed Reconstruction", change, [], connection, transaction).ConfigureAwait(false);
            return true;
        }, cancellationToken);
    }
}
