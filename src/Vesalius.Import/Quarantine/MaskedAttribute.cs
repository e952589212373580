using System.Text;
using Vesalius.Dicom;

namespace Vesalius.Import;

/// <summary>An attribute of an object in quarantine, as far as it can be shown without its value.</summary>
/// <param name="Path">Tags and item numbers.</param>
/// <param name="Vr">Value representation.</param>
/// <param name="Name">Name in the standard; empty for private ones.</param>
/// <param name="Length">Bytes of the value; -1 where it has none of its own.</param>
/// <param name="Kind"><c>empty</c>, <c>text</c>, <c>digits</c>, <c>uid</c>, <c>number</c>, <c>binary</c>, <c>pixels</c>, <c>sequence</c>, or the name of a registered UID.</param>
/// <param name="Pattern">For dates, times, ages and numbers in text: digits as 9, letters as A, what is not ASCII as ?; null for others.</param>
/// <param name="Hash">Keyed hash: equal values have equal ones, and no value can be found from it; null where there is none.</param>
/// <param name="Items">Items of a sequence; null for others.</param>
public sealed record MaskedAttribute(string Path, string Vr, string Name, long Length, string Kind, string? Pattern, string? Hash, int? Items)
{
    private const int LongestPattern = 40;
    private static readonly Vr[] Patterned = [Dicom.Vr.DA, Dicom.Vr.TM, Dicom.Vr.DT, Dicom.Vr.AS, Dicom.Vr.IS, Dicom.Vr.DS];

    /// <summary>Masks an element.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="element">Element.</param>
    /// <param name="mask">Keyed hash of a value.</param>
    internal static MaskedAttribute Of(string path, DataElement element, Func<ReadOnlyMemory<byte>, string> mask)
    {
        var name = element.Tag.IsPrivate ? "" : DataDictionary.Find(element.Tag)?.Name ?? "";
        switch (element)
        {
            case SequenceElement sequence:
                return new MaskedAttribute(path, element.Vr.Code, name, -1, "sequence", null, null, sequence.Items.Count);
            case ValueElement value when !element.Tag.IsPixelData:
                var text = value.Vr.IsText ? Encoding.Latin1.GetString(value.Bytes.Span).Trim(' ', '\0') : "";
                return new MaskedAttribute(
                    path, element.Vr.Code, name, value.Bytes.Length, KindOf(value, text), Patterned.Contains(value.Vr) ? PatternOf(text) : null, value.Bytes.IsEmpty ? null : mask(value.Bytes), null);
            case ValueElement pixels:
                return new MaskedAttribute(path, element.Vr.Code, name, pixels.Bytes.Length, "pixels", null, null, null);
            case EncapsulatedElement encapsulated:
                return new MaskedAttribute(path, element.Vr.Code, name, encapsulated.EncodedItems.Length, "pixels", null, null, null);
            case StreamedElement streamed:
                return new MaskedAttribute(path, element.Vr.Code, name, streamed.Data.Length, "pixels", null, null, null);
            default:
                return new MaskedAttribute(path, element.Vr.Code, name, -1, "binary", null, null, null);
        }
    }

    private static string KindOf(ValueElement value, string text)
    {
        if (value.Bytes.IsEmpty)
        {
            return "empty";
        }

        if (!value.Vr.IsText)
        {
            return value.Vr.IsBinaryNumber ? "number" : "binary";
        }

        if (value.Vr == Dicom.Vr.UI)
        {
            return UidDictionary.Find(text)?.Name ?? (text.All(c => char.IsAsciiDigit(c) || c is '.' or '\\') ? "uid" : "text");
        }

        return text.Length == 0 ? "empty" : text.All(char.IsAsciiDigit) ? "digits" : "text";
    }

    private static string PatternOf(string text)
    {
        var shown = text.Length > LongestPattern ? text[..LongestPattern] : text;
        return string.Concat(shown.Select(c => char.IsAsciiDigit(c) ? '9' : char.IsAsciiLetter(c) ? 'A' : c is > ' ' and < '\u007F' ? c : c == ' ' ? '_' : '?'));
    }
}
