using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;
using Vesalius.Import;

namespace Vesalius.QueryRetrieve;

/// <summary>Speaks DIMSE: C-ECHO, C-FIND, and C-MOVE or C-GET over one association, opened when it is needed.</summary>
internal sealed class DimseDialogue(Pacs pacs, DqrPreferences preferences, PacsCertificate certificate, ObjectReceiver objects, ILogger logger) : IPacsDialogue
{
    // Of more classes than this each could not have a context per transfer syntax, and a peer that is no help names none: then the usual ones.
    private const int MostClasses = 60;
    private string? _classesOf;
    private IReadOnlyList<string> _classes = [];

    private RequestorAssociation? _association;

    private async Task<RequestorAssociation> OpenAsync(CancellationToken cancellationToken)
    {
        if (_association is { IsOpen: true } open)
        {
            return open;
        }

        await CloseAsync().ConfigureAwait(false);
        var options = DimseOptions.Of(pacs, preferences, certificate);
        var fetches = pacs.Way == RetrievalWay.Get;
        var proposal = QueryRetrieveProposal.Make(
            preferences.CallingAeTitle, QueryModel.StudyRoot, QueryRetrieveServices.Echo | QueryRetrieveServices.Find | (fetches ? QueryRetrieveServices.Get : QueryRetrieveServices.Move),
            pacs.SupportsExtendedNegotiations ? new QueryNegotiation(Relational: true, FuzzyNames: true) : null, _classes.Count > 0 ? _classes : null);
        try
        {
            return _association = await RequestorAssociation.OpenAsync(
                new RemoteApplication(pacs.Host!, pacs.QueryRetrievePort!.Value, pacs.AeTitle), proposal, options, logger, cancellationToken).ConfigureAwait(false);
        }
        catch (AssociationException e)
        {
            // Whatever the reason, no other request would fare better now.
            throw new PacsException($"The PACS cannot be reached: {DimseOptions.Describe(e)}.", isAway: true, e);
        }
    }

    public async Task EchoAsync(CancellationToken cancellationToken)
    {
        var association = await OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await association.EchoAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DimseStatusException e)
        {
            throw new PacsException("The PACS answered C-ECHO with a failure.", isAway: true, e);
        }
        catch (AssociationException e)
        {
            throw new PacsException($"The PACS does not answer: {DimseOptions.Describe(e)}.", isAway: true, e);
        }
    }

    public async IAsyncEnumerable<DataSet> FindAsync(QueryLevel level, IReadOnlyDictionary<Tag, string> keys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var association = await OpenAsync(cancellationToken).ConfigureAwait(false);
        DataSet identifier;
        try
        {
            identifier = QueryIdentifier.Make(level, keys, QueryIdentifier.UsualKeys(level));
        }
        catch (FormatException e)
        {
            throw new PacsException("A search value does not fit its attribute.", isAway: false, e);
        }

        var answers = association.FindAsync(QueryModel.StudyRoot, identifier, null, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (answers.ConfigureAwait(false))
        {
            while (await NextAsync(answers).ConfigureAwait(false))
            {
                yield return answers.Current;
            }
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<DataSet> answers)
    {
        try
        {
            return await answers.MoveNextAsync().ConfigureAwait(false);
        }
        catch (DimseStatusException e)
        {
            throw new PacsException($"The PACS refused the query ({e.Kind}, {e.Status.Code:X4}).", e.IsTransient, e);
        }
        catch (AssociationException e)
        {
            throw new PacsException($"The query was not answered: {DimseOptions.Describe(e)}.", e.Fault == AssociationFault.TimedOut, e);
        }
        catch (MalformedDicomException e)
        {
            throw new PacsException("An answer of the PACS cannot be read.", isAway: false, e);
        }
    }

    public async Task<RetrievalReport> RetrieveAsync(RetrievalTarget target, long request, string destination, Func<int, int?, Task> progress, CancellationToken cancellationToken)
    {
        if (pacs.Way == RetrievalWay.Get)
        {
            await ProposeClassesOfAsync(target.Study, cancellationToken).ConfigureAwait(false);
        }

        var association = await OpenAsync(cancellationToken).ConfigureAwait(false);
        var level = target.Instance is not null ? QueryLevel.Image : target.Series is not null ? QueryLevel.Series : QueryLevel.Study;
        var keys = new Dictionary<Tag, string> { [Tag.StudyInstanceUID] = target.Study };
        if (target.Series is not null)
        {
            keys[Tag.SeriesInstanceUID] = target.Series;
        }

        if (target.Instance is not null)
        {
            keys[Tag.SOPInstanceUID] = target.Instance;
        }

        RetrieveProgress? last = null;
        try
        {
            var identifier = QueryIdentifier.Make(level, keys);
            var responses = pacs.Way == RetrievalWay.Get
                ? association.GetAsync(QueryModel.StudyRoot, identifier, objects.HandlerFor(PacsConnections.SourceOf(pacs, request)), cancellationToken: cancellationToken)
                : association.MoveAsync(QueryModel.StudyRoot, identifier, destination, cancellationToken: cancellationToken);
            await foreach (var response in responses.ConfigureAwait(false))
            {
                last = response;
                if (response.Completed is { } completed)
                {
                    var sent = completed + (response.Warning ?? 0);
                    await progress(sent, response.Remaining is { } remaining ? sent + (response.Failed ?? 0) + remaining : null).ConfigureAwait(false);
                }
            }
        }
        catch (AssociationException e)
        {
            throw new PacsException($"The retrieval broke off: {DimseOptions.Describe(e)}.", isAway: false, e);
        }

        return Report(last!);
    }

    // Over C-GET only objects of proposed classes come, and an association has no room for all: those of the study, where the PACS names them.
    private async Task ProposeClassesOfAsync(string study, CancellationToken cancellationToken)
    {
        if (_classesOf == study)
        {
            return;
        }

        var classes = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var answer in FindAsync(QueryLevel.Study, new Dictionary<Tag, string> { [Tag.StudyInstanceUID] = study }, cancellationToken).ConfigureAwait(false))
        {
            classes.UnionWith(answer.GetStrings(Tag.SOPClassesInStudy).Select(c => c.Trim()).Where(c => c.Length > 0));
        }

        _classesOf = study;
        if (!classes.IsSubsetOf(_classes) || classes.Count == 0)
        {
            _classes = classes.Count is > 0 and <= MostClasses ? [.. classes] : [];
            await CloseAsync().ConfigureAwait(false);
        }
    }

    private static RetrievalReport Report(RetrieveProgress last)
    {
        int? sent = last.Completed is { } completed ? completed + (last.Warning ?? 0) : null;
        return last.IsWholeSuccess ? new RetrievalReport(true, sent, "") : last.Kind switch
        {
            DimseStatusKind.MoveDestinationUnknown => throw new PacsException("The PACS does not know the AE title of our receiver as a destination (A801).", isAway: false),
            DimseStatusKind.OutOfResources => new RetrievalReport(false, sent, $"The PACS is out of resources ({last.Status.Code:X4})."),
            DimseStatusKind.NotSupportedOrNotAuthorised => throw new PacsException($"The PACS does not let us retrieve ({last.Status.Code:X4}).", isAway: false),
            _ => new RetrievalReport(false, sent, $"The PACS reported {last.Failed ?? 0} failed objects (status {last.Status.Code:X4})."),
        };
    }

    private async ValueTask CloseAsync()
    {
        if (_association is { } association)
        {
            _association = null;
            try
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
                await association.ReleaseAsync(patience.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is AssociationException or OperationCanceledException)
            {
                // It is over either way.
            }

            await association.DisposeAsync().ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => CloseAsync();
}
