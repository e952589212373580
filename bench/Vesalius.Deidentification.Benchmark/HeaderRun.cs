using Vesalius.Anonymisation.Profile;

namespace Vesalius.Deidentification.Benchmark;

/// <summary>A way to de-identify a set, with what came of it.</summary>
/// <param name="Name">Name of the way.</param>
/// <param name="Score">Its score.</param>
internal sealed record HeaderResult(string Name, Score Score);

/// <summary>Headers: makes a set, de-identifies it in several ways, and scores each.</summary>
internal static class HeaderRun
{
    private const int FilesPerSubject = 8;

    /// <summary>The basic profile without options; documents lose their content.</summary>
    public static ProfileChoices Basic { get; } = new() { Documents = DocumentRule.Strip };

    /// <summary>What a research project keeps: descriptions, reports, the patient's characteristics, dates by intervals.</summary>
    public static ProfileChoices Research { get; } = ProfileChoices.Templates["guys"] with { Options = [.. ProfileChoices.Templates["guys"].Options, "cleanStructuredContent"] };

    /// <summary>Makes the set of a seed below <paramref name="work"/>, with its key.</summary>
    public static async Task<AnswerKey> MakeSetAsync(string data, string work, int seed, int objects)
    {
        var sources = SeededSet.Sources(data);
        // Evenly over the folders, where not all are wanted.
        var chosen = objects == 0 || objects >= sources.Count ? sources : [.. Enumerable.Range(0, objects).Select(i => sources[(int)((long)i * sources.Count / objects)])];
        var key = await SeededSet.MakeAsync(chosen, Path.Combine(work, "set"), seed, FilesPerSubject);
        await key.SaveAsync(Path.Combine(work, "key.json"));
        return key;
    }

    /// <summary>Our engine.</summary>
    public static async Task<HeaderResult> OwnAsync(AnswerKey key, string work, string name, ProfileChoices choices, bool check)
    {
        var output = Path.Combine(work, $"{name}{(check ? "-check" : "")}");
        await OwnEngine.RunAsync(key, Path.Combine(work, "set"), output, choices, check);
        return await ScoreAsync(key, output, check ? $"{name} + check" : name, choices);
    }

    /// <summary>The peers, by the rules of the basic profile.</summary>
    public static async Task<IReadOnlyList<HeaderResult>> PeersAsync(AnswerKey key, string work)
    {
        var (set, gdcm, dcmtk) = (Path.Combine(work, "set"), Path.Combine(work, "gdcmanon"), Path.Combine(work, "dcmodify"));
        await Peers.GdcmanonAsync(set, gdcm, work);
        await Peers.DcmodifyAsync(set, dcmtk);
        return [await ScoreAsync(key, gdcm, "gdcmanon -e", Basic), await ScoreAsync(key, dcmtk, "dcmodify", Basic)];
    }

    private static async Task<HeaderResult> ScoreAsync(AnswerKey key, string output, string name, ProfileChoices choices)
    {
        var score = Score.Of(key, output, ProfileScript.Make(choices).Rules, choices.Options.Contains("retainModifiedDates"));
        await File.WriteAllLinesAsync(output + ".faults.txt", score.Faults);
        return new HeaderResult(name, score);
    }
}
