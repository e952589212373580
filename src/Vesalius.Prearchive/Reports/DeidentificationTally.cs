using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Anonymisation.Residual;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Counts what de-identification does while a session's objects pass. One thread.</summary>
public sealed partial class DeidentificationTally
{
    private const int MostPaths = 5000;
    private readonly Dictionary<(string Item, Tag Tag), (int Changed, int Removed, int Added)> _changes = [];
    private readonly Dictionary<Tag, int> _present = [];
    private readonly Dictionary<long, int> _scripts = [];
    private readonly Dictionary<(string Path, string Vr, string Kind), (int Objects, int Blanked)> _findings = [];
    private bool _isTruncated;
    private int _passed;
    private int _rejected;
    private int _found;
    private int _blankedPixels;
    private int _textFound;
    private int _rejectedByRule;

    /// <summary>Objects with findings so far.</summary>
    public int ObjectsWithFindings => _found;

    /// <summary>Findings that stay in the object, as <c>path kind</c>, at most ten.</summary>
    public IReadOnlyList<string> Remaining =>
        [.. _findings.Where(f => f.Value.Blanked < f.Value.Objects).OrderBy(f => f.Key.Path, StringComparer.Ordinal).Take(10).Select(f => $"{f.Key.Path} {f.Key.Kind}")];

    /// <summary>An object was dropped.</summary>
    public void Reject(bool byPixelRule)
    {
        _rejected++;
        _rejectedByRule += byPixelRule ? 1 : 0;
    }

    /// <summary>An object passed.</summary>
    /// <param name="dataSet">As it is now.</param>
    /// <param name="before">As it was; null if nothing edited it.</param>
    /// <param name="outcome">What was done with it.</param>
    public void Pass(DataSet dataSet, DataSetSnapshot? before, DeidentifiedObject outcome)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        ArgumentNullException.ThrowIfNull(outcome);
        _passed++;
        _blankedPixels += outcome.PixelsBlanked ? 1 : 0;
        _textFound += outcome.TextFound ? 1 : 0;
        CountScripts(dataSet);
        foreach (var element in dataSet)
        {
            if (!element.Tag.IsGroupLength)
            {
                _present[element.Tag] = _present.GetValueOrDefault(element.Tag) + 1;
            }
        }

        before?.Differences(Count);
        Find(outcome.Findings);
    }

    /// <summary>An object passed that nothing had to look at.</summary>
    public void PassUnread() => _passed++;

    /// <summary>Counts what was found in an object.</summary>
    public void Find(IReadOnlyList<ResidualFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        _found += findings.Count > 0 ? 1 : 0;
        foreach (var group in findings.GroupBy(f => (Path: ItemNumber().Replace(f.Path, ""), f.Vr, f.Kind)))
        {
            var (objects, blanked) = _findings.GetValueOrDefault(group.Key);
            _findings[group.Key] = (objects + 1, blanked + (group.All(f => f.IsBlanked) ? 1 : 0));
        }
    }

    private void CountScripts(DataSet dataSet)
    {
        foreach (var item in dataSet.GetSequence(Tag.DeidentificationMethodCodeSequence)?.Items ?? [])
        {
            if (item.GetString(Tag.CodingSchemeDesignator) == "XNAT" && long.TryParse(item.GetString(Tag.CodeValue), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                _scripts[number] = _scripts.GetValueOrDefault(number) + 1;
            }
        }
    }

    private void Count(ElementDifference difference)
    {
        var place = (difference.Item?.Unnumbered ?? "", difference.Tag);
        if (!_changes.TryGetValue(place, out var counts) && _changes.Count >= MostPaths)
        {
            _isTruncated = true;
            return;
        }

        _changes[place] = difference.Change switch
        {
            ElementChange.Changed => counts with { Changed = counts.Changed + 1 },
            ElementChange.Removed => counts with { Removed = counts.Removed + 1 },
            _ => counts with { Added = counts.Added + 1 },
        };
    }

    /// <summary>The report so far.</summary>
    /// <param name="objects">Objects that went in.</param>
    /// <param name="quarantined">Objects that went to quarantine.</param>
    /// <param name="rules">What was in force.</param>
    /// <param name="scripts">Where the scripts with these numbers are kept.</param>
    public DeidentificationReport Report(int objects, int quarantined, ArchivingRules rules, IReadOnlyDictionary<long, (string? Project, int Version)> scripts)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(scripts);
        return new DeidentificationReport
        {
            Objects = objects, Passed = _passed, Rejected = _rejected, Quarantined = quarantined, AnonymisationPrevented = rules.IsPrevented,
            Scripts = [.. _scripts.OrderBy(s => s.Key).Select(s => Use(s.Key, s.Value, scripts))],
            Attributes = Attributes(),
            AttributesTruncated = _isTruncated,
            Residual = new ResidualSummary(
                rules.ResidualPolicy, rules.Identifiers, _found, rules.IdentifyingLabels,
                [.. _findings.OrderBy(f => f.Key.Path, StringComparer.Ordinal).ThenBy(f => f.Key.Kind, StringComparer.Ordinal)
                    .Select(f => new FindingCount(f.Key.Path, f.Key.Vr, f.Key.Kind, f.Value.Objects, f.Value.Blanked))],
                rules.IsCheckIncomplete),
            Pixels = new PixelSummary(rules.Pixels?.Text ?? TextPolicy.Off, _blankedPixels, _textFound, _rejectedByRule),
        };
    }

    /// <summary>Numbers of the scripts whose records were seen.</summary>
    public IReadOnlyCollection<long> ScriptNumbers => _scripts.Keys;

    private static ScriptUse Use(long number, int objects, IReadOnlyDictionary<long, (string? Project, int Version)> scripts) =>
        number == 0 ? new ScriptUse(0, "site", null, 0, objects)
        : scripts.TryGetValue(number, out var place) ? new ScriptUse(number, place.Project is null ? "site" : "project", place.Project, place.Version, objects)
        : new ScriptUse(number, "", null, 0, objects);

    private List<AttributeCount> Attributes()
    {
        var all = new Dictionary<string, AttributeCount>(StringComparer.Ordinal);
        foreach (var ((item, tag), counts) in _changes)
        {
            var path = item + tag;
            all[path] = new AttributeCount(path, NameOf(path), counts.Changed, counts.Removed, counts.Added, 0);
        }

        foreach (var (tag, present) in _present)
        {
            var path = tag.ToString();
            if (!all.TryGetValue(path, out var known))
            {
                if (all.Count < MostPaths)
                {
                    all[path] = new AttributeCount(path, NameOf(path), 0, 0, 0, present);
                }
                else
                {
                    _isTruncated = true;
                }

                continue;
            }

            all[path] = known with { Kept = Math.Max(0, present - known.Changed - known.Added) };
        }

        return [.. all.Values.OrderBy(a => a.Path, StringComparer.Ordinal)];
    }

    /// <summary>Name of the attribute at the end of a path; empty for private ones.</summary>
    internal static string NameOf(string path) =>
        Tag.TryParse(path[(path.LastIndexOf('/') + 1)..], out var tag) && !tag.IsPrivate ? DataDictionary.Find(tag)?.Name ?? "" : "";

    [GeneratedRegex(@"\[\d+\]")]
    private static partial Regex ItemNumber();
}
