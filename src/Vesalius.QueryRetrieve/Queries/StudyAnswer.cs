using System.Globalization;
using Vesalius.Dicom;

namespace Vesalius.QueryRetrieve;

/// <summary>A study as a PACS answers it. Text that is missing is empty.</summary>
public sealed record StudyAnswer
{
    /// <summary>(0020,000D).</summary>
    public required string StudyInstanceUid { get; init; }

    /// <summary>(0020,0010).</summary>
    public string StudyId { get; init; } = "";

    /// <summary>(0008,1030).</summary>
    public string StudyDescription { get; init; } = "";

    /// <summary>(0008,0050).</summary>
    public string AccessionNumber { get; init; } = "";

    /// <summary>(0008,0020) as <c>yyyyMMdd</c>.</summary>
    public string StudyDate { get; init; } = "";

    /// <summary>(0008,0061).</summary>
    public IReadOnlyList<string> ModalitiesInStudy { get; init; } = [];

    /// <summary>(0008,0090).</summary>
    public string ReferringPhysicianName { get; init; } = "";

    /// <summary>(0020,1206); null if the PACS does not say.</summary>
    public int? SeriesCount { get; init; }

    /// <summary>(0020,1208); null if the PACS does not say.</summary>
    public int? InstanceCount { get; init; }

    /// <summary>(0010,0020).</summary>
    public string PatientId { get; init; } = "";

    /// <summary>(0010,0010), as <c>Last, First</c>.</summary>
    public string PatientName { get; init; } = "";

    /// <summary>(0010,0040).</summary>
    public string PatientSex { get; init; } = "";

    /// <summary>(0010,0030) as <c>yyyyMMdd</c>.</summary>
    public string PatientBirthDate { get; init; } = "";

    /// <summary>Reads an answer; null if it names no study.</summary>
    public static StudyAnswer? Read(DataSet answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        string Text(Tag tag) => answer.GetString(tag)?.Trim() ?? "";
        return Text(Tag.StudyInstanceUID) is not { Length: > 0 } uid ? null : new StudyAnswer
        {
            StudyInstanceUid = uid, StudyId = Text(Tag.StudyID), StudyDescription = Text(Tag.StudyDescription), AccessionNumber = Text(Tag.AccessionNumber), StudyDate = Text(Tag.StudyDate),
            ModalitiesInStudy = [.. answer.GetStrings(Tag.ModalitiesInStudy).Select(m => m.Trim()).Where(m => m.Length > 0)], ReferringPhysicianName = NameFor(Text(Tag.ReferringPhysicianName)),
            SeriesCount = Count(answer, Tag.NumberOfStudyRelatedSeries), InstanceCount = Count(answer, Tag.NumberOfStudyRelatedInstances),
            PatientId = Text(Tag.PatientID), PatientName = NameFor(Text(Tag.PatientName)), PatientSex = Text(Tag.PatientSex), PatientBirthDate = Text(Tag.PatientBirthDate),
        };
    }

    /// <summary>A count; null where the PACS says nothing, or nonsense.</summary>
    internal static int? Count(DataSet answer, Tag tag) => answer.GetInteger(tag) is >= 0 and < 10_000_000 and var count ? (int)count : null;

    /// <summary>A person name for people: <c>Last, First Middle</c> of its alphabetic form (PS3.5 §6.2.1).</summary>
    public static string NameFor(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var parts = name.Split('=')[0].Split('^').Select(p => p.Trim()).ToList();
        var given = string.Join(' ', parts.Skip(1).Take(2).Where(p => p.Length > 0));
        return given.Length == 0 ? parts[0] : $"{parts[0]}, {given}";
    }

    /// <summary>A date as <c>yyyy-MM-dd</c>; as it is where it is no date.</summary>
    public static string DateFor(string date) =>
        DateOnly.TryParseExact(date, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var known) ? known.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : date;
}

/// <summary>A series as a PACS answers it.</summary>
public sealed record SeriesAnswer
{
    /// <summary>(0020,000E).</summary>
    public required string SeriesInstanceUid { get; init; }

    /// <summary>(0020,0011).</summary>
    public string SeriesNumber { get; init; } = "";

    /// <summary>(0008,0060).</summary>
    public string Modality { get; init; } = "";

    /// <summary>(0008,103E).</summary>
    public string SeriesDescription { get; init; } = "";

    /// <summary>(0020,1209); null if the PACS does not say.</summary>
    public int? InstanceCount { get; init; }

    /// <summary>Reads an answer; null if it names no series.</summary>
    public static SeriesAnswer? Read(DataSet answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        string Text(Tag tag) => answer.GetString(tag)?.Trim() ?? "";
        return Text(Tag.SeriesInstanceUID) is not { Length: > 0 } uid ? null : new SeriesAnswer
        {
            SeriesInstanceUid = uid, SeriesNumber = Text(Tag.SeriesNumber), Modality = Text(Tag.Modality), SeriesDescription = Text(Tag.SeriesDescription),
            InstanceCount = StudyAnswer.Count(answer, Tag.NumberOfSeriesRelatedInstances),
        };
    }
}
