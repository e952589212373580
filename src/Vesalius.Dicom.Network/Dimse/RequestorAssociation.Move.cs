using System.Runtime.CompilerServices;

namespace Vesalius.Dicom.Network;

/// <content>C-MOVE as user (PS3.4 §C.4.2).</content>
public sealed partial class RequestorAssociation
{
    /// <summary>Asks the peer to send objects to a destination that it knows by AE title, and tells how far it is.</summary>
    /// <param name="model">Information model; its MOVE class must have been accepted.</param>
    /// <param name="identifier">Level and unique keys, see <see cref="QueryIdentifier"/>.</param>
    /// <param name="destinationAeTitle">Where to send them.</param>
    /// <param name="priority">Priority.</param>
    /// <param name="cancellationToken">Cancels with C-CANCEL, as leaving the loop early does.</param>
    /// <returns>Responses as they come; the last one has <see cref="RetrieveProgress.IsFinal"/>, whatever its status: a failure is not thrown,
    /// since its counts are worth having.</returns>
    /// <exception cref="AssociationException">The association ended before the last response.</exception>
    public async IAsyncEnumerable<RetrieveProgress> MoveAsync(
        QueryModel model, DataSet identifier, string destinationAeTitle, DimsePriority priority = DimsePriority.Medium,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(destinationAeTitle);
        var context = RequireContext(model.MoveUid);
        var exchange = await BeginAsync(context, CommandFields.Move, cancellationToken).ConfigureAwait(false);
        await using (exchange.ConfigureAwait(false))
        {
            var request = DimseCommands.Request(CommandFields.Move, exchange.MessageId, context.AbstractSyntax, hasDataSet: true, priority)
                .With(0x0600, destinationAeTitle.Trim(), (byte)' ');
            await exchange.SendAsync(request, identifier, cancellationToken).ConfigureAwait(false);
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
                var response = await exchange.ReceiveResponseAsync(_options.Retrieve, token).ConfigureAwait(false);
                progress = await ReadProgressAsync(exchange, response, token).ConfigureAwait(false);
                return progress.IsFinal;
            }
        }
    }

    private async Task<RetrieveProgress> ReadProgressAsync(Exchange exchange, DimseMessage response, CancellationToken cancellationToken)
    {
        if (!response.Command.HasDataSet)
        {
            return RetrieveProgress.Read(response.Command, null);
        }

        try
        {
            return RetrieveProgress.Read(response.Command, await exchange.ReadIdentifierAsync(_options.Response, cancellationToken).ConfigureAwait(false));
        }
        catch (MalformedDicomException)
        {
            // The counts hold even where the list of what failed cannot be read.
            return RetrieveProgress.Read(response.Command, null);
        }
    }
}
