using System.Buffers;
using System.Buffers.Binary;

namespace Vesalius.Dicom.Network;

/// <summary>A command as it arrived.</summary>
/// <param name="Context">The presentation context that it came in.</param>
/// <param name="Command">The command. If it announces a data set, that must be read before the next command.</param>
internal readonly record struct DimseMessage(NegotiatedContext Context, CommandSet Command);

/// <summary>A piece of a data set as it arrived.</summary>
/// <param name="Bytes">Valid until the next piece is asked for.</param>
/// <param name="IsLast">True for the last one.</param>
internal readonly record struct DataFragment(ReadOnlySequence<byte> Bytes, bool IsLast);

/// <summary>Messages over presentation data values, pulled by whoever wants the next (PS3.7 §6.3, PS3.8 Annex E). Not pulling holds the peer back.</summary>
/// <param name="connection">Carries the PDUs.</param>
/// <param name="contexts">Accepted contexts by number.</param>
/// <param name="peerMaximumLength">Largest P-DATA-TF that the peer takes; 0 for no limit.</param>
/// <param name="limits">Bounds.</param>
/// <param name="onPdu">Told of each PDU before it is used; null for the end of the connection. Throws if the association ends by it.</param>
internal sealed class DimseChannel(
    PduConnection connection, IReadOnlyDictionary<byte, NegotiatedContext> contexts, uint peerMaximumLength, AssociationLimits limits,
    Func<PduType?, ReadOnlySequence<byte>, CancellationToken, ValueTask> onPdu)
{
    // A P-DATA-TF holds 6 bytes of PDV header besides the fragment; fragments are even (PS3.8 §9.3.1, Annex E.1).
    private readonly int _fragmentLength = (int)(Math.Min(peerMaximumLength == 0 ? uint.MaxValue : peerMaximumLength, (uint)limits.MaximumPduLength) - 6) & ~1;
    private readonly ArrayBufferWriter<byte> _command = new(512);
    private ReadOnlySequence<byte>? _body;
    private ReadOnlySequence<byte> _rest;
    private byte _dataContext;

    /// <summary>Smallest P-DATA-TF limit of a peer that messages still fit through.</summary>
    public const uint SmallestPeerLimit = 16;

    /// <summary>The accepted context of a SOP class with a transfer syntax; null if there is none.</summary>
    public NegotiatedContext? Find(string sopClassUid, string transferSyntaxUid) =>
        contexts.Values.FirstOrDefault(c => c.AbstractSyntax == sopClassUid && c.TransferSyntax == transferSyntaxUid);

    /// <summary>Waits for one PDU of any type, and lets <c>onPdu</c> judge it.</summary>
    public async ValueTask<PduType> ReadPduAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Finish();
        if (await connection.ReadAsync(timeout, cancellationToken).ConfigureAwait(false) is not { } pdu)
        {
            await onPdu(null, default, cancellationToken).ConfigureAwait(false);
            throw new EndOfStreamException();
        }

        _body = pdu.Body;
        await onPdu(pdu.Type, pdu.Body, cancellationToken).ConfigureAwait(false);
        _rest = pdu.Type == PduType.Data ? pdu.Body : default;
        return pdu.Type;
    }

    /// <summary>Gives up the PDU read last, so that another channel can read from the connection.</summary>
    public void Finish()
    {
        if (_body is { } done)
        {
            _body = null;
            _rest = default;
            connection.Advance(done);
        }
    }

    /// <summary>Waits for the next command.</summary>
    /// <param name="timeout">How long the peer may be silent.</param>
    /// <param name="cancellationToken">Ends the wait; the channel is of no use afterwards.</param>
    /// <exception cref="PduException">What came is malformed or out of place.</exception>
    public async ValueTask<DimseMessage> ReceiveAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        _command.ResetWrittenCount();
        byte? first = null;
        while (true)
        {
            var (contextId, isCommand, isLast, fragment) = await NextAsync(timeout, cancellationToken).ConfigureAwait(false);
            if (!isCommand || first is { } expected && contextId != expected)
            {
                throw new PduException(PduFault.FragmentOutOfPlace, "PS3.7 §6.3.1");
            }

            first = contextId;
            if (_command.WrittenCount + fragment.Length > limits.MaximumCommandLength)
            {
                throw new PduException(PduFault.TooLong, "PS3.7 §6.3.1");
            }

            foreach (var segment in fragment)
            {
                _command.Write(segment.Span);
            }

            if (isLast)
            {
                _dataContext = contextId;
                return new DimseMessage(contexts[contextId], CommandSet.Decode(_command.WrittenSpan));
            }
        }
    }

    /// <summary>Waits for the next piece of the data set that the last command announced.</summary>
    /// <exception cref="PduException">What came is malformed or out of place.</exception>
    public async ValueTask<DataFragment> ReadFragmentAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var (contextId, isCommand, isLast, fragment) = await NextAsync(timeout, cancellationToken).ConfigureAwait(false);
        return isCommand || contextId != _dataContext
            ? throw new PduException(PduFault.FragmentOutOfPlace, "PS3.8 §E.2")
            : new DataFragment(fragment, isLast);
    }

    /// <summary>Reads the whole data set that the last command announced.</summary>
    /// <param name="maximumLength">Most bytes to take.</param>
    /// <param name="timeout">How long the peer may be silent.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PduException">It is longer, or out of place.</exception>
    public async ValueTask<byte[]> ReadDataSetAsync(int maximumLength, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        while (true)
        {
            var (fragment, isLast) = await ReadFragmentAsync(timeout, cancellationToken).ConfigureAwait(false);
            if (bytes.WrittenCount + fragment.Length > maximumLength)
            {
                throw new PduException(PduFault.TooLong, "PS3.7 §6.3");
            }

            foreach (var segment in fragment)
            {
                bytes.Write(segment.Span);
            }

            if (isLast)
            {
                return bytes.WrittenSpan.ToArray();
            }
        }
    }

    private async ValueTask<(byte ContextId, bool IsCommand, bool IsLast, ReadOnlySequence<byte> Fragment)> NextAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        while (_rest.IsEmpty)
        {
            await ReadPduAsync(timeout, cancellationToken).ConfigureAwait(false);
        }

        var value = TakeValue(ref _rest);
        return contexts.ContainsKey(value.ContextId) ? value : throw new PduException(PduFault.ContextNotAccepted, "PS3.8 §9.3.5.1");
    }

    private static (byte ContextId, bool IsCommand, bool IsLast, ReadOnlySequence<byte> Fragment) TakeValue(ref ReadOnlySequence<byte> rest)
    {
        if (rest.Length < 6)
        {
            throw new PduException(PduFault.LengthBeyondPdu, "PS3.8 §9.3.5.1");
        }

        Span<byte> header = stackalloc byte[6];
        rest.Slice(0, 6).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length < 2 || length > rest.Length - 4)
        {
            throw new PduException(PduFault.LengthBeyondPdu, "PS3.8 §9.3.5.1");
        }

        var fragment = rest.Slice(6, length - 2);
        rest = rest.Slice(4 + length);
        return (header[4], (header[5] & 1) != 0, (header[5] & 2) != 0, fragment);
    }

    /// <summary>Sends a command without data set.</summary>
    public async ValueTask SendAsync(byte contextId, CommandSet command, CancellationToken cancellationToken) =>
        await SendAsync(contextId, command, ReadOnlyMemory<byte>.Empty, cancellationToken).ConfigureAwait(false);

    /// <summary>Sends a command and, if it announces one, the data set given.</summary>
    public async ValueTask SendAsync(byte contextId, CommandSet command, ReadOnlyMemory<byte> dataSet, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream(dataSet.ToArray(), writable: false);
        await SendAsync(contextId, command, command.HasDataSet ? bytes : null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a command and the data set that a stream holds from its position to its end. Each PDU leaves in one write; the command
    /// leaves together with the first piece of data.</summary>
    public async ValueTask SendAsync(byte contextId, CommandSet command, Stream? dataSet, CancellationToken cancellationToken)
    {
        var encoded = command.Encode();
        // Room for the command's fragments and their headers, and for one whole PDU of data.
        var commandPdus = (encoded.Length + _fragmentLength - 1) / _fragmentLength;
        var buffer = ArrayPool<byte>.Shared.Rent(encoded.Length + (commandPdus * 12) + 12 + (dataSet is null ? 0 : _fragmentLength));
        var used = 0;
        for (var i = 0; i < encoded.Length; i += _fragmentLength)
        {
            var fragment = encoded.AsSpan(i, Math.Min(_fragmentLength, encoded.Length - i));
            fragment.CopyTo(buffer.AsSpan(used + 12));
            WriteHeader(buffer.AsSpan(used), contextId, isCommand: true, i + _fragmentLength >= encoded.Length, fragment.Length);
            used += 12 + fragment.Length;
        }

        if (dataSet is null)
        {
            await connection.WriteAsync(buffer.AsMemory(0, used), cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await SendDataAsync(contextId, dataSet, buffer, used, cancellationToken).ConfigureAwait(false);
        }

        // Not after a failure: a write that was given up may still read from the buffer.
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private async ValueTask SendDataAsync(byte contextId, Stream dataSet, byte[] buffer, int used, CancellationToken cancellationToken)
    {
        var remaining = dataSet.Length - dataSet.Position;
        do
        {
            var length = (int)Math.Min(_fragmentLength, remaining);
            await ReadSourceAsync(dataSet, buffer.AsMemory(used + 12, length), cancellationToken).ConfigureAwait(false);
            remaining -= length;
            WriteHeader(buffer.AsSpan(used), contextId, isCommand: false, remaining == 0, length);
            await connection.WriteAsync(buffer.AsMemory(0, used + 12 + length), cancellationToken).ConfigureAwait(false);
            used = 0;
        }
        while (remaining > 0);
    }

    // Told apart from a broken connection, which is an IOException too.
    private static async ValueTask ReadSourceAsync(Stream dataSet, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            await dataSet.ReadExactlyAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new InvalidDataException("The object could not be read to its end while it was sent.", e);
        }
    }

    private static void WriteHeader(Span<byte> pdu, byte contextId, bool isCommand, bool isLast, int fragmentLength)
    {
        pdu[0] = (byte)PduType.Data;
        pdu[1] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(pdu[2..], (uint)(6 + fragmentLength));
        BinaryPrimitives.WriteUInt32BigEndian(pdu[6..], (uint)(2 + fragmentLength));
        pdu[10] = contextId;
        pdu[11] = (byte)((isCommand ? 1 : 0) | (isLast ? 2 : 0));
    }
}
