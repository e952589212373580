using System.Globalization;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Which plane of the body slices lie in, as session documents say it.</summary>
public static class SliceOrientation
{
    /// <summary><c>Sag</c>, <c>Cor</c> or <c>Tra</c>: the plane nearest to the slices (PS3.3 §C.7.6.2.1.1); null where the header does not tell.</summary>
    public static string? Of(DataSet header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var cosines = header.GetStrings(Tag.ImageOrientationPatient)?.Select(t => double.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN).ToArray();
        if (cosines is not { Length: 6 } || !Array.TrueForAll(cosines, double.IsFinite))
        {
            return null;
        }

        // The normal of the plane: row direction × column direction.
        double[] normal =
        [
            Math.Abs((cosines[1] * cosines[5]) - (cosines[2] * cosines[4])), Math.Abs((cosines[2] * cosines[3]) - (cosines[0] * cosines[5])), Math.Abs((cosines[0] * cosines[4]) - (cosines[1] * cosines[3])),
        ];
        var longest = normal.Max();
        return longest < 1e-6 ? null : longest == normal[2] ? "Tra" : longest == normal[1] ? "Cor" : "Sag";
    }
}
