using System.Globalization;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Archive.DicomQueries;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.DicomWeb;

/// <summary>What a site decides about its DICOMweb (xapi F.3).</summary>
internal sealed record DicomWebSettings
{
    /// <summary>Rows of a query that names no limit.</summary>
    public int DefaultPageSize { get; init; } = 100;

    /// <summary>Most rows of a query.</summary>
    public int MaxPageSize { get; init; } = 1000;

    /// <summary>Longer values are addresses in the metadata, in bytes.</summary>
    public int BulkDataThreshold { get; init; } = InstanceDigest.DefaultThreshold;

    /// <summary>How STOW stores unless the request says: <c>GradualDicomImporter</c> or <c>DirectArchive</c>.</summary>
    public string DefaultStrategy { get; init; } = DicomWebPreferences.Gradual;

    /// <summary>Quiet time before a session that came by STOW is built; 0 builds it before the answer.</summary>
    public int BuildDelayMs { get; init; } = 5000;

    /// <summary>Whether the root of the whole site answers.</summary>
    public bool SiteWideEnabled { get; init; }

    /// <summary>Projects that the root of the whole site shows.</summary>
    public SiteWideFilter Filter { get; init; } = new(false, []);

    /// <summary>Beginning of addresses in answers; empty for the site's own.</summary>
    public string BaseUrl { get; init; } = "";
}

/// <summary>The preferences as they are stored. A change is effective at once here, and within a quarter of a second on other nodes.</summary>
internal sealed class DicomWebPreferences(Preferences preferences, TimeProvider time)
{
    public const string Gradual = "GradualDicomImporter";
    public const string Direct = "DirectArchive";
    private const string Tool = "dicomweb";
    private static readonly TimeSpan Kept = TimeSpan.FromMilliseconds(250);
    private volatile Snapshot? _snapshot;

    private sealed record Snapshot(DicomWebSettings Settings, JsonObject Stored, long Since);

    private static JsonObject Defaults => new()
    {
        ["defaultPageSize"] = 100, ["maxPageSize"] = 1000, ["bulkDataThreshold"] = InstanceDigest.DefaultThreshold, ["defaultStrategy"] = Gradual, ["buildDelayMs"] = 5000,
        ["siteWideEnabled"] = "false", ["filterMode"] = "blacklist", ["projectList"] = "", ["baseUrl"] = "",
    };

    public async Task<DicomWebSettings> ReadAsync(CancellationToken cancellationToken) => (await SnapshotAsync(cancellationToken)).Settings;

