namespace Vesalius.Prearchive;

/// <summary>How incoming data meets what is archived under the same label (rest-api §13.5).</summary>
public enum MergeMode
{
    /// <summary>An existing session is a conflict.</summary>
    None,
    /// <summary>New scans and files are added; a file that is there already is a conflict.</summary>
    Append,
    /// <summary>Incoming files replace those of the same name.</summary>
    Overwrite,
}

/// <summary>What to archive as what.</summary>
/// <param name="ProjectId">Target project.</param>
/// <param name="SubjectLabel">Target subject.</param>
/// <param name="SessionLabel">Target session.</param>
/// <param name="Merge">How to meet an existing session.</param>
/// <param name="OverwriteFiles">With append: files of the same name may be replaced.</param>
/// <param name="User">Who archives.</param>
public sealed record ArchiveRequest(string ProjectId, string SubjectLabel, string SessionLabel, MergeMode Merge, bool OverwriteFiles, string User)
{
    /// <summary>Only the same study may be merged: nobody chose the session by its label (R9).</summary>
    public bool SameStudyOnly { get; init; }

    /// <summary>The experiment begins in quarantine.</summary>
    public bool Quarantine { get; init; }

    /// <summary>Fields of the experiment by path, over what the headers say. <c>scans/scan[N]/…</c> counts scans from 0.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();
}

/// <summary>Thrown when a session cannot be archived; the session stays in the prearchive.</summary>
/// <param name="status">State that the session is left in.</param>
/// <param name="reason">Why, without values.</param>
public class ArchivingException(string status, string reason) : Exception(reason)
{
    /// <summary>State that the session is left in.</summary>
    public string Status { get; } = status;
}

/// <summary>Thrown when a session is no longer in the prearchive: archived or removed meanwhile.</summary>
public sealed class SessionGoneException() : ArchivingException(PrearchiveStatus.Error, "The session is no longer in the prearchive.");
