using System.Text;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Residual;

/// <summary>An element that still holds an identifier. Carries no value.</summary>
/// <param name="Path">Where: tags and item numbers, as the language writes them.</param>
/// <param name="Vr">Value representation.</param>
/// <param name="Kind">What was found.</param>
/// <param name="IsBlanked">True if the element was emptied.</param>
public sealed record ResidualFinding(string Path, string Vr, string Kind, bool IsBlanked = false);

/// <summary>Looks for a subject's identifiers in objects after de-identification (R14). Safe for use by several threads.</summary>
public sealed class ResidualCheck
{
    private const int LongestBinary = 1 << 20;
    private const int OnStack = 256;
    private const int Sample = 256;

    private readonly KnownIdentifiers _known;
    private readonly PatternAutomaton _automaton;
    private readonly IReadOnlyList<DateOnly> _birthDates;
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _labels;

    /// <summary>Prepares the search.</summary>
    /// <param name="known">What identified the subject.</param>
    /// <param name="labels">What the project itself calls project, subject and session: a value that is one of these and nothing else is no finding.</param>
    public ResidualCheck(KnownIdentifiers known, IEnumerable<string>? labels = null)
    {
        ArgumentNullException.ThrowIfNull(known);
        _known = labels is null ? known : known.Without(labels);
        _automaton = new PatternAutomaton(_known.Variants());
        _birthDates = [.. _known.BirthDates];
        _labels = _known.Labels.ToHashSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Looks through every text of an object: private, unknown and nested ones too, file meta information included.</summary>
    /// <param name="dataSet">The object.</param>
    /// <param name="fileMeta">Its file meta information.</param>
    /// <param name="blank">True to empty each element that holds something; UIDs and file meta information, without which it would be no object, stay.</param>
    public IReadOnlyList<ResidualFinding> Find(DataSet dataSet, DataSet? fileMeta = null, bool blank = false)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var findings = new List<ResidualFinding>();
        var kept = KeptOnPurpose(dataSet);
        if (fileMeta is not null)
        {
            Search(fileMeta, null, kept, findings, blank: false, 0);
        }

        Search(dataSet, null, kept, findings, blank, 0);
        return findings;
    }

    // An object that still names its institution, device or day where the standard has the place for it was meant to (options of the profile).
    private HashSet<string> KeptOnPurpose(DataSet dataSet)
    {
        var kept = new HashSet<string>();
        foreach (var (tag, kind) in KnownIdentifiers.Keepable)
        {
            foreach (var value in dataSet.GetStrings(tag))
            {
                if (value.Length > 0 && !kept.Contains(kind) && _known.Holds(kind, value))
                {
                    kept.Add(kind);
                }
            }
        }

        return kept;
    }

    // An item on the way to an element. Its text is made only where something is found: objects have thousands of items.
    private sealed record ItemPlace(ItemPlace? Above, Tag Sequence, int Index)
    {
        public static string PathTo(ItemPlace? place, Tag tag)
        {
            var path = tag.ToString();
            for (; place is not null; place = place.Above)
            {
                path = $"{place.Sequence}[{place.Index}]/{path}";
            }

            return path;
        }
    }

    private void Search(DataSet dataSet, ItemPlace? place, HashSet<string> kept, List<ResidualFinding> findings, bool blank, int depth)
    {
        List<ValueElement>? emptied = null;
        for (var index = 0; index < dataSet.Count; index++)
        {
            var element = dataSet.ElementAt(index);
            switch (element)
            {
                case SequenceElement sequence when depth < 64:
                    for (var i = 0; i < sequence.Items.Count; i++)
                    {
                        Search(sequence.Items[i], new ItemPlace(place, element.Tag, i), kept, findings, blank, depth + 1);
                    }

                    break;
                case ValueElement value when Search(dataSet, value, place, kept, findings, blank && value.Vr != Vr.UI) && blank && value.Vr != Vr.UI:
                    (emptied ??= []).Add(value);
                    break;
            }
        }

        if (emptied is not null)
        {
            foreach (var element in emptied)
            {
                dataSet.Set(new ValueElement(element.Tag, element.Vr, default, element.IsBigEndian));
            }
        }
    }

