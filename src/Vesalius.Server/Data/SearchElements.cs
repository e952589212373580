using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive.Lists;
using Vesalius.Archive.Search;
using Vesalius.Archive.Types;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>Types that can be searched, and their fields (rest-api §19.1, H4 to H6).</summary>
internal static class SearchElements
{
    public static void MapSearchElements(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/search/elements", (Delegate)TypesAsync);
        endpoints.MapGet("/data/search/elements/{elements}", (Delegate)FieldsAsync);
        endpoints.MapGet("/data/search/elements/{element}/versions", (TypeModel model, DisplayFields displays, string element) =>
            Results.Json(new { DisplayVersions = Versions(displays, Known(model, element)) }, Searches.Unchanged));
    }

    /// <summary>Types that people search for: those that objects have.</summary>
    public static IEnumerable<DataType> Types(TypeModel model) => model.Types.Where(t => t is { IsAbstract: false, ElementName: not null } && DisplayFields.IsSearchable(t));

    /// <summary>Whether rights are given for the type; scans and reconstructions are as open as their session.</summary>
    public static bool IsSecured(DataType type) => type.Family is ObjectFamily.Project or ObjectFamily.Subject or ObjectFamily.Experiment;

    private static async Task<IResult> TypesAsync(HttpContext context, TypeModel model, SearchEngine engine)
    {
        var visibility = await Scope.VisibilityAsync(context);
        var onlyReadable = ItemRequest.Flag(context, "readable");
        var counts = await engine.CountsAsync(onlyReadable ? visibility : Visibility.Unrestricted, context.RequestAborted);
        var table = new ResultTable("ELEMENT_NAME", "SINGULAR", "PLURAL", "SECURED", "COUNT");
        foreach (var type in Types(model))
        {
            var count = counts.GetValueOrDefault(type.Name);
            if ((ItemRequest.Flag(context, "secured") && !IsSecured(type)) || (ItemRequest.Flag(context, "used") && count == 0) || (onlyReadable && !IsReadable(visibility, type)))
            {
                continue;
            }

            table.Add(type.Name, type.Singular, type.Plural, IsSecured(type) ? "true" : "false", count.ToString(CultureInfo.InvariantCulture));
        }

        return new TableResult(table);
    }

    /// <summary>Whether there may be objects of a type that a caller reads.</summary>
    public static bool IsReadable(Visibility visibility, DataType type) => visibility.Everything || visibility.Projects.Count > 0 || !IsSecured(type)
        || type.Family == ObjectFamily.Project || visibility.Types.Any(t => t.DataType.Equals(type.Name, StringComparison.OrdinalIgnoreCase));

    private static DataType Known(TypeModel model, string name) =>
        model.Find(name) is { } type && DisplayFields.IsSearchable(type) ? type : throw RequestRefusedException.BadRequest("There is no such type, or its objects cannot be searched.");

    private static async Task<IResult> FieldsAsync(HttpContext context, TypeModel model, DisplayFields displays, SearchEngine engine, string elements)
    {
        var types = elements.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(e => Known(model, e)).DistinctBy(t => t.Name).ToList();
        if (types.Count == 0)
        {
            throw RequestRefusedException.BadRequest("The address names no type.");
        }

        var table = new ResultTable("FIELD_ID", "HEADER", "SUMMARY", "TYPE", "REQUIRES_VALUE", "DESC", "ELEMENT_NAME", "SRC")
        {
            Title = string.Join(", ", types.Select(t => t.Plural)),
            Extra = [("element_name", string.Join(",", types.Select(t => t.Name))), ("versions", Versions(displays, types[0]))],
        };
        var scope = context.Request.Query["projectScope"].ToString();
        var (all, labelled) = await ProjectsAsync(context, scope);
        foreach (var type in types)
        {
            foreach (var field in displays.Of(type))
            {
                var column = new SearchColumn("", type.Name, field.Id, field.Header, field.Kind, true);
                table.Add(field.Id, field.Header, $"{type.Name}.{field.Id}", column.Type, "false", field.Header, type.Name, "0");
            }

            if (type.Child("fields") is not null && type.Family is ObjectFamily.Subject or ObjectFamily.Experiment)
            {
                foreach (var name in (await engine.CustomVariablesAsync(type, all, context.RequestAborted)).Select(v => v.Name).Distinct())
                {
                    var id = $"{type.Name.Replace(':', '_').ToUpperInvariant()}_FIELD_MAP={name}";
                    table.Add(id, name, $"{type.Name}.{id}", "string", "false", name, type.Name, "1");
                }

                foreach (var project in labelled)
                {
                    var id = $"{(type.Family == ObjectFamily.Subject ? "SUB" : "EXPT")}_PROJECT_IDENTIFIER={project}";
                    table.Add(id, project, $"{type.Name}.{id}", "string", "false", $"Label in {project}", type.Name, "2");
                }
            }

            if (type.Is("xnat:imageSessionData"))
            {
                table.Add("SCAN_COUNT_TYPE", "Scans of Type", $"{type.Name}.SCAN_COUNT_TYPE", "integer", "true", "Number of scans of a type", type.Name, "0");
            }
        }

        return new TableResult(table);
    }

    // Projects whose custom variables are offered (null: all), and those whose labels are.
    private static async Task<(IReadOnlyCollection<string>? All, IEnumerable<string> Labelled)> ProjectsAsync(HttpContext context, string scope)
    {
        if (scope.Length > 0)
        {
            var project = (await Scope.EnterAsync(context, scope)).Id;
            return ([project], [project]);
        }

        var visibility = await Scope.VisibilityAsync(context);
        var caller = context.Caller();
        return (visibility.Everything ? null : [.. visibility.Projects, .. visibility.Types.Select(t => t.ProjectId)], caller.ProjectRoles.Keys.Concat(caller.ProjectGroups.Keys).Order(StringComparer.Ordinal));
    }

    private static object Versions(DisplayFields displays, DataType type)
    {
        var listing = displays.Of(type).Where(f => f.IsListed).ToList();
        return new { element_name = type.Name, versions = new[] { Version("listing", listing), Version("detailed", displays.Of(type)) } };

        object Version(string name, IEnumerable<DisplayField> fields) => new
        {
            name, orderBy = SearchEngine.SortField(type), darkColor = "", lightColor = "", defaultSortOrder = "ASC",
            fields = fields.Select(f => new
            {
                id = f.Id, element_name = type.Name, header = f.Header, type = new SearchColumn("", type.Name, f.Id, f.Header, f.Kind, true).Type, value = "", visible = "true",
            }),
        };
    }
}
