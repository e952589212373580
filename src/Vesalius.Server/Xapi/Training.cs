using System.Globalization;
using Vesalius.Access;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Training records (R25): <c>/xapi/training</c>, <c>/xapi/users/{u}/training</c>. Ours; XNAT has none.</summary>
internal static class Training
{
    private sealed record RecordBody(string? Course, DateOnly? Completed, decimal? Score, decimal? PassMark, DateOnly? Expires);

    public static void MapTraining(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/training", async (HttpContext context, TrainingRecords records) =>
        {
            context.Administrator();
            var rows = await records.ListAsync(null, context.RequestAborted);
            if (context.Request.Query["format"] != "csv")
            {
                return Results.Json(rows);
            }

            var table = new ResultTable("id", "login", "course", "completed", "score", "passMark", "expires", "valid", "recordedBy");
            foreach (var r in rows)
            {
                table.Add(Text(r.Id), r.Login, r.Course, Text(r.Completed), Text(r.Score), Text(r.PassMark), Text(r.Expires), r.Valid ? "true" : "false", r.RecordedBy);
            }

            return new TableResult(table);
        });
        endpoints.MapGet("/xapi/users/{login}/training", async (HttpContext context, string login, TrainingRecords records) =>
        {
            context.SelfOrAdministrator(login);
            return Results.Json(await records.ListAsync(login, context.RequestAborted));
        });
        endpoints.MapPost("/xapi/users/{login}/training", AddAsync);
        endpoints.MapDelete("/xapi/users/{login}/training/{id:long}", async (HttpContext context, string login, long id, TrainingRecords records) =>
        {
            context.Administrator();
            if (!await records.RemoveAsync(login, id, context.RequestAborted))
            {
                throw RequestRefusedException.NotFound($"The user has no training record {id}.");
            }

            await Scope.AuditAsync(context, "training.delete", $"{login}/{id}");
            return Results.Ok();
        });
    }

    private static string Text(IFormattable value) => value is DateOnly date ? date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : value.ToString(null, CultureInfo.InvariantCulture);

    private static async Task<IResult> AddAsync(HttpContext context, string login, TrainingRecords records, SiteSettings settings, TimeProvider time)
    {
        var by = context.Administrator().Login;
        var body = await RequestJson.ReadAsync<RecordBody>(context);
        if (body.Course is not { Length: > 0 and <= 255 } || body.Score is null || body.Completed is not { } completed || completed > DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime))
        {
            throw RequestRefusedException.BadRequest("A training record needs a course, the day on which it was completed (yyyy-MM-dd, not in the future) and the score.");
        }

        var validity = await settings.IntervalAsync("trainingValidity", context.RequestAborted);
        var expires = body.Expires ?? DateOnly.FromDayNumber((int)Math.Min(completed.DayNumber + (long)validity.TotalDays, DateOnly.MaxValue.DayNumber));
        if (expires < completed)
        {
            throw RequestRefusedException.BadRequest("The record expires before it was completed.");
        }

        var mark = body.PassMark ?? (decimal)await settings.NumberAsync("trainingPassMark", context.RequestAborted);
        var id = await records.AddAsync(login, body.Course, completed, body.Score.Value, mark, expires, by, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such user.");
        await Scope.AuditAsync(context, "training.record", $"{login}/{id}");
        return Results.Json((await records.ListAsync(login, context.RequestAborted)).First(r => r.Id == id), statusCode: 201);
    }
}
