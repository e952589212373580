using System.Buffers.Binary;

namespace Vesalius.Dicom.PixelData;

/// <summary>The frames of one image: found once, read one by one from where the pixels lie, so that a file of any size needs the memory of one frame.</summary>
/// <remarks>Several threads may read at once. Dispose it to close the file.</remarks>
public sealed class ImageFrames : IDisposable
{
    private readonly PixelBytes _bytes;
    private readonly FragmentIndex? _fragments;
    private readonly CodecPool _codecs;
    private readonly bool _swap;

    private ImageFrames(ImageDescription description, string transferSyntaxUid, PixelBytes bytes, FragmentIndex? fragments, CodecPool codecs, bool swap)
    {
        Description = description;
        TransferSyntaxUid = transferSyntaxUid;
        _bytes = bytes;
        _fragments = fragments;
        _codecs = codecs;
        _swap = swap;
    }

    /// <summary>The image as the data set describes it.</summary>
    public ImageDescription Description { get; }

    /// <summary>Transfer syntax of the frames as they lie there.</summary>
    public string TransferSyntaxUid { get; }

    /// <summary>True if frames are codestreams.</summary>
    public bool IsEncapsulated => _fragments is not null;

    /// <summary>Number of frames.</summary>
    public int Count => Description.Frames;

    /// <summary>Bytes that stand behind the last frame of native pixels, the padding to an even length not counted: more than 0 if the description leaves pixels out.</summary>
    public long SurplusLength => IsEncapsulated ? 0 : Math.Max(0, _bytes.Length - ((Description.TotalLength + 1) & ~1L));

    /// <summary>Opens the frames of an image.</summary>
    /// <param name="dataSet">The image; of a file opened lazily, so that pixels stay on disk.</param>
    /// <param name="transferSyntaxUid">Its transfer syntax.</param>
    /// <param name="codecs">Decoders; <see cref="CodecPool.Shared"/> unless said.</param>
    /// <param name="limits">Bounds.</param>
    /// <exception cref="PixelDataException">There are no pixels, or their description or layout cannot be.</exception>
    public static ImageFrames Open(DataSet dataSet, string transferSyntaxUid, CodecPool? codecs = null, PixelDataLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(transferSyntaxUid);
        limits ??= PixelDataLimits.Default;
        if (!ImageDescription.HasPixels(dataSet))
        {
            throw new PixelDataException(PixelDataReason.NoPixelData, "The object has no pixel data.");
        }

        var description = ImageDescription.Read(dataSet, limits);
        return Open(dataSet[description.PixelDataTag]!, description, transferSyntaxUid, codecs, limits, dataSet);
    }

