using System.Runtime.CompilerServices;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;
using Vesalius.Import;

namespace Vesalius.QueryRetrieve;

/// <summary>Speaks DICOMweb: QIDO-RS and WADO-RS (xapi A.11).</summary>
internal sealed class DicomWebDialogue(Pacs pacs, ObjectReceiver objects, DicomWebOptions options) : IPacsDialogue
{
    private readonly DicomWebClient _client = new(options);

    private static string Describe(DicomWebException e) => e.Fault switch
    {
        DicomWebFault.Unreachable => "nobody answers at its address, or the connection broke",
        DicomWebFault.TimedOut => "it did not answer in time",
        DicomWebFault.NotAuthorised => "it does not let us; check its credentials",
        DicomWebFault.NotFound => "it has nothing there",
        DicomWebFault.NotAcceptable => "it cannot send objects as they are",
        DicomWebFault.Busy => "it is busy",
        DicomWebFault.InvalidAnswer => "its answer is no DICOMweb",
        _ => $"it refused or failed (status {(int?)e.Status})",
    };

    private static bool IsAway(DicomWebException e) => e.Fault is DicomWebFault.Unreachable or DicomWebFault.TimedOut or DicomWebFault.Busy or DicomWebFault.NotAuthorised;

    public async Task EchoAsync(CancellationToken cancellationToken)
    {
        // The first answer, or the news that there is none, will do.
        var answers = FindAsync(QueryLevel.Study, new Dictionary<Tag, string>(), cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (answers.ConfigureAwait(false))
        {
            await answers.MoveNextAsync().ConfigureAwait(false);
        }
    }

    public async IAsyncEnumerable<DataSet> FindAsync(QueryLevel level, IReadOnlyDictionary<Tag, string> keys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var answers = _client.FindAsync(level, keys, QueryIdentifier.UsualKeys(level).Where(t => !keys.ContainsKey(t)), cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (answers.ConfigureAwait(false))
        {
            while (await NextAsync(answers).ConfigureAwait(false))
            {
                yield return answers.Current;
            }
        }
    }

    private static async Task<bool> NextAsync<T>(IAsyncEnumerator<T> answers)
    {
        try
        {
            return await answers.MoveNextAsync().ConfigureAwait(false);
        }
        catch (DicomWebException e) when (e.Fault == DicomWebFault.NotFound)
        {
            // Some answer so to a study that they do not have.
            return false;
        }
        catch (DicomWebException e)
        {
            throw new PacsException($"The query was not answered: {Describe(e)}.", IsAway(e), e);
        }
    }

    public async Task<RetrievalReport> RetrieveAsync(RetrievalTarget target, long request, string destination, Func<int, int?, Task> progress, CancellationToken cancellationToken)
    {
        var source = PacsConnections.SourceOf(pacs, request);
        var (sent, bad) = (0, 0);
        try
        {
            await foreach (var file in _client.RetrieveAsync(target.Study, target.Series, target.Instance, cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    await objects.TakeFileAsync(file, source, cancellationToken).ConfigureAwait(false);
                    sent++;
                }
                catch (MalformedDicomException)
                {
                    bad++;
                }

                await progress(sent, null).ConfigureAwait(false);
            }
        }
        catch (DicomWebException e) when (e.Fault == DicomWebFault.NotFound)
        {
            return new RetrievalReport(false, sent, "The PACS says that it does not have it.");
        }
        catch (DicomWebException e)
        {
            // What came until then is safe; nothing at all means that no other request would fare better now.
            throw new PacsException($"The retrieval broke off: {Describe(e)}.", sent == 0 && IsAway(e), e);
        }
        catch (ArgumentException e)
        {
            throw new PacsException("The PACS named something by what is no UID.", isAway: false, e);
        }

        return new RetrievalReport(bad == 0, sent, bad == 0 ? "" : $"{bad} objects of the PACS cannot be read.");
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
