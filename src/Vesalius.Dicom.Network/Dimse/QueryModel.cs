using System.Text;

namespace Vesalius.Dicom.Network;

/// <summary>A query/retrieve information model (PS3.4 §C.3) and its SOP classes.</summary>
/// <param name="FindUid">SOP class of C-FIND.</param>
/// <param name="MoveUid">SOP class of C-MOVE.</param>
/// <param name="GetUid">SOP class of C-GET.</param>
public sealed record QueryModel(string FindUid, string MoveUid, string GetUid)
{
    /// <summary>Study root: study, series, image; patients are attributes of studies.</summary>
    public static QueryModel StudyRoot { get; } = new(
        Uids.StudyRootQueryRetrieveInformationModelFind, Uids.StudyRootQueryRetrieveInformationModelMove, Uids.StudyRootQueryRetrieveInformationModelGet);

    /// <summary>Patient root: patient, study, series, image.</summary>
    public static QueryModel PatientRoot { get; } = new(
        Uids.PatientRootQueryRetrieveInformationModelFind, Uids.PatientRootQueryRetrieveInformationModelMove, Uids.PatientRootQueryRetrieveInformationModelGet);
}

/// <summary>Query/retrieve level (0008,0052).</summary>
public enum QueryLevel
{
    /// <summary>Patients; patient root only.</summary>
    Patient,
    /// <summary>Studies.</summary>
    Study,
    /// <summary>Series of one study.</summary>
    Series,
    /// <summary>Instances of one series.</summary>
    Image,
}

/// <summary>What a requestor asks for beyond the baseline of queries (PS3.4 §C.5.1.1, §C.5.2.1). The peer may agree to each part or not.</summary>
/// <param name="Relational">Keys of any level in one query; for retrieval, no unique keys of the levels above.</param>
/// <param name="DateTimeMatching">A date and its time match as one.</param>
/// <param name="FuzzyNames">Names match by sound or spelling, as the peer decides.</param>
/// <param name="TimeZone">Times are adjusted to the query's time zone.</param>
public readonly record struct QueryNegotiation(bool Relational, bool DateTimeMatching = false, bool FuzzyNames = false, bool TimeZone = false)
{
    /// <summary>The bytes of the sub-item for C-FIND.</summary>
    public ReadOnlyMemory<byte> ToFindInformation() => new[] { Flag(Relational), Flag(DateTimeMatching), Flag(FuzzyNames), Flag(TimeZone) };

    /// <summary>The bytes of the sub-item for C-MOVE and C-GET.</summary>
    public ReadOnlyMemory<byte> ToRetrieveInformation() => new[] { Flag(Relational) };

    /// <summary>Reads the peer's answer; what it leaves out does not hold.</summary>
    public static QueryNegotiation Read(ReadOnlyMemory<byte> information)
    {
        var bytes = information.Span;
        return new QueryNegotiation(
            bytes is [1, ..], bytes is [_, 1, ..], bytes is [_, _, 1, ..], bytes is [_, _, _, 1, ..]);
    }

    private static byte Flag(bool value) => value ? (byte)1 : (byte)0;
}

/// <summary>Makes identifiers: the data sets of C-FIND, C-MOVE, C-GET requests (PS3.4 §C.4.1.1.3).</summary>
public static class QueryIdentifier
{
    /// <summary>Makes an identifier.</summary>
    /// <param name="level">Level of the query.</param>
    /// <param name="matching">Keys to match: wildcards, ranges and lists of UIDs as PS3.4 §C.2.2.2 has them.</param>
    /// <param name="returned">Keys to return; those of <paramref name="matching"/> return too.</param>
    /// <remarks>Text beyond ASCII is sent in ISO_IR 100 if that can express all of it, because more peers know it, otherwise in ISO_IR 192.</remarks>
    /// <exception cref="FormatException">A value does not fit its key.</exception>
    public static DataSet Make(QueryLevel level, IEnumerable<KeyValuePair<Tag, string>> matching, IEnumerable<Tag>? returned = null)
    {
        ArgumentNullException.ThrowIfNull(matching);
        var keys = matching.ToList();
        var identifier = new DataSet();
        if (keys.Exists(k => !Ascii.IsValid(k.Value)))
        {
            identifier.SetString(Tag.SpecificCharacterSet, keys.TrueForAll(k => k.Value.All(c => c <= 0xFF)) ? "ISO_IR 100" : "ISO_IR 192");
        }

        foreach (var tag in returned ?? [])
        {
            identifier.SetString(tag, "");
        }

        foreach (var (tag, value) in keys)
        {
            identifier.SetString(tag, value);
        }

        identifier.SetString(Tag.QueryRetrieveLevel, NameOf(level));
        return identifier;
    }

    /// <summary>The defined term of a level.</summary>
    public static string NameOf(QueryLevel level) => level switch
    {
        QueryLevel.Patient => "PATIENT",
        QueryLevel.Study => "STUDY",
        QueryLevel.Series => "SERIES",
        _ => "IMAGE",
    };

    /// <summary>The keys that an archive wants to know at a level: unique, required, and the usual optional ones (PS3.4 §C.6.1.1, §C.6.2.1).</summary>
    public static IReadOnlyList<Tag> UsualKeys(QueryLevel level) => level switch
    {
        QueryLevel.Patient => PatientKeys,
        QueryLevel.Study => StudyKeys,
        QueryLevel.Series => SeriesKeys,
        _ => ImageKeys,
    };

    private static readonly Tag[] PatientKeys =
    [
        Tag.PatientID, Tag.PatientName, Tag.PatientBirthDate, Tag.PatientSex, Tag.IssuerOfPatientID,
        Tag.NumberOfPatientRelatedStudies, Tag.NumberOfPatientRelatedSeries, Tag.NumberOfPatientRelatedInstances,
    ];

    private static readonly Tag[] StudyKeys =
    [
        Tag.StudyInstanceUID, Tag.StudyDate, Tag.StudyTime, Tag.AccessionNumber, Tag.StudyID, Tag.StudyDescription, Tag.ModalitiesInStudy, Tag.SOPClassesInStudy,
        Tag.ReferringPhysicianName, Tag.PatientID, Tag.PatientName, Tag.PatientBirthDate, Tag.PatientSex,
        Tag.NumberOfStudyRelatedSeries, Tag.NumberOfStudyRelatedInstances,
    ];

    private static readonly Tag[] SeriesKeys =
    [
        Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SeriesNumber, Tag.Modality, Tag.SeriesDescription, Tag.SeriesDate, Tag.SeriesTime, Tag.BodyPartExamined,
        Tag.ProtocolName, Tag.NumberOfSeriesRelatedInstances,
    ];

    private static readonly Tag[] ImageKeys =
        [Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SOPInstanceUID, Tag.SOPClassUID, Tag.InstanceNumber, Tag.NumberOfFrames];
}
