using Dapper;
using Npgsql;
using Vesalius.Archive;
using Vesalius.Archive.Life;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>A staged file and the place that it takes.</summary>
/// <param name="Staged">Path of the staged file.</param>
/// <param name="Folder">Folder of its resource.</param>
/// <param name="Path">Path within it.</param>
/// <param name="Sha256">Its hash.</param>
/// <param name="Replaces">The archived file whose place it takes.</param>
internal sealed record PlacedFile(string Staged, string Folder, string Path, string Sha256, ArchivedFile? Replaces);

/// <summary>Puts files into the archive so that a crash at any moment leaves all of them with their rows, or none.</summary>
/// <remarks>New files are put in place before the rows are committed, and named beforehand in a row that the same transaction removes. A file whose place is taken lies
/// beside it until the commit; only then it takes the place, and only then what is replaced goes: the transaction leaves these steps behind, and they are repeated until done.</remarks>
internal sealed class FilePlacing(VesaliusDatabase database, ArchiveLayout layout, ResourceDirectory resources)
{
    private sealed record Step(long Id, long ResourceId, string Path, string? Beside, string? Sha256);

    /// <summary>Runs a transaction with its files. <see cref="CarryOutAsync"/> comes next.</summary>
    /// <param name="projectId">Project whose folders have to stand still meanwhile.</param>
    /// <param name="files">What comes.</param>
    /// <param name="replaced">What goes.</param>
    /// <param name="work">The rows. Runs before any file moves.</param>
    public async Task<T> RunAsync<T>(string projectId, IReadOnlyList<PlacedFile> files, IReadOnlyList<ArchivedFile> replaced, Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> work)
    {
        var id = Guid.NewGuid();
        var places = files.Select(f => (File: f, Target: f.Replaces is null ? ArchiveLayout.Join(f.Folder, f.Path) : Path.Combine(f.Folder, $".{Guid.NewGuid():N}.placing"))).ToList();
        await database.ExecuteAsync(
            "insert into prearchive_placing (id, paths) values (@id, @paths)", new { id, paths = places.Select(p => Path.GetRelativePath(layout.Root, p.Target)).ToArray() }, CancellationToken.None).ConfigureAwait(false);
        try
        {
            // From here on the caller's leaving must not stop us halfway.
            return await database.InTransactionAsync(async (connection, transaction) =>
            {
                await FolderMoves.HoldAsync(projectId, connection, transaction).ConfigureAwait(false);
                var made = await work(connection, transaction).ConfigureAwait(false);
                Place(places);
                await LeaveStepsAsync(places, replaced, connection, transaction).ConfigureAwait(false);
                await connection.ExecuteAsync("delete from prearchive_placing where id = @id", new { id }, transaction).ConfigureAwait(false);
                return made;
            }, CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            // A connection that broke at the commit does not tell how it ended; the row does.
            await TakeBackAsync(id, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private static void Place(List<(PlacedFile File, string Target)> places)
    {
        foreach (var (file, target) in places)
        {
            DurableFile.CreateFolder(Path.GetDirectoryName(target)!);
            File.Move(file.Staged, target, overwrite: true);
        }

        foreach (var folder in places.Select(p => Path.GetDirectoryName(p.Target)!).Distinct())
        {
            DurableFile.FlushFolder(folder);
        }
    }

    private static async Task LeaveStepsAsync(List<(PlacedFile File, string Target)> places, IReadOnlyList<ArchivedFile> replaced, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        var taking = places.Where(p => p.File.Replaces is not null).ToList();
        if (taking.Count == 0 && replaced.Count == 0)
        {
            return;
        }

        await connection.ExecuteAsync(
            """
            delete from archive_file f using unnest(@goingResources, @goingPaths) as g (resource_id, path) where f.resource_id = g.resource_id and f.path = g.path;
            insert into prearchive_file_step (resource_id, path, beside, sha256) select * from unnest(@resources, @paths, @besides, @hashes)
            """,
            new
            {
                goingResources = replaced.Select(r => r.ResourceId).ToArray(), goingPaths = replaced.Select(r => r.Path).ToArray(),
                resources = taking.Select(t => t.File.Replaces!.ResourceId).Concat(replaced.Select(r => r.ResourceId)).ToArray(),
                paths = taking.Select(t => t.File.Path).Concat(replaced.Select(r => r.Path)).ToArray(),
                besides = taking.Select(string? (t) => Path.GetFileName(t.Target)).Concat(replaced.Select(_ => (string?)null)).ToArray(),
                hashes = taking.Select(string? (t) => t.File.Sha256).Concat(replaced.Select(_ => (string?)null)).ToArray(),
            },
            transaction).ConfigureAwait(false);
    }

    private async Task TakeBackAsync(Guid id, CancellationToken cancellationToken)
    {
        foreach (var paths in await database.QueryAsync<string[]>("select paths from prearchive_placing where id = @id", new { id }, cancellationToken).ConfigureAwait(false))
        {
            foreach (var path in paths)
            {
                var file = Path.Combine(layout.Root, path);
                if (File.Exists(file))
                {
                    File.Delete(file);
                }
            }
        }

        await database.ExecuteAsync("delete from prearchive_placing where id = @id", new { id }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>After an abrupt end: takes back what was never committed and finishes what was.</summary>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        foreach (var id in await database.QueryAsync<Guid>("select id from prearchive_placing", null, cancellationToken).ConfigureAwait(false))
        {
            await TakeBackAsync(id, cancellationToken).ConfigureAwait(false);
        }

        await CarryOutAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes the steps that committed archivings left. Safe to run at any time and more than once.</summary>
    public async Task CarryOutAsync(CancellationToken cancellationToken)
    {
        foreach (var step in await database.QueryAsync<Step>("select id, resource_id, path, beside, sha256 from prearchive_file_step order by id", null, cancellationToken).ConfigureAwait(false))
        {
            if (await resources.FindAsync(step.ResourceId, cancellationToken).ConfigureAwait(false) is { } found)
            {
                await database.InTransactionAsync(async (connection, transaction) =>
                {
                    await FolderMoves.HoldAsync(found.FolderProjectId, connection, transaction).ConfigureAwait(false);
                    await connection.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@key, 0))", new { key = ResourceStore.LockOf(step.ResourceId, step.Path) }, transaction).ConfigureAwait(false);
                    // The session may have another label by now, and the file may have been stored once more.
                    if (await resources.FindAsync(step.ResourceId, cancellationToken).ConfigureAwait(false) is { } resource)
                    {
                        var hash = await connection.ExecuteScalarAsync<string?>("select sha256 from archive_file where resource_id = @ResourceId and path = @Path", step, transaction).ConfigureAwait(false);
                        Take(step, layout.Resource(resource.Owner, resource.Label), hash);
                    }

                    return await connection.ExecuteAsync("delete from prearchive_file_step where id = @Id", new { step.Id }, transaction).ConfigureAwait(false);
                }, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await database.ExecuteAsync("delete from prearchive_file_step where id = @Id", new { step.Id }, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static void Take(Step step, string folder, string? hash)
    {
        var target = ArchiveLayout.Join(folder, step.Path);
        if (step.Beside is null)
        {
            if (hash is null && File.Exists(target))
            {
                File.Delete(target);
            }

            return;
        }

        var beside = Path.Combine(folder, step.Beside);
        if (!File.Exists(beside))
        {
            return;
        }

        if (hash == step.Sha256)
        {
            File.Move(beside, target, overwrite: true);
            DurableFile.FlushFolder(Path.GetDirectoryName(target)!);
        }
        else
        {
            File.Delete(beside);
        }
    }
}
