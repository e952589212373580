using System.Globalization;
using System.Text.Json.Nodes;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Archive.Types;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/customforms</c> (rest-api Y9 to Y16): made by administrators and the role <c>CustomFormManager</c>, seen where their projects are seen.</summary>
internal static class CustomFormEndpoints
{
    private const string Role = "CustomFormManager";
    private const int LongestTitle = 255;
    private const int LongestForm = 1 << 20;

    public static void MapCustomForms(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/customforms", ListAsync);
        endpoints.MapPut("/xapi/customforms/save", SaveAsync);
        foreach (var status in (string[])["enabled", "disabled"])
        {
            endpoints.MapPost("/xapi/customforms/" + status[..^1], async (HttpContext context, CustomForms forms) =>
            {
                var places = await PlacesAsync(context, forms);
                await forms.SetStatusAsync([.. places.Select(p => p.Id)], status, context.RequestAborted);
                return await DoneAsync(context, status, places);
            });
        }

        endpoints.MapPost("/xapi/customforms/promote", async (HttpContext context, CustomForms forms) =>
        {
            var places = await PlacesAsync(context, forms);
            await forms.PromoteAsync([.. places.Select(p => p.FormId).Distinct()], context.RequestAborted);
            return await DoneAsync(context, "promoted", places);
        });
        endpoints.MapPost("/xapi/customforms/optin/{rowId}", async (HttpContext context, string rowId, CustomForms forms) =>
        {
            Manager(context);
            return await ChooseAsync(context, forms, (await FindPlaceAsync(context, forms, rowId)).FormId, isUsed: true);
        });
        endpoints.MapPost("/xapi/customforms/optout/{formId:long}", async (HttpContext context, long formId, CustomForms forms) =>
        {
            Manager(context);
            return (await forms.ListAsync(context.RequestAborted)).Any(f => f.Id == formId)
                ? await ChooseAsync(context, forms, formId, isUsed: false) : throw RequestRefusedException.NotFound($"There is no form {formId}.");
        });
        endpoints.MapPost("/xapi/customforms/formId/{uuid}", OrderAsync);
        endpoints.MapDelete("/xapi/customforms", async (HttpContext context, CustomForms forms) =>
        {
            var places = await PlacesAsync(context, forms);
            var kept = await forms.RemoveAsync(places, context.RequestAborted);
            await Scope.AuditAsync(context, "custom-form.remove", string.Join(',', places.Select(p => p.RowId)));
            return Results.Text(kept == 0 ? "Removed." : $"{kept} of {places.Count} are disabled, not removed: there are answers to them.");
        });
        endpoints.MapGet("/xapi/customforms/element", ElementAsync);
        endpoints.MapGet("/xapi/customforms/hasdata/{rowId}", async (HttpContext context, string rowId, CustomForms forms) =>
        {
            Manager(context);
            return Results.Json(await forms.HasDataAsync(await FindPlaceAsync(context, forms, rowId), context.RequestAborted));
        });
    }

    private static Caller Manager(HttpContext context) =>
        context.SignedIn() is var caller && (caller.IsSiteAdministrator || caller.Roles.Contains(Role)) ? caller : throw RequestRefusedException.Forbidden($"This is for administrators and the role {Role}.");

    private static async Task<IResult> DoneAsync(HttpContext context, string what, IReadOnlyCollection<CustomFormPlace> places)
    {
        await Scope.AuditAsync(context, $"custom-form.{what}", string.Join(',', places.Select(p => p.RowId)));
        return Results.Text(string.Create(CultureInfo.InvariantCulture, $"{places.Count} {what}."));
    }

    // Who manages forms sees where all of them are used; others see the places of projects that they may read.
    private static async Task<IResult> ListAsync(HttpContext context, string? projectId, CustomForms forms, ProjectAccess access)
    {
        var caller = context.SignedIn();
        var project = string.IsNullOrEmpty(projectId) ? null : (await Scope.ProjectAsync(context, projectId, ProjectRights.Read, invisible: 403)).Id;
        var manages = caller.IsSiteAdministrator || caller.Roles.Contains(Role);
        var readable = manages ? [] : (await access.ProjectsWithAsync(caller, ProjectRights.Read, context.RequestAborted)).ToHashSet(StringComparer.Ordinal);
        var places = (await forms.PlacesAsync(context.RequestAborted)).ToLookup(p => p.FormId);
        var found = new List<object>();
        foreach (var form in await forms.ListAsync(context.RequestAborted))
        {
            var shown = places[form.Id].Where(p => p.ProjectId is not { } id || (project is null ? manages || readable.Contains(id) : id == project)).ToList();
            if (shown.Count > 0)
            {
                found.Add(View(form, shown, places[form.Id].Count(p => p is { ProjectId: not null, Status: not "optedout" }) > 1));
            }
        }

        return Results.Json(found);
    }

