using Vesalius.Deidentification.Benchmark;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>A short run of the benchmark of invented identifiers (<c>./vesalius bench deidentify</c>), with its bounds.</summary>
[Trait("Speed", "Slow")]
public sealed class SeededBenchmarkTests : IDisposable
{
    private const int Seed = 5;
    private readonly string _work = Directory.CreateTempSubdirectory("vesalius-seeded-").FullName;

    /// <summary>Identifiers go, values stay, and UIDs and dates are mapped alike in all objects of a subject.</summary>
    [Fact]
    public async Task Profile_and_check_remove_identifiers_and_keep_the_rest()
    {
        var key = await HeaderRun.MakeSetAsync(SharedData.Require("data", "dicom"), _work, Seed, objects: 160);
        foreach (var (name, choices) in new[] { ("basic", HeaderRun.Basic), ("research", HeaderRun.Research) })
        {
            var score = (await HeaderRun.OwnAsync(key, _work, name, choices, check: true)).Score;
            TestContext.Current.SendDiagnosticMessage($"{name}: removed {score.Removed}, kept {score.Kept}, UIDs {score.Uids}, dates {score.Dates}");
            Assert.True(score.Removed.All > 5000, "The set holds too few identifiers to say anything.");
            Assert.True(score.Removed.Share >= 0.999, $"{name}: removed {score.Removed}");
            Assert.True(score.Kept.Share >= 0.99, $"{name}: kept {score.Kept}");
            Assert.True(score.Pixels.Share >= 1, $"{name}: pixel data kept {score.Pixels}");
            Assert.True(score.Uids.Share >= 1, $"{name}: UIDs {score.Uids}");
            Assert.True(score.Dates.Share >= 1, $"{name}: dates {score.Dates}");
            Assert.InRange(score.Missing, 0, 2);
        }
    }

    /// <summary>The scorer sees what is left: a set that nobody touched fails everywhere.</summary>
    [Fact]
    public async Task Scorer_tells_an_untouched_set()
    {
        var key = await HeaderRun.MakeSetAsync(SharedData.Require("data", "dicom"), _work, Seed, objects: 24);
        var score = Score.Of(key, Path.Combine(_work, "set"), Anonymisation.Profile.ProfileScript.Make(HeaderRun.Research).Rules, datesAreShifted: true);
        var left = string.Join('\n', score.Faults);
        Assert.All(
            key.Files.SelectMany(f => f.Identifiers.Select(i => $"{f.File} {i.Path} ({i.Place}): {i.Kind} “{i.Text}”")),
            identifier => Assert.Contains(identifier, left, StringComparison.Ordinal));
        Assert.Equal(score.Kept.All, score.Kept.Right);
        Assert.Equal(0, score.Dates.Right);
        Assert.True(score.Uids.Share < 0.2, $"{score.Uids}");
    }

    /// <summary>The same seed makes the same set.</summary>
    [Fact]
    public async Task Set_follows_from_its_seed()
    {
        var data = SharedData.Require("data", "dicom");
        foreach (var folder in new[] { "a", "b" })
        {
            Directory.CreateDirectory(Path.Combine(_work, folder));
            await HeaderRun.MakeSetAsync(data, Path.Combine(_work, folder), Seed, objects: 10);
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(_work, "a"), "*", SearchOption.AllDirectories))
        {
            Assert.Equal(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(file.Replace("/a/", "/b/", StringComparison.Ordinal), TestContext.Current.CancellationToken));
        }
    }

    /// <summary>Names in pixels of ultrasound and secondary capture are found; a picture without text is left in peace.</summary>
    [Fact]
    public async Task Names_in_pixels_are_found()
    {
        var score = await PictureRun.RunAsync(SharedData.Require("data", "dicom"), new Options().Fonts, Seed, pictures: 24);
        TestContext.Current.SendDiagnosticMessage($"found {score.AllFound}, noticed {score.Noticed}, blanked {score.Blanked}, quiet {score.Quiet}");
        // A few pictures say little: one missed name of 24 is 4 %. The bound of the full run, 95 %, is the benchmark's.
        Assert.True(score.AllFound.All - score.AllFound.Right <= 2, string.Join('\n', score.Faults));
        Assert.True(score.Quiet.All - score.Quiet.Right <= 1, string.Join('\n', score.Faults));
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_work, recursive: true);
}
