namespace Vesalius.Archive.DicomQueries;

/// <summary>Keeps what was used last, up to a size. Safe for use by several threads.</summary>
/// <param name="capacity">Most size of all values.</param>
/// <param name="sizeOf">Size of a value.</param>
public sealed class RecentlyUsed<TKey, TValue>(long capacity, Func<TValue, long> sizeOf)
    where TKey : notnull
    where TValue : class
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(TKey Key, TValue Value, long Size)> _order = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value, long Size)>> _byKey = [];
    private long _size;

    /// <summary>The value of a key; null if it is not kept.</summary>
    public TValue? Find(TKey key)
    {
        lock (_lock)
        {
            if (!_byKey.TryGetValue(key, out var node))
            {
                return null;
            }

            _order.Remove(node);
            _order.AddFirst(node);
            return node.Value.Value;
        }
    }

    /// <summary>Keeps a value, unless it is larger than a quarter of all that may be kept.</summary>
    public void Add(TKey key, TValue value)
    {
        var size = sizeOf(value);
        lock (_lock)
        {
            if (size > capacity / 4 || _byKey.ContainsKey(key))
            {
                return;
            }

            _byKey[key] = _order.AddFirst((key, value, size));
            _size += size;
            while (_size > capacity && _order.Last is { } oldest)
            {
                _order.RemoveLast();
                _byKey.Remove(oldest.Value.Key);
                _size -= oldest.Value.Size;
            }
        }
    }
}

/// <summary>Lets one in at a time for each key.</summary>
internal sealed class AloneByKey<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, (SemaphoreSlim Gate, int Count)> _gates = [];

    /// <summary>Waits for the key; dispose what comes back to let the next in.</summary>
    public async Task<IDisposable> EnterAsync(TKey key, CancellationToken cancellationToken)
    {
        SemaphoreSlim gate;
        lock (_gates)
        {
            var found = _gates.TryGetValue(key, out var known) ? known : (new SemaphoreSlim(1), 0);
            _gates[key] = (found.Item1, found.Item2 + 1);
            gate = found.Item1;
        }

        try
        {
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Leave(key);
            throw;
        }

        return new Exit(this, key, gate);
    }

    private void Leave(TKey key)
    {
        lock (_gates)
        {
            var (gate, count) = _gates[key];
            if (count == 1)
            {
                _gates.Remove(key);
            }
            else
            {
                _gates[key] = (gate, count - 1);
            }
        }
    }

    private sealed class Exit(AloneByKey<TKey> owner, TKey key, SemaphoreSlim gate) : IDisposable
    {
        public void Dispose()
        {
            gate.Release();
            owner.Leave(key);
        }
    }
}
