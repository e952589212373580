using System.Globalization;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive.Items;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Data;

/// <summary><c>/data/workflows</c>, <c>/data/services/workflows</c> and <c>/xapi/workflows</c> (rest-api §23, T8).</summary>
internal static class Workflows
{
    private const string Prefix = "wrk:workflowData/";

    private static readonly string[] Own = ["id", "launch_time", "pipeline_name", "data_type", "status", "externalid"];

    private sealed record FilterBody(string? Like, string? Value);

    private sealed record PageBody(string? Id, string? Data_type, int? Page, int? Size, string? Sort_dir, Dictionary<string, FilterBody>? Filters);

    public static void MapWorkflows(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/data/workflows", ["PUT", "POST"], (HttpContext context, WorkflowDirectory workflows) => PutAsync(context, null, workflows));
        endpoints.MapPut("/data/workflows/{id:long}", (HttpContext context, long id, WorkflowDirectory workflows) => PutAsync(context, id, workflows));
        endpoints.MapGet("/data/workflows/{id:long}", async (HttpContext context, long id, WorkflowDirectory workflows) =>
            await AnswerAsync(context, await workflows.FindAsync(id, context.RequestAborted)));
        endpoints.MapGet("/data/workflows", async (HttpContext context, WorkflowDirectory workflows) =>
        {
            context.SignedIn();
            var fields = Fields(context.Request.Query.Select(q => KeyValuePair.Create(q.Key, q.Value.ToString())));
            return fields.TryGetValue("id", out var id) && fields.TryGetValue("launch_time", out var launched) && fields.TryGetValue("pipeline_name", out var name)
                ? await AnswerAsync(context, await workflows.FindAsync(id, launched, name, context.RequestAborted))
                : throw RequestRefusedException.NotFound("Name the workflow by id, launch_time and pipeline_name.");
        });
        endpoints.MapGet("/data/services/workflows/{pipeline?}", async (HttpContext context, string? pipeline, WorkflowDirectory workflows) =>
        {
            context.SignedIn();
            var query = context.Request.Query;
            string? Text(string key) => query[key].ToString() is { Length: > 0 } text && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
            var rows = await workflows.ListAsync(Text("experiment"), Text("project"), pipeline, Text("status"), null, 0, 100, context.RequestAborted);
            foreach (var row in rows)
            {
                if (await MaySeeAsync(context, row))
                {
                    return new ItemResult(ItemOf(row)) { IsUsuallyJson = true };
                }
            }

            throw RequestRefusedException.NotFound("There is no such workflow.");
        });
        endpoints.MapPost("/xapi/workflows", PageAsync);
    }

    private static Dictionary<string, string> Fields(IEnumerable<KeyValuePair<string, string>> given) => given
        .Select(g => KeyValuePair.Create(g.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? g.Key[Prefix.Length..] : g.Key, g.Value))
        .GroupBy(g => g.Key, StringComparer.OrdinalIgnoreCase).ToDictionary(g => g.Key, g => g.First().Value, StringComparer.OrdinalIgnoreCase);

    // The creator, an administrator, and whoever may read the project that it belongs to.
    private static async Task<bool> MaySeeAsync(HttpContext context, Workflow workflow)
    {
        var caller = context.Caller();
        return caller.IsSiteAdministrator || caller.Login == workflow.CreateUser
            || (workflow.ExternalId.Length > 0 && (await context.RequestServices.GetRequiredService<ProjectAccess>().RightsAsync(caller, workflow.ExternalId, context.RequestAborted)).HasFlag(ProjectRights.Read));
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, Workflow? workflow)
    {
        context.SignedIn();
        return workflow is not null && await MaySeeAsync(context, workflow) ? new ItemResult(ItemOf(workflow)) : throw RequestRefusedException.NotFound("There is no such workflow.");
    }

    private static Item ItemOf(Workflow row)
    {
        var item = new Item("wrk:workflowData", row.Created)
            .With("wrk_workflowData_id", row.Id).With("ID", row.ObjectId).With("ExternalID", row.ExternalId).With("data_type", row.DataType).With("pipeline_name", row.PipelineName)
            .With("launch_time", row.LaunchTime).With("status", row.Status).With("create_user", row.CreateUser);
        foreach (var (key, value) in JsonSerializer.Deserialize<Dictionary<string, string>>(row.Fields)!)
        {
            item.With(key, value);
        }

        return item;
    }

