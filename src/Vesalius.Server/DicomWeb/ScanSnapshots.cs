using Vesalius.Access;
using Vesalius.Archive.DicomQueries;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>Pictures of scans for pages: <c>/data/…/scans/{scan}/snapshots</c> and <c>/xapi/snapshot/…</c> (R28).</summary>
internal static class ScanSnapshots
{
    public static void MapScanSnapshots(this IEndpointRouteBuilder endpoints)
    {
        foreach (var address in Experiments.AllAddresses)
        {
            endpoints.MapGet(address + "/scans/{scan}/snapshots", (Delegate)SnapshotAsync);
        }

        foreach (var project in (string[])["", "/projects/{project}", "/projects/{project}/subjects/{subject}"])
        {
            foreach (var kind in (string[])["snapshot", "thumbnail"])
            {
                endpoints.MapGet($"/xapi/snapshot{project}/experiments/{{experiment}}/scan/{{scan}}/{kind}", (Delegate)SnapshotAsync);
            }
        }
    }

    private static async Task<IResult> SnapshotAsync(HttpContext context, string scan, DicomFileDirectory files, DicomWebLooks looks)
    {
        var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
        var row = (await Scope.ScansAsync(context, session, scan))[0];
        var found = await files.OfScanAsync(row.Key, context.RequestAborted);
        if (found.Count == 0)
        {
            throw RequestRefusedException.NotFound("The scan has no images.");
        }

        await looks.RecordAsync(context, "scan.snapshot", $"{session.Id}/{row.Id}");
        return await RenderedEndpoints.SnapshotAsync(context, found);
    }
}
