using Microsoft.Extensions.Logging;

namespace Vesalius.Dicom.Network;

/// <summary>Takes in the C-STORE requests that a peer sends over an association of ours.</summary>
internal sealed class IncomingStore(DimseChannel channel, IStoreHandler handler, AssociationInfo association, RequestorOptions options, ILogger logger)
{
    /// <summary>Takes in one object.</summary>
    /// <returns>What to answer: the sink's status, or a failure if it threw. The data set is read to its end either way.</returns>
    public async Task<DimseStatus> TakeAsync(DimseMessage request, CancellationToken cancellationToken)
    {
        if (!request.Command.HasDataSet)
        {
            return DimseStatus.CannotUnderstand("No data set");
        }

        DimseStatus? failure = null;
        IObjectSink? sink = null;
        try
        {
            try
            {
                sink = handler.BeginObject(new StoreRequest(
                    request.Command.GetText(0x0002) ?? request.Context.AbstractSyntax, request.Command.GetText(0x1000) ?? "", request.Context.TransferSyntax,
                    request.Command.MessageId, request.Command.GetText(0x1030), association));
            }
            catch (Exception e)
            {
                failure = StatusOf(e);
            }

            bool isLast;
            do
            {
                (var fragment, isLast) = await channel.ReadFragmentAsync(options.Response, cancellationToken).ConfigureAwait(false);
                if (failure is null)
                {
                    failure = await GuardAsync(async () =>
                    {
                        await sink!.WriteAsync(fragment, cancellationToken).ConfigureAwait(false);
                        return null;
                    }, cancellationToken).ConfigureAwait(false);
                }
            }
            while (!isLast);

            return failure
                ?? await GuardAsync(async () => await sink!.CompleteAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false)
                ?? DimseStatus.OutOfResources("Cannot store");
        }
        finally
        {
            if (sink is not null)
            {
                await sink.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<DimseStatus?> GuardAsync(Func<Task<DimseStatus?>> act, CancellationToken cancellationToken)
    {
        try
        {
            return await act().ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return StatusOf(e);
        }
    }

    private DimseStatus StatusOf(Exception e)
    {
        NetworkLog.ObjectFailed(logger, association.Id, e.GetType().Name);
        return e is MalformedDicomException ? DimseStatus.CannotUnderstand("Malformed data set") : DimseStatus.OutOfResources("Cannot store");
    }
}
