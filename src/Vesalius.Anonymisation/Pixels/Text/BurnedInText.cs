using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>A word that was read in pixels.</summary>
/// <param name="Frame">Frame, from 0.</param>
/// <param name="Rectangle">Where it stands.</param>
/// <param name="Text">The word as read. It may be a name: never log it.</param>
/// <param name="Confidence">How sure the reader is, 0 to 100.</param>
public sealed record FoundWord(int Frame, PixelRectangle Rectangle, string Text, double Confidence)
{
    /// <summary>Says how long the word is, not what it says.</summary>
    public override string ToString() => $"word of {Text.Length} characters, frame {Frame}";
}

/// <summary>How to look for text.</summary>
public sealed record TextSearchOptions
{
    /// <summary>A word that one reading gave with less confidence counts only if another reading gave nearly the same, or if it stands beside such a word.
    /// Default 75, of 100; words of three characters need 88, shorter ones always a second reading, since speckle looks like them.</summary>
    public double LeastConfidence { get; init; } = 75;

    /// <summary>Fewest letters and digits of a word that stands alone. Default 2.</summary>
    public int LeastCharacters { get; init; } = 2;

    /// <summary>Most frames of a cine loop that are looked at; first, last, and evenly between. Default 3: what is burned in stands still.</summary>
    public int Frames { get; init; } = 3;

    /// <summary>Longest time for one reading. Default 60 s.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The reader's program. Default <c>tesseract</c>.</summary>
    public string Program { get; init; } = "tesseract";

    /// <summary>Codecs; <see cref="CodecPool.Shared"/> unless said.</summary>
    public CodecPool? Codecs { get; init; }
}

/// <summary>Thrown when text cannot be looked for: whoever relies on the search must then not pass the object.</summary>
/// <param name="reason">Why, without values.</param>
public sealed class TextSearchException(string reason) : Exception(reason);

/// <summary>Finds text in pixels with Tesseract, in a process of its own that gets a picture and nothing else (R15).</summary>
public static class BurnedInText
{
    // Letters on screens are 8 to 16 pixels high; Tesseract reads those of 25 to 40 best.
    private const int WantedRows = 1300;
    private const byte LetterBrightness = 160;
    // Tesseract's page modes: text in no order, one block of lines, and a single line.
    private const string Anywhere = "11";
    private const string Block = "6";
    private const string OneLine = "7";
    private const int Edge = 12;
    private const int MostPixels = 20_000_000;

    /// <summary>Looks for text in an image. Frames of a cine loop are sampled; each is read whole and row by row, bright on dark and dark on bright.</summary>
    /// <param name="dataSet">The image.</param>
    /// <param name="transferSyntaxUid">Its transfer syntax.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Words with their places, none twice; empty for an object without pixels.</returns>
    /// <exception cref="PixelDataException">The pixels cannot be read or shown.</exception>
    /// <exception cref="TextSearchException">The reader is not installed, failed, or took too long.</exception>
    public static async Task<IReadOnlyList<FoundWord>> FindAsync(DataSet dataSet, string transferSyntaxUid, TextSearchOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        options ??= new TextSearchOptions();
        if (!ImageDescription.HasPixels(dataSet))
        {
            return [];
        }

        using var frames = ImageFrames.Open(dataSet, transferSyntaxUid, options.Codecs);
        var words = new List<FoundWord>();
        foreach (var frame in Sample(frames.Count, options.Frames))
        {
            var image = await FrameRenderer.RenderAsync(dataSet, frames, frame, Display(dataSet, frames.Description), cancellationToken).ConfigureAwait(false);
            words.AddRange(await FindAsync(image, frame, options, cancellationToken).ConfigureAwait(false));
        }

        return words;
    }

    // What is written into 8-bit samples is seen without a window; one that fits the anatomy may make letters and what is behind them equally white.
    private static RenderOptions? Display(DataSet dataSet, ImageDescription description) =>
        description is { SamplesPerPixel: 1, BitsAllocated: 8, BitsStored: 8, IsSigned: false } && (dataSet.GetNumber(Tag.RescaleSlope) ?? 1) == 1 && (dataSet.GetNumber(Tag.RescaleIntercept) ?? 0) == 0
            ? new RenderOptions { Window = new Window(127.5, 255, VoiFunction.LinearExact) } : null;

