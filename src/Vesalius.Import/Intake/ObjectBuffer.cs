using System.Buffers;
using System.IO.Compression;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>Memory that all objects in flight share.</summary>
public sealed class MemoryBudget(long bytes)
{
    private long _left = bytes;

    /// <summary>Takes bytes if they are left.</summary>
    public bool TryTake(long count)
    {
        if (Interlocked.Add(ref _left, -count) >= 0)
        {
            return true;
        }

        Interlocked.Add(ref _left, count);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Give(long count) => Interlocked.Add(ref _left, count);
}

/// <summary>Collects the bytes of one data set: in memory as far as that goes, pixel data of large ones in a file.</summary>
internal sealed class ObjectBuffer(TransferSyntax syntax, string spoolFolder, IntakeLimits limits, MemoryBudget budget) : IDisposable
{
    private const int First = 640 * 1024;

    /// <summary>How the data set is encoded.</summary>
    public TransferSyntax TransferSyntax => syntax;

    private byte[] _bytes = [];
    private int _length;
    private long _reserved;
    private int _nextAttempt;
    private HeaderReadResult _header;
    private PixelSpool? _spool;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
    {
        if (_spool is not null)
        {
            await _spool.WriteAsync(fragment, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (_length + fragment.Length > _bytes.Length && !TryGrow(_length + fragment.Length))
        {
            await SpoolAsync(fragment, cancellationToken).ConfigureAwait(false);
            return;
        }

        fragment.Span.CopyTo(_bytes.AsSpan(_length));
        _length += fragment.Length;
    }

    private bool TryGrow(int needed)
    {
        var size = Math.Max(First, Math.Max(needed, Math.Min(_bytes.Length * 2, limits.Header)));
        if (needed > limits.WholeObject || !budget.TryTake(size - _reserved))
        {
            return false;
        }

        Resize(size);
        return true;
    }

    private void Resize(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(size);
        _bytes.AsSpan(0, _length).CopyTo(larger);
        Return();
        _bytes = larger;
        _reserved = Math.Max(_reserved, size);
    }

    private void Return()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }

    // The object is too large for memory: pixel data goes to a file from here on. A header has to fit, whatever the budget says.
    private async ValueTask SpoolAsync(ReadOnlyMemory<byte> fragment, CancellationToken cancellationToken)
    {
        if (_length + fragment.Length > _bytes.Length)
        {
            var needed = (long)_length + fragment.Length;
            if (needed > (syntax.IsDeflated ? limits.WholeObject * 4L : limits.Header))
            {
                throw new MalformedDicomException(MalformedReason.LimitExceeded, _length, null, "ReadLimits.HeaderLength");
            }

            var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(limits.Header, Math.Max(needed, _bytes.Length * 2L)));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            Return();
            _bytes = larger;
        }

        fragment.Span.CopyTo(_bytes.AsSpan(_length));
        _length += fragment.Length;
        if (syntax.IsDeflated || _length < _nextAttempt)
        {
            return;
        }

        // Not at every fragment: a long header in many fragments would be read again and again.
        _nextAttempt = _length + (_length / 4);
        _header = DataSetReader.ReadHeader(_bytes.AsMemory(0, _length), isComplete: false, syntax.Encoding);
        if (_header.PixelData is not { } pixels)
        {
            return;
        }

        var valueStart = _header.Consumed + pixels.HeaderLength;
        _spool = new PixelSpool(spoolFolder, pixels.Length, limits.Header);
        await _spool.WriteAsync(_bytes.AsMemory(valueStart, _length - valueStart), cancellationToken).ConfigureAwait(false);
        _length = valueStart;
    }

    /// <summary>The whole data set. Refers to this buffer: do not dispose it before the data set is done with.</summary>
    public DataSet Complete()
    {
        if (_spool is null)
        {
            var bytes = _bytes.AsMemory(0, _length);
            return DataSetReader.Read(syntax.IsDeflated ? Inflate(bytes) : bytes, syntax.Encoding);
        }

        if (!_spool.HasEnded)
        {
            throw new MalformedDicomException(MalformedReason.Truncated, _length + _spool.Length, Tag.PixelData, "PS3.5 §7.1");
        }

        var dataSet = _header.DataSet!;
        var pixels = _header.PixelData!.Value;
        dataSet.AppendStreamed(
            new StreamedElement(pixels.Tag, pixels.Vr, _spool.Data, pixels.Length is null, syntax.Encoding.BigEndian),
            DataSetReader.Read(_spool.Trailing, syntax.Encoding));
        return dataSet;
    }

    private byte[] Inflate(ReadOnlyMemory<byte> deflated)
    {
        using var source = new MemoryStream(deflated.ToArray(), writable: false);
        using var inflater = new DeflateStream(source, CompressionMode.Decompress);
        using var result = new MemoryStream();
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = inflater.Read(buffer)) > 0)
            {
                if (result.Length + read > limits.Header * 4L)
                {
                    throw new MalformedDicomException(MalformedReason.LimitExceeded, source.Position, null, "ReadLimits.InflatedLength");
                }

                result.Write(buffer, 0, read);
            }
        }
        catch (InvalidDataException)
        {
            throw new MalformedDicomException(MalformedReason.DeflateFailed, source.Position, null, "PS3.5 §A.5");
        }

        return result.ToArray();
    }

    public void Dispose()
    {
        Return();
        _bytes = [];
        budget.Give(_reserved);
        _reserved = 0;
        _spool?.Dispose();
    }
}
