using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Vesalius.Dicom.Tests;

/// <summary>Elements by path (<c>00081110/0/00081155</c>), each with its representation and value in one form for both sides.</summary>
internal static partial class DumpedElements
{
    private const string NoValue = "(no value available)";

    /// <summary>What we read.</summary>
    /// <param name="file">The file.</param>
    /// <param name="text">How text is decoded; null: as its data set says.</param>
    public static Dictionary<string, string> Of(Part10File file, Encoding? text)
    {
        var values = new Dictionary<string, string>();
        if (file.FileMeta is { } meta)
        {
            Collect(meta, "", text, values);
        }

        Collect(file.DataSet, "", text, values);
        return values;
    }

    /// <summary>Says whether two readings of one element are one, as far as DCMTK's printing can tell.</summary>
    /// <param name="tag">The element.</param>
    /// <param name="ours">What we read.</param>
    /// <param name="theirs">What dcmdump printed.</param>
    public static bool AreSame(Tag tag, string ours, string theirs)
    {
        if (ours == theirs)
        {
            return true;
        }

        var (ourVr, ourValue) = (ours[..2], ours[3..]);
        var (theirVr, theirValue) = (theirs[..2], theirs[3..]);
        // DCMTK names every compressed pixel data OB, whatever its header says.
        if (tag == Tag.PixelData && ourVr == "OW" && theirVr == "OB" && ourValue.EndsWith(" items", StringComparison.Ordinal))
        {
            return ourValue == theirValue;
        }

        // An implicit private element is UN for us (PS3.5 §6.2.2 note 3); DCMTK knows some makers' dictionaries.
        if (tag.IsPrivate && ourVr == "UN" && theirVr != "UN" && Vr.TryParse(theirVr, out var vr))
        {
            var bytes = Convert.FromHexString(ourValue);
            return Value(new ValueElement(tag, vr, bytes), new DataSet(), Encoding.Latin1) == theirValue || ourVr + theirValue == theirVr + ourValue;
        }

        return ourVr == theirVr && ourVr switch
        {
            // It prints no sign of a zero.
            "FL" or "OF" => AllSame(ourValue, theirValue, 0),
            // Its seventeen digits of a double are off by some units of the last.
            "FD" or "OD" => AllSame(ourValue, theirValue, 2e-15),
            // It pads an odd length when it reads, we when we write.
            "OB" or "UN" => ourValue.Length % 4 == 2 && ourValue + "00" == theirValue,
            _ => false,
        };
    }

    private static bool AllSame(string ours, string theirs, double tolerance)
    {
        var (left, right) = (ours.Split('\\'), theirs.Split('\\'));
        return left.Length == right.Length && left.Zip(right).All(pair =>
            double.TryParse(pair.First, CultureInfo.InvariantCulture, out var a) && double.TryParse(pair.Second, CultureInfo.InvariantCulture, out var b)
            && Math.Abs(a - b) <= tolerance * Math.Abs(a));
    }

    private static void Collect(DataSet dataSet, string prefix, Encoding? text, Dictionary<string, string> values)
    {
        foreach (var element in dataSet)
        {
            var path = prefix + element.Tag.ToHexString();
            switch (element)
            {
                case SequenceElement sequence:
                    values[path] = $"{element.Vr} {sequence.Items.Count} items";
                    for (var i = 0; i < sequence.Items.Count; i++)
                    {
                        Collect(sequence.Items[i], $"{path}/{i}/", text, values);
                    }

                    break;
                case EncapsulatedElement encapsulated:
                    var count = 0;
                    for (var rest = encapsulated.EncodedItems.Span; rest.Length >= 8 && BinaryPrimitives.ReadUInt32LittleEndian(rest) == 0xE000FFFE; count++)
                    {
                        var length = BinaryPrimitives.ReadInt32LittleEndian(rest[4..]);
                        values[$"{path}/{count}"] = Bytes(rest.Slice(8, length));
                        rest = rest[(8 + length)..];
                    }

                    values[path] = $"{element.Vr} {count} items";
                    break;
                case ValueElement value:
                    values[path] = $"{element.Vr} {Value(value, dataSet, text)}";
                    break;
                default:
                    throw new InvalidOperationException($"{element.GetType().Name} in a file that was read whole.");
            }
        }
    }

    private static string Value(ValueElement element, DataSet dataSet, Encoding? encoding)
    {
        var vr = element.Vr;
        if (vr.IsText)
        {
            var text = encoding is null ? ElementText.Read(element, dataSet.CharacterSet) : encoding.GetString(element.Bytes.Span);
            return Text(text, vr.Code);
        }

        var unit = vr.UnitLength;
        var bytes = element.IsBigEndian ? Swap(element.Bytes.Span, unit) : element.Bytes.Span;
        return vr.Code switch
        {
            "OB" or "UN" => Bytes(bytes),
            "OF" or "FL" => Join(bytes, 4, b => Float(BinaryPrimitives.ReadSingleLittleEndian(b))),
            "OD" or "FD" => Join(bytes, 8, b => Float(BinaryPrimitives.ReadDoubleLittleEndian(b))),
            "OW" => Join(bytes, 2, b => BinaryPrimitives.ReadUInt16LittleEndian(b).ToString("x4", CultureInfo.InvariantCulture)),
            "OL" => Join(bytes, 4, b => BinaryPrimitives.ReadUInt32LittleEndian(b).ToString(CultureInfo.InvariantCulture)),
            "OV" => Join(bytes, 8, b => BinaryPrimitives.ReadUInt64LittleEndian(b).ToString(CultureInfo.InvariantCulture)),
            _ => string.Join('\\', ElementText.Numbers(element)),
        };
    }

