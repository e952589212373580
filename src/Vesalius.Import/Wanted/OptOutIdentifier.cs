using System.Security.Cryptography;
using System.Text;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>Brings identifiers of patients into the one form that is hashed, so that blanks, hyphens, case and leading zeros do not hide a match (R8).</summary>
public static class OptOutIdentifier
{
    /// <summary>Fewest characters of an identifier; fewer would fit too many patients.</summary>
    public const int Shortest = 3;

    /// <summary>The form that is hashed: letters and digits only, upper case; of numbers without leading zeros. Null if too little is left.</summary>
    public static string? Normalise(string? text)
    {
        var kept = new string([.. (text ?? "").Select(Narrow).Where(char.IsLetterOrDigit)]).ToUpperInvariant();
        if (kept.All(char.IsAsciiDigit))
        {
            kept = kept.TrimStart('0');
        }

        return kept.Length is >= Shortest and <= 64 ? kept : null;
    }

    // The full-width forms of East Asian keyboards (U+FF01 to U+FF5E) are the same letters.
    private static char Narrow(char c) => c is >= '\uFF01' and <= '\uFF5E' ? (char)(c - 0xFEE0) : c;

    /// <summary>True if ten digits carry a right check digit (NHS number: weights 10 to 2, modulus 11).</summary>
    public static bool IsNhsNumber(string? text)
    {
        var digits = (text ?? "").Where(c => c is not (' ' or '-')).ToArray();
        if (digits.Length != 10 || !digits.All(char.IsAsciiDigit))
        {
            return false;
        }

        var sum = 0;
        for (var i = 0; i < 9; i++)
        {
            sum += (digits[i] - '0') * (10 - i);
        }

        var check = 11 - (sum % 11);
        return check != 10 && (check == 11 ? 0 : check) == digits[9] - '0';
    }

    /// <summary>Keyed hash of a normalised identifier.</summary>
    public static byte[] Hash(ReadOnlySpan<byte> key, string normalised) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(normalised));

    /// <summary>All identifiers of the patient that a header carries, normalised: Patient ID and Other Patient IDs, as attribute and as sequence.</summary>
    public static IReadOnlyList<string> Of(DataSet header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var all = new List<string?> { header.GetString(Tag.PatientID) };
        all.AddRange(header.GetStrings(new Tag(0x0010_1000)));
        all.AddRange(header.GetSequence(Tag.OtherPatientIDsSequence)?.Items.Select(i => i.GetString(Tag.PatientID)) ?? []);
        return [.. all.Select(Normalise).OfType<string>().Distinct(StringComparer.Ordinal)];
    }
}
