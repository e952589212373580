using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Vesalius.Prearchive;

/// <summary>Builds sessions when nothing came for a time that their door decides, sooner than the site's own quiet time. What a restart forgets is built after that.</summary>
public sealed class QuietSessions(SessionArchiver archiver, IdleSessionService idle, TimeProvider time, ILogger<QuietSessions> logger) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private readonly ConcurrentDictionary<long, DateTimeOffset> _due = new();

    /// <summary>Something came for a session; it is built when nothing more comes within the time given.</summary>
    public void Touch(long sessionId, TimeSpan quiet) => _due[sessionId] = time.GetUtcNow() + quiet;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                foreach (var due in _due.Where(d => d.Value <= time.GetUtcNow()).ToList())
                {
                    if (_due.TryRemove(due))
                    {
                        await FinishAsync(due.Key, stoppingToken).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task FinishAsync(long sessionId, CancellationToken cancellationToken)
    {
        try
        {
            await archiver.BuildAsync(sessionId, cancellationToken).ConfigureAwait(false);
            await idle.ArchiveIfWantedAsync(sessionId, cancellationToken).ConfigureAwait(false);
        }
        catch (ArchivingException e)
        {
            PrearchiveLog.NotArchived(logger, sessionId, e.Status);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            PrearchiveLog.LoopFailed(logger, e.GetType().Name);
        }
    }
}
