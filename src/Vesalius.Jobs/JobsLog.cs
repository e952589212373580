using Microsoft.Extensions.Logging;

namespace Vesalius.Jobs;

/// <summary>What the jobs room logs: keys and kinds.</summary>
internal static partial class JobsLog
{
    [LoggerMessage(7001, LogLevel.Error, "Job {Job} of kind {Kind} failed unexpectedly: {Error} {Place}")]
    public static partial void Failed(ILogger logger, long job, string kind, string error, string place);

    [LoggerMessage(7002, LogLevel.Warning, "Jobs: the database did not answer ({Error}); trying again")]
    public static partial void LoopFailed(ILogger logger, string error);

    [LoggerMessage(7003, LogLevel.Warning, "Job {Job} was lost to another node")]
    public static partial void Lost(ILogger logger, long job);

    [LoggerMessage(7004, LogLevel.Information, "{Count} jobs whose node is gone are queued again")]
    public static partial void Recovered(ILogger logger, int count);
}
