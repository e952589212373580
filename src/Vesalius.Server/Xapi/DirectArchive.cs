using System.Globalization;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Prearchive;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary>Sessions on their way straight to the archive (xapi B.8, rest-api W1 to W4). One that fails turns into an ordinary prearchive session.</summary>
internal static class DirectArchive
{
    /// <summary>Address of a session; a POST to it archives the session now.</summary>
    public static string AddressOf(PrearchiveSession session) => $"/xapi/direct-archive/{session.ProjectId}/{session.StudyInstanceUid}/{session.Label}";

    public static void MapDirectArchive(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/xapi/direct-archive", (Delegate)ListAsync);
        endpoints.MapGet("/xapi/direct-archive/{project}/{tag}/{name}", async (HttpContext context, string project, string tag, string name) =>
            Results.Json(View(await FindAsync(context, project, tag, name, ProjectRights.Read))));
        endpoints.MapPost("/xapi/direct-archive/{project}/{tag}/{name}", async (HttpContext context, string project, string tag, string name, SessionArchiver archiver, IdleSessionService idle) =>
        {
            var session = await FindAsync(context, project, tag, name, ProjectRights.Edit);
            try
            {
                foreach (var built in await archiver.BuildAsync(session.Id, context.RequestAborted))
                {
                    await idle.ArchiveIfWantedAsync(built, context.RequestAborted);
                }

                return Results.Ok();
            }
            catch (ArchivingException e)
            {
                throw ArchivingEndpoints.Refusal(e);
            }
        });
        endpoints.MapDelete("/xapi/direct-archive/{id:long}", async (HttpContext context, long id, PrearchiveStore store, SessionGates gates) =>
        {
            context.SignedIn();
            var session = await store.FindAsync(id, context.RequestAborted) is { DirectArchive: true, ProjectId: not null } found ? found
                : throw (context.Caller().IsSiteAdministrator ? RequestRefusedException.NotFound($"There is no session {id}.") : RequestRefusedException.Forbidden());
            await Scope.ProjectAsync(context, session.ProjectId!, ProjectRights.Delete, invisible: 403);
            using var alone = await gates.CloseAsync(id, context.RequestAborted);
            await store.RemoveAsync(session, CancellationToken.None);
            await Scope.AuditAsync(context, "directArchive.delete", $"{id}");
            return Results.Ok();
        });
    }

    private static async Task<PrearchiveSession> FindAsync(HttpContext context, string project, string tag, string name, ProjectRights needed)
    {
        context.SignedIn();
        var row = await Scope.ProjectAsync(context, project, needed, invisible: 403);
        return (await context.RequestServices.GetRequiredService<PrearchiveStore>().ListAsync(context.RequestAborted))
            .FirstOrDefault(s => s.DirectArchive && s.ProjectId == row.Id && s.StudyInstanceUid == tag && s.Label == name) ?? throw RequestRefusedException.NotFound("There is no such session.");
    }

    private static Dictionary<string, object?> View(PrearchiveSession s) => new()
    {
        ["id"] = s.Id, ["project"] = s.ProjectId, ["subject"] = s.Subject, ["name"] = s.Label, ["folderName"] = s.Folder, ["tag"] = s.StudyInstanceUid, ["status"] = s.Status,
        ["scanDate"] = s.ScanDate?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ["uploadDate"] = Milliseconds(s.Uploaded), ["lastBuiltDate"] = Milliseconds(s.LastModified),
        ["location"] = "", ["source"] = s.Source, ["visit"] = s.Visit, ["protocol"] = s.Protocol, ["timeZone"] = s.Timezone, ["url"] = AddressOf(s),
    };

    private static long Milliseconds(DateTime at) => new DateTimeOffset(at.ToUniversalTime()).ToUnixTimeMilliseconds();

    private static async Task<IResult> ListAsync(HttpContext context)
    {
        context.SignedIn();
        var page = await ReadAsync(context);
        var readable = (await Scope.ReadableAsync(context)).ToHashSet(StringComparer.Ordinal);
        var rows = (await context.RequestServices.GetRequiredService<PrearchiveStore>().ListAsync(context.RequestAborted))
            .Where(s => s.DirectArchive && s.ProjectId is not null && readable.Contains(s.ProjectId)).Select(View).Where(page.Fits);
        rows = page.Descending ? rows.OrderByDescending(r => page.SortKey(r), StringComparer.Ordinal) : rows.OrderBy(r => page.SortKey(r), StringComparer.Ordinal);
        return Results.Json(rows.Skip((page.Number - 1) * page.Size).Take(page.Size));
    }

    private sealed record Page(int Number, int Size, string Column, bool Descending, IReadOnlyList<(string Column, string Operator, string Value)> Filters)
    {
        public string SortKey(Dictionary<string, object?> row) => row.GetValueOrDefault(Column) is long number ? number.ToString("D20", CultureInfo.InvariantCulture) : $"{row.GetValueOrDefault(Column)}";

        public bool Fits(Dictionary<string, object?> row) => Filters.All(f => $"{row.GetValueOrDefault(f.Column)}" is var text && f.Operator switch
        {
            "EQ" => text == f.Value,
            "NE" => text != f.Value,
            _ => text.Contains(f.Value, StringComparison.OrdinalIgnoreCase),
        });
    }

    private static async Task<Page> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var text = await reader.ReadToEndAsync(context.RequestAborted);
        try
        {
            using var json = JsonDocument.Parse(text.Length == 0 ? "{}" : text);
            var root = json.RootElement;
            string Text(string name, string absent) => root.TryGetProperty(name, out var value) ? value.ToString() : absent;
            var filters = root.TryGetProperty("filters", out var given) && given.ValueKind == JsonValueKind.Object
                ? given.EnumerateObject().Where(f => f.Value.ValueKind == JsonValueKind.Object && f.Value.TryGetProperty("value", out _)).Select(f => (
                    f.Name, f.Value.TryGetProperty("operator", out var op) ? op.ToString().ToUpperInvariant() : "ILIKE", f.Value.GetProperty("value").ToString().Trim('%'))).ToList()
                : [];
            return int.TryParse(Text("page", "1"), out var page) && page > 0 && int.TryParse(Text("size", "50"), out var size) && size is > 0 and <= 10_000
                ? new Page(page, size, Text("sort_col", "lastBuiltDate"), !Text("sort_dir", "desc").Equals("asc", StringComparison.OrdinalIgnoreCase), filters)
                : throw RequestRefusedException.BadRequest("page and size are numbers from 1.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw RequestRefusedException.BadRequest("The body is no JSON object of a page.");
        }
    }
}
