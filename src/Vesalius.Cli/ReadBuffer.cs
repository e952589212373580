namespace Vesalius.Cli;

/// <summary>Room for one file at a time, used again for the next: most files are small, and one read is cheaper than several.</summary>
internal sealed class ReadBuffer
{
    private const int Largest = 16 * 1024 * 1024;

    private byte[] _bytes = new byte[1 << 20];

    /// <summary>Reads a file whole; null if it is too large for that. What was read before is overwritten.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public ReadOnlyMemory<byte>? TryRead(string path)
    {
        using var handle = File.OpenHandle(path);
        var length = RandomAccess.GetLength(handle);
        if (length > Largest)
        {
            return null;
        }

        if (_bytes.Length < length)
        {
            _bytes = new byte[Math.Max(length, Math.Min(Largest, _bytes.Length * 2L))];
        }

        var total = 0;
        int read;
        while (total < length && (read = RandomAccess.Read(handle, _bytes.AsSpan(total, (int)length - total), total)) > 0)
        {
            total += read;
        }

        return _bytes.AsMemory(0, total);
    }
}
