using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Downloads;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Resources of projects, subjects, experiments, scans, assessors and reconstructions (rest-api §10, F1 to F4).</summary>
internal static class ResourceEndpoints
{
    public static void MapResources(this IEndpointRouteBuilder endpoints)
    {
        foreach (var parent in ArchiveAddress.Patterns())
        {
            endpoints.MapGet(parent + "/resources", (Delegate)ListAsync);
            endpoints.MapMethods(parent + "/resources/{resource}", ["PUT", "POST"], (Delegate)CreateAsync);
            endpoints.MapGet(parent + "/resources/{resource}", (Delegate)CatalogAsync);
            endpoints.MapDelete(parent + "/resources/{resource}", (Delegate)DeleteAsync);
            endpoints.MapGet(parent + "/resources/{resource}/{other}/{**rest}", IResult () => throw RequestRefusedException.NotFound());
            // Other things below a resource than its files are nothing that could be made.
            endpoints.MapMethods(parent + "/resources/{resource}/{other}/{**rest}", ["PUT", "POST"], (string other) => other == "tags"
                ? throw RequestRefusedException.NotFound() : Task.FromException(RequestRefusedException.BadRequest("Files are stored below the resource's /files.")));
        }

        endpoints.MapFiles();
    }

    private static async Task<IResult> ListAsync(HttpContext context)
    {
        var parent = await ResourceParent.FindAsync(context, ArchiveAddress.OfRoute(context), ProjectRights.Read);
        var table = new ResultTable("xnat_abstractresource_id", "label", "element_name", "category", "cat_id", "cat_desc", "file_count", "file_size", "tags", "content", "format");
        foreach (var r in await parent.ResourcesAsync(context, null, RequestFlags.IsSet(context, "all")))
        {
            table.Add(
                r.Id.ToString(CultureInfo.InvariantCulture), r.Label, "xnat:resourceCatalog", CategoryOf(r), r.ScanId ?? r.AssessorId ?? r.ReconstructionId, r.OwnerType,
                r.FileCount.ToString(CultureInfo.InvariantCulture), r.FileSize.ToString(CultureInfo.InvariantCulture), r.Tags, r.Content, r.Format);
        }

        return new TableResult(table);
    }

    private static string CategoryOf(ResourceRecord resource) => resource.Category switch
    {
        ResourceCategory.Scan => "scans",
        ResourceCategory.Assessor => $"assessors/{resource.Side}",
        ResourceCategory.Reconstruction => $"reconstructions/{resource.Side}",
        _ => "resources",
    };

    private static async Task<IResult> CreateAsync(HttpContext context)
    {
        context.SignedIn();
        var address = ArchiveAddress.OfRoute(context);
        var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Edit);
        var row = await parent.ResourceAsync(context, address.Resource!, mayExist: false);
        await Scope.AuditAsync(context, "resource.create", row.Id.ToString(CultureInfo.InvariantCulture));
        return Results.Ok();
    }

    private static async Task<IResult> CatalogAsync(HttpContext context)
    {
        var address = ArchiveAddress.OfRoute(context);
        var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Read);
        if (await parent.ResourcesAsync(context, address.Resource) is not [var found, ..])
        {
            throw RequestRefusedException.NotFound("There is no such resource.");
        }

        if (RequestFlags.IsSet(context, "includeRootPath"))
        {
            await RequestFlags.RequireServerPathsAsync(context);
            var files = await context.RequestServices.GetRequiredService<ResourceDirectory>().FilesAsync([found.Id], context.RequestAborted);
            var folder = context.RequestServices.GetRequiredService<ResourceStore>().FolderOf(found);
            return Results.Content(CatalogService.Text(found, [.. files.Select(f => f with { Path = Path.Combine(folder, f.Path) })]), "text/xml; charset=utf-8");
        }

        return Results.Content(await context.RequestServices.GetRequiredService<CatalogService>().TextAsync(found, context.RequestAborted), "text/xml; charset=utf-8");
    }

    private static async Task<IResult> DeleteAsync(HttpContext context)
    {
        context.SignedIn();
        var address = ArchiveAddress.OfRoute(context);
        var parent = await ResourceParent.FindAsync(context, address, ProjectRights.Delete);
        var rows = await parent.ResourcesAsync(context, address.Resource);
        if (rows.Count == 0)
        {
            throw RequestRefusedException.NotFound("There is no such resource.");
        }

        foreach (var row in rows)
        {
            await context.RequestServices.GetRequiredService<ResourceStore>().RemoveAsync(row, RequestFlags.IsSet(context, "removeFiles", absent: true), context.RequestAborted);
            await Scope.AuditAsync(context, "resource.delete", row.Id.ToString(CultureInfo.InvariantCulture));
        }

        // A list of which some are not there is done in part.
        return Results.StatusCode(address.Resource!.Split(',').Any(w => !rows.Any(r => r.Label == w || r.Id.ToString(CultureInfo.InvariantCulture) == w)) ? 207 : 200);
    }
}

/// <summary>Flags in the query (rest-api §1.5).</summary>
internal static class RequestFlags
{
    /// <summary>Present and neither <c>false</c> nor <c>0</c> is true.</summary>
    public static bool IsSet(HttpContext context, string name, bool absent = false) =>
        context.Request.Query.TryGetValue(name, out var value) ? IsTrue(value.ToString()) : absent;

    /// <summary>True if the request calls its body JSON, whatever it is.</summary>
    public static bool IsJson(HttpRequest request) => request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Neither <c>false</c> nor <c>0</c> is true.</summary>
    public static bool IsTrue(string? value) => value is not null && !value.Equals("false", StringComparison.OrdinalIgnoreCase) && value != "0";

    /// <summary>Refuses unless the site shows paths of the server.</summary>
    public static async Task RequireServerPathsAsync(HttpContext context)
    {
        if (!await context.RequestServices.GetRequiredService<SiteSettings>().FlagAsync("showServerPaths", context.RequestAborted))
        {
            throw RequestRefusedException.Forbidden("The site does not show paths of the server (setting showServerPaths).");
        }
    }
}
