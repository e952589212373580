using System.Threading.Channels;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vesalius.Archive.Storage;
using Vesalius.Database;

namespace Vesalius.Archive;

/// <summary>Writes the catalogs of resources that changed. Many changes of one resource make one catalog; what a crash interrupts is written after the next start.</summary>
public sealed class CatalogService(ResourceDirectory directory, ArchiveLayout layout, VesaliusDatabase database, TimeProvider time, ILogger<CatalogService> logger) : BackgroundService
{
    // Uploads of many files come one right after the other; readers of the disk do not notice a fifth of a second.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Says that a catalog is stale.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Wake();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _wake.Reader.ReadAsync(stoppingToken).ConfigureAwait(false);
                await Task.Delay(Gathering, time, stoppingToken).ConfigureAwait(false);
                await WriteStaleAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                ArchiveLog.CatalogsFailed(logger, e.GetType().Name);
                await Task.Delay(AfterFailure, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Wake();
            }
        }
    }

    /// <summary>Writes all stale catalogs now.</summary>
    public async Task WriteStaleAsync(CancellationToken cancellationToken)
    {
        while (await directory.StaleAsync(cancellationToken).ConfigureAwait(false) is { Count: > 0 } stale)
        {
            foreach (var resource in stale)
            {
                await WriteAsync(resource, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Writes the catalog of a resource.</summary>
    public async Task WriteAsync(ResourceRecord resource, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        await database.InTransactionAsync(async (connection, transaction) =>
        {
            // Whoever changes the resource meanwhile waits for this row, and so marks it stale after, not before.
            await connection.ExecuteAsync("update archive_resource set catalog_stale = false where id = @Id", new { resource.Id }, transaction).ConfigureAwait(false);
            var folder = layout.Resource(resource.Owner, resource.Label);
            // A resource without a folder is one that is being removed or moved.
            if (Directory.Exists(folder))
            {
                var text = await TextAsync(resource, cancellationToken).ConfigureAwait(false);
                await CatalogWriter.SaveAsync(folder, CatalogWriter.FileName(resource.Label, resource.ScanId), text, cancellationToken).ConfigureAwait(false);
            }

            return 0;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A resource's catalog as text.</summary>
    public async Task<string> TextAsync(ResourceRecord resource, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return Text(resource, await directory.FilesAsync([resource.Id], cancellationToken).ConfigureAwait(false));
    }

    /// <summary>A catalog of some files of a resource.</summary>
    public static string Text(ResourceRecord resource, IReadOnlyList<FileRecord> files)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(files);
        var isDicom = resource.ScanKey is not null && files.Any(f => f.SopInstanceUid is not null);
        var header = new CatalogHeader(
            resource.ScanId ?? resource.Label, isDicom ? resource.SeriesInstanceUid ?? "" : null, resource.Label, resource.Description, resource.Format, resource.Content, resource.Tags);
        return CatalogWriter.Write(header, files.Select(f => new CatalogEntry(f.Path, f.Size, f.Md5, f.SopInstanceUid, f.InstanceNumber, f.Format, f.Content)
        {
            Tags = f.Tags, CreatedBy = f.InsertUser, Created = f.InsertDate, Modified = f.Modified,
        }));
    }
}
