using Vesalius.Access;
using Vesalius.Anonymisation.Pixels;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/pixels</c>: each project's pixel rules and what it does about text in pixels (R15); shaped as <c>/xapi/anonymize</c>.</summary>
internal static class Pixels
{
    private const int MostCharacters = 1 << 20;

    public static void MapPixels(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/pixels/default", (HttpContext context) =>
        {
            context.SignedIn();
            return Results.Text(PixelRuleList.DefaultText);
        });
        endpoints.MapGet("/xapi/pixels/projects/{project}/rules", async (HttpContext context, string project, PixelCleaning pixels) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read, invisible: 403);
            return await pixels.RulesAsync(row.Id, context.RequestAborted) is { Contents.Length: > 0 } stored ? Results.Text(stored.Contents) : Results.NoContent();
        });
        endpoints.MapPut("/xapi/pixels/projects/{project}/rules", async (HttpContext context, string project, PixelCleaning pixels) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage, invisible: 403);
            try
            {
                await pixels.PutRulesAsync(row.Id, await BodyAsync(context), context.Caller().Login, context.RequestAborted);
            }
            catch (PixelRuleException e)
            {
                throw RequestRefusedException.BadRequest(e.Message);
            }

            await Scope.AuditAsync(context, "pixels.rules", row.Id);
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/pixels/projects/{project}/rules/enabled", async (HttpContext context, string project, PixelCleaning pixels) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read, invisible: 403);
            return Results.Json((await pixels.RulesAsync(row.Id, context.RequestAborted))?.Enabled ?? false);
        });
        endpoints.MapPut("/xapi/pixels/projects/{project}/rules/enabled", async (HttpContext context, string project, PixelCleaning pixels) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage, invisible: 403);
            var enabled = (context.Request.Query["enable"].FirstOrDefault() ?? (await BodyAsync(context)).Trim()) != "false";
            await pixels.EnableRulesAsync(row.Id, enabled, context.Caller().Login, context.RequestAborted);
            await Scope.AuditAsync(context, "pixels.rules.enable", row.Id);
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/pixels/projects/{project}/text", async (HttpContext context, string project, PixelCleaning pixels) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read, invisible: 403);
            return Results.Text((await pixels.TextAsync(row.Id, context.RequestAborted)).ToString().ToLowerInvariant());
        });
        endpoints.MapPut("/xapi/pixels/projects/{project}/text/{policy}", async (HttpContext context, string project, string policy, PixelCleaning pixels) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage, invisible: 403);
            if (!Enum.TryParse<TextPolicy>(policy, ignoreCase: true, out var wanted) || !Enum.IsDefined(wanted) || char.IsAsciiDigit(policy[0]))
            {
                throw RequestRefusedException.BadRequest("The policy is one of off, flag, quarantine, blank.");
            }

            await pixels.PutTextAsync(row.Id, wanted, context.Caller().Login, context.RequestAborted);
            await Scope.AuditAsync(context, "pixels.text", row.Id);
            return Results.Ok();
        });
    }

    private static async Task<string> BodyAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var buffer = new char[MostCharacters + 1];
        var read = await reader.ReadBlockAsync(buffer, context.RequestAborted);
        return read <= MostCharacters ? new string(buffer, 0, read) : throw RequestRefusedException.BadRequest("A rule list has at most 1,048,576 characters.");
    }
}
