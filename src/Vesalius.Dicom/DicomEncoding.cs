namespace Vesalius.Dicom;

/// <summary>How elements are laid out in bytes, apart from compression (PS3.5 §7.1.2, §7.1.3, §7.3).</summary>
/// <param name="ExplicitVr">True if each element names its value representation.</param>
/// <param name="BigEndian">True if the most significant byte comes first (retired since PS3.5-2006).</param>
public readonly record struct DicomEncoding(bool ExplicitVr, bool BigEndian)
{
    /// <summary>Implicit VR Little Endian.</summary>
    public static DicomEncoding ImplicitLittleEndian => new(false, false);

    /// <summary>Explicit VR Little Endian.</summary>
    public static DicomEncoding ExplicitLittleEndian => new(true, false);

    /// <summary>Explicit VR Big Endian.</summary>
    public static DicomEncoding ExplicitBigEndian => new(true, true);
}
