namespace Vesalius.Dicom.PixelData;

/// <summary>Makes pictures smaller by averaging the area that each new pixel covers, so that thin lines do not vanish.</summary>
public static class AreaScaler
{
    /// <summary>Fits a picture into a frame; its proportion is kept, and nothing is enlarged.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="mostColumns">Largest width in pixels.</param>
    /// <param name="mostRows">Largest height in pixels.</param>
    public static RenderedImage Fit(RenderedImage image, int mostColumns, int mostRows)
    {
        ArgumentNullException.ThrowIfNull(image);
        var factor = Math.Min(1, Math.Min(mostColumns / (double)image.Columns, mostRows / (double)image.Rows));
        return factor >= 1 ? image : Scale(image, Math.Max(1, (int)Math.Round(image.Columns * factor)), Math.Max(1, (int)Math.Round(image.Rows * factor)));
    }

    private static RenderedImage Scale(RenderedImage image, int columns, int rows)
    {
        // First along the rows, then along the columns.
        var n = image.Samples;
        var narrow = new double[image.Rows * columns * n];
        var step = image.Columns / (double)columns;
        for (var x = 0; x < columns; x++)
        {
            var (from, to) = (x * step, Math.Min(image.Columns, (x + 1) * step));
            for (var source = (int)from; source < to; source++)
            {
                var weight = (Math.Min(source + 1, to) - Math.Max(source, from)) / step;
                for (var y = 0; y < image.Rows; y++)
                {
                    for (var s = 0; s < n; s++)
                    {
                        narrow[(((y * columns) + x) * n) + s] += weight * image.Bytes[(((y * image.Columns) + source) * n) + s];
                    }
                }
            }
        }

        var result = new byte[rows * columns * n];
        var line = new double[columns * n];
        step = image.Rows / (double)rows;
        for (var y = 0; y < rows; y++)
        {
            Array.Clear(line);
            var (from, to) = (y * step, Math.Min(image.Rows, (y + 1) * step));
            for (var source = (int)from; source < to; source++)
            {
                var weight = (Math.Min(source + 1, to) - Math.Max(source, from)) / step;
                for (var i = 0; i < line.Length; i++)
                {
                    line[i] += weight * narrow[(source * line.Length) + i];
                }
            }

            for (var i = 0; i < line.Length; i++)
            {
                result[(y * line.Length) + i] = (byte)Math.Clamp(Math.Round(line[i]), 0, 255);
            }
        }

        return new RenderedImage(columns, rows, n, result);
    }
}
