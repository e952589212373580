using System.Globalization;
using Dapper;
using Npgsql;
using Vesalius.Archive.Items;
using Vesalius.Archive.Storage;
using Vesalius.Archive.Types;
using Vesalius.Database;

namespace Vesalius.Archive.Life;

/// <summary>Makes, changes and deletes scans (rest-api §6).</summary>
public sealed class ScanStore(VesaliusDatabase database, ArchiveLayout layout, FolderMoves moves)
{
    /// <summary>Longest ID of a scan in characters.</summary>
    public const int LongestId = 64;

    /// <summary>Makes a scan or changes what is given of it.</summary>
    /// <param name="session">Session.</param>
    /// <param name="id">ID; null: the next free number.</param>
    /// <param name="input">What is given.</param>
    /// <param name="change">Who and why.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Its ID.</returns>
    /// <exception cref="ItemRefusedException">Nothing was stored.</exception>
    public Task<string> PutAsync(ExperimentRow session, string? id, ItemInput input, ChangeEvent change, CancellationToken cancellationToken)
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
            throw new ItemRefusedException(ItemRefusal.Invalid, "The ID of a scan cannot be modified.");
        }

        input.Take("image_session_ID");
        input.Take("project");
        if (id is null)
        {
            id = (await connection.ExecuteScalarAsync<long>(
                "select coalesce(max(archive_number(id)), 0)::bigint + 1 from archive_scan where experiment_id = @sessionId", new { sessionId }, transaction).ConfigureAwait(false))
                .ToString(CultureInfo.InvariantCulture);
        }

        CheckId(id);
        var existing = await connection.QuerySingleOrDefaultAsync<(long Key, string XsiType)?>(
            "select key, xsi_type from archive_scan where experiment_id = @sessionId and id = @id for update", new { sessionId, id }, transaction).ConfigureAwait(false);
        if (existing is null && (input.Type.IsAbstract || input.Type.Family != ObjectFamily.Scan))
        {
            throw new ItemRefusedException(ItemRefusal.Invalid, "A new scan needs its xsiType, for example xnat:mrScanData.");
        }

        // Another request may have made it meanwhile: of the same type it is the same scan.
        var key = existing?.Key ?? await connection.ExecuteScalarAsync<long?>(
            """
            insert into archive_scan (experiment_id, id, xsi_type, quality, insert_user) values (@sessionId, @id, @type, 'usable', @Login)
            on conflict (experiment_id, id) do update set id = excluded.id where archive_scan.xsi_type = excluded.xsi_type returning key
            """,
            new { sessionId, id, type = input.Type.Name, change.Login }, transaction).ConfigureAwait(false)
            ?? throw new ItemRefusedException(ItemRefusal.Conflict, "The specified xsiType differs from that of the existing scan.");
        var fields = await ObjectDocuments.SaveAsync(ObjectFamily.Scan, key, input, connection, transaction).ConfigureAwait(false);
        if (existing is null || fields.Count > 0)
        {
            await ChangeHistory.RecordAsync("scan", $"{sessionId}/{id}", projectId, existing is null ? "Added Scan" : "Modified Scan", change, fields, connection, transaction).ConfigureAwait(false);
        }

        return id;
    }

    // A scan of a session's document names its type, too.
    internal static async Task CheckTypeAsync(string sessionId, ItemInput input, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        if (!input.Type.IsAbstract && await connection.ExecuteScalarAsync<string?>(
            "select xsi_type from archive_scan where experiment_id = @sessionId and id = @id", new { sessionId, id = input["ID"] }, transaction).ConfigureAwait(false) is { } stored && stored != input.Type.Name)
        {
            throw new ItemRefusedException(ItemRefusal.Conflict, $"The specified xsiType of a scan differs from the existing one, {stored}.");
        }
    }

    // Files stay on disk, as with a deletion that does not ask for theirs.
    internal static async Task KeepAsync(ExperimentRow session, IReadOnlyList<string> kept, ChangeEvent change, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        foreach (var id in await connection.QueryAsync<string>(
            "delete from archive_scan where experiment_id = @Id and id <> all (@kept) returning id", new { session.Id, kept = kept.ToArray() }, transaction).ConfigureAwait(false))
        {
            await ChangeHistory.RecordAsync("scan", $"{session.Id}/{id}", session.ProjectId, "Removed Scan", change, [], connection, transaction).ConfigureAwait(false);
        }
    }

    internal static void CheckId(string id)
    {
        if (id.Length is 0 or > LongestId || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ' ') || id.Trim('.', ' ').Length == 0)
        {
            throw new ItemRefusedException(ItemRefusal.Unbuildable, $"The ID of a scan has letters, digits, blanks, _, - and . only, at most {LongestId} of them.");
        }
    }

    /// <summary>Deletes scans.</summary>
    public Task DeleteAsync(ExperimentRow session, IReadOnlyList<ScanRow> scans, bool removeFiles, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(scans);
        Identity.CheckUnlocked(session.Status);
        IReadOnlyList<string> folders = removeFiles ? [.. scans.Select(s => layout.Scan(session.ProjectId, session.Label, s.Id)).Distinct()] : [];
        return moves.RemoveAsync(folders, async (connection, transaction) =>
        {
            await connection.ExecuteAsync("delete from archive_scan where key = any (@keys)", new { keys = scans.Select(s => s.Key).ToArray() }, transaction).ConfigureAwait(false);
            foreach (var scan in scans)
            {
                await ChangeHistory.RecordAsync("scan", $"{session.Id}/{scan.Id}", session.ProjectId, "Removed Scan", change, [], connection, transaction).ConfigureAwait(false);
            }

            return true;
        }, cancellationToken);
    }

    /// <summary>Gives scans the type that the project gives to scans of the same description; without one the description is the type (rest-api §5.4).</summary>
    /// <param name="session">Session.</param>
    /// <param name="looksAtOthers">Whether the project's other scans count; if not, the description is the type.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How many changed.</returns>
    public Task<int> FixTypesAsync(ExperimentRow session, bool looksAtOthers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        return database.ExecuteAsync(
            """
            with learnt as (
                select series_description, type from (
                    select c.series_description, c.type, row_number() over (partition by c.series_description order by count(*) desc, c.type) as place
                    from archive_scan c join archive_experiment e on e.id = c.experiment_id
                    where @looksAtOthers and e.project_id = @ProjectId and c.experiment_id <> @Id and c.type <> '' and c.series_description <> ''
                        and c.series_description in (select series_description from archive_scan where experiment_id = @Id)
                    group by 1, 2) ranked where place = 1)
            update archive_scan s set type = coalesce((select l.type from learnt l where l.series_description = s.series_description), s.series_description), last_modified = now()
            where s.experiment_id = @Id and s.series_description <> ''
                and s.type <> coalesce((select l.type from learnt l where l.series_description = s.series_description), s.series_description)
            """,
            new { session.ProjectId, session.Id, looksAtOthers }, cancellationToken);
    }
}
