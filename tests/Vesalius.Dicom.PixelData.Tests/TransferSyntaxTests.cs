using System.Buffers.Binary;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Dicom.PixelData.Tests;

/// <summary>The same picture in every transfer syntax decodes to the same pixels.</summary>
public sealed class TransferSyntaxTests
{
    private static readonly string[] Lossy = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"];

    /// <summary>Files of one folder.</summary>
    public static TheoryData<string> Files(string folder)
    {
        var path = Path.Combine(SharedData.Root, "data", "dicom", "transfer-syntaxes", folder);
        return Directory.Exists(path) ? [.. Directory.EnumerateFiles(path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)] : ["(absent)"];
    }

    private static async Task<NativeFrame> FirstFrameAsync(string path)
    {
        var file = await Part10File.OpenAsync(path, cancellationToken: TestContext.Current.CancellationToken);
        using var frames = ImageFrames.Open(file.DataSet, file.TransferSyntax.Uid);
        return SampleLayout.Interleave(await frames.ReadAsync(0, TestContext.Current.CancellationToken));
    }

    private static string Lossless(string name) => Lossy.Any(l => name.Contains(l + ".dcm", StringComparison.Ordinal)) ? "lossy" : "lossless";

    /// <summary>CT of 16 bits, signed.</summary>
    [Theory]
    [MemberData(nameof(Files), "ct-16bit")]
    public async Task Ct_decodes_to_the_reference(string name)
    {
        var folder = SharedData.Require("data", "dicom", "transfer-syntaxes", "ct-16bit");
        var reference = await FirstFrameAsync(Path.Combine(folder, "CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm"));
        var frame = await FirstFrameAsync(Path.Combine(folder, name));
        if (Lossless(name) == "lossless")
        {
            Assert.Equal(reference.Bytes, frame.Bytes);
            return;
        }

        // Lossy ones of 12 bits differ in scale; the picture must be the same all the same.
        var correlation = Correlation(Values(reference), Values(frame));
        Assert.True(correlation > 0.9, $"{name}: {correlation}");
    }

    private static double[] Values(NativeFrame frame) => frame.Description.BitsAllocated == 8
        ? [.. frame.Bytes.Select(b => (double)b)]
        : [.. Enumerable.Range(0, frame.Bytes.Length / 2).Select(i => (double)BinaryPrimitives.ReadInt16LittleEndian(frame.Bytes.AsSpan(i * 2)))];

    private static double Correlation(double[] x, double[] y)
    {
        var (mx, my) = (x.Average(), y.Average());
        var (xy, xx, yy) = (0.0, 0.0, 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            xy += (x[i] - mx) * (y[i] - my);
            xx += (x[i] - mx) * (x[i] - mx);
            yy += (y[i] - my) * (y[i] - my);
        }

        return xy / Math.Sqrt(xx * yy);
    }

    /// <summary>Colour picture; a label at the lower right names the format, so that it differs.</summary>
    [Theory]
    [MemberData(nameof(Files), "rgb-test-pattern")]
    public async Task Colour_pattern_decodes_to_the_reference(string name)
    {
        var folder = SharedData.Require("data", "dicom", "transfer-syntaxes", "rgb-test-pattern");
        var reference = await FirstFrameAsync(Path.Combine(folder, "PM5644-960x540_RGB.dcm"));
        var frame = await FirstFrameAsync(Path.Combine(folder, name));
        var isLossless = !name.Contains("Baseline", StringComparison.Ordinal) && !name.Contains("Near", StringComparison.Ordinal) && !name.Contains("Lossy", StringComparison.Ordinal);
        long difference = 0;
        for (var row = 0; row < 540; row++)
        {
            for (var column = 0; column < 960; column++)
            {
                if (row is >= 55 and <= 89 && column is >= 425 and <= 528)
                {
                    continue;
                }

                for (var s = 0; s < 3; s++)
                {
                    var at = (((row * 960) + column) * 3) + s;
                    difference += Math.Abs(reference.Bytes[at] - frame.Bytes[at]);
                }
            }
        }

        Assert.True(isLossless ? difference == 0 : true, $"{name} {frame.Description.PhotometricInterpretation}: {difference / (540.0 * 960 * 3)}");
    }

    /// <summary>High-throughput JPEG 2000, deflated frames, 12-bit JPEG, JPEG-LS by line and by plane.</summary>
    [Theory]
    [MemberData(nameof(Files), "other")]
    public async Task Other_syntaxes_decode(string name)
    {
        var frame = await FirstFrameAsync(SharedData.Require("data", "dicom", "transfer-syntaxes", "other", name));
        Assert.Equal(frame.Description.FrameLength, frame.Bytes.Length);
    }
}
