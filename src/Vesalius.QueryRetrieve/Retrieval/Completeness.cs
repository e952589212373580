using System.Text.Json;

namespace Vesalius.QueryRetrieve;

/// <summary>What a PACS says it has of one series.</summary>
/// <param name="Series">The series.</param>
/// <param name="Instances">Its instances; null if the PACS does not name them.</param>
public sealed record ExpectedSeries(SeriesAnswer Series, IReadOnlyList<string>? Instances)
{
    /// <summary>Instances in all; null if the PACS does not say.</summary>
    public int? Count { get; init; }
}

/// <summary>Compares what came with what the PACS said (R6).</summary>
/// <param name="Expected">What the PACS said.</param>
public sealed record Completeness(IReadOnlyList<ExpectedSeries> Expected)
{
    /// <summary>Series that were not asked for, because a series filter would keep them out.</summary>
    public int Unwanted { get; init; }

    /// <summary>Instances in all; null if the PACS does not say of every series.</summary>
    public int? Count => Expected.All(s => s.Count is not null) ? Expected.Sum(s => s.Count!.Value) : null;

    /// <summary>What is missing: whole series, or single instances where they are known by name and some of the series came.</summary>
    internal IReadOnlyList<(string Series, string? Instance)> Missing(IReadOnlyList<TrackedInstance> came)
    {
        var arrived = came.Where(c => c.Outcome is not null).GroupBy(c => c.SeriesInstanceUid).ToDictionary(g => g.Key, g => g.Select(i => i.SopInstanceUid).ToHashSet(StringComparer.Ordinal));
        var missing = new List<(string, string?)>();
        foreach (var series in Expected)
        {
            var uid = series.Series.SeriesInstanceUid;
            var here = arrived.GetValueOrDefault(uid) ?? [];
            if (series.Instances is { } named)
            {
                missing.AddRange(named.Where(i => !here.Contains(i)).Select(i => (uid, (string?)i)));
            }
            else if (series.Count is { } count ? here.Count < count : here.Count == 0)
            {
                missing.Add((uid, null));
            }
        }

        return missing;
    }

    /// <summary>The report of a session, JSON. Names UIDs only of what is missing.</summary>
    internal string Report(IReadOnlyList<TrackedInstance> came, int rounds)
    {
        var arrived = came.Where(c => c.Outcome is not null).ToList();
        var missing = Missing(came);
        return JsonSerializer.Serialize(new
        {
            expected = Count, arrived = arrived.Count, rounds, seriesNotWanted = Unwanted,
            stored = arrived.Count(a => a.Outcome is "Stored" or "Duplicate"), conflicts = arrived.Count(a => a.Outcome == "Conflict"), rejected = arrived.Count(a => a.Outcome == "Rejected"),
            filtered = arrived.Count(a => a.Outcome == "Filtered"), optedOut = arrived.Count(a => a.Outcome == "OptedOut"),
            quarantined = arrived.Count(a => a.Outcome == "Quarantined"),
            basis = Expected.All(s => s.Instances is not null) ? "instances" : Count is not null ? "counts" : "stability",
            series = Expected.Select(s => new
            {
                number = s.Series.SeriesNumber, modality = s.Series.Modality, expected = s.Count, arrived = arrived.Count(a => a.SeriesInstanceUid == s.Series.SeriesInstanceUid),
                missing = missing.Where(m => m.Series == s.Series.SeriesInstanceUid).Select(m => m.Instance ?? "(not named by the PACS)"),
            }),
        }, new JsonSerializerOptions(JsonSerializerDefaults.Web));
    }
}
