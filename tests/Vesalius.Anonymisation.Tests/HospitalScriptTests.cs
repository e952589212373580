using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>A hospital's project script of three hundred lines, as typed, over every readable sample file: what it promises holds in the file that comes out (R10, R12).</summary>
public sealed partial class HospitalScriptTests
{
    private const string KeptCreator = "Philips MR Imaging DD 001";
    private static readonly Tag KeptBlock = new(0x2005000D);
    private static readonly Tag[] Dates = [Tag.StudyDate, Tag.SeriesDate, Tag.AcquisitionDate, Tag.ContentDate, Tag.PerformedProcedureStepStartDate];
    private static readonly HashSet<Tag> Given =
    [
        Tag.StudyDescription, Tag.PatientName, Tag.PatientID, Tag.AccessionNumber, Tag.StudyID, Tag.PatientIdentityRemoved, Tag.DeidentificationMethod,
        Tag.LongitudinalTemporalInformationModified, Tag.RadiopharmaceuticalStartDateTime,
    ];

    private static readonly ScriptContext Context = new()
    {
        Variables = new Dictionary<string, string> { ["project"] = "BRAIN", ["subject"] = "B-017", ["session"] = "B-017_1" },
        SkipsMissingDates = true,
    };

    private sealed class Promises
    {
        public HashSet<Tag> Deleted { get; } = [];

        public HashSet<Tag> Hashed { get; } = [];
    }

    // What the script says, read without the engine.
    private static Promises Read(string text)
    {
        var promises = new Promises();
        foreach (var line in text.Split('\n'))
        {
            if (Deletion().Match(line) is { Success: true } deletion)
            {
                promises.Deleted.Add(new Tag(Number(deletion, 1), Number(deletion, 2)));
            }
            else if (Hash().Match(line) is { Success: true } hash)
            {
                promises.Hashed.Add(new Tag(Number(hash, 1), Number(hash, 2)));
            }
        }

        return promises;
    }

    private static ushort Number(Match match, int group) => ushort.Parse(match.Groups[group].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The data folder, ultrasound loops with compressed pixels among it.</summary>
    [Fact]
    public async Task Script_keeps_its_promises_on_every_readable_file()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Scripts", "hospital-project.das"), TestContext.Current.CancellationToken);
        Assert.InRange(text.Split('\n').Length, 290, 320);
        var (script, promises) = (DicomEditScript.Compile(text), Read(text));
        Assert.True(promises.Deleted.Count > 200 && promises.Hashed.Count > 20);
        var (run, pixels, loops, kept, refused) = (0, 0, 0, 0, new List<string>());
        foreach (var (name, bytes) in Objects())
        {
            var before = Part10File.Read(bytes);
            var now = Part10File.Read(bytes);
            try
            {
                script.Apply(now.DataSet, Context with { FileMeta = now.FileMeta, TransferSyntaxUid = now.TransferSyntax.Uid }, TestContext.Current.CancellationToken);
            }
            catch (ScriptRunException e)
            {
                // A date that is none must not pass, and nothing else may fail.
                Assert.Contains(Dates, d => e.Statement.StartsWith($"{d} := shiftDateByIncrement", StringComparison.Ordinal) && IsNoDate(before.DataSet.GetString(d)));
                refused.Add($"{name}: {e.Message}");
                continue;
            }

            var after = Part10File.Read(now.Encode().ToArray());
            try
            {
                Check(before, after, promises);
            }
            catch (Xunit.Sdk.XunitException e)
            {
                Assert.Fail($"{name}: {e.Message}");
            }

            run++;
            pixels += before.DataSet.Any(e => e.Tag.IsPixelData) ? 1 : 0;
            loops += before.DataSet.GetString(Tag.Modality) == "US" && before.DataSet.GetInteger(Tag.NumberOfFrames) > 1 && before.DataSet[Tag.PixelData] is EncapsulatedElement ? 1 : 0;
            kept += after.DataSet.Any(e => e.Tag.IsPrivate) ? 1 : 0;
        }

        TestContext.Current.SendDiagnosticMessage($"{run} run, {pixels} with pixels, {loops} compressed loops of ultrasound, {kept} with the kept block, {refused.Count} refused: {string.Join(" | ", refused)}");
        Assert.True(run > 500, $"{run} run");
        Assert.True(pixels > 400, $"{pixels} with pixels");
        Assert.True(loops >= 12, $"{loops} compressed loops of ultrasound");
        Assert.True(kept > 50, $"{kept} with the kept block");
        Assert.True(refused.Count < 10, string.Join(" | ", refused));
    }

    private static bool IsNoDate(string? text) => !string.IsNullOrWhiteSpace(text)
        && !text.Split('\\').All(v => v.Trim().Length == 0 || DateOnly.TryParseExact(v.Trim(), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));

