using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Anonymisation;
using Vesalius.Import;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>XNAT's configuration service, per site and per project (rest-api §17).</summary>
internal static class ConfigService
{
    private const int LargestContents = 16 * 1024 * 1024;

    public static void MapConfiguration(this IEndpointRouteBuilder endpoints)
    {
        foreach (var start in (string[])["/data/config", "/data/projects/{project}/config"])
        {
            endpoints.MapGet(start, async (HttpContext context, ConfigurationStore store) =>
            {
                var table = new ResultTable("tool");
                foreach (var tool in await store.ToolsAsync(await ReadableAsync(context), context.RequestAborted))
                {
                    table.Add(tool);
                }

                return new TableResult(table);
            });
            endpoints.MapGet(start + "/{tool}", async (HttpContext context, string tool, ConfigurationStore store) =>
            {
                var project = await ReadableAsync(context, tool);
                var all = await store.ListAsync(tool, project, context.RequestAborted);
                return all.Count > 0 ? Table(tool, project, all) : throw RequestRefusedException.NotFound("The tool has nothing stored.");
            });
            endpoints.MapGet(start + "/{tool}/{**path}", GetAsync);
            endpoints.MapPut(start + "/{tool}/{**path}", PutAsync);
            endpoints.MapDelete(start + "/{tool}/{**path}", async (HttpContext context, string tool, string path) =>
            {
                var project = await WritableAsync(context);
                if (!await EnableAsync(context, tool, path, project, false))
                {
                    throw RequestRefusedException.NotFound("Nothing is stored there.");
                }

                await Scope.AuditAsync(context, "configuration.disable", $"{project}/{tool}/{path}");
                return Results.Ok();
            });
        }
    }

    // Every user who can read the project; at site level everybody who has signed in; some tools administrators only.
    private static async Task<string?> ReadableAsync(HttpContext context, string? tool = null)
    {
        if (Experiments.Route(context, "project") is { } project)
        {
            return (await Scope.ProjectAsync(context, project, ProjectRights.Read)).Id;
        }

        var caller = context.SignedIn();
        if (tool is not null && !caller.IsSiteAdministrator && (tool == ScriptLibrary.LookupTool
            || (await context.RequestServices.GetRequiredService<SiteSettings>().FindAsync("sensitiveConfigurationTools", context.RequestAborted) is JsonArray sensitive
            && sensitive.Any(s => s?.ToString() == tool))))
        {
            throw RequestRefusedException.Forbidden("This tool's configuration is for administrators.");
        }

        return null;
    }

    private static async Task<string?> WritableAsync(HttpContext context)
    {
        if (Experiments.Route(context, "project") is { } project)
        {
            return (await Scope.ProjectAsync(context, project, ProjectRights.Manage, invisible: 403)).Id;
        }

        context.Administrator();
        return null;
    }

    private static IResult Table(string tool, string? project, IEnumerable<PlacedConfiguration> rows)
    {
        var table = new ResultTable("tool", "path", "project", "user", "create_date", "reason", "contents", "unversioned", "version", "status");
        foreach (var (path, c) in rows)
        {
            table.Add(
                tool, path, project, c.CreateUser, Columns.Timestamp(c.CreateDate), c.Reason, c.Contents, c.Unversioned ? "true" : "false", c.Version.ToString(CultureInfo.InvariantCulture), c.Enabled ? "enabled" : "disabled");
        }

        return new TableResult(table);
    }

    // The site's script is there before anybody stores one, and a site setting says whether it is in force.
    private static async Task<IReadOnlyList<Configuration>> HistoryAsync(HttpContext context, string tool, string path, string? project)
    {
        var services = context.RequestServices;
        var history = await services.GetRequiredService<ConfigurationStore>().HistoryAsync(tool, path, project, context.RequestAborted);
        if (!IsSiteScript(tool, path, project))
        {
            return history;
        }

        var isEnabled = await services.GetRequiredService<ScriptLibrary>().SiteEnabledAsync(context.RequestAborted);
        return history.Count > 0
            ? [history[0] with { Enabled = isEnabled }, .. history.Skip(1)]
            : [new Configuration(0, 0, ScriptLibrary.DefaultSiteScript, isEnabled, "admin", DateTime.UnixEpoch, "default")];
    }

    private static bool IsSiteScript(string tool, string path, string? project) => project is null && tool == "anon" && path == "script";

    // What is in force at site level is said by site settings where there are such.
    private static async Task<bool> EnableAsync(HttpContext context, string tool, string path, string? project, bool enabled)
    {
        var services = context.RequestServices;
        var login = context.Caller().Login;
        var found = await services.GetRequiredService<ConfigurationStore>().EnableAsync(tool, path, project, enabled, login, context.RequestAborted);
        if (IsSiteScript(tool, path, project))
        {
            await services.GetRequiredService<ScriptLibrary>().EnableSiteAsync(enabled, login, context.RequestAborted);
            return true;
        }

        if (found && project is null && tool == SeriesFilters.Tool && path == SeriesFilters.Place)
        {
            var stored = (await services.GetRequiredService<ConfigurationStore>().FindAsync(tool, path, null, context.RequestAborted))!;
            await services.GetRequiredService<SiteSettings>().SetAsync(SeriesFilters.EnabledSetting, enabled && SeriesFilters.Read(stored.Contents).Stored is { Enabled: true }, login, context.RequestAborted);
        }

        return found;
    }

