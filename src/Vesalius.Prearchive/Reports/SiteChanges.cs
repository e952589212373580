using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Vesalius.Database;

namespace Vesalius.Prearchive;

/// <summary>Keeps what the site's script does with objects at arrival, so that the report of their archiving can tell it (R14). Paths only, no values.</summary>
public sealed class SiteChanges(VesaliusDatabase database)
{
    // Paths of one object; what a script does with more of them is not told apart.
    private const int MostPaths = 2000;
    private const int MostRemembered = 10_000;
    private readonly ConcurrentDictionary<string, long> _known = new(StringComparer.Ordinal);

    private sealed record Kept(long Id, string Changes);

    /// <summary>Keeps what has become of an object.</summary>
    /// <param name="before">The object before the script ran over it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>What the object's row refers to it by.</returns>
    public async Task<long> KeepAsync(DataSetSnapshot before, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(before);
        var text = Describe(before);
        var fingerprint = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        var key = Convert.ToHexString(fingerprint);
        if (_known.TryGetValue(key, out var known))
        {
            return known;
        }

        var id = await database.FindAsync<long>(
            """
            with made as (insert into prearchive_site_change (fingerprint, changes) values (@fingerprint, @text) on conflict (fingerprint) do update set changes = excluded.changes returning id)
            select id from made
            """,
            new { fingerprint, text }, cancellationToken).ConfigureAwait(false);
        if (_known.Count < MostRemembered)
        {
            _known[key] = id;
        }

        return id;
    }

    // A line for each path, with a letter for each thing that happened there, once per object: (0010,0010) C
    private static string Describe(DataSetSnapshot before)
    {
        var paths = new SortedDictionary<string, SortedSet<char>>(StringComparer.Ordinal);
        before.Differences(difference =>
        {
            var path = difference.Item?.Unnumbered + difference.Tag;
            if (!paths.TryGetValue(path, out var changes))
            {
                if (paths.Count >= MostPaths)
                {
                    return;
                }

                paths[path] = changes = [];
            }

            changes.Add(difference.Change switch { ElementChange.Changed => 'C', ElementChange.Removed => 'R', _ => 'A' });
        });
        return string.Join('\n', paths.Select(p => $"{p.Key} {string.Concat(p.Value)}"));
    }

    /// <summary>What the site's script did with some objects.</summary>
    /// <param name="objects">Objects of a session.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<SiteStep> CountAsync(IReadOnlyCollection<PrearchiveObject> objects, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var times = objects.Where(o => o.SiteChanges is not null).GroupBy(o => o.SiteChanges!.Value).ToDictionary(g => g.Key, g => g.Count());
        if (times.Count == 0)
        {
            return SiteStep.None;
        }

        var sums = new SortedDictionary<string, (int Changed, int Removed, int Added)>(StringComparer.Ordinal);
        foreach (var kept in await database.QueryAsync<Kept>("select id, changes from prearchive_site_change where id = any (@ids)", new { ids = times.Keys.ToArray() }, cancellationToken).ConfigureAwait(false))
        {
            var objectCount = times[kept.Id];
            foreach (var line in kept.Changes.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var (path, changes) = (line[..line.LastIndexOf(' ')], line[(line.LastIndexOf(' ') + 1)..]);
                var sum = sums.GetValueOrDefault(path);
                sums[path] = (sum.Changed + Of('C'), sum.Removed + Of('R'), sum.Added + Of('A'));

                int Of(char change) => changes.Contains(change, StringComparison.Ordinal) ? objectCount : 0;
            }
        }

        return new SiteStep(times.Values.Sum(), [.. sums.Select(s => new AttributeCount(s.Key, DeidentificationTally.NameOf(s.Key), s.Value.Changed, s.Value.Removed, s.Value.Added, 0))]);
    }
}
