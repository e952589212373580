using System.Formats.Tar;
using System.IO.Compression;
using Vesalius.Archive;
using Vesalius.Import;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Stores the files of one upload into a resource (rest-api §10.3).</summary>
internal sealed class FileUpload(HttpContext context, ResourceStore store, ResourceRow resource, string folder, string user)
{
    private readonly bool _overwrites = context.Request.Query["overwrite"] == "true";
    private HashSet<string>? _known;
    private long _total;

    private string Query(string name) => context.Request.Query[name].ToString();

    /// <summary>Stores one file.</summary>
    /// <returns>Its path, if a file was there and stays.</returns>
    public async Task<List<string>> StoreAsync(string name, Stream content)
    {
        _known ??= [.. (await context.RequestServices.GetRequiredService<ArchiveBrowser>().FilesAsync([resource.Id], context.RequestAborted)).Select(f => f.Path)];
        if (_known.Contains(name) && !_overwrites)
        {
            return [name];
        }

        await store.StoreAsync(resource.Id, folder, name, content, Query("format"), Query("content"), Query("tags"), user, context.RequestAborted);
        _known.Add(name);
        return [];
    }

    /// <summary>Unpacks an archive at the resource's root; a file that is none is stored as it is.</summary>
    public async Task<List<string>> ExtractAsync(string name, Stream content)
    {
        var lower = name.ToLowerInvariant();
        try
        {
            if (lower.EndsWith(".zip", StringComparison.Ordinal))
            {
                return await ExtractZipAsync(content);
            }

            if (lower.EndsWith(".tar", StringComparison.Ordinal))
            {
                return await ExtractTarAsync(content);
            }

            if (lower.EndsWith(".tgz", StringComparison.Ordinal) || lower.EndsWith(".tar.gz", StringComparison.Ordinal))
            {
                var inflated = new GZipStream(content, CompressionMode.Decompress);
                await using (inflated.ConfigureAwait(false))
                {
                    return await ExtractTarAsync(inflated);
                }
            }
        }
        catch (InvalidDataException)
        {
            throw RequestRefusedException.BadRequest("The archive is damaged.");
        }

        return await StoreAsync(name, content);
    }

    private async Task<List<string>> ExtractZipAsync(Stream content)
    {
        var spool = context.RequestServices.GetRequiredService<UploadSpool>();
        using var file = await spool.SaveAsync(content, context.RequestAborted);
        using var zip = ZipFile.OpenRead(file.Path);
        var packed = new FileInfo(file.Path).Length;
        var duplicates = new List<string>();
        foreach (var entry in zip.Entries.Where(e => !e.FullName.EndsWith('/')))
        {
            using var member = entry.Open();
            duplicates.AddRange(await StoreAsync(entry.FullName, new BoundedStream(member, n => Check(n, packed))));
        }

        return duplicates;
    }

    private async Task<List<string>> ExtractTarAsync(Stream content)
    {
        var duplicates = new List<string>();
        using var tar = new TarReader(content, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, context.RequestAborted) is { } entry)
        {
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && entry.DataStream is { } data)
            {
                var name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                duplicates.AddRange(await StoreAsync(name, new BoundedStream(data, n => Check(n, context.Request.ContentLength ?? long.MaxValue / 1000))));
            }
        }

        return duplicates;
    }

    private void Check(int read, long packed)
    {
        var limits = context.RequestServices.GetRequiredService<UploadLimits>();
        _total += read;
        if (_total > limits.Total || (_total > 64L << 20 && _total / Math.Max(1, packed) > limits.Ratio))
        {
            throw RequestRefusedException.BadRequest("The archive unpacks to more than is allowed.");
        }
    }

    /// <summary>Counts what is read.</summary>
    private sealed class BoundedStream(Stream inner, Action<int> counted) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = inner.Read(buffer, offset, count);
            counted(read);
            return read;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            counted(read);
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <summary>Keeps uploads in a temporary file while they are read; the file is removed on dispose.</summary>
/// <param name="folder">Where.</param>
internal sealed class UploadSpool(string folder)
{
    /// <summary>The folder.</summary>
    public string Folder => folder;

    public async Task<SpooledUpload> SaveAsync(Stream content, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var upload = new SpooledUpload(Path.Combine(folder, $"{Guid.NewGuid():N}.upload"));
        try
        {
            var file = new FileStream(upload.Path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 17, FileOptions.Asynchronous);
            await using (file.ConfigureAwait(false))
            {
                await content.CopyToAsync(file, 1 << 17, cancellationToken).ConfigureAwait(false);
            }

            return upload;
        }
        catch
        {
            upload.Dispose();
            throw;
        }
    }
}

/// <summary>An upload in a temporary file.</summary>
internal sealed class SpooledUpload(string path) : IDisposable
{
    public string Path => path;

    public void Dispose() => File.Delete(path);
}
