using System.Globalization;
using System.Text;

namespace Vesalius.Acceptance.Retrieval;

/// <summary>A row of the story's list, and what has to become of it.</summary>
/// <param name="Text">The row as it stands in the file.</param>
/// <param name="Preview">State that the preview shows.</param>
/// <param name="End">How its request ends; null if it is not taken.</param>
/// <param name="Subject">Subject label that is archived; null if nothing is.</param>
/// <param name="Session">Session label that is archived.</param>
/// <param name="Scans">Scans of that session, of two images each.</param>
internal sealed record StoryRow(string Text, string Preview, string? End, string? Subject = null, string? Session = null, int Scans = 2);

/// <summary>A list of 200 rows with every kind of dirt, and the PACS's studies that it means.</summary>
internal static class StoryList
{
    /// <summary>Studies that the PACS has.</summary>
    public const int Studies = 180;

    /// <summary>The study that is archived before the list comes.</summary>
    public const int Archived = 157;

    /// <summary>Studies whose patients opted out.</summary>
    public static readonly int[] OptedOut = [160, 161, 162, 163];

    /// <summary>Studies of which the site wants no series.</summary>
    public static readonly int[] WhollyFiltered = [164, 165];

    /// <summary>Studies of which the site wants one of the two series.</summary>
    public static readonly int[] PartlyFiltered = [166, 167, 168];

    // Two studies of one patient on one day.
    private static readonly int[] Twins = [170, 171];

    /// <summary>What makes them so.</summary>
    public static string Make() => RetrievalStudies.Make(Studies, 2, (study, series, set) =>
    {
        if (WhollyFiltered.Contains(study) || (PartlyFiltered.Contains(study) && series == 2))
        {
            set.SetString(Dicom.Tag.SeriesDescription, "Dose Report");
        }

        if (study == Twins[1])
        {
            set.SetString(Dicom.Tag.PatientID, RetrievalStudies.PatientId(Twins[0]));
            set.SetString(Dicom.Tag.StudyDate, RetrievalStudies.StudyDate(Twins[0]));
        }
    });

    private static string Date(int study, string format) =>
        DateTime.ParseExact(RetrievalStudies.StudyDate(study), "yyyyMMdd", CultureInfo.InvariantCulture).ToString(format, CultureInfo.InvariantCulture);

    private static string Serial(int study) =>
        ((int)DateTime.ParseExact(RetrievalStudies.StudyDate(study), "yyyyMMdd", CultureInfo.InvariantCulture).ToOADate()).ToString(CultureInfo.InvariantCulture);

    // One study in ten ways of writing it down.
    private static StoryRow Dirty(int study)
    {
        var (accession, patient) = (RetrievalStudies.Accession(study), RetrievalStudies.PatientId(study));
        return (study % 10) switch
        {
            0 => Taken($"{accession};;;S{study};S{study}_MR;"),
            1 => Taken($"\"=\"\"{accession}\"\"\";;;S{study};S{study}_MR;note", "Repaired"),
            2 => Taken($";{patient};{Date(study, "yyyy-MM-dd")};S{study};S{study}_MR;"),
            3 => Taken($";{patient[1..]};{Date(study, "dd/MM/yyyy")};S{study};S{study}_MR;", "Repaired"),
            4 => Taken($";{patient[1..]}.0;{Serial(study)};S{study};S{study}_MR;", "Repaired"),
            5 => Taken($"\u200b{accession}\u00a0\u000c;;;\u00a0S{study}\u200b;S{study}_MR;", "Repaired"),
            6 => Taken($"{accession};;;S{study};;", "Repaired") with { Session = $"S{study}_01" },
            7 => Taken($"{accession};;;S {study}/a;S{study}_MR;", "Repaired") with { Subject = $"S_{study}_a" },
            8 => Taken($"  {accession}  ; ; ;S{study};S{study}_MR;;;;"),
            _ => Taken($";'{patient};{Date(study, "dd-MMM-yyyy")} 10:20;\"S{study}\";S{study}_MR;", "Repaired"),
        };

        StoryRow Taken(string text, string preview = "Accepted") => new(text, preview, "complete", $"S{study}", $"S{study}_MR");
    }

