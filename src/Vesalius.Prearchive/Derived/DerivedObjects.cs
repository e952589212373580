using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Profile;
using Vesalius.Archive.DicomQueries;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Takes objects that were made of archived images: segmentations, contours, measurements, presentation states (R28). They go to the session that they were made of and not
/// through the scripts, which would give their references other UIDs; instead they may say nothing of the patient but what the session's own images say.</summary>
public sealed class DerivedObjects(DerivedSeriesStore store, DicomFileDirectory files, ReadOnlyMemory<byte> siteKey, TimeProvider time)
{
    private const int MostReferences = 1_000_000;

    private static readonly HashSet<string> Classes =
    [
        "1.2.840.10008.5.1.4.1.1.66.3", "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.5", "1.2.840.10008.5.1.4.1.1.66.7", "1.2.840.10008.5.1.4.1.1.481.3",
        "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.88.59",
        "1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.11.2", "1.2.840.10008.5.1.4.1.1.11.3", "1.2.840.10008.5.1.4.1.1.11.4", "1.2.840.10008.5.1.4.1.1.11.8",
        "1.2.840.10008.5.1.4.1.1.30", "1.2.840.10008.5.1.4.1.1.67",
    ];

    // What a viewer makes keeps its content; whatever the standard holds identifying goes, in items too. UIDs and dates are those of images that were de-identified before.
    private static readonly Lazy<DicomEditScript> Cleaning = new(() => DicomEditScript.Compile(ProfileScript.Make(new ProfileChoices
    {
        Options = ["cleanStructuredContent", "cleanGraphics", "cleanDescriptors", "retainUids", "retainFullDates", "retainDeviceIdentity"],
        KeptDescriptors = ["SeriesDescription"],
    }).Text));

    // Patient and study are the session's, letter by letter.
    private static readonly Tag[] OfSession =
    [
        Tag.PatientName, Tag.PatientID, Tag.PatientBirthDate, Tag.PatientSex, Tag.PatientAge, Tag.PatientSize, Tag.PatientWeight, Tag.PatientComments, Tag.StudyInstanceUID, Tag.StudyDate, Tag.StudyTime,
        Tag.StudyDescription, Tag.StudyID, Tag.AccessionNumber, Tag.ReferringPhysicianName, Tag.PatientIdentityRemoved, Tag.DeidentificationMethod,
    ];

    /// <summary>True if an object is of a kind that is made of images, as far as its class says.</summary>
    public static bool IsCandidate(DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        return dataSet.GetString(Tag.SOPClassUID) is { } type && Classes.Contains(type.Trim());
    }

    /// <summary>The session in a scope that an object was made of: one of its study that holds every instance that it refers to. Null if there is none; it is then an object like any other.</summary>
    public async Task<DerivedTarget?> FindTargetAsync(DataSet dataSet, DicomScope scope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        if (!IsCandidate(dataSet) || dataSet.GetString(Tag.StudyInstanceUID) is not { Length: > 0 } study)
        {
            return null;
        }

        var references = new HashSet<string>(StringComparer.Ordinal);
        Collect(dataSet, references);
        if (references.Count == 0)
        {
            return null;
        }

        foreach (var target in await store.TargetsAsync(scope, study, cancellationToken).ConfigureAwait(false))
        {
            var known = await store.InstancesAsync(target.Id, cancellationToken).ConfigureAwait(false);
            if (references.All(known.ContainsKey))
            {
                return target;
            }
        }

        return null;
    }

    private static void Collect(DataSet dataSet, HashSet<string> references)
    {
        if (dataSet.GetString(Tag.ReferencedSOPInstanceUID) is { Length: > 0 } uid && references.Count < MostReferences
            // A frame of reference or a study is referred to by the same attribute, but is no instance of ours.
            && dataSet.GetString(Tag.ReferencedSOPClassUID) is not ("1.2.840.10008.3.1.2.3.1" or "1.2.840.10008.3.1.2.3.2" or "1.2.840.10008.3.1.2.3.3"))
        {
            references.Add(uid);
        }

        foreach (var sequence in dataSet.OfType<SequenceElement>())
        {
            foreach (var item in sequence.Items)
            {
                Collect(item, references);
            }
        }
    }

