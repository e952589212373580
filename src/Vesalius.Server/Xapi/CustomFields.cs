using System.Text.Json;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Types;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/custom-fields</c> (rest-api §18, Y4 to Y8). Whether an object is missing or forbidden is not told.</summary>
internal static class CustomFields
{
    private sealed record Target(ObjectFamily Family, object Key, string Id, string ProjectId, string Status);

    public static void MapCustomFields(this IEndpointRouteBuilder endpoints)
    {
        string[] experiments = ["projects/{project}/subjects/{subject}/experiments/{experiment}", "projects/{project}/experiments/{experiment}", "experiments/{experiment}"];
        string[] objects =
        [
            "projects/{project}", "projects/{project}/subjects/{subject}", "subjects/{subject}", .. experiments, .. experiments.Select(e => e + "/scans/{scan}"), .. experiments.Select(e => e + "/assessors/{assessor}"),
        ];
        foreach (var address in objects.Select(o => $"/xapi/custom-fields/{o}/fields"))
        {
            endpoints.MapGet(address, (Delegate)ReadAsync);
            endpoints.MapPut(address, (Delegate)WriteAsync);
            endpoints.MapGet(address + "/{name}", ReadOneAsync);
            endpoints.MapDelete(address + "/{name}", RemoveAsync);
        }
    }

    private static async Task<Target> FindAsync(HttpContext context, ProjectRights needed)
    {
        var administrates = context.SignedIn().IsSiteAdministrator;
        try
        {
            return await LookUpAsync(context, needed);
        }
        catch (RequestRefusedException e) when (e.Status == 404 && !administrates && Experiments.Route(context, "scan") is null && Experiments.Route(context, "assessor") is null)
        {
            throw RequestRefusedException.Forbidden();
        }
    }

    private static async Task<Target> LookUpAsync(HttpContext context, ProjectRights needed)
    {
        if (Experiments.Route(context, "assessor") is { } assessor)
        {
            var row = await Assessors.FindAsync(context, assessor, needed);
            return new Target(ObjectFamily.Experiment, row.Id, row.Id, row.ProjectId, row.Status);
        }

        if (Experiments.Route(context, "experiment") is not null)
        {
            var session = await Experiments.OfRouteAsync(context, needed);
            if (Experiments.Route(context, "scan") is not { } scan)
            {
                return new Target(ObjectFamily.Experiment, session.Id, session.Id, session.ProjectId, session.Status);
            }

            var found = (await context.RequestServices.GetRequiredService<ArchiveBrowser>().ScansAsync(session.Id, context.RequestAborted)).FirstOrDefault(s => s.Id == scan)
                ?? throw RequestRefusedException.NotFound("There is no such scan.");
            return new Target(ObjectFamily.Scan, found.Key, $"{session.Id}/{found.Id}", session.ProjectId, session.Status);
        }

        if (Experiments.Route(context, "subject") is { } subject)
        {
            var row = await Scope.SubjectAsync(context, Experiments.Route(context, "project"), subject, needed);
            return new Target(ObjectFamily.Subject, row.Id, row.Id, row.ProjectId, row.Status);
        }

        // A project's own fields are its owner's to change.
        var project = await Scope.ProjectAsync(context, Experiments.Route(context, "project")!, needed == ProjectRights.Read ? needed : ProjectRights.Manage);
        return new Target(ObjectFamily.Project, project.Id, project.Id, project.Id, project.Status);
    }

    private static async Task<Target> ForChangeAsync(HttpContext context)
    {
        var target = await FindAsync(context, ProjectRights.Edit);
        return target.Status is "locked" or "obsolete" ? throw RequestRefusedException.Forbidden() : target;
    }

    private static async Task<JsonObject> FieldsAsync(HttpContext context)
    {
        var target = await FindAsync(context, ProjectRights.Read);
        return await context.RequestServices.GetRequiredService<CustomFieldStore>().ReadAsync(target.Family, target.Key, context.RequestAborted) ?? [];
    }

    private static IResult Json(JsonNode node) => Results.Text(node.ToJsonString(), "application/json");

    private static async Task<IResult> ReadAsync(HttpContext context)
    {
        var fields = await FieldsAsync(context);
        var wanted = context.Request.Query["fieldNames"].SelectMany(v => (v ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
        foreach (var name in wanted.Count == 0 ? [] : fields.Select(f => f.Key).Where(k => !wanted.Contains(k)).ToList())
        {
            fields.Remove(name);
        }

        return Json(fields);
    }

    private static async Task<IResult> ReadOneAsync(HttpContext context, string name)
    {
        var fields = await FieldsAsync(context);
        return !fields.TryGetPropertyValue(name, out var value) ? throw RequestRefusedException.NotFound("There is no such field.")
            : Results.Text(value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value?.ToJsonString() ?? "null");
    }

    private static async Task<IResult> WriteAsync(HttpContext context)
    {
        var target = await ForChangeAsync(context);
        JsonObject? given;
        try
        {
            given = (await JsonNode.ParseAsync(context.Request.Body, documentOptions: new JsonDocumentOptions { MaxDepth = 32 }, cancellationToken: context.RequestAborted)) as JsonObject;
            // Names that come twice show themselves only here.
            _ = given?.Count;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON.");
        }

        var merged = await context.RequestServices.GetRequiredService<CustomFieldStore>().MergeAsync(
            target.Family, target.Key, target.Id, target.ProjectId, given ?? throw RequestRefusedException.BadRequest("The body must be a JSON object."), ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "custom-fields.change", target.Id);
        return Json(merged);
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, string name)
    {
        var target = await ForChangeAsync(context);
        var store = context.RequestServices.GetRequiredService<CustomFieldStore>();
        if (await store.ReadAsync(target.Family, target.Key, context.RequestAborted) is not { } fields || !fields.ContainsKey(name))
        {
            throw RequestRefusedException.NotFound("There is no such field.");
        }

        var remaining = await store.RemoveAsync(target.Family, target.Key, target.Id, target.ProjectId, name, ItemRequest.Event(context), context.RequestAborted);
        await Scope.AuditAsync(context, "custom-fields.remove", target.Id);
        return Json(remaining);
    }
}
