using System.Diagnostics;
using Xunit;

namespace Vesalius.Dicom.Tests;

/// <summary>Real files: written back as they were, read as others read them, refused with a reason where they are broken.</summary>
public sealed class RealFileTests
{
    /// <summary>Nobody edited anything, so every byte stays.</summary>
    [Fact]
    public void Every_readable_file_is_written_back_identical()
    {
        var differing = new List<string>();
        foreach (var path in SampleFiles.Readable())
        {
            var bytes = File.ReadAllBytes(path);
            if (!bytes.AsSpan().SequenceEqual(Part10File.Read(bytes).Encode().ToArray()))
            {
                differing.Add(Path.GetFileName(path));
            }
        }

        Assert.Empty(differing);
    }

    /// <summary>An edit of one element leaves all others' bytes alone.</summary>
    [Fact]
    public void Editing_one_element_changes_no_other()
    {
        foreach (var path in SampleFiles.Readable().Where((_, i) => i % 7 == 0))
        {
            var file = Part10File.Read(File.ReadAllBytes(path));
            if (file.DataSet.Any(e => e.Tag.IsGroupLength) || file.TransferSyntax.IsDeflated)
            {
                continue;
            }

            var before = Lines(file.DataSet);
            file.DataSet.SetString(Tag.InstitutionName, "EDITED");
            var after = Lines(Part10File.Read(file.Encode().ToArray()).DataSet);
            Assert.Equal(before.Where(l => !l.StartsWith("00080080", StringComparison.Ordinal)), after.Where(l => !l.StartsWith("00080080", StringComparison.Ordinal)));
        }
    }

    /// <summary>A broken file gives a data set or a reason, quickly.</summary>
    [Fact]
    public void Every_malformed_file_is_read_or_refused_with_a_reason()
    {
        foreach (var path in SampleFiles.Malformed())
        {
            var watch = Stopwatch.StartNew();
            try
            {
                Assert.NotNull(Part10File.Read(File.ReadAllBytes(path)).DataSet);
            }
            catch (MalformedDicomException e)
            {
                Assert.NotEmpty(e.Section);
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{Path.GetFileName(path)} took {watch.Elapsed}.");
        }
    }

    /// <summary>Compares values with pydicom's, tag by tag.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Values_of_every_readable_file_are_those_that_pydicom_gives()
    {
        const string Python = "/usr/bin/python3";
        Assert.SkipUnless(File.Exists(Python) && Directory.Exists("/usr/lib/python3/dist-packages/pydicom"), "pydicom is not installed.");
        var differences = new List<string>();
        var current = new Dictionary<string, string>();
        var name = "";
        foreach (var line in await DumpAsync(Python, SampleFiles.Readable()))
        {
            var parts = line.Split('\t');
            if (parts[0] == "FILE")
            {
                name = Path.GetFileName(parts[1]);
                current = Values(parts[1]);
            }
            else if (parts.Length >= 3 && current.TryGetValue(parts[0], out var ours) && Comparable(ours) != Comparable(Unquote(string.Join('\t', parts[2..]))))
            {
                differences.Add($"{name} {parts[0]} {parts[1]}");
            }
        }

        Assert.True(differences.Count == 0, $"{differences.Count} values differ:\n{string.Join('\n', differences.Take(60))}");
    }

    private static async Task<List<string>> DumpAsync(string python, IReadOnlyList<string> files)
    {
        var start = new ProcessStartInfo(python) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "dump_values.py"));
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using var process = Process.Start(start)!;
        var feeding = Task.Run(async () =>
        {
            foreach (var file in files)
            {
                await process.StandardInput.WriteLineAsync(file);
            }

            process.StandardInput.Close();
        });
        var lines = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            lines.Add(line);
        }

        await feeding;
        return lines;
    }

    // pydicom drops empty component groups at the end of a name, and leaves the escape sequence of GB 2312 in the text.
    private static string Comparable(string text) => text.Replace("\u001b$)A", "", StringComparison.Ordinal).TrimEnd('=');

    // Python's repr of a text.
    private static string Unquote(string repr) => System.Text.RegularExpressions.Regex.Unescape(
        System.Text.RegularExpressions.Regex.Replace(repr[1..^1], @"\\x([0-9a-f]{2})", @"\u00$1").Replace("\\'", "'", StringComparison.Ordinal));

    private static Dictionary<string, string> Values(string path)
    {
        var file = Part10File.Read(File.ReadAllBytes(path));
        var values = new Dictionary<string, string>();
        Collect(file.DataSet, "", values);
        return values;
    }

    private static void Collect(DataSet dataSet, string prefix, Dictionary<string, string> values)
    {
        foreach (var element in dataSet)
        {
            var path = prefix + element.Tag.ToHexString();
            if (element is SequenceElement sequence)
            {
                for (var i = 0; i < sequence.Items.Count; i++)
                {
                    Collect(sequence.Items[i], $"{path}/{i}/", values);
                }
            }
            else if (element is ValueElement { Vr: var vr } && (vr.IsText || vr == Vr.US || vr == Vr.SS || vr == Vr.UL || vr == Vr.SL))
            {
                var text = dataSet.GetString(element.Tag)!;
                values[path] = vr.IsMultiValued ? string.Join('\\', text.Split('\\').Select(v => v.Trim(' ', '\0'))) : text.Trim(' ', '\0');
            }
        }
    }

    private static List<string> Lines(DataSet dataSet) => [.. dataSet.Select(e => e is ValueElement v ? $"{e.Tag.ToHexString()} {e.Vr} {Convert.ToHexString(v.Bytes.Span)}" : $"{e.Tag.ToHexString()} {e.Vr}")];
}
