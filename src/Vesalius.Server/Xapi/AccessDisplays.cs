using Vesalius.Access;
using Vesalius.Archive.Types;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/access</c>, <c>/xapi/role</c>, <c>/xapi/themes</c> and addresses whose XNAT part is built in or empty here (xapi G.3, rest-api §22, §23).</summary>
internal static class AccessDisplays
{
    private static readonly Dictionary<string, ProjectRights> Displays = new(StringComparer.Ordinal)
    {
        ["browseable"] = ProjectRights.Read, ["readable"] = ProjectRights.Read, ["createable"] = ProjectRights.Create, ["editable"] = ProjectRights.Edit,
        ["creatable"] = ProjectRights.Create, ["browseableCreateable"] = ProjectRights.Create, ["browseableCreatable"] = ProjectRights.Create,
        ["searchable"] = ProjectRights.Read, ["searchableByDesc"] = ProjectRights.Read, ["searchableByPluralDesc"] = ProjectRights.Read,
    };

    public static void MapAccessDisplays(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/access/displays", (HttpContext context) =>
        {
            context.SignedIn();
            return Results.Json(Displays.Keys);
        });
        // When what the caller may do was last looked at: with every request, so nothing that a client keeps is newer.
        endpoints.MapGet("/xapi/access/displays/modified", (HttpContext context, TimeProvider time) =>
        {
            context.SignedIn();
            return Results.Json(time.GetUtcNow().ToUnixTimeMilliseconds());
        });
        endpoints.MapGet("/xapi/access/displays/{access}", (HttpContext context, string access, TypeModel model, ProjectAccess projects) => DisplaysAsync(context, context.SignedIn(), access, model, projects));
        endpoints.MapGet("/xapi/access/{login}/displays/modified", async (HttpContext context, string login, UserDirectory users, TimeProvider time) =>
        {
            await UserAsync(context, login, users);
            return Results.Json(time.GetUtcNow().ToUnixTimeMilliseconds());
        });
        endpoints.MapGet("/xapi/access/{login}/displays/{access}", async (HttpContext context, string login, string access, TypeModel model, ProjectAccess projects, UserDirectory users) =>
            await DisplaysAsync(context, await UserAsync(context, login, users), access, model, projects));
        endpoints.MapGet("/xapi/access/permissions/group/{project}", GroupPermissionsAsync);
        // The rights of owners, members and collaborators are part of the program: none can be irregular.
        endpoints.MapGet("/xapi/access/permissions/irregular/find", (HttpContext context) =>
        {
            context.Administrator();
            return Results.Json(Array.Empty<string>());
        });
        endpoints.MapPost("/xapi/access/permissions/irregular/fix", (HttpContext context) =>
        {
            context.Administrator();
            return Results.NoContent();
        });
        endpoints.MapGet("/xapi/role/displays/createable", (HttpContext context, TypeModel model, ProjectAccess access) => DisplaysAsync(context, context.SignedIn(), "createable", model, access));
        endpoints.MapGet("/xapi/access/projects", (HttpContext context, ProjectAccess access) => ProjectsAsync(context, access));
        endpoints.MapGet("/xapi/role/projects", (HttpContext context, ProjectAccess access) => ProjectsAsync(context, access));
        endpoints.MapGet("/xapi/access/{login}/projects", async (HttpContext context, string login, ProjectAccess access, UserDirectory users) =>
        {
            var caller = await UserAsync(context, login, users);
            return Results.Json(await RolesAsync(caller, access, context.RequestAborted));
        });
        // Rights are read anew with each request: nothing is cached, so nothing has to be flushed.
        endpoints.MapGet("/xapi/access/cache/status", (HttpContext context) =>
        {
            context.Administrator();
            return Results.Json(new { cached = 0 });
        });
        endpoints.MapMethods("/xapi/access/cache/flush/{login?}", ["DELETE", "POST"], (HttpContext context, string? login) =>
        {
            context.SelfOrAdministrator(login ?? context.SignedIn().Login);
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
            endpoints.MapGet($"/data/projects/{{project}}/automation/{kind}", async (HttpContext context, string project) =>
            {
                await Scope.ProjectAsync(context, project, ProjectRights.Manage);
                return new TableResult(new ResultTable("id"));
            });
        }

        endpoints.MapGet("/xapi/pipelines/autoRun", (HttpContext context) =>
        {
            context.SignedIn();
            return Results.Json(false);
        });
    }

    private static async Task<Caller> UserAsync(HttpContext context, string login, UserDirectory users)
    {
        context.SelfOrAdministrator(login);
        return await users.LoadCallerAsync(login, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such user that may sign in.");
    }

    // What each group of a project may do with each type.
    private static async Task<IResult> GroupPermissionsAsync(HttpContext context, string project, TypeModel model, ProjectGroups groups)
    {
        context.Administrator();
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Read);
        var types = model.Types.Where(t => t is { IsAbstract: false, ElementName: not null, Family: ObjectFamily.Project or ObjectFamily.Subject or ObjectFamily.Experiment }).Select(t => t.Name).ToList();
        var rows = new List<object>();
        foreach (var group in await groups.ListAsync(row.Id, context.RequestAborted))
        {
            var rights = group.IsCustom
                ? (await groups.RightsAsync(group.GroupId, context.RequestAborted)).Select(r => (r.DataType, r.Read, r.Edit, r.Delete))
                : types.Select(t => (DataType: t, Rights: OfRole(group, row.Id, t))).Select(t => (t.DataType, t.Rights.HasFlag(ProjectRights.Read), t.Rights.HasFlag(ProjectRights.Edit), t.Rights.HasFlag(ProjectRights.Delete)));
            rows.AddRange(rights.Select(r => new { groupId = group.GroupId, displayName = group.DisplayName, elementName = r.Item1, read = r.Item2, edit = r.Item3, delete = r.Item4 }));
        }

        return Results.Json(rows);
    }

    private static ProjectRights OfRole(ProjectGroup group, string projectId, string type)
    {
        var member = Caller.Guest with { IsGuest = false, ProjectRoles = ProjectAccess.RoleOf(projectId, group.GroupId) is { } role ? new Dictionary<string, ProjectRole> { [projectId] = role } : [] };
        return ProjectPermissions.Decide(member, projectId, Accessibility.Private, type);
    }

    // The types that the caller may use so in at least one project.
    private static async Task<IResult> DisplaysAsync(HttpContext context, Caller caller, string access, TypeModel model, ProjectAccess projects)
    {
        if (!Displays.TryGetValue(access, out var needed))
        {
            throw RequestRefusedException.NotFound("There are no displays of this name.");
        }

        var types = model.Types.Where(t => t is { IsAbstract: false, ElementName: not null, Family: ObjectFamily.Project or ObjectFamily.Subject or ObjectFamily.Experiment }).ToList();
        var ofEveryType = caller.IsSiteAdministrator || (await projects.ProjectsWithAsync(caller, needed, context.RequestAborted)).Count > 0;
        var usable = new List<DataType>();
        foreach (var type in types)
        {
            if (ofEveryType || (await projects.ProjectsWithAsync(caller, needed, type.Name, context.RequestAborted)).Count > 0)
            {
                usable.Add(type);
            }
        }

        var ordered = access == "searchableByPluralDesc" ? usable.OrderBy(t => t.Plural, StringComparer.Ordinal) : access == "searchableByDesc" ? usable.OrderBy(t => t.Singular, StringComparer.Ordinal) : usable.AsEnumerable();
        return Results.Json(ordered.Select(t => new { elementName = t.Name, singular = t.Singular, plural = t.Plural }));
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
