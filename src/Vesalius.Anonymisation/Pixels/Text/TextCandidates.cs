using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Objects in whose pixels text is looked for: those whose makers write into pixels. Slices of CT, MR and PET as they were acquired hold none.</summary>
public static class TextCandidates
{
    private static readonly HashSet<string> Modalities = ["US", "IVUS", "SC", "XC", "OT", "ES", "GM", "OP", "OPT", "CR", "DX", "MG", "RF", "XA", "RG", "DOC", "BMD", "ECG", "HC"];

    /// <summary>True if text is worth looking for.</summary>
    public static bool Is(DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var sopClass = dataSet.GetString(Tag.SOPClassUID) ?? "";
        var imageType = dataSet.GetString(Tag.ImageType) ?? "";
        return Modalities.Contains(dataSet.GetString(Tag.Modality)?.Trim() ?? "")
            || dataSet.GetString(Tag.BurnedInAnnotation)?.Trim() == "YES"
            // Secondary Capture and its multi-frame forms, whatever modality they name.
            || sopClass.StartsWith("1.2.840.10008.5.1.4.1.1.7", StringComparison.Ordinal)
            || sopClass.StartsWith("1.2.840.10008.5.1.4.1.1.77.1.", StringComparison.Ordinal)
            || imageType.StartsWith("DERIVED\\SECONDARY", StringComparison.Ordinal)
            || imageType.Contains("SCREEN", StringComparison.OrdinalIgnoreCase)
            || imageType.Contains("LOCALIZER", StringComparison.OrdinalIgnoreCase)
            || (dataSet.GetInteger(Tag.SamplesPerPixel) ?? 1) > 1;
    }
}
