using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Vesalius.Dicom.Network;

/// <summary>Type of a PDU (PS3.8 §9.3).</summary>
internal enum PduType : byte
{
    AssociateRq = 0x01,
    AssociateAc = 0x02,
    AssociateRj = 0x03,
    Data = 0x04,
    ReleaseRq = 0x05,
    ReleaseRp = 0x06,
    Abort = 0x07,
}

/// <summary>One TCP connection as a source and target of PDUs. One reader and one writer at a time.</summary>
internal sealed class PduConnection : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly PipeReader _reader;
    private readonly AssociationLimits _limits;

    public PduConnection(Socket socket, AssociationLimits limits)
        : this(Open(socket), limits)
    {
    }

    /// <summary>Speaks over a stream that is open already, a socket's or a TLS session; owns it.</summary>
    public PduConnection(Stream stream, AssociationLimits limits)
    {
        _limits = limits;
        _stream = stream;
        // Blocks as large as the largest PDU that common senders use, so that most PDUs lie in one piece.
        _reader = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: 160 * 1024, minimumReadSize: 16 * 1024, leaveOpen: true));
    }

    private static NetworkStream Open(Socket socket)
    {
        socket.NoDelay = true;
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Waits for a whole PDU. The body is valid until <see cref="Advance"/>.</summary>
    /// <returns>Null when the peer has closed the connection.</returns>
    public async ValueTask<(PduType Type, ReadOnlySequence<byte> Body)?> ReadAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(timeout);
        var header = await ReadAtLeastAsync(6, source.Token).ConfigureAwait(false);
        if (header is not { } start)
        {
            return null;
        }

        PduType type;
        uint length;
        try
        {
            (type, length) = ReadHeader(start);
            if (length > (uint)(type == PduType.Data ? _limits.MaximumPduLength : _limits.MaximumAssociatePduLength))
            {
                throw new PduException(PduFault.TooLong, "PS3.8 §D.1");
            }
        }
        catch (PduException)
        {
            _reader.AdvanceTo(start.End);
            throw;
        }

        if (start.Length >= 6 + length)
        {
            return (type, start.Slice(6, length));
        }

        _reader.AdvanceTo(start.Start, start.End);
        var whole = await ReadAtLeastAsync(6 + (int)length, source.Token).ConfigureAwait(false);
        return whole is { } buffer ? (type, buffer.Slice(6, length)) : null;
    }

    private static (PduType Type, uint Length) ReadHeader(ReadOnlySequence<byte> buffer)
    {
        Span<byte> header = stackalloc byte[6];
        buffer.Slice(0, 6).CopyTo(header);
        if (header[0] is < 1 or > 7)
        {
            throw new PduException(PduFault.UnknownType, "PS3.8 §9.3.1");
        }

        return ((PduType)header[0], BinaryPrimitives.ReadUInt32BigEndian(header[2..]));
    }

    private async ValueTask<ReadOnlySequence<byte>?> ReadAtLeastAsync(int count, CancellationToken cancellationToken)
    {
        var result = await _reader.ReadAtLeastAsync(count, cancellationToken).ConfigureAwait(false);
        return result.Buffer.Length >= count ? result.Buffer : null;
    }

    /// <summary>Reads and forgets until the peer closes or the time is over.</summary>
    public async ValueTask DrainAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(timeout);
        while (true)
        {
            var result = await _reader.ReadAsync(source.Token).ConfigureAwait(false);
            _reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>Gives up the bytes of the PDU read last.</summary>
    public void Advance(ReadOnlySequence<byte> body) => _reader.AdvanceTo(body.End);

    /// <summary>Writes bytes in one go. A peer that does not read them within the idle time is given up.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var writing = _stream.WriteAsync(bytes, cancellationToken);
        if (writing.IsCompletedSuccessfully)
        {
            return;
        }

        await writing.AsTask().WaitAsync(_limits.Idle, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A PDU with a 4-byte body: reject, release, abort.</summary>
    public static byte[] Short(PduType type, byte first = 0, byte second = 0, byte third = 0) => [(byte)type, 0, 0, 0, 0, 4, 0, first, second, third];

    public async ValueTask DisposeAsync()
    {
        await _reader.CompleteAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
    }
}
