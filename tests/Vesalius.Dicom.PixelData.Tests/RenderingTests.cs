using Vesalius.Testing;
using Xunit;

namespace Vesalius.Dicom.PixelData.Tests;

/// <summary>Every file with pixels is shown or refused with a reason; nothing crashes.</summary>
public sealed class RenderingTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>All folders with odd pixels.</summary>
    [Theory]
    [InlineData("pixel-formats", 0)]
    [InlineData("enhanced", 1)]
    [InlineData("burned-in", 0)]
    [InlineData("transfer-syntaxes", 0)]
    [InlineData("malformed", 14)]
    public async Task Every_file_is_shown_or_refused_with_a_reason(string folder, int refusals)
    {
        var refused = new List<string>();
        foreach (var path in Directory.EnumerateFiles(SharedData.Require("data", "dicom", folder), "*", SearchOption.AllDirectories))
        {
            try
            {
                var file = await Part10File.OpenAsync(path, cancellationToken: Cancelled);
                if (ImageDescription.HasPixels(file.DataSet))
                {
                    using var frames = ImageFrames.Open(file.DataSet, file.TransferSyntax.Uid);
                    var image = await FrameRenderer.RenderAsync(file.DataSet, frames, frames.Count - 1, new RenderOptions { MostColumns = 100, MostRows = 100 }, Cancelled);
                    Assert.Equal(image.Rows * image.Columns * image.Samples, image.Bytes.Length);
                    Assert.InRange(image.Columns, 1, 100);
                    Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], PngWriter.Encode(image)[..4]);
                }
            }
            catch (Exception e) when (e is PixelDataException or MalformedDicomException)
            {
                Assert.NotEmpty(e.Message);
                refused.Add($"{Path.GetFileName(path)}: {e.Message}");
            }
        }

        Assert.True(refused.Count == refusals, string.Join('\n', refused));
    }

    /// <summary>JPEG comes out as other programs expect it: JFIF, and near the picture that went in.</summary>
    [Fact]
    public async Task Jpeg_is_jfif_and_close_to_the_picture()
    {
        var file = await Part10File.OpenAsync(SharedData.Require("data", "dicom", "transfer-syntaxes", "rgb-test-pattern", "PM5644-960x540_RGB.dcm"), cancellationToken: Cancelled);
        using var frames = ImageFrames.Open(file.DataSet, file.TransferSyntax.Uid);
        var image = await FrameRenderer.RenderAsync(file.DataSet, frames, 0, null, Cancelled);
        var jpeg = await FrameRenderer.ToJpegAsync(image, 95, null, Cancelled);
        Assert.Equal([0xFF, 0xD8, 0xFF, 0xE0], jpeg[..4]);
        Assert.Equal("JFIF"u8.ToArray(), jpeg[6..10]);
        var header = CodestreamHeader.Read(jpeg)!;
        Assert.Equal((540, 960, 3, true), (header.Rows, header.Columns, header.Components, header.ColourTransform == true));
        var back = ColourPipeline.Render(FrameCodecs.Decode(jpeg, frames.Description with { PhotometricInterpretation = "YBR_FULL" }, Uids.JPEGBaseline8Bit, CodecPool.Shared, Cancelled));
        Assert.True(back.Zip(image.Bytes, (a, b) => Math.Abs(a - b)).Average() < 4);
    }

    /// <summary>The linear window of PS3.3 §C.11.2.1.2.1: below is black, above is white, the middle is middle grey.</summary>
    [Fact]
    public void Window_maps_its_middle_to_middle_grey()
    {
        var description = new ImageDescription
        {
            Rows = 1, Columns = 5, Frames = 1, SamplesPerPixel = 1, PhotometricInterpretation = "MONOCHROME2", BitsAllocated = 16, BitsStored = 12, HighBit = 11, IsSigned = true,
        };
        var bytes = new byte[10];
        foreach (var (i, value) in new short[] { -2048, -100, 50, 200, 2047 }.Index())
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(i * 2), value);
        }

        var grey = FrameRenderer.Render(new DataSet(), new NativeFrame(description, bytes), 0, new RenderOptions { Window = new Window(50, 200) }).Bytes;
        Assert.Equal((0, 0, 255, 255), (grey[0], grey[1], grey[3], grey[4]));
        Assert.InRange(grey[2], 127, 129);
        var inverse = FrameRenderer.Render(new DataSet(), new NativeFrame(description with { PhotometricInterpretation = "MONOCHROME1" }, bytes), 0, new RenderOptions { Window = new Window(50, 200) }).Bytes;
        Assert.Equal(grey.Select(g => (byte)(255 - g)), inverse);
    }

    /// <summary>A thumbnail has the mean brightness of its picture.</summary>
    [Fact]
    public void Smaller_picture_keeps_its_brightness()
    {
        var random = new Random(1);
        var bytes = new byte[313 * 127];
        random.NextBytes(bytes);
        var small = AreaScaler.Fit(new RenderedImage(313, 127, 1, bytes), 64, 64);
        Assert.Equal((64, 26), (small.Columns, small.Rows));
        Assert.InRange(small.Bytes.Average(b => b) - bytes.Average(b => b), -1, 1);
    }
}
