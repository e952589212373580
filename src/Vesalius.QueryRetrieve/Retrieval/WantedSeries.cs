using Vesalius.Dicom;
using Vesalius.Import;

namespace Vesalius.QueryRetrieve;

/// <summary>Series of a study that somebody chose.</summary>
/// <param name="Uids">By Series Instance UID; where there are any, descriptions only say what these are called.</param>
/// <param name="Descriptions">By description, in whatever case.</param>
public sealed record ChosenSeries(IReadOnlyCollection<string> Uids, IReadOnlyCollection<string> Descriptions)
{
    /// <summary>Nobody chose: all of them.</summary>
    public bool AreAll => Uids.Count == 0 && Descriptions.Count == 0;

    /// <summary>True for one that was chosen.</summary>
    public bool Have(SeriesAnswer series)
    {
        ArgumentNullException.ThrowIfNull(series);
        return AreAll || (Uids.Count > 0 ? Uids.Contains(series.SeriesInstanceUid) : Descriptions.Contains(series.SeriesDescription, StringComparer.OrdinalIgnoreCase));
    }
}

/// <summary>Which series of a study are to be fetched: those that were chosen, less those that a series filter would keep out as the query's answer shows (R7).</summary>
public sealed class WantedSeries(SeriesFilters filters)
{
    /// <summary>Asks a PACS for a study's series.</summary>
    /// <param name="dialogue">The PACS.</param>
    /// <param name="study">Study Instance UID.</param>
    /// <param name="projectId">Project that they are for.</param>
    /// <param name="chosen">Series that were chosen.</param>
    /// <param name="hasScript">A script of the request may change what the filters look at, so that they cannot be asked beforehand.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Those to be fetched, and how many are left out by the filters.</returns>
    /// <exception cref="PacsException">It does not answer, or a filter in force cannot be applied.</exception>
    public async Task<(IReadOnlyList<SeriesAnswer> Series, int Unwanted)> OfAsync(
        IPacsDialogue dialogue, string study, string projectId, ChosenSeries chosen, bool hasScript, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(chosen);
        var all = (await dialogue.SeriesAsync(study, cancellationToken).ConfigureAwait(false)).Where(chosen.Have).ToList();
        var series = new List<SeriesAnswer>();
        try
        {
            foreach (var one in all)
            {
                if (hasScript || !await filters.ExcludeAsync(HeaderOf(one), projectId, cancellationToken).ConfigureAwait(false))
                {
                    series.Add(one);
                }
            }
        }
        catch (MalformedDicomException e)
        {
            throw new PacsException("A series import filter cannot be applied.", isAway: false, e);
        }

        return (series, all.Count - series.Count);
    }

    // What a query's answer shows of the headers that would come.
    private static DataSet HeaderOf(SeriesAnswer series)
    {
        var header = new DataSet();
        header.SetString(Tag.Modality, series.Modality);
        header.SetString(Tag.SeriesDescription, series.SeriesDescription);
        header.SetString(Tag.SeriesNumber, series.SeriesNumber);
        return header;
    }
}
