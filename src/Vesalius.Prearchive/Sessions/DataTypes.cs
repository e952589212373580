namespace Vesalius.Prearchive;

/// <summary>Which XNAT types SOP classes and modalities become (xapi B.9).</summary>
public static class DataTypes
{
    private const string Root = "1.2.840.10008.5.1.4.1.1.";

    private static readonly Dictionary<string, string> ScanTypeBySuffix = MakeScanTypes();

    private static readonly string[] Precedence =
    [
        "pet", "mr", "ct", "xa", "us", "rtImage", "cr", "opt", "mg", "dx", "nm", "sr", "seg", "sc", "sm", "gm", "rf", "es", "rg",
        "dms", "cfm", "pa", "ecg", "ann", "emg", "eog", "resp", "pos", "obj", "mtl", "eeg", "otherDicom",
    ];

    private static readonly HashSet<string> SecondaryStems = ["sc", "seg", "sr", "otherDicom", "ann"];

    private static readonly Dictionary<string, string> SessionStemByModality = new(StringComparer.OrdinalIgnoreCase)
    {
        ["MR"] = "mr", ["CT"] = "ct", ["XA"] = "xa", ["US"] = "us", ["CR"] = "cr", ["DX"] = "dx", ["MG"] = "mg", ["NM"] = "nm", ["RF"] = "rf", ["OP"] = "op",
        ["OPT"] = "opt", ["ES"] = "es", ["GM"] = "gm", ["SM"] = "sm", ["XC"] = "xc", ["IO"] = "io", ["HD"] = "hd", ["ECG"] = "ecg", ["EPS"] = "eps", ["EEG"] = "eeg",
        ["RG"] = "rg", ["PT"] = "pet", ["PET"] = "pet",
    };

    private static Dictionary<string, string> MakeScanTypes()
    {
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        void Add(string stem, params string[] suffixes)
        {
            foreach (var suffix in suffixes)
            {
                types[suffix] = stem;
            }
        }

        Add("pet", "128", "128.1", "130");
        Add("mr", "4", "4.1", "4.3", "4.4");
        Add("ct", "2", "2.1", "2.2");
        Add("xa", "12.1", "12.1.1", "13.1.1");
        Add("us", "3.1", "6.1", "3", "6");
        Add("rtImage", "481.1", "481.2", "481.3", "481.4", "481.5", "481.6", "481.7", "481.8", "481.9");
        Add("cr", "1");
        Add("opt", "77.1.5.4");
        Add("dx3DCraniofacial", "13.1.2");
        Add("ecg", "9.1.1", "9.1.2", "9.1.3");
        Add("eps", "9.3.1");
        Add("esv", "77.1.1.1");
        Add("gmv", "77.1.2.1");
        Add("hd", "9.2.1");
        Add("io", "1.3", "1.3.1");
        Add("mg", "1.2", "1.2.1");
        Add("dx", "1.1", "1.1.1");
        Add("nm", "20");
        Add("op", "77.1.5.1", "77.1.5.2");
        Add("rf", "12.2");
        Add("xcv", "77.1.4.1");
        Add("sc", "7", "7.1", "7.2", "7.3", "7.4");
        Add("seg", "66.4");
        Add("sr", "88.11", "88.22", "88.33", "88.34", "88.50", "88.65", "88.67", "88.68", "88.69", "88.70");
        Add("sm", "77.1.6");
        Add("gm", "77.1.2");
        Add("dms", "77.1.7");
        Add("cfm", "77.1.8");
        Add("pa", "6.3");
        Add("ann", "91.1");
        Add("emg", "9.7.2");
        Add("eog", "9.7.3");
        Add("resp", "9.6.1", "9.6.2");
        Add("pos", "9.8.1");
        Add("eeg", "9.7.1");
        Add("obj", "104.4");
        Add("mtl", "104.5");
        return types;
    }

    private static string StemOf(string sopClassUid) =>
        sopClassUid.StartsWith(Root, StringComparison.Ordinal) && ScanTypeBySuffix.TryGetValue(sopClassUid[Root.Length..], out var stem) ? stem : "otherDicom";

    /// <summary>The scan type of a series with these SOP classes, for example <c>xnat:mrScanData</c>.</summary>
    public static string ScanType(IEnumerable<string> sopClassUids)
    {
        var stems = sopClassUids.Select(StemOf).Distinct().ToList();
        var stem = stems.OrderBy(s => Array.IndexOf(Precedence, s) is var place && place >= 0 ? place : 50).FirstOrDefault() ?? "otherDicom";
        return $"xnat:{stem}ScanData";
    }

    /// <summary>The resource that an object belongs to: <c>DICOM</c> for primary images, else <c>secondary</c>.</summary>
    public static string ResourceOf(string sopClassUid)
    {
        ArgumentNullException.ThrowIfNull(sopClassUid);
        // RT dose, structure set and plans are no images although they share the stem of RT images.
        return SecondaryStems.Contains(StemOf(sopClassUid)) && sopClassUid.StartsWith("1.2.840.10008.", StringComparison.Ordinal)
            || (sopClassUid.StartsWith(Root + "481.", StringComparison.Ordinal) && sopClassUid != Root + "481.1")
                ? "secondary" : "DICOM";
    }

    /// <summary>The session type of a study.</summary>
    /// <param name="series">Modality attribute and scan type of each series; the modality may be empty.</param>
    /// <param name="petMr">What PET and MR together become.</param>
    public static string SessionType(IReadOnlyList<(string Modality, string ScanType)> series, PetMrHandling petMr = PetMrHandling.Joint)
    {
        ArgumentNullException.ThrowIfNull(series);
        var modalities = series.Select(s => s.Modality.Trim().ToUpperInvariant()).ToList();
        if (modalities.Exists(m => m is "PT" or "PET"))
        {
            return modalities.Contains("MR") && petMr != PetMrHandling.Pet ? "xnat:petmrSessionData" : "xnat:petSessionData";
        }

        foreach (var (modality, scanType) in series)
        {
            if (modality.StartsWith("RT", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (SessionStemByModality.TryGetValue(modality.Trim(), out var stem))
            {
                return $"xnat:{stem}SessionData";
            }

            // Without the attribute the SOP class tells.
            if (modality.Length == 0 && scanType is not ("xnat:otherDicomScanData" or "xnat:scScanData" or "xnat:segScanData" or "xnat:srScanData"))
            {
                return scanType.Replace("ScanData", "SessionData", StringComparison.Ordinal);
            }
        }

        if (series.Count > 0 && series.All(s => s.Modality.StartsWith("RT", StringComparison.OrdinalIgnoreCase)))
        {
            return "xnat:rtSessionData";
        }

        return modalities.Contains("SR") && modalities.TrueForAll(m => m == "SR") ? "xnat:srSessionData" : "xnat:otherDicomSessionData";
    }
}
