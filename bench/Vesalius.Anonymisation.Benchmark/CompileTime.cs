using System.Diagnostics;
using System.Globalization;

namespace Vesalius.Anonymisation.Benchmark;

/// <summary>How long reading a script takes.</summary>
internal static class CompileTime
{
    private const int Rounds = 101;

    /// <summary>Reads the script once as a process that has just started does, then again and again.</summary>
    /// <returns>Lines, first reading and median of the others in milliseconds.</returns>
    public static string Measure(string path)
    {
        var text = File.ReadAllText(path);
        var first = Time(text);
        var others = Enumerable.Range(0, Rounds).Select(_ => Time(text)).Order().ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{text.Split('\n').Length - 1} {first:F2} {others[Rounds / 2]:F2}");
    }

    private static double Time(string text)
    {
        var watch = Stopwatch.StartNew();
        DicomEditScript.Compile(text);
        return watch.Elapsed.TotalMilliseconds;
    }
}
