using System.Globalization;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Scores as tables of Markdown.</summary>
internal static class ReportTable
{
    public static IEnumerable<string> Headers(IReadOnlyList<HeaderResult> results)
    {
        yield return $"| | {string.Join(" | ", results.Select(r => r.Name))} |";
        yield return $"|---|{string.Concat(results.Select(_ => "---|"))}";
        yield return Row("**identifiers removed**", r => r.Removed);
        foreach (var place in results.SelectMany(r => r.Score.ByPlace.Keys).Distinct().Order())
        {
            yield return Row("in " + Name(place), r => r.ByPlace.GetValueOrDefault(place));
        }

        foreach (var kind in results.SelectMany(r => r.Score.ByKind.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            yield return Row(kind, r => r.ByKind.GetValueOrDefault(kind));
        }

        yield return Row("**values kept**", r => r.Kept);
        yield return Row("pixel data kept", r => r.Pixels);
        yield return Row("UIDs replaced, one to one", r => r.Uids);
        yield return Row("dates moved by the subject's one shift", r => r.Dates);
        yield return $"| objects that did not come out | {string.Join(" | ", results.Select(r => r.Score.Missing.ToString(CultureInfo.InvariantCulture)))} |";

        string Row(string name, Func<Score, Tally?> tally) => $"| {name} | {string.Join(" | ", results.Select(r => tally(r.Score)?.ToString() ?? "–"))} |";
    }

    private static string Name(Place place) => place switch
    {
        Place.Header => "attributes of their own",
        Place.Nested => "sequences",
        Place.FreeText => "free text",
        Place.StructuredReport => "report content",
        Place.Private => "private elements",
        Place.Unknown => "elements that no dictionary knows",
        Place.FileMeta => "file meta information",
        _ => "preamble and padding",
    };

    public static IEnumerable<string> Pictures(PictureScore score)
    {
        yield return "| names in pixels | |";
        yield return "|---|---|";
        yield return $"| **found whole** | {score.AllFound} |";
        foreach (var (name, tally) in score.Found.Concat(score.FoundBy))
        {
            yield return $"| {name} | {tally} |";
        }

        yield return $"| any part found: flagged or kept back | {score.Noticed} |";
        yield return $"| covered whole by blanking | {score.Blanked} |";
        yield return $"| words of all kinds found | {score.Words} |";
        yield return $"| clean pictures without a false alarm | {score.Quiet} |";
    }
}
