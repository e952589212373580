using System.Threading.Channels;
using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>Commits the rows of all objects that wait, together: one transaction and one flush of the database for many.</summary>
public sealed class RowWriter : IAsyncDisposable
{
    private const int MostPerCommit = 256;
    private readonly VesaliusDatabase _database;
    private readonly Channel<Waiting> _waiting = Channel.CreateBounded<Waiting>(4096);
    private readonly Task _writing;

    private sealed record Waiting(PrearchiveObject Object, TaskCompletionSource<bool> Done);

    /// <summary>Begins to write.</summary>
    public RowWriter(VesaliusDatabase database)
    {
        _database = database;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Records an object.</summary>
    /// <returns>When committed: true; false if its session is no longer open or has the instance already.</returns>
    public async Task<bool> WriteAsync(PrearchiveObject row, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(row, new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        await _waiting.Writer.WriteAsync(waiting, cancellationToken).ConfigureAwait(false);
        // Once queued, the outcome has to be known: it decides whether the file stays.
        return await waiting.Done.Task.ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        var batch = new List<Waiting>(MostPerCommit);
        while (await _waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < MostPerCommit && _waiting.Reader.TryRead(out var next))
            {
                batch.Add(next);
            }

            try
            {
                var written = await CommitAsync(batch).ConfigureAwait(false);
                foreach (var waiting in batch)
                {
                    waiting.Done.SetResult(written.Contains((waiting.Object.SessionId, waiting.Object.SopInstanceUid)));
                }
            }
            catch (Exception e)
            {
                foreach (var waiting in batch)
                {
                    waiting.Done.TrySetException(e);
                }
            }
        }
    }

    private async Task<HashSet<(long, string)>> CommitAsync(List<Waiting> batch)
    {
        var rows = batch.ConvertAll(w => w.Object);
        // One statement is one transaction: committed when it returns, without a further round trip.
        var written = await _database.QueryAsync<(long, string)>(
                """
                with open as (
                    update prearchive_session set last_modified = now(), status = 'RECEIVING'
                    where id = any (@sessions) and status in ('RECEIVING', 'BUILDING', 'READY', 'CONFLICT', 'ERROR') returning id)
                insert into prearchive_object (session_id, sop_instance_uid, sop_class_uid, series_instance_uid, scan_id, resource, file_name, instance_number, size, sha256)
                select r.session, r.instance, r.class, r.series, r.scan, r.resource, r.name, r.number, r.size, r.hash
                from unnest(@ids, @instances, @classes, @series, @scans, @resources, @names, @numbers, @sizes, @hashes)
                    as r (session, instance, class, series, scan, resource, name, number, size, hash) join open on open.id = r.session
                on conflict (session_id, sop_instance_uid) do nothing returning session_id, sop_instance_uid
                """,
                new
                {
                    sessions = rows.Select(r => r.SessionId).Distinct().ToArray(),
                    ids = rows.Select(r => r.SessionId).ToArray(),
                    instances = rows.Select(r => r.SopInstanceUid).ToArray(),
                    classes = rows.Select(r => r.SopClassUid).ToArray(),
                    series = rows.Select(r => r.SeriesInstanceUid).ToArray(),
                    scans = rows.Select(r => r.ScanId).ToArray(),
                    resources = rows.Select(r => r.Resource).ToArray(),
                    names = rows.Select(r => r.FileName).ToArray(),
                    numbers = rows.Select(r => r.InstanceNumber).ToArray(),
                    sizes = rows.Select(r => r.Size).ToArray(),
                    hashes = rows.Select(r => r.Sha256).ToArray(),
                },
                CancellationToken.None).ConfigureAwait(false);
        return [.. written];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
    }
}
