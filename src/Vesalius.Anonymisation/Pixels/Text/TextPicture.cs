using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Pictures as a reader of text wants them: grey, large, in both polarities.</summary>
internal static class TextPicture
{
    /// <summary>The brightest of the colours of a pixel, so that coloured letters on black stand out like white ones.</summary>
    public static RenderedImage Grey(RenderedImage image)
    {
        if (image.Samples == 1)
        {
            return image;
        }

        var grey = new byte[image.Columns * image.Rows];
        for (var i = 0; i < grey.Length; i++)
        {
            grey[i] = Math.Max(image.Bytes[i * 3], Math.Max(image.Bytes[(i * 3) + 1], image.Bytes[(i * 3) + 2]));
        }

        return new RenderedImage(image.Columns, image.Rows, 1, grey);
    }

    /// <summary>How far each pixel is from grey, where a small part of the picture is coloured at all: letters on anatomy are, then. Otherwise null.</summary>
    public static RenderedImage? Colourfulness(RenderedImage image)
    {
        if (image.Samples != 3)
        {
            return null;
        }

        var colour = new byte[image.Columns * image.Rows];
        var coloured = 0;
        for (var i = 0; i < colour.Length; i++)
        {
            var (r, g, b) = (image.Bytes[i * 3], image.Bytes[(i * 3) + 1], image.Bytes[(i * 3) + 2]);
            colour[i] = (byte)(Math.Max(r, Math.Max(g, b)) - Math.Min(r, Math.Min(g, b)));
            coloured += colour[i] >= 60 ? 1 : 0;
        }

        return coloured > 20 && coloured < colour.Length / 4 ? new RenderedImage(image.Columns, image.Rows, 1, colour) : null;
    }

    /// <summary>Dark becomes bright.</summary>
    public static RenderedImage Inverted(RenderedImage image) => image with { Bytes = [.. image.Bytes.Select(b => (byte)(255 - b))] };

    /// <summary>Only what is nearly as bright as can be, black on white: letters are drawn at full brightness, anatomy seldom is.</summary>
    public static RenderedImage BrightOnly(RenderedImage image, byte least) => image with { Bytes = [.. image.Bytes.Select(b => b >= least ? (byte)0 : (byte)255)] };

    /// <summary>Some rows of a picture.</summary>
    public static RenderedImage Strip(RenderedImage image, int top, int rows)
    {
        top = Math.Clamp(top, 0, image.Rows - 1);
        rows = Math.Min(rows, image.Rows - top);
        return image with { Rows = rows, Bytes = image.Bytes[(top * image.Columns)..((top + rows) * image.Columns)] };
    }

    /// <summary>With an edge around it in the brightness given: a reader overlooks letters that touch the border.</summary>
    public static RenderedImage Framed(RenderedImage image, int edge, byte brightness)
    {
        var (columns, rows) = (image.Columns + (2 * edge), image.Rows + (2 * edge));
        var bytes = new byte[columns * rows];
        Array.Fill(bytes, brightness);
        for (var y = 0; y < image.Rows; y++)
        {
            image.Bytes.AsSpan(y * image.Columns, image.Columns).CopyTo(bytes.AsSpan(((y + edge) * columns) + edge));
        }

        return new RenderedImage(columns, rows, 1, bytes);
    }

    /// <summary>Larger by a whole factor, bilinear: stairs at the edges of letters are read as other letters.</summary>
    public static RenderedImage Enlarge(RenderedImage image, int factor)
    {
        if (factor == 1)
        {
            return image;
        }

        var (columns, rows) = (image.Columns * factor, image.Rows * factor);
        var result = new byte[columns * rows];
        for (var y = 0; y < rows; y++)
        {
            var sy = Math.Clamp(((y + 0.5) / factor) - 0.5, 0, image.Rows - 1);
            var y0 = (int)sy;
            var y1 = Math.Min(y0 + 1, image.Rows - 1);
            var fy = sy - y0;
            for (var x = 0; x < columns; x++)
            {
                var sx = Math.Clamp(((x + 0.5) / factor) - 0.5, 0, image.Columns - 1);
                var x0 = (int)sx;
                var x1 = Math.Min(x0 + 1, image.Columns - 1);
                var fx = sx - x0;
                var top = (image.Bytes[(y0 * image.Columns) + x0] * (1 - fx)) + (image.Bytes[(y0 * image.Columns) + x1] * fx);
                var bottom = (image.Bytes[(y1 * image.Columns) + x0] * (1 - fx)) + (image.Bytes[(y1 * image.Columns) + x1] * fx);
                result[(y * columns) + x] = (byte)((top * (1 - fy)) + (bottom * fy) + 0.5);
            }
        }

        return new RenderedImage(columns, rows, 1, result);
    }
}
