using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Lists;
using Vesalius.Archive.ProjectEnds;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;
using Vesalius.Server.Xapi;

namespace Vesalius.Server.Data;

/// <summary><c>/data/projects</c> (rest-api §3).</summary>
internal static class Projects
{
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
            Results.Text((await Scope.ProjectAsync(context, project, ProjectRights.Read)).CurrentArc));
        endpoints.MapPut("/data/projects/{project}/current_arc/{arc}", async (HttpContext context, string project, string arc, ProjectDirectory projects) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
            await projects.SetCurrentArcAsync(row.Id, Label.IsValid(arc) ? arc : throw RequestRefusedException.BadRequest("The name is no folder's."), context.RequestAborted);
            return Results.Ok();
        });
        endpoints.MapPut("/data/projects/{project}/prearchive_code/{code}", async (HttpContext context, string project, string code, ProjectDirectory projects) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
            var wanted = Code(code, 0, 4, 5);
            if (wanted != 0 && !await context.RequestServices.GetRequiredService<SiteSettings>().FlagAsync("projectAllowAutoArchive", context.RequestAborted))
            {
                throw RequestRefusedException.Forbidden("This site archives by hand only.");
            }

            await projects.SetPrearchiveCodeAsync(row.Id, wanted, context.RequestAborted);
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
    }

    private static int Code(string text, params int[] allowed) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var code) && allowed.Contains(code) ? code : throw RequestRefusedException.BadRequest($"The code must be one of {string.Join(", ", allowed)}.");

    private static async Task<IResult> ListAsync(HttpContext context, ProjectAccess access)
    {
        if (ProjectLists.Asks(context))
        {
            return await ProjectLists.AnswerAsync(context);
        }

        var wanted = context.Request.Query["restrict"].ToString() switch
        {
            "edit" => ProjectRights.Edit,
            "delete" => ProjectRights.Delete,
            _ => ProjectRights.Describe,
        };
        var visible = await access.ProjectsWithAsync(context.Caller(), wanted, context.RequestAborted);
        return await Lists.AnswerAsync(
            context, ListKind.Project, "xnat:projectData", new ListScope(new Visibility(false, visible, [])),
            ["ID", "secondary_ID", "name", "description", "pi_firstname", "pi_lastname"]);
    }

    private static async Task<IResult> GetAsync(HttpContext context, string project, ItemLoader loader)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Describe);
        var item = await loader.ProjectAsync(row.Id, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such project.");
        if (ItemRequest.Flag(context, "includeHistory"))
        {
            await Scope.ProjectAsync(context, row.Id, ProjectRights.Read);
        }

        return await ItemResult.OfAsync(context, item, "project", row.Id);
    }

    /// <summary>Makes or changes the project as the request says.</summary>
    public static async Task<IResult> PutAsync(HttpContext context, string? project)
    {
        var caller = context.SignedIn();
        var services = context.RequestServices;
        var request = await ItemRequest.ReadAsync(context);
        var type = services.GetRequiredService<TypeModel>().Find("xnat:projectData")!;
        if (request.TypeOr(type)?.Family != ObjectFamily.Project)
        {
            throw new RequestRefusedException(417, "The body describes no project.");
        }

        var input = request.Bind(type, "project");
        var named = input.Take("ID");
        var id = project ?? named ?? throw new RequestRefusedException(417, "The request names no project ID.");
        var projects = services.GetRequiredService<ProjectDirectory>();
        var settings = services.GetRequiredService<SiteSettings>();
        var existing = await projects.FindAsync(id, context.RequestAborted);
        if (named is not null && named != id && named != existing?.Id)
        {
            throw new RequestRefusedException(417, "The body names another project ID than the address.");
        }

        if (existing is not null && project is null && !await MayManageAsync(context, existing.Id))
        {
            throw RequestRefusedException.Conflict("ID, running title, title or alias is another project's.");
        }

        if (existing is not null)
        {
            await Scope.ProjectAsync(context, existing.Id, ProjectRights.Manage, invisible: 403);
            if (project is null)
            {
                throw RequestRefusedException.Conflict("A project with this ID exists.");
            }
        }
        else
        {
            await CheckCreationAsync(context, id, caller, settings);
        }

        var level = Level(context) ?? (Enum.TryParse<Accessibility>(await settings.TextAsync("securityNewProjectAccessibility", context.RequestAborted), ignoreCase: true, out var usual) ? usual : Accessibility.Private);
        if (level != Accessibility.Private && !await settings.FlagAsync("securityAllowNonPrivateProjects", context.RequestAborted))
        {
            throw RequestRefusedException.Forbidden("This site has private projects only.");
        }

        var code = (int)await settings.NumberAsync("defaultProjectAutoArchiveSetting", context.RequestAborted);
        var change = await projects.PutAsync(existing?.Id ?? id, input, caller, level, code, ItemRequest.Event(context), context.RequestAborted);
        switch (change)
        {
            case ProjectChange.NameTaken:
                throw RequestRefusedException.Conflict("ID, running title, title or alias is another project's.");
            case ProjectChange.IdRetired:
                throw RequestRefusedException.Forbidden("This ID belonged to a project that was deleted; IDs are never used twice.");
            case ProjectChange.Updated when Level(context) is { } wanted:
                await services.GetRequiredService<ProjectAccess>().SetAccessibilityAsync(existing!.Id, wanted, context.RequestAborted);
                break;
        }

        await ObjectStatus.ApplyAsync(context, "project", existing?.Id ?? id, existing?.Id ?? id, existing?.Status ?? "active");
        await Scope.AuditAsync(context, change == ProjectChange.Created ? "project.create" : "project.change", existing?.Id ?? id);
        return project is not null ? Results.Text(existing?.Id ?? id) : await Scope.MadeAsync(context, $"/data/projects/{id}");
    }

    private static async Task<bool> MayManageAsync(HttpContext context, string project) =>
        (await context.RequestServices.GetRequiredService<ProjectAccess>().RightsAsync(context.Caller(), project, context.RequestAborted)).HasFlag(ProjectRights.Manage);

    private static async Task CheckCreationAsync(HttpContext context, string id, Caller caller, SiteSettings settings)
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

    private static Accessibility? Level(HttpContext context)
    {
        var text = context.Request.Query["accessibility"].ToString();
        return text.Length == 0 ? null
            : text.All(char.IsAsciiLetter) && Enum.TryParse<Accessibility>(text, ignoreCase: true, out var level) ? level : throw RequestRefusedException.BadRequest("The level must be private, protected or public.");
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string project, ProjectEnds ends)
    {
        var end = await ProjectEndEndpoints.EndAsync(context, project, ends, keepsFiles: !ItemRequest.Flag(context, "removeFiles"), ItemRequest.Event(context));
        context.Response.Headers.Append("X-Proof-Report", $"/xapi/project-ends/{end.Id}");
        return Results.Ok();
    }

    private static async Task<IResult> SetAccessibilityAsync(HttpContext context, string project, string level, ProjectAccess access, SiteSettings settings)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        if (!level.All(char.IsAsciiLetter) || !Enum.TryParse<Accessibility>(level, ignoreCase: true, out var wanted))
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
}