    private static object View(CustomForm form, IReadOnlyCollection<CustomFormPlace> places, bool isShared) => new
    {
        formId = form.Id, formUUID = form.Uuid, contents = form.Contents, path = "datatype/" + form.DataType, scope = places.Any(p => p.ProjectId is null) ? "Site" : "Project",
        formDisplayOrder = form.DisplayOrder, username = form.CreatedBy, dateCreated = new DateTimeOffset(form.Created.ToUniversalTime()).ToUnixTimeMilliseconds(), doProjectsShareForm = isShared,
        appliesToList = places.Select(p => new
        {
            idCustomVariableFormAppliesTo = p.RowId, rowIdentifier = new { appliesToId = p.Id, formId = p.FormId }, entityId = p.ProjectId ?? "Site", scope = p.ProjectId is null ? "Site" : "Project", status = p.Status,
        }),
    };

    private static async Task<IResult> SaveAsync(HttpContext context, CustomForms forms, TypeModel model)
    {
        var login = Manager(context).Login;
        var body = await RequestJson.ReadAsync<JsonObject>(context);
        var data = body["submission"] is JsonObject submission ? submission["data"] as JsonObject : null;
        var builder = body["builder"] is JsonValue text ? Parsed(text) : body["builder"] as JsonObject;
        if (data is null || builder is not { } form || form["components"] is not JsonArray)
        {
            throw RequestRefusedException.BadRequest("A form has submission.data and a builder with components.");
        }

        if (Text(form["title"]) is not { } title || title.Trim().Length is 0 or > LongestTitle || title.Any(c => char.IsControl(c) || c is '<' or '>'))
        {
            throw RequestRefusedException.BadRequest($"The title of the form must have 1 to {LongestTitle} characters, none of them < or >.");
        }

        var contents = form.ToJsonString();
        if (contents.Length > LongestForm || contents.Contains("\\u0000", StringComparison.Ordinal))
        {
            throw RequestRefusedException.BadRequest($"The form is longer than {LongestForm} characters, or holds one that cannot be stored.");
        }

        if (Text(data["xnatDatatype"] is JsonObject chosen ? chosen["value"] : data["xnatDatatype"]) is not { } named || model.Find(named) is not { } type
            || type.Family is not (ObjectFamily.Project or ObjectFamily.Subject or ObjectFamily.Experiment or ObjectFamily.Scan))
        {
            throw RequestRefusedException.BadRequest("xnatDatatype names no type of projects, subjects, experiments or scans.");
        }

        var order = Order(Text(data["zIndex"]) ?? "0");
        var projects = string.Equals(Text(data["isThisASiteWideConfiguration"]), "yes", StringComparison.OrdinalIgnoreCase) ? null : await ProjectsAsync(context, data["xnatProject"] as JsonArray ?? []);
        long? existing = Text(data["idCustomVariableFormAppliesTo"]) is { Length: > 0 } and not "-1" and var row ? (await FindPlaceAsync(context, forms, row)).FormId : null;
        var uuid = await forms.SaveAsync(existing, type.Name, contents, order, projects, login, context.RequestAborted);
        await Scope.AuditAsync(context, "custom-form.save", uuid.ToString());
        return Results.Text(uuid.ToString(), statusCode: 201);
    }

