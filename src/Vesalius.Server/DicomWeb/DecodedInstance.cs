using System.Buffers.Binary;
using Vesalius.Dicom;
using Vesalius.Dicom.PixelData;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>An instance in Explicit VR Little Endian, its frames decoded.</summary>
internal static class DecodedInstance
{
    /// <summary>Largest decoded pixel data, in bytes: it is put together in memory. Larger ones can be fetched frame by frame.</summary>
    private const long Most = 256L << 20;

    /// <exception cref="RequestRefusedException">It cannot be decoded.</exception>
    public static async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var file = await Part10File.OpenAsync(path, cancellationToken: cancellationToken);
            if (file.TransferSyntax.Uid == Uids.ExplicitVRLittleEndian)
            {
                return await File.ReadAllBytesAsync(path, cancellationToken);
            }

            await DecodeAsync(file, cancellationToken);
            var meta = file.FileMeta ?? Part10Writer.MakeFileMeta(file.DataSet.GetString(Tag.SOPClassUID) ?? "", file.DataSet.GetString(Tag.SOPInstanceUID) ?? "", Uids.ExplicitVRLittleEndian);
            meta.SetString(Tag.TransferSyntaxUID, Uids.ExplicitVRLittleEndian, Vr.UI);
            using var target = new MemoryStream();
            await Part10Writer.Encode(meta, file.DataSet, TransferSyntax.ExplicitVRLittleEndian).CopyToAsync(target, cancellationToken);
            return target.ToArray();
        }
        catch (Exception e) when (e is PixelDataException or MalformedDicomException)
        {
            throw AcceptedTypes.NotAcceptable("this instance only in the transfer syntax that it is stored in");
        }
    }

    private static async Task DecodeAsync(Part10File file, CancellationToken cancellationToken)
    {
        var data = file.DataSet;
        if (!ImageDescription.HasPixels(data))
        {
            return;
        }

        using var frames = ImageFrames.Open(data, file.TransferSyntax.Uid);
        if (!frames.IsEncapsulated)
        {
            return;
        }

        if (frames.Description.FrameLength * frames.Count > Most)
        {
            throw AcceptedTypes.NotAcceptable("an instance of this size only in the transfer syntax that it is stored in; its frames can be decoded one by one");
        }

        using var pixels = new MemoryStream();
        ImageDescription? description = null;
        for (var i = 0; i < frames.Count; i++)
        {
            var frame = await frames.ReadAsync(i, cancellationToken);
            description ??= frame.Description;
            pixels.Write(frame.Bytes);
        }

        data.Set(new ValueElement(Tag.PixelData, description!.BitsAllocated > 8 ? Vr.OW : Vr.OB, pixels.ToArray()));
        data.SetString(Tag.PhotometricInterpretation, description.PhotometricInterpretation, Vr.CS);
        if (description.SamplesPerPixel > 1)
        {
            var planar = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(planar, description.IsPlanar ? (ushort)1 : (ushort)0);
            data.Set(new ValueElement(Tag.PlanarConfiguration, Vr.US, planar));
        }
    }
}
