using Dapper;
using Npgsql;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Archive.Life;

/// <summary>Renames folders together with the rows that name them, so that a crash leaves both old or both new.</summary>
/// <remarks>The intention is committed first; the transaction that changes the rows removes it again, and the folder is renamed just before its commit.
/// An intention that is still there at start belongs to a transaction that never committed: its folder goes back.</remarks>
public sealed class FolderMoves(VesaliusDatabase database, ArchiveLayout layout)
{
    /// <summary>Folder for what is being removed; no project has its name.</summary>
    private const string Removed = ".removed";

    private sealed record PendingMove(Guid Id, string Source, string Target);

    /// <summary>Runs work in a transaction and renames folders with it.</summary>
    /// <param name="moves">Folders before and after; one that is not there is left out.</param>
    /// <param name="work">What changes the rows.</param>
    /// <param name="cancellationToken">Cancels until the first folder is renamed.</param>
    /// <exception cref="IOException">A folder cannot be renamed, or its target exists; nothing was changed.</exception>
    public async Task<T> RunAsync<T>(
        IReadOnlyList<(string Source, string Target)> moves, Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(moves);
        ArgumentNullException.ThrowIfNull(work);
        var present = moves.Where(m => m.Source != m.Target && Directory.Exists(m.Source)).Select(m => new PendingMove(Guid.NewGuid(), Relative(m.Source), Relative(m.Target))).ToList();
        if (present.Count == 0)
        {
            return await database.InTransactionAsync(work, cancellationToken).ConfigureAwait(false);
        }

        await database.ExecuteAsync(
            "insert into archive_folder_move (id, source, target) select * from unnest(@ids, @sources, @targets)",
            new { ids = present.Select(m => m.Id).ToArray(), sources = present.Select(m => m.Source).ToArray(), targets = present.Select(m => m.Target).ToArray() },
            cancellationToken).ConfigureAwait(false);
        var renamed = new List<PendingMove>();
        try
        {
            return await database.InTransactionAsync(async (connection, transaction) =>
            {
                foreach (var project in present.SelectMany(m => new[] { m.Source, m.Target }).Select(p => p.Split('/')[0]).Where(p => p != Removed).Distinct().Order(StringComparer.Ordinal))
                {
                    await connection.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@key, 0))", new { key = KeyOf(project) }, transaction).ConfigureAwait(false);
                }

                var result = await work(connection, transaction).ConfigureAwait(false);
                await connection.ExecuteAsync("delete from archive_folder_move where id = any (@ids)", new { ids = present.Select(m => m.Id).ToArray() }, transaction).ConfigureAwait(false);
                foreach (var move in present)
                {
                    Rename(move.Source, move.Target);
                    renamed.Add(move);
                }

                return result;
            }, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // A connection that broke at the commit does not tell how it ended; the intention does.
            if (renamed.Count > 0 && await database.FindAsync<long>(
                "select count(*) from archive_folder_move where id = any (@ids)", new { ids = present.Select(m => m.Id).ToArray() }, CancellationToken.None).ConfigureAwait(false) == 0)
            {
                throw;
            }

            for (var i = renamed.Count - 1; i >= 0; i--)
            {
                Rename(renamed[i].Target, renamed[i].Source);
            }

            await database.ExecuteAsync("delete from archive_folder_move where id = any (@ids)", new { ids = present.Select(m => m.Id).ToArray() }, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private static string KeyOf(string projectId) => $"folders/{projectId}";

    /// <summary>Keeps the folders of a project where they are until the transaction ends, so that a file that is put in place there goes where its row says. Many may hold them at once.</summary>
    /// <param name="projectId">Project that owns the folders.</param>
    /// <param name="connection">Connection.</param>
    /// <param name="transaction">Transaction; nothing else is locked in it yet.</param>
    public static Task HoldAsync(string projectId, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.ExecuteAsync("select pg_advisory_xact_lock_shared(hashtextextended(@key, 0))", new { key = KeyOf(projectId) }, transaction);
    }

    /// <summary>Deletes rows and takes their folders out of the way in one step; the bytes go afterwards.</summary>
    /// <param name="folders">Folders of what is deleted.</param>
    /// <param name="work">What deletes the rows.</param>
    /// <param name="cancellationToken">Cancels until the first folder is renamed.</param>
    public Task<T> RemoveAsync<T>(IReadOnlyList<string> folders, Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken) =>
        RemoveAsync(folders, [], work, cancellationToken);

    /// <summary>As above, with folders inside them that are kept elsewhere.</summary>
    /// <param name="folders">Folders of what is deleted.</param>
    /// <param name="kept">Folders before and after of what stays.</param>
    /// <param name="work">What changes the rows.</param>
    /// <param name="cancellationToken">Cancels until the first folder is renamed.</param>
    public async Task<T> RemoveAsync<T>(
        IReadOnlyList<string> folders, IReadOnlyList<(string Source, string Target)> kept, Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(folders);
        var place = Path.Combine(layout.Root, Removed, Guid.NewGuid().ToString("N"));
        var moves = folders.Select((folder, i) => (folder, Path.Combine(place, i.ToString(System.Globalization.CultureInfo.InvariantCulture)))).ToList();
        var result = await RunAsync([.. kept, .. moves], work, cancellationToken).ConfigureAwait(false);
        if (Directory.Exists(place))
        {
            Directory.Delete(place, recursive: true);
        }

        foreach (var parent in folders.Select(f => Path.GetDirectoryName(f)!).Distinct())
        {
            RemoveIfEmpty(parent);
        }

        return result;
    }

    // Only folders that hold nothing but what was removed: SCANS of a session without scans, never a neighbour.
    private void RemoveIfEmpty(string folder)
    {
        while (folder.Length > layout.Root.Length + 1 && Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any() && Path.GetFileName(folder) is "SCANS" or "ASSESSORS" or "RECONSTRUCTIONS" or "subjects")
        {
            Directory.Delete(folder);
            folder = Path.GetDirectoryName(folder)!;
        }
    }

    private string Relative(string path) => Path.GetRelativePath(layout.Root, path);

    private void Rename(string source, string target)
    {
        var from = Path.Combine(layout.Root, source);
        var to = Path.Combine(layout.Root, target);
        DurableFile.CreateFolder(Path.GetDirectoryName(to)!);
        Directory.Move(from, to);
        DurableFile.FlushFolder(Path.GetDirectoryName(to)!);
        DurableFile.FlushFolder(Path.GetDirectoryName(from)!);
    }

    /// <summary>Takes back what a crash left half done, and removes the bytes of what was deleted. At start, before anything else changes the archive.</summary>
    /// <returns>Folders that went back.</returns>
    public async Task<int> RecoverAsync(CancellationToken cancellationToken)
    {
        var back = 0;
        // The last rename first, as in taking back.
        foreach (var move in (await database.QueryAsync<PendingMove>("select id, source, target from archive_folder_move order by at desc, id", null, cancellationToken).ConfigureAwait(false)))
        {
            if (Directory.Exists(Path.Combine(layout.Root, move.Target)) && !Directory.Exists(Path.Combine(layout.Root, move.Source)))
            {
                Rename(move.Target, move.Source);
                back++;
            }

            await database.ExecuteAsync("delete from archive_folder_move where id = @Id", new { move.Id }, cancellationToken).ConfigureAwait(false);
        }

        foreach (var folder in (string[])[Removed, ResourceStore.IncomingFolder])
        {
            if (Directory.Exists(Path.Combine(layout.Root, folder)))
            {
                Directory.Delete(Path.Combine(layout.Root, folder), recursive: true);
            }
        }

        return back;
    }
}
