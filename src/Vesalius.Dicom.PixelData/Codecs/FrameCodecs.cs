using System.IO.Compression;
using Vesalius.Dicom.PixelData.Worker;

namespace Vesalius.Dicom.PixelData;

/// <summary>Which codec reads and writes which transfer syntax: RLE and deflate here, all others by GDCM in a worker process.</summary>
public static class FrameCodecs
{
    private const string DeflatedImageFrame = "1.2.840.10008.1.2.8.1";
    private const int DefaultQuality = 90;

    private enum Family
    {
        Rle,
        Deflate,
        Jpeg,
        JpegLs,
        Jpeg2000,
    }

    private sealed record Entry(Family Family, bool IsAlwaysLossless, bool CanEncode, bool CanHoldLossless);

    private static readonly Dictionary<string, Entry> Table = new()
    {
        [Uids.RLELossless] = new(Family.Rle, true, true, true),
        [DeflatedImageFrame] = new(Family.Deflate, true, true, true),
        [Uids.JPEGBaseline8Bit] = new(Family.Jpeg, false, true, false),
        [Uids.JPEGExtended12Bit] = new(Family.Jpeg, false, false, false),
        [Uids.JPEGExtended35] = new(Family.Jpeg, false, false, false),
        [Uids.JPEGSpectralSelectionNonHierarchical68] = new(Family.Jpeg, false, false, false),
        [Uids.JPEGFullProgressionNonHierarchical1012] = new(Family.Jpeg, false, false, false),
        [Uids.JPEGLossless] = new(Family.Jpeg, true, true, true),
        [Uids.JPEGLosslessSV1] = new(Family.Jpeg, true, true, true),
        [Uids.JPEGLSLossless] = new(Family.JpegLs, true, true, true),
        [Uids.JPEGLSNearLossless] = new(Family.JpegLs, false, false, true),
        [Uids.JPEG2000Lossless] = new(Family.Jpeg2000, true, true, true),
        [Uids.JPEG2000] = new(Family.Jpeg2000, false, false, true),
        [Uids.HTJ2KLossless] = new(Family.Jpeg2000, true, false, true),
        [Uids.HTJ2KLosslessRPCL] = new(Family.Jpeg2000, true, false, true),
        [Uids.HTJ2K] = new(Family.Jpeg2000, false, false, true),
    };

    /// <summary>True if frames in this encapsulated syntax can be decoded (where the codecs are installed).</summary>
    public static bool CanDecode(string transferSyntaxUid) => Table.ContainsKey(transferSyntaxUid);

    /// <summary>True if frames can be encoded in this encapsulated syntax.</summary>
    public static bool CanEncode(string transferSyntaxUid) => Table.TryGetValue(transferSyntaxUid, out var entry) && entry.CanEncode;

    /// <summary>True if the syntax never loses a bit.</summary>
    public static bool IsLossless(string transferSyntaxUid) => !Table.TryGetValue(transferSyntaxUid, out var entry) || entry.IsAlwaysLossless;

    internal static NativeFrame Decode(byte[] encoded, ImageDescription description, string transferSyntaxUid, CodecPool codecs, CancellationToken cancellationToken) =>
        DecodeHere(encoded, description, transferSyntaxUid) ?? Finish(codecs.Run(Request(encoded, description, transferSyntaxUid, out var header), cancellationToken), description, header, transferSyntaxUid);

    internal static async Task<NativeFrame> DecodeAsync(
        byte[] encoded, ImageDescription description, string transferSyntaxUid, CodecPool codecs, CancellationToken cancellationToken)
    {
        if (DecodeHere(encoded, description, transferSyntaxUid) is { } native)
        {
            return native;
        }

        var request = Request(encoded, description, transferSyntaxUid, out var header);
        return Finish(await codecs.RunAsync(request, cancellationToken).ConfigureAwait(false), description, header, transferSyntaxUid);
    }

    /// <summary>Encodes a frame.</summary>
    /// <param name="frame">Native pixels.</param>
    /// <param name="transferSyntaxUid">One for which <see cref="CanEncode"/> holds.</param>
    /// <param name="codecs">Encoders; <see cref="CodecPool.Shared"/> unless said.</param>
    /// <param name="quality">For JPEG baseline, 1 to 100.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The codestream, and the description that the data set must then have.</returns>
    /// <exception cref="PixelDataException">The syntax cannot hold such pixels, or the encoder failed.</exception>
    public static NativeFrame Encode(NativeFrame frame, string transferSyntaxUid, CodecPool? codecs = null, int quality = DefaultQuality, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!CanEncode(transferSyntaxUid))
        {
            throw new PixelDataException(PixelDataReason.UnsupportedTransferSyntax, "Frames cannot be encoded in this transfer syntax.");
        }

        var entry = Table[transferSyntaxUid];
        if (entry.Family == Family.Deflate)
        {
            using var output = new MemoryStream();
            using (var deflater = new DeflateStream(output, CompressionLevel.Optimal, leaveOpen: true))
            {
                deflater.Write(frame.Bytes);
            }

            return frame with { Bytes = output.ToArray() };
        }

        var source = SampleLayout.Interleave(SampleLayout.Upsample(frame));
        if (entry.Family == Family.Rle)
        {
            return source with { Bytes = RleCodec.Encode(source.Bytes, source.Description) };
        }

