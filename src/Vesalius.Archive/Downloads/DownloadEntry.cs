namespace Vesalius.Archive.Downloads;

/// <summary>A member of a download.</summary>
/// <param name="Name">Name in the archive file: a relative path that is safe to unpack.</param>
/// <param name="Path">File on disk; null where <paramref name="Content"/> is given.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">Time that the member shows, UTC.</param>
/// <param name="Content">What the member holds where it is no file.</param>
public sealed record DownloadEntry(string Name, string? Path, long Size, DateTime Modified, ReadOnlyMemory<byte> Content = default)
{
    /// <summary>A member made by us.</summary>
    public static DownloadEntry Of(string name, ReadOnlyMemory<byte> content, DateTime modified) => new(name, null, content.Length, modified, content);
}

/// <summary>Thrown when a file of a download is not on disk as the archive knows it; what was sent is not whole.</summary>
public sealed class ChangedWhileReadException() : IOException("A file of the download is missing or has another size than recorded.");
