using System.Globalization;
using System.Text.Json;
using Vesalius.Import;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>The registry of patients who opted out (R8): ours, for administrators. Identifiers travel in bodies only, never in addresses.</summary>
internal static class OptOuts
{
    public static void MapOptOuts(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/opt-outs", async (HttpContext context, OptOutRegistry registry, ArrivalRules rules) =>
        {
            context.Administrator();
            var refusals = (await rules.CountsAsync(context.RequestAborted)).Select(r => new
            {
                day = r.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), reason = r.Reason, door = r.Door, project = r.ProjectId, count = r.Count,
            });
            return Results.Json(new { identifiers = await registry.CountAsync(context.RequestAborted), refusals });
        });
        endpoints.MapPost("/xapi/opt-outs", AddAsync);
        endpoints.MapPost("/xapi/opt-outs/check", async (HttpContext context, OptOutRegistry registry) =>
        {
            context.Administrator();
            var identifiers = await IdentifiersAsync(context);
            var answers = new List<bool>();
            foreach (var identifier in identifiers)
            {
                answers.Add(await registry.HasAsync(identifier, context.RequestAborted));
            }

            await Scope.AuditAsync(context, "optOut.check", $"{identifiers.Count} identifiers");
            return Results.Json(answers);
        });
        endpoints.MapDelete("/xapi/opt-outs", async (HttpContext context, OptOutRegistry registry) =>
        {
            context.Administrator();
            var removed = await registry.RemoveAsync(await IdentifiersAsync(context), context.RequestAborted);
            await Scope.AuditAsync(context, "optOut.remove", $"{removed} identifiers");
            return Results.Json(new { removed });
        });
    }

    private static async Task<IResult> AddAsync(HttpContext context, OptOutRegistry registry)
    {
        var login = context.Administrator().Login;
        OptOutChange change;
        if (context.Request.ContentType?.Contains("json", StringComparison.OrdinalIgnoreCase) == true)
        {
            change = await registry.AddAsync(await IdentifiersAsync(context), login, context.RequestAborted);
        }
        else
        {
            var body = await UploadBody.OpenAsync(context);
            try
            {
                change = await registry.AddCsvAsync(body.Content, login, context.RequestAborted);
            }
            catch (FormatException)
            {
                throw RequestRefusedException.BadRequest("The list is no CSV.");
            }
        }

        await Scope.AuditAsync(context, "optOut.add", $"{change.Added} identifiers");
        return Results.Json(new { added = change.Added, known = change.Known, faults = change.Faults.Select(f => new { row = f.Row, reason = f.Reason }) });
    }

    private static async Task<IReadOnlyList<string>> IdentifiersAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<List<string>>(context.Request.Body, cancellationToken: context.RequestAborted) is { Count: > 0 } list && !list.Contains(null!)
                ? list : throw RequestRefusedException.BadRequest("The body is no JSON list of identifiers.");
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON list of identifiers.");
        }
    }
}
