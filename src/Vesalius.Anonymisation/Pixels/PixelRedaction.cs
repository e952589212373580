using System.Buffers.Binary;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>In which form blanked pixels are written.</summary>
public enum RedactedForm
{
    /// <summary>Uncompressed, Explicit VR Little Endian: what <c>alterPixels</c> does, and every receiver reads.</summary>
    Native,
    /// <summary>Compressed objects stay compressed, without loss: in their own syntax where it has a lossless encoder, so that frames that are not touched keep
    /// their fragments bit by bit; those of lossy JPEG become JPEG Lossless SV1, those of HTJ2K become JPEG 2000 Lossless.</summary>
    KeepCompressed,
}

/// <summary>How to blank.</summary>
public sealed record RedactionOptions
{
    /// <summary>Form of the result.</summary>
    public RedactedForm Form { get; init; }

    /// <summary>Also blank overlay planes (60xx) inside the rectangles and remove icon images, which show the same in small.</summary>
    public bool IncludeOverlays { get; init; }

    /// <summary>Where pixels go that are too many for memory. The system's folder for temporary files unless said.</summary>
    public string ScratchFolder { get; init; } = Path.GetTempPath();

    /// <summary>Codecs; <see cref="CodecPool.Shared"/> unless said.</summary>
    public CodecPool? Codecs { get; init; }
}

/// <summary>What blanking did.</summary>
/// <param name="TransferSyntaxUid">The transfer syntax that the object must now be written in.</param>
/// <param name="IsAltered">True if pixels were touched.</param>
public readonly record struct RedactionResult(string TransferSyntaxUid, bool IsAltered);

/// <summary>Blanks rectangles in an object's pixels, whatever their form (R15).</summary>
public static class PixelRedaction
{
    private const long MostNative = 0xFFFF_FFFE;

    /// <summary>Blanks areas of the pixels; the data set then describes what it holds.</summary>
    /// <param name="dataSet">Edited in place; to be discarded if this throws.</param>
    /// <param name="transferSyntaxUid">Syntax of its pixels.</param>
    /// <param name="areas">What to blank; parts outside the image are ignored.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="PixelDataException">The pixels cannot be read, decoded or encoded.</exception>
    public static RedactionResult Redact(
        DataSet dataSet, string transferSyntaxUid, IReadOnlyList<BlankedArea> areas, RedactionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(areas);
        options ??= new RedactionOptions();
        if (!ImageDescription.HasPixels(dataSet))
        {
            return new RedactionResult(transferSyntaxUid, false);
        }

        if (options.IncludeOverlays)
        {
            OverlayRedaction.Clear(dataSet, areas);
        }

        var description = ImageDescription.Read(dataSet);
        if (!areas.Any(a => a.FirstFrame < description.Frames && a.LastFrame >= a.FirstFrame && !a.Rectangle.Inside(description.Rows, description.Columns).IsEmpty))
        {
            return new RedactionResult(transferSyntaxUid, false);
        }

        var element = dataSet[description.PixelDataTag]!;
        using var frames = ImageFrames.Open(dataSet, transferSyntaxUid, options.Codecs);
        if (!frames.IsEncapsulated)
        {
            RedactNative(dataSet, element, frames, transferSyntaxUid, areas, options, cancellationToken);
            return new RedactionResult(Uids.ExplicitVRLittleEndian, true);
        }

        var syntax = options.Form == RedactedForm.Native
            ? Decode(dataSet, frames, areas, options, cancellationToken)
            : Transcode(dataSet, frames, areas, options, cancellationToken);
        return new RedactionResult(syntax, true);
    }

    internal static NativeFrame Blank(NativeFrame frame, int number, IReadOnlyList<BlankedArea> areas)
    {
        foreach (var area in areas)
        {
            if (area.Touches(number, frame.Description))
            {
                PixelFill.Fill(frame, area.Rectangle);
            }
        }

        return frame;
    }

    private static void RedactNative(DataSet dataSet, DataElement element, ImageFrames frames, string transferSyntaxUid, IReadOnlyList<BlankedArea> areas, RedactionOptions options, CancellationToken cancellationToken)
    {
        var description = frames.Description;
        // A value that is shorter than its description may hold its text anywhere; bytes behind the last frame are dropped, since no rectangle reaches them.
        frames.RequireWhole();
        var vr = NativeVr(description, element.Vr);
        if (element is StreamedElement && description.BitsAllocated > 1)
        {
            var bulk = new RedactedPixels(() => ImageFrames.Open(element, description, transferSyntaxUid, options.Codecs), description, [.. areas]);
            dataSet.Set(new StreamedElement(description.PixelDataTag, vr, bulk, isEncapsulated: false));
            return;
        }

        var scratch = new PixelScratch(options.ScratchFolder);
        WriteNative(scratch, description, Enumerable.Range(0, frames.Count).Select(f => Blank(frames.Read(f, cancellationToken), f, areas)));
        SetNative(dataSet, description.PixelDataTag, vr, scratch);
    }

