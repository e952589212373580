namespace Vesalius.Archive;

/// <summary>A file that enters the archive.</summary>
/// <param name="Path">Path relative to its resource.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Md5">MD5 in hexadecimal.</param>
/// <param name="Sha256">SHA-256 in hexadecimal.</param>
/// <param name="SopInstanceUid">For DICOM instances.</param>
/// <param name="InstanceNumber">For DICOM instances.</param>
public sealed record AdmittedFile(string Path, long Size, string Md5, string Sha256, string? SopInstanceUid, int? InstanceNumber);

/// <summary>A resource of a scan that enters the archive.</summary>
/// <param name="Label">Label, for example <c>DICOM</c>.</param>
/// <param name="Format">Format.</param>
/// <param name="Content">Content.</param>
/// <param name="Files">Files.</param>
public sealed record AdmittedResource(string Label, string Format, string Content, IReadOnlyList<AdmittedFile> Files);

/// <summary>A scan that enters the archive.</summary>
/// <param name="Id">Scan ID.</param>
/// <param name="XsiType">Type, for example <c>xnat:mrScanData</c>.</param>
/// <param name="SeriesInstanceUid">Series Instance UID.</param>
/// <param name="Type">Scan type.</param>
/// <param name="SeriesDescription">Series description.</param>
/// <param name="Modality">Modality.</param>
/// <param name="Frames">Frames in all files.</param>
/// <param name="Fields">Other fields by schema path.</param>
/// <param name="Resources">Resources.</param>
public sealed record AdmittedScan(
    string Id, string XsiType, string SeriesInstanceUid, string Type, string SeriesDescription, string Modality, int Frames,
    IReadOnlyDictionary<string, string> Fields, IReadOnlyList<AdmittedResource> Resources);

/// <summary>A session that enters the archive.</summary>
/// <param name="ProjectId">Project.</param>
/// <param name="SubjectLabel">Subject; made if it is new.</param>
/// <param name="SessionLabel">Session label.</param>
/// <param name="XsiType">Type, for example <c>xnat:mrSessionData</c>.</param>
/// <param name="StudyInstanceUid">Study Instance UID.</param>
/// <param name="Date">Study date.</param>
/// <param name="Time">Study time.</param>
/// <param name="Fields">Other fields by schema path.</param>
/// <param name="Scans">Scans.</param>
/// <param name="User">Who archives it.</param>
public sealed record SessionAdmission(
    string ProjectId, string SubjectLabel, string SessionLabel, string XsiType, string StudyInstanceUid, DateOnly? Date, TimeOnly? Time,
    IReadOnlyDictionary<string, string> Fields, IReadOnlyList<AdmittedScan> Scans, string User);

/// <summary>A session as it stands in the archive.</summary>
/// <param name="Id">Experiment ID.</param>
/// <param name="ProjectId">Project.</param>
/// <param name="SubjectId">Subject ID.</param>
/// <param name="SubjectLabel">Subject label.</param>
/// <param name="Label">Session label.</param>
/// <param name="XsiType">Type.</param>
/// <param name="StudyInstanceUid">Study Instance UID.</param>
public sealed record ArchivedSession(string Id, string ProjectId, string SubjectId, string SubjectLabel, string Label, string XsiType, string? StudyInstanceUid)
{
    /// <summary>Address by labels, as XNAT answers it when something was archived.</summary>
    public string Uri => $"/data/archive/projects/{ProjectId}/subjects/{SubjectLabel}/experiments/{Label}";
}
