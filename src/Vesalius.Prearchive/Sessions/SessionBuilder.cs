using System.Globalization;
using System.Xml;
using Vesalius.Archive;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>What a session's headers say.</summary>
/// <param name="XsiType">Session type.</param>
/// <param name="Date">Study date.</param>
/// <param name="Time">Study time.</param>
/// <param name="Fields">Other session fields by schema path.</param>
/// <param name="Scans">Scans without their files.</param>
public sealed record SessionDescription(string XsiType, DateOnly? Date, TimeOnly? Time, IReadOnlyDictionary<string, string> Fields, IReadOnlyList<AdmittedScan> Scans);

/// <summary>Makes the session document of what has arrived (xapi B.7, B.9, B.10).</summary>
public sealed class SessionBuilder(PrearchiveStore store, PetMrRule petMr)
{
    private const string XnatNamespace = "http://nrg.wustl.edu/xnat";

    /// <summary>Builds a session: reads headers, writes the document, sets type and state. The caller has the session alone.</summary>
    public async Task<SessionDescription> BuildAsync(PrearchiveSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        await store.SetStatusAsync(session.Id, PrearchiveStatus.Building, null, cancellationToken).ConfigureAwait(false);
        var objects = await store.ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false);
        var folder = store.FolderOf(session);
        var description = await DescribeAsync(objects, o => Path.Combine(folder, o.Path), cancellationToken, await petMr.OfAsync(session.ProjectId, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        await WriteDocumentAsync(session, description, store.DocumentOf(session), cancellationToken).ConfigureAwait(false);
        await store.SetStudyAsync(session.Id, description.Date, description.Time, description.XsiType, cancellationToken).ConfigureAwait(false);
        var conflicts = await store.ConflictsAsync(session.Id, cancellationToken).ConfigureAwait(false);
        await store.SetStatusAsync(session.Id, conflicts > 0 ? PrearchiveStatus.Conflict : PrearchiveStatus.Ready, description.XsiType, cancellationToken).ConfigureAwait(false);
        await store.LogAsync(
            session.Id,
            conflicts > 0 ? $"Built: {objects.Count} objects; {conflicts} came twice with different bytes." : $"Built: {objects.Count} objects in {description.Scans.Count} scans.",
            cancellationToken).ConfigureAwait(false);
        return description;
    }

    /// <summary>Reads one header per scan and describes the session.</summary>
    /// <param name="objects">Objects.</param>
    /// <param name="pathOf">Where the file of an object lies.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="petMr">What PET and MR together become.</param>
    public static async Task<SessionDescription> DescribeAsync(
        IReadOnlyList<PrearchiveObject> objects, Func<PrearchiveObject, string> pathOf, CancellationToken cancellationToken, PetMrHandling petMr = PetMrHandling.Joint)
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(pathOf);
        var scans = new List<AdmittedScan>();
        DataSet? lead = null;
        foreach (var series in objects.GroupBy(o => o.ScanId))
        {
            var scanType = DataTypes.ScanType(series.Select(o => o.SopClassUid));
            var first = series.FirstOrDefault(o => o.Resource == "DICOM") ?? series.First();
            var header = (await Part10File.ReadHeaderAsync(pathOf(first), cancellationToken: cancellationToken).ConfigureAwait(false)).DataSet;
            if (lead is null || (first.Resource == "DICOM" && lead.GetString(Tag.Modality) is "SR" or "OT" or "PR" or "KO"))
            {
                lead = header;
            }

            scans.Add(new AdmittedScan(
                series.Key, scanType, first.SeriesInstanceUid, header.GetString(Tag.SeriesDescription) ?? "", header.GetString(Tag.SeriesDescription) ?? "",
                header.GetString(Tag.Modality) ?? "", series.Count(), ScanFields(header), []));
        }

        return new SessionDescription(
            DataTypes.SessionType([.. scans.Select(s => (s.Modality, s.XsiType))], petMr), DateOf(lead, Tag.StudyDate), TimeOf(lead, Tag.StudyTime), SessionFields(lead), scans);
    }

    // Schema path below the type, and the attribute that fills it (xapi B.10).
    private static readonly (string Path, Tag Tag)[] SessionAttributes =
    [
        ("scanner/manufacturer", Tag.Manufacturer), ("scanner/model", Tag.ManufacturerModelName), ("scanner", Tag.StationName), ("operator", Tag.OperatorsName),
        ("dcmAccessionNumber", Tag.AccessionNumber), ("dcmPatientId", Tag.PatientID), ("dcmPatientName", Tag.PatientName), ("dcmPatientBirthDate", Tag.PatientBirthDate),
        ("modality", Tag.Modality), ("acquisition_site", Tag.InstitutionName), ("fieldStrength", Tag.MagneticFieldStrength),
    ];

