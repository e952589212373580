using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Vesalius.Archive.Search;

/// <summary>Removes results that nobody reads any more: they are copies of data.</summary>
public sealed class SnapshotUpkeep(SearchSnapshots snapshots, TimeProvider time, ILogger<SnapshotUpkeep> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMinutes(15), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await snapshots.SweepAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                ArchiveLog.SnapshotSweepFailed(logger, e.GetType().Name);
            }
        }
    }
}
