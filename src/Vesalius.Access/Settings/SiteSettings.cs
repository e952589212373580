using System.Text.Json.Nodes;
using Vesalius.Database;

namespace Vesalius.Access;

/// <summary>Who may see a site setting.</summary>
public enum SettingTier
{
    /// <summary>Everybody.</summary>
    Public,
    /// <summary>Signed-in users.</summary>
    Authenticated,
    /// <summary>Administrators.</summary>
    Administrator,
}

/// <summary>Site settings as XNAT names them: known ones with tier and default, stored where they differ; unknown names are kept as custom settings.
/// A change is effective at once here, and within a quarter of a second on other nodes.</summary>
public sealed class SiteSettings(VesaliusDatabase database, TimeProvider? time = null)
{
    // Asked for several times by every request.
    private static readonly TimeSpan Kept = TimeSpan.FromMilliseconds(250);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private volatile Snapshot? _snapshot;
    private int _changes;

    private sealed record Snapshot(Dictionary<string, string> Stored, long Since);

    /// <summary>Who may see a setting; custom ones are for administrators.</summary>
    public static SettingTier TierOf(string name) => DeclaredSettings.All.TryGetValue(name, out var declared) ? declared.Tier : SettingTier.Administrator;

    /// <summary>Tells why a value cannot be stored; null if it can. Every value does for a custom setting.</summary>
    public static string? FaultOf(string name, JsonNode? value) =>
        name.Length is 0 or > 255 || name.Any(char.IsControl) ? "is no name of a setting"
        : DeclaredSettings.All.TryGetValue(name, out var declared) ? declared.Fault(value) : null;

    private async Task<Dictionary<string, string>> StoredAsync(CancellationToken cancellationToken)
    {
        if (_snapshot is { } known && _time.GetElapsedTime(known.Since) < Kept)
        {
            return known.Stored;
        }

        var changes = Volatile.Read(ref _changes);
        var since = _time.GetTimestamp();
        var stored = (await database.QueryAsync<(string Name, string Value)>("select name, value::text from access_setting", null, cancellationToken).ConfigureAwait(false))
            .ToDictionary(s => s.Name, s => s.Value, StringComparer.Ordinal);
        if (changes == Volatile.Read(ref _changes))
        {
            _snapshot = new Snapshot(stored, since);
        }

        return stored;
    }

    /// <summary>The value of a setting; null if it is neither declared nor stored.</summary>
    public async Task<JsonNode?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await StoredAsync(cancellationToken).ConfigureAwait(false)).TryGetValue(name, out var stored) ? JsonNode.Parse(stored)
        : DeclaredSettings.All.TryGetValue(name, out var declared) ? declared.Default.DeepClone() : null;

    /// <summary>A setting as text.</summary>
    public async Task<string> TextAsync(string name, CancellationToken cancellationToken) =>
        (await FindAsync(name, cancellationToken).ConfigureAwait(false))?.ToString() ?? "";

    /// <summary>A setting as truth.</summary>
    public async Task<bool> FlagAsync(string name, CancellationToken cancellationToken) =>
        string.Equals(await TextAsync(name, cancellationToken).ConfigureAwait(false), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>A setting as a number; 0 where it is none.</summary>
    public async Task<double> NumberAsync(string name, CancellationToken cancellationToken) =>
        double.TryParse(await TextAsync(name, cancellationToken).ConfigureAwait(false), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>A setting as a span of time; the declared default where what is stored is none.</summary>
    public async Task<TimeSpan> IntervalAsync(string name, CancellationToken cancellationToken) =>
        SiteInterval.TryParse(await TextAsync(name, cancellationToken).ConfigureAwait(false), out var span) ? span
        : DeclaredSettings.All.TryGetValue(name, out var declared) && SiteInterval.TryParse(declared.Default.ToString(), out span) ? span : TimeSpan.Zero;

    /// <summary>All settings up to a tier.</summary>
    public async Task<JsonObject> AllAsync(SettingTier tier, CancellationToken cancellationToken)
    {
        var stored = await StoredAsync(cancellationToken).ConfigureAwait(false);
        var all = new JsonObject();
        foreach (var name in DeclaredSettings.All.Keys.Union(stored.Keys).Order(StringComparer.Ordinal))
        {
            if (TierOf(name) <= tier)
            {
                all[name] = stored.TryGetValue(name, out var value) ? JsonNode.Parse(value) : DeclaredSettings.All[name].Default.DeepClone();
            }
        }

        return all;
    }

    /// <summary>Stores settings, all or none.</summary>
    public async Task SetAsync(IReadOnlyDictionary<string, JsonNode?> values, string login, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(values);
        await database.ExecuteAsync(
            """
            insert into access_setting (name, value, modified_by) select name, value::jsonb, @login from unnest(@names, @values) as given (name, value)
            on conflict (name) do update set value = excluded.value, modified = now(), modified_by = excluded.modified_by
            """,
            new { names = values.Keys.ToArray(), values = values.Values.Select(v => v?.ToJsonString() ?? "null").ToArray(), login }, cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _changes);
        _snapshot = null;
    }

    /// <summary>Stores one setting.</summary>
    public Task SetAsync(string name, JsonNode value, string login, CancellationToken cancellationToken) =>
        SetAsync(new Dictionary<string, JsonNode?> { [name] = value }, login, cancellationToken);
}
