using Microsoft.Extensions.Logging;

namespace Vesalius.Prearchive;

/// <summary>What the prearchive logs: our own ids and counts.</summary>
internal static partial class PrearchiveLog
{
    [LoggerMessage(3001, LogLevel.Information, "Prearchive session {Session} archived as {Experiment}")]
    public static partial void Archived(ILogger logger, long session, string experiment);

    [LoggerMessage(3002, LogLevel.Warning, "Prearchive session {Session} was not archived: {Reason}")]
    public static partial void NotArchived(ILogger logger, long session, string reason);

    [LoggerMessage(3003, LogLevel.Error, "Building idle sessions failed: {Error}")]
    public static partial void LoopFailed(ILogger logger, string error);

    [LoggerMessage(3004, LogLevel.Information, "Recovered the prearchive: {Files} files without a row removed")]
    public static partial void Recovered(ILogger logger, int files);

    [LoggerMessage(3005, LogLevel.Warning, "Files of archived sessions wait to be replaced: {Error}")]
    public static partial void StepsWait(ILogger logger, string error);

    [LoggerMessage(3006, LogLevel.Error, "The project's script did not run again over renamed session {Experiment}: {Reason}")]
    public static partial void RerunFailed(ILogger logger, string experiment, string reason);
}