    /// <summary>Opens frames of a pixel data element that is, or was, part of a data set.</summary>
    /// <param name="element">The element.</param>
    /// <param name="description">What the data set said about it.</param>
    /// <param name="transferSyntaxUid">Its transfer syntax.</param>
    /// <param name="codecs">Decoders; <see cref="CodecPool.Shared"/> unless said.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="offsetTables">The data set, if it may hold an extended offset table.</param>
    /// <exception cref="PixelDataException">The layout cannot be.</exception>
    public static ImageFrames Open(
        DataElement element, ImageDescription description, string transferSyntaxUid, CodecPool? codecs = null, PixelDataLimits? limits = null, DataSet? offsetTables = null)
    {
        ArgumentNullException.ThrowIfNull(element);
        ArgumentNullException.ThrowIfNull(description);
        limits ??= PixelDataLimits.Default;
        var bytes = PixelBytes.Open(element);
        try
        {
            if (element is EncapsulatedElement or StreamedElement { IsEncapsulated: true })
            {
                return new ImageFrames(
                    description, transferSyntaxUid, bytes, FragmentIndex.Read(bytes, offsetTables ?? new DataSet(), description.Frames, limits), codecs ?? CodecPool.Shared, swap: false);
            }

            if (bytes.Length < Math.Min(description.FrameLength, description.TotalLength))
            {
                throw new PixelDataException(PixelDataReason.TooShort, "The pixel data is shorter than one frame of its description.");
            }

            // Words have to be turned by the size of a word, whatever the sample is: OW of 8-bit samples is a run of 16-bit words (PS3.5 §A.3).
            return new ImageFrames(description, transferSyntaxUid, bytes, null, codecs ?? CodecPool.Shared, element.Vr.UnitLength > 1 && IsBigEndian(element, transferSyntaxUid));
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Checks that native pixels are all there.</summary>
    /// <exception cref="PixelDataException">There are fewer than described.</exception>
    public void RequireWhole()
    {
        if (!IsEncapsulated && _bytes.Length < Description.TotalLength)
        {
            throw new PixelDataException(PixelDataReason.TooShort, "The pixel data is shorter than its description.");
        }
    }

    private const string PrivateBigEndianPixels = "1.2.840.113619.5.2";

    private static bool IsBigEndian(DataElement element, string transferSyntaxUid) =>
        element is ValueElement { IsBigEndian: true } or StreamedElement { IsBigEndian: true } || transferSyntaxUid == PrivateBigEndianPixels;

    private int WordLength => Description.BitsAllocated switch { 32 => 4, 64 => 8, _ => 2 };

    /// <summary>A frame in native form, decoded if need be.</summary>
    /// <param name="frame">Its number from 0.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="PixelDataException">The frame is not there, or cannot be decoded.</exception>
    public NativeFrame Read(int frame, CancellationToken cancellationToken = default)
    {
        Check(frame);
        return IsEncapsulated
            ? FrameCodecs.Decode(ReadEncoded(frame), Description with { Frames = 1 }, TransferSyntaxUid, _codecs, cancellationToken)
            : new NativeFrame(Description with { Frames = 1 }, ReadNative(frame));
    }

    /// <summary>As <see cref="Read"/>, without holding a thread of the caller.</summary>
    /// <exception cref="PixelDataException">The frame is not there, or cannot be decoded.</exception>
    public async Task<NativeFrame> ReadAsync(int frame, CancellationToken cancellationToken)
    {
        Check(frame);
        return IsEncapsulated
            ? await FrameCodecs.DecodeAsync(ReadEncoded(frame), Description with { Frames = 1 }, TransferSyntaxUid, _codecs, cancellationToken).ConfigureAwait(false)
            : new NativeFrame(Description with { Frames = 1 }, ReadNative(frame));
    }

    /// <summary>A frame as it lies there: the codestream of all its fragments, or native bytes, little endian.</summary>
    /// <param name="frame">Its number from 0.</param>
    /// <exception cref="PixelDataException">The frame is not there.</exception>
    public byte[] ReadEncoded(int frame)
    {
        Check(frame);
        if (_fragments is null)
        {
            return ReadNative(frame);
        }

        var fragments = _fragments.Of(frame);
        var length = EncodedLength(frame);
        if (length > PixelDataLimits.Default.FrameLength)
        {
            throw new PixelDataException(PixelDataReason.LimitExceeded, "A frame's codestream is larger than PixelDataLimits.FrameLength allows.");
        }

        var bytes = new byte[length];
        var position = 0;
        foreach (var fragment in fragments)
        {
            _bytes.Read(fragment.ValueOffset, bytes.AsSpan(position, (int)fragment.Length));
            position += (int)fragment.Length;
        }

        return bytes;
    }

    /// <summary>Bytes of a frame as it lies there.</summary>
    public long EncodedLength(int frame)
    {
        Check(frame);
        if (_fragments is null)
        {
            return Description.FrameLength;
        }

        long length = 0;
        foreach (var fragment in _fragments.Of(frame))
        {
            length += fragment.Length;
        }

        return length;
    }

    /// <summary>The values of a frame's fragments, each as it lies there.</summary>
    /// <exception cref="PixelDataException">The frame is not there, or the image is not encapsulated.</exception>
    public IReadOnlyList<byte[]> ReadFragments(int frame)
    {
        Check(frame);
        if (_fragments is null)
        {
            throw new PixelDataException(PixelDataReason.FramesNotFound, "Native pixels have no fragments.");
        }

        var result = new List<byte[]>();
        foreach (var fragment in _fragments.Of(frame))
        {
            var bytes = new byte[fragment.Length];
            _bytes.Read(fragment.ValueOffset, bytes);
            result.Add(bytes);
        }

        return result;
    }

    private void Check(int frame)
    {
        if (frame < 0 || frame >= Count)
        {
            throw new PixelDataException(PixelDataReason.NoSuchFrame, $"The image has {Count} frames.");
        }
    }

    private byte[] ReadNative(int frame)
    {
        var bytes = new byte[Description.FrameLength];
        if (Description.BitsAllocated == 1)
        {
            ReadBits(frame, bytes);
            return bytes;
        }

        var start = frame * Description.FrameLength;
        if (!_swap)
        {
            _bytes.Read(start, bytes);
            return bytes;
        }

        ReadSwapped(start, bytes);
        return bytes;
    }

    private void ReadSwapped(long start, byte[] target)
    {
        var unit = WordLength;
        var first = start / unit * unit;
        var last = Math.Min((start + target.Length + unit - 1) / unit * unit, _bytes.Length / unit * unit);
        var words = new byte[last - first];
        _bytes.Read(first, words);
        for (var i = 0; i + unit <= words.Length; i += unit)
        {
            words.AsSpan(i, unit).Reverse();
        }

        if (start - first + target.Length > words.Length)
        {
            throw new PixelDataException(PixelDataReason.TooShort, "The pixel data is shorter than its description.");
        }

        words.AsSpan((int)(start - first), target.Length).CopyTo(target);
    }

    private void ReadBits(int frame, byte[] target)
    {
        var firstBit = frame * Description.FrameBits;
        var start = firstBit / 8;
        var shift = (int)(firstBit % 8);
        var source = new byte[((firstBit + Description.FrameBits + 7) / 8) - start];
        if (_swap)
        {
            ReadSwapped(start, source);
        }
        else
        {
            _bytes.Read(start, source);
        }

        for (var i = 0; i < target.Length; i++)
        {
            var next = i + 1 < source.Length ? source[i + 1] : 0;
            target[i] = (byte)((source[i] >> shift) | (next << (8 - shift)));
        }

        var rest = (int)(Description.FrameBits % 8);
        if (rest > 0)
        {
            target[^1] &= (byte)((1 << rest) - 1);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _bytes.Dispose();
}
