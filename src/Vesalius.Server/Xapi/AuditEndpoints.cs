using System.Globalization;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>The audit trail for administrators (R26): search, CSV, verification of the chain and of its anchors.</summary>
internal static class AuditEndpoints
{
    private const int MostRows = 10_000;

    public static void MapAudit(this IEndpointRouteBuilder endpoints)
    {
        foreach (var address in (string[])["/xapi/audit", "/data/audit"])
        {
            endpoints.MapGet(address, (HttpContext context, AuditTrail audit) => SearchAsync(context, audit, name => context.Request.Query[name].ToString()));
        }

        // What is looked for may name a person or an object, and addresses are written down by proxies: here it stands in the body.
        endpoints.MapPost("/xapi/audit/search", async (HttpContext context, AuditTrail audit) =>
        {
            context.Administrator();
            var asked = await FieldsAsync(context);
            await SearchAsync(context, audit, name => asked.GetValueOrDefault(name) ?? "");
        });
        endpoints.MapGet("/xapi/audit/verify", async (HttpContext context, AuditTrail audit, AuditAnchors anchors) =>
        {
            context.Administrator();
            var found = await audit.VerifyAsync(context.RequestAborted);
            var compared = await anchors.CompareAsync(context.RequestAborted);
            return Results.Json(new
            {
                intact = found.FirstBroken is null && compared.IsIntact, rows = found.Rows, firstBroken = found.FirstBroken, head = found.Head,
                anchors = compared.Anchors, unreadableAnchors = compared.Unreadable, firstMissingAnchor = compared.FirstMissing,
            });
        });
        endpoints.MapGet("/xapi/audit/anchors", async (HttpContext context, AuditAnchors anchors) =>
        {
            context.Administrator();
            await anchors.WriteAsync(context.RequestAborted);
            return Results.Json((await anchors.ReadAsync(context.RequestAborted)).Anchors);
        });
        endpoints.MapPost("/xapi/audit/anchors/compare", async (HttpContext context, AuditAnchors anchors) =>
        {
            context.Administrator();
            var (given, unreadable) = AuditAnchors.Parse(await TextAsync(context));
            if (given.Count == 0)
            {
                throw RequestRefusedException.BadRequest("The body has no anchors: one a line, as in audit-anchors.jsonl.");
            }

            var compared = await anchors.CompareAsync(given, unreadable, context.RequestAborted);
            return Results.Json(new { intact = compared.IsIntact, anchors = compared.Anchors, unreadableAnchors = compared.Unreadable, firstMissingAnchor = compared.FirstMissing });
        });
    }

    private static async Task<string> TextAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        return await reader.ReadToEndAsync(context.RequestAborted);
    }

    private static async Task<Dictionary<string, string>> FieldsAsync(HttpContext context)
    {
        try
        {
            using var json = JsonDocument.Parse(await TextAsync(context));
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? json.RootElement.EnumerateObject().Where(p => p.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number).GroupBy(p => p.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Value.ToString(), StringComparer.Ordinal)
                : throw RequestRefusedException.BadRequest("The body is a JSON object with from, to, user, action, object, address, limit, before, format.");
        }
        catch (JsonException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON.");
        }
    }

    private static async Task SearchAsync(HttpContext context, AuditTrail audit, Func<string, string> asked)
    {
        context.Administrator();
        string? Text(string name) => asked(name) is { Length: > 0 } text && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
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
