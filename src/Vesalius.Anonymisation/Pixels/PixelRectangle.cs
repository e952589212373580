using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>A rectangle of pixels, counted from the upper left corner: left and top belong to it, right and bottom do not. It may reach beyond the image.</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Right">Column behind the last.</param>
/// <param name="Bottom">Row behind the last.</param>
public readonly record struct PixelRectangle(long Left, long Top, long Right, long Bottom)
{
    /// <summary>The part inside an image; empty if there is none.</summary>
    public PixelRectangle Inside(int rows, int columns) =>
        new(Math.Clamp(Left, 0, columns), Math.Clamp(Top, 0, rows), Math.Clamp(Right, 0, columns), Math.Clamp(Bottom, 0, rows));

    /// <summary>True if it has no pixel.</summary>
    public bool IsEmpty => Left >= Right || Top >= Bottom;
}

/// <summary>What to blank.</summary>
/// <param name="Rectangle">Where.</param>
/// <param name="FirstFrame">First frame, from 0.</param>
/// <param name="LastFrame">Last frame, from 0; all that follow unless said.</param>
public readonly record struct BlankedArea(PixelRectangle Rectangle, int FirstFrame = 0, int LastFrame = int.MaxValue)
{
    /// <summary>True if this frame is concerned.</summary>
    public bool Touches(int frame, ImageDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        return frame >= FirstFrame && frame <= LastFrame && !Rectangle.Inside(description.Rows, description.Columns).IsEmpty;
    }
}