    private static async Task<IResult> PutAsync(HttpContext context, long? id, WorkflowDirectory workflows)
    {
        var caller = context.SignedIn();
        var given = context.Request.Query.Select(q => KeyValuePair.Create(q.Key, q.Value.ToString()));
        if (context.Request.HasFormContentType)
        {
            given = given.Concat((await context.Request.ReadFormAsync(context.RequestAborted)).Select(f => KeyValuePair.Create(f.Key, f.Value.ToString())));
        }

        var fields = Fields(given);
        if (fields.Any(f => f.Value.Contains('\0', StringComparison.Ordinal) || f.Value.Length > 10_000 || f.Key.Contains('\0', StringComparison.Ordinal)))
        {
            throw RequestRefusedException.BadRequest("A field cannot be stored.");
        }

        var others = fields.Where(f => !Own.Contains(f.Key.ToLowerInvariant()) && f.Key is "category" or "type" or "comments" or "justification" or "details" or "jobID" or "step_description" or "percentageComplete")
            .ToDictionary(f => f.Key, f => f.Value);
        var existing = id is { } number ? await workflows.FindAsync(number, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such workflow.")
            : fields.TryGetValue("id", out var o) && fields.TryGetValue("launch_time", out var l) && fields.TryGetValue("pipeline_name", out var p) ? await workflows.FindAsync(o, l, p, context.RequestAborted) : null;
        if (existing is null)
        {
            foreach (var needed in (string[])["id", "launch_time", "pipeline_name", "data_type"])
            {
                if (!fields.TryGetValue(needed, out var value) || value.Length == 0)
                {
                    throw RequestRefusedException.BadRequest($"A workflow needs {Prefix}{needed}.");
                }
            }

            await workflows.CreateAsync(
                fields["id"], fields.GetValueOrDefault("ExternalID") ?? "", fields["data_type"], fields["pipeline_name"], fields["launch_time"], fields.GetValueOrDefault("status") ?? "Queued", others,
                caller.Login, context.RequestAborted);
            return Results.Ok();
        }

        if (existing.CreateUser != caller.Login && !caller.IsSiteAdministrator)
        {
            throw RequestRefusedException.Forbidden("Only who created a workflow may change it.");
        }

        await workflows.UpdateAsync(existing.Id, fields.GetValueOrDefault("status"), fields.GetValueOrDefault("data_type"), fields.GetValueOrDefault("ExternalID"), others, context.RequestAborted);
        return Results.Ok();
    }

    private static async Task<IResult> PageAsync(HttpContext context, WorkflowDirectory workflows)
    {
        context.SignedIn();
        var body = context.Request.ContentLength == 0 ? new PageBody(null, null, null, null, null, null) : await RequestJson.ReadAsync<PageBody>(context);
        if (body.Page is < 1 or > 1_000_000 || body.Size is < 1 or > 10_000)
        {
            throw RequestRefusedException.BadRequest("page must be 1 or more, size 1 to 10000.");
        }

        // On a project's page the number is the project's, else the object's.
        var ofProject = body.Data_type == "xnat:projectData";
        var size = body.Size ?? 50;
        var filter = body.Filters?.FirstOrDefault(f => f.Key.Equals("pipelineName", StringComparison.OrdinalIgnoreCase)).Value;
        var rows = await workflows.ListAsync(
            ofProject ? null : body.Id, ofProject ? body.Id : null, (filter?.Like ?? filter?.Value)?.Trim('%'), null, null, ((body.Page ?? 1) - 1) * size, size, context.RequestAborted);
        var visible = new List<object>();
        foreach (var row in rows)
        {
            if (await MaySeeAsync(context, row))
            {
                visible.Add(new
                {
                    wfid = row.Id, id = row.ObjectId, externalId = row.ExternalId, dataType = row.DataType, pipelineName = row.PipelineName, status = row.Status, createUser = row.CreateUser,
                    launchTime = row.LaunchTime, modTime = new DateTimeOffset(row.Modified.ToUniversalTime()).ToUnixTimeMilliseconds(),
                    percentComplete = row.Status.StartsWith("Complete", StringComparison.Ordinal) ? "100.0" : "",
                });
            }
        }

        if (string.Equals(body.Sort_dir, "asc", StringComparison.OrdinalIgnoreCase))
        {
            visible.Reverse();
        }

        return Results.Json(visible);
    }
}
