using Vesalius.Anonymisation;

namespace Vesalius.Prearchive;

/// <summary>What the site's settings say of every run of a script.</summary>
/// <param name="SkipsMissingDates">A date that is missing is passed over where it would be shifted (<c>missingDate</c> = <c>skip</c>).</param>
/// <param name="TimeLimit">The longest that a script may run over one object (<c>scriptTimeLimit</c>).</param>
/// <param name="Web">Pages that <c>getURL</c> may read (<c>getUrlAddresses</c>); what it read it gives again without asking. Null if none.</param>
/// <param name="Lookup">The site's table for <c>lookup</c>; null if there is none, or the script does not ask.</param>
public sealed record ScriptSettings(bool SkipsMissingDates, TimeSpan TimeLimit, IWebText? Web, ILookupTable? Lookup)
{
    /// <summary>The settings of a site that set nothing.</summary>
    public static ScriptSettings Default { get; } = new(false, ScriptContext.DefaultTimeLimit, null, null);

    /// <summary>Gives a run what the settings say.</summary>
    public ScriptContext ApplyTo(ScriptContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context with { SkipsMissingDates = SkipsMissingDates, TimeLimit = TimeLimit, Web = Web, Lookup = Lookup };
    }
}
