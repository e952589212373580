using System.Formats.Tar;
using System.IO.Compression;
using Vesalius.Archive;
using Vesalius.Archive.Storage;
using Vesalius.Import;
using Vesalius.Server.Rendering;

namespace Vesalius.Server.Data;

/// <summary>Stores the files of one upload into a resource.</summary>
internal sealed class ResourceUpload(HttpContext context, ResourceRecord resource, string user)
{
    // FLIP sends every file as JSON in the body, and means it to take the place of what is there (flip-client §11.5).
    private readonly bool _overwrites = RequestFlags.IsSet(context, "overwrite")
        || (!context.Request.Query.ContainsKey("overwrite") && RequestFlags.IsSet(context, "inbody") && RequestFlags.IsJson(context.Request));

    private readonly ResourceStore _store = context.RequestServices.GetRequiredService<ResourceStore>();
    private readonly UploadLimits _limits = context.RequestServices.GetRequiredService<UploadLimits>();
    private readonly FileDescription _description = new(
        context.Request.Query["format"].ToString(), context.Request.Query["content"].ToString(), context.Request.Query["tags"].ToString(), context.Request.Query["description"].ToString());

    private long _total;
    private int _members;

    /// <summary>Stores a file, or unpacks it where <c>extract</c> is asked for and it is an archive by its name.</summary>
    /// <returns>Paths of files that were there and stay.</returns>
    public async Task<List<string>> TakeAsync(string name, Stream content)
    {
        if (!RequestFlags.IsSet(context, "extract"))
        {
            return await StoreAsync(name, content);
        }

        var counted = new CountedStream(content);
        var lower = name.ToLowerInvariant();
        try
        {
            if (lower.EndsWith(".zip", StringComparison.Ordinal))
            {
                return await ExtractZipAsync(content);
            }

            if (lower.EndsWith(".tar", StringComparison.Ordinal))
            {
                return await ExtractTarAsync(counted, counted);
            }

            if (lower.EndsWith(".tgz", StringComparison.Ordinal) || lower.EndsWith(".tar.gz", StringComparison.Ordinal))
            {
                var inflated = new GZipStream(counted, CompressionMode.Decompress);
                await using (inflated.ConfigureAwait(false))
                {
                    return await ExtractTarAsync(inflated, counted);
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw RequestRefusedException.BadRequest("The archive is damaged.");
        }

        return await StoreAsync(name, content);
    }

    /// <summary>Stores one file.</summary>
    public async Task<List<string>> StoreAsync(string name, Stream content)
    {
        if (!await _store.StoreAsync(resource, name, content, _description, _overwrites, user, context.RequestAborted))
        {
            return [name];
        }

        return [];
    }

    // Tools on other systems write backslashes.
    private static string Normal(string name)
    {
        var normal = name.Replace('\\', '/');
        while (normal.StartsWith("./", StringComparison.Ordinal))
        {
            normal = normal[2..];
        }

        return normal;
    }

    private async Task<List<string>> ExtractZipAsync(Stream content)
    {
        var spool = context.RequestServices.GetRequiredService<UploadSpool>();
        using var file = await spool.SaveAsync(content, context.RequestAborted);
        using var zip = ZipFile.OpenRead(file.Path);
        var packed = new FileInfo(file.Path).Length;
        var entries = zip.Entries.Select(e => (Entry: e, Name: Normal(e.FullName))).Where(e => e.Name.Length > 0 && !e.Name.EndsWith('/')).ToList();
        if (entries.Count > _limits.Members)
        {
            throw RequestRefusedException.BadRequest($"The archive has more than {_limits.Members} members.");
        }

        // All names before the first byte: a bad one leaves nothing behind.
        foreach (var (_, name) in entries)
        {
            ArchiveLayout.Check(name);
        }

        var duplicates = new List<string>();
        foreach (var (entry, name) in entries)
        {
            var member = await entry.OpenAsync(context.RequestAborted);
            await using (member.ConfigureAwait(false))
            {
                duplicates.AddRange(await StoreAsync(name, new CountedStream(member, n => Check(n, packed))));
            }
        }

        return duplicates;
    }

    private async Task<List<string>> ExtractTarAsync(Stream content, CountedStream packed)
    {
        var duplicates = new List<string>();
        using var tar = new TarReader(content, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, context.RequestAborted) is { } entry)
        {
            // Links and devices are nothing that we would follow.
            var name = Normal(entry.Name);
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || name.Length == 0 || name.EndsWith('/'))
            {
                continue;
            }

            if (++_members > _limits.Members)
            {
                throw RequestRefusedException.BadRequest($"The archive has more than {_limits.Members} members.");
            }

            duplicates.AddRange(await StoreAsync(name, entry.DataStream is { } data ? new CountedStream(data, n => Check(n, packed.Count)) : Stream.Null));
        }

        return duplicates;
    }

    private void Check(int read, long packed)
    {
        _total += read;
        if (_total > _limits.Total || (_total > 64L << 20 && _total / Math.Max(1, packed) > _limits.Ratio))
        {
            throw RequestRefusedException.BadRequest("The archive unpacks to more than is allowed.");
        }
    }
}

/// <summary>Counts what is read through it.</summary>
internal sealed class CountedStream(Stream inner, Action<int>? counted = null) : Stream
{
    /// <summary>Bytes read so far.</summary>
    public long Count { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private int Add(int read)
    {
        Count += read;
        counted?.Invoke(read);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Add(inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Add(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Add(await inner.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).ConfigureAwait(false));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
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
