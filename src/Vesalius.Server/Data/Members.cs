using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Members of projects and invitations (rest-api G1 to G4, G9 to G11).</summary>
internal static class Members
{
    public static void MapMembers(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/projects/{project}/users", (HttpContext context, string project) => ListAsync(context, project, disabledToo: false));
        endpoints.MapGet("/data/projects/{project}/users/true", (HttpContext context, string project) => ListAsync(context, project, disabledToo: true));
        endpoints.MapPut("/data/projects/{project}/users/{group}/{users}", SetAsync);
        endpoints.MapDelete("/data/projects/{project}/users/{group}/{users}", RemoveAsync);
        endpoints.MapDelete("/data/projects/{project}/users/{users}", (HttpContext context, string project, string users) => RemoveAsync(context, project, null, users));
        endpoints.MapGet("/data/projects/{project}/pars", async (HttpContext context, string project, Invitations invitations) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
            return Table(await invitations.OfProjectAsync(row.Id, context.RequestAborted));
        });
        endpoints.MapDelete("/data/projects/{project}/pars/{id:long}", WithdrawAsync);
        endpoints.MapGet("/data/pars", async (HttpContext context, Invitations invitations) => Table(await invitations.OfUserAsync(context.SignedIn().Login, context.RequestAborted)));
        endpoints.MapGet("/data/pars/{id:long}", async (HttpContext context, long id, Invitations invitations) =>
            Table([await invitations.FindAsync(id, context.SignedIn().Login, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such invitation.")]));
        endpoints.MapPut("/data/pars/{id:long}", DecideAsync);
    }

    /// <summary>The project whose description and member list the caller may read: a member of a custom group may, whatever the types of its rights.</summary>
    public static async Task<Project> ReadableProjectAsync(HttpContext context, string project)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Describe);
        var rights = await context.RequestServices.GetRequiredService<ProjectAccess>().RightsAsync(context.Caller(), row.Id, ProjectPermissions.ProjectType, context.RequestAborted);
        return rights.HasFlag(ProjectRights.Read) || rights.HasFlag(ProjectRights.Manage) ? row : throw RequestRefusedException.Forbidden("The members of this project are not yours to see.");
    }

    private static async Task<IResult> ListAsync(HttpContext context, string project, bool disabledToo)
    {
        var services = context.RequestServices;
        // Of a public project, too: names and addresses of people are for those who said who they are.
        context.SignedIn();
        var row = await ReadableProjectAsync(context, project);
        if (await services.GetRequiredService<SiteSettings>().FlagAsync("restrictUserListAccessToAdmins", context.RequestAborted)
            && !(await services.GetRequiredService<ProjectAccess>().RightsAsync(context.Caller(), row.Id, context.RequestAborted)).HasFlag(ProjectRights.Manage))
        {
            throw RequestRefusedException.Forbidden("Lists of users are for administrators and owners here.");
        }

        return await TableAsync(context, row.Id, disabledToo);
    }

    private static async Task<IResult> TableAsync(HttpContext context, string projectId, bool disabledToo)
    {
        var services = context.RequestServices;
        var table = new ResultTable("GROUP_ID", "displayname", "login", "firstname", "lastname", "email");
        foreach (var member in await services.GetRequiredService<ProjectAccess>().MembersAsync(projectId, context.RequestAborted))
        {
            if (member.Enabled || disabledToo)
            {
                table.Add(member.GroupId, member.GroupName, member.Login, member.FirstName, member.LastName, member.Email);
            }
        }

        if (context.Request.Query["includeAllDataAccess"] == "true")
        {
            var users = services.GetRequiredService<UserDirectory>();
            foreach (var user in await users.ListAsync(context.RequestAborted))
            {
                foreach (var group in (await users.GroupsAsync(user.Login, context.RequestAborted)).Where(ProjectGroups.IsOfSite))
                {
                    table.Add(group, group == "ALL_DATA_ADMIN" ? "All Data Admin" : "All Data Access", user.Login, user.FirstName, user.LastName, user.Email);
                }
            }
        }

        return new TableResult(table);
    }

    private static IResult Table(IReadOnlyList<Invitation> invitations)
    {
        var table = new ResultTable("par_id", "proj_id", "level", "email", "create_date", "create_user", "approval_date");
        foreach (var i in invitations)
        {
            table.Add(
                i.Id.ToString(CultureInfo.InvariantCulture), i.ProjectId, i.GroupId, i.Email, Columns.Timestamp(i.Created), i.CreatedBy, i.Decided is { } decided ? Columns.Timestamp(decided) : null);
        }

        return new TableResult(table);
    }

    /// <summary>The ID of a group that is named by ID, by the part of it after the project, or as it is shown (rest-api §1.3).</summary>
    /// <exception cref="RequestRefusedException">404: the project has no such group.</exception>
    public static async Task<string> GroupAsync(HttpContext context, string projectId, string group)
    {
        var all = await context.RequestServices.GetRequiredService<ProjectGroups>().ListAsync(projectId, context.RequestAborted);
        return (all.FirstOrDefault(g => g.GroupId == group || g.GroupId == $"{projectId}_{group}")
            ?? all.FirstOrDefault(g => g.DisplayName.Equals(group, StringComparison.OrdinalIgnoreCase) || g.GroupId.Equals($"{projectId}_{group}", StringComparison.OrdinalIgnoreCase)))?.GroupId
            ?? throw RequestRefusedException.NotFound("There is no such group in the project.");
    }

    // {U} is a login, a number or an e-mail address.
    private static async Task<UserAccount?> UserAsync(HttpContext context, string name)
    {
        var users = context.RequestServices.GetRequiredService<UserDirectory>();
        return await users.FindAsync(name, context.RequestAborted)
            ?? (long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? await users.FindAsync(id, context.RequestAborted) : null)
            ?? (name.Contains('@', StringComparison.Ordinal) && await users.FindByEmailAsync(name, context.RequestAborted) is [var only] ? only : null);
    }

    private static string[] Names(string users) => users.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static async Task<IResult> SetAsync(HttpContext context, string project, string group, string users)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        var groupId = await GroupAsync(context, row.Id, group);
        var found = new List<(string Name, UserAccount? User)>();
        foreach (var name in Names(users))
        {
            var user = await UserAsync(context, name);
            if (user?.Login == "guest")
            {
                throw new RequestRefusedException(412, "The guest cannot be a member.");
            }

            if (user is null && !EmailAddress.IsValid(name))
            {
                throw RequestRefusedException.NotFound("There is no such user.");
            }

            found.Add((name, user));
        }

        foreach (var (name, user) in found)
        {
            await PlaceAsync(context, row, groupId, name, user);
        }

        return await TableAsync(context, row.Id, disabledToo: false);
    }

