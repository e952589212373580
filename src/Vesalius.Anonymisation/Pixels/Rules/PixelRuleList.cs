using Vesalius.Dicom;

namespace Vesalius.Anonymisation.Pixels;

/// <summary>Rules by manufacturer, model, modality, size and the like that say where identities are burned in (docs/pixels.md).</summary>
public sealed class PixelRuleList
{
    private readonly IReadOnlyList<PixelRule> _rules;

    private PixelRuleList(IReadOnlyList<PixelRule> rules) => _rules = rules;

    /// <summary>The list that comes with the product.</summary>
    public static string DefaultText { get; } = ReadDefault();

    /// <summary>Number of rules.</summary>
    public int Count => _rules.Count;

    /// <summary>Reads a list.</summary>
    /// <exception cref="PixelRuleException">It cannot be read.</exception>
    public static PixelRuleList Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new PixelRuleList(new PixelRuleParser(text).Parse());
    }

    /// <summary>What the list says about an object; ask with the header as it came, before a script takes out what rules look at.</summary>
    /// <remarks>The first rule that fits and rejects, quarantines or passes decides. Otherwise all rules that fit and blank add up.</remarks>
    public PixelDecision Decide(DataSet dataSet)
    {
        ArgumentNullException.ThrowIfNull(dataSet);
        var areas = new List<BlankedArea>();
        string? name = null;
        foreach (var rule in _rules)
        {
            if (!rule.Fits(dataSet))
            {
                continue;
            }

            if (rule.Action != PixelAction.Blank)
            {
                return new PixelDecision(rule.Action, rule.Name, []);
            }

            name ??= rule.Name;
            areas.AddRange(rule.Areas(dataSet));
        }

        return new PixelDecision(name is null ? PixelAction.None : PixelAction.Blank, name, areas);
    }

    private static string ReadDefault()
    {
        using var stream = typeof(PixelRuleList).Assembly.GetManifestResourceStream("Vesalius.Anonymisation.Pixels.Rules.default.rules")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
