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
                var written = await ObjectRows.InsertAsync(_database, batch.ConvertAll(w => w.Object), CancellationToken.None).ConfigureAwait(false);
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

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writing.ConfigureAwait(false);
    }
}
