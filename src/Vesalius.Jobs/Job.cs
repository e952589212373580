namespace Vesalius.Jobs;

/// <summary>States of a job.</summary>
public static class JobState
{
    /// <summary>May be taken.</summary>
    public const string Queued = "queued";
    /// <summary>Not before a time.</summary>
    public const string Waiting = "waiting";
    /// <summary>Until somebody resumes it.</summary>
    public const string Paused = "paused";
    /// <summary>A node works on it.</summary>
    public const string Running = "running";
    /// <summary>Will not run again.</summary>
    public const string Ended = "ended";
}

/// <summary>Work to add.</summary>
/// <param name="Kind">Which handler does it.</param>
/// <param name="Lane">What it competes for, for example <c>pacs:1</c>; the number of jobs that run at once is limited per lane.</param>
/// <param name="Payload">What the handler needs. Never anything identifiable: a key into the room's own table.</param>
/// <param name="Id">Its key, from <see cref="JobStore.ReserveAsync"/>; 0 for a new one.</param>
/// <param name="Batch">Jobs that belong together and take turns with other batches; null for none.</param>
/// <param name="Priority">Lower is earlier.</param>
/// <param name="NotBefore">Earliest start; null for at once.</param>
public sealed record NewJob(string Kind, string Lane, string Payload = "", long Id = 0, Guid? Batch = null, int Priority = 10, DateTimeOffset? NotBefore = null);

/// <summary>A job that this node has taken.</summary>
public sealed record TakenJob
{
    /// <summary>Key.</summary>
    public long Id { get; init; }

    /// <summary>Which handler does it.</summary>
    public string Kind { get; init; } = "";

    /// <summary>What it competes for.</summary>
    public string Lane { get; init; } = "";

    /// <summary>Batch; null for none.</summary>
    public Guid? Batch { get; init; }

    /// <summary>What the handler needs.</summary>
    public string Payload { get; init; } = "";

    /// <summary>Failed attempts before this one.</summary>
    public int Attempts { get; init; }

    /// <summary>Times that a node died or was lost while it worked on it.</summary>
    public int Interruptions { get; init; }

    /// <summary>Proof that the job is this node's; another's once the lease has run out.</summary>
    public Guid Lease { get; init; }
}

/// <summary>What a job is doing.</summary>
public sealed record JobStatus
{
    /// <summary>Key.</summary>
    public long Id { get; init; }

    /// <summary>One of <see cref="JobState"/>.</summary>
    public string State { get; init; } = "";

    /// <summary>What a running job is at, in the handler's words.</summary>
    public string Phase { get; init; } = "";

    /// <summary>Units done.</summary>
    public int Done { get; init; }

    /// <summary>Units in all; null if not known.</summary>
    public int? Total { get; init; }

    /// <summary>How it ended, in the handler's words; <c>cancelled</c> if somebody wished so; null while it has not.</summary>
    public string? Outcome { get; init; }

    /// <summary>Why it is in this state.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Failed attempts.</summary>
    public int Attempts { get; init; }

    /// <summary>Lower is earlier.</summary>
    public int Priority { get; init; }

    /// <summary>Earliest start of a waiting job.</summary>
    public DateTime? NotBefore { get; init; }
}

/// <summary>How many jobs of a lane are in a state.</summary>
public sealed record JobCount
{
    /// <summary>Kind of the jobs.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Lane, for example <c>pacs:3</c>.</summary>
    public string Lane { get; init; } = "";

    /// <summary>State of jobs that have not ended, outcome of those that have.</summary>
    public string State { get; init; } = "";

    /// <summary>Jobs.</summary>
    public long Count { get; init; }

    /// <summary>Last change of that which has been so for longest.</summary>
    public DateTime Oldest { get; init; }
}

/// <summary>What became of one run of a job.</summary>
public sealed record JobResult
{
    private JobResult()
    {
    }

    /// <summary>How it ended; null if it has to run again.</summary>
    public string? Outcome { get; private init; }

    /// <summary>Why. Carries nothing identifiable.</summary>
    public string Reason { get; private init; } = "";

    /// <summary>Pause before it runs again.</summary>
    public TimeSpan Pause { get; private init; }

    /// <summary>The run counts as a failed attempt.</summary>
    public bool IsFailedAttempt { get; private init; }

    /// <summary>The whole lane does not answer: no job is taken from it for a while, longer each time.</summary>
    public bool ClosesLane { get; private init; }

    /// <summary>How long the slot rests before the lane's next job may start in it.</summary>
    public TimeSpan Rest { get; init; }

    /// <summary>It has ended.</summary>
    public static JobResult Ended(string outcome, string reason = "") => new() { Outcome = outcome, Reason = reason };

    /// <summary>It failed and runs again after a pause.</summary>
    public static JobResult Retry(string reason, TimeSpan pause) => new() { Reason = reason, Pause = pause, IsFailedAttempt = true };

    /// <summary>It cannot run now, through no fault of its own.</summary>
    public static JobResult Postponed(string reason, TimeSpan pause) => new() { Reason = reason, Pause = pause };

    /// <summary>What the lane stands for does not answer.</summary>
    public static JobResult LaneTrouble(string reason) => new() { Reason = reason, ClosesLane = true };
}

/// <summary>How many jobs of a lane may run.</summary>
/// <param name="Parallel">Jobs at once; 0 while closed.</param>
/// <param name="Until">When this changes next; null if it does not.</param>
public readonly record struct LaneAllowance(int Parallel, DateTimeOffset? Until);

/// <summary>Pauses between attempts: each twice as long as the one before, up to a cap.</summary>
public static class GrowingPause
{
    /// <summary>The pause after some failed attempts.</summary>
    /// <param name="first">Pause after the first.</param>
    /// <param name="attempts">Failed attempts so far, from 1.</param>
    /// <param name="longest">Cap.</param>
    public static TimeSpan After(TimeSpan first, int attempts, TimeSpan longest)
    {
        var factor = Math.Pow(2, Math.Clamp(attempts - 1, 0, 30));
        var pause = first.TotalMilliseconds * factor;
        return pause >= longest.TotalMilliseconds ? (longest > first ? longest : first) : TimeSpan.FromMilliseconds(pause);
    }
}
