using System.Globalization;
using Vesalius.Anonymisation.Profile;
using Vesalius.Dicom;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Hits of so many.</summary>
internal sealed class Tally
{
    public int Right { get; private set; }

    public int All { get; private set; }

    public double Share => All == 0 ? 1 : (double)Right / All;

    public void Count(bool right)
    {
        All++;
        Right += right ? 1 : 0;
    }

    public override string ToString() => All == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * Right / All:F2} % of {All}");
}

/// <summary>What became of a seeded set.</summary>
internal sealed class Score
{
    /// <summary>Identifiers removed, by kind.</summary>
    public SortedDictionary<string, Tally> ByKind { get; } = new(StringComparer.Ordinal);

    /// <summary>Identifiers removed, by sort of place.</summary>
    public SortedDictionary<Place, Tally> ByPlace { get; } = [];

    public Tally Removed { get; } = new();

    public Tally Kept { get; } = new();

    public Tally Pixels { get; } = new();

    /// <summary>UIDs replaced, the same by the same and different ones by different ones.</summary>
    public Tally Uids { get; } = new();

    /// <summary>Dates moved by the subject's one shift; only where dates are shifted.</summary>
    public Tally Dates { get; } = new();

    /// <summary>Files that did not come out.</summary>
    public int Missing { get; private set; }

    /// <summary>What was left and what was lost: path, kind.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Compares what came out with the key.</summary>
    /// <param name="key">The answers.</param>
    /// <param name="folder">What came out.</param>
    /// <param name="rules">Rules by which values may stay.</param>
    /// <param name="datesAreShifted">True if dates are to be shifted rather than lost.</param>
    public static Score Of(AnswerKey key, string folder, IReadOnlyList<ProfileRule> rules, bool datesAreShifted)
    {
        var score = new Score();
        var leaves = rules.Where(r => r.Action != ProfileAction.Keep && Tag.TryParse(r.Tag, out _)).Select(r => r.Tag).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var groups = rules.Where(r => r.Action != ProfileAction.Keep && r.Tag.Contains('x', StringComparison.Ordinal) && r.Tag[0] != 'g').Select(r => r.Tag).ToList();
        var uids = new List<(string Old, string New)>();
        var shifts = new List<(int Subject, int Days)>();
        foreach (var answer in key.Files)
        {
            var path = Path.Combine(folder, answer.File);
            FlatObject? result = null;
            try
            {
                result = File.Exists(path) ? FlatObject.Read(File.ReadAllBytes(path)) : null;
            }
            catch (MalformedDicomException)
            {
                score.Faults.Add($"{answer.File} cannot be read");
            }

            if (result is null)
            {
                score.Missing++;
                continue;
            }

            score.Identifiers(answer, result);
            score.Values(answer, result, p => p.Split('/').Any(t => leaves.Contains(t) || groups.Exists(g => Fits(t, g))));
            Pairs(answer.Uids, result, uids);
            if (datesAreShifted)
            {
                score.Shifts(answer, result, shifts);
            }
        }

        score.Mapping(uids);
        foreach (var subject in shifts.GroupBy(s => s.Subject))
        {
            var usual = subject.GroupBy(s => s.Days).MaxBy(g => g.Count())!.Key;
            foreach (var (_, days) in subject)
            {
                score.Dates.Count(days == usual && days != 0);
            }
        }

        return score;
    }

    private static bool Fits(string tag, string pattern) => !tag.Where((c, i) => pattern[i] != 'x' && char.ToUpperInvariant(pattern[i]) != c).Any();

    private void Identifiers(FileAnswer answer, FlatObject result)
    {
        foreach (var planted in answer.Identifiers)
        {
            var removed = !result.Holds(planted.Path, planted.Text);
            Removed.Count(removed);
            Of(ByKind, planted.Kind).Count(removed);
            Of(ByPlace, planted.Place).Count(removed);
            if (!removed)
            {
                Faults.Add($"left in {answer.File} {planted.Path} ({planted.Place}): {planted.Kind} “{planted.Text}”");
            }
        }
    }

    private static Tally Of<T>(SortedDictionary<T, Tally> tallies, T key)
        where T : notnull
    {
        if (!tallies.TryGetValue(key, out var tally))
        {
            tallies[key] = tally = new Tally();
        }

        return tally;
    }

    private void Values(FileAnswer answer, FlatObject result, Func<string, bool> mayGo)
    {
        foreach (var (path, values) in answer.Kept)
        {
            if (mayGo(path))
            {
                continue;
            }

            var left = result.Texts(path).ToList();
            foreach (var value in values)
            {
                var stayed = left.Remove(value);
                Kept.Count(stayed);
                if (!stayed)
                {
                    Faults.Add($"lost in {answer.File} {path}: “{value}”");
                }
            }
        }

        if (answer.PixelHash is not null)
        {
            Pixels.Count(answer.PixelHash == result.PixelHash);
        }
    }

    private static void Pairs(IReadOnlyDictionary<string, IReadOnlyList<string>> before, FlatObject result, List<(string Old, string New)> pairs)
    {
        foreach (var (path, values) in before)
        {
            var after = result.Texts(path);
            if (after.Count != values.Count)
            {
                continue;
            }

            for (var i = 0; i < values.Count; i++)
            {
                var (old, changed) = (values[i].Split('\\'), after[i].Split('\\'));
                if (values[i].Length > 0 && after[i].Length > 0 && old.Length == changed.Length)
                {
                    pairs.AddRange(old.Zip(changed));
                }
            }
        }
    }

    private void Mapping(List<(string Old, string New)> pairs)
    {
        var usual = pairs.GroupBy(p => p.Old).ToDictionary(g => g.Key, g => g.GroupBy(p => p.New).MaxBy(n => n.Count())!.Key);
        var origins = usual.GroupBy(u => u.Value).ToDictionary(g => g.Key, g => g.Count());
        foreach (var (old, changed) in pairs.Where(p => p.Old.Length > 0))
        {
            // UIDs of the standard itself (code lists, well-known frames of reference) name nobody.
            Uids.Count(usual[old] == changed && origins[usual[old]] == 1 && (changed != old || old.StartsWith("1.2.840.10008.", StringComparison.Ordinal)));
        }
    }

    private void Shifts(FileAnswer answer, FlatObject result, List<(int Subject, int Days)> shifts)
    {
        foreach (var (path, values) in answer.Dates)
        {
            var after = result.Texts(path);
            for (var i = 0; i < values.Count && after.Count == values.Count; i++)
            {
                if (Day(values[i]) is { } old && Day(after[i]) is { } moved)
                {
                    shifts.Add((answer.Subject, moved.DayNumber - old.DayNumber));
                    if (moved == old)
                    {
                        Faults.Add($"date not moved in {answer.File} {path}");
                    }
                }
            }
        }
    }

    private static DateOnly? Day(string value) =>
        value.Length >= 8 && DateOnly.TryParseExact(value[..8], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;
}
