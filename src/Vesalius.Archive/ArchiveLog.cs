using Microsoft.Extensions.Logging;

namespace Vesalius.Archive;

/// <summary>What the archive logs: our own ids and counts.</summary>
internal static partial class ArchiveLog
{
    [LoggerMessage(2001, LogLevel.Error, "Writing catalogs failed: {Error}")]
    public static partial void CatalogsFailed(ILogger logger, string error);

    [LoggerMessage(2002, LogLevel.Error, "The end of a project, {End}, waits for the next start: {Error}")]
    public static partial void EndWaits(ILogger logger, Guid end, string error);

    [LoggerMessage(2040, LogLevel.Warning, "Removing search results that have run out failed: {Error}")]
    public static partial void SnapshotSweepFailed(ILogger logger, string error);
}
