namespace Vesalius.Anonymisation.Pixels;

/// <summary>A word as one of several readings of a picture gave it.</summary>
/// <param name="Rectangle">Where it stands.</param>
/// <param name="Text">What it says.</param>
/// <param name="Confidence">0 to 100.</param>
/// <param name="Reading">Number of the reading.</param>
/// <param name="Line">Number of its line in that reading.</param>
internal sealed record CandidateWord(PixelRectangle Rectangle, string Text, double Confidence, int Reading, int Line)
{
    /// <summary>Its letters and digits, small.</summary>
    public string Letters { get; } = string.Concat(Text.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    public long Width => Rectangle.Right - Rectangle.Left;

    public long Height => Math.Max(1, Rectangle.Bottom - Rectangle.Top);
}

/// <summary>Tells words from speckle that was taken for letters.</summary>
/// <remarks>The numbers were chosen on pictures of the seeds 1, 2 and 11 of the benchmark (docs/deidentification.md); other seeds were kept for the measurement.</remarks>
internal static class WordChoice
{
    // A word of three letters is more often noise than one of four.
    private const int Long = 4;
    private const double ShortConfidence = 88;
    // Less than this, a word of two or three letters is noise even if two readings agree.
    private const double AgreedConfidence = 50;
    private const double Likeness = 0.7;
    // Letters of fonts are between a sixth and one and a half times as wide as their line is high.
    private const double NarrowestLetter = 0.12;
    private const double WidestLetter = 1.6;
    // A word stands within this many heights of its neighbour.
    private const double NeighbourGap = 1.5;

    /// <summary>The words to believe: read surely, or alike in two readings, or on a line with one of these.</summary>
    public static IReadOnlyList<CandidateWord> Choose(IReadOnlyList<CandidateWord> words, TextSearchOptions options)
    {
        var chosen = words.Where(w => IsWord(w, options) && (IsSure(w, options) || IsAgreed(w, words))).ToList();
        var rest = words.Except(chosen).Where(w => w.Letters.Length > 0).ToList();
        // Initials, and what was read badly beside what was read well. Each that is taken may have neighbours of its own.
        for (var i = 0; i < chosen.Count; i++)
        {
            foreach (var neighbour in rest.Where(w => IsNeighbour(w, chosen[i])).ToList())
            {
                rest.Remove(neighbour);
                chosen.Add(neighbour);
            }
        }

        return Once(chosen);
    }

    private static bool IsWord(CandidateWord word, TextSearchOptions options)
    {
        var letter = (double)word.Width / word.Height / Math.Max(1, word.Letters.Length);
        return word.Letters.Length >= options.LeastCharacters && letter is >= NarrowestLetter and <= WidestLetter;
    }

    private static bool IsSure(CandidateWord word, TextSearchOptions options) =>
        word.Letters.Length >= Long ? word.Confidence >= options.LeastConfidence : word.Letters.Length == Long - 1 && word.Confidence >= Math.Max(options.LeastConfidence, ShortConfidence);

    private static bool IsAgreed(CandidateWord word, IReadOnlyList<CandidateWord> words) =>
        (word.Letters.Length >= Long || word.Confidence >= AgreedConfidence)
        && words.Any(o => o.Reading != word.Reading && Overlap(o.Rectangle, word.Rectangle) > 0.5 && Similarity(o.Letters, word.Letters) >= Likeness);

    private static bool IsNeighbour(CandidateWord word, CandidateWord chosen) =>
        word.Reading == chosen.Reading && word.Line == chosen.Line && word.Height <= chosen.Height * 1.6
        && Math.Max(word.Rectangle.Left - chosen.Rectangle.Right, chosen.Rectangle.Left - word.Rectangle.Right) <= NeighbourGap * chosen.Height;

    // A word that several readings found alike is kept once; read otherwise, it stays, since one of the readings may be the name that someone looks for.
    private static List<CandidateWord> Once(List<CandidateWord> words)
    {
        var once = new List<CandidateWord>();
        foreach (var word in words.OrderByDescending(w => w.Confidence))
        {
            if (!once.Exists(o => o.Letters == word.Letters && Overlap(o.Rectangle, word.Rectangle) > 0.5))
            {
                once.Add(word);
            }
        }

        return once;
    }

    private static double Overlap(PixelRectangle a, PixelRectangle b)
    {
        var (width, height) = (Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left), Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top));
        var larger = Math.Max((a.Right - a.Left) * (a.Bottom - a.Top), (b.Right - b.Left) * (b.Bottom - b.Top));
        return width <= 0 || height <= 0 ? 0 : (double)(width * height) / Math.Max(1, larger);
    }

    // Twice the longest common subsequence by the sum of the lengths: 1 for equal words.
    private static double Similarity(string a, string b)
    {
        var row = new int[b.Length + 1];
        foreach (var c in a)
        {
            var diagonal = 0;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = c == b[j - 1] ? diagonal + 1 : Math.Max(row[j], row[j - 1]);
                diagonal = above;
            }
        }

        return a.Length + b.Length == 0 ? 0 : 2.0 * row[^1] / (a.Length + b.Length);
    }
}
