using System.Buffers.Binary;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Rows of letters cut out of a picture, black on white and of one size, each a page of its own: a reader takes what stands around them for writing too.</summary>
internal sealed class LinePages
{
    private const int LetterHeight = 30;
    private const int Margin = 20;
    private const int MostColumns = 4000;

    private readonly List<(TextLine Line, PixelRectangle Source, double Scale)> _placed = [];
    private readonly List<RenderedImage> _pages = [];

    /// <summary>Cuts rows out.</summary>
    /// <param name="strokes">The picture's thin bright strokes.</param>
    /// <param name="columns">Its width.</param>
    /// <param name="rows">Its height.</param>
    /// <param name="lines">Rows of letters.</param>
    public LinePages(byte[] strokes, int columns, int rows, IReadOnlyList<TextLine> lines)
    {
        foreach (var line in lines)
        {
            var r = line.Rectangle;
            // Room for what hangs below the line, for dots, and for a last letter that was not joined.
            var (x, y) = (line.LetterHeight, Math.Max(2, line.LetterHeight * 2 / 5));
            var source = new PixelRectangle(Math.Max(0, r.Left - x), Math.Max(0, r.Top - y), Math.Min(columns, r.Right + x), Math.Min(rows, r.Bottom + y));
            var scale = Math.Min(Math.Min(6.0, (double)LetterHeight / line.LetterHeight), (double)MostColumns / (source.Right - source.Left));
            _placed.Add((line, source, scale));
            _pages.Add(Draw(strokes, columns, source, line.Threshold, scale));
        }
    }

    /// <summary>Number of rows.</summary>
    public int Count => _pages.Count;

    // Bilinear; strokes stretched to full black, and what is fainter than the row's threshold to white.
    private static RenderedImage Draw(byte[] strokes, int columns, PixelRectangle source, int threshold, double scale)
    {
        var (left, width, height) = ((int)source.Left, (int)(source.Right - source.Left), (int)(source.Bottom - source.Top));
        var least = threshold / 2;
        var most = least + 1;
        for (var y = (int)source.Top; y < source.Bottom; y++)
        {
            foreach (var stroke in strokes.AsSpan((y * columns) + left, width))
            {
                most = Math.Max(most, stroke);
            }
        }

        var (inner, lines) = ((int)(width * scale), (int)(height * scale));
        var page = new RenderedImage(inner + (2 * Margin), lines + (2 * Margin), 1, new byte[(inner + (2 * Margin)) * (lines + (2 * Margin))]);
        Array.Fill(page.Bytes, (byte)255);
        for (var y = 0; y < lines; y++)
        {
            var sy = Math.Clamp(((y + 0.5) / scale) - 0.5, 0, height - 1);
            var (y0, y1) = ((int)sy, Math.Min((int)sy + 1, height - 1));
            for (var x = 0; x < inner; x++)
            {
                var sx = Math.Clamp(((x + 0.5) / scale) - 0.5, 0, width - 1);
                var (x0, x1) = ((int)sx, Math.Min((int)sx + 1, width - 1));
                double At(int px, int py) => strokes[(((int)source.Top + py) * columns) + left + px];
                var upper = At(x0, y0) + ((At(x1, y0) - At(x0, y0)) * (sx - x0));
                var lower = At(x0, y1) + ((At(x1, y1) - At(x0, y1)) * (sx - x0));
                var value = upper + ((lower - upper) * (sy - y0));
                page.Bytes[((y + Margin) * page.Columns) + Margin + x] = (byte)(255 - Math.Clamp((value - least) * 255 / (most - least), 0, 255));
            }
        }

        return page;
    }

    /// <summary>Where a word of a page stands in the picture.</summary>
    /// <param name="page">Number of the page, from 0.</param>
    /// <param name="word">The word's place on it.</param>
    public PixelRectangle InPicture(int page, PixelRectangle word)
    {
        var (_, source, scale) = _placed[page];
        return new PixelRectangle(
            source.Left + (long)Math.Floor((word.Left - Margin) / scale), source.Top + (long)Math.Floor((word.Top - Margin) / scale),
            source.Left + (long)Math.Ceiling((word.Right - Margin) / scale), source.Top + (long)Math.Ceiling((word.Bottom - Margin) / scale));
    }

    /// <summary>The pages as one file (TIFF 6.0, baseline greyscale, not compressed).</summary>
    public byte[] ToTiff()
    {
        const int Entries = 8;
        const int DirectoryLength = 2 + (Entries * 12) + 4;
        var file = new byte[8 + _pages.Sum(p => p.Bytes.Length + (p.Bytes.Length & 1) + DirectoryLength)];
        "II*\0"u8.CopyTo(file);
        var link = 4;
        var at = 8;
        foreach (var page in _pages)
        {
            var samples = at;
            page.Bytes.CopyTo(file, samples);
            at += page.Bytes.Length + (page.Bytes.Length & 1);
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(link), (uint)at);
            BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), Entries);
            at += 2;
            // Width, length, bits, no compression, black is zero, where the samples are, all rows in one strip, length of the samples.
            foreach (var (tag, value) in (ReadOnlySpan<(ushort, int)>)
                [(256, page.Columns), (257, page.Rows), (258, 8), (259, 1), (262, 1), (273, samples), (278, page.Rows), (279, page.Bytes.Length)])
            {
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), tag);
                BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at + 2), 4);
                BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at + 4), 1);
                BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at + 8), (uint)value);
                at += 12;
            }

            link = at;
            at += 4;
        }

        return file;
    }
}
