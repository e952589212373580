using Npgsql;
using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.Import.Journal;

/// <summary>Rows of journal records, and how far the journal has been carried out.</summary>
internal static class JournalRows
{
    /// <summary>Up to which record the journal has been carried out.</summary>
    public static Task<long> ThroughAsync(VesaliusDatabase database, CancellationToken cancellationToken) =>
        database.FindAsync<long>("select applied_through from import_journal", null, cancellationToken);

    /// <summary>Inserts rows, and says in the same transaction up to which record the journal has been carried out. May be repeated.</summary>
    /// <param name="database">Database.</param>
    /// <param name="rows">Rows in the order of the journal, with their hashes.</param>
    /// <param name="through">Number of the last.</param>
    /// <param name="keepAside">Called for each row that cannot be recorded, before the journal forgets it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Rows that cannot be recorded: their session is gone, or has the instance with other bytes.</returns>
    public static async Task<IReadOnlyCollection<PrearchiveObject>> RecordAsync(
        VesaliusDatabase database, IReadOnlyList<PrearchiveObject> rows, long through, Action<PrearchiveObject> keepAside, CancellationToken cancellationToken)
    {
        HashSet<(long, string)> written;
        try
        {
            written = await ObjectRows.InsertAsync(database, rows, through, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (IsOfOneRow(e))
        {
            written = await InsertEachAsync(database, rows, cancellationToken).ConfigureAwait(false);
        }

        if (written.Count == rows.Count && rows.Count > 0)
        {
            return [];
        }

        var homeless = new List<PrearchiveObject>();
        foreach (var row in rows.Where(r => !written.Contains((r.SessionId, r.SopInstanceUid))))
        {
            // It may have been committed by an attempt that did not hear of it.
            if (await HashOfAsync(database, row, cancellationToken).ConfigureAwait(false) != row.Sha256)
            {
                keepAside(row);
                homeless.Add(row);
            }
        }

        await database.ExecuteAsync("update import_journal set applied_through = greatest(applied_through, @through)", new { through }, cancellationToken).ConfigureAwait(false);
        return homeless;
    }

    // Class 22 and 23: this value or this key, whatever the state of the server.
    private static bool IsOfOneRow(PostgresException e) => e.SqlState.StartsWith("22", StringComparison.Ordinal) || e.SqlState.StartsWith("23", StringComparison.Ordinal);

    private static async Task<HashSet<(long, string)>> InsertEachAsync(VesaliusDatabase database, IReadOnlyList<PrearchiveObject> rows, CancellationToken cancellationToken)
    {
        var written = new HashSet<(long, string)>();
        foreach (var row in rows)
        {
            try
            {
                written.UnionWith(await ObjectRows.InsertAsync(database, [row], cancellationToken).ConfigureAwait(false));
            }
            catch (PostgresException e) when (IsOfOneRow(e))
            {
                // The caller keeps it aside.
            }
        }

        return written;
    }

    /// <summary>The hash of the instance that a session has already; null if it has none.</summary>
    public static async Task<string?> HashOfAsync(VesaliusDatabase database, PrearchiveObject row, CancellationToken cancellationToken)
    {
        try
        {
            return await database.FindAsync<string>(
                "select sha256 from prearchive_object where session_id = @SessionId and sop_instance_uid = @SopInstanceUid",
                new { row.SessionId, row.SopInstanceUid }, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException e) when (IsOfOneRow(e))
        {
            return null;
        }
    }
}