        var d = source.Description;
        if (d.BitsAllocated is not (8 or 16) || d.Kind != SampleKind.Integer || (transferSyntaxUid == Uids.JPEGBaseline8Bit && d.BitsAllocated != 8)
            || d.PhotometricInterpretation.StartsWith("YBR_PARTIAL", StringComparison.Ordinal))
        {
            throw new PixelDataException(PixelDataReason.UnsupportedTransferSyntax, "This transfer syntax cannot hold pixels of this kind.");
        }

        // All allocated bits go into the codestream, so that overlays or signs in the upper ones come back as they were.
        var response = (codecs ?? CodecPool.Shared).Run(
            new CodecRequest(
                CodecOperation.Encode, transferSyntaxUid, d.Rows, d.Columns, d.SamplesPerPixel, d.BitsAllocated, d.BitsAllocated, d.BitsAllocated - 1, d.IsSigned, 0, d.PhotometricInterpretation,
                quality, source.Bytes),
            cancellationToken);
        return response.Refusal is { } reason
            ? throw new PixelDataException(PixelDataReason.CodecFailed, $"Encoding failed: {reason}")
            : new NativeFrame(d with { PhotometricInterpretation = response.PhotometricInterpretation.Trim() }, response.Data.ToArray());
    }

    private static NativeFrame? DecodeHere(byte[] encoded, ImageDescription description, string transferSyntaxUid)
    {
        if (!Table.TryGetValue(transferSyntaxUid, out var entry))
        {
            throw new PixelDataException(PixelDataReason.UnsupportedTransferSyntax, "No codec reads this transfer syntax.");
        }

        return entry.Family switch
        {
            Family.Rle => new NativeFrame(Full(description), RleCodec.Decode(encoded, Full(description))),
            Family.Deflate => new NativeFrame(description, Inflate(encoded, description)),
            _ => null,
        };
    }

    // No codestream keeps chroma of a pair of pixels together; what is decoded has it for every pixel.
    private static ImageDescription Full(ImageDescription description) => description.IsSubsampled ? description with { PhotometricInterpretation = "YBR_FULL" } : description;

    private static byte[] Inflate(byte[] encoded, ImageDescription description)
    {
        var bytes = new byte[description.FrameLength];
        try
        {
            using var inflater = new DeflateStream(new MemoryStream(encoded, writable: false), CompressionMode.Decompress);
            inflater.ReadExactly(bytes);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new PixelDataException(PixelDataReason.CodecFailed, "The deflated frame is damaged or too short (PS3.5 §A.4.13).");
        }

        return bytes;
    }

    private static CodecRequest Request(byte[] encoded, ImageDescription d, string transferSyntaxUid, out CodestreamHeader header)
    {
        header = CodestreamHeader.Read(encoded) ?? throw new PixelDataException(PixelDataReason.CodecFailed, "The frame does not begin like a codestream of its transfer syntax.");
        if (header.Rows != d.Rows || header.Columns != d.Columns || header.Components != d.SamplesPerPixel)
        {
            throw new PixelDataException(
                PixelDataReason.CodecFailed, $"The codestream holds {header.Rows} × {header.Columns} × {header.Components}, the data set says {d.Rows} × {d.Columns} × {d.SamplesPerPixel}.");
        }

        if (d.BitsAllocated is not (8 or 16 or 32) || header.Precision > d.BitsAllocated)
        {
            throw new PixelDataException(PixelDataReason.CodecFailed, "The codestream has more bits than the data set allocates.");
        }

        // All allocated bits are asked for: GDCM masks others away, and stops where it did not expect to.
        return new CodecRequest(
            CodecOperation.Decode, transferSyntaxUid, d.Rows, d.Columns, d.SamplesPerPixel, d.BitsAllocated, d.BitsAllocated, d.BitsAllocated - 1, d.IsSigned, 0,
            Photometric(d, header, transferSyntaxUid), 0, encoded);
    }

    private static string Photometric(ImageDescription d, CodestreamHeader header, string transferSyntaxUid) => Table[transferSyntaxUid].Family switch
    {
        _ when d.SamplesPerPixel == 1 => d.PhotometricInterpretation,
        Family.Jpeg when header.IsLossless == false => header.ColourTransform ?? d.IsYbr ? "YBR_FULL" : d.SamplesPerPixel == 3 ? "RGB" : d.PhotometricInterpretation,
        Family.Jpeg2000 when d.PhotometricInterpretation is "YBR_RCT" or "YBR_ICT" => "RGB",
        _ => Full(d).PhotometricInterpretation,
    };

    private static NativeFrame Finish(CodecResponse response, ImageDescription description, CodestreamHeader header, string transferSyntaxUid)
    {
        if (response.Refusal is { } reason)
        {
            throw new PixelDataException(reason.StartsWith("GDCM", StringComparison.Ordinal) ? PixelDataReason.CodecMissing : PixelDataReason.CodecFailed, $"Decoding failed: {reason}");
        }

        var result = description with
        {
            PhotometricInterpretation = Photometric(description, header, transferSyntaxUid),
            IsPlanar = description.SamplesPerPixel > 1 && response.PlanarConfiguration == 1,
        };
        return response.Data.Length == result.FrameLength && response.BitsAllocated == description.BitsAllocated
            ? new NativeFrame(result, response.Data.ToArray())
            : throw new PixelDataException(PixelDataReason.CodecFailed, "The codestream holds another image than the data set describes.");
    }
}
