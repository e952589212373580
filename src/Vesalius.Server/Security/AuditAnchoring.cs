using Vesalius.Access;

namespace Vesalius.Server.Security;

/// <summary>Writes down where the audit trail ends: at the start, every five minutes in which rows came, and when the server stops (R26).</summary>
internal sealed partial class AuditAnchoring(AuditAnchors anchors, TimeProvider time, ILogger<AuditAnchoring> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await WriteAsync(stoppingToken).ConfigureAwait(false);
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        await WriteAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await anchors.WriteAsync(cancellationToken).ConfigureAwait(false) is { } anchor)
            {
                Anchored(logger, AuditAnchors.Text(anchor));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping writes the last one.
        }
        catch (Exception e)
        {
            // The trail itself goes on; the next round tries again.
            Failed(logger, e.GetType().Name);
        }
    }

    [LoggerMessage(5011, LogLevel.Information, "The audit trail ends at {Anchor}")]
    private static partial void Anchored(ILogger logger, string anchor);

    [LoggerMessage(5012, LogLevel.Error, "The end of the audit trail could not be written down: {Error}")]
    private static partial void Failed(ILogger logger, string error);
}
