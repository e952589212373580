namespace Vesalius.Jobs;

/// <summary>Does the jobs of one kind.</summary>
public interface IJobHandler
{
    /// <summary>The kind.</summary>
    string Kind { get; }

    /// <summary>How many jobs of a lane may run now.</summary>
    ValueTask<LaneAllowance> AllowanceAsync(string lane, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Runs a job. It may run again from the start after a crash, so every step has to bear repetition.</summary>
    /// <param name="run">The job and how to report.</param>
    /// <param name="cancellationToken">Cancelled when the job is paused, cancelled or lost, or the server stops.</param>
    Task<JobResult> RunAsync(JobRun run, CancellationToken cancellationToken);

    /// <summary>Called after jobs ended, in whatever way, so that the room can tidy up. Not called if the node dies at that moment: rooms sweep at start.</summary>
    Task EndedAsync(IReadOnlyList<long> ids, CancellationToken cancellationToken);
}

/// <summary>A job under way.</summary>
/// <param name="job">The job.</param>
/// <param name="store">Where to report.</param>
public sealed class JobRun(TakenJob job, JobStore store)
{
    /// <summary>The job.</summary>
    public TakenJob Job => job;

    /// <summary>Says what the job is at.</summary>
    /// <param name="phase">In the handler's words.</param>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all; null if not known.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task ReportAsync(string phase, int done, int? total, CancellationToken cancellationToken) => store.ReportAsync(job, phase, done, total, cancellationToken);

    /// <summary>Says that the job is done with what its lane stands for and has only work of our own left, so that the next job of the lane may start.</summary>
    /// <param name="phase">In the handler's words.</param>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all; null if not known.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task LeaveLaneAsync(string phase, int done, int? total, CancellationToken cancellationToken) => store.LeaveLaneAsync(job, phase, done, total, cancellationToken);
}
