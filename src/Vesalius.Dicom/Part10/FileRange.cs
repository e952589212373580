using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Vesalius.Dicom;

/// <summary>A run of bytes in a file.</summary>
/// <param name="path">The file.</param>
/// <param name="start">First byte, from 0.</param>
/// <param name="length">Length in bytes.</param>
public sealed class FileRange(string path, long start, long length) : IBulkData
{
    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>First byte in the file, from 0.</summary>
    public long Start => start;

    /// <inheritdoc/>
    public long Length => length;

    /// <inheritdoc/>
    public Stream OpenRead() => new RangeStream(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.Asynchronous), start, length);

    private sealed class RangeStream(SafeFileHandle handle, long start, long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _position;
            set => _position = value;
        }

        public override int Read(Span<byte> buffer)
        {
            var read = RandomAccess.Read(handle, buffer[..(int)Math.Min(buffer.Length, Math.Max(0, length - _position))], start + _position);
            _position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var part = buffer[..(int)Math.Min(buffer.Length, Math.Max(0, length - _position))];
            var read = await RandomAccess.ReadAsync(handle, part, start + _position, cancellationToken).ConfigureAwait(false);
            _position += read;
            return read;
        }

        public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => length + offset,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            handle.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>Finds where encapsulated data ends in a file, by the lengths of its items.</summary>
internal static class FragmentScan
{
    public static async Task<long> FindEndAsync(SafeFileHandle handle, long start, long fileLength, CancellationToken cancellationToken)
    {
        var header = new byte[8];
        var position = start;
        while (position + 8 <= fileLength)
        {
            await RandomAccess.ReadAsync(handle, header, position, cancellationToken).ConfigureAwait(false);
            var tag = new Tag(BinaryPrimitives.ReadUInt16LittleEndian(header), BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(2)));
            var length = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4));
            position += 8;
            if (tag == Tag.SequenceEnd)
            {
                return position;
            }

            if (tag != Tag.ItemStart || length == uint.MaxValue)
            {
                throw new MalformedDicomException(MalformedReason.UnexpectedTag, position - 8, Tag.PixelData, "PS3.5 §A.4");
            }

            position += length;
        }

        throw new MalformedDicomException(MalformedReason.Truncated, fileLength, Tag.PixelData, "PS3.5 §A.4");
    }
}
