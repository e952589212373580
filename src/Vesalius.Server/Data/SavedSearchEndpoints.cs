using System.Security.Cryptography;
using Vesalius.Access;
using Vesalius.Archive.Search;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Searches that are kept, and the default search of each type (rest-api §19.1, H7 to H13).</summary>
internal static class SavedSearchEndpoints
{
    private const int LongestId = 200;

    public static void MapSavedSearches(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/search/saved", (Delegate)ListAsync);
        endpoints.MapGet("/data/search/saved/{id}", (HttpContext context, string id) => GetAsync(context, id, null));
        endpoints.MapGet("/data/search/saved/{id}/results", (Delegate)ResultsAsync);
        endpoints.MapPut("/data/search/saved/{id}", (HttpContext context, string id) => PutAsync(context, id, null));
        endpoints.MapDelete("/data/search/saved/{id}", (HttpContext context, string id) => DeleteAsync(context, id, null));
        endpoints.MapGet("/data/projects/{project}/searches", async (HttpContext context, string project) =>
            Table(await Store(context).ListAsync(await ReaderAsync(context), all: false, (await Scope.EnterAsync(context, project)).Id, context.RequestAborted)));
        endpoints.MapGet("/data/projects/{project}/searches/{id}", async (HttpContext context, string project, string id) =>
            await GetAsync(context, id, (await Scope.EnterAsync(context, project)).Id));
        endpoints.MapPut("/data/projects/{project}/searches/{id}", async (HttpContext context, string project, string id) =>
            await PutAsync(context, id, (await Scope.EnterAsync(context, project)).Id));
        endpoints.MapDelete("/data/projects/{project}/searches/{id}", async (HttpContext context, string project, string id) =>
            await DeleteAsync(context, id, (await Scope.EnterAsync(context, project)).Id));
    }

    private static SavedSearches Store(HttpContext context) => context.RequestServices.GetRequiredService<SavedSearches>();

    private static async Task<SearchReader> ReaderAsync(HttpContext context)
    {
        var caller = context.SignedIn();
        var groups = await context.RequestServices.GetRequiredService<UserDirectory>().GroupsAsync(caller.Login, context.RequestAborted);
        return new SearchReader(caller.Login, [.. groups], caller.IsSiteAdministrator, await Scope.VisibilityAsync(context));
    }

    private static async Task<IResult> ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var reader = await ReaderAsync(context);
        if (query["user"].ToString() is { Length: > 0 } user && user != reader.Login)
        {
            // Whose searches they are is theirs to see, and an administrator's.
            context.Administrator();
            var other = await context.RequestServices.GetRequiredService<UserDirectory>().FindAsync(user, context.RequestAborted) ?? throw RequestRefusedException.BadRequest("There is no such user.");
            var of = (await Store(context).ListAsync(reader, all: true, "", context.RequestAborted)).Where(s => s.Users.Contains(other.Login));
            return Table([.. of]);
        }

        var tag = query["includeTag"].ToString();
        string? project = null;
        if (tag.Length > 0)
        {
            project = tag is "true" or "1" ? "" : tag is "false" or "0" ? null : (await Scope.EnterAsync(context, tag, invisible: 400)).Id;
        }