    private async Task<Snapshot> SnapshotAsync(CancellationToken cancellationToken)
    {
        if (_snapshot is { } known && time.GetElapsedTime(known.Since) < Kept)
        {
            return known;
        }

        var since = time.GetTimestamp();
        var all = Defaults;
        foreach (var (name, value) in await preferences.AllAsync(Tool, cancellationToken))
        {
            all[name] = value?.DeepClone();
        }

        string Text(string name) => all[name]?.ToString() ?? "";
        int Number(string name) => int.Parse(Text(name), CultureInfo.InvariantCulture);
        var settings = new DicomWebSettings
        {
            DefaultPageSize = Number("defaultPageSize"), MaxPageSize = Number("maxPageSize"), BulkDataThreshold = Number("bulkDataThreshold"), DefaultStrategy = Text("defaultStrategy"),
            BuildDelayMs = Number("buildDelayMs"), SiteWideEnabled = Text("siteWideEnabled") == "true",
            Filter = new SiteWideFilter(Text("filterMode") == "whitelist", Text("projectList").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
            BaseUrl = Text("baseUrl").TrimEnd('/'),
        };
        return _snapshot = new Snapshot(settings, all, since);
    }

    /// <summary>The preferences as the interface shows them.</summary>
    public async Task<JsonObject> AllAsync(CancellationToken cancellationToken) => (JsonObject)(await SnapshotAsync(cancellationToken)).Stored.DeepClone();

    /// <summary>Changes what is given.</summary>
    /// <exception cref="RequestRefusedException">A name is unknown or a value cannot be; nothing is changed.</exception>
    public async Task ChangeAsync(JsonObject given, string login, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, JsonNode?>();
        foreach (var (name, value) in given)
        {
            var text = value?.ToString() ?? "";
            values[name] = name switch
            {
                "defaultPageSize" or "maxPageSize" => Whole(name, text, 1, 100_000),
                "bulkDataThreshold" => Whole(name, text, 1, 1 << 30),
                "buildDelayMs" => Whole(name, text, 0, 86_400_000),
                "defaultStrategy" => text is Gradual or Direct ? text : throw RequestRefusedException.BadRequest($"defaultStrategy is {Gradual} or {Direct}."),
                "siteWideEnabled" => text is "true" or "false" ? text : throw RequestRefusedException.BadRequest("siteWideEnabled is true or false."),
                "filterMode" => text is "blacklist" or "whitelist" ? text : throw RequestRefusedException.BadRequest("filterMode is blacklist or whitelist."),
                "projectList" => text,
                "baseUrl" => text.Length == 0 || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https") ? text : throw RequestRefusedException.BadRequest("baseUrl is empty or an http address."),
                _ => throw RequestRefusedException.BadRequest("There is no such preference of DICOMweb."),
            };
        }

        await preferences.SetAsync(Tool, values, login, cancellationToken);
        _snapshot = null;
    }

    private static JsonNode Whole(string name, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number : throw RequestRefusedException.BadRequest($"{name} is a whole number from {least} to {most}.");
}

/// <summary>The preferences' own addresses, and each project's part in the root of the whole site.</summary>
internal static class DicomWebPreferenceEndpoints
{
    public static void MapDicomWebPreferences(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/dicomweb/test", () => Results.Text("DICOMweb answers.")).ExcludeFromDescription();
        endpoints.MapGet("/xapi/dicomweb/prefs", async (HttpContext context, DicomWebPreferences preferences) =>
        {
            context.Administrator();
            return Results.Json(await preferences.AllAsync(context.RequestAborted));
        });
        endpoints.MapPost("/xapi/dicomweb/prefs", async (HttpContext context, DicomWebPreferences preferences) =>
        {
            var caller = context.Administrator();
            await preferences.ChangeAsync(await ObjectAsync(context), caller.Login, context.RequestAborted);
            await Data.Scope.AuditAsync(context, "dicomweb.preferences", "");
            return Results.Json(await preferences.AllAsync(context.RequestAborted));
        });
        endpoints.MapGet("/xapi/dicomweb/projects/{project}/config/site-wide", async (HttpContext context, string project, SiteWideProjects projects) =>
        {
            context.Administrator();
            var row = await Data.Scope.ProjectAsync(context, project, ProjectRights.Manage);
            return Results.Json(new { excludeFromSiteWide = !await projects.IsShownAsync(row.Id, context.RequestAborted) });
        });
        endpoints.MapPut("/xapi/dicomweb/projects/{project}/config/site-wide", async (HttpContext context, string project, SiteWideProjects projects) =>
        {
            context.Administrator();
            var row = await Data.Scope.ProjectAsync(context, project, ProjectRights.Manage);
            var exclude = (await ObjectAsync(context))["excludeFromSiteWide"] is JsonValue value && value.TryGetValue<bool>(out var given)
                ? given : throw RequestRefusedException.BadRequest("The body is {\"excludeFromSiteWide\": true} or false.");
            await projects.ShowAsync(row.Id, !exclude, context.RequestAborted);
            await Data.Scope.AuditAsync(context, "dicomweb.site-wide", row.Id);
            return Results.Json(new { excludeFromSiteWide = exclude });
        });
    }

    private static async Task<JsonObject> ObjectAsync(HttpContext context)
    {
        try
        {
            return await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) as JsonObject ?? throw RequestRefusedException.BadRequest("The body is no JSON object.");
        }
        catch (System.Text.Json.JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON object.");
        }
    }
}
