using System.Globalization;
using Vesalius.Dicom;

namespace Vesalius.Acceptance.Faults;

/// <summary>A small object as a sender has it.</summary>
/// <param name="SopInstanceUid">SOP Instance UID.</param>
/// <param name="Bytes">Data set, explicit little endian.</param>
/// <param name="Pixels">Its pixel data.</param>
internal sealed record SmallObject(string SopInstanceUid, byte[] Bytes, byte[] Pixels);

/// <summary>Makes CT slices of 64×64×16 bit that carry a patient's name which nothing else contains.</summary>
internal static class SmallObjects
{
    public const string SopClass = "1.2.840.10008.5.1.4.1.1.2";
    public const string PatientName = "Quixmarrow^Zebulonia";
    public const string PatientId = "PID-90417-QX";

    /// <summary>What must not be found in anything that was stored.</summary>
    public static IReadOnlyList<string> Secrets { get; } = ["Quixmarrow", "Zebulonia", PatientId];

    public static IReadOnlyList<SmallObject> Make(int count, int seed, int side = 64)
    {
        var random = new Random(seed);
        var root = string.Create(CultureInfo.InvariantCulture, $"2.25.{random.NextInt64(1L << 60, long.MaxValue)}");
        return [.. Enumerable.Range(1, count).Select(number => Make(root, number, side, random))];
    }

    private static SmallObject Make(string root, int number, int side, Random random)
    {
        var instance = string.Create(CultureInfo.InvariantCulture, $"{root}.1.{number}");
        var pixels = new byte[side * side * 2];
        random.NextBytes(pixels);
        var dataSet = new DataSet(DicomEncoding.ExplicitLittleEndian);
        dataSet.SetString(Tag.SOPClassUID, SopClass);
        dataSet.SetString(Tag.SOPInstanceUID, instance);
        dataSet.SetString(Tag.StudyDate, "20200102");
        dataSet.SetString(Tag.Modality, "CT");
        dataSet.SetString(Tag.PatientName, PatientName);
        dataSet.SetString(Tag.PatientID, PatientId);
        dataSet.SetString(Tag.PatientComments, "Project:Unassigned Subject:S1 Session:S1_CT");
        dataSet.SetString(Tag.StudyInstanceUID, root);
        dataSet.SetString(Tag.SeriesInstanceUID, root + ".1");
        dataSet.SetString(Tag.SeriesNumber, "1");
        dataSet.SetString(Tag.InstanceNumber, number.ToString(CultureInfo.InvariantCulture));
        dataSet.Set(new ValueElement(Tag.PixelData, Vr.OW, pixels));
        return new SmallObject(instance, DataSetWriter.Encode(dataSet, DicomEncoding.ExplicitLittleEndian).ToArray(), pixels);
    }
}
