using System.Formats.Tar;
using System.IO.Compression;

namespace Vesalius.Cli;

/// <summary>A file to de-identify.</summary>
/// <param name="Name">Its name within the input, parts joined by slashes.</param>
/// <param name="Path">Where it lies, if it is a file of its own.</param>
/// <param name="Bytes">Its content, if it comes out of an archive.</param>
/// <param name="Refusal">Why it is not read; otherwise null.</param>
internal sealed record InputFile(string Name, string? Path, byte[]? Bytes, string? Refusal = null);

/// <summary>The files of a folder, or the members of an archive, in order.</summary>
internal sealed class InputFiles
{
    // A member is held in memory whole; what is true of a patient is not written to disk on the way.
    private const long LargestMember = 1L << 30;

    private readonly SemaphoreSlim _one = new(1);
    private readonly IAsyncEnumerator<InputFile> _files;

    private InputFiles(int count, IAsyncEnumerable<InputFile> files)
    {
        Count = count;
        _files = files.GetAsyncEnumerator();
    }

    /// <summary>Number of files; 0 if that is known only at the end.</summary>
    public int Count { get; }

    /// <summary>Hands out the next file, each to one caller; whoever wants work fetches it, so that nobody waits for anybody where files lie in a folder.</summary>
    /// <returns>Null if there are no more.</returns>
    /// <exception cref="InvalidDataException">The archive is broken from here on.</exception>
    public async ValueTask<InputFile?> NextAsync()
    {
        await _one.WaitAsync();
        try
        {
            return await _files.MoveNextAsync() ? _files.Current : null;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Opens a folder, a file or an archive.</summary>
    /// <exception cref="IOException">It is not there.</exception>
    public static InputFiles Open(string path)
    {
        if (Directory.Exists(path))
        {
            var files = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
            return new InputFiles(files.Count, files.Select(f => new InputFile(System.IO.Path.GetRelativePath(path, f), f, null)).ToAsyncEnumerable());
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException("The input is not there.");
        }

        if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            using var zip = ZipFile.OpenRead(path);
            return new InputFiles(zip.Entries.Count(e => !e.FullName.EndsWith('/')), ZipAsync(path));
        }

        return Archives.IsArchive(path) ? new InputFiles(0, TarAsync(path))
            : new InputFiles(1, new[] { new InputFile(System.IO.Path.GetFileName(path), path, null) }.ToAsyncEnumerable());
    }

    private static async IAsyncEnumerable<InputFile> ZipAsync(string path)
    {
        using var zip = ZipFile.OpenRead(path);
        foreach (var entry in zip.Entries.Where(e => !e.FullName.EndsWith('/')))
        {
            await using var content = await entry.OpenAsync();
            yield return await MemberAsync(entry.FullName, content);
        }
    }

    private static async IAsyncEnumerable<InputFile> TarAsync(string path)
    {
        await using var file = File.OpenRead(path);
        await using var stream = path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) ? (Stream)file : new GZipStream(file, CompressionMode.Decompress);
        await using var tar = new TarReader(stream);
        while (await tar.GetNextEntryAsync() is { } entry)
        {
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)
            {
                yield return await MemberAsync(entry.Name, entry.DataStream ?? Stream.Null);
            }
            else if (entry.EntryType is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            {
                yield return new InputFile(entry.Name, null, null, "is a link");
            }
        }
    }

    private static async Task<InputFile> MemberAsync(string name, Stream content)
    {
        var plain = name.Replace('\\', '/');
        while (plain.StartsWith("./", StringComparison.Ordinal))
        {
            plain = plain[2..];
        }

        if (plain.StartsWith('/') || plain.Length == 0 || plain.Split('/').Any(p => p is ".." or "." or "") || plain.Contains('\0', StringComparison.Ordinal))
        {
            return new InputFile(name, null, null, "its name leads out of the archive");
        }

        // What a member says of its length is not believed.
        using var memory = new MemoryStream();
        var buffer = new byte[128 * 1024];
        int read;
        while ((read = await content.ReadAsync(buffer)) > 0)
        {
            if (memory.Length + read > LargestMember)
            {
                return new InputFile(plain, null, null, "is larger than 1 GiB; unpack the archive");
            }

            memory.Write(buffer, 0, read);
        }

        return new InputFile(plain, null, memory.ToArray());
    }
}
