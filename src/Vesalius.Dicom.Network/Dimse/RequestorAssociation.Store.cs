namespace Vesalius.Dicom.Network;

/// <content>C-STORE as user (PS3.4 Annex B).</content>
public sealed partial class RequestorAssociation
{
    /// <summary>Sends an object as it is stored, piece by piece from its file: each PDU in one write, the next one read when the peer has taken it.</summary>
    /// <param name="outgoing">The object; its SOP class must have been accepted with its transfer syntax.</param>
    /// <param name="originator">The C-MOVE that it belongs to; null if none.</param>
    /// <param name="priority">Priority.</param>
    /// <param name="cancellationToken">Aborts the association: a message cannot be given up half-way.</param>
    /// <returns>The peer's status, whatever it is; the comment may hold values of patients, never log it.</returns>
    /// <exception cref="AssociationException">The peer did not accept the SOP class with this transfer syntax (the association lives on), or the association ended.</exception>
    /// <exception cref="InvalidDataException">The file could not be read to its end; the association is aborted.</exception>
    /// <exception cref="IOException">The file could not be opened; nothing was sent.</exception>
    public async Task<DimseStatus> StoreAsync(
        OutgoingObject outgoing, MoveOriginator? originator, DimsePriority priority, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(outgoing);
        var context = FindContext(outgoing.SopClassUid, outgoing.TransferSyntaxUid)
            ?? throw new AssociationException(_end is { } end and not AssociationFault.Closed ? end : AssociationFault.ContextNotAccepted, UidDictionary.Find(outgoing.SopClassUid)?.Keyword);
        var dataSet = outgoing.DataSet.OpenRead();
        await using (dataSet.ConfigureAwait(false))
        {
            var exchange = await BeginAsync(context, CommandFields.Store, cancellationToken).ConfigureAwait(false);
            await using (exchange.ConfigureAwait(false))
            {
                try
                {
                    await exchange.SendAsync(DimseCommands.Store(outgoing, exchange.MessageId, originator, priority), dataSet, cancellationToken).ConfigureAwait(false);
                }
                catch (InvalidDataException)
                {
                    await AbortAsync().ConfigureAwait(false);
                    throw;
                }

                var response = await GuardAsync(() => exchange.ReceiveResponseAsync(_options.Response, cancellationToken), cancellationToken).ConfigureAwait(false);
                return StatusOf(response.Command);
            }
        }
    }
}