    private static async Task PlaceAsync(HttpContext context, Project project, string groupId, string name, UserAccount? user)
    {
        var services = context.RequestServices;
        if (user is null)
        {
            var id = await services.GetRequiredService<Invitations>().CreateAsync(project.Id, groupId, name, context.Caller().Login, context.RequestAborted);
            await services.GetRequiredService<Letters>().InviteAsync(name, project.Id, context.RequestAborted);
            await Scope.AuditAsync(context, "project.invite", $"{project.Id}/{groupId}/{id}");
            return;
        }

        await services.GetRequiredService<ProjectAccess>().SetGroupAsync(project.Id, user.Login, groupId, context.RequestAborted);
        await Scope.AuditAsync(context, "project.member.set", $"{groupId}/{user.Login}");
        if (context.Request.Query["sendemail"] == "true")
        {
            await services.GetRequiredService<Letters>().JoinedAsync(user, project.Id, context.RequestAborted);
        }
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, string project, string? group, string users)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        var groupId = group is null ? null : await GroupAsync(context, row.Id, group);
        var access = context.RequestServices.GetRequiredService<ProjectAccess>();
        var members = await access.MembersAsync(row.Id, context.RequestAborted);
        foreach (var name in Names(users))
        {
            var login = (await UserAsync(context, name))?.Login;
            if (members.FirstOrDefault(m => m.Login == login && (groupId is null || m.GroupId == groupId)) is null)
            {
                throw RequestRefusedException.NotFound("The user is no member of the project.");
            }

            await access.RemoveMemberAsync(row.Id, login!, context.RequestAborted);
            await Scope.AuditAsync(context, "project.member.remove", $"{row.Id}/{login}");
        }

        return await TableAsync(context, row.Id, disabledToo: false);
    }

    private static async Task<IResult> WithdrawAsync(HttpContext context, string project, long id, Invitations invitations)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        if (!await invitations.WithdrawAsync(row.Id, id, context.RequestAborted))
        {
            throw RequestRefusedException.NotFound("There is no such open invitation.");
        }

        await Scope.AuditAsync(context, "project.invitation.withdraw", $"{row.Id}/{id}");
        return Results.Ok();
    }

    private static async Task<IResult> DecideAsync(HttpContext context, long id, Invitations invitations)
    {
        var login = context.SignedIn().Login;
        var invitation = await invitations.FindAsync(id, login, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such invitation.");
        var (accept, decline) = (context.Request.Query.ContainsKey("accept"), context.Request.Query.ContainsKey("decline"));
        if (accept == decline)
        {
            throw RequestRefusedException.BadRequest("Say accept or decline.");
        }

        if (!await invitations.DecideAsync(invitation, login, accept, context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("The invitation has been used.");
        }

        await Scope.AuditAsync(context, accept ? "project.invitation.accept" : "project.invitation.decline", $"{invitation.ProjectId}/{id}");
        return Results.Ok();
    }
}
