using System.Buffers;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;

namespace Vesalius.Testing;

/// <summary>One association that a <see cref="FaultyPacs"/> serves.</summary>
internal sealed class FaultyPacsAssociation(FaultyPacs pacs, Socket socket)
{
    private static readonly AssociationLimits Limits = new();
    private readonly PduConnection _connection = new(socket, Limits);
    private readonly CancellationTokenSource _broken = new();
    private AssociatePdu? _request;
    private DimseChannel? _channel;
    private Task<DimseMessage>? _next;

    /// <summary>Breaks the connection as a crash would: with a reset.</summary>
    public void Break()
    {
        try
        {
            _broken.Cancel();
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // It has ended meanwhile.
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _broken.Token);
        try
        {
            await ServeAsync(end.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException or PduException or TimeoutException)
        {
            // The peer left, or this PACS died.
        }
        finally
        {
            await _connection.DisposeAsync();
            socket.Dispose();
        }
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        if (await _connection.ReadAsync(Limits.Artim, cancellationToken) is not { Type: PduType.AssociateRq } pdu)
        {
            return;
        }

        _request = AssociateCodec.Decode(pdu.Body.ToArray(), isRequest: true);
        _connection.Advance(pdu.Body);
        if (pacs.Enter() is { } rejection)
        {
            await _connection.WriteAsync(PduConnection.Short(PduType.AssociateRj, rejection.Result, rejection.Source, rejection.Reason), cancellationToken);
            await _connection.DrainAsync(TimeSpan.FromSeconds(5), cancellationToken);
            return;
        }

        try
        {
            await AcceptAsync(cancellationToken);
            while (true)
            {
                var message = await NextAsync(cancellationToken);
                await PerformAsync(message, cancellationToken);
            }
        }
        finally
        {
            pacs.Leave();
        }
    }

    private async Task AcceptAsync(CancellationToken cancellationToken)
    {
        var answers = _request!.PresentationContexts.Select(Answer).ToList();
        var contexts = answers.Zip(_request.PresentationContexts).Where(p => p.First.Result == 0)
            .ToDictionary(p => p.First.Id, p => new NegotiatedContext(p.First.Id, p.Second.AbstractSyntax, p.First.TransferSyntaxes[0]));
        _channel = new DimseChannel(_connection, contexts, _request.MaximumLength, Limits, TakePduAsync);
        await _connection.WriteAsync(
            AssociateCodec.Encode(new AssociatePdu
            {
                IsRequest = false,
                CalledAeTitle = _request.CalledAeTitle,
                CallingAeTitle = _request.CallingAeTitle,
                PresentationContexts = answers,
                MaximumLength = (uint)Limits.MaximumPduLength,
                Roles = _request.Roles,
            }), cancellationToken);
    }

    private PresentationContext Answer(PresentationContext context)
    {
        var held = pacs.Catalogue.Objects.Where(o => o.Outgoing.SopClassUid == context.AbstractSyntax).Select(o => o.Outgoing.TransferSyntaxUid).ToHashSet();
        // A storage class is accepted with the first syntax that an object here has: nothing is transcoded.
        var syntax = context.TransferSyntaxes.FirstOrDefault(s => held.Count == 0 ? s is Uids.ImplicitVRLittleEndian or Uids.ExplicitVRLittleEndian : held.Contains(s));
        return syntax is null ? new PresentationContext(context.Id, "", [Uids.ImplicitVRLittleEndian], 4) : new PresentationContext(context.Id, "", [syntax]);
    }

    private async ValueTask TakePduAsync(PduType? type, ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        if (type == PduType.ReleaseRq)
        {
            await _connection.WriteAsync(PduConnection.Short(PduType.ReleaseRp), cancellationToken);
        }

        if (type != PduType.Data)
        {
            throw new IOException("The peer has ended the association.");
        }
    }

    // One read may be under way while an operation runs, so that C-CANCEL is seen.
    private async Task<DimseMessage> NextAsync(CancellationToken cancellationToken)
    {
        _next ??= _channel!.ReceiveAsync(Limits.Idle, cancellationToken).AsTask();
        var message = await _next;
        _next = null;
        return message;
    }

    private bool IsCancelRequested(CancellationToken cancellationToken)
    {
        _next ??= _channel!.ReceiveAsync(Limits.Idle, cancellationToken).AsTask();
        return _next.IsCompleted;
    }

    private async Task PerformAsync(DimseMessage message, CancellationToken cancellationToken)
    {
        var faults = pacs.Faults;
        switch (message.Command.CommandField)
        {
            case CommandFields.Echo:
                pacs.Operations.Enqueue("ECHO");
                await Task.Delay(faults.Delay, cancellationToken);
                await RespondAsync(message, DimseStatus.Success, null, cancellationToken);
                return;
            case CommandFields.Find or CommandFields.Move or CommandFields.Get:
                var bytes = await _channel!.ReadDataSetAsync(1 << 20, Limits.Idle, cancellationToken);
                var identifier = DataSetReader.Read(bytes, TransferSyntax.Find(message.Context.TransferSyntax).Encoding);
                await PerformAsync(message, identifier, faults, cancellationToken);
                return;
            case CommandFields.Cancel:
                // It crossed the end of the operation.
                return;
            default:
                throw new PduException(PduFault.UnexpectedMessage, "PS3.7 §9.3");
        }
    }

    private async Task PerformAsync(DimseMessage message, DataSet identifier, PacsFaults faults, CancellationToken cancellationToken)
    {
        var operation = message.Command.CommandField;
        var level = identifier.GetString(Tag.QueryRetrieveLevel) ?? "";
        pacs.Operations.Enqueue($"{(operation == CommandFields.Find ? "FIND" : operation == CommandFields.Move ? "MOVE" : "GET")} {level}");
        await Task.Delay(faults.Delay, cancellationToken);
        if (faults.Refusal is { } refusal)
        {
            await RespondAsync(message, refusal, null, cancellationToken);
        }
        else if (operation == CommandFields.Find)
        {
            await FindAsync(message, identifier, faults, cancellationToken);
        }
        else
        {
            var share = pacs.BeginRetrieval(level == "IMAGE");
            try
            {
                await RetrieveAsync(message, identifier, faults, share, cancellationToken);
            }
            finally
            {
                pacs.EndRetrieval();
            }
        }
    }

    private async Task FindAsync(DimseMessage message, DataSet identifier, PacsFaults faults, CancellationToken cancellationToken)
    {
        foreach (var answer in pacs.Catalogue.Query(identifier, faults))
        {
            if (IsCancelRequested(cancellationToken))
            {
                await RespondAsync(message, new DimseStatus(0xFE00), null, cancellationToken);
                return;
            }

            await Task.Delay(faults.Delay, cancellationToken);
            await RespondAsync(message, new DimseStatus(0xFF00), answer, cancellationToken);
        }

        await RespondAsync(message, DimseStatus.Success, null, cancellationToken);
    }

    private async Task RetrieveAsync(
        DimseMessage message, DataSet identifier, PacsFaults faults, (bool IsHalf, bool IsDropped, int? DiesAfter) share, CancellationToken cancellationToken)
    {
        var isMove = message.Command.CommandField == CommandFields.Move;
        var port = 0;
        var destination = message.Command.GetText(0x0600) ?? "";
        if (isMove && !pacs.Destinations.TryGetValue(destination, out port))
        {
            await RespondAsync(message, new DimseStatus(0xA801), null, cancellationToken);
            return;
        }

        var objects = Chosen(identifier, faults, share.IsHalf);
        RequestorAssociation? receiver = null;
        var counts = new SubOperations(objects.Count);
        try
        {
            if (isMove && objects.Count > 0)
            {
                receiver = await OpenAsync(objects, destination, port, cancellationToken);
            }

            foreach (var one in objects)
            {
                if (share.DiesAfter <= counts.Done)
                {
                    pacs.Die();
                    throw new IOException("Died.");
                }

                if (share.IsDropped && counts.Done > 0)
                {
                    Break();
                    throw new IOException("Dropped.");
                }

                await Task.Delay(faults.Delay, cancellationToken);
                if (isMove && IsCancelRequested(cancellationToken))
                {
                    break;
                }

                var status = isMove
                    ? await StoreAsync(receiver, one, message, cancellationToken)
                    : await StoreBackAsync(one, message, counts, cancellationToken);
                Count(counts, one, status);
                if (counts.IsCancelled)
                {
                    break;
                }

                await RespondAsync(message, new DimseStatus(0xFF00), null, cancellationToken, counts);
            }
        }
        finally
        {
            if (receiver is not null)
            {
                await EndAsync(receiver, cancellationToken);
            }
        }

        await FinishAsync(message, counts, faults, cancellationToken);
    }

    private List<PacsObject> Chosen(DataSet identifier, PacsFaults faults, bool isHalf)
    {
        var wanted = pacs.Catalogue.Select(identifier);
        var studies = wanted.Select(o => o.Study).ToHashSet();
        var objects = wanted.Where(o => !faults.LackedInstances.Contains(o.Instance)).ToList();
        if (isHalf)
        {
            objects = [.. objects.GroupBy(o => o.Series).SelectMany(g => g.Where((_, i) => i % 2 == 0))];
        }

        if (faults.DeliversTwice)
        {
            objects = [.. objects.SelectMany(o => new[] { o, o })];
        }

        return [.. objects, .. pacs.Catalogue.Objects.Where(o => !studies.Contains(o.Study)).Take(faults.ForeignObjects)];
    }

    private void Count(SubOperations counts, PacsObject one, DimseStatus status)
    {
        switch (DimseStatuses.KindOf(status.Code))
        {
            case DimseStatusKind.Success:
                counts.Completed++;
                pacs.Delivered.Enqueue(one.Instance);
                break;
            case DimseStatusKind.Warning:
                counts.Warning++;
                pacs.Delivered.Enqueue(one.Instance);
                break;
            default:
                counts.FailedInstances.Add(one.Instance);
                break;
        }
    }

    private static async Task<RequestorAssociation?> OpenAsync(IReadOnlyList<PacsObject> objects, string destination, int port, CancellationToken cancellationToken)
    {
        try
        {
            var (proposal, _) = StorageProposal.Make(FaultyPacs.AeTitle, objects.Select(o => o.Outgoing)).First();
            return await RequestorAssociation.OpenAsync(new RemoteApplication("127.0.0.1", port, destination), proposal, new RequestorOptions(), NullLogger.Instance, cancellationToken);
        }
        catch (AssociationException)
        {
            // Every sub-operation fails then.
            return null;
        }
    }

    private async Task<DimseStatus> StoreAsync(RequestorAssociation? receiver, PacsObject one, DimseMessage message, CancellationToken cancellationToken)
    {
        try
        {
            return receiver is null
                ? DimseStatus.OutOfResources("Destination unreachable")
                : await receiver.StoreAsync(
                    one.Outgoing, new MoveOriginator(_request!.CallingAeTitle, message.Command.MessageId), DimsePriority.Medium, cancellationToken);
        }
        catch (AssociationException)
        {
            return DimseStatus.OutOfResources("Destination gone");
        }
    }

    private static async Task EndAsync(RequestorAssociation receiver, CancellationToken cancellationToken)
    {
        await using (receiver)
        {
            try
            {
                await receiver.ReleaseAsync(cancellationToken);
            }
            catch (AssociationException)
            {
                // It has ended already.
            }
        }
    }

    // C-GET: the object goes back over the same association, in which a cancel may come at any time.
    private async Task<DimseStatus> StoreBackAsync(PacsObject one, DimseMessage message, SubOperations counts, CancellationToken cancellationToken)
    {
        if (_channel!.Find(one.Outgoing.SopClassUid, one.Outgoing.TransferSyntaxUid) is not { } context
            || !_request!.Roles.Any(r => r.SopClassUid == one.Outgoing.SopClassUid && r.IsScp))
        {
            return DimseStatus.SopClassNotSupported;
        }

        var messageId = (ushort)(counts.Done + 1000);
        await using (var bytes = one.Outgoing.DataSet.OpenRead())
        {
            await _channel.SendAsync(context.Id, DimseCommands.Store(one.Outgoing, messageId, null, DimsePriority.Medium), bytes, cancellationToken);
        }

        while (true)
        {
            var answer = await NextAsync(cancellationToken);
            if (answer.Command.CommandField == CommandFields.Cancel)
            {
                counts.IsCancelled = answer.Command.GetUInt16(0x0120) == message.Command.MessageId;
            }
            else if (answer.Command.CommandField == (CommandFields.Store | CommandFields.Response) && answer.Command.GetUInt16(0x0120) == messageId)
            {
                return new DimseStatus(answer.Command.Status ?? 0xC000);
            }
            else
            {
                throw new PduException(PduFault.UnexpectedMessage, "PS3.7 §9.3");
            }
        }
    }

    private async Task FinishAsync(DimseMessage message, SubOperations counts, PacsFaults faults, CancellationToken cancellationToken)
    {
        var status = counts.Remaining > 0 ? new DimseStatus(0xFE00)
            : counts.FailedInstances.Count == 0 ? DimseStatus.Success
            : counts.Completed + counts.Warning == 0 ? new DimseStatus(0xA702) : new DimseStatus(0xB000);
        counts.Completed = Math.Max(0, counts.Completed + faults.CountError);
        DataSet? failed = null;
        if (counts.FailedInstances.Count > 0)
        {
            failed = new DataSet();
            failed.SetString(Tag.FailedSOPInstanceUIDList, string.Join('\\', counts.FailedInstances));
        }

        await RespondAsync(message, status, failed, cancellationToken, counts);
    }

    private async Task RespondAsync(DimseMessage message, DimseStatus status, DataSet? identifier, CancellationToken cancellationToken, SubOperations? counts = null)
    {
        var response = DimseCommands.Response(message.Command, status, identifier is not null);
        if (counts is not null)
        {
            // Remaining stands in responses that are pending or cancelled only (PS3.4 §C.4.2.1.6).
            if (status.Code is 0xFF00 or 0xFE00)
            {
                response.With(0x1020, (ushort)Math.Max(0, counts.Remaining));
            }

            response.With(0x1021, (ushort)counts.Completed).With(0x1022, (ushort)counts.FailedInstances.Count).With(0x1023, (ushort)counts.Warning);
        }

        var bytes = identifier is null ? [] : DataSetWriter.Encode(identifier, TransferSyntax.Find(message.Context.TransferSyntax).Encoding).ToArray();
        await _channel!.SendAsync(message.Context.Id, response, bytes.AsMemory(), cancellationToken);
    }

    private sealed class SubOperations(int total)
    {
        public int Completed { get; set; }

        public int Warning { get; set; }

        public List<string> FailedInstances { get; } = [];

        public bool IsCancelled { get; set; }

        public int Done => Completed + Warning + FailedInstances.Count;

        public int Remaining => total - Done;
    }
}
