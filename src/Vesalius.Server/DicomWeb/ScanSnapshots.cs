using System.Globalization;
using Vesalius.Access;
using Vesalius.Archive.DicomQueries;
using Vesalius.Server.Data;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.DicomWeb;

/// <summary>Pictures of scans for pages: <c>/data/…/scans/{scan}/snapshots</c> and <c>/xapi/snapshot/…</c> (R28).</summary>
internal static class ScanSnapshots
{
    private const int MostBeside = 10;

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
                var place = $"/xapi/snapshot{project}/experiments/{{experiment}}/scan/{{scan}}/{kind}";
                endpoints.MapGet(place, (Delegate)SnapshotAsync);
                endpoints.MapGet(place + "/{view}", (HttpContext context, string scan, string view, DicomFileDirectory files, DicomWebLooks looks) => GridAsync(context, scan, view, kind == "thumbnail", files, looks));
            }
        }
    }

    private static async Task<IResult> SnapshotAsync(HttpContext context, string scan, DicomFileDirectory files, DicomWebLooks looks) =>
        await RenderedEndpoints.SnapshotAsync(context, await OfScanAsync(context, scan, files, looks));

    // 3x2: three pictures beside each other, two below each other.
    private static async Task<IResult> GridAsync(HttpContext context, string scan, string view, bool isThumbnail, DicomFileDirectory files, DicomWebLooks looks)
    {
        var found = await OfScanAsync(context, scan, files, looks);
        return view.Split('x', 'X') is [var beside, var below] && int.TryParse(beside, NumberStyles.None, CultureInfo.InvariantCulture, out var columns) && int.TryParse(below, NumberStyles.None, CultureInfo.InvariantCulture, out var rows)
            && columns is > 0 and <= MostBeside && rows is > 0 and <= MostBeside
                ? await RenderedEndpoints.GridAsync(context, found, columns, rows, isThumbnail)
                : throw RequestRefusedException.BadRequest($"The view is COLUMNSxROWS, each from 1 to {MostBeside}.");
    }

    private static async Task<IReadOnlyList<DicomFile>> OfScanAsync(HttpContext context, string scan, DicomFileDirectory files, DicomWebLooks looks)
    {
        var session = await Experiments.OfRouteAsync(context, ProjectRights.Read);
        var row = (await Scope.ScansAsync(context, session, scan))[0];
        var found = await files.OfScanAsync(row.Key, context.RequestAborted);
        if (found.Count == 0)
        {
            throw RequestRefusedException.NotFound("The scan has no images.");
        }

        await looks.RecordAsync(context, "scan.snapshot", $"{session.Id}/{row.Id}");
        return found;
    }
}