    private static string Decode(DataSet dataSet, ImageFrames frames, IReadOnlyList<BlankedArea> areas, RedactionOptions options, CancellationToken cancellationToken)
    {
        var scratch = new PixelScratch(options.ScratchFolder);
        long encodedLength = 0;
        ImageDescription? decoded = null;
        WriteNative(scratch, frames.Description, Frames());
        Describe(dataSet, decoded!);
        LossyHistory.Record(dataSet, frames.TransferSyntaxUid, scratch.Length, encodedLength);
        dataSet.Remove(Tag.ExtendedOffsetTable);
        dataSet.Remove(Tag.ExtendedOffsetTableLengths);
        SetNative(dataSet, frames.Description.PixelDataTag, NativeVr(decoded!, Vr.OW), scratch);
        return Uids.ExplicitVRLittleEndian;

        IEnumerable<NativeFrame> Frames()
        {
            for (var i = 0; i < frames.Count; i++)
            {
                encodedLength += frames.EncodedLength(i);
                var frame = SampleLayout.Interleave(frames.Read(i, cancellationToken));
                decoded = Same(decoded, frame.Description);
                yield return Blank(frame, i, areas);
            }
        }
    }

    // One description holds for all frames, so they must decode alike.
    private static ImageDescription Same(ImageDescription? before, ImageDescription now) => before is null || before == now
        ? now
        : throw new PixelDataException(PixelDataReason.CodecFailed, "The frames decode to different kinds of pixels.");

    private static void WriteNative(PixelScratch scratch, ImageDescription description, IEnumerable<NativeFrame> frames)
    {
        if (description.TotalLength > MostNative || description.PixelsPerFrame * description.SamplesPerPixel * description.BitsAllocated / 8 * description.Frames > MostNative)
        {
            throw new PixelDataException(PixelDataReason.LimitExceeded, "Uncompressed the pixels are more than the 4 GiB that one element can hold.");
        }

        if (description.BitsAllocated == 1)
        {
            WriteBits(scratch, description, frames);
        }
        else
        {
            foreach (var frame in frames)
            {
                scratch.Write(frame.Bytes);
            }
        }

        if ((scratch.Length & 1) != 0)
        {
            scratch.Write([0]);
        }
    }

    // Frames of 1-bit images follow each other without padding.
    private static void WriteBits(PixelScratch scratch, ImageDescription description, IEnumerable<NativeFrame> frames)
    {
        var pending = 0;
        var count = 0;
        foreach (var frame in frames)
        {
            var left = description.FrameBits;
            foreach (var bits in frame.Bytes)
            {
                var taken = (int)Math.Min(8, left);
                pending |= (bits & ((1 << taken) - 1)) << count;
                count += taken;
                left -= taken;
                if (count >= 8)
                {
                    scratch.Write([(byte)pending]);
                    pending >>= 8;
                    count -= 8;
                }
            }
        }

        if (count > 0)
        {
            scratch.Write([(byte)pending]);
        }
    }

    private static void SetNative(DataSet dataSet, Tag tag, Vr vr, PixelScratch scratch) => dataSet.Set(
        scratch.Memory is { } memory ? new ValueElement(tag, vr, memory) : new StreamedElement(tag, vr, scratch, isEncapsulated: false));

    private static Vr NativeVr(ImageDescription description, Vr before) => description.Kind switch
    {
        SampleKind.Float => Vr.OF,
        SampleKind.Double => Vr.OD,
        _ when description.BitsAllocated > 8 => Vr.OW,
        _ => before == Vr.OB ? Vr.OB : Vr.OW,
    };

    private static void Describe(DataSet dataSet, ImageDescription description)
    {
        if ((dataSet.GetString(Tag.PhotometricInterpretation) ?? "").Trim() != description.PhotometricInterpretation)
        {
            dataSet.SetString(Tag.PhotometricInterpretation, description.PhotometricInterpretation, Vr.CS);
        }

        if (description.SamplesPerPixel > 1 && dataSet.GetInteger(Tag.PlanarConfiguration) != 0)
        {
            dataSet.SetString(Tag.PlanarConfiguration, "0", Vr.US);
        }
    }

