using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vesalius.Access;
using Vesalius.Archive;
using Vesalius.Database;
using Vesalius.Jobs;
using Vesalius.QueryRetrieve;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Xapi;

/// <summary>Lists of studies: preview, import, batches (R5). Our own addresses beside XNAT's.</summary>
internal static class DqrLists
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static void MapDqrLists(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/xapi/dqr/import/lists/preview", async (HttpContext context) =>
        {
            var caller = await DqrRights.UserAsync(context);
            var (import, _, _, _) = await ReadAsync(context, caller);
            return Results.Json(import, Json);
        });
        endpoints.MapPost("/xapi/dqr/import/lists", async (HttpContext context, ImportQueue queue) =>
        {
            var caller = await DqrRights.UserAsync(context);
            var (import, pacs, upload, project) = await ReadAsync(context, caller);
            if (import.Fault is { } fault)
            {
                throw RequestRefusedException.BadRequest(fault);
            }

            // The same file for the same purpose is the same batch: whoever was cut off sends it again and goes on.
            var fingerprint = Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes($"{caller.Login}\0{project}\0{pacs.Id}\0"), .. upload.List]));
            var batch = await queue.BatchOfAsync(fingerprint, context.RequestAborted);
            var isKnown = batch is not null;
            if (batch is null)
            {
                var taken = import.Rows.Where(r => r.IsTaken).Select(r => new NewRequest { RowNumber = r.Number, Criteria = r.Criteria, Relabel = r.RelabelMap }).ToList();
                if (taken.Count == 0)
                {
                    throw RequestRefusedException.BadRequest("No row can be taken; the preview tells why.");
                }

                var receiver = await DqrImport.ReceiverAsync(context, pacs, upload["aeTitle"], upload.Number("port"), isForced: false, relabels: true);
                (_, batch) = await queue.AddAsync(
                    new ImportOrder(caller.Login, pacs, project, receiver) { Fingerprint = fingerprint, Priority = (int?)upload.Number("priority") }, taken, isBatch: true, context.RequestAborted);
                await Scope.AuditAsync(context, "dqr.import", $"{project} batch {batch} {taken.Count} rows from PACS {pacs.Id}");
            }

            return Results.Json(new
            {
                batch, known = isKnown, counts = import.Counts, repairs = import.Repairs,
                notTaken = import.Rows.Where(r => !r.IsTaken).Take(1000).Select(r => new { row = r.Number, line = r.Line, state = r.State, notes = r.Notes }),
            }, Json);
        });
        endpoints.MapGet("/xapi/dqr/import/batches", async (HttpContext context, ImportQueue queue) =>
        {
            var caller = await DqrRights.UserAsync(context);
            var all = context.Request.Query["all"] == "true" && DqrRights.SeesAll(caller);
            return Results.Json((await queue.BatchesAsync(all ? null : caller.Login, context.RequestAborted)).Select(b => View(b, null)));
        });
        endpoints.MapGet("/xapi/dqr/import/batches/{id:guid}", async (HttpContext context, ImportQueue queue, Guid id) =>
            Results.Json(View(await FindAsync(context, queue, id), await queue.CountsAsync(id, context.RequestAborted), await queue.WaitsForAsync(id, context.RequestAborted))));
        endpoints.MapGet("/xapi/dqr/import/batches/{id:guid}/rows", async (HttpContext context, ImportQueue queue, Guid id, int? after, int? size, string? state) =>
        {
            await FindAsync(context, queue, id);
            return Results.Json((await queue.RowsAsync(id, after ?? 0, Math.Clamp(size ?? 100, 1, 1000), state, context.RequestAborted)).Select(r => DqrImport.View(r, r.Executed is not null)));
        });
        endpoints.MapPut("/xapi/dqr/import/batches/{id:guid}/{action}", async (HttpContext context, ImportQueue queue, JobControl control, Guid id, string action) =>
        {
            await FindAsync(context, queue, id);
            return Results.Json(new { changed = await DqrSteering.ApplyAsync(context, queue, control, [], id, action) });
        });
    }

    private static object View(ImportBatch b, IReadOnlyDictionary<string, long>? counts, string? waitsFor = null) => new
    {
        id = b.Id, username = b.Username, pacsId = b.PacsId, projectId = b.ProjectId, rows = b.Rows, created = DqrRights.Milliseconds(b.Created), counts, waitsFor,
    };

    private static async Task<ImportBatch> FindAsync(HttpContext context, ImportQueue queue, Guid id)
    {
        var caller = await DqrRights.UserAsync(context);
        var batch = await queue.BatchAsync(id, context.RequestAborted) ?? throw RequestRefusedException.NotFound("There is no such batch.");
        var mayLook = HttpMethods.IsGet(context.Request.Method) && DqrRights.SeesAll(caller);
        return batch.Username == caller.Login || caller.IsSiteAdministrator || mayLook ? batch : throw RequestRefusedException.Forbidden("The batch is not yours.");
    }

    private static async Task<(CsvImport Import, Pacs Pacs, DqrUpload Upload, string Project)> ReadAsync(HttpContext context, Caller caller)
    {
        var upload = await DqrUpload.ReadAsync(context);
        var project = upload["projectId"] ?? throw RequestRefusedException.BadRequest("projectId is missing.");
        await DqrRights.CheckTargetAsync(context, caller, project);
        // XNAT's own call takes a project that is not there; of a whole list, a slip of the pen would go unnoticed.
        if (await context.RequestServices.GetRequiredService<ProjectDirectory>().FindAsync(project, context.RequestAborted) is null)
        {
            throw RequestRefusedException.NotFound("There is no such project.");
        }

        var pacs = await DqrRights.PacsAsync(context, upload.Number("pacsId"));
        var labels = (await context.RequestServices.GetRequiredService<VesaliusDatabase>().QueryAsync<string>(
            "select label from archive_experiment where project_id = @project", new { project }, context.RequestAborted)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var today = DateOnly.FromDateTime(context.RequestServices.GetRequiredService<TimeProvider>().GetLocalNow().DateTime);
        return (CsvImport.Read(upload.List, new CsvReading(pacs.Rules, today, IsTakenLabel: labels.Contains, TakesExisting: upload.Flag("append"))), pacs, upload, project);
    }
}
