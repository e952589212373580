using System.Text.Json;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Xapi;

/// <summary>Schemas and data types (rest-api §20).</summary>
internal static class Schemas
{
    public static void MapSchemas(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/schemas", (SchemaDocument schemas) => Results.Json(schemas.Names));
        endpoints.MapGet("/xapi/schemas/{**name}", (SchemaDocument schemas, string name) => Answer(schemas, name));
        endpoints.MapGet("/schemas/{**name}", (SchemaDocument schemas, string name) => Answer(schemas, name));
        endpoints.MapGet("/xapi/{name}.xsd", (SchemaDocument schemas, string name) => Answer(schemas, name));
        endpoints.MapGet("/xapi/schemas/datatypes", (TypeModel model) => Results.Json(model.Types.Select(t => t.Name)));
        endpoints.MapGet("/xapi/schemas/datatypes/searchable", (TypeModel model) =>
            Results.Json(model.Types.Where(t => t is { IsAbstract: false, ElementName: not null } && t.Family is not (ObjectFamily.None or ObjectFamily.Resource)).ToDictionary(t => t.Name, t => t.Plural)));
        endpoints.MapGet("/xapi/schemas/datatypes/elements/{type}", (TypeModel model, string type) => Elements(Chosen(model, type)));
        endpoints.MapPost("/xapi/schemas/datatypes/elements", async (HttpContext context, TypeModel model) =>
        {
            try
            {
                using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
                return Elements(body.RootElement.GetProperty("dataTypes").EnumerateArray().SelectMany(t => Chosen(model, t.GetString() ?? "")));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw RequestRefusedException.BadRequest("The body must be {\"dataTypes\": [...]}.");
            }
        });
        endpoints.MapGet("/xapi/schemas/datatypes/names/{type}", (TypeModel model, string type) => Names(model, [.. Chosen(model, type)]));
        endpoints.MapPost("/xapi/schemas/datatypes/names", async (HttpContext context, TypeModel model) =>
        {
            var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : throw RequestRefusedException.BadRequest("Name the types in the form field dataTypes.");
            return Names(model, [.. form["dataTypes"].OfType<string>().SelectMany(t => t.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).SelectMany(t => Chosen(model, t)).Distinct()]);
        });
    }

    private static IResult Answer(SchemaDocument schemas, string name) =>
        schemas.Find(name) is { } text ? Results.Content(text, "application/xml; charset=utf-8") : throw RequestRefusedException.NotFound("There is no such schema.");

    private static IResult Names(TypeModel model, IReadOnlyList<DataType> types) =>
        Results.Json(types.DistinctBy(Key).ToDictionary(Key, t => (string[])[t.Name, .. Paths(model, t, t.Name, 0)]));

    private static IEnumerable<DataType> Chosen(TypeModel model, string name) =>
        name == "all" ? model.Types : [model.Find(name) ?? throw RequestRefusedException.NotFound("There is no such data type.")];

    private static string Key(DataType type) => $"{type.Schema.Prefix}_{type.LocalName}";

    private static IResult Elements(IEnumerable<DataType> types) => Results.Json(types.DistinctBy(Key).ToDictionary(Key, t => new
    {
        properName = t.ElementName ?? t.LocalName, namespacePrefix = t.Schema.Prefix, fullName = t.Name, localName = t.LocalName, namespaceURI = t.Schema.Uri,
        extensionOf = t.Base?.Name, @abstract = t.IsAbstract,
    }));

    private static IEnumerable<string> Paths(TypeModel model, DataType type, string prefix, int depth) => type.AllChildren.SelectMany(n => Paths(model, n, prefix, depth));

    // Objects below have lists of paths of their own.
    private static IEnumerable<string> Paths(TypeModel model, FieldNode node, string prefix, int depth)
    {
        var path = $"{prefix}/{node.Name}";
        if (model.ContentKind(node) is not null)
        {
            yield return node.Repeats ? $"{path}/{model.ContentName(node)}" : path;
        }

        var below = node.Children.SelectMany(n => Paths(model, n, path, depth));
        if (depth < 3 && !model.HoldsObjects(node) && model.TypeOf(node) is { Family: ObjectFamily.None } part)
        {
            below = below.Concat(Paths(model, part, path, depth + 1));
        }

        foreach (var found in below)
        {
            yield return found;
        }
    }
}