    private static readonly (string Path, Tag Tag)[] ScanAttributes =
    [
        ("scanner/manufacturer", Tag.Manufacturer), ("scanner/model", Tag.ManufacturerModelName), ("scanner", Tag.StationName), ("startTime", Tag.AcquisitionTime),
        ("start_date", Tag.AcquisitionDate), ("fieldStrength", Tag.MagneticFieldStrength), ("parameters/tr", Tag.RepetitionTime), ("parameters/te", Tag.EchoTime),
        ("parameters/ti", Tag.InversionTime), ("parameters/flip", Tag.FlipAngle), ("parameters/voxelRes/z", Tag.SliceThickness), ("parameters/sequence", Tag.SequenceName),
        ("parameters/scanSequence", Tag.ScanningSequence), ("coil", Tag.ReceiveCoilName), ("parameters/imageType", Tag.ImageType),
    ];

    private static Dictionary<string, string> SessionFields(DataSet? header) => Fields(header, SessionAttributes);

    private static Dictionary<string, string> ScanFields(DataSet header)
    {
        var fields = Fields(header, ScanAttributes);
        if (header.GetStrings(Tag.PixelSpacing) is [var rows, var columns])
        {
            fields["parameters/voxelRes/x"] = columns;
            fields["parameters/voxelRes/y"] = rows;
        }

        if (SliceOrientation.Of(header) is { } orientation)
        {
            fields["parameters/orientation"] = orientation;
        }

        return fields;
    }

    private static Dictionary<string, string> Fields(DataSet? header, (string Path, Tag Tag)[] attributes)
    {
        var fields = new Dictionary<string, string>();
        foreach (var (path, tag) in attributes)
        {
            if (header?.GetString(tag) is { Length: > 0 and < 1000 } text)
            {
                fields[path] = text;
            }
        }

        return fields;
    }

    private static DateOnly? DateOf(DataSet? header, Tag tag) =>
        DateOnly.TryParseExact(header?.GetString(tag)?.Trim(), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;

    private static TimeOnly? TimeOf(DataSet? header, Tag tag)
    {
        var text = header?.GetString(tag)?.Trim().Split('.')[0];
        return TimeOnly.TryParseExact(text, ["HHmmss", "HHmm", "HH"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;
    }

    private static async Task WriteDocumentAsync(PrearchiveSession session, SessionDescription description, string path, CancellationToken cancellationToken)
    {
        var settings = new XmlWriterSettings { Async = true, Encoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true, NewLineChars = "\n", CheckCharacters = false };
        var stream = new FileStream(path + ".new", FileMode.Create, FileAccess.Write);
        await using (stream.ConfigureAwait(false))
        {
            var xml = XmlWriter.Create(stream, settings);
            await using (xml.ConfigureAwait(false))
            {
                WriteDocument(xml, session, description);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        File.Move(path + ".new", path, overwrite: true);
    }

    private static void WriteDocument(XmlWriter xml, PrearchiveSession session, SessionDescription description)
    {
        var stem = description.XsiType["xnat:".Length..].Replace("SessionData", "", StringComparison.Ordinal);
        xml.WriteStartElement("xnat", stem.ToUpperInvariant() + "Session", XnatNamespace);
        xml.WriteAttributeString("xmlns", "xsi", null, "http://www.w3.org/2001/XMLSchema-instance");
        xml.WriteAttributeString("label", session.Label);
        xml.WriteAttributeString("project", session.ProjectName);
        xml.WriteAttributeString("UID", session.StudyInstanceUid);
        xml.WriteElementString("subject_ID", XnatNamespace, session.Subject);
        if (description.Date is { } date)
        {
            xml.WriteElementString("date", XnatNamespace, date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        }

        if (description.Time is { } time)
        {
            xml.WriteElementString("time", XnatNamespace, time.ToString("HH:mm:ss", CultureInfo.InvariantCulture));
        }

        xml.WriteStartElement("scans", XnatNamespace);
        foreach (var scan in description.Scans)
        {
            xml.WriteStartElement("scan", XnatNamespace);
            xml.WriteAttributeString("ID", scan.Id);
            xml.WriteAttributeString("UID", scan.SeriesInstanceUid);
            xml.WriteAttributeString("type", scan.Type);
            xml.WriteAttributeString("xsi", "type", "http://www.w3.org/2001/XMLSchema-instance", scan.XsiType);
            xml.WriteElementString("quality", XnatNamespace, "usable");
            xml.WriteElementString("series_description", XnatNamespace, scan.SeriesDescription);
            xml.WriteElementString("frames", XnatNamespace, scan.Frames.ToString(CultureInfo.InvariantCulture));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }
}
