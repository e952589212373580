namespace Vesalius.Dicom.Network;

/// <content>One operation from its request to its last response: C-ECHO, and what all operations share.</content>
public sealed partial class RequestorAssociation
{
    /// <summary>Asks the peer whether it understands us (PS3.7 §9.1.5). Needs an accepted context of Verification.</summary>
    /// <exception cref="DimseStatusException">The peer answered a failure.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public async Task EchoAsync(CancellationToken cancellationToken)
    {
        var context = RequireContext(Uids.Verification);
        var exchange = await BeginAsync(context, CommandFields.Echo, cancellationToken).ConfigureAwait(false);
        await using (exchange.ConfigureAwait(false))
        {
            await exchange.SendAsync(DimseCommands.Request(CommandFields.Echo, exchange.MessageId, context.AbstractSyntax, hasDataSet: false), (Stream?)null, cancellationToken).ConfigureAwait(false);
            var response = await GuardAsync(() => exchange.ReceiveResponseAsync(_options.Response, cancellationToken), cancellationToken).ConfigureAwait(false);
            ThrowIfFailed(response.Command);
        }
    }

    private NegotiatedContext RequireContext(string sopClassUid) => FindContext(sopClassUid) ?? throw new AssociationException(
        _end is { } end and not AssociationFault.Closed ? end : AssociationFault.ContextNotAccepted, UidDictionary.Find(sopClassUid)?.Keyword);

    private static DimseStatus StatusOf(CommandSet response) => new(response.Status ?? 0xC000, response.GetText(0x0902));

    private static void ThrowIfFailed(CommandSet response)
    {
        var status = StatusOf(response);
        if (DimseStatuses.KindOf(status.Code) is not (DimseStatusKind.Success or DimseStatusKind.Warning))
        {
            throw new DimseStatusException(status, response.GetTags(0x0901));
        }
    }

    private async ValueTask<Exchange> BeginAsync(NegotiatedContext context, ushort commandField, CancellationToken cancellationToken)
    {
        await _operation.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!IsOpen)
        {
            _operation.Release();
            throw new AssociationException(AssociationFault.Closed, _end?.ToString());
        }

        DisarmIdle();
        return new Exchange(this, context, commandField, (ushort)((Interlocked.Increment(ref _messageId) % 0xFFFF) + 1));
    }

    /// <summary>An operation that runs. Disposed, it lets the next one begin.</summary>
    private sealed class Exchange(RequestorAssociation association, NegotiatedContext context, ushort commandField, ushort messageId) : IAsyncDisposable
    {
        private readonly CancellationTokenSource _grace = new();
        private readonly SemaphoreSlim _writing = new(1);
        private Task<bool>? _pending;

        public ushort MessageId { get; } = messageId;

        public NegotiatedContext Context { get; } = context;

        public TransferSyntax Syntax { get; } = TransferSyntax.Find(context.TransferSyntax);

        public Task SendAsync(CommandSet command, Stream? dataSet, CancellationToken cancellationToken) =>
            association.GuardAsync(() => WriteAsync(Context.Id, command, dataSet, cancellationToken), cancellationToken);

        /// <summary>Answers a request that the peer makes within this operation. Part of a step, which is guarded as a whole.</summary>
        public Task AnswerAsync(byte contextId, CommandSet command, CancellationToken cancellationToken) => WriteAsync(contextId, command, null, cancellationToken);

        // One message at a time: a cancel may fall due while an answer is being written.
        private async Task WriteAsync(byte contextId, CommandSet command, Stream? dataSet, CancellationToken cancellationToken)
        {
            await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await association._channel!.SendAsync(contextId, command, dataSet, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _writing.Release();
            }
        }

        public async Task SendAsync(CommandSet command, DataSet identifier, CancellationToken cancellationToken)
        {
            using var bytes = new MemoryStream(DataSetWriter.Encode(identifier, Syntax.Encoding).ToArray(), writable: false);
            await SendAsync(command, bytes, cancellationToken).ConfigureAwait(false);
        }

        /// <summary>Waits for the response to this operation.</summary>
        public async Task<DimseMessage> ReceiveResponseAsync(TimeSpan timeout, CancellationToken cancellationToken)
        {
            var message = await association._channel!.ReceiveAsync(timeout, cancellationToken).ConfigureAwait(false);
            return IsResponse(message.Command) ? message : throw new PduException(PduFault.UnexpectedMessage, "PS3.7 §9.3");
        }

        public bool IsResponse(CommandSet command) =>
            command.CommandField == (commandField | CommandFields.Response) && command.GetUInt16(0x0120) == MessageId;

        /// <summary>Reads the identifier that a response brings.</summary>
        public async Task<DataSet> ReadIdentifierAsync(TimeSpan timeout, CancellationToken cancellationToken)
        {
            var bytes = await association._channel!.ReadDataSetAsync(association._options.MaximumIdentifierLength, timeout, cancellationToken).ConfigureAwait(false);
            return DataSetReader.Read(bytes, Syntax.Encoding);
        }

        /// <summary>Takes one step of the operation. The caller's token ends the wait, not the step: <see cref="CancelAsync"/> finishes that.</summary>
        /// <param name="step">Reads what comes next; true when the operation has ended.</param>
        /// <param name="cancellationToken">The caller's.</param>
        public async Task<bool> NextAsync(Func<CancellationToken, Task<bool>> step, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _pending = association.GuardAsync(() => step(_grace.Token), CancellationToken.None);
            var isFinal = await _pending.WaitAsync(cancellationToken).ConfigureAwait(false);
            _pending = null;
            return isFinal;
        }

        /// <summary>Sends C-CANCEL and reads on until the peer ends the operation, or aborts when it takes too long (PS3.7 §9.3.2.3).</summary>
        public async Task CancelAsync(Func<CancellationToken, Task<bool>> step)
        {
            try
            {
                if (!association.IsOpen)
                {
                    return;
                }

                _grace.CancelAfter(association._options.CancelGrace);
                await SendAsync(DimseCommands.Cancel(MessageId), (Stream?)null, CancellationToken.None).ConfigureAwait(false);
                while (!await StepAfterCancelAsync(step).ConfigureAwait(false))
                {
                }
            }
            catch (AssociationException)
            {
                // The association is gone; whoever uses it next is told.
            }
        }

        private async Task<bool> StepAfterCancelAsync(Func<CancellationToken, Task<bool>> step)
        {
            var current = _pending ?? association.GuardAsync(() => step(_grace.Token), CancellationToken.None);
            _pending = null;
            try
            {
                return await current.ConfigureAwait(false);
            }
            catch (MalformedDicomException)
            {
                // An answer that nobody wants any more.
                return false;
            }
        }

        public ValueTask DisposeAsync()
        {
            _grace.Dispose();
            _writing.Dispose();
            if (association.IsOpen)
            {
                association.ArmIdle();
            }

            association._operation.Release();
            return ValueTask.CompletedTask;
        }
    }
}
