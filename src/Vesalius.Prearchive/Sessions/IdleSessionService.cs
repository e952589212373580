using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vesalius.Access;
using Vesalius.Archive;

namespace Vesalius.Prearchive;

/// <summary>Builds sessions after quiet time and archives them where the project says so (xapi B.7).</summary>
public sealed class IdleSessionService(
    PrearchiveStore store, SessionArchiver archiver, ProjectDirectory projects, SiteSettings settings, TimeProvider time, ILogger<IdleSessionService> logger) : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = LongestPause;
            try
            {
                var repeat = TimeSpan.FromMilliseconds(await settings.NumberAsync("sessionXmlRebuilderRepeat", stoppingToken).ConfigureAwait(false));
                pause = TimeSpan.FromMilliseconds(Math.Clamp(repeat.TotalMilliseconds, 200, LongestPause.TotalMilliseconds));
                await RunOnceAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                PrearchiveLog.LoopFailed(logger, e.GetType().Name);
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await archiver.FinishAsync(cancellationToken).ConfigureAwait(false);
        var silence = TimeSpan.FromMinutes(await settings.NumberAsync("sessionXmlRebuilderInterval", cancellationToken).ConfigureAwait(false));
        foreach (var session in await store.IdleAsync(silence, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                foreach (var built in await archiver.BuildAsync(session.Id, cancellationToken).ConfigureAwait(false))
                {
                    await ArchiveIfWantedAsync(built, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (ArchivingException e)
            {
                // One session's trouble is not the others'.
                PrearchiveLog.NotArchived(logger, session.Id, e.Status);
            }
        }

        // An upload is built as soon as it is here, and waits for more of its kind.
        var byCode = await settings.FlagAsync("projectAllowAutoArchive", cancellationToken).ConfigureAwait(false);
        foreach (var session in await store.WaitingToBeArchivedAsync(silence, byCode, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await ArchiveIfWantedAsync(session, cancellationToken).ConfigureAwait(false);
            }
            catch (ArchivingException e)
            {
                PrearchiveLog.NotArchived(logger, session, e.Status);
            }
        }
    }

    /// <summary>Archives a session that is ready, if its own flag or its project's setting says so.</summary>
    /// <param name="sessionId">Session.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="isAsked">Somebody commits it, so it does not matter that it is kept from being archived by itself.</param>
    /// <returns>The archived session; null if it stays where it is.</returns>
    /// <exception cref="ArchivingException">It was wanted but is not possible.</exception>
    public async Task<ArchivedSession?> ArchiveIfWantedAsync(long sessionId, CancellationToken cancellationToken, bool isAsked = false)
    {
        if (await store.FindAsync(sessionId, cancellationToken).ConfigureAwait(false) is not { ProjectId: { } projectId, Status: PrearchiveStatus.Ready } session
            || (session.PreventAutoCommit && !isAsked)
            || await projects.FindAsync(projectId, cancellationToken).ConfigureAwait(false) is not { } project)
        {
            return null;
        }

        var wanted = session.DirectArchive || (session.AutoArchive ?? (project.PrearchiveCode >= 4 && await settings.FlagAsync("projectAllowAutoArchive", cancellationToken).ConfigureAwait(false)));
        if (!wanted)
        {
            return null;
        }

        // What goes straight to the archive meets nothing there, unless the site lets it append.
        var merge = project.PrearchiveCode == 5 ? MergeMode.Overwrite
            : session.DirectArchive && !await settings.FlagAsync("enableDirectArchiveAppend", cancellationToken).ConfigureAwait(false) ? MergeMode.None : MergeMode.Append;
        var user = await settings.TextAsync("receivedFileUser", cancellationToken).ConfigureAwait(false);
        return await archiver.ArchiveAsync(sessionId, new ArchiveRequest(projectId, session.Subject, session.Label, merge, false, user) { SameStudyOnly = true, Quarantine = project.QuarantineCode == 1 }, cancellationToken).ConfigureAwait(false);
    }
}
