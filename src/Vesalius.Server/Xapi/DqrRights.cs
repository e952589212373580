using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Who may use query-retrieve (xapi A.1), and how its requests are read.</summary>
internal static class DqrRights
{
    private const string Role = "Dqr";

    /// <summary>The caller, who must be an administrator, have the role <c>Dqr</c>, or be signed in where everybody may.</summary>
    public static async Task<Caller> UserAsync(HttpContext context)
    {
        var caller = context.SignedIn();
        if (caller.IsSiteAdministrator)
        {
            return caller;
        }

        var services = context.RequestServices;
        return (await services.GetRequiredService<DqrSettings>().ReadAsync(context.RequestAborted)).AllUsers
            || (await services.GetRequiredService<UserDirectory>().RolesAsync(caller.Login, context.RequestAborted)).Contains(Role)
            ? caller : throw RequestRefusedException.Forbidden("This needs the role Dqr.");
    }

    /// <summary>True for those who see everybody's requests.</summary>
    public static bool SeesAll(Caller caller) => caller.IsSiteAdministrator || caller.HasAllDataAccess || caller.HasAllDataAdministration;

    /// <summary>Checks that a caller may import into a project. A project that does not exist is let pass, as XNAT does: its data lands unassigned.</summary>
    public static async Task CheckTargetAsync(HttpContext context, Caller caller, string projectId)
    {
        var services = context.RequestServices;
        if (await services.GetRequiredService<ProjectDirectory>().FindAsync(projectId, context.RequestAborted) is not { } project)
        {
            return;
        }

        var rights = await services.GetRequiredService<ProjectAccess>().RightsAsync(caller, project.Id, context.RequestAborted);
        if (!rights.HasFlag(ProjectRights.Edit))
        {
            throw RequestRefusedException.Forbidden("You may not import into this project.");
        }

        if (!await IsEnabledAsync(context, project.Id))
        {
            throw RequestRefusedException.Forbidden("Query-retrieve is not enabled for this project.");
        }
    }

    /// <summary>True if a project may be imported into.</summary>
    public static async Task<bool> IsEnabledAsync(HttpContext context, string projectId) =>
        (await context.RequestServices.GetRequiredService<DqrSettings>().ReadAsync(context.RequestAborted)).AllProjects
        || await context.RequestServices.GetRequiredService<DqrProjects>().FindAsync(projectId, context.RequestAborted) is { DqrEnabled: true };

    /// <summary>The PACS named, or the default one.</summary>
    public static async Task<Pacs> PacsAsync(HttpContext context, long? id) =>
        await context.RequestServices.GetRequiredService<PacsDirectory>().ChooseAsync(id, context.RequestAborted)
        ?? throw RequestRefusedException.NotFound(id is null or 0 ? "There is no default PACS." : $"There is no PACS {id}.");

    /// <summary>The JSON object of a body.</summary>
    public static async Task<JsonObject> ObjectAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<JsonNode>(context.Request.Body, cancellationToken: context.RequestAborted) as JsonObject
                ?? throw RequestRefusedException.BadRequest("The body must be a JSON object.");
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is not JSON.");
        }
    }

    /// <summary>Text of a field, whatever it is written as; null if it is missing or blank.</summary>
    public static string? Text(this JsonObject body, string name) => body[name] is JsonValue value && value.ToString().Trim() is { Length: > 0 } text ? text : null;

    /// <summary>A whole number, which may be written as text; null if it is missing.</summary>
    public static long? Number(this JsonObject body, string name) => body.Text(name) is not { } text ? null
        : long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : throw RequestRefusedException.BadRequest($"{name} must be a whole number.");

    /// <summary>A truth value, which may be written as text; null if it is missing.</summary>
    public static bool? Flag(this JsonObject body, string name) => body.Text(name)?.ToLowerInvariant() switch
    {
        null => null, "true" => true, "false" => false, _ => throw RequestRefusedException.BadRequest($"{name} must be true or false."),
    };

    /// <summary>Milliseconds since 1970, as XNAT's entities have them.</summary>
    public static long Milliseconds(DateTime at) => new DateTimeOffset(at.ToUniversalTime()).ToUnixTimeMilliseconds();
}
