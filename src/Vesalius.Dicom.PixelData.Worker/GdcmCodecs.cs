namespace Vesalius.Dicom.PixelData.Worker;

/// <summary>Frames through GDCM: one frame at a time, its codestream in one fragment.</summary>
internal static class GdcmCodecs
{
    private const string ExplicitLittleEndian = "1.2.840.10008.1.2.1";
    private const string JpegBaseline = "1.2.840.10008.1.2.4.50";
    private const string Jpeg2000Lossless = "1.2.840.10008.1.2.4.90";

    // OpenJPEG from 2.5 on reads the block coder of Part 15 behind the same interface; GDCM 3.0 only lacks the identifiers.
    private static readonly HashSet<string> HighThroughput = ["1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"];

    public static CodecResponse Answer(GdcmBinding gdcm, CodecRequest request) => request.Operation switch
    {
        CodecOperation.Decode => Decode(gdcm, request),
        CodecOperation.Encode => Encode(gdcm, request),
        _ => new CodecResponse(null, 0, 0, "", default),
    };

    private static CodecResponse Decode(GdcmBinding gdcm, CodecRequest request)
    {
        var image = Image(gdcm, request, HighThroughput.Contains(request.TransferSyntaxUid) ? Jpeg2000Lossless : request.TransferSyntaxUid);
        var pointer = gdcm.Static("SequenceOfFragments", "New")!;
        var fragment = gdcm.New("Fragment");
        fragment.SetByteValue(Bytes(request), Length(gdcm, request.Data.Length));
        pointer.AddFragment(fragment);
        var pixelData = PixelData(gdcm);
        pixelData.SetValue(pointer.__deref__());
        image.SetDataElement(pixelData);

        CodecResponse response = Change(gdcm, image, ExplicitLittleEndian, null, (Func<dynamic, CodecResponse?>)ReadNative, "the codestream cannot be decoded.");
        pointer.Dispose();
        return response;
    }

    private static CodecResponse? ReadNative(dynamic native)
    {
        var bytes = new byte[(uint)native.GetBufferLength()];
        return (bool)native.GetBuffer(bytes)
            ? new CodecResponse(
                null, (ushort)native.GetPixelFormat().GetBitsAllocated(), (int)(uint)native.GetPlanarConfiguration(), (string)native.GetPhotometricInterpretation().GetString(), bytes)
            : null;
    }

    private static CodecResponse Encode(GdcmBinding gdcm, CodecRequest request)
    {
        var image = Image(gdcm, request, ExplicitLittleEndian);
        var pixelData = PixelData(gdcm);
        pixelData.SetByteValue(Bytes(request), Length(gdcm, request.Data.Length));
        image.SetDataElement(pixelData);
        object? codec = request.TransferSyntaxUid == JpegBaseline ? Baseline(gdcm, request.Quality) : null;
        return Change(gdcm, image, request.TransferSyntaxUid, codec, (Func<dynamic, CodecResponse?>)ReadCodestream, "the frame cannot be encoded in this transfer syntax.");
    }

    private static CodecResponse? ReadCodestream(dynamic encoded)
    {
        var fragments = encoded.GetDataElement().GetSequenceOfFragments();
        if (fragments is null || (uint)fragments.GetNumberOfFragments() != 1)
        {
            return null;
        }

        var value = fragments.GetFragment(0u).GetByteValue();
        var bytes = new byte[(uint)value.GetLength().GetValueLength()];
        return (bool)value.GetBuffer(bytes, (uint)bytes.Length)
            ? new CodecResponse(
                null, (ushort)encoded.GetPixelFormat().GetBitsAllocated(), (int)(uint)encoded.GetPlanarConfiguration(), (string)encoded.GetPhotometricInterpretation().GetString(), bytes)
            : null;
    }

    private static dynamic Baseline(GdcmBinding gdcm, int quality)
    {
        var codec = gdcm.New("JPEGCodec");
        codec.SetLossless(false);
        codec.SetQuality((double)quality);
        return codec;
    }

    private static dynamic Image(GdcmBinding gdcm, CodecRequest request, string transferSyntaxUid)
    {
        var image = gdcm.New("Image");
        image.SetNumberOfDimensions(2u);
        image.SetDimension(0u, (uint)request.Columns);
        image.SetDimension(1u, (uint)request.Rows);
        image.SetPixelFormat(gdcm.New(
            "PixelFormat", (ushort)request.SamplesPerPixel, (ushort)request.BitsAllocated, (ushort)request.BitsStored, (ushort)request.HighBit, (ushort)(request.IsSigned ? 1 : 0)));
        image.SetPhotometricInterpretation(gdcm.New("PhotometricInterpretation", gdcm.Static("PhotometricInterpretation", "GetPIType", request.PhotometricInterpretation)!));
        image.SetPlanarConfiguration((uint)request.PlanarConfiguration);
        image.SetTransferSyntax(Syntax(gdcm, transferSyntaxUid));
        return image;
    }

    // The output lives inside the filter, so it is read while the filter is held.
    private static CodecResponse Change(GdcmBinding gdcm, dynamic image, string transferSyntaxUid, object? codec, Func<dynamic, CodecResponse?> read, string refusal)
    {
        var change = gdcm.New("ImageChangeTransferSyntax");
        change.SetTransferSyntax(Syntax(gdcm, transferSyntaxUid));
        change.SetInput(image);
        // From here on GDCM counts the references to the image and deletes it with the last.
        GC.SuppressFinalize((object)image);
        if (codec is not null)
        {
            change.SetUserCodec((dynamic)codec);
        }

        CodecResponse? response = (bool)change.Change() ? read(change.GetOutput()) : null;
        change.Dispose();
        return response ?? CodecResponse.Refuse(refusal);
    }

    private static dynamic Syntax(GdcmBinding gdcm, string uid) => gdcm.New("TransferSyntax", gdcm.Static("TransferSyntax", "GetTSType", uid)!);

    private static dynamic PixelData(GdcmBinding gdcm) => gdcm.New("DataElement", (object)gdcm.New("Tag", 0x7FE0_0010u));

    private static dynamic Length(GdcmBinding gdcm, int length) => gdcm.New("VL", (uint)length);

    private static byte[] Bytes(CodecRequest request) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(request.Data, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array : request.Data.ToArray();
}
