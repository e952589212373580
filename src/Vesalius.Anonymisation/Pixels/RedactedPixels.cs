using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Native pixels of any size, blanked frame by frame while someone reads them: nothing is copied, and one frame is in memory.</summary>
internal sealed class RedactedPixels(Func<ImageFrames> open, ImageDescription description, IReadOnlyList<BlankedArea> areas) : IBulkData
{
    public long Length { get; } = (description.TotalLength + 1) & ~1L;

    public Stream OpenRead() => new Reader(open(), areas, Length);

    private sealed class Reader(ImageFrames frames, IReadOnlyList<BlankedArea> areas, long length) : Stream
    {
        private byte[] _bytes = [];
        private int _frame = -1;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get; set; }

        public override int Read(Span<byte> buffer)
        {
            var frameLength = frames.Description.FrameLength;
            var frame = (int)(Position / frameLength);
            if (Position >= length || buffer.IsEmpty)
            {
                return 0;
            }

            if (frame >= frames.Count)
            {
                // The byte that makes the length even.
                buffer[0] = 0;
                Position++;
                return 1;
            }

            if (frame != _frame)
            {
                _bytes = PixelRedaction.Blank(frames.Read(frame), frame, areas).Bytes;
                _frame = frame;
            }

            var start = (int)(Position % frameLength);
            var count = Math.Min(buffer.Length, _bytes.Length - start);
            _bytes.AsSpan(start, count).CopyTo(buffer);
            Position += count;
            return count;
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

        protected override void Dispose(bool disposing)
        {
            frames.Dispose();
            base.Dispose(disposing);
        }
    }
}
