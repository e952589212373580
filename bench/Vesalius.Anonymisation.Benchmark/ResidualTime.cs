using System.Diagnostics;
using System.Globalization;
using Vesalius.Anonymisation.Profile;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;
using Vesalius.Prearchive;

namespace Vesalius.Anonymisation.Benchmark;

/// <summary>What the search for identifiers and the report add to reading, the profile's script and writing (R14).</summary>
internal static class ResidualTime
{
    private const int Rounds = 31;
    private const int MostFiles = 150;
    private const int LargestFile = 2_000_000;

    /// <summary>Measures both in turns.</summary>
    /// <param name="data">Folder of sample objects.</param>
    /// <returns>Files, median milliseconds without and with, and what was added in per cent.</returns>
    public static async Task<string> MeasureAsync(string data)
    {
        var plain = new ArchivingRules { Script = new ActiveScript(1, DicomEditScript.Compile(ProfileScript.Make(ProfileChoices.Templates["guys"]).Text)) };
        var known = new KnownIdentifiers();
        foreach (var (kind, value) in ((string, string)[])[("patient name", "Quixmarrow^Zebulonia"), ("patient ID", "PID-90417-QX"), ("birth date", "19500207"), ("accession number", "ACC7781X"), ("physician", "Ashdown^Marjory")])
        {
            known.Add(kind, value);
        }

        var proved = ArchivingRuleBook.WithCheck(plain with { ResidualPolicy = ResidualPolicy.Flag }, known, ["P", "S", "T"]);
        var paths = Directory.EnumerateFiles(data, "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Where(f => new FileInfo(f).Length < LargestFile).Take(MostFiles).ToList();
        var (without, with) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            without.Add(await TimeAsync(paths, plain, counts: false));
            with.Add(await TimeAsync(paths, proved, counts: true));
        }

        var (a, b) = (Median(without), Median(with));
        return string.Create(CultureInfo.InvariantCulture, $"{paths.Count} {a:F1} {b:F1} {(b / a - 1) * 100:F1}");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task<double> TimeAsync(IReadOnlyList<string> paths, ArchivingRules rules, bool counts)
    {
        var target = Path.GetTempFileName();
        var tally = new DeidentificationTally();
        var watch = Stopwatch.StartNew();
        foreach (var path in paths)
        {
            try
            {
                var file = await Part10File.OpenAsync(path);
                var context = new ScriptContext
                {
                    Variables = new Dictionary<string, string> { ["project"] = "P", ["subject"] = "S", ["session"] = "T", ["dateShift"] = "40" },
                    FileMeta = file.FileMeta, TransferSyntaxUid = file.TransferSyntax.Uid,
                };
                var before = counts ? DataSetSnapshot.Of(file.DataSet) : null;
                var outcome = await ObjectDeidentification.ApplyAsync(file.DataSet, rules, context, CancellationToken.None);
                if (counts)
                {
                    tally.Pass(file.DataSet, before, outcome);
                }

                await File.WriteAllBytesAsync(target, file.Encode().ToArray());
            }
            catch (Exception e) when (e is MalformedDicomException or ScriptRunException)
            {
                // Fails with and without.
            }
        }

        var elapsed = watch.Elapsed.TotalMilliseconds;
        File.Delete(target);
        return elapsed;
    }
}
