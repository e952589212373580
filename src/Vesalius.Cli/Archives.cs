using System.Formats.Tar;
using System.IO.Compression;

namespace Vesalius.Cli;

/// <summary>Archives by their names' endings.</summary>
internal static class Archives
{
    private static readonly string[] Endings = [".zip", ".tar", ".tar.gz", ".tgz"];

    /// <summary>True if the name is one of an archive that can be read and written.</summary>
    public static bool IsArchive(string path) => !Directory.Exists(path) && Endings.Any(e => path.EndsWith(e, StringComparison.OrdinalIgnoreCase));

    /// <summary>Packs a folder; the archive gets its name when it is whole.</summary>
    public static async Task PackAsync(string folder, string archive)
    {
        var partial = archive + ".partial";
        foreach (var unfinished in Directory.EnumerateFiles(folder, "*" + ResultFile.Unfinished, SearchOption.AllDirectories))
        {
            File.Delete(unfinished);
        }

        File.Delete(partial);
        if (archive.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            await ZipFile.CreateFromDirectoryAsync(folder, partial, CompressionLevel.Fastest, includeBaseDirectory: false);
        }
        else if (archive.EndsWith(".tar", StringComparison.OrdinalIgnoreCase))
        {
            await TarFile.CreateFromDirectoryAsync(folder, partial, includeBaseDirectory: false);
        }
        else
        {
            await using var file = File.Create(partial);
            await using var compressed = new GZipStream(file, CompressionLevel.Fastest);
            await TarFile.CreateFromDirectoryAsync(folder, compressed, includeBaseDirectory: false);
        }

        File.Move(partial, archive);
    }
}
