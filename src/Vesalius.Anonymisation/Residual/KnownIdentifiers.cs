using System.Globalization;
using System.Text.Json;
using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Residual;

/// <summary>What identified the subject in objects as they came. Holds identities: to be kept in memory or encrypted, no longer than needed.</summary>
public sealed class KnownIdentifiers
{
    private static readonly Dictionary<Tag, string> Sources = new()
    {
        [Tag.PatientName] = "patient name", [Tag.OtherPatientNames] = "patient name", [Tag.PatientBirthName] = "patient name", [Tag.PatientMotherBirthName] = "mother's name",
        [Tag.ResponsiblePerson] = "responsible person", [Tag.PatientID] = "patient ID", [Tag.OtherPatientIDs] = "patient ID", [Tag.AccessionNumber] = "accession number",
        [Tag.PatientBirthDate] = "birth date", [Tag.PatientAddress] = "address", [Tag.PatientTelephoneNumbers] = "telephone",
        [Tag.AdmissionID] = "admission ID", [Tag.InsurancePlanIdentification] = "insurance",
        [Tag.ReferringPhysicianName] = "physician", [Tag.PerformingPhysicianName] = "physician", [Tag.NameOfPhysiciansReadingStudy] = "physician", [Tag.OperatorsName] = "physician",
        [Tag.PhysiciansOfRecord] = "physician", [Tag.RequestingPhysician] = "physician", [Tag.ScheduledPerformingPhysicianName] = "physician",
        [Tag.ConsultingPhysicianName] = "physician", [Tag.VerifyingObserverName] = "physician",
        // Departments and stations are called "Mammography" or like the device, which texts may say.
        [Tag.InstitutionName] = Institution, [Tag.DeviceSerialNumber] = Device,
        [Tag.StudyDate] = StudyDay, [Tag.SeriesDate] = StudyDay, [Tag.AcquisitionDate] = StudyDay, [Tag.ContentDate] = StudyDay,
    };

    /// <summary>Kind of what names the institution. Where the object still says it in its own attribute, the script keeps it on purpose.</summary>
    internal const string Institution = "institution";

    /// <summary>Kind of what names the device; kept on purpose as above.</summary>
    internal const string Device = "device";

    /// <summary>Kind of the days of the study, which in a text would give a shift of dates away; kept on purpose as above.</summary>
    internal const string StudyDay = "study date";

    /// <summary>Attributes that a script may keep on purpose, with the kind that then is no finding.</summary>
    internal static IReadOnlyList<(Tag Tag, string Kind)> Keepable { get; } = [.. Sources.Where(s => s.Value is Institution or Device or StudyDay).Select(s => (s.Key, s.Value))];

    /// <summary>What identifiers may be.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [.. Sources.Values.Distinct().Order(StringComparer.Ordinal)];

    // Fillers that many systems write; as identifiers they would be found everywhere.
    private static readonly HashSet<string> Fillers = ["anonymous", "anonymized", "anonymised", "anon", "unknown", "none", "test", "patient", "removed", "na", "no", "name", "deidentified", "phantom", "19000101"];

    /// <summary>Identifiers that a set holds at most: searching for more would take memory without bound. A session has a dozen or two.</summary>
    public const int MostValues = 500;

    // Of a longer text the beginning is looked for.
    private const int LongestValue = 256;

    private const string Overfull = "overfull";
    private readonly HashSet<(string Kind, string Value)> _values = [];
    private readonly HashSet<string> _labels = new(StringComparer.Ordinal);

    /// <summary>Number of identifiers known.</summary>
    public int Count => _values.Count;

    /// <summary>True if there were more than <see cref="MostValues"/>: a search then proves nothing.</summary>
    public bool IsOverfull { get; private set; }

    /// <summary>Gathers from an object, at every level. Cheap enough for every arrival.</summary>
    public static KnownIdentifiers Of(DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var known = new KnownIdentifiers();
        known.Gather(dataSet, 0);
        return known;
    }

    private void Gather(DataSet dataSet, int depth)
    {
        foreach (var element in dataSet)
        {
            if (element is SequenceElement sequence)
            {
                // Sequences of other things name no patient; those of patient IDs and original attributes lie in these groups.
                if (depth < 8 && element.Tag.Group is 0x0008 or 0x0010 or 0x0040 or 0x0400)
                {
                    foreach (var item in sequence.Items)
                    {
                        Gather(item, depth + 1);
                    }
                }
            }
            else if (Sources.TryGetValue(element.Tag, out var kind) && kind.Length > 0)
            {
                foreach (var value in dataSet.GetStrings(element.Tag))
                {
                    Add(kind, value);
                }
            }
        }
    }

    /// <summary>Adds one; fillers and what is too short to tell anything are passed over.</summary>
    public void Add(string kind, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        value = value.Length > LongestValue ? value[..LongestValue] : value;
        var reduced = CompactText.Reduce(value);
        if (reduced.Length >= 2 && !Fillers.Contains(reduced) && !reduced.StartsWith("anon", StringComparison.Ordinal))
        {
            Add((kind, value.Trim()));
        }
    }

    private void Add((string Kind, string Value) identifier)
    {
        if (_values.Count >= MostValues && !_values.Contains(identifier))
        {
            IsOverfull = true;
            return;
        }

        _values.Add(identifier);
    }

    /// <summary>Takes over what another set holds.</summary>
    /// <returns>True if something was new.</returns>
    public bool Add(KnownIdentifiers other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var before = _values.Count;
        IsOverfull |= other.IsOverfull;
        foreach (var identifier in other._values)
        {
            Add(identifier);
        }

        return _values.Count > before;
    }

