using Vesalius.Dicom.PixelData;

namespace Vesalius.Server.DicomWeb;

/// <summary>Puts pictures beside and below each other.</summary>
internal static class PictureGrid
{
    /// <summary>One picture of many: row by row from the upper left, each in the middle of its cell, on black. Cells are as large as the largest picture.</summary>
    public static RenderedImage Compose(IReadOnlyList<RenderedImage> images, int columns, int rows)
    {
        var (width, height) = (images.Max(i => i.Columns), images.Max(i => i.Rows));
        var samples = images.Max(i => i.Samples);
        var stride = width * columns * samples;
        var bytes = new byte[stride * height * rows];
        foreach (var (place, image) in images.Take(columns * rows).Index())
        {
            var left = ((place % columns) * width) + ((width - image.Columns) / 2);
            var top = ((place / columns) * height) + ((height - image.Rows) / 2);
            for (var y = 0; y < image.Rows; y++)
            {
                Copy(image, y, bytes.AsSpan(((top + y) * stride) + (left * samples)), samples);
            }
        }

        return new RenderedImage(width * columns, height * rows, samples, bytes);
    }

    private static void Copy(RenderedImage image, int row, Span<byte> target, int samples)
    {
        var line = image.Bytes.AsSpan(row * image.Columns * image.Samples, image.Columns * image.Samples);
        if (image.Samples == samples)
        {
            line.CopyTo(target);
            return;
        }

        for (var x = 0; x < line.Length; x++)
        {
            target.Slice(x * samples, samples).Fill(line[x]);
        }
    }
}
