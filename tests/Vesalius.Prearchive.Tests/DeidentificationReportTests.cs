using System.Diagnostics;
using Vesalius.Anonymisation;
using Vesalius.Anonymisation.Profile;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Prearchive.Tests;

/// <summary>What is counted while objects are de-identified (R14).</summary>
public sealed class DeidentificationReportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DataSet Item(string description)
    {
        var item = new DataSet();
        item.SetString(Tag.StudyDescription, description);
        return item;
    }

    /// <summary>Changes, removals and additions at every level; items are known by what they are, not by their number.</summary>
    [Fact]
    public void Differences_name_places_at_every_level()
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.PatientName, "before");
        dataSet.SetString(Tag.PatientID, "gone");
        dataSet.SetString(Tag.Modality, "MR");
        var (first, second) = (Item("first"), Item("second"));
        dataSet.Set(new SequenceElement(Tag.ReferencedStudySequence, [first, second]));
        var snapshot = DataSetSnapshot.Of(dataSet);

        dataSet.SetString(Tag.PatientName, "after");
        dataSet.Remove(Tag.PatientID);
        dataSet.SetString(Tag.PatientSex, "O");
        dataSet.SetString(Tag.Modality, "MR");
        dataSet.Set(new SequenceElement(Tag.ReferencedStudySequence, [second, Item("third")]));
        second.SetString(Tag.StudyDescription, "changed");
        var found = new List<string>();
        snapshot.Differences(d => found.Add($"{d.Change} {d.Path}"));
        Assert.Equal(
            ["Removed (0008,1110)[0]/(0008,1030)", "Changed (0008,1110)[1]/(0008,1030)", "Added (0008,1110)[1]/(0008,1030)", "Changed (0010,0010)", "Removed (0010,0020)", "Added (0010,0040)"],
            found);
        Assert.Equal("first", Assert.IsType<ValueElement>(snapshot.Elements().Single(e => e.Path == "(0008,1110)[0]/(0008,1030)").Element) is { } e ? ElementText.Read(e, dataSet.CharacterSet) : null);
    }

    /// <summary>Search and counting together take less than 30 % of what reading, script and writing take (R14).</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Check_and_report_add_less_than_thirty_per_cent_to_de_identification()
    {
        var script = DicomEditScript.Compile(ProfileScript.Make(ProfileChoices.Templates["guys"]).Text);
        var plain = new ArchivingRules { Script = new ActiveScript(1, script) };
        var paths = Directory.EnumerateFiles(SharedData.Require("data", "dicom"), "*.dcm", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length < 2_000_000).Take(150).ToList();
        var known = new KnownIdentifiers();
        foreach (var (kind, value) in ((string, string)[])[("patient name", "Quixmarrow^Zebulonia"), ("patient ID", "PID-90417-QX"), ("birth date", "19500207"), ("accession number", "ACC7781X"), ("physician", "Ashdown^Marjory")])
        {
            known.Add(kind, value);
        }

        var proved = ArchivingRuleBook.WithCheck(plain with { ResidualPolicy = ResidualPolicy.Flag }, known, ["P", "S", "T"]);
        var (without, with) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var round = 0; round < 16; round++)
        {
            // The best round of each: what else runs on the machine, and the compiler in the first rounds, only adds.
            without = Min(without, await TimeAsync(paths, plain, counts: false));
            with = Min(with, await TimeAsync(paths, proved, counts: true));
        }

        TestContext.Current.SendDiagnosticMessage($"without {without.TotalMilliseconds:F0} ms, with check and report {with.TotalMilliseconds:F0} ms");
        Assert.True(with < without * 1.3, $"{with.TotalMilliseconds} against {without.TotalMilliseconds} ms");
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static async Task<TimeSpan> TimeAsync(IReadOnlyList<string> paths, ArchivingRules rules, bool counts)
    {
        var target = Path.GetTempFileName();
        var tally = new DeidentificationTally();
        var watch = Stopwatch.StartNew();
        foreach (var path in paths)
        {
            try
            {
                var file = await Part10File.OpenAsync(path, cancellationToken: Token);
                var context = new ScriptContext { Variables = new Dictionary<string, string> { ["project"] = "P", ["subject"] = "S", ["session"] = "T", ["dateShift"] = "40" }, FileMeta = file.FileMeta, TransferSyntaxUid = file.TransferSyntax.Uid };
                var before = counts ? DataSetSnapshot.Of(file.DataSet) : null;
                var outcome = await ObjectDeidentification.ApplyAsync(file.DataSet, rules, context, Token);
                if (counts)
                {
                    tally.Pass(file.DataSet, before, outcome);
                }

                await File.WriteAllBytesAsync(target, file.Encode().ToArray(), Token);
            }
            catch (Exception e) when (e is MalformedDicomException or ScriptRunException)
            {
                // Not what is measured.
            }
        }

        var elapsed = watch.Elapsed;
        File.Delete(target);
        return elapsed;
    }
}
