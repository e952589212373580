using Vesalius.Jobs;

namespace Vesalius.Import;

/// <summary>How an import from the inbox ended.</summary>
public static class InboxOutcome
{
    /// <summary>What the folder holds is in the prearchive or the archive.</summary>
    public const string Complete = "complete";

    /// <summary>Nothing was taken, or what was taken could not go where it was to go.</summary>
    public const string Failed = "failed";
}

/// <summary>How far an import from the inbox is; a run that was interrupted goes on from here.</summary>
public sealed record InboxProgress
{
    /// <summary>Files that the folder held when they were last counted.</summary>
    public int Files { get; init; }

    /// <summary>Files dealt with.</summary>
    public int Read { get; init; }

    /// <summary>Of these, files that hold no DICOM object or cannot be read.</summary>
    public int Skipped { get; init; }

    /// <summary>Objects stored.</summary>
    public int Stored { get; init; }

    /// <summary>Objects in quarantine.</summary>
    public int Quarantined { get; init; }

    /// <summary>Objects that the site script rejected.</summary>
    public int Rejected { get; init; }

    /// <summary>Objects that are not wanted.</summary>
    public int Refused { get; init; }

    /// <summary>The last file dealt with, below the inbox; files are read in ordinal order.</summary>
    public string? Reached { get; init; }

    /// <summary>Files that are stored and still have to be deleted, below the inbox.</summary>
    public string[] Deleting { get; init; } = [];

    /// <summary>All files were dealt with; building and archiving are left.</summary>
    public bool IsRead { get; init; }

    /// <summary>Prearchive sessions that objects went to.</summary>
    public long[] Sessions { get; init; } = [];

    /// <summary>Adds what a file held.</summary>
    public InboxProgress With(UploadResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return this with
        {
            Stored = Stored + result.Stored, Quarantined = Quarantined + result.Quarantined, Rejected = Rejected + result.Rejected, Refused = Refused + result.Refused,
            Sessions = result.SessionIds.All(Sessions.Contains) ? Sessions : [.. Sessions.Union(result.SessionIds).Order()],
        };
    }
}

/// <summary>What is to be imported from the inbox.</summary>
/// <param name="Username">Who asked.</param>
/// <param name="ProjectId">Project that is named; null if none is.</param>
/// <param name="Path">File or folder below the inbox.</param>
/// <param name="Parameters">Parameters of the import service that came with it.</param>
/// <param name="Cleanup">Delete files that were taken.</param>
/// <param name="Queue">Progress queue that is told; null for none.</param>
public sealed record NewInboxRequest(string Username, string? ProjectId, string Path, IReadOnlyDictionary<string, string> Parameters, bool Cleanup, string? Queue);

/// <summary>A request to import from the inbox, with what its job is doing.</summary>
public sealed record InboxRequest
{
    /// <summary>Key, the job's too.</summary>
    public long Id { get; init; }

    /// <summary>Who asked.</summary>
    public string Username { get; init; } = "";

    /// <summary>File or folder below the inbox; null once the import is complete.</summary>
    public string? Path { get; init; }

    /// <summary>Parameters of the import service; none once the import is complete.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();

    /// <summary>Files that were taken are deleted.</summary>
    public bool Cleanup { get; init; }

    /// <summary>Progress queue that is told; null for none.</summary>
    public string? Queue { get; init; }

    /// <summary>When it was asked for.</summary>
    public DateTime Created { get; init; }

    /// <summary>Last change of its job.</summary>
    public DateTime Changed { get; init; }

    /// <summary>How far it is.</summary>
    public InboxProgress Progress { get; init; } = new();

    /// <summary>State of its job, one of <see cref="JobState"/>.</summary>
    public string State { get; init; } = "";

    /// <summary>How it ended; null while it has not.</summary>
    public string? Outcome { get; init; }

    /// <summary>What came of it, or why it waits.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Its state in XNAT's words: <c>Queued</c>; <c>Importing</c> while files are read; <c>Accepted</c> when all are stored; <c>Completed</c>; <c>Failed</c>.</summary>
    public string Status => State == JobState.Ended ? Outcome == InboxOutcome.Complete ? "Completed" : "Failed"
        : State != JobState.Running ? "Queued" : Progress.IsRead ? "Accepted" : "Importing";
}
