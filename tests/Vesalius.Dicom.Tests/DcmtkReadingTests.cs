using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Vesalius.Dicom.Tests;

/// <summary>Every element of every readable file, nested ones, floats and pixel data too, is what DCMTK's dcmdump prints.</summary>
public sealed partial class DcmtkReadingTests
{
    private const string Dcmdump = "/usr/bin/dcmdump";

    /// <summary>Files whose text DCMTK cannot convert to UTF-8; with these the text's bytes are compared.</summary>
    private static readonly string[] TextNotConvertedByDcmtk =
    [
        "charsets/SCSH31",
        "charsets/chrH31.dcm",
        "charsets/chrJapMulti.dcm",
        "charsets/chrJapMultiExplicitIR6.dcm",
        "charsets/chrSQEncoding.dcm",
        "modalities/IM00001.fragmented_no_bot_jpeg_baseline.50.dcm",
        "nifti/generic-anatomical-002_non_isotropic/0001.dcm",
        "nifti/generic-anatomical-002_non_isotropic/0002.dcm",
        "nifti/generic-anatomical-002_non_isotropic/0003.dcm",
        "nifti/generic-anatomical-002_non_isotropic/0004.dcm",
    ];

    /// <summary>Elements that only one of the two has, other values, other value representations: none but those that are listed.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Values_of_every_readable_file_are_those_that_DCMTK_gives()
    {
        Assert.SkipUnless(File.Exists(Dcmdump), "DCMTK is not installed.");
        var files = SampleFiles.Readable();
        var differences = new List<string>();
        var compared = new HashSet<string>();
        await CompareAsync(files, ["+U8"], text: null, differences, compared);
        var unconverted = files.Except(compared).ToList();
        await CompareAsync(unconverted, [], Encoding.Latin1, differences, compared);

        Assert.True(differences.Count == 0, $"{differences.Count} differences:\n{string.Join('\n', differences.Take(60))}");
        Assert.Equal(TextNotConvertedByDcmtk, unconverted.Select(SampleFiles.RelativeName).Order(StringComparer.Ordinal));
        Assert.Empty(files.Except(compared));
    }

    private static async Task CompareAsync(IReadOnlyList<string> files, string[] options, Encoding? text, List<string> differences, HashSet<string> compared)
    {
        await foreach (var (file, theirs) in DumpAsync(files, options))
        {
            compared.Add(file);
            var ours = DumpedElements.Of(Part10File.Read(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)), text);
            foreach (var path in ours.Keys.Union(theirs.Keys).Order(StringComparer.Ordinal))
            {
                var reading = ours.GetValueOrDefault(path, "absent");
                // The escape sequence of GB 2312 stays in DCMTK's text.
                var other = theirs.TryGetValue(path, out var value) ? value.Replace("\u001b$)A", "", StringComparison.Ordinal) : "absent";
                // With +U8 dcmdump shows the character set that it converted to.
                if (!path.EndsWith("00080005", StringComparison.Ordinal) && reading != other
                    && !(Tag.TryParse(path[(path.LastIndexOf('/') + 1)..], out var tag) && DumpedElements.AreSame(tag, reading, other)))
                {
                    differences.Add($"{SampleFiles.RelativeName(file)} {path}: ours {reading[..Math.Min(80, reading.Length)]}, DCMTK {other[..Math.Min(80, other.Length)]}");
                }
            }
        }
    }

    // One process for all files. "+L +R" prints whole values, "+Qn" what would break a line as &#n;.
    private static async IAsyncEnumerable<(string File, Dictionary<string, string> Values)> DumpAsync(IReadOnlyList<string> files, string[] options)
    {
        if (files.Count == 0)
        {
            yield break;
        }

        var start = new ProcessStartInfo(Dcmdump) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.Latin1 };
        foreach (var argument in (string[])["-q", "+F", "+L", "+R", "4194302", "+Qn", "-Un", .. options, .. files])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        string? file = null;
        var lines = new DumpedElements.Reader();
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (FileLine().Match(line) is { Success: true } header)
            {
                if (file is not null && lines.Values.Count > 0)
                {
                    yield return (file, lines.Values);
                }

                file = header.Groups[1].Value;
                lines = new DumpedElements.Reader();
            }
            else
            {
                lines.Add(line, utf8: options.Contains("+U8"));
            }
        }

        if (file is not null && lines.Values.Count > 0)
        {
            yield return (file, lines.Values);
        }
    }

    [GeneratedRegex(@"^# dcmdump \(\d+/\d+\): (.+)$")]
    private static partial Regex FileLine();
}
