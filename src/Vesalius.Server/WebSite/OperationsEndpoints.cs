using Vesalius.Archive.Storage;
using Vesalius.Jobs;
using Vesalius.Prearchive;
using Vesalius.Server.Security;

namespace Vesalius.Server.WebSite;

/// <summary>What those who run the site look at (R37): jobs, and room on disk.</summary>
internal static class OperationsEndpoints
{
    private static readonly TimeSpan Lately = TimeSpan.FromDays(1);

    /// <summary>Folders of the data folder that may lie on volumes of their own.</summary>
    private static readonly string[] Folders = ["archive", "prearchive", "cache"];

    public static void MapOperations(this IEndpointRouteBuilder endpoints, string data)
    {
        endpoints.MapGet("/xapi/vesalius/jobs", async (HttpContext context, JobControl control, TimeProvider time) =>
        {
            context.Administrator();
            return Results.Json(await control.OverviewAsync(time.GetUtcNow() - Lately, context.RequestAborted));
        }).WithSummary("Jobs by kind, lane and state; ended ones of the last day.");
        endpoints.MapGet("/xapi/vesalius/storage", async (HttpContext context, StorageUse use, PrearchiveOverview prearchive, QuarantineStore quarantine) =>
        {
            context.Administrator();
            var waiting = await prearchive.ListAsync(context.RequestAborted);
            var (objects, size) = await quarantine.TotalAsync(context.RequestAborted);
            return Results.Json(new
            {
                volumes = Folders.Where(f => Directory.Exists(Path.Combine(data, f))).Select(f => VolumeOf(f, Path.Combine(data, f))),
                projects = await use.ListAsync(context.RequestAborted),
                prearchive = new { sessions = waiting.Count, size = waiting.Sum(s => s.Size) },
                quarantine = new { objects, size },
            });
        }).WithSummary("Room on disk, and what projects, prearchive and quarantine take up.");
    }

    private static object VolumeOf(string folder, string path)
    {
        var drive = new DriveInfo(path);
        return new { folder, total = drive.TotalSize, free = drive.AvailableFreeSpace };
    }
}
