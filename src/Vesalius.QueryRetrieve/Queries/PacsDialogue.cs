using System.Runtime.CompilerServices;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;

namespace Vesalius.QueryRetrieve;

/// <summary>Thrown when a PACS does not do what it was asked. Names neither patient nor address.</summary>
/// <param name="reason">Why, in words.</param>
/// <param name="isAway">The PACS as a whole does not answer or take associations now; nothing is wrong with the request.</param>
/// <param name="inner">What caused it.</param>
public sealed class PacsException(string reason, bool isAway, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>The PACS as a whole does not answer now.</summary>
    public bool IsAway { get; } = isAway;
}

/// <summary>What to fetch.</summary>
/// <param name="Study">Study Instance UID.</param>
/// <param name="Series">Series Instance UID; null for the whole study.</param>
/// <param name="Instance">SOP Instance UID; null for the whole series.</param>
public sealed record RetrievalTarget(string Study, string? Series = null, string? Instance = null);

/// <summary>How a retrieval ended.</summary>
/// <param name="IsSuccess">The PACS spoke of no failure. Whether everything arrived is another question.</param>
/// <param name="Sent">Objects that the PACS says it sent; null if it does not say.</param>
/// <param name="Reason">What the PACS said; empty if all went well.</param>
public sealed record RetrievalReport(bool IsSuccess, int? Sent, string Reason);

/// <summary>Speaks with one PACS, in whatever protocol it knows. Not for concurrent use.</summary>
public interface IPacsDialogue : IAsyncDisposable
{
    /// <summary>Asks whether it is there.</summary>
    /// <exception cref="PacsException">It is not.</exception>
    Task EchoAsync(CancellationToken cancellationToken);

    /// <summary>Queries it; answers are passed on as they come.</summary>
    /// <exception cref="PacsException">It does not answer, or refuses.</exception>
    IAsyncEnumerable<DataSet> FindAsync(QueryLevel level, IReadOnlyDictionary<Tag, string> keys, CancellationToken cancellationToken);

    /// <summary>Has it send objects; those that come back by this very connection go to the intake.</summary>
    /// <param name="target">What.</param>
    /// <param name="request">Key of the request that they are for.</param>
    /// <param name="destination">AE title of our receiver, where the protocol needs one.</param>
    /// <param name="progress">Is told how many were sent, and of how many if it says so.</param>
    /// <param name="cancellationToken">Cancels, at the PACS too.</param>
    /// <exception cref="PacsException">It does not answer, or broke off.</exception>
    Task<RetrievalReport> RetrieveAsync(RetrievalTarget target, long request, string destination, Func<int, int?, Task> progress, CancellationToken cancellationToken);
}

/// <summary>Questions that every protocol answers the same way.</summary>
public static class PacsQuestions
{
    /// <summary>Studies that match. Keys that the PACS's rules do not trust are not used if others are left.</summary>
    public static async Task<IReadOnlyList<StudyAnswer>> StudiesAsync(this IPacsDialogue dialogue, SearchCriteria criteria, IdentityRules rules, int most, CancellationToken cancellationToken)
    {
        var found = new List<StudyAnswer>();
        await foreach (var study in dialogue.EachStudyAsync(criteria, rules, most, cancellationToken).ConfigureAwait(false))
        {
            found.Add(study);
        }

        return found;
    }

    /// <summary>Studies that match, each once, as the PACS names them; for people who want to see the first before the last is there.</summary>
    /// <exception cref="PacsException">It does not answer, refuses, or broke off.</exception>
    public static async IAsyncEnumerable<StudyAnswer> EachStudyAsync(
        this IPacsDialogue dialogue, SearchCriteria criteria, IdentityRules rules, int most, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dialogue);
        ArgumentNullException.ThrowIfNull(criteria);
        var used = criteria.Trusted(rules);
        var keys = new Dictionary<Tag, string>();
        void Add(Tag tag, string? value)
        {
            if (!string.IsNullOrWhiteSpace(value))
            {
                keys[tag] = value.Trim();
            }
        }

        Add(Tag.StudyInstanceUID, used.StudyInstanceUid);
        Add(Tag.AccessionNumber, used.AccessionNumber);
        Add(Tag.PatientID, used.PatientId);
        Add(Tag.PatientName, used.PatientName);
        Add(Tag.PatientBirthDate, used.BirthDate);
        Add(Tag.StudyDate, used.StudyDate);
        Add(Tag.StudyID, used.StudyId);
        Add(Tag.ModalitiesInStudy, used.Modality);
        var found = new HashSet<string>(StringComparer.Ordinal);
        // A series has no place in a question about studies (PS3.4 §C.6.2.1.2): the studies that it is in are asked for.
        var questions = used.SeriesInstanceUid is { } series ? (await dialogue.StudiesOfAsync(series, used.StudyInstanceUid, cancellationToken).ConfigureAwait(false))
            .Select(study => new Dictionary<Tag, string>(keys) { [Tag.StudyInstanceUID] = study }).ToList() : [keys];
        foreach (var question in questions)
        {
            await foreach (var answer in dialogue.FindAsync(QueryLevel.Study, question, cancellationToken).ConfigureAwait(false))
            {
                if (StudyAnswer.Read(answer) is { } study && found.Add(study.StudyInstanceUid))
                {
                    yield return study;
                }

                if (found.Count >= most)
                {
                    yield break;
                }
            }
        }
    }

    private static async Task<IReadOnlyCollection<string>> StudiesOfAsync(this IPacsDialogue dialogue, string seriesInstanceUid, string? studyInstanceUid, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<Tag, string> { [Tag.SeriesInstanceUID] = seriesInstanceUid };
        if (studyInstanceUid is not null)
        {
            keys[Tag.StudyInstanceUID] = studyInstanceUid;
        }

        var studies = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var answer in dialogue.FindAsync(QueryLevel.Series, keys, cancellationToken).ConfigureAwait(false))
        {
            if ((answer.GetString(Tag.StudyInstanceUID)?.Trim() is { Length: > 0 } named ? named : studyInstanceUid) is { } study)
            {
                studies.Add(study);
            }
        }

        return studies;
    }

    /// <summary>Series of a study.</summary>
    public static async Task<IReadOnlyList<SeriesAnswer>> SeriesAsync(this IPacsDialogue dialogue, string studyInstanceUid, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dialogue);
        var found = new Dictionary<string, SeriesAnswer>(StringComparer.Ordinal);
        await foreach (var answer in dialogue.FindAsync(QueryLevel.Series, new Dictionary<Tag, string> { [Tag.StudyInstanceUID] = studyInstanceUid }, cancellationToken).ConfigureAwait(false))
        {
            if (SeriesAnswer.Read(answer) is { } series)
            {
                found.TryAdd(series.SeriesInstanceUid, series);
            }
        }

        return [.. found.Values];
    }

    /// <summary>Instances of a series; none from a PACS that does not answer at this level.</summary>
    public static async Task<IReadOnlyList<string>> InstancesAsync(this IPacsDialogue dialogue, string studyInstanceUid, string seriesInstanceUid, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dialogue);
        var found = new HashSet<string>(StringComparer.Ordinal);
        var keys = new Dictionary<Tag, string> { [Tag.StudyInstanceUID] = studyInstanceUid, [Tag.SeriesInstanceUID] = seriesInstanceUid };
        await foreach (var answer in dialogue.FindAsync(QueryLevel.Image, keys, cancellationToken).ConfigureAwait(false))
        {
            if (answer.GetString(Tag.SOPInstanceUID)?.Trim() is { Length: > 0 } instance)
            {
                found.Add(instance);
            }
        }

        return [.. found];
    }
}
