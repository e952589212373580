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
        return new Release(gate.Open);
    }

    private sealed class Release(Action action) : IDisposable
    {
        private Action? _action = action;

        public void Dispose() => Interlocked.Exchange(ref _action, null)?.Invoke();
    }
}
