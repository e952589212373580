using System.Collections.Concurrent;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Dicom;
using Vesalius.Prearchive;

namespace Vesalius.Import;

/// <summary>The site's and the projects' series import filters that are in force (R7).</summary>
public sealed class SeriesFilters(SiteSettings settings, ConfigurationStore configuration, TimeProvider time)
{
    /// <summary>Tool of the configuration service that holds them.</summary>
    public const string Tool = "seriesImportFilter";

    /// <summary>Path within the tool.</summary>
    public const string Place = "config";

    /// <summary>Site setting: the filter is in force.</summary>
    public const string EnabledSetting = "enableSitewideSeriesImportFilter";

    /// <summary>Site setting: mode.</summary>
    public const string ModeSetting = "sitewideSeriesImportFilterMode";

    /// <summary>Site setting: text.</summary>
    public const string TextSetting = "sitewideSeriesImportFilter";

    private static readonly TimeSpan Kept = TimeSpan.FromMilliseconds(500);
    private readonly ConcurrentDictionary<string, (SeriesFilter? Filter, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    /// <summary>A filter as the configuration service keeps it.</summary>
    /// <param name="Enabled">In force.</param>
    /// <param name="Mode">Mode.</param>
    /// <param name="List">Text.</param>
    public sealed record Stored(bool Enabled, string Mode, string List);

    /// <summary>Reads what the configuration service keeps.</summary>
    /// <returns>Null and what is wrong.</returns>
    public static (Stored? Stored, string? Fault) Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return (null, "The filter is no JSON object with enabled, mode and list.");
            }

            string Text(string name) => root.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";
            var enabled = root.TryGetProperty("enabled", out var flag) && (flag.ValueKind == JsonValueKind.True || (flag.ValueKind == JsonValueKind.String && flag.GetString()!.Equals("true", StringComparison.OrdinalIgnoreCase)));
            var stored = new Stored(enabled, Text("mode"), Text("list"));
            // What is switched off need not work, but a mistake is told while its author is there.
            return stored.Enabled || stored.List.Length > 0 ? (stored, SeriesFilter.Parse(stored.Mode, stored.List).Fault) : (stored, null);
        }
        catch (JsonException)
        {
            return (null, "The filter is no JSON object with enabled, mode and list.");
        }
    }

    /// <summary>True if neither the site's nor the project's filter keeps an object out.</summary>
    /// <exception cref="MalformedDicomException">A filter in force cannot be applied; the object is neither dropped nor let in.</exception>
    public async Task<bool> AdmitAsync(DataSet header, string? projectId, CancellationToken cancellationToken)
    {
        if (await FindAsync("", ReadSiteAsync, cancellationToken).ConfigureAwait(false) is { } site && !site.Admits(header))
        {
            return false;
        }

        return projectId is null
            || await FindAsync(projectId, token => ReadProjectAsync(projectId, token), cancellationToken).ConfigureAwait(false) is not { } project
            || project.Admits(header);
    }

    /// <summary>True if it is certain from part of a header that the site's or the project's filter will keep the objects out, so that they need not be fetched.</summary>
    /// <exception cref="MalformedDicomException">A filter in force cannot be applied.</exception>
    public async Task<bool> ExcludeAsync(DataSet part, string projectId, CancellationToken cancellationToken) =>
        (await FindAsync("", ReadSiteAsync, cancellationToken).ConfigureAwait(false))?.Excludes(part) == true
        || (await FindAsync(projectId, token => ReadProjectAsync(projectId, token), cancellationToken).ConfigureAwait(false))?.Excludes(part) == true;

    private async Task<SeriesFilter?> FindAsync(string key, Func<CancellationToken, Task<SeriesFilter?>> read, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_known.TryGetValue(key, out var known) && known.Until > now)
        {
            return known.Filter;
        }

        var filter = await read(cancellationToken).ConfigureAwait(false);
        if (_known.Count > 10_000)
        {
            _known.Clear();
        }

        _known[key] = (filter, now + Kept);
        return filter;
    }

    private async Task<SeriesFilter?> ReadSiteAsync(CancellationToken cancellationToken) => await settings.FlagAsync(EnabledSetting, cancellationToken).ConfigureAwait(false)
        ? Usable(await settings.TextAsync(ModeSetting, cancellationToken).ConfigureAwait(false), await settings.TextAsync(TextSetting, cancellationToken).ConfigureAwait(false))
        : null;

    private async Task<SeriesFilter?> ReadProjectAsync(string projectId, CancellationToken cancellationToken) =>
        await configuration.FindAsync(Tool, Place, projectId, cancellationToken).ConfigureAwait(false) is { Enabled: true } stored && Read(stored.Contents) is { Stored: { Enabled: true } filter }
            ? Usable(filter.Mode, filter.List)
            : null;

    // In force but not readable: nothing may enter past it.
    private static SeriesFilter Usable(string mode, string text) =>
        SeriesFilter.Parse(mode, text).Filter ?? throw new MalformedDicomException(MalformedReason.InvalidValue, 0, Tag.SeriesDescription, "series import filter that cannot be read");

    /// <summary>Stores what the site settings say of the filter in the configuration service, where clients look for it, too.</summary>
    /// <param name="user">Who changed the settings.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task KeepCopyAsync(string user, CancellationToken cancellationToken)
    {
        var copy = JsonSerializer.Serialize(new
        {
            enabled = await settings.FlagAsync(EnabledSetting, cancellationToken).ConfigureAwait(false),
            mode = await settings.TextAsync(ModeSetting, cancellationToken).ConfigureAwait(false),
            list = await settings.TextAsync(TextSetting, cancellationToken).ConfigureAwait(false),
        });
        await configuration.PutAsync(Tool, Place, null, copy, enabled: true, user, "site settings", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is wrong with site settings that are about to be stored; null if nothing.</summary>
    /// <param name="given">Settings by name, as text.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<string?> FaultAsync(IReadOnlyDictionary<string, string> given, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(given);
        if (!given.ContainsKey(EnabledSetting) && !given.ContainsKey(ModeSetting) && !given.ContainsKey(TextSetting))
        {
            return null;
        }

        async Task<string> ValueAsync(string name) => given.TryGetValue(name, out var value) ? value : await settings.TextAsync(name, cancellationToken).ConfigureAwait(false);
        var isOn = (await ValueAsync(EnabledSetting).ConfigureAwait(false)).Equals("true", StringComparison.OrdinalIgnoreCase);
        var text = await ValueAsync(TextSetting).ConfigureAwait(false);
        return isOn || text.Length > 0 ? SeriesFilter.Parse(await ValueAsync(ModeSetting).ConfigureAwait(false), text).Fault : null;
    }
}
