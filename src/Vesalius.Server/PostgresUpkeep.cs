using Vesalius.Database;

namespace Vesalius.Server;

/// <summary>Starts the private PostgreSQL again when it died under the server, within seconds. Meanwhile objects are answered A700 and requests 503, and nothing acknowledged is lost.</summary>
/// <param name="postgres">The private cluster.</param>
/// <param name="logger">Receives what happened.</param>
internal sealed partial class PostgresUpkeep(PrivatePostgres postgres, ILogger<PostgresUpkeep> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                if (!postgres.IsRunning)
                {
                    await StartAgainAsync(stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        Ended(logger);
        try
        {
            await postgres.StartAsync(cancellationToken).ConfigureAwait(false);
            Started(logger);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Processes of the one that died may still hold its memory, or there is none left to start a process: tried again with the next tick, whatever it was.
            NotStarted(logger, e is PrivatePostgresException ? e.Message : e.GetType().Name);
        }
    }

    [LoggerMessage(5020, LogLevel.Error, "The private PostgreSQL has ended; starting it again")]
    private static partial void Ended(ILogger logger);

    [LoggerMessage(5021, LogLevel.Information, "The private PostgreSQL runs again")]
    private static partial void Started(ILogger logger);

    [LoggerMessage(5022, LogLevel.Error, "The private PostgreSQL could not be started: {Reason}")]
    private static partial void NotStarted(ILogger logger, string reason);
}
