using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Lists;
using Vesalius.Prearchive;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary>How a project archives, and the words that its scans are described with (rest-api PR12, PR16 to PR18, PR21).</summary>
internal static class ProjectSettings
{
    private const string Mapping = "scan-type-mapping";

    public static void MapProjectSettings(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/data/projects/{project}/archive_spec", SpecificationAsync);
        endpoints.MapGet("/data/config/{project}/archive_spec", SpecificationAsync);
        endpoints.MapGet("/data/projects/{project}/scan_type_mapping", async (HttpContext context, string project) =>
            Results.Text(await MapsScanTypesAsync(context, (await Scope.ProjectAsync(context, project, ProjectRights.Read)).Id) ? "true" : "false"));
        endpoints.MapPut("/data/projects/{project}/scan_type_mapping/{flag}", SetMappingAsync);
        foreach (var place in (string[])["/data/projects/{project}", "/data"])
        {
            endpoints.MapGet(place + "/scan_types", TypesAsync);
            endpoints.MapGet(place + "/scanners", ScannersAsync);
        }

        // Steps of processing are subscriptions to events here; a project has no pipelines of XNAT's engine.
        endpoints.MapGet("/data/projects/{project}/pipelines", async (HttpContext context, string project) =>
        {
            await Scope.ProjectAsync(context, project, ProjectRights.Read);
            return new TableResult(new ResultTable("Name", "Description", "Datatype", "Applies To", "Generates", "Path"));
        });
    }

    /// <summary>Whether scans of a project get the type that the project gives to others of their description.</summary>
    public static async Task<bool> MapsScanTypesAsync(HttpContext context, string projectId) =>
        await context.RequestServices.GetRequiredService<ConfigurationStore>().FindAsync(Mapping, Mapping, projectId, context.RequestAborted) is not { Enabled: true, Contents: "false" };

    private static async Task<IResult> SetMappingAsync(HttpContext context, string project, string flag, ConfigurationStore configurations)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Manage);
        var wanted = flag is "true" or "false" ? flag : throw RequestRefusedException.BadRequest("The mapping of scan types is true or false.");
        await configurations.PutAsync(Mapping, Mapping, row.Id, wanted, true, context.Caller().Login, "", context.RequestAborted);
        await Scope.AuditAsync(context, "project.scanTypeMapping", row.Id);
        return Results.Ok();
    }

    private static async Task<IResult> SpecificationAsync(HttpContext context, string project)
    {
        var row = await Scope.ProjectAsync(context, project, ProjectRights.Read);
        return new ItemResult(new Item("arc:project", row.InsertDate)
            .With("id", row.Id).With("current_arc", row.CurrentArc).With("prearchive_code", row.PrearchiveCode).With("quarantine_code", row.QuarantineCode));
    }

    // {ns}_{type} of a scan, as XNAT names its tables.
    private static string? Table(HttpContext context, params ReadOnlySpan<string> allowed)
    {
        var table = context.Request.Query["table"].ToString();
        return table.Length == 0 ? null
            : allowed.Contains(table) ? table.Replace('_', ':') : throw RequestRefusedException.Forbidden($"table is one of {string.Join(", ", allowed)}.");
    }

    private static async Task<ListScope> ScopeAsync(HttpContext context)
    {
        var id = Experiments.Route(context, "project") is { } project ? (await Scope.EnterAsync(context, project)).Id : null;
        return new ListScope(await Scope.VisibilityAsync(context), id);
    }

    private static async Task<IResult> TypesAsync(HttpContext context, ScanVocabulary vocabulary)
    {
        var type = Table(context, "xnat_mrScanData", "xnat_petScanData");
        var table = new ResultTable("series_descriptions", "type");
        foreach (var (description, name) in await vocabulary.TypesAsync(await ScopeAsync(context), type, context.RequestAborted))
        {
            table.Add(description, name);
        }

        return new TableResult(table);
    }

    private static async Task<IResult> ScannersAsync(HttpContext context, ScanVocabulary vocabulary)
    {
        var type = Table(context, "xnat_imageScanData", "xnat_mrScanData", "xnat_petScanData", "xnat_ctScanData");
        var table = new ResultTable("scanner");
        foreach (var scanner in await vocabulary.ScannersAsync(await ScopeAsync(context), type, context.RequestAborted))
        {
            table.Add(scanner);
        }

        return new TableResult(table);
    }
}
