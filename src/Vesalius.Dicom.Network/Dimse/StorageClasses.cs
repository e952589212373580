namespace Vesalius.Dicom.Network;

/// <summary>Storage SOP classes and transfer syntaxes to offer where a peer has to choose.</summary>
public static class StorageClasses
{
    private const string Prefix = "1.2.840.10008.5.1.4.1.1.";

    /// <summary>Standard storage classes, those of the common modalities first and those that are retired last, since an association has no room for all.</summary>
    public static IReadOnlyList<string> Usual { get; } =
    [
        .. UidDictionary.All
            .Where(e => e.Type == "SOP Class" && e.Uid.StartsWith(Prefix, StringComparison.Ordinal) && e.Name.Contains("Storage", StringComparison.Ordinal))
            .OrderBy(e => e.IsRetired).ThenBy(e => Rank(e.Uid)).Select(e => e.Uid),
    ];

    /// <summary>Transfer syntaxes of objects: those that every peer can send, then the compressed ones as archives keep them, then the rare ones.</summary>
    public static IReadOnlyList<string> TransferSyntaxes { get; } =
    [
        Uids.ExplicitVRLittleEndian, Uids.ImplicitVRLittleEndian,
        "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",
        "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203",
        "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2",
    ];

    // CT, MR, PET, NM, US, X-ray, mammography and tomosynthesis, secondary capture, RT, reports, raw data and segmentations, documents,
    // presentation states, waveforms, parametric maps, visible light: then everything else.
    private static int Rank(string uid)
    {
        ReadOnlySpan<string> first = ["2", "4", "128", "130", "20", "6", "3", "1", "12", "13", "7", "481", "88", "66", "104", "11", "9", "30", "67", "77"];
        var rest = uid[Prefix.Length..];
        var family = rest.Split('.')[0];
        var index = first.IndexOf(family);
        return index < 0 ? first.Length : index;
    }
}
