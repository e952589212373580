using Vesalius.Archive.Lists;
using Vesalius.Archive.Search;
using Vesalius.Archive.Types;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Data types as administrators and search pages see them (rest-api §20.1, J8 and J9).</summary>
internal static class DataTypes
{
    public static void MapDataTypes(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/datatypes", (Delegate)ListAsync);
        endpoints.MapGet("/xapi/datatypes/{type}", (HttpContext context, TypeModel model, string type) =>
        {
            context.SignedIn();
            var found = SearchElements.Types(model).FirstOrDefault(t => t.Name.Equals(type, StringComparison.OrdinalIgnoreCase)) ?? throw RequestRefusedException.NotFound("There is no such data type.");
            var secured = SearchElements.IsSecured(found);
            return Results.Json(new
            {
                elementName = found.Name, singular = found.Singular, plural = found.Plural, secure = secured, secureRead = secured, secureEdit = secured, secureCreate = secured, secureDelete = secured,
                browse = secured, searchable = DisplayFields.IsSearchable(found),
            });
        });
    }

    private static async Task<IResult> ListAsync(HttpContext context, TypeModel model, SearchEngine engine)
    {
        context.SignedIn();
        var visibility = await Scope.VisibilityAsync(context);
        var readable = ItemRequest.Flag(context, "readable");
        var counts = await engine.CountsAsync(readable ? visibility : Visibility.Unrestricted, context.RequestAborted);
        return Results.Json(SearchElements.Types(model)
            .Select(t => new { elementName = t.Name, singular = t.Singular, plural = t.Plural, secured = SearchElements.IsSecured(t), count = counts.GetValueOrDefault(t.Name), open = !readable || SearchElements.IsReadable(visibility, t) })
            .Where(t => t.open && (!ItemRequest.Flag(context, "secured") || t.secured) && (!ItemRequest.Flag(context, "used") || t.count > 0))
            .Select(t => new { t.elementName, t.singular, t.plural, t.secured, t.count }));
    }
}