    private static async Task<IResult> GetAsync(HttpContext context, string tool, string path, ConfigurationStore store)
    {
        var query = context.Request.Query;
        var project = await ReadableAsync(context, tool);
        var history = await HistoryAsync(context, tool, path, project);
        if (history.Count == 0 && project is not null && query["defaultToSiteWide"] == "true")
        {
            (project, history) = (null, await HistoryAsync(context, tool, path, null));
        }

        var version = query["version"].ToString();
        if (version.Length > 0)
        {
            history = int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? [.. history.Where(h => h.Version == number)] : throw RequestRefusedException.BadRequest("version is no number.");
        }

        if (history.Count == 0)
        {
            return query.ContainsKey("accept-not-found") && query["accept-not-found"] != "false" ? Results.NoContent() : throw RequestRefusedException.NotFound("Nothing is stored there.");
        }

        if (query["contents"] == "true")
        {
            return history[0].Enabled || version.Length > 0 ? Results.Text(history[0].Contents) : throw RequestRefusedException.NotFound("What is stored there is disabled.");
        }

        return Table(tool, project, (query["action"] == "getHistory" ? history : history.Take(1)).Select(h => new PlacedConfiguration(path, h)));
    }

    private static async Task<IResult> PutAsync(HttpContext context, string tool, string path, ConfigurationStore store)
    {
        var project = await WritableAsync(context);
        if (tool.Length > 255 || path.Length > 1000 || tool.Any(char.IsControl) || path.Any(char.IsControl))
        {
            throw RequestRefusedException.BadRequest("Tool or path cannot be stored.");
        }

        var (contents, status) = await BodyAsync(context);
        bool? enabled = status?.ToLowerInvariant() switch
        {
            null or "" => null, "enabled" or "true" => true, "disabled" or "false" => false, _ => throw RequestRefusedException.BadRequest("The status must be enabled or disabled."),
        };
        var login = context.Caller().Login;
        if (contents.Length == 0)
        {
            if (enabled is not { } flag || !await EnableAsync(context, tool, path, project, flag))
            {
                throw RequestRefusedException.BadRequest("There is nothing to store.");
            }

            await Scope.AuditAsync(context, flag ? "configuration.enable" : "configuration.disable", $"{project}/{tool}/{path}");
            return Results.Ok();
        }

        Check(tool, path, contents);
        if (tool == SeriesFilters.Tool && path == SeriesFilters.Place)
        {
            await TakeFilterAsync(context, project, contents, login);
        }

        if (IsSiteScript(tool, path, project) && enabled is { } inForce)
        {
            await context.RequestServices.GetRequiredService<ScriptLibrary>().EnableSiteAsync(inForce, login, context.RequestAborted);
        }

        // Scripts and tables that were once in force can always be looked up.
        var keepsNewestOnly = RequestFlags.IsSet(context, "unversioned") && tool is not ("anon" or ScriptLibrary.LookupTool);
        var first = await store.PutAsync(tool, path, project, contents, enabled ?? true, login, context.Request.Query["reason"].ToString(), context.RequestAborted, keepsNewestOnly);
        await Scope.AuditAsync(context, "configuration.store", $"{project}/{tool}/{path}");
        return Results.StatusCode(first ? 201 : 200);
    }

    // The text itself, or a JSON object with contents and status.
    private static async Task<(string Contents, string? Status)> BodyAsync(HttpContext context)
    {
        if (context.Request.ContentLength > LargestContents)
        {
            throw new RequestRefusedException(413, "A configuration has at most 16 MiB.");
        }

        // A body without a length is stopped by the same limit.
        if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = LargestContents;
        }

        using var reader = new StreamReader(context.Request.Body);
        var contents = await reader.ReadToEndAsync(context.RequestAborted);
        if (contents.Contains('\0', StringComparison.Ordinal))
        {
            throw RequestRefusedException.BadRequest("A configuration is text.");
        }

        var status = context.Request.Query["status"].FirstOrDefault();
        if (contents.Length == 0 || context.Request.ContentType?.Contains("json", StringComparison.Ordinal) != true || context.Request.Query["inbody"] == "true")
        {
            return (contents, status);
        }

        try
        {
            return JsonNode.Parse(contents) is JsonObject json && (json.ContainsKey("contents") || json.ContainsKey("status"))
                ? (json["contents"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : json["contents"]?.ToJsonString() ?? "", status ?? json["status"]?.ToString())
                : (contents, status);
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is not the JSON that it says it is.");
        }
    }

    private static void Check(string tool, string path, string contents)
    {
        if (tool == "anon" && path == "script")
        {
            try
            {
                DicomEditScript.Compile(contents);
            }
            catch (ScriptException e)
            {
                throw RequestRefusedException.BadRequest(e.Message);
            }
        }

        if (tool == ScriptLibrary.LookupTool && path == ScriptLibrary.LookupPath)
        {
            try
            {
                LookupTable.Parse(contents);
            }
            catch (FormatException e)
            {
                throw RequestRefusedException.BadRequest(e.Message);
            }
        }

        if (tool == "dicom" && path.EndsWith("Rules", StringComparison.Ordinal) && RoutingExpression.Parse(contents).Fault is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        if (tool == PetMrRule.Tool && path == PetMrRule.Place && !PetMrRule.IsKnown(contents))
        {
            throw RequestRefusedException.BadRequest("The contents are petmr (one session), pet (one PET session) or separate (two sessions).");
        }
    }

    // The site's filter has two addresses, this one and the site settings; the settings are what counts.
    private static async Task TakeFilterAsync(HttpContext context, string? project, string contents, string login)
    {
        var (stored, fault) = SeriesFilters.Read(contents);
        if (fault is not null)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        if (project is null)
        {
            await context.RequestServices.GetRequiredService<SiteSettings>().SetAsync(
                new Dictionary<string, JsonNode?>
                {
                    [SeriesFilters.EnabledSetting] = stored!.Enabled, [SeriesFilters.ModeSetting] = stored.Mode, [SeriesFilters.TextSetting] = stored.List,
                },
                login, context.RequestAborted);
        }
    }
}
