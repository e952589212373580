using Vesalius.Access;

namespace Vesalius.Server.Security;

/// <summary>Removes sessions and tokens that have run out, once a minute.</summary>
internal sealed partial class AccessUpkeep(SessionDirectory sessions, AliasTokens tokens, TimeProvider time, ILogger<AccessUpkeep> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMinutes(1), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await sessions.SweepAsync(stoppingToken).ConfigureAwait(false);
                await tokens.SweepAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Failed(logger, e.GetType().Name);
            }
        }
    }

    [LoggerMessage(5010, LogLevel.Warning, "Removing what has run out failed: {Error}")]
    private static partial void Failed(ILogger logger, string error);
}
