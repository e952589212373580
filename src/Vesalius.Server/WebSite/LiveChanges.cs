using System.Runtime.CompilerServices;
using Npgsql;

namespace Vesalius.Server.WebSite;

/// <summary>A part of the site that changes while people look at it.</summary>
/// <param name="Name">Name in events, for example <c>prearchive</c>.</param>
/// <param name="VersionAsync">A text that differs whenever something of it has changed; it says nothing of what.</param>
internal sealed record LiveTopic(string Name, Func<CancellationToken, Task<string>> VersionAsync);

/// <summary>Notices changes for everybody who looks on, whichever node made them: one question a second for each topic that has listeners, none otherwise.</summary>
internal sealed class LiveChanges(IEnumerable<LiveTopic> topics, TimeProvider time)
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, Watch> _watches = topics.ToDictionary(t => t.Name, t => new Watch(t, time), StringComparer.Ordinal);

    /// <summary>Names of all topics.</summary>
    public IEnumerable<string> Names => _watches.Keys;

    /// <summary>Yields the name of a topic whenever it has changed, and once for each at the start; ends when it is cancelled.</summary>
    public async IAsyncEnumerable<string> FollowAsync(IReadOnlyCollection<string> names, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        using var timer = new PeriodicTimer(Beat, time);
        do
        {
            foreach (var name in names)
            {
                if (await _watches[name].VersionAsync().ConfigureAwait(false) is { } version && seen.GetValueOrDefault(name) != version)
                {
                    seen[name] = version;
                    yield return name;
                }
            }
        }
        while (await NextAsync(timer, cancellationToken).ConfigureAwait(false));
    }

    // False when the listener has gone or the server stops: the stream ends as it should, without an error.
    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Many listeners ask within one beat; the database is asked once.
    private sealed class Watch(LiveTopic topic, TimeProvider time)
    {
        private readonly SemaphoreSlim _turn = new(1);
        private long _asked;
        private string? _version;

        public async Task<string?> VersionAsync()
        {
            await _turn.WaitAsync().ConfigureAwait(false);
            try
            {
                if (_version is null || time.GetElapsedTime(_asked) >= Beat / 2)
                {
                    _version = await topic.VersionAsync(CancellationToken.None).ConfigureAwait(false);
                    _asked = time.GetTimestamp();
                }
            }
            catch (NpgsqlException)
            {
                // The database is away; whoever looks on learns of the change when it is back.
            }
            finally
            {
                _turn.Release();
            }

            return _version;
        }
    }
}
