using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary><c>/data/projects</c> (rest-api §3).</summary>
internal static class Projects
{
    private static readonly Dictionary<string, ProjectRole> Groups = new(StringComparer.OrdinalIgnoreCase)
    {
        ["owner"] = ProjectRole.Owner, ["owners"] = ProjectRole.Owner, ["member"] = ProjectRole.Member, ["members"] = ProjectRole.Member,
        ["collaborator"] = ProjectRole.Collaborator, ["collaborators"] = ProjectRole.Collaborator,
    };

    public static void MapProjects(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/projects", ListAsync);
        endpoints.MapGet("/data/projects/{project}", GetAsync);
        endpoints.MapMethods("/data/projects/{project}", ["PUT", "POST"], (HttpContext context, string project) => PutAsync(context, project));
        endpoints.MapPost("/data/projects", (Delegate)((HttpContext context) => PutAsync(context, null)));
        endpoints.MapDelete("/data/projects/{project}", DeleteAsync);
        endpoints.MapGet("/data/projects/{project}/prearchive_code", async (HttpContext context, string project) =>
            Results.Text((await Scope.ProjectAsync(context, project, ProjectRights.Read)).PrearchiveCode.ToString(CultureInfo.InvariantCulture)));
        endpoints.MapGet("/data/projects/{project}/quarantine_code", async (HttpContext context, string project) =>
            Results.Text((await Scope.ProjectAsync(context, project, ProjectRights.Read)).QuarantineCode.ToString(CultureInfo.InvariantCulture)));
        endpoints.MapGet("/data/projects/{project}/current_arc", async (HttpContext context, string project) =>
        {
            await Scope.ProjectAsync(context, project, ProjectRights.Read);
            return Results.Text("arc001");
        });
        endpoints.MapPut("/data/projects/{project}/prearchive_code/{code}", async (HttpContext context, string project, string code, ProjectDirectory projects) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
            await projects.SetPrearchiveCodeAsync(row.Id, Code(code, 0, 4, 5), context.RequestAborted);
            return Results.Ok();
        });
        endpoints.MapPut("/data/projects/{project}/quarantine_code/{code}", async (HttpContext context, string project, string code, ProjectDirectory projects) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
            await projects.SetQuarantineCodeAsync(row.Id, Code(code, 0, 1), context.RequestAborted);
            return Results.Ok();
        });
        endpoints.MapGet("/data/projects/{project}/accessibility", async (HttpContext context, string project, ProjectAccess access) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Describe);
            return Results.Text((await access.AccessibilityAsync(row.Id, context.RequestAborted)).ToString()!.ToLowerInvariant());
        });
        endpoints.MapPut("/data/projects/{project}/accessibility/{level}", SetAccessibilityAsync);
        endpoints.MapGet("/data/projects/{project}/users", async (HttpContext context, string project) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Read);
            return await MembersAsync(context, row.Id);
        });
        endpoints.MapPut("/data/projects/{project}/users/{group}/{login}", (HttpContext context, string project, string group, string login) => SetMemberAsync(context, project, group, login));
        endpoints.MapDelete("/data/projects/{project}/users/{group}/{login}", (HttpContext context, string project, string group, string login) => RemoveMemberAsync(context, project, login));
        endpoints.MapDelete("/data/projects/{project}/users/{login}", RemoveMemberAsync);
    }

    private static int Code(string text, params int[] allowed) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var code) && allowed.Contains(code) ? code : throw RequestRefusedException.BadRequest($"The code must be one of {string.Join(", ", allowed)}.");

    private static async Task<IResult> ListAsync(HttpContext context, ProjectAccess access, ProjectDirectory projects)
    {
        var visible = await access.ProjectsWithAsync(context.Caller(), ProjectRights.Describe, context.RequestAborted);
        var rows = await projects.ListAsync(visible, context.RequestAborted);
        return Columns.Render(
            context, rows, Columns.Project, ["ID", "secondary_ID", "name", "description", "pi_firstname", "pi_lastname"], p => $"/data/projects/{p.Id}");
    }

    private static async Task<IResult> GetAsync(HttpContext context, string project, ArchiveBrowser browser)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Describe);
        var aliases = row.Aliases.Select(a => new Item("xnat:projectData_alias", new Dictionary<string, object?> { ["alias"] = a }, row.InsertDate, [])).ToList();
        return new ItemResult(new Item(
            "xnat:projectData",
            new Dictionary<string, object?>
            {
                ["ID"] = row.Id, ["secondary_ID"] = row.SecondaryId, ["name"] = row.Name, ["description"] = Null(row.Description), ["keywords"] = Null(row.Keywords),
                ["PI/firstname"] = Null(row.PiFirstname), ["PI/lastname"] = Null(row.PiLastname),
            },
            row.InsertDate, [("aliases/alias", aliases)]));
    }

    private static string? Null(string text) => text.Length == 0 ? null : text;

    private static async Task<IResult> PutAsync(HttpContext context, string? project)
    {
        var caller = context.SignedIn();
        var services = context.RequestServices;
        var fields = await RequestFields.ReadAsync(context);
        var id = project ?? fields["ID"] ?? throw new RequestRefusedException(417, "The request names no project ID.");
        if (fields["ID"] is { } named && named != id)
        {
            throw new RequestRefusedException(417, "The body names another project ID than the address.");
        }

        var projects = services.GetRequiredService<ProjectDirectory>();
        var settings = services.GetRequiredService<SiteSettings>();
        var existing = await projects.FindAsync(id, context.RequestAborted);
        if (existing is not null)
        {
            await Scope.ProjectAsync(context, existing.Id, ProjectRights.Manage, invisible: 403);
        }
        else
        {
            if (!Label.IsValid(id))
            {
                throw new RequestRefusedException(417, "A project ID has letters, digits, _ and - only, at most 64 of them.");
            }

            if (!caller.IsSiteAdministrator && !await settings.FlagAsync("uiAllowNonAdminProjectCreation", context.RequestAborted))
            {
                throw RequestRefusedException.Forbidden("Only administrators create projects here.");
            }
        }

        var level = Enum.TryParse<Accessibility>(context.Request.Query["accessibility"], ignoreCase: true, out var given) ? given : Accessibility.Private;
        var code = (int)await settings.NumberAsync("defaultProjectAutoArchiveSetting", context.RequestAborted);
        var change = await projects.PutAsync(existing?.Id ?? id, fields.Values, caller, level, code, context.RequestAborted);
        switch (change)
        {
            case ProjectChange.NameTaken:
                throw RequestRefusedException.Conflict("ID, running title, title or alias is another project's.");
            case ProjectChange.IdRetired:
                throw RequestRefusedException.Forbidden("This ID belonged to a project that was deleted; IDs are never used twice.");
            case ProjectChange.Updated when context.Request.Query.ContainsKey("accessibility"):
                await services.GetRequiredService<ProjectAccess>().SetAccessibilityAsync(existing!.Id, level, context.RequestAborted);
                break;
        }

        await Scope.AuditAsync(context, change == ProjectChange.Created ? "project.create" : "project.change", existing?.Id ?? id);
        if (project is not null)
        {
            return Results.Text(existing?.Id ?? id);
        }

        var url = $"{context.Request.Scheme}://{context.Request.Host}/data/projects/{id}";
        context.Response.Headers.Location = url;
        return Results.Text(url);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string project, ProjectDirectory projects, ArchiveLayout layout)
    {
        context.SignedIn();
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Delete);
        await projects.DeleteAsync(row.Id, context.RequestAborted);
        if (context.Request.Query["removeFiles"] == "true" && Directory.Exists(layout.Project(row.Id)))
        {
            Directory.Delete(layout.Project(row.Id), recursive: true);
        }

        await Scope.AuditAsync(context, "project.delete", row.Id);
        return Results.Ok();
    }

    private static async Task<IResult> SetAccessibilityAsync(HttpContext context, string project, string level, ProjectAccess access, SiteSettings settings)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        if (!Enum.TryParse<Accessibility>(level, ignoreCase: true, out var wanted))
        {
            throw RequestRefusedException.BadRequest("The level must be private, protected or public.");
        }

        if (wanted != Accessibility.Private && !await settings.FlagAsync("securityAllowNonPrivateProjects", context.RequestAborted))
        {
            throw RequestRefusedException.Forbidden("This site has private projects only.");
        }

        await access.SetAccessibilityAsync(row.Id, wanted, context.RequestAborted);
        await Scope.AuditAsync(context, $"project.accessibility.{wanted}", row.Id);
        return Results.Ok();
    }

    private static async Task<IResult> MembersAsync(HttpContext context, string projectId)
    {
        var table = new ResultTable("GROUP_ID", "displayname", "login", "firstname", "lastname", "email");
        foreach (var member in await context.RequestServices.GetRequiredService<ProjectAccess>().MembersAsync(projectId, context.RequestAborted))
        {
            table.Add(member.GroupId, member.GroupName, member.Login, member.FirstName, member.LastName, member.Email);
        }

        return new TableResult(table);
    }

    private static async Task<IResult> SetMemberAsync(HttpContext context, string project, string group, string logins)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        var name = group.StartsWith(row.Id + "_", StringComparison.Ordinal) ? group[(row.Id.Length + 1)..] : group;
        if (!Groups.TryGetValue(name, out var role))
        {
            throw RequestRefusedException.NotFound("There is no such group in the project.");
        }

        var users = context.RequestServices.GetRequiredService<UserDirectory>();
        foreach (var login in logins.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (login == "guest")
            {
                throw new RequestRefusedException(412, "The guest cannot be a member.");
            }

            if (await users.FindAsync(login, context.RequestAborted) is null)
            {
                throw RequestRefusedException.NotFound("There is no such user.");
            }

            await context.RequestServices.GetRequiredService<ProjectAccess>().SetMemberAsync(row.Id, login, role, context.RequestAborted);
            await Scope.AuditAsync(context, $"project.member.{role}", $"{row.Id}/{login}");
        }

        return await MembersAsync(context, row.Id);
    }

    private static async Task<IResult> RemoveMemberAsync(HttpContext context, string project, string login)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        if (await context.RequestServices.GetRequiredService<ProjectAccess>().RemoveMemberAsync(row.Id, login, context.RequestAborted) == 0)
        {
            throw RequestRefusedException.NotFound("The user is no member of the project.");
        }

        await Scope.AuditAsync(context, "project.member.remove", $"{row.Id}/{login}");
        return await MembersAsync(context, row.Id);
    }
}