    private static JsonObject? Parsed(JsonValue text)
    {
        try
        {
            return JsonNode.Parse(Text(text) ?? "") as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value ? value.ToString() : null;

    private static int Order(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var order) && order is >= -CustomForms.FarthestOrder and <= CustomForms.FarthestOrder
            ? order : throw RequestRefusedException.BadRequest($"The display order is a whole number from -{CustomForms.FarthestOrder} to {CustomForms.FarthestOrder}.");

    // Texts, or objects with a value; a protocol may stand before the project.
    private static async Task<IReadOnlyCollection<string>> ProjectsAsync(HttpContext context, JsonArray given)
    {
        var projects = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in given)
        {
            var id = (Text(node is JsonObject named ? named["value"] : node) ?? "").Split(':')[^1];
            projects.Add((await Scope.ProjectAsync(context, id, ProjectRights.Describe)).Id);
        }

        return projects.Count > 0 ? projects : throw RequestRefusedException.BadRequest("Name at least one project.");
    }

    private static async Task<IResult> ChooseAsync(HttpContext context, CustomForms forms, long form, bool isUsed)
    {
        var projects = await ProjectsAsync(context, await RequestJson.ReadAsync<JsonArray>(context));
        await forms.ChooseAsync(form, projects, isUsed, context.RequestAborted);
        await Scope.AuditAsync(context, isUsed ? "custom-form.optin" : "custom-form.optout", string.Create(CultureInfo.InvariantCulture, $"{form}"));
        return Results.Text(isUsed ? "The projects use the form." : "The projects do without the form.");
    }

    private static async Task<CustomFormPlace> FindPlaceAsync(HttpContext context, CustomForms forms, string rowId) =>
        (await forms.PlacesAsync(context.RequestAborted)).FirstOrDefault(p => p.RowId == rowId || p.Id.ToString(CultureInfo.InvariantCulture) == rowId) ?? throw RequestRefusedException.NotFound("There is no such row of a form.");

    // Rows as the list answers them, their identifiers, or these alone.
    private static async Task<IReadOnlyList<CustomFormPlace>> PlacesAsync(HttpContext context, CustomForms forms)
    {
        Manager(context);
        var places = new List<CustomFormPlace>();
        foreach (var node in await RequestJson.ReadAsync<JsonArray>(context))
        {
            var identifier = node is JsonObject row ? row["idCustomVariableFormAppliesTo"] ?? (row["rowIdentifier"] as JsonObject ?? row)["appliesToId"] : node;
            places.Add(await FindPlaceAsync(context, forms, Text(identifier) ?? throw RequestRefusedException.BadRequest("An element of the list names no row (idCustomVariableFormAppliesTo).")));
        }

        return places.Count > 0 ? places : throw RequestRefusedException.BadRequest("The list is empty.");
    }

    private static async Task<IResult> OrderAsync(HttpContext context, string uuid, string? displayOrder, CustomForms forms)
    {
        Manager(context);
        if (!Guid.TryParse(uuid, out var form))
        {
            throw RequestRefusedException.BadRequest("The form is not named by a UUID.");
        }

        if (!await forms.OrderAsync(form, Order(displayOrder ?? ""), context.RequestAborted))
        {
            throw RequestRefusedException.NotFound("There is no such form.");
        }

        await Scope.AuditAsync(context, "custom-form.order", uuid);
        return Results.Text(uuid);
    }

    // What a page shows below an object: the forms in use there, each as a part named by its UUID, as its answers are.
    private static async Task<IResult> ElementAsync(HttpContext context, string? xsiType, string? id, string? projectId, CustomForms forms, TypeModel model)
    {
        context.SignedIn();
        var type = model.Find(xsiType ?? "") ?? throw RequestRefusedException.BadRequest("xsiType names no data type.");
        var project = string.IsNullOrEmpty(projectId) ? type.Family == ObjectFamily.Project ? id : null : projectId;
        var place = (await Scope.ProjectAsync(context, project ?? throw RequestRefusedException.BadRequest("projectId is missing."), ProjectRights.Read, invisible: 403)).Id;
        var places = (await forms.PlacesAsync(context.RequestAborted)).ToLookup(p => p.FormId);
        bool IsUsed(CustomForm form) => model.Is(type.Name, form.DataType)
            && (places[form.Id].FirstOrDefault(p => p.ProjectId == place) ?? places[form.Id].FirstOrDefault(p => p.ProjectId is null))?.Status == "enabled";
        var parts = new JsonArray();
        foreach (var form in (await forms.ListAsync(context.RequestAborted)).Where(IsUsed))
        {
            var contents = JsonNode.Parse(form.Contents)!;
            parts.Add(new JsonObject
            {
                ["type"] = "container", ["key"] = form.Uuid.ToString(), ["label"] = contents["title"]?.DeepClone(), ["input"] = true, ["components"] = contents["components"]!.DeepClone(),
            });
        }

        return parts.Count > 0 ? Results.Text(new JsonObject { ["display"] = "form", ["components"] = parts }.ToJsonString(), "application/json")
            : throw RequestRefusedException.NotFound("No form is in use there.");
    }
}
