using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Lists of projects by the caller's part in them (rest-api §3.1, the parameters that switch the column set).</summary>
internal static class ProjectLists
{
    private static readonly string[] ByPart = ["accessible", "data", "owner", "member", "collaborator", "users", "activeSince", "recent", "favorite", "admin", "prearc_code"];

    public static bool Asks(HttpContext context) =>
        ByPart.Any(context.Request.Query.ContainsKey) || context.Request.Query.ContainsKey("permissions") || context.Request.Query.ContainsKey("creatableTypes");

    public static async Task<IResult> AnswerAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (query.ContainsKey("permissions"))
        {
            var rights = query["permissions"].ToString() switch
            {
                "read" => ProjectRights.Read,
                "edit" => ProjectRights.Edit,
                "create" => ProjectRights.Create,
                "delete" => ProjectRights.Delete,
                _ => throw RequestRefusedException.BadRequest("permissions must be read, edit, create or delete."),
            };
            return Table(await WithAsync(context, rights, query["dataType"].ToString()), ("id", p => p.Id), ("secondary_id", p => p.SecondaryId));
        }

        if (query.ContainsKey("creatableTypes"))
        {
            return Table(
                await WithAsync(context, ProjectRights.Create, query["data-type"].ToString()),
                ("id", p => p.Id), ("secondary_id", p => p.SecondaryId), ("name", p => p.Name), ("description", p => p.Description));
        }

        return await ByPartAsync(context);
    }

    private static async Task<IReadOnlyList<Project>> WithAsync(HttpContext context, ProjectRights rights, string dataType)
    {
        var access = context.RequestServices.GetRequiredService<ProjectAccess>();
        var ids = dataType.Length > 0
            ? await access.ProjectsWithAsync(context.Caller(), rights, dataType, context.RequestAborted) : await access.ProjectsWithAsync(context.Caller(), rights, context.RequestAborted);
        return await context.RequestServices.GetRequiredService<ProjectDirectory>().ListAsync(ids, context.RequestAborted);
    }

    private static TableResult Table(IReadOnlyList<Project> projects, params (string Name, Func<Project, string?> Value)[] columns)
    {
        var table = new ResultTable([.. columns.Select(c => c.Name)]);
        foreach (var project in projects)
        {
            table.Add([.. columns.Select(c => c.Value(project))]);
        }

        return new TableResult(table);
    }

    private static async Task<IResult> ByPartAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var caller = context.Caller();
        var visible = await WithAsync(context, ProjectRights.Describe, "");
        var access = context.RequestServices.GetRequiredService<ProjectAccess>();
        bool Is(string name) => ItemRequest.Flag(context, name);
        HashSet<string>? Only(IReadOnlyList<string> ids) => [.. ids];
        var wanted = query["data"].ToString() switch
        {
            "writable" => Only(await access.ProjectsWithAsync(caller, ProjectRights.Edit, context.RequestAborted)),
            "readable" => Only(await access.ProjectsWithAsync(caller, ProjectRights.Read, context.RequestAborted)),
            _ => null,
        };
        var reachable = query.ContainsKey("accessible") ? Only(await access.ProjectsWithAsync(caller, ProjectRights.Read, context.RequestAborted)) : null;
        DateTime? since = DateTime.TryParse(
            query["activeSince"], System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal | System.Globalization.DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
        var rows = visible.Where(p =>
            (wanted?.Contains(p.Id) ?? true)
            && (reachable is null || reachable.Contains(p.Id) == Is("accessible"))
            && (!Is("owner") || RoleOf(caller, p.Id) == "Owners") && (!Is("member") || RoleOf(caller, p.Id) == "Members") && (!Is("collaborator") || RoleOf(caller, p.Id) == "Collaborators")
            && (!(Is("users") || Is("favorite")) || RoleOf(caller, p.Id).Length > 0) && (since is null || p.LastModified >= since));
        if (Is("recent"))
        {
            rows = rows.OrderByDescending(p => p.LastModified);
        }

        var levels = new Dictionary<string, string>();
        var list = rows.ToList();
        foreach (var project in list)
        {
            levels[project.Id] = (await access.AccessibilityAsync(project.Id, context.RequestAborted))?.ToString().ToLowerInvariant() ?? "";
        }

        List<(string, Func<Project, string?>)> columns =
        [
            ("id", p => p.Id), ("name", p => p.Name), ("description", p => p.Description), ("secondary_id", p => p.SecondaryId), ("pi", p => $"{p.PiLastname}, {p.PiFirstname}".Trim(',', ' ')),
            ("project_invs", _ => ""), ("project_access", p => levels[p.Id]), ("project_access_img", _ => ""),
            ("insert_date", p => p.InsertDate.ToString("yyyy-MM-dd HH:mm:ss.f", System.Globalization.CultureInfo.InvariantCulture)), ("insert_user", p => p.InsertUser),
            ("quarantine_status", p => p.Status), ($"user_role_{caller.UserId}", p => RoleOf(caller, p.Id)),
            ($"last_accessed_{caller.UserId}", p => p.LastModified.ToString("yyyy-MM-dd HH:mm:ss.f", System.Globalization.CultureInfo.InvariantCulture)),
        ];
        if (Is("prearc_code"))
        {
            columns.Add(("proj_quarantine", p => p.QuarantineCode.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            columns.Add(("proj_prearchive_code", p => p.PrearchiveCode.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        return Table(list, [.. columns]);
    }

    private static string RoleOf(Caller caller, string projectId) => caller.ProjectRoles.TryGetValue(projectId, out var role) ? $"{role}s" : "";
}
