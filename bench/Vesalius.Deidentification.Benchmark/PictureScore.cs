using Vesalius.Anonymisation.Pixels;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>How much of what was drawn is found.</summary>
internal sealed class PictureScore
{
    /// <summary>Names of which any part is found, which is enough to flag or keep back.</summary>
    public Tally Noticed { get; } = new();

    /// <summary>Names of which every part is found, by modality.</summary>
    public SortedDictionary<string, Tally> Found { get; } = new(StringComparer.Ordinal);

    /// <summary>The same by height of capitals and by layout.</summary>
    public SortedDictionary<string, Tally> FoundBy { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that blanking covers whole.</summary>
    public Tally Blanked { get; } = new();

    /// <summary>All words that were drawn, names or not.</summary>
    public Tally Words { get; } = new();

    /// <summary>Clean pictures in which nothing is found.</summary>
    public Tally Quiet { get; } = new();

    /// <summary>Names that were missed.</summary>
    public List<string> Faults { get; } = [];

    public Tally AllFound { get; } = new();

    /// <summary>Counts a picture.</summary>
    public void Count(Picture picture, IReadOnlyList<FoundWord> found)
    {
        if (picture.Words.Count == 0)
        {
            Quiet.Count(found.Count == 0);
            if (found.Count > 0)
            {
                Faults.Add($"{picture.Name}: nothing there, but read “{string.Join(' ', found.Select(f => $"{f.Text}({f.Confidence:F0})"))}”");
            }

            return;
        }

        var areas = BurnedInText.Areas(found).Select(a => a.Rectangle).ToList();
        var name = picture.Words.Where(w => w.IsName).ToList();
        foreach (var word in picture.Words)
        {
            Words.Count(IsFound(word, found));
        }

        if (name.Count == 0)
        {
            return;
        }

        var whole = name.TrueForAll(w => IsFound(w, found));
        Noticed.Count(name.Exists(w => IsFound(w, found)));
        AllFound.Count(whole);
        Of(Found, picture.Modality).Count(whole);
        Of(FoundBy, picture.CapHeight < 10 ? "capitals under 10 pixels" : picture.CapHeight < 15 ? "capitals of 10 to 15 pixels" : "capitals of 15 pixels and more").Count(whole);
        Of(FoundBy, "layout: " + picture.Layout).Count(whole);
        Blanked.Count(name.TrueForAll(w => Coverage(w.Ink, areas) >= 0.99));
        if (!whole)
        {
            Faults.Add($"{picture.Name} {picture.Modality} {picture.Layout} {picture.CapHeight:F0}: “{string.Join(' ', name.Select(w => w.Text))}”, read “{string.Join(' ', found.Select(f => f.Text))}”");
        }
    }

    private static Tally Of(SortedDictionary<string, Tally> tallies, string key)
    {
        if (!tallies.TryGetValue(key, out var tally))
        {
            tallies[key] = tally = new Tally();
        }

        return tally;
    }

    // Half of the letters under words that were read.
    private static bool IsFound(DrawnWord word, IReadOnlyList<FoundWord> found) => Coverage(word.Ink, [.. found.Select(f => f.Rectangle)]) >= 0.5;

    private static double Coverage(PixelRectangle ink, IReadOnlyList<PixelRectangle> areas)
    {
        var (covered, all) = (0, 0);
        for (var y = ink.Top; y < ink.Bottom; y++)
        {
            for (var x = ink.Left; x < ink.Right; x++)
            {
                all++;
                covered += areas.Any(a => x >= a.Left && x < a.Right && y >= a.Top && y < a.Bottom) ? 1 : 0;
            }
        }

        return all == 0 ? 1 : (double)covered / all;
    }
}
