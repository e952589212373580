namespace Vesalius.Dicom.PixelData;

/// <summary>How window values become grey (PS3.3 §C.11.2.1.3).</summary>
public enum VoiFunction
{
    /// <summary>LINEAR.</summary>
    Linear,
    /// <summary>LINEAR_EXACT.</summary>
    LinearExact,
    /// <summary>SIGMOID.</summary>
    Sigmoid,
}

/// <summary>A window over values after the modality transformation.</summary>
/// <param name="Center">Middle.</param>
/// <param name="Width">Width, above 0; for <see cref="VoiFunction.Linear"/> at least 1.</param>
/// <param name="Function">Shape.</param>
public readonly record struct Window(double Center, double Width, VoiFunction Function = VoiFunction.Linear);

/// <summary>How to show a frame.</summary>
public sealed record RenderOptions
{
    /// <summary>Window to use; that of the object unless said, and where it has none the range of its values.</summary>
    public Window? Window { get; init; }

    /// <summary>Which of the object's windows or tables to use, from 0.</summary>
    public int WindowIndex { get; init; }

    /// <summary>Ignore the object's windows and show the range from the 0.5th to the 99.5th percentile.</summary>
    public bool AutomaticWindow { get; init; }

    /// <summary>Largest width of the result in pixels; the proportion is kept, and nothing is enlarged.</summary>
    public int? MostColumns { get; init; }

    /// <summary>Largest height of the result in pixels; the proportion is kept, and nothing is enlarged.</summary>
    public int? MostRows { get; init; }
}

/// <summary>A picture for screens: rows of 8-bit grey or of red, green, blue.</summary>
/// <param name="Columns">Width in pixels.</param>
/// <param name="Rows">Height in pixels.</param>
/// <param name="Samples">1 or 3.</param>
/// <param name="Bytes">Samples beside each other, from the upper left.</param>
public sealed record RenderedImage(int Columns, int Rows, int Samples, byte[] Bytes);
