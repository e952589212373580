using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Vesalius.Dicom;

/// <summary>Values as text and back, for every representation.</summary>
public static class ElementText
{
    private delegate string ReadNumber(ReadOnlySpan<byte> bytes);

    private delegate void WriteNumber(string text, Span<byte> bytes);

    private sealed record BinaryForm(int Length, ReadNumber Read, WriteNumber Write);

    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    // Little endian; big-endian values are swapped first. AT is two 16-bit numbers.
    private static readonly Dictionary<Vr, BinaryForm> BinaryForms = new()
    {
        [Vr.US] = new(2, b => BinaryPrimitives.ReadUInt16LittleEndian(b).ToString(Culture), (t, b) => BinaryPrimitives.WriteUInt16LittleEndian(b, ushort.Parse(t, Whole, Culture))),
        [Vr.SS] = new(2, b => BinaryPrimitives.ReadInt16LittleEndian(b).ToString(Culture), (t, b) => BinaryPrimitives.WriteInt16LittleEndian(b, short.Parse(t, Whole, Culture))),
        [Vr.UL] = new(4, b => BinaryPrimitives.ReadUInt32LittleEndian(b).ToString(Culture), (t, b) => BinaryPrimitives.WriteUInt32LittleEndian(b, uint.Parse(t, Whole, Culture))),
        [Vr.SL] = new(4, b => BinaryPrimitives.ReadInt32LittleEndian(b).ToString(Culture), (t, b) => BinaryPrimitives.WriteInt32LittleEndian(b, int.Parse(t, Whole, Culture))),
        [Vr.UV] = new(8, b => BinaryPrimitives.ReadUInt64LittleEndian(b).ToString(Culture), (t, b) => BinaryPrimitives.WriteUInt64LittleEndian(b, ulong.Parse(t, Whole, Culture))),
        [Vr.SV] = new(8, b => BinaryPrimitives.ReadInt64LittleEndian(b).ToString(Culture), (t, b) => BinaryPrimitives.WriteInt64LittleEndian(b, long.Parse(t, Whole, Culture))),
        [Vr.FL] = new(4, b => BinaryPrimitives.ReadSingleLittleEndian(b).ToString("R", Culture), (t, b) => BinaryPrimitives.WriteSingleLittleEndian(b, Finite(float.Parse(t, NumberStyles.Float, Culture), t))),
        [Vr.FD] = new(8, b => BinaryPrimitives.ReadDoubleLittleEndian(b).ToString("R", Culture), (t, b) => BinaryPrimitives.WriteDoubleLittleEndian(b, Finite(double.Parse(t, NumberStyles.Float, Culture), t))),
        [Vr.AT] = new(4, ReadTag, WriteTag),
    };

    // "30.0" is a whole number, "30.5" does not fit.
    private const NumberStyles Whole = NumberStyles.Integer | NumberStyles.AllowDecimalPoint;

    // The parser gives infinity for what is too large; only what says so is meant so.
    private static T Finite<T>(T number, string text)
        where T : System.Numerics.IFloatingPoint<T> =>
        T.IsInfinity(number) && text.AsSpan().ContainsAny("0123456789") ? throw new OverflowException() : number;

    private static string ReadTag(ReadOnlySpan<byte> bytes) =>
        new Tag(BinaryPrimitives.ReadUInt16LittleEndian(bytes), BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..])).ToHexString();

    private static void WriteTag(string text, Span<byte> bytes)
    {
        if (!Tag.TryParse(text, out var tag))
        {
            throw new FormatException("Not a tag.");
        }

        BinaryPrimitives.WriteUInt16LittleEndian(bytes, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], tag.Element);
    }

    /// <summary>The whole value as text: several values joined by backslashes, padding dropped, binary numbers as decimals,
    /// other binary values as Latin-1 text without trailing NULs.</summary>
    /// <param name="element">The element.</param>
    /// <param name="characterSet">Set of the data set that holds it.</param>
    public static string Read(ValueElement element, SpecificCharacterSet characterSet)
    {
        ArgumentNullException.ThrowIfNull(element);
        ArgumentNullException.ThrowIfNull(characterSet);
        var bytes = element.Bytes.Span;
        var vr = element.Vr;
        if (bytes.IsEmpty)
        {
            return "";
        }

        if (BinaryForms.TryGetValue(vr, out var form))
        {
            return string.Join('\\', ReadNumbers(element, form));
        }

        if (!vr.IsText)
        {
            return Encoding.Latin1.GetString(bytes).TrimEnd('\0');
        }

        var text = vr.UsesCharacterSet ? characterSet.Decode(bytes, vr == Vr.PN) : Encoding.Latin1.GetString(bytes);
        // Leading blanks count in ST, LT, UT, UC, UR (PS3.5 §6.2).
        return vr.IsMultiValued && vr != Vr.UC ? text.Trim(' ', '\0') : text.TrimEnd(' ', '\0');
    }

    /// <summary>The numbers of a binary numeric value, each as invariant decimal text (AT: eight hexadecimal digits).</summary>
    /// <returns>Empty for other representations; a remainder too short for a number is left out.</returns>
    public static IReadOnlyList<string> Numbers(ValueElement element)
    {
        ArgumentNullException.ThrowIfNull(element);
        return BinaryForms.TryGetValue(element.Vr, out var form) ? ReadNumbers(element, form) : [];
    }

    private static string[] ReadNumbers(ValueElement element, BinaryForm form)
    {
        ReadOnlySpan<byte> bytes = element.IsBigEndian ? DataSetWriter.Swap(element.Bytes.Span, element.Vr.UnitLength) : element.Bytes.Span;
        var numbers = new string[bytes.Length / form.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = form.Read(bytes.Slice(i * form.Length, form.Length));
        }

        return numbers;
    }

    /// <summary>Encodes numbers given as text joined by backslashes; for opaque representations the text's Latin-1 bytes.</summary>
    /// <exception cref="FormatException">A part is no number, or does not fit.</exception>
    internal static byte[] EncodeBinary(string text, Vr vr, bool bigEndian)
    {
        if (text.Length == 0)
        {
            return [];
        }

        if (!BinaryForms.TryGetValue(vr, out var form))
        {
            if (vr == Vr.SQ)
            {
                throw new FormatException("A sequence has no text value.");
            }

            return System.Text.Ascii.IsValid(text) || text.All(c => c < 256) ? Encoding.Latin1.GetBytes(text) : Encoding.UTF8.GetBytes(text);
        }

        var parts = text.Split('\\');
        var bytes = new byte[parts.Length * form.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            try
            {
                form.Write(parts[i].Trim(), bytes.AsSpan(i * form.Length, form.Length));
            }
            catch (OverflowException)
            {
                throw new FormatException($"A number does not fit {vr}.");
            }
        }

        return bigEndian ? DataSetWriter.Swap(bytes, vr.UnitLength) : bytes;
    }
}
