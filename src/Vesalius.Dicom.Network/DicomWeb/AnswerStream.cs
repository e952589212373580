namespace Vesalius.Dicom.Network;

/// <summary>Reads an answer as it comes, with a bound on silence and on length; whatever goes wrong is told as <see cref="DicomWebException"/>.</summary>
internal sealed class AnswerStream(Stream inner, TimeSpan silence, long? maximumLength) : Stream
{
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(silence);
        try
        {
            var count = await inner.ReadAsync(buffer, source.Token).ConfigureAwait(false);
            _read += count;
            return _read > maximumLength ? throw new DicomWebException(DicomWebFault.InvalidAnswer, "the answer is too long") : count;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DicomWebException(DicomWebFault.TimedOut, inner: e);
        }
        catch (HttpRequestException e)
        {
            throw new DicomWebException(DicomWebFault.Unreachable, "the connection broke", inner: e);
        }
        catch (HttpIOException e)
        {
            throw new DicomWebException(DicomWebFault.Unreachable, "the connection broke", inner: e);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new DicomWebException(DicomWebFault.InvalidAnswer, "the parts are malformed or end early", inner: e);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Answers are read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
