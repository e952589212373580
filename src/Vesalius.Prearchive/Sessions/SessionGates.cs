using System.Collections.Concurrent;

namespace Vesalius.Prearchive;

/// <summary>Keeps arrivals and changes of one session apart: many objects may enter at once, but building, moving, archiving and deleting have it alone.</summary>
public sealed class SessionGates
{
    private sealed class Gate
    {
        private readonly SemaphoreSlim _turn = new(1);
        private readonly SemaphoreSlim _empty = new(1);
        private int _inside;

        public async Task EnterAsync(CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                if (Interlocked.Increment(ref _inside) == 1)
                {
                    await _empty.WaitAsync(CancellationToken.None).ConfigureAwait(false);
                }
            }
            finally
            {
                _turn.Release();
            }
        }

        public void Leave()
        {
            if (Interlocked.Decrement(ref _inside) == 0)
            {
                _empty.Release();
            }
        }

        // How often somebody had the session alone: what was known of it before may be wrong.
        public long Turns;

        public bool IsEmpty => Volatile.Read(ref _inside) == 0;

        public async Task CloseAsync(CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await _empty.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                _turn.Release();
                throw;
            }
        }

        public void Open()
        {
            _empty.Release();
            _turn.Release();
        }
    }

    private readonly ConcurrentDictionary<long, Gate> _gates = new();

    /// <summary>Enters a session together with others. Dispose to leave.</summary>
    public async Task<IDisposable> EnterAsync(long sessionId, CancellationToken cancellationToken)
    {
        var gate = _gates.GetOrAdd(sessionId, _ => new Gate());
        await gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        return new Release(gate.Leave);
    }

    /// <summary>Has a session alone. Dispose to let others in.</summary>
    public async Task<IDisposable> CloseAsync(long sessionId, CancellationToken cancellationToken)
    {
        var gate = _gates.GetOrAdd(sessionId, _ => new Gate());
        await gate.CloseAsync(cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref gate.Turns);
        return new Release(gate.Open);
    }

    /// <summary>Changes whenever somebody had the session alone. Whoever finds it changed after entering does not know where the session lies, or whether there still is one.</summary>
    public long TurnsOf(long sessionId) => _gates.TryGetValue(sessionId, out var gate) ? Interlocked.Read(ref gate.Turns) : 0;

    /// <summary>Waits until every object that was inside a session has its file and its row: who reads afterwards sees all that was acknowledged.</summary>
    public async Task SettleAsync(long sessionId, CancellationToken cancellationToken)
    {
        if (_gates.TryGetValue(sessionId, out var gate) && !gate.IsEmpty)
        {
            await gate.CloseAsync(cancellationToken).ConfigureAwait(false);
            gate.Open();
        }
    }

    /// <summary>As <see cref="SettleAsync(long, CancellationToken)"/> for all sessions.</summary>
    public Task SettleAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_gates.Where(g => !g.Value.IsEmpty).Select(g => SettleAsync(g.Key, cancellationToken)));

    private sealed class Release(Action action) : IDisposable
    {
        private Action? _action = action;

        public void Dispose() => Interlocked.Exchange(ref _action, null)?.Invoke();
    }
}
