using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>Takes the value of a large pixel data element to a file as it comes, and what follows it to memory.</summary>
internal sealed class PixelSpool : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly int _mostTrailing;
    private readonly ArrayBufferWriter<byte> _trailing = new();
    private readonly byte[] _itemHeader = new byte[8];
    private int _itemHeaderLength;
    private long _remaining;
    private bool _ended;
    private readonly bool _isEncapsulated;

    public PixelSpool(string folder, uint? length, int mostTrailing)
    {
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, $"{Guid.NewGuid():N}.pixels");
        _handle = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, FileOptions.Asynchronous);
        _mostTrailing = mostTrailing;
        _isEncapsulated = length is null;
        _remaining = length ?? 0;
        _ended = length == 0;
    }

    /// <summary>Bytes of the value so far.</summary>
    public long Length { get; private set; }

    /// <summary>True when the value is whole.</summary>
    public bool HasEnded => _ended;

    /// <summary>What followed the value.</summary>
    public ReadOnlyMemory<byte> Trailing => _trailing.WrittenMemory;

    /// <summary>The value.</summary>
    public IBulkData Data => new FileRange(_path, 0, Length);

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            if (_ended)
            {
                if (_trailing.WrittenCount + bytes.Length > _mostTrailing)
                {
                    throw new MalformedDicomException(MalformedReason.LimitExceeded, Length, Tag.PixelData, "ReadLimits.HeaderLength");
                }

                _trailing.Write(bytes.Span);
                return;
            }

            var taken = _remaining > 0 ? (int)Math.Min(_remaining, bytes.Length) : TakeItemHeader(bytes.Span);
            await RandomAccess.WriteAsync(_handle, bytes[..taken], Length, cancellationToken).ConfigureAwait(false);
            Length += taken;
            if (_remaining > 0)
            {
                _remaining -= taken;
                _ended = _remaining == 0 && !_isEncapsulated;
            }
            else
            {
                EndItemHeader();
            }

            bytes = bytes[taken..];
        }
    }

    private int TakeItemHeader(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(8 - _itemHeaderLength, bytes.Length);
        bytes[..taken].CopyTo(_itemHeader.AsSpan(_itemHeaderLength));
        _itemHeaderLength += taken;
        return taken;
    }

    private void EndItemHeader()
    {
        if (_itemHeaderLength < 8)
        {
            return;
        }

        _itemHeaderLength = 0;
        var tag = new Tag(BinaryPrimitives.ReadUInt16LittleEndian(_itemHeader), BinaryPrimitives.ReadUInt16LittleEndian(_itemHeader.AsSpan(2)));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_itemHeader.AsSpan(4));
        if (tag == Tag.SequenceEnd)
        {
            _ended = true;
        }
        else if (tag != Tag.ItemStart || length == uint.MaxValue)
        {
            throw new MalformedDicomException(MalformedReason.UnexpectedTag, Length, Tag.PixelData, "PS3.5 §A.4");
        }
        else
        {
            _remaining = length;
        }
    }

    public void Dispose()
    {
        _handle.Dispose();
        File.Delete(_path);
    }
}
