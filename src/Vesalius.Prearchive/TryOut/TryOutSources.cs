using System.IO.Compression;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Database;
using Vesalius.Dicom;

namespace Vesalius.Prearchive;

/// <summary>An object to try scripts on.</summary>
/// <param name="Name">Names it in the answer.</param>
/// <param name="File">The object, in memory.</param>
public sealed record TryOutSource(string Name, Part10File File);

/// <summary>Finds objects to try scripts on: of a session that waits, of an archived one, or of an upload. Reads only.</summary>
public sealed class TryOutSources(PrearchiveStore store, ArchiveLayout layout, VesaliusDatabase database)
{
    /// <summary>Bytes of an upload at most, packed and unpacked: it is held in memory, since nothing of it may be written.</summary>
    public const int LongestUpload = 128 << 20;

    private sealed record ArchivedFile(string ScanId, string Resource, string Path);

    /// <summary>The first object of each scan of a session that waits, or all of one scan.</summary>
    /// <returns>Objects, and how many there are to choose from.</returns>
    public async Task<(IReadOnlyList<TryOutSource> Objects, int Total)> WaitingAsync(PrearchiveSession session, string? scan, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var objects = await store.ObjectsAsync(session.Id, cancellationToken).ConfigureAwait(false);
        var chosen = scan is null ? objects.GroupBy(o => o.ScanId).Select(g => g.First()) : objects.Where(o => o.ScanId == scan);
        var folder = store.FolderOf(session);
        return (await OpenAsync(chosen.Take(limit).Select(o => ($"{o.ScanId}/{o.InstanceNumber}", Path.Combine(folder, o.Path))), cancellationToken).ConfigureAwait(false), objects.Count);
    }

    /// <summary>The first object of each scan of an archived session, or all of one scan.</summary>
    /// <returns>Objects, and how many there are to choose from.</returns>
    public async Task<(IReadOnlyList<TryOutSource> Objects, int Total)> ArchivedAsync(ExperimentRow session, string? scan, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var files = await database.QueryAsync<ArchivedFile>(
            """
            select c.id as scan_id, r.label as resource, f.path from archive_scan c join archive_resource r on r.scan_key = c.key join archive_file f on f.resource_id = r.id
            where c.experiment_id = @Id and r.label in ('DICOM', 'secondary') order by c.id, f.instance_number nulls last, f.path
            """,
            new { session.Id }, cancellationToken).ConfigureAwait(false);
        var chosen = scan is null ? files.GroupBy(f => f.ScanId).Select(g => g.First()) : files.Where(f => f.ScanId == scan);
        var paths = chosen.Take(limit).Select((f, i) => (
            $"{f.ScanId}/{i + 1}", ArchiveLayout.Join(layout.Resource(new ResourceOwner(session.ProjectId, null, session.Label, f.ScanId), f.Resource), f.Path)));
        return (await OpenAsync(paths, cancellationToken).ConfigureAwait(false), files.Count);
    }

    private static async Task<IReadOnlyList<TryOutSource>> OpenAsync(IEnumerable<(string Name, string Path)> files, CancellationToken cancellationToken)
    {
        var opened = new List<TryOutSource>();
        foreach (var (name, path) in files)
        {
            opened.Add(new TryOutSource(name, await Part10File.OpenAsync(path, cancellationToken: cancellationToken).ConfigureAwait(false)));
        }

        return opened;
    }

    /// <summary>Objects of an upload: a DICOM file, or the first ones of a zip.</summary>
    /// <param name="upload">The upload, in memory.</param>
    /// <param name="limit">At most so many.</param>
    /// <returns>Objects, and how many there are to choose from.</returns>
    /// <exception cref="MalformedDicomException">It is a single file and no DICOM.</exception>
    /// <exception cref="InvalidDataException">It is a damaged zip, holds no DICOM, or unpacks to more than is allowed.</exception>
    public static (IReadOnlyList<TryOutSource> Objects, int Total) Uploaded(byte[] upload, int limit)
    {
        ArgumentNullException.ThrowIfNull(upload);
        if (!upload.AsSpan().StartsWith("PK"u8))
        {
            return ([new TryOutSource("1", Part10File.Read(upload))], 1);
        }

        using var zip = new ZipArchive(new MemoryStream(upload, writable: false), ZipArchiveMode.Read);
        var members = zip.Entries.Where(e => !e.FullName.EndsWith('/')).ToList();
        var found = new List<TryOutSource>();
        var left = LongestUpload;
        for (var i = 0; i < members.Count && found.Count < limit; i++)
        {
            // Members are named by number: their own names may name a patient.
            using var content = members[i].Open();
            if (TryRead(Unpack(content, ref left)) is { } file)
            {
                found.Add(new TryOutSource($"{i + 1}", file));
            }
        }

        return found.Count > 0 ? (found, members.Count) : throw new InvalidDataException("The upload holds no DICOM object.");
    }

    private static byte[] Unpack(Stream content, ref int left)
    {
        using var unpacked = new MemoryStream();
        var chunk = new byte[1 << 16];
        int read;
        while ((read = content.Read(chunk)) > 0)
        {
            left -= read;
            if (left < 0)
            {
                throw new InvalidDataException($"The upload unpacks to more than {LongestUpload >> 20} MiB.");
            }

            unpacked.Write(chunk, 0, read);
        }

        return unpacked.ToArray();
    }

    private static Part10File? TryRead(byte[] bytes)
    {
        try
        {
            var file = Part10File.Read(bytes);
            return file.DataSet.Contains(Tag.SOPClassUID) ? file : null;
        }
        catch (MalformedDicomException)
        {
            return null;
        }
    }
}