        return Table(await Store(context).ListAsync(reader, ItemRequest.Flag(context, "all"), project, context.RequestAborted));
    }

    private static TableResult Table(IReadOnlyList<SavedSearch> searches)
    {
        var table = new ResultTable("id", "brief_description", "description", "secure", "tag", "root_element_name", "users") { Title = "Stored Searches" };
        foreach (var search in searches)
        {
            table.Add(
                search.Id, search.BriefDescription, search.Description, search.Secure ? "1" : "0", search.ProjectId, search.RootType, $"{{{string.Join(',', search.Users)}}}");
        }

        return new TableResult(table);
    }

    private static async Task<(SavedSearch Search, SearchDefinition Definition)> FindAsync(HttpContext context, string id, string? project)
    {
        var found = await Store(context).FindAsync(id, await ReaderAsync(context), context.RequestAborted);
        return found is { } one && (project is null || one.Search.ProjectId == project) ? one : throw RequestRefusedException.NotFound("There is no such search.");
    }

    private static SearchDefinition Default(HttpContext context, string id, string? project)
    {
        var engine = context.RequestServices.GetRequiredService<SearchEngine>();
        var search = engine.Default(id[1..], project) ?? throw RequestRefusedException.NotFound("There is no type of this name that can be searched.");
        var version = context.Request.Query["dv"].ToString();
        if (version is not ("" or "listing" or "detailed"))
        {
            throw RequestRefusedException.NotFound("The type has no such version; there are listing and detailed.");
        }

        var model = context.RequestServices.GetRequiredService<TypeModel>();
        return version != "detailed" ? search
            : search with { Fields = [.. context.RequestServices.GetRequiredService<DisplayFields>().Of(model.Find(search.RootType)!).Select(f => new SearchField(search.RootType, f.Id, f.Header))] };
    }

    private static async Task<IResult> GetAsync(HttpContext context, string id, string? project)
    {
        var search = id.StartsWith('@') ? Default(context, id, project) : (await FindAsync(context, id, project)).Definition;
        return Results.Text(SearchDocument.Write(search), "text/xml; charset=utf-8");
    }

    private static async Task<IResult> ResultsAsync(HttpContext context, string id)
    {
        if (id.StartsWith('@'))
        {
            return await Searches.RunAsync(context, Default(context, id, null), null);
        }

        var (search, definition) = await FindAsync(context, id, null);
        var snapshots = context.RequestServices.GetRequiredService<SearchSnapshots>();
        if (!ItemRequest.Flag(context, "refresh") && context.SignedIn().Login is var login
            && await snapshots.NewestAsync(id, login, search.Modified, context.RequestAborted) is { } newest)
        {
            var visibility = await Scope.VisibilityAsync(context);
            if (await snapshots.FindAsync(newest, login, visibility, context.RequestAborted) is { } snapshot)
            {
                return new SearchTable(await snapshots.PageAsync(snapshot, visibility, Searches.Page(context), context.RequestAborted), snapshot);
            }
        }

        return await Searches.RunAsync(context, definition, id);
    }

    private static async Task<IResult> PutAsync(HttpContext context, string id, string? project)
    {
        var caller = context.SignedIn();
        var (document, _) = await Searches.BodyAsync(context);
        var search = SearchDocument.Read(document ?? throw new SearchMalformedException("The body is no search document."));
        var saveAs = ItemRequest.Flag(context, "saveAs");
        if (!saveAs && (id.StartsWith('@') || id.Length > LongestId || !FieldValue.IsText(id)))
        {
            throw RequestRefusedException.BadRequest($"A saved search has an ID of at most {LongestId} characters that does not begin with @, which marks the default searches.");
        }

        var tag = project ?? (search.Tag.Length > 0 ? (await Scope.EnterAsync(context, search.Tag)).Id : null);
        if (tag is not null)
        {
            // What a project's readers are shown is made by those who may change something in it.
            await Scope.ProjectAsync(context, tag, ProjectRights.Edit);
        }

        var kept = saveAs ? $"xs{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}" : id;
        if (!saveAs && await Store(context).ExistsAsync(id, context.RequestAborted))
        {
            await CheckChangeAsync(context, id, project);
        }

        context.RequestServices.GetRequiredService<SearchEngine>().Check(search);
        await CheckUsersAsync(context, search);
        var made = await Store(context).SaveAsync(
            search with { Id = kept, BriefDescription = search.BriefDescription.Length > 0 ? search.BriefDescription : kept, Tag = tag ?? "" }, caller.Login, tag,
            context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime, context.RequestAborted);
        return Results.Text(kept, statusCode: made ? 201 : 200);
    }

    // A login that is not there today may be somebody's tomorrow.
    private static async Task CheckUsersAsync(HttpContext context, SearchDefinition search)
    {
        var users = context.RequestServices.GetRequiredService<UserDirectory>();
        foreach (var login in search.AllowedUsers)
        {
            if (await users.FindAsync(login, context.RequestAborted) is null)
            {
                throw RequestRefusedException.BadRequest("An allowed user is none of this site.");
            }
        }
    }

    private static async Task<SavedSearch> CheckChangeAsync(HttpContext context, string id, string? project)
    {
        var caller = context.SignedIn();
        var found = await Store(context).FindAsync(id, await ReaderAsync(context), context.RequestAborted);
        if (found is not { } one || (project is not null && one.Search.ProjectId != project))
        {
            throw RequestRefusedException.Forbidden("This ID is that of another search.");
        }

        var manages = one.Search.ProjectId is { } tag
            && (await context.RequestServices.GetRequiredService<ProjectAccess>().RightsAsync(caller, tag, context.RequestAborted)).HasFlag(ProjectRights.Manage);
        return one.Search.Owner == caller.Login || caller.IsSiteAdministrator || manages ? one.Search : throw RequestRefusedException.Forbidden("The search is somebody else's.");
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string id, string? project)
    {
        var (search, definition) = await FindAsync(context, id, project);
        var login = context.SignedIn().Login;
        // Whom a search is only shown to takes it from the own list; the others keep it.
        if (search.Owner != login && definition.AllowedUsers.Contains(login) && !context.Caller().IsSiteAdministrator)
        {
            await Store(context).LeaveAsync(definition, login, context.RequestAborted);
            return Results.Ok();
        }

        await CheckChangeAsync(context, id, project);
        await Store(context).RemoveAsync(id, context.RequestAborted);
        return Results.Ok();
    }
}
