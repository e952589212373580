using Dapper;
using Npgsql;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>Who may archive now: one at a time into a session, whichever node it runs on, and only so many in all on this one.</summary>
/// <remarks>Whoever waits for another of this node holds no database connection, so that any number may wait. The advisory lock, which needs one, keeps nodes apart.</remarks>
/// <param name="database">Database.</param>
/// <param name="most">Archivings of this node at a time; each needs two or three connections of the pool.</param>
internal sealed class ArchivingTurns(VesaliusDatabase database, int most)
{
    private sealed class Queue
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public int Waiting { get; set; }
    }

    private readonly Dictionary<string, Queue> _queues = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(most);

    /// <summary>Waits for the turn. Dispose to let the next one in.</summary>
    /// <param name="name">What is archived into.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<IAsyncDisposable> TakeAsync(string name, CancellationToken cancellationToken)
    {
        Queue queue;
        lock (_queues)
        {
            queue = _queues.TryGetValue(name, out var found) ? found : _queues[name] = new Queue();
            queue.Waiting++;
        }

        var turn = new Turn(this, name, queue);
        try
        {
            await queue.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            turn.HasTurn = true;
            await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
            turn.HasPlace = true;
            turn.Connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
            await turn.Connection.ExecuteAsync(
                new CommandDefinition("select pg_advisory_lock(hashtextextended(@name, 1))", new { name }, commandTimeout: 3600, cancellationToken: cancellationToken)).ConfigureAwait(false);
            return turn;
        }
        catch
        {
            await turn.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private sealed class Turn(ArchivingTurns turns, string name, Queue queue) : IAsyncDisposable
    {
        public bool HasTurn { get; set; }

        public bool HasPlace { get; set; }

        public NpgsqlConnection? Connection { get; set; }

        public async ValueTask DisposeAsync()
        {
            try
            {
                await UnlockAsync().ConfigureAwait(false);
            }
            finally
            {
                if (HasPlace)
                {
                    turns._places.Release();
                }

                if (HasTurn)
                {
                    queue.Turn.Release();
                }

                lock (turns._queues)
                {
                    if (--queue.Waiting == 0)
                    {
                        turns._queues.Remove(name);
                    }
                }
            }
        }

        private async Task UnlockAsync()
        {
            if (Connection is null)
            {
                return;
            }

            await using (Connection.ConfigureAwait(false))
            {
                try
                {
                    // Whether or not it was heard that the lock was given: the pool does not reset a connection.
                    await Connection.ExecuteAsync("select pg_advisory_unlock_all()").ConfigureAwait(false);
                }
                catch (NpgsqlException)
                {
                    // A connection that broke has let go of its locks.
                }
            }
        }
    }
}