    internal static IEnumerable<int> Sample(int count, int most) =>
        count <= most ? Enumerable.Range(0, count) : Enumerable.Range(0, most).Select(i => most == 1 ? 0 : (int)((long)i * (count - 1) / (most - 1))).Distinct();

    private static async Task<IReadOnlyList<FoundWord>> FindAsync(RenderedImage image, int frame, TextSearchOptions options, CancellationToken cancellationToken)
    {
        if (image.Rows < 8 || image.Columns < 8)
        {
            return [];
        }

        var factor = Math.Clamp((int)Math.Ceiling(WantedRows / (double)image.Rows), 1, 4);
        while (factor > 1 && (long)image.Rows * image.Columns * factor * factor > MostPixels)
        {
            factor--;
        }

        var bright = TextPicture.Grey(image);
        var dark = TextPicture.Inverted(bright);
        var words = new List<CandidateWord>();
        var readings = 0;
        // Dark letters on bright paper are read; bright letters are turned round for that.
        await WholeAsync(dark, 0, Anywhere).ConfigureAwait(false);
        await WholeAsync(bright, 0, Anywhere).ConfigureAwait(false);
        // Once more line by line in the strips at top and bottom, where scanners write who it is.
        var strip = Math.Max(24, image.Rows / 8);
        foreach (var top in new[] { 0, Math.Max(0, image.Rows - strip) })
        {
            await WholeAsync(TextPicture.BrightOnly(TextPicture.Strip(bright, top, strip), LetterBrightness), top, Block).ConfigureAwait(false);
        }

        await RowsAsync(bright).ConfigureAwait(false);
        await RowsAsync(dark).ConfigureAwait(false);
        if (TextPicture.Colourfulness(image) is { } colour)
        {
            await RowsAsync(colour).ConfigureAwait(false);
        }

        return [.. WordChoice.Choose(words, options).Select(w => new FoundWord(frame, w.Rectangle, w.Text, w.Confidence))];

        async Task WholeAsync(RenderedImage picture, int top, string mode)
        {
            var reading = ++readings;
            var png = PngWriter.Encode(TextPicture.Enlarge(TextPicture.Framed(picture, Edge, 255), factor));
            foreach (var word in await Tesseract.ReadAsync(png, mode, options, cancellationToken).ConfigureAwait(false))
            {
                var r = word.Rectangle;
                var place = new PixelRectangle(
                    (r.Left / factor) - Edge, (r.Top / factor) - Edge + top, ((r.Right + factor - 1) / factor) - Edge, ((r.Bottom + factor - 1) / factor) - Edge + top);
                words.Add(new CandidateWord(place, word.Text, word.Confidence, reading, word.Line));
            }
        }

        async Task RowsAsync(RenderedImage picture)
        {
            var reading = ++readings;
            var strokes = TextLines.TopHat(picture);
            var pages = new LinePages(strokes, picture.Columns, picture.Rows, TextLines.Find(strokes, picture.Columns, picture.Rows));
            if (pages.Count == 0)
            {
                return;
            }

            foreach (var word in await Tesseract.ReadAsync(pages.ToTiff(), OneLine, options, cancellationToken).ConfigureAwait(false))
            {
                words.Add(new CandidateWord(pages.InPicture(word.Page, word.Rectangle), word.Text, word.Confidence, reading, word.Line));
            }
        }
    }

    /// <summary>Areas around words, padded so that no edge of a letter stays; of a cine loop in all frames, since only some were looked at.</summary>
    /// <param name="words">What was found.</param>
    /// <param name="padding">Pixels on each side; half of a word's height if more.</param>
    public static IReadOnlyList<BlankedArea> Areas(IEnumerable<FoundWord> words, int padding = 4)
    {
        ArgumentNullException.ThrowIfNull(words);
        return [.. words.Select(w =>
        {
            var r = w.Rectangle;
            var edge = Math.Max(padding, (r.Bottom - r.Top) / 2);
            return new BlankedArea(new PixelRectangle(r.Left - edge, r.Top - edge, r.Right + edge, r.Bottom + edge));
        })];
    }
}
