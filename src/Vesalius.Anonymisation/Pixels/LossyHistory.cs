using System.Globalization;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Keeps what an object says about lossy compression true when its lossy codestreams are replaced (PS3.3 §C.7.6.1.1.5).</summary>
internal static class LossyHistory
{
    private static readonly Dictionary<string, string> Methods = new()
    {
        [Uids.JPEGBaseline8Bit] = "ISO_10918_1",
        [Uids.JPEGExtended12Bit] = "ISO_10918_1",
        [Uids.JPEGExtended35] = "ISO_10918_1",
        [Uids.JPEGSpectralSelectionNonHierarchical68] = "ISO_10918_1",
        [Uids.JPEGFullProgressionNonHierarchical1012] = "ISO_10918_1",
        [Uids.JPEGLSNearLossless] = "ISO_14495_1",
        [Uids.JPEG2000] = "ISO_15444_1",
        [Uids.HTJ2K] = "ISO_15444_15",
    };

    /// <summary>Writes down that pixels were once compressed with loss, unless the object says so already.</summary>
    /// <param name="dataSet">The object.</param>
    /// <param name="transferSyntaxUid">Syntax that the pixels came in.</param>
    /// <param name="nativeLength">Their length uncompressed.</param>
    /// <param name="encodedLength">Their length as they came.</param>
    public static void Record(DataSet dataSet, string transferSyntaxUid, long nativeLength, long encodedLength)
    {
        // "00" in a syntax that may hold both says that this codestream is a lossless one.
        if (!Methods.TryGetValue(transferSyntaxUid, out var method) || encodedLength == 0
            || (dataSet.GetString(Tag.LossyImageCompression)?.Trim() == "00" && transferSyntaxUid is Uids.JPEG2000 or Uids.JPEGLSNearLossless or Uids.HTJ2K))
        {
            return;
        }

        if (dataSet.GetString(Tag.LossyImageCompression)?.Trim() != "01")
        {
            dataSet.SetString(Tag.LossyImageCompression, "01", Vr.CS);
        }

        if (string.IsNullOrWhiteSpace(dataSet.GetString(Tag.LossyImageCompressionMethod)) && string.IsNullOrWhiteSpace(dataSet.GetString(Tag.LossyImageCompressionRatio)))
        {
            dataSet.SetString(Tag.LossyImageCompressionMethod, method, Vr.CS);
            dataSet.SetString(Tag.LossyImageCompressionRatio, (nativeLength / (double)encodedLength).ToString("0.##", CultureInfo.InvariantCulture), Vr.DS);
        }
    }
}
