using System.Globalization;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/siteConfig</c> and <c>/xapi/plugins</c> (xapi G.2, G.3; rest-api §22).</summary>
internal static class SiteConfig
{
    /// <summary>XNAT version whose behaviour is answered; clients compare it.</summary>
    private const string XnatVersion = "1.9.3";

    // The site's script by its name among the settings; it is kept with its versions where all scripts are.
    private const string SiteScript = "sitewideAnonymizationScript";

    public static void MapSiteConfig(this IEndpointRouteBuilder endpoints)
    {
        MapBuildInfo(endpoints);
        endpoints.MapGet("/xapi/siteConfig", (Delegate)(async (HttpContext context) => Results.Content((await AllAsync(context, context.Caller())).ToJsonString(), "application/json")));
        endpoints.MapGet("/xapi/siteConfig/values/{names}", async (HttpContext context, string names) =>
        {
            var all = await AllAsync(context, context.SignedIn());
            return Results.Content(
                new JsonObject(names.Split(',').Distinct().Where(all.ContainsKey).Select(n => new KeyValuePair<string, JsonNode?>(n, all[n]?.DeepClone()))).ToJsonString(), "application/json");
        });
        endpoints.MapGet("/xapi/siteConfig/{name}", async (HttpContext context, string name, SiteSettings settings) =>
        {
            if (name == SiteScript && !context.Caller().IsGuest)
            {
                return Results.Content(JsonValue.Create(await context.RequestServices.GetRequiredService<ScriptLibrary>().SiteTextAsync(context.RequestAborted)).ToJsonString(), "application/json");
            }

            if (SiteSettings.TierOf(name) > TierOf(context.Caller()))
            {
                throw context.Caller().IsGuest ? new RequestRefusedException(401, "Sign in to see this.") : RequestRefusedException.Forbidden();
            }

            return Results.Content((await settings.FindAsync(name, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such setting.")).ToJsonString(), "application/json");
        });
        endpoints.MapPost("/xapi/siteConfig", async (HttpContext context) =>
        {
            context.Administrator();
            var given = context.Request.HasFormContentType
                ? new JsonObject((await context.Request.ReadFormAsync(context.RequestAborted)).Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value.ToString())))
                : await RequestJson.ReadAsync<JsonObject>(context);
            return await SetAsync(context, given.ToDictionary(p => p.Key, p => p.Value));
        });
        endpoints.MapMethods("/xapi/siteConfig/{name}", ["POST", "PUT"], async (HttpContext context, string name) =>
        {
            context.Administrator();
            return await SetAsync(context, new Dictionary<string, JsonNode?> { [name] = await RequestJson.ReadValueAsync(context) ?? "" });
        });
        // What XNAT has as plugins is part of the server here; clients look for their names and compare versions as numbers.
        endpoints.MapGet("/xapi/plugins", () => Results.Json(Plugins));
        endpoints.MapGet("/xapi/plugins/{id}", (string id) => Plugins.TryGetValue(id, out var plugin) ? Results.Json(plugin) : throw RequestRefusedException.NotFound($"There is no plugin {id}."));
    }

    // The version whose calls are answered, as for XNAT itself.
    private static Dictionary<string, object> Plugins { get; } = new(StringComparer.Ordinal)
    {
        ["dicom-query-retrieve"] = new
        {
            id = "dicom-query-retrieve", name = "DICOM Query-Retrieve", version = "2.2.0", description = "Searches PACS and imports from them. Built in.",
            @namespace = "org.nrg.xnatx.plugins.dqr",
        },
        ["dicomwebplugin"] = new
        {
            id = "dicomwebplugin", name = "DICOMweb", version = "1.0.0", description = "QIDO-RS, WADO-RS and STOW-RS of projects and of the site. Built in.", @namespace = "org.nrg.xnatx.plugins.dicomweb",
        },
        ["ohifViewerPlugin"] = new
        {
            id = "ohifViewerPlugin", name = "OHIF viewer", version = "3.7.0", description = "The viewer, its sessions, collections of regions of interest. Built in.", @namespace = "org.nrg.xnatx.ohifviewer",
        },
    };

    private static void MapBuildInfo(IEndpointRouteBuilder endpoints)
    {
        var started = DateTimeOffset.UtcNow;
        var build = new JsonObject
        {
            ["version"] = XnatVersion, ["buildNumber"] = "1", ["buildDate"] = "2026-11-20T00:00:00.000+0000", ["commit"] = "vesalius",
            ["application"] = "Vesalius", ["applicationVersion"] = typeof(SiteConfig).Assembly.GetName().Version!.ToString(3),
        };
        endpoints.MapGet("/xapi/siteConfig/buildInfo", () => Results.Content(build.ToJsonString(), "application/json"));
        endpoints.MapGet("/xapi/siteConfig/buildInfo/attributes", () => Results.Content(build.ToJsonString(), "application/json"));
        endpoints.MapGet("/xapi/siteConfig/buildInfo/{property}", (string property) =>
            build.TryGetPropertyValue(property, out var value) ? Results.Text(value!.ToString()) : throw RequestRefusedException.NotFound());
        endpoints.MapGet("/xapi/siteConfig/uptime", (TimeProvider time) => Results.Json(Uptime(time.GetUtcNow() - started)));
        endpoints.MapGet("/xapi/siteConfig/uptime/display", (TimeProvider time) =>
            Results.Text(string.Join(", ", Uptime(time.GetUtcNow() - started).Where(p => p.Value is not ("0" or "0.000")).Select(p => $"{p.Value} {p.Key}"))));
    }

    private static Dictionary<string, string> Uptime(TimeSpan up) => new()
    {
        ["days"] = up.Days.ToString(CultureInfo.InvariantCulture), ["hours"] = up.Hours.ToString(CultureInfo.InvariantCulture),
        ["minutes"] = up.Minutes.ToString(CultureInfo.InvariantCulture), ["seconds"] = (up.Seconds + (up.Milliseconds / 1000.0)).ToString("0.000", CultureInfo.InvariantCulture),
    };

    // All or none: a wrong value leaves everything as it was.
    private static async Task<IResult> SetAsync(HttpContext context, Dictionary<string, JsonNode?> values)
    {
        var services = context.RequestServices;
        var faults = values.Where(v => v.Value?.ToJsonString().Contains("\\u0000", StringComparison.Ordinal) == true || SiteSettings.FaultOf(v.Key, v.Value) is not null)
            .Select(v => $"{v.Key} {SiteSettings.FaultOf(v.Key, v.Value) ?? "has a character that cannot be stored"}").ToList();
        if (faults.Count > 0)
        {
            throw RequestRefusedException.BadRequest(string.Join("; ", faults));
        }

        // Settings that would keep everything out, or nothing, are refused while their author is there.
        if (await services.GetRequiredService<SeriesFilters>().FaultAsync(values.ToDictionary(v => v.Key, v => v.Value?.ToString() ?? ""), context.RequestAborted) is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        if (values.TryGetValue(FileNameTemplate.Setting, out var template) && FileNaming.Fault(template?.ToString() ?? "") is { } wrong)
        {
            throw RequestRefusedException.BadRequest(wrong);
        }

        if (values.Remove(SiteScript, out var script))
        {
            await StoreScriptAsync(context, script?.ToString() ?? "");
        }

        await services.GetRequiredService<SiteSettings>().SetAsync(values, context.Caller().Login, context.RequestAborted);
        if (values.Keys.Any(k => k is SeriesFilters.EnabledSetting or SeriesFilters.ModeSetting or SeriesFilters.TextSetting))
        {
            await services.GetRequiredService<SeriesFilters>().KeepCopyAsync(context.Caller().Login, context.RequestAborted);
        }

        if (values.Keys.Any(k => k is "enableDicomReceiver"))
        {
            await services.GetRequiredService<ReceiverHost>().ApplyAsync(context.RequestAborted);
        }

        await Scope.AuditAsync(context, "site.setting", string.Join(',', values.Keys));
        return Results.Ok();
    }

    private static async Task StoreScriptAsync(HttpContext context, string text)
    {
        try
        {
            await context.RequestServices.GetRequiredService<ScriptLibrary>().PutAsync(null, text, context.Caller().Login, context.RequestAborted);
        }
        catch (ScriptException e)
        {
            throw RequestRefusedException.BadRequest($"{SiteScript}: {e.Message}");
        }

        await Scope.AuditAsync(context, "anonymisation.script", "site");
    }

    private static async Task<JsonObject> AllAsync(HttpContext context, Caller caller)
    {
        var all = await context.RequestServices.GetRequiredService<SiteSettings>().AllAsync(TierOf(caller), context.RequestAborted);
        if (!caller.IsGuest)
        {
            all[SiteScript] = await context.RequestServices.GetRequiredService<ScriptLibrary>().SiteTextAsync(context.RequestAborted);
        }

        return all;
    }

    private static SettingTier TierOf(Caller caller) =>
        caller.IsSiteAdministrator ? SettingTier.Administrator : caller.IsGuest ? SettingTier.Public : SettingTier.Authenticated;
}
