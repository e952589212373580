using System.Globalization;
using Vesalius.Dicom;
using Vesalius.Testing;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>Studies to fill a PACS with, made of slices of a phantom that were acquired by a real scanner.</summary>
internal static class RetrievalStudies
{
    /// <summary>Family names that must be seen nowhere.</summary>
    public const string SecretName = "Geheimrat";

    /// <summary>Makes studies, each of two series.</summary>
    /// <param name="count">Studies.</param>
    /// <param name="instances">Instances of each series.</param>
    /// <param name="change">Changes an object of a study and series; null for none.</param>
    /// <returns>Folder with their files.</returns>
    public static string Make(int count, int instances = 2, Action<int, int, DataSet>? change = null)
    {
        var slices = Directory.EnumerateFiles(SharedData.Require("data", "dicom", "studies", "mr-epi-phantom-ge"), "*.dcm", SearchOption.AllDirectories).Order().Take(instances).ToList();
        var folder = Directory.CreateTempSubdirectory("vesalius-pacs-").FullName;
        for (var study = 1; study <= count; study++)
        {
            for (var series = 1; series <= 2; series++)
            {
                for (var i = 0; i < instances; i++)
                {
                    var file = Part10File.Read(File.ReadAllBytes(slices[i]));
                    var set = file.DataSet;
                    set.SetString(Tag.StudyInstanceUID, Uid(study));
                    set.SetString(Tag.SeriesInstanceUID, $"{Uid(study)}.{series}");
                    set.SetString(Tag.SOPInstanceUID, $"{Uid(study)}.{series}.{i + 1}");
                    file.FileMeta!.SetString(Tag.MediaStorageSOPInstanceUID, $"{Uid(study)}.{series}.{i + 1}");
                    set.SetString(Tag.SeriesNumber, series.ToString(CultureInfo.InvariantCulture));
                    set.SetString(Tag.InstanceNumber, (i + 1).ToString(CultureInfo.InvariantCulture));
                    set.SetString(Tag.AccessionNumber, Accession(study));
                    set.SetString(Tag.PatientID, PatientId(study));
                    set.SetString(Tag.PatientName, $"{SecretName}^Nr{study}");
                    set.SetString(Tag.StudyDate, StudyDate(study));
                    set.SetString(Tag.StudyID, $"ID{study}");
                    set.SetString(Tag.SeriesDescription, series == 1 ? "T1" : "T2");
                    set.SetString(Tag.StudyDescription, "HEAD");
                    change?.Invoke(study, series, set);
                    File.WriteAllBytes(Path.Combine(folder, $"{study}-{series}-{i}.dcm"), file.Encode().ToArray());
                }
            }
        }

        return folder;
    }

    public static string Uid(int study) => $"1.2.826.0.1.3680043.9.7433.9.{study}";

    public static string Accession(int study) => $"RJ{study:00000}";

    public static string PatientId(int study) => $"0{7000000 + study}";

    public static string StudyDate(int study) => new DateTime(2024, 1, 13).AddDays(study % 10).ToString("yyyyMMdd", CultureInfo.InvariantCulture);
}
