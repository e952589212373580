using Microsoft.Win32.SafeHandles;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Pixels on their way out: in memory while they are few, then in a file that has no name, so that it is gone with whoever holds it, whatever happens.</summary>
internal sealed class PixelScratch : IBulkData
{
    /// <summary>What is kept in memory. Four ordinary CT series slices fit many times; a cine loop of 200 colour frames does not.</summary>
    public const int MemoryLength = 64 << 20;

    private readonly string _folder;
    private MemoryStream? _memory = new();
    private SafeFileHandle? _handle;

    public PixelScratch(string folder) => _folder = folder;

    public long Length { get; private set; }

    /// <summary>The bytes, if they are in memory.</summary>
    public ReadOnlyMemory<byte>? Memory => _memory is { } memory ? memory.GetBuffer().AsMemory(0, (int)Length) : null;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_memory is not null && Length + bytes.Length > MemoryLength)
        {
            ToFile();
        }

        if (_memory is not null)
        {
            _memory.Write(bytes);
        }
        else
        {
            RandomAccess.Write(_handle!, bytes, Length);
        }

        Length += bytes.Length;
    }

    /// <summary>Writes over what was written before.</summary>
    public void Overwrite(long position, ReadOnlySpan<byte> bytes)
    {
        if (_memory is not null)
        {
            bytes.CopyTo(_memory.GetBuffer().AsSpan((int)position));
        }
        else
        {
            RandomAccess.Write(_handle!, bytes, position);
        }
    }

    private void ToFile()
    {
        Directory.CreateDirectory(_folder);
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.pixels");
        _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        // The open handle keeps the bytes; the name is gone, so that a crash leaves nothing.
        File.Delete(path);
        RandomAccess.Write(_handle, _memory!.GetBuffer().AsSpan(0, (int)Length), 0);
        _memory = null;
    }

    public Stream OpenRead() => _memory is not null ? new MemoryStream(_memory.GetBuffer(), 0, (int)Length, writable: false) : new Reader(_handle!, Length);

    private sealed class Reader(SafeFileHandle handle, long length) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            var read = RandomAccess.Read(handle, buffer[..(int)Math.Min(buffer.Length, Math.Max(0, length - Position))], Position);
            Position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => length + offset,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
