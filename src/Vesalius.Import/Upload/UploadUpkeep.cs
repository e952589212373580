using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Vesalius.Import;

/// <summary>Removes files that were sent in parts and that nobody came back for, once an hour.</summary>
public sealed class UploadUpkeep(ResumableUploads uploads, TimeProvider time, ILogger<UploadUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (uploads.RemoveExpired() is > 0 and var removed)
                {
                    ImportLog.UploadsExpired(logger, removed);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                ImportLog.UploadsNotExpired(logger, e.GetType().Name);
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
