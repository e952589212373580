using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Extensions.Logging;

namespace Vesalius.Dicom.Network;

/// <summary>Performs the operations of one association: C-ECHO and C-STORE (PS3.7 §9.1.1, §9.1.5).</summary>
internal sealed class StoreProvider(
    PduConnection connection, IStoreHandler handler, AssociationInfo association, AssociatePdu request,
    IReadOnlyList<PresentationContext> answers, AssociationLimits limits, ILogger logger) : IAsyncDisposable
{
    private const ushort StoreRequestField = 0x0001;
    private const ushort EchoRequestField = 0x0030;
    private const ushort CancelRequestField = 0x0FFF;

    private readonly Dictionary<byte, (string AbstractSyntax, string TransferSyntax)> _contexts = request.PresentationContexts
        .Zip(answers).Where(p => p.Second.Result == 0).ToDictionary(p => p.First.Id, p => (p.First.AbstractSyntax, p.Second.TransferSyntaxes[0]));

    private readonly ArrayBufferWriter<byte> _command = new(512);
    private CommandSet? _current;
    private byte _contextId;
    private IObjectSink? _sink;
    private DimseStatus? _failure;

    /// <summary>Takes the presentation data values of one P-DATA-TF.</summary>
    /// <exception cref="PduException">They are out of place or malformed.</exception>
    public async ValueTask TakeAsync(ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        while (!body.IsEmpty)
        {
            if (body.Length < 6)
            {
                throw new PduException(PduFault.LengthBeyondPdu, "PS3.8 §9.3.5.1");
            }

            var length = ProviderAssociation.ReadLength(body);
            if (length < 2 || length > body.Length - 4)
            {
                throw new PduException(PduFault.LengthBeyondPdu, "PS3.8 §9.3.5.1");
            }

            var (contextId, control) = ReadControl(body);
            var fragment = body.Slice(6, length - 2);
            body = body.Slice(4 + length);
            if (!_contexts.ContainsKey(contextId))
            {
                throw new PduException(PduFault.ContextNotAccepted, "PS3.8 §9.3.5.1");
            }

            var isLast = (control & 2) != 0;
            if ((control & 1) != 0)
            {
                await TakeCommandAsync(contextId, fragment, isLast, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await TakeDataAsync(contextId, fragment, isLast, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static (byte ContextId, byte Control) ReadControl(ReadOnlySequence<byte> body)
    {
        Span<byte> bytes = stackalloc byte[6];
        body.Slice(0, 6).CopyTo(bytes);
        return (bytes[4], bytes[5]);
    }

    private async ValueTask TakeCommandAsync(byte contextId, ReadOnlySequence<byte> fragment, bool isLast, CancellationToken cancellationToken)
    {
        if (_current is not null)
        {
            throw new PduException(PduFault.FragmentOutOfPlace, "PS3.7 §6.3.1");
        }

        if (_command.WrittenCount + fragment.Length > limits.MaximumCommandLength)
        {
            throw new PduException(PduFault.TooLong, "PS3.7 §6.3.1");
        }

        foreach (var segment in fragment)
        {
            _command.Write(segment.Span);
        }

        if (!isLast)
        {
            return;
        }

        var command = CommandSet.Decode(_command.WrittenSpan);
        _command.ResetWrittenCount();
        if (command.CommandField == CancelRequestField || (command.CommandField & 0x8000) != 0)
        {
            // Nothing here can be cancelled, and a response is not answered.
            return;
        }

        _contextId = contextId;
        if (command.HasDataSet)
        {
            _current = command;
            Begin(command);
            return;
        }

        await RespondAsync(command, Answer(command), cancellationToken).ConfigureAwait(false);
    }

    private static DimseStatus Answer(CommandSet command) => command.CommandField switch
    {
        EchoRequestField => DimseStatus.Success,
        StoreRequestField => DimseStatus.CannotUnderstand("No data set"),
        _ => DimseStatus.UnrecognisedOperation,
    };

    private void Begin(CommandSet command)
    {
        _failure = null;
        if (command.CommandField != StoreRequestField)
        {
            _failure = DimseStatus.UnrecognisedOperation;
            return;
        }

        var (abstractSyntax, transferSyntax) = _contexts[_contextId];
        try
        {
            _sink = handler.BeginObject(new StoreRequest(
                command.GetText(0x0002) ?? abstractSyntax, command.GetText(0x1000) ?? "", transferSyntax, command.MessageId, command.GetText(0x1030), association));
        }
        catch (Exception e)
        {
            NetworkLog.ObjectFailed(logger, association.Id, e.GetType().Name);
            _failure = DimseStatus.OutOfResources("Cannot begin");
        }
    }

    private async ValueTask TakeDataAsync(byte contextId, ReadOnlySequence<byte> fragment, bool isLast, CancellationToken cancellationToken)
    {
        if (_current is not { } command || contextId != _contextId)
        {
            throw new PduException(PduFault.FragmentOutOfPlace, "PS3.8 §E.2");
        }

        if (_sink is not null && _failure is null)
        {
            await GuardAsync(static (sink, data, token) => sink.WriteAsync(data, token), fragment, cancellationToken).ConfigureAwait(false);
        }

        if (!isLast)
        {
            return;
        }

        var status = _failure ?? await CompleteAsync(cancellationToken).ConfigureAwait(false);
        await DropSinkAsync().ConfigureAwait(false);
        _current = null;
        await RespondAsync(command, status, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask GuardAsync(
        Func<IObjectSink, ReadOnlySequence<byte>, CancellationToken, ValueTask> act, ReadOnlySequence<byte> fragment, CancellationToken cancellationToken)
    {
        try
        {
            await act(_sink!, fragment, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The rest of the object is drained, so that the association goes on.
            NetworkLog.ObjectFailed(logger, association.Id, e.GetType().Name);
            _failure = e is MalformedDicomException ? DimseStatus.CannotUnderstand("Malformed data set") : DimseStatus.OutOfResources("Cannot store");
        }
    }

    private async ValueTask<DimseStatus> CompleteAsync(CancellationToken cancellationToken)
    {
        try
        {
            return _sink is null ? DimseStatus.OutOfResources("Cannot store") : await _sink.CompleteAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            NetworkLog.ObjectFailed(logger, association.Id, e.GetType().Name);
            return e is MalformedDicomException ? DimseStatus.CannotUnderstand("Malformed data set") : DimseStatus.OutOfResources("Cannot store");
        }
    }

    private async ValueTask RespondAsync(CommandSet command, DimseStatus status, CancellationToken cancellationToken)
    {
        var response = new CommandSet()
            .With(0x0100, (ushort)(command.CommandField | 0x8000))
            .With(0x0120, command.MessageId)
            .With(0x0800, 0x0101)
            .With(0x0900, status.Code);
        if (command.GetText(0x0002) is { } sopClass)
        {
            response.With(0x0002, sopClass);
        }

        if (command.GetText(0x1000) is { } sopInstance)
        {
            response.With(0x1000, sopInstance);
        }

        if (status.Comment is { } comment)
        {
            response.With(0x0902, comment, (byte)' ');
        }

        await connection.WriteAsync(DataPdu.Wrap(_contextId, isCommand: true, isLast: true, response.Encode()), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask DropSinkAsync()
    {
        if (_sink is { } sink)
        {
            _sink = null;
            await sink.DisposeAsync().ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => DropSinkAsync();
}

/// <summary>P-DATA-TF with one presentation data value (PS3.8 §9.3.5).</summary>
internal static class DataPdu
{
    public static byte[] Wrap(byte contextId, bool isCommand, bool isLast, ReadOnlySpan<byte> fragment)
    {
        var pdu = new byte[12 + fragment.Length];
        pdu[0] = (byte)PduType.Data;
        BinaryPrimitives.WriteUInt32BigEndian(pdu.AsSpan(2), (uint)(6 + fragment.Length));
        BinaryPrimitives.WriteUInt32BigEndian(pdu.AsSpan(6), (uint)(2 + fragment.Length));
        pdu[10] = contextId;
        pdu[11] = (byte)((isCommand ? 1 : 0) | (isLast ? 2 : 0));
        fragment.CopyTo(pdu.AsSpan(12));
        return pdu;
    }
}
