using Vesalius.Testing;
using Xunit;

namespace Vesalius.Dicom.PixelData.Tests;

/// <summary>Codecs give back what they were given, and survive what they should not be given.</summary>
public sealed class CodecTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static NativeFrame Frame(int rows, int columns, int samples, int allocated, int stored, int seed)
    {
        var bytes = new byte[rows * columns * samples * allocated / 8];
        new Random(seed).NextBytes(bytes);
        bytes.AsSpan(0, bytes.Length / 2).Fill(17);
        return new NativeFrame(
            new ImageDescription
            {
                Rows = rows, Columns = columns, Frames = 1, SamplesPerPixel = samples, PhotometricInterpretation = samples == 3 ? "RGB" : "MONOCHROME2",
                BitsAllocated = allocated, BitsStored = stored, HighBit = stored - 1,
            },
            bytes);
    }

    /// <summary>Lossless means every bit, those above the stored ones too.</summary>
    [Theory]
    [InlineData(Uids.RLELossless)]
    [InlineData(Uids.JPEGLossless)]
    [InlineData(Uids.JPEGLosslessSV1)]
    [InlineData(Uids.JPEGLSLossless)]
    [InlineData(Uids.JPEG2000Lossless)]
    [InlineData("1.2.840.10008.1.2.8.1")]
    public void Lossless_round_trip_keeps_every_bit(string syntax)
    {
        foreach (var (samples, allocated, stored) in new[] { (1, 8, 8), (1, 8, 7), (1, 16, 12), (1, 16, 16), (3, 8, 8) })
        {
            var frame = Frame(33, 47, samples, allocated, stored, samples + stored);
            var encoded = FrameCodecs.Encode(frame, syntax, cancellationToken: Cancelled);
            var back = SampleLayout.Interleave(FrameCodecs.Decode(encoded.Bytes, frame.Description, syntax, CodecPool.Shared, Cancelled));
            Assert.Equal(frame.Bytes, back.Bytes);
        }
    }

    /// <summary>Any bytes are an answer or a refusal, never another exception.</summary>
    [Fact]
    public void Rle_of_any_bytes_is_pixels_or_a_refusal()
    {
        var description = Frame(8, 8, 1, 16, 16, 0).Description;
        var random = new Random(5);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = new byte[random.Next(0, 300)];
            random.NextBytes(bytes);
            if (bytes.Length > 12 && i % 2 == 0)
            {
                new byte[] { 2, 0, 0, 0, 64, 0, 0, 0, 80, 0, 0, 0 }.CopyTo(bytes, 0);
            }

            try
            {
                Assert.Equal(128, RleCodec.Decode(bytes, description).Length);
            }
            catch (PixelDataException e)
            {
                Assert.Equal(PixelDataReason.CodecFailed, e.Reason);
            }
        }
    }

    /// <summary>Damaged codestreams of every codec end as a refusal, and the next frame is decoded as if nothing had happened.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Damaged_codestreams_hurt_nobody()
    {
        var folder = SharedData.Require("data", "dicom", "transfer-syntaxes", "ct-16bit");
        using var pool = new CodecPool(new CodecOptions { Workers = 1, FrameTime = TimeSpan.FromSeconds(10) });
        var random = new Random(3);
        foreach (var path in Directory.EnumerateFiles(folder).Where(f => f.Contains("1.2.4.", StringComparison.Ordinal)))
        {
            var file = await Part10File.OpenAsync(path, cancellationToken: Cancelled);
            using var frames = ImageFrames.Open(file.DataSet, file.TransferSyntax.Uid);
            var good = frames.ReadEncoded(0);
            for (var i = 0; i < 4; i++)
            {
                var bad = good[..random.Next(good.Length / 8, good.Length)];
                for (var k = 0; k < 20; k++)
                {
                    bad[random.Next(200, bad.Length)] = (byte)random.Next(256);
                }

                try
                {
                    await FrameCodecs.DecodeAsync(bad, frames.Description, file.TransferSyntax.Uid, pool, Cancelled);
                }
                catch (PixelDataException e)
                {
                    Assert.Contains(e.Reason, new[] { PixelDataReason.CodecFailed, PixelDataReason.CodecGaveUp });
                }
            }

            Assert.Equal(frames.Description.FrameLength, (await FrameCodecs.DecodeAsync(good, frames.Description, file.TransferSyntax.Uid, pool, Cancelled)).Bytes.Length);
        }
    }

    /// <summary>A codec that never answers is ended after its time, and its place is free again.</summary>
    [Fact]
    public async Task Hanging_codec_is_ended()
    {
        var encoded = FrameCodecs.Encode(Frame(900, 900, 3, 8, 8, 1), Uids.JPEG2000Lossless, cancellationToken: Cancelled);
        using var pool = new CodecPool(new CodecOptions { Workers = 1, FrameTime = TimeSpan.FromMilliseconds(1) });
        for (var i = 0; i < 2; i++)
        {
            var error = await Assert.ThrowsAsync<PixelDataException>(() => FrameCodecs.DecodeAsync(encoded.Bytes, Frame(900, 900, 3, 8, 8, 1).Description, Uids.JPEG2000Lossless, pool, Cancelled));
            Assert.Equal(PixelDataReason.CodecGaveUp, error.Reason);
        }

        Assert.Equal(2, pool.Started);
    }

    /// <summary>A codec that wants more memory than it may is ended.</summary>
    [Fact]
    public async Task Codec_beyond_its_memory_is_ended()
    {
        var frame = Frame(4000, 4000, 3, 8, 8, 1);
        var encoded = FrameCodecs.Encode(frame, Uids.JPEGLSLossless, cancellationToken: Cancelled);
        using var pool = new CodecPool(new CodecOptions { Workers = 1, Memory = 120L << 20 });
        var error = await Assert.ThrowsAsync<PixelDataException>(() => FrameCodecs.DecodeAsync(encoded.Bytes, frame.Description, Uids.JPEGLSLossless, pool, Cancelled));
        Assert.Contains(error.Reason, new[] { PixelDataReason.CodecGaveUp, PixelDataReason.CodecFailed });
    }
}
