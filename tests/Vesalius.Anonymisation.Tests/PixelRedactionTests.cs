using Vesalius.Anonymisation.Pixels;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;
using Vesalius.Testing;
using Xunit;

namespace Vesalius.Anonymisation.Tests;

/// <summary>Rectangles in every kind of pixels (R15).</summary>
public sealed class PixelRedactionTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Every file with pixels of these folders, relative to the folder of sample DICOM.</summary>
    public static TheoryData<string> Images
    {
        get
        {
            var root = Path.Combine(SharedData.Root, "data", "dicom");
            string[] folders = ["pixel-formats", "transfer-syntaxes", "burned-in", "enhanced", "studies/us-stress-echo-acuson", "modalities"];
            return Directory.Exists(root)
                ? [.. folders.SelectMany(f => Directory.EnumerateFiles(Path.Combine(root, f), "*", SearchOption.AllDirectories)).Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal)]
                : ["(absent)"];
        }
    }

    // A cut file, and tiles at the edge whose codestreams are smaller than the data set says.
    private static readonly Dictionary<string, PixelDataReason> Refused = new()
    {
        ["enhanced/testtoenhanceddynamicpet.dcm"] = PixelDataReason.TooShort,
        ["modalities/multiframe.dcm"] = PixelDataReason.CodecFailed,
    };

    private static async Task<Part10File> RewriteAsync(Part10File file, string syntax)
    {
        var meta = Part10Writer.MakeFileMeta(file.DataSet.GetString(Tag.SOPClassUID) ?? "1.2", file.DataSet.GetString(Tag.SOPInstanceUID) ?? "1.2", syntax);
        using var stream = new MemoryStream();
        await Part10Writer.Encode(meta, file.DataSet, TransferSyntax.Find(syntax)).CopyToAsync(stream, Cancelled);
        return Part10File.Read(stream.ToArray());
    }

    private static List<NativeFrame> Frames(Part10File file, int most = 40)
    {
        using var frames = ImageFrames.Open(file.DataSet, file.TransferSyntax.Uid);
        return [.. Enumerable.Range(0, Math.Min(most, frames.Count)).Select(i => SampleLayout.Interleave(frames.Read(i, Cancelled)))];
    }

    /// <summary>Outside nothing changes, inside nothing stays, whatever the pixels are.</summary>
    [Theory]
    [MemberData(nameof(Images))]
    public async Task Rectangle_is_blank_and_the_rest_as_it_was(string name)
    {
        var path = Path.Combine(SharedData.Require("data", "dicom"), name);
        var before = await Part10File.OpenAsync(path, cancellationToken: Cancelled);
        Assert.SkipUnless(ImageDescription.HasPixels(before.DataSet), "No pixels.");
        if (Refused.TryGetValue(name, out var reason))
        {
            var error = Assert.Throws<PixelDataException>(() =>
                PixelRedaction.Redact(before.DataSet, before.TransferSyntax.Uid, [new BlankedArea(new PixelRectangle(0, 0, 9, 9))], null, Cancelled));
            Assert.Equal(reason, error.Reason);
            return;
        }

        var original = Frames(before);
        var d = original[0].Description;
        var rectangle = new PixelRectangle(d.Columns / 4, -5, (d.Columns / 2) + 1, (d.Rows + 1) / 2);

        foreach (var form in new[] { RedactedForm.Native, RedactedForm.KeepCompressed })
        {
            var file = await Part10File.OpenAsync(path, cancellationToken: Cancelled);
            var result = PixelRedaction.Redact(file.DataSet, file.TransferSyntax.Uid, [new BlankedArea(rectangle)], new RedactionOptions { Form = form }, Cancelled);
            Assert.True(result.IsAltered);
            var after = Frames(await RewriteAsync(file, result.TransferSyntaxUid));
            Assert.Equal(original.Count, after.Count);
            for (var i = 0; i < after.Count; i++)
            {
                Compare(original[i], after[i], rectangle.Inside(d.Rows, d.Columns));
            }
        }
    }

    private static void Compare(NativeFrame before, NativeFrame after, PixelRectangle inside)
    {
        Assert.Equal(before.Description.PhotometricInterpretation, after.Description.PhotometricInterpretation);
        Assert.Equal(before.Bytes.Length, after.Bytes.Length);
        var d = before.Description;
        if (d.BitsAllocated < 8 || d.IsSubsampled)
        {
            // Bits and shared chroma have tests of their own.
            Assert.NotEmpty(after.Bytes);
            return;
        }

        var size = d.BitsAllocated / 8;
        for (var row = 0; row < d.Rows; row++)
        {
            for (var column = 0; column < d.Columns; column++)
            {
                var at = ((row * d.Columns) + column) * d.SamplesPerPixel * size;
                var was = before.Bytes.AsSpan(at, size * d.SamplesPerPixel);
                var now = after.Bytes.AsSpan(at, size * d.SamplesPerPixel);
                if (row >= inside.Top && row < inside.Bottom && column >= inside.Left && column < inside.Right)
                {
                    var blank = d.IsYbr ? now[0] == 0 && now[1] == 128 && now[2] == 128 : now.IndexOfAnyExcept((byte)0) < 0;
                    Assert.True(blank, $"Row {row}, column {column} is not blank.");
                }
                else if (!was.SequenceEqual(now))
                {
                    Assert.Fail($"Row {row}, column {column} changed.");
                }
            }
        }
    }

    /// <summary>Frames that no rectangle touches keep their fragments.</summary>
    [Fact]
    public async Task Untouched_frame_keeps_its_bytes()
    {
        var path = SharedData.Require("data", "dicom", "burned-in", "OBXXXX1A_rle_2frame.dcm");
        var file = await Part10File.OpenAsync(path, cancellationToken: Cancelled);
        byte[] Encoded(Part10File f, int frame)
        {
            using var frames = ImageFrames.Open(f.DataSet, f.TransferSyntax.Uid);
            return frames.ReadEncoded(frame);
        }

        var (first, second) = (Encoded(file, 0), Encoded(file, 1));
        var result = PixelRedaction.Redact(
            file.DataSet, file.TransferSyntax.Uid, [new BlankedArea(new PixelRectangle(0, 0, 400, 200), 0, 0)], new RedactionOptions { Form = RedactedForm.KeepCompressed }, Cancelled);
        Assert.Equal(Uids.RLELossless, result.TransferSyntaxUid);
        var after = await RewriteAsync(file, result.TransferSyntaxUid);
        Assert.NotEqual(first, Encoded(after, 0));
        Assert.Equal(second, Encoded(after, 1));
    }

    /// <summary>Once lossy, always lossy: the object says so after its codestreams are gone.</summary>
    [Theory]
    [InlineData(RedactedForm.Native, Uids.ExplicitVRLittleEndian)]
    [InlineData(RedactedForm.KeepCompressed, Uids.JPEGLosslessSV1)]
    public async Task Lossy_history_is_kept(RedactedForm form, string syntax)
    {
        var file = await Part10File.OpenAsync(SharedData.Require("data", "dicom", "pixel-formats", "examples_ybr_color.dcm"), cancellationToken: Cancelled);
        file.DataSet.Remove(Tag.LossyImageCompression);
        file.DataSet.Remove(Tag.LossyImageCompressionMethod);
        file.DataSet.Remove(Tag.LossyImageCompressionRatio);
        var result = PixelRedaction.Redact(file.DataSet, file.TransferSyntax.Uid, [new BlankedArea(new PixelRectangle(0, 0, 9, 9))], new RedactionOptions { Form = form }, Cancelled);
        Assert.Equal(syntax, result.TransferSyntaxUid);
        Assert.Equal("01", file.DataSet.GetString(Tag.LossyImageCompression));
        Assert.Equal("ISO_10918_1", file.DataSet.GetString(Tag.LossyImageCompressionMethod));
        Assert.InRange(file.DataSet.GetNumber(Tag.LossyImageCompressionRatio) ?? 0, 2, 200);
        Assert.Equal("YBR_FULL", file.DataSet.GetString(Tag.PhotometricInterpretation));
    }

    /// <summary>Overlay planes lie over the image and say the same; so do icons.</summary>
    [Fact]
    public void Overlay_inside_a_rectangle_is_blank_where_it_is_asked_for()
    {
        var dataSet = Grey(16, 16, new byte[256]);
        dataSet.SetString(new Tag(0x6002, 0x0010), "16", Vr.US);
        dataSet.SetString(new Tag(0x6002, 0x0011), "16", Vr.US);
        dataSet.SetString(new Tag(0x6002, 0x0050), "1\\1", Vr.SS);
        dataSet.Set(new ValueElement(new Tag(0x6002, 0x3000), Vr.OW, Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        dataSet.Set(new SequenceElement(Tag.IconImageSequence, [new DataSet()]));
        var area = new BlankedArea(new PixelRectangle(0, 0, 8, 16));
        PixelRedaction.Redact(dataSet, Uids.ExplicitVRLittleEndian, [area], new RedactionOptions(), Cancelled);
        Assert.Equal(0xFF, ((ValueElement)dataSet[new Tag(0x6002, 0x3000)]!).Bytes.Span[0]);
        PixelRedaction.Redact(dataSet, Uids.ExplicitVRLittleEndian, [area], new RedactionOptions { IncludeOverlays = true }, Cancelled);
        Assert.Equal([0x00, 0xFF, 0x00, 0xFF], ((ValueElement)dataSet[new Tag(0x6002, 0x3000)]!).Bytes[..4].ToArray());
        Assert.False(dataSet.Contains(Tag.IconImageSequence));
    }

    /// <summary>Bytes behind the last frame may hold another frame that nobody sees; no rectangle would reach them.</summary>
    [Fact]
    public void Bytes_behind_the_last_frame_are_dropped()
    {
        var dataSet = Grey(4, 4, Enumerable.Repeat((byte)7, 32).ToArray());
        PixelRedaction.Redact(dataSet, Uids.ExplicitVRLittleEndian, [new BlankedArea(new PixelRectangle(0, 0, 1, 1))], null, Cancelled);
        Assert.Equal(16, ((ValueElement)dataSet[Tag.PixelData]!).Bytes.Length);
    }

    /// <summary>Fewer bytes than described: what lies where is unknown, so nothing passes.</summary>
    [Fact]
    public void Short_pixel_data_is_an_error()
    {
        var dataSet = Grey(4, 4, new byte[15]);
        var error = Assert.Throws<PixelDataException>(() => PixelRedaction.Redact(dataSet, Uids.ExplicitVRLittleEndian, [new BlankedArea(new PixelRectangle(0, 0, 1, 1))], null, Cancelled));
        Assert.Equal(PixelDataReason.TooShort, error.Reason);
    }

    /// <summary>1-bit frames follow each other without padding.</summary>
    [Fact]
    public void Bits_of_one_frame_do_not_reach_into_the_next()
    {
        var dataSet = Grey(3, 3, [0xFF, 0xFF, 0x03, 0x00]);
        dataSet.SetString(Tag.BitsAllocated, "1", Vr.US);
        dataSet.SetString(Tag.BitsStored, "1", Vr.US);
        dataSet.SetString(Tag.HighBit, "0", Vr.US);
        dataSet.SetString(Tag.NumberOfFrames, "2", Vr.IS);
        PixelRedaction.Redact(dataSet, Uids.ExplicitVRLittleEndian, [new BlankedArea(new PixelRectangle(0, 0, 3, 2), 1, 1)], null, Cancelled);
        Assert.Equal([0xFF, 0x81, 0x03], ((ValueElement)dataSet[Tag.PixelData]!).Bytes[..3].ToArray());
    }

    private static DataSet Grey(int rows, int columns, byte[] bytes)
    {
        var dataSet = new DataSet();
        dataSet.SetString(Tag.SamplesPerPixel, "1", Vr.US);
        dataSet.SetString(Tag.PhotometricInterpretation, "MONOCHROME2", Vr.CS);
        dataSet.SetString(Tag.Rows, rows.ToString(), Vr.US);
        dataSet.SetString(Tag.Columns, columns.ToString(), Vr.US);
        dataSet.SetString(Tag.BitsAllocated, "8", Vr.US);
        dataSet.SetString(Tag.BitsStored, "8", Vr.US);
        dataSet.SetString(Tag.HighBit, "7", Vr.US);
        dataSet.SetString(Tag.PixelRepresentation, "0", Vr.US);
        dataSet.Set(new ValueElement(Tag.PixelData, Vr.OB, bytes));
        return dataSet;
    }
}