    private delegate string ReadNumber(ReadOnlySpan<byte> bytes);

    private static string Join(ReadOnlySpan<byte> bytes, int length, ReadNumber read)
    {
        var text = new StringBuilder();
        for (; bytes.Length >= length; bytes = bytes[length..])
        {
            text.Append(text.Length == 0 ? "" : "\\").Append(read(bytes));
        }

        return text.ToString();
    }

    private static byte[] Swap(ReadOnlySpan<byte> bytes, int unit)
    {
        var swapped = bytes.ToArray();
        for (var i = 0; i + unit <= swapped.Length; i += unit)
        {
            swapped.AsSpan(i, unit).Reverse();
        }

        return swapped;
    }

    private static string Bytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    // dcmdump prints nine and seventeen digits; both name one number only.
    private static string Float(float number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Float(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    // Padding counts for neither.
    private static string Text(string text, string vr) =>
        Vr.TryParse(vr, out var known) && known.IsMultiValued ? string.Join('\\', text.Split('\\').Select(v => v.Trim(' ', '\0'))) : text.TrimEnd(' ', '\0');

    /// <summary>What dcmdump prints of one file.</summary>
    internal sealed partial class Reader
    {
        private readonly List<(string Path, int Items)> _open = [];

        /// <summary>The elements so far.</summary>
        public Dictionary<string, string> Values { get; } = [];

        /// <summary>Takes the next line.</summary>
        /// <param name="line">The line, a character per byte.</param>
        /// <param name="utf8">True if text was converted to UTF-8, false to leave a character per byte.</param>
        public void Add(string line, bool utf8)
        {
            var indent = line.AsSpan().IndexOfAnyExcept(' ');
            if (indent < 0 || line[indent] != '(')
            {
                return;
            }

            var tag = string.Concat(line.AsSpan(indent + 1, 4), line.AsSpan(indent + 6, 4)).ToUpperInvariant();
            var vr = line.Substring(indent + 12, 2) is var printed && printed == "??" ? "UN" : printed;
            var value = line[(indent + 15)..line.LastIndexOf('#')].TrimEnd();
            var depth = indent / 2;
            if (tag is "FFFEE00D" or "FFFEE0DD")
            {
                return;
            }

            _open.RemoveRange(depth, Math.Max(0, _open.Count - depth));
            var above = depth == 0 ? "" : _open[depth - 1].Path;
            string path;
            if (tag == "FFFEE000")
            {
                var (sequence, items) = _open[depth - 1];
                path = $"{sequence}/{items}";
                _open[depth - 1] = (sequence, items + 1);
                if (vr == "pi")
                {
                    Values[path] = value == NoValue ? "" : value.Replace("\\", "", StringComparison.Ordinal);
                }
            }
            else
            {
                path = above.Length == 0 ? tag : $"{above}/{tag}";
                Values[path] = ItemCount().Match(value) is { Success: true } count
                    ? $"{vr} {count.Groups[1].Value} items"
                    : vr == "up" ? $"UL {value}" : $"{vr} {(value == NoValue ? "" : Canonical(vr, value, utf8))}";
            }

            _open.Add((path, 0));
        }

        private static string Canonical(string vr, string value, bool utf8) => vr switch
        {
            "OB" or "UN" => value.Replace("\\", "", StringComparison.Ordinal),
            "FL" or "OF" => string.Join('\\', value.Split('\\').Select(n => Float(float.Parse(n, CultureInfo.InvariantCulture)))),
            "FD" or "OD" => string.Join('\\', value.Split('\\').Select(n => Float(double.Parse(n, CultureInfo.InvariantCulture)))),
            "AT" => value.Replace("(", "", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal).ToUpperInvariant(),
            _ when value.StartsWith('[') => Text(Unquote(value[1..^1], utf8), vr),
            _ => value,
        };

        private static string Unquote(string quoted, bool utf8)
        {
            var bytes = Markup().Replace(quoted, m => m.Value switch
            {
                "&lt;" => "<",
                "&gt;" => ">",
                "&amp;" => "&",
                "&quot;" => "\"",
                "&apos;" => "'",
                _ => ((char)int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)).ToString(),
            });
            return utf8 ? Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes)) : bytes;
        }

        [GeneratedRegex(@"^\((?:Sequence|PixelSequence).* #=(\d+)\)$")]
        private static partial Regex ItemCount();

        [GeneratedRegex("&(?:lt|gt|amp|quot|apos|#([0-9]+));")]
        private static partial Regex Markup();
    }
}
