using System.Collections.Concurrent;
using Vesalius.Access;
using Vesalius.Server.Security;

namespace Vesalius.Server.DicomWeb;

/// <summary>Writes looks through DICOMweb into the trail (R26). A viewer fetches a series in hundreds of requests; those of one user from one address for one object count as
/// one look for five minutes. The first is in the trail before it is answered.</summary>
internal sealed class DicomWebLooks(AuditTrail audit, TimeProvider time)
{
    private const int MostKept = 20_000;
    private static readonly TimeSpan OneLook = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<(string Login, string Address, string Action, string Subject), (long Since, Lazy<Task> Written)> _looks = new();

    /// <summary>Sees to it that a look is in the trail.</summary>
    /// <param name="context">Request.</param>
    /// <param name="action">What is done.</param>
    /// <param name="subject">On what: our own identifiers only.</param>
    public async Task RecordAsync(HttpContext context, string action, string subject)
    {
        AuditMiddleware.Written(context);
        var key = (context.Caller().Login, context.Address(), action, subject);
        if (!_looks.TryGetValue(key, out var look) || time.GetElapsedTime(look.Since) > OneLook)
        {
            Sweep();
            var mine = (time.GetTimestamp(), new Lazy<Task>(() => audit.RecordAsync(key.Item1, key.Item2, key.action, key.subject, CancellationToken.None)));
            look = _looks.AddOrUpdate(key, mine, (_, other) => time.GetElapsedTime(other.Since) > OneLook ? mine : other);
        }

        try
        {
            await look.Written.Value.ConfigureAwait(false);
        }
        catch
        {
            _looks.TryRemove(KeyValuePair.Create(key, look));
            throw;
        }
    }

    private void Sweep()
    {
        if (_looks.Count < MostKept)
        {
            return;
        }

        foreach (var old in _looks.Where(l => time.GetElapsedTime(l.Value.Since) > OneLook).ToList())
        {
            _looks.TryRemove(old);
        }
    }
}
