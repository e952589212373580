using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Dicom;
using Vesalius.Dicom.Network;

namespace Vesalius.Testing;

/// <summary>One object that a PACS holds.</summary>
/// <param name="Header">Its elements before the pixel data.</param>
/// <param name="Outgoing">How it is sent.</param>
public sealed record PacsObject(DataSet Header, OutgoingObject Outgoing)
{
    /// <summary>Its study.</summary>
    public string Study { get; } = Header.GetString(Tag.StudyInstanceUID) ?? "";

    /// <summary>Its series.</summary>
    public string Series { get; } = Header.GetString(Tag.SeriesInstanceUID) ?? "";

    /// <summary>Its SOP Instance UID.</summary>
    public string Instance => Outgoing.SopInstanceUid;
}

/// <summary>What a PACS holds, and which of it a query or a retrieval means (PS3.4 §C.2.2.2).</summary>
public sealed class PacsCatalogue
{
    private PacsCatalogue(IReadOnlyList<PacsObject> objects) => Objects = objects;

    /// <summary>Everything, in the order of the files' names.</summary>
    public IReadOnlyList<PacsObject> Objects { get; }

    /// <summary>Reads the headers of every file below some folders; what is no DICOM object with its UIDs is left out.</summary>
    public static async Task<PacsCatalogue> ReadAsync(IEnumerable<string> folders, CancellationToken cancellationToken)
    {
        var objects = new Dictionary<string, PacsObject>();
        foreach (var path in folders.SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)))
        {
            try
            {
                var file = await Part10File.ReadHeaderAsync(path, null, cancellationToken);
                var found = new PacsObject(file.DataSet, OutgoingObject.FromHeader(path, file));
                if (found.Study.Length > 0 && found.Series.Length > 0)
                {
                    objects.TryAdd(found.Instance, found);
                }
            }
            catch (Exception e) when (e is MalformedDicomException or InvalidDataException)
            {
                // A text file, or an object that no PACS could index.
            }
        }

        return new PacsCatalogue([.. objects.Values]);
    }

    /// <summary>The objects that a retrieval's identifier means: its unique keys, lists of UIDs included.</summary>
    public IReadOnlyList<PacsObject> Select(DataSet identifier) =>
        [.. Objects.Where(o => Keys(identifier, Tag.PatientID, Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SOPInstanceUID).All(k => Matches(k, o.Header)))];

    /// <summary>The answers to a query.</summary>
    /// <param name="identifier">Level and keys.</param>
    /// <param name="faults">How it counts.</param>
    public IEnumerable<DataSet> Query(DataSet identifier, PacsFaults faults)
    {
        var level = identifier.GetString(Tag.QueryRetrieveLevel) ?? "";
        var modalities = identifier.GetStrings(Tag.ModalitiesInStudy).Where(m => m.Length > 0).ToHashSet();
        foreach (var group in Objects.GroupBy(o => KeyOf(level, o)).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var first = group.First();
            if (Keys(identifier).All(k => Matches(k, first.Header))
                && (modalities.Count == 0 || Objects.Any(o => o.Study == first.Study && modalities.Contains(o.Header.GetString(Tag.Modality) ?? ""))))
            {
                yield return Answer(identifier, level, first, faults);
            }
        }
    }

    private static string KeyOf(string level, PacsObject o) => level switch
    {
        "PATIENT" => o.Header.GetString(Tag.PatientID) ?? "",
        "STUDY" => o.Study,
        "SERIES" => o.Series,
        _ => o.Instance,
    };

    private static readonly HashSet<Tag> Computed =
    [
        Tag.QueryRetrieveLevel, Tag.SpecificCharacterSet, Tag.ModalitiesInStudy, Tag.SOPClassesInStudy, Tag.NumberOfPatientRelatedStudies, Tag.NumberOfPatientRelatedSeries,
        Tag.NumberOfPatientRelatedInstances, Tag.NumberOfStudyRelatedSeries, Tag.NumberOfStudyRelatedInstances, Tag.NumberOfSeriesRelatedInstances,
    ];

    private static IEnumerable<(Tag Tag, IReadOnlyList<string> Values)> Keys(DataSet identifier, params Tag[] only) => identifier
        .Where(e => !Computed.Contains(e.Tag) && (only.Length == 0 || only.Contains(e.Tag)))
        .Select(e => (e.Tag, identifier.GetStrings(e.Tag))).Where(k => k.Item2.Any(v => v.Length > 0));

    private static bool Matches((Tag Tag, IReadOnlyList<string> Values) key, DataSet header)
    {
        var value = header.GetString(key.Tag) ?? "";
        return key.Values.Any(wanted => Matches(key.Tag, wanted, value));
    }

    private static bool Matches(Tag tag, string wanted, string value)
    {
        if (tag == Tag.StudyDate && wanted.Split('-') is [var from, var to])
        {
            return string.CompareOrdinal(value, from) >= 0 && (to.Length == 0 || string.CompareOrdinal(value, to) <= 0);
        }

        var pattern = "^" + Regex.Escape(wanted).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal) + "$";
        return Regex.IsMatch(value, pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
    }

    private DataSet Answer(DataSet identifier, string level, PacsObject first, PacsFaults faults)
    {
        var answer = new DataSet();
        answer.SetString(Tag.SpecificCharacterSet, "ISO_IR 192");
        foreach (var element in identifier.Where(e => !Computed.Contains(e.Tag) && e is ValueElement))
        {
            answer.SetString(element.Tag, first.Header.GetString(element.Tag) ?? "");
        }

        answer.SetString(Tag.QueryRetrieveLevel, level);
        answer.SetString(Tag.RetrieveAETitle, FaultyPacs.AeTitle);
        var patient = KeyOf("PATIENT", first);
        Add(Tag.ModalitiesInStudy, () => string.Join('\\', InStudy().Select(o => o.Header.GetString(Tag.Modality)).Where(m => !string.IsNullOrEmpty(m)).Distinct()));
        Add(Tag.SOPClassesInStudy, () => string.Join('\\', InStudy().Select(o => o.Outgoing.SopClassUid).Distinct()));
        Count(Tag.NumberOfPatientRelatedStudies, OfPatient().Select(o => o.Study).Distinct().Count(), 0);
        Count(Tag.NumberOfPatientRelatedSeries, OfPatient().Select(o => o.Series).Distinct().Count(), 0);
        Count(Tag.NumberOfPatientRelatedInstances, OfPatient().Count(), faults.CountError);
        Count(Tag.NumberOfStudyRelatedSeries, InStudy().Select(o => o.Series).Distinct().Count(), 0);
        Count(Tag.NumberOfStudyRelatedInstances, InStudy().Count(), faults.CountError);
        Count(Tag.NumberOfSeriesRelatedInstances, Objects.Count(o => o.Series == first.Series), faults.CountError);
        return answer;

        IEnumerable<PacsObject> InStudy() => Objects.Where(o => o.Study == first.Study);

        IEnumerable<PacsObject> OfPatient() => Objects.Where(o => KeyOf("PATIENT", o) == patient);

        void Count(Tag tag, int count, int error) =>
            Add(tag, () => faults.CountsNothing ? "" : Math.Max(0, count + error).ToString(CultureInfo.InvariantCulture));

        void Add(Tag tag, Func<string> value)
        {
            if (identifier.Contains(tag))
            {
                answer.SetString(tag, value());
            }
        }
    }
}
