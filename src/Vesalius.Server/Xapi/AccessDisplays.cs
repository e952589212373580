using Vesalius.Access;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/access</c>, <c>/xapi/role</c>, <c>/xapi/themes</c> and addresses whose XNAT part is built in or empty here (xapi G.3, rest-api §22, §23).</summary>
internal static class AccessDisplays
{
    public static void MapAccessDisplays(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/access/projects", (HttpContext context, ProjectAccess access) => ProjectsAsync(context, access));
        endpoints.MapGet("/xapi/role/projects", (HttpContext context, ProjectAccess access) => ProjectsAsync(context, access));
        endpoints.MapGet("/xapi/access/{login}/projects", async (HttpContext context, string login, ProjectAccess access, UserDirectory users) =>
        {
            context.SelfOrAdministrator(login);
            var caller = await users.LoadCallerAsync(login, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such user that may sign in.");
            return Results.Json(await RolesAsync(caller, access, context.RequestAborted));
        });
        // Rights are read anew with each request: nothing is cached, so nothing has to be flushed.
        endpoints.MapGet("/xapi/access/cache/status", (HttpContext context) =>
        {
            context.Administrator();
            return Results.Json(new { cached = 0 });
        });
        endpoints.MapDelete("/xapi/access/cache/flush/{login?}", (HttpContext context) =>
        {
            context.Administrator();
            return Results.Ok();
        });
        endpoints.MapGet("/xapi/themes", (HttpContext context) =>
        {
            context.SignedIn();
            return Results.Json(Array.Empty<string>());
        });
        foreach (var address in (string[])["/xapi/themes/current", "/xapi/theme"])
        {
            endpoints.MapGet(address, (HttpContext context) =>
            {
                context.SignedIn();
                return Results.Json(new { name = "None", enabled = false });
            });
        }

        foreach (var kind in (string[])["scripts", "handlers", "triggers", "events", "runners", "templates", "workflows"])
        {
            endpoints.MapGet($"/data/automation/{kind}", (HttpContext context) =>
            {
                context.Administrator();
                return new TableResult(new ResultTable("id"));
            });
        }

        endpoints.MapGet("/xapi/pipelines/autoRun", (HttpContext context) =>
        {
            context.SignedIn();
            return Results.Json(false);
        });
    }

    private static async Task<IResult> ProjectsAsync(HttpContext context, ProjectAccess access) => Results.Json(await RolesAsync(context.SignedIn(), access, context.RequestAborted));

    private static async Task<Dictionary<string, string>> RolesAsync(Caller caller, ProjectAccess access, CancellationToken cancellationToken)
    {
        var roles = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var project in await access.ProjectsWithAsync(caller, ProjectRights.Read, ProjectPermissions.ProjectType, cancellationToken))
        {
            roles[project] = caller.ProjectRoles.TryGetValue(project, out var role) ? $"{role}s"
                : caller.ProjectGroups.ContainsKey(project) ? "Custom" : "Collaborators";
        }

        return roles;
    }
}
