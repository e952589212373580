namespace Vesalius.Dicom;

/// <summary>How a data set is encoded and its pixels compressed (PS3.5 §10, Annex A).</summary>
/// <param name="Uid">Its identifier.</param>
/// <param name="Encoding">Byte layout.</param>
/// <param name="IsDeflated">True if the bytes behind the file meta information are deflated.</param>
/// <param name="IsEncapsulated">True if pixel data is encapsulated.</param>
public sealed record TransferSyntax(string Uid, DicomEncoding Encoding, bool IsDeflated, bool IsEncapsulated)
{
    /// <summary>Implicit VR Little Endian.</summary>
    public static TransferSyntax ImplicitVRLittleEndian { get; } = new(Uids.ImplicitVRLittleEndian, DicomEncoding.ImplicitLittleEndian, false, false);

    /// <summary>Explicit VR Little Endian.</summary>
    public static TransferSyntax ExplicitVRLittleEndian { get; } = new(Uids.ExplicitVRLittleEndian, DicomEncoding.ExplicitLittleEndian, false, false);

    private static readonly Dictionary<string, TransferSyntax> Plain = new[]
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        new TransferSyntax("1.2.840.10008.1.2.2", DicomEncoding.ExplicitBigEndian, false, false),
        new TransferSyntax("1.2.840.10008.1.2.1.99", DicomEncoding.ExplicitLittleEndian, true, false),
        new TransferSyntax("1.2.840.10008.1.2.4.95", DicomEncoding.ExplicitLittleEndian, true, false),
        new TransferSyntax("1.2.840.10008.1.2.4.205", DicomEncoding.ExplicitLittleEndian, true, false),
        new TransferSyntax("1.2.840.10008.1.20", DicomEncoding.ExplicitLittleEndian, false, false),
        // GE's private syntax: implicit little endian with big-endian pixel data.
        new TransferSyntax("1.2.840.113619.5.2", DicomEncoding.ImplicitLittleEndian, false, false),
    }.ToDictionary(s => s.Uid);

    /// <summary>The syntax of this identifier. One that is not known is explicit little endian and encapsulated, as every syntax since 1993 (PS3.5 §A.4).</summary>
    public static TransferSyntax Find(string uid)
    {
        ArgumentNullException.ThrowIfNull(uid);
        return Plain.TryGetValue(uid, out var syntax) ? syntax : new TransferSyntax(uid, DicomEncoding.ExplicitLittleEndian, false, true);
    }
}
