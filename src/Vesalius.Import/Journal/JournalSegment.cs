using Microsoft.Win32.SafeHandles;
using Vesalius.Archive.Storage;

namespace Vesalius.Import.Journal;

/// <summary>A file of the journal: of fixed size, written over again and again, so that a write costs the disk no new blocks. One writer at a time.</summary>
internal sealed class JournalSegment : IDisposable
{
    private static readonly StagingBuffer Zeros = MakeZeros();
    private readonly SafeFileHandle _handle;
    private readonly long _size;
    private long _end;
    private long _used;
    private int _pending;

    private JournalSegment(SafeFileHandle handle, long size)
    {
        _handle = handle;
        _size = size;
        _used = size;
    }

    /// <summary>True when everything in it has been carried out.</summary>
    public bool IsDone => Volatile.Read(ref _pending) == 0;

    /// <summary>Opens a segment, making it if it is missing, and wipes it, which also gives it its blocks.</summary>
    /// <exception cref="IOException">It cannot be made or written.</exception>
    public static JournalSegment Open(string path, long size)
    {
        using (var made = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write))
        {
            if (RandomAccess.GetLength(made) != size)
            {
                RandomAccess.SetLength(made, size);
            }

            DurableFile.Flush(made);
        }

        var segment = new JournalSegment(DirectFile.OpenDurable(path), size);
        segment.Wipe();
        return segment;
    }

    /// <summary>True if so many bytes still fit.</summary>
    public bool Fits(long length) => _end + length <= _size;

    /// <summary>Begins at the start again; everything in it must be done.</summary>
    public void Restart() => _end = 0;

    /// <summary>Writes records behind each other. When this returns, they are on the disk.</summary>
    /// <exception cref="IOException">They may not be.</exception>
    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        var length = records.Sum(r => (long)r.Length);
        _used = Math.Max(_used, _end + length);
        RandomAccess.Write(_handle, records, _end);
        _end += length;
        Interlocked.Add(ref _pending, records.Count);
    }

    /// <summary>A record has been carried out.</summary>
    public void Done() => Interlocked.Decrement(ref _pending);

    /// <summary>Overwrites what was written, so that nothing lives on here that is deleted elsewhere.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Wipe()
    {
        for (long position = 0; position < _used; position += Zeros.Capacity)
        {
            RandomAccess.Write(_handle, Zeros.Memory.Span[..(int)Math.Min(Zeros.Capacity, _size - position)], position);
        }

        _end = 0;
        _used = 0;
    }

    public void Dispose() => _handle.Dispose();

    private static StagingBuffer MakeZeros()
    {
        var zeros = new StagingBuffer(1 << 20);
        zeros.Memory.Span.Clear();
        return zeros;
    }
}
