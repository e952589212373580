using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>File names of received objects (xapi B.6, default template).</summary>
public static class FileNaming
{
    /// <summary>Name by Study Instance UID, series and instance number, and a hash of SOP class and instance.</summary>
    /// <param name="named">The data set that names are taken from. Where a site script ran, the one it made, so that no original UID stands in a file name.</param>
    public static string Name(DataSet named)
    {
        ArgumentNullException.ThrowIfNull(named);
        var parts = new[]
        {
            named.GetString(Tag.StudyInstanceUID), named.GetString(Tag.SeriesNumber), named.GetString(Tag.InstanceNumber),
            Hash(named.GetString(Tag.SOPClassUID) ?? "", named.GetString(Tag.SOPInstanceUID) ?? ""),
        };
        return string.Join('-', parts.Select(p => Safe(p ?? ""))) + ".dcm";
    }

    private static string Safe(string text) => new([.. text.Trim().Take(64).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '_')]);

    // Base 36, as the original writes its hashes; 64 bits of SHA-256.
    private static string Hash(string first, string second)
    {
        const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
        var number = new BigInteger(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{first}\n{second}"))).AsSpan(0, 8), isUnsigned: true);
        var text = new StringBuilder();
        while (number > 0)
        {
            text.Insert(0, Digits[(int)(number % 36)]);
            number /= 36;
        }

        return text.ToString();
    }
}