    /// <summary>The rows in order.</summary>
    public static IReadOnlyList<StoryRow> Rows { get; } = MakeRows();

    private static List<StoryRow> MakeRows()
    {
        var rows = Enumerable.Range(1, 154).Select(Dirty).ToList();
        string A(int study) => RetrievalStudies.Accession(study);
        void Not(string preview, params string[] texts) => rows.AddRange(texts.Select(t => new StoryRow(t, preview, null)));
        Not("Refused", rows[9].Text, rows[19].Text, rows[29].Text);
        Not("Ambiguous", $"{A(40)};;;T40;T40_MR;", $"{A(50)};;;T50;T50_MR;");
        Not("Ambiguous", $"{A(158)};;;S158;SAME_MR;", $"{A(159)};;;S159;same_MR;");
        Not("Refused", $"{A(155)};;;;X1;", $"{A(155)};;; ;X2;", $"{A(155)};;;\u00a0;X3;");
        Not("Refused", "1.23457E+11;;;S1x;X4;", "\"1,23457E+11\";;;S2x;X5;", "#N/A;;;S3x;X6;", "#REF!;;;S4x;X7;", "RJ*;;;S5x;X8;", "RJ0000?;;;S6x;X9;", "RJ1\\RJ2;;;S7x;X10;");
        Not("Refused", $";{RetrievalStudies.PatientId(155)};;S8x;X11;", ";;2024-01-15;S9x;X12;", $";{RetrievalStudies.PatientId(155)};30/02/2024;S10x;X13;", $";{RetrievalStudies.PatientId(155)};2099-01-01;S11x;X14;");
        Not("Ambiguous", $";{RetrievalStudies.PatientId(155)};13/01/24;S12x;X15;", "\"7,000,001\";;;S13x;X16;");
        Not("Refused", $"\"{A(155)};;;S14x;X17;", $"{A(155)};;;S15x;X18;;surplus", $"{A(155)};;;///;X19;", "RJ000000000000000000001;;;S16x;X20;");
        Not("Ambiguous", $"{A(Archived)};;;S157;S157_MR;");
        rows.AddRange(Enumerable.Range(1, 4).Select(i => new StoryRow($"NOWHERE{i};;;N{i};N{i}_MR;", "Accepted", "failed")));
        rows.AddRange(OptedOut.Concat(WhollyFiltered).Select(s => new StoryRow($"{A(s)};;;S{s};S{s}_MR;", "Accepted", "refused")));
        rows.AddRange(PartlyFiltered.Select(s => new StoryRow($"{A(s)};;;S{s};S{s}_MR;", "Accepted", "complete", $"S{s}", $"S{s}_MR", 1)));
        rows.Add(new StoryRow($";{RetrievalStudies.PatientId(Twins[0])};{Date(Twins[0], "yyyyMMdd")};S170;S170_MR;", "Accepted", "refused"));
        // Whatever is left of the 200 are clean rows.
        rows.AddRange(Enumerable.Range(172, 200 - rows.Count).Select(Dirty));
        return rows;
    }

    /// <summary>The file: mark, page breaks, titles, a repeated report line, line ends of three kinds, lines of separators only.</summary>
    public static string Text()
    {
        var text = new StringBuilder("\u000cRadiology list\r\nprinted 24/11/2026\n\n\u200bAccession  number;PATIENT ID\u00a0;Study Date;subject;Session;Remarks;;\r\n");
        string[] ends = ["\r\n", "\n", "\r"];
        for (var i = 0; i < Rows.Count; i++)
        {
            text.Append(Rows[i].Text).Append(ends[i % 3]).Append(i % 50 == 49 ? "\r\n\u000c\n" : "");
        }

        return text.Append(";;;;;;\r\n").ToString();
    }
}
