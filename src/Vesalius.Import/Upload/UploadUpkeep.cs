using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Vesalius.Import;

/// <summary>Removes files that users sent to be imported later, and that nobody came back for, once an hour: those sent in parts, and those in users' caches.</summary>
public sealed class UploadUpkeep(ResumableUploads uploads, UserCache cache, UploadLimits limits, TimeProvider time, ILogger<UploadUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            Remove(uploads.RemoveExpired, ImportLog.UploadsExpired, ImportLog.UploadsNotExpired);
            Remove(() => cache.RemoveOlderThan(limits.CacheWait), ImportLog.CachesExpired, ImportLog.CachesNotExpired);
            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Remove(Func<int> remove, Action<ILogger, int> done, Action<ILogger, string> failed)
    {
        try
        {
            if (remove() is > 0 and var removed)
            {
                done(logger, removed);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failed(logger, e.GetType().Name);
        }
    }
}
