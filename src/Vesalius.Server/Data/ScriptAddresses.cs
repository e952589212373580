using Vesalius.Access;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;
using Vesalius.Server.Xapi;

namespace Vesalius.Server.Data;

/// <summary>Scripts by their oldest addresses, <c>/data/config/edit/…/image/dicom/script</c> and <c>/status</c> (rest-api W8); the scripts are those of <c>/xapi/anonymize</c>.</summary>
internal static class ScriptAddresses
{
    public static void MapScriptAddresses(this IEndpointRouteBuilder endpoints)
    {
        foreach (var start in (string[])["/data/config/edit/image/dicom", "/data/config/edit/projects/{project}/image/dicom"])
        {
            endpoints.MapGet(start + "/script", async (HttpContext context, ScriptLibrary scripts) =>
            {
                var project = await ProjectAsync(context, ProjectRights.Read);
                var text = project is null ? await scripts.SiteTextAsync(context.RequestAborted) : (await scripts.ProjectAsync(project, context.RequestAborted))?.Contents;
                return One("script", text ?? "");
            });
            endpoints.MapPut(start + "/script", async (HttpContext context, ScriptLibrary scripts) =>
            {
                await Receiving.PutScriptAsync(context, scripts, await ProjectAsync(context, ProjectRights.Manage));
                return Results.Ok();
            });
            endpoints.MapGet(start + "/status", async (HttpContext context, ScriptLibrary scripts) =>
            {
                var project = await ProjectAsync(context, ProjectRights.Read);
                var enabled = project is null ? await scripts.SiteEnabledAsync(context.RequestAborted) : (await scripts.ProjectAsync(project, context.RequestAborted))?.Enabled ?? false;
                return One("edit", enabled ? "true" : "false");
            });
            endpoints.MapPut(start + "/status", async (HttpContext context, ScriptLibrary scripts) =>
            {
                var project = await ProjectAsync(context, ProjectRights.Manage);
                if (!bool.TryParse(context.Request.Query["activate"], out var enabled))
                {
                    throw RequestRefusedException.BadRequest("activate must be true or false.");
                }

                await (project is null ? scripts.EnableSiteAsync(enabled, context.Caller().Login, context.RequestAborted) : scripts.EnableProjectAsync(project, enabled, context.Caller().Login, context.RequestAborted));
                await Scope.AuditAsync(context, project is null ? "anonymisation.site.enable" : "anonymisation.project.enable", project ?? "");
                return Results.Ok();
            });
        }
    }

    private static TableResult One(string column, string value)
    {
        var table = new ResultTable(column);
        table.Add(value);
        return new TableResult(table);
    }

    // Null is the site; its scripts are read by everybody who has signed in and written by administrators.
    private static async Task<string?> ProjectAsync(HttpContext context, ProjectRights needed)
    {
        if (Experiments.Route(context, "project") is { } project)
        {
            return (await Scope.ProjectAsync(context, project, needed, invisible: needed == ProjectRights.Read ? 404 : 403)).Id;
        }

        _ = needed == ProjectRights.Read ? context.SignedIn() : context.Administrator();
        return null;
    }
}
