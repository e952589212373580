using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;

namespace Vesalius.Acceptance.Faults;

/// <summary>A sender that knows of every object whether it was acknowledged, and that can stop in the middle of one.</summary>
internal sealed class AcknowledgedSender : IAsyncDisposable
{
    private const byte DataPdu = 0x04;
    private const byte ContextId = 1;
    private readonly TcpClient _client = new() { NoDelay = true };
    private NetworkStream _stream = null!;
    private int _fragment;
    private ushort _messageId;

    /// <summary>Opens an association for one SOP class and transfer syntax.</summary>
    /// <exception cref="IOException">The peer is not there, or does not accept.</exception>
    public static async Task<AcknowledgedSender> OpenAsync(int port, CancellationToken cancellationToken, string sopClass = SmallObjects.SopClass, string? transferSyntax = null)
    {
        var sender = new AcknowledgedSender();
        try
        {
            await sender._client.ConnectAsync(IPAddress.Loopback, port, cancellationToken).ConfigureAwait(false);
            sender._stream = sender._client.GetStream();
            await sender._stream.WriteAsync(AssociateCodec.Encode(new AssociatePdu
            {
                IsRequest = true, CalledAeTitle = IntakeProcess.AeTitle, CallingAeTitle = "FAULTS",
                PresentationContexts = [new PresentationContext(ContextId, sopClass, [transferSyntax ?? TransferSyntax.ExplicitVRLittleEndian.Uid])],
            }), cancellationToken).ConfigureAwait(false);
            var (type, body) = await sender.ReadPduAsync(cancellationToken).ConfigureAwait(false);
            if (type != 0x02)
            {
                throw new IOException($"The peer answered the association with a PDU of type {type}.");
            }

            var accepted = AssociateCodec.Decode(body, isRequest: false);
            if (accepted.PresentationContexts is not [{ Result: 0 }])
            {
                throw new IOException("The peer did not accept the presentation context.");
            }

            sender._fragment = (int)Math.Clamp(accepted.MaximumLength == 0 ? 65536 : accepted.MaximumLength, 1024, 65536) - 6;
            return sender;
        }
        catch (SocketException e)
        {
            await sender.DisposeAsync().ConfigureAwait(false);
            throw new IOException("The peer is not there.", e);
        }
        catch
        {
            await sender.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends an object whole.</summary>
    /// <returns>Status of the response.</returns>
    /// <exception cref="IOException">The peer is gone: whether it has the object is not known.</exception>
    public async Task<ushort> StoreAsync(string sopClass, string sopInstance, ReadOnlyMemory<byte> dataSet, CancellationToken cancellationToken)
    {
        await SendPartAsync(sopClass, sopInstance, dataSet, dataSet.Length, cancellationToken).ConfigureAwait(false);
        var (type, body) = await ReadPduAsync(cancellationToken).ConfigureAwait(false);
        if (type != DataPdu)
        {
            throw new IOException($"The peer answered with a PDU of type {type}.");
        }

        var response = CommandSet.Decode(body.AsSpan(6));
        if (response.MessageId != _messageId)
        {
            throw new IOException("The peer answered another message.");
        }

        return response.Status ?? throw new IOException("The response has no status.");
    }

    public Task<ushort> StoreAsync(SmallObject item, CancellationToken cancellationToken) =>
        StoreAsync(SmallObjects.SopClass, item.SopInstanceUid, item.Bytes, cancellationToken);

    /// <summary>Sends the command and the first bytes of the data set only; the rest never comes unless all are sent.</summary>
    public async Task SendPartAsync(string sopClass, string sopInstance, ReadOnlyMemory<byte> dataSet, int bytes, CancellationToken cancellationToken)
    {
        var command = new CommandSet().With(0x0002, sopClass).With(0x0100, 0x0001).With(0x0110, ++_messageId).With(0x0700, 0).With(0x0800, 0x0001).With(0x1000, sopInstance);
        await SendFragmentAsync(command.Encode(), isCommand: true, isLast: true, cancellationToken).ConfigureAwait(false);
        var sent = 0;
        do
        {
            var length = Math.Min(_fragment, bytes - sent);
            await SendFragmentAsync(dataSet.Slice(sent, length), isCommand: false, sent + length == dataSet.Length, cancellationToken).ConfigureAwait(false);
            sent += length;
        }
        while (sent < bytes);
    }

    private async Task SendFragmentAsync(ReadOnlyMemory<byte> fragment, bool isCommand, bool isLast, CancellationToken cancellationToken)
    {
        var pdu = new byte[12 + fragment.Length];
        pdu[0] = DataPdu;
        BinaryPrimitives.WriteInt32BigEndian(pdu.AsSpan(2), 6 + fragment.Length);
        BinaryPrimitives.WriteInt32BigEndian(pdu.AsSpan(6), 2 + fragment.Length);
        pdu[10] = ContextId;
        pdu[11] = (byte)((isCommand ? 1 : 0) | (isLast ? 2 : 0));
        fragment.CopyTo(pdu.AsMemory(12));
        await _stream.WriteAsync(pdu, cancellationToken).ConfigureAwait(false);
    }

    private async Task<(byte Type, byte[] Body)> ReadPduAsync(CancellationToken cancellationToken)
    {
        var header = new byte[6];
        await _stream.ReadExactlyAsync(header, cancellationToken).ConfigureAwait(false);
        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(2))];
        await _stream.ReadExactlyAsync(body, cancellationToken).ConfigureAwait(false);
        return (header[0], body);
    }

    /// <summary>Closes the connection as a crashed sender does: by a reset.</summary>
    public void Drop() => _client.Client.Close(0);

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