    private bool Search(DataSet dataSet, ValueElement element, ItemPlace? place, HashSet<string> kept, List<ResidualFinding> findings, bool blank)
    {
        if (element.Bytes.Length < 3 || !IsSearched(element))
        {
            return false;
        }

        var kinds = Kinds(dataSet, element);
        if (kinds is not null)
        {
            kinds.ExceptWith(kept);
            if (kinds.Contains(KnownIdentifiers.StudyDay) && IsDateOrLabel(dataSet, element))
            {
                kinds.Remove(KnownIdentifiers.StudyDay);
            }
        }

        foreach (var kind in kinds ?? [])
        {
            findings.Add(new ResidualFinding(ItemPlace.PathTo(place, element.Tag), element.Vr.Code, kind, blank));
        }

        return kinds is { Count: > 0 };
    }

    // A shifted date may fall on another day of the same study, and a label is the project's own choice.
    private bool IsDateOrLabel(DataSet dataSet, ValueElement element) =>
        element.Vr == Vr.DA || element.Vr == Vr.DT || (TextOf(dataSet, element) is { } text && _known.Labels.Contains(CompactText.Reduce(text)));

    private HashSet<string>? Kinds(DataSet dataSet, ValueElement element)
    {
        HashSet<string>? kinds = null;
        var bytes = element.Bytes.Span;
        if (element.Vr.IsText && element.Vr != Vr.DT && bytes.Length <= OnStack && System.Text.Ascii.IsValid(bytes) && bytes.IndexOf((byte)0x1B) < 0)
        {
            // Nearly every value; no text is made of it unless there is a digit or an @ to look at.
            kinds = Known(CompactText.OfAscii(bytes, stackalloc char[OnStack], stackalloc bool[OnStack + 1]));
            if (IsFreeText(element.Vr) && bytes.IndexOfAny("0123456789@"u8) >= 0)
            {
                TextPatterns.Find(Encoding.ASCII.GetString(bytes), _birthDates, ref kinds);
            }
        }
        else if (TextOf(dataSet, element) is { } text)
        {
            kinds = Known(CompactText.Of(text));
            if (IsFreeText(element.Vr))
            {
                TextPatterns.Find(text, _birthDates, ref kinds);
            }
        }

        return kinds;
    }

    private HashSet<string>? Known(CompactText text) => _automaton.Find(text) is { } kinds && !_labels.Contains(text.Text) ? kinds : null;

    // Numbers, times and pixels say nothing; codes and UIDs are looked through for known values only.
    private static bool IsSearched(ValueElement element) =>
        !element.Tag.IsPixelData && element.Tag != Tag.SpecificCharacterSet && !IsPublicUid(element) && (element.Vr.IsText ? element.Vr != Vr.TM && element.Vr != Vr.AS && element.Vr != Vr.IS && element.Vr != Vr.DS
            : (element.Vr == Vr.UN || element.Vr == Vr.OB) && element.Bytes.Length <= LongestBinary);

    // The standard's own UIDs, and UIDs made of hashes, hold nothing of the subject.
    private static bool IsPublicUid(ValueElement element) =>
        element.Vr == Vr.UI && (element.Bytes.Span.StartsWith("1.2.840.10008."u8) || element.Bytes.Span.StartsWith("2.25."u8)) && element.Bytes.Span.IndexOf((byte)'\\') < 0;

    private static bool IsFreeText(Vr vr) => vr == Vr.LO || vr == Vr.SH || vr == Vr.ST || vr == Vr.LT || vr == Vr.UT || vr == Vr.UC || vr == Vr.PN || vr == Vr.UN || vr == Vr.DA;

    private static string? TextOf(DataSet dataSet, ValueElement element)
    {
        if (element.Vr == Vr.DT || element.Vr == Vr.DA)
        {
            // Only the date of a date-time is looked at.
            var date = dataSet.GetString(element.Tag);
            return date is { Length: > 8 } && element.Vr == Vr.DT ? date[..8] : date;
        }

        if (element.Vr.IsText)
        {
            return ElementText.Read(element, dataSet.CharacterSet);
        }

        var bytes = element.Bytes.Span;
        if (!MayBeText(bytes))
        {
            return null;
        }

        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
    }

    // A third printable is enough, so that UTF-16 and text among numbers count. Of long values samples are looked at.
    private static bool MayBeText(ReadOnlySpan<byte> bytes)
    {
        var step = bytes.Length > 16 * Sample ? bytes.Length / 16 : Sample;
        var (seen, printable) = (0, 0);
        for (var start = 0; start < bytes.Length; start += step)
        {
            foreach (var b in bytes.Slice(start, Math.Min(Sample, bytes.Length - start)))
            {
                seen++;
                printable += b is >= 32 and < 127 ? 1 : 0;
            }
        }

        return printable * 3 >= seen;
    }
}
