using System.Globalization;
using Vesalius.Access;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>The audit trail for administrators (R26): search, CSV, verification of the chain.</summary>
internal static class AuditEndpoints
{
    private const int MostRows = 10_000;

    public static void MapAudit(this IEndpointRouteBuilder endpoints)
    {
        foreach (var address in (string[])["/xapi/audit", "/data/audit"])
        {
            endpoints.MapGet(address, SearchAsync);
        }

        endpoints.MapGet("/xapi/audit/verify", async (HttpContext context, AuditTrail audit) =>
        {
            context.Administrator();
            var found = await audit.VerifyAsync(context.RequestAborted);
            return Results.Json(new { intact = found.FirstBroken is null, rows = found.Rows, firstBroken = found.FirstBroken, head = found.Head });
        });
    }

    private static async Task SearchAsync(HttpContext context, AuditTrail audit)
    {
        context.Administrator();
        var query = context.Request.Query;
        string? Text(string name) => query[name].ToString() is { Length: > 0 } text && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
        DateTime? Time(string name) => Text(name) is not { } text ? null
            : DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var at) ? at
            : throw RequestRefusedException.BadRequest($"{name} is no time; use 2026-01-31T12:00:00Z.");
        long? Number(string name) => Text(name) is not { } text ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw RequestRefusedException.BadRequest($"{name} is no number.");
        var filter = new AuditFilter(Time("from"), Time("to"), Text("user"), Text("action"), Text("object"), Text("address"));
        if (Text("format") == "csv")
        {
            await CsvAsync(context, audit, filter);
            return;
        }

        var limit = (int)Math.Clamp(Number("limit") ?? 1000, 1, MostRows);
        var rows = await audit.SearchAsync(filter, Number("before"), limit, context.RequestAborted);
        await Results.Json(rows.Select(r => new { id = r.Id, at = r.At.ToUniversalTime(), user = r.Login, address = r.Address, action = r.Action, @object = r.Object })).ExecuteAsync(context);
    }

    // Page by page: a trail of years does not fit into memory.
    private static async Task CsvAsync(HttpContext context, AuditTrail audit, AuditFilter filter)
    {
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = "attachment; filename=\"audit.csv\"";
        await context.Response.WriteAsync("id,at,user,address,action,object\n", context.RequestAborted);
        long? before = null;
        while (true)
        {
            var rows = await audit.SearchAsync(filter, before, MostRows, context.RequestAborted);
            foreach (var row in rows)
            {
                var at = row.At.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
                await context.Response.WriteAsync(
                    string.Create(CultureInfo.InvariantCulture, $"{row.Id},{at},{Cell(row.Login)},{Cell(row.Address)},{Cell(row.Action)},{Cell(row.Object)}\n"), context.RequestAborted);
            }

            if (rows.Count < MostRows)
            {
                return;
            }

            before = rows[^1].Id;
        }
    }

    // A cell that begins like a formula would be one in a spreadsheet.
    private static string Cell(string text)
    {
        var safe = text.Length > 0 && "=+-@\t".Contains(text[0], StringComparison.Ordinal) ? "'" + text : text;
        return safe.AsSpan().IndexOfAny(",\"\n\r") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
