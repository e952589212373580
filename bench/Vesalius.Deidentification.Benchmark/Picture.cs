using Vesalius.Anonymisation.Pixels;
using Vesalius.Dicom;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>A word that was drawn.</summary>
/// <param name="Text">What it says.</param>
/// <param name="IsName">True if it is a part of the patient's name.</param>
/// <param name="Ink">The smallest rectangle around its letters.</param>
internal sealed record DrawnWord(string Text, bool IsName, PixelRectangle Ink);

/// <summary>A picture with or without text of a patient in it.</summary>
/// <param name="Name">File name.</param>
/// <param name="Modality">US or SC.</param>
/// <param name="Layout">Where and how the text stands.</param>
/// <param name="CapHeight">Height of a capital letter in pixels.</param>
/// <param name="Words">What was drawn; empty for a clean picture.</param>
/// <param name="Object">The object.</param>
internal sealed record Picture(string Name, string Modality, string Layout, double CapHeight, IReadOnlyList<DrawnWord> Words, DataSet Object)
{
    public static string TransferSyntaxUid => Uids.ExplicitVRLittleEndian;

    /// <summary>Makes the object of 8-bit samples.</summary>
    public static DataSet MakeObject(string modality, int columns, int rows, bool isColour, byte[] samples)
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SOPClassUID, modality == "US" ? Uids.UltrasoundImageStorage : Uids.SecondaryCaptureImageStorage);
        dataSet.SetString(Tag.SOPInstanceUID, "1.2.3.4");
        dataSet.SetString(Tag.Modality, modality == "US" ? "US" : "OT");
        dataSet.SetString(Tag.SamplesPerPixel, isColour ? "3" : "1");
        dataSet.SetString(Tag.PhotometricInterpretation, isColour ? "RGB" : "MONOCHROME2");
        if (isColour)
        {
            dataSet.SetString(Tag.PlanarConfiguration, "0");
        }

        foreach (var (tag, value) in (ReadOnlySpan<(Tag, int)>)[(Tag.Rows, rows), (Tag.Columns, columns), (Tag.BitsAllocated, 8), (Tag.BitsStored, 8), (Tag.HighBit, 7), (Tag.PixelRepresentation, 0)])
        {
            dataSet.SetString(tag, value.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        dataSet.Set(new ValueElement(Tag.PixelData, Vr.OB, samples));
        return dataSet;
    }
}
