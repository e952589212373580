using System.Text.Json.Serialization;

namespace Vesalius.Prearchive;

/// <summary>A script that ran, and on how many objects.</summary>
/// <param name="Number">Its number in the configuration store; 0: the product's own site script.</param>
/// <param name="Scope"><c>site</c> or <c>project</c>; empty if it is not kept any more.</param>
/// <param name="Project">The script's project; null: the site.</param>
/// <param name="Version">Version at its place, from 1; 0 for the product's own.</param>
/// <param name="Objects">Objects that carry its record.</param>
public sealed record ScriptUse(long Number, string Scope, string? Project, int Version, int Objects);

/// <summary>What happened to an attribute.</summary>
/// <param name="Path">Tags without item numbers.</param>
/// <param name="Name">Its name in the standard; empty for private ones.</param>
/// <param name="Changed">Objects, or items, in which it got another value.</param>
/// <param name="Removed">In which it was removed.</param>
/// <param name="Added">In which it was added.</param>
/// <param name="Kept">In which it stayed as it was; counted for attributes at the top only.</param>
public sealed record AttributeCount(string Path, string Name, int Changed, int Removed, int Added, int Kept);

/// <summary>An identifier that was found, without its value.</summary>
/// <param name="Path">Tags without item numbers.</param>
/// <param name="Vr">Value representation.</param>
/// <param name="Kind">What was found.</param>
/// <param name="Objects">In how many objects.</param>
/// <param name="Blanked">In how many the element was emptied.</param>
public sealed record FindingCount(string Path, string Vr, string Kind, int Objects, int Blanked);

/// <summary>What the residual check did.</summary>
/// <param name="Policy">The rule that was in force.</param>
/// <param name="Identifiers">Identifiers that were looked for, beside the general patterns.</param>
/// <param name="Objects">Objects with findings.</param>
/// <param name="Labels">Kinds of the identifiers that the project's own labels are made of; such labels are not looked for.</param>
/// <param name="Findings">What was found where.</param>
/// <param name="Incomplete">True if more identifiers came than can be looked for.</param>
public sealed record ResidualSummary(
    ResidualPolicy Policy, int Identifiers, int Objects, IReadOnlyList<string> Labels, IReadOnlyList<FindingCount> Findings, bool Incomplete = false);

/// <summary>What happened to pixels.</summary>
/// <param name="TextPolicy">The rule about text that was in force.</param>
/// <param name="Blanked">Objects in which pixels were blanked, by a script, a rule or because of text.</param>
/// <param name="TextFound">Objects in which text was found and left.</param>
/// <param name="Rejected">Objects that a rule dropped.</param>
public sealed record PixelSummary(TextPolicy TextPolicy, int Blanked, int TextFound, int Rejected);

/// <summary>What the site's script did with objects at arrival.</summary>
/// <param name="Objects">Objects that it ran over, as far as it is known: not those that came before this was kept.</param>
/// <param name="Attributes">Attributes that it changed, removed or added, in how many objects; what stayed is not counted.</param>
public sealed record SiteStep(int Objects, IReadOnlyList<AttributeCount> Attributes)
{
    /// <summary>No script of the site ran.</summary>
    public static SiteStep None { get; } = new(0, []);
}

/// <summary>What de-identification did with the objects of a session, without any value (R14). Counts are of the project's step, unless they say otherwise.</summary>
public sealed record DeidentificationReport
{
    /// <summary>Objects that went in.</summary>
    public int Objects { get; init; }

    /// <summary>Objects that came out.</summary>
    public int Passed { get; init; }

    /// <summary>Objects that the script or a pixel rule dropped.</summary>
    public int Rejected { get; init; }

    /// <summary>Objects that went to quarantine.</summary>
    public int Quarantined { get; init; }

    /// <summary>True if the import said that no script may run.</summary>
    public bool AnonymisationPrevented { get; init; }

    /// <summary>Scripts whose record the objects carry.</summary>
    public IReadOnlyList<ScriptUse> Scripts { get; init; } = [];

    /// <summary>Attributes that were changed, removed, added, or kept.</summary>
    public IReadOnlyList<AttributeCount> Attributes { get; init; } = [];

    /// <summary>True if there were more attributes than are listed.</summary>
    public bool AttributesTruncated { get; init; }

    /// <summary>What the site's script had done with the objects when they arrived.</summary>
    public SiteStep Site { get; init; } = SiteStep.None;

    /// <summary>What was left behind.</summary>
    public required ResidualSummary Residual { get; init; }

    /// <summary>What happened to pixels.</summary>
    public PixelSummary Pixels { get; init; } = new(TextPolicy.Off, 0, 0, 0);

    /// <summary>Sum of several reports; policies are those of the last.</summary>
    public static DeidentificationReport Sum(IReadOnlyCollection<DeidentificationReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        var last = reports.LastOrDefault();
        return new DeidentificationReport
        {
            Objects = reports.Sum(r => r.Objects), Passed = reports.Sum(r => r.Passed), Rejected = reports.Sum(r => r.Rejected), Quarantined = reports.Sum(r => r.Quarantined),
            AnonymisationPrevented = reports.Any(r => r.AnonymisationPrevented),
            Scripts = [.. reports.SelectMany(r => r.Scripts).GroupBy(s => (s.Number, s.Scope, s.Project, s.Version))
                .Select(g => g.First() with { Objects = g.Sum(s => s.Objects) }).OrderBy(s => s.Number)],
            Attributes = Sum(reports.SelectMany(r => r.Attributes)),
            Site = new SiteStep(reports.Sum(r => r.Site.Objects), Sum(reports.SelectMany(r => r.Site.Attributes))),
            AttributesTruncated = reports.Any(r => r.AttributesTruncated),
            Residual = new ResidualSummary(
                last?.Residual.Policy ?? ResidualPolicy.Off, reports.Sum(r => r.Residual.Identifiers), reports.Sum(r => r.Residual.Objects),
                [.. reports.SelectMany(r => r.Residual.Labels).Distinct().Order(StringComparer.Ordinal)],
                [.. reports.SelectMany(r => r.Residual.Findings).GroupBy(f => (f.Path, f.Vr, f.Kind))
                    .Select(g => new FindingCount(g.Key.Path, g.Key.Vr, g.Key.Kind, g.Sum(f => f.Objects), g.Sum(f => f.Blanked))).OrderBy(f => f.Path, StringComparer.Ordinal)],
                reports.Any(r => r.Residual.Incomplete)),
            Pixels = new PixelSummary(
                last?.Pixels.TextPolicy ?? TextPolicy.Off, reports.Sum(r => r.Pixels.Blanked), reports.Sum(r => r.Pixels.TextFound), reports.Sum(r => r.Pixels.Rejected)),
        };
    }

    private static List<AttributeCount> Sum(IEnumerable<AttributeCount> counts) =>
        [.. counts.GroupBy(a => a.Path, StringComparer.Ordinal)
            .Select(g => new AttributeCount(g.Key, g.First().Name, g.Sum(a => a.Changed), g.Sum(a => a.Removed), g.Sum(a => a.Added), g.Sum(a => a.Kept)))
            .OrderBy(a => a.Path, StringComparer.Ordinal)];
}

/// <summary>Makes and reads the JSON of reports; names as in the REST API.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DeidentificationReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
