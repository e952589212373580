using System.Globalization;

namespace Vesalius.Dicom.PixelData;

/// <summary>Stored values to 8-bit grey: modality, then values of interest, then presentation (PS3.4 §N.2).</summary>
internal static class GreyPipeline
{
    public static byte[] Render(NativeFrame frame, DataSet dataSet, int number, RenderOptions options)
    {
        var values = SampleReader.Read(frame);
        ApplyModality(values, dataSet, number, frame.Description);
        var grey = new byte[values.Length];
        if (options.Window is null && !options.AutomaticWindow && VoiTable(dataSet, frame.Description, options.WindowIndex) is { } table)
        {
            var scale = 255.0 / ((1 << table.Bits) - 1);
            for (var i = 0; i < values.Length; i++)
            {
                grey[i] = (byte)Math.Clamp(table[values[i]] * scale, 0, 255);
            }
        }
        else
        {
            var window = options.Window ?? (options.AutomaticWindow ? null : Stored(dataSet, number, options.WindowIndex)) ?? Automatic(values);
            for (var i = 0; i < values.Length; i++)
            {
                grey[i] = Apply(window, values[i]);
            }
        }

        if (IsInverted(frame, dataSet))
        {
            for (var i = 0; i < grey.Length; i++)
            {
                grey[i] = (byte)(255 - grey[i]);
            }
        }

        return grey;
    }

    // MONOCHROME1 says the same as the shape INVERSE; together they do not invert twice (PS3.3 §C.11.6.1.2).
    private static bool IsInverted(NativeFrame frame, DataSet dataSet) =>
        frame.Description.PhotometricInterpretation == "MONOCHROME1" || dataSet.GetString(Tag.PresentationLUTShape)?.Trim() == "INVERSE";

    private static void ApplyModality(double[] values, DataSet dataSet, int number, ImageDescription description)
    {
        if (dataSet.GetSequence(Tag.ModalityLUTSequence)?.Items is [var item, ..]
            && LookupTable.Read(item, Tag.LUTDescriptor, Tag.LUTData, description.IsSigned) is { } table)
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = table[values[i]];
            }

            return;
        }

        var source = Functional(dataSet, number, Tag.PixelValueTransformationSequence) ?? dataSet;
        var slope = source.GetNumber(Tag.RescaleSlope) ?? 1;
        var intercept = source.GetNumber(Tag.RescaleIntercept) ?? 0;
        if (slope == 0 || !double.IsFinite(slope) || !double.IsFinite(intercept) || (slope == 1 && intercept == 0))
        {
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (values[i] * slope) + intercept;
        }
    }

    private static LookupTable? VoiTable(DataSet dataSet, ImageDescription description, int index) =>
        dataSet.GetSequence(Tag.VOILUTSequence)?.Items is { Count: > 0 } items
            ? LookupTable.Read(items[Math.Min(index, items.Count - 1)], Tag.LUTDescriptor, Tag.LUTData, description.IsSigned || dataSet.GetNumber(Tag.RescaleIntercept) < 0)
            : null;

    private static Window? Stored(DataSet dataSet, int number, int index)
    {
        var source = Functional(dataSet, number, Tag.FrameVOILUTSequence) ?? dataSet;
        var centers = source.GetStrings(Tag.WindowCenter);
        var widths = source.GetStrings(Tag.WindowWidth);
        var count = Math.Min(centers.Count, widths.Count);
        if (count == 0)
        {
            return null;
        }

        var at = Math.Clamp(index, 0, count - 1);
        if (!double.TryParse(centers[at], NumberStyles.Float, CultureInfo.InvariantCulture, out var center)
            || !double.TryParse(widths[at], NumberStyles.Float, CultureInfo.InvariantCulture, out var width)
            || !double.IsFinite(center) || !double.IsFinite(width) || width <= 0)
        {
            return null;
        }

        return new Window(center, width, source.GetString(Tag.VOILUTFunction)?.Trim() switch
        {
            "LINEAR_EXACT" => VoiFunction.LinearExact,
            "SIGMOID" => VoiFunction.Sigmoid,
            _ => VoiFunction.Linear,
        });
    }

    /// <summary>A functional group of a frame: its own before the shared one (PS3.3 §C.7.6.16).</summary>
    private static DataSet? Functional(DataSet dataSet, int number, Tag group) =>
        (dataSet.GetSequence(Tag.PerFrameFunctionalGroupsSequence)?.Items is { } frames && number < frames.Count ? First(frames[number], group) : null)
        ?? (dataSet.GetSequence(Tag.SharedFunctionalGroupsSequence)?.Items is [var shared, ..] ? First(shared, group) : null);

    private static DataSet? First(DataSet dataSet, Tag group) => dataSet.GetSequence(group)?.Items is [var item, ..] ? item : null;

    // What most pixels are; single hot or cold ones, padding for instance, do not darken the rest.
    private static Window Automatic(double[] values)
    {
        var step = Math.Max(1, values.Length / 65536);
        var sample = new List<double>(values.Length / step);
        for (var i = 0; i < values.Length; i += step)
        {
            if (double.IsFinite(values[i]))
            {
                sample.Add(values[i]);
            }
        }

        if (sample.Count == 0)
        {
            return new Window(0.5, 1, VoiFunction.LinearExact);
        }

        sample.Sort();
        var low = sample[(int)(0.005 * (sample.Count - 1))];
        var high = sample[(int)Math.Ceiling(0.995 * (sample.Count - 1))];
        if (high <= low)
        {
            (low, high) = (sample[0], sample[^1]);
        }

        return high > low ? new Window((low + high) / 2, high - low, VoiFunction.LinearExact) : new Window(low + 0.5, 1, VoiFunction.LinearExact);
    }

    private static byte Apply(Window window, double value)
    {
        if (!double.IsFinite(value))
        {
            return 0;
        }

        var level = window.Function switch
        {
            VoiFunction.Sigmoid => 1 / (1 + Math.Exp(-4 * (value - window.Center) / window.Width)),
            VoiFunction.LinearExact => ((value - window.Center) / window.Width) + 0.5,
            _ when window.Width <= 1 => value > window.Center - 0.5 ? 1 : 0,
            _ => ((value - (window.Center - 0.5)) / (window.Width - 1)) + 0.5,
        };
        return (byte)Math.Round(Math.Clamp(level, 0, 1) * 255);
    }
}