    private static string Transcode(DataSet dataSet, ImageFrames frames, IReadOnlyList<BlankedArea> areas, RedactionOptions options, CancellationToken cancellationToken)
    {
        var target = TargetSyntax.For(frames.TransferSyntaxUid, frames.Description);
        var scratch = new PixelScratch(options.ScratchFolder);
        var writer = new EncapsulatedWriter(scratch, frames.Count);
        long encodedLength = 0;
        ImageDescription? described = null;
        for (var i = 0; i < frames.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            encodedLength += frames.EncodedLength(i);
            if (target.KeepsFrames && !areas.Any(a => a.Touches(i, frames.Description)))
            {
                writer.Add(frames.ReadFragments(i));
                continue;
            }

            var blank = Blank(frames.Read(i, cancellationToken), i, areas);
            var encoded = FrameCodecs.Encode(blank, target.Encoder, options.Codecs, cancellationToken: cancellationToken);
            described = Same(described, encoded.Description);
            writer.Add([encoded.Bytes]);
        }

        writer.Finish();
        if (described is not null && !target.KeepsFrames)
        {
            Describe(dataSet, described);
        }

        LossyHistory.Record(dataSet, frames.TransferSyntaxUid, frames.Description.TotalLength, encodedLength);
        dataSet.Remove(Tag.ExtendedOffsetTable);
        dataSet.Remove(Tag.ExtendedOffsetTableLengths);
        dataSet.Set(scratch.Memory is { } memory ? new EncapsulatedElement(Tag.PixelData, Vr.OB, memory) : new StreamedElement(Tag.PixelData, Vr.OB, scratch, isEncapsulated: true));
        return target.Label;
    }
}

/// <summary>Which encoder redacted frames go through, and which syntax the object then has.</summary>
/// <param name="Label">Transfer syntax of the object.</param>
/// <param name="Encoder">Transfer syntax of the frames encoded anew; a lossless codestream is allowed in the general syntax of its family.</param>
/// <param name="KeepsFrames">True if frames that are not touched can stay as they are.</param>
internal sealed record TargetSyntax(string Label, string Encoder, bool KeepsFrames)
{
    public static TargetSyntax For(string source, ImageDescription description) => source switch
    {
        Uids.JPEG2000 => new(Uids.JPEG2000, Uids.JPEG2000Lossless, true),
        Uids.JPEGLSNearLossless => new(Uids.JPEGLSNearLossless, Uids.JPEGLSLossless, true),
        Uids.HTJ2K or Uids.HTJ2KLossless or Uids.HTJ2KLosslessRPCL => new(Uids.JPEG2000Lossless, Uids.JPEG2000Lossless, false),
        _ when FrameCodecs.IsLossless(source) && FrameCodecs.CanEncode(source) => new(source, source, true),
        _ when description.BitsAllocated is 8 or 16 => new(Uids.JPEGLosslessSV1, Uids.JPEGLosslessSV1, false),
        _ => new(Uids.RLELossless, Uids.RLELossless, false),
    };
}

/// <summary>Writes encapsulated pixel data with its offset table (PS3.5 §A.4).</summary>
internal sealed class EncapsulatedWriter
{
    private readonly PixelScratch _scratch;
    private readonly long[] _offsets;
    private readonly long _start;
    private int _frame;

    public EncapsulatedWriter(PixelScratch scratch, int frames)
    {
        _scratch = scratch;
        _offsets = new long[frames];
        WriteItem(new byte[checked(frames * 4)]);
        _start = scratch.Length;
    }

    public void Add(IReadOnlyList<byte[]> fragments)
    {
        _offsets[_frame++] = _scratch.Length - _start;
        foreach (var fragment in fragments)
        {
            WriteItem(fragment);
        }
    }

    public void Finish()
    {
        WriteTag(Tag.SequenceEnd, 0);
        var table = new byte[_offsets.Length * 4];
        for (var i = 0; i < _offsets.Length; i++)
        {
            if (_offsets[i] > uint.MaxValue)
            {
                throw new PixelDataException(PixelDataReason.LimitExceeded, "The compressed pixels are more than the 4 GiB that an offset table reaches.");
            }

            BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(i * 4), (uint)_offsets[i]);
        }

        _scratch.Overwrite(8, table);
    }

    private void WriteItem(byte[] bytes)
    {
        WriteTag(Tag.ItemStart, (uint)(bytes.Length + (bytes.Length & 1)));
        _scratch.Write(bytes);
        if ((bytes.Length & 1) != 0)
        {
            _scratch.Write([0]);
        }
    }

    private void WriteTag(Tag tag, uint length)
    {
        Span<byte> header = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(header, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], tag.Element);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], length);
        _scratch.Write(header);
    }
}