    /// <summary>Cleans an object and stores it as an assessor of its session.</summary>
    /// <param name="dataSet">The object; edited.</param>
    /// <param name="syntax">How it is encoded.</param>
    /// <param name="target">Session that it was made of.</param>
    /// <param name="scope">Where the session is seen.</param>
    /// <param name="user">Who stores it.</param>
    /// <param name="cancellationToken">Cancels, until the file is put in place.</param>
    /// <returns>ID of the assessor.</returns>
    /// <exception cref="ScriptRunException">It cannot be cleaned; nothing was stored.</exception>
    /// <exception cref="MalformedDicomException">It lacks what identifies an object.</exception>
    public async Task<string> StoreAsync(DataSet dataSet, TransferSyntax syntax, DerivedTarget target, DicomScope scope, string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(syntax);
        ArgumentNullException.ThrowIfNull(target);
        var uid = Required(dataSet, Tag.SOPInstanceUID);
        var series = Required(dataSet, Tag.SeriesInstanceUID);
        var modality = dataSet.GetString(Tag.Modality) is { Length: > 0 and <= 16 } named && named.All(char.IsAsciiLetterOrDigit) ? named : "OT";
        var known = await store.InstancesAsync(target.Id, cancellationToken).ConfigureAwait(false);
        var references = new HashSet<string>(StringComparer.Ordinal);
        Collect(dataSet, references);
        if (known.TryGetValue(uid, out var owner) && owner != series)
        {
            throw new MalformedDicomException(MalformedReason.InvalidValue, 0, Tag.SOPInstanceUID, "PS3.5 §9");
        }

        // Of its own file's group 0002 nothing stays; what the rules say of it goes into ours.
        var meta = Part10Writer.MakeFileMeta(Required(dataSet, Tag.SOPClassUID), uid, syntax.Uid);
        await CleanAsync(dataSet, meta, syntax, target, scope, references, cancellationToken).ConfigureAwait(false);
        using var content = new MemoryStream();
        await Part10Writer.Encode(meta, dataSet, syntax).CopyToAsync(content, cancellationToken).ConfigureAwait(false);
        content.Position = 0;
        int? Number(Tag tag) => dataSet.GetInteger(tag) is { } value and >= 0 and <= int.MaxValue ? (int)value : null;
        var made = new DerivedObject
        {
            Uid = uid, SeriesUid = series, Modality = modality, SeriesNumber = Number(Tag.SeriesNumber), Number = Number(Tag.InstanceNumber), At = time.GetLocalNow(),
            Description = dataSet.GetString(Tag.SeriesDescription)?.Trim() ?? "", References = [.. references.Where(known.ContainsKey).Select(r => known[r]).Distinct().Order(StringComparer.Ordinal)],
        };
        return await store.StoreAsync(target, made, content, user, cancellationToken).ConfigureAwait(false);
    }

    private static string Required(DataSet dataSet, Tag tag) => dataSet.GetString(tag)?.Trim() is { Length: > 0 and <= 64 } uid && uid.All(c => char.IsAsciiDigit(c) || c == '.')
        ? uid : throw new MalformedDicomException(MalformedReason.InvalidValue, 0, tag, "PS3.5 §9.1");

    private async Task CleanAsync(
        DataSet dataSet, DataSet meta, TransferSyntax syntax, DerivedTarget target, DicomScope scope, HashSet<string> references, CancellationToken cancellationToken)
    {
        var study = dataSet.GetString(Tag.StudyInstanceUID)!;
        var images = await files.FilesAsync(scope with { ProjectId = target.Place, SessionId = target.Id }, new DicomAddress(study), cancellationToken).ConfigureAwait(false);
        var image = images.FirstOrDefault(f => references.Contains(f.Uid)) ?? throw new MalformedDicomException(MalformedReason.InvalidValue, 0, Tag.ReferencedSOPInstanceUID, "PS3.3 §C.12.4");
        var source = (await Part10File.ReadHeaderAsync(image.FullPath, cancellationToken: cancellationToken).ConfigureAwait(false)).DataSet;
        var context = new ScriptContext
        {
            Variables = new Dictionary<string, string> { ["project"] = target.Place, ["subject"] = target.SubjectId, ["session"] = target.Id, ["study"] = study },
            FileMeta = meta, TransferSyntaxUid = syntax.Uid, SiteKey = siteKey,
        };
        if (Cleaning.Value.Apply(dataSet, context, cancellationToken).Outcome == ScriptOutcome.Rejected)
        {
            throw new MalformedDicomException(MalformedReason.InvalidValue, 0, Tag.SOPClassUID, "PS3.15 §E");
        }

        // Both in UTF-8, so that a value can be taken over whatever set it was written in.
        dataSet.ReencodeAsUtf8();
        foreach (var tag in OfSession)
        {
            if (source.GetString(tag) is { } value)
            {
                dataSet.SetString(tag, value, source[tag]!.Vr);
            }
            else
            {
                dataSet.Remove(tag);
            }
        }
    }
}
