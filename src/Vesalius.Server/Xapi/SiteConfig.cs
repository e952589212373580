using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/siteConfig</c> and <c>/xapi/plugins</c> (xapi G.2, G.3).</summary>
internal static class SiteConfig
{
    /// <summary>XNAT version whose behaviour is answered; clients compare it.</summary>
    private const string XnatVersion = "1.9.3";

    public static void MapSiteConfig(this IEndpointRouteBuilder endpoints)
    {
        var started = DateTimeOffset.UtcNow;
        var build = new JsonObject
        {
            ["version"] = XnatVersion, ["buildNumber"] = "1", ["buildDate"] = "2026-11-20T00:00:00.000+0000", ["commit"] = "vesalius",
            ["application"] = "Vesalius", ["applicationVersion"] = typeof(SiteConfig).Assembly.GetName().Version!.ToString(3),
        };
        endpoints.MapGet("/xapi/siteConfig/buildInfo", () => Results.Content(build.ToJsonString(), "application/json"));
        endpoints.MapGet("/xapi/siteConfig/buildInfo/{property}", (string property) =>
            build.TryGetPropertyValue(property, out var value) ? Results.Text(value!.ToString()) : throw RequestRefusedException.NotFound());
        endpoints.MapGet("/xapi/siteConfig/uptime", (TimeProvider time) =>
        {
            var up = time.GetUtcNow() - started;
            return Results.Json(new Dictionary<string, string>
            {
                ["days"] = up.Days.ToString(CultureInfo.InvariantCulture), ["hours"] = up.Hours.ToString(CultureInfo.InvariantCulture),
                ["minutes"] = up.Minutes.ToString(CultureInfo.InvariantCulture), ["seconds"] = (up.Seconds + (up.Milliseconds / 1000.0)).ToString("0.000", CultureInfo.InvariantCulture),
            });
        });
        endpoints.MapGet("/xapi/siteConfig", async (HttpContext context, SiteSettings settings) =>
            Results.Content((await settings.AllAsync(TierOf(context.Caller()), context.RequestAborted)).ToJsonString(), "application/json"));
        endpoints.MapGet("/xapi/siteConfig/values/{names}", async (HttpContext context, string names, SiteSettings settings) =>
        {
            var all = await settings.AllAsync(TierOf(context.SignedIn()), context.RequestAborted);
            return Results.Content(new JsonObject(names.Split(',').Where(all.ContainsKey).Select(n => new KeyValuePair<string, JsonNode?>(n, all[n]!.DeepClone()))).ToJsonString(), "application/json");
        });
        endpoints.MapGet("/xapi/siteConfig/{name}", async (HttpContext context, string name, SiteSettings settings) =>
        {
            var value = await settings.FindAsync(name, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such setting.");
            if (SiteSettings.TierOf(name) > TierOf(context.Caller()))
            {
                throw context.Caller().IsGuest ? new RequestRefusedException(401, "Sign in to see this.") : RequestRefusedException.Forbidden();
            }

            return Results.Content(value.ToJsonString(), "application/json");
        });
        endpoints.MapPost("/xapi/siteConfig", async (HttpContext context, SiteSettings settings, Vesalius.Import.ReceiverHost receivers) =>
        {
            var login = context.Administrator().Login;
            JsonObject? given;
            try
            {
                given = await JsonSerializer.DeserializeAsync<JsonObject>(context.Request.Body, cancellationToken: context.RequestAborted);
            }
            catch (JsonException)
            {
                throw RequestRefusedException.BadRequest("The body is no JSON object.");
            }

            await CheckAsync(context, (given ?? []).ToDictionary(p => p.Key, p => p.Value?.ToString() ?? ""));
            await settings.SetAsync((given ?? []).ToDictionary(p => p.Key, p => p.Value), login, context.RequestAborted);
            await receivers.ApplyAsync(context.RequestAborted);
            return Results.Ok();
        });
        endpoints.MapMethods("/xapi/siteConfig/{name}", ["POST", "PUT"], async (HttpContext context, string name, SiteSettings settings, Vesalius.Import.ReceiverHost receivers) =>
        {
            var login = context.Administrator().Login;
            using var reader = new StreamReader(context.Request.Body);
            var text = await reader.ReadToEndAsync(context.RequestAborted);
            JsonNode value;
            try
            {
                value = JsonNode.Parse(text) ?? JsonValue.Create("");
            }
            catch (JsonException)
            {
                value = JsonValue.Create(text);
            }

            await CheckAsync(context, new Dictionary<string, string> { [name] = value.ToString() });
            await settings.SetAsync(name, value, login, context.RequestAborted);
            await receivers.ApplyAsync(context.RequestAborted);
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/plugins", () => Results.Json(new Dictionary<string, object>()));
        endpoints.MapGet("/xapi/plugins/{id}", IResult (string id) => throw RequestRefusedException.NotFound($"There is no plugin {id}."));
    }

    // Settings that would keep everything out, or nothing, are refused while their author is there.
    private static async Task CheckAsync(HttpContext context, IReadOnlyDictionary<string, string> given)
    {
        if (await context.RequestServices.GetRequiredService<Vesalius.Import.SeriesFilters>().FaultAsync(given, context.RequestAborted) is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }
    }

    private static SettingTier TierOf(Caller caller) =>
        caller.IsSiteAdministrator ? SettingTier.Administrator : caller.IsGuest ? SettingTier.Public : SettingTier.Authenticated;
}
