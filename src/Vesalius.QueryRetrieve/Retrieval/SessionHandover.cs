using Vesalius.Database;
using Vesalius.Prearchive;

namespace Vesalius.QueryRetrieve;

/// <summary>Hands sessions that are complete over to building and archiving; those that are not are kept from it.</summary>
public sealed class SessionHandover(PrearchiveStore store, SessionArchiver archiver, IdleSessionService sessions, VesaliusDatabase database)
{
    /// <summary>Builds a request's session at once, and archives it where its project says so.</summary>
    /// <returns>Why it could not be archived; null if it was, or waits for somebody to do so.</returns>
    public async Task<string?> ArchiveAsync(ImportRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.SessionId is not { } session)
        {
            return "nothing of the study was kept: every object was rejected.";
        }

        if (await store.FindAsync(session, cancellationToken).ConfigureAwait(false) is null)
        {
            // Archived before a crash, or by hand.
            return null;
        }

        try
        {
            await store.SetAutoCommitAsync(session, isPrevented: false, cancellationToken).ConfigureAwait(false);
            foreach (var built in await archiver.BuildAsync(session, cancellationToken).ConfigureAwait(false))
            {
                await sessions.ArchiveIfWantedAsync(built, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (ArchivingException e)
        {
            return e.Message;
        }

        return await store.FindAsync(session, cancellationToken).ConfigureAwait(false) is { Status: PrearchiveStatus.Conflict or PrearchiveStatus.Error }
            ? "the session waits in the prearchive with a conflict; its log tells which." : null;
    }

    /// <summary>Leaves a session in the prearchive, for a person to decide, and says why in its log.</summary>
    public async Task KeepBackAsync(long session, string reason)
    {
        if (await database.FindAsync<long?>("select id from prearchive_session where id = @session", new { session }, CancellationToken.None).ConfigureAwait(false) is not null)
        {
            await store.LogAsync(session, reason, CancellationToken.None).ConfigureAwait(false);
        }
    }
}
