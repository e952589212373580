using Vesalius.Anonymisation.Profile;
using Vesalius.Dicom;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>Makes a set of objects with identifiers of people who do not exist, out of real files, and the answers to it.</summary>
internal static class SeededSet
{
    private const int LongestKept = 1024;
    private const int LargestSource = 4 * 1024 * 1024;

    private static readonly Dictionary<Tag, ProfileAction> Table =
        ProfileScript.Make(new ProfileChoices()).Rules.Where(r => Tag.TryParse(r.Tag, out _)).ToDictionary(r => Tag.TryParse(r.Tag, out var tag) ? tag : default, r => r.Action);

    /// <summary>Readable files of a folder, in the order of their names.</summary>
    public static IReadOnlyList<string> Sources(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where(IsSource)];

    private static bool IsSource(string path)
    {
        if (new FileInfo(path).Length is < 200 or > LargestSource)
        {
            return false;
        }

        try
        {
            var file = Part10File.Read(File.ReadAllBytes(path));
            return file.DataSet.GetString(Tag.SOPClassUID) is { Length: > 0 } sopClass && sopClass != Uids.MediaStorageDirectoryStorage && file.DataSet.Count > 5 && !file.TransferSyntax.IsDeflated;
        }
        catch (MalformedDicomException)
        {
            return false;
        }
    }

    /// <summary>Makes the set.</summary>
    /// <param name="sources">Files to copy.</param>
    /// <param name="folder">Where the set goes.</param>
    /// <param name="seed">Decides everything that is random.</param>
    /// <param name="filesPerSubject">Files of one subject.</param>
    public static async Task<AnswerKey> MakeAsync(IReadOnlyList<string> sources, string folder, int seed, int filesPerSubject)
    {
        Directory.CreateDirectory(folder);
        var answers = new List<FileAnswer>();
        // Subjects get files of all sorts, not one folder each.
        var order = Shuffled(sources, new Random(seed));
        for (var i = 0; i < order.Count; i++)
        {
            var random = new Random(unchecked((seed * 104729) + i));
            var subject = Subject.Make(seed, i / filesPerSubject);
            var bytes = await File.ReadAllBytesAsync(order[i]);
            var name = $"{i:D4}.dcm";
            answers.Add(await PlantAsync(bytes, order[i], subject, random, folder, name, instance => InstanceUid(seed, instance), i, filesPerSubject));
        }

        return new AnswerKey(seed, answers);
    }

    private static string InstanceUid(int seed, int index) => Subject.Uid(new Random(unchecked((seed * 15485863) + index)));

    private static List<string> Shuffled(IReadOnlyList<string> sources, Random random)
    {
        var list = sources.ToList();
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = random.Next(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }

        return list;
    }

    private static async Task<FileAnswer> PlantAsync(
        byte[] bytes, string source, Subject subject, Random random, string folder, string name, Func<int, string> instanceUid, int index, int filesPerSubject)
    {
        var file = Part10File.Read(bytes);
        var dataSet = file.DataSet;
        var instance = instanceUid(index);
        dataSet.SetString(Tag.SOPInstanceUID, instance, Vr.UI);
        dataSet.SetString(Tag.StudyInstanceUID, subject.StudyUid, Vr.UI);
        dataSet.SetString(Tag.SeriesInstanceUID, subject.SeriesUids[random.Next(subject.SeriesUids.Count)], Vr.UI);
        var meta = Part10Writer.MakeFileMeta(dataSet.GetString(Tag.SOPClassUID) ?? "", instance, file.TransferSyntax.Uid);
        var planting = new HeaderPlanting(subject, random);
        // A reference to another object of the same subject.
        var first = index / filesPerSubject * filesPerSubject;
        planting.Plant(dataSet, meta, () => instanceUid(first + random.Next(filesPerSubject)));
        var encoded = Part10Writer.Encode(meta, dataSet, file.TransferSyntax).ToArray();
        if (random.Next(2) == 0)
        {
            planting.PlantPreamble(encoded);
        }

        await File.WriteAllBytesAsync(Path.Combine(folder, name), encoded);
        return Answer(name, source, subject, planting.Planted, FlatObject.Read(encoded));
    }

    private static FileAnswer Answer(string name, string source, Subject subject, IReadOnlyList<PlantedIdentifier> planted, FlatObject flat)
    {
        var identifying = planted.Select(p => p.Path).ToHashSet(StringComparer.Ordinal);
        var (kept, uids, dates) = (new Dictionary<string, IReadOnlyList<string>>(), new Dictionary<string, IReadOnlyList<string>>(), new Dictionary<string, IReadOnlyList<string>>());
        foreach (var (path, values) in flat.All)
        {
            var tags = path.Split('/').Select(t => Tag.TryParse(t, out var tag) ? tag : default).ToList();
            var last = tags[^1];
            // What says how an object was encoded or de-identified is not data of it.
            if (tags.Exists(t => t.IsPrivate) || tags[0].Group is 0x0002 or 0x0004 || tags[0].Value is >= 0x0012_0062 and <= 0x0012_0064 or 0x0028_0301 or 0x0028_0303
                || last.IsGroupLength || last == Tag.SpecificCharacterSet)
            {
                continue;
            }

            var texts = flat.Texts(path);

            if (values[0].Element.Vr == Vr.UI && Table.GetValueOrDefault(last) == ProfileAction.ReplaceUid)
            {
                uids[path] = texts;
            }
            else if (values[0].Element.Vr == Vr.DA || values[0].Element.Vr == Vr.DT)
            {
                dates[path] = texts;
            }
            else if (!identifying.Contains(path) && DataDictionary.Find(last) is not null && values[0].Element.Vr != Vr.UN && texts.Any(t => t.Length > 0) && texts.All(t => t.Length <= LongestKept))
            {
                kept[path] = texts;
            }
        }

        return new FileAnswer(name, source, subject.Number, planted, kept, uids, dates, flat.PixelHash);
    }
}
