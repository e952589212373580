using System.Globalization;

namespace Vesalius.Dicom;

/// <content>Values by tag: text, numbers, and how they are set.</content>
public sealed partial class DataSet
{
    private SpecificCharacterSet? _characterSet;
    private DataElement? _characterSetSource;

    /// <summary>The character set that governs the text here: this data set's own, else that of the one above, else the default.</summary>
    public SpecificCharacterSet CharacterSet
    {
        get
        {
            if (!TryGet(Tag.SpecificCharacterSet, out var element) || element is not ValueElement value)
            {
                return Parent?.CharacterSet ?? SpecificCharacterSet.Default;
            }

            if (!ReferenceEquals(element, _characterSetSource))
            {
                _characterSetSource = element;
                _characterSet = SpecificCharacterSet.FromTerms(System.Text.Encoding.ASCII.GetString(value.Bytes.Span).Trim(' ', '\0').Split('\\'));
            }

            return _characterSet!;
        }
    }

    /// <summary>The whole value as text, several values joined by backslashes, without padding; numbers as decimals.</summary>
    /// <returns>Null if the element is missing or has no text form (sequences, pixel data).</returns>
    public string? GetString(Tag tag) => TryGet(tag, out var element) && element is ValueElement value ? ElementText.Read(value, CharacterSet) : null;

    /// <summary>The values as text, one by one. Empty if the element is missing or has no value.</summary>
    public IReadOnlyList<string> GetStrings(Tag tag)
    {
        var text = GetString(tag);
        return string.IsNullOrEmpty(text) ? [] : this[tag]!.Vr.IsMultiValued ? Array.ConvertAll(text.Split('\\'), v => v.Trim(' ')) : [text];
    }

    /// <summary>The first value as an integer; null if missing or none.</summary>
    public long? GetInteger(Tag tag) =>
        GetStrings(tag) is [var first, ..] && long.TryParse(first.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>The first value as a number; null if missing or none.</summary>
    public double? GetNumber(Tag tag) =>
        GetStrings(tag) is [var first, ..] && double.TryParse(first.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>The sequence with this tag, or null.</summary>
    public SequenceElement? GetSequence(Tag tag) => this[tag] as SequenceElement;

    /// <summary>Sets text or numbers given as text, several values joined by backslashes.</summary>
    /// <param name="tag">The element; replaced if it exists.</param>
    /// <param name="text">The value; empty for a value of zero length.</param>
    /// <param name="vr">Value representation; by default that of the existing element, else the dictionary's.</param>
    /// <remarks>Text that the object's character set cannot express makes the whole object's text be encoded anew in ISO_IR 192.</remarks>
    /// <exception cref="FormatException">A part is no number where the representation is binary numeric, or does not fit it.</exception>
    public void SetString(Tag tag, string text, Vr? vr = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var target = vr ?? this[tag]?.Vr ?? DataDictionary.VrOf(tag);
        Set(new ValueElement(tag, target, EncodeText(text, target), Encoding.BigEndian));
    }

    private byte[] EncodeText(string text, Vr vr)
    {
        if (!vr.IsText)
        {
            return ElementText.EncodeBinary(text, vr, Encoding.BigEndian);
        }

        if (!vr.UsesCharacterSet)
        {
            return System.Text.Encoding.Latin1.GetBytes(text);
        }

        if (CharacterSet.TryEncode(text, out var bytes))
        {
            return bytes;
        }

        TopLevel.ReencodeAsUtf8();
        return System.Text.Encoding.UTF8.GetBytes(text);
    }

    private DataSet TopLevel
    {
        get
        {
            var top = this;
            while (top.Parent is { } parent)
            {
                top = parent;
            }

            return top;
        }
    }

    /// <summary>Encodes all text of this data set and its items anew in ISO_IR 192.</summary>
    public void ReencodeAsUtf8()
    {
        Reencode(CharacterSet);
        Set(new ValueElement(Tag.SpecificCharacterSet, Vr.CS, "ISO_IR 192"u8.ToArray(), Encoding.BigEndian));
    }

    /// <summary>Sets or removes Specific Character Set (0008,0005) and encodes the text that it governs anew, so that it stays the same text.</summary>
    /// <param name="terms">Defined terms joined by backslashes; null to remove the element.</param>
    /// <remarks>Text that the new set cannot express makes the whole object's text be encoded in ISO_IR 192 instead. Where no set was declared before, bytes beyond ASCII stay:
    /// the new set says what they mean.</remarks>
    public void ChangeCharacterSet(string? terms)
    {
        var isBlank = string.IsNullOrWhiteSpace(terms);
        var (before, after) = (CharacterSet, isBlank ? (terms is null ? Parent?.CharacterSet : null) ?? SpecificCharacterSet.Default : SpecificCharacterSet.FromTerms(terms!.Split('\\')));
        var changed = new List<(DataSet Owner, int Index, ValueElement Element)>();
        if (DeclaresCharacterSet && !Governed(before, after, changed))
        {
            if (!before.IsUtf8)
            {
                TopLevel.ReencodeAsUtf8();
            }

            return;
        }

        foreach (var (owner, index, element) in changed)
        {
            owner._elements[index] = element;
            owner._changed = true;
        }

        if (terms is null)
        {
            Remove(Tag.SpecificCharacterSet);
        }
        else
        {
            Set(new ValueElement(Tag.SpecificCharacterSet, Vr.CS, System.Text.Encoding.Latin1.GetBytes(terms), Encoding.BigEndian));
        }
    }

    private bool DeclaresCharacterSet => GetString(Tag.SpecificCharacterSet) is { } terms ? terms.Length > 0 : Parent?.DeclaresCharacterSet == true;

    // What the character set of this data set governs, encoded in another; false if that cannot express it.
    private bool Governed(SpecificCharacterSet before, SpecificCharacterSet after, List<(DataSet Owner, int Index, ValueElement Element)> changed)
    {
        for (var i = 0; i < _elements.Count; i++)
        {
            switch (_elements[i])
            {
                case ValueElement value when value.Vr.UsesCharacterSet && value.Bytes.Span.ContainsAnyExceptInRange((byte)0x1C, (byte)0x7F):
                    if (!after.TryEncode(before.Decode(value.Bytes.Span, value.Vr == Vr.PN), out var bytes))
                    {
                        return false;
                    }

                    changed.Add((this, i, new ValueElement(value.Tag, value.Vr, bytes, value.IsBigEndian)));
                    break;
                case SequenceElement sequence when !sequence.Items.Where(item => !item.Contains(Tag.SpecificCharacterSet)).All(item => item.Governed(before, after, changed)):
                    return false;
            }
        }

        return true;
    }

    private void Reencode(SpecificCharacterSet from)
    {
        for (var i = 0; i < _elements.Count; i++)
        {
            switch (_elements[i])
            {
                case ValueElement value when value.Vr.UsesCharacterSet && !System.Text.Ascii.IsValid(value.Bytes.Span):
                    var text = from.Decode(value.Bytes.Span, value.Vr == Vr.PN);
                    _elements[i] = new ValueElement(value.Tag, value.Vr, System.Text.Encoding.UTF8.GetBytes(text), value.IsBigEndian);
                    _changed = true;
                    break;
                case SequenceElement sequence:
                    foreach (var item in sequence.Items)
                    {
                        item.Reencode(item.CharacterSet);
                        item.Remove(Tag.SpecificCharacterSet);
                    }

                    break;
            }
        }
    }
}
