using System.Diagnostics;
using System.Text;
using Vesalius.Anonymisation.Profile;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>What measures time runs when nothing else does.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>What the residual check costs (R14).</summary>
[Collection("Alone")]
public sealed class ResidualSpeedTests
{
    /// <summary>The check takes less than 30 % of what reading, script and writing take (R14).</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public void Adds_less_than_thirty_per_cent()
    {
        var script = DicomEditScript.Compile(ProfileScript.Make(ProfileChoices.Templates["guys"]).Text);
        var files = Directory.EnumerateFiles(SharedData.Require("data", "dicom"), "*.dcm", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length < 2_000_000).Take(150).ToList();
        var target = Path.GetTempFileName();
        // The best round of each: what else runs on the machine only adds.
        TimeSpan work = TimeSpan.MaxValue, check = TimeSpan.MaxValue, gathered = TimeSpan.MaxValue;
        for (var round = 0; round < 20; round++)
        {
            TimeSpan roundWork = default, roundCheck = default, roundGathered = default;
            foreach (var path in files)
            {
                var watch = Stopwatch.StartNew();
                try
                {
                    var file = Part10File.Read(File.ReadAllBytes(path));
                    var gather = Stopwatch.StartNew();
                    var known = KnownIdentifiers.Of(file.DataSet);
                    var spent = gather.Elapsed;
                    script.Apply(file.DataSet, new ScriptContext { Variables = new Dictionary<string, string> { ["project"] = "P", ["subject"] = "S", ["session"] = "T", ["dateShift"] = "40" }, FileMeta = file.FileMeta }, TestContext.Current.CancellationToken);
                    File.WriteAllBytes(target, file.Encode().ToArray());
                    roundWork += watch.Elapsed - spent;
                    roundGathered += spent;
                    // Made once for a session, not for each of its objects.
                    var prepared = new ResidualCheck(known);
                    watch.Restart();
                    prepared.Find(file.DataSet, file.FileMeta);
                    roundCheck += watch.Elapsed + spent;
                }
                catch (Exception e) when (e is MalformedDicomException or ScriptRunException)
                {
                    // Not what is measured.
                }
            }

            (work, check, gathered) = (Min(work, roundWork), Min(check, roundCheck), Min(gathered, roundGathered));
        }

        File.Delete(target);
        TestContext.Current.SendDiagnosticMessage($"read, script, write {work.TotalMilliseconds:F0} ms; gather and check {check.TotalMilliseconds:F0} ms, of that gather {gathered.TotalMilliseconds:F0} ms");
        Assert.True(check < work * 0.3, $"{check.TotalMilliseconds} of {work.TotalMilliseconds} ms");
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
