using Vesalius.Archive;
using Vesalius.Archive.Life;
using Vesalius.Prearchive;

namespace Vesalius.Server.Data;

/// <summary>What a request for a session or scan may set off beside its change (rest-api §5.4).</summary>
internal static class SessionActions
{
    public static async Task RunAsync(HttpContext context, ExperimentRow session, ScanRow? scan)
    {
        if (Asks(context, "pullDataFromHeaders"))
        {
            await context.RequestServices.GetRequiredService<HeaderRefresh>().RunAsync(session, scan, ItemRequest.Event(context), context.RequestAborted);
            await Scope.AuditAsync(context, "session.headers", session.Id);
        }

        if (Asks(context, "fixScanTypes"))
        {
            await context.RequestServices.GetRequiredService<ScanStore>().FixTypesAsync(session, await ProjectSettings.MapsScanTypesAsync(context, session.ProjectId), context.RequestAborted);
            await Scope.AuditAsync(context, "session.scanTypes", session.Id);
        }
    }

    private static bool Asks(HttpContext context, string action) =>
        ItemRequest.Flag(context, action) || context.Request.Query["action"].ToString().Split(',').Contains(action);
}
