using System.Text.Json.Nodes;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;
using Vesalius.Server.Security;

namespace Vesalius.Server.Xapi;

/// <summary><c>/xapi/pacs/{id}/availability</c> (xapi A.5).</summary>
internal static class PacsAvailabilityEndpoints
{
    private static readonly string[] Days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

    public static void MapPacsAvailability(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/xapi/pacs/{id:long}/availability", async (HttpContext context, AvailabilityDirectory directory, TimeProvider time, long id) =>
        {
            await CheckAsync(context, id);
            var intervals = await directory.ListAsync(id, context.RequestAborted);
            var local = directory.Local(time.GetUtcNow());
            return Results.Json(Days.Select((name, i) => (name, i)).ToDictionary(d => d.name, d => intervals.Where(a => a.Day == d.i + 1).Select(a => View(a, local))));
        });
        endpoints.MapPost("/xapi/pacs/{id:long}/availability", (HttpContext context, AvailabilityDirectory directory, TimeProvider time, long id) =>
            SaveAsync(context, directory, time, new Availability { PacsId = id, Day = 0, StartMinute = -1, Threads = 1, UtilizationPercent = 100 }));
        endpoints.MapPost("/xapi/pacs/{id:long}/availability/validate", async (HttpContext context, AvailabilityDirectory directory, long id) =>
        {
            await CheckAsync(context, id);
            var given = Read(new Availability { PacsId = id, StartMinute = -1, Threads = 1, UtilizationPercent = 100 }, await DqrRights.ObjectAsync(context));
            return Results.Json(given.Fault() is null && !(await directory.ListAsync(id, context.RequestAborted)).Any(a => a.Id != given.Id && a.Overlaps(given)));
        });
        endpoints.MapGet("/xapi/pacs/{id:long}/availability/{aid:long}", async (HttpContext context, AvailabilityDirectory directory, TimeProvider time, long id, long aid) =>
            Results.Json(View(await FindAsync(context, directory, id, aid), directory.Local(time.GetUtcNow()))));
        endpoints.MapPut("/xapi/pacs/{id:long}/availability/{aid:long}", async (HttpContext context, AvailabilityDirectory directory, TimeProvider time, long id, long aid) =>
            await SaveAsync(context, directory, time, await FindAsync(context, directory, id, aid)));
        endpoints.MapDelete("/xapi/pacs/{id:long}/availability/{aid:long}", async (HttpContext context, AvailabilityDirectory directory, long id, long aid) =>
        {
            await FindAsync(context, directory, id, aid);
            await directory.RemoveAsync(id, aid, context.RequestAborted);
            await Scope.AuditAsync(context, "pacs.availability", $"{id}");
            return Results.Json(true);
        });
    }

    private static async Task CheckAsync(HttpContext context, long id)
    {
        context.Administrator();
        await DqrRights.PacsAsync(context, id > 0 ? id : throw RequestRefusedException.NotFound("There is no PACS 0."));
    }

    private static async Task<Availability> FindAsync(HttpContext context, AvailabilityDirectory directory, long id, long aid)
    {
        await CheckAsync(context, id);
        return (await directory.ListAsync(id, context.RequestAborted)).FirstOrDefault(a => a.Id == aid) ?? throw RequestRefusedException.NotFound($"PACS {id} has no interval {aid}.");
    }

    private static async Task<IResult> SaveAsync(HttpContext context, AvailabilityDirectory directory, TimeProvider time, Availability known)
    {
        await CheckAsync(context, known.PacsId);
        var given = Read(known, await DqrRights.ObjectAsync(context));
        if (given.Fault() is { } fault)
        {
            throw RequestRefusedException.BadRequest(fault);
        }

        if (known.Id > 0 && given == known)
        {
            return Results.StatusCode(304);
        }

        var saved = await directory.SaveAsync(given, context.RequestAborted)
            ?? throw RequestRefusedException.BadRequest("The interval was not stored: it probably overlaps another one of the same day.");
        await Scope.AuditAsync(context, "pacs.availability", $"{known.PacsId}");
        return Results.Json(View(saved, directory.Local(time.GetUtcNow())));
    }

    private static Availability Read(Availability known, JsonObject body)
    {
        if (body.Number("pacsId") is { } pacs && pacs != known.PacsId)
        {
            throw RequestRefusedException.BadRequest("The pacsId in the body is not that of the address.");
        }

        int Whole(string name, int otherwise) => body.Number(name) is not { } number ? otherwise : number is >= 0 and <= 1000 ? (int)number : -1;
        return (known with
        {
            Day = body.Text("dayOfWeek") is { } day ? Array.IndexOf(Days, day.ToUpperInvariant()) + 1 : known.Day,
            StartMinute = body.Text("availabilityStart") is { } start ? Availability.ReadTime(start, isEnd: false) ?? -1 : known.StartMinute,
            EndMinute = body.Text("availabilityEnd") is { } end ? Availability.ReadTime(end, isEnd: true) ?? -1 : known.EndMinute,
            Threads = Whole("threads", known.Threads), UtilizationPercent = Whole("utilizationPercent", known.UtilizationPercent), Enabled = body.Flag("enabled") ?? known.Enabled,
        }).Normalised();
    }

    private static object View(Availability a, DateTime local) => new
    {
        id = a.Id, pacsId = a.PacsId, dayOfWeek = Days[a.Day - 1], availabilityStart = Availability.WriteTime(a.StartMinute), availabilityEnd = Availability.WriteTime(a.EndMinute),
        threads = a.Threads, utilizationPercent = a.UtilizationPercent, availableNow = a.IsOpen && a.Covers(local), enabled = a.Enabled,
        created = DqrRights.Milliseconds(a.Created), timestamp = DqrRights.Milliseconds(a.Timestamp), disabled = 0,
    };
}
