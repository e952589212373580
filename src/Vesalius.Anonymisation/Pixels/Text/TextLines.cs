using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>A row of shapes in a picture that may be letters.</summary>
/// <param name="Rectangle">Where it stands.</param>
/// <param name="LetterHeight">Height of its middle letter in pixels.</param>
/// <param name="Regularity">How much like writing it looks: 0 to 1, the share of shapes that stand on one base line or reach one height.</param>
/// <param name="Threshold">Brightness of strokes at which it was found.</param>
internal sealed record TextLine(PixelRectangle Rectangle, int LetterHeight, double Regularity, int Threshold);

/// <summary>Finds rows of shapes of the size of letters, by their thin strokes, whatever lies behind them.</summary>
/// <remarks>A white top hat (Serra 1982) leaves what is brighter than its surroundings and thinner than the window; its connected shapes are joined to rows.</remarks>
internal static class TextLines
{
    private const int Window = 8;
    private const int LeastHeight = 5;
    private const int MostHeight = 72;
    private const int MostLines = 48;
    private const int FewestShapes = 3;

    // Dim letters on black, and bright letters over speckle: one threshold does not part both from what is behind.
    private static readonly byte[] Thresholds = [48, 96, 160];

    private sealed record Shape(int Left, int Top, int Right, int Bottom)
    {
        public int Height => Bottom - Top;

        public int Width => Right - Left;
    }

    /// <summary>What is brighter than its surroundings and thin.</summary>
    public static byte[] TopHat(RenderedImage grey)
    {
        var opened = Morphology.Largest(Morphology.Smallest(grey.Bytes, grey.Columns, grey.Rows, Window), grey.Columns, grey.Rows, Window);
        var result = new byte[opened.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = (byte)Math.Max(0, grey.Bytes[i] - opened[i]);
        }

        return result;
    }

    /// <summary>Rows of shapes, the most regular first.</summary>
    public static IReadOnlyList<TextLine> Find(byte[] topHat, int columns, int rows)
    {
        var lines = new List<TextLine>();
        foreach (var threshold in Thresholds)
        {
            foreach (var line in Rows(Shapes(topHat, columns, rows, threshold), threshold))
            {
                // The same row at another threshold: kept as it is more regular.
                var same = lines.FindIndex(l => Overlap(l.Rectangle, line.Rectangle) > 0.6 && Math.Abs(Width(l.Rectangle) - Width(line.Rectangle)) < line.LetterHeight * 2);
                if (same < 0)
                {
                    lines.Add(line);
                }
                else if (lines[same].Regularity < line.Regularity)
                {
                    lines[same] = line;
                }
            }
        }

        return [.. lines.OrderByDescending(l => l.Regularity * Math.Min(20, Width(l.Rectangle) / (double)l.LetterHeight)).Take(MostLines)];
    }

    private static long Width(PixelRectangle r) => r.Right - r.Left;

    private static double Overlap(PixelRectangle a, PixelRectangle b)
    {
        var width = Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left);
        var height = Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top);
        return width <= 0 || height <= 0 ? 0 : (double)width * height / Math.Max(1L, Math.Max(Width(a) * (a.Bottom - a.Top), Width(b) * (b.Bottom - b.Top)));
    }

    // Connected pixels (eight neighbours) of the size of letters.
    private static List<Shape> Shapes(byte[] topHat, int columns, int rows, byte threshold)
    {
        var seen = new bool[topHat.Length];
        var open = new Stack<int>();
        var shapes = new List<Shape>();
        for (var start = 0; start < topHat.Length; start++)
        {
            if (seen[start] || topHat[start] < threshold)
            {
                continue;
            }

            var (left, top, right, bottom, count) = (columns, rows, 0, 0, 0);
            seen[start] = true;
            open.Push(start);
            while (open.TryPop(out var at))
            {
                var (x, y) = (at % columns, at / columns);
                (left, right, top, bottom) = (Math.Min(left, x), Math.Max(right, x + 1), Math.Min(top, y), Math.Max(bottom, y + 1));
                count++;
                for (var ny = Math.Max(0, y - 1); ny <= Math.Min(rows - 1, y + 1); ny++)
                {
                    for (var nx = Math.Max(0, x - 1); nx <= Math.Min(columns - 1, x + 1); nx++)
                    {
                        var next = (ny * columns) + nx;
                        if (!seen[next] && topHat[next] >= threshold)
                        {
                            seen[next] = true;
                            open.Push(next);
                        }
                    }
                }
            }

            var (width, height) = (right - left, bottom - top);
            // Several letters may touch each other; rules and frames are longer than that.
            if (height is >= LeastHeight and <= MostHeight && width <= height * 8 && count >= 5)
            {
                shapes.Add(new Shape(left, top, right, bottom));
            }
        }

        return shapes;
    }

    private static IEnumerable<TextLine> Rows(List<Shape> shapes, int threshold)
    {
        shapes.Sort((a, b) => a.Left.CompareTo(b.Left));
        var row = Enumerable.Range(0, shapes.Count).ToArray();
        for (var i = 0; i < shapes.Count; i++)
        {
            for (var j = i + 1; j < shapes.Count && shapes[j].Left - shapes[i].Right <= MostHeight * 1.3; j++)
            {
                if (Belong(shapes[i], shapes[j]))
                {
                    Join(row, i, j);
                }
            }
        }

        return shapes.Select((s, i) => (Shape: s, Row: Root(row, i))).GroupBy(s => s.Row, s => s.Shape).Select(g => Line(g, threshold)).OfType<TextLine>();
    }

    private static bool Belong(Shape a, Shape b)
    {
        var (small, large) = (Math.Min(a.Height, b.Height), Math.Max(a.Height, b.Height));
        var gap = b.Left - a.Right;
        var shared = Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top);
        return large <= small * 2.2 && gap <= large * 1.3 && gap >= -small && shared >= small * 0.6;
    }

    private static void Join(int[] row, int a, int b)
    {
        (a, b) = (Root(row, a), Root(row, b));
        row[Math.Max(a, b)] = Math.Min(a, b);
    }

    private static int Root(int[] row, int i)
    {
        while (row[i] != i)
        {
            row[i] = row[row[i]];
            i = row[i];
        }

        return i;
    }

    private static TextLine? Line(IEnumerable<Shape> members, int threshold)
    {
        var shapes = members.ToList();
        var heights = shapes.Select(s => s.Height).Order().ToList();
        var height = heights[heights.Count / 2];
        var (left, right) = (shapes.Min(s => s.Left), shapes.Max(s => s.Right));
        var (top, bottom) = (shapes.Min(s => s.Top), shapes.Max(s => s.Bottom));
        // One shape may be a word whose letters touch; what climbs is a chain of speckle.
        if ((shapes.Count < FewestShapes && right - left < height * 3) || right - left < height * 1.5 || bottom - top > height * 3)
        {
            return null;
        }

        var slack = Math.Max(1.5, height * 0.12);
        var onBase = Most(shapes.Select(s => s.Bottom), slack);
        var atTop = Most(shapes.Select(s => s.Top), slack);
        var regularity = (double)(onBase + atTop) / (2 * shapes.Count);
        return regularity < 0.35 ? null : new TextLine(new PixelRectangle(left, top, right, bottom), height, regularity, threshold);
    }

    private static int Most(IEnumerable<int> values, double slack)
    {
        var all = values.ToList();
        return all.Max(v => all.Count(o => Math.Abs(o - v) <= slack));
    }

}
