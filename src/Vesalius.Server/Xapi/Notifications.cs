using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/notifications</c> and <c>/xapi/prefs</c> for administrators (xapi G.3). Passwords go in and never come out.</summary>
internal static class Notifications
{
    public static void MapNotifications(this IEndpointRouteBuilder endpoints)
    {
        foreach (var address in (string[])["/xapi/notifications", "/xapi/notifications/smtp"])
        {
            endpoints.MapGet(address, async (HttpContext context, Preferences preferences) =>
            {
                context.Administrator();
                return Json(await ViewAsync(preferences, MailOutbox.Tool, context.RequestAborted));
            });
            endpoints.MapMethods(address, ["POST", "PUT"], (HttpContext context, Preferences preferences) => SetAsync(context, preferences, MailOutbox.Tool));
        }

        endpoints.MapGet("/xapi/notifications/{name:regex(^(messages|notify|subscribers|allow|smtp)$)}/{kind}", (HttpContext context, string name, string kind, Preferences preferences) =>
            GetAsync(context, preferences, MailOutbox.Tool, name == "smtp" ? kind : $"{name}.{kind}"));
        endpoints.MapMethods("/xapi/notifications/{name:regex(^(messages|notify|subscribers|allow|smtp)$)}/{kind}", ["POST", "PUT"], (HttpContext context, string name, string kind, Preferences preferences) =>
            SetOneAsync(context, preferences, MailOutbox.Tool, name == "smtp" ? kind : $"{name}.{kind}"));
        endpoints.MapGet("/xapi/prefs", async (HttpContext context, Preferences preferences) =>
        {
            context.Administrator();
            return Results.Json(await preferences.ToolsAsync(context.RequestAborted));
        });
        endpoints.MapGet("/xapi/prefs/props/{tool}", async (HttpContext context, string tool, Preferences preferences) =>
        {
            context.Administrator();
            return Json(await ViewAsync(preferences, tool, context.RequestAborted));
        });
        endpoints.MapGet("/xapi/prefs/props/{tool}/{name}", (HttpContext context, string tool, string name, Preferences preferences) => GetAsync(context, preferences, tool, name));
        endpoints.MapPut("/xapi/prefs/props/{tool}/{name}", (HttpContext context, string tool, string name, Preferences preferences) => SetOneAsync(context, preferences, tool, name));
    }

    private static IResult Json(JsonObject json) => Results.Content(json.ToJsonString(), "application/json");

    private static bool IsSecret(string name) => name.Contains("password", StringComparison.OrdinalIgnoreCase) || name.Contains("secret", StringComparison.OrdinalIgnoreCase);

    private static async Task<JsonObject> ViewAsync(Preferences preferences, string tool, CancellationToken cancellationToken)
    {
        var all = await preferences.AllAsync(tool, cancellationToken);
        foreach (var name in all.Select(p => p.Key).Where(IsSecret).ToList())
        {
            all[name] = "";
        }

        if (tool == MailOutbox.Tool)
        {
            all.TryAdd("smtpEnabled", all["hostname"]?.ToString() is { Length: > 0 });
            all.TryAdd("hostname", "");
            all.TryAdd("port", 25);
        }

        return all;
    }

    private static async Task<IResult> GetAsync(HttpContext context, Preferences preferences, string tool, string name)
    {
        context.Administrator();
        var view = await ViewAsync(preferences, tool, context.RequestAborted);
        return view.TryGetPropertyValue(name, out var value) ? Results.Content(value?.ToJsonString() ?? "null", "application/json") : throw RequestRefusedException.NotFound("There is no such preference.");
    }

    private static async Task<IResult> SetAsync(HttpContext context, Preferences preferences, string tool)
    {
        var login = context.Administrator().Login;
        var given = await RequestJson.ReadAsync<JsonObject>(context);
        foreach (var (name, value) in given)
        {
            Check(name, value);
        }

        await preferences.SetAsync(tool, given.ToDictionary(p => p.Key, p => p.Value), login, context.RequestAborted);
        await Scope.AuditAsync(context, "preferences.set", tool);
        return Results.Ok();
    }

    private static async Task<IResult> SetOneAsync(HttpContext context, Preferences preferences, string tool, string name)
    {
        var login = context.Administrator().Login;
        var value = await RequestJson.ReadValueAsync(context);
        Check(name, value);
        await preferences.SetAsync(tool, new Dictionary<string, JsonNode?> { [name] = value }, login, context.RequestAborted);
        await Scope.AuditAsync(context, "preferences.set", $"{tool}/{name}");
        return Results.Ok();
    }

    private static void Check(string name, JsonNode? value)
    {
        if (name == "port" && (!int.TryParse(value?.ToString(), System.Globalization.CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535))
        {
            throw RequestRefusedException.BadRequest("port must be a number from 1 to 65535.");
        }

        if (name.Length is 0 or > 255 || name.Any(char.IsControl) || value?.ToJsonString().Contains("\\u0000", StringComparison.Ordinal) == true)
        {
            throw RequestRefusedException.BadRequest("This is no preference.");
        }
    }
}
