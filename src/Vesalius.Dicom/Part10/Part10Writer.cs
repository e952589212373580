using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Vesalius.Dicom;

/// <summary>Writes DICOM files (PS3.10 §7).</summary>
public static class Part10Writer
{
    /// <summary>Our Implementation Class UID (PS3.7 §D.3.3.2): a UUID-derived one, since 2.25 needs no registration.</summary>
    public const string ImplementationClassUid = "2.25.307541326154289021357846330874126693141";

    /// <summary>Our Implementation Version Name.</summary>
    public const string ImplementationVersionName = "VESALIUS_0_1";

    /// <summary>Makes file meta information for an object that we write.</summary>
    public static DataSet MakeFileMeta(string sopClassUid, string sopInstanceUid, string transferSyntaxUid)
    {
        var meta = new DataSet();
        meta.Set(new ValueElement(Tag.FileMetaInformationVersion, Vr.OB, new byte[] { 0, 1 }));
        meta.SetString(Tag.MediaStorageSOPClassUID, sopClassUid, Vr.UI);
        meta.SetString(Tag.MediaStorageSOPInstanceUID, sopInstanceUid, Vr.UI);
        meta.SetString(Tag.TransferSyntaxUID, transferSyntaxUid, Vr.UI);
        meta.SetString(Tag.ImplementationClassUID, ImplementationClassUid, Vr.UI);
        meta.SetString(Tag.ImplementationVersionName, ImplementationVersionName, Vr.SH);
        return meta;
    }

    /// <summary>Encodes the part before the data set: 128 zero bytes, <c>DICM</c>, and the group 0002 with its right length.</summary>
    public static byte[] EncodePrefix(DataSet fileMeta)
    {
        ArgumentNullException.ThrowIfNull(fileMeta);
        var content = new DataSet();
        foreach (var element in fileMeta)
        {
            if (element.Tag.Element != 0)
            {
                content.Set(element);
            }
        }

        var body = DataSetWriter.Encode(content, DicomEncoding.ExplicitLittleEndian).ToArray();
        var result = new byte[144 + body.Length];
        "DICM"u8.CopyTo(result.AsSpan(128));
        Encoding.ASCII.GetBytes("\u0002\0\0\0UL\u0004\0", result.AsSpan(132));
        BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(140), (uint)body.Length);
        body.CopyTo(result, 144);
        return result;
    }

    /// <summary>Encodes a file.</summary>
    /// <param name="fileMeta">Group 0002; its group length is computed.</param>
    /// <param name="dataSet">The data set.</param>
    /// <param name="transferSyntax">Must be the one that (0002,0010) names; pixel data is not transcoded.</param>
    public static EncodedDataSet Encode(DataSet fileMeta, DataSet dataSet, TransferSyntax transferSyntax)
    {
        ArgumentNullException.ThrowIfNull(transferSyntax);
        var body = DataSetWriter.Encode(dataSet, transferSyntax.Encoding);
        if (!transferSyntax.IsDeflated)
        {
            return EncodedDataSet.Join(EncodePrefix(fileMeta), body, default);
        }

        using var target = new MemoryStream();
        using (var deflater = new DeflateStream(target, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflater.Write(body.ToArray());
        }

        if ((target.Length & 1) != 0)
        {
            // PS3.5 §A.5: padded with one zero byte to even length.
            target.WriteByte(0);
        }

        return EncodedDataSet.Join(EncodePrefix(fileMeta), null, target.ToArray());
    }
}
