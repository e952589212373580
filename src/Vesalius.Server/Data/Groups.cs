using System.Globalization;
using System.Text.RegularExpressions;
using Vesalius.Access;
using Vesalius.Archive.Items;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Groups of projects (rest-api G5 to G8).</summary>
internal static partial class Groups
{
    public static void MapGroups(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/projects/{project}/groups", async (HttpContext context, string project, ProjectGroups groups) =>
        {
            var row = await Members.ReadableProjectAsync(context, project);
            var table = new ResultTable("id", "displayname", "tag", "xdat_usergroup_id", "users");
            foreach (var g in await groups.ListAsync(row.Id, context.RequestAborted))
            {
                table.Add(g.GroupId, g.DisplayName, g.Tag, g.Number.ToString(CultureInfo.InvariantCulture), g.Users.ToString(CultureInfo.InvariantCulture));
            }

            return new TableResult(table);
        });
        endpoints.MapGet("/data/projects/{project}/groups/{group}", GetAsync);
        endpoints.MapMethods("/data/projects/{project}/groups/{group?}", ["POST", "PUT"], PutAsync);
        endpoints.MapDelete("/data/projects/{project}/groups/{group}", async (HttpContext context, string project, string group, ProjectGroups groups) =>
        {
            var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
            var id = await Members.GroupAsync(context, row.Id, group);
            if (ProjectAccess.RoleOf(row.Id, id) is not null)
            {
                throw RequestRefusedException.Forbidden("The three default groups stay.");
            }

            if (!await groups.DeleteAsync(row.Id, id, context.RequestAborted))
            {
                throw RequestRefusedException.NotFound("There is no such group.");
            }

            await Scope.AuditAsync(context, "project.group.delete", id);
            return Results.Ok();
        });
    }

    private static async Task<IResult> GetAsync(HttpContext context, string project, string group, ProjectGroups groups)
    {
        var row = await Members.ReadableProjectAsync(context, project);
        var id = await Members.GroupAsync(context, row.Id, group);
        var found = (await groups.ListAsync(row.Id, context.RequestAborted)).FirstOrDefault(g => g.GroupId == id) ?? throw RequestRefusedException.NotFound("There is no such group.");
        var item = new Item("xdat:userGroup", DateTime.UnixEpoch)
            .With("ID", found.GroupId).With("displayName", found.DisplayName).With("tag", found.Tag).With("xdat_userGroup_id", found.Number);
        foreach (var right in await groups.RightsAsync(id, context.RequestAborted))
        {
            item.Add(
                "element_access",
                new Item("xdat:element_access", DateTime.UnixEpoch).With("element_name", right.DataType).With("read", right.Read ? 1 : 0).With("edit", right.Edit ? 1 : 0).With("delete", right.Delete ? 1 : 0));
        }

        return new ItemResult(item);
    }

    private static async Task<IResult> PutAsync(HttpContext context, string project, string? group, ProjectGroups groups)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        var fields = await FieldsAsync(context);
        var existing = group is null ? null : (await groups.ListAsync(row.Id, context.RequestAborted)).FirstOrDefault(g => g.GroupId == group || g.GroupId == $"{row.Id}_{group}" || g.DisplayName == group);
        if (existing is { IsCustom: false })
        {
            throw RequestRefusedException.Forbidden("The three default groups stay as they are.");
        }

        var name = (fields.GetValueOrDefault("xdat:userGroup/displayName") ?? fields.GetValueOrDefault("displayName") ?? existing?.DisplayName ?? "").Trim();
        if (!GroupName().IsMatch(name))
        {
            throw RequestRefusedException.BadRequest("A group needs a name of 1 to 100 letters, digits, blanks, - and . without _.");
        }

        var id = existing?.GroupId ?? $"{row.Id}_{name.Replace(" ", "", StringComparison.Ordinal)}";
        if (ProjectAccess.RoleOf(row.Id, $"{row.Id}_{id[(row.Id.Length + 1)..].ToLowerInvariant()}") is not null)
        {
            throw RequestRefusedException.BadRequest("This is the name of a default group.");
        }

        if (existing is null && ProjectGroups.IsOfSite(id))
        {
            throw RequestRefusedException.BadRequest("A group of the whole site has this ID: choose another name.");
        }

        if (!await groups.PutAsync(row.Id, id, name, fields.GetValueOrDefault("xdat:userGroup/tag") ?? row.Id, RightsOf(fields, row.Id), context.RequestAborted))
        {
            throw RequestRefusedException.Conflict("Another group of the project has this name.");
        }

        await Scope.AuditAsync(context, existing is null ? "project.group.create" : "project.group.change", id);
        return Results.Text(id);
    }

    private static async Task<Dictionary<string, string>> FieldsAsync(HttpContext context)
    {
        var fields = context.Request.Query.ToDictionary(q => q.Key, q => q.Value.ToString(), StringComparer.Ordinal);
        if (!context.Request.HasFormContentType)
        {
            return fields;
        }

        try
        {
            foreach (var (key, value) in await context.Request.ReadFormAsync(context.RequestAborted))
            {
                fields[key] = value.ToString();
            }
        }
        catch (InvalidDataException)
        {
            throw RequestRefusedException.BadRequest("The form cannot be read.");
        }

        return fields;
    }

    // {type}_{type}/project_{P}_R = 1; a box that was shown and is not set takes the right away.
    private static List<DataTypeRight> RightsOf(Dictionary<string, string> fields, string projectId)
    {
        var types = new Dictionary<string, (bool Read, bool Edit, bool Delete)>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in fields)
        {
            var shown = key.EndsWith("_wasSet", StringComparison.Ordinal);
            var match = RightKey().Match(shown ? key[..^"_wasSet".Length] : key);
            if (!match.Success || match.Groups[3].Value != projectId)
            {
                continue;
            }

            var type = match.Groups[1].Value;
            var rights = types.GetValueOrDefault(type);
            var set = !shown && value is "1" or "true";
            types[type] = match.Groups[4].Value switch
            {
                "R" => (rights.Read || set, rights.Edit, rights.Delete),
                "E" => (rights.Read, rights.Edit || set, rights.Delete),
                _ => (rights.Read, rights.Edit, rights.Delete || set),
            };
        }

        return [.. types.Select(t => new DataTypeRight(t.Key, t.Value.Read, t.Value.Edit, t.Value.Delete))];
    }

    [GeneratedRegex(@"^[\p{L}\p{Nd}][\p{L}\p{Nd} .-]{0,99}\z")]
    private static partial Regex GroupName();

    [GeneratedRegex(@"^([A-Za-z][\w]{0,63}:[A-Za-z]\w{0,127})_([A-Za-z]\w{0,63}:[A-Za-z]\w{0,127})/(?:sharing/share/)?project_(.+)_([RED])\z")]
    private static partial Regex RightKey();
}
