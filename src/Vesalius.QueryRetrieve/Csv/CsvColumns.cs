namespace Vesalius.QueryRetrieve;

/// <summary>Columns of a list (xapi A.7).</summary>
public enum CsvColumn
{
    /// <summary>(0020,000D).</summary>
    StudyInstanceUid,
    /// <summary>(0008,0050).</summary>
    AccessionNumber,
    /// <summary>(0008,0020): one date or a range.</summary>
    StudyDate,
    /// <summary>(0010,0020).</summary>
    PatientId,
    /// <summary>Family name of (0010,0010).</summary>
    LastName,
    /// <summary>Given name of (0010,0010).</summary>
    FirstName,
    /// <summary>(0010,0030).</summary>
    BirthDate,
    /// <summary>(0008,0061), (0008,0060).</summary>
    Modality,
    /// <summary>Subject label: sets (0010,0010) and (0010,0020).</summary>
    Subject,
    /// <summary>Session label: sets (0020,0010) and (0008,0050).</summary>
    Session,
    /// <summary>Sets (0010,0010).</summary>
    RelabelPatientName,
    /// <summary>Sets (0010,0020).</summary>
    RelabelPatientId,
    /// <summary>Sets (0010,0030).</summary>
    RelabelPatientBirthDate,
    /// <summary>Sets (0020,0010).</summary>
    RelabelStudyId,
    /// <summary>Sets (0008,0020).</summary>
    RelabelStudyDate,
    /// <summary>Sets (0008,0050).</summary>
    RelabelAccessionNumber,
}

/// <summary>Names of columns: XNAT's, and what hospitals write instead.</summary>
public static class CsvColumns
{
    /// <summary>XNAT's name of each column.</summary>
    public static IReadOnlyDictionary<CsvColumn, string> Names { get; } = new Dictionary<CsvColumn, string>
    {
        [CsvColumn.StudyInstanceUid] = "Study Instance UID", [CsvColumn.AccessionNumber] = "Accession Number", [CsvColumn.StudyDate] = "Study Date",
        [CsvColumn.PatientId] = "Patient ID", [CsvColumn.LastName] = "Last Name", [CsvColumn.FirstName] = "First Name", [CsvColumn.BirthDate] = "DOB",
        [CsvColumn.Modality] = "Modality", [CsvColumn.Subject] = "Subject", [CsvColumn.Session] = "Session", [CsvColumn.RelabelPatientName] = "Relabel Patient Name",
        [CsvColumn.RelabelPatientId] = "Relabel Patient ID", [CsvColumn.RelabelPatientBirthDate] = "Relabel Patient Birth Date", [CsvColumn.RelabelStudyId] = "Relabel Study ID",
        [CsvColumn.RelabelStudyDate] = "Relabel Study Date", [CsvColumn.RelabelAccessionNumber] = "Relabel Accession Number",
    };

    // By letters and digits only, so that blanks, underscores and case do not matter.
    private static readonly Dictionary<string, CsvColumn> Known = Names.Select(n => (Key: KeyOf(n.Value), n.Key)).Concat(
    [
        ("studyuid", CsvColumn.StudyInstanceUid), ("accession", CsvColumn.AccessionNumber), ("accessionno", CsvColumn.AccessionNumber), ("accessionid", CsvColumn.AccessionNumber),
        ("examdate", CsvColumn.StudyDate), ("patientnumber", CsvColumn.PatientId), ("mrn", CsvColumn.PatientId), ("hospitalnumber", CsvColumn.PatientId),
        ("surname", CsvColumn.LastName), ("familyname", CsvColumn.LastName), ("forename", CsvColumn.FirstName), ("givenname", CsvColumn.FirstName),
        ("dateofbirth", CsvColumn.BirthDate), ("birthdate", CsvColumn.BirthDate), ("patientbirthdate", CsvColumn.BirthDate),
        ("subjectlabel", CsvColumn.Subject), ("subjectid", CsvColumn.Subject), ("sessionlabel", CsvColumn.Session), ("sessionid", CsvColumn.Session),
    ]).ToDictionary(k => k.Item1, k => k.Item2);

    /// <summary>The column of a header; null if it is none of ours.</summary>
    public static CsvColumn? Find(string header) => Known.TryGetValue(KeyOf(CsvCell.WithoutInvisible(header)), out var column) ? column : null;

    private static string KeyOf(string header) => string.Concat(header.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    /// <summary>True for columns that relabel.</summary>
    public static bool Relabels(CsvColumn column) => column >= CsvColumn.Subject;
}
