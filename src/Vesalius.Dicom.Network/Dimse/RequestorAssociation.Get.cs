using System.Net;
using System.Runtime.CompilerServices;

namespace Vesalius.Dicom.Network;

/// <content>C-GET as user (PS3.4 §C.4.3): the objects come as C-STORE over the same association.</content>
public sealed partial class RequestorAssociation
{
    /// <summary>Fetches objects over this association and hands each to a handler, as a receiver would.</summary>
    /// <param name="model">Information model; its GET class must have been accepted.</param>
    /// <param name="identifier">Level and unique keys, see <see cref="QueryIdentifier"/>.</param>
    /// <param name="handler">Takes the objects in. Its sinks decide each object's status; a slow one holds the peer back. An object whose sink
    /// fails is answered with a failure, and the others go on.</param>
    /// <param name="priority">Priority.</param>
    /// <param name="cancellationToken">Cancels with C-CANCEL, as leaving the loop early does. Objects that the peer sends until it ends are still taken in.</param>
    /// <returns>Responses as they come; peers need not send any but the last, which has <see cref="RetrieveProgress.IsFinal"/>.</returns>
    /// <exception cref="AssociationException">The association ended before the last response. Objects taken in until then are safe.</exception>
    public async IAsyncEnumerable<RetrieveProgress> GetAsync(
        QueryModel model, DataSet identifier, IStoreHandler handler, DimsePriority priority = DimsePriority.Medium,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(handler);
        var context = RequireContext(model.GetUid);
        var exchange = await BeginAsync(context, CommandFields.Get, cancellationToken).ConfigureAwait(false);
        await using (exchange.ConfigureAwait(false))
        {
            await exchange.SendAsync(
                DimseCommands.Request(CommandFields.Get, exchange.MessageId, context.AbstractSyntax, hasDataSet: true, priority), identifier, cancellationToken).ConfigureAwait(false);
            var incoming = new IncomingStore(_channel!, handler, ToInfo(), _options, _logger);
            RetrieveProgress? progress = null;
            var isFinal = false;
            try
            {
                while (!isFinal)
                {
                    isFinal = await exchange.NextAsync(StepAsync, cancellationToken).ConfigureAwait(false);
                    yield return progress!;
                }
            }
            finally
            {
                if (!isFinal)
                {
                    await exchange.CancelAsync(StepAsync).ConfigureAwait(false);
                }
            }

            async Task<bool> StepAsync(CancellationToken token)
            {
                while (true)
                {
                    var message = await _channel!.ReceiveAsync(_options.Retrieve, token).ConfigureAwait(false);
                    if (exchange.IsResponse(message.Command))
                    {
                        progress = await ReadProgressAsync(exchange, message, token).ConfigureAwait(false);
                        return progress.IsFinal;
                    }

                    if (message.Command.CommandField != CommandFields.Store || !Request.Roles.Any(r => r.IsScp && r.SopClassUid == message.Context.AbstractSyntax))
                    {
                        throw new PduException(PduFault.UnexpectedMessage, "PS3.7 §9.3");
                    }

                    var status = await incoming.TakeAsync(message, token).ConfigureAwait(false);
                    await exchange.AnswerAsync(message.Context.Id, DimseCommands.Response(message.Command, status), token).ConfigureAwait(false);
                }
            }
        }
    }

    // Seen from the handler, the peer is the one who sends.
    private AssociationInfo ToInfo() => new(
        Id, Request.CalledAeTitle, Request.CallingAeTitle, RemoteAddress, ((IPEndPoint)_socket!.LocalEndPoint!).Port, Answer.ImplementationClassUid, Answer.ImplementationVersionName);
}
