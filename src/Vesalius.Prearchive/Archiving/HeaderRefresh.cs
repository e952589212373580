using System.Globalization;
using Vesalius.Archive;
using Vesalius.Archive.Items;
using Vesalius.Archive.Life;
using Vesalius.Archive.Storage;
using Vesalius.Archive.Types;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>Reads the headers of archived DICOM files again and refreshes the fields of their session and scans (rest-api §5.4).</summary>
public sealed class HeaderRefresh(VesaliusDatabase database, ArchiveLayout layout, TypeModel model, ScanStore scans, ExperimentStore experiments)
{
    private sealed record FirstFile(string ScanId, string XsiType, string Resource, string Path, long Frames);

    /// <summary>Refreshes a session, or one scan of it.</summary>
    /// <param name="session">Session.</param>
    /// <param name="scan">Scan; null: all, and the session itself.</param>
    /// <param name="change">Who and why.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Scans that were refreshed. A file that is missing or unreadable leaves its scan as it is.</returns>
    public async Task<int> RunAsync(ExperimentRow session, ScanRow? scan, ChangeEvent change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var files = await database.QueryAsync<FirstFile>(
            """
            select distinct on (c.key) c.id as scan_id, c.xsi_type, r.label as resource, f.path, count(*) over (partition by c.key, r.id) as frames
            from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
            where c.experiment_id = @Id and (@key::bigint is null or c.key = @key) and r.label in ('DICOM', 'secondary')
            order by c.key, r.label = 'DICOM' desc, f.instance_number nulls last, f.path
            """,
            new { session.Id, key = scan?.Key }, cancellationToken).ConfigureAwait(false);
        var read = new List<(PrearchiveObject Object, FirstFile File, string Path)>();
        foreach (var file in files)
        {
            var path = ArchiveLayout.Join(layout.Resource(new ResourceOwner(session.ProjectId, null, session.Label, file.ScanId), file.Resource), file.Path);
            if (await HeaderAsync(path, cancellationToken).ConfigureAwait(false) is { } header)
            {
                read.Add((new PrearchiveObject(
                    0, header.GetString(Tag.SOPInstanceUID) ?? "", header.GetString(Tag.SOPClassUID) ?? "", header.GetString(Tag.SeriesInstanceUID) ?? "", file.ScanId, file.Resource,
                    file.Path, null, 0, ""), file, path));
            }
        }

        if (read.Count == 0)
        {
            return 0;
        }

        var paths = read.ToDictionary(r => r.Object.ScanId, r => r.Path);
        var description = await SessionBuilder.DescribeAsync([.. read.Select(r => r.Object)], o => paths[o.ScanId], cancellationToken).ConfigureAwait(false);
        foreach (var described in description.Scans)
        {
            var file = read.First(r => r.Object.ScanId == described.Id).File;
            var input = ItemInput.OfHeader(model, model.Find(file.XsiType)!, described.Fields.Concat(
            [
                new("UID", described.SeriesInstanceUid), new("series_description", described.SeriesDescription), new("modality", described.Modality),
                new("frames", file.Frames.ToString(CultureInfo.InvariantCulture)),
            ]));
            await scans.PutAsync(session, described.Id, input, change, cancellationToken).ConfigureAwait(false);
        }

        if (scan is null)
        {
            var study = (await HeaderAsync(read[0].Path, cancellationToken).ConfigureAwait(false))?.GetString(Tag.StudyInstanceUID) ?? "";
            var fields = description.Fields.Concat(
            [
                new("UID", study), new("date", description.Date?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? ""),
                new("time", description.Time?.ToString("HH:mm:ss", CultureInfo.InvariantCulture) ?? ""),
            ]);
            await experiments.UpdateAsync(session, ItemInput.OfHeader(model, model.Find(session.XsiType)!, fields), null, null, change, cancellationToken).ConfigureAwait(false);
        }

        return read.Count;
    }

    private static async Task<DataSet?> HeaderAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await Part10File.ReadHeaderAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false)).DataSet;
        }
        catch (Exception e) when (e is IOException or MalformedDicomException)
        {
            return null;
        }
    }
}
