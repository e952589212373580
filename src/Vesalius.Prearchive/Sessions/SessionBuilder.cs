using System.Globalization;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Types;
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
public sealed class SessionBuilder(PrearchiveStore store, PetMrRule petMr, TypeModel model)
{
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

    private async Task WriteDocumentAsync(PrearchiveSession session, SessionDescription description, string path, CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(path + ".new", Document(session, description), cancellationToken).ConfigureAwait(false);
        File.Move(path + ".new", path, overwrite: true);
    }

    // The document of the session as it would be archived, without what the archive gives it: ID, resources.
    private string Document(PrearchiveSession session, SessionDescription description)
    {
        var item = ItemOf(model.Find(description.XsiType) is null ? "xnat:imageSessionData" : description.XsiType, description.Fields)
            .With("label", session.Label).With("project", session.ProjectName).With("subject_ID", session.Subject).With("UID", session.StudyInstanceUid)
            .With("date", description.Date?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).With("time", description.Time?.ToString("HH:mm:ss", CultureInfo.InvariantCulture));
        foreach (var scan in description.Scans)
        {
            item.Add("scans/scan", ItemOf(scan.XsiType, scan.Fields)
                .With("ID", scan.Id).With("UID", scan.SeriesInstanceUid).With("type", scan.Type).With("quality", "usable").With("series_description", scan.SeriesDescription)
                .With("modality", scan.Modality).With("frames", scan.Frames));
        }

        return new ItemXml(model).Write(item, "", concealInternal: true);
    }

    private Item ItemOf(string xsiType, IReadOnlyDictionary<string, string> fields)
    {
        var item = new Item(xsiType, DateTime.UnixEpoch);
        if (model.Find(xsiType) is { } type)
        {
            item.AddDocument(model, ItemInput.OfHeader(model, type, fields).Fields.Where(f => f.Value is not null).Select(f => KeyValuePair.Create(f.Key, f.Value!)));
        }

        return item;
    }
}
