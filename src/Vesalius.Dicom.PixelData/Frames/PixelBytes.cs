namespace Vesalius.Dicom.PixelData;

/// <summary>The bytes of a pixel data element, wherever they lie, by position.</summary>
internal sealed class PixelBytes : IDisposable
{
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly Stream? _stream;
    private readonly Lock _alone = new();

    private PixelBytes(ReadOnlyMemory<byte> memory, Stream? stream, long length)
    {
        _memory = memory;
        _stream = stream;
        Length = length;
    }

    public long Length { get; }

    public static PixelBytes Open(DataElement element)
    {
        switch (element)
        {
            case ValueElement value:
                return new PixelBytes(value.Bytes, null, value.Bytes.Length);
            case EncapsulatedElement encapsulated:
                return new PixelBytes(encapsulated.EncodedItems, null, encapsulated.EncodedItems.Length);
            case StreamedElement streamed:
                return new PixelBytes(default, streamed.Data.OpenRead(), streamed.Data.Length);
            default:
                throw new PixelDataException(PixelDataReason.NoPixelData, $"{element.Tag} holds no pixels.");
        }
    }

    public void Read(long position, Span<byte> target)
    {
        if (position < 0 || position + target.Length > Length)
        {
            throw new PixelDataException(PixelDataReason.TooShort, "The pixel data is shorter than its description.");
        }

        if (_stream is null)
        {
            _memory.Span.Slice((int)position, target.Length).CopyTo(target);
            return;
        }

        lock (_alone)
        {
            _stream.Position = position;
            _stream.ReadExactly(target);
        }
    }

    public void Dispose() => _stream?.Dispose();
}
