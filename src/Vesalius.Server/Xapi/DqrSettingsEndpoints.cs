using Vesalius.Access;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/dqr/settings</c> (xapi A.2, A.3).</summary>
internal static class DqrSettingsEndpoints
{
    public static void MapDqrSettings(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/dqr/settings", async (HttpContext context, DqrSettings settings) =>
        {
            Require(DqrRights.SeesAll(context.SignedIn()));
            return Results.Content((await settings.AllAsync(context.RequestAborted)).ToJsonString(), "application/json");
        });
        endpoints.MapPost("/xapi/dqr/settings", async (HttpContext context, DqrSettings settings) =>
        {
            var caller = context.SignedIn();
            Require(caller.IsSiteAdministrator || caller.HasAllDataAdministration);
            if (await settings.SetAsync(await DqrRights.ObjectAsync(context), caller.Login, context.RequestAborted) is { } fault)
            {
                throw RequestRefusedException.BadRequest(fault);
            }

            await Scope.AuditAsync(context, "dqr.settings", "");
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/dqr/settings/project", async (HttpContext context, DqrProjects projects) =>
        {
            context.Administrator();
            return Results.Json((await projects.ListAsync(context.RequestAborted)).Select(View));
        });
        endpoints.MapPost("/xapi/dqr/settings/project", async (HttpContext context, DqrProjects projects) =>
        {
            context.Administrator();
            var body = await DqrRights.ObjectAsync(context);
            var project = body.Text("projectId") ?? throw RequestRefusedException.BadRequest("projectId is missing.");
            var made = await projects.CreateAsync(project, body.Flag("dqrEnabled") ?? body.Flag("enabled") ?? false, context.RequestAborted)
                ?? throw RequestRefusedException.Conflict("The project has a setting already.");
            await Scope.AuditAsync(context, "dqr.project", project);
            return Results.Json(View(made));
        });
        endpoints.MapGet("/xapi/dqr/settings/project/{project}", async (HttpContext context, string project, DqrProjects projects) =>
        {
            context.Administrator();
            return Results.Json(View(await projects.FindAsync(project, context.RequestAborted) ?? throw RequestRefusedException.NotFound($"The project {project} has no setting.")));
        });
        endpoints.MapGet("/xapi/dqr/settings/project/{project}/enabled", async (HttpContext context, string project) =>
        {
            context.SignedIn();
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read, invisible: 403);
            return Results.Json(await DqrRights.IsEnabledAsync(context, row.Id));
        });
        endpoints.MapPut("/xapi/dqr/settings/project/{project}", async (HttpContext context, string project, DqrProjects projects) =>
        {
            context.Administrator();
            var body = await DqrRights.ObjectAsync(context);
            var flag = body.Flag("enabled") ?? body.Flag("dqrEnabled") ?? throw RequestRefusedException.BadRequest("enabled is missing.");
            if (await projects.UpdateAsync(project, flag, context.RequestAborted) is not { } changed)
            {
                return Results.StatusCode(304);
            }

            await Scope.AuditAsync(context, "dqr.project", project);
            return Results.Json(View(changed));
        });
        endpoints.MapDelete("/xapi/dqr/settings/project/{project}", async (HttpContext context, string project, DqrProjects projects) =>
        {
            context.Administrator();
            if (!await projects.RemoveAsync(project, context.RequestAborted))
            {
                throw RequestRefusedException.NotFound($"The project {project} has no setting.");
            }

            await Scope.AuditAsync(context, "dqr.project", project);
            return Results.Json(true);
        });
    }

    private static void Require(bool isPermitted)
    {
        if (!isPermitted)
        {
            throw RequestRefusedException.Forbidden("This is for those with access to all data.");
        }
    }

    private static object View(DqrProject p) => new
    {
        id = p.Id, projectId = p.ProjectId, dqrEnabled = p.DqrEnabled, enabled = true, created = DqrRights.Milliseconds(p.Created), timestamp = DqrRights.Milliseconds(p.Timestamp), disabled = 0,
    };
}
