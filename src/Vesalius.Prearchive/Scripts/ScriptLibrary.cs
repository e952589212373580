using System.Collections.Concurrent;
using Vesalius.Access;
using Vesalius.Anonymisation;

namespace Vesalius.Prearchive;

/// <summary>A script in force.</summary>
/// <param name="Number">Its number in the configuration store.</param>
/// <param name="Script">The compiled script.</param>
public sealed record ActiveScript(long Number, DicomEditScript Script)
{
    /// <summary>Code meaning of the record that a run leaves in the object.</summary>
    public string Meaning => Script.Dialect == 4 ? "XNAT DicomEdit 4 Script" : "XNAT DicomEdit 6 Script";
}

/// <summary>The site's and the projects' anonymisation scripts, compiled once per text.</summary>
public sealed class ScriptLibrary(ConfigurationStore store, SiteSettings settings, TimeProvider time)
{
    /// <summary>XNAT's default site script in effect: labels in place of names (xapi C.2).</summary>
    public const string DefaultSiteScript =
        """
        version "6.1"
        project != "Unassigned" ? (0008,1030) := project
        (0010,0010) := subject
        (0010,0020) := session

        """;

    /// <summary>Tool of the configuration store that holds the site's table for <c>lookup</c>; it may name patients, so administrators alone see it.</summary>
    public const string LookupTool = "lookup";

    /// <summary>Its path there.</summary>
    public const string LookupPath = "table";

    private const string Tool = "anon";
    private const string ScriptPath = "script";
    // Asked for at every object; a quarter of a second of memory spares the database two questions each.
    private static readonly TimeSpan Kept = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<string, DicomEditScript> _compiled = new(StringComparer.Ordinal);
    private volatile SiteScript? _site;

    private volatile KeptTable? _table;

    private sealed record KeptTable(long Number, LookupTable Table);

    private sealed record SiteScript(ActiveScript? Active, DateTimeOffset Until);

    /// <summary>Text of the site script.</summary>
    public async Task<string> SiteTextAsync(CancellationToken cancellationToken) =>
        (await store.FindAsync(Tool, ScriptPath, null, cancellationToken).ConfigureAwait(false))?.Contents ?? DefaultSiteScript;

    /// <summary>Text of a project's script; null if none was stored.</summary>
    public async Task<Configuration?> ProjectAsync(string projectId, CancellationToken cancellationToken) =>
        await store.FindAsync(Tool, ScriptPath, projectId, cancellationToken).ConfigureAwait(false);

    /// <summary>Stores a script.</summary>
    /// <exception cref="ScriptException">It can never run, or fails at every object; or it is the site's and empty.</exception>
    public async Task PutAsync(string? projectId, string text, string user, CancellationToken cancellationToken)
    {
        // A lost body must not let every identity in; who wants that says so by the switch.
        if (projectId is null && string.IsNullOrWhiteSpace(text))
        {
            throw new ScriptException(new ScriptPosition(1, 1), "the script is empty. To let objects in as they come, switch enableSitewideAnonymizationScript off.");
        }

        DicomEditScript.CompileForSaving(text);
        var before = projectId is null ? null : await ProjectAsync(projectId, cancellationToken).ConfigureAwait(false);
        await store.PutAsync(Tool, ScriptPath, projectId, text, before?.Enabled ?? true, user, "", cancellationToken).ConfigureAwait(false);
        _site = null;
    }

    /// <summary>Puts the site script in or out of force.</summary>
    public async Task EnableSiteAsync(bool enabled, string user, CancellationToken cancellationToken)
    {
        await settings.SetAsync("enableSitewideAnonymizationScript", enabled, user, cancellationToken).ConfigureAwait(false);
        _site = null;
    }

    /// <summary>Puts a project's script in or out of force; one without text gets an empty one.</summary>
    public async Task EnableProjectAsync(string projectId, bool enabled, string user, CancellationToken cancellationToken)
    {
        if (!await store.EnableAsync(Tool, ScriptPath, projectId, enabled, user, cancellationToken).ConfigureAwait(false))
        {
            await store.PutAsync(Tool, ScriptPath, projectId, "", enabled, user, "", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What the site's settings say of runs of scripts, for one object or for all objects of one archiving.</summary>
    /// <param name="looksUp">True if a script reads the site's table.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<ScriptSettings> SettingsAsync(bool looksUp, CancellationToken cancellationToken)
    {
        var limit = await settings.IntervalAsync("scriptTimeLimit", cancellationToken).ConfigureAwait(false);
        var addresses = AllowedAddresses.Parse(await settings.TextAsync("getUrlAddresses", cancellationToken).ConfigureAwait(false));
        return new ScriptSettings(
            await settings.TextAsync("missingDate", cancellationToken).ConfigureAwait(false) == "skip",
            limit > TimeSpan.Zero ? limit : ScriptContext.DefaultTimeLimit, addresses.IsEmpty ? null : new AllowedPages(addresses),
            looksUp ? await TableAsync(cancellationToken).ConfigureAwait(false) : null);
    }

    private async Task<LookupTable?> TableAsync(CancellationToken cancellationToken)
    {
        if (await store.FindAsync(LookupTool, LookupPath, null, cancellationToken).ConfigureAwait(false) is not { Enabled: true } stored)
        {
            return null;
        }

        var known = _table;
        if (known?.Number != stored.Id)
        {
            _table = known = new KeptTable(stored.Id, LookupTable.Parse(stored.Contents));
        }

        return known.Table;
    }

    /// <summary>True if the site script is in force.</summary>
    public Task<bool> SiteEnabledAsync(CancellationToken cancellationToken) => settings.FlagAsync("enableSitewideAnonymizationScript", cancellationToken);

    /// <summary>The site script if it is in force.</summary>
    public async Task<ActiveScript?> ActiveSiteAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_site is { } known && known.Until > now)
        {
            return known.Active;
        }

        var active = await ReadSiteAsync(cancellationToken).ConfigureAwait(false);
        _site = new SiteScript(active, now + Kept);
        return active;
    }

    private async Task<ActiveScript?> ReadSiteAsync(CancellationToken cancellationToken)
    {
        if (!await SiteEnabledAsync(cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        var stored = await store.FindAsync(Tool, ScriptPath, null, cancellationToken).ConfigureAwait(false);
        return new ActiveScript(stored?.Id ?? 0, Compile(stored?.Contents ?? DefaultSiteScript));
    }

    /// <summary>A project's script if it has one in force.</summary>
    public async Task<ActiveScript?> ActiveProjectAsync(string projectId, CancellationToken cancellationToken) =>
        await ProjectAsync(projectId, cancellationToken).ConfigureAwait(false) is { Enabled: true, Contents.Length: > 0 } stored
            ? new ActiveScript(stored.Id, Compile(stored.Contents))
            : null;

    private DicomEditScript Compile(string text)
    {
        if (_compiled.Count > 500)
        {
            _compiled.Clear();
        }

        return _compiled.GetOrAdd(text, DicomEditScript.Compile);
    }
}