    private static void Check(Part10File before, Part10File after, Promises promises)
    {
        var (old, now) = (before.DataSet, after.DataSet);
        Assert.Equal(("BRAIN", "B-017", "B-017", "B-017_1", "B-017_1 Study"), (
            now.GetString(Tag.StudyDescription), now.GetString(Tag.PatientName), now.GetString(Tag.PatientID), now.GetString(Tag.AccessionNumber), now.GetString(Tag.StudyID)));
        Assert.Equal("YES", now.GetString(Tag.PatientIdentityRemoved));
        Assert.DoesNotContain(now, e => promises.Deleted.Contains(e.Tag));
        Assert.All(AllPrivate(now), e => Assert.True(e.Element.Tag.IsPrivateCreator ? e.Text?.Trim() == KeptCreator : e.Element.Tag.Group == KeptBlock.Group && (byte)e.Element.Tag.Element == KeptBlock.Element));
        Assert.Equal(old.GetString(Tag.SOPInstanceUID), now.GetString(Tag.SOPInstanceUID));
        Assert.Equal(before.TransferSyntax, after.TransferSyntax);
        foreach (var tag in promises.Hashed)
        {
            Assert.Equal(old.Contains(tag), now.Contains(tag));
            if (old.GetString(tag) is { Length: > 0 } uid)
            {
                Assert.StartsWith("2.25.", now.GetString(tag), StringComparison.Ordinal);
                Assert.NotEqual(uid, now.GetString(tag));
            }
        }

        foreach (var tag in Dates)
        {
            Assert.Equal(Shifted(old.GetString(tag)), now.GetString(tag));
        }

        Untouched(old, now, promises);
    }

    // Everything that no line names is there as it was, pixels first of all.
    private static void Untouched(DataSet old, DataSet now, Promises promises)
    {
        foreach (var element in old.GroupBy(e => e.Tag).Select(g => g.Last()))
        {
            var tag = element.Tag;
            if (tag.IsPrivate || tag.IsGroupLength || Given.Contains(tag) || Dates.Contains(tag) || promises.Deleted.Contains(tag) || promises.Hashed.Contains(tag) || tag == Tag.SpecificCharacterSet)
            {
                continue;
            }

            switch (element, now[tag])
            {
                case (ValueElement value, ValueElement still):
                    Assert.True(value.Vr == still.Vr && value.Bytes.Span.SequenceEqual(still.Bytes.Span), $"{tag} differs");
                    break;
                case (EncapsulatedElement value, EncapsulatedElement still):
                    Assert.True(value.EncodedItems.Span.SequenceEqual(still.EncodedItems.Span), $"{tag} differs");
                    break;
                case (SequenceElement value, SequenceElement still):
                    Assert.Equal(value.Items.Count, still.Items.Count);
                    break;
                default:
                    Assert.Fail($"{tag} is gone or of another kind");
                    break;
            }
        }
    }

    private static IEnumerable<(DataElement Element, string? Text)> AllPrivate(DataSet dataSet) => dataSet.SelectMany(e => e.Tag.IsPrivate ? [(e, dataSet.GetString(e.Tag))]
        : e is SequenceElement sequence ? sequence.Items.SelectMany(AllPrivate) : []);

    private static string? Shifted(string? text) => string.IsNullOrEmpty(text) ? text : string.Join('\\', text.Split('\\').Select(v => v.Trim().Length == 0 ? v
        : DateOnly.ParseExact(v.Trim(), "yyyyMMdd", CultureInfo.InvariantCulture).AddDays(-73).ToString("yyyyMMdd", CultureInfo.InvariantCulture)));

    private static IEnumerable<(string Name, byte[] Bytes)> Objects()
    {
        foreach (var path in Directory.EnumerateFiles(SharedData.Require("data", "dicom"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
            {
                using var zip = ZipFile.OpenRead(path);
                foreach (var entry in zip.Entries.Where(e => e.Length > 0))
                {
                    using var content = entry.Open();
                    using var memory = new MemoryStream();
                    content.CopyTo(memory);
                    if (IsReadable(memory.ToArray()))
                    {
                        yield return ($"{Path.GetFileName(path)}: {entry.Name}", memory.ToArray());
                    }
                }
            }
            else if (File.ReadAllBytes(path) is var bytes && IsReadable(bytes))
            {
                yield return (Path.GetFileName(path), bytes);
            }
        }
    }

    private static bool IsReadable(byte[] bytes)
    {
        try
        {
            return Part10File.Read(bytes).DataSet.Count > 0;
        }
        catch (MalformedDicomException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^(?:-|delete\["")\(([0-9A-F]{4}),([0-9A-F]{4})\)")]
    private static partial Regex Deletion();

    [GeneratedRegex(@"^\(([0-9A-F]{4}),([0-9A-F]{4})\) := hashUID")]
    private static partial Regex Hash();
}
