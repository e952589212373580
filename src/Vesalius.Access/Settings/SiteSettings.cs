using System.Text.Json;
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

/// <summary>Site settings as XNAT names them: declared once here with tier and default, stored where they differ; unknown names are kept as custom settings.</summary>
public sealed class SiteSettings(VesaliusDatabase database)
{
    private static readonly Dictionary<string, (SettingTier Tier, JsonNode Default)> Declared = new(StringComparer.Ordinal)
    {
        ["siteId"] = (SettingTier.Public, "XNAT"),
        ["siteUrl"] = (SettingTier.Public, ""),
        ["siteHome"] = (SettingTier.Public, "/"),
        ["siteLogoPath"] = (SettingTier.Public, ""),
        ["initialized"] = (SettingTier.Administrator, true),
        ["adminEmail"] = (SettingTier.Administrator, "you@yoursite.org"),
        ["requireLogin"] = (SettingTier.Authenticated, true),
        ["userRegistration"] = (SettingTier.Authenticated, false),
        ["emailVerification"] = (SettingTier.Authenticated, true),
        ["sessionTimeout"] = (SettingTier.Authenticated, "15 minutes"),
        ["aliasTokenTimeout"] = (SettingTier.Administrator, "2 days"),
        ["concurrentMaxSessions"] = (SettingTier.Administrator, 1000),
        ["passwordComplexity"] = (SettingTier.Administrator, "^.*$"),
        ["primaryAdminUsername"] = (SettingTier.Administrator, "admin"),
        ["receivedFileUser"] = (SettingTier.Administrator, "admin"),
        ["checksums"] = (SettingTier.Authenticated, true),
        ["uiAllowNonAdminProjectCreation"] = (SettingTier.Authenticated, true),
        ["securityAllowNonPrivateProjects"] = (SettingTier.Authenticated, true),
        ["restrictUserListAccessToAdmins"] = (SettingTier.Authenticated, false),
        ["enableCsrfToken"] = (SettingTier.Administrator, true),
        ["enableDicomReceiver"] = (SettingTier.Administrator, true),
        ["interactiveAgentIds"] = (SettingTier.Administrator, ".*MSIE.* .*Mozilla.* .*AppleWebKit.* .*Opera.*"),
        ["enableSitewideAnonymizationScript"] = (SettingTier.Authenticated, true),
        ["enableSitewideSeriesImportFilter"] = (SettingTier.Authenticated, false),
        ["sessionXmlRebuilderRepeat"] = (SettingTier.Authenticated, 60000),
        ["sessionXmlRebuilderInterval"] = (SettingTier.Authenticated, 5),
        ["sessionArchiveTimeoutInterval"] = (SettingTier.Authenticated, 600),
        ["defaultProjectAutoArchiveSetting"] = (SettingTier.Authenticated, 4),
        ["projectAllowAutoArchive"] = (SettingTier.Authenticated, true),
        ["preventCrossModalityMerge"] = (SettingTier.Authenticated, true),
        ["dicomFileNameTemplate"] = (SettingTier.Authenticated, "${StudyInstanceUID}-${SeriesNumber}-${InstanceNumber}-${HashSOPClassUIDWithSOPInstanceUID}"),
        ["useSopInstanceUidToUniquelyIdentifyDicom"] = (SettingTier.Authenticated, true),
        ["rerunProjectAnonOnRename"] = (SettingTier.Authenticated, false),
        ["maintainFileHistory"] = (SettingTier.Authenticated, false),
        ["backupDeletedToCache"] = (SettingTier.Authenticated, false),
        ["showServerPaths"] = (SettingTier.Administrator, false),
        ["inboxPath"] = (SettingTier.Administrator, ""),
        ["zipExtensions"] = (SettingTier.Authenticated, new JsonArray("zip", "jar", "rar", "ear", "gar", "xar")),
    };

    /// <summary>Who may see a setting; custom ones are for administrators.</summary>
    public static SettingTier TierOf(string name) => Declared.TryGetValue(name, out var declared) ? declared.Tier : SettingTier.Administrator;

    /// <summary>The value of a setting; null if it is neither declared nor stored.</summary>
    public async Task<JsonNode?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var stored = await database.FindAsync<string>("select value::text from access_setting where name = @name", new { name }, cancellationToken).ConfigureAwait(false);
        return stored is not null ? JsonNode.Parse(stored) : Declared.TryGetValue(name, out var declared) ? declared.Default.DeepClone() : null;
    }

    /// <summary>A setting as text.</summary>
    public async Task<string> TextAsync(string name, CancellationToken cancellationToken) =>
        (await FindAsync(name, cancellationToken).ConfigureAwait(false))?.ToString() ?? "";

    /// <summary>A setting as truth.</summary>
    public async Task<bool> FlagAsync(string name, CancellationToken cancellationToken) =>
        string.Equals(await TextAsync(name, cancellationToken).ConfigureAwait(false), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>A setting as a number; 0 where it is none.</summary>
    public async Task<double> NumberAsync(string name, CancellationToken cancellationToken) =>
        double.TryParse(await TextAsync(name, cancellationToken).ConfigureAwait(false), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>All settings up to a tier.</summary>
    public async Task<JsonObject> AllAsync(SettingTier tier, CancellationToken cancellationToken)
    {
        var stored = (await database.QueryAsync<(string Name, string Value)>("select name, value::text from access_setting", null, cancellationToken).ConfigureAwait(false))
            .ToDictionary(s => s.Name, s => s.Value);
        var all = new JsonObject();
        foreach (var name in Declared.Keys.Union(stored.Keys).Order(StringComparer.Ordinal))
        {
            if (TierOf(name) <= tier)
            {
                all[name] = stored.TryGetValue(name, out var value) ? JsonNode.Parse(value) : Declared[name].Default.DeepClone();
            }
        }

        return all;
    }

    /// <summary>Stores settings.</summary>
    public Task SetAsync(IReadOnlyDictionary<string, JsonNode?> values, string login, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        insert into access_setting (name, value, modified_by) select name, value::jsonb, @login from unnest(@names, @values) as given (name, value)
        on conflict (name) do update set value = excluded.value, modified = now(), modified_by = excluded.modified_by
        """,
        new { names = values.Keys.ToArray(), values = values.Values.Select(v => v?.ToJsonString() ?? "null").ToArray(), login }, cancellationToken);

    /// <summary>Stores one setting.</summary>
    public Task SetAsync(string name, JsonNode value, string login, CancellationToken cancellationToken) =>
        SetAsync(new Dictionary<string, JsonNode?> { [name] = value }, login, cancellationToken);
}
