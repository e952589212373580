using System.Runtime.InteropServices;
using Vesalius.Archive.Storage;

namespace Vesalius.Import.Journal;

/// <summary>Memory at an address that direct writes accept.</summary>
internal sealed class StagingBuffer
{
    private readonly byte[] _array;
    private readonly int _start;

    public StagingBuffer(int capacity)
    {
        Capacity = capacity;
        _array = GC.AllocateUninitializedArray<byte>(capacity + DirectFile.Block, pinned: true);
        var address = (long)Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0);
        _start = (int)(DirectFile.Aligned(address) - address);
    }

    /// <summary>Bytes.</summary>
    public int Capacity { get; }

    /// <summary>The memory.</summary>
    public Memory<byte> Memory => _array.AsMemory(_start, Capacity);
}

/// <summary>Lends staging buffers, at most so many bytes in all.</summary>
/// <param name="limit">Bytes.</param>
internal sealed class StagingPool(long limit)
{
    private const int Step = 128 * 1024;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Stack<StagingBuffer>> _free = [];
    private long _allocated;
    private long _lent;

    /// <summary>True while less than a quarter is lent.</summary>
    public bool IsAmple => Interlocked.Read(ref _lent) < limit / 4;

    /// <summary>A buffer of at least so many bytes; null if the limit is reached.</summary>
    public StagingBuffer? TryRent(int length)
    {
        var capacity = (length + Step - 1) / Step * Step;
        lock (_lock)
        {
            if (_free.TryGetValue(capacity, out var stack) && stack.TryPop(out var buffer))
            {
                _lent += capacity;
                return buffer;
            }

            while (_allocated + capacity > limit && TryDrop())
            {
            }

            if (_allocated + capacity > limit)
            {
                return null;
            }

            _allocated += capacity;
            _lent += capacity;
        }

        return new StagingBuffer(capacity);
    }

    /// <summary>Takes a buffer back.</summary>
    public void Return(StagingBuffer buffer)
    {
        lock (_lock)
        {
            if (!_free.TryGetValue(buffer.Capacity, out var stack))
            {
                _free[buffer.Capacity] = stack = new Stack<StagingBuffer>();
            }

            stack.Push(buffer);
            _lent -= buffer.Capacity;
        }
    }

    // A free one of another size makes room.
    private bool TryDrop()
    {
        foreach (var stack in _free.Values)
        {
            if (stack.TryPop(out var dropped))
            {
                _allocated -= dropped.Capacity;
                return true;
            }
        }

        return false;
    }
}