    /// <summary>Leaves out what the project itself uses as a label.</summary>
    public KnownIdentifiers Without(IEnumerable<string> labels)
    {
        var reduced = labels.Select(CompactText.Reduce).ToHashSet(StringComparer.Ordinal);
        var rest = new KnownIdentifiers { IsOverfull = IsOverfull };
        rest._values.UnionWith(_values.Where(v => !reduced.Contains(CompactText.Reduce(v.Value))));
        rest._labels.UnionWith(_labels);
        rest._labels.UnionWith(reduced);
        return rest;
    }

    /// <summary>Kinds of the identifiers that a label is made of, being the same letters and digits.</summary>
    public IReadOnlyList<string> KindsOf(string label)
    {
        var reduced = CompactText.Reduce(label);
        return [.. _values.Where(v => CompactText.Reduce(v.Value) == reduced).Select(v => v.Kind).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>As bytes, to be encrypted.</summary>
    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(
        _values.OrderBy(v => v.Kind, StringComparer.Ordinal).ThenBy(v => v.Value, StringComparer.Ordinal).Append((IsOverfull ? Overfull : "", "")).Where(v => v.Item1.Length > 0)
            .Select(v => new[] { v.Item1, v.Item2 }).ToArray());

    /// <summary>From bytes.</summary>
    public static KnownIdentifiers Deserialize(ReadOnlySpan<byte> bytes)
    {
        var known = new KnownIdentifiers();
        foreach (var pair in JsonSerializer.Deserialize<string[][]>(bytes)!)
        {
            if (pair[0] == Overfull)
            {
                known.IsOverfull = true;
                continue;
            }

            known._values.Add((pair[0], pair[1]));
        }

        return known;
    }

    /// <summary>True if a value of this kind is known, however it is written.</summary>
    internal bool Holds(string kind, string value) => _values.Contains((kind, value)) || _values.Any(v => v.Kind == kind && CompactText.Reduce(v.Value) == CompactText.Reduce(value));

    /// <summary>Labels of the project in reduced form. They may hold the day of a study, as many sites' labels do.</summary>
    internal IReadOnlySet<string> Labels => _labels;

    /// <summary>Birth dates, for dates near them.</summary>
    internal IEnumerable<DateOnly> BirthDates => _values.Where(v => v.Kind == "birth date")
        .Select(v => DateOnly.TryParseExact(v.Value, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : (DateOnly?)null).OfType<DateOnly>();

    /// <summary>The identifiers in all the ways in which they are written.</summary>
    internal IEnumerable<SoughtText> Variants() => _values.SelectMany(v => v.Kind switch
    {
        "patient name" or "mother's name" or "responsible person" or "physician" => NameVariants(v.Kind, v.Value),
        "birth date" or StudyDay => DateVariants(v.Kind, v.Value),
        "address" or Institution => Whole(v.Kind, v.Value, 6),
        Device => Whole(v.Kind, v.Value, 5),
        _ => Whole(v.Kind, v.Value, 3),
    });

    // Long identifiers count wherever they stand, short ones only as a word of their own; numbers never within longer numbers.
    private static IEnumerable<SoughtText> Whole(string kind, string value, int shortest)
    {
        var reduced = CompactText.Reduce(value);
        return reduced.Length < shortest ? [] : [new SoughtText(reduced, kind, reduced.Length < 8 || char.IsAsciiDigit(reduced[^1]))];
    }

    private static IEnumerable<SoughtText> NameVariants(string kind, string value)
    {
        foreach (var group in value.Split('='))
        {
            var parts = group.Split(['^', ' ', ',', '.', '-'], StringSplitOptions.RemoveEmptyEntries).Select(CompactText.Reduce).Where(p => p.Length > 0 && !Fillers.Contains(p)).ToList();
            if (parts.Count == 0)
            {
                continue;
            }

            foreach (var part in parts.Where(p => p.Length >= (p[0] >= '\u2E80' ? 2 : 3)))
            {
                yield return new SoughtText(part, kind, WholeWords: true);
            }

            for (var i = 0; i < Math.Min(parts.Count, 5); i++)
            {
                for (var j = 0; j < Math.Min(parts.Count, 5); j++)
                {
                    var pair = parts[i] + parts[j];
                    if (i != j && pair.Length >= 5)
                    {
                        yield return new SoughtText(pair, kind, WholeWords: pair.Length < 7);
                    }
                }
            }

            // The family name with an initial, as in "jdelacruz": by its first word, and as a whole.
            var components = group.Split('^').Select(CompactText.Reduce).Where(c => c.Length > 0).Take(2).ToList();
            foreach (var (family, given) in new[] { (parts[0], parts.ElementAtOrDefault(1)), (components[0], components.ElementAtOrDefault(1)) }.Distinct())
            {
                if (given is not null && family.Length >= 3)
                {
                    yield return new SoughtText(given[..1] + family, kind, WholeWords: true);
                    yield return new SoughtText(family + given[..1], kind, WholeWords: true);
                }
            }
        }
    }

    private static IEnumerable<SoughtText> DateVariants(string kind, string value)
    {
        if (!DateOnly.TryParseExact(value, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            yield break;
        }

        foreach (var format in (string[])["yyyyMMdd", "ddMMyyyy", "MMddyyyy", "dMyyyy", "Mdyyyy", "ddMMyy", "dMMMyyyy", "ddMMMyyyy", "dMMMMyyyy", "ddMMMMyyyy", "MMMdyyyy", "MMMddyyyy", "MMMMdyyyy", "MMMMddyyyy", "ddMMMyy"])
        {
            yield return new SoughtText(date.ToString(format, CultureInfo.InvariantCulture).ToLowerInvariant(), kind, WholeWords: true);
        }
    }
}
