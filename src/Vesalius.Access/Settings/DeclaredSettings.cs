using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Vesalius.Access;

/// <summary>What a setting holds.</summary>
public enum SettingKind
{
    /// <summary>Any text.</summary>
    Text,
    /// <summary>True or false, as JSON or as text.</summary>
    Flag,
    /// <summary>A number that is not negative, as JSON or as text.</summary>
    Number,
    /// <summary>A span of time such as <c>15 minutes</c>.</summary>
    Interval,
    /// <summary>A regular expression.</summary>
    Pattern,
    /// <summary>An e-mail address.</summary>
    Email,
    /// <summary>A list or an object.</summary>
    Json,
    /// <summary><c>fail</c> or <c>skip</c>.</summary>
    FailOrSkip,
    /// <summary><c>SI</c> or <c>DICOM-zip</c>.</summary>
    ImportHandler,
    /// <summary>Web addresses with scheme and host, separated by blanks, commas or line ends; empty for none.</summary>
    WebAddresses,
}

/// <summary>A site setting that the server knows.</summary>
/// <param name="Tier">Who may see it.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Default">Value where none is stored.</param>
public sealed record DeclaredSetting(SettingTier Tier, SettingKind Kind, JsonNode Default)
{
    /// <summary>Tells why a value cannot be stored; null if it can.</summary>
    public string? Fault(JsonNode? value)
    {
        var text = value?.ToString() ?? "";
        return Kind switch
        {
            SettingKind.Flag => bool.TryParse(text, out _) ? null : "must be true or false",
            SettingKind.Number => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _) ? null : "must be a number, not negative",
            SettingKind.Interval => SiteInterval.TryParse(text, out _) ? null : "must be a span of time such as \"15 minutes\"",
            SettingKind.Pattern => IsPattern(text) ? null : "must be a regular expression",
            SettingKind.Email => EmailAddress.IsValid(text) ? null : "must be an e-mail address",
            SettingKind.FailOrSkip => text is "fail" or "skip" ? null : "must be fail or skip",
            SettingKind.ImportHandler => text is "SI" or "DICOM-zip" ? null : "must be SI or DICOM-zip",
            SettingKind.WebAddresses => value is null or JsonValue && AreWebAddresses(text) ? null : "must be addresses such as \"https://names.example.org/codes/\", separated by blanks, each with its host spelt out",
            SettingKind.Text => value is null or JsonValue ? null : "must be a single value",
            _ => null,
        };
    }

    private static bool AreWebAddresses(string text) => text.Split([' ', ',', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries).All(a =>
        Uri.TryCreate(a, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.Host.Length > 0 && !a.Contains('*', StringComparison.Ordinal)
        && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0);

    private static bool IsPattern(string text)
    {
        try
        {
            _ = new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

/// <summary>The settings that the server knows, with XNAT's names, tiers and defaults (xapi G.2).</summary>
internal static class DeclaredSettings
{
    public static readonly Dictionary<string, DeclaredSetting> All = Make();

    private static Dictionary<string, DeclaredSetting> Make()
    {
        var all = new Dictionary<string, DeclaredSetting>(StringComparer.Ordinal);
        void Add(SettingTier tier, SettingKind kind, params (string Name, JsonNode Default)[] settings)
        {
            foreach (var (name, value) in settings)
            {
                all.Add(name, new DeclaredSetting(tier, kind, value));
            }
        }

        Add(SettingTier.Public, SettingKind.Text, ("siteId", "XNAT"), ("siteUrl", ""), ("siteHome", "/"), ("siteLogoPath", ""));
        Add(
            SettingTier.Authenticated, SettingKind.Flag,
            ("requireLogin", true), ("userRegistration", false), ("emailVerification", true), ("checksums", true), ("uiAllowNonAdminProjectCreation", true),
            ("securityAllowNonPrivateProjects", true), ("restrictUserListAccessToAdmins", false), ("enableSitewideAnonymizationScript", true),
            ("enableSitewideSeriesImportFilter", false), ("projectAllowAutoArchive", true), ("preventCrossModalityMerge", true),
            ("useSopInstanceUidToUniquelyIdentifyDicom", true), ("rerunProjectAnonOnRename", false), ("trainingRequired", false),
            ("enableDirectArchiveAppend", false), ("maintainFileHistory", false), ("backupDeletedToCache", false));
        Add(
            SettingTier.Authenticated, SettingKind.Text,
            ("dicomFileNameTemplate", "${StudyInstanceUID}-${SeriesNumber}-${InstanceNumber}-${HashSOPClassUIDWithSOPInstanceUID}"), ("processingUrl", ""),
            ("sitewidePetTracers", ""), ("sitewidePetMr", ""), ("sitewideSeriesImportFilterMode", "blacklist"), ("sitewideSeriesImportFilter", ""), ("siteDescriptionText", ""), ("siteDescriptionType", "Text"),
            ("passwordComplexityMessage", "The password is not as the site wants passwords."));
        Add(SettingTier.Authenticated, SettingKind.Text, ("uiDateFormat", "yyyy-MM-dd"), ("uiTimeFormat", "HH:mm:ss"), ("uiDateTimeFormat", "yyyy-MM-dd HH:mm:ss"), ("uiDateTimeSecondsFormat", "yyyy-MM-dd HH:mm:ss.SSS"));
        Add(SettingTier.Authenticated, SettingKind.FailOrSkip, ("missingDate", "fail"));
        Add(SettingTier.Authenticated, SettingKind.ImportHandler, ("defaultImportHandler", "SI"));
        Add(SettingTier.Administrator, SettingKind.WebAddresses, ("getUrlAddresses", ""));
        Add(SettingTier.Administrator, SettingKind.Interval, ("scriptTimeLimit", "5 minutes"));
        Add(SettingTier.Authenticated, SettingKind.Interval, ("sessionTimeout", "15 minutes"));
        Add(
            SettingTier.Authenticated, SettingKind.Number,
            ("sessionXmlRebuilderRepeat", 60000), ("sessionXmlRebuilderInterval", 5), ("defaultProjectAutoArchiveSetting", 4));
        Add(SettingTier.Authenticated, SettingKind.Json, ("failMergeOn", new JsonArray()), ("zipExtensions", new JsonArray("zip", "jar", "rar", "ear", "gar", "xar")));
        Add(
            SettingTier.Administrator, SettingKind.Flag,
            ("initialized", true), ("userRegistrationApproval", true), ("enableCsrfToken", true), ("enableDicomReceiver", true), ("showServerPaths", false),
            ("passwordTemporaryMustChange", false), ("security.prevent-data-deletion", false), ("par", true));
        Add(SettingTier.Administrator, SettingKind.Email, ("adminEmail", "you@yoursite.org"));
        Add(SettingTier.Administrator, SettingKind.Interval, ("aliasTokenTimeout", "2 days"), ("assumeSameSessionIfArrivedWithin", "30 minutes"), ("maxFailedLoginsLockoutDuration", "1 hour"), ("passwordExpirationInterval", "1 year"), ("passwordHistoryDuration", "1 year"), ("emailVerificationExpiration", "1 day"), ("resetPasswordTimeout", "2 hours"), ("trainingValidity", "1 year"));
        Add(SettingTier.Administrator, SettingKind.Number, ("concurrentMaxSessions", 1000), ("maxFailedLogins", 20), ("trainingPassMark", 80));
        Add(SettingTier.Administrator, SettingKind.Pattern, ("passwordComplexity", "^.*$"));
        Add(
            SettingTier.Administrator, SettingKind.Text,
            ("primaryAdminUsername", "admin"), ("receivedFileUser", "admin"), ("passwordExpirationType", "Disabled"), ("passwordReuseRestriction", "None"),
            ("interactiveAgentIds", ".*MSIE.* .*Mozilla.* .*AppleWebKit.* .*Opera.*"),
            ("archivePath", "/data/xnat/archive"), ("prearchivePath", "/data/xnat/prearchive"), ("cachePath", "/data/xnat/cache"), ("buildPath", "/data/xnat/build"),
            ("ftpPath", "/data/xnat/ftp"), ("inboxPath", ""), ("pipelinePath", "/data/xnat/pipeline"));
        return all;
    }
}
