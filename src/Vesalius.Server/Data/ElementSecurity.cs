using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>The form by which test clients register a data type (rest-api §26.4). Every known type is usable here from the start, so that there is nothing left to register.</summary>
internal static class ElementSecurity
{
    public static void MapElementSecurity(this IEndpointRouteBuilder endpoints) => endpoints.MapPost("/app/action/ElementSecurityWizard", async (HttpContext context, TypeModel model) =>
    {
        context.Administrator();
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : FormCollection.Empty;
        // The form's fields are called element_name or …/element_name.
        var named = form.Concat(context.Request.Query).Where(f => f.Key.EndsWith("element_name", StringComparison.OrdinalIgnoreCase)).SelectMany(f => f.Value).OfType<string>().Where(n => n.Length > 0).ToList();
        return named.Count == 0 ? throw RequestRefusedException.BadRequest("The form names no data type (element_name).")
            : named.TrueForAll(n => model.Find(n) is not null) ? Pages.Page("Data types", "<p>The data type can be used.</p>")
            : throw RequestRefusedException.BadRequest("There is no such data type.");
    });
}
