using System.Runtime.CompilerServices;
using System.Text;

namespace Vesalius.Dicom.Network;

/// <summary>What a query's answers said besides their data sets. Filled while the answers are read.</summary>
public sealed class FindOutcome
{
    /// <summary>Answers so far.</summary>
    public int Matches { get; internal set; }

    /// <summary>True if the peer said of an answer that it did not use all optional keys (FF01): it may match more than was asked.</summary>
    public bool HasUnsupportedKeys { get; internal set; }

    /// <summary>Status of the last response; null until it came.</summary>
    public DimseStatus? FinalStatus { get; internal set; }
}

/// <content>C-FIND as user (PS3.4 §C.4.1).</content>
public sealed partial class RequestorAssociation
{
    /// <summary>Queries the peer. Answers come as they arrive; whoever reads slowly holds the peer back.</summary>
    /// <param name="model">Information model; its FIND class must have been accepted.</param>
    /// <param name="identifier">Level and keys, see <see cref="QueryIdentifier"/>.</param>
    /// <param name="outcome">Receives what is said besides; may be null.</param>
    /// <param name="cancellationToken">Cancels the query with C-CANCEL; the association stays usable if the peer ends it in time. Leaving the
    /// loop early does the same.</param>
    /// <exception cref="DimseStatusException">The peer ended the query with a failure.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    /// <exception cref="MalformedDicomException">An answer cannot be read; the query is cancelled.</exception>
    public async IAsyncEnumerable<DataSet> FindAsync(
        QueryModel model, DataSet identifier, FindOutcome? outcome = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        outcome ??= new FindOutcome();
        var context = RequireContext(model.FindUid);
        var exchange = await BeginAsync(context, CommandFields.Find, cancellationToken).ConfigureAwait(false);
        await using (exchange.ConfigureAwait(false))
        {
            await exchange.SendAsync(
                DimseCommands.Request(CommandFields.Find, exchange.MessageId, context.AbstractSyntax, hasDataSet: true, DimsePriority.Medium), identifier, cancellationToken).ConfigureAwait(false);
            DataSet? match = null;
            CommandSet? last = null;
            var isFinal = false;
            try
            {
                while (!(isFinal = await exchange.NextAsync(StepAsync, cancellationToken).ConfigureAwait(false)))
                {
                    if (match is { } answer)
                    {
                        outcome.Matches++;
                        yield return answer;
                    }
                }
            }
            finally
            {
                if (!isFinal)
                {
                    await exchange.CancelAsync(StepAsync).ConfigureAwait(false);
                }
            }

            outcome.FinalStatus = StatusOf(last!);
            ThrowIfFailed(last!);

            async Task<bool> StepAsync(CancellationToken token)
            {
                match = null;
                var response = await exchange.ReceiveResponseAsync(_options.Response, token).ConfigureAwait(false);
                last = response.Command;
                var kind = DimseStatuses.KindOf(response.Command.Status ?? 0xC000);
                outcome.HasUnsupportedKeys |= kind == DimseStatusKind.PendingWithUnsupportedKeys;
                if (response.Command.HasDataSet)
                {
                    match = Understand(await exchange.ReadIdentifierAsync(_options.Response, token).ConfigureAwait(false));
                }

                return kind is not (DimseStatusKind.Pending or DimseStatusKind.PendingWithUnsupportedKeys);
            }
        }
    }

    // A peer that sends more than ASCII without saying in which set is taken at our configuration's word.
    private DataSet Understand(DataSet answer)
    {
        if (_options.AssumedCharacterSet is { } assumed && string.IsNullOrEmpty(answer.GetString(Tag.SpecificCharacterSet))
            && answer.Any(e => e is ValueElement value && value.Vr.UsesCharacterSet && !Ascii.IsValid(value.Bytes.Span)))
        {
            answer.SetString(Tag.SpecificCharacterSet, assumed);
        }

        return answer;
    }
}
